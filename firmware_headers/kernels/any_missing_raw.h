/* Whether one of these counts, which have no sentinels, is missing. */
#ifndef MLP_EDGE_KERNEL_ANY_MISSING_RAW
#define MLP_EDGE_KERNEL_ANY_MISSING_RAW

#include "missing_raw.h"

static inline int mlp_edge_any_missing_raw(size_t count, const int16_t *x)
{
    for (size_t i = 0; i < count; i++) {
        if (mlp_edge_missing_raw(x[i], INT16_MIN)) {
            return 1;
        }
    }
    return 0;
}

#endif
