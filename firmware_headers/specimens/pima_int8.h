/*
 * pima_int8: a multilayer perceptron in one file, for C99, C++11 and Arduino
 *
 *   layers    8-12-8-1 (relu, relu, sigmoid), 221 weights and biases, int8
 *   written   by mlp-edge 0.1.0: mlp-edge export --format c --dtype int8 --name pima
 *   weights   sha256 48cb8ba37a16c24a5126e4319c6dfd50859d7c8f5f93122fb69ff62506332cd3
 *   memory    681 bytes of tables (in flash on AVR), 22 bytes of stack for the layers
 *
 * Use:
 *
 *   #include "pima_int8.h"
 *   float features[PIMA_INT8_INPUTS] = { ... };  the raw readings, in the order below
 *   float probability;
 *   pima_int8_predict(features, &probability);
 *   int answer = pima_int8_classify(features);  one of PIMA_INT8_CLASS_...; -1: no answer
 *   pima_int8_label(answer)                     its label; on AVR text in flash (PROGMEM)
 *
 * One file of a program includes this one so. Every other says, before it includes it,
 *
 *   #define PIMA_INT8_DECLARE_ONLY
 *
 * and gets the constants and the functions without a second copy of the tables.
 * #define PIMA_INT8_SELFTEST in the one file adds pima_int8_selftest(): 0 where this chip, with
 * these compiler flags, predicts bit for bit what it should, otherwise the row that it does not.
 *
 * Features, in the units of the table that the model was trained on, with their range in it:
 *
 *   [0] "pregnancies"  0 to 17
 *   [1] "glucose"      0 to 199
 *   [2] "pressure"     0 to 122
 *   [3] "skin"         0 to 99
 *   [4] "insulin"      0 to 846
 *   [5] "bmi"          0 to 67.1
 *   [6] "pedigree"     0.078 to 2.42
 *   [7] "age"          21 to 81
 *
 * A reading that is NaN is missing: the answer is NaN.
 *
 * Outputs, of "diabetes":
 *
 *   [0] probability of "1"
 *   The answer is "1" where probability > PIMA_INT8_THRESHOLD, both float,
 *   otherwise "0".
 */
#ifndef PIMA_INT8_H
#define PIMA_INT8_H

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

#define PIMA_INT8_INPUTS 8
#define PIMA_INT8_OUTPUTS 1
#define PIMA_INT8_LAYERS 3
#define PIMA_INT8_LAYER1_INPUTS 8
#define PIMA_INT8_LAYER1_OUTPUTS 12
#define PIMA_INT8_LAYER2_INPUTS 12
#define PIMA_INT8_LAYER2_OUTPUTS 8
#define PIMA_INT8_LAYER3_INPUTS 8
#define PIMA_INT8_LAYER3_OUTPUTS 1
#define PIMA_INT8_CLASSES 2
#define PIMA_INT8_THRESHOLD 0.5f

/* Indices of the features. */
enum {
    PIMA_INT8_FEATURE_PREGNANCIES = 0, /* "pregnancies" */
    PIMA_INT8_FEATURE_GLUCOSE = 1, /* "glucose" */
    PIMA_INT8_FEATURE_PRESSURE = 2, /* "pressure" */
    PIMA_INT8_FEATURE_SKIN = 3, /* "skin" */
    PIMA_INT8_FEATURE_INSULIN = 4, /* "insulin" */
    PIMA_INT8_FEATURE_BMI = 5, /* "bmi" */
    PIMA_INT8_FEATURE_PEDIGREE = 6, /* "pedigree" */
    PIMA_INT8_FEATURE_AGE = 7, /* "age" */
};

/* Indices of the classes. */
enum {
    PIMA_INT8_CLASS_0 = 0, /* "0" */
    PIMA_INT8_CLASS_1 = 1, /* "1" */
};

