/*
 * How counts of a feature become integers. From `low` on, `span` further, they are on a line:
 * (factor * (reading - low) + start) / 2^shift, whose factor is below 0 where the line falls.
 */
#ifndef MLP_EDGE_RAW_LINE
#define MLP_EDGE_RAW_LINE

#include "flash.h"

typedef struct {
    int16_t low;
    uint16_t span;
    int32_t factor;
    uint32_t start;
} mlp_edge_raw_line;

#endif
