/*
 * Quantises inputs as TFLite does: x / scale, rounded half away from 0, added to `zero` and
 * clamped to int8. `volatile` keeps -ffast-math from multiplying by a reciprocal instead. C leaves
 * the conversion of a huge float to an integer undefined, so it is clamped before; NaN never comes
 * here.
 */
#ifndef MLP_EDGE_KERNEL_QUANTISE_ASYMMETRIC
#define MLP_EDGE_KERNEL_QUANTISE_ASYMMETRIC

#include "flash.h"

static inline void mlp_edge_quantise_asymmetric(float scale, int16_t zero, size_t count,
                                                const float *x, int8_t *y)
{
    for (size_t i = 0; i < count; i++) {
        const volatile float divisor = scale;
        const volatile float quotient = x[i] / divisor;
        float near = quotient;
        near = near < -256.0f ? -256.0f : near > 256.0f ? 256.0f : near;
        int16_t value = (int16_t)near;
        const float beyond = near - (float)value; /* exact */
        value = (int16_t)(zero + value + (beyond >= 0.5f) - (beyond <= -0.5f));
        y[i] = (int8_t)(value < -128 ? -128 : value > 127 ? 127 : value);
    }
}

#endif
