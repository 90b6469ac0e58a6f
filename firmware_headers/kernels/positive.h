/* Whether x > 0: the bits from the smallest positive number to infinity. NaN is not. */
#ifndef MLP_EDGE_KERNEL_POSITIVE
#define MLP_EDGE_KERNEL_POSITIVE

#include "bits.h"

static inline int mlp_edge_positive(float x)
{
    return mlp_edge_bits(x) - 1 < MLP_EDGE_INFINITY;
}

#endif
