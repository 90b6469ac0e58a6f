/*
 * Quantised outputs as floats: offset + step * output. The exporter makes sure that the product is
 * exact, so a compiler that fuses it with the sum changes nothing.
 */
#ifndef MLP_EDGE_KERNEL_DEQUANTISE
#define MLP_EDGE_KERNEL_DEQUANTISE

#include "avr/dequantise.h"

static inline void mlp_edge_dequantise(const float *offset, const float *step, size_t count,
                                       const uint16_t *quantised, float *outputs)
{
#ifdef MLP_EDGE_AVR
    mlp_edge_avr_dequantise(offset, step, count, quantised, outputs);
#else
    for (size_t i = 0; i < count; i++) {
        const float product = MLP_EDGE_READ_FLOAT(&step[i]) * (float)quantised[i];
        outputs[i] = MLP_EDGE_READ_FLOAT(&offset[i]) + product;
    }
#endif
}

#endif
