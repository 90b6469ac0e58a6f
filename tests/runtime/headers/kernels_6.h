/*
 * before: a multilayer perceptron in one file, for C99, C++11 and Arduino
 *
 *   layers    2-3-1 (relu, sigmoid), 13 weights and biases, float32
 *   written   by mlp-edge 0.1.0: mlp-edge export --format c --name before
 *   weights   sha256 c401fb8ccb9ef72acfd7609c6a7feba29ca6d91f254c32f463f76c72ec9b83e9
 *   memory    68 bytes of tables (in flash on AVR), 20 bytes of stack for the layers
 *
 * Use:
 *
 *   #include "before.h"
 *   float features[BEFORE_INPUTS] = { ... };  the raw readings, in the order below
 *   float probability;
 *   before_predict(features, &probability);
 *   int answer = before_classify(features);  one of BEFORE_CLASS_...; -1: no answer
 *   before_label(answer)                     its label; on AVR text in flash (PROGMEM)
 *
 * One file of a program includes this one so. Every other says, before it includes it,
 *
 *   #define BEFORE_DECLARE_ONLY
 *
 * and gets the constants and the functions without a second copy of the tables.
 * #define BEFORE_SELFTEST in the one file adds before_selftest(): 0 where this chip, with
 * these compiler flags, predicts bit for bit what it should, otherwise the row that it does not.
 *
 * Features, in the units of the table that the model was trained on, with their range in it:
 *
 *   [0] "x0"  -48.3207 to -29.9308
 *   [1] "x1"  -13.5172 to 72.9375
 *
 * A reading that is NaN is missing: the answer is NaN.
 *
 * Outputs, of "y":
 *
 *   [0] probability of "yes"
 *   The answer is "yes" where probability > BEFORE_THRESHOLD, both float,
 *   otherwise "no".
 */
#ifndef BEFORE_H
#define BEFORE_H

/*
 * Where the tables live. On AVR and ESP8266 a plain `const` table is copied to RAM at start-up;
 * PROGMEM keeps it in flash, which is read with instructions of its own. Everywhere else const is
 * enough.
 */
#ifndef MLP_EDGE_KERNELS
#define MLP_EDGE_KERNELS 6 /* raised whenever a kernel changes */

#include <stddef.h>
#include <stdint.h>

#ifdef __AVR__
#include <avr/pgmspace.h>
#define MLP_EDGE_FLASH PROGMEM
#define MLP_EDGE_READ_FLOAT(address) pgm_read_float(address)
#define MLP_EDGE_READ_BITS(address) pgm_read_dword(address)
#define MLP_EDGE_READ_INT8(address) ((int8_t)pgm_read_byte(address))
#define MLP_EDGE_READ_UINT8(address) pgm_read_byte(address)
#define MLP_EDGE_READ_INT16(address) ((int16_t)pgm_read_word(address))
#define MLP_EDGE_READ_UINT16(address) pgm_read_word(address)
#define MLP_EDGE_READ_INT32(address) ((int32_t)pgm_read_dword(address))
#elif defined(ESP8266) && defined(ARDUINO)
#include <pgmspace.h>
#define MLP_EDGE_FLASH PROGMEM
/* Its flash answers aligned reads of 32 bits alone, which is how a float is read anyway. */
#define MLP_EDGE_READ_FLOAT(address) (*(address))
#define MLP_EDGE_READ_BITS(address) pgm_read_dword(address)
#define MLP_EDGE_READ_INT8(address) ((int8_t)pgm_read_byte(address))
#define MLP_EDGE_READ_UINT8(address) pgm_read_byte(address)
#define MLP_EDGE_READ_INT16(address) ((int16_t)pgm_read_word(address))
#define MLP_EDGE_READ_UINT16(address) pgm_read_word(address)
#define MLP_EDGE_READ_INT32(address) ((int32_t)pgm_read_dword(address))
#else
#define MLP_EDGE_FLASH
#define MLP_EDGE_READ_FLOAT(address) (*(address))
#define MLP_EDGE_READ_BITS(address) (*(address))
#define MLP_EDGE_READ_INT8(address) (*(address))
#define MLP_EDGE_READ_UINT8(address) (*(address))
#define MLP_EDGE_READ_INT16(address) (*(address))
#define MLP_EDGE_READ_UINT16(address) (*(address))
#define MLP_EDGE_READ_INT32(address) (*(address))
#endif

