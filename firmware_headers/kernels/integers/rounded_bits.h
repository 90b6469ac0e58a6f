/* An integer times a power of two as a float, rounded half to even; without a float unit. */
#ifndef MLP_EDGE_KERNEL_ROUNDED_BITS
#define MLP_EDGE_KERNEL_ROUNDED_BITS

#include "from_bits.h"

#if defined(MLP_EDGE_SOFT_FLOAT) && !defined(__AVR__) && !defined(MLP_EDGE_PLAIN_C)
#define MLP_EDGE_SUM_BITS

/* The bits of digits * 2^(exponent - 158) as a float, rounded half to even; exponent above 0. */
static inline uint32_t mlp_edge_rounded_bits(uint32_t digits, int32_t exponent)
{
    if (digits == 0) {
        return 0;
    }
    for (int32_t by = 16; by > 0; by >>= 1) { /* the leading digit to the topmost bit */
        if (digits >> (32 - by) == 0 && exponent > by) {
            digits <<= by;
            exponent -= by;
        }
    }
    digits = (digits >> 8) + ((digits & 0xffu) + (digits >> 8 & 1u) > 0x80u);
    /* The digit in front, and what is carried there, adds 1 to the exponent. */
    const uint32_t bits = ((uint32_t)(exponent - 1) << 23) + digits;
    return bits < MLP_EDGE_INFINITY ? bits : MLP_EDGE_INFINITY;
}

#endif

#endif
