/*
 * As mlp_edge_dense_int8, for layers so wide that a sum may need more than 24 bits, or a product
 * more than 32.
 */
#ifndef MLP_EDGE_KERNEL_DENSE_INT8_WIDE
#define MLP_EDGE_KERNEL_DENSE_INT8_WIDE

#include "cortex/dense_int8_wide.h"
#include "int8/sum_int8.h"
#include "integers/requantise_wide.h"

MLP_EDGE_DSP_INLINED
static inline void mlp_edge_dense_int8_wide(const int8_t *weights, const int32_t *bias,
    const mlp_edge_multiplier *multiplier, const uint8_t *shift, size_t inputs, size_t outputs,
    const uint8_t *x, uint8_t *y)
{
#ifdef MLP_EDGE_DSP
    const size_t fours = outputs - outputs % 4;
    if (fours > 0) {
        mlp_edge_dsp_dense_int8_wide(weights, bias, multiplier, inputs, fours, x, y);
        weights += fours * inputs;
        bias += fours;
        multiplier += fours;
        shift += fours;
        y += fours;
        outputs %= 4;
    }
#endif
    for (size_t i = 0; i < outputs; i++) {
        const int32_t start = MLP_EDGE_READ_INT32(&bias[i]);
        y[i] = mlp_edge_requantise_wide(
            mlp_edge_sum_int8(start, weights, inputs, x),
            MLP_EDGE_READ_UINT16(&multiplier[i]), MLP_EDGE_READ_UINT8(&shift[i]));
        weights += inputs;
    }
}

#endif
