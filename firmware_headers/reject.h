/*
 * The guard in front of a network: where a reading is missing that nothing stands in for, every
 * output becomes NaN, and nothing is computed. A NaN would come through the layers by itself, a
 * sentinel or a category would not.
 */
#ifndef MLP_EDGE_KERNEL_REJECT
#define MLP_EDGE_KERNEL_REJECT

#include "missing.h"

static inline int mlp_edge_any_missing(const float *sentinels, size_t count, const float *x)
{
    for (size_t i = 0; i < count; i++) {
        if (mlp_edge_missing(sentinels, x, i)) {
            return 1;
        }
    }
    return 0;
}

static inline void mlp_edge_reject(float *values, size_t count)
{
    const uint32_t bits = 0x7fc00000u; /* a quiet NaN, as IEEE 754 writes it */
    float nan;
    memcpy(&nan, &bits, sizeof nan);
    for (size_t i = 0; i < count; i++) {
        values[i] = nan;
    }
}

#endif
