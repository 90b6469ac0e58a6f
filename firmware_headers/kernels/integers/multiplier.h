/*
 * By what int8 requantises a pre-activation: multiplier / 2^shift, less than 1. SMMULR multiplies
 * by a fraction and rounds, so where there is such, a table holds both in one number.
 */
#ifndef MLP_EDGE_MULTIPLIER

#include "cortex/thumb.h"

#ifdef MLP_EDGE_DSP
#define MLP_EDGE_MULTIPLIER(multiplier, shift) ((multiplier) * ((int32_t)1 << (31 - (shift))))
typedef int32_t mlp_edge_multiplier;
#else
#define MLP_EDGE_MULTIPLIER(multiplier, shift) (multiplier)
typedef uint16_t mlp_edge_multiplier;
#endif

#endif
