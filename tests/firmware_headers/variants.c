/*
 * Kernels for one instruction set beside the plain C that they stand for. Compiled with OF, this
 * file holds the kernels under names of their own: once as they are, once with MLP_EDGE_PLAIN_C.
 * Without it, it is the firmware that calls both on the same numbers, and counts where they differ.
 */
#define ROWS 13

#ifdef OF

#include "kernels.h"

#define NAMED(of, kernel) of##_##kernel
#define NAME(of, kernel) NAMED(of, kernel)

/* What the tables of a header hold for the chip. */
static const mlp_edge_multiplier *multipliers(const uint16_t *multiplier, const uint8_t *shift)
{
    static mlp_edge_multiplier made[ROWS];
    (void)shift;
    for (size_t i = 0; i < ROWS; i++) {
        made[i] = (mlp_edge_multiplier)MLP_EDGE_MULTIPLIER(multiplier[i], shift[i]);
    }
    return made;
}

void NAME(OF, dense_int8)(const int8_t *weights, const int32_t *bias, const uint16_t *multiplier,
    const uint8_t *shift, size_t inputs, size_t outputs, const uint8_t *x, uint8_t *y);
void NAME(OF, dense_int8)(const int8_t *weights, const int32_t *bias, const uint16_t *multiplier,
    const uint8_t *shift, size_t inputs, size_t outputs, const uint8_t *x, uint8_t *y)
{
    mlp_edge_dense_int8(weights, bias, multipliers(multiplier, shift), shift, inputs, outputs, x,
                        y);
}

void NAME(OF, dense_int8_from_16)(const int8_t *weights, const int32_t *bias,
    const uint16_t *multiplier, const uint8_t *shift, size_t inputs, size_t outputs,
    const uint16_t *x, uint8_t *y);
void NAME(OF, dense_int8_from_16)(const int8_t *weights, const int32_t *bias,
    const uint16_t *multiplier, const uint8_t *shift, size_t inputs, size_t outputs,
    const uint16_t *x, uint8_t *y)
{
    mlp_edge_dense_int8_from_16(weights, bias, multipliers(multiplier, shift), shift, inputs,
                                outputs, x, y);
}

void NAME(OF, segments_int8)(const int8_t *weights, const int32_t *bias,
    const uint16_t *multiplier, const uint8_t *shift, const int32_t *offset, uint8_t segments,
    size_t inputs, size_t outputs, const uint8_t *x, uint16_t *y);
void NAME(OF, segments_int8)(const int8_t *weights, const int32_t *bias,
    const uint16_t *multiplier, const uint8_t *shift, const int32_t *offset, uint8_t segments,
    size_t inputs, size_t outputs, const uint8_t *x, uint16_t *y)
{
    mlp_edge_segments_int8(weights, bias, multipliers(multiplier, shift), shift, offset, segments,
                           inputs, outputs, x, y);
}

void NAME(OF, dense_int8_wide)(const int8_t *weights, const int32_t *bias,
    const uint16_t *multiplier, const uint8_t *shift, size_t inputs, size_t outputs,
    const uint8_t *x, uint8_t *y);
void NAME(OF, dense_int8_wide)(const int8_t *weights, const int32_t *bias,
    const uint16_t *multiplier, const uint8_t *shift, size_t inputs, size_t outputs,
    const uint8_t *x, uint8_t *y)
{
    mlp_edge_dense_int8_wide(weights, bias, multipliers(multiplier, shift), shift, inputs,
        outputs, x, y);
}

void NAME(OF, dense_int8_from_16_wide)(const int8_t *weights, const int32_t *bias,
    const uint16_t *multiplier, const uint8_t *shift, size_t inputs, size_t outputs,
    const uint16_t *x, uint8_t *y);
void NAME(OF, dense_int8_from_16_wide)(const int8_t *weights, const int32_t *bias,
    const uint16_t *multiplier, const uint8_t *shift, size_t inputs, size_t outputs,
    const uint16_t *x, uint8_t *y)
{
    mlp_edge_dense_int8_from_16_wide(weights, bias, multipliers(multiplier, shift), shift, inputs,
        outputs, x, y);
}

