/*
 * 2^-x, times 2^24, of x from 0 to 1, times 2^24: a polynomial in integers, off by at most 0.76. It
 * never rises with x, and falls by at most 1 from one x to the next.
 */
#ifndef MLP_EDGE_KERNEL_POWER_INT24
#define MLP_EDGE_KERNEL_POWER_INT24

#include "int24/scaled_int24.h"

static inline uint32_t mlp_edge_power_int24(mlp_edge_uint24 x)
{
    int32_t value = 346721 - mlp_edge_scaled_int24(30849, x);
    value = 2576185 - mlp_edge_scaled_int24(value, x);
    value = 14897961 - mlp_edge_scaled_int24(value, x);
    value = 64485200 - mlp_edge_scaled_int24(value, x);
    value = 186065278 - mlp_edge_scaled_int24(value, x);
    value = 268435456 - mlp_edge_scaled_int24(value, x);
    return (uint32_t)(value + 8) >> 4;
}

#endif
