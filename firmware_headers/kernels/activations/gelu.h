/* gelu(x) = x Phi(x), the exact form, not the tanh one. NaN stays NaN; -infinity gives NaN. */
#ifndef MLP_EDGE_KERNEL_GELU
#define MLP_EDGE_KERNEL_GELU

#include "activations/exp.h"

/*
 * Phi(x) = (1 + erf(x / sqrt(2))) / 2, the standard normal distribution; avr-libc has no erf.
 * Its lower tail is Phi(-t) = e^-q(t); q is a minimax fit to |t (error of Phi)| <= 8e-8.
 */
static inline float mlp_edge_normal(float x)
{
    const float t = x < 0.0f ? -x : x;
    float q = 3.00635861e-7f;
    q = q * t - 5.3854319e-6f;
    q = q * t + 1.48576137e-5f;
    q = q * t + 3.96425137e-4f;
    q = q * t - 5.32449502e-3f;
    q = q * t + 3.67084332e-2f;
    q = q * t + 3.18184823e-1f;
    q = q * t + 7.97900081e-1f;
    q = q * t + 6.93146884e-1f;
    const float tail = mlp_edge_exp(-q);
    return x < 0.0f ? tail : 1.0f - tail;
}

static inline void mlp_edge_gelu(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const float x = values[i];
        values[i] = x * mlp_edge_normal(x);
    }
}

#endif
