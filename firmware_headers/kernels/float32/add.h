/*
 * Adds a value to the sums of a layer whose weights are several diagonals: y += w x, unit by unit.
 * `weights` is NULL for ones.
 */
#ifndef MLP_EDGE_KERNEL_ADD
#define MLP_EDGE_KERNEL_ADD

#include "float32/multiply_add.h"

static inline void mlp_edge_add(const float *weights, size_t count, const float *x, float *y)
{
    for (size_t i = 0; i < count; i++) {
        y[i] = mlp_edge_multiply_add(weights, i, x[i], y[i]);
    }
}

#endif