#ifdef __cplusplus
extern "C" {
#endif

/*
 * 8 raw readings in, 1 prediction out. The two arrays must not overlap.
 * Keeps nothing between calls, so it may be called from several tasks at once.
 */
void pima_int8_predict(const float *features, float *outputs);

/*
 * The class that pima_int8_predict's output stands for, -1 where one is not finite.
 * Integers are compared; no prediction is computed.
 */
int pima_int8_classify(const float *features);

/* The label of a class, UTF-8, in flash; "" for any other number. */
mlp_edge_text pima_int8_label(int index);

#ifdef PIMA_INT8_SELFTEST
/* Predicts golden rows: 0 where all answers are right, else the number of the first wrong one. */
int pima_int8_selftest(void);

#endif
#ifdef __cplusplus
}
#endif

#endif

#if !defined(PIMA_INT8_DECLARE_ONLY) && !defined(PIMA_INT8_DEFINED)
#define PIMA_INT8_DEFINED

#if !defined(__cplusplus) && !defined(_MSC_VER) \
    && !(defined(__STDC_VERSION__) && __STDC_VERSION__ >= 199901L)
#error "pima_int8.h is C99 and C++11; this is C90: compile it with -std=c99, or later"
#else

/* Inputs to integers: (x - low) * factor, rounded, 0 to 255. */
static const float PIMA_INT8_LOW[8] MLP_EDGE_FLASH = {
    -1.70000005f, -19.8999996f, -12.1999998f, -9.89999962f, -84.5999985f, -6.71000004f,
    -0.156200007f, 15.0f,
};
static const float PIMA_INT8_FACTOR[8] MLP_EDGE_FLASH = {
    12.5f, 1.06783915f, 1.74180329f, 2.14646459f, 0.25118202f, 3.16691518f, 90.7344131f,
    3.54166675f,
};

/* Layer 1, relu: [neuron][input], 12 x 8 */
static const int8_t PIMA_INT8_LAYER1_WEIGHTS[12][8] MLP_EDGE_FLASH = {
    /*  0 */ {-42, -58, 55, 21, -127, -65, 18, -73},
    /*  1 */ {-2, -18, 127, 40, -75, 48, -111, -81},
    /*  2 */ {56, -109, -39, 22, 93, 127, -4, -59},
    /*  3 */ {-39, -18, -18, 10, 77, 3, -6, -127},
    /*  4 */ {7, 31, -32, 81, -49, -127, -111, 48},
    /*  5 */ {-122, 54, 64, -34, 127, 37, -23, 48},
    /*  6 */ {73, -42, 33, 126, -115, 74, 81, -73},
    /*  7 */ {80, -93, -36, 91, 127, -109, -7, -32},
    /*  8 */ {57, 109, -127, 125, -41, 70, -47, 18},
    /*  9 */ {-14, 60, -30, -80, -103, 127, 2, -63},
    /* 10 */ {20, -67, -127, 42, -61, -80, -5, 81},
    /* 11 */ {28, 60, 84, 73, 127, 118, -57, 16},
};
static const int32_t PIMA_INT8_LAYER1_BIAS[12] MLP_EDGE_FLASH = {
    19963, -7187, 431, 13697, 13548, -16192, -13916, 15822, -13030, -5277, 32662, -45109,
};
/* A sum becomes a result: sum * multiplier / 2^shift, rounded, 0 to 255. */
static const uint16_t PIMA_INT8_LAYER1_MULTIPLIER[12] MLP_EDGE_FLASH = {
    723, 751, 553, 597, 999, 689, 539, 917, 591, 765, 697, 557,
};
static const uint8_t PIMA_INT8_LAYER1_SHIFT[12] MLP_EDGE_FLASH = {
    16, 16, 17, 16, 17, 17, 17, 18, 17, 16, 17, 17,
};

