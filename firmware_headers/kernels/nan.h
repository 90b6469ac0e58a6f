/*
 * Whether a number is NaN. It is read from memory, as bits: of a float passed by value, -ffast-math
 * lets the compiler assume that it is not NaN.
 */
#ifndef MLP_EDGE_KERNEL_NAN
#define MLP_EDGE_KERNEL_NAN

#include "bits.h"

static inline int mlp_edge_nan(const float *x)
{
    const float value = *x;
    return (mlp_edge_bits(value) & ~MLP_EDGE_SIGN) > MLP_EDGE_INFINITY;
}

#endif
