/*
 * As mlp_edge_segments_int8, for layers so wide that a sum may need more than 24 bits, or a product
 * more than 32.
 */
#ifndef MLP_EDGE_KERNEL_SEGMENTS_INT8_WIDE
#define MLP_EDGE_KERNEL_SEGMENTS_INT8_WIDE

#include "int8/sum_int8.h"
#include "integers/requantise_wide.h"

static inline void mlp_edge_segments_int8_wide(const int8_t *weights, const int32_t *bias,
    const mlp_edge_multiplier *multiplier, const uint8_t *shift, const int32_t *offset,
    uint8_t segments, size_t inputs, size_t outputs, const uint8_t *x, uint16_t *y)
{
    for (size_t i = 0; i < outputs; i++) {
        const mlp_edge_multiplier times = MLP_EDGE_READ_UINT16(&multiplier[i]);
        const uint8_t by = MLP_EDGE_READ_UINT8(&shift[i]);
        const int32_t next = MLP_EDGE_READ_INT32(&offset[i]);
        int32_t sum = mlp_edge_sum_int8(MLP_EDGE_READ_INT32(&bias[i]), weights, inputs, x);
        uint16_t full = 0;
        for (uint8_t more = segments; --more > 0 && sum >= next; sum -= next) {
            full = (uint16_t)(full + 255);
        }
        y[i] = (uint16_t)(full + mlp_edge_requantise_wide(sum, times, by));
        weights += inputs;
    }
}

#endif
