/*
 * Whether the predictions of golden rows have to match bit for bit. They do, unless the compiler
 * rounds a product and its sum once, in a fused multiply-add or a wider register. Then the last
 * digits may differ, and each prediction has to be within a proved bound.
 *
 * The self-test detects which of the two applies. #define MLP_EDGE_SELFTEST_BITS 1 always compares
 * bits, 0 always compares with the bound.
 */
#ifndef MLP_EDGE_KERNEL_SELFTEST
#define MLP_EDGE_KERNEL_SELFTEST

#include "float32/dense.h"
#include "golden.h"

#define MLP_EDGE_SELFTEST_DETECTS 2
#ifndef MLP_EDGE_SELFTEST_BITS
#if defined(MLP_EDGE_SOFT_FLOAT)
#define MLP_EDGE_SELFTEST_BITS 1
#elif defined(MLP_EDGE_FUSED)
#define MLP_EDGE_SELFTEST_BITS 0
#else
#define MLP_EDGE_SELFTEST_BITS MLP_EDGE_SELFTEST_DETECTS
#endif
#endif

#if MLP_EDGE_SELFTEST_BITS != 1
/* (1 + 2^-12)^2 - (1 + 2^-11) is 2^-24, which is lost if the square is rounded first. */
static inline int mlp_edge_rounds_once(void)
{
    volatile float factor = 1.000244140625f, addend = -1.00048828125f;
    const float x = factor, sum = x * x + addend;
    return sum != 0.0f;
}

static inline int mlp_edge_near(float value, uint32_t expected, float bound)
{
    const float off = value - mlp_edge_from_bits(expected);
    const float size = off < 0.0f ? -off : off;
    if (mlp_edge_same(value, expected)) {
        return 1;
    }
    if (MLP_EDGE_SELFTEST_BITS == MLP_EDGE_SELFTEST_DETECTS && !mlp_edge_rounds_once()) {
        return 0;
    }
    /* Compared as bits: those of NaN exceed those of any bound, under every compiler flag. */
    return mlp_edge_bits(size) < mlp_edge_bits(bound);
}
#endif

#endif
