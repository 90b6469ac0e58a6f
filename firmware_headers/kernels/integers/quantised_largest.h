/*
 * The first quantised logit that is the largest, or less by no more than `alike`: such logits have
 * the same exponential in the table, and so the same probability. The exporter has tried every
 * logit, so this is the class that the predictions stand for.
 */
#ifndef MLP_EDGE_KERNEL_QUANTISED_LARGEST
#define MLP_EDGE_KERNEL_QUANTISED_LARGEST

#include "flash.h"

static inline int mlp_edge_quantised_largest(const uint16_t *logits, size_t count, uint16_t alike)
{
    uint16_t largest = 0;
    for (size_t i = 0; i < count; i++) {
        largest = logits[i] > largest ? logits[i] : largest;
    }
    size_t first = 0;
    while (largest - logits[first] > alike) {
        first++;
    }
    return (int)first;
}

#endif
