/*
 * Requantises a pre-activation of int24: sum / 2^shift, rounded half up, clamped to 0..`high`. A
 * sum is below 2^52, a shift goes from 1 to 47, so half of the divisor can be added first.
 */
#ifndef MLP_EDGE_KERNEL_REQUANTISE_INT24
#define MLP_EDGE_KERNEL_REQUANTISE_INT24

#include "int24.h"

static inline uint32_t mlp_edge_requantise_int24(int64_t sum, uint8_t shift, uint32_t high)
{
    if (sum < 0) {
        return 0;
    }
    const uint64_t quantised = ((uint64_t)sum + ((uint64_t)1 << (shift - 1))) >> shift;
    return quantised > high ? high : (uint32_t)quantised;
}

#endif
