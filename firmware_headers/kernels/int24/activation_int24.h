/* An activation of int24, in place, by polynomials. */
#ifndef MLP_EDGE_KERNEL_ACTIVATION_INT24
#define MLP_EDGE_KERNEL_ACTIVATION_INT24

#include "int24/polynomial_int24.h"

static inline void mlp_edge_activation_int24(const int32_t *table, uint8_t shift,
    mlp_edge_uint24 high, size_t count, mlp_edge_uint24 *values)
{
    for (size_t i = 0; i < count; i++) {
        values[i] = mlp_edge_polynomial_int24(table, shift, high, values[i]);
    }
}

#endif
