/*
 * 2^-(distance / 2^octave), times 2^scale, as a float: a whole number of halvings, and a polynomial
 * for the rest. All of its digits are exact; from 2^-118 down it is 0, so that no share of 255 of
 * them is subnormal.
 */
#ifndef MLP_EDGE_KERNEL_EXPONENTIAL_INT24
#define MLP_EDGE_KERNEL_EXPONENTIAL_INT24

#include "from_bits.h"
#include "int24/power_int24.h"
#include "avr/exponential_int24.h"

static inline float mlp_edge_exponential_int24(uint32_t distance, uint8_t octave, uint8_t scale)
{
#ifdef MLP_EDGE_AVR
    return mlp_edge_avr_exponential_int24(distance, octave, scale);
#else
    const uint32_t halvings = distance >> octave;
    if (halvings > 117) {
        return 0.0f;
    }
    const uint32_t rest = distance - (halvings << octave);
    const uint32_t digits = mlp_edge_power_int24((mlp_edge_uint24)(rest << (24 - octave)));
    /* From 2^23 to 2^24: the first of the 24 digits adds 1 to the exponent, at 2^24 another. */
    return mlp_edge_from_bits(((125u + scale - halvings) << 23) + digits);
#endif
}

#endif
