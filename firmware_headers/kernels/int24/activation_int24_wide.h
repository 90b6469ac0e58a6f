/* As mlp_edge_activation_int24, for outputs of the last layer, which have 32 bits each. */
#ifndef MLP_EDGE_KERNEL_ACTIVATION_INT24_WIDE
#define MLP_EDGE_KERNEL_ACTIVATION_INT24_WIDE

#include "int24/polynomial_int24.h"

static inline void mlp_edge_activation_int24_wide(const int32_t *table, uint8_t shift,
    mlp_edge_uint24 high, size_t count, uint32_t *values)
{
    for (size_t i = 0; i < count; i++) {
        values[i] = mlp_edge_polynomial_int24(table, shift, high, (mlp_edge_uint24)values[i]);
    }
}

#endif
