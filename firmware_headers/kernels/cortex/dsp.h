/*
 * Four neurons at a time for Cortex-M4, M7, M33 and later, whose SMLAD adds two products of
 * halfwords to a sum. Registers are those of cortex/layer.h.
 */
#ifndef MLP_EDGE_KERNEL_CORTEX_DSP
#define MLP_EDGE_KERNEL_CORTEX_DSP

#include "cortex/layer.h"
#include "integers/multiplier.h"

#ifdef MLP_EDGE_DSP

/* Runs `step` r1 / size times, two at a time; where that is odd, the first time one. */
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
    MLP_EDGE_THUMB_COLUMN("ldrsb", "1")             \
    "subs r12, r12, #1\n"                           \
    "bne 4b\n"                                      \
    "5:\n"
#define MLP_EDGE_FOUR_ROWS_OF_BYTES                 \
    MLP_EDGE_DSP_ROWS_INT8(                         \
        "ldr r9, [r3], #4\n"                        \
        "uxtb16 r8, r9\n"                           \
        "uxtb16 r9, r9, ror #8\n",                  \
        "ldrb r8, [r3], #1\n")
#define MLP_EDGE_FOUR_ROWS_OF_HALFWORDS             \
    MLP_EDGE_DSP_ROWS_INT8(                         \
        "ldr r10, [r3], #4\n"                       \
        "ldr r9, [r3], #4\n"                        \
        "pkhbt r8, r10, r9, lsl #16\n"              \
        "pkhtb r9, r9, r10, asr #16\n",             \
        "ldrh r8, [r3], #2\n")

/* By the fraction in `by`, to y at r9. QADD doubles the sum, as a fraction has 31 bits. */
#define MLP_EDGE_DSP_REQUANTISE_INT8(sum, by)       \
    "qadd " sum ", " sum ", " sum "\n"              \
    "smmulr " sum ", " sum ", " by "\n"             \
    "usat " sum ", #8, " sum "\n"                   \
    "strb " sum ", [r9], #1\n"
/* The same where a sum may have 32 bits: SMULL gives 64, of which those above 31 count. */
#define MLP_EDGE_DSP_REQUANTISE_INT8_WIDE(sum, by)  \
    "smull " by ", " sum ", " sum ", " by "\n"      \
    "adds " by ", " by ", " by "\n"                 \
    "adc " sum ", " sum ", " sum "\n"               \
    "adds " by ", " by ", " by "\n"                 \
    "adc " sum ", " sum ", #0\n"                    \
    "usat " sum ", #8, " sum "\n"                   \
    "strb " sum ", [r9], #1\n"
/*
 * A layer of int8. It is entered with weights in r0, the size of a row in r1, multipliers in r2, x
 * in r3, biases in r4 up to r6, y in r5. The stack holds how far the multipliers are from the
 * biases, 16 bytes ahead of them, y, and where the biases end. `again` takes r3 back to x.
 */
#define MLP_EDGE_DSP_DENSE_INT8(rows, again, requantise) \
    "push {r7, r9, lr}\n"                           \
    "mov lr, r4\n"                                  \
    "sub r4, r2, r4\n"                              \
    "sub r4, r4, #16\n"                             \
    "push {r4-r6}\n"                                \
    "add r2, r1, r1, lsl #1\n"                      \
    "0:\n"                                          \
    "ldm lr!, {r4-r7}\n"                            \
    rows                                            \
    again                                           \
    "add r0, r0, r2\n"                              \
    "ldrd r8, r9, [sp]\n"                           \
    "add r8, r8, lr\n"                              \
    "ldm r8, {r8, r10-r12}\n"                       \
    requantise("r4", "r8")                          \
    requantise("r5", "r10")                         \
    requantise("r6", "r11")                         \
    requantise("r7", "r12")                         \
    "ldr r8, [sp, #8]\n"                            \
    "str r9, [sp, #4]\n"                            \
    "cmp lr, r8\n"                                  \
    "bne 0b\n"                                      \
    "add sp, sp, #12\n"                             \
    "pop {r7, r9, pc}\n"

#elif defined(MLP_EDGE_THUMB)

#define MLP_EDGE_FOUR_ROWS_OF_BYTES                 \
    MLP_EDGE_THUMB_ROWS_INT8("ldrb r8, [r3], #1\n")
#define MLP_EDGE_FOUR_ROWS_OF_HALFWORDS             \
    MLP_EDGE_THUMB_ROWS_INT8("ldrh r8, [r3], #2\n")

#endif

#endif
