/*
 * Quantises a count without a float: 0 on one side of its line, `high` on the other. The line
 * is shifted by 16 and then by `shift`. The exporter has tried every reading, so this is the
 * integer that the float reading gives. Products and sums are taken modulo 2^32; a line has no more
 * bits.
 */
#ifndef MLP_EDGE_KERNEL_QUANTISE_RAW
#define MLP_EDGE_KERNEL_QUANTISE_RAW

#include "raw_line.h"

static inline uint16_t mlp_edge_quantise_raw(const mlp_edge_raw_line *line, uint8_t shift,
                                             uint16_t high, int16_t reading)
{
    const int16_t low = MLP_EDGE_READ_INT16(&line->low);
    const uint16_t above = (uint16_t)((uint16_t)reading - (uint16_t)low);
    const uint32_t factor = (uint32_t)MLP_EDGE_READ_INT32(&line->factor);
    if (reading < low || above > MLP_EDGE_READ_UINT16(&line->span)) {
        const int falls = factor >> 31 != 0;
        return (reading < low) == falls ? high : 0;
    }
    const uint32_t place = above * factor + MLP_EDGE_READ_BITS(&line->start);
    return (uint16_t)((uint16_t)(place >> 16) >> shift);
}

#endif
