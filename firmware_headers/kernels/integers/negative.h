/*
 * Whether a sum is negative and spares its requantisation. The harness that measures the worst case
 * has another: such a sum becomes 0, which is requantised to the same.
 */
#ifndef MLP_EDGE_KERNEL_NEGATIVE
#define MLP_EDGE_KERNEL_NEGATIVE

#ifndef MLP_EDGE_NEGATIVE
#define MLP_EDGE_NEGATIVE(sum) ((sum) < 0)
#endif

#endif
