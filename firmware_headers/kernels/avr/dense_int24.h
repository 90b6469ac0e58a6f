/*
 * A dense layer of int24, with the bits of the C in dense_int24.h. Results have 3 bytes, or 4 where
 * bit 31 of `high` is set, which does not count otherwise.
 *
 * A sum is kept as a column per byte: column k adds up the products of bytes i of a weight and j of
 * an input where i + j = k, in 3 bytes. The highest byte of a weight is signed. 32 products of 16
 * bits fit three times; then the columns are carried into each other. Inputs of 0 are passed over:
 * they are about half of what a relu gives.
 *
 *   column  0: r10 r9 r2   1: r12 r11 r3   2: r14 r13 r4   3: r24 r15 r5   4: r8 r7 r6
 *   r17 to r19 input, Y behind it   r20, r21, r16 weight, Z behind it   X result   r22 zero
 *   r23 pairs of inputs to go, in bit 7 whether the first pair is half of one
 *   r25 results to go of 32 or fewer, bit 7 several blocks of 32 inputs, bit 6 high is 2^24 - 1
 *   T results have 4 bytes
 *
 * On the stack, to which Y points between neurons:
 *
 *   Y+1 biases   Y+3 behind the shifts of those results   Y+5 high   Y+9 inputs
 *   Y+11 pairs of the first block   Y+12 blocks   Y+13 those to go   Y+14 whole 32 results to go
 */
#ifndef MLP_EDGE_KERNEL_AVR_DENSE_INT24
#define MLP_EDGE_KERNEL_AVR_DENSE_INT24

#include "avr/assembly.h"
#include "avr/spared.h"
#include "int24/int24.h"

#ifdef MLP_EDGE_AVR

/* The product in r0, r1 is added to a column; r22 is 0. One with a sign has it in the carry. */
#define MLP_EDGE_COLUMN(low, middle, high) \
    "add " low ", r0     \n"               \
    "adc " middle ", r1  \n"               \
    "adc " high ", r22   \n"
#define MLP_EDGE_SIGNED_COLUMN(low, middle, high) \
    "sbc " high ", r22   \n"                      \
    MLP_EDGE_COLUMN(low, middle, high)

/* The upper two bytes of a column, with their sign, are carried into the next one. */
#define MLP_EDGE_CARRY(middle, high, next_low, next_middle, next_high) \
    "mov r0, " high "               \n"                                \
    "lsl r0                         \n"                                \
    "sbc r0, r0                     \n"                                \
    "add " next_low ", " middle "   \n"                                \
    "adc " next_middle ", " high "  \n"                                \
    "adc " next_high ", r0          \n"

/* The products of an input, in r19:r17, and the weight behind Z. */
#define MLP_EDGE_MULTIPLY_ADD_24                             \
    "lpm r20, Z+       \n"                                   \
    "lpm r21, Z+       \n"                                   \
    "lpm r16, Z+       \n"                                   \
    "mul r20, r17      \n"                                   \
    MLP_EDGE_COLUMN("r2", "r9", "r10")                       \
    "mul r20, r18      \n"                                   \
    MLP_EDGE_COLUMN("r3", "r11", "r12")                      \
    "mul r21, r17      \n"                                   \
    MLP_EDGE_COLUMN("r3", "r11", "r12")                      \
    "mul r20, r19      \n"                                   \
    MLP_EDGE_COLUMN("r4", "r13", "r14")                      \
    "mul r21, r18      \n"                                   \
    MLP_EDGE_COLUMN("r4", "r13", "r14")                      \
    "mulsu r16, r17    \n"                                   \
    MLP_EDGE_SIGNED_COLUMN("r4", "r13", "r14")               \
    "mul r21, r19      \n"                                   \
    MLP_EDGE_COLUMN("r5", "r15", "r24")                      \
    "mulsu r16, r18    \n"                                   \
    MLP_EDGE_SIGNED_COLUMN("r5", "r15", "r24")               \
    "mulsu r16, r19    \n"                                   \
    MLP_EDGE_SIGNED_COLUMN("r6", "r7", "r8")

