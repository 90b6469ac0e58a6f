/*
 * The sum of two finite floats, rounded half to even, as IEEE 754 has it, but for the sign of 0:
 * for chips where it would be a call, to a function several times as large.
 */
#ifndef MLP_EDGE_KERNEL_SUM_BITS
#define MLP_EDGE_KERNEL_SUM_BITS

#include "integers/quantise_bits.h"
#include "integers/rounded_bits.h"

#ifdef MLP_EDGE_SUM_BITS

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
