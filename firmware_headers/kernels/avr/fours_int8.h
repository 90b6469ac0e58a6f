/*
 * A dense layer in int8 of at most 255 inputs and 4 to 1020 neurons, a multiple of 4; with the bits
 * of mlp_edge_dense_int8 and mlp_edge_dense_int8_from_16. It sums four neurons at a time: an input
 * is read once for all of them, and one of a byte is passed over where it is 0.
 *
 * The table has the bytes of four neurons in the order in which they are needed: the biases, 3
 * bytes each; four weights for each input; of each neuron the multiplier, moved up within 2 bytes
 * until the shift is one of whole bytes, and what that is: 0 for 2 bytes, 1 for 3, 2 for 4. It is 4
 * for 3 bytes, and 6 for 4, where the product has to be doubled, as the multiplier had no room.
 *
 *   r4:r2 r5:r7:r6 r10:r8 r11:r13:r12 sums   r14 fours to go   r16 inputs   r17 zero   r20 counts
 *   X input   Y output   Z table   T inputs have 2 bytes
 */
#ifndef MLP_EDGE_KERNEL_AVR_FOURS_INT8
#define MLP_EDGE_KERNEL_AVR_FOURS_INT8

#include "avr/assembly.h"
#include "avr/spared.h"

#ifdef MLP_EDGE_AVR

#define MLP_EDGE_AVR_READ_BIAS(low, middle, high) \
    "lpm " low ", Z+   \n"                        \
    "lpm " middle ", Z+\n"                        \
    "lpm " high ", Z+  \n"

/* 9 cycles. MULSU leaves the sign of the product in the carry. */
#define MLP_EDGE_AVR_ADD_8(low, middle, high) \
    "lpm r22, Z+       \n"                    \
    "mulsu r22, r23    \n"                    \
    "sbc " high ", r17 \n"                    \
    "add " low ", r0   \n"                    \
    "adc " middle ", r1\n"                    \
    "adc " high ", r17 \n"

/* 13 cycles: the low byte of an input, then the high one. */
#define MLP_EDGE_AVR_ADD_16(low, middle, high) \
    MLP_EDGE_AVR_ADD_8(low, middle, high)      \
    "mulsu r22, r21    \n"                     \
    "add " middle ", r0\n"                     \
    "adc " high ", r1  \n"

#define MLP_EDGE_AVR_OF_FOUR(what) \
    what("r2", "r3", "r4")         \
    what("r6", "r7", "r5")         \
    what("r8", "r9", "r10")        \
    what("r12", "r13", "r11")

/* A negative sum becomes 0, another what the code at label 50 makes of it. */
#define MLP_EDGE_AVR_END_OF_FOUR(low, middle, high) \
    "tst " high "      \n"                          \
    "brpl 61f          \n"                          \
    MLP_EDGE_AVR_SPARED(                            \
        "adiw r30, 3   \n"                          \
        "st Y+, r17    \n"                          \
        "rjmp 62f      \n",                         \
        "clr " low "   \n"                          \
        "clr " middle "\n"                          \
        "clr " high "  \n")                         \
    "61:               \n"                          \
    "movw r18, " low " \n"                          \
    "mov r20, " high " \n"                          \
    "rcall 50f         \n"                          \
    "62:               \n"

