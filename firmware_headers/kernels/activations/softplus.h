/* softplus(x) = ln(1 + e^x) = max(x, 0) + ln(1 + e^-|x|). NaN stays NaN. */
#ifndef MLP_EDGE_KERNEL_SOFTPLUS
#define MLP_EDGE_KERNEL_SOFTPLUS

#include "activations/exp.h"

/*
 * ln(1 + u) for 0 <= u <= 1: 2 artanh(s) with s = u / (2 + u), at most 1/3. An odd series in s,
 * fitted minimax, off by 5e-9 of the result.
 */
static inline float mlp_edge_log1p(float u)
{
    const float s = u / (2.0f + u);
    const float square = s * s;
    float p = 2.80312747e-1f;
    p = p * square + 2.79978633e-1f;
    p = p * square + 4.00217712e-1f;
    p = p * square + 6.66664124e-1f;
    return s * (2.0f + square * p);
}

static inline void mlp_edge_softplus(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const float x = values[i];
        values[i] = (x > 0.0f ? x : 0.0f) + mlp_edge_log1p(mlp_edge_exp(x > 0.0f ? -x : x));
    }
}

#endif
