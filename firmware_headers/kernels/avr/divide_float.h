/*
 * A float above 0, or 0, divided by one above 0, rounded to nearest, and a sigmoid by such a
 * division. All numbers are normal, the quotient too. It is never half way between two floats.
 *
 *   r24:r22 digits of the dividend, r25 its exponent; r20:r18, r21 those of the divisor
 *   r31:r30:r27 digits of the quotient
 */
#ifndef MLP_EDGE_KERNEL_AVR_DIVIDE_FLOAT
#define MLP_EDGE_KERNEL_AVR_DIVIDE_FLOAT

#include "avr/add_float.h"
#include "from_bits.h"

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

/* Floats in r25:r22, which takes the quotient, and r21:r18. */
MLP_EDGE_AVR_CODE mlp_edge_avr_quotient_code(void)
{
    __asm__ volatile(
        "lsl r20           \n"
        "rol r21           \n"
        "sec               \n"
        "ror r20           \n"
        "lsl r24           \n"
        "rol r25           \n"
        "breq 1f           \n"
        "sec               \n"
        "ror r24           \n"
        "%~jmp %x[divide]  \n"
        "1:                \n"
        "ret               \n"
        :: [divide] "i"(mlp_edge_avr_divide_float_code) : "memory");
}

/* Of 2^-x in r25:r22: 1 / (1 + 2^-x), or 2^-x / (1 + 2^-x) where r12 is not 0. */
MLP_EDGE_AVR_CODE mlp_edge_avr_sigmoid_code(void)
{
    __asm__ volatile(
        "clr r10           \n"
        "clr r11           \n"
        "clr r18           \n"
        "clr r19           \n"
        "ldi r20, 0x80     \n"
        "ldi r21, 127      \n"
        "clt               \n"
        "lsl r24           \n"
        "rol r25           \n"
        "breq 1f           \n"
        "sec               \n"
        "ror r24           \n"
        "1:                \n"
        "movw r2, r22      \n"
        "movw r4, r24      \n"
        "breq 2f           \n"
        "%~call %x[add]    \n"
        "2:                \n"
        "movw r22, r2      \n"
        "movw r24, r4      \n"
        "cpse r12, r10     \n"
        "rjmp 3f           \n"
        "clr r22           \n"
        "clr r23           \n"
        "ldi r24, 0x80     \n"
        "ldi r25, 127      \n"
        "3:                \n"
        "tst r25           \n"
        "breq 4f           \n"
        "%~jmp %x[divide]  \n"
        "4:                \n"
        "ret               \n"
        :: [add] "i"(mlp_edge_avr_add_float_code),
           [divide] "i"(mlp_edge_avr_divide_float_code) : "memory");
}

static inline float mlp_edge_avr_quotient(float dividend, float divisor)
{
    const uint32_t first = mlp_edge_bits(dividend), second = mlp_edge_bits(divisor);
    register uint32_t r22 __asm__("r22") = first;
    register uint32_t r18 __asm__("r18") = second;
    __asm__("%~call %x[code]"
        : "+r"(r22), "+r"(r18)
        : [code] "i"(mlp_edge_avr_quotient_code)
        : "r26", "r27", "r30", "r31");
    return mlp_edge_from_bits(r22);
}

static inline float mlp_edge_avr_sigmoid(float power, uint8_t negative)
{
    const uint32_t bits = mlp_edge_bits(power);
    register uint32_t r22 __asm__("r22") = bits;
    register uint8_t r12 __asm__("r12") = negative;
    __asm__("%~call %x[code]"
        : "+r"(r22)
        : "r"(r12), [code] "i"(mlp_edge_avr_sigmoid_code)
        : "r0", "r2", "r3", "r4", "r5", "r10", "r11", "r16", "r17", "r18", "r19", "r20", "r21",
          "r26", "r27", "r30", "r31");
    return mlp_edge_from_bits(r22);
}

#endif

#endif
