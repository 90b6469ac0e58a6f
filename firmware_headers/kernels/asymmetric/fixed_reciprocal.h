/*
 * 1 / (1 + x) in Q0.31 of x from 0 to 1: three steps of Newton's method from 48/17 - 32/17 of half
 * the divisor, with gemmlowp's constants and roundings.
 */
#ifndef MLP_EDGE_KERNEL_FIXED_RECIPROCAL
#define MLP_EDGE_KERNEL_FIXED_RECIPROCAL

#include "asymmetric/twice_rounded.h"

static inline int32_t mlp_edge_fixed_reciprocal(int32_t x)
{
    const int32_t half = (int32_t)(((uint32_t)x + 0x80000000u) >> 1); /* of 1 + x */
    int32_t found = 1515870810 + mlp_edge_high_product(half, -1010580540); /* Q2.29 */
    for (int step = 0; step < 3; step++) {
        const int32_t error = 536870912 - mlp_edge_high_product(half, found);
        found += 4 * mlp_edge_high_product(found, error);
    }
    return found >= 1073741824 ? 2147483647 : 2 * found;
}

#endif
