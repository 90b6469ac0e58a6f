/*
 * Whether reading i is missing: it is NaN, or equals its sentinel, a number such as 0 or -999 that
 * stands for "missing". `sentinels` is NULL where the readings have none.
 *
 * NaN is told by the bits in memory: that takes an AVR four byte compares instead of a call, and
 * -ffast-math, which lets a compiler assume that no float is NaN, cannot take it away.
 */
#ifndef MLP_EDGE_KERNEL_MISSING
#define MLP_EDGE_KERNEL_MISSING

#include <stdint.h>
#include <string.h>

#include "flash.h"

static inline int mlp_edge_missing(const float *sentinels, const float *x, size_t i)
{
    uint32_t bits;
    memcpy(&bits, &x[i], sizeof bits);
    if ((bits & 0x7fffffffu) > 0x7f800000u) { /* beyond infinity, whatever the sign */
        return 1;
    }
    return sentinels != NULL && x[i] == MLP_EDGE_READ_FLOAT(&sentinels[i]);
}

#endif