/*
 * Whether a table can be read: a pointer has 16 bits on AVR and reaches the first 64 kB of flash. A
 * chip with more puts tables beyond them when a program has many. The linker knows the address, so
 * the question costs a few cycles, and none on other chips.
 */
#ifdef __AVR_HAVE_ELPM__
#define MLP_EDGE_IN_REACH(table) (pgm_get_far_address(table) + sizeof(table) <= 0x10000)
#else
#define MLP_EDGE_IN_REACH(table) 1
#endif

/*
 * Text in flash. In an Arduino sketch for AVR or ESP8266 it has the type of F("..."), which print()
 * takes.
 */
#if (defined(__AVR__) || defined(ESP8266)) && defined(ARDUINO) && defined(__cplusplus)
class __FlashStringHelper;
typedef const __FlashStringHelper *mlp_edge_text;
#else
typedef const char *mlp_edge_text;
#endif

#elif MLP_EDGE_KERNELS != 6
#error "these models were exported by different versions of mlp-edge: export them with one"
#endif

#define BEFORE_INPUTS 2
#define BEFORE_OUTPUTS 1
#define BEFORE_LAYERS 2
#define BEFORE_LAYER1_INPUTS 2
#define BEFORE_LAYER1_OUTPUTS 3
#define BEFORE_LAYER2_INPUTS 3
#define BEFORE_LAYER2_OUTPUTS 1
#define BEFORE_CLASSES 2
#define BEFORE_THRESHOLD 0.5f

/* Indices of the features. */
enum {
    BEFORE_FEATURE_X0 = 0, /* "x0" */
    BEFORE_FEATURE_X1 = 1, /* "x1" */
};

/* Indices of the classes. */
enum {
    BEFORE_CLASS_NO = 0, /* "no" */
    BEFORE_CLASS_YES = 1, /* "yes" */
};

#ifdef __cplusplus
extern "C" {
#endif

/*
 * 2 raw readings in, 1 prediction out. The two arrays must not overlap.
 * Keeps nothing between calls, so it may be called from several tasks at once.
 */
void before_predict(const float *features, float *outputs);

/*
 * The class that before_predict's output stands for, -1 where one is not finite.
 * Most rows are decided without the exponential.
 */
int before_classify(const float *features);

/* The label of a class, UTF-8, in flash; "" for any other number. */
mlp_edge_text before_label(int index);

#ifdef BEFORE_SELFTEST
/* Predicts golden rows: 0 where all answers are right, else the number of the first wrong one. */
int before_selftest(void);

#endif
#ifdef __cplusplus
}
#endif

#endif

#if !defined(BEFORE_DECLARE_ONLY) && !defined(BEFORE_DEFINED)
#define BEFORE_DEFINED

#if !defined(__cplusplus) && !defined(_MSC_VER) \
    && !(defined(__STDC_VERSION__) && __STDC_VERSION__ >= 199901L)
#error "before.h is C99 and C++11; this is C90: compile it with -std=c99, or later"
#else

/* Standardisation of numbers: (x - mean) * reciprocal; reciprocal = 1 / deviation. */
static const float BEFORE_MEAN[2] MLP_EDGE_FLASH = {
    -39.1257668f, 29.7101288f,
};
static const float BEFORE_RECIPROCAL[2] MLP_EDGE_FLASH = {
    0.217510626f, 0.0462669991f,
};

/* Layer 1, relu: [neuron][input], 3 x 2 */
static const float BEFORE_LAYER1_WEIGHTS[3][2] MLP_EDGE_FLASH = {
    /* 0 */ {0.300068021f, -0.50437206f},
    /* 1 */ {-1.00567663f, -1.05923486f},
    /* 2 */ {0.68634069f, 0.90430218f},
};
static const float BEFORE_LAYER1_BIAS[3] MLP_EDGE_FLASH = {
    0.106635779f, 0.229496554f, 0.0436249897f,
};

