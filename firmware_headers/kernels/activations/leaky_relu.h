/* leaky_relu(x): x where x >= 0, otherwise 0.2 x (the slope of Keras 3). NaN stays NaN. */
#ifndef MLP_EDGE_KERNEL_LEAKY_RELU
#define MLP_EDGE_KERNEL_LEAKY_RELU

#include "flash.h"

static inline void mlp_edge_leaky_relu(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const float x = values[i];
        values[i] = x >= 0.0f ? x : 0.2f * x;
    }
}

#endif
