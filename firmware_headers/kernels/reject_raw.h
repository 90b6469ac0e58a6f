/* Sets every answer to -1, which no answer is: there is no prediction. */
#ifndef MLP_EDGE_KERNEL_REJECT_RAW
#define MLP_EDGE_KERNEL_REJECT_RAW

#include "flash.h"

static inline void mlp_edge_reject_raw(int32_t *answers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        answers[i] = -1;
    }
}

#endif