void NAME(OF, segments_int8_wide)(const int8_t *weights, const int32_t *bias,
    const uint16_t *multiplier, const uint8_t *shift, const int32_t *offset, uint8_t segments,
    size_t inputs, size_t outputs, const uint8_t *x, uint16_t *y);
void NAME(OF, segments_int8_wide)(const int8_t *weights, const int32_t *bias,
    const uint16_t *multiplier, const uint8_t *shift, const int32_t *offset, uint8_t segments,
    size_t inputs, size_t outputs, const uint8_t *x, uint16_t *y)
{
    mlp_edge_segments_int8_wide(weights, bias, multipliers(multiplier, shift), shift, offset,
        segments, inputs, outputs, x, y);
}

void NAME(OF, dense_int16)(const int16_t *weights, const int32_t *bias, const uint8_t *shift,
    uint16_t high, size_t inputs, size_t outputs, const uint16_t *x, uint16_t *y);
void NAME(OF, dense_int16)(const int16_t *weights, const int32_t *bias, const uint8_t *shift,
    uint16_t high, size_t inputs, size_t outputs, const uint16_t *x, uint16_t *y)
{
    mlp_edge_dense_int16(weights, bias, shift, high, inputs, outputs, x, y);
}

void NAME(OF, quantise_int8)(const float *low, const float *factor, float high, size_t count,
                             const float *x, uint8_t *y);
void NAME(OF, quantise_int8)(const float *low, const float *factor, float high, size_t count,
                             const float *x, uint8_t *y)
{
    mlp_edge_quantise_int8(low, factor, high, count, x, y);
}

void NAME(OF, quantise_int16)(const float *low, const float *factor, float high, size_t count,
                              const float *x, uint16_t *y);
void NAME(OF, quantise_int16)(const float *low, const float *factor, float high, size_t count,
                              const float *x, uint16_t *y)
{
    mlp_edge_quantise_int16(low, factor, high, count, x, y);
}

int NAME(OF, quantise_raw_int8)(const mlp_edge_raw_line *lines, uint8_t by, uint16_t high,
                                size_t count, const int16_t *x, uint8_t *y);
int NAME(OF, quantise_raw_int8)(const mlp_edge_raw_line *lines, uint8_t by, uint16_t high,
                                size_t count, const int16_t *x, uint8_t *y)
{
    return mlp_edge_quantise_raw_int8(lines, by, high, count, x, y);
}

int NAME(OF, quantise_raw_int16)(const mlp_edge_raw_line *lines, uint8_t by, uint16_t high,
                                 size_t count, const int16_t *x, uint16_t *y);
int NAME(OF, quantise_raw_int16)(const mlp_edge_raw_line *lines, uint8_t by, uint16_t high,
                                 size_t count, const int16_t *x, uint16_t *y)
{
    return mlp_edge_quantise_raw_int16(lines, by, high, count, x, y);
}

void NAME(OF, dense_int24)(const int32_t *weights, const int64_t *bias, const uint8_t *shift,
    uint32_t high, size_t inputs, size_t outputs, const uint32_t *x, uint32_t *y);
void NAME(OF, dense_int24)(const int32_t *weights, const int64_t *bias, const uint8_t *shift,
    uint32_t high, size_t inputs, size_t outputs, const uint32_t *x, uint32_t *y)
{
    if (high >> 24 == 0) {
        mlp_edge_dense_int24(weights, bias, shift, high, inputs, outputs, x, y);
    } else {
        mlp_edge_dense_int24_wide(weights, bias, shift, high, inputs, outputs, x, y);
    }
}

void NAME(OF, quantise_int24)(const float *low, const float *factor, uint32_t high, size_t count,
                              const float *x, uint32_t *y);
void NAME(OF, quantise_int24)(const float *low, const float *factor, uint32_t high, size_t count,
                              const float *x, uint32_t *y)
{
    mlp_edge_quantise_int24(low, factor, high, count, x, y);
}

int32_t NAME(OF, scaled_int24)(int32_t value, uint32_t by);
int32_t NAME(OF, scaled_int24)(int32_t value, uint32_t by)
{
    return mlp_edge_scaled_int24(value, by);
}

void NAME(OF, softmax_table)(const uint16_t *table, uint8_t shift, size_t count, uint16_t *logits,
                             float *outputs);
