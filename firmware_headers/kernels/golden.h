/* A golden prediction as float32 bits: the same bits, or NaN where NaN is expected. */
#ifndef MLP_EDGE_KERNEL_GOLDEN
#define MLP_EDGE_KERNEL_GOLDEN

#include "from_bits.h"

static inline float mlp_edge_golden(const uint32_t *bits)
{
    return mlp_edge_from_bits(MLP_EDGE_READ_BITS(bits));
}

static inline int mlp_edge_same(float value, uint32_t expected)
{
    const uint32_t bits = mlp_edge_bits(value);
    if ((expected & ~MLP_EDGE_SIGN) > MLP_EDGE_INFINITY) { /* NaN, with any payload */
        return (bits & ~MLP_EDGE_SIGN) > MLP_EDGE_INFINITY;
    }
    return bits == expected;
}

#endif
