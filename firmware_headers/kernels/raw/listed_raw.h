/*
 * 1 where a count is in a rising list, else 0. These are the readings that rounding in float32
 * takes to one integer more than their line does.
 */
#ifndef MLP_EDGE_KERNEL_LISTED_RAW
#define MLP_EDGE_KERNEL_LISTED_RAW

#include "flash.h"

static inline uint8_t mlp_edge_listed_raw(const int16_t *list, uint8_t count, int16_t reading)
{
    uint8_t first = 0;
    while (count > 0) {
        const uint8_t half = count / 2;
        const int16_t middle = MLP_EDGE_READ_INT16(&list[first + half]);
        if (middle == reading) {
            return 1;
        }
        if (middle < reading) {
            first = (uint8_t)(first + half + 1);
            count = (uint8_t)(count - half - 1);
        } else {
            count = half;
        }
    }
    return 0;
}

#endif