/* Layer 2, relu: [neuron][input], 8 x 12 */
static const int8_t PIMA_INT8_LAYER2_WEIGHTS[8][12] MLP_EDGE_FLASH = {
    /* 0 */ {9, -30, -126, -65, 44, -33, -99, 41, -23, -22, -6, -87},
    /* 1 */ {-5, -5, 75, 17, -43, 0, -45, -11, -11, 38, -127, -21},
    /* 2 */ {-15, 22, -127, -3, -15, 25, 46, -4, 21, 35, 9, -58},
    /* 3 */ {-13, -127, -3, -8, 22, -76, 78, -72, 95, 7, -46, 7},
    /* 4 */ {16, -38, -108, -20, 10, -26, 0, -57, 26, 16, -96, -127},
    /* 5 */ {15, -20, 121, 43, -40, -41, -35, -89, 55, -13, 93, 127},
    /* 6 */ {-77, -22, -72, -6, -126, 37, 34, 14, 24, 17, -18, 125},
    /* 7 */ {26, 55, -127, 50, -8, -50, -49, -86, -28, -42, 80, 7},
};
static const int32_t PIMA_INT8_LAYER2_BIAS[8] MLP_EDGE_FLASH = {
    -203, 474, 83, -700, -372, 622, 1319, 1026,
};
/* A sum becomes a result: sum * multiplier / 2^shift, rounded, 0 to 255. */
static const uint16_t PIMA_INT8_LAYER2_MULTIPLIER[8] MLP_EDGE_FLASH = {
    545, 921, 703, 949, 877, 569, 857, 601,
};
static const uint8_t PIMA_INT8_LAYER2_SHIFT[8] MLP_EDGE_FLASH = {
    14, 16, 15, 17, 13, 17, 17, 15,
};

/* Layer 3, sigmoid: [neuron][input], 1 x 8 */
static const int8_t PIMA_INT8_LAYER3_WEIGHTS[1][8] MLP_EDGE_FLASH = {
    /* 0 */ {86, -119, 74, 127, 19, -71, 122, -73},
};
static const int32_t PIMA_INT8_LAYER3_BIAS[1] MLP_EDGE_FLASH = {
    40078,
};
/* A sum becomes a result: sum * multiplier / 2^shift, rounded, 0 to 255. */
static const uint16_t PIMA_INT8_LAYER3_MULTIPLIER[1] MLP_EDGE_FLASH = {
    749,
};
static const uint8_t PIMA_INT8_LAYER3_SHIFT[1] MLP_EDGE_FLASH = {
    16,
};
/* What the sums of a result's parts, 4 of them, are apart. */
static const int32_t PIMA_INT8_LAYER3_STRIDE[1] MLP_EDGE_FLASH = {
    22312,
};

/* sigmoid of a result, for every 8th; straight lines between. */
static const uint16_t PIMA_INT8_TABLE[129] MLP_EDGE_FLASH = {
    1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 3, 3, 4, 5, 6, 7, 9, 11, 13, 16, 20, 25, 30, 37, 46, 57, 70, 86,
    105, 129, 159, 196, 241, 296, 364, 447, 549, 674, 828, 1016, 1245, 1526, 1867, 2283, 2787, 3396,
    4129, 5008, 6055, 7296, 8752, 10448, 12400, 14621, 17111, 19859, 22841, 26016, 29328, 32714,
    36100, 39416, 42596, 45585, 48341, 50840, 53069, 55030, 56733, 58197, 59444, 60498, 61381,
    62119, 62732, 63239, 63657, 64000, 64282, 64514, 64703, 64857, 64983, 65086, 65170, 65238,
    65294, 65339, 65376, 65406, 65430, 65450, 65466, 65479, 65490, 65498, 65505, 65511, 65516,
    65520, 65523, 65525, 65527, 65529, 65530, 65531, 65532, 65533, 65533, 65534, 65534, 65535,
    65535, 65535, 65535, 65535, 65535, 65535, 65535, 65535, 65535, 65535, 65535, 65535, 65535,
    65535, 65535, 65535, 65535,
};
/* Answers: offset + step * result. */
static const float PIMA_INT8_OFFSET[1] MLP_EDGE_FLASH = {
    0.0f,
};
static const float PIMA_INT8_STEP[1] MLP_EDGE_FLASH = {
    1.52587891e-05f,
};

