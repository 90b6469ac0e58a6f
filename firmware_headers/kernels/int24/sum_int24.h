/*
 * The pre-activation of a neuron in int24: bias + weights x, exact. The exporter has proved that no
 * partial sum reaches 2^52.
 */
#ifndef MLP_EDGE_KERNEL_SUM_INT24
#define MLP_EDGE_KERNEL_SUM_INT24

#include "int24/int24.h"
#include "cortex/sum_int24.h"

static inline int64_t mlp_edge_sum_int24(int64_t sum, const mlp_edge_int24 *weights,
                                         size_t inputs, const mlp_edge_uint24 *x)
{
#ifdef MLP_EDGE_THUMB_SUM_INT24
    return mlp_edge_thumb_sum_int24(sum, weights, inputs, x);
#elif SIZE_MAX > 0xffffffff
    /* Vectors multiply numbers without a sign at once: weights are raised by 2^23. */
    uint64_t raised = 0, total = 0;
    for (size_t i = 0; i < inputs; i++) {
        raised += (uint64_t)(uint32_t)(weights[i] + 0x800000) * x[i];
        total += x[i];
    }
    return sum + (int64_t)(raised - (total << 23));
#else
    const mlp_edge_uint24 *const end = x + inputs;
    do {
        sum += (int64_t)MLP_EDGE_READ_INT24(weights) * *x++;
        weights++;
    } while (x != end);
    return sum;
#endif
}

#endif
