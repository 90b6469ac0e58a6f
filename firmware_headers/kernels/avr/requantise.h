/*
 * mlp_edge_requantise. In: the sum in r20:r18, not negative; the multiplier in r23:r22, the shift
 * in r21, 0 in r17. Out: r18. Changes r0, r1, r19, r21, X and Z.
 *
 * The shift moves whole bytes first. The 1 to 8 bits that are left are a product with a power of
 * two, of which a byte is dropped.
 */
#ifndef MLP_EDGE_KERNEL_AVR_REQUANTISE
#define MLP_EDGE_KERNEL_AVR_REQUANTISE

#include "avr/assembly.h"
#include "avr/spared.h"

#ifdef MLP_EDGE_AVR

#define MLP_EDGE_AVR_REQUANTISE                                        \
    "mul r18, r22       \n" /* product: r31:r30:r27:r26 */             \
    "movw r26, r0       \n"                                            \
    "mul r19, r23       \n"                                            \
    "movw r30, r0       \n"                                            \
    "mul r19, r22       \n"                                            \
    "add r27, r0        \n"                                            \
    "adc r30, r1        \n"                                            \
    "adc r31, r17       \n"                                            \
    "mul r18, r23       \n"                                            \
    "add r27, r0        \n"                                            \
    "adc r30, r1        \n"                                            \
    "adc r31, r17       \n"                                            \
    MLP_EDGE_AVR_SPARED("cpse r20, r17 \n", "nop \n")                  \
    "rjmp 96f           \n"                                            \
    "91:                \n"                                            \
    "cpi r21, 17        \n" /* whole bytes of the shift: to r31:r30 */ \
    "brsh 97f           \n"                                            \
    "cpi r21, 9         \n"                                            \
    "brlo 92f           \n"                                            \
    "tst r31            \n"                                            \
    "brne 94f           \n"                                            \
    "mov r31, r30       \n"                                            \
    "mov r30, r27       \n"                                            \
    "93:                \n"                                            \
    MLP_EDGE_AVR_POWER("r19", "r21")                                   \
    "mul r31, r19       \n"                                            \
    "tst r1             \n"                                            \
    "brne 94f           \n"                                            \
    "mov r18, r0        \n"                                            \
    "mul r30, r19       \n"                                            \
    "lsl r0             \n" /* the topmost bit dropped rounds */       \
    "adc r18, r1        \n"                                            \
    "brcc 95f           \n"                                            \
    "94:                \n"                                            \
    "ldi r18, 255       \n"                                            \
    "rjmp 95f           \n"                                            \
    "96:                \n" /* a sum of 3 bytes */                     \
    "mul r20, r22       \n"                                            \
    "add r30, r0        \n"                                            \
    "adc r31, r1        \n"                                            \
    "mul r20, r23       \n"                                            \
    "add r31, r0        \n"                                            \
    "rjmp 91b           \n"                                            \
    "97:                \n"                                            \
    "cpi r21, 25        \n"                                            \
    "brlo 93b           \n"                                            \
    "mov r30, r31       \n"                                            \
    "clr r31            \n"                                            \
    "rjmp 93b           \n"                                            \
    "92:                \n"                                            \
    "or r31, r30        \n"                                            \
    "brne 94b           \n"                                            \
    "movw r30, r26      \n"                                            \
    "rjmp 93b           \n"                                            \
    "95:                \n"

#endif

#endif
