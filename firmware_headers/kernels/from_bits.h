/* The float that IEEE 754 writes in these bits. */
#ifndef MLP_EDGE_KERNEL_FROM_BITS
#define MLP_EDGE_KERNEL_FROM_BITS

#include "bits.h"

static inline float mlp_edge_from_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

#endif
