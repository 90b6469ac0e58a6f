/*
 * A layer in int8 that adds up values unit by unit: its weights are a row of `outputs` per value,
 * and x holds the values one after the other, `inputs` numbers in all. Each sum is requantised as
 * mlp_edge_dense_int8 does it. x and y must not overlap.
 */
#ifndef MLP_EDGE_KERNEL_DIAGONAL_INT8
#define MLP_EDGE_KERNEL_DIAGONAL_INT8

#include "integers/requantise.h"

static inline void mlp_edge_diagonal_int8(const int8_t *weights, const int32_t *bias,
    const mlp_edge_multiplier *multiplier, const uint8_t *shift, size_t inputs, size_t outputs,
    const uint8_t *x, uint8_t *y)
{
    for (size_t i = 0; i < outputs; i++) {
        int32_t sum = MLP_EDGE_READ_INT32(&bias[i]);
        for (size_t j = i; j < inputs; j += outputs) {
            sum += (int16_t)(MLP_EDGE_READ_INT8(&weights[j]) * x[j]);
        }
        y[i] = (uint8_t)mlp_edge_requantise(
            sum, MLP_EDGE_READ_UINT16(&multiplier[i]), MLP_EDGE_READ_UINT8(&shift[i]));
    }
}

#endif
