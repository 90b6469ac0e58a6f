/* Adds four products of int8 weights and inputs to a sum. */
#ifndef MLP_EDGE_KERNEL_CORTEX_FOUR_PRODUCTS
#define MLP_EDGE_KERNEL_CORTEX_FOUR_PRODUCTS

#include "cortex/thumb.h"

#ifdef MLP_EDGE_DSP

static inline int32_t mlp_edge_dsp_four_products(int32_t sum, const int8_t *weights,
                                                 const uint8_t *x)
{
    uint32_t four_weights, four_inputs, two_weights, two_inputs;
    memcpy(&four_weights, weights, 4);
    memcpy(&four_inputs, x, 4);
    __asm__("sxtb16 %1, %3\n"
            "uxtb16 %2, %4\n"
            "smlad %0, %1, %2, %0\n"
            "sxtb16 %1, %3, ror #8\n"
            "uxtb16 %2, %4, ror #8\n"
            "smlad %0, %1, %2, %0\n"
            : "+&r"(sum), "=&r"(two_weights), "=&r"(two_inputs)
            : "r"(four_weights), "r"(four_inputs));
    return sum;
}

#endif

#endif
