/*
 * How many neurons of a layer of integers are summed at once: an input is read once for all of
 * them. An AVR has too few registers; compilers for PCs take many inputs of a neuron at once.
 */
#ifndef MLP_EDGE_KERNEL_AT_ONCE
#define MLP_EDGE_KERNEL_AT_ONCE

#include "cortex/thumb.h"

#ifdef MLP_EDGE_THUMB
#define MLP_EDGE_AT_ONCE 8
#elif SIZE_MAX == 0xffffffff
#define MLP_EDGE_AT_ONCE 4
#else
#define MLP_EDGE_AT_ONCE 1
#endif

#endif
