/*
 * From outputs to a class. Both answer -1 where an output is not finite: no class, rather than a
 * plausible one.
 */
#ifndef MLP_EDGE_KERNEL_CHOOSE
#define MLP_EDGE_KERNEL_CHOOSE

#include "bits.h"

/* 1 where the output is above the threshold, else 0. */
static inline int mlp_edge_above(const float *output, float threshold)
{
    return mlp_edge_finite(output) ? *output > threshold : -1;
}

/* Which output is the largest, the first of equals. */
static inline int mlp_edge_largest(const float *outputs, size_t count)
{
    size_t best = 0;
    for (size_t i = 0; i < count; i++) {
        if (!mlp_edge_finite(&outputs[i])) {
            return -1;
        }
        best = outputs[i] > outputs[best] ? i : best;
    }
    return (int)best;
}

#endif
