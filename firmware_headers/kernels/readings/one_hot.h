/*
 * One-hot encoding of a category: one input per code, 1 where the reading equals it, otherwise 0. A
 * reading that equals none gives zeros. y may begin at x: the reading is read before y is written.
 */
#ifndef MLP_EDGE_KERNEL_ONE_HOT
#define MLP_EDGE_KERNEL_ONE_HOT

#include "flash.h"

static inline void mlp_edge_one_hot(const float *codes, size_t count, const float *x, float *y)
{
    const float reading = *x;
    for (size_t i = 0; i < count; i++) {
        y[i] = reading == MLP_EDGE_READ_FLOAT(&codes[i]) ? 1.0f : 0.0f;
    }
}

#endif
