/* As parts_int8.h, for layers so wide that a product may take more than 32 bits. */
#ifndef MLP_EDGE_KERNEL_PARTS_INT8_WIDE
#define MLP_EDGE_KERNEL_PARTS_INT8_WIDE

#include "sum_int8.h"
#include "requantise_wide.h"

static inline void mlp_edge_parts_int8_wide(const int8_t *weights, const int32_t *bias,
    const uint16_t *multiplier, const uint8_t *shift, const int32_t *stride, uint8_t parts,
    size_t inputs, size_t outputs, const uint8_t *x, uint16_t *y)
{
    for (size_t i = 0; i < outputs; i++) {
        const uint16_t times = MLP_EDGE_READ_UINT16(&multiplier[i]);
        const uint8_t by = MLP_EDGE_READ_UINT8(&shift[i]);
        const int32_t apart = MLP_EDGE_READ_INT32(&stride[i]);
        int32_t sum = mlp_edge_sum_int8(MLP_EDGE_READ_INT32(&bias[i]), weights, inputs, x);
        uint16_t total = 0;
        for (uint8_t part = 0; part < parts && sum > 0; part++) {
            const uint32_t result = mlp_edge_requantise_wide(sum, times, by);
            total = (uint16_t)(total + (result > 255 ? 255 : result));
            sum -= apart;
        }
        y[i] = total;
        weights += inputs;
    }
}

#endif
