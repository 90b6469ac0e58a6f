/*
 * Four neurons of a dense layer at a time, where a float unit makes that worthwhile: each input is
 * read once for four sums that do not wait for each other. Each sum has the order of
 * mlp_edge_dense.
 *
 * A Cortex-M with a float unit (MLP_EDGE_FUSED) rounds once per multiply-add, so its last digits
 * may differ from those of chips that round twice. Other chips take one neuron at a time.
 */
#ifndef MLP_EDGE_KERNEL_FOUR_NEURONS
#define MLP_EDGE_KERNEL_FOUR_NEURONS

#include "flash.h"

#if defined(__ARM_FEATURE_FMA) && defined(__ARM_ARCH_PROFILE) && defined(__GNUC__)
#if __ARM_ARCH_PROFILE == 'M'
#define MLP_EDGE_FUSED
#endif
#endif
#if defined(__has_builtin) && (defined(__SSE__) || defined(__aarch64__))
#if __has_builtin(__builtin_shufflevector)
#define MLP_EDGE_VECTORS
#endif
#endif

#if defined(MLP_EDGE_FUSED)

struct mlp_edge_weights {
    float of_four_inputs[4];
};

/* sum += row[0] x0 + row[1] x1 + ..., in this order. One instruction reads four weights. */
#define MLP_EDGE_ADD_FOUR(sum, row) \
    __asm__("vldmia %[w]!, {s28-s31}\n\t" \
            "vfma.f32 %[s], s28, %[x0]\n\t" \
            "vfma.f32 %[s], s29, %[x1]\n\t" \
            "vfma.f32 %[s], s30, %[x2]\n\t" \
            "vfma.f32 %[s], s31, %[x3]" \
            : [w] "+r"(row), [s] "+t"(sum) \
            : [x0] "t"(x0), [x1] "t"(x1), [x2] "t"(x2), [x3] "t"(x3), \
              "m"(*(const struct mlp_edge_weights *)(row)) \
            : "s28", "s29", "s30", "s31")

static inline void mlp_edge_four_neurons(const float *weights, const float *bias, size_t inputs,
                                         const float *x, float *y)
{
    const float *row0 = weights, *row1 = row0 + inputs, *row2 = row1 + inputs;
    const float *row3 = row2 + inputs;
    float sum0 = bias[0], sum1 = bias[1], sum2 = bias[2], sum3 = bias[3];
    for (; inputs >= 4; inputs -= 4) {
        const float x0 = x[0], x1 = x[1], x2 = x[2], x3 = x[3];
        MLP_EDGE_ADD_FOUR(sum0, row0);
        MLP_EDGE_ADD_FOUR(sum1, row1);
        MLP_EDGE_ADD_FOUR(sum2, row2);
        MLP_EDGE_ADD_FOUR(sum3, row3);
        x += 4;
    }
    for (; inputs > 0; inputs--) {
        const float value = *x++;
        sum0 = __builtin_fmaf(*row0++, value, sum0);
        sum1 = __builtin_fmaf(*row1++, value, sum1);
        sum2 = __builtin_fmaf(*row2++, value, sum2);
        sum3 = __builtin_fmaf(*row3++, value, sum3);
    }
    y[0] = sum0;
    y[1] = sum1;
    y[2] = sum2;
    y[3] = sum3;
}

#elif defined(MLP_EDGE_VECTORS)

/* On a PC, a vector holds the four sums. */
typedef float mlp_edge_float4 __attribute__((vector_size(16)));

static inline mlp_edge_float4 mlp_edge_load4(const float *x)
{
    mlp_edge_float4 four;
    memcpy(&four, x, sizeof four);
    return four;
}

static inline void mlp_edge_four_neurons(const float *weights, const float *bias, size_t inputs,
                                         const float *__restrict__ x, float *__restrict__ y)
{
    const float *row0 = weights, *row1 = row0 + inputs, *row2 = row1 + inputs;
    const float *row3 = row2 + inputs;
    mlp_edge_float4 sums = mlp_edge_load4(bias);
    for (; inputs >= 4; inputs -= 4) {
        /* Transposes four rows of four weights. */
        const mlp_edge_float4 a = mlp_edge_load4(row0), b = mlp_edge_load4(row1);
        const mlp_edge_float4 c = mlp_edge_load4(row2), d = mlp_edge_load4(row3);
        const mlp_edge_float4 ab01 = __builtin_shufflevector(a, b, 0, 4, 1, 5);
        const mlp_edge_float4 ab23 = __builtin_shufflevector(a, b, 2, 6, 3, 7);
        const mlp_edge_float4 cd01 = __builtin_shufflevector(c, d, 0, 4, 1, 5);
        const mlp_edge_float4 cd23 = __builtin_shufflevector(c, d, 2, 6, 3, 7);
        sums += __builtin_shufflevector(ab01, cd01, 0, 1, 4, 5) * x[0];
        sums += __builtin_shufflevector(ab01, cd01, 2, 3, 6, 7) * x[1];
        sums += __builtin_shufflevector(ab23, cd23, 0, 1, 4, 5) * x[2];
        sums += __builtin_shufflevector(ab23, cd23, 2, 3, 6, 7) * x[3];
        row0 += 4;
        row1 += 4;
        row2 += 4;
        row3 += 4;
        x += 4;
    }
    for (; inputs > 0; inputs--) {
        const mlp_edge_float4 column = {*row0++, *row1++, *row2++, *row3++};
        sums += column * *x++;
    }
    memcpy(y, &sums, sizeof sums);
}

#endif

#endif
