/*
 * A function of an integer, below 2^24, by polynomials: one of degree 5 for each 2^shift integers,
 * its coefficients in 1/32, the constant first; its variable goes from 0 to 1. Products are rounded
 * down, the result half up. The exporter has proved that nothing leaves 32 bits.
 */
#ifndef MLP_EDGE_KERNEL_POLYNOMIAL_INT24
#define MLP_EDGE_KERNEL_POLYNOMIAL_INT24

#include "int24/scaled_int24.h"

static inline mlp_edge_uint24 mlp_edge_polynomial_int24(const int32_t *table, uint8_t shift,
                                                        mlp_edge_uint24 high, mlp_edge_uint24 x)
{
    const size_t segment = (size_t)(x >> shift);
    const mlp_edge_uint24 beyond = x - (mlp_edge_uint24)((uint32_t)segment << shift);
    const mlp_edge_uint24 variable = (mlp_edge_uint24)((uint32_t)beyond << (24 - shift));
    const int32_t *coefficient = table + 6 * segment + 5;
    int32_t value = MLP_EDGE_READ_INT32(coefficient);
    for (uint8_t power = 5; power > 0; power--) {
        coefficient--;
        value = MLP_EDGE_READ_INT32(coefficient) + mlp_edge_scaled_int24(value, variable);
    }
    if (value < 0) {
        return 0;
    }
    const uint32_t rounded = ((uint32_t)value + 16) >> 5;
    return rounded > high ? high : (mlp_edge_uint24)rounded;
}

#endif
