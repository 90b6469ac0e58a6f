/* The class of a binary model: 1 above the threshold, else 0; -1 for NaN and infinities. */
#ifndef MLP_EDGE_KERNEL_ABOVE
#define MLP_EDGE_KERNEL_ABOVE

#include "finite.h"

static inline int mlp_edge_above(const float *output, float threshold)
{
    return mlp_edge_finite(output) ? *output > threshold : -1;
}

#endif
