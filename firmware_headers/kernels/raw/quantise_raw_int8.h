/* Quantises counts to one byte each, 0..255. It returns 1 where one is missing, otherwise 0. */
#ifndef MLP_EDGE_KERNEL_QUANTISE_RAW_INT8
#define MLP_EDGE_KERNEL_QUANTISE_RAW_INT8

#include "avr/quantise_raw.h"
#include "cortex/quantise_raw.h"
#include "raw/quantise_raw.h"

static inline int mlp_edge_quantise_raw_int8(const mlp_edge_raw_line *lines, uint8_t shift,
    uint16_t high, size_t count, const int16_t *x, uint8_t *y)
{
#ifdef MLP_EDGE_AVR
    return mlp_edge_avr_quantise_raw(lines, shift, high, count, x, y, sizeof *y);
#else
#ifdef MLP_EDGE_THUMB
    if (count > 2) {
        MLP_EDGE_THUMB_QUANTISE_RAW(uint8_t, "strb r12, [r2], #1\n");
    }
#endif
    int missing = 0;
    for (const int16_t *const end = x + count; x != end; x++) {
        *y++ = (uint8_t)mlp_edge_quantise_raw(lines++, shift, high, *x, &missing);
    }
    return missing;
#endif
}

#endif
