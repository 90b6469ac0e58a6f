/*
 * sum * multiplier / 2^31 * 2^shift as TFLite Micro has it: shifted to the left, multiplied and
 * rounded, shifted to the right and rounded again, half away from 0. The exporter has proved that
 * nothing leaves 32 bits.
 */
#ifndef MLP_EDGE_KERNEL_TWICE_ROUNDED
#define MLP_EDGE_KERNEL_TWICE_ROUNDED

#include "asymmetric/high_product.h"

/* value / 2^shift, rounded half away from 0, for a shift from 0 to 31. */
static inline int32_t mlp_edge_shifted(int32_t value, int shift)
{
    const uint32_t size = value < 0 ? 0u - (uint32_t)value : (uint32_t)value;
    const uint32_t shifted = (size + ((uint32_t)1 << shift >> 1)) >> shift;
    return value < 0 ? -(int32_t)shifted : (int32_t)shifted;
}

static inline int32_t mlp_edge_twice_rounded(int32_t sum, int32_t multiplier, int shift)
{
    if (shift > 0) {
        return mlp_edge_high_product(sum * ((int32_t)1 << shift), multiplier);
    }
    return mlp_edge_shifted(mlp_edge_high_product(sum, multiplier), -shift);
}

#endif
