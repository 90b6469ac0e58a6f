/* sigmoid(x) = 1 / (1 + e^-x). NaN stays NaN. */
#ifndef MLP_EDGE_KERNEL_SIGMOID
#define MLP_EDGE_KERNEL_SIGMOID

#include "activations/logistic.h"

static inline void mlp_edge_sigmoid(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const float x = values[i];
        values[i] = mlp_edge_logistic(x);
    }
}

#endif
