/* 1 / (1 + e^-x), from e^-|x|, which cannot overflow: shared by sigmoid and silu. */
#ifndef MLP_EDGE_KERNEL_LOGISTIC
#define MLP_EDGE_KERNEL_LOGISTIC

#include "exp.h"

static inline float mlp_edge_logistic(float x)
{
    const float power = mlp_edge_exp(x < 0.0f ? x : -x);
    return (x < 0.0f ? power : 1.0f) / (1.0f + power);
}

#endif
