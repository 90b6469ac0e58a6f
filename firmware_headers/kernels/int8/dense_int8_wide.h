/*
 * As mlp_edge_dense_int8, for layers so wide that a sum may need more than 24 bits, or a product
 * more than 32.
 */
#ifndef MLP_EDGE_KERNEL_DENSE_INT8_WIDE
#define MLP_EDGE_KERNEL_DENSE_INT8_WIDE

#include "int8/sum_int8.h"
#include "integers/requantise_wide.h"

static inline void mlp_edge_dense_int8_wide(const int8_t *weights, const int32_t *bias,
    const uint16_t *multiplier, const uint8_t *shift, size_t inputs, size_t outputs,
    const uint8_t *x, uint8_t *y)
{
    for (size_t i = 0; i < outputs; i++) {
        const int32_t start = MLP_EDGE_READ_INT32(&bias[i]);
        y[i] = mlp_edge_requantise_wide(
            mlp_edge_sum_int8(start, weights, inputs, x),
            MLP_EDGE_READ_UINT16(&multiplier[i]), MLP_EDGE_READ_UINT8(&shift[i]));
        weights += inputs;
    }
}

#endif
