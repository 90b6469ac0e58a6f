/*
 * mlp_edge_segments_int8 of at most 255 inputs. As neuron_int8.h says, but for
 *
 *   r3:r16 offsets   r11:r10 neurons to go   r14 inputs   r15 segments
 *
 * The segments that a sum fills count 255 each; what is left of it is requantised.
 */
#ifndef MLP_EDGE_KERNEL_AVR_SEGMENTS_INT8
#define MLP_EDGE_KERNEL_AVR_SEGMENTS_INT8

#include "avr/neuron_int8.h"

#ifdef MLP_EDGE_AVR

/* 13 cycles, or 8 for an input of 0: about half of what a relu gives. */
#define MLP_EDGE_AVR_ADD_UNLESS_0 \
    "ld r23, X+        \n"        \
    "lpm r22, Z+       \n"        \
    "tst r23           \n"        \
    MLP_EDGE_AVR_SPARED("breq 21f \n", "nop \n") \
    "mulsu r22, r23    \n"        \
    "sbc r20, r17      \n"        \
    "add r18, r0       \n"        \
    "adc r19, r1       \n"        \
    "adc r20, r17      \n"        \
    "21:               \n"

MLP_EDGE_AVR_CODE mlp_edge_avr_segments_int8_code(void)
{
    __asm__ volatile(
        "push r28          \n"
        "push r29          \n"
        "mov r3, r17       \n"
        "clr r17           \n"
        "movw r28, r8      \n"
        "movw r4, r22      \n"
        "movw r6, r20      \n"
        "movw r8, r18      \n"
        "cpse r10, r17     \n" /* r10 counts down r11 times */
        "inc r11           \n"
        "1:                \n"
        MLP_EDGE_AVR_START_NEURON
        "mov r21, r14      \n"
        "lsr r21           \n" /* pairs, the first of which may be half of one */
        "adc r21, r17      \n"
        "sbrc r14, 0       \n"
        "rjmp 22f          \n"
        "2:                \n"
        MLP_EDGE_AVR_ADD_UNLESS_0
        "22:               \n"
        MLP_EDGE_AVR_ADD_UNLESS_0
        "dec r21           \n"
        "brne 2b           \n"
        "movw r24, r30     \n"
        "mov r21, r20      \n" /* the sum to r21:r18 */
        "lsl r21           \n"
        "sbc r21, r21      \n"
        "mov r30, r16      \n"
        "mov r31, r3       \n"
        "lpm r22, Z+       \n"
        "lpm r23, Z+       \n"
        "lpm r26, Z+       \n"
        "lpm r27, Z+       \n"
        "mov r16, r30      \n"
        "mov r3, r31       \n"
        "mov r2, r15       \n"
        "3:                \n"
        "dec r2            \n"
        "breq 4f           \n"
        "cp r18, r22       \n"
        "cpc r19, r23      \n"
        "cpc r20, r26      \n"
        "cpc r21, r27      \n"
        "brlt 4f           \n"
        "sub r18, r22      \n"
        "sbc r19, r23      \n"
        "sbc r20, r26      \n"
        "sbc r21, r27      \n"
        "rjmp 3b           \n"
        "4:                \n"
        "mov r26, r15      \n"
        "dec r26           \n"
        "sub r26, r2       \n"
        "push r26          \n"
        MLP_EDGE_AVR_READ_MULTIPLIER
        "tst r20           \n"
        "brpl 5f           \n"
        MLP_EDGE_AVR_SPARED(
            "clr r18       \n"
            "rjmp 95f      \n",
            MLP_EDGE_AVR_SUM_OF_0)
        "5:                \n"
        MLP_EDGE_AVR_REQUANTISE
        "pop r19           \n" /* 256 full - full */
        "sub r18, r19      \n"
        "sbc r19, r17      \n"
        "st Y+, r18        \n"
        "st Y+, r19        \n"
        "dec r10           \n"
        "breq 7f           \n"
        "6:                \n"
        "rjmp 1b           \n"
        "7:                \n"
        "dec r11           \n"
        "brne 6b           \n"
        "clr r1            \n"
        "pop r29           \n"
        "pop r28           \n"
        "ret               \n"
        ::: "memory");
}

static inline void mlp_edge_avr_segments_int8(
    const int8_t *weights, const int32_t *bias, const uint16_t *multiplier, const uint8_t *shift,
    const int32_t *offset, uint16_t inputs_and_segments, const uint8_t *x, size_t outputs,
    uint16_t *y)
{
    register const int8_t *r24 __asm__("r24") = weights;
    register const int32_t *r22 __asm__("r22") = bias;
    register const uint16_t *r20 __asm__("r20") = multiplier;
    register const uint8_t *r18 __asm__("r18") = shift;
    register const int32_t *r16 __asm__("r16") = offset;
    register uint16_t r14 __asm__("r14") = inputs_and_segments;
    register const uint8_t *r12 __asm__("r12") = x;
    register size_t r10 __asm__("r10") = outputs;
    register uint16_t *r8 __asm__("r8") = y;
    __asm__ volatile("%~call %x[code]"
        : "+r"(r24), "+r"(r22), "+r"(r20), "+r"(r18), "+r"(r16), "+r"(r14), "+r"(r12),
          "+r"(r10), "+r"(r8)
        : [code] "i"(mlp_edge_avr_segments_int8_code)
        : MLP_EDGE_AVR_CHANGED);
}

#endif

#endif
