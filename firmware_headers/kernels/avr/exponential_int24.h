/*
 * mlp_edge_exponential_int24: r25:r22 the distance, which the float takes the place of, r20 the
 * octave, r18 the scale.
 *
 *   r26:r25 halvings   r3 the float's exponent   r20:r18 what is left of the distance, in 2^-24
 *   r25:r22 value of the polynomial   r24:r21:r31:r30 its product, in 2^-24   r2 zero
 */
#ifndef MLP_EDGE_KERNEL_AVR_EXPONENTIAL_INT24
#define MLP_EDGE_KERNEL_AVR_EXPONENTIAL_INT24

#include "from_bits.h"
#include "avr/assembly.h"

#ifdef MLP_EDGE_AVR

/* The next value is a coefficient less the product. */
#define MLP_EDGE_AVR_HORNER(coefficient)          \
    "rcall 9f          \n"                        \
    "ldi r22, lo8(" #coefficient ") \n"           \
    "sub r22, r30      \n"                        \
    "ldi r23, hi8(" #coefficient ") \n"           \
    "sbc r23, r31      \n"                        \
    "ldi r25, hlo8(" #coefficient ") \n"          \
    "sbc r25, r21      \n"                        \
    "ldi r26, hhi8(" #coefficient ") \n"          \
    "sbc r26, r24      \n"                        \
    "mov r24, r25      \n"                        \
    "mov r25, r26      \n"

MLP_EDGE_AVR_CODE mlp_edge_avr_exponential_int24_code(void)
{
    __asm__ volatile(
        "clr r2            \n"
        "clr r26           \n"
        "ldi r21, 24       \n"
        "sub r21, r20      \n"
        "breq 2f           \n"
        "1:                \n"
        "lsl r22           \n"
        "rol r23           \n"
        "rol r24           \n"
        "rol r25           \n"
        "rol r26           \n"
        "dec r21           \n"
        "brne 1b           \n"
        "2:                \n"
        "tst r26           \n"
        "brne 3f           \n"
        "cpi r25, 118      \n"
        "brlo 4f           \n"
        "3:                \n"
        "clr r22           \n"
        "clr r23           \n"
        "clr r24           \n"
        "clr r25           \n"
        "rjmp 8f           \n"
        "4:                \n"
        "subi r18, -125    \n"
        "sub r18, r25      \n"
        "mov r3, r18       \n"
        "movw r18, r22     \n"
        "mov r20, r24      \n"
        "ldi r22, lo8(30849) \n"
        "ldi r23, hi8(30849) \n"
        "clr r24           \n"
        "clr r25           \n"
        MLP_EDGE_AVR_HORNER(346721)
        MLP_EDGE_AVR_HORNER(2576185)
        MLP_EDGE_AVR_HORNER(14897961)
        MLP_EDGE_AVR_HORNER(64485200)
        MLP_EDGE_AVR_HORNER(186065278)
        MLP_EDGE_AVR_HORNER(268435464)
        "ldi r21, 4        \n" /* 8 was added: this rounds */
        "5:                \n"
        "lsr r25           \n"
        "ror r24           \n"
        "ror r23           \n"
        "ror r22           \n"
        "dec r21           \n"
        "brne 5b           \n"
        "clr r20           \n"
        "lsr r3            \n"
        "ror r20           \n"
        "add r24, r20      \n"
        "adc r25, r3       \n"
        "8:                \n"
        "clr r1            \n"
        "ret               \n"
        "9:                \n" /* value times what is left, rounded down */
        "mul r22, r18      \n"
        "mov r26, r1       \n"
        "clr r27           \n"
        "mul r22, r19      \n"
        "add r26, r0       \n"
        "adc r27, r1       \n"
        "clr r30           \n"
        "mul r23, r18      \n"
        "add r26, r0       \n"
        "adc r27, r1       \n"
        "adc r30, r2       \n"
        "clr r31           \n"
        "mul r22, r20      \n"
        "add r27, r0       \n"
        "adc r30, r1       \n"
        "adc r31, r2       \n"
        "mul r23, r19      \n"
        "add r27, r0       \n"
        "adc r30, r1       \n"
        "adc r31, r2       \n"
        "mul r24, r18      \n"
        "add r27, r0       \n"
        "adc r30, r1       \n"
        "adc r31, r2       \n"
        "clr r21           \n"
        "mul r23, r20      \n"
        "add r30, r0       \n"
        "adc r31, r1       \n"
        "adc r21, r2       \n"
        "mul r24, r19      \n"
        "add r30, r0       \n"
        "adc r31, r1       \n"
        "adc r21, r2       \n"
        "mul r24, r20      \n"
        "add r31, r0       \n"
        "adc r21, r1       \n"
        "clr r24           \n"
        "tst r25           \n"
        "breq 10f          \n"
        "mul r25, r18      \n"
        "add r30, r0       \n"
        "adc r31, r1       \n"
        "adc r21, r2       \n"
        "adc r24, r2       \n"
        "mul r25, r19      \n"
        "add r31, r0       \n"
        "adc r21, r1       \n"
        "adc r24, r2       \n"
        "mul r25, r20      \n"
        "add r21, r0       \n"
        "adc r24, r1       \n"
        "10:               \n"
        "ret               \n"
        ::: "memory");
}

static inline float mlp_edge_avr_exponential_int24(
    uint32_t distance, uint8_t octave, uint8_t scale)
{
    register uint32_t r22 __asm__("r22") = distance;
    register uint8_t r20 __asm__("r20") = octave;
    register uint8_t r18 __asm__("r18") = scale;
    __asm__("%~call %x[code]"
        : "+r"(r22), "+r"(r20), "+r"(r18)
        : [code] "i"(mlp_edge_avr_exponential_int24_code)
        : "r0", "r2", "r3", "r19", "r21", "r26", "r27", "r30", "r31");
    return mlp_edge_from_bits(r22);
}

#endif

#endif
