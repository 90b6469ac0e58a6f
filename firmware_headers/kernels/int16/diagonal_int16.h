/*
 * A layer in int16 that adds up values unit by unit: its weights are a row of `outputs` per value,
 * and x holds the values one after the other, `inputs` numbers in all. Each sum is quantised as
 * mlp_edge_dense_int16 does it. x and y must not overlap.
 */
#ifndef MLP_EDGE_KERNEL_DIAGONAL_INT16
#define MLP_EDGE_KERNEL_DIAGONAL_INT16

#include "integers/negative.h"
#include "integers/rounded_shift.h"

static inline void mlp_edge_diagonal_int16(const int16_t *weights, const int32_t *bias,
    const uint8_t *shift, uint16_t high, size_t inputs, size_t outputs, const uint16_t *x,
    uint16_t *y)
{
    for (size_t i = 0; i < outputs; i++) {
        int32_t sum = MLP_EDGE_READ_INT32(&bias[i]);
        for (size_t j = i; j < inputs; j += outputs) {
            sum += (int32_t)MLP_EDGE_READ_INT16(&weights[j]) * (int32_t)x[j];
        }
        const uint8_t by = MLP_EDGE_READ_UINT8(&shift[i]);
        const uint32_t quantised =
            MLP_EDGE_NEGATIVE(sum) ? 0 : mlp_edge_rounded_shift((uint32_t)sum, by);
        y[i] = quantised > high ? high : (uint16_t)quantised;
    }
}

#endif
