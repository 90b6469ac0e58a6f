/*
 * Predictions of int24 by a softmax, shares of 2^(logit / 2^octave), from how far each logit is
 * below the largest. The exponentials are added up as integers, in 2^-24 of the largest; their sum
 * is rounded to a float, and each quotient. (volatile: -ffast-math would multiply by a reciprocal
 * instead.)
 */
#ifndef MLP_EDGE_KERNEL_SOFTMAX_INT24
#define MLP_EDGE_KERNEL_SOFTMAX_INT24

#include "exponential_int24.h"
#include "avr/divide_float.h"

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
        sum += (uint32_t)outputs[i]; /* rounded down */
    }
    const volatile float total = (float)sum;
    for (size_t i = 0; i < count; i++) {
#ifdef MLP_EDGE_AVR
        outputs[i] = mlp_edge_avr_quotient(outputs[i], total);
#else
        outputs[i] = outputs[i] / total;
#endif
    }
}

#endif
