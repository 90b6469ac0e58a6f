/*
 * A small layer of mlp_edge_dense_int8 or mlp_edge_dense_int8_from_16 on a Cortex-M0: one function
 * for both, a third of what compilers make of the C for each layer. Two neurons at a time take 9 or
 * 10 instructions for two products, and each 30 for its sum. `x` is the end of inputs of one byte,
 * but the beginning of those of two.
 *
 * r0 and r1 point behind two rows of weights, r2 and r3 are their sums, r4 points to inputs, r5
 * counts up to 0. On the stack are multiplier, shift and y, what was pushed, and the arguments, of
 * which outputs and bias are what is left of them.
 */
#ifndef MLP_EDGE_KERNEL_CORTEX_SMALL_LAYER_INT8
#define MLP_EDGE_KERNEL_CORTEX_SMALL_LAYER_INT8

#include "cortex/thumb.h"

#ifdef MLP_EDGE_THUMB_1

#ifdef __clang__
#define MLP_EDGE_THUMB_CODE __attribute__((naked, noinline, unused)) static void
#else
#define MLP_EDGE_THUMB_CODE __attribute__((naked, noinline, noclone, unused)) static void
#endif
#define MLP_EDGE_THUMB_SMALL 1024 /* weights; of more, four rows at a time pay for their code */
#define MLP_EDGE_THUMB_GIVEN __attribute__((unused)) const

MLP_EDGE_THUMB_CODE mlp_edge_thumb_small_layer_int8(
    MLP_EDGE_THUMB_GIVEN uint16_t *multiplier, MLP_EDGE_THUMB_GIVEN int8_t *weights,
    MLP_EDGE_THUMB_GIVEN uint8_t *shift, __attribute__((unused)) uint8_t *y,
    MLP_EDGE_THUMB_GIVEN size_t inputs, MLP_EDGE_THUMB_GIVEN size_t outputs,
    MLP_EDGE_THUMB_GIVEN int32_t *bias, MLP_EDGE_THUMB_GIVEN uintptr_t x,
    MLP_EDGE_THUMB_GIVEN size_t bytes)
{
    __asm__ volatile(
        ".syntax unified        \n"
        "push {r0, r2-r7, lr}   \n"
        "1:                     \n" /* two neurons */
        "ldr r5, [sp, #32]      \n"
        "ldr r7, [sp, #40]      \n"
        "ldmia r7!, {r2}        \n"
        "adds r0, r1, r5        \n"
        "movs r1, r0            \n" /* one that is left is summed twice */
        "ldr r6, [sp, #36]      \n"
        "subs r6, r6, #2        \n"
        "bmi 2f                 \n"
        "ldmia r7!, {r3}        \n"
        "adds r1, r0, r5        \n"
        "2:                     \n"
        "str r6, [sp, #36]      \n"
        "str r7, [sp, #40]      \n"
        "rsbs r5, r5, #0        \n"
        "ldr r4, [sp, #44]      \n"
        "ldr r7, [sp, #48]      \n"
        "lsrs r7, r7, #2        \n"
        "bcs 4f                 \n"
        "3:                     \n" /* inputs of one byte */
        "ldrb r7, [r4, r5]      \n"
        "ldrsb r6, [r0, r5]     \n"
        "muls r6, r7, r6        \n"
        "adds r2, r2, r6        \n"
        "ldrsb r6, [r1, r5]     \n"
        "muls r6, r7, r6        \n"
        "adds r3, r3, r6        \n"
        "adds r5, r5, #1        \n"
        "bne 3b                 \n"
        "b 5f                   \n"
        "4:                     \n" /* of two */
        "ldrh r7, [r4]          \n"
        "adds r4, r4, #2        \n"
        "ldrsb r6, [r0, r5]     \n"
        "muls r6, r7, r6        \n"
        "adds r2, r2, r6        \n"
        "ldrsb r6, [r1, r5]     \n"
        "muls r6, r7, r6        \n"
        "adds r3, r3, r6        \n"
        "adds r5, r5, #1        \n"
        "bne 4b                 \n"
        "5:                     \n"
        "pop {r4, r5, r7}       \n"
        "bl 7f                  \n"
        "ldr r0, [sp, #24]      \n"
        "cmp r0, #0             \n"
        "blt 6f                 \n"
        "movs r2, r3            \n"
        "bl 7f                  \n"
        "push {r4, r5, r7}      \n"
        "ldr r0, [sp, #36]      \n"
        "cmp r0, #0             \n"
        "bgt 1b                 \n"
        "add sp, sp, #12        \n"
        "6:                     \n"
        "pop {r4-r7, pc}        \n"
        "7:                     \n" /* requantises r2 */
        "asrs r6, r2, #31       \n" /* 0 where it is negative */
        "bics r2, r2, r6        \n"
        "ldrh r6, [r4]          \n"
        "adds r4, r4, #2        \n"
        "ldrb r0, [r5]          \n"
        "adds r5, r5, #1        \n"
        "muls r2, r6, r2        \n"
        "movs r6, #0            \n"
        "lsrs r2, r2, r0        \n" /* the last bit that is shifted out is left in the carry */
        "adcs r2, r2, r6        \n"
        "cmp r2, #255           \n"
        "bls 8f                 \n"
        "movs r2, #255          \n"
        "8:                     \n"
        "strb r2, [r7]          \n"
        "adds r7, r7, #1        \n"
        "bx lr                  \n"
        ::: "r0", "r1", "r2", "r3", "cc", "memory");
}

#endif

#endif
