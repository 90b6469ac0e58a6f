/* What integers of int8 stand for: scale * (q - zero), rounded once. */
#ifndef MLP_EDGE_KERNEL_DEQUANTISE_ASYMMETRIC
#define MLP_EDGE_KERNEL_DEQUANTISE_ASYMMETRIC

#include "flash.h"

static inline void mlp_edge_dequantise_asymmetric(float scale, int16_t zero, size_t count,
                                                  const int8_t *x, float *y)
{
    for (size_t i = 0; i < count; i++) {
        y[i] = scale * (float)(x[i] - zero);
    }
}

#endif
