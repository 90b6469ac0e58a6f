/*
 * a * b / 2^31, rounded half up; gemmlowp calls it SaturatingRoundingDoublingHighMul. The sign is
 * taken off around the shift, as C leaves a negative number shifted to the right to the compiler.
 */
#ifndef MLP_EDGE_KERNEL_HIGH_PRODUCT
#define MLP_EDGE_KERNEL_HIGH_PRODUCT

#include "flash.h"

static inline int32_t mlp_edge_high_product(int32_t a, int32_t b)
{
    const int64_t product = (int64_t)a * b + ((int32_t)1 << 30);
    return (int32_t)(product < 0 ? ~(~product >> 31) : product >> 31);
}

#endif
