/* mlp_edge_dense_int16 of a number of neurons that is a multiple of four, without SMLAD. */
#ifndef MLP_EDGE_KERNEL_CORTEX_DENSE_INT16
#define MLP_EDGE_KERNEL_CORTEX_DENSE_INT16

#include "cortex/layer.h"

#if defined(MLP_EDGE_THUMB) && !defined(MLP_EDGE_DSP)

#define MLP_EDGE_THUMB_ROWS_INT16                   \
    "lsrs r12, r1, #1\n"                            \
    "1:\n"                                          \
    "ldrh r8, [r3], #2\n"                           \
    MLP_EDGE_THUMB_COLUMN("ldrsh", "2")             \
    "subs r12, r12, #1\n"                           \
    "bne 1b\n"

/* sum / 2^shift, by the table at r8, at most r9. */
#define MLP_EDGE_THUMB_REQUANTISE_INT16(sum)        \
    "ldrb r3, [r8], #1\n"                           \
    "asrs " sum ", " sum ", r3\n"                   \
    "adc " sum ", " sum ", #0\n"                    \
    "usat " sum ", #31, " sum "\n"                  \
    "cmp " sum ", r9\n"                             \
    "it hi\n"                                       \
    "movhi " sum ", r9\n"                           \
    "strh " sum ", [r10], #2\n"

#define MLP_EDGE_THUMB_DENSE_INT16                  \
    MLP_EDGE_THUMB_LAYER(                           \
        MLP_EDGE_THUMB_ROWS_INT16,                  \
        MLP_EDGE_THUMB_REQUANTISE_INT16("r4")       \
        MLP_EDGE_THUMB_REQUANTISE_INT16("r5")       \
        MLP_EDGE_THUMB_REQUANTISE_INT16("r6")       \
        MLP_EDGE_THUMB_REQUANTISE_INT16("r7"))

static inline void mlp_edge_thumb_dense_int16(const int16_t *weights, const int32_t *bias,
    const uint8_t *shift, uint16_t high, size_t inputs, size_t outputs, const uint16_t *x,
    uint16_t *y)
{
    register const int16_t *r0 __asm__("r0") = weights;
    register const int32_t *r1 __asm__("r1") = bias;
    register const uint8_t *r2 __asm__("r2") = shift;
    register uint32_t r3 __asm__("r3") = high;
    register uint16_t *r4 __asm__("r4") = y;
    register size_t r5 __asm__("r5") = outputs - 4;
    register const uint16_t *r6 __asm__("r6") = x;
    register size_t r8 __asm__("r8") = 2 * inputs;
    __asm__ volatile(
        MLP_EDGE_THUMB_DENSE_INT16
        : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r6), "+r"(r8)
        :
        : "r10", "r11", "r12", "lr", "cc", "memory");
}

#endif

#endif
