/*
 * Requantises a pre-activation: sum * multiplier / 2^shift, rounded half up; 0 where it is
 * negative. The exporter has proved that the product fits 32 bits in every layer that calls this.
 */
#ifndef MLP_EDGE_KERNEL_REQUANTISE
#define MLP_EDGE_KERNEL_REQUANTISE

#include "rounded_shift.h"

static inline uint32_t mlp_edge_requantise(int32_t sum, uint16_t multiplier, uint8_t shift)
{
    return sum < 0 ? 0 : mlp_edge_rounded_shift((uint32_t)sum * multiplier, shift);
}

#endif
