/* mlp_edge_dense_int16, with SMLAD of any number of neurons, without of a multiple of four. */
#ifndef MLP_EDGE_KERNEL_CORTEX_DENSE_INT16
#define MLP_EDGE_KERNEL_CORTEX_DENSE_INT16

#include "cortex/dsp.h"

#if defined(MLP_EDGE_DSP)

#define MLP_EDGE_DSP_TWO_COLUMNS                    \
    "ldr r8, [r3], #4\n"                            \
    "ldr r10, [r0, r2]\n"                           \
    "smlad r7, r10, r8, r7\n"                       \
    "ldr r10, [r0, r1, lsl #1]\n"                   \
    "smlad r6, r10, r8, r6\n"                       \
    "ldr r10, [r0, r1]\n"                           \
    "smlad r5, r10, r8, r5\n"                       \
    "ldr r10, [r0], #4\n"                           \
    "smlad r4, r10, r8, r4\n"
#define MLP_EDGE_DSP_ROWS_INT16                     \
    MLP_EDGE_DSP_TWICE("3", MLP_EDGE_DSP_TWO_COLUMNS) \
    "tst r1, #2\n"                                  \
    "beq 5f\n"                                      \
    "ldrh r8, [r3]\n"                               \
    MLP_EDGE_THUMB_COLUMN("ldrsh", "2")               \
    "5:\n"

/* sum / 2^shift, by the table at r8. Of a negative sum it is negative, and USAT makes it 0. */
#define MLP_EDGE_DSP_SHIFT_INT16(sum)               \
    "ldrb r3, [r8], #1\n"                           \
    "asrs " sum ", " sum ", r3\n"                   \
    "adc " sum ", " sum ", #0\n"                    \
    "usat " sum ", #16, " sum "\n"
/* r9 is 65535 - high in both halves: added with saturation, then subtracted, it clamps to high. */
#define MLP_EDGE_DSP_REQUANTISE_TWO_INT16(sum, next) \
    MLP_EDGE_DSP_SHIFT_INT16(sum)                   \
    MLP_EDGE_DSP_SHIFT_INT16(next)                  \
    "pkhbt " sum ", " sum ", " next ", lsl #16\n"   \
    "uqadd16 " sum ", " sum ", r9\n"                \
    "usub16 " sum ", " sum ", r9\n"                 \
    "str " sum ", [r10], #4\n"
#define MLP_EDGE_DSP_REQUANTISE_FOUR_INT16          \
    MLP_EDGE_DSP_REQUANTISE_TWO_INT16("r4", "r5")   \
    MLP_EDGE_DSP_REQUANTISE_TWO_INT16("r6", "r7")

/* The neurons that are left, one at a time. */
#define MLP_EDGE_DSP_REST_INT16                     \
    "ldr r11, [sp, #12]\n"                          \
    "adds r11, r11, #4\n"                           \
    "beq 9f\n"                                      \
    "8:\n"                                          \
    "str r11, [sp, #12]\n"                          \
    "ldr r7, [lr], #4\n"                            \
    "ldr r3, [sp, #16]\n"                           \
    "lsrs r12, r1, #2\n"                            \
    "beq 2f\n"                                      \
    "1:\n"                                          \
    "ldr r8, [r3], #4\n"                            \
    "ldr r10, [r0], #4\n"                           \
    "smlad r7, r10, r8, r7\n"                       \
    "subs r12, r12, #1\n"                           \
    "bne 1b\n"                                      \
    "2:\n"                                          \
    "tst r1, #2\n"                                  \
    "beq 3f\n"                                      \
    "ldrh r8, [r3]\n"                               \
    "ldrsh r10, [r0], #2\n"                         \
    "mla r7, r10, r8, r7\n"                         \
    "3:\n"                                          \
    "ldm sp, {r8-r11}\n"                            \
    MLP_EDGE_DSP_SHIFT_INT16("r7")                  \
    "uqadd16 r7, r7, r9\n"                          \
    "usub16 r7, r7, r9\n"                           \
    "strh r7, [r10], #2\n"                          \
    "stm sp, {r8-r10}\n"                            \
    "subs r11, r11, #1\n"                           \
    "bne 8b\n"                                      \
    "9:\n"

#define MLP_EDGE_THUMB_DENSE_INT16                  \
    MLP_EDGE_THUMB_LAYER(                           \
        "cmp r5, #0\n"                              \
        "blt 7f\n",                                 \
        MLP_EDGE_DSP_ROWS_INT16, MLP_EDGE_DSP_REQUANTISE_FOUR_INT16, MLP_EDGE_DSP_REST_INT16)
#define MLP_EDGE_THUMB_CLAMP(high) ((65535u - (high)) * 0x10001u)

#elif defined(MLP_EDGE_THUMB)

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
        "", MLP_EDGE_THUMB_ROWS_INT16,              \
        MLP_EDGE_THUMB_REQUANTISE_INT16("r4")       \
        MLP_EDGE_THUMB_REQUANTISE_INT16("r5")       \
        MLP_EDGE_THUMB_REQUANTISE_INT16("r6")       \
        MLP_EDGE_THUMB_REQUANTISE_INT16("r7"),      \
        "")
#define MLP_EDGE_THUMB_CLAMP(high) ((uint32_t)(high))

#endif

#ifdef MLP_EDGE_THUMB

static inline void mlp_edge_thumb_dense_int16(const int16_t *weights, const int32_t *bias,
    const uint8_t *shift, uint16_t high, size_t inputs, size_t outputs, const uint16_t *x,
    uint16_t *y)
{
    register const int16_t *r0 __asm__("r0") = weights;
    register const int32_t *r1 __asm__("r1") = bias;
    register const uint8_t *r2 __asm__("r2") = shift;
    register uint32_t r3 __asm__("r3") = MLP_EDGE_THUMB_CLAMP(high);
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
