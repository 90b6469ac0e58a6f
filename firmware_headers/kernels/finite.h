/*
 * Whether a number is neither NaN nor infinite. It is read from memory, as bits: of a float passed
 * by value, -ffast-math lets the compiler assume that it is finite.
 */
#ifndef MLP_EDGE_KERNEL_FINITE
#define MLP_EDGE_KERNEL_FINITE

#include "bits.h"

static inline int mlp_edge_finite(const float *x)
{
    const float value = *x;
    return (mlp_edge_bits(value) & ~MLP_EDGE_SIGN) < MLP_EDGE_INFINITY;
}

#endif