void NAME(OF, softmax_table)(const uint16_t *table, uint8_t shift, size_t count, uint16_t *logits,
                             float *outputs)
{
    mlp_edge_softmax_table(table, shift, count, logits, outputs);
}

void NAME(OF, dequantise)(const float *offset, const float *step, size_t count,
                          const uint16_t *quantised, float *outputs);
void NAME(OF, dequantise)(const float *offset, const float *step, size_t count,
                          const uint16_t *quantised, float *outputs)
{
    mlp_edge_dequantise(offset, step, count, quantised, outputs);
}

void NAME(OF, dequantise_int24)(const float *offset, const float *step, const int32_t *zero,
                                size_t count, const uint32_t *quantised, float *outputs);
void NAME(OF, dequantise_int24)(const float *offset, const float *step, const int32_t *zero,
                                size_t count, const uint32_t *quantised, float *outputs)
{
    mlp_edge_dequantise_int24(offset, step, zero, count, quantised, outputs);
}

void NAME(OF, softmax_int24)(uint8_t octave, size_t count, const uint32_t *logits, float *outputs);
void NAME(OF, softmax_int24)(uint8_t octave, size_t count, const uint32_t *logits, float *outputs)
{
    mlp_edge_softmax_int24(octave, count, logits, outputs);
}

void NAME(OF, sigmoid_int24)(const int32_t *zero, uint8_t octave, size_t count,
                             const uint32_t *quantised, float *outputs);
void NAME(OF, sigmoid_int24)(const int32_t *zero, uint8_t octave, size_t count,
                             const uint32_t *quantised, float *outputs)
{
    mlp_edge_sigmoid_int24(zero, octave, count, quantised, outputs);
}

int NAME(OF, any_missing)(const float *sentinels, size_t count, const float *x);
int NAME(OF, any_missing)(const float *sentinels, size_t count, const float *x)
{
    return mlp_edge_any_missing(sentinels, count, x);
}

void NAME(OF, dense)(const float *weights, const float *bias, size_t inputs, size_t outputs,
                     const float *x, float *y);
void NAME(OF, dense)(const float *weights, const float *bias, size_t inputs, size_t outputs,
                     const float *x, float *y)
{
    mlp_edge_dense(weights, bias, inputs, outputs, x, y);
}

void NAME(OF, relu)(float *values, size_t count);
void NAME(OF, relu)(float *values, size_t count)
{
    mlp_edge_relu(values, count);
}

#else

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "last.h"
#include "raw_line.h"

#define BOTH(result, kernel, arguments) \
    result variant_##kernel arguments;  \
    result plain_##kernel arguments

BOTH(void, dense_int8, (const int8_t *, const int32_t *, const uint16_t *, const uint8_t *, size_t,
                        size_t, const uint8_t *, uint8_t *));
BOTH(void, dense_int8_from_16, (const int8_t *, const int32_t *, const uint16_t *, const uint8_t *,
                                size_t, size_t, const uint16_t *, uint8_t *));
BOTH(void, dense_int8_wide, (const int8_t *, const int32_t *, const uint16_t *, const uint8_t *,
                             size_t, size_t, const uint8_t *, uint8_t *));
BOTH(void, dense_int8_from_16_wide, (const int8_t *, const int32_t *, const uint16_t *,
                                     const uint8_t *, size_t, size_t, const uint16_t *, uint8_t *));
BOTH(void, segments_int8_wide,
     (const int8_t *, const int32_t *, const uint16_t *, const uint8_t *, const int32_t *, uint8_t,
      size_t, size_t, const uint8_t *, uint16_t *));
BOTH(void, segments_int8, (const int8_t *, const int32_t *, const uint16_t *, const uint8_t *,
                           const int32_t *, uint8_t, size_t, size_t, const uint8_t *, uint16_t *));
BOTH(void, dense_int16, (const int16_t *, const int32_t *, const uint8_t *, uint16_t, size_t,
                         size_t, const uint16_t *, uint16_t *));
BOTH(void, dense_int24, (const int32_t *, const int64_t *, const uint8_t *, uint32_t, size_t,
                         size_t, const uint32_t *, uint32_t *));
BOTH(void, quantise_int24,
     (const float *, const float *, uint32_t, size_t, const float *, uint32_t *));
