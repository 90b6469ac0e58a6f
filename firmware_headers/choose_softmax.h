/*
 * Which output of softmax(x) is the largest, the first of equals, without the exponentials where
 * x decides. The largest x has the largest output; rounding can only make an output equal to it
 * whose x is less than 1e-6 lower (softmax subtracts before it takes exponentials, and 1 - 1e-6
 * is 16 units in the last place below 1). Only such a one that stands earlier is a doubt, and so
 * is what is not finite: `below` is not, either. Then softmax is asked, in place.
 */
#ifndef MLP_EDGE_KERNEL_CHOOSE_SOFTMAX
#define MLP_EDGE_KERNEL_CHOOSE_SOFTMAX

#include "softmax.h"
#include "choose.h"

static inline int mlp_edge_choose_softmax(float *values, size_t count)
{
    size_t best = 0;
    for (size_t i = 1; i < count; i++) {
        best = values[i] > values[best] ? i : best;
    }
    for (size_t i = 0; i < count; i++) {
        const float below = values[best] - values[i];
        if (!mlp_edge_finite(&below) || below < (i < best ? 1e-6f : 0.0f)) {
            mlp_edge_softmax(values, count);
            return mlp_edge_largest(values, count);
        }
    }
    return (int)best;
}

#endif
