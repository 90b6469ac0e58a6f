/*
 * mlp_edge_dense with the bits of the C in dense.h: each product is rounded, then each sum. The sum
 * stays apart in digits, exponent and sign from one multiply-add to the next, which calls of
 * functions for floats have to take apart and put together each time. They are called where
 * something is subnormal, infinite, NaN or beyond floats.
 *
 *   r20:r18 digits of the sum, r21 its exponent (1 with 0 in front: subnormal, or 0), r11 its sign
 *   r4:r2 digits of an input, r5 its exponent   r22:r16 those of a weight, r23 its exponent
 *   r25:r24:r31:r30:r7:r6 their product         X input   Y result
 *   r9:r8 bias   r10 zero   r13:r12 weight   r15:r14 end of the inputs   T signs are unlike
 *
 * On the stack: neurons to go, the size of the inputs in bytes.
 */
#ifndef MLP_EDGE_KERNEL_AVR_DENSE
#define MLP_EDGE_KERNEL_AVR_DENSE

#include "avr/add_float.h"

#ifdef MLP_EDGE_AVR

/* The product in r1:r0 is added to two bytes of a number, and carried on. */
#define MLP_EDGE_AVR_PRODUCT(first, second, low, high) \
    "mul " first ", " second " \n"                     \
    "add " low ", r0           \n"                     \
    "adc " high ", r1          \n"

