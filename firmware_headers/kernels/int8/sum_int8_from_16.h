/*
 * The pre-activation of a neuron whose inputs have 10 bits: bias + weights x, exact. A product has
 * at most 17 bits.
 */
#ifndef MLP_EDGE_KERNEL_SUM_INT8_FROM_16
#define MLP_EDGE_KERNEL_SUM_INT8_FROM_16

#include "flash.h"

static inline int32_t mlp_edge_sum_int8_from_16(int32_t sum, const int8_t *weights, size_t inputs,
                                                const uint16_t *x)
{
    for (const uint16_t *const end = x + inputs; x != end; x++) {
        sum += (int32_t)MLP_EDGE_READ_INT8(weights) * (int16_t)*x;
        weights++;
    }
    return sum;
}

#endif
