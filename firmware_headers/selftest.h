/*
 * Golden rows and their answers, as the bits of float32 numbers. An answer has to have the very
 * bits, or to be NaN where NaN is expected. With a tolerance it may be off by that, times its size
 * where it is larger than 1: for a chip that multiplies and adds in one rounding.
 */
#ifndef MLP_EDGE_KERNEL_SELFTEST
#define MLP_EDGE_KERNEL_SELFTEST

#include "bits.h"
#include "dense.h"

#ifndef MLP_EDGE_SELFTEST_TOLERANCE
#ifdef MLP_EDGE_FUSED
#define MLP_EDGE_SELFTEST_TOLERANCE 1e-5f
#else
#define MLP_EDGE_SELFTEST_TOLERANCE 0.0f
#endif
#endif

static inline float mlp_edge_golden(const uint32_t *bits)
{
    return mlp_edge_float(MLP_EDGE_READ_BITS(bits));
}

static inline int mlp_edge_agrees(float value, const uint32_t *golden)
{
    const uint32_t bits = mlp_edge_bits(value), expected_bits = MLP_EDGE_READ_BITS(golden);
    if ((expected_bits & ~MLP_EDGE_SIGN) > MLP_EDGE_INFINITY) { /* NaN; its payload is free */
        return (bits & ~MLP_EDGE_SIGN) > MLP_EDGE_INFINITY;
    }
    if (bits == expected_bits) {
        return 1;
    }
    const float expected = mlp_edge_float(expected_bits);
    const float size = expected < 0.0f ? -expected : expected;
    const float off = value < expected ? expected - value : value - expected;
    return off < MLP_EDGE_SELFTEST_TOLERANCE * (size > 1.0f ? size : 1.0f);
}

#endif
