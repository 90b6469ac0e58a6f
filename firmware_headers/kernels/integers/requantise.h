/*
 * Requantises a pre-activation: sum * multiplier / 2^shift, rounded half up, clamped to 0..255. The
 * exporter has proved that the product fits 32 bits in every layer that calls this.
 */
#ifndef MLP_EDGE_KERNEL_REQUANTISE
#define MLP_EDGE_KERNEL_REQUANTISE

#include "integers/multiplier.h"
#include "integers/negative.h"
#include "integers/rounded_shift.h"

MLP_EDGE_INLINED
static inline uint_fast8_t mlp_edge_requantise(int32_t sum, mlp_edge_multiplier multiplier,
                                               uint8_t shift)
{
#ifdef MLP_EDGE_DSP
    (void)shift;
    __asm__("qadd %0, %0, %0\n"
            "smmulr %0, %0, %1\n"
            "usat %0, #8, %0\n"
            : "+r"(sum)
            : "r"(multiplier));
    return (uint_fast8_t)sum;
#else
    if (MLP_EDGE_NEGATIVE(sum)) {
        return 0;
    }
    uint32_t quantised = mlp_edge_rounded_shift((uint32_t)sum * multiplier, shift);
#ifdef MLP_EDGE_THUMB
    __asm__("usat %0, #8, %0" : "+r"(quantised));
    return (uint_fast8_t)quantised;
#else
    return quantised > 255 ? 255 : (uint_fast8_t)quantised;
#endif
#endif
}

#endif