/* Labels: UTF-8, the last one for an index that is no class. */
static const char PIMA_INT8_LABELS[3][2] MLP_EDGE_FLASH = {
    "0",
    "1",
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
 * A reading as an integer: (x - low) * factor, clamped to 0 and `high`, rounded half to even; 0 for
 * NaN. Each operation is rounded by itself: volatile keeps a compiler from fusing two of them, and
 * -ffast-math from taking the constant away again. No float is converted to an integer, which for
 * an infinity or a huge reading C leaves undefined: what is compared and cut out are bits.
 */
#ifndef MLP_EDGE_KERNEL_QUANTISE
#define MLP_EDGE_KERNEL_QUANTISE

static inline uint16_t mlp_edge_quantise(float x, float low, float factor, float high)
{
    const volatile float above = x - low;
    const volatile float scaled = above * factor;
    const float value = scaled;
    uint32_t bits = mlp_edge_bits(value);
    if (bits - 1 >= MLP_EDGE_INFINITY) { /* 0, NaN or a sign */
        return 0;
    }
    if (bits > mlp_edge_bits(high)) {
        bits = mlp_edge_bits(high);
    }
    /* Beside 1.5 * 2^23 a float has no fraction, and its last 16 bits are the integer. */
    const volatile float shifted = mlp_edge_float(bits) + 12582912.0f;
    const float rounded = shifted;
    return (uint16_t)mlp_edge_bits(rounded);
}

#endif

/* Inputs of the first layer as integers, a byte each, 0 to 255 (quantise.h). */
#ifndef MLP_EDGE_KERNEL_QUANTISE_INT8
#define MLP_EDGE_KERNEL_QUANTISE_INT8

static inline void mlp_edge_quantise_int8(const float *low, const float *factor, float high,
                                          size_t count, const float *x, uint8_t *y)
{
    for (size_t i = 0; i < count; i++) {
        const float from = MLP_EDGE_READ_FLOAT(&low[i]), by = MLP_EDGE_READ_FLOAT(&factor[i]);
        y[i] = (uint8_t)mlp_edge_quantise(x[i], from, by, high);
    }
}

#endif

/*
 * The sum of a neuron: bias + weights x, exact; the exporter has proved that no partial sum leaves
 * 32 bits. A weight has 8 bits and an input 8: their product fits 16, which AVR multiplies at once.
 */
#ifndef MLP_EDGE_KERNEL_SUM_INT8
#define MLP_EDGE_KERNEL_SUM_INT8

static inline int32_t mlp_edge_sum_int8(int32_t sum, const int8_t *weights, size_t inputs,
                                        const uint8_t *x)
{
    for (const uint8_t *const end = x + inputs; x != end; x++) {
        sum += (int16_t)(MLP_EDGE_READ_INT8(weights) * *x);
        weights++;
    }
    return sum;
}

#endif

/*
 * value / 2^shift, rounded half up, for a shift from 1 to 31. (Half of the divisor is not added
 * first: the sum might not fit.)
 */
#ifndef MLP_EDGE_KERNEL_ROUNDED_SHIFT
#define MLP_EDGE_KERNEL_ROUNDED_SHIFT

static inline uint32_t mlp_edge_rounded_shift(uint32_t value, uint8_t shift)
{
#ifdef __AVR__
    for (; shift > 8; shift = (uint8_t)(shift - 8)) {
        value >>= 8; /* bytes are moved at once; other shifts there go bit by bit */
    }
#endif
    return ((value >> (shift - 1)) + 1) >> 1;
}

#endif

/*
 * From a sum to a result: sum * multiplier / 2^shift, rounded half up; 0 where the sum is negative.
 * It is for layers whose products fit 32 bits, which the exporter has proved of each that calls it.
 */
#ifndef MLP_EDGE_KERNEL_REQUANTISE
#define MLP_EDGE_KERNEL_REQUANTISE

static inline uint32_t mlp_edge_requantise(int32_t sum, uint16_t multiplier, uint8_t shift)
{
    return sum < 0 ? 0 : mlp_edge_rounded_shift((uint32_t)sum * multiplier, shift);
}

#endif

/*
 * A dense layer of bytes. W holds one row of `inputs` weights per neuron. A neuron's
 * sum becomes a result from 0 to 255; a relu is the end at 0. x and y must not overlap.
 */
#ifndef MLP_EDGE_KERNEL_DENSE_INT8
#define MLP_EDGE_KERNEL_DENSE_INT8

static inline void mlp_edge_dense_int8(const int8_t *weights, const int32_t *bias,
    const uint16_t *multiplier, const uint8_t *shift, size_t inputs, size_t outputs,
    const uint8_t *x, uint8_t *y)
{
    for (size_t i = 0; i < outputs; i++) {
        const int32_t start = MLP_EDGE_READ_INT32(&bias[i]);
        const uint32_t result = mlp_edge_requantise(
            mlp_edge_sum_int8(start, weights, inputs, x),
            MLP_EDGE_READ_UINT16(&multiplier[i]), MLP_EDGE_READ_UINT8(&shift[i]));
        y[i] = result > 255 ? 255 : (uint8_t)result;
        weights += inputs;
    }
}

#endif

/*
 * The last layer of a network of bytes. Its result has more than 8 bits: `parts` results from 0
 * to 255 added up. A part's sum is less by `stride` than the last one's, just so far that it leaves
 * 0 where the last one reaches 255.
 */
#ifndef MLP_EDGE_KERNEL_PARTS_INT8
#define MLP_EDGE_KERNEL_PARTS_INT8

static inline void mlp_edge_parts_int8(const int8_t *weights, const int32_t *bias,
    const uint16_t *multiplier, const uint8_t *shift, const int32_t *stride, uint8_t parts,
    size_t inputs, size_t outputs, const uint8_t *x, uint16_t *y)
{
    for (size_t i = 0; i < outputs; i++) {
        const uint16_t times = MLP_EDGE_READ_UINT16(&multiplier[i]);
        const uint8_t by = MLP_EDGE_READ_UINT8(&shift[i]);
        const int32_t apart = MLP_EDGE_READ_INT32(&stride[i]);
        int32_t sum = mlp_edge_sum_int8(MLP_EDGE_READ_INT32(&bias[i]), weights, inputs, x);
        uint16_t total = 0;
        for (uint8_t part = 0; part < parts && sum > 0; part++) {
            const uint32_t result = mlp_edge_requantise(sum, times, by);
            total = (uint16_t)(total + (result > 255 ? 255 : result));
            sum -= apart;
        }
        y[i] = total;
        weights += inputs;
    }
}

#endif

/*
 * A function of integers by nodes, one at every 2^shift, and straight lines between them, rounded
 * half up. There is a node beyond the last integer, so that two always enclose one. The shift is
 * at most 15: the two products, whose factors add up to 2^shift, fit 32 bits together.
 */
#ifndef MLP_EDGE_KERNEL_BETWEEN
#define MLP_EDGE_KERNEL_BETWEEN

static inline uint16_t mlp_edge_between(const uint16_t *nodes, uint8_t shift, uint16_t value)
{
    const uint16_t *const node = nodes + (value >> shift);
    const uint16_t size = (uint16_t)(1u << shift);
    const uint16_t right = (uint16_t)(value & (size - 1u)), left = (uint16_t)(size - right);
    const uint32_t sum = (uint32_t)MLP_EDGE_READ_UINT16(node) * left
                       + (uint32_t)MLP_EDGE_READ_UINT16(node + 1) * right;
    return (uint16_t)((sum + size / 2) >> shift);
}

#endif

/* An activation of 16-bit integers, or of answers, by nodes and straight lines; in place. */
#ifndef MLP_EDGE_KERNEL_TABLE_INT16
#define MLP_EDGE_KERNEL_TABLE_INT16

static inline void mlp_edge_table_int16(const uint16_t *nodes, uint8_t shift, size_t count,
                                        uint16_t *values)
{
    for (size_t i = 0; i < count; i++) {
        values[i] = mlp_edge_between(nodes, shift, values[i]);
    }
}

#endif

/*
 * What results stand for: offset + step * result. The exporter sees to it that the product is
 * exact, so a compiler that fuses it with the sum changes nothing.
 */
#ifndef MLP_EDGE_KERNEL_ANSWER
#define MLP_EDGE_KERNEL_ANSWER

static inline void mlp_edge_answer(const float *offset, const float *step, size_t count,
                                   const uint16_t *results, float *outputs)
{
    for (size_t i = 0; i < count; i++) {
        const float product = MLP_EDGE_READ_FLOAT(&step[i]) * (float)results[i];
        outputs[i] = MLP_EDGE_READ_FLOAT(&offset[i]) + product;
    }
}

#endif

/*
 * From the last layer's results to a class. The exporter has tried every result, so that the class
 * is for certain the one that the predictions stand for.
 */
#ifndef MLP_EDGE_KERNEL_CHOOSE_RESULTS
#define MLP_EDGE_KERNEL_CHOOSE_RESULTS

/* 1 where the result is above the limit, which is -1 where all are, else 0. */
static inline int mlp_edge_result_above(uint16_t result, int32_t limit)
{
    return (int32_t)result > limit;
}

/*
 * The first result that is the largest, or less by no more than `alike`: such ones have the same
 * power in the table, and so the same share (shares.h).
 */
static inline int mlp_edge_largest_result(const uint16_t *results, size_t count, uint16_t alike)
{
    uint16_t largest = 0;
    for (size_t i = 0; i < count; i++) {
        largest = results[i] > largest ? results[i] : largest;
    }
    size_t first = 0;
    while (largest - results[first] > alike) {
        first++;
    }
    return (int)first;
}

#endif

/* Whether a reading is missing that nothing stands in for, or a table is out of reach. */
static inline int pima_int8_rejects(const float *features)
{
#ifdef __AVR_HAVE_ELPM__
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LOW)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_FACTOR)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_TABLE)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_OFFSET)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_STEP)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LAYER1_WEIGHTS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LAYER1_BIAS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LAYER1_MULTIPLIER)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LAYER1_SHIFT)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LAYER2_WEIGHTS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LAYER2_BIAS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LAYER2_MULTIPLIER)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LAYER2_SHIFT)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LAYER3_WEIGHTS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LAYER3_BIAS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LAYER3_MULTIPLIER)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LAYER3_SHIFT)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LAYER3_STRIDE)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LABELS)) { return 1; }
#endif
    return mlp_edge_any_missing(NULL, 8, features);
}

