/*
 * Softmax in int8, in place, as TFLite Micro has it; the results stand for (q + 128) / 256. A
 * table holds e^-x in Q0.31 for an integer that is 0, 1, ... below the largest; one that is
 * `distances` or more below counts as 0. The exponentials are summed with 12 bits before the
 * point.
 */
#ifndef MLP_EDGE_KERNEL_SOFTMAX_ASYMMETRIC
#define MLP_EDGE_KERNEL_SOFTMAX_ASYMMETRIC

#include "asymmetric/fixed_reciprocal.h"

static inline void mlp_edge_softmax_asymmetric(const int32_t *powers, int16_t distances,
                                               size_t count, int8_t *values)
{
    int8_t largest = -128;
    for (size_t i = 0; i < count; i++) {
        largest = values[i] > largest ? values[i] : largest;
    }
    int32_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        const int16_t below = (int16_t)(largest - values[i]);
        if (below < distances) {
            sum += mlp_edge_shifted(MLP_EDGE_READ_INT32(&powers[below]), 12);
        }
    }
    int zeros = 0; /* in front of the sum */
    while (!((uint32_t)sum << zeros & 0x80000000u)) {
        zeros++;
    }
    const int32_t share = mlp_edge_fixed_reciprocal(
        (int32_t)(((uint32_t)sum << zeros) - 0x80000000u));
    for (size_t i = 0; i < count; i++) {
        const int16_t below = (int16_t)(largest - values[i]);
        int32_t value = 0;
        if (below < distances) {
            const int32_t power = MLP_EDGE_READ_INT32(&powers[below]);
            value = mlp_edge_shifted(mlp_edge_high_product(share, power), 35 - zeros);
        }
        values[i] = (int8_t)(value > 255 ? 127 : value - 128);
    }
}

#endif
