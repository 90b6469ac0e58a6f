/* Pre-activations of four neurons, as mlp_edge_sum_int8 has them; an input is read once. */
#ifndef MLP_EDGE_KERNEL_FOUR_SUMS_INT8
#define MLP_EDGE_KERNEL_FOUR_SUMS_INT8

#include "integers/at_once.h"
#include "cortex/four_sums.h"

#if MLP_EDGE_AT_ONCE == 4
static inline void mlp_edge_four_sums_int8(const int8_t *weights, const int32_t *bias,
    size_t inputs, const uint8_t *x, int32_t *sums)
{
#ifdef MLP_EDGE_THUMB_1
    MLP_EDGE_THUMB_FOUR_SUMS_OF(int8_t, uint8_t,
        MLP_EDGE_THUMB_FOUR_SUMS("ldrsb", "1", "ldrb r7, [r4]\n" "adds r4, r4, #1\n"));
#else
    const int8_t *row0 = weights, *row1 = row0 + inputs, *row2 = row1 + inputs;
    const int8_t *row3 = row2 + inputs;
    int32_t sum0 = MLP_EDGE_READ_INT32(&bias[0]), sum1 = MLP_EDGE_READ_INT32(&bias[1]);
    int32_t sum2 = MLP_EDGE_READ_INT32(&bias[2]), sum3 = MLP_EDGE_READ_INT32(&bias[3]);
    const uint8_t *const end = x + inputs;
    do {
        const int32_t value = *x++;
        sum0 += MLP_EDGE_READ_INT8(row0) * value;
        sum1 += MLP_EDGE_READ_INT8(row1) * value;
        sum2 += MLP_EDGE_READ_INT8(row2) * value;
        sum3 += MLP_EDGE_READ_INT8(row3) * value;
        row0++;
        row1++;
        row2++;
        row3++;
    } while (x != end);
    sums[0] = sum0;
    sums[1] = sum1;
    sums[2] = sum2;
    sums[3] = sum3;
#endif
}
#endif

#endif
