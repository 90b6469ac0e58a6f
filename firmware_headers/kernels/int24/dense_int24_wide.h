/* As mlp_edge_dense_int24, for outputs of the last layer: `high` may reach 2^31 - 1. */
#ifndef MLP_EDGE_KERNEL_DENSE_INT24_WIDE
#define MLP_EDGE_KERNEL_DENSE_INT24_WIDE

#include "int24/requantise_int24.h"
#include "int24/sum_int24.h"
#include "avr/dense_int24.h"

static inline void mlp_edge_dense_int24_wide(const mlp_edge_int24 *weights, const int64_t *bias,
    const uint8_t *shift, uint32_t high, size_t inputs, size_t outputs, const mlp_edge_uint24 *x,
    uint32_t *y)
{
#ifdef MLP_EDGE_AVR
    mlp_edge_avr_dense_int24(weights, bias, shift, high | 0x80000000u, inputs, outputs, x, y);
#else
    for (size_t i = 0; i < outputs; i++) {
        const int64_t start = MLP_EDGE_READ_INT64(&bias[i]);
        const int64_t sum = mlp_edge_sum_int24(start, weights, inputs, x);
        weights += inputs;
        y[i] = mlp_edge_requantise_int24(sum, MLP_EDGE_READ_UINT8(&shift[i]), high);
    }
#endif
}

#endif
