/* mlp_edge_dense_int8_wide of a number of neurons that is a multiple of four. */
#ifndef MLP_EDGE_KERNEL_CORTEX_DENSE_INT8_WIDE
#define MLP_EDGE_KERNEL_CORTEX_DENSE_INT8_WIDE

#include "cortex/dsp_layer_int8.h"

#ifdef MLP_EDGE_DSP

__attribute__((naked, noinline, unused)) static void mlp_edge_dsp_dense_int8_wide_code(void)
{
    __asm__ volatile(MLP_EDGE_DSP_DENSE_INT8(
        MLP_EDGE_FOUR_ROWS_OF_BYTES, "sub r3, r3, r1\n", MLP_EDGE_DSP_REQUANTISE_INT8_WIDE));
}

MLP_EDGE_DSP_INLINED
static inline void mlp_edge_dsp_dense_int8_wide(const int8_t *weights, const int32_t *bias,
    const mlp_edge_multiplier *multiplier, size_t inputs, size_t outputs, const uint8_t *x,
    uint8_t *y)
{
    mlp_edge_dsp_layer_int8(mlp_edge_dsp_dense_int8_wide_code, weights, bias, multiplier, inputs,
                            outputs, x, y);
}

#endif

#endif
