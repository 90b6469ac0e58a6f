/*
 * Quantised outputs of int24 as floats: offset + step * (output - zero). A step is a power of two,
 * so the product is exact and a compiler that fuses it with the sum changes nothing.
 */
#ifndef MLP_EDGE_KERNEL_DEQUANTISE_INT24
#define MLP_EDGE_KERNEL_DEQUANTISE_INT24

#include "avr/dequantise_int24.h"
#include "integers/sum_bits.h"

static inline void mlp_edge_dequantise_int24(const float *offset, const float *step,
    const int32_t *zero, size_t count, const uint32_t *quantised, float *outputs)
{
#ifdef MLP_EDGE_AVR
    mlp_edge_avr_dequantise_int24(offset, step, zero, count, quantised, outputs);
#else
    for (size_t i = 0; i < count; i++) {
        const int32_t above = (int32_t)quantised[i] - MLP_EDGE_READ_INT32(&zero[i]);
#ifdef MLP_EDGE_SUM_BITS
        const uint32_t sign = (uint32_t)above & MLP_EDGE_SIGN;
        const uint32_t size = sign ? 0u - (uint32_t)above : (uint32_t)above;
        const uint32_t power = mlp_edge_bits(MLP_EDGE_READ_FLOAT(&step[i])) >> 23;
        outputs[i] = mlp_edge_sum_bits(mlp_edge_bits(MLP_EDGE_READ_FLOAT(&offset[i])),
                                       sign | mlp_edge_rounded_bits(size, (int32_t)power + 31));
#else
        const float product = MLP_EDGE_READ_FLOAT(&step[i]) * (float)above;
        outputs[i] = MLP_EDGE_READ_FLOAT(&offset[i]) + product;
#endif
    }
#endif
}

#endif
