/* Pre-activations of `count` neurons, at most MLP_EDGE_AT_ONCE, as mlp_edge_sum_int8 has them. */
#ifndef MLP_EDGE_KERNEL_SUMS_INT8
#define MLP_EDGE_KERNEL_SUMS_INT8

#include "integers/at_once.h"
#include "cortex/sums_int8.h"
#include "int8/four_sums_int8.h"
#include "int8/sum_int8.h"

static inline void mlp_edge_sums_int8(const int8_t *weights, const int32_t *bias, size_t inputs,
    size_t count, const uint8_t *x, int32_t *sums)
{
    size_t i = 0;
#if MLP_EDGE_AT_ONCE >= 4
    if (count >= 4) {
        i = count - count % 4;
#ifdef MLP_EDGE_THUMB
        mlp_edge_thumb_sums_int8(weights, bias, inputs, i, x, sums);
#else
        mlp_edge_four_sums_int8(weights, bias, inputs, x, sums);
#endif
    }
#endif
    for (; i < count; i++) {
        const int32_t start = MLP_EDGE_READ_INT32(&bias[i]);
        sums[i] = mlp_edge_sum_int8(start, weights + i * inputs, inputs, x);
    }
}

#endif
