/* An activation of 16-bit integers, in place, from a piecewise-linear table. */
#ifndef MLP_EDGE_KERNEL_ACTIVATION_INT16
#define MLP_EDGE_KERNEL_ACTIVATION_INT16

#include "integers/interpolate.h"

static inline void mlp_edge_activation_int16(const uint16_t *table, uint8_t shift, size_t count,
                                             uint16_t *values)
{
    for (size_t i = 0; i < count; i++) {
        values[i] = mlp_edge_interpolate(table, shift, values[i]);
    }
}

#endif
