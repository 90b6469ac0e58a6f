/*
 * A dense layer in int8. The weights hold one row of `inputs` per neuron. Each pre-activation is
 * requantised to 0..255; clamping at 0 is the relu. The exporter has proved that pre-activations
 * fit 24 bits, and their products 32. x and y must not overlap.
 */
#ifndef MLP_EDGE_KERNEL_DENSE_INT8
#define MLP_EDGE_KERNEL_DENSE_INT8

#include "avr/dense_int8.h"
#include "cortex/dense_int8.h"
#include "requantise.h"
#include "sums_int8.h"

static inline void mlp_edge_dense_int8(const int8_t *weights, const int32_t *bias,
    const uint16_t *multiplier, const uint8_t *shift, size_t inputs, size_t outputs,
    const uint8_t *x, uint8_t *y)
{
#ifdef MLP_EDGE_AVR
    if (inputs <= 255) {
        mlp_edge_avr_dense_int8(weights, bias, multiplier, shift, inputs, outputs, x, y, 1);
        return;
    }
#endif
    size_t i = 0;
#if defined(MLP_EDGE_THUMB)
    if (outputs >= 4) {
        i = outputs - outputs % 4;
        mlp_edge_thumb_dense_int8(weights, bias, multiplier, shift, inputs, i, x, y);
    }
#elif MLP_EDGE_AT_ONCE == 4
    for (; i + 4 <= outputs; i += 4) {
        int32_t sums[4];
        mlp_edge_four_sums_int8(weights + i * inputs, bias + i, inputs, x, sums);
        for (size_t j = 0; j < 4; j++) {
            y[i + j] = (uint8_t)mlp_edge_requantise(sums[j], multiplier[i + j], shift[i + j]);
        }
    }
#endif
    for (; i < outputs; i++) {
        const int32_t start = MLP_EDGE_READ_INT32(&bias[i]);
        y[i] = (uint8_t)mlp_edge_requantise(
            mlp_edge_sum_int8(start, weights + i * inputs, inputs, x),
            MLP_EDGE_READ_UINT16(&multiplier[i]), MLP_EDGE_READ_UINT8(&shift[i]));
    }
}

#endif
