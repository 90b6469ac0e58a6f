/*
 * mlp_edge_dequantise_int24 without a function for floats: quantised - zero rounded to a float,
 * times the step, a power of two, then the sum with the offset, rounded. The step is a normal
 * number, the offset finite.
 *
 *   r3:r2 offset   r5:r4 step   r7:r6 zero   r9:r8 quantised   r13:r12 outputs   r15:r14 to go
 *   r10 zero   r20:r18 digits of the product, r21 its exponent, r11 its sign
 *   r24:r22, r25 those of the offset
 */
#ifndef MLP_EDGE_KERNEL_AVR_DEQUANTISE_INT24
#define MLP_EDGE_KERNEL_AVR_DEQUANTISE_INT24

#include "avr/add_float.h"

#ifdef MLP_EDGE_AVR

MLP_EDGE_AVR_CODE mlp_edge_avr_dequantise_int24_code(void)
{
    __asm__ volatile(
        "movw r2, r24      \n"
        "movw r4, r22      \n"
        "movw r6, r20      \n"
        "movw r8, r16      \n"
        "movw r12, r14     \n"
        "movw r14, r18     \n"
        "clr r10           \n"
        "1:                \n"
        "movw r26, r8      \n"
        "ld r18, X+        \n"
        "ld r19, X+        \n"
        "ld r20, X+        \n"
        "ld r21, X+        \n"
        "movw r8, r26      \n"
        "movw r30, r6      \n"
        "lpm r22, Z+       \n"
        "lpm r23, Z+       \n"
        "lpm r24, Z+       \n"
        "lpm r25, Z+       \n"
        "movw r6, r30      \n"
        "clr r11           \n"
        "sub r18, r22      \n"
        "sbc r19, r23      \n"
        "sbc r20, r24      \n"
        "sbc r21, r25      \n"
        "brpl 2f           \n"
        "com r21           \n" /* its size, and the sign */
        "com r20           \n"
        "com r19           \n"
        "neg r18           \n"
        "sbci r19, -1      \n"
        "sbci r20, -1      \n"
        "sbci r21, -1      \n"
        "ldi r22, 0x80     \n"
        "mov r11, r22      \n"
        "2:                \n"
        "movw r30, r4      \n"
        "lpm r24, Z+       \n"
        "lpm r24, Z+       \n"
        "lpm r24, Z+       \n"
        "lpm r25, Z+       \n"
        "movw r4, r30      \n"
        "lsl r24           \n"
        "rol r25           \n"
        "subi r25, -31     \n"
        "mov r0, r18       \n"
        "or r0, r19        \n"
        "or r0, r20        \n"
        "or r0, r21        \n"
        "brne 4f           \n"
        "ldi r25, 1        \n"
        "rjmp 9f           \n"
        "3:                \n"
        "mov r21, r20      \n"
        "mov r20, r19      \n"
        "mov r19, r18      \n"
        "clr r18           \n"
        "subi r25, 8       \n"
        "4:                \n"
        "tst r21           \n"
        "breq 3b           \n"
        "brmi 6f           \n"
        "5:                \n"
        "dec r25           \n"
        "lsl r18           \n"
        "rol r19           \n"
        "rol r20           \n"
        "rol r21           \n"
        "brpl 5b           \n"
        "6:                \n"
        "lsl r18           \n" /* rounded to r21:r20:r19 */
        "brcc 9f           \n"
        "brne 8f           \n"
        "sbrs r19, 0       \n"
        "rjmp 9f           \n"
        "8:                \n"
        "sec               \n"
        "adc r19, r10      \n"
        "adc r20, r10      \n"
        "adc r21, r10      \n"
        "brcc 9f           \n"
        "ldi r21, 0x80     \n"
        "inc r25           \n"
        "9:                \n"
        "mov r18, r19      \n"
        "mov r19, r20      \n"
        "mov r20, r21      \n"
        "mov r21, r25      \n"
        "movw r30, r2      \n"
        "lpm r22, Z+       \n"
        "lpm r23, Z+       \n"
        "lpm r24, Z+       \n"
        "lpm r25, Z+       \n"
        "movw r2, r30      \n"
        "mov r0, r11       \n"
        "eor r0, r25       \n"
        "bst r0, 7         \n"
        "lsl r24           \n"
        "rol r25           \n"
        "breq 10f          \n"
        "sec               \n"
        "ror r24           \n"
        "rjmp 11f          \n"
        "10:               \n"
        "lsr r24           \n"
        "inc r25           \n"
        "11:               \n"
        "%~call %x[add]    \n"
        "tst r20           \n"
        "brmi 15f          \n"
        "mov r0, r18       \n"
        "or r0, r19        \n"
        "or r0, r20        \n"
        "brne 13f          \n"
        "clr r11           \n" /* no zero is negative */
        "12:               \n"
        "clr r21           \n"
        "rjmp 15f          \n"
        "13:               \n"
        "cpi r21, 2        \n" /* as far as a subnormal number */
        "brlo 12b          \n"
        "dec r21           \n"
        "lsl r18           \n"
        "rol r19           \n"
        "rol r20           \n"
        "brpl 13b          \n"
        "15:               \n"
        "cpi r21, 255      \n"
        "brne 16f          \n"
        "clr r18           \n" /* beyond floats */
        "clr r19           \n"
        "clr r20           \n"
        "16:               \n"
        "lsl r20           \n"
        "lsr r21           \n"
        "ror r20           \n"
        "or r21, r11       \n"
        "movw r26, r12     \n"
        "st X+, r18        \n"
        "st X+, r19        \n"
        "st X+, r20        \n"
        "st X+, r21        \n"
        "movw r12, r26     \n"
        "movw r26, r14     \n"
        "sbiw r26, 1       \n"
        "movw r14, r26     \n"
        "breq 17f          \n"
        "rjmp 1b           \n"
        "17:               \n"
        "clr r1            \n"
        "ret               \n"
        :: [add] "i"(mlp_edge_avr_add_float_code) : "memory");
}

static inline void mlp_edge_avr_dequantise_int24(
    const float *offset, const float *step, const int32_t *zero, size_t count,
    const uint32_t *quantised, float *outputs)
{
    register const float *r24 __asm__("r24") = offset;
    register const float *r22 __asm__("r22") = step;
    register const int32_t *r20 __asm__("r20") = zero;
    register size_t r18 __asm__("r18") = count;
    register const uint32_t *r16 __asm__("r16") = quantised;
    register float *r14 __asm__("r14") = outputs;
    __asm__ volatile("%~call %x[code]"
        : "+r"(r24), "+r"(r22), "+r"(r20), "+r"(r18), "+r"(r16), "+r"(r14)
        : [code] "i"(mlp_edge_avr_dequantise_int24_code)
        : MLP_EDGE_AVR_CHANGED, "r8", "r9", "r10", "r11", "r12", "r13");
}

#endif

#endif
