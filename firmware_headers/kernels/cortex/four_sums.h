/*
 * Pre-activations of four neurons on a Cortex-M0: 15 or 16 instructions for four products. It is
 * entered with weights in r0, the size of a row in bytes in r1, bias in r2, sums in r3, x in r4.
 *
 * r0 to r3 then point behind the four rows, r5 counts up to 0, r8 and r10 to r12 are the sums. What
 * r7 held is put back: a compiler may have reserved it.
 */
#ifndef MLP_EDGE_KERNEL_CORTEX_FOUR_SUMS
#define MLP_EDGE_KERNEL_CORTEX_FOUR_SUMS

#include "cortex/thumb.h"

#ifdef MLP_EDGE_THUMB_1

/* `load` reads a weight of `size` bytes; `input` reads an input to r7. */
#define MLP_EDGE_THUMB_FOUR_SUMS(load, size, input) \
    ".syntax unified\n"                             \
    "push {r3, r7}\n"                               \
    "ldmia r2!, {r3, r5, r6, r7}\n"                 \
    "mov r8, r3\n"                                  \
    "mov r10, r5\n"                                 \
    "mov r11, r6\n"                                 \
    "mov r12, r7\n"                                 \
    "movs r3, r1\n"                                 \
    "rsbs r5, r1, #0\n"                             \
    "adds r0, r0, r3\n"                             \
    "adds r1, r0, r3\n"                             \
    "adds r2, r1, r3\n"                             \
    "adds r3, r2, r3\n"                             \
    "0:\n"                                          \
    input                                           \
    load " r6, [r0, r5]\n"                          \
    "muls r6, r7, r6\n"                             \
    "add r8, r8, r6\n"                              \
    load " r6, [r1, r5]\n"                          \
    "muls r6, r7, r6\n"                             \
    "add r10, r10, r6\n"                            \
    load " r6, [r2, r5]\n"                          \
    "muls r6, r7, r6\n"                             \
    "add r11, r11, r6\n"                            \
    load " r6, [r3, r5]\n"                          \
    "muls r6, r7, r6\n"                             \
    "add r12, r12, r6\n"                            \
    "adds r5, r5, #" size "\n"                      \
    "bne 0b\n"                                      \
    "pop {r2, r7}\n"                                \
    "mov r0, r8\n"                                  \
    "mov r1, r10\n"                                 \
    "mov r3, r11\n"                                 \
    "mov r4, r12\n"                                 \
    "stmia r2!, {r0, r1, r3, r4}\n"

#define MLP_EDGE_THUMB_FOUR_SUMS_OF(w, x_type, text)                                \
    register const w *r0 __asm__("r0") = weights;                                   \
    register size_t r1 __asm__("r1") = inputs * sizeof *weights;                    \
    register const int32_t *r2 __asm__("r2") = bias;                                \
    register int32_t *r3 __asm__("r3") = sums;                                      \
    register const x_type *r4 __asm__("r4") = x;                                    \
    __asm__ volatile(text                                                           \
                     : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3), "+r"(r4)             \
                     :                                                              \
                     : "r5", "r6", "r8", "r10", "r11", "r12", "cc", "memory")

#endif

#endif
