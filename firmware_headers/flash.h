/*
 * Where the tables live. On AVR a plain `const` table is copied to RAM at start-up; PROGMEM keeps
 * it in flash, which is read with instructions of its own. Everywhere else const is enough.
 */
#ifndef MLP_EDGE_KERNELS
#define MLP_EDGE_KERNELS 5 /* raised whenever a kernel changes */

#include <stddef.h>
#include <stdint.h>

#ifdef __AVR__
#include <avr/pgmspace.h>
#define MLP_EDGE_FLASH PROGMEM
#define MLP_EDGE_READ_FLOAT(address) pgm_read_float(address)
#define MLP_EDGE_READ_BITS(address) pgm_read_dword(address)
#define MLP_EDGE_READ_INT8(address) ((int8_t)pgm_read_byte(address))
#define MLP_EDGE_READ_UINT8(address) pgm_read_byte(address)
#define MLP_EDGE_READ_INT16(address) ((int16_t)pgm_read_word(address))
#define MLP_EDGE_READ_UINT16(address) pgm_read_word(address)
#define MLP_EDGE_READ_INT32(address) ((int32_t)pgm_read_dword(address))
#else
#define MLP_EDGE_FLASH
#define MLP_EDGE_READ_FLOAT(address) (*(address))
#define MLP_EDGE_READ_BITS(address) (*(address))
#define MLP_EDGE_READ_INT8(address) (*(address))
#define MLP_EDGE_READ_UINT8(address) (*(address))
#define MLP_EDGE_READ_INT16(address) (*(address))
#define MLP_EDGE_READ_UINT16(address) (*(address))
#define MLP_EDGE_READ_INT32(address) (*(address))
#endif

/* Text in flash. In an Arduino sketch for AVR it has the type of F("..."), which print() takes. */
#if defined(__AVR__) && defined(ARDUINO) && defined(__cplusplus)
class __FlashStringHelper;
typedef const __FlashStringHelper *mlp_edge_text;
#else
typedef const char *mlp_edge_text;
#endif

#elif MLP_EDGE_KERNELS != 5
#error "these models were exported by different versions of mlp-edge: export them with one"
#endif