MLP_EDGE_AVR_CODE mlp_edge_avr_dense_int24_code(void)
{
    __asm__ volatile(
        "push r28          \n"
        "push r29          \n"
        "movw r2, r24      \n"
        "bst r19, 7        \n"
        "andi r19, 0x7f    \n"
        "mov r25, r12      \n"
        "mov r24, r12      \n"
        "andi r24, 0x3f    \n"
        "add r20, r24      \n"
        "adc r21, r1       \n"
        "push r13          \n"
        "push r15          \n"
        "push r15          \n"
        "push r14          \n"
        "push r11          \n"
        "push r10          \n"
        "push r19          \n"
        "push r18          \n"
        "push r17          \n"
        "push r16          \n"
        "push r21          \n"
        "push r20          \n"
        "push r23          \n"
        "push r22          \n"
        "in r28, __SP_L__  \n"
        "in r29, __SP_H__  \n"
        "movw r26, r8      \n"
        "movw r20, r2      \n"
        "clr r22           \n"
        "rjmp 10f          \n"
        "3:                \n" /* an input below 2^16, or 0 */
        "mov r0, r17       \n"
        "or r0, r18        \n"
        MLP_EDGE_AVR_SPARED("brne 5f \n", "rjmp 5f \n")
        "adiw r30, 3       \n"
        "rjmp 7f           \n"
        "10:               \n" /* a neuron: its bias is where the columns begin */
        "ldd r30, Y+1      \n"
        "ldd r31, Y+2      \n"
        "lpm r2, Z+        \n"
        "lpm r3, Z+        \n"
        "lpm r4, Z+        \n"
        "lpm r5, Z+        \n"
        "lpm r6, Z+        \n"
        "lpm r7, Z+        \n"
        "lpm r8, Z+        \n"
        "adiw r30, 1       \n"
        "std Y+1, r30      \n"
        "std Y+2, r31      \n"
        "movw r30, r20     \n"
        "ldd r23, Y+11     \n"
        "ldd r16, Y+9      \n"
        "ldd r17, Y+10     \n"
        "movw r28, r16     \n"
        "11:               \n" /* a block of at most 32 inputs */
        "clr r9            \n"
        "clr r24           \n"
        "clr r10           \n"
        "clr r11           \n"
        "movw r12, r10     \n"
        "movw r14, r10     \n"
        "sbrc r23, 7       \n"
        "rjmp 14f          \n"
        "4:                \n"
        "ld r17, Y+        \n"
        "ld r18, Y+        \n"
        "ld r19, Y+        \n"
        "tst r19           \n"
        "breq 3b           \n"
        "5:                \n"
        MLP_EDGE_MULTIPLY_ADD_24
        "7:                \n"
        "ld r17, Y+        \n"
        "ld r18, Y+        \n"
        "ld r19, Y+        \n"
        "tst r19           \n"
        "breq 9f           \n"
        "8:                \n"
        MLP_EDGE_MULTIPLY_ADD_24
        "dec r23           \n"
        "breq 6f           \n"
        "rjmp 4b           \n"
        "9:                \n"
        "mov r0, r17       \n"
        "or r0, r18        \n"
        MLP_EDGE_AVR_SPARED("brne 8b \n", "rjmp 8b \n")
        "adiw r30, 3       \n"
        "dec r23           \n"
        "breq 6f           \n"
        "rjmp 4b           \n"
        "6:                \n"
        "add r3, r9        \n"
        "adc r11, r10      \n"
        "adc r12, r22      \n"
        "add r4, r11       \n"
        "adc r13, r12      \n"
        "adc r14, r22      \n"
        MLP_EDGE_CARRY("r13", "r14", "r5", "r15", "r24")
        MLP_EDGE_CARRY("r15", "r24", "r6", "r7", "r8")
        "sbrc r25, 7       \n"
        "rjmp 24f          \n"
        "12:               \n" /* requantisation of the 7 bytes r2 to r8 */
        "movw r20, r30     \n"
        "in r28, __SP_L__  \n"
        "in r29, __SP_H__  \n"
        MLP_EDGE_AVR_SPARED(
            "sbrc r8, 7    \n"
            "rjmp 18f      \n",
            "sbrs r8, 7    \n"
            "rjmp 2f       \n"
            "clr r2        \n"
            "clr r3        \n"
            "movw r4, r2   \n"
            "movw r6, r2   \n"
            "clr r8        \n"
            "2:            \n")
        "ldd r30, Y+3      \n"
        "ldd r31, Y+4      \n"
        "mov r24, r25      \n"
        "andi r24, 0x3f    \n"
        "sub r30, r24      \n"
        "sbc r31, r22      \n"
        "lpm r23, Z        \n"
        "dec r23           \n"
        "mov r24, r23      \n"
        "andi r24, 0x38    \n"
        "cpi r24, 0x10     \n" /* to the right by 17 to 24 bits as a rule */
        "breq 15f          \n"
        "sbrs r23, 3       \n" /* by whole bytes */
        "rjmp 13f          \n"
        "mov r2, r3        \n"
        "mov r3, r4        \n"
        "mov r4, r5        \n"
        "mov r5, r6        \n"
        "mov r6, r7        \n"
        "mov r7, r8        \n"
        "clr r8            \n"
        "13:               \n"
        "sbrs r23, 5       \n"
        "rjmp 1f           \n"
        "movw r2, r6       \n"
        "mov r4, r8        \n"
        "clr r5            \n"
        "clr r6            \n"
        "clr r7            \n"
        "clr r8            \n"
        "1:                \n"
        "sbrs r23, 4       \n"
        "rjmp 16f          \n"
        "15:               \n"
        "movw r2, r4       \n"
        "movw r4, r6       \n"
        "mov r6, r8        \n"
        "clr r7            \n"
        "clr r8            \n"
        "16:               \n"
        "ldi r24, 1        \n" /* and by 1 to 8 bits: by 8 after a factor of 128 to 1 */
        "sbrs r23, 1       \n"
        "ldi r24, 4        \n"
        "sbrs r23, 0       \n"
        "lsl r24           \n"
        "sbrs r23, 2       \n"
        "swap r24          \n"
        "mul r2, r24       \n"
        "movw r10, r0      \n"
        "mul r4, r24       \n"
        "movw r12, r0      \n"
        "mul r3, r24       \n"
        "or r11, r0        \n"
        "or r12, r1        \n"
        "mul r5, r24       \n"
        "or r13, r0        \n"
        "mov r14, r1       \n"
        "or r7, r8         \n"
        "brts 17f          \n"
        "or r7, r6         \n"
        "or r7, r14        \n"
        "brne 19f          \n"
        "lsl r10           \n"
        "adc r11, r22      \n"
        "adc r12, r22      \n"
        "adc r13, r22      \n"
        "brcs 19f          \n"
        "sbrc r25, 6       \n"
        "rjmp 20f          \n"
        "ldd r16, Y+5      \n"
        "ldd r17, Y+6      \n"
        "ldd r18, Y+7      \n"
        "cp r16, r11       \n"
        "cpc r17, r12      \n"
        "cpc r18, r13      \n"
        "brsh 20f          \n"
        "rjmp 19f          \n"
        "17:               \n" /* a result of 4 bytes */
        "mul r6, r24       \n"
        "or r14, r0        \n"
        "or r7, r1         \n"
        "brne 19f          \n"
        "lsl r10           \n"
        "adc r11, r22      \n"
        "adc r12, r22      \n"
        "adc r13, r22      \n"
        "adc r14, r22      \n"
        "brcs 19f          \n"
        "ldd r16, Y+5      \n"
        "ldd r17, Y+6      \n"
        "ldd r18, Y+7      \n"
        "ldd r19, Y+8      \n"
        "cp r16, r11       \n"
        "cpc r17, r12      \n"
        "cpc r18, r13      \n"
        "cpc r19, r14      \n"
        "brsh 20f          \n"
        "rjmp 19f          \n"
        "18:               \n" /* negative */
        "st X+, r22        \n"
        "st X+, r22        \n"
        "st X+, r22        \n"
        "brtc 21f          \n"
        "st X+, r22        \n"
        "rjmp 21f          \n"
        "19:               \n" /* too large */
        "ldd r11, Y+5      \n"
        "ldd r12, Y+6      \n"
        "ldd r13, Y+7      \n"
        "ldd r14, Y+8      \n"
        "20:               \n"
        "st X+, r11        \n"
        "st X+, r12        \n"
        "st X+, r13        \n"
        "brtc 21f          \n"
        "st X+, r14        \n"
        "21:               \n"
        "dec r25           \n"
        "mov r24, r25      \n"
        "andi r24, 0x3f    \n"
        "breq 22f          \n"
        "rjmp 10b          \n"
        "22:               \n"
        "ori r25, 32       \n"
        "ldd r24, Y+14     \n"
        "subi r24, 1       \n"
        "std Y+14, r24     \n"
        "brcs 23f          \n"
        "ldd r30, Y+3      \n"
        "ldd r31, Y+4      \n"
        "adiw r30, 32      \n"
        "std Y+3, r30      \n"
        "std Y+4, r31      \n"
        "rjmp 10b          \n"
        "24:               \n" /* another block of inputs, or the end of the last one */
        "movw r16, r28     \n"
        "in r28, __SP_L__  \n"
        "in r29, __SP_H__  \n"
        "ldd r23, Y+13     \n"
        "dec r23           \n"
        "std Y+13, r23     \n"
        "breq 1f           \n"
        "movw r28, r16     \n"
        "ldi r23, 16       \n"
        "rjmp 11b          \n"
        "1:                \n"
        "ldd r23, Y+12     \n"
        "std Y+13, r23     \n"
        "rjmp 12b          \n"
        "14:               \n"
        "andi r23, 0x7f    \n"
        "rjmp 7b           \n"
        "23:               \n"
        "adiw r28, 14      \n"
        "in r0, __SREG__   \n"
        "cli               \n"
        "out __SP_H__, r29 \n"
        "out __SREG__, r0  \n"
        "out __SP_L__, r28 \n"
        "pop r29           \n"
        "pop r28           \n"
        "clr r1            \n"
        "ret               \n"
        ::: "memory");
}

