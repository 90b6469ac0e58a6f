/*
 * value / 2^shift, rounded half up, for a shift from 1 to 31. Half of the divisor is not added
 * first because the sum might not fit.
 */
#ifndef MLP_EDGE_KERNEL_ROUNDED_SHIFT
#define MLP_EDGE_KERNEL_ROUNDED_SHIFT

#include "cortex/thumb.h"

static inline uint32_t mlp_edge_rounded_shift(uint32_t value, uint8_t shift)
{
#ifdef __AVR__
    for (; shift > 8; shift = (uint8_t)(shift - 8)) {
        value >>= 8; /* whole bytes move at once; other shifts go bit by bit */
    }
#endif
#ifdef MLP_EDGE_THUMB
    /* The last bit that is shifted out is left in the carry. */
    __asm__("lsrs %0, %0, %1\n"
            "adc %0, %0, #0\n"
            : "+r"(value)
            : "r"(shift)
            : "cc");
    return value;
#else
    return ((value >> (shift - 1)) + 1) >> 1;
#endif
}

#endif
