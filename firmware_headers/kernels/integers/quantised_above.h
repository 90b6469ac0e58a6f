/*
 * The class of a binary model from its quantised output: 1 above the limit, else 0. The limit is -1
 * where every output is above it. The exporter has tried every output, so this is the class that
 * the prediction stands for.
 */
#ifndef MLP_EDGE_KERNEL_QUANTISED_ABOVE
#define MLP_EDGE_KERNEL_QUANTISED_ABOVE

#include "flash.h"

static inline int mlp_edge_quantised_above(uint32_t output, int32_t limit)
{
    return (int32_t)output > limit;
}

#endif
