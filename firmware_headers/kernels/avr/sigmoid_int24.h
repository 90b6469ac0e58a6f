/* A sigmoid of the exponential of a distance from 0: one sum and one quotient, each rounded. */
#ifndef MLP_EDGE_KERNEL_AVR_SIGMOID_INT24
#define MLP_EDGE_KERNEL_AVR_SIGMOID_INT24

#include "from_bits.h"
#include "avr/add_float.h"
#include "avr/divide_float.h"

#ifdef MLP_EDGE_AVR

/* Of 2^-x in r25:r22: 1 / (1 + 2^-x), or 2^-x / (1 + 2^-x) where r12 is not 0. */
MLP_EDGE_AVR_CODE mlp_edge_avr_sigmoid_code(void)
{
    __asm__ volatile(
        "clr r10           \n"
        "clr r11           \n"
        "clr r18           \n"
        "clr r19           \n"
        "ldi r20, 0x80     \n"
        "ldi r21, 127      \n"
        "clt               \n"
        "lsl r24           \n"
        "rol r25           \n"
        "breq 1f           \n"
        "sec               \n"
        "ror r24           \n"
        "1:                \n"
        "movw r2, r22      \n"
        "movw r4, r24      \n"
        "breq 2f           \n"
        "%~call %x[add]    \n"
        "2:                \n"
        "movw r22, r2      \n"
        "movw r24, r4      \n"
        "cpse r12, r10     \n"
        "rjmp 3f           \n"
        "clr r22           \n"
        "clr r23           \n"
        "ldi r24, 0x80     \n"
        "ldi r25, 127      \n"
        "3:                \n"
        "tst r25           \n"
        "breq 4f           \n"
        "%~jmp %x[divide]  \n"
        "4:                \n"
        "ret               \n"
        :: [add] "i"(mlp_edge_avr_add_float_code),
           [divide] "i"(mlp_edge_avr_divide_float_code) : "memory");
}

static inline float mlp_edge_avr_sigmoid(float power, uint8_t negative)
{
    const uint32_t bits = mlp_edge_bits(power);
    register uint32_t r22 __asm__("r22") = bits;
    register uint8_t r12 __asm__("r12") = negative;
    __asm__("%~call %x[code]"
        : "+r"(r22)
        : "r"(r12), [code] "i"(mlp_edge_avr_sigmoid_code)
        : "r0", "r2", "r3", "r4", "r5", "r10", "r11", "r16", "r17", "r18", "r19", "r20", "r21",
          "r26", "r27", "r30", "r31");
    return mlp_edge_from_bits(r22);
}

#endif

#endif
