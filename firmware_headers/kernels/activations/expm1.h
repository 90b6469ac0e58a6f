/* e^x - 1 for x <= 0, without cancellation near 0; avr-libc has no expm1. NaN stays NaN. */
#ifndef MLP_EDGE_KERNEL_EXPM1
#define MLP_EDGE_KERNEL_EXPM1

#include "activations/exp.h"

static inline float mlp_edge_expm1(float x)
{
    return x > -0.34657359f ? mlp_edge_expm1_near_zero(x) : mlp_edge_exp(x) - 1.0f;
}

#endif
