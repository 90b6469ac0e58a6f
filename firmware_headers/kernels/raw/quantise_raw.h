/*
 * Quantises a count without a float: 0 on one side of its line, `high` on the other. The line is
 * shifted by 16 and then by `shift`. The exporter has tried every count, so this is the integer
 * that the float reading gives. INT16_MIN, which is on no line, sets `missing`. Products and sums
 * are taken modulo 2^32; a line has no more bits.
 */
#ifndef MLP_EDGE_KERNEL_QUANTISE_RAW
#define MLP_EDGE_KERNEL_QUANTISE_RAW

#include "raw/raw_line.h"

static inline uint16_t mlp_edge_quantise_raw(const mlp_edge_raw_line *line, uint8_t shift,
                                             uint16_t high, int16_t count, int *missing)
{
    /* Below the line it wraps, and is above the span, too. */
    const uint32_t above = (uint32_t)count - (uint32_t)MLP_EDGE_READ_INT16(&line->low);
    const uint32_t factor = (uint32_t)MLP_EDGE_READ_INT32(&line->factor);
    if (above > MLP_EDGE_READ_UINT16(&line->span)) {
        const uint32_t bits = (uint32_t)count;
        /* Bit 15 is the lowest that is set in INT16_MIN alone. */
        *missing |= (int)((bits & (0u - bits)) >> 15);
        return high & (uint16_t)(((above ^ factor) >> 31) - 1u);
    }
    const uint32_t place = (uint16_t)above * factor + MLP_EDGE_READ_BITS(&line->start);
    return (uint16_t)((uint16_t)(place >> 16) >> shift);
}

#endif