BOTH(int32_t, scaled_int24, (int32_t, uint32_t));
BOTH(void, quantise_int8, (const float *, const float *, float, size_t, const float *, uint8_t *));
BOTH(void, quantise_int16,
     (const float *, const float *, float, size_t, const float *, uint16_t *));
BOTH(void, dequantise_int24,
     (const float *, const float *, const int32_t *, size_t, const uint32_t *, float *));
BOTH(void, dequantise, (const float *, const float *, size_t, const uint16_t *, float *));
BOTH(void, softmax_table, (const uint16_t *, uint8_t, size_t, uint16_t *, float *));
BOTH(void, softmax_int24, (uint8_t, size_t, const uint32_t *, float *));
BOTH(void, sigmoid_int24, (const int32_t *, uint8_t, size_t, const uint32_t *, float *));
BOTH(void, dense, (const float *, const float *, size_t, size_t, const float *, float *));
BOTH(void, relu, (float *, size_t));
BOTH(int, any_missing, (const float *, size_t, const float *));
BOTH(int, quantise_raw_int8, (const mlp_edge_raw_line *, uint8_t, uint16_t, size_t, const int16_t *,
                              uint8_t *));
BOTH(int, quantise_raw_int16, (const mlp_edge_raw_line *, uint8_t, uint16_t, size_t,
                               const int16_t *, uint16_t *));

/* A seed; how many bytes were compared, and how many of them differ. */
float mlp_edge_readings[1], mlp_edge_predictions[2];
void mlp_edge_run(void);

#define MOST 24

static uint32_t state;
static uint8_t x8[MOST + 1];
static uint16_t x16[MOST + 1], multiplier[ROWS];
static uint8_t shift[ROWS];
static int32_t bias[ROWS], large[ROWS], offset[ROWS], zeros[MOST], weights24[ROWS * MOST];
static uint32_t x24[MOST];
static int64_t bias24[ROWS];
static float low[MOST], factor[MOST], readings[MOST], matrix[ROWS * MOST];
static uint8_t results[2][4 * MOST];

static uint32_t any(void)
{
    state = state * 1664525u + 1013904223u;
    return state >> 8;
}

/* From 0 to `high`; one in four is at an end. */
static uint32_t up_to(uint32_t high)
{
    const uint32_t kind = any() % 8;
    return kind == 0 ? 0 : kind == 1 ? high : any() % (high + 1);
}

static void clear(void)
{
    memset(results, 0xa5, sizeof results);
}

static void compare(void)
{
    for (size_t i = 0; i < sizeof results[0]; i++) {
        mlp_edge_predictions[0] += 1.0f;
        mlp_edge_predictions[1] += results[0][i] != results[1][i] ? 1.0f : 0.0f;
    }
}

static void requantisation(void)
{
    for (size_t i = 0; i < ROWS; i++) {
        bias[i] = (int32_t)up_to(0xfffff) - (int32_t)up_to(0xfffff);
        large[i] = bias[i] * 2040 / (any() % 2 ? 1 : 64);
        shift[i] = (uint8_t)(1 + any() % 31);
        const uint32_t most = shift[i] < 10 ? (1u << shift[i]) - 1 : 1023;
        multiplier[i] = (uint16_t)(1 + any() % most);
        /* A segment begins where the one before has reached its end, or above. */
        const uint32_t end = (255u << shift[i]) / multiplier[i] + 1;
        offset[i] = (int32_t)(end < 0x3fff0000 ? end + up_to(0xff) : 0x3fff0000);
    }
}