static inline void mlp_edge_avr_dense_int24(
    const mlp_edge_int24 *weights, const int64_t *bias, const uint8_t *shift, uint32_t high,
    size_t inputs, size_t outputs, const mlp_edge_uint24 *x, void *y)
{
    const size_t blocks = (inputs + 31) / 32, several = (size_t)(blocks > 1) << 7;
    const size_t full = (size_t)(high == 0xffffff) << 6, odd = (inputs & 1) << 7;
    register const mlp_edge_int24 *r24 __asm__("r24") = weights;
    register const int64_t *r22 __asm__("r22") = bias;
    register const uint8_t *r20 __asm__("r20") = shift;
    register uint32_t r16 __asm__("r16") = high;
    register size_t r14 __asm__("r14") = blocks << 8 | odd | ((inputs - 1) % 32 + 2) / 2;
    register size_t r12 __asm__("r12") =
        (outputs - 1) / 32 << 8 | several | full | ((outputs - 1) % 32 + 1);
    register const mlp_edge_uint24 *r10 __asm__("r10") = x;
    register void *r8 __asm__("r8") = y;
    __asm__ volatile("%~call %x[code]"
        : "+r"(r24), "+r"(r22), "+r"(r20), "+r"(r16), "+r"(r14), "+r"(r12), "+r"(r10), "+r"(r8)
        : [code] "i"(mlp_edge_avr_dense_int24_code)
        : MLP_EDGE_AVR_CHANGED);
}

#endif

#endif
