/*
 * e^x for x <= 0, the only exponential that the activations need when nothing may overflow. It
 * adds, subtracts and multiplies, without libm, so every target gives the same bits.
 *
 * e^x = 2^n e^r with n an integer and |r| <= ln(2)/2 (Cody and Waite, 1980).
 */
#ifndef MLP_EDGE_KERNEL_EXP
#define MLP_EDGE_KERNEL_EXP

#include "from_bits.h"

/* e^r - 1 = r + r^2 P(r) for |r| <= 0.347; P is a minimax fit, off by 1.4e-8 of the result. */
static inline float mlp_edge_expm1_near_zero(float r)
{
    float p = 1.39466696e-3f;
    p = p * r + 8.36671051e-3f;
    p = p * r + 4.16662805e-2f;
    p = p * r + 1.6666542e-1f;
    p = p * r + 0.5f;
    return r + r * r * p;
}

/* e^x for x <= 0. Below -87 the result is 0, not a number under 1.7e-38. NaN stays NaN. */
static inline float mlp_edge_exp(float x)
{
    const uint32_t size = mlp_edge_bits(x) & ~MLP_EDGE_SIGN;
    if (size > 0x42ae0000u) { /* 87 */
        return size > MLP_EDGE_INFINITY ? x : 0.0f;
    }
    /*
     * x / ln(2), -126 to 0, rounded to an integer: added to 1.5 * 2^23, a float has no fraction,
     * and its last bits hold n. (volatile: -ffast-math would cancel the constant.)
     */
    const float shift = 12582912.0f;
    const volatile float shifted = x * 1.44269502f + shift;
    const float rounded = shifted, whole = rounded - shift;
    /* ln(2) in two parts; the first has so few bits that its product is exact. */
    const float r = (x - whole * 0.693359375f) + whole * 2.12194441e-4f;
    /* 2^n: n + 127 in the exponent of a float. The rest of `rounded` is shifted out. */
    const float power = mlp_edge_from_bits((mlp_edge_bits(rounded) + 127) << 23);
    return power * (1.0f + mlp_edge_expm1_near_zero(r));
}

#endif
