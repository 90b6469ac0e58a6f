/*
 * mlp_edge_dequantise without a function for floats: step * output, which is exact, then its sum
 * with the offset, rounded. The step is a normal number above 0, the offset finite.
 *
 *   r3:r2 offset   r5:r4 from the offset to the step   r9:r8 quantised   r13:r12 outputs   r10 zero
 *   r7:r6 outputs to go   r20:r18 digits of the product, r21 its exponent
 *   r24:r22, r25 those of the offset
 */
#ifndef MLP_EDGE_KERNEL_AVR_DEQUANTISE
#define MLP_EDGE_KERNEL_AVR_DEQUANTISE

#include "avr/add_float.h"

#ifdef MLP_EDGE_AVR

MLP_EDGE_AVR_CODE mlp_edge_avr_dequantise_code(void)
{
    __asm__ volatile(
        "movw r2, r24      \n"
        "sub r22, r24      \n"
        "sbc r23, r25      \n"
        "movw r4, r22      \n"
        "movw r6, r20      \n"
        "movw r8, r18      \n"
        "movw r12, r16     \n"
        "clr r10           \n"
        "cpse r6, r10      \n" /* r6 counts down r7 times */
        "inc r7            \n"
        "1:                \n"
        "movw r30, r2      \n"
        "add r30, r4       \n"
        "adc r31, r5       \n"
        "lpm r22, Z+       \n"
        "lpm r23, Z+       \n"
        "lpm r24, Z+       \n"
        "lpm r21, Z+       \n"
        "lsl r24           \n"
        "rol r21           \n"
        "sec               \n"
        "ror r24           \n"
        "movw r26, r8      \n"
        "ld r18, X+        \n"
        "ld r19, X+        \n"
        "movw r8, r26      \n"
        "mul r18, r22      \n" /* the product: r20:r17:r16:r15:r14 */
        "movw r14, r0      \n"
        "mul r18, r24      \n"
        "movw r16, r0      \n"
        "clr r20           \n"
        "mul r19, r23      \n"
        "add r16, r0       \n"
        "adc r17, r1       \n"
        "adc r20, r10      \n"
        "mul r18, r23      \n"
        "add r15, r0       \n"
        "adc r16, r1       \n"
        "adc r17, r10      \n"
        "adc r20, r10      \n"
        "mul r19, r22      \n"
        "add r15, r0       \n"
        "adc r16, r1       \n"
        "adc r17, r10      \n"
        "adc r20, r10      \n"
        "mul r19, r24      \n"
        "add r17, r0       \n"
        "adc r20, r1       \n"
        "or r18, r19       \n"
        "movw r18, r16     \n"
        "breq 4f           \n"
        "subi r21, -16     \n"
        "2:                \n"
        "tst r20           \n"
        "brne 21f          \n"
        "mov r20, r19      \n"
        "mov r19, r18      \n"
        "mov r18, r15      \n"
        "mov r15, r14      \n"
        "subi r21, 8       \n"
        "rjmp 2b           \n"
        "21:               \n"
        "brmi 3f           \n"
        "22:               \n"
        "dec r21           \n"
        "lsl r15           \n"
        "rol r18           \n"
        "rol r19           \n"
        "rol r20           \n"
        "brpl 22b          \n"
        "3:                \n"
        "movw r30, r2      \n"
        "lpm r22, Z+       \n"
        "lpm r23, Z+       \n"
        "lpm r24, Z+       \n"
        "lpm r25, Z+       \n"
        "movw r2, r30      \n"
        "clr r11           \n"
        "bst r25, 7        \n"
        "lsl r24           \n"
        "rol r25           \n"
        "breq 5f           \n"
        "sec               \n"
        "ror r24           \n"
        "rjmp 6f           \n"
        "4:                \n"
        "ldi r21, 1        \n"
        "rjmp 3b           \n"
        "5:                \n"
        "lsr r24           \n"
        "inc r25           \n"
        "6:                \n"
        "%~call %x[add]    \n"
        "tst r20           \n"
        "brmi 36f          \n"
        "mov r0, r18       \n"
        "or r0, r19        \n"
        "or r0, r20        \n"
        "breq 35f          \n"
        "34:               \n"
        "cpi r21, 2        \n" /* as far as a subnormal number */
        "brlo 35f          \n"
        "dec r21           \n"
        "lsl r18           \n"
        "rol r19           \n"
        "rol r20           \n"
        "brpl 34b          \n"
        "rjmp 36f          \n"
        "35:               \n"
        "clr r21           \n"
        "36:               \n"
        "cpi r21, 255      \n"
        "brne 37f          \n"
        "clr r18           \n" /* beyond floats */
        "clr r19           \n"
        "clr r20           \n"
        "37:               \n"
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
        "dec r6            \n"
        "breq 9f           \n"
        "8:                \n"
        "rjmp 1b           \n"
        "9:                \n"
        "dec r7            \n"
        "brne 8b           \n"
        "clr r1            \n"
        "ret               \n"
        :: [add] "i"(mlp_edge_avr_add_float_code) : "memory");
}

static inline void mlp_edge_avr_dequantise(
    const float *offset, const float *step, size_t count, const uint16_t *quantised,
    float *outputs)
{
    register const float *r24 __asm__("r24") = offset;
    register const float *r22 __asm__("r22") = step;
    register size_t r20 __asm__("r20") = count;
    register const uint16_t *r18 __asm__("r18") = quantised;
    register float *r16 __asm__("r16") = outputs;
    __asm__ volatile("%~call %x[code]"
        : "+r"(r24), "+r"(r22), "+r"(r20), "+r"(r18), "+r"(r16)
        : [code] "i"(mlp_edge_avr_dequantise_code)
        : MLP_EDGE_AVR_CHANGED, "r14", "r15", "r12", "r13", "r10", "r11", "r8", "r9");
}

#endif

#endif
