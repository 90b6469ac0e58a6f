/*
 * Quantises an input: (x - low) * factor, clamped to 0..`high`, rounded half to even; 0 for NaN.
 * `volatile` rounds each operation by itself: it keeps the compiler from fusing two of them, and
 * -ffast-math from cancelling the constant. C leaves the conversion of an infinite or huge float to
 * an integer undefined, so the integer is taken from the bits of the float.
 */
#ifndef MLP_EDGE_KERNEL_QUANTISE
#define MLP_EDGE_KERNEL_QUANTISE

#include "cortex/rounded_product.h"
#include "from_bits.h"
#include "integers/quantise_bits.h"

#ifdef MLP_EDGE_FLOAT_UNIT

static inline uint16_t mlp_edge_quantise(float x, float low, float factor, float high)
{
    const uint32_t rounded = mlp_edge_rounded_product(x, low, factor), most = (uint32_t)high;
    return (uint16_t)(rounded > most ? most : rounded);
}

#elif defined(MLP_EDGE_SOFT_FLOAT) && !defined(__AVR__) && !defined(MLP_EDGE_PLAIN_C)

static inline uint16_t mlp_edge_quantise(float x, float low, float factor, float high)
{
    return (uint16_t)mlp_edge_quantise_bits(x, low, factor, (uint32_t)high);
}

#else

static inline uint16_t mlp_edge_quantise(float x, float low, float factor, float high)
{
    const volatile float above = x - low;
    const volatile float scaled = above * factor;
    const float value = scaled;
    uint32_t bits = mlp_edge_bits(value);
    if (bits - 1 >= MLP_EDGE_INFINITY) { /* zero, negative or NaN */
        return 0;
    }
    if (bits > mlp_edge_bits(high)) {
        bits = mlp_edge_bits(high);
    }
    /* Added to 1.5 * 2^23, a float has no fraction: its last 16 bits are the integer. */
    const volatile float shifted = mlp_edge_from_bits(bits) + 12582912.0f;
    const float rounded = shifted;
    return (uint16_t)mlp_edge_bits(rounded);
}

#endif

#endif
