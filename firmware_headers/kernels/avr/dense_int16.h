/*
 * mlp_edge_dense_int16 of at most 511 inputs.
 *
 *   r3:r2 weights   r5:r4 biases   r7:r6 high   r9:r8 shifts   r10 pairs of inputs, T: one remains
 *   r13:r12 inputs   Y outputs   r15:r14 neurons to go   r17 zero   r21:r18 sum   r24 counts
 *   X, Z input and weight at hand, in r16:r22 and r23:r25
 *
 * As in requantise.h, the shift is one of whole bytes, then a product with a power of two.
 */
#ifndef MLP_EDGE_KERNEL_AVR_DENSE_INT16
#define MLP_EDGE_KERNEL_AVR_DENSE_INT16

#include "avr/assembly.h"
#include "avr/spared.h"

#ifdef MLP_EDGE_AVR

/* 31 cycles: four products of bytes, those of the high byte of the weight with a sign. */
#define MLP_EDGE_AVR_MULTIPLY_ADD_16 \
    "ld r22, X+        \n"           \
    "ld r16, X+        \n"           \
    "lpm r25, Z+       \n"           \
    "lpm r23, Z+       \n"           \
    "mul r25, r22      \n"           \
    "add r18, r0       \n"           \
    "adc r19, r1       \n"           \
    "adc r20, r17      \n"           \
    "adc r21, r17      \n"           \
    "mulsu r23, r16    \n"           \
    "add r20, r0       \n"           \
    "adc r21, r1       \n"           \
    "mulsu r23, r22    \n"           \
    "sbc r21, r17      \n"           \
    "add r19, r0       \n"           \
    "adc r20, r1       \n"           \
    "adc r21, r17      \n"           \
    "mul r25, r16      \n"           \
    "add r19, r0       \n"           \
    "adc r20, r1       \n"           \
    "adc r21, r17      \n"

MLP_EDGE_AVR_CODE mlp_edge_avr_dense_int16_code(void)
{
    __asm__ volatile(
        "push r28          \n"
        "push r29          \n"
        "movw r28, r10     \n"
        "movw r2, r24      \n"
        "movw r4, r22      \n"
        "movw r8, r20      \n"
        "movw r6, r18      \n"
        "bst r16, 0        \n"
        "lsr r17           \n"
        "ror r16           \n"
        "mov r10, r16      \n"
        "cpse r14, r17     \n" /* r14 counts down r15 times */
        "inc r15           \n"
        "1:                \n"
        "movw r30, r4      \n"
        "lpm r18, Z+       \n"
        "lpm r19, Z+       \n"
        "lpm r20, Z+       \n"
        "lpm r21, Z+       \n"
        "movw r4, r30      \n"
        "movw r30, r2      \n"
        "movw r26, r12     \n"
        "brtc 2f           \n"
        MLP_EDGE_AVR_MULTIPLY_ADD_16
        "2:                \n"
        "mov r24, r10      \n"
        "tst r24           \n"
        "breq 4f           \n"
        "3:                \n"
        MLP_EDGE_AVR_MULTIPLY_ADD_16
        MLP_EDGE_AVR_MULTIPLY_ADD_16
        "dec r24           \n"
        "brne 3b           \n"
        "4:                \n"
        "movw r2, r30      \n"
        "movw r30, r8      \n"
        "lpm r22, Z+       \n"
        "movw r8, r30      \n"
        "clr r27           \n" /* the result: r24:r27 */
        "clr r24           \n"
        "tst r21           \n"
        MLP_EDGE_AVR_SPARED(
            "brmi 9f       \n",
            "brpl 12f      \n"
            "clr r18       \n"
            "clr r19       \n"
            "movw r20, r18 \n"
            "12:           \n")
        "cpi r22, 17       \n"
        "brlo 5f           \n"
        "movw r18, r20     \n"
        "clr r20           \n"
        "clr r21           \n"
        "subi r22, 16      \n"
        "5:                \n"
        "cpi r22, 9        \n"
        "brlo 6f           \n"
        "mov r18, r19      \n"
        "mov r19, r20      \n"
        "mov r20, r21      \n"
        "clr r21           \n"
        "6:                \n"
        "tst r21           \n"
        "brne 8f           \n"
        MLP_EDGE_AVR_POWER("r23", "r22")
        "mul r18, r23      \n"
        "movw r26, r0      \n"
        "mul r19, r23      \n"
        "add r27, r0       \n"
        "adc r24, r1       \n"
        "mul r20, r23      \n"
        "add r24, r0       \n"
        "adc r1, r17       \n"
        "brne 8f           \n"
        "lsl r26           \n" /* the topmost bit dropped rounds */
        "adc r27, r17      \n"
        "adc r24, r17      \n"
        "brcs 8f           \n"
        "cp r6, r27        \n"
        "cpc r7, r24       \n"
        "brsh 9f           \n"
        "8:                \n"
        "mov r27, r6       \n"
        "mov r24, r7       \n"
        "9:                \n"
        "st Y+, r27        \n"
        "st Y+, r24        \n"
        "dec r14           \n"
        "breq 11f          \n"
        "10:               \n"
        "rjmp 1b           \n"
        "11:               \n"
        "dec r15           \n"
        "brne 10b          \n"
        "clr r1            \n"
        "pop r29           \n"
        "pop r28           \n"
        "ret               \n"
        ::: "memory");
}

static inline void mlp_edge_avr_dense_int16(
    const int16_t *weights, const int32_t *bias, const uint8_t *shift, uint16_t high,
    size_t inputs, size_t outputs, const uint16_t *x, uint16_t *y)
{
    register const int16_t *r24 __asm__("r24") = weights;
    register const int32_t *r22 __asm__("r22") = bias;
    register const uint8_t *r20 __asm__("r20") = shift;
    register uint16_t r18 __asm__("r18") = high;
    register size_t r16 __asm__("r16") = inputs;
    register size_t r14 __asm__("r14") = outputs;
    register const uint16_t *r12 __asm__("r12") = x;
    register uint16_t *r10 __asm__("r10") = y;
    __asm__ volatile("%~call %x[code]"
        : "+r"(r24), "+r"(r22), "+r"(r20), "+r"(r18), "+r"(r16), "+r"(r14), "+r"(r12), "+r"(r10)
        : [code] "i"(mlp_edge_avr_dense_int16_code)
        : MLP_EDGE_AVR_CHANGED, "r8", "r9");
}

#endif

#endif
