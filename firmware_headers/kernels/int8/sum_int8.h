/*
 * The pre-activation of a neuron: bias + weights x, exact. The exporter has proved that no partial
 * sum leaves 32 bits. Weight and input have 8 bits each, so AVR multiplies them in one instruction.
 */
#ifndef MLP_EDGE_KERNEL_SUM_INT8
#define MLP_EDGE_KERNEL_SUM_INT8

#include "avr/sum_int8.h"
#include "cortex/four_products.h"

static inline int32_t mlp_edge_sum_int8(int32_t sum, const int8_t *weights, size_t inputs,
                                        const uint8_t *x)
{
#ifdef MLP_EDGE_AVR
    return mlp_edge_avr_sum_int8(sum, weights, inputs, x);
#else
#ifdef MLP_EDGE_DSP
    for (size_t fours = inputs / 4; fours > 0; fours--) {
        sum = mlp_edge_dsp_four_products(sum, weights, x);
        weights += 4;
        x += 4;
    }
    inputs %= 4;
#endif
    for (const uint8_t *const end = x + inputs; x != end; x++) {
        sum += (int32_t)MLP_EDGE_READ_INT8(weights) * (int16_t)*x;
        weights++;
    }
    return sum;
#endif
}

#endif
