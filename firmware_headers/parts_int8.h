/*
 * The last layer of a network of bytes. Its result has more than 8 bits: `parts` results from 0
 * to 255 added up. A part's sum is less by `stride` than the last one's, just so far that it leaves
 * 0 where the last one reaches 255.
 */
#ifndef MLP_EDGE_KERNEL_PARTS_INT8
#define MLP_EDGE_KERNEL_PARTS_INT8

#include "sum_int8.h"
#include "requantise.h"

static inline void mlp_edge_parts_int8(const int8_t *weights, const int32_t *bias,
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
            const uint32_t result = mlp_edge_requantise(sum, times, by);
            total = (uint16_t)(total + (result > 255 ? 255 : result));
            sum -= apart;
        }
        y[i] = total;
        weights += inputs;
    }
}

#endif