/* From readings to the last layer's results, all of them integers from 0 up. */
static inline void pima_int8_results(const float *features, uint16_t *results)
{
    /* A layer needs only the one before it: they take turns at the two ends of one array. */
    uint8_t memory[20];
    uint8_t *const inputs = memory; /* 8 */
    uint8_t *const layer1 = memory + 8; /* 12 */
    uint8_t *const layer2 = memory; /* 8 */

    mlp_edge_quantise_int8(PIMA_INT8_LOW, PIMA_INT8_FACTOR, 255.0f, 8, features, inputs);
    mlp_edge_dense_int8(PIMA_INT8_LAYER1_WEIGHTS[0], PIMA_INT8_LAYER1_BIAS,
        PIMA_INT8_LAYER1_MULTIPLIER, PIMA_INT8_LAYER1_SHIFT, 8, 12, inputs, layer1);
    mlp_edge_dense_int8(PIMA_INT8_LAYER2_WEIGHTS[0], PIMA_INT8_LAYER2_BIAS,
        PIMA_INT8_LAYER2_MULTIPLIER, PIMA_INT8_LAYER2_SHIFT, 12, 8, layer1, layer2);
    mlp_edge_parts_int8(PIMA_INT8_LAYER3_WEIGHTS[0], PIMA_INT8_LAYER3_BIAS,
        PIMA_INT8_LAYER3_MULTIPLIER, PIMA_INT8_LAYER3_SHIFT, PIMA_INT8_LAYER3_STRIDE, 4, 8, 1,
        layer2, results);
}

