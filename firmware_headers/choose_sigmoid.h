/*
 * Whether sigmoid(x) > threshold, without the exponential where x decides. The exporter computes
 * `low` and `high`: below the one and above the other, sigmoid(x) is further from the threshold
 * than its kernel can be off (by 1e-6 of the threshold; the kernel errs by less than 4e-7). In the
 * narrow gap between them the kernel is asked. NaN has no class: it gives -1.
 */
#ifndef MLP_EDGE_KERNEL_CHOOSE_SIGMOID
#define MLP_EDGE_KERNEL_CHOOSE_SIGMOID

#include "logistic.h"

static inline int mlp_edge_choose_sigmoid(const float *sum, float low, float high, float threshold)
{
    const float x = *sum;
    if (mlp_edge_nan(sum)) {
        return -1;
    }
    if (x < low) {
        return 0;
    }
    return x > high || mlp_edge_logistic(x) > threshold;
}

#endif
