/*
 * Requantises a pre-activation of int24: sum / 2^shift, rounded half up, clamped to 0..`high`. A
 * sum is below 2^52, a shift goes from 1 to 47, so half of the divisor can be added first.
 */
#ifndef MLP_EDGE_KERNEL_REQUANTISE_INT24
#define MLP_EDGE_KERNEL_REQUANTISE_INT24

#include "int24/int24.h"
#include "integers/negative.h"

static inline uint32_t mlp_edge_requantise_int24(int64_t sum, uint8_t shift, uint32_t high)
{
    if (MLP_EDGE_NEGATIVE(sum)) {
        return 0;
    }
#if SIZE_MAX == 0xffffffff && !defined(MLP_EDGE_PLAIN_C)
    /* By halves of 32 bits: a shift of 64 bits, by a number that varies, takes longer. */
    uint32_t upper = (uint32_t)((uint64_t)sum >> 32), lower = (uint32_t)sum;
    uint8_t by = (uint8_t)(shift - 1);
    if (by >= 32) {
        lower = upper;
        upper = 0;
        by = (uint8_t)(by - 32);
    }
    if (upper >> by != 0) {
        return high;
    }
    lower = by == 0 ? lower : lower >> by | upper << (32 - by);
    const uint32_t quantised = (lower >> 1) + (lower & 1u);
    return quantised > high ? high : quantised;
#else
    const uint64_t quantised = ((uint64_t)sum + ((uint64_t)1 << (shift - 1))) >> shift;
    return quantised > high ? high : (uint32_t)quantised;
#endif
}

#endif
