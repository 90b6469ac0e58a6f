/*
 * Whether golden answers of a network in float32 have to have the very bits. Where
 * MLP_EDGE_SELFTEST_BITS is 0 they have to be near: a chip or a compiler that multiplies and adds
 * in one rounding has bits of its own.
 */
#ifndef MLP_EDGE_KERNEL_SELFTEST
#define MLP_EDGE_KERNEL_SELFTEST

#include "dense.h"
#include "same.h"

#ifndef MLP_EDGE_SELFTEST_BITS
#ifdef MLP_EDGE_FUSED
#define MLP_EDGE_SELFTEST_BITS 0
#else
#define MLP_EDGE_SELFTEST_BITS 1
#endif
#endif

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
