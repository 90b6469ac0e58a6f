/* mlp_edge_quantise_int8 of 4 * `fours` inputs with a float unit. */
#ifndef MLP_EDGE_KERNEL_CORTEX_QUANTISE_INT8
#define MLP_EDGE_KERNEL_CORTEX_QUANTISE_INT8

#include "cortex/quantise_four.h"

#ifdef MLP_EDGE_QUANTISE_FOUR

MLP_EDGE_DSP_INLINED
static inline void mlp_edge_dsp_quantise_int8(const float *low, const float *factor, uint8_t high,
                                              size_t fours, const float *x, uint8_t *y)
{
    register const float *r0 __asm__("r0") = x;
    register const float *r1 __asm__("r1") = low;
    register const float *r6 __asm__("r6") = factor;
    register uint8_t *r8 __asm__("r8") = y;
    register size_t r10 __asm__("r10") = fours;
    register uint32_t r11 __asm__("r11") = (255u - high) * 0x1010101u;
    __asm__ volatile(
        "0:\n"
        MLP_EDGE_DSP_ROUND_FOUR
        "usat r2, #8, r2\n"
        "usat r3, #8, r3\n"
        "usat r4, #8, r4\n"
        "usat r5, #8, r5\n"
        "orr r2, r2, r3, lsl #8\n"
        "orr r4, r4, r5, lsl #8\n"
        "pkhbt r2, r2, r4, lsl #16\n"
        "uqadd8 r2, r2, r11\n"
        "usub8 r2, r2, r11\n"
        "str r2, [r8], #4\n"
        "subs r10, r10, #1\n"
        "bne 0b\n"
        : "+r"(r0), "+r"(r1), "+r"(r6), "+r"(r8), "+r"(r10)
        : "r"(r11)
        : MLP_EDGE_DSP_ROUND_CLOBBERS);
}

#endif

#endif
