/* A gate: multiplies each unit by the one of another value, y *= x. */
#ifndef MLP_EDGE_KERNEL_TIMES
#define MLP_EDGE_KERNEL_TIMES

#include "flash.h"

static inline void mlp_edge_times(const float *x, size_t count, float *y)
{
    for (size_t i = 0; i < count; i++) {
        y[i] *= x[i];
    }
}

#endif
