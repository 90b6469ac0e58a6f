/* sum + weights[i] x, rounded as mlp_edge_dense rounds it; `weights` is NULL for ones. */
#ifndef MLP_EDGE_KERNEL_MULTIPLY_ADD
#define MLP_EDGE_KERNEL_MULTIPLY_ADD

#include "bits.h"

static inline float mlp_edge_multiply_add(const float *weights, size_t i, float x, float sum)
{
    if (weights == NULL) {
        return sum + x;
    }
#ifdef MLP_EDGE_FUSED
    return __builtin_fmaf(weights[i], x, sum);
#else
    return sum + MLP_EDGE_READ_FLOAT(&weights[i]) * x;
#endif
}

#endif
