/*
 * Integers of 24 bits: 3 bytes each on AVR, whose compiler has them; elsewhere they take 32 bits.
 */
#ifndef MLP_EDGE_INT24
#define MLP_EDGE_INT24

#include "flash.h"

#ifdef __AVR__
__extension__ typedef __int24 mlp_edge_int24;
__extension__ typedef __uint24 mlp_edge_uint24;
#else
typedef int32_t mlp_edge_int24;
typedef uint32_t mlp_edge_uint24;
#endif

#endif