void pima_int8_predict(const float *features, float *outputs)
{
    if (pima_int8_rejects(features)) {
        mlp_edge_reject(outputs, 1); /* NaN */
        return;
    }
    uint16_t results[1];
    pima_int8_results(features, results);
    mlp_edge_table_int16(PIMA_INT8_TABLE, 3, 1, results);
    mlp_edge_answer(PIMA_INT8_OFFSET, PIMA_INT8_STEP, 1, results, outputs);
}

int pima_int8_classify(const float *features)
{
    if (pima_int8_rejects(features)) {
        return -1;
    }
    uint16_t results[1];
    pima_int8_results(features, results);
    return mlp_edge_result_above(results[0], 472);
}

mlp_edge_text pima_int8_label(int index)
{
    const int known = index >= 0 && index < PIMA_INT8_CLASSES;
    return (mlp_edge_text)PIMA_INT8_LABELS[known ? index : PIMA_INT8_CLASSES];
}

#ifdef PIMA_INT8_SELFTEST
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

/* Readings, as the bits of float32 numbers; NaN is a missing one. */
static const uint32_t PIMA_INT8_GOLDEN[6][8] MLP_EDGE_FLASH = {
    /* 1, every reading at its lowest */
    {0x00000000u, 0x00000000u, 0x00000000u, 0x00000000u, 0x00000000u, 0x00000000u, 0x3d9fbe77u,
     0x41a80000u},
    /* 2, in the middle */
    {0x41080000u, 0x42c70000u, 0x42740000u, 0x42460000u, 0x43d38000u, 0x42063333u, 0x3f9fdf3cu,
     0x424c0000u},
    /* 3, at its highest */
    {0x41880000u, 0x43470000u, 0x42f40000u, 0x42c60000u, 0x44538000u, 0x42863333u, 0x401ae148u,
     0x42a20000u},
    /* 4, lowest and highest in turn */
    {0x00000000u, 0x43470000u, 0x00000000u, 0x42c60000u, 0x00000000u, 0x42863333u, 0x3d9fbe77u,
     0x42a20000u},
    /* 5, highest and lowest in turn */
    {0x41880000u, 0x00000000u, 0x42f40000u, 0x00000000u, 0x44538000u, 0x00000000u, 0x401ae148u,
     0x41a80000u},
    /* 6, [0] missing */
    {0x7fc00000u, 0x42c70000u, 0x42740000u, 0x42460000u, 0x43d38000u, 0x42063333u, 0x3f9fdf3cu,
     0x424c0000u},
};
/* What pima_int8_predict answers to each. */
static const uint32_t PIMA_INT8_GOLDEN_ANSWERS[6][1] MLP_EDGE_FLASH = {
    {0x3a440000u},
    {0x3f080e00u},
    {0x3f7fbd00u},
    {0x3f7d1f00u},
    {0x3c408000u},
    {0x7fc00000u},
};

