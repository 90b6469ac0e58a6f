/*
 * A quotient of floats, as quotient_of_digits.h has it. The dividend is 0 or a normal number, the
 * divisor a normal number, and so is the quotient.
 */
#ifndef MLP_EDGE_KERNEL_QUOTIENT
#define MLP_EDGE_KERNEL_QUOTIENT

#include "bits.h"
#include "integers/quotient_of_digits.h"

#ifdef MLP_EDGE_QUOTIENT
static inline float mlp_edge_quotient(float dividend, float divisor)
{
    const uint32_t a = mlp_edge_bits(dividend), b = mlp_edge_bits(divisor);
    const uint32_t digits = a == 0 ? 0 : (a & 0x7fffffu) | 0x800000u;
    return mlp_edge_quotient_of_digits(digits, (b & 0x7fffffu) | 0x800000u,
                                       127 + (a >> 23) - (b >> 23));
}
#endif

#endif
