/*
 * Whether reading i is missing: it is NaN, or equals its sentinel, a number such as 0 or -999 that
 * stands for "missing". `sentinels` is NULL where the readings have none.
 *
 * NaN is told by the bits in memory: -ffast-math, which lets a compiler assume that no float is
 * NaN, cannot take that away.
 */
#ifndef MLP_EDGE_KERNEL_MISSING
#define MLP_EDGE_KERNEL_MISSING

#include "bits.h"

static inline int mlp_edge_missing(const float *sentinels, const float *x, size_t i)
{
    uint32_t bits;
    memcpy(&bits, &x[i], sizeof bits); /* as bits from the start: a copy might quieten a NaN */
    if ((bits & ~MLP_EDGE_SIGN) > MLP_EDGE_INFINITY) {
        return 1;
    }
    return sentinels != NULL && x[i] == MLP_EDGE_READ_FLOAT(&sentinels[i]);
}

#endif
