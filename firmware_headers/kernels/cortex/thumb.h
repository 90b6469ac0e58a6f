/*
 * Which instructions a Cortex-M has: MLP_EDGE_THUMB_1 for those of a Cortex-M0, MLP_EDGE_THUMB for
 * those of a Cortex-M3 and later, MLP_EDGE_DSP for SMLAD and the like, MLP_EDGE_FLOAT_UNIT for
 * floats. Kernels that use them give the bits of the C beside them; MLP_EDGE_PLAIN_C selects the C.
 */
#ifndef MLP_EDGE_KERNEL_CORTEX_THUMB
#define MLP_EDGE_KERNEL_CORTEX_THUMB

#include "flash.h"

#if defined(__ARM_ARCH_PROFILE) && defined(__ARMEL__) && defined(__GNUC__) \
    && !defined(MLP_EDGE_PLAIN_C)
#if __ARM_ARCH_PROFILE == 'M' && !defined(__thumb2__)
#define MLP_EDGE_THUMB_1
#elif __ARM_ARCH_PROFILE == 'M'
#define MLP_EDGE_THUMB
#if defined(__ARM_FEATURE_DSP) && defined(__ARM_FEATURE_UNALIGNED)
#define MLP_EDGE_DSP
#endif
#if defined(__ARM_FP) && __ARM_FP & 4
#define MLP_EDGE_FLOAT_UNIT
#endif
#endif
#endif

/* What is worth a copy wherever it is called, as little is left of it there. */
#ifdef MLP_EDGE_DSP
#define MLP_EDGE_DSP_INLINED __attribute__((always_inline))
#else
#define MLP_EDGE_DSP_INLINED
#endif

#endif