/* Layer 2, sigmoid: [neuron][input], 1 x 3 */
static const float BEFORE_LAYER2_WEIGHTS[1][3] MLP_EDGE_FLASH = {
    /* 0 */ {1.06570542f, 0.773680031f, -1.21803689f},
};
static const float BEFORE_LAYER2_BIAS[1] MLP_EDGE_FLASH = {
    0.357404262f,
};

/* Labels: UTF-8, the last one for an index that is no class. */
static const char BEFORE_LABELS[3][4] MLP_EDGE_FLASH = {
    "no",
    "yes",
    ""
};

/* The kernels that this network needs. Models in one program share them, hence the guards. */

/*
 * A float as the bits that IEEE 754 writes it in, and back. Without a float unit a comparison of
 * floats is a call; of bits it is a few instructions. Two facts about them are used: without the
 * sign, the topmost bit, a larger number has larger bits; and beyond infinity, 0x7f800000, is NaN.
 */
#ifndef MLP_EDGE_KERNEL_BITS
#define MLP_EDGE_KERNEL_BITS

#include <stdint.h>
#include <string.h>

/* Whether every operation on floats is a call. */
#if defined(__AVR__) || defined(__SOFTFP__) || defined(__XTENSA_SOFT_FLOAT__) \
    || (defined(__riscv) && !defined(__riscv_flen))
#define MLP_EDGE_SOFT_FLOAT
#endif

#define MLP_EDGE_SIGN 0x80000000u
#define MLP_EDGE_INFINITY 0x7f800000u

