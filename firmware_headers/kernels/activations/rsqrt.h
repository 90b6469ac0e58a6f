/*
 * rsqrt(x) = 1 / sqrt(x). NaN stays NaN; a negative number gives NaN, infinity gives 0, and a
 * number below 2^-126 counts as 0, which gives infinity with its sign.
 *
 * Three of Newton's steps, in which the error is squared, from a guess by the exponent that is off
 * by 3.5 % at most: sqrtf would take libm. The result is off by 1e-7 of itself at most.
 */
#ifndef MLP_EDGE_KERNEL_RSQRT
#define MLP_EDGE_KERNEL_RSQRT

#include "from_bits.h"

static inline float mlp_edge_rsqrt_of(float x)
{
    const uint32_t bits = mlp_edge_bits(x), size = bits & ~MLP_EDGE_SIGN;
    if (size < 0x00800000u) { /* 2^-126 */
        return mlp_edge_from_bits((bits & MLP_EDGE_SIGN) | MLP_EDGE_INFINITY);
    }
    if (bits >= MLP_EDGE_INFINITY) {
        return size > MLP_EDGE_INFINITY ? x : mlp_edge_from_bits(bits == size ? 0u : 0x7fc00000u);
    }
    float y = mlp_edge_from_bits(0x5f375a86u - (bits >> 1));
    for (int step = 0; step < 3; step++) {
        y += y * (0.5f - x * y * (0.5f * y));
    }
    return y;
}

static inline void mlp_edge_rsqrt(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        values[i] = mlp_edge_rsqrt_of(values[i]);
    }
}

#endif
