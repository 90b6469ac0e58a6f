/* tanh(x) = (1 - e^-2|x|) / (1 + e^-2|x|), with the sign of x. NaN stays NaN. */
#ifndef MLP_EDGE_KERNEL_TANH
#define MLP_EDGE_KERNEL_TANH

#include "activations/expm1.h"

static inline float mlp_edge_tanh_of(float x)
{
    const float t = mlp_edge_expm1(x < 0.0f ? 2.0f * x : -2.0f * x);
    return (x < 0.0f ? t : -t) / (2.0f + t);
}

static inline void mlp_edge_tanh(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const float x = values[i];
        values[i] = mlp_edge_tanh_of(x);
    }
}

#endif
