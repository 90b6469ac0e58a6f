/*
 * Whether one of these readings is missing. The network is not run then: NaN would pass through the
 * layers by itself, but a sentinel or a category would not.
 */
#ifndef MLP_EDGE_KERNEL_ANY_MISSING
#define MLP_EDGE_KERNEL_ANY_MISSING

#include "cortex/any_nan.h"
#include "readings/missing.h"

MLP_EDGE_DSP_INLINED
static inline int mlp_edge_any_missing(const float *sentinels, size_t count, const float *x)
{
    size_t i = 0;
#ifdef MLP_EDGE_THUMB
    if (sentinels == NULL && count >= 4) {
        if (mlp_edge_thumb_any_nan(x, count / 4)) {
            return 1;
        }
        i = count - count % 4;
    }
#endif
    for (; i < count; i++) {
        if (mlp_edge_missing(sentinels, x, i)) {
            return 1;
        }
    }
    return 0;
}

#endif
