/*
 * Tables live in flash. On AVR and ESP8266 a plain `const` table is copied to RAM at start-up, so
 * there it is PROGMEM, which is read with instructions of its own. Elsewhere `const` is enough.
 */
#ifndef MLP_EDGE_KERNELS
#define MLP_EDGE_KERNELS 43 /* raised whenever a kernel changes */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __AVR__
#include <avr/pgmspace.h>
#define MLP_EDGE_FLASH PROGMEM
#elif defined(ESP8266) && defined(ARDUINO)
#include <pgmspace.h>
#define MLP_EDGE_FLASH PROGMEM
#elif defined(__ARM_FEATURE_DSP)
#define MLP_EDGE_FLASH __attribute__((aligned(4))) /* two words are read at once */
#else
#define MLP_EDGE_FLASH
#endif

/*
 * Whether a table can be read. On AVR a pointer has 16 bits and reaches the first 64 kB of flash;
 * on a chip with more, tables may lie beyond. The linker knows the address, so the check costs a
 * few cycles there and nothing on other chips.
 */
#ifdef __AVR_HAVE_ELPM__
#define MLP_EDGE_IN_REACH(table) (pgm_get_far_address(table) + sizeof(table) <= 0x10000)
#else
#define MLP_EDGE_IN_REACH(table) 1
#endif

/* Whether there is assembly for AVRs, which has tables of its own. */
#if defined(__AVR_HAVE_MUL__) && !defined(__clang__) && !defined(MLP_EDGE_PLAIN_C)
#define MLP_EDGE_AVR
#endif

/*
 * Kernels in assembly change all registers of an AVR, and most of a Cortex-M. Who calls one has to
 * save them, which takes longer than what stands between a model's own function and them. On
 * RISC-V and on a Cortex-M without a float unit, kernels become smaller and quicker by what their
 * caller knows: the size of a layer.
 */
#if defined(__AVR_HAVE_MUL__) || defined(__riscv) || defined(__SOFTFP__) \
    || (defined(__ARM_FEATURE_DSP) && __ARM_ARCH_PROFILE == 'M')
#define MLP_EDGE_INLINED __attribute__((always_inline))
#else
#define MLP_EDGE_INLINED
#endif

#elif MLP_EDGE_KERNELS != 43
#error "these models were exported by different versions of mlp-edge: export them with one"
#endif

#include "read.h"
