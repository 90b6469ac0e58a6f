/*
 * Whether reading i is missing: it is NaN, or equals its sentinel, a number such as 0 or -999 that
 * stands for "missing". `sentinels` is NULL where the readings have none.
 */
#ifndef MLP_EDGE_KERNEL_MISSING
#define MLP_EDGE_KERNEL_MISSING

#include "nan.h"

static inline int mlp_edge_missing(const float *sentinels, const float *x, size_t i)
{
    if (mlp_edge_nan(&x[i])) {
        return 1;
    }
    return sentinels != NULL && x[i] == MLP_EDGE_READ_FLOAT(&sentinels[i]);
}

#endif
