/* exponential(x) = e^x, infinity above 88.72. NaN stays NaN. */
#ifndef MLP_EDGE_KERNEL_EXPONENTIAL
#define MLP_EDGE_KERNEL_EXPONENTIAL

#include "activations/exp.h"

static inline void mlp_edge_exponential(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const float x = values[i];
        const uint32_t bits = mlp_edge_bits(x);
        const int below = (bits & MLP_EDGE_SIGN) != 0;
        /* 1 / e^-x, which below e^-87 would be 0: from 64 on, e^16 / e^(16 - x). */
        const int large = !below && bits >= 0x42800000u;
        const float power =
            mlp_edge_exp(large ? 16.0f - x : mlp_edge_from_bits(bits | MLP_EDGE_SIGN));
        values[i] = below ? power : (large ? 8886110.5f : 1.0f) / power;
    }
}

#endif
