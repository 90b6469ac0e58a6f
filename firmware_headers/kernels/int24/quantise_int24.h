/*
 * Quantises the inputs of layer 1 to 24 bits each: (x - low) * factor, rounded half to even,
 * clamped to 0..`high`; 0 for NaN. `volatile` rounds each operation by itself: it keeps the
 * compiler from fusing two of them. C leaves the conversion of an infinite or huge float to an
 * integer undefined, so the integer is taken from the bits of the float.
 */
#ifndef MLP_EDGE_KERNEL_QUANTISE_INT24
#define MLP_EDGE_KERNEL_QUANTISE_INT24

#include "avr/quantise_int24.h"
#include "cortex/rounded_product.h"
#include "integers/quantise_bits.h"

static inline uint32_t mlp_edge_rounded_float(float value)
{
    const uint32_t bits = mlp_edge_bits(value), exponent = bits >> 23;
    if (bits - 1 >= MLP_EDGE_INFINITY || exponent < 126) { /* zero, negative, NaN, below 1/2 */
        return 0;
    }
    if (exponent > 150) { /* 2^24 or more */
        return 0xffffffffu;
    }
    /* Twice the 24 digits of the float, and how far they are to the left of the integer's. */
    const uint32_t digits = (bits << 1 & 0xffffffu) | 0x1000000u, by = 151 - exponent;
    const uint32_t odd = digits >> by & 1;
    return (digits + ((uint32_t)1 << (by - 1)) - 1 + odd) >> by;
}

static inline void mlp_edge_quantise_int24(const float *low, const float *factor,
    mlp_edge_uint24 high, size_t count, const float *x, mlp_edge_uint24 *y)
{
#ifdef MLP_EDGE_AVR
    mlp_edge_avr_quantise_int24(low, factor, high, count, x, y);
#else
    for (size_t i = 0; i < count; i++) {
        const float from = MLP_EDGE_READ_FLOAT(&low[i]), by = MLP_EDGE_READ_FLOAT(&factor[i]);
#if defined(MLP_EDGE_FLOAT_UNIT)
        const uint32_t rounded = mlp_edge_rounded_product(x[i], from, by);
#elif defined(MLP_EDGE_SOFT_FLOAT) && !defined(MLP_EDGE_PLAIN_C) && !defined(__AVR__)
        const uint32_t rounded = mlp_edge_quantise_bits(x[i], from, by, high);
#else
        const volatile float above = x[i] - from;
        const volatile float scaled = above * by;
        const uint32_t rounded = mlp_edge_rounded_float(scaled);
#endif
        y[i] = rounded > high ? high : (mlp_edge_uint24)rounded;
    }
#endif
}

#endif
