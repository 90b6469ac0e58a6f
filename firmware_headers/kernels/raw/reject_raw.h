/* Sets every output to -1, which is none: there is no prediction. */
#ifndef MLP_EDGE_KERNEL_REJECT_RAW
#define MLP_EDGE_KERNEL_REJECT_RAW

#include "flash.h"

static inline void mlp_edge_reject_raw(int32_t *outputs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        outputs[i] = -1;
    }
}

#endif
