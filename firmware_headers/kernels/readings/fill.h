/*
 * Replaces missing readings by their fills, such as the median of a column of the training data.
 * The other readings pass unchanged.
 */
#ifndef MLP_EDGE_KERNEL_FILL
#define MLP_EDGE_KERNEL_FILL

#include "readings/missing.h"

static inline void mlp_edge_fill(const float *fills, const float *sentinels, size_t count,
                                 const float *x, float *y)
{
    for (size_t i = 0; i < count; i++) {
        y[i] = mlp_edge_missing(sentinels, x, i) ? MLP_EDGE_READ_FLOAT(&fills[i]) : x[i];
    }
}

#endif
