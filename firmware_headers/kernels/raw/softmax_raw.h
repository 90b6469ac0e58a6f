/*
 * Softmax of quantised logits in integers: probabilities in 1 / 2^15, rounded half up. A table
 * holds the exponential of the distance below the largest logit.
 */
#ifndef MLP_EDGE_KERNEL_SOFTMAX_RAW
#define MLP_EDGE_KERNEL_SOFTMAX_RAW

#include "integers/interpolate.h"

static inline void mlp_edge_softmax_raw(const uint16_t *table, uint8_t shift, size_t count,
                                        uint16_t *logits, int32_t *outputs)
{
    uint16_t largest = 0;
    for (size_t i = 0; i < count; i++) {
        largest = logits[i] > largest ? logits[i] : largest;
    }
    uint32_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        logits[i] = mlp_edge_interpolate(table, shift, (uint16_t)(largest - logits[i]));
        sum += logits[i];
    }
    for (size_t i = 0; i < count; i++) {
        outputs[i] = (int32_t)((((uint32_t)logits[i] << 15) + sum / 2) / sum);
    }
}

#endif
