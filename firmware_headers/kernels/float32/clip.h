/* clip(x): low where x < low, high where x > high, otherwise x. NaN stays NaN. */
#ifndef MLP_EDGE_KERNEL_CLIP
#define MLP_EDGE_KERNEL_CLIP

#include "nan.h"

static inline void mlp_edge_clip(float *values, size_t count, float low, float high)
{
    for (size_t i = 0; i < count; i++) {
        const float x = values[i];
        if (!mlp_edge_nan(&values[i])) {
            values[i] = x < low ? low : x > high ? high : x;
        }
    }
}

#endif
