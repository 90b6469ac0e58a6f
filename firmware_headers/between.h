/*
 * A function of integers by nodes, one at every 2^shift, and straight lines between them, rounded
 * half up. There is a node beyond the last integer, so that two always enclose one. The shift is
 * at most 15: the two products, whose factors add up to 2^shift, fit 32 bits together.
 */
#ifndef MLP_EDGE_KERNEL_BETWEEN
#define MLP_EDGE_KERNEL_BETWEEN

#include "flash.h"

static inline uint16_t mlp_edge_between(const uint16_t *nodes, uint8_t shift, uint16_t value)
{
    const uint16_t *const node = nodes + (value >> shift);
    const uint16_t size = (uint16_t)(1u << shift);
    const uint16_t right = (uint16_t)(value & (size - 1u)), left = (uint16_t)(size - right);
    const uint32_t sum = (uint32_t)MLP_EDGE_READ_UINT16(node) * left
                       + (uint32_t)MLP_EDGE_READ_UINT16(node + 1) * right;
    return (uint16_t)((sum + size / 2) >> shift);
}

#endif
