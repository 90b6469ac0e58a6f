/*
 * A float above 0, or 0, divided by one above 0, rounded to nearest. All numbers are normal, the
 * quotient too. It is never half way between two floats.
 *
 *   r24:r22 digits of the dividend, r25 its exponent; r20:r18, r21 those of the divisor
 *   r31:r30:r27 digits of the quotient
 */
#ifndef MLP_EDGE_KERNEL_AVR_DIVIDE_FLOAT
#define MLP_EDGE_KERNEL_AVR_DIVIDE_FLOAT

#include "avr/assembly.h"

#ifdef MLP_EDGE_AVR

/* Eight digits of the quotient, their complements behind the 1 that counts them. */
#define MLP_EDGE_AVR_EIGHT_DIGITS(quotient) \
    "1:                \n"                  \
    "lsl r22           \n"                  \
    "rol r23           \n"                  \
    "rol r24           \n"                  \
    "brcs 2f           \n"                  \
    "cp r22, r18       \n"                  \
    "cpc r23, r19      \n"                  \
    "cpc r24, r20      \n"                  \
    "brcs 3f           \n"                  \
    "2:                \n"                  \
    "sub r22, r18      \n"                  \
    "sbc r23, r19      \n"                  \
    "sbc r24, r20      \n"                  \
    "clc               \n"                  \
    "3:                \n"                  \
    "rol " quotient "  \n"                  \
    "brcc 1b           \n"                  \
    "com " quotient "  \n"

/* Of digits and exponents; the quotient is a float in r25:r22. */
MLP_EDGE_AVR_CODE mlp_edge_avr_divide_float_code(void)
{
    __asm__ volatile(
        "sub r25, r21      \n"
        "subi r25, -127    \n"
        "ldi r31, 2        \n"
        "cp r22, r18       \n"
        "cpc r23, r19      \n"
        "cpc r24, r20      \n"
        "brcs 4f           \n"
        "sub r22, r18      \n" /* the first digit is 1 */
        "sbc r23, r19      \n"
        "sbc r24, r20      \n"
        "rjmp 5f           \n"
        "4:                \n"
        "ldi r31, 1        \n"
        "dec r25           \n"
        "5:                \n"
        "ldi r30, 1        \n"
        "ldi r27, 1        \n"
        MLP_EDGE_AVR_EIGHT_DIGITS("r31")
        MLP_EDGE_AVR_EIGHT_DIGITS("r30")
        MLP_EDGE_AVR_EIGHT_DIGITS("r27")
        "lsl r22           \n" /* what is left: half of the divisor, or more? */
        "rol r23           \n"
        "rol r24           \n"
        "brcs 6f           \n"
        "cp r22, r18       \n"
        "cpc r23, r19      \n"
        "cpc r24, r20      \n"
        "brcs 7f           \n"
        "6:                \n"
        "subi r27, -1      \n"
        "sbci r30, -1      \n"
        "sbci r31, -1      \n"
        "7:                \n"
        "mov r22, r27      \n"
        "mov r23, r30      \n"
        "mov r24, r31      \n"
        "lsl r24           \n"
        "lsr r25           \n"
        "ror r24           \n"
        "ret               \n"
        ::: "memory");
}

#endif

#endif
