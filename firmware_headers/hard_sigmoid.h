/* hard_sigmoid(x): (x + 3) / 6, clipped to 0 and 1. NaN stays NaN. */
#ifndef MLP_EDGE_KERNEL_HARD_SIGMOID
#define MLP_EDGE_KERNEL_HARD_SIGMOID

#include "flash.h"

static inline void mlp_edge_hard_sigmoid(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const float x = values[i];
        values[i] = x < -3.0f ? 0.0f : x > 3.0f ? 1.0f : (x + 3.0f) / 6.0f;
    }
}

#endif
