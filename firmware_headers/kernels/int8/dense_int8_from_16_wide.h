/* As mlp_edge_dense_int8_from_16, for layers so wide that a sum may need more than 24 bits. */
#ifndef MLP_EDGE_KERNEL_DENSE_INT8_FROM_16_WIDE
#define MLP_EDGE_KERNEL_DENSE_INT8_FROM_16_WIDE

#include "integers/requantise.h"

static inline void mlp_edge_dense_int8_from_16_wide(const int8_t *weights, const int32_t *bias,
    const mlp_edge_multiplier *multiplier, const uint8_t *shift, size_t inputs, size_t outputs,
    const uint16_t *x, uint8_t *y)
{
    for (size_t i = 0; i < outputs; i++) {
        int32_t sum = MLP_EDGE_READ_INT32(&bias[i]);
        for (size_t j = 0; j < inputs; j++) {
            sum += (int32_t)MLP_EDGE_READ_INT8(weights) * (int32_t)x[j];
            weights++;
        }
        y[i] = (uint8_t)mlp_edge_requantise(
            sum, MLP_EDGE_READ_UINT16(&multiplier[i]), MLP_EDGE_READ_UINT8(&shift[i]));
    }
}

#endif
