/* Inputs that tell the network what is missing: 1 where the reading is missing, otherwise 0. */
#ifndef MLP_EDGE_KERNEL_INDICATE
#define MLP_EDGE_KERNEL_INDICATE

#include "readings/missing.h"

static inline void mlp_edge_indicate(const float *sentinels, size_t count, const float *x,
                                     float *y)
{
    for (size_t i = 0; i < count; i++) {
        y[i] = mlp_edge_missing(sentinels, x, i) ? 1.0f : 0.0f;
    }
}

#endif
