/* mlp_edge_quantise_int16 of 4 * `fours` inputs with a float unit. */
#ifndef MLP_EDGE_KERNEL_CORTEX_QUANTISE_INT16
#define MLP_EDGE_KERNEL_CORTEX_QUANTISE_INT16

#include "cortex/quantise_four.h"

#ifdef MLP_EDGE_QUANTISE_FOUR

MLP_EDGE_DSP_INLINED
static inline void mlp_edge_dsp_quantise_int16(const float *low, const float *factor,
    uint16_t high, size_t fours, const float *x, uint16_t *y)
{
    register const float *r0 __asm__("r0") = x;
    register const float *r1 __asm__("r1") = low;
    register const float *r6 __asm__("r6") = factor;
    register uint16_t *r8 __asm__("r8") = y;
    register size_t r10 __asm__("r10") = fours;
    register uint32_t r11 __asm__("r11") = (65535u - high) * 0x10001u;
    __asm__ volatile(
        "0:\n"
        MLP_EDGE_DSP_ROUND_FOUR
        "usat r2, #16, r2\n"
        "usat r3, #16, r3\n"
        "usat r4, #16, r4\n"
        "usat r5, #16, r5\n"
        "pkhbt r2, r2, r3, lsl #16\n"
        "pkhbt r4, r4, r5, lsl #16\n"
        "uqadd16 r2, r2, r11\n"
        "uqadd16 r4, r4, r11\n"
        "usub16 r2, r2, r11\n"
        "usub16 r4, r4, r11\n"
        "str r2, [r8], #4\n"
        "str r4, [r8], #4\n"
        "subs r10, r10, #1\n"
        "bne 0b\n"
        : "+r"(r0), "+r"(r1), "+r"(r6), "+r"(r8), "+r"(r10)
        : "r"(r11)
        : MLP_EDGE_DSP_ROUND_CLOBBERS);
}

#endif

#endif
