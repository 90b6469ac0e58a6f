/* mlp_edge_scaled_int24 by four products of 32 bits, on a Cortex-M0, which has no larger ones. */
#ifndef MLP_EDGE_KERNEL_CORTEX_SCALED_INT24
#define MLP_EDGE_KERNEL_CORTEX_SCALED_INT24

#include "cortex/thumb.h"

#ifdef MLP_EDGE_THUMB_1

/* GCC and clang shift a negative number to the right as the chip does: the sign stays. */
static inline int32_t mlp_edge_thumb_scaled_int24(int32_t value, uint32_t by)
{
    const int32_t upper = value >> 16, high = (int32_t)(by >> 12), low = (int32_t)(by & 0xfffu);
    const uint32_t lower = (uint32_t)value & 0xffffu;
    const int32_t middle = upper * low;
    const uint32_t rest = (((uint32_t)middle & 0xffu) << 4) + lower * (uint32_t)high
                        + (lower * (uint32_t)low >> 12);
    return (int32_t)((uint32_t)(upper * high) << 4) + (middle >> 8) + (int32_t)(rest >> 12);
}

#endif

#endif
