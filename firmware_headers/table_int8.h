/* An activation as a table: one byte for each of the 256 results, in place. */
#ifndef MLP_EDGE_KERNEL_TABLE_INT8
#define MLP_EDGE_KERNEL_TABLE_INT8

#include "flash.h"

static inline void mlp_edge_table_int8(const uint8_t *table, size_t count, uint8_t *values)
{
    for (size_t i = 0; i < count; i++) {
        values[i] = MLP_EDGE_READ_UINT8(&table[values[i]]);
    }
}

#endif
