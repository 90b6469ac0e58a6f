/* As mlp_edge_requantise, for layers so wide that a product may need more than 32 bits. */
#ifndef MLP_EDGE_KERNEL_REQUANTISE_WIDE
#define MLP_EDGE_KERNEL_REQUANTISE_WIDE

#include "integers/multiplier.h"
#include "integers/negative.h"

static inline uint8_t mlp_edge_requantise_wide(int32_t sum, mlp_edge_multiplier multiplier,
                                               uint8_t shift)
{
#ifdef MLP_EDGE_DSP
    shift = 31; /* the multiplier is a fraction */
#endif
    if (MLP_EDGE_NEGATIVE(sum)) {
        return 0;
    }
    const uint64_t product = (uint64_t)(uint32_t)sum * (uint32_t)multiplier;
    const uint32_t quantised = (uint32_t)(((product >> (shift - 1)) + 1) >> 1);
    return quantised > 255 ? 255 : (uint8_t)quantised;
}

#endif
