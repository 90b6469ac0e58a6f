/*
 * A piecewise-linear function of an integer: a table with one entry per 2^shift, interpolated and
 * rounded half up. There is one entry beyond the last integer, so x always lies between two. The
 * shift is at most 15, so that the sum, an average times 2^shift, fits 32 bits.
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
    const uint32_t size = (uint32_t)1 << shift, start = MLP_EDGE_READ_UINT16(entry);
    /* Modulo 2^32: where the line falls, the rise is below 0, the sum is not. */
    const uint32_t rise = (uint32_t)MLP_EDGE_READ_UINT16(entry + 1) - start;
    return (uint16_t)(((start << shift) + size / 2 + (x & (size - 1)) * rise) >> shift);
#endif
}

#endif
