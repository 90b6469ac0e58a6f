/*
 * A part, 0 to 65535, divided by a total below 2^24, as a float: both become digits and exponents
 * that divide_float.h divides.
 */
#ifndef MLP_EDGE_KERNEL_AVR_SHARE
#define MLP_EDGE_KERNEL_AVR_SHARE

#include "from_bits.h"
#include "avr/divide_float.h"

#ifdef MLP_EDGE_AVR

/* The part in r25:r24, the total in r21:r18; the quotient in r25:r22. */
MLP_EDGE_AVR_CODE mlp_edge_avr_share_code(void)
{
    __asm__ volatile(
        "ldi r21, 150      \n"
        "rjmp 2f           \n"
        "1:                \n"
        "mov r20, r19      \n"
        "mov r19, r18      \n"
        "clr r18           \n"
        "subi r21, 8       \n"
        "2:                \n"
        "tst r20           \n"
        "breq 1b           \n"
        "brmi 4f           \n"
        "3:                \n"
        "dec r21           \n"
        "lsl r18           \n"
        "rol r19           \n"
        "rol r20           \n"
        "brpl 3b           \n"
        "4:                \n"
        "clr r22           \n"
        "mov r23, r24      \n"
        "mov r24, r25      \n"
        "or r25, r23       \n"
        "breq 7f           \n" /* 0 as a float */
        "ldi r25, 142      \n"
        "tst r24           \n"
        "brmi 6f           \n"
        "5:                \n"
        "dec r25           \n"
        "lsl r23           \n"
        "rol r24           \n"
        "brpl 5b           \n"
        "6:                \n"
        "%~jmp %x[divide]  \n"
        "7:                \n"
        "ret               \n"
        :: [divide] "i"(mlp_edge_avr_divide_float_code) : "memory");
}

static inline float mlp_edge_avr_share(uint16_t part, uint32_t total)
{
    register uint32_t r22 __asm__("r22") = (uint32_t)part << 16;
    register uint32_t r18 __asm__("r18") = total;
    __asm__("%~call %x[code]"
        : "+r"(r22), "+r"(r18)
        : [code] "i"(mlp_edge_avr_share_code)
        : "r26", "r27", "r30", "r31");
    return mlp_edge_from_bits(r22);
}

#endif

#endif
