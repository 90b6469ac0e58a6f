/*
 * Layers of integers for Cortex-M3 and later: four neurons at a time read their inputs once.
 *
 * In all of them r0 points at weights, r1 is the size of a row in bytes, r2 that of three rows, r3
 * points at inputs, lr at biases; r4 to r7 are sums, r12 counts, and r8 to r11 are free.
 */
#ifndef MLP_EDGE_KERNEL_CORTEX_LAYER
#define MLP_EDGE_KERNEL_CORTEX_LAYER

#include "cortex/thumb.h"

#ifdef MLP_EDGE_THUMB

/* One input, in r8, to each sum; `load` reads a weight of `size` bytes. */
#define MLP_EDGE_THUMB_COLUMN(load, size)           \
    load " r10, [r0, r2]\n"                         \
    "mla r7, r10, r8, r7\n"                         \
    load " r10, [r0, r1, lsl #1]\n"                 \
    "mla r6, r10, r8, r6\n"                         \
    load " r10, [r0, r1]\n"                         \
    "mla r5, r10, r8, r5\n"                         \
    load " r10, [r0], #" size "\n"                  \
    "mla r4, r10, r8, r4\n"

/* Rows of int8 by columns; `one` reads an input. */
#define MLP_EDGE_THUMB_ROWS_INT8(one)               \
    "mov r12, r1\n"                                 \
    "1:\n"                                          \
    one                                             \
    MLP_EDGE_THUMB_COLUMN("ldrsb", "1")             \
    "subs r12, r12, #1\n"                           \
    "bne 1b\n"

/*
 * sum * multiplier / 2^shift, from the tables at r8 and r9 to y at r10. USAT clamps. LSRS leaves
 * the last bit that it shifts out in the carry, which rounds half up.
 */
#define MLP_EDGE_THUMB_REQUANTISE_INT8(sum)           \
    "ldrh r3, [r8], #2\n"                           \
    "usat " sum ", #31, " sum "\n"                  \
    "muls " sum ", r3, " sum "\n"                   \
    "ldrb r3, [r9], #1\n"                           \
    "lsrs " sum ", " sum ", r3\n"                   \
    "adc " sum ", " sum ", #0\n"                    \
    "usat " sum ", #8, " sum "\n"                   \
    "strb " sum ", [r10], #1\n"
#define MLP_EDGE_THUMB_REQUANTISE_FOUR_INT8           \
    MLP_EDGE_THUMB_REQUANTISE_INT8("r4")              \
    MLP_EDGE_THUMB_REQUANTISE_INT8("r5")              \
    MLP_EDGE_THUMB_REQUANTISE_INT8("r6")              \
    MLP_EDGE_THUMB_REQUANTISE_INT8("r7")

/*
 * A layer. It is entered with weights in r0, bias in r1, two arguments of `requantise` in r2 and
 * r3, y in r4, outputs - 4 in r5, x in r6, the size of a row in r8. `requantise` finds what was in
 * r2 to r5 in r8 to r11. What r7 and r9 held is put back: a compiler may have reserved them.
 */
#define MLP_EDGE_THUMB_LAYER(rows, requantise)      \
    "push {r2-r9}\n"                                \
    "mov lr, r1\n"                                  \
    "mov r1, r8\n"                                  \
    "add r2, r1, r1, lsl #1\n"                      \
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
    "add sp, sp, #20\n"                             \
    "pop {r7-r9}\n"

#endif

#endif
