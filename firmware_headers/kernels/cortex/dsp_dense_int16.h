/*
 * mlp_edge_dense_int16 with SMLAD, four neurons at a time: 16 instructions for 16 products.
 *
 * It is entered with bias in r0, y in r1, shift in r2, what clamps in r3 and r4, the size of a row
 * in bytes in r5, weights in r10, x in r11, and in r6 and r8 where the biases end: of those neurons
 * that go by fours, and of all. The stack holds r0 to r6 and r8 meanwhile. What r7 and r9 held is
 * put back: a compiler may have reserved them.
 *
 * Of four neurons r0 to r3 are the rows, r4 to r7 the sums, r12 is the input at hand, lr the end of
 * the inputs. Where their number is no multiple of four, two are taken at a time.
 */
#ifndef MLP_EDGE_KERNEL_CORTEX_DSP_DENSE_INT16
#define MLP_EDGE_KERNEL_CORTEX_DSP_DENSE_INT16

#include "cortex/thumb.h"

#ifdef MLP_EDGE_DSP

/* Four weights of a row, or two, or one, by the inputs in r8 and r9. */
#define MLP_EDGE_DSP_FOUR_OF_INT16(row, sum)        \
    "ldrd r10, r11, [" row "], #8\n"                \
    "smlad " sum ", r10, r8, " sum "\n"             \
    "smlad " sum ", r11, r9, " sum "\n"
#define MLP_EDGE_DSP_TWO_OF_INT16(row, sum)         \
    "ldr r10, [" row "], #4\n"                      \
    "smlad " sum ", r10, r8, " sum "\n"
#define MLP_EDGE_DSP_ONE_OF_INT16(row, sum)         \
    "ldrsh r10, [" row "], #2\n"                    \
    "mla " sum ", r10, r8, " sum "\n"
#define MLP_EDGE_DSP_ROWS_OF_INT16(step)            \
    step("r0", "r4") step("r1", "r5") step("r2", "r6") step("r3", "r7")

/* sum / 2^(shift - 1) from 0 to 65535; the shift is the lowest byte of r12. */
#define MLP_EDGE_DSP_SHIFTED_INT16(sum)             \
    "asr " sum ", " sum ", r12\n"                   \
    "usat " sum ", #16, " sum "\n"
/*
 * Halves of these, rounded up, at most `high`. r8 holds 65535 - 2 * high twice: added with
 * saturation, it clamps to 2 * high. UHSUB16 takes one less away, which rounds, and halves.
 */
#define MLP_EDGE_DSP_CLAMPED_INT16(sums)            \
    "uqadd16 " sums ", " sums ", r8\n"              \
    "uhsub16 " sums ", " sums ", r9\n"

