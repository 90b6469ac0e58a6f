/* Calls MLP_EDGE_DSP_DENSE_INT8's code with its arguments in the registers that it names. */
#ifndef MLP_EDGE_KERNEL_CORTEX_DSP_LAYER_INT8
#define MLP_EDGE_KERNEL_CORTEX_DSP_LAYER_INT8

#include "cortex/dsp.h"

#ifdef MLP_EDGE_DSP

MLP_EDGE_DSP_INLINED
static inline void mlp_edge_dsp_layer_int8(void (*code)(void), const int8_t *weights,
    const int32_t *bias, const mlp_edge_multiplier *multiplier, size_t inputs, size_t outputs,
    const void *x, uint8_t *y)
{
    register const int8_t *r0 __asm__("r0") = weights;
    register size_t r1 __asm__("r1") = inputs;
    register const mlp_edge_multiplier *r2 __asm__("r2") = multiplier;
    register const void *r3 __asm__("r3") = x;
    register const int32_t *r4 __asm__("r4") = bias;
    register uint8_t *r5 __asm__("r5") = y;
    register const int32_t *r6 __asm__("r6") = bias + outputs;
    register void (*r12)(void) __asm__("r12") = code;
    __asm__ volatile("blx r12"
                     : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r6),
                       "+r"(r12)
                     :
                     : "r8", "r10", "r11", "lr", "cc", "memory");
}

#endif

#endif
