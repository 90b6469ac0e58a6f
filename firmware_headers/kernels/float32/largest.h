/* The index of the largest output, the first of equals; -1 if any output is NaN or infinite. */
#ifndef MLP_EDGE_KERNEL_LARGEST
#define MLP_EDGE_KERNEL_LARGEST

#include "finite.h"

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
