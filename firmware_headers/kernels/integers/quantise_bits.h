/*
 * (x - low) * factor, rounded half to even, at most `high`, 0 for NaN: as floats have it, without
 * one, for chips where each operation on floats is a call. A difference and a product are rounded
 * to 24 digits as IEEE 754 rounds them; then the product is rounded to an integer. `low` is finite,
 * `factor` a normal number above 0, `high` below 2^24.
 */
#ifndef MLP_EDGE_KERNEL_QUANTISE_BITS
#define MLP_EDGE_KERNEL_QUANTISE_BITS

#include "bits.h"

/* A float as 24 digits above six more, and its exponent, 1 for the smallest numbers. */
MLP_EDGE_INLINED
static inline uint32_t mlp_edge_digits(uint32_t bits, int32_t *exponent)
{
    const uint32_t fraction = bits & 0x7fffffu;
    *exponent = (int32_t)(bits >> 23 & 255u);
    if (*exponent == 0) {
        *exponent = 1;
        return fraction << 6;
    }
    return (fraction | 0x800000u) << 6;
}

/* digits / 2^by; the lowest digit that is left is 1 where any that is lost was. */
MLP_EDGE_INLINED
static inline uint32_t mlp_edge_sticky_shift(uint32_t digits, int32_t by)
{
    if (by > 30) {
        return digits > 0;
    }
    return digits >> by | ((digits & (((uint32_t)1 << by) - 1u)) > 0);
}

static inline uint32_t mlp_edge_quantise_bits(float x, float low, float factor, uint32_t high)
{
    const uint32_t x_bits = mlp_edge_bits(x), low_bits = mlp_edge_bits(low);
    const uint32_t factor_bits = mlp_edge_bits(factor);
    if ((x_bits & ~MLP_EDGE_SIGN) >= MLP_EDGE_INFINITY) { /* infinite or NaN */
        return x_bits == MLP_EDGE_INFINITY ? high : 0;
    }

    int32_t exponent, other;
    uint32_t a = mlp_edge_digits(x_bits, &exponent), b = mlp_edge_digits(low_bits, &other);
    if (exponent < other) {
        a = mlp_edge_sticky_shift(a, other - exponent);
        exponent = other;
    } else {
        b = mlp_edge_sticky_shift(b, exponent - other);
    }
    a = x_bits & MLP_EDGE_SIGN ? 0u - a : a;
    uint32_t digits = low_bits & MLP_EDGE_SIGN ? a + b : a - b;
    if (digits == 0 || digits & MLP_EDGE_SIGN) { /* x is not above low */
        return 0;
    }
    while (!(digits & MLP_EDGE_SIGN)) {
        digits <<= 1;
        exponent--;
    }
    digits = (digits >> 8) + ((digits & 0xffu) + (digits >> 8 & 1u) > 0x80u);
    exponent += 2 + (int32_t)(digits >> 24); /* of a float with these 24 digits */
    digits >>= digits >> 24;
    if (exponent >= 255) {
        return high;
    }

    /* The product has 47 or 48 digits; factors are split in two, so that 32 bits hold all parts. */
    const uint32_t times = (factor_bits & 0x7fffffu) | 0x800000u;
    const uint32_t low_part = (digits & 0xfffu) * (times & 0xfffu);
    const uint32_t middle = (digits >> 12) * (times & 0xfffu) + (digits & 0xfffu) * (times >> 12)
                          + (low_part >> 12);
    uint32_t product = (digits >> 12) * (times >> 12) + (middle >> 12);
    uint32_t rest = (middle << 12 & 0xffffffu) | (low_part & 0xfffu);
    int32_t by = 276 - exponent - (int32_t)(factor_bits >> 23);
    if (product < 0x800000u) {
        product = product << 1 | rest >> 23;
        rest = rest << 1 & 0xffffffu;
        by++;
    }
    product += rest + (product & 1u) > 0x800000u;
    if (by < 0) {
        return high;
    }
    if (by > 0) {
        if (by > 25) {
            return 0;
        }
        const uint32_t odd = product >> by & 1u;
        product = (product + ((uint32_t)1 << (by - 1)) - 1u + odd) >> by;
    }
    return product > high ? high : product;
}

#endif
