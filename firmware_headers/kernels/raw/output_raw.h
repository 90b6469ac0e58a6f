/* Outputs in integers: those that predictions are made of. */
#ifndef MLP_EDGE_KERNEL_OUTPUT_RAW
#define MLP_EDGE_KERNEL_OUTPUT_RAW

#include "flash.h"

static inline void mlp_edge_output_raw(size_t count, const uint16_t *quantised, int32_t *outputs)
{
    for (size_t i = 0; i < count; i++) {
        outputs[i] = quantised[i];
    }
}

#endif
