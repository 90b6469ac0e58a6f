/* softsign(x) = x / (1 + |x|). NaN stays NaN; an infinity gives NaN (infinity / infinity). */
#ifndef MLP_EDGE_KERNEL_SOFTSIGN
#define MLP_EDGE_KERNEL_SOFTSIGN

#include "flash.h"

static inline void mlp_edge_softsign(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const float x = values[i];
        values[i] = x / (1.0f + (x < 0.0f ? -x : x));
    }
}

#endif
