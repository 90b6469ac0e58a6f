/*
 * Four inputs at a time to r2 to r5, from x at r0, low at r1 and factor at r6: (x - low) * factor,
 * each operation rounded by itself, then to an integer, half to even. VCVTR makes 0 of NaN, and of
 * what does not fit the nearest integer that does.
 */
#ifndef MLP_EDGE_KERNEL_CORTEX_QUANTISE_FOUR
#define MLP_EDGE_KERNEL_CORTEX_QUANTISE_FOUR

#include "cortex/thumb.h"

#if defined(MLP_EDGE_DSP) && defined(MLP_EDGE_FLOAT_UNIT)
#define MLP_EDGE_QUANTISE_FOUR

#define MLP_EDGE_DSP_ROUND_FOUR                     \
    "vldm r0!, {s0-s3}\n"                           \
    "vldm r1!, {s4-s7}\n"                           \
    "vldm r6!, {s8-s11}\n"                          \
    "vsub.f32 s0, s0, s4\n"                         \
    "vsub.f32 s1, s1, s5\n"                         \
    "vsub.f32 s2, s2, s6\n"                         \
    "vsub.f32 s3, s3, s7\n"                         \
    "vmul.f32 s0, s0, s8\n"                         \
    "vmul.f32 s1, s1, s9\n"                         \
    "vmul.f32 s2, s2, s10\n"                        \
    "vmul.f32 s3, s3, s11\n"                        \
    "vcvtr.s32.f32 s0, s0\n"                        \
    "vcvtr.s32.f32 s1, s1\n"                        \
    "vcvtr.s32.f32 s2, s2\n"                        \
    "vcvtr.s32.f32 s3, s3\n"                        \
    "vmov r2, r3, s0, s1\n"                         \
    "vmov r4, r5, s2, s3\n"
#define MLP_EDGE_DSP_ROUND_CLOBBERS                                                             \
    "r2", "r3", "r4", "r5", "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10",  \
        "s11", "cc", "memory"
#endif

#endif
