/*
 * Where the tables live. On AVR a plain `const` table is copied to RAM at start-up; PROGMEM keeps
 * it in flash, which is read with instructions of its own. Everywhere else const is enough.
 */
#ifndef MLP_EDGE_KERNELS
#define MLP_EDGE_KERNELS 1 /* raised whenever a kernel changes */

#include <stddef.h>

#ifdef __AVR__
#include <avr/pgmspace.h>
#define MLP_EDGE_FLASH PROGMEM
#define MLP_EDGE_READ_FLOAT(address) pgm_read_float(address)
#else
#define MLP_EDGE_FLASH
#define MLP_EDGE_READ_FLOAT(address) (*(address))
#endif

#elif MLP_EDGE_KERNELS != 1
#error "these models were exported by different versions of mlp-edge: export them with one"
#endif
