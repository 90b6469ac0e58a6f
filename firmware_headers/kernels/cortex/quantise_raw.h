/*
 * mlp_edge_quantise_raw of one count or more, on Cortex-M3 and later: 11 instructions for each that
 * is on its line.
 */
#ifndef MLP_EDGE_KERNEL_CORTEX_QUANTISE_RAW
#define MLP_EDGE_KERNEL_CORTEX_QUANTISE_RAW

#include "cortex/thumb.h"
#include "raw/raw_line.h"

#ifdef MLP_EDGE_THUMB

/*
 * Counts are read from r0 up to r3, their lines from r1: r4 holds low and span, r5 the factor, r6
 * the start. `store` writes r12 to r2. Below a line, r12 wraps, and is above the span, too.
 */
#define MLP_EDGE_THUMB_QUANTISE_RAW(y_type, store)                                      \
    register const int16_t *r0 __asm__("r0") = x;                                       \
    register const mlp_edge_raw_line *r1 __asm__("r1") = lines;                         \
    register y_type *r2 __asm__("r2") = y;                                              \
    register const int16_t *r3 __asm__("r3") = x + count;                               \
    register uint32_t r8 __asm__("r8") = 16u + shift;                                   \
    register uint32_t r10 __asm__("r10") = high;                                        \
    register int missing __asm__("r11") = 0;                                            \
    __asm__ volatile(                                                                   \
        "0:\n"                                                                          \
        "ldrsh lr, [r0], #2\n"                                                          \
        "ldm r1!, {r4-r6}\n"                                                            \
        "sxth r12, r4\n"                                                                \
        "sub r12, lr, r12\n"                                                            \
        "cmp r12, r4, lsr #16\n"                                                        \
        "bhi 2f\n"                                                                      \
        "mla r12, r12, r5, r6\n"                                                        \
        "lsr r12, r12, r8\n"                                                            \
        "1:\n"                                                                          \
        store                                                                           \
        "cmp r0, r3\n"                                                                  \
        "bne 0b\n"                                                                      \
        "b 3f\n"                                                                        \
        "2:\n" /* `high` where the line rises towards the count, otherwise 0 */         \
        "eors r12, r12, r5\n"                                                           \
        "ite mi\n"                                                                      \
        "movmi r12, #0\n"                                                               \
        "movpl r12, r10\n"                                                              \
        "cmn lr, #32768\n"                                                              \
        "it eq\n"                                                                       \
        "moveq r11, #1\n"                                                               \
        "b 1b\n"                                                                        \
        "3:\n"                                                                          \
        : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(missing)                                   \
        : "r"(r3), "r"(r8), "r"(r10)                                                    \
        : "r4", "r5", "r6", "r12", "lr", "cc", "memory");                               \
    return missing

#endif

#endif
