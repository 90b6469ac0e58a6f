/*
 * An AVR on this machine: runs a firmware on simavr, one row at a time, and counts its cycles.
 *
 *   avr_host MCU RUN VARIABLES_END READINGS BYTES PREDICTIONS BYTES FLASH_BYTES LIMIT
 *
 * Numbers are decimal: byte addresses in flash or RAM, sizes in bytes, cycles. Standard input holds
 * the flash image, then for each row 'p' (predict) or 'm' (measure) and the readings. Standard
 * output gets for each row an answer: how it went, cycles and bytes of stack (native uint64_t each,
 * 0 where they were not measured), and the predictions.
 */
#include <simavr/sim_avr.h>
#include <simavr/sim_core.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WELL, CRASHED, ENDLESS, OVERFLOWED }; /* runtime/chips/avr.py knows the order */
enum { STACK_POINTER = 0x5d };               /* SPL and SPH, as the core sees them in RAM */
enum { OUT_SPH = 0xbe0e, OUT_SPL = 0xbe0d }; /* the instructions, without their register */

struct job {
    avr_t *avr;
    avr_flashaddr_t run;
    uint32_t variables_end;
    uint32_t readings, readings_bytes;
    uint32_t predictions, predictions_bytes;
    uint64_t limit;
};

struct answer {
    uint64_t how, cycles, stack;
};

static uint32_t stack_pointer(const avr_t *avr)
{
    return (uint32_t)avr->data[STACK_POINTER] | ((uint32_t)avr->data[STACK_POINTER + 1] << 8);
}

static int step(const struct job *job, uint64_t last)
{
    avr_t *const avr = job->avr;
    avr->pc = avr_run_one(avr);
    if (avr->state != cpu_Running) {
        return CRASHED;
    }
    return avr->cycle > last ? ENDLESS : WELL;
}

/* Instructions until one begins at `stop`. */
static int run_to(const struct job *job, avr_flashaddr_t stop)
{
    const uint64_t last = job->avr->cycle + job->limit;
    int how;
    do {
        how = step(job, last);
    } while (how == WELL && job->avr->pc != stop);
    return how;
}

/* As run_to, as long as the stack stays off the variables. */
static int call(const struct job *job, avr_flashaddr_t back)
{
    avr_t *const avr = job->avr;
    const uint64_t last = avr->cycle + job->limit;
    int how, torn = 0;
    do {
        /* Programs write the pointer's high byte first: between the two it points nowhere. */
        const uint8_t *const code = avr->flash + avr->pc;
        const unsigned opcode = (unsigned)(code[0] | (code[1] << 8)) & 0xfe0fu;
        if (opcode == OUT_SPH) {
            torn = 1;
        } else if (opcode == OUT_SPL) {
            torn = 0;
        }
        how = step(job, last);
        const uint32_t top = stack_pointer(avr);
        if (!torn && (top + 1 < job->variables_end || top > avr->ramend)) { /* below 0 it wraps */
            return OVERFLOWED;
        }
    } while (how == WELL && avr->pc != back);
    return how;
}

/* One row from the entry of the function to behind its return. */
static struct answer row(const struct job *job, const uint8_t *readings, uint8_t *predictions)
{
    avr_t *const avr = job->avr;
    struct answer answer = {WELL, 0, 0};
    const uint8_t *const top = avr->data + stack_pointer(avr) + 1;
    avr_flashaddr_t back = 0; /* the return address, in words: of three bytes beyond 128 kB */
    for (int i = 0; i < avr->address_size; i++) {
        back = (back << 8) | top[i];
    }
    back <<= 1;
    memcpy(avr->data + job->readings, readings, job->readings_bytes);
    memset(avr->data + job->predictions, 0xff, job->predictions_bytes);
    const uint64_t start = avr->cycle;
    answer.how = (uint64_t)call(job, back);
    answer.cycles = avr->cycle - start;
    if (answer.how == WELL) {
        memcpy(predictions, avr->data + job->predictions, job->predictions_bytes);
        answer.how = (uint64_t)run_to(job, job->run);
    }
    return answer;
}

/* The same with free RAM painted: the stack reaches as far as the paint is gone. */
static struct answer painted_row(const struct job *job, const uint8_t *readings,
                                 uint8_t *predictions, uint8_t paint)
{
    uint8_t *const data = job->avr->data;
    const uint32_t end = stack_pointer(job->avr) + 1;
    memset(data + job->variables_end, paint, end - job->variables_end);
    struct answer answer = row(job, readings, predictions);
    uint32_t lowest = job->variables_end;
    while (lowest < end && data[lowest] == paint) {
        lowest++;
    }
    answer.stack = end - lowest;
    return answer;
}

/* Twice, in two colours: one may be what the program itself writes. */
static struct answer measured_row(const struct job *job, const uint8_t *readings,
                                  uint8_t *predictions)
{
    const struct answer first = painted_row(job, readings, predictions, 0xa5);
    if (first.how != WELL) {
        return first;
    }
    struct answer answer = painted_row(job, readings, predictions, 0x5a);
    if (answer.stack < first.stack) {
        answer.stack = first.stack;
    }
    return answer;
}

static int serve(const struct job *job)
{
    uint8_t *const readings = malloc(job->readings_bytes);
    uint8_t *const predictions = calloc(job->predictions_bytes, 1);
    int kind;
    if (readings == NULL || predictions == NULL) {
        return EXIT_FAILURE;
    }
    while ((kind = getchar()) != EOF && fread(readings, job->readings_bytes, 1, stdin) == 1) {
        const struct answer answer = kind == 'm' ? measured_row(job, readings, predictions)
                                                 : row(job, readings, predictions);
        fwrite(&answer, sizeof answer, 1, stdout);
        fwrite(predictions, job->predictions_bytes, 1, stdout);
        fflush(stdout);
        if (answer.how != WELL) {
            break; /* its memory may hold anything now */
        }
    }
    free(readings);
    free(predictions);
    return EXIT_SUCCESS;
}

static uint32_t number(const char *text)
{
    return (uint32_t)strtoul(text, NULL, 10);
}

static void log_nothing(avr_t *avr, const int level, const char *format, va_list arguments)
{
    (void)avr, (void)level, (void)format, (void)arguments; /* standard output is for answers */
}

int main(int argc, char **argv)
{
    if (argc != 10) {
        return EXIT_FAILURE;
    }
    avr_global_logger_set(log_nothing);
    avr_t *const avr = avr_make_mcu_by_name(argv[1]);
    const uint32_t flash_bytes = number(argv[8]);
    if (avr == NULL || avr_init(avr) != 0 || flash_bytes > avr->flashend + 1) {
        return EXIT_FAILURE;
    }
    const struct job job = {
        .avr = avr,
        .run = number(argv[2]),
        .variables_end = number(argv[3]),
        .readings = number(argv[4]),
        .readings_bytes = number(argv[5]),
        .predictions = number(argv[6]),
        .predictions_bytes = number(argv[7]),
        .limit = strtoull(argv[9], NULL, 10),
    };
    if (fread(avr->flash, 1, flash_bytes, stdin) != flash_bytes || run_to(&job, job.run) != WELL) {
        return EXIT_FAILURE;
    }
    return serve(&job);
}
