/* Clips quantised outputs to the integers whose predictions are within the clip. */
#ifndef MLP_EDGE_KERNEL_CLIP_RAW
#define MLP_EDGE_KERNEL_CLIP_RAW

#include "flash.h"

static inline void mlp_edge_clip_raw(const uint16_t *low, const uint16_t *high, size_t count,
                                     uint16_t *quantised)
{
    for (size_t i = 0; i < count; i++) {
        const uint16_t least = MLP_EDGE_READ_UINT16(&low[i]);
        const uint16_t most = MLP_EDGE_READ_UINT16(&high[i]);
        const uint16_t value = quantised[i];
        quantised[i] = value < least ? least : value > most ? most : value;
    }
}

#endif
