/*
 * Quantised outputs as floats: offset + step * output. The exporter makes sure that the product is
 * exact, so a compiler that fuses it with the sum changes nothing: a step, which is above 0, has 16
 * binary digits at most.
 */
#ifndef MLP_EDGE_KERNEL_DEQUANTISE
#define MLP_EDGE_KERNEL_DEQUANTISE

#include "avr/dequantise.h"
#include "integers/sum_bits.h"

static inline void mlp_edge_dequantise(const float *offset, const float *step, size_t count,
                                       const uint16_t *quantised, float *outputs)
{
#ifdef MLP_EDGE_AVR
    mlp_edge_avr_dequantise(offset, step, count, quantised, outputs);
#else
    for (size_t i = 0; i < count; i++) {
#ifdef MLP_EDGE_SUM_BITS
        const uint32_t factor = mlp_edge_bits(MLP_EDGE_READ_FLOAT(&step[i]));
        const uint32_t product = ((factor & 0x7fffffu) | 0x800000u) / 256 * quantised[i];
        outputs[i] = mlp_edge_sum_bits(
            mlp_edge_bits(MLP_EDGE_READ_FLOAT(&offset[i])),
            mlp_edge_rounded_bits(product, (int32_t)(factor >> 23) + 16));
#else
        const float product = MLP_EDGE_READ_FLOAT(&step[i]) * (float)quantised[i];
        outputs[i] = MLP_EDGE_READ_FLOAT(&offset[i]) + product;
#endif
    }
#endif
}

#endif
