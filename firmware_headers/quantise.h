/*
 * A reading as an integer: (x - low) * factor, clamped to 0 and `high`, rounded half to even; 0 for
 * NaN. Each operation is rounded by itself: volatile keeps a compiler from fusing two of them, and
 * -ffast-math from taking the constant away again. No float is converted to an integer, which for
 * an infinity or a huge reading C leaves undefined: what is compared and cut out are bits.
 */
#ifndef MLP_EDGE_KERNEL_QUANTISE
#define MLP_EDGE_KERNEL_QUANTISE

#include "bits.h"

static inline uint16_t mlp_edge_quantise(float x, float low, float factor, float high)
{
    const volatile float above = x - low;
    const volatile float scaled = above * factor;
    const float value = scaled;
    uint32_t bits = mlp_edge_bits(value);
    if (bits - 1 >= MLP_EDGE_INFINITY) { /* 0, NaN or a sign */
        return 0;
    }
    if (bits > mlp_edge_bits(high)) {
        bits = mlp_edge_bits(high);
    }
    /* Beside 1.5 * 2^23 a float has no fraction, and its last 16 bits are the integer. */
    const volatile float shifted = mlp_edge_float(bits) + 12582912.0f;
    const float rounded = shifted;
    return (uint16_t)mlp_edge_bits(rounded);
}

#endif
