/*
 * Kernels in assembly for AVRs that multiply. They have the bits of the plain C beside them, which
 * MLP_EDGE_PLAIN_C selects; chips without MUL, such as an ATtiny, have nothing else.
 *
 * No instruction of a MLP_EDGE_AVR_CODE is the compiler's. It finds its arguments in r25:r24,
 * r23:r22, ... down to r9:r8. It may change every register but Y, and leaves 0 in r1, where MUL
 * puts a product. The function that calls it tells the compiler, which saves what it needs once
 * around a whole network; by the calling convention every layer would save all of it.
 */
#ifndef MLP_EDGE_KERNEL_AVR_ASSEMBLY
#define MLP_EDGE_KERNEL_AVR_ASSEMBLY

#include "flash.h"

#ifdef MLP_EDGE_AVR

#define MLP_EDGE_AVR_CODE __attribute__((naked, noinline, noclone, unused)) static void

/* Registers that a call changes, beside r8 to r25: those are operands of the call, or named too. */
#define MLP_EDGE_AVR_CHANGED \
    "r0", "r2", "r3", "r4", "r5", "r6", "r7", "r26", "r27", "r30", "r31", "memory"

/*
 * 2^(-shift mod 8): a product with it, less its lowest byte, is a shift to the right by 1 to 8 bits
 * in as many cycles whatever it is.
 */
#define MLP_EDGE_AVR_POWER(power, shift) \
    "neg " shift "         \n"           \
    "ldi " power ", 1      \n"           \
    "sbrc " shift ", 1     \n"           \
    "ldi " power ", 4      \n"           \
    "sbrc " shift ", 0     \n"           \
    "lsl " power "         \n"           \
    "sbrc " shift ", 2     \n"           \
    "swap " power "        \n"
#endif

#endif
