/* The quotient of two floats of at least 0, the divisor a normal number. */
#ifndef MLP_EDGE_KERNEL_AVR_QUOTIENT
#define MLP_EDGE_KERNEL_AVR_QUOTIENT

#include "from_bits.h"
#include "avr/divide_float.h"

#ifdef MLP_EDGE_AVR

/* Floats in r25:r22, which takes the quotient, and r21:r18. */
MLP_EDGE_AVR_CODE mlp_edge_avr_quotient_code(void)
{
    __asm__ volatile(
        "lsl r20           \n"
        "rol r21           \n"
        "sec               \n"
        "ror r20           \n"
        "lsl r24           \n"
        "rol r25           \n"
        "breq 1f           \n"
        "sec               \n"
        "ror r24           \n"
        "%~jmp %x[divide]  \n"
        "1:                \n"
        "ret               \n"
        :: [divide] "i"(mlp_edge_avr_divide_float_code) : "memory");
}

static inline float mlp_edge_avr_quotient(float dividend, float divisor)
{
    const uint32_t first = mlp_edge_bits(dividend), second = mlp_edge_bits(divisor);
    register uint32_t r22 __asm__("r22") = first;
    register uint32_t r18 __asm__("r18") = second;
    __asm__("%~call %x[code]"
        : "+r"(r22), "+r"(r18)
        : [code] "i"(mlp_edge_avr_quotient_code)
        : "r26", "r27", "r30", "r31");
    return mlp_edge_from_bits(r22);
}

#endif

#endif
