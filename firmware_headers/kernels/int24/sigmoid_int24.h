/*
 * Predictions of int24 by a sigmoid, 1 / (1 + 2^-x), where x is quantised - `zero` in units of
 * 2^-octave. The sum and the quotient are the only roundings. (volatile: -ffast-math would multiply
 * by a reciprocal instead.)
 */
#ifndef MLP_EDGE_KERNEL_SIGMOID_INT24
#define MLP_EDGE_KERNEL_SIGMOID_INT24

#include "int24/exponential_int24.h"
#include "integers/quotient.h"
#include "integers/sum_bits.h"
#include "avr/sigmoid_int24.h"

static inline void mlp_edge_sigmoid_int24(const int32_t *zero, uint8_t octave, size_t count,
                                          const uint32_t *quantised, float *outputs)
{
    for (size_t i = 0; i < count; i++) {
        const int32_t x = (int32_t)quantised[i] - MLP_EDGE_READ_INT32(&zero[i]);
        const uint32_t size = x < 0 ? 0u - (uint32_t)x : (uint32_t)x;
        const float power = mlp_edge_exponential_int24(size, octave, 0);
#ifdef MLP_EDGE_AVR
        outputs[i] = mlp_edge_avr_sigmoid(power, x < 0);
#else
#ifdef MLP_EDGE_SUM_BITS
        const float sum = mlp_edge_sum_bits(mlp_edge_bits(1.0f), mlp_edge_bits(power));
#else
        const volatile float sum = 1.0f + power;
#endif
#ifdef MLP_EDGE_QUOTIENT
        outputs[i] = mlp_edge_quotient(x < 0 ? power : 1.0f, sum);
#else
        outputs[i] = (x < 0 ? power : 1.0f) / sum;
#endif
#endif
    }
}

#endif
