/* Quantises counts to 16 bits each. */
#ifndef MLP_EDGE_KERNEL_QUANTISE_RAW_INT16
#define MLP_EDGE_KERNEL_QUANTISE_RAW_INT16

#include "avr/quantise_raw.h"
#include "quantise_raw.h"

static inline void mlp_edge_quantise_raw_int16(const mlp_edge_raw_line *lines, uint8_t shift,
    uint16_t high, size_t count, const int16_t *x, uint16_t *y)
{
#ifdef MLP_EDGE_AVR
    mlp_edge_avr_quantise_raw(lines, shift, high, count, x, y, sizeof *y);
#else
    for (size_t i = 0; i < count; i++) {
        y[i] = mlp_edge_quantise_raw(&lines[i], shift, high, x[i]);
    }
#endif
}

#endif
