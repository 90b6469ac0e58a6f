/* silu(x) = x sigmoid(x), also called swish. NaN stays NaN; -infinity gives NaN (it times 0). */
#ifndef MLP_EDGE_KERNEL_SILU
#define MLP_EDGE_KERNEL_SILU

#include "activations/logistic.h"

static inline void mlp_edge_silu(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const float x = values[i];
        values[i] = x * mlp_edge_logistic(x);
    }
}

#endif
