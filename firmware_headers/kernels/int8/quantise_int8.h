/* Quantises the inputs of layer 1 to one byte each, 0..255. */
#ifndef MLP_EDGE_KERNEL_QUANTISE_INT8
#define MLP_EDGE_KERNEL_QUANTISE_INT8

#include "avr/quantise.h"
#include "cortex/quantise_int8.h"
#include "integers/quantise.h"

MLP_EDGE_DSP_INLINED
static inline void mlp_edge_quantise_int8(const float *low, const float *factor, float high,
                                          size_t count, const float *x, uint8_t *y)
{
#ifdef MLP_EDGE_AVR
    mlp_edge_avr_quantise(low, factor, (uint16_t)high, count, x, y, sizeof *y);
#else
    size_t i = 0;
#ifdef MLP_EDGE_QUANTISE_FOUR
    if (count >= 4) {
        i = count - count % 4;
        mlp_edge_dsp_quantise_int8(low, factor, (uint8_t)high, i / 4, x, y);
    }
#endif
    for (; i < count; i++) {
        const float from = MLP_EDGE_READ_FLOAT(&low[i]), by = MLP_EDGE_READ_FLOAT(&factor[i]);
        y[i] = (uint8_t)mlp_edge_quantise(x[i], from, by, high);
    }
#endif
}

#endif
