/*
 * Predictions of int24 by a softmax, shares of 2^(logit / 2^octave), from how far each logit is
 * below the largest. The exponentials are added up as integers, in 2^-24 of the largest; their sum
 * is rounded to a float, and each quotient. (volatile: -ffast-math would multiply by a reciprocal
 * instead.)
 */
#ifndef MLP_EDGE_KERNEL_SOFTMAX_INT24
#define MLP_EDGE_KERNEL_SOFTMAX_INT24

#include "int24/exponential_int24.h"
#include "integers/quotient.h"
#include "avr/quotient.h"
#include "integers/rounded_bits.h"

/* A float from 0 to 2^24, rounded down to an integer. */
static inline uint32_t mlp_edge_whole_int24(float x)
{
#if defined(MLP_EDGE_SOFT_FLOAT) && !defined(__AVR__) && !defined(MLP_EDGE_PLAIN_C)
    /* By its bits: a conversion is a call, and takes longer but on AVR, which shifts bit by bit. */
    const uint32_t bits = mlp_edge_bits(x), exponent = bits >> 23;
    const uint32_t digits = (bits & 0x7fffffu) | 0x800000u;
    return exponent < 127 ? 0 : exponent > 150 ? 0x1000000u : digits >> (150 - exponent);
#else
    return (uint32_t)x;
#endif
}

static inline void mlp_edge_softmax_int24(uint8_t octave, size_t count, const uint32_t *logits,
                                          float *outputs)
{
    uint32_t largest = 0;
    for (size_t i = 0; i < count; i++) {
        largest = logits[i] > largest ? logits[i] : largest;
    }
    uint32_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        outputs[i] = mlp_edge_exponential_int24(largest - logits[i], octave, 24);
        sum += mlp_edge_whole_int24(outputs[i]);
    }
#ifdef MLP_EDGE_SUM_BITS
    const float total = mlp_edge_from_bits(mlp_edge_rounded_bits(sum, 158));
#else
    const volatile float total = (float)sum;
#endif
    for (size_t i = 0; i < count; i++) {
#if defined(MLP_EDGE_AVR)
        outputs[i] = mlp_edge_avr_quotient(outputs[i], total);
#elif defined(MLP_EDGE_QUOTIENT)
        outputs[i] = mlp_edge_quotient(outputs[i], total);
#else
        outputs[i] = outputs[i] / total;
#endif
    }
}

#endif
