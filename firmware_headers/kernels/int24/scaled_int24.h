/*
 * value * by / 2^24, rounded down, for `by` below 2^24: what polynomials in integers are made of.
 * The sign is taken off around the shift, as C leaves a negative number shifted to the right to the
 * compiler.
 */
#ifndef MLP_EDGE_KERNEL_SCALED_INT24
#define MLP_EDGE_KERNEL_SCALED_INT24

#include "int24/int24.h"
#include "avr/scaled_int24.h"
#include "cortex/scaled_int24.h"

static inline int32_t mlp_edge_scaled_int24(int32_t value, mlp_edge_uint24 by)
{
#ifdef MLP_EDGE_AVR
    return mlp_edge_avr_scaled_int24(value, by);
#elif defined(MLP_EDGE_THUMB_1)
    return mlp_edge_thumb_scaled_int24(value, by);
#else
    const int64_t product = (int64_t)value * by;
    return (int32_t)(product < 0 ? ~(~product >> 24) : product >> 24);
#endif
}

#endif