static inline uint32_t mlp_edge_bits(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float mlp_edge_float(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/*
 * Whether a number is NaN. It is taken from memory, as bits: of one that is handed over by value
 * -ffast-math lets a compiler assume that it is none.
 */
static inline int mlp_edge_nan(const float *x)
{
    const float value = *x;
    return (mlp_edge_bits(value) & ~MLP_EDGE_SIGN) > MLP_EDGE_INFINITY;
}

/* Whether it is neither NaN nor an infinity. */
static inline int mlp_edge_finite(const float *x)
{
    const float value = *x;
    return (mlp_edge_bits(value) & ~MLP_EDGE_SIGN) < MLP_EDGE_INFINITY;
}

/* Whether x > 0. From the smallest number above 0 to infinity: neither 0, NaN nor a sign. */
static inline int mlp_edge_positive(float x)
{
    return mlp_edge_bits(x) - 1 < MLP_EDGE_INFINITY;
}

#endif

/*
 * Whether reading i is missing: it is NaN, or equals its sentinel, a number such as 0 or -999 that
 * stands for "missing". `sentinels` is NULL where the readings have none.
 */
#ifndef MLP_EDGE_KERNEL_MISSING
#define MLP_EDGE_KERNEL_MISSING

static inline int mlp_edge_missing(const float *sentinels, const float *x, size_t i)
{
    if (mlp_edge_nan(&x[i])) {
        return 1;
    }
    return sentinels != NULL && x[i] == MLP_EDGE_READ_FLOAT(&sentinels[i]);
}

#endif

/*
 * The guard in front of a network: where a reading is missing that nothing stands in for, every
 * output becomes NaN, and nothing is computed. A NaN would come through the layers by itself, a
 * sentinel or a category would not.
 */
#ifndef MLP_EDGE_KERNEL_REJECT
#define MLP_EDGE_KERNEL_REJECT

static inline int mlp_edge_any_missing(const float *sentinels, size_t count, const float *x)
{
    for (size_t i = 0; i < count; i++) {
        if (mlp_edge_missing(sentinels, x, i)) {
            return 1;
        }
    }
    return 0;
}

static inline void mlp_edge_reject(float *values, size_t count)
{
    const uint32_t bits = 0x7fc00000u; /* a quiet NaN, as IEEE 754 writes it */
    float nan;
    memcpy(&nan, &bits, sizeof nan);
    for (size_t i = 0; i < count; i++) {
        values[i] = nan;
    }
}

#endif

/*
 * Standardisation: (x - mean) * reciprocal for each number. The reciprocal of the deviation is
 * stored because a microcontroller multiplies three times faster than it divides. y may be x.
 */
#ifndef MLP_EDGE_KERNEL_SCALE
#define MLP_EDGE_KERNEL_SCALE

static inline void mlp_edge_scale(const float *mean, const float *reciprocal, size_t count,
                                  const float *x, float *y)
{
    for (size_t i = 0; i < count; i++) {
        y[i] = (x[i] - MLP_EDGE_READ_FLOAT(&mean[i])) * MLP_EDGE_READ_FLOAT(&reciprocal[i]);
    }
}

#endif

/*
 * Four neurons of a dense layer at a time, where a float unit makes that pay: one input is read
 * for four, and no sum waits for another. Each neuron has its sum in the order of dense.h.
 *
 * A Cortex-M with a float unit (MLP_EDGE_FUSED) multiplies and adds in one rounding, so its last
 * digits may differ from those of chips that round twice. Other chips take one neuron at a time.
 */
#ifndef MLP_EDGE_KERNEL_FOUR_NEURONS
#define MLP_EDGE_KERNEL_FOUR_NEURONS

#include <string.h>

#if defined(__ARM_FEATURE_FMA) && defined(__ARM_ARCH_PROFILE) && defined(__GNUC__)
#if __ARM_ARCH_PROFILE == 'M'
#define MLP_EDGE_FUSED
#endif
#endif
#if defined(__has_builtin) && (defined(__SSE__) || defined(__aarch64__))
#if __has_builtin(__builtin_shufflevector)
#define MLP_EDGE_VECTORS
#endif
#endif

#if defined(MLP_EDGE_FUSED)

struct mlp_edge_weights {
    float of_four_inputs[4];
};

/* sum += row[0] x0 + row[1] x1 + ..., in this order; one instruction reads the four weights. */
#define MLP_EDGE_ADD_FOUR(sum, row) \
    __asm__("vldmia %[w]!, {s28-s31}\n\t" \
            "vfma.f32 %[s], s28, %[x0]\n\t" \
            "vfma.f32 %[s], s29, %[x1]\n\t" \
            "vfma.f32 %[s], s30, %[x2]\n\t" \
            "vfma.f32 %[s], s31, %[x3]" \
            : [w] "+r"(row), [s] "+t"(sum) \
            : [x0] "t"(x0), [x1] "t"(x1), [x2] "t"(x2), [x3] "t"(x3), \
              "m"(*(const struct mlp_edge_weights *)(row)) \
            : "s28", "s29", "s30", "s31")

static inline void mlp_edge_four_neurons(const float *weights, const float *bias, size_t inputs,
                                         const float *x, float *y)
{
    const float *row0 = weights, *row1 = row0 + inputs, *row2 = row1 + inputs;
    const float *row3 = row2 + inputs;
    float sum0 = bias[0], sum1 = bias[1], sum2 = bias[2], sum3 = bias[3];
    for (; inputs >= 4; inputs -= 4) {
        const float x0 = x[0], x1 = x[1], x2 = x[2], x3 = x[3];
        MLP_EDGE_ADD_FOUR(sum0, row0);
        MLP_EDGE_ADD_FOUR(sum1, row1);
        MLP_EDGE_ADD_FOUR(sum2, row2);
        MLP_EDGE_ADD_FOUR(sum3, row3);
        x += 4;
    }
    for (; inputs > 0; inputs--) {
        const float value = *x++;
        sum0 = __builtin_fmaf(*row0++, value, sum0);
        sum1 = __builtin_fmaf(*row1++, value, sum1);
        sum2 = __builtin_fmaf(*row2++, value, sum2);
        sum3 = __builtin_fmaf(*row3++, value, sum3);
    }
    y[0] = sum0;
    y[1] = sum1;
    y[2] = sum2;
    y[3] = sum3;
}

#elif defined(MLP_EDGE_VECTORS)

/* On a PC: a vector holds the four sums. */
typedef float mlp_edge_float4 __attribute__((vector_size(16)));

static inline mlp_edge_float4 mlp_edge_load4(const float *x)
{
    mlp_edge_float4 four;
    memcpy(&four, x, sizeof four);
    return four;
}

static inline void mlp_edge_four_neurons(const float *weights, const float *bias, size_t inputs,
                                         const float *__restrict__ x, float *__restrict__ y)
{
    const float *row0 = weights, *row1 = row0 + inputs, *row2 = row1 + inputs;
    const float *row3 = row2 + inputs;
    mlp_edge_float4 sums = mlp_edge_load4(bias);
    for (; inputs >= 4; inputs -= 4) {
        /* Four rows of four weights, turned into four columns. */
        const mlp_edge_float4 a = mlp_edge_load4(row0), b = mlp_edge_load4(row1);
        const mlp_edge_float4 c = mlp_edge_load4(row2), d = mlp_edge_load4(row3);
        const mlp_edge_float4 ab01 = __builtin_shufflevector(a, b, 0, 4, 1, 5);
        const mlp_edge_float4 ab23 = __builtin_shufflevector(a, b, 2, 6, 3, 7);
        const mlp_edge_float4 cd01 = __builtin_shufflevector(c, d, 0, 4, 1, 5);
        const mlp_edge_float4 cd23 = __builtin_shufflevector(c, d, 2, 6, 3, 7);
        sums += __builtin_shufflevector(ab01, cd01, 0, 1, 4, 5) * x[0];
        sums += __builtin_shufflevector(ab01, cd01, 2, 3, 6, 7) * x[1];
        sums += __builtin_shufflevector(ab23, cd23, 0, 1, 4, 5) * x[2];
        sums += __builtin_shufflevector(ab23, cd23, 2, 3, 6, 7) * x[3];
        row0 += 4;
        row1 += 4;
        row2 += 4;
        row3 += 4;
        x += 4;
    }
    for (; inputs > 0; inputs--) {
        const mlp_edge_float4 column = {*row0++, *row1++, *row2++, *row3++};
        sums += column * *x++;
    }
    memcpy(y, &sums, sizeof sums);
}

#endif

#endif

/*
 * A dense layer: y = W x + b. W holds one row of `inputs` weights per neuron. The order of the sum
 * is part of the interface: the bias first, then the inputs from the first to the last, in one
 * accumulator. x and y must not overlap.
 */
#ifndef MLP_EDGE_KERNEL_DENSE
#define MLP_EDGE_KERNEL_DENSE

#ifdef MLP_EDGE_SOFT_FLOAT

/*
 * Without a float unit a product and its sum are two calls, 250 cycles on AVR. After a relu many
 * inputs are 0 and change nothing: they are passed over. (Only a sum of -0 would change, to 0.)
 * Never inlined nor copied: at -O3 it would be, for every layer anew, and no faster. (clang copies
 * no function, and has no word against it.)
 */
#ifdef __clang__
#define MLP_EDGE_ONCE __attribute__((noinline, unused))
#else
#define MLP_EDGE_ONCE __attribute__((noinline, noclone, unused))
#endif

MLP_EDGE_ONCE
static void mlp_edge_dense(const float *weights, const float *bias, size_t inputs,
                           size_t outputs, const float *x, float *y)
{
    for (size_t neuron = 0; neuron < outputs; neuron++) {
        float sum = MLP_EDGE_READ_FLOAT(&bias[neuron]);
        for (size_t i = 0; i < inputs; i++) {
            if (mlp_edge_bits(x[i]) != 0 || mlp_edge_bits(sum) == MLP_EDGE_SIGN) {
                sum += MLP_EDGE_READ_FLOAT(weights) * x[i];
            }
            weights++;
        }
        y[neuron] = sum;
    }
}

#else

static inline void mlp_edge_dense(const float *weights, const float *bias, size_t inputs,
                                  size_t outputs, const float *x, float *y)
{
#if defined(MLP_EDGE_FUSED) || defined(MLP_EDGE_VECTORS)
    for (; outputs >= 4; outputs -= 4) {
        mlp_edge_four_neurons(weights, bias, inputs, x, y);
        weights += 4 * inputs;
        bias += 4;
        y += 4;
    }
#endif
    for (; outputs > 0; outputs--) {
        float sum = *bias++;
        for (size_t i = 0; i < inputs; i++) {
#ifdef MLP_EDGE_FUSED
            sum = __builtin_fmaf(*weights++, x[i], sum);
#else
            sum += *weights++ * x[i];
#endif
        }
        *y++ = sum;
    }
}

#endif

#endif

/* relu(x): 0 where x <= 0, otherwise x; exact. NaN stays NaN, of either sign. */
#ifndef MLP_EDGE_KERNEL_RELU
#define MLP_EDGE_KERNEL_RELU

static inline void mlp_edge_relu(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const uint32_t bits = mlp_edge_bits(values[i]);
        /* As an int32_t, from -0 up to -infinity, 0xff800000; a NaN is beyond, or above 0. */
        values[i] = mlp_edge_float((int32_t)bits <= -0x800000 ? 0 : bits);
    }
}

#endif

/*
 * e^x for x <= 0, the only exponential that a network needs when it is written so that nothing
 * overflows. It adds, subtracts and multiplies, without libm: every target gives the same bits.
 *
 * e^x = 2^n e^r with n an integer and |r| <= ln(2)/2 (Cody and Waite, 1980).
 */
#ifndef MLP_EDGE_KERNEL_EXP
#define MLP_EDGE_KERNEL_EXP

/* e^r - 1 = r + r^2 P(r) for |r| <= 0.347; P is a minimax fit, off by 1.4e-8 of the result. */
static inline float mlp_edge_expm1_near_zero(float r)
{
    float p = 1.39466696e-3f;
    p = p * r + 8.36671051e-3f;
    p = p * r + 4.16662805e-2f;
    p = p * r + 1.6666542e-1f;
    p = p * r + 0.5f;
    return r + r * r * p;
}

/* e^x for x <= 0. Below -87 the result is 0 instead of something under 1.7e-38. NaN stays NaN. */
static inline float mlp_edge_exp(float x)
{
    const uint32_t size = mlp_edge_bits(x) & ~MLP_EDGE_SIGN;
    if (size > 0x42ae0000u) { /* 87 */
        return size > MLP_EDGE_INFINITY ? x : 0.0f;
    }
    /*
     * x / ln(2), -126 to 0, rounded to an integer: beside 1.5 * 2^23 a float has no fraction, and
     * its last bits count n. (volatile: -ffast-math would take the constant away again.)
     */
    const float shift = 12582912.0f;
    const volatile float shifted = x * 1.44269502f + shift;
    const float rounded = shifted, whole = rounded - shift;
    /* ln(2) in two parts; the first has so few bits that its product is exact. */
    const float r = (x - whole * 0.693359375f) + whole * 2.12194441e-4f;
    /* 2^n: n + 127 where a float has its exponent. The rest of `rounded` is shifted out. */
    const float power = mlp_edge_float((mlp_edge_bits(rounded) + 127) << 23);
    return power * (1.0f + mlp_edge_expm1_near_zero(r));
}

#endif

/* 1 / (1 + e^-x), from e^-|x|, which cannot overflow: shared by sigmoid and silu. */
#ifndef MLP_EDGE_KERNEL_LOGISTIC
#define MLP_EDGE_KERNEL_LOGISTIC

static inline float mlp_edge_logistic(float x)
{
    const uint32_t bits = mlp_edge_bits(x);
    const float power = mlp_edge_exp(mlp_edge_float(bits | MLP_EDGE_SIGN));
    return (bits & MLP_EDGE_SIGN ? power : 1.0f) / (1.0f + power);
}

#endif

/* sigmoid(x) = 1 / (1 + e^-x). NaN stays NaN. */
#ifndef MLP_EDGE_KERNEL_SIGMOID
#define MLP_EDGE_KERNEL_SIGMOID

static inline void mlp_edge_sigmoid(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const float x = values[i];
        values[i] = mlp_edge_logistic(x);
    }
}

