/*
 * A quotient of integers as a float without an operation on floats, for chips where a division is a
 * call: rounded half to even, as IEEE 754 rounds it. It is 0 or a normal number.
 */
#ifndef MLP_EDGE_KERNEL_QUOTIENT_OF_DIGITS
#define MLP_EDGE_KERNEL_QUOTIENT_OF_DIGITS

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
#endif

#endif
