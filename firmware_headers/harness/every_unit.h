/*
 * For the worst case of a network: nothing is passed over that a row may spare.
 *
 * In float32, without a float unit, activations leave no unit at exactly 0, which the next layer
 * would skip. They replace the header's own kernels, take no fewer instructions, and change the
 * pre-activations of the next layer by a thousandth. In integers nothing changes but the way: an
 * input of 0 is multiplied, and a negative sum becomes 0, which is requantised.
 */
#ifndef MLP_EDGE_EVERY_UNIT
#define MLP_EDGE_EVERY_UNIT

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MLP_EDGE_AVR_SPARED(code, instead) instead

/* The compiler must not see that 0 becomes 0. */
#define MLP_EDGE_NEGATIVE(sum)            \
    (__extension__({                      \
        (sum) = (sum) < 0 ? 0 : (sum);    \
        __asm__ volatile("" : "+r"(sum)); \
        0;                                \
    }))

#ifndef __ARM_FP

#define MLP_EDGE_KERNEL_RELU
#define MLP_EDGE_KERNEL_HARD_SIGMOID

/* A unit that is not active has a thousandth of its size. */
static inline void mlp_edge_relu(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        if (bits > 0x7f800000u) {
            bits &= 0x7fffffffu;
            bits = bits > 0x10000000u ? bits - 0x05000000u : 0x3a800000u;
        }
        memcpy(&values[i], &bits, sizeof bits);
    }
}

static inline void mlp_edge_hard_sigmoid(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const float x = values[i] < -3.0f || values[i] > 3.0f ? 0.01f * values[i] : values[i];
        values[i] = (x + 3.0f) / 6.0f;
    }
}

#endif

#endif
