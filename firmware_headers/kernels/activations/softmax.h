/*
 * softmax(x): e^x divided by the sum of all e^x, over the whole vector. The largest value is
 * subtracted first, so that nothing overflows. One NaN makes every output NaN.
 */
#ifndef MLP_EDGE_KERNEL_SOFTMAX
#define MLP_EDGE_KERNEL_SOFTMAX

#include "activations/exp.h"
#include "positive.h"

static inline void mlp_edge_softmax(float *values, size_t count)
{
    float largest = values[0];
    for (size_t i = 1; i < count; i++) {
        largest = mlp_edge_positive(values[i] - largest) ? values[i] : largest;
    }
    float sum = 0.0f;
    for (size_t i = 0; i < count; i++) {
        values[i] = mlp_edge_exp(values[i] - largest);
        sum += values[i];
    }
    for (size_t i = 0; i < count; i++) {
        values[i] = values[i] / sum;
    }
}

#endif