__attribute__((naked, noinline, unused)) static void mlp_edge_dsp_dense_int16_code(void)
{
    __asm__ volatile(
        "push {r0-r9, lr}\n"
        "add lr, r11, r5\n"
        "mov r3, r10\n"
        "mov r10, r5\n"
        "cmp r0, r6\n"
        "beq 5f\n"
        "0:\n" /* four neurons */
        "ldm r0!, {r4-r7}\n"
        "stm sp, {r0-r2}\n"
        "mov r0, r3\n"
        "add r1, r3, r10\n"
        "add r2, r1, r10\n"
        "add r3, r2, r10\n"
        "sub r12, lr, r10\n"
        "tst r10, #6\n"
        "bne 3f\n"
        "1:\n"
        "ldr r8, [r12], #4\n"
        "ldr r9, [r12], #4\n"
        MLP_EDGE_DSP_ROWS_OF_INT16(MLP_EDGE_DSP_FOUR_OF_INT16)
        "cmp r12, lr\n"
        "bne 1b\n"
        "2:\n"
        "ldm sp, {r0-r2, r8-r11}\n"
        "ldr r12, [r2], #4\n"
        "sub r12, r12, #0x1010101\n"
        MLP_EDGE_DSP_SHIFTED_INT16("r4")
        "lsr r12, r12, #8\n"
        MLP_EDGE_DSP_SHIFTED_INT16("r5")
        "lsr r12, r12, #8\n"
        MLP_EDGE_DSP_SHIFTED_INT16("r6")
        "lsr r12, r12, #8\n"
        MLP_EDGE_DSP_SHIFTED_INT16("r7")
        "pkhbt r4, r4, r5, lsl #16\n"
        "pkhbt r6, r6, r7, lsl #16\n"
        MLP_EDGE_DSP_CLAMPED_INT16("r4")
        MLP_EDGE_DSP_CLAMPED_INT16("r6")
        "str r4, [r1], #4\n"
        "str r6, [r1], #4\n"
        "cmp r0, r11\n"
        "bne 0b\n"
        "6:\n" /* the neurons beside fours */
        "ldr r11, [sp, #32]\n"
        "cmp r0, r11\n"
        "beq 10f\n"
        "7:\n"
        "ldr r4, [r0], #4\n"
        "sub r12, lr, r10\n"
        "tst r10, #6\n"
        "bne 11f\n"
        "8:\n"
        "ldrd r6, r7, [r3], #8\n"
        "ldr r5, [r12], #4\n"
        "smlad r4, r6, r5, r4\n"
        "ldr r5, [r12], #4\n"
        "smlad r4, r7, r5, r4\n"
        "cmp r12, lr\n"
        "bne 8b\n"
        "9:\n"
        "ldrb r12, [r2], #1\n"
        "sub r12, r12, #1\n"
        MLP_EDGE_DSP_SHIFTED_INT16("r4")
        MLP_EDGE_DSP_CLAMPED_INT16("r4")
        "strh r4, [r1], #2\n"
        "cmp r0, r11\n"
        "bne 7b\n"
        "10:\n"
        "add sp, sp, #28\n"
        "pop {r7-r9, pc}\n"
        "5:\n" /* fewer neurons than four */
        "ldm sp, {r0-r2, r8-r11}\n"
        "b 6b\n"
        "3:\n" /* four neurons of two inputs at a time */
        "tst r10, #2\n"
        "beq 4f\n"
        "ldrh r8, [r12], #2\n"
        MLP_EDGE_DSP_ROWS_OF_INT16(MLP_EDGE_DSP_ONE_OF_INT16)
        "cmp r12, lr\n"
        "beq 2b\n"
        "4:\n"
        "ldr r8, [r12], #4\n"
        MLP_EDGE_DSP_ROWS_OF_INT16(MLP_EDGE_DSP_TWO_OF_INT16)
        "cmp r12, lr\n"
        "bne 4b\n"
        "b 2b\n"
        "11:\n" /* one */
        "tst r10, #2\n"
        "beq 12f\n"
        "ldrsh r5, [r3], #2\n"
        "ldrh r6, [r12], #2\n"
        "mla r4, r5, r6, r4\n"
        "cmp r12, lr\n"
        "beq 9b\n"
        "12:\n"
        "ldr r5, [r3], #4\n"
        "ldr r6, [r12], #4\n"
        "smlad r4, r5, r6, r4\n"
        "cmp r12, lr\n"
        "bne 12b\n"
        "b 9b\n");
}

/* Weights begin at a multiple of 4, as MLP_EDGE_FLASH has it. */
MLP_EDGE_DSP_INLINED
static inline void mlp_edge_dsp_dense_int16(const int16_t *weights, const int32_t *bias,
    const uint8_t *shift, uint16_t high, size_t inputs, size_t outputs, const uint16_t *x,
    uint16_t *y)
{
    register const int32_t *r0 __asm__("r0") = bias;
    register uint16_t *r1 __asm__("r1") = y;
    register const uint8_t *r2 __asm__("r2") = shift;
    register uint32_t r3 __asm__("r3") = (65535u - 2u * high) * 0x10001u;
    register uint32_t r4 __asm__("r4") = (65534u - 2u * high) * 0x10001u;
    register size_t r5 __asm__("r5") = 2 * inputs;
    register const int32_t *r6 __asm__("r6") = bias + (outputs - outputs % 4);
    register const int32_t *r8 __asm__("r8") = bias + outputs;
    register const int16_t *r10 __asm__("r10") = weights;
    register const uint16_t *r11 __asm__("r11") = x;
    register void (*r12)(void) __asm__("r12") = mlp_edge_dsp_dense_int16_code;
    __asm__ volatile("blx r12"
                     : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r6),
                       "+r"(r8), "+r"(r10), "+r"(r11), "+r"(r12)
                     :
                     : "lr", "cc", "memory");
}

#endif

#endif
