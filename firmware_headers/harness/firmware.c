/*
 * The firmware around a header on a simulated chip. The simulator writes readings, runs
 * mlp_edge_run to its end, and reads predictions. With MLP_EDGE_EMPTY the function does nothing:
 * the difference between the two firmwares is what the model takes.
 *
 * MLP_EDGE_RUN is the call; MLP_EDGE_READING and MLP_EDGE_PREDICTION, MLP_EDGE_INPUTS and
 * MLP_EDGE_OUTPUTS are types and sizes of the arrays. They come from the command line.
 */
#include <stdint.h>

#ifndef MLP_EDGE_EMPTY
#include "model.h"
#endif

extern MLP_EDGE_READING mlp_edge_readings[MLP_EDGE_INPUTS];
extern MLP_EDGE_PREDICTION mlp_edge_predictions[MLP_EDGE_OUTPUTS];
MLP_EDGE_READING mlp_edge_readings[MLP_EDGE_INPUTS];
MLP_EDGE_PREDICTION mlp_edge_predictions[MLP_EDGE_OUTPUTS];

void mlp_edge_run(void);

__attribute__((noinline, used)) void mlp_edge_run(void)
{
#ifndef MLP_EDGE_EMPTY
    MLP_EDGE_RUN;
#endif
    /* The simulator reads the predictions: without this the compiler may drop them. */
    __asm__ volatile("" ::: "memory");
}

int main(void)
{
    for (;;) {
        mlp_edge_run();
    }
}
