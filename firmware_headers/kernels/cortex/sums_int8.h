/* mlp_edge_sums_int8 of a number of neurons that is a multiple of four. */
#ifndef MLP_EDGE_KERNEL_CORTEX_SUMS_INT8
#define MLP_EDGE_KERNEL_CORTEX_SUMS_INT8

#include "cortex/dsp.h"

#ifdef MLP_EDGE_THUMB

static inline void mlp_edge_thumb_sums_int8(const int8_t *weights, const int32_t *bias,
    size_t inputs, size_t count, const uint8_t *x, int32_t *sums)
{
    register const int8_t *r0 __asm__("r0") = weights;
    register const int32_t *r1 __asm__("r1") = bias;
    register int32_t *r2 __asm__("r2") = sums;
    register size_t r5 __asm__("r5") = count - 4;
    register const uint8_t *r6 __asm__("r6") = x;
    register size_t r8 __asm__("r8") = inputs;
    __asm__ volatile(
        MLP_EDGE_THUMB_LAYER(MLP_EDGE_FOUR_ROWS_OF_BYTES, "stm r8!, {r4-r7}\n")
        : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r5), "+r"(r6), "+r"(r8)
        :
        : "r3", "r4", "r10", "r11", "r12", "lr", "cc", "memory");
}

#endif

#endif
