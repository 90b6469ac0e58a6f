/* What a row may spare. The harness that measures the worst case has `instead`: the same bits. */
#ifndef MLP_EDGE_KERNEL_AVR_SPARED
#define MLP_EDGE_KERNEL_AVR_SPARED

#ifndef MLP_EDGE_AVR_SPARED
#define MLP_EDGE_AVR_SPARED(code, instead) code
#endif

#endif
