/*
 * Where the tables live. On AVR and ESP8266 a plain `const` table is copied to RAM at start-up;
 * PROGMEM keeps it in flash, which is read with instructions of its own. Everywhere else const is
 * enough.
 */
#ifndef MLP_EDGE_KERNELS
#define MLP_EDGE_KERNELS 6 /* raised whenever a kernel changes */

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
#elif defined(ESP8266) && defined(ARDUINO)
#include <pgmspace.h>
#define MLP_EDGE_FLASH PROGMEM
/* Its flash answers aligned reads of 32 bits alone, which is how a float is read anyway. */
#define MLP_EDGE_READ_FLOAT(address) (*(address))
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

/*
 * Whether a table can be read: a pointer has 16 bits on AVR and reaches the first 64 kB of flash. A
 * chip with more puts tables beyond them when a program has many. The linker knows the address, so
 * the question costs a few cycles, and none on other chips.
 */
#ifdef __AVR_HAVE_ELPM__
#define MLP_EDGE_IN_REACH(table) (pgm_get_far_address(table) + sizeof(table) <= 0x10000)
#else
#define MLP_EDGE_IN_REACH(table) 1
#endif

/*
 * Text in flash. In an Arduino sketch for AVR or ESP8266 it has the type of F("..."), which print()
 * takes.
 */
#if (defined(__AVR__) || defined(ESP8266)) && defined(ARDUINO) && defined(__cplusplus)
class __FlashStringHelper;
typedef const __FlashStringHelper *mlp_edge_text;
#else
typedef const char *mlp_edge_text;
#endif

#elif MLP_EDGE_KERNELS != 6
#error "these models were exported by different versions of mlp-edge: export them with one"
#endif
