/*
 * mlp_edge_dense_int8_from_16 of at most 64 inputs: the products of a neuron add up to 24 bits. r3
 * holds how many pairs of inputs there are, and bit 0 of r16 whether one remains; r21 counts.
 */
#ifndef MLP_EDGE_KERNEL_AVR_DENSE_INT8_FROM_16
#define MLP_EDGE_KERNEL_AVR_DENSE_INT8_FROM_16

#include "avr/neuron_int8.h"

#ifdef MLP_EDGE_AVR

MLP_EDGE_AVR_CODE mlp_edge_avr_dense_int8_from_16_code(void)
{
    __asm__ volatile(
        MLP_EDGE_AVR_ENTER_LAYER
        "mov r3, r16       \n"
        "lsr r3            \n"
        "1:                \n"
        MLP_EDGE_AVR_START_NEURON
        "sbrs r16, 0       \n"
        "rjmp 2f           \n"
        MLP_EDGE_AVR_MULTIPLY_ADD_8_16
        "2:                \n"
        "mov r21, r3       \n"
        "tst r21           \n"
        "breq 4f           \n"
        "3:                \n"
        MLP_EDGE_AVR_MULTIPLY_ADD_8_16
        MLP_EDGE_AVR_MULTIPLY_ADD_8_16
        "dec r21           \n"
        "brne 3b           \n"
        "4:                \n"
        MLP_EDGE_AVR_END_NEURON
        ::: "memory");
}

static inline void mlp_edge_avr_dense_int8_from_16(
    const int8_t *weights, const int32_t *bias, const uint16_t *multiplier, const uint8_t
    *shift, size_t inputs, size_t outputs, const uint16_t *x, uint8_t *y)
{
    register const int8_t *r24 __asm__("r24") = weights;
    register const int32_t *r22 __asm__("r22") = bias;
    register const uint16_t *r20 __asm__("r20") = multiplier;
    register const uint8_t *r18 __asm__("r18") = shift;
    register size_t r16 __asm__("r16") = inputs;
    register size_t r14 __asm__("r14") = outputs;
    register const uint16_t *r12 __asm__("r12") = x;
    register uint8_t *r10 __asm__("r10") = y;
    __asm__ volatile("%~call %x[code]"
        : "+r"(r24), "+r"(r22), "+r"(r20), "+r"(r18), "+r"(r16), "+r"(r14), "+r"(r12), "+r"(r10)
        : [code] "i"(mlp_edge_avr_dense_int8_from_16_code)
        : MLP_EDGE_AVR_CHANGED, "r8", "r9");
}

#endif

#endif
