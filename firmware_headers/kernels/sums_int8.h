/* Pre-activations of `count` neurons, at most MLP_EDGE_SUMS, each as mlp_edge_sum_int8 has it. */
#ifndef MLP_EDGE_KERNEL_SUMS_INT8
#define MLP_EDGE_KERNEL_SUMS_INT8

#include "cortex/sums_int8.h"
#include "sum_int8.h"

#ifdef MLP_EDGE_DSP
#define MLP_EDGE_SUMS 8
#else
#define MLP_EDGE_SUMS 1
#endif

static inline void mlp_edge_sums_int8(const int8_t *weights, const int32_t *bias, size_t inputs,
    size_t count, const uint8_t *x, int32_t *sums)
{
    size_t i = 0;
#ifdef MLP_EDGE_DSP
    if (count >= 4) {
        i = count - count % 4;
        mlp_edge_dsp_sums_int8(weights, bias, inputs, i, x, sums);
    }
#endif
    for (; i < count; i++) {
        const int32_t start = MLP_EDGE_READ_INT32(&bias[i]);
        sums[i] = mlp_edge_sum_int8(start, weights + i * inputs, inputs, x);
    }
}

#endif
