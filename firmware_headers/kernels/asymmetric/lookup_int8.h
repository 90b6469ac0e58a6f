/* A function of single integers, in place: a table of 256 results, for -128, -127, ... 127. */
#ifndef MLP_EDGE_KERNEL_LOOKUP_INT8
#define MLP_EDGE_KERNEL_LOOKUP_INT8

#include "flash.h"

static inline void mlp_edge_lookup_int8(const int8_t *table, size_t count, int8_t *values)
{
    for (size_t i = 0; i < count; i++) {
        values[i] = MLP_EDGE_READ_INT8(&table[values[i] + 128]);
    }
}

#endif
