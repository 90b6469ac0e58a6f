/*
 * The sum of two finite floats, rounded half to even, as IEEE 754 has it, but for the sign of 0:
 * for chips where it would be a call, to a function several times as large.
 */
#ifndef MLP_EDGE_KERNEL_SUM_BITS
#define MLP_EDGE_KERNEL_SUM_BITS

#include "from_bits.h"
#include "integers/quantise_bits.h"

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

static inline float mlp_edge_sum_bits(uint32_t x, uint32_t y)
{
    int32_t exponent, other;
    uint32_t a = mlp_edge_digits(x, &exponent), b = mlp_edge_digits(y, &other);
    if (exponent < other) {
        a = mlp_edge_sticky_shift(a, other - exponent);
        exponent = other;
    } else {
        b = mlp_edge_sticky_shift(b, exponent - other);
    }
    /* Two have 31 bits at most, the lowest 6 of them behind the digits of a float. */
    const uint32_t sum = (x & MLP_EDGE_SIGN ? 0u - a : a) + (y & MLP_EDGE_SIGN ? 0u - b : b);
    const uint32_t sign = sum & MLP_EDGE_SIGN;
    return mlp_edge_from_bits(sign | mlp_edge_rounded_bits(sign ? 0u - sum : sum, exponent + 2));
}

#endif

#endif
