/*
 * A dense layer in int8 with zero points, as a TFLite file has it. The weights hold one row of
 * `inputs` per neuron; the biases hold what the zero point of x adds. Each sum is requantised,
 * `zero` is added, and it is clamped to `low`..`high`. x and y must not overlap.
 */
#ifndef MLP_EDGE_KERNEL_DENSE_ASYMMETRIC
#define MLP_EDGE_KERNEL_DENSE_ASYMMETRIC

#include "asymmetric/twice_rounded.h"

static inline void mlp_edge_dense_asymmetric(const int8_t *weights, const int32_t *bias,
    const int32_t *multiplier, const int8_t *shift, int16_t zero, int16_t low, int16_t high,
    size_t inputs, size_t outputs, const int8_t *x, int8_t *y)
{
    for (size_t i = 0; i < outputs; i++) {
        int32_t sum = MLP_EDGE_READ_INT32(&bias[i]);
        for (size_t j = 0; j < inputs; j++) {
            sum += (int16_t)(MLP_EDGE_READ_INT8(weights) * x[j]);
            weights++;
        }
        const int32_t value = zero + mlp_edge_twice_rounded(
            sum, MLP_EDGE_READ_INT32(&multiplier[i]), MLP_EDGE_READ_INT8(&shift[i]));
        y[i] = (int8_t)(value < low ? low : value > high ? high : value);
    }
}

#endif