MLP_EDGE_AVR_CODE mlp_edge_avr_fours_int8_code(void)
{
    __asm__ volatile(
        "push r28          \n"
        "push r29          \n"
        "movw r30, r24     \n"
        "movw r26, r22     \n"
        "movw r28, r20     \n"
        "bst r14, 1        \n"
        "mov r14, r16      \n"
        "mov r16, r18      \n"
        "clr r17           \n"
        "1:                \n" /* four neurons */
        MLP_EDGE_AVR_OF_FOUR(MLP_EDGE_AVR_READ_BIAS)
        "mov r20, r16      \n"
        "brts 5f           \n"
        "2:                \n"
        "ld r23, X+        \n"
        "tst r23           \n"
        MLP_EDGE_AVR_SPARED("breq 4f \n", "nop \n")
        MLP_EDGE_AVR_OF_FOUR(MLP_EDGE_AVR_ADD_8)
        "3:                \n"
        "dec r20           \n"
        "brne 2b           \n"
        "rjmp 6f           \n"
        "4:                \n"
        "adiw r30, 4       \n"
        "rjmp 3b           \n"
        "5:                \n"
        "ld r23, X+        \n"
        "ld r21, X+        \n"
        MLP_EDGE_AVR_OF_FOUR(MLP_EDGE_AVR_ADD_16)
        "dec r20           \n"
        "brne 5b           \n"
        "sub r26, r16      \n" /* back to the first input */
        "sbc r27, r17      \n"
        "6:                \n"
        "sub r26, r16      \n"
        "sbc r27, r17      \n"
        MLP_EDGE_AVR_OF_FOUR(MLP_EDGE_AVR_END_OF_FOUR)
        "dec r14           \n"
        "breq 7f           \n"
        "rjmp 1b           \n"
        "7:                \n"
        "clr r1            \n"
        "pop r29           \n"
        "pop r28           \n"
        "ret               \n"

        "50:               \n" /* requantises r20:r18, which is not negative, to Y+ */
        "lpm r22, Z+       \n"
        "lpm r23, Z+       \n"
        "lpm r21, Z+       \n"
        "mul r18, r22      \n" /* the product but for its lowest byte: r25:r24:r15 */
        "mov r15, r1       \n"
        "mul r19, r23      \n"
        "movw r24, r0      \n"
        "mul r19, r22      \n"
        "add r15, r0       \n"
        "adc r24, r1       \n"
        "adc r25, r17      \n"
        "mul r18, r23      \n"
        "add r15, r0       \n"
        "adc r24, r1       \n"
        "adc r25, r17      \n"
        MLP_EDGE_AVR_SPARED("cpse r20, r17 \n", "nop \n")
        "rjmp 55f          \n"
        "51:               \n"
        "sbrs r21, 0       \n"
        "rjmp 56f          \n"
        "52:               \n"
        "lsl r24           \n" /* the topmost bit dropped rounds */
        "adc r25, r17      \n"
        "brcc 54f          \n"
        "53:               \n"
        "ldi r25, 255      \n"
        "54:               \n"
        "st Y+, r25        \n"
        "ret               \n"
        "55:               \n" /* a sum of 3 bytes: a fifth one of the product, r23 */
        "mov r19, r23      \n"
        "mul r20, r22      \n"
        "clr r23           \n"
        "add r24, r0       \n"
        "adc r25, r1       \n"
        "adc r23, r17      \n"
        "mul r20, r19      \n"
        "add r25, r0       \n"
        "adc r23, r1       \n"
        "sbrc r21, 1       \n"
        "rjmp 59f          \n"
        "tst r23           \n"
        "brne 53b          \n"
        "rjmp 51b          \n"
        "56:               \n"
        "tst r21           \n"
        "brne 57f          \n"
        "tst r25           \n" /* 2 bytes */
        "brne 53b          \n"
        "lsl r15           \n"
        "adc r24, r17      \n"
        "mov r25, r24      \n"
        "brcc 54b          \n"
        "rjmp 53b          \n"
        "57:               \n"
        "sbrc r21, 1       \n"
        "rjmp 58f          \n"
        "lsl r15           \n" /* 3 bytes of a product doubled */
        "rol r24           \n"
        "rol r25           \n"
        "brcs 53b          \n"
        "rjmp 52b          \n"
        "58:               \n"
        "clr r23           \n"
        "59:               \n" /* 4 bytes */
        "sbrs r21, 2       \n"
        "rjmp 60f          \n"
        "lsl r24           \n"
        "rol r25           \n"
        "rol r23           \n"
        "60:               \n"
        "lsl r25           \n"
        "adc r23, r17      \n"
        "mov r25, r23      \n"
        "brcc 54b          \n"
        "rjmp 53b          \n"
        ::: "memory");
}

/* Inputs of one byte, or of 2, each up to 1020. */
static inline void mlp_edge_avr_fours_int8(
    const int8_t *table, uint8_t inputs, uint8_t fours, const void *x, uint8_t *y, uint8_t bytes)
{
    register const int8_t *r24 __asm__("r24") = table;
    register const void *r22 __asm__("r22") = x;
    register uint8_t *r20 __asm__("r20") = y;
    register uint8_t r18 __asm__("r18") = inputs;
    register uint8_t r16 __asm__("r16") = fours;
    register uint8_t r14 __asm__("r14") = bytes;
    __asm__ volatile("%~call %x[code]"
        : "+r"(r24), "+r"(r22), "+r"(r20), "+r"(r18), "+r"(r16), "+r"(r14)
        : [code] "i"(mlp_edge_avr_fours_int8_code)
        : MLP_EDGE_AVR_CHANGED, "r8", "r9", "r10", "r11", "r12", "r13", "r15", "r17", "r19");
}

#endif

#endif
