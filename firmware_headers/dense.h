/*
 * A dense layer: y = W x + b. W holds one row of `inputs` weights per neuron. The order of the sum
 * is part of the interface: the bias first, then the inputs from the first to the last, in one
 * accumulator. x and y must not overlap.
 */
#ifndef MLP_EDGE_KERNEL_DENSE
#define MLP_EDGE_KERNEL_DENSE

#include "flash.h"

static inline void mlp_edge_dense(const float *weights, const float *bias, size_t inputs,
                                  size_t outputs, const float *x, float *y)
{
    for (size_t neuron = 0; neuron < outputs; neuron++) {
        float sum = MLP_EDGE_READ_FLOAT(&bias[neuron]);
        for (size_t i = 0; i < inputs; i++) {
            sum += MLP_EDGE_READ_FLOAT(weights) * x[i];
            weights++;
        }
        y[neuron] = sum;
    }
}

#endif
