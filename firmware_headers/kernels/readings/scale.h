/*
 * Standardisation: (x - mean) * reciprocal. The reciprocal of the standard deviation is stored
 * because a microcontroller multiplies three times faster than it divides. y may be x.
 */
#ifndef MLP_EDGE_KERNEL_SCALE
#define MLP_EDGE_KERNEL_SCALE

#include "flash.h"

static inline void mlp_edge_scale(const float *mean, const float *reciprocal, size_t count,
                                  const float *x, float *y)
{
    for (size_t i = 0; i < count; i++) {
        y[i] = (x[i] - MLP_EDGE_READ_FLOAT(&mean[i])) * MLP_EDGE_READ_FLOAT(&reciprocal[i]);
    }
}

#endif
