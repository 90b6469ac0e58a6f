/*
 * The output layer of an int8 network. An output has more than 8 bits: it adds up `segments`
 * pieces, each quantised to 0..255. Each segment starts `offset` above the one before, exactly
 * where that one reaches 255, so at most one of them is neither 0 nor 255. The exporter has proved
 * that pre-activations fit 24 bits, and their products 32. x and y must not overlap.
 */
#ifndef MLP_EDGE_KERNEL_SEGMENTS_INT8
#define MLP_EDGE_KERNEL_SEGMENTS_INT8

#include "avr/segments_int8.h"
#include "int8/sums_int8.h"
#include "integers/requantise.h"

static inline uint16_t mlp_edge_segments(int32_t sum, int32_t next, uint8_t segments,
                                         mlp_edge_multiplier multiplier, uint8_t shift)
{
#ifdef MLP_EDGE_THUMB
    uint16_t full = 0;
    for (; --segments > 0 && sum >= next; sum -= next) {
        full = (uint16_t)(full + 255);
    }
    return (uint16_t)(full + mlp_edge_requantise(sum, multiplier, shift));
#else
    /* Above a segment that is not full, there is none. No sum less an offset leaves 32 bits. */
    uint_fast16_t total = 0;
    uint_fast8_t piece;
    do {
        piece = mlp_edge_requantise(sum, multiplier, shift);
        total += piece;
        sum -= next;
    } while (piece == 255 && total < segments * 255u);
    return (uint16_t)total;
#endif
}

static inline void mlp_edge_segments_int8(const int8_t *weights, const int32_t *bias,
    const mlp_edge_multiplier *multiplier, const uint8_t *shift, const int32_t *offset,
    uint8_t segments, size_t inputs, size_t outputs, const uint8_t *x, uint16_t *y)
{
#ifdef MLP_EDGE_AVR
    if (inputs <= 255) {
        mlp_edge_avr_segments_int8(weights, bias, multiplier, shift, offset,
            (uint16_t)(segments * 256u + inputs), x, outputs, y);
        return;
    }
#endif
    while (outputs >= (MLP_EDGE_AT_ONCE == 8 ? 1 : 4)) {
        const size_t count = outputs < MLP_EDGE_AT_ONCE ? outputs : MLP_EDGE_AT_ONCE;
        int32_t sums[MLP_EDGE_AT_ONCE];
        mlp_edge_sums_int8(weights, bias, inputs, count, x, sums);
        for (size_t i = 0; i < count; i++) {
            *y++ = mlp_edge_segments(sums[i], MLP_EDGE_READ_INT32(offset), segments,
                                     MLP_EDGE_READ_UINT16(multiplier), MLP_EDGE_READ_UINT8(shift));
            multiplier++;
            shift++;
            offset++;
        }
        weights += count * inputs;
        bias += count;
        outputs -= count;
    }
    for (; outputs > 0; outputs--) {
        const int32_t sum = mlp_edge_sum_int8(MLP_EDGE_READ_INT32(bias), weights, inputs, x);
        *y++ = mlp_edge_segments(sum, MLP_EDGE_READ_INT32(offset), segments,
                                 MLP_EDGE_READ_UINT16(multiplier), MLP_EDGE_READ_UINT8(shift));
        bias++;
        weights += inputs;
        multiplier++;
        shift++;
        offset++;
    }
}

#endif
