/*
 * Whether sigmoid(x) > threshold, without the exponential where x decides. The exporter computes
 * `low` and `high`: below the one and above the other, sigmoid(x) is further from the threshold
 * than its kernel can be off (by 1e-6 of the threshold; the kernel errs by less than 4e-7). In the
 * narrow gap between them the kernel is asked. NaN is neither below nor above: it gives -1.
 */
#ifndef MLP_EDGE_KERNEL_CHOOSE_SIGMOID
#define MLP_EDGE_KERNEL_CHOOSE_SIGMOID

#include "logistic.h"
#include "choose.h"

static inline int mlp_edge_choose_sigmoid(float x, float low, float high, float threshold)
{
    if (x < low) {
        return 0;
    }
    return x > high ? 1 : mlp_edge_above(mlp_edge_logistic(x), threshold);
}

#endif
