/*
 * A quotient without an operation on floats, for chips where a division is a call: rounded half to
 * even, as IEEE 754 rounds it. The dividend is 0 or a normal number, the divisor a normal number,
 * and so is the quotient.
 */
#ifndef MLP_EDGE_KERNEL_QUOTIENT
#define MLP_EDGE_KERNEL_QUOTIENT

#include "from_bits.h"

#if defined(MLP_EDGE_SOFT_FLOAT) && !defined(__AVR__) && !defined(MLP_EDGE_PLAIN_C)
#define MLP_EDGE_QUOTIENT

/* dividend / divisor * 2^(exponent - 127), where dividend < 2 divisor < 2^26. */
static inline float mlp_edge_quotient_of_digits(uint32_t dividend, uint32_t divisor,
                                                uint32_t exponent)
{
    if (dividend == 0) {
        return 0.0f;
    }
    for (; dividend < divisor; exponent--) {
        dividend <<= 1;
    }
    uint32_t digits = 0;
    for (uint8_t left = 24; left > 0; left--) {
        digits <<= 1;
        if (dividend >= divisor) {
            dividend -= divisor;
            digits++;
        }
        dividend <<= 1;
    }
    digits += dividend + (digits & 1u) > divisor;
    return mlp_edge_from_bits(((exponent - 1) << 23) + digits);
}

static inline float mlp_edge_quotient(float dividend, float divisor)
{
    const uint32_t a = mlp_edge_bits(dividend), b = mlp_edge_bits(divisor);
    const uint32_t digits = a == 0 ? 0 : (a & 0x7fffffu) | 0x800000u;
    return mlp_edge_quotient_of_digits(digits, (b & 0x7fffffu) | 0x800000u,
                                       127 + (a >> 23) - (b >> 23));
}
#endif

#endif
