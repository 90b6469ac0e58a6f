/*
 * A dense layer of int24 in assembly for AVR, with the bits of the C in dense_int24.h. Results have
 * 3 bytes, or 4 where bit 31 of `high` is set, which does not count otherwise.
 *
 * A sum is kept as a column per byte: column k adds up the products of bytes i of a weight and j of
 * an input where i + j = k, in 3 bytes. The highest byte of a weight is signed. 32 products of 16
 * bits fit three times; then the columns are carried into each other. A neuron whose input is 0
 * skips the product, as about half of a relu layer's results are.
 *
 *   column   0           1            2            3            4
 *   bytes    r10 r9 r2   r12 r11 r3   r14 r13 r4   r24 r15 r5   r8 r7 r6
 */
#ifndef MLP_EDGE_KERNEL_AVR_DENSE_INT24
#define MLP_EDGE_KERNEL_AVR_DENSE_INT24

#include "avr/assembly.h"
#include "int24.h"

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

MLP_EDGE_AVR_CODE mlp_edge_avr_dense_int24_code(void)
{
    __asm__ volatile(
        "push r28          \n"
        "push r29          \n"
        /* Y+1 bias, Y+3 shift, Y+5 high, Y+9 y, Y+11 x, Y+13 inputs of the first block,
           Y+14 blocks, Y+15 end of y */
        "bst r19, 7        \n"
        "andi r19, 0x7f    \n"
        "movw r30, r12     \n"
        "add r12, r12      \n"
        "adc r13, r13      \n"
        "brtc 1f           \n"
        "movw r30, r12     \n"
        "1:                \n"
        "add r12, r30      \n"
        "adc r13, r31      \n"
        "add r12, r8       \n"
        "adc r13, r9       \n"
        "push r13          \n"
        "push r12          \n"
        "movw r30, r14     \n"
        "sbiw r30, 1       \n"
        "mov r26, r30      \n"
        "andi r26, 31      \n"
        "inc r26           \n" /* inputs of the first block, 1 to 32 */
        "ldi r27, 8        \n"
        "mul r30, r27      \n" /* (inputs - 1) / 32 */
        "mov r30, r1       \n"
        "mul r31, r27      \n"
        "add r30, r0       \n"
        "inc r30           \n"
        "push r30          \n"
        "push r26          \n"
        "push r11          \n"
        "push r10          \n"
        "push r9           \n"
        "push r8           \n"
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
        "movw r20, r24     \n"
        "clr r22            \n"

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
        "ldd r26, Y+11     \n"
        "ldd r27, Y+12     \n"
        "ldd r23, Y+13     \n"
        "ldd r25, Y+14      \n"

        "2:                \n" /* a block of at most 32 inputs */
        "clr r9            \n"
        "clr r24           \n"
        "clr r10           \n"
        "clr r11           \n"
        "movw r12, r10     \n"
        "movw r14, r10     \n"
        "rjmp 4f            \n"

        "3:                \n" /* an input below 2^16, or 0 */
        "mov r0, r17       \n"
        "or r0, r18        \n"
        "brne 5f           \n"
        "adiw r30, 3       \n"
        "dec r23           \n"
        "breq 6f            \n"
        "4:                \n"
        "ld r17, X+        \n"
        "ld r18, X+        \n"
        "ld r19, X+        \n"
        "tst r19           \n"
        "breq 3b            \n"
        "5:                \n"
        "lpm r20, Z+       \n"
        "lpm r21, Z+       \n"
        "lpm r16, Z+       \n"
        "mul r20, r17      \n"
        MLP_EDGE_COLUMN("r2", "r9", "r10")
        "mul r20, r18      \n"
        MLP_EDGE_COLUMN("r3", "r11", "r12")
        "mul r21, r17      \n"
        MLP_EDGE_COLUMN("r3", "r11", "r12")
        "mul r20, r19      \n"
        MLP_EDGE_COLUMN("r4", "r13", "r14")
        "mul r21, r18      \n"
        MLP_EDGE_COLUMN("r4", "r13", "r14")
        "mulsu r16, r17    \n"
        MLP_EDGE_SIGNED_COLUMN("r4", "r13", "r14")
        "mul r21, r19      \n"
        MLP_EDGE_COLUMN("r5", "r15", "r24")
        "mulsu r16, r18    \n"
        MLP_EDGE_SIGNED_COLUMN("r5", "r15", "r24")
        "mulsu r16, r19    \n"
        MLP_EDGE_SIGNED_COLUMN("r6", "r7", "r8")
        "dec r23           \n"
        "brne 4b            \n"
        "6:                \n"
        "add r3, r9        \n"
        "adc r11, r10      \n"
        "adc r12, r22      \n"
        "add r4, r11       \n"
        "adc r13, r12      \n"
        "adc r14, r22      \n"
        MLP_EDGE_CARRY("r13", "r14", "r5", "r15", "r24")
        MLP_EDGE_CARRY("r15", "r24", "r6", "r7", "r8")
        "dec r25           \n"
        "breq 7f           \n"
        "ldi r23, 32       \n"
        "rjmp 2b            \n"

        "7:                \n" /* requantisation of the 7 bytes r2 to r8 */
        "movw r20, r30     \n"
        "ldd r30, Y+3      \n"
        "ldd r31, Y+4      \n"
        "lpm r25, Z+       \n"
        "std Y+3, r30      \n"
        "std Y+4, r31      \n"
        "sbrc r8, 7        \n"
        "rjmp 9f           \n"
        "ldd r16, Y+5      \n"
        "ldd r17, Y+6      \n"
        "ldd r18, Y+7      \n"
        "ldd r19, Y+8      \n"
        "dec r25           \n"
        "sbrs r25, 3       \n" /* to the right by whole bytes */
        "rjmp 1f           \n"
        "mov r2, r3        \n"
        "mov r3, r4        \n"
        "mov r4, r5        \n"
        "mov r5, r6        \n"
        "mov r6, r7        \n"
        "mov r7, r8        \n"
        "clr r8             \n"
        "1:                \n"
        "sbrs r25, 4       \n"
        "rjmp 1f           \n"
        "movw r2, r4       \n"
        "movw r4, r6       \n"
        "mov r6, r8        \n"
        "clr r7            \n"
        "clr r8             \n"
        "1:                \n"
        "sbrs r25, 5       \n"
        "rjmp 1f           \n"
        "movw r2, r6       \n"
        "mov r4, r8        \n"
        "clr r5            \n"
        "clr r6            \n"
        "clr r7            \n"
        "clr r8             \n"
        "1:                \n"
        "or r7, r8         \n"
        "brne 8f           \n"
        "ldi r23, 1        \n" /* and by 1 to 8 bits: by 8 after a factor of 128 to 1 */
        "sbrs r25, 1       \n"
        "ldi r23, 4        \n"
        "sbrs r25, 0       \n"
        "lsl r23           \n"
        "sbrs r25, 2       \n"
        "swap r23          \n"
        "mul r2, r23       \n"
        "movw r10, r0      \n"
        "mul r4, r23       \n"
        "movw r12, r0      \n"
        "mul r6, r23       \n"
        "movw r14, r0      \n"
        "mul r3, r23       \n"
        "or r11, r0        \n"
        "or r12, r1        \n"
        "mul r5, r23       \n"
        "or r13, r0        \n"
        "or r14, r1        \n"
        "lsl r10           \n"
        "adc r11, r22      \n"
        "adc r12, r22      \n"
        "adc r13, r22      \n"
        "adc r14, r22      \n"
        "adc r15, r22      \n"
        "brne 8f           \n"
        "cp r16, r11       \n"
        "cpc r17, r12      \n"
        "cpc r18, r13      \n"
        "cpc r19, r14      \n"
        "brsh 1f            \n"
        "8:                \n" /* too large */
        "mov r11, r16      \n"
        "mov r12, r17      \n"
        "mov r13, r18      \n"
        "mov r14, r19      \n"
        "rjmp 1f            \n"
        "9:                \n" /* negative */
        "clr r11           \n"
        "clr r12           \n"
        "clr r13           \n"
        "clr r14            \n"
        "1:                \n"
        "ldd r26, Y+9      \n"
        "ldd r27, Y+10     \n"
        "st X+, r11        \n"
        "st X+, r12        \n"
        "st X+, r13        \n"
        "brtc 1f           \n"
        "st X+, r14         \n"
        "1:                \n"
        "std Y+9, r26      \n"
        "std Y+10, r27     \n"
        "ldd r24, Y+15     \n"
        "ldd r25, Y+16     \n"
        "cp r26, r24       \n"
        "cpc r27, r25      \n"
        "breq 1f           \n"
        "rjmp 10b           \n"

        "1:                \n"
        "adiw r28, 16      \n"
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
    register const mlp_edge_int24 *r24 __asm__("r24") = weights;
    register const int64_t *r22 __asm__("r22") = bias;
    register const uint8_t *r20 __asm__("r20") = shift;
    register uint32_t r16 __asm__("r16") = high;
    register size_t r14 __asm__("r14") = inputs;
    register size_t r12 __asm__("r12") = outputs;
    register const mlp_edge_uint24 *r10 __asm__("r10") = x;
    register void *r8 __asm__("r8") = y;
    __asm__ volatile("%~call %x[code]"
        : "+r"(r24), "+r"(r22), "+r"(r20), "+r"(r16), "+r"(r14), "+r"(r12), "+r"(r10), "+r"(r8)
        : [code] "i"(mlp_edge_avr_dense_int24_code)
        : MLP_EDGE_AVR_CHANGED);
}

#endif

#endif
