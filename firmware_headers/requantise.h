/*
 * From a sum to a result: sum * multiplier / 2^shift, rounded half up; 0 where the sum is negative.
 * It is for layers whose products fit 32 bits, which the exporter has proved of each that calls it.
 */
#ifndef MLP_EDGE_KERNEL_REQUANTISE
#define MLP_EDGE_KERNEL_REQUANTISE

#include "rounded_shift.h"

static inline uint32_t mlp_edge_requantise(int32_t sum, uint16_t multiplier, uint8_t shift)
{
    return sum < 0 ? 0 : mlp_edge_rounded_shift((uint32_t)sum * multiplier, shift);
}

#endif