int pima_int8_selftest(void)
{
    for (int row = 0; row < 6; row++) {
        float features[8], outputs[1];
        for (size_t i = 0; i < 8; i++) {
            features[i] = mlp_edge_golden(&PIMA_INT8_GOLDEN[row][i]);
        }
        pima_int8_predict(features, outputs);
        for (size_t i = 0; i < 1; i++) {
            const uint32_t expected = MLP_EDGE_READ_BITS(&PIMA_INT8_GOLDEN_ANSWERS[row][i]);
            const int right = mlp_edge_same(outputs[i], expected);
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
mlp-edge-seal sha256:218e7ea9aae864a14d224de277066740c37dc5a8daf237f59bb95bb573855ceb */
/* The model's card, for programs that read this file. */
/* mlp-edge-card {"name": "pima_int8", "features": [{"name": "pregnancies", "low": 0.0, "high": 17.0}, {"name": "glucose", "low": 0.0, "high": 199.0}, {"name": "pressure", "low": 0.0, "high": 122.0}, {"name": "skin", "low": 0.0, "high": 99.0}, {"name": "insulin", "low": 0.0, "high": 846.0}, {"name": "bmi", "low": 0.0, "high": 67.0999984741211}, {"name": "pedigree", "low": 0.07800000160932541, "high": 2.4200000762939453}, {"name": "age", "low": 21.0, "high": 81.0}], "targets": ["diabetes"], "labels": ["0", "1"], "task": "binary", "threshold": 0.5, "weights_sha256": "48cb8ba37a16c24a5126e4319c6dfd50859d7c8f5f93122fb69ff62506332cd3", "version": "0.1.0", "dtype": "int8", "format": 3} */
