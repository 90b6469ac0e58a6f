/* An activation in int8, in place: a table with one byte per quantised pre-activation. */
#ifndef MLP_EDGE_KERNEL_ACTIVATION_INT8
#define MLP_EDGE_KERNEL_ACTIVATION_INT8

#include "flash.h"

static inline void mlp_edge_activation_int8(const uint8_t *table, size_t count, uint8_t *values)
{
    for (size_t i = 0; i < count; i++) {
        values[i] = MLP_EDGE_READ_UINT8(&table[values[i]]);
    }
}

#endif
