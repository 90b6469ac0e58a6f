/* relu(x): x where x > 0, otherwise 0; exact. NaN gives 0, as it does in Keras. */
#ifndef MLP_EDGE_KERNEL_RELU
#define MLP_EDGE_KERNEL_RELU

#include "flash.h"

static inline void mlp_edge_relu(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const float x = values[i];
        values[i] = x > 0.0f ? x : 0.0f;
    }
}

#endif
