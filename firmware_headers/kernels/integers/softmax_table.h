/*
 * Softmax of quantised logits. A table holds the exponential of the distance below the largest
 * logit; each probability is its exponential divided by their sum. Exponentials and sum are
 * integers below 2^24, which a float holds exactly, so only the division rounds.
 * (volatile, or VDIV: -ffast-math would multiply by a reciprocal instead.)
 */
#ifndef MLP_EDGE_KERNEL_SOFTMAX_TABLE
#define MLP_EDGE_KERNEL_SOFTMAX_TABLE

#include "avr/share.h"
#include "cortex/thumb.h"
#include "integers/interpolate.h"
#include "integers/quotient_of_digits.h"

static inline void mlp_edge_softmax_table(const uint16_t *table, uint8_t shift, size_t count,
                                          uint16_t *logits, float *outputs)
{
    uint16_t largest = 0;
    for (size_t i = 0; i < count; i++) {
        largest = logits[i] > largest ? logits[i] : largest;
    }
    uint32_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        const uint16_t share =
            mlp_edge_interpolate(table, shift, (uint16_t)(largest - logits[i]));
        logits[i] = share;
        sum += share;
    }
#if defined(MLP_EDGE_AVR)
    for (size_t i = 0; i < count; i++) {
        outputs[i] = mlp_edge_avr_share(logits[i], sum);
    }
#elif defined(MLP_EDGE_QUOTIENT)
    for (size_t i = 0; i < count; i++) {
        outputs[i] = mlp_edge_quotient_of_digits(logits[i], sum, 127);
    }
#elif defined(MLP_EDGE_FLOAT_UNIT)
    const float total = (float)sum;
    for (size_t i = 0; i < count; i++) {
        float share = (float)logits[i];
        __asm__("vdiv.f32 %0, %0, %1" : "+t"(share) : "t"(total));
        outputs[i] = share;
    }
#else
    const volatile float total = (float)sum;
    for (size_t i = 0; i < count; i++) {
        outputs[i] = (float)logits[i] / total;
    }
#endif
}

#endif
