/*
 * Layers for Cortex-M4, M7, M33 and later, whose SMLAD adds two products of halfwords to a sum.
 * Four neurons at a time read their inputs once.
 *
 * In all of them r0 points at weights, r1 is the size of a row in bytes, r2 that of three rows, r3
 * points at inputs, lr at biases; r4 to r7 are sums, r12 counts, and r8 to r11 are free.
 */
#ifndef MLP_EDGE_KERNEL_CORTEX_DSP
#define MLP_EDGE_KERNEL_CORTEX_DSP

#include "cortex/thumb.h"

#ifdef MLP_EDGE_DSP

/* Runs `step` as often as r1 is a multiple of `size`, two at a time, the first time one if odd. */
#define MLP_EDGE_DSP_TWICE(log_of_twice_the_size, step) \
    "lsrs r12, r1, #" log_of_twice_the_size "\n"    \
    "bcs 2f\n"                                      \
    "subs r12, r12, #1\n"                           \
    "blt 3f\n"                                      \
    "1:\n"                                          \
    step                                            \
    "2:\n"                                          \
    step                                            \
    "subs r12, r12, #1\n"                           \
    "bge 1b\n"                                      \
    "3:\n"

/* One input, in r8, to each sum; `load` reads a weight of `size` bytes. */
#define MLP_EDGE_DSP_COLUMN(load, size)             \
    load " r10, [r0, r2]\n"                         \
    "mla r7, r10, r8, r7\n"                         \
    load " r10, [r0, r1, lsl #1]\n"                 \
    "mla r6, r10, r8, r6\n"                         \
    load " r10, [r0, r1]\n"                         \
    "mla r5, r10, r8, r5\n"                         \
    load " r10, [r0], #" size "\n"                  \
    "mla r4, r10, r8, r4\n"

/* Four weights of int8 to a sum; r8 holds the inputs 0 and 2, r9 the inputs 1 and 3. */
#define MLP_EDGE_DSP_FOUR_WEIGHTS(sum, address)     \
    "ldr r10, [" address "\n"                       \
    "sxtb16 r11, r10\n"                             \
    "sxtb16 r10, r10, ror #8\n"                     \
    "smlad " sum ", r11, r8, " sum "\n"             \
    "smlad " sum ", r10, r9, " sum "\n"
#define MLP_EDGE_DSP_FOUR_COLUMNS                       \
    MLP_EDGE_DSP_FOUR_WEIGHTS("r7", "r0, r2]")          \
    MLP_EDGE_DSP_FOUR_WEIGHTS("r6", "r0, r1, lsl #1]")  \
    MLP_EDGE_DSP_FOUR_WEIGHTS("r5", "r0, r1]")          \
    MLP_EDGE_DSP_FOUR_WEIGHTS("r4", "r0], #4")

/* Four rows of int8. `four` reads four inputs, `one` reads one. */
#define MLP_EDGE_DSP_ROWS_INT8(four, one)           \
    MLP_EDGE_DSP_TWICE("3", four MLP_EDGE_DSP_FOUR_COLUMNS) \
    "ands r12, r1, #3\n"                            \
    "beq 5f\n"                                      \
    "4:\n"                                          \
    one                                             \
    MLP_EDGE_DSP_COLUMN("ldrsb", "1")               \
    "subs r12, r12, #1\n"                           \
    "bne 4b\n"                                      \
    "5:\n"
#define MLP_EDGE_DSP_ROWS_OF_BYTES                  \
    MLP_EDGE_DSP_ROWS_INT8(                         \
        "ldr r9, [r3], #4\n"                        \
        "uxtb16 r8, r9\n"                           \
        "uxtb16 r9, r9, ror #8\n",                  \
        "ldrb r8, [r3], #1\n")
#define MLP_EDGE_DSP_ROWS_OF_HALFWORDS              \
    MLP_EDGE_DSP_ROWS_INT8(                         \
        "ldr r10, [r3], #4\n"                       \
        "ldr r9, [r3], #4\n"                        \
        "pkhbt r8, r10, r9, lsl #16\n"              \
        "pkhtb r9, r9, r10, asr #16\n",             \
        "ldrh r8, [r3], #2\n")

/*
 * sum * multiplier / 2^shift, from the tables at r8 and r9 to y at r10. USAT clamps. LSRS leaves
 * the last bit that it shifts out in the carry, which rounds half up.
 */
#define MLP_EDGE_DSP_REQUANTISE_INT8(sum)           \
    "ldrh r3, [r8], #2\n"                           \
    "usat " sum ", #31, " sum "\n"                  \
    "muls " sum ", r3, " sum "\n"                   \
    "ldrb r3, [r9], #1\n"                           \
    "lsrs " sum ", " sum ", r3\n"                   \
    "adc " sum ", " sum ", #0\n"                    \
    "usat " sum ", #8, " sum "\n"                   \
    "strb " sum ", [r10], #1\n"
#define MLP_EDGE_DSP_REQUANTISE_FOUR_INT8           \
    MLP_EDGE_DSP_REQUANTISE_INT8("r4")              \
    MLP_EDGE_DSP_REQUANTISE_INT8("r5")              \
    MLP_EDGE_DSP_REQUANTISE_INT8("r6")              \
    MLP_EDGE_DSP_REQUANTISE_INT8("r7")

/*
 * A layer. It is entered with weights in r0, bias in r1, two arguments of `requantise` in r2 and
 * r3, y in r4, outputs - 4 in r5, x in r6, the size of a row in r8. `requantise` finds what was in
 * r2 to r5 in r8 to r11. What r7 and r9 held is put back: a compiler may have reserved them.
 * `before` may jump to 7, where fewer than four neurons are left, to `behind`.
 */
#define MLP_EDGE_DSP_LAYER(before, rows, requantise, behind) \
    "push {r2-r9}\n"                                \
    "mov lr, r1\n"                                  \
    "mov r1, r8\n"                                  \
    "add r2, r1, r1, lsl #1\n"                      \
    before                                          \
    "0:\n"                                          \
    "ldm lr!, {r4-r7}\n"                            \
    "ldr r3, [sp, #16]\n"                           \
    rows                                            \
    "add r0, r0, r2\n"                              \
    "ldm sp, {r8-r11}\n"                            \
    requantise                                      \
    "subs r11, r11, #4\n"                           \
    "stm sp, {r8-r11}\n"                            \
    "bge 0b\n"                                      \
    "7:\n"                                          \
    behind                                          \
    "add sp, sp, #20\n"                             \
    "pop {r7-r9}\n"

#endif

#endif
