/* Answers of counts: the integers that predictions are made of. */
#ifndef MLP_EDGE_KERNEL_ANSWER_RAW
#define MLP_EDGE_KERNEL_ANSWER_RAW

#include "flash.h"

static inline void mlp_edge_answer_raw(size_t count, const uint16_t *quantised, int32_t *answers)
{
    for (size_t i = 0; i < count; i++) {
        answers[i] = quantised[i];
    }
}

#endif
