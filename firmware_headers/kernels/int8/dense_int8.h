/*
 * A dense layer in int8. The weights hold one row of `inputs` per neuron. Each pre-activation is
 * requantised to 0..255; clamping at 0 is the relu. The exporter has proved that pre-activations
 * fit 24 bits, and their products 32. x and y must not overlap.
 */
#ifndef MLP_EDGE_KERNEL_DENSE_INT8
#define MLP_EDGE_KERNEL_DENSE_INT8

#include "avr/dense_int8.h"
#include "cortex/dense_int8.h"
#include "cortex/small_layer_int8.h"
#include "integers/requantise.h"
#include "int8/sums_int8.h"

MLP_EDGE_DSP_INLINED
#ifdef MLP_EDGE_THUMB_1
MLP_EDGE_INLINED
#endif
static inline void mlp_edge_dense_int8(const int8_t *weights, const int32_t *bias,
    const mlp_edge_multiplier *multiplier, const uint8_t *shift, size_t inputs, size_t outputs,
    const uint8_t *x, uint8_t *y)
{
#ifdef MLP_EDGE_AVR
    if (inputs <= 255) {
        mlp_edge_avr_dense_int8(weights, bias, multiplier, shift, inputs, outputs, x, y, 1);
        return;
    }
#endif
#ifdef MLP_EDGE_THUMB_1
    if (inputs * outputs <= MLP_EDGE_THUMB_SMALL) {
        mlp_edge_thumb_small_layer_int8(multiplier, weights, shift, y, inputs, outputs, bias,
                                        (uintptr_t)(x + inputs), 1);
        return;
    }
#endif
#if defined(MLP_EDGE_THUMB)
    const size_t fours = outputs - outputs % 4;
    if (fours > 0) {
        mlp_edge_thumb_dense_int8(weights, bias, multiplier, shift, inputs, fours, x, y);
        weights += fours * inputs;
        bias += fours;
        multiplier += fours;
        shift += fours;
        y += fours;
        outputs %= 4;
    }
#elif MLP_EDGE_AT_ONCE == 4
    for (size_t fours = outputs / 4; fours > 0; fours--) {
        int32_t sums[4];
        mlp_edge_four_sums_int8(weights, bias, inputs, x, sums);
        for (size_t i = 0; i < 4; i++) {
            y[i] = (uint8_t)mlp_edge_requantise(sums[i], MLP_EDGE_READ_UINT16(&multiplier[i]),
                                                MLP_EDGE_READ_UINT8(&shift[i]));
        }
        weights += 4 * inputs;
        bias += 4;
        multiplier += 4;
        shift += 4;
        y += 4;
    }
    outputs %= 4;
#endif
    for (size_t i = 0; i < outputs; i++) {
        const int32_t start = MLP_EDGE_READ_INT32(&bias[i]);
        y[i] = (uint8_t)mlp_edge_requantise(
            mlp_edge_sum_int8(start, weights + i * inputs, inputs, x),
            MLP_EDGE_READ_UINT16(&multiplier[i]), MLP_EDGE_READ_UINT8(&shift[i]));
    }
}

#endif
