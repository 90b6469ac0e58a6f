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
#include "rounded_shift.h"

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
#ifdef MLP_EDGE_DSP
    mlp_edge_dsp_dense_int16(weights, bias, shift, high, inputs, outputs, x, y);
#else
    for (size_t i = 0; i < outputs; i++) {
        int32_t sum = MLP_EDGE_READ_INT32(&bias[i]);
        for (size_t j = 0; j < inputs; j++) {
            sum += (int32_t)MLP_EDGE_READ_INT16(weights) * (int32_t)x[j];
            weights++;
        }
        const uint8_t by = MLP_EDGE_READ_UINT8(&shift[i]);
        const uint32_t quantised = sum < 0 ? 0 : mlp_edge_rounded_shift((uint32_t)sum, by);
        y[i] = quantised > high ? high : (uint16_t)quantised;
    }
#endif
}

#endif
