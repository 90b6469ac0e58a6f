/*
 * As mlp_edge_dense_int8, for a first layer whose readings need finer steps than 8 bits give. They
 * have 10 bits, so a product has at most 17.
 */
#ifndef MLP_EDGE_KERNEL_DENSE_INT8_FROM_16
#define MLP_EDGE_KERNEL_DENSE_INT8_FROM_16

#include "avr/dense_int8.h"
#include "cortex/dense_int8_from_16.h"
#include "four_sums_int8_from_16.h"
#include "requantise.h"
#include "sum_int8_from_16.h"

static inline void mlp_edge_dense_int8_from_16(const int8_t *weights, const int32_t *bias,
    const uint16_t *multiplier, const uint8_t *shift, size_t inputs, size_t outputs,
    const uint16_t *x, uint8_t *y)
{
#ifdef MLP_EDGE_AVR
    if (inputs <= 255) {
        mlp_edge_avr_dense_int8(weights, bias, multiplier, shift, inputs, outputs, x, y, 2);
        return;
    }
#endif
    size_t i = 0;
#if defined(MLP_EDGE_THUMB)
    if (outputs >= 4) {
        i = outputs - outputs % 4;
        mlp_edge_thumb_dense_int8_from_16(weights, bias, multiplier, shift, inputs, i, x, y);
    }
#elif MLP_EDGE_AT_ONCE == 4
    for (; i + 4 <= outputs; i += 4) {
        int32_t sums[4];
        mlp_edge_four_sums_int8_from_16(weights + i * inputs, bias + i, inputs, x, sums);
        for (size_t j = 0; j < 4; j++) {
            y[i + j] = (uint8_t)mlp_edge_requantise(sums[j], multiplier[i + j], shift[i + j]);
        }
    }
#endif
    for (; i < outputs; i++) {
        const int32_t start = MLP_EDGE_READ_INT32(&bias[i]);
        y[i] = (uint8_t)mlp_edge_requantise(
            mlp_edge_sum_int8_from_16(start, weights + i * inputs, inputs, x),
            MLP_EDGE_READ_UINT16(&multiplier[i]), MLP_EDGE_READ_UINT8(&shift[i]));
    }
}

#endif