/* The weights end where the flash ends: who reads on crashes. */
static void layers(size_t inputs, size_t outputs)
{
    const size_t count = inputs * outputs;
    const int8_t *const weights = (const int8_t *)(variants_last + sizeof variants_last - count);
    const int16_t *const wide =
        (const int16_t *)(const void *)(variants_last + sizeof variants_last - 2 * count);
    requantisation();
    for (size_t at = 0; at < 2; at++) { /* aligned, and not */
        for (size_t i = 0; i < MOST; i++) {
            x8[at + i] = (uint8_t)up_to(255);
            x16[at + i] = (uint16_t)up_to(1020);
        }
        clear();
        variant_dense_int8(weights, bias, multiplier, shift, inputs, outputs, x8 + at,
                           results[0] + at);
        plain_dense_int8(weights, bias, multiplier, shift, inputs, outputs, x8 + at,
                         results[1] + at);
        compare();
        clear();
        variant_dense_int8_from_16(weights, bias, multiplier, shift, inputs, outputs, x16 + at,
                                   results[0] + at);
        plain_dense_int8_from_16(weights, bias, multiplier, shift, inputs, outputs, x16 + at,
                                 results[1] + at);
        compare();
        clear();
        uint16_t *const y0 = (uint16_t *)(void *)results[0], *const y1 = y0 + sizeof results[0] / 2;
        const uint8_t segments = (uint8_t)(1 + any() % 4);
        variant_segments_int8(weights, bias, multiplier, shift, offset, segments, inputs, outputs,
                              x8 + at, y0 + at);
        plain_segments_int8(weights, bias, multiplier, shift, offset, segments, inputs, outputs,
                            x8 + at, y1 + at);
        compare();
        clear();
        variant_dense_int8_wide(weights, large, multiplier, shift, inputs, outputs, x8 + at,
                                results[0] + at);
        plain_dense_int8_wide(weights, large, multiplier, shift, inputs, outputs, x8 + at,
                              results[1] + at);
        compare();
        clear();
        variant_dense_int8_from_16_wide(weights, bias, multiplier, shift, inputs, outputs,
                                        x16 + at, results[0] + at);
        plain_dense_int8_from_16_wide(weights, bias, multiplier, shift, inputs, outputs,
                                      x16 + at, results[1] + at);
        compare();
        clear();
        variant_segments_int8_wide(weights, large, multiplier, shift, offset, segments, inputs,
                                   outputs, x8 + at, y0 + at);
        plain_segments_int8_wide(weights, large, multiplier, shift, offset, segments, inputs,
                                 outputs, x8 + at, y1 + at);
        compare();
        for (size_t i = 0; i < MOST; i++) {
            x16[at + i] = (uint16_t)up_to(32767 / (uint32_t)inputs);
        }
        clear();
        const uint16_t high = (uint16_t)(1 + up_to(32766));
        variant_dense_int16(wide, bias, shift, high, inputs, outputs, x16 + at, y0 + at);
        plain_dense_int16(wide, bias, shift, high, inputs, outputs, x16 + at, y1 + at);
        compare();
    }
}

/* Sums of int24 stay below 2^52. */
static void layers_int24(size_t inputs, size_t outputs)
{
    for (size_t i = 0; i < inputs * outputs; i++) {
        weights24[i] = (int32_t)up_to(0x7fffff) - (int32_t)up_to(0x7fffff);
    }
    for (size_t i = 0; i < inputs; i++) {
        x24[i] = up_to(0xffffff);
    }
    for (size_t i = 0; i < outputs; i++) {
        const int64_t start = (int64_t)up_to(0x7fffff) - (int64_t)up_to(0x7fffff);
        bias24[i] = start * (int64_t)up_to(0x7ffffff);
        shift[i] = (uint8_t)(1 + up_to(46));
    }
    const uint32_t high = any() % 2 ? 0xffffffu : any() % 2 ? 0x7fffffffu : 1 + any() % 0xffffff;
    uint32_t *const y0 = (uint32_t *)(void *)results[0], *const y1 = y0 + sizeof results[0] / 4;
    clear();
    variant_dense_int24(weights24, bias24, shift, high, inputs, outputs, x24, y0);
    plain_dense_int24(weights24, bias24, shift, high, inputs, outputs, x24, y1);
    compare();
    clear();
    for (size_t i = 0; i < MOST; i++) {
        const int32_t value = (int32_t)((any() << 20) ^ any());
        const uint32_t by = up_to(0xffffff);
        y0[i] = (uint32_t)variant_scaled_int24(value, by);
        y1[i] = (uint32_t)plain_scaled_int24(value, by);
    }
    compare();
}

static float from_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static uint32_t bits_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static const uint32_t odd[] = {0, 0x80000000u, 0x7f800000u, 0xff800000u, 0x7fc00000u,
                               0xffc00001u, 1, 0x7f7fffffu, 0xff7fffffu, 0x4b000001u};

