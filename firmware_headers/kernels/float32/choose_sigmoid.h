/*
 * Whether sigmoid(logit) > threshold, without the exponential where the logit decides. The exporter
 * computes `low` and `high`: below the one and above the other, sigmoid is further from the
 * threshold than its kernel can be off (1e-6 of the threshold; the kernel is off by less than
 * 4e-7). Only in the narrow gap between them is the sigmoid computed. NaN has no class and gives
 * -1.
 */
#ifndef MLP_EDGE_KERNEL_CHOOSE_SIGMOID
#define MLP_EDGE_KERNEL_CHOOSE_SIGMOID

#include "activations/logistic.h"
#include "nan.h"

static inline int mlp_edge_choose_sigmoid(const float *logit, float low, float high,
                                          float threshold)
{
    const float x = *logit;
    if (mlp_edge_nan(logit)) {
        return -1;
    }
    if (x < low) {
        return 0;
    }
    return x > high || mlp_edge_logistic(x) > threshold;
}

#endif