#endif

/*
 * Whether sigmoid(x) > threshold, without the exponential where x decides. The exporter computes
 * `low` and `high`: below the one and above the other, sigmoid(x) is further from the threshold
 * than its kernel can be off (by 1e-6 of the threshold; the kernel errs by less than 4e-7). In the
 * narrow gap between them the kernel is asked. NaN has no class: it gives -1.
 */
#ifndef MLP_EDGE_KERNEL_CHOOSE_SIGMOID
#define MLP_EDGE_KERNEL_CHOOSE_SIGMOID

static inline int mlp_edge_choose_sigmoid(const float *sum, float low, float high, float threshold)
{
    const float x = *sum;
    if (mlp_edge_nan(sum)) {
        return -1;
    }
    if (x < low) {
        return 0;
    }
    return x > high || mlp_edge_logistic(x) > threshold;
}

#endif

/* Whether a reading is missing that nothing stands in for, or a table is out of reach. */
static inline int before_rejects(const float *features)
{
#ifdef __AVR_HAVE_ELPM__
    if (!MLP_EDGE_IN_REACH(BEFORE_MEAN)) { return 1; }
    if (!MLP_EDGE_IN_REACH(BEFORE_RECIPROCAL)) { return 1; }
    if (!MLP_EDGE_IN_REACH(BEFORE_LAYER1_WEIGHTS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(BEFORE_LAYER1_BIAS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(BEFORE_LAYER2_WEIGHTS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(BEFORE_LAYER2_BIAS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(BEFORE_LABELS)) { return 1; }
#endif
    return mlp_edge_any_missing(NULL, 2, features);
}

/* From readings to the sums of the last layer. */
static inline void before_sums(const float *features, float *outputs)
{
    /* A layer needs only the one before it: they take turns at the two ends of one array. */
    float memory[5];
    float *const scaled = memory; /* 2 */
    float *const layer1 = memory + 2; /* 3 */

    mlp_edge_scale(BEFORE_MEAN, BEFORE_RECIPROCAL, 2, features, scaled);
    mlp_edge_dense(BEFORE_LAYER1_WEIGHTS[0], BEFORE_LAYER1_BIAS, 2, 3, scaled, layer1);
    mlp_edge_relu(layer1, 3);
    mlp_edge_dense(BEFORE_LAYER2_WEIGHTS[0], BEFORE_LAYER2_BIAS, 3, 1, layer1, outputs);
}

void before_predict(const float *features, float *outputs)
{
    if (before_rejects(features)) {
        mlp_edge_reject(outputs, 1); /* NaN */
        return;
    }
    before_sums(features, outputs);
    mlp_edge_sigmoid(outputs, 1);
}

int before_classify(const float *features)
{
    if (before_rejects(features)) {
        return -1;
    }
    float outputs[1];
    before_sums(features, outputs);
    return mlp_edge_choose_sigmoid(outputs, -2.00000022e-06f, 2.00000022e-06f, BEFORE_THRESHOLD);
}

mlp_edge_text before_label(int index)
{
    const int known = index >= 0 && index < BEFORE_CLASSES;
    return (mlp_edge_text)BEFORE_LABELS[known ? index : BEFORE_CLASSES];
}

#ifdef BEFORE_SELFTEST
/* Golden answers, as the bits of float32 numbers: the very bits, or NaN where NaN is expected. */
#ifndef MLP_EDGE_KERNEL_SAME
#define MLP_EDGE_KERNEL_SAME

static inline float mlp_edge_golden(const uint32_t *bits)
{
    return mlp_edge_float(MLP_EDGE_READ_BITS(bits));
}

static inline int mlp_edge_same(float value, uint32_t expected)
{
    const uint32_t bits = mlp_edge_bits(value);
    if ((expected & ~MLP_EDGE_SIGN) > MLP_EDGE_INFINITY) { /* NaN; its payload is free */
        return (bits & ~MLP_EDGE_SIGN) > MLP_EDGE_INFINITY;
    }
    return bits == expected;
}

#endif

/*
 * Whether the golden predictions of a network in float32 have to match bit for bit. They do unless
 * the compiler rounds a product and its sum once, in a fused multiply-add or a wider register: then
 * the last digits are its own, and each prediction has to be within a proved bound.
 *
 * The self-test finds out for itself. #define MLP_EDGE_SELFTEST_BITS 1 asks for the bits all the
 * same, 0 for the bounds.
 */
#ifndef MLP_EDGE_KERNEL_SELFTEST
#define MLP_EDGE_KERNEL_SELFTEST

#define MLP_EDGE_SELFTEST_ASKS 2
#ifndef MLP_EDGE_SELFTEST_BITS
#if defined(MLP_EDGE_SOFT_FLOAT)
#define MLP_EDGE_SELFTEST_BITS 1
#elif defined(MLP_EDGE_FUSED)
#define MLP_EDGE_SELFTEST_BITS 0
#else
#define MLP_EDGE_SELFTEST_BITS MLP_EDGE_SELFTEST_ASKS
#endif
#endif

#if MLP_EDGE_SELFTEST_BITS != 1
/* (1 + 2^-12)^2 - (1 + 2^-11) is 2^-24, which is lost where the square is rounded first. */
static inline int mlp_edge_rounds_once(void)
{
    volatile float factor = 1.000244140625f, addend = -1.00048828125f;
    const float x = factor, sum = x * x + addend;
    return sum != 0.0f;
}

static inline int mlp_edge_near(float value, uint32_t expected, float bound)
{
    const float off = value - mlp_edge_float(expected);
    const float size = off < 0.0f ? -off : off;
    if (mlp_edge_same(value, expected)) {
        return 1;
    }
    if (MLP_EDGE_SELFTEST_BITS == MLP_EDGE_SELFTEST_ASKS && !mlp_edge_rounds_once()) {
        return 0;
    }
    /* Compared as bits: NaN has larger ones than any bound, whatever a compiler makes of it. */
    return mlp_edge_bits(size) < mlp_edge_bits(bound);
}
#endif

#endif

/* Readings, as the bits of float32 numbers; NaN is a missing one. */
static const uint32_t BEFORE_GOLDEN[6][2] MLP_EDGE_FLASH = {
    /* 1, every reading at its lowest */
    {0xc241486bu, 0xc1584691u},
    /* 2, in the middle */
    {0xc21c80c9u, 0x41edae58u},
    /* 3, at its highest */
    {0xc1ef724fu, 0x4291dffeu},
    /* 4, lowest and highest in turn */
    {0xc241486bu, 0x4291dffeu},
    /* 5, highest and lowest in turn */
    {0xc1ef724fu, 0xc1584691u},
    /* 6, [0] missing */
    {0x7fc00000u, 0x41edae58u},
};
/* What before_predict answers to each. */
static const uint32_t BEFORE_GOLDEN_ANSWERS[6][1] MLP_EDGE_FLASH = {
    {0x3f7c8082u},
    {0x3f2505b7u},
    {0x3ce03179u},
    {0x3eef2041u},
    {0x3f6b970cu},
    {0x7fc00000u},
};
#if MLP_EDGE_SELFTEST_BITS != 1
/* What it has to be nearer than where a product and its sum are rounded once: proved per row. */
static const float BEFORE_GOLDEN_BOUNDS[6][1] MLP_EDGE_FLASH = {
    {6.8e-07f},
    {6.8e-07f},
    {6.6e-07f},
    {1.5e-06f},
    {8.4e-07f},
    {0.0f},
};
#endif

int before_selftest(void)
{
    for (int row = 0; row < 6; row++) {
        float features[2], outputs[1];
        for (size_t i = 0; i < 2; i++) {
            features[i] = mlp_edge_golden(&BEFORE_GOLDEN[row][i]);
        }
        before_predict(features, outputs);
        for (size_t i = 0; i < 1; i++) {
            const uint32_t expected = MLP_EDGE_READ_BITS(&BEFORE_GOLDEN_ANSWERS[row][i]);
#if MLP_EDGE_SELFTEST_BITS == 1
            const int right = mlp_edge_same(outputs[i], expected);
#else
            const float bound = MLP_EDGE_READ_FLOAT(&BEFORE_GOLDEN_BOUNDS[row][i]);
            const int right = mlp_edge_near(outputs[i], expected, bound);
#endif
            if (!right) {
                return row + 1;
            }
        }
    }
    return 0;
}
#endif

#endif
#endif
/* SHA-256 of this file, with zeros in the place of the digits:
mlp-edge-seal sha256:03000ff12b96b7f9f82180f4c9066ed0ed81101e8343a50dc826cdba8a96e356 */
/* The model's card, for programs that read this file. */
/* mlp-edge-card {"name": "before", "features": [{"name": "x0", "low": -48.32072123472678, "high": -29.93081479507344}, {"name": "x1", "low": -13.517227678502799, "high": 72.93748563413598}], "targets": ["y"], "labels": ["no", "yes"], "task": "binary", "threshold": 0.5, "weights_sha256": "c401fb8ccb9ef72acfd7609c6a7feba29ca6d91f254c32f463f76c72ec9b83e9", "version": "0.1.0", "dtype": "float32", "format": 3} */
