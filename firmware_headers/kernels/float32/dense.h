/*
 * A dense layer: y = W x + b. The weights hold one row of `inputs` per neuron. The order of the sum
 * is part of the interface: the bias, then the inputs from first to last, in one accumulator. x and
 * y must not overlap.
 */
#ifndef MLP_EDGE_KERNEL_DENSE
#define MLP_EDGE_KERNEL_DENSE

#include "bits.h"
#include "avr/dense.h"
#include "cortex/dense.h"
#include "float32/four_neurons.h"

#if !defined(MLP_EDGE_AVR) && (defined(MLP_EDGE_SOFT_FLOAT) || defined(MLP_EDGE_THUMB_DENSE))

/*
 * Never inlined or cloned: at -O3 every layer would get its own copy and be no faster. (clang does
 * not clone, and has no attribute against it.)
 */
#ifdef __clang__
#define MLP_EDGE_ONCE __attribute__((noinline, unused))
#else
#define MLP_EDGE_ONCE __attribute__((noinline, noclone, unused))
#endif

MLP_EDGE_ONCE
static void mlp_edge_dense(const float *weights, const float *bias, size_t inputs,
                           size_t outputs, const float *x, float *y)
{
#ifdef MLP_EDGE_THUMB_DENSE
    mlp_edge_thumb_dense(weights, bias, inputs, outputs, x, y);
#else
    /*
     * Without a float unit a multiply-add is two calls. After a relu many inputs are 0 and change
     * nothing, so they are skipped. (Only a sum of -0 would change, to 0.)
     */
    for (size_t neuron = 0; neuron < outputs; neuron++) {
        float sum = MLP_EDGE_READ_FLOAT(&bias[neuron]);
        for (size_t i = 0; i < inputs; i++) {
            if (mlp_edge_bits(x[i]) != 0 || mlp_edge_bits(sum) == MLP_EDGE_SIGN) {
                sum += MLP_EDGE_READ_FLOAT(weights) * x[i];
            }
            weights++;
        }
        y[neuron] = sum;
    }
#endif
}

#else

static inline void mlp_edge_dense(const float *weights, const float *bias, size_t inputs,
                                  size_t outputs, const float *x, float *y)
{
#ifdef MLP_EDGE_AVR
    mlp_edge_avr_dense(weights, bias, inputs, outputs, x, y);
#else
#ifdef MLP_EDGE_VECTORS
    for (; outputs >= 4; outputs -= 4) {
        mlp_edge_four_neurons(weights, bias, inputs, x, y);
        weights += 4 * inputs;
        bias += 4;
        y += 4;
    }
#endif
    for (; outputs > 0; outputs--) {
        float sum = *bias++;
        for (size_t i = 0; i < inputs; i++) {
#ifdef MLP_EDGE_FUSED
            sum = __builtin_fmaf(*weights++, x[i], sum);
#else
            sum += *weights++ * x[i];
#endif
        }
        *y++ = sum;
    }
#endif
}

#endif

#endif
