/* Whether one of 4 * `fours` numbers is NaN; `fours` is above zero. */
#ifndef MLP_EDGE_KERNEL_CORTEX_ANY_NAN
#define MLP_EDGE_KERNEL_CORTEX_ANY_NAN

#include "cortex/thumb.h"

#ifdef MLP_EDGE_THUMB

/* Without its sign, NaN is above infinity: with 0xffffff added, twice its bits carry. */
MLP_EDGE_DSP_INLINED
static inline int mlp_edge_thumb_any_nan(const float *x, size_t fours)
{
    __asm__ volatile(
        "0:\n"
        "ldm %[x]!, {r2-r5}\n"
        "cmn %[beyond], r2, lsl #1\n"
        "ittt cc\n"
        "cmncc %[beyond], r3, lsl #1\n"
        "cmncc %[beyond], r4, lsl #1\n"
        "cmncc %[beyond], r5, lsl #1\n"
        "bcs 1f\n"
        "subs %[fours], %[fours], #1\n"
        "bne 0b\n"
        "1:\n"
        : [x] "+r"(x), [fours] "+r"(fours)
        : [beyond] "r"(0xffffffu)
        : "r2", "r3", "r4", "r5", "cc", "memory");
    return fours > 0;
}

#endif

#endif