MLP_EDGE_AVR_CODE mlp_edge_avr_dense_code(void)
{
    __asm__ volatile(
        "push r28          \n"
        "push r29          \n"
        "movw r12, r24     \n"
        "movw r8, r22      \n"
        "movw r28, r14     \n"
        "movw r26, r16     \n"
        "lsl r20           \n"
        "rol r21           \n"
        "lsl r20           \n"
        "rol r21           \n"
        "movw r14, r20     \n"
        "add r14, r16      \n"
        "adc r15, r17      \n"
        "clr r10           \n"
        "movw r24, r18     \n"
        "movw r22, r20     \n"
        "1:                \n" /* a neuron */
        "push r22          \n"
        "push r23          \n"
        "push r24          \n"
        "push r25          \n"
        "movw r30, r8      \n"
        "lpm r18, Z+       \n"
        "lpm r19, Z+       \n"
        "lpm r20, Z+       \n"
        "lpm r21, Z+       \n"
        "movw r8, r30      \n"
        "rcall 20f         \n"
        "rjmp 2f           \n"
        "11:               \n" /* an input of 0 changes no sum but one of 0 */
        "mov r0, r2        \n"
        "or r0, r3         \n"
        "or r0, r4         \n"
        "brne 9f           \n"
        "cpi r21, 255      \n"
        "breq 9f           \n"
        "mov r0, r18       \n"
        "or r0, r19        \n"
        "or r0, r20        \n"
        "breq 9f           \n"
        "rjmp 6f           \n"
        "9:                \n"
        "rjmp 10f          \n"
        "2:                \n" /* a multiply-add */
        "ld r2, X+         \n"
        "ld r3, X+         \n"
        "ld r4, X+         \n"
        "ld r5, X+         \n"
        "movw r30, r12     \n"
        "lpm r16, Z+       \n"
        "lpm r17, Z+       \n"
        "lpm r22, Z+       \n"
        "lpm r23, Z+       \n"
        "movw r12, r30     \n"
        "mov r0, r5        \n"
        "eor r0, r23       \n"
        "eor r0, r11       \n"
        "bst r0, 7         \n"
        "lsl r4            \n"
        "rol r5            \n"
        "breq 11b          \n"
        "sec               \n"
        "ror r4            \n"
        "lsl r22           \n"
        "rol r23           \n"
        "breq 9b           \n"
        "cpi r23, 255      \n"
        "breq 9b           \n"
        "cpi r21, 255      \n"
        "breq 9b           \n"
        "sec               \n"
        "ror r22           \n"
        "mov r0, r5        \n"
        "inc r0            \n"
        "breq 9b           \n"
        "add r23, r5       \n" /* the exponent less 2: 0 to 251, so that the rounded one fits */
        "clr r5            \n"
        "adc r5, r5        \n"
        "subi r23, 128     \n"
        "sbc r5, r10       \n"
        "tst r5            \n"
        "brne 9b           \n"
        "cpi r23, 252      \n"
        "brsh 9b           \n"
        "mul r2, r16       \n"
        "movw r6, r0       \n"
        "mul r3, r17       \n"
        "movw r30, r0      \n"
        "mul r4, r22       \n"
        "movw r24, r0      \n"
        MLP_EDGE_AVR_PRODUCT("r2", "r17", "r7", "r30")
        "adc r31, r10      \n"
        "adc r24, r10      \n"
        "adc r25, r10      \n"
        MLP_EDGE_AVR_PRODUCT("r3", "r16", "r7", "r30")
        "adc r31, r10      \n"
        "adc r24, r10      \n"
        "adc r25, r10      \n"
        MLP_EDGE_AVR_PRODUCT("r2", "r22", "r30", "r31")
        "adc r24, r10      \n"
        "adc r25, r10      \n"
        MLP_EDGE_AVR_PRODUCT("r4", "r16", "r30", "r31")
        "adc r24, r10      \n"
        "adc r25, r10      \n"
        MLP_EDGE_AVR_PRODUCT("r3", "r22", "r31", "r24")
        "adc r25, r10      \n"
        MLP_EDGE_AVR_PRODUCT("r4", "r17", "r31", "r24")
        "adc r25, r10      \n"
        "subi r23, -2      \n"
        "tst r25           \n"
        "brmi 3f           \n"
        "lsl r7            \n"
        "rol r30           \n"
        "rol r31           \n"
        "rol r24           \n"
        "rol r25           \n"
        "dec r23           \n"
        "3:                \n" /* rounded to r25:r24:r31, half to even */
        "cpi r30, 0x80     \n"
        "brlo 5f           \n"
        "brne 4f           \n"
        "or r7, r6         \n"
        "brne 4f           \n"
        "sbrs r31, 0       \n"
        "rjmp 5f           \n"
        "4:                \n"
        "subi r31, -1      \n"
        "sbci r24, -1      \n"
        "sbci r25, -1      \n"
        "brcs 5f           \n"
        "ldi r25, 0x80     \n"
        "inc r23           \n"
        "5:                \n"
        "mov r22, r31      \n"
        "mov r31, r23      \n"
        "mov r23, r24      \n"
        "mov r24, r25      \n"
        "mov r25, r31      \n"
        "%~call %x[add]    \n"
        "tst r20           \n"
        "brpl 12f          \n"
        "cpi r21, 255      \n"
        "breq 15f          \n"
        "6:                \n"
        "cp r26, r14       \n"
        "cpc r27, r15      \n"
        "breq 7f           \n"
        "rjmp 2b           \n"
        "12:               \n" /* leading zeros, or no other digit: 0 is positive */
        "mov r0, r18       \n"
        "or r0, r19        \n"
        "or r0, r20        \n"
        "breq 14f          \n"
        "13:               \n"
        "cpi r21, 2        \n"
        "brlo 6b           \n"
        "dec r21           \n"
        "lsl r18           \n"
        "rol r19           \n"
        "rol r20           \n"
        "brpl 13b          \n"
        "rjmp 6b           \n"
        "14:               \n"
        "clr r11           \n"
        "ldi r21, 1        \n"
        "rjmp 6b           \n"
        "15:               \n" /* beyond floats */
        "clr r18           \n"
        "clr r19           \n"
        "ldi r20, 0x80     \n"
        "rjmp 6b           \n"
        "7:                \n"
        "rcall 24f         \n"
        "st Y+, r18        \n"
        "st Y+, r19        \n"
        "st Y+, r20        \n"
        "st Y+, r21        \n"
        "pop r25           \n"
        "pop r24           \n"
        "pop r23           \n"
        "pop r22           \n"
        "sub r26, r22      \n"
        "sbc r27, r23      \n"
        "sbiw r24, 1       \n"
        "breq 8f           \n"
        "rjmp 1b           \n"
        "8:                \n"
        "pop r29           \n"
        "pop r28           \n"
        "clr r1            \n"
        "ret               \n"
        "10:               \n" /* by the functions for floats */
        "clr r1            \n"
        "rcall 24f         \n"
        "push r18          \n"
        "push r19          \n"
        "push r20          \n"
        "push r21          \n"
        "movw r30, r12     \n"
        "sbiw r30, 4       \n"
        "lpm r22, Z+       \n"
        "lpm r23, Z+       \n"
        "lpm r24, Z+       \n"
        "lpm r25, Z+       \n"
        "sbiw r26, 4       \n"
        "ld r18, X+        \n"
        "ld r19, X+        \n"
        "ld r20, X+        \n"
        "ld r21, X+        \n"
        "movw r16, r26     \n"
        "%~call __mulsf3   \n"
        "movw r18, r22     \n"
        "movw r20, r24     \n"
        "pop r25           \n"
        "pop r24           \n"
        "pop r23           \n"
        "pop r22           \n"
        "%~call __addsf3   \n"
        "movw r26, r16     \n"
        "movw r18, r22     \n"
        "movw r20, r24     \n"
        "rcall 20f         \n"
        "rjmp 6b           \n"
        "20:               \n" /* a float in r21:r18 is taken apart */
        "mov r11, r21      \n"
        "lsl r20           \n"
        "rol r21           \n"
        "breq 21f          \n"
        "sec               \n"
        "ror r20           \n"
        "ret               \n"
        "21:               \n"
        "inc r21           \n"
        "lsr r20           \n"
        "ret               \n"
        "24:               \n" /* and put together */
        "lsl r20           \n"
        "brcs 25f          \n"
        "clr r21           \n"
        "25:               \n"
        "lsr r21           \n"
        "ror r20           \n"
        "sbrc r11, 7       \n"
        "ori r21, 0x80     \n"
        "ret               \n"
        :: [add] "i"(mlp_edge_avr_add_float_code) : "memory");
}

static inline void mlp_edge_avr_dense(const float *weights, const float *bias, size_t inputs,
                                      size_t outputs, const float *x, float *y)
{
    register const float *r24 __asm__("r24") = weights;
    register const float *r22 __asm__("r22") = bias;
    register size_t r20 __asm__("r20") = inputs;
    register size_t r18 __asm__("r18") = outputs;
    register const float *r16 __asm__("r16") = x;
    register float *r14 __asm__("r14") = y;
    __asm__ volatile("%~call %x[code]"
        : "+r"(r24), "+r"(r22), "+r"(r20), "+r"(r18), "+r"(r16), "+r"(r14)
        : [code] "i"(mlp_edge_avr_dense_code)
        : MLP_EDGE_AVR_CHANGED, "r8", "r9", "r10", "r11", "r12", "r13");
}

#endif

#endif
