/* 1 / (1 + e^-x), from e^-|x|, which cannot overflow: shared by sigmoid and silu. */
#ifndef MLP_EDGE_KERNEL_LOGISTIC
#define MLP_EDGE_KERNEL_LOGISTIC

#include "activations/exp.h"

static inline float mlp_edge_logistic(float x)
{
    const uint32_t bits = mlp_edge_bits(x);
    const float power = mlp_edge_exp(mlp_edge_from_bits(bits | MLP_EDGE_SIGN));
    return (bits & MLP_EDGE_SIGN ? power : 1.0f) / (1.0f + power);
}

#endif
