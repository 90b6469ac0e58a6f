/*
 * mlp_edge_sum_int24: by SMLAL, whose product and sum have 64 bits, on Cortex-M3 and later. A
 * Cortex-M0 multiplies to 32 bits: weight and input have two digits of 12 bits each, and four
 * products of digits add up in 32 bits over 64 inputs.
 */
#ifndef MLP_EDGE_KERNEL_CORTEX_SUM_INT24
#define MLP_EDGE_KERNEL_CORTEX_SUM_INT24

#include "cortex/thumb.h"

#if defined(MLP_EDGE_THUMB)
#define MLP_EDGE_THUMB_SUM_INT24

static inline int64_t mlp_edge_thumb_sum_int24(int64_t sum, const int32_t *weights, size_t inputs,
                                               const uint32_t *x)
{
    uint32_t weight, next_weight, input, next_input;
    size_t twos = inputs / 2;
    if (inputs % 2 != 0) {
        sum += (int64_t)*weights++ * *x++;
    }
    if (twos > 0) {
        __asm__ volatile(
            "0:\n"
            "ldrd %[w0], %[w1], [%[weights]], #8\n"
            "ldrd %[x0], %[x1], [%[x]], #8\n"
            "smlal %Q[sum], %R[sum], %[w0], %[x0]\n"
            "smlal %Q[sum], %R[sum], %[w1], %[x1]\n"
            "subs %[twos], %[twos], #1\n"
            "bne 0b\n"
            : [sum] "+&r"(sum), [weights] "+&r"(weights), [x] "+&r"(x), [twos] "+&r"(twos),
              [w0] "=&r"(weight), [w1] "=&r"(next_weight), [x0] "=&r"(input),
              [x1] "=&r"(next_input)
            :
            : "cc", "memory");
    }
    return sum;
}

#elif defined(MLP_EDGE_THUMB_1)
#define MLP_EDGE_THUMB_SUM_INT24

/* r8, r10 and r11 add up the products of low digits, of a high and a low one, of high ones. */
static inline int64_t mlp_edge_thumb_sum_int24(int64_t sum, const int32_t *weights, size_t inputs,
                                               const uint32_t *x)
{
    register const int32_t *r0 __asm__("r0") = weights;
    register const uint32_t *r1 __asm__("r1") = x;
    for (size_t count; inputs > 0; inputs -= count) {
        count = inputs > 64 ? 64 : inputs;
        register const uint32_t *r2 __asm__("r2") = r1 + count;
        register uint32_t r3 __asm__("r3");
        register int32_t r4 __asm__("r4"), r5 __asm__("r5");
        __asm__ volatile(
            ".syntax unified\n"
            "mov r12, r2\n"
            "movs r3, #0\n"
            "mov r8, r3\n"
            "mov r10, r3\n"
            "mov r11, r3\n"
            "0:\n"
            "ldmia r0!, {r3}\n"
            "ldmia r1!, {r4}\n"
            "asrs r5, r3, #12\n"
            "lsls r3, r3, #20\n"
            "lsrs r3, r3, #20\n"
            "lsrs r6, r4, #12\n"
            "lsls r4, r4, #20\n"
            "lsrs r4, r4, #20\n"
            "movs r2, r3\n"
            "muls r2, r4, r2\n"
            "add r8, r8, r2\n"
            "muls r3, r6, r3\n"
            "add r10, r10, r3\n"
            "muls r4, r5, r4\n"
            "add r10, r10, r4\n"
            "muls r5, r6, r5\n"
            "add r11, r11, r5\n"
            "cmp r1, r12\n"
            "bne 0b\n"
            "mov r3, r8\n"
            "mov r4, r10\n"
            "mov r5, r11\n"
            : "+r"(r0), "+r"(r1), "+r"(r2), "=r"(r3), "=r"(r4), "=r"(r5)
            :
            : "r6", "r8", "r10", "r11", "r12", "cc", "memory");
        /* Carries go up digit by digit; GCC and clang keep the sign in a shift to the right. */
        const int32_t middle = r4 + (int32_t)(r3 >> 12), upper = r5 + (middle >> 12);
        const uint32_t lower = (uint32_t)upper << 24 | ((uint32_t)middle & 0xfffu) << 12
                             | (r3 & 0xfffu);
        sum += (int64_t)((uint64_t)(uint32_t)(upper >> 8) << 32 | lower);
    }
    return sum;
}

#endif

#endif
