/* As mlp_edge_diagonal_int24, for outputs of the last layer: `high` may reach 2^31 - 1. */
#ifndef MLP_EDGE_KERNEL_DIAGONAL_INT24_WIDE
#define MLP_EDGE_KERNEL_DIAGONAL_INT24_WIDE

#include "int24/requantise_int24.h"

static inline void mlp_edge_diagonal_int24_wide(const mlp_edge_int24 *weights, const int64_t *bias,
    const uint8_t *shift, uint32_t high, size_t inputs, size_t outputs,
    const mlp_edge_uint24 *x, uint32_t *y)
{
    for (size_t i = 0; i < outputs; i++) {
        int64_t sum = MLP_EDGE_READ_INT64(&bias[i]);
        for (size_t j = i; j < inputs; j += outputs) {
            sum += (int64_t)MLP_EDGE_READ_INT24(&weights[j]) * x[j];
        }
        const uint8_t by = MLP_EDGE_READ_UINT8(&shift[i]);
        y[i] = (uint32_t)mlp_edge_requantise_int24(sum, by, high);
    }
}

#endif
