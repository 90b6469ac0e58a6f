/*
 * What the dense layers of int8 share, around the products of a neuron:
 *
 *   r25:r24 weights   r5:r4 biases   r7:r6 multipliers   r9:r8 shifts   r13:r12 inputs   Y outputs
 *   X, Z input and weight at hand   r20:r18 sum   r15:r14 neurons to go   r17 zero
 */
#ifndef MLP_EDGE_KERNEL_AVR_NEURON_INT8
#define MLP_EDGE_KERNEL_AVR_NEURON_INT8

#include "avr/requantise.h"

#ifdef MLP_EDGE_AVR

/* With its bias as the sum. */
#define MLP_EDGE_AVR_START_NEURON \
    "movw r30, r4      \n"        \
    "lpm r18, Z+       \n"        \
    "lpm r19, Z+       \n"        \
    "lpm r20, Z+       \n"        \
    "adiw r30, 1       \n"        \
    "movw r4, r30      \n"        \
    "movw r26, r12     \n"        \
    "movw r30, r24     \n"

/* 11 cycles. MULSU leaves the sign of the product in the carry. */
#define MLP_EDGE_AVR_MULTIPLY_ADD_8 \
    "ld r23, X+        \n"          \
    "lpm r22, Z+       \n"          \
    "mulsu r22, r23    \n"          \
    "sbc r20, r17      \n"          \
    "add r18, r0       \n"          \
    "adc r19, r1       \n"          \
    "adc r20, r17      \n"

/* 17 cycles: the low byte of an input, then the high one. */
#define MLP_EDGE_AVR_MULTIPLY_ADD_8_16 \
    MLP_EDGE_AVR_MULTIPLY_ADD_8        \
    "ld r23, X+        \n"             \
    "mulsu r22, r23    \n"             \
    "add r19, r0       \n"             \
    "adc r20, r1       \n"

/* To r23:r22, and the shift to r21. */
#define MLP_EDGE_AVR_READ_MULTIPLIER \
    "movw r30, r6      \n"           \
    "lpm r22, Z+       \n"           \
    "lpm r23, Z+       \n"           \
    "movw r6, r30      \n"           \
    "movw r30, r8      \n"           \
    "lpm r21, Z+       \n"           \
    "movw r8, r30      \n"

#define MLP_EDGE_AVR_SUM_OF_0 \
    "clr r18           \n"    \
    "clr r19           \n"    \
    "clr r20           \n"

/* Requantises the sum; a negative one becomes 0. The next neuron begins at label 1. */
#define MLP_EDGE_AVR_END_NEURON  \
    "movw r24, r30     \n"       \
    "tst r20           \n"       \
    "brpl 81f          \n"       \
    MLP_EDGE_AVR_SPARED(         \
        "ldi r18, 2    \n"       \
        "add r6, r18   \n"       \
        "adc r7, r17   \n"       \
        "sec           \n"       \
        "adc r8, r17   \n"       \
        "adc r9, r17   \n"       \
        "clr r18       \n"       \
        "rjmp 95f      \n",      \
        MLP_EDGE_AVR_SUM_OF_0)   \
    "81:               \n"       \
    MLP_EDGE_AVR_READ_MULTIPLIER \
    MLP_EDGE_AVR_REQUANTISE      \
    "st Y+, r18        \n"       \
    "dec r14           \n"       \
    "breq 83f          \n"       \
    "82:               \n"       \
    "rjmp 1b           \n"       \
    "83:               \n"       \
    "dec r15           \n"       \
    "brne 82b          \n"       \
    "clr r1            \n"       \
    "pop r29           \n"       \
    "pop r28           \n"       \
    "ret               \n"

#endif

#endif