/* In float32 the order of a sum tells in its last digits. */
static void layers_float32(size_t inputs, size_t outputs)
{
    float *const y0 = (float *)(void *)results[0], *const y1 = (float *)(void *)results[1];
    for (size_t i = 0; i < inputs * outputs; i++) {
        matrix[i] = ((float)any() - 8388608.0f) * 1.1e-7f;
    }
    for (size_t i = 0; i < MOST; i++) {
        readings[i] = any() % 4 == 0 ? 0.0f : ((float)any() - 8388608.0f) * 3e-7f;
        low[i] = ((float)any() - 8388608.0f) * 2e-7f;
    }
    clear();
    variant_dense(matrix, low, inputs, outputs, readings, y0);
    plain_dense(matrix, low, inputs, outputs, readings, y1);
    compare();
    for (size_t i = 0; i < outputs; i++) {
        y0[i] = y1[i] = from_bits(any() % 4 == 0 ? odd[any() % 10] : any() << 8 | any() % 256);
    }
    variant_relu(y0, outputs);
    plain_relu(y1, outputs);
    compare();
}

static void edges(size_t count)
{
    const float highs[] = {255.0f, 1020.0f, 32767.0f, 1.0f, 4095.0f};
    const float high = highs[any() % 5];
    for (size_t i = 0; i < count; i++) {
        /* Halves, and what lies beside them, are frequent. */
        low[i] = (float)any() * 0.25f - 1e5f;
        factor[i] = any() % 2 ? 0.5f : (float)(1 + any() % 1000) * 0.037f;
        readings[i] = low[i] + (float)up_to((uint32_t)high + 2) / factor[i];
        if (any() % 8 == 0) {
            readings[i] = from_bits(odd[any() % 10]);
        }
    }
    clear();
    variant_quantise_int16(low, factor, high, count, readings, (uint16_t *)(void *)results[0]);
    plain_quantise_int16(low, factor, high, count, readings, (uint16_t *)(void *)results[1]);
    compare();
    clear();
    variant_quantise_int8(low, factor, high > 255 ? 255 : high, count, readings, results[0] + 1);
    plain_quantise_int8(low, factor, high > 255 ? 255 : high, count, readings, results[1] + 1);
    compare();
    clear();
    const uint32_t most = any() % 2 ? 0xffffff : 1 + any() % 0xffffff;
    variant_quantise_int24(low, factor, most, count, readings, (uint32_t *)(void *)results[0]);
    plain_quantise_int24(low, factor, most, count, readings, (uint32_t *)(void *)results[1]);
    compare();
    clear();
    for (size_t i = 0; i <= count; i++) {
        for (size_t j = 0; j < count; j++) {
            readings[j] = from_bits(j == i ? any() << 20 | 0x7f800001u : any() << 8 & 0xff800000u);
        }
        results[0][i] = (uint8_t)variant_any_missing(NULL, count, readings);
        results[1][i] = (uint8_t)plain_any_missing(NULL, count, readings);
    }
    compare();
}

/* On lines that rise or fall, at their ends, beyond them, and missing. */
static void counts(size_t count)
{
    static mlp_edge_raw_line lines[MOST];
    int16_t x[MOST];
    for (size_t i = 0; i < count; i++) {
        const int32_t first = (int32_t)up_to(65534) - 32767;
        const uint32_t span = up_to((uint32_t)(32767 - first));
        lines[i].low = (int16_t)first;
        lines[i].span = (uint16_t)span;
        lines[i].factor = (int32_t)((any() << 20) ^ any());
        lines[i].start = (any() << 20) ^ any();
        const int32_t at = first - 1 + (int32_t)up_to(span + 2);
        x[i] = (int16_t)(any() % 8 == 0 || at > 32767 ? INT16_MIN : at);
    }
    const uint8_t by = (uint8_t)(any() % 16);
    const uint16_t high = (uint16_t)up_to(32767);
    uint16_t *const y0 = (uint16_t *)(void *)results[0], *const y1 = y0 + sizeof results[0] / 2;
    clear();
    y0[MOST] = (uint16_t)variant_quantise_raw_int16(lines, by, high, count, x, y0);
    y1[MOST] = (uint16_t)plain_quantise_raw_int16(lines, by, high, count, x, y1);
    compare();
    clear();
    results[0][MOST] = (uint8_t)variant_quantise_raw_int8(lines, by, 255, count, x, results[0]);
    results[1][MOST] = (uint8_t)plain_quantise_raw_int8(lines, by, 255, count, x, results[1]);
    compare();
}

