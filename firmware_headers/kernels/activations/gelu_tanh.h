/*
 * gelu(x) by tanh: x (1 + tanh(y)) / 2 = x / (1 + e^-2y), y = sqrt(2 / pi) (x + 0.044715 x^3). NaN
 * stays NaN; -infinity gives NaN (it times 0).
 */
#ifndef MLP_EDGE_KERNEL_GELU_TANH
#define MLP_EDGE_KERNEL_GELU_TANH

#include "activations/logistic.h"

static inline void mlp_edge_gelu_tanh(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const float x = values[i];
        values[i] = x * mlp_edge_logistic(x * (1.59576912f + 7.13548163e-2f * (x * x)));
    }
}

#endif
