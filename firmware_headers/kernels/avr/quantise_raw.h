/*
 * mlp_edge_quantise_raw of several counts, a line each.
 *
 *   r17:r16 high   r25:r24 counts to go   X, Y, Z count, integer and line at hand   r6 zero
 *   r7 bytes of an integer   r14 whether a count is missing   r15 shifts: with T set to the left,
 *   before a byte is dropped
 *   r19:r18 count above the line's low   r23:r20 factor   r5:r2 place on the line
 */
#ifndef MLP_EDGE_KERNEL_AVR_QUANTISE_RAW
#define MLP_EDGE_KERNEL_AVR_QUANTISE_RAW

#include "raw/raw_line.h"
#include "avr/assembly.h"

#ifdef MLP_EDGE_AVR

MLP_EDGE_AVR_CODE mlp_edge_avr_quantise_raw_code(void)
{
    __asm__ volatile(
        "push r28          \n"
        "push r29          \n"
        "movw r30, r24     \n"
        "movw r28, r22     \n"
        "movw r26, r20     \n"
        "movw r24, r18     \n"
        "clr r6            \n"
        "mov r7, r15       \n"
        "mov r15, r14      \n"
        "clt               \n"
        "mov r18, r14      \n"
        "cpi r18, 4        \n"
        "brlo 1f           \n"
        "set               \n"
        "ldi r18, 8        \n"
        "sub r18, r14      \n"
        "mov r15, r18      \n"
        "1:                \n"
        "clr r14           \n"
        "sbiw r24, 0       \n"
        "brne 5f           \n"
        "rjmp 9f           \n"
        "2:                \n" /* below the line: as beyond one that goes the other way */
        "add r18, r20      \n"
        "adc r19, r21      \n"
        "cpi r19, 0x80     \n"
        "brne 22f          \n"
        "cpse r18, r6      \n"
        "rjmp 22f          \n"
        "mov r14, r19      \n"
        "22:               \n"
        "adiw r30, 5       \n"
        "lpm r20, Z+       \n"
        "com r20           \n"
        "rjmp 4f           \n"
        "3:                \n"
        "adiw r30, 3       \n"
        "lpm r20, Z+       \n"
        "4:                \n"
        "adiw r30, 4       \n"
        "movw r4, r16      \n"
        "sbrc r20, 7       \n"
        "clr r4            \n"
        "sbrc r20, 7       \n"
        "clr r5            \n"
        "rjmp 8f           \n"
        "5:                \n"
        "ld r18, X+        \n"
        "ld r19, X+        \n"
        "lpm r20, Z+       \n"
        "lpm r21, Z+       \n"
        "sub r18, r20      \n"
        "sbc r19, r21      \n"
        "brlt 2b           \n"
        "lpm r22, Z+       \n"
        "lpm r23, Z+       \n"
        "cp r22, r18       \n"
        "cpc r23, r19      \n"
        "brlo 3b           \n"
        "lpm r20, Z+       \n"
        "lpm r21, Z+       \n"
        "lpm r22, Z+       \n"
        "lpm r23, Z+       \n"
        "mov r2, r20       \n"
        "or r2, r21        \n"
        "brne 53f          \n"
        "adiw r30, 2       \n" /* nothing carries over from the lower bytes */
        "lpm r4, Z+        \n"
        "lpm r5, Z+        \n"
        "rjmp 54f          \n"
        "53:               \n"
        "lpm r2, Z+        \n"
        "lpm r3, Z+        \n"
        "lpm r4, Z+        \n"
        "lpm r5, Z+        \n"
        "mul r18, r20      \n"
        "add r2, r0        \n"
        "adc r3, r1        \n"
        "adc r4, r6        \n"
        "adc r5, r6        \n"
        "mul r18, r21      \n"
        "add r3, r0        \n"
        "adc r4, r1        \n"
        "adc r5, r6        \n"
        "mul r19, r20      \n"
        "add r3, r0        \n"
        "adc r4, r1        \n"
        "adc r5, r6        \n"
        "mul r19, r21      \n"
        "add r4, r0        \n"
        "adc r5, r1        \n"
        "54:               \n"
        "mul r18, r22      \n"
        "add r4, r0        \n"
        "adc r5, r1        \n"
        "mul r18, r23      \n"
        "add r5, r0        \n"
        "mul r19, r22      \n"
        "add r5, r0        \n"
        "mov r18, r15      \n"
        "brts 7f           \n"
        "subi r18, 0       \n"
        "breq 8f           \n"
        "6:                \n"
        "lsr r5            \n"
        "ror r4            \n"
        "dec r18           \n"
        "brne 6b           \n"
        "rjmp 8f           \n"
        "7:                \n"
        "clr r19           \n"
        "subi r18, 0       \n"
        "breq 72f          \n"
        "71:               \n"
        "lsl r4            \n"
        "rol r5            \n"
        "rol r19           \n"
        "dec r18           \n"
        "brne 71b          \n"
        "72:               \n"
        "mov r4, r5        \n"
        "mov r5, r19       \n"
        "8:                \n"
        "st Y+, r4         \n"
        "sbrc r7, 1        \n"
        "st Y+, r5         \n"
        "sbiw r24, 1       \n"
        "breq 9f           \n"
        "rjmp 5b           \n"
        "9:                \n"
        "mov r24, r14      \n"
        "clr r25           \n"
        "cpse r24, r6      \n"
        "ldi r24, 1        \n"
        "clr r1            \n"
        "pop r29           \n"
        "pop r28           \n"
        "ret               \n"
        ::: "memory");
}

static inline int mlp_edge_avr_quantise_raw(
    const mlp_edge_raw_line *lines, uint8_t shift, uint16_t high, size_t count, const int16_t *x,
    void *y, uint8_t bytes)
{
    register uint16_t r24 __asm__("r24") = (uint16_t)(uintptr_t)lines;
    register void *r22 __asm__("r22") = y;
    register const int16_t *r20 __asm__("r20") = x;
    register size_t r18 __asm__("r18") = count;
    register uint16_t r16 __asm__("r16") = high;
    register uint16_t r14 __asm__("r14") = (uint16_t)(shift | bytes << 8);
    __asm__ volatile("%~call %x[code]"
        : "+r"(r24), "+r"(r22), "+r"(r20), "+r"(r18), "+r"(r16), "+r"(r14)
        : [code] "i"(mlp_edge_avr_quantise_raw_code)
        : MLP_EDGE_AVR_CHANGED);
    return (int)r24;
}

#endif

#endif
