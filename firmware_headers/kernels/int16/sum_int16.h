/*
 * The pre-activation of a neuron in int16: bias + weights x, exact. The exporter has proved that no
 * partial sum leaves 32 bits. Inputs are at most 32767.
 */
#ifndef MLP_EDGE_KERNEL_SUM_INT16
#define MLP_EDGE_KERNEL_SUM_INT16

#include "flash.h"

static inline int32_t mlp_edge_sum_int16(int32_t sum, const int16_t *weights, size_t inputs,
                                         const uint16_t *x)
{
    for (const uint16_t *const end = x + inputs; x != end; x++) {
        sum += (int32_t)MLP_EDGE_READ_INT16(weights) * (int16_t)*x;
        weights++;
    }
    return sum;
}

#endif
