/* hard_sigmoid(x): (x + 3) / 6, clipped to 0 and 1. NaN stays NaN. */
#ifndef MLP_EDGE_KERNEL_HARD_SIGMOID
#define MLP_EDGE_KERNEL_HARD_SIGMOID

#include "bits.h"

static inline void mlp_edge_hard_sigmoid(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const float x = values[i];
        const uint32_t bits = mlp_edge_bits(x), size = bits & ~MLP_EDGE_SIGN;
        if (size <= 0x40400000u) { /* 3 */
            values[i] = (x + 3.0f) / 6.0f;
        } else if (size <= MLP_EDGE_INFINITY) {
            values[i] = bits & MLP_EDGE_SIGN ? 0.0f : 1.0f;
        }
    }
}

#endif
