/*
 * A dense layer in int24. The weights hold one row of `inputs` per neuron. A pre-activation is
 * exact: the exporter has proved that no partial sum reaches 2^52. A shift requantises it; clamping
 * at 0 is the relu. x and y must not overlap.
 */
#ifndef MLP_EDGE_KERNEL_DENSE_INT24
#define MLP_EDGE_KERNEL_DENSE_INT24

#include "int24/requantise_int24.h"
#include "int24/sum_int24.h"
#include "avr/dense_int24.h"

static inline void mlp_edge_dense_int24(const mlp_edge_int24 *weights, const int64_t *bias,
    const uint8_t *shift, mlp_edge_uint24 high, size_t inputs, size_t outputs,
    const mlp_edge_uint24 *x, mlp_edge_uint24 *y)
{
#ifdef MLP_EDGE_AVR
    mlp_edge_avr_dense_int24(weights, bias, shift, high, inputs, outputs, x, y);
#else
    for (size_t i = 0; i < outputs; i++) {
        const int64_t start = MLP_EDGE_READ_INT64(&bias[i]);
        const int64_t sum = mlp_edge_sum_int24(start, weights, inputs, x);
        weights += inputs;
        const uint8_t by = MLP_EDGE_READ_UINT8(&shift[i]);
        y[i] = (mlp_edge_uint24)mlp_edge_requantise_int24(sum, by, high);
    }
#endif
}

#endif
