/* Sets every value to NaN: there is no prediction. */
#ifndef MLP_EDGE_KERNEL_REJECT
#define MLP_EDGE_KERNEL_REJECT

#include "flash.h"

static inline void mlp_edge_reject(float *values, size_t count)
{
    const uint32_t bits = 0x7fc00000u; /* a quiet NaN, as IEEE 754 writes it */
    float nan;
    memcpy(&nan, &bits, sizeof nan);
    for (size_t i = 0; i < count; i++) {
        values[i] = nan;
    }
}

#endif
