/*
 * mlp_edge_interpolate: left + (right - left) * part / 2^16, rounded half up, where x / 2^shift is
 * the number of an entry and a part of 2^16.
 *
 *   r25:r24 table, then left   r23:r22 right less left   T: right is less
 *   r21:r20 entry   r19:r18 part
 */
#ifndef MLP_EDGE_KERNEL_AVR_INTERPOLATE
#define MLP_EDGE_KERNEL_AVR_INTERPOLATE

#include "avr/assembly.h"

#ifdef MLP_EDGE_AVR

MLP_EDGE_AVR_CODE mlp_edge_avr_interpolate_code(void)
{
    __asm__ volatile(
        "clr r18           \n"
        "clr r19           \n"
        "cpi r22, 8        \n"
        "brlo 1f           \n"
        "mov r19, r20      \n"
        "mov r20, r21      \n"
        "clr r21           \n"
        "subi r22, 8       \n"
        "1:                \n"
        "tst r22           \n"
        "breq 3f           \n"
        "2:                \n"
        "lsr r21           \n"
        "ror r20           \n"
        "ror r19           \n"
        "ror r18           \n"
        "dec r22           \n"
        "brne 2b           \n"
        "3:                \n"
        "lsl r20           \n"
        "rol r21           \n"
        "movw r30, r20     \n"
        "add r30, r24      \n"
        "adc r31, r25      \n"
        "lpm r24, Z+       \n"
        "lpm r25, Z+       \n"
        "lpm r22, Z+       \n"
        "lpm r23, Z+       \n"
        "clr r30           \n"
        "clt               \n"
        "sub r22, r24      \n"
        "sbc r23, r25      \n"
        "brcc 4f           \n"
        "set               \n"
        "com r23           \n"
        "neg r22           \n"
        "sbci r23, -1      \n"
        "4:                \n"
        "mul r22, r18      \n" /* the product: r27:r26:r21:r20 */
        "movw r20, r0      \n"
        "mul r23, r19      \n"
        "movw r26, r0      \n"
        "mul r22, r19      \n"
        "add r21, r0       \n"
        "adc r26, r1       \n"
        "adc r27, r30      \n"
        "mul r23, r18      \n"
        "add r21, r0       \n"
        "adc r26, r1       \n"
        "adc r27, r30      \n"
        "clr r1            \n"
        "brts 5f           \n"
        "lsl r21           \n"
        "adc r26, r1       \n"
        "adc r27, r1       \n"
        "add r24, r26      \n"
        "adc r25, r27      \n"
        "ret               \n"
        "5:                \n"
        "ldi r30, 0xff     \n" /* a half goes up: less is taken off */
        "ldi r31, 0x7f     \n"
        "add r20, r30      \n"
        "adc r21, r31      \n"
        "adc r26, r1       \n"
        "adc r27, r1       \n"
        "sub r24, r26      \n"
        "sbc r25, r27      \n"
        "ret               \n"
        ::: "memory");
}

static inline uint16_t mlp_edge_avr_interpolate(const uint16_t *table, uint8_t shift, uint16_t x)
{
    register const uint16_t *r24 __asm__("r24") = table;
    register uint8_t r22 __asm__("r22") = shift;
    register uint16_t r20 __asm__("r20") = x;
    __asm__("%~call %x[code]"
        : "+r"(r24), "+r"(r22), "+r"(r20)
        : [code] "i"(mlp_edge_avr_interpolate_code)
        : "r0", "r18", "r19", "r23", "r26", "r27", "r30", "r31");
    return (uint16_t)r24;
}

#endif

#endif
