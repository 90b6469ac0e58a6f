/*
 * selu(x): scale x where x >= 0, otherwise scale alpha (e^x - 1), with scale 1.05070098 and
 * scale alpha 1.75809934 (Klambauer et al., 2017). NaN stays NaN.
 */
#ifndef MLP_EDGE_KERNEL_SELU
#define MLP_EDGE_KERNEL_SELU

#include "activations/expm1.h"

static inline void mlp_edge_selu(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const float x = values[i];
        values[i] = x < 0.0f ? 1.75809934f * mlp_edge_expm1(x) : 1.05070098f * x;
    }
}

#endif
