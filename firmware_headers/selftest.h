/*
 * Golden answers, as the bits of float32 numbers. An answer has to have the very bits, or to be NaN
 * where NaN is expected. Where MLP_EDGE_SELFTEST_BITS is 0 it has to be near: a chip or a compiler
 * that multiplies and adds in one rounding has bits of its own.
 */
#ifndef MLP_EDGE_KERNEL_SELFTEST
#define MLP_EDGE_KERNEL_SELFTEST

#include "bits.h"
#include "dense.h"

#ifndef MLP_EDGE_SELFTEST_BITS
#ifdef MLP_EDGE_FUSED
#define MLP_EDGE_SELFTEST_BITS 0
#else
#define MLP_EDGE_SELFTEST_BITS 1
#endif
#endif

static inline float mlp_edge_golden(const uint32_t *bits)
{
    return mlp_edge_float(MLP_EDGE_READ_BITS(bits));
}

static inline int mlp_edge_same(float value, uint32_t expected)
{
    const uint32_t bits = mlp_edge_bits(value);
    if ((expected & ~MLP_EDGE_SIGN) > MLP_EDGE_INFINITY) { /* NaN; its payload is free */
        return (bits & ~MLP_EDGE_SIGN) > MLP_EDGE_INFINITY;
    }
    return bits == expected;
}

#if !MLP_EDGE_SELFTEST_BITS
static inline int mlp_edge_near(float value, uint32_t expected, float bound)
{
    const float off = value - mlp_edge_float(expected);
    const float size = off < 0.0f ? -off : off;
    /* Compared as bits: NaN has larger ones than any bound, whatever a compiler makes of it. */
    return mlp_edge_same(value, expected) || mlp_edge_bits(size) < mlp_edge_bits(bound);
}
#endif

#endif
