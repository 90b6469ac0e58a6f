/*
 * As mlp_edge_dense_int8, for a first layer whose readings need finer steps than 8 bits give. They
 * have 10 bits, so a product has at most 17.
 */
#ifndef MLP_EDGE_KERNEL_DENSE_INT8_FROM_16
#define MLP_EDGE_KERNEL_DENSE_INT8_FROM_16

#include "avr/dense_int8.h"
#include "cortex/dense_int8_from_16.h"
#include "cortex/small_layer_int8.h"
#include "int8/four_sums_int8_from_16.h"
#include "integers/requantise.h"
#include "int8/sum_int8_from_16.h"

MLP_EDGE_DSP_INLINED
#ifdef MLP_EDGE_THUMB_1
MLP_EDGE_INLINED
#endif
static inline void mlp_edge_dense_int8_from_16(const int8_t *weights, const int32_t *bias,
    const mlp_edge_multiplier *multiplier, const uint8_t *shift, size_t inputs, size_t outputs,
    const uint16_t *x, uint8_t *y)
{
#ifdef MLP_EDGE_AVR
    if (inputs <= 255) {
        mlp_edge_avr_dense_int8(weights, bias, multiplier, shift, inputs, outputs, x, y, 2);
        return;
    }
#endif
#ifdef MLP_EDGE_THUMB_1
    if (inputs * outputs <= MLP_EDGE_THUMB_SMALL) {
        mlp_edge_thumb_small_layer_int8(multiplier, weights, shift, y, inputs, outputs, bias,
                                        (uintptr_t)x, 2);
        return;
    }
#endif
#if defined(MLP_EDGE_THUMB)
    const size_t fours = outputs - outputs % 4;
    if (fours > 0) {
        mlp_edge_thumb_dense_int8_from_16(weights, bias, multiplier, shift, inputs, fours, x, y);
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
        mlp_edge_four_sums_int8_from_16(weights, bias, inputs, x, sums);
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
            mlp_edge_sum_int8_from_16(start, weights + i * inputs, inputs, x),
            MLP_EDGE_READ_UINT16(&multiplier[i]), MLP_EDGE_READ_UINT8(&shift[i]));
    }
}

#endif
