/*
 * Whether a count is missing: it is INT16_MIN, or it stands for the feature's sentinel.
 * `sentinel` is INT16_MIN where the feature has none.
 */
#ifndef MLP_EDGE_KERNEL_MISSING_RAW
#define MLP_EDGE_KERNEL_MISSING_RAW

#include "flash.h"

static inline int mlp_edge_missing_raw(int16_t reading, int16_t sentinel)
{
    return reading == INT16_MIN || reading == sentinel;
}

#endif
