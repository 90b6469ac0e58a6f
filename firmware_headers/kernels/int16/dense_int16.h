/*
 * A dense layer in int16. The weights hold one row of `inputs` per neuron. A pre-activation is
 * exact (the exporter has proved that no partial sum leaves 32 bits). A shift quantises it: sum /
 * 2^shift, rounded half up, clamped to 0..`high`; clamping at 0 is the relu. Inputs are at most
 * 32767. x and y must not overlap.
 */
#ifndef MLP_EDGE_KERNEL_DENSE_INT16
#define MLP_EDGE_KERNEL_DENSE_INT16

#include "avr/dense_int16.h"
#include "cortex/dense_int16.h"
#include "cortex/dsp_dense_int16.h"
#include "int16/four_sums_int16.h"
#include "integers/negative.h"
#include "integers/rounded_shift.h"
#include "int16/sum_int16.h"

static inline uint16_t mlp_edge_requantise_int16(int32_t sum, uint8_t shift, uint16_t high)
{
    const uint32_t quantised =
        MLP_EDGE_NEGATIVE(sum) ? 0 : mlp_edge_rounded_shift((uint32_t)sum, shift);
    return quantised > high ? high : (uint16_t)quantised;
}

MLP_EDGE_DSP_INLINED
static inline void mlp_edge_dense_int16(const int16_t *weights, const int32_t *bias,
    const uint8_t *shift, uint16_t high, size_t inputs, size_t outputs, const uint16_t *x,
    uint16_t *y)
{
#ifdef MLP_EDGE_AVR
    if (inputs <= 511) {
        mlp_edge_avr_dense_int16(weights, bias, shift, high, inputs, outputs, x, y);
        return;
    }
#endif
#if defined(MLP_EDGE_DSP)
    if ((uintptr_t)weights % 4 == 0) {
        mlp_edge_dsp_dense_int16(weights, bias, shift, high, inputs, outputs, x, y);
        return;
    }
#elif defined(MLP_EDGE_THUMB)
    const size_t fours = outputs - outputs % 4;
    if (fours > 0) {
        mlp_edge_thumb_dense_int16(weights, bias, shift, high, inputs, fours, x, y);
        weights += fours * inputs;
        bias += fours;
        shift += fours;
        y += fours;
        outputs %= 4;
    }
#elif MLP_EDGE_AT_ONCE == 4
    for (size_t fours = outputs / 4; fours > 0; fours--) {
        int32_t sums[4];
        mlp_edge_four_sums_int16(weights, bias, inputs, x, sums);
        for (size_t i = 0; i < 4; i++) {
            y[i] = mlp_edge_requantise_int16(sums[i], MLP_EDGE_READ_UINT8(&shift[i]), high);
        }
        weights += 4 * inputs;
        bias += 4;
        shift += 4;
        y += 4;
    }
    outputs %= 4;
#endif
    for (size_t i = 0; i < outputs; i++) {
        const int32_t start = MLP_EDGE_READ_INT32(&bias[i]);
        y[i] = mlp_edge_requantise_int16(
            mlp_edge_sum_int16(start, weights + i * inputs, inputs, x),
            MLP_EDGE_READ_UINT8(&shift[i]), high);
    }
}

#endif
