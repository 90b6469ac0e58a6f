/*
 * mlp_edge_dense_int8 and mlp_edge_dense_int8_from_16 of at most 255 inputs, as neuron_int8.h says.
 * T is set where an input has 2 bytes. r3 holds how many fours of inputs there are, or pairs, and
 * r16 how many remain; r21 counts.
 */
#ifndef MLP_EDGE_KERNEL_AVR_DENSE_INT8
#define MLP_EDGE_KERNEL_AVR_DENSE_INT8

#include "avr/neuron_int8.h"

#ifdef MLP_EDGE_AVR

MLP_EDGE_AVR_CODE mlp_edge_avr_dense_int8_code(void)
{
    __asm__ volatile(
        "push r28          \n"
        "push r29          \n"
        "movw r28, r10     \n"
        "movw r4, r22      \n"
        "movw r6, r20      \n"
        "bst r8, 1         \n"
        "movw r8, r18      \n"
        "cpse r14, r17     \n" /* r14 counts down r15 times */
        "inc r15           \n"
        "mov r3, r16       \n"
        "lsr r3            \n"
        "andi r16, 1       \n"
        "brts 1f           \n"
        "lsr r3            \n"
        "brcc 1f           \n"
        "subi r16, -2      \n"
        "rjmp 1f           \n"
        "2:                \n" /* inputs of 2 bytes */
        "sbrs r16, 0       \n"
        "rjmp 3f           \n"
        MLP_EDGE_AVR_MULTIPLY_ADD_8_16
        "3:                \n"
        "mov r21, r3       \n"
        "tst r21           \n"
        "breq 10f          \n"
        "4:                \n"
        MLP_EDGE_AVR_MULTIPLY_ADD_8_16
        MLP_EDGE_AVR_MULTIPLY_ADD_8_16
        "dec r21           \n"
        "brne 4b           \n"
        "10:               \n"
        "rjmp 9f           \n"
        "5:                \n" /* the inputs beside fours */
        "mov r21, r16      \n"
        "6:                \n"
        MLP_EDGE_AVR_MULTIPLY_ADD_8
        "dec r21           \n"
        "brne 6b           \n"
        "cpse r3, r17      \n"
        "rjmp 7f           \n"
        "rjmp 9f           \n"
        "1:                \n" /* a neuron */
        MLP_EDGE_AVR_START_NEURON
        "brts 2b           \n"
        "cpse r16, r17     \n"
        "rjmp 5b           \n"
        "7:                \n"
        "mov r21, r3       \n"
        "8:                \n"
        MLP_EDGE_AVR_MULTIPLY_ADD_8
        MLP_EDGE_AVR_MULTIPLY_ADD_8
        MLP_EDGE_AVR_MULTIPLY_ADD_8
        MLP_EDGE_AVR_MULTIPLY_ADD_8
        "dec r21           \n"
        "brne 8b           \n"
        "9:                \n"
        MLP_EDGE_AVR_END_NEURON
        ::: "memory");
}

static inline void mlp_edge_avr_dense_int8(
    const int8_t *weights, const int32_t *bias, const uint16_t *multiplier, const uint8_t *shift,
    size_t inputs, size_t outputs, const void *x, uint8_t *y, uint8_t bytes)
{
    register const int8_t *r24 __asm__("r24") = weights;
    register const int32_t *r22 __asm__("r22") = bias;
    register const uint16_t *r20 __asm__("r20") = multiplier;
    register const uint8_t *r18 __asm__("r18") = shift;
    register size_t r16 __asm__("r16") = inputs;
    register size_t r14 __asm__("r14") = outputs;
    register const void *r12 __asm__("r12") = x;
    register uint8_t *r10 __asm__("r10") = y;
    register uint8_t r8 __asm__("r8") = bytes;
    __asm__ volatile("%~call %x[code]"
        : "+r"(r24), "+r"(r22), "+r"(r20), "+r"(r18), "+r"(r16), "+r"(r14), "+r"(r12),
          "+r"(r10), "+r"(r8)
        : [code] "i"(mlp_edge_avr_dense_int8_code)
        : MLP_EDGE_AVR_CHANGED, "r9");
}

#endif

#endif
