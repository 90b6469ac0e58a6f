/*
 * mlp_edge_sum_int8, for sums that need more than 24 bits or neurons with more than 255 inputs: 15
 * cycles per product. The sum in r21:r18, X and Z at input and weight, r25:r24 inputs, then pairs
 * of them; r17 is 0.
 */
#ifndef MLP_EDGE_KERNEL_AVR_SUM_INT8
#define MLP_EDGE_KERNEL_AVR_SUM_INT8

#include "avr/assembly.h"

#ifdef MLP_EDGE_AVR

#define MLP_EDGE_AVR_MULTIPLY_ADD_8_32 \
    "ld r23, X+        \n"             \
    "lpm r22, Z+       \n"             \
    "mulsu r22, r23    \n"             \
    "sbc r20, r17      \n"             \
    "sbc r21, r17      \n"             \
    "add r18, r0       \n"             \
    "adc r19, r1       \n"             \
    "adc r20, r17      \n"             \
    "adc r21, r17      \n"

MLP_EDGE_AVR_CODE mlp_edge_avr_sum_int8_code(void)
{
    __asm__ volatile(
        "clr r17           \n"
        "lsr r25           \n"
        "ror r24           \n"
        "brcc 1f           \n"
        MLP_EDGE_AVR_MULTIPLY_ADD_8_32
        "1:                \n"
        "sbiw r24, 0       \n"
        "breq 3f           \n"
        "2:                \n"
        MLP_EDGE_AVR_MULTIPLY_ADD_8_32
        MLP_EDGE_AVR_MULTIPLY_ADD_8_32
        "sbiw r24, 1       \n"
        "brne 2b           \n"
        "3:                \n"
        "clr r1            \n"
        "ret               \n"
        ::: "memory");
}

static inline int32_t mlp_edge_avr_sum_int8(
    int32_t sum, const int8_t *weights, size_t inputs, const uint8_t *x)
{
    register int32_t r18 __asm__("r18") = sum;
    register size_t r24 __asm__("r24") = inputs;
    register const uint8_t *r26 __asm__("r26") = x;
    register const int8_t *r30 __asm__("r30") = weights;
    __asm__ volatile("%~call %x[code]"
        : "+r"(r18), "+r"(r24), "+r"(r26), "+r"(r30)
        : [code] "i"(mlp_edge_avr_sum_int8_code)
        : "r0", "r17", "r22", "r23", "memory");
    return r18;
}

#endif

#endif
