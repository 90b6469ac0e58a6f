/* mlp_edge_dense_int8 of a number of neurons that is a multiple of four. */
#ifndef MLP_EDGE_KERNEL_CORTEX_DENSE_INT8
#define MLP_EDGE_KERNEL_CORTEX_DENSE_INT8

#include "cortex/dsp_layer_int8.h"

#if defined(MLP_EDGE_DSP)

__attribute__((naked, noinline, unused)) static void mlp_edge_dsp_dense_int8_code(void)
{
    __asm__ volatile(MLP_EDGE_DSP_DENSE_INT8(
        MLP_EDGE_FOUR_ROWS_OF_BYTES, "sub r3, r3, r1\n", MLP_EDGE_DSP_REQUANTISE_INT8));
}

MLP_EDGE_DSP_INLINED
static inline void mlp_edge_thumb_dense_int8(const int8_t *weights, const int32_t *bias,
    const mlp_edge_multiplier *multiplier, const uint8_t *shift, size_t inputs, size_t outputs,
    const uint8_t *x, uint8_t *y)
{
    (void)shift;
    mlp_edge_dsp_layer_int8(mlp_edge_dsp_dense_int8_code, weights, bias, multiplier, inputs,
                            outputs, x, y);
}

#elif defined(MLP_EDGE_THUMB)

static inline void mlp_edge_thumb_dense_int8(const int8_t *weights, const int32_t *bias,
    const mlp_edge_multiplier *multiplier, const uint8_t *shift, size_t inputs, size_t outputs,
    const uint8_t *x, uint8_t *y)
{
    register const int8_t *r0 __asm__("r0") = weights;
    register const int32_t *r1 __asm__("r1") = bias;
    register const mlp_edge_multiplier *r2 __asm__("r2") = multiplier;
    register const uint8_t *r3 __asm__("r3") = shift;
    register uint8_t *r4 __asm__("r4") = y;
    register size_t r5 __asm__("r5") = outputs - 4;
    register const uint8_t *r6 __asm__("r6") = x;
    register size_t r8 __asm__("r8") = inputs;
    __asm__ volatile(
        MLP_EDGE_THUMB_LAYER(MLP_EDGE_FOUR_ROWS_OF_BYTES, MLP_EDGE_THUMB_REQUANTISE_FOUR_INT8)
        : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r6), "+r"(r8)
        :
        : "r10", "r11", "r12", "lr", "cc", "memory");
}

#endif

#endif
