/*
 * (x - low) * factor, each operation rounded by itself, then to an integer, half to even: VCVTR
 * makes 0 of what is below 0, and of NaN. The empty asm keeps the compiler from joining the two.
 */
#ifndef MLP_EDGE_KERNEL_CORTEX_ROUNDED_PRODUCT
#define MLP_EDGE_KERNEL_CORTEX_ROUNDED_PRODUCT

#include "cortex/thumb.h"

#ifdef MLP_EDGE_FLOAT_UNIT

static inline uint32_t mlp_edge_rounded_product(float x, float low, float factor)
{
    float scaled = x - low;
    uint32_t rounded;
    __asm__("" : "+t"(scaled));
    scaled *= factor;
    __asm__("vcvtr.u32.f32 %0, %1" : "=t"(rounded) : "t"(scaled));
    return rounded;
}

#endif

#endif
