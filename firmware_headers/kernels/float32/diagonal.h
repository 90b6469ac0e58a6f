/*
 * A layer whose weights are a diagonal: y = w x + b, unit by unit, rounded as mlp_edge_dense rounds
 * it. `weights` is NULL where all are 1, `bias` where there is none. y may be x.
 */
#ifndef MLP_EDGE_KERNEL_DIAGONAL
#define MLP_EDGE_KERNEL_DIAGONAL

#include "float32/multiply_add.h"

static inline void mlp_edge_diagonal(const float *weights, const float *bias, size_t count,
                                     const float *x, float *y)
{
    for (size_t i = 0; i < count; i++) {
        if (bias == NULL) {
            y[i] = MLP_EDGE_READ_FLOAT(&weights[i]) * x[i];
        } else {
            y[i] = mlp_edge_multiply_add(weights, i, x[i], MLP_EDGE_READ_FLOAT(&bias[i]));
        }
    }
}

#endif
