/*
 * mlp_edge_dense for Cortex-M with a float unit: four neurons at a time read their inputs once, and
 * one instruction reads four weights. Each sum has the order of mlp_edge_dense, and rounds once per
 * multiply-add.
 */
#ifndef MLP_EDGE_KERNEL_CORTEX_DENSE
#define MLP_EDGE_KERNEL_CORTEX_DENSE

#include "bits.h"
#include "cortex/thumb.h"

#if defined(MLP_EDGE_FUSED) && defined(MLP_EDGE_FLOAT_UNIT)
#define MLP_EDGE_THUMB_DENSE

/* Four neurons take an input, from s4 to s7: s0 to s3 are sums, s8 to s15 weights of two rows. */
#define MLP_EDGE_THUMB_TWO_ROWS(row0, row1, sum0, sum1) \
    "vldmia %[" row0 "]!, {s8-s11}\n"                   \
    "vldmia %[" row1 "]!, {s12-s15}\n"                  \
    "vfma.f32 " sum0 ", s8, s4\n"                       \
    "vfma.f32 " sum1 ", s12, s4\n"                      \
    "vfma.f32 " sum0 ", s9, s5\n"                       \
    "vfma.f32 " sum1 ", s13, s5\n"                      \
    "vfma.f32 " sum0 ", s10, s6\n"                      \
    "vfma.f32 " sum1 ", s14, s6\n"                      \
    "vfma.f32 " sum0 ", s11, s7\n"                      \
    "vfma.f32 " sum1 ", s15, s7\n"
#define MLP_EDGE_THUMB_ONE_WEIGHT(row, sum) \
    "vldmia %[" row "]!, {s8}\n"            \
    "vfma.f32 " sum ", s8, s4\n"

static inline void mlp_edge_thumb_dense(const float *weights, const float *bias, size_t inputs,
                                        size_t outputs, const float *x, float *y)
{
    const float *row1, *row2, *row3;
    size_t left;
    __asm__ volatile(
        "subs %[outputs], #4\n"
        "blo 5f\n"
        "cmp %[inputs], #1\n"
        "beq 12f\n"
        "0:\n" /* four neurons */
        "vldmia %[bias]!, {s0-s3}\n"
        "add %[row1], %[row0], %[inputs], lsl #2\n"
        "add %[row2], %[row1], %[inputs], lsl #2\n"
        "add %[row3], %[row2], %[inputs], lsl #2\n"
        "subs %[left], %[inputs], #4\n"
        "blo 2f\n"
        "1:\n"
        "vldmia %[x]!, {s4-s7}\n"
        MLP_EDGE_THUMB_TWO_ROWS("row0", "row1", "s0", "s1")
        MLP_EDGE_THUMB_TWO_ROWS("row2", "row3", "s2", "s3")
        "subs %[left], #4\n"
        "bhs 1b\n"
        "2:\n"
        "adds %[left], #4\n"
        "beq 4f\n"
        "3:\n" /* the last inputs, one by one */
        "vldmia %[x]!, {s4}\n"
        MLP_EDGE_THUMB_ONE_WEIGHT("row0", "s0")
        MLP_EDGE_THUMB_ONE_WEIGHT("row1", "s1")
        MLP_EDGE_THUMB_ONE_WEIGHT("row2", "s2")
        MLP_EDGE_THUMB_ONE_WEIGHT("row3", "s3")
        "subs %[left], #1\n"
        "bne 3b\n"
        "4:\n"
        "sub %[x], %[x], %[inputs], lsl #2\n"
        "mov %[row0], %[row3]\n"
        "vstmia %[y]!, {s0-s3}\n"
        "subs %[outputs], #4\n"
        "bhs 0b\n"
        "5:\n"
        "adds %[outputs], #4\n"
        "beq 11f\n"
        "6:\n" /* the last neurons, one by one */
        "vldmia %[bias]!, {s0}\n"
        "subs %[left], %[inputs], #4\n"
        "blo 8f\n"
        "7:\n"
        "vldmia %[x]!, {s4-s7}\n"
        "vldmia %[row0]!, {s8-s11}\n"
        "vfma.f32 s0, s8, s4\n"
        "vfma.f32 s0, s9, s5\n"
        "vfma.f32 s0, s10, s6\n"
        "vfma.f32 s0, s11, s7\n"
        "subs %[left], #4\n"
        "bhs 7b\n"
        "8:\n"
        "adds %[left], #4\n"
        "beq 10f\n"
        "9:\n"
        "vldmia %[x]!, {s4}\n"
        MLP_EDGE_THUMB_ONE_WEIGHT("row0", "s0")
        "subs %[left], #1\n"
        "bne 9b\n"
        "10:\n"
        "sub %[x], %[x], %[inputs], lsl #2\n"
        "vstmia %[y]!, {s0}\n"
        "subs %[outputs], #1\n"
        "bne 6b\n"
        "b 11f\n"
        "12:\n" /* one input */
        "vldr s4, [%[x]]\n"
        "13:\n"
        "vldmia %[bias]!, {s0-s3}\n"
        "vldmia %[row0]!, {s8-s11}\n"
        "vfma.f32 s0, s8, s4\n"
        "vfma.f32 s1, s9, s4\n"
        "vfma.f32 s2, s10, s4\n"
        "vfma.f32 s3, s11, s4\n"
        "vstmia %[y]!, {s0-s3}\n"
        "subs %[outputs], #4\n"
        "bhs 13b\n"
        "b 5b\n"
        "11:\n"
        : [row0] "+&r"(weights), [bias] "+&r"(bias), [outputs] "+&r"(outputs), [x] "+&r"(x),
          [y] "+&r"(y), [row1] "=&r"(row1), [row2] "=&r"(row2), [row3] "=&r"(row3),
          [left] "=&r"(left)
        : [inputs] "r"(inputs)
        : "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "s12", "s13",
          "s14", "s15", "cc", "memory");
}

#endif

#endif
