/* mlp_edge_relu of 4 * `fours` values, as bits, for Cortex-M3 and later; `fours` is above 0. */
#ifndef MLP_EDGE_KERNEL_CORTEX_RELU
#define MLP_EDGE_KERNEL_CORTEX_RELU

#include "cortex/thumb.h"

#ifdef MLP_EDGE_THUMB

/* The comparison is of int32_t, with -infinity: see mlp_edge_relu. */
#define MLP_EDGE_THUMB_RELU(value) \
    "cmn " value ", #0x800000\n"   \
    "it le\n"                      \
    "movle " value ", #0\n"

static inline void mlp_edge_thumb_relu(float *values, size_t fours)
{
    __asm__ volatile(
        "0:\n"
        "ldm %[values], {r2-r5}\n"
        MLP_EDGE_THUMB_RELU("r2")
        MLP_EDGE_THUMB_RELU("r3")
        MLP_EDGE_THUMB_RELU("r4")
        MLP_EDGE_THUMB_RELU("r5")
        "stm %[values]!, {r2-r5}\n"
        "subs %[fours], %[fours], #1\n"
        "bne 0b\n"
        : [values] "+r"(values), [fours] "+r"(fours)
        :
        : "r2", "r3", "r4", "r5", "cc", "memory");
}

#endif

#endif
