/*
 * value * by / 2^24, rounded down, in assembly for AVR, with the bits of the C in scaled_int24.h:
 * twelve products of bytes, of which only the carries of the lower three bytes are kept.
 */
#ifndef MLP_EDGE_KERNEL_AVR_SCALED_INT24
#define MLP_EDGE_KERNEL_AVR_SCALED_INT24

#include "avr/assembly.h"
#include "int24/int24.h"

#ifdef MLP_EDGE_AVR

/* `value` is in r25:r22, which takes the result, `by` in r20:r18; r2 is zero. */
MLP_EDGE_AVR_CODE mlp_edge_avr_scaled_int24_code(void)
{
    __asm__ volatile(
        /* bytes 1 to 6 of the product: r26, r27, r30, r31, r21, r25; r0 and r1 are a product */
        "clr r2            \n"
        "mov r21, r25      \n"
        "clr r27           \n"
        "clr r30           \n"
        "clr r31           \n"
        "mul r22, r18      \n"
        "mov r26, r1       \n"
        "mul r22, r19      \n"
        "add r26, r0       \n"
        "adc r27, r1       \n"
        "mul r23, r18      \n"
        "add r26, r0       \n"
        "adc r27, r1       \n"
        "adc r30, r2       \n"
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
        "clr r26           \n"
        "mul r23, r20      \n"
        "add r30, r0       \n"
        "adc r31, r1       \n"
        "adc r26, r2       \n"
        "mul r24, r19      \n"
        "add r30, r0       \n"
        "adc r31, r1       \n"
        "adc r26, r2       \n"
        "movw r22, r30     \n" /* bytes 3 and 4; those above are r26 and r25 */
        "mulsu r21, r20    \n"
        "movw r30, r0      \n"
        "mul r24, r20      \n"
        "clr r25           \n"
        "add r23, r0       \n"
        "adc r26, r1       \n"
        "adc r25, r2       \n"
        "add r26, r30      \n"
        "adc r25, r31      \n"
        "mulsu r21, r18    \n"
        "sbc r26, r2       \n"
        "sbc r25, r2       \n"
        "add r22, r0       \n"
        "adc r23, r1       \n"
        "adc r26, r2       \n"
        "adc r25, r2       \n"
        "mulsu r21, r19    \n"
        "sbc r25, r2       \n"
        "add r23, r0       \n"
        "adc r26, r1       \n"
        "adc r25, r2       \n"
        "mov r24, r26      \n"
        "clr r1            \n"
        "ret               \n"
        ::: "memory");
}

static inline int32_t mlp_edge_avr_scaled_int24(int32_t value, mlp_edge_uint24 by)
{
    register int32_t r22 __asm__("r22") = value;
    register mlp_edge_uint24 r18 __asm__("r18") = by;
    __asm__("%~call %x[code]"
        : "+r"(r22)
        : "r"(r18), [code] "i"(mlp_edge_avr_scaled_int24_code)
        : "r0", "r2", "r21", "r26", "r27", "r30", "r31");
    return r22;
}

#endif

#endif
