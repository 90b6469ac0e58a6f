/*
 * softmax of results: each becomes a power, by a table of how far it is below the largest; an
 * output is its share in their sum. Powers and sum are integers below 2^24, which a float holds, so
 * the division is all that rounds. (volatile: -ffast-math would multiply by a reciprocal instead.)
 */
#ifndef MLP_EDGE_KERNEL_SHARES
#define MLP_EDGE_KERNEL_SHARES

#include "between.h"

static inline void mlp_edge_shares(const uint16_t *nodes, uint8_t shift, size_t count,
                                   uint16_t *results, float *outputs)
{
    uint16_t largest = 0;
    for (size_t i = 0; i < count; i++) {
        largest = results[i] > largest ? results[i] : largest;
    }
    uint32_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        results[i] = mlp_edge_between(nodes, shift, (uint16_t)(largest - results[i]));
        sum += results[i];
    }
    const volatile float total = (float)sum;
    for (size_t i = 0; i < count; i++) {
        outputs[i] = (float)results[i] / total;
    }
}

#endif
