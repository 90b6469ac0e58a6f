/*
 * A layer in int24 that adds up values unit by unit: its weights are a row of `outputs` per value,
 * and x holds the values one after the other, `inputs` numbers in all. Each sum is requantised as
 * mlp_edge_dense_int24 does it. x and y must not overlap.
 */
#ifndef MLP_EDGE_KERNEL_DIAGONAL_INT24
#define MLP_EDGE_KERNEL_DIAGONAL_INT24

#include "int24/requantise_int24.h"

static inline void mlp_edge_diagonal_int24(const mlp_edge_int24 *weights, const int64_t *bias,
    const uint8_t *shift, mlp_edge_uint24 high, size_t inputs, size_t outputs,
    const mlp_edge_uint24 *x, mlp_edge_uint24 *y)
{
    for (size_t i = 0; i < outputs; i++) {
        int64_t sum = MLP_EDGE_READ_INT64(&bias[i]);
        for (size_t j = i; j < inputs; j += outputs) {
            sum += (int64_t)MLP_EDGE_READ_INT24(&weights[j]) * x[j];
        }
        const uint8_t by = MLP_EDGE_READ_UINT8(&shift[i]);
        y[i] = (mlp_edge_uint24)mlp_edge_requantise_int24(sum, by, high);
    }
}

#endif
