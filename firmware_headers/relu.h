/* relu(x): x where x > 0, otherwise 0; exact. NaN gives 0, as it does in Keras. */
#ifndef MLP_EDGE_KERNEL_RELU
#define MLP_EDGE_KERNEL_RELU

#include "bits.h"

static inline void mlp_edge_relu(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const uint32_t bits = mlp_edge_bits(values[i]);
        /* Beyond those of infinity: NaN, or a sign. */
        values[i] = mlp_edge_float(bits > MLP_EDGE_INFINITY ? 0 : bits);
    }
}

#endif
