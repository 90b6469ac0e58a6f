/*
 * The index of the largest softmax output, the first of equals, without the exponentials where the
 * logits decide. The largest logit has the largest output. Rounding can make an output equal to it
 * only if its logit is less than 1e-6 lower (softmax subtracts before it takes exponentials, and
 * 1 - 1e-6 is 16 units in the last place below 1). If such a logit comes earlier, or one is not
 * finite (then `below` is not, either), softmax is computed, in place.
 */
#ifndef MLP_EDGE_KERNEL_CHOOSE_SOFTMAX
#define MLP_EDGE_KERNEL_CHOOSE_SOFTMAX

#include "activations/softmax.h"
#include "float32/largest.h"

static inline int mlp_edge_choose_softmax(float *logits, size_t count)
{
    size_t best = 0;
    for (size_t i = 1; i < count; i++) {
        best = logits[i] > logits[best] ? i : best;
    }
    for (size_t i = 0; i < count; i++) {
        const float below = logits[best] - logits[i];
        if (!mlp_edge_finite(&below) || below < (i < best ? 1e-6f : 0.0f)) {
            mlp_edge_softmax(logits, count);
            return mlp_edge_largest(logits, count);
        }
    }
    return (int)best;
}

#endif
