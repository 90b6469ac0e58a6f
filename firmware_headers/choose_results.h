/*
 * From the last layer's results to a class. The exporter has tried every result, so that the class
 * is for certain the one that the predictions stand for.
 */
#ifndef MLP_EDGE_KERNEL_CHOOSE_RESULTS
#define MLP_EDGE_KERNEL_CHOOSE_RESULTS

#include "flash.h"

/* 1 where the result is above the limit, which is -1 where all are, else 0. */
static inline int mlp_edge_result_above(uint16_t result, int32_t limit)
{
    return (int32_t)result > limit;
}

/*
 * The first result that is the largest, or less by no more than `alike`: such ones have the same
 * power in the table, and so the same share (shares.h).
 */
static inline int mlp_edge_largest_result(const uint16_t *results, size_t count, uint16_t alike)
{
    uint16_t largest = 0;
    for (size_t i = 0; i < count; i++) {
        largest = results[i] > largest ? results[i] : largest;
    }
    size_t first = 0;
    while (largest - results[first] > alike) {
        first++;
    }
    return (int)first;
}

#endif
