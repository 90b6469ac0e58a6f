/*
 * A piecewise-linear function of an integer: a table with one entry per 2^shift, interpolated and
 * rounded half up. There is one entry beyond the last integer, so x always lies between two. The
 * shift is at most 15, so that the two products, whose factors add up to 2^shift, fit 32 bits.
 */
#ifndef MLP_EDGE_KERNEL_INTERPOLATE
#define MLP_EDGE_KERNEL_INTERPOLATE

#include "avr/interpolate.h"

static inline uint16_t mlp_edge_interpolate(const uint16_t *table, uint8_t shift, uint16_t x)
{
#ifdef MLP_EDGE_AVR
    return mlp_edge_avr_interpolate(table, shift, x);
#else
    const uint16_t *const entry = table + (x >> shift);
    const uint16_t size = (uint16_t)(1u << shift);
    const uint16_t right = (uint16_t)(x & (size - 1u)), left = (uint16_t)(size - right);
    const uint32_t sum = (uint32_t)MLP_EDGE_READ_UINT16(entry) * left
                       + (uint32_t)MLP_EDGE_READ_UINT16(entry + 1) * right;
    return (uint16_t)((sum + size / 2) >> shift);
#endif
}

#endif
