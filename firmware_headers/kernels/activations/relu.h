/* relu(x): 0 where x <= 0, otherwise x; exact. NaN stays NaN, of either sign. */
#ifndef MLP_EDGE_KERNEL_RELU
#define MLP_EDGE_KERNEL_RELU

#include "cortex/relu.h"
#include "from_bits.h"

static inline void mlp_edge_relu(float *values, size_t count)
{
    size_t i = 0;
#ifdef MLP_EDGE_THUMB
    if (count >= 4) {
        mlp_edge_thumb_relu(values, count / 4);
        i = count - count % 4;
    }
#endif
    for (; i < count; i++) {
        const uint32_t bits = mlp_edge_bits(values[i]);
        /* As int32_t: from -0, the lowest, to -infinity. A NaN is above that, of either sign. */
        values[i] = mlp_edge_from_bits((int32_t)bits <= -0x800000 ? 0 : bits);
    }
}

#endif
