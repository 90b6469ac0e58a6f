/* square(x) = x x, infinity above 1.8e19. NaN stays NaN. */
#ifndef MLP_EDGE_KERNEL_SQUARE
#define MLP_EDGE_KERNEL_SQUARE

#include "flash.h"

static inline void mlp_edge_square(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        values[i] = values[i] * values[i];
    }
}

#endif