/* Predictions from logits: of int8 and int16 by a table of exponentials, of int24 without one. */
static void outputs(size_t count)
{
    float *const y0 = (float *)(void *)results[0], *const y1 = (float *)(void *)results[1];
    uint16_t logits[2][MOST], table[40];
    for (size_t i = 0; i < 40; i++) {
        table[i] = (uint16_t)(i == 0 ? 65535 : up_to(65535));
    }
    for (size_t i = 0; i < count; i++) {
        logits[0][i] = logits[1][i] = (uint16_t)up_to(38 * 32);
        x24[i] = up_to(0x1fffffff);
        zeros[i] = (int32_t)up_to(0x1fffffff);
    }
    clear();
    variant_softmax_table(table, 5, count, logits[0], y0);
    plain_softmax_table(table, 5, count, logits[1], y1);
    compare();
    const uint8_t octave = (uint8_t)(16 + any() % 8);
    clear();
    variant_softmax_int24(octave, count, x24, y0);
    plain_softmax_int24(octave, count, x24, y1);
    compare();
    clear();
    variant_sigmoid_int24(zeros, octave, count, x24, y0);
    plain_sigmoid_int24(zeros, octave, count, x24, y1);
    compare();
}

/* Offsets far above the product, far below, near to what takes it away, and all that is odd. */
static void dequantised(size_t count)
{
    static const uint32_t offsets[] = {0, 0x80000000u, 1, 0x807fffffu, 0x7f7fffffu, 0xff7fffffu};
    float *const y0 = (float *)(void *)results[0], *const y1 = (float *)(void *)results[1];
    uint16_t quantised[MOST];
    for (size_t i = 0; i < count; i++) {
        const uint32_t digits = any() % 2 ? any() % 0x2000u << 10 : any() % 0x80u << 16;
        factor[i] = from_bits((90 + any() % 60) << 23 | digits);
        quantised[i] = (uint16_t)up_to(digits & 0xffffu ? 1020 : 65535);
        const float product = factor[i] * (float)quantised[i];
        const uint32_t kind = any() % 4;
        const uint32_t sign = any() % 2 << 31;
        if (kind == 0) {
            low[i] = from_bits(offsets[any() % 6]);
        } else if (kind == 1) {
            low[i] = from_bits(sign | (80 + any() % 90) << 23 | any() % 0x800000u);
        } else {
            low[i] = from_bits(sign | (bits_of(product) + any() % 9));
        }
    }
    clear();
    variant_dequantise(low, factor, count, quantised, y0);
    plain_dequantise(low, factor, count, quantised, y1);
    compare();
    for (size_t i = 0; i < count; i++) {
        factor[i] = from_bits((90 + any() % 40) << 23);
        zeros[i] = (int32_t)up_to(0x1fffffff);
        x24[i] = any() % 2 ? up_to(0x1fffffff) : (uint32_t)zeros[i] + any() % 0x2000000u;
        if (any() % 2) {
            low[i] = (float)((int32_t)x24[i] - zeros[i]) * factor[i] * (any() % 2 ? -1.0f : 0.3f);
        }
    }
    clear();
    variant_dequantise_int24(low, factor, zeros, count, x24, y0);
    plain_dequantise_int24(low, factor, zeros, count, x24, y1);
    compare();
}

void mlp_edge_run(void)
{
    static const uint8_t sizes[] = {1, 2, 3, 4, 5, 7, 8, 12, 13, 16, 21, 24};
    memcpy(&state, mlp_edge_readings, sizeof state);
    memset(mlp_edge_predictions, 0, sizeof mlp_edge_predictions);
    for (size_t i = 0; i < sizeof sizes; i++) {
        for (size_t outputs = 1; outputs <= ROWS; outputs++) {
            layers(sizes[i], outputs);
            layers_int24(sizes[i], outputs);
            layers_float32(sizes[i], outputs);
        }
        edges(sizes[i]);
        edges(sizes[i]);
        counts(sizes[i]);
        counts(sizes[i]);
        outputs(sizes[i]);
        for (size_t turn = 0; turn < 20; turn++) {
            dequantised(sizes[i]);
        }
    }
}

#endif
