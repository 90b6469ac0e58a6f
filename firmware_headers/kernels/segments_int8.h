/*
 * The output layer of an int8 network. An output has more than 8 bits: it adds up `segments`
 * pieces, each quantised to 0..255. Each segment starts `offset` above the one before, exactly
 * where that one reaches 255, so at most one of them is neither 0 nor 255. x and y must not
 * overlap.
 */
#ifndef MLP_EDGE_KERNEL_SEGMENTS_INT8
#define MLP_EDGE_KERNEL_SEGMENTS_INT8

#include "avr/segments_int8.h"
#include "sum_int8.h"
#include "requantise.h"

static inline void mlp_edge_segments_int8(const int8_t *weights, const int32_t *bias,
    const uint16_t *multiplier, const uint8_t *shift, const int32_t *offset, uint8_t segments,
    size_t inputs, size_t outputs, const uint8_t *x, uint16_t *y)
{
#ifdef MLP_EDGE_AVR
    if (inputs <= 255) {
        mlp_edge_avr_segments_int8(weights, bias, multiplier, shift, offset,
            (uint16_t)(segments * 256u + inputs), x, outputs, y);
        return;
    }
#endif
    for (size_t i = 0; i < outputs; i++) {
        const uint16_t times = MLP_EDGE_READ_UINT16(&multiplier[i]);
        const uint8_t by = MLP_EDGE_READ_UINT8(&shift[i]);
        const int32_t next = MLP_EDGE_READ_INT32(&offset[i]);
        int32_t sum = mlp_edge_sum_int8(MLP_EDGE_READ_INT32(&bias[i]), weights, inputs, x);
        uint16_t full = 0;
        for (uint8_t more = segments; --more > 0 && sum >= next; sum -= next) {
            full = (uint16_t)(full + 255);
        }
        y[i] = (uint16_t)(full + mlp_edge_requantise(sum, times, by));
        weights += inputs;
    }
}

#endif
