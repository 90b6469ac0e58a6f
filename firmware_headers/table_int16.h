/* An activation of 16-bit integers, or of answers, by nodes and straight lines; in place. */
#ifndef MLP_EDGE_KERNEL_TABLE_INT16
#define MLP_EDGE_KERNEL_TABLE_INT16

#include "between.h"

static inline void mlp_edge_table_int16(const uint16_t *nodes, uint8_t shift, size_t count,
                                        uint16_t *values)
{
    for (size_t i = 0; i < count; i++) {
        values[i] = mlp_edge_between(nodes, shift, values[i]);
    }
}

#endif
