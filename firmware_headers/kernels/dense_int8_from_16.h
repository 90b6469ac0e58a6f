/*
 * As mlp_edge_dense_int8, for a first layer whose readings need finer steps than 8 bits give. They
 * have 10 bits, so a product has at most 17.
 */
#ifndef MLP_EDGE_KERNEL_DENSE_INT8_FROM_16
#define MLP_EDGE_KERNEL_DENSE_INT8_FROM_16

#include "avr/dense_int8.h"
#include "cortex/dense_int8_from_16.h"
#include "requantise.h"

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
#ifdef MLP_EDGE_DSP
    if (outputs >= 4) {
        i = outputs - outputs % 4;
        mlp_edge_dsp_dense_int8_from_16(weights, bias, multiplier, shift, inputs, i, x, y);
        weights += i * inputs;
    }
#endif
    for (; i < outputs; i++) {
        int32_t sum = MLP_EDGE_READ_INT32(&bias[i]);
        for (size_t j = 0; j < inputs; j++) {
            sum += (int32_t)MLP_EDGE_READ_INT8(weights) * (int32_t)x[j];
            weights++;
        }
        y[i] = (uint8_t)mlp_edge_requantise(
            sum, MLP_EDGE_READ_UINT16(&multiplier[i]), MLP_EDGE_READ_UINT8(&shift[i]));
    }
}

#endif
