/*
 * A float as the bits that IEEE 754 writes it in, and back. Without a float unit a comparison of
 * floats is a call; of bits it is a few instructions. Two facts about them are used: without the
 * sign, the topmost bit, a larger number has larger bits; and beyond infinity, 0x7f800000, is NaN.
 */
#ifndef MLP_EDGE_KERNEL_BITS
#define MLP_EDGE_KERNEL_BITS

#include <stdint.h>
#include <string.h>

#include "flash.h"

/* Whether every operation on floats is a call. */
#if defined(__AVR__) || defined(__SOFTFP__) || defined(__XTENSA_SOFT_FLOAT__) \
    || (defined(__riscv) && !defined(__riscv_flen))
#define MLP_EDGE_SOFT_FLOAT
#endif

#define MLP_EDGE_SIGN 0x80000000u
#define MLP_EDGE_INFINITY 0x7f800000u

static inline uint32_t mlp_edge_bits(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float mlp_edge_float(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/*
 * Whether a number is NaN. It is taken from memory, as bits: of one that is handed over by value
 * -ffast-math lets a compiler assume that it is none.
 */
static inline int mlp_edge_nan(const float *x)
{
    const float value = *x;
    return (mlp_edge_bits(value) & ~MLP_EDGE_SIGN) > MLP_EDGE_INFINITY;
}

/* Whether it is neither NaN nor an infinity. */
static inline int mlp_edge_finite(const float *x)
{
    const float value = *x;
    return (mlp_edge_bits(value) & ~MLP_EDGE_SIGN) < MLP_EDGE_INFINITY;
}

/* Whether x > 0. From the smallest number above 0 to infinity: neither 0, NaN nor a sign. */
static inline int mlp_edge_positive(float x)
{
    return mlp_edge_bits(x) - 1 < MLP_EDGE_INFINITY;
}

#endif
