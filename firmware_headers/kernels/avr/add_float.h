/*
 * The sum of two floats of unlike or like signs, or their difference: digits in r20:r18 and
 * r24:r22, with the 1 in front, exponents in r21 and r25, 1 for a subnormal number. T is set where
 * the signs are unlike. r11 has the sign of the first in bit 7, r10 is 0. The result, rounded half
 * to even, takes the place of the first; its leading digits may be 0 where it is exact. Its
 * exponent is 255 where it is beyond floats. Changes r16, r17, r22 to r25 and Z.
 */
#ifndef MLP_EDGE_KERNEL_AVR_ADD_FLOAT
#define MLP_EDGE_KERNEL_AVR_ADD_FLOAT

#include "avr/assembly.h"

#ifdef MLP_EDGE_AVR

MLP_EDGE_AVR_CODE mlp_edge_avr_add_float_code(void)
{
    __asm__ volatile(
        "cp r18, r22       \n"
        "cpc r19, r23      \n"
        "cpc r20, r24      \n"
        "cpc r21, r25      \n"
        "brsh 1f           \n"
        "movw r30, r18     \n" /* the larger one first */
        "movw r18, r22     \n"
        "movw r22, r30     \n"
        "movw r30, r20     \n"
        "movw r20, r24     \n"
        "movw r24, r30     \n"
        "brtc 1f           \n"
        "ldi r16, 0x80     \n"
        "eor r11, r16      \n"
        "1:                \n"
        "mov r17, r21      \n"
        "sub r17, r25      \n"
        "clr r16           \n" /* digits below; bit 0 stands for all beyond */
        "cpi r17, 8        \n"
        "brlo 4f           \n"
        "cpi r17, 32       \n"
        "brlo 2f           \n"
        "ldi r17, 32       \n"
        "2:                \n"
        "cpse r16, r10     \n"
        "ori r22, 1        \n"
        "mov r16, r22      \n"
        "mov r22, r23      \n"
        "mov r23, r24      \n"
        "clr r24           \n"
        "subi r17, 8       \n"
        "cpi r17, 8        \n"
        "brsh 2b           \n"
        "4:                \n"
        "tst r17           \n"
        "breq 7f           \n"
        "5:                \n"
        "lsr r24           \n"
        "ror r23           \n"
        "ror r22           \n"
        "ror r16           \n"
        "brcc 6f           \n"
        "ori r16, 1        \n"
        "6:                \n"
        "dec r17           \n"
        "brne 5b           \n"
        "7:                \n"
        "brts 9f           \n"
        "add r18, r22      \n"
        "adc r19, r23      \n"
        "adc r20, r24      \n"
        "brcc 10f          \n"
        "ror r20           \n"
        "ror r19           \n"
        "ror r18           \n"
        "ror r16           \n"
        "brcc 8f           \n"
        "ori r16, 1        \n"
        "8:                \n"
        "inc r21           \n"
        "rjmp 10f          \n"
        "9:                \n"
        "neg r16           \n"
        "sbc r18, r22      \n"
        "sbc r19, r23      \n"
        "sbc r20, r24      \n"
        "brmi 10f          \n"
        "tst r16           \n"
        "breq 12f          \n"
        "lsl r16           \n"
        "rol r18           \n"
        "rol r19           \n"
        "rol r20           \n"
        "dec r21           \n"
        "10:               \n"
        "cpi r16, 0x80     \n"
        "brlo 12f          \n"
        "brne 11f          \n"
        "sbrs r18, 0       \n"
        "rjmp 12f          \n"
        "11:               \n"
        "sec               \n"
        "adc r18, r10      \n"
        "adc r19, r10      \n"
        "adc r20, r10      \n"
        "brcc 12f          \n"
        "ldi r20, 0x80     \n"
        "inc r21           \n"
        "12:               \n"
        "ret               \n"
        ::: "memory");
}

#endif

#endif
