/*
 * mish(x) = x tanh(ln(1 + e^x)). NaN stays NaN; -infinity gives NaN (it times 0).
 *
 * tanh(ln(1 + u)) = (u^2 + 2 u) / (u^2 + 2 u + 2), here of e^-|x|, which cannot overflow.
 */
#ifndef MLP_EDGE_KERNEL_MISH
#define MLP_EDGE_KERNEL_MISH

#include "activations/exp.h"

static inline void mlp_edge_mish(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const float x = values[i];
        const uint32_t bits = mlp_edge_bits(x);
        const float t = mlp_edge_exp(mlp_edge_from_bits(bits | MLP_EDGE_SIGN));
        const float share = bits & MLP_EDGE_SIGN ? t * (t + 2.0f) : 1.0f + 2.0f * t;
        const float rest = bits & MLP_EDGE_SIGN ? 2.0f : 2.0f * t * t;
        values[i] = x * (share / (share + rest));
    }
}

#endif
