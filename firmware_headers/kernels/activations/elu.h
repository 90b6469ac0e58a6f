/* elu(x): x where x >= 0, otherwise e^x - 1. NaN stays NaN. */
#ifndef MLP_EDGE_KERNEL_ELU
#define MLP_EDGE_KERNEL_ELU

#include "activations/expm1.h"

static inline void mlp_edge_elu(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const float x = values[i];
        values[i] = x < 0.0f ? mlp_edge_expm1(x) : x;
    }
}

#endif
