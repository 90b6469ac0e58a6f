/*
 * pima_int8: a multilayer perceptron in one file, for C99, C++11 and Arduino
 *
 * SPDX-FileCopyrightText: mlp-edge contributors
 * SPDX-License-Identifier: MIT-0
 * The tables and the code generated for this model are yours; the kernels are MIT-0: nothing has to
 * be attributed, neither in source nor in binaries.
 *
 *   layers    8-12-8-1 (relu, relu, sigmoid), 221 weights and biases, int8
 *   written   by mlp-edge 0.1.0: mlp-edge export --format c --dtype int8 --name pima
 *   weights   sha256 48cb8ba37a16c24a5126e4319c6dfd50859d7c8f5f93122fb69ff62506332cd3
 *   tables    661 bytes on AVR, 681 elsewhere; in flash on AVR and ESP8266
 *   stack     of pima_int8_predict, at most, with gcc -Os: 70 bytes on AVR, 172 on Cortex-M0,
 *             210 on Cortex-M3, 173 on Cortex-M4, 234 on RV32
 *
 * Use:
 *
 *   #include "pima_int8.h"
 *   float features[PIMA_INT8_INPUTS] = { ... };  raw readings, in the order below
 *   float probability;
 *   pima_int8_predict(features, &probability);
 *   int label = pima_int8_classify(features);  one of PIMA_INT8_CLASS_..., or -1: no prediction
 *   pima_int8_label(label)                     its text; on AVR a string in flash (PROGMEM)
 *
 * Include this header as is in exactly one source file. In every other, write
 *
 *   #define PIMA_INT8_DECLARE_ONLY
 *
 * before the #include, to get the constants and the functions without another copy of the tables.
 *
 * #define PIMA_INT8_SELFTEST in the one source file adds pima_int8_selftest(), which returns 0 if
 * this chip, with these compiler flags, predicts what it should, otherwise the number of the first
 * row that it gets wrong.
 *
 * Features, in the units of the training table, with their ranges there:
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
 * A reading that is NaN is missing: the prediction is NaN.
 *
 * Counts, of pima_int8_predict_raw and pima_int8_classify_raw, are integers of 16 bits. INT16_MIN
 * is a missing reading; any other count is the reading itself, as of an ADC.
 *
 * Outputs, of "diabetes":
 *
 *   [0] probability of "1"
 *   The class is "1" where probability > PIMA_INT8_THRESHOLD, both float,
 *   otherwise "0".
 */
#ifndef PIMA_INT8_H
#define PIMA_INT8_H

#include <stdint.h>

#define PIMA_INT8_NAME "pima_int8"
#define PIMA_INT8_DTYPE "int8"
#define PIMA_INT8_WEIGHTS_SHA256 \
    "48cb8ba37a16c24a5126e4319c6dfd50859d7c8f5f93122fb69ff62506332cd3"
#define PIMA_INT8_INPUTS 8
#define PIMA_INT8_OUTPUTS 1
#define PIMA_INT8_LAYERS 3
#define PIMA_INT8_LAYER1_INPUTS 8
#define PIMA_INT8_LAYER1_OUTPUTS 12
#define PIMA_INT8_LAYER2_INPUTS 12
#define PIMA_INT8_LAYER2_OUTPUTS 8
#define PIMA_INT8_LAYER3_INPUTS 8
#define PIMA_INT8_LAYER3_OUTPUTS 1
#define PIMA_INT8_RAW_MISSING (-32767 - 1) /* INT16_MIN */
#define PIMA_INT8_RAW_OFFSET 0.0f
#define PIMA_INT8_RAW_STEP 1.52587891e-05f
#define PIMA_INT8_RAW_ONE 65536L /* the output that stands for 1 */
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

/*
 * A string in flash. In an Arduino sketch for AVR or ESP8266 it has the type of F("..."), which
 * print() accepts.
 */
#ifndef MLP_EDGE_TEXT
#define MLP_EDGE_TEXT
#if (defined(__AVR__) || defined(ESP8266)) && defined(ARDUINO) && defined(__cplusplus)
class __FlashStringHelper;
typedef const __FlashStringHelper *mlp_edge_text;
#else
typedef const char *mlp_edge_text;
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Predicts: 8 raw readings in, 1 output out. The two arrays must not overlap.
 * It keeps nothing between calls, so several tasks may call it at once.
 */
void pima_int8_predict(const float *features, float *outputs);

/*
 * The same without a float: 8 counts in, 1 output out. A prediction is PIMA_INT8_RAW_OFFSET +
 * PIMA_INT8_RAW_STEP * output. No output is below 0 but -1, where there is no prediction.
 */
void pima_int8_predict_raw(const int16_t *counts, int32_t *outputs);

/*
 * The class that pima_int8_predict's output stands for, or -1 if it is not finite.
 * Integers are compared; no prediction is computed.
 */
int pima_int8_classify(const float *features);

/* The class that pima_int8_predict_raw's output stands for, or -1 if there is no prediction. */
int pima_int8_classify_raw(const int16_t *counts);

/* The label of a class, UTF-8, in flash; "" for any other number. */
mlp_edge_text pima_int8_label(int index);

#ifdef PIMA_INT8_SELFTEST
/* Predicts golden rows: 0 where all are right, else the number of the first wrong one. */
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

/*
 * Tables live in flash. On AVR and ESP8266 a plain `const` table is copied to RAM at start-up, so
 * there it is PROGMEM, which is read with instructions of its own. Elsewhere `const` is enough.
 */
#ifndef MLP_EDGE_KERNELS
#define MLP_EDGE_KERNELS 43 /* raised whenever a kernel changes */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __AVR__
#include <avr/pgmspace.h>
#define MLP_EDGE_FLASH PROGMEM
#elif defined(ESP8266) && defined(ARDUINO)
#include <pgmspace.h>
#define MLP_EDGE_FLASH PROGMEM
#elif defined(__ARM_FEATURE_DSP)
#define MLP_EDGE_FLASH __attribute__((aligned(4))) /* two words are read at once */
#else
#define MLP_EDGE_FLASH
#endif

/*
 * Whether a table can be read. On AVR a pointer has 16 bits and reaches the first 64 kB of flash;
 * on a chip with more, tables may lie beyond. The linker knows the address, so the check costs a
 * few cycles there and nothing on other chips.
 */
#ifdef __AVR_HAVE_ELPM__
#define MLP_EDGE_IN_REACH(table) (pgm_get_far_address(table) + sizeof(table) <= 0x10000)
#else
#define MLP_EDGE_IN_REACH(table) 1
#endif

/* Whether there is assembly for AVRs, which has tables of its own. */
#if defined(__AVR_HAVE_MUL__) && !defined(__clang__) && !defined(MLP_EDGE_PLAIN_C)
#define MLP_EDGE_AVR
#endif

/*
 * Kernels in assembly change all registers of an AVR, and most of a Cortex-M. Who calls one has to
 * save them, which takes longer than what stands between a model's own function and them. On
 * RISC-V and on a Cortex-M without a float unit, kernels become smaller and quicker by what their
 * caller knows: the size of a layer.
 */
#if defined(__AVR_HAVE_MUL__) || defined(__riscv) || defined(__SOFTFP__) \
    || (defined(__ARM_FEATURE_DSP) && __ARM_ARCH_PROFILE == 'M')
#define MLP_EDGE_INLINED __attribute__((always_inline))
#else
#define MLP_EDGE_INLINED
#endif

#elif MLP_EDGE_KERNELS != 43
#error "these models were exported by different versions of mlp-edge: export them with one"
#endif

/*
 * Which instructions a Cortex-M has: MLP_EDGE_THUMB_1 for those of a Cortex-M0, MLP_EDGE_THUMB for
 * those of a Cortex-M3 and later, MLP_EDGE_DSP for SMLAD and the like, MLP_EDGE_FLOAT_UNIT for
 * floats. Kernels that use them give the bits of the C beside them; MLP_EDGE_PLAIN_C selects the C.
 */
#ifndef MLP_EDGE_KERNEL_CORTEX_THUMB
#define MLP_EDGE_KERNEL_CORTEX_THUMB

#if defined(__ARM_ARCH_PROFILE) && defined(__ARMEL__) && defined(__GNUC__) \
    && !defined(MLP_EDGE_PLAIN_C)
#if __ARM_ARCH_PROFILE == 'M' && !defined(__thumb2__)
#define MLP_EDGE_THUMB_1
#elif __ARM_ARCH_PROFILE == 'M'
#define MLP_EDGE_THUMB
#if defined(__ARM_FEATURE_DSP) && defined(__ARM_FEATURE_UNALIGNED)
#define MLP_EDGE_DSP
#endif
#if defined(__ARM_FP) && __ARM_FP & 4
#define MLP_EDGE_FLOAT_UNIT
#endif
#endif
#endif

/* What is worth a copy wherever it is called, as little is left of it there. */
#ifdef MLP_EDGE_DSP
#define MLP_EDGE_DSP_INLINED __attribute__((always_inline))
#else
#define MLP_EDGE_DSP_INLINED
#endif

#endif

/*
 * By what int8 requantises a pre-activation: multiplier / 2^shift, less than 1. SMMULR multiplies
 * by a fraction and rounds, so where there is such, a table holds both in one number.
 */
#ifndef MLP_EDGE_MULTIPLIER

#ifdef MLP_EDGE_DSP
#define MLP_EDGE_MULTIPLIER(multiplier, shift) ((multiplier) * ((int32_t)1 << (31 - (shift))))
typedef int32_t mlp_edge_multiplier;
#else
#define MLP_EDGE_MULTIPLIER(multiplier, shift) (multiplier)
typedef uint16_t mlp_edge_multiplier;
#endif

#endif

/* Reads one number of a table. Every model defines the readers it needs, all of them alike. */
#if defined(__AVR__) || (defined(ESP8266) && defined(ARDUINO))
#define MLP_EDGE_READ_INT8(address) ((int8_t)pgm_read_byte(address))
#define MLP_EDGE_READ_UINT8(address) pgm_read_byte(address)
#define MLP_EDGE_READ_INT16(address) ((int16_t)pgm_read_word(address))
#define MLP_EDGE_READ_UINT16(address) pgm_read_word(address)
#define MLP_EDGE_READ_INT32(address) ((int32_t)pgm_read_dword(address))
#define MLP_EDGE_READ_BITS(address) pgm_read_dword(address)
#else
#define MLP_EDGE_READ_INT8(address) (*(address))
#define MLP_EDGE_READ_UINT8(address) (*(address))
#define MLP_EDGE_READ_INT16(address) (*(address))
#define MLP_EDGE_READ_UINT16(address) (*(address))
#define MLP_EDGE_READ_INT32(address) (*(address))
#define MLP_EDGE_READ_BITS(address) (*(address))
#endif
#ifdef __AVR__
#define MLP_EDGE_READ_FLOAT(address) pgm_read_float(address)
#else
#define MLP_EDGE_READ_FLOAT(address) (*(address)) /* aligned: a plain load on ESP8266, too */
#endif

/*
 * How counts of a feature become integers. From `low` on, `span` further, they are on a line:
 * (factor * (reading - low) + start) / 2^shift, whose factor is below 0 where the line falls.
 */
#ifndef MLP_EDGE_RAW_LINE
#define MLP_EDGE_RAW_LINE

typedef struct {
    int16_t low;
    uint16_t span;
    int32_t factor;
    uint32_t start;
} mlp_edge_raw_line;

#endif

/* Quantised inputs: (x - low) * factor, rounded, 0 to 255. */
static const float PIMA_INT8_LOW[8] MLP_EDGE_FLASH = {
    -1.70000005f, -19.8999996f, -12.1999998f, -9.89999962f, -84.5999985f, -6.71000004f,
    -0.156200007f, 15.0f,
};
static const float PIMA_INT8_FACTOR[8] MLP_EDGE_FLASH = {
    12.5f, 1.06783915f, 1.74180329f, 2.14646459f, 0.25118202f, 3.16691518f, 90.7344131f,
    3.54166675f,
};

/* Counts: low, span, factor * 2^16, start * 2^16. */
static const mlp_edge_raw_line PIMA_INT8_RAW[8] MLP_EDGE_FLASH = {
    {-1, 19, 819200, 589824u}, /* "pregnancies" */
    {-19, 237, 69979, 95549u}, /* "glucose" */
    {-11, 144, 114136, 170088u}, /* "pressure" */
    {-9, 117, 140684, 158160u}, /* "skin" */
    {-82, 1010, 16461, 75769u}, /* "insulin" */
    {-6, 79, 207531, 174762u}, /* "bmi" */
    {0, 2, 5963776, 917504u}, /* "pedigree" */
    {16, 70, 232107, 264854u}, /* "age" */
};

/* Counts whose integer is one above the line, by feature. */
static const int16_t PIMA_INT8_RAW_LISTED[1] MLP_EDGE_FLASH = {
    51,
};

/* Layer 1, relu: [neuron][input], 12 x 8 */
#ifndef MLP_EDGE_AVR
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
/* Requantisation: pre-activation * multiplier / 2^shift, rounded, 0 to 255. */
static const mlp_edge_multiplier PIMA_INT8_LAYER1_MULTIPLIER[12] MLP_EDGE_FLASH = {
    MLP_EDGE_MULTIPLIER(723, 16), MLP_EDGE_MULTIPLIER(751, 16), MLP_EDGE_MULTIPLIER(553, 17),
    MLP_EDGE_MULTIPLIER(597, 16), MLP_EDGE_MULTIPLIER(999, 17), MLP_EDGE_MULTIPLIER(689, 17),
    MLP_EDGE_MULTIPLIER(539, 17), MLP_EDGE_MULTIPLIER(917, 18), MLP_EDGE_MULTIPLIER(591, 17),
    MLP_EDGE_MULTIPLIER(765, 16), MLP_EDGE_MULTIPLIER(697, 17), MLP_EDGE_MULTIPLIER(557, 17),
};
static const uint8_t PIMA_INT8_LAYER1_SHIFT[12] MLP_EDGE_FLASH = {
    16, 16, 17, 16, 17, 17, 17, 18, 17, 16, 17, 17,
};
#else
/* The same for assembly: four neurons a row, bytes in the order in which they are needed. */
static const int8_t PIMA_INT8_LAYER1_FOURS[3][56] MLP_EDGE_FLASH = {
    /* 0 */ {-5, 77, 0, -19, -29, -1, -81, 1, 0, -127, 53, 0, -42, -2, 56, -39, -58, -18, -109,
             -18, 55, 127, -39, -18, 21, 40, 22, 10, -127, -75, 93, 77, -65, 48, 127, 3, 18, -111,
             -4, -6, -73, -81, -59, -127, -45, 2, 0, -17, 2, 0, 64, -118, 4, 85, 2, 0},
    /* 1 */ {-20, 52, 0, -64, -64, -1, -92, -55, -1, -50, 61, 0, 7, -122, 73, 80, 31, 54, -42, -93,
             -32, 64, 33, -36, 81, -34, 126, 91, -49, 127, -115, 127, -127, 37, 74, -109, -111,
             -23, 81, -7, 48, 48, -73, -32, -64, -7, 4, 64, -84, 4, -64, -122, 4, 64, -27, 1},
    /* 2 */ {26, -51, -1, 99, -21, -1, -106, 127, 0, -53, 79, -1, 57, -14, 20, 28, 109, 60, -67,
             60, -127, -30, -127, 84, 125, -80, 42, 73, -41, -103, -61, 127, 70, 127, -80, 118,
             -47, 2, -5, -57, 18, -63, 81, 16, -64, -109, 4, -3, 2, 0, 64, -82, 4, 64, -117, 4},
};
#endif

/* Layer 2, relu: [neuron][input], 8 x 12 */
#ifndef MLP_EDGE_AVR
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
/* Requantisation: pre-activation * multiplier / 2^shift, rounded, 0 to 255. */
static const mlp_edge_multiplier PIMA_INT8_LAYER2_MULTIPLIER[8] MLP_EDGE_FLASH = {
    MLP_EDGE_MULTIPLIER(545, 14), MLP_EDGE_MULTIPLIER(921, 16), MLP_EDGE_MULTIPLIER(703, 15),
    MLP_EDGE_MULTIPLIER(949, 17), MLP_EDGE_MULTIPLIER(877, 13), MLP_EDGE_MULTIPLIER(569, 17),
    MLP_EDGE_MULTIPLIER(857, 17), MLP_EDGE_MULTIPLIER(601, 15),
};
static const uint8_t PIMA_INT8_LAYER2_SHIFT[8] MLP_EDGE_FLASH = {
    14, 16, 15, 17, 13, 17, 17, 15,
};
#else
/* The same for assembly: four neurons a row, bytes in the order in which they are needed. */
static const int8_t PIMA_INT8_LAYER2_FOURS[2][72] MLP_EDGE_FLASH = {
    /* 0 */ {53, -1, -1, -38, 1, 0, 83, 0, 0, 68, -3, -1, 9, -5, -15, -13, -30, -5, 22, -127, -126,
             75, -127, -3, -65, 17, -3, -8, 44, -43, -15, 22, -33, 0, 25, -76, -99, -45, 46, 78,
             41, -11, -4, -72, -23, -11, 21, 95, -22, 38, 35, 7, -6, -127, 9, -46, -87, -21, -58,
             7, -124, 8, 0, -103, 3, 0, 126, 5, 0, 64, -19, 4},
    /* 1 */ {-116, -2, -1, 110, 2, 0, 39, 5, 0, 2, 4, 0, 16, 15, -77, 26, -38, -20, -22, 55, -108,
             121, -72, -127, -20, 43, -6, 50, 10, -40, -126, -8, -26, -41, 37, -50, 0, -35, 34,
             -49, -57, -89, 14, -86, 26, 55, 24, -28, 16, -13, 17, -42, -96, 93, -18, 80, -127,
             127, 125, 7, 104, 27, 0, 64, -114, 4, 64, -42, 4, -78, 4, 0},
};
#endif

/* Layer 3, sigmoid: [neuron][input], 1 x 8 */
static const int8_t PIMA_INT8_LAYER3_WEIGHTS[1][8] MLP_EDGE_FLASH = {
    /* 0 */ {86, -119, 74, 127, 19, -71, 122, -73},
};
static const int32_t PIMA_INT8_LAYER3_BIAS[1] MLP_EDGE_FLASH = {
    40078,
};
/* Requantisation: pre-activation * multiplier / 2^shift, rounded, 0 to 255. */
static const mlp_edge_multiplier PIMA_INT8_LAYER3_MULTIPLIER[1] MLP_EDGE_FLASH = {
    MLP_EDGE_MULTIPLIER(749, 16),
};
static const uint8_t PIMA_INT8_LAYER3_SHIFT[1] MLP_EDGE_FLASH = {
    16,
};
/* An output adds up 4 segments, each this far above the last. */
static const int32_t PIMA_INT8_LAYER3_SEGMENT_OFFSET[1] MLP_EDGE_FLASH = {
    22312,
};

/* sigmoid of a quantised pre-activation, one entry per 8, interpolated. */
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

/* Predictions: offset + step * quantised output. */
static const float PIMA_INT8_OFFSET[1] MLP_EDGE_FLASH = {
    0.0f,
};
static const float PIMA_INT8_STEP[1] MLP_EDGE_FLASH = {
    1.52587891e-05f,
};

/* Labels in UTF-8; the last one is for an index that is no class. */
static const char PIMA_INT8_LABELS[3][2] MLP_EDGE_FLASH = {
    "0",
    "1",
    ""
};

/* The kernels that the functions call; they are defined below. */
static inline int mlp_edge_any_missing(const float *sentinels, size_t count, const float *x);
static inline void mlp_edge_reject(float *values, size_t count);
static inline void mlp_edge_quantise_int8(const float *low, const float *factor, float high,
                                          size_t count, const float *x, uint8_t *y);
static inline void mlp_edge_dense_int8(const int8_t *weights, const int32_t *bias,
    const mlp_edge_multiplier *multiplier, const uint8_t *shift, size_t inputs, size_t outputs,
    const uint8_t *x, uint8_t *y);
static inline void mlp_edge_segments_int8(const int8_t *weights, const int32_t *bias,
    const mlp_edge_multiplier *multiplier, const uint8_t *shift, const int32_t *offset,
    uint8_t segments, size_t inputs, size_t outputs, const uint8_t *x, uint16_t *y);
static inline void mlp_edge_activation_int16(const uint16_t *table, uint8_t shift, size_t count,
                                             uint16_t *values);
static inline void mlp_edge_dequantise(const float *offset, const float *step, size_t count,
                                       const uint16_t *quantised, float *outputs);
#ifdef MLP_EDGE_AVR
static inline void mlp_edge_avr_fours_int8(
    const int8_t *table, uint8_t inputs, uint8_t fours, const void *x, uint8_t *y, uint8_t bytes);
#endif
static inline int mlp_edge_quantised_above(uint32_t output, int32_t limit);
static inline int mlp_edge_quantise_raw_int8(const mlp_edge_raw_line *lines, uint8_t shift,
    uint16_t high, size_t count, const int16_t *x, uint8_t *y);
static inline uint8_t mlp_edge_listed_raw(const int16_t *list, uint8_t count, int16_t reading);
static inline void mlp_edge_output_raw(size_t count, const uint16_t *quantised, int32_t *outputs);
static inline void mlp_edge_reject_raw(int32_t *outputs, size_t count);

/* Whether there is no prediction: a reading without a fill is missing, or a table out of reach. */
MLP_EDGE_INLINED
static inline int pima_int8_rejects(const float *features)
{
#ifdef __AVR_HAVE_ELPM__
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LOW)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_FACTOR)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_TABLE)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_OFFSET)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_STEP)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LAYER3_WEIGHTS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LAYER3_BIAS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LAYER3_MULTIPLIER)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LAYER3_SHIFT)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LAYER3_SEGMENT_OFFSET)) { return 1; }
#ifdef MLP_EDGE_AVR
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LAYER1_FOURS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LAYER2_FOURS)) { return 1; }
#else
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LAYER1_WEIGHTS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LAYER1_BIAS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LAYER1_MULTIPLIER)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LAYER1_SHIFT)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LAYER2_WEIGHTS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LAYER2_BIAS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LAYER2_MULTIPLIER)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LAYER2_SHIFT)) { return 1; }
#endif
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LABELS)) { return 1; }
#endif
    return mlp_edge_any_missing(NULL, PIMA_INT8_INPUTS, features);
}

/* Each layer reads the one before it: they take turns at the two ends of one array. */
enum { PIMA_INT8_MEMORY = PIMA_INT8_LAYER1_INPUTS + PIMA_INT8_LAYER1_OUTPUTS };

/* From readings to the inputs of layer 1. */
MLP_EDGE_INLINED
static inline void pima_int8_quantise(const float *features, uint8_t *memory)
{
    uint8_t *const inputs = memory;
    mlp_edge_quantise_int8(PIMA_INT8_LOW, PIMA_INT8_FACTOR, 255.0f, PIMA_INT8_LAYER1_INPUTS,
        features, inputs);
}

/* From there to the quantised outputs of the last layer, integers from 0 up. */
MLP_EDGE_INLINED
static inline void pima_int8_layers(uint8_t *memory, uint16_t *quantised)
{
    uint8_t *const inputs = memory;
    uint8_t *const layer1 = memory + PIMA_INT8_MEMORY - PIMA_INT8_LAYER1_OUTPUTS;
    uint8_t *const layer2 = memory;

#ifdef MLP_EDGE_AVR
    mlp_edge_avr_fours_int8(PIMA_INT8_LAYER1_FOURS[0], PIMA_INT8_LAYER1_INPUTS,
        PIMA_INT8_LAYER1_OUTPUTS / 4, inputs, layer1, 1);
#else
    mlp_edge_dense_int8(PIMA_INT8_LAYER1_WEIGHTS[0], PIMA_INT8_LAYER1_BIAS,
        PIMA_INT8_LAYER1_MULTIPLIER, PIMA_INT8_LAYER1_SHIFT, PIMA_INT8_LAYER1_INPUTS,
        PIMA_INT8_LAYER1_OUTPUTS, inputs, layer1);
#endif
#ifdef MLP_EDGE_AVR
    mlp_edge_avr_fours_int8(PIMA_INT8_LAYER2_FOURS[0], PIMA_INT8_LAYER2_INPUTS,
        PIMA_INT8_LAYER2_OUTPUTS / 4, layer1, layer2, 1);
#else
    mlp_edge_dense_int8(PIMA_INT8_LAYER2_WEIGHTS[0], PIMA_INT8_LAYER2_BIAS,
        PIMA_INT8_LAYER2_MULTIPLIER, PIMA_INT8_LAYER2_SHIFT, PIMA_INT8_LAYER2_INPUTS,
        PIMA_INT8_LAYER2_OUTPUTS, layer1, layer2);
#endif
    mlp_edge_segments_int8(PIMA_INT8_LAYER3_WEIGHTS[0], PIMA_INT8_LAYER3_BIAS,
        PIMA_INT8_LAYER3_MULTIPLIER, PIMA_INT8_LAYER3_SHIFT, PIMA_INT8_LAYER3_SEGMENT_OFFSET,
        4, PIMA_INT8_LAYER3_INPUTS, PIMA_INT8_LAYER3_OUTPUTS, layer2, quantised);
}

void pima_int8_predict(const float *features, float *outputs)
{
    if (pima_int8_rejects(features)) {
        mlp_edge_reject(outputs, PIMA_INT8_OUTPUTS); /* NaN */
        return;
    }
    uint8_t memory[PIMA_INT8_MEMORY];
    uint16_t quantised[PIMA_INT8_OUTPUTS];
    pima_int8_quantise(features, memory);
    pima_int8_layers(memory, quantised);
    mlp_edge_activation_int16(PIMA_INT8_TABLE, 3, PIMA_INT8_OUTPUTS, quantised);
    mlp_edge_dequantise(PIMA_INT8_OFFSET, PIMA_INT8_STEP, PIMA_INT8_OUTPUTS, quantised, outputs);
}

/* From counts to the inputs of layer 1; 1 where one without a fill is missing, otherwise 0. */
MLP_EDGE_INLINED
static inline int pima_int8_quantise_raw(const int16_t *counts, uint8_t *memory)
{
#ifdef __AVR_HAVE_ELPM__
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_RAW)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_RAW_LISTED)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_TABLE)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LAYER3_WEIGHTS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LAYER3_BIAS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LAYER3_MULTIPLIER)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LAYER3_SHIFT)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LAYER3_SEGMENT_OFFSET)) { return 1; }
#ifdef MLP_EDGE_AVR
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LAYER1_FOURS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LAYER2_FOURS)) { return 1; }
#else
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LAYER1_WEIGHTS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LAYER1_BIAS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LAYER1_MULTIPLIER)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LAYER1_SHIFT)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LAYER2_WEIGHTS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LAYER2_BIAS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LAYER2_MULTIPLIER)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LAYER2_SHIFT)) { return 1; }
#endif
    if (!MLP_EDGE_IN_REACH(PIMA_INT8_LABELS)) { return 1; }
#endif
    uint8_t *const inputs = memory;
    int missing = 0;
    missing |= mlp_edge_quantise_raw_int8(PIMA_INT8_RAW, 0, 255, PIMA_INT8_INPUTS, counts, inputs);
    inputs[7] = (uint8_t)(inputs[7] + mlp_edge_listed_raw(PIMA_INT8_RAW_LISTED, 1, counts[PIMA_INT8_FEATURE_AGE]));
    return missing;
}

void pima_int8_predict_raw(const int16_t *counts, int32_t *outputs)
{
    uint8_t memory[PIMA_INT8_MEMORY];
    uint16_t quantised[PIMA_INT8_OUTPUTS];
    if (pima_int8_quantise_raw(counts, memory)) {
        mlp_edge_reject_raw(outputs, PIMA_INT8_OUTPUTS); /* -1 */
        return;
    }
    pima_int8_layers(memory, quantised);
    mlp_edge_activation_int16(PIMA_INT8_TABLE, 3, PIMA_INT8_OUTPUTS, quantised);
    mlp_edge_output_raw(PIMA_INT8_OUTPUTS, quantised, outputs);
}

int pima_int8_classify_raw(const int16_t *counts)
{
    uint8_t memory[PIMA_INT8_MEMORY];
    uint16_t quantised[PIMA_INT8_OUTPUTS];
    if (pima_int8_quantise_raw(counts, memory)) {
        return -1;
    }
    pima_int8_layers(memory, quantised);
    return mlp_edge_quantised_above(quantised[0], 472);
}

int pima_int8_classify(const float *features)
{
    if (pima_int8_rejects(features)) {
        return -1;
    }
    uint8_t memory[PIMA_INT8_MEMORY];
    uint16_t quantised[PIMA_INT8_OUTPUTS];
    pima_int8_quantise(features, memory);
    pima_int8_layers(memory, quantised);
    return mlp_edge_quantised_above(quantised[0], 472);
}

mlp_edge_text pima_int8_label(int index)
{
    const int known = index >= 0 && index < PIMA_INT8_CLASSES;
    return (mlp_edge_text)PIMA_INT8_LABELS[known ? index : PIMA_INT8_CLASSES];
}

/* The kernels that this network needs. Models in one source file share them, hence the guards. */

/* Whether one of 4 * `fours` numbers is NaN; `fours` is above zero. */
#ifndef MLP_EDGE_KERNEL_CORTEX_ANY_NAN
#define MLP_EDGE_KERNEL_CORTEX_ANY_NAN

#ifdef MLP_EDGE_THUMB

/* Without its sign, NaN is above infinity: with 0xffffff added, twice its bits carry. */
MLP_EDGE_DSP_INLINED
static inline int mlp_edge_thumb_any_nan(const float *x, size_t fours)
{
    __asm__ volatile(
        "0:\n"
        "ldm %[x]!, {r2-r5}\n"
        "cmn %[beyond], r2, lsl #1\n"
        "ittt cc\n"
        "cmncc %[beyond], r3, lsl #1\n"
        "cmncc %[beyond], r4, lsl #1\n"
        "cmncc %[beyond], r5, lsl #1\n"
        "bcs 1f\n"
        "subs %[fours], %[fours], #1\n"
        "bne 0b\n"
        "1:\n"
        : [x] "+r"(x), [fours] "+r"(fours)
        : [beyond] "r"(0xffffffu)
        : "r2", "r3", "r4", "r5", "cc", "memory");
    return fours > 0;
}

#endif

#endif

/*
 * The bits of a float, as IEEE 754 writes it. Without a float unit a comparison of floats is a
 * call; of bits it is a few instructions. Apart from the sign, the topmost bit, a larger number has
 * larger bits, and whatever is beyond infinity, 0x7f800000, is NaN.
 */
#ifndef MLP_EDGE_KERNEL_BITS
#define MLP_EDGE_KERNEL_BITS

/* Defined where every operation on floats is a call. */
#if defined(__AVR__) || defined(__SOFTFP__) || defined(__XTENSA_SOFT_FLOAT__) \
    || (defined(__riscv) && !defined(__riscv_flen))
#define MLP_EDGE_SOFT_FLOAT
#endif

/*
 * Defined where a product and its sum are rounded once: a Cortex-M with a float unit. Its last
 * digits may differ from those of chips that round twice.
 */
#if defined(__ARM_FEATURE_FMA) && defined(__ARM_ARCH_PROFILE) && defined(__GNUC__)
#if __ARM_ARCH_PROFILE == 'M'
#define MLP_EDGE_FUSED
#endif
#endif

#define MLP_EDGE_SIGN 0x80000000u
#define MLP_EDGE_INFINITY 0x7f800000u

static inline uint32_t mlp_edge_bits(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

#endif

/*
 * Whether a number is NaN. It is read from memory, as bits: of a float passed by value, -ffast-math
 * lets the compiler assume that it is not NaN.
 */
#ifndef MLP_EDGE_KERNEL_NAN
#define MLP_EDGE_KERNEL_NAN

static inline int mlp_edge_nan(const float *x)
{
    const float value = *x;
    return (mlp_edge_bits(value) & ~MLP_EDGE_SIGN) > MLP_EDGE_INFINITY;
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
 * Whether one of these readings is missing. The network is not run then: NaN would pass through the
 * layers by itself, but a sentinel or a category would not.
 */
#ifndef MLP_EDGE_KERNEL_ANY_MISSING
#define MLP_EDGE_KERNEL_ANY_MISSING

MLP_EDGE_DSP_INLINED
static inline int mlp_edge_any_missing(const float *sentinels, size_t count, const float *x)
{
    size_t i = 0;
#ifdef MLP_EDGE_THUMB
    if (sentinels == NULL && count >= 4) {
        if (mlp_edge_thumb_any_nan(x, count / 4)) {
            return 1;
        }
        i = count - count % 4;
    }
#endif
    for (; i < count; i++) {
        if (mlp_edge_missing(sentinels, x, i)) {
            return 1;
        }
    }
    return 0;
}

#endif

/* Sets every value to NaN: there is no prediction. */
#ifndef MLP_EDGE_KERNEL_REJECT
#define MLP_EDGE_KERNEL_REJECT

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

/*
 * The sum of two floats of unlike or like signs, or their difference: digits in r20:r18 and
 * r24:r22, with the 1 in front, exponents in r21 and r25, 1 for a subnormal number. T is set where
 * the signs are unlike. r11 has the sign of the first in bit 7, r10 is 0. The result, rounded half
 * to even, takes the place of the first; its leading digits may be 0 where it is exact. Its
 * exponent is 255 where it is beyond floats. Changes r16, r17, r22 to r25 and Z.
 */
#ifndef MLP_EDGE_KERNEL_AVR_ADD_FLOAT
#define MLP_EDGE_KERNEL_AVR_ADD_FLOAT

#ifdef MLP_EDGE_AVR

MLP_EDGE_AVR_CODE mlp_edge_avr_add_float_code(void)
{
    __asm__ volatile(
        "cp r18, r22       \n"
        "cpc r19, r23      \n"
        "cpc r20, r24      \n"
        "cpc r21, r25      \n"
        "brsh 1f           \n"
        "movw r30, r18     \n" /* the larger one first */
        "movw r18, r22     \n"
        "movw r22, r30     \n"
        "movw r30, r20     \n"
        "movw r20, r24     \n"
        "movw r24, r30     \n"
        "brtc 1f           \n"
        "ldi r16, 0x80     \n"
        "eor r11, r16      \n"
        "1:                \n"
        "mov r17, r21      \n"
        "sub r17, r25      \n"
        "clr r16           \n" /* digits below; bit 0 stands for all beyond */
        "cpi r17, 8        \n"
        "brlo 4f           \n"
        "cpi r17, 32       \n"
        "brlo 2f           \n"
        "ldi r17, 32       \n"
        "2:                \n"
        "cpse r16, r10     \n"
        "ori r22, 1        \n"
        "mov r16, r22      \n"
        "mov r22, r23      \n"
        "mov r23, r24      \n"
        "clr r24           \n"
        "subi r17, 8       \n"
        "cpi r17, 8        \n"
        "brsh 2b           \n"
        "4:                \n"
        "tst r17           \n"
        "breq 7f           \n"
        "5:                \n"
        "lsr r24           \n"
        "ror r23           \n"
        "ror r22           \n"
        "ror r16           \n"
        "brcc 6f           \n"
        "ori r16, 1        \n"
        "6:                \n"
        "dec r17           \n"
        "brne 5b           \n"
        "7:                \n"
        "brts 9f           \n"
        "add r18, r22      \n"
        "adc r19, r23      \n"
        "adc r20, r24      \n"
        "brcc 10f          \n"
        "ror r20           \n"
        "ror r19           \n"
        "ror r18           \n"
        "ror r16           \n"
        "brcc 8f           \n"
        "ori r16, 1        \n"
        "8:                \n"
        "inc r21           \n"
        "rjmp 10f          \n"
        "9:                \n"
        "neg r16           \n"
        "sbc r18, r22      \n"
        "sbc r19, r23      \n"
        "sbc r20, r24      \n"
        "brmi 10f          \n"
        "tst r16           \n"
        "breq 12f          \n"
        "lsl r16           \n"
        "rol r18           \n"
        "rol r19           \n"
        "rol r20           \n"
        "dec r21           \n"
        "10:               \n"
        "cpi r16, 0x80     \n"
        "brlo 12f          \n"
        "brne 11f          \n"
        "sbrs r18, 0       \n"
        "rjmp 12f          \n"
        "11:               \n"
        "sec               \n"
        "adc r18, r10      \n"
        "adc r19, r10      \n"
        "adc r20, r10      \n"
        "brcc 12f          \n"
        "ldi r20, 0x80     \n"
        "inc r21           \n"
        "12:               \n"
        "ret               \n"
        ::: "memory");
}

#endif

#endif

/*
 * mlp_edge_quantise without a function for floats: x - low rounded to a float, its product with the
 * factor rounded to a float, then an integer, rounded half to even. `low` is finite, the factor a
 * normal number above 0; x may be anything.
 *
 *   r3:r2 low   r5:r4 from the next low to the factor   r7:r6 high   r9:r8 inputs to go   r10 zero
 *   r14 bytes of an output   X, Y input and output at hand   r20:r18 digits of x, r21 its exponent
 *   r24:r22, r25 those of low, then of the factor
 */
#ifndef MLP_EDGE_KERNEL_AVR_QUANTISE
#define MLP_EDGE_KERNEL_AVR_QUANTISE

#ifdef MLP_EDGE_AVR

MLP_EDGE_AVR_CODE mlp_edge_avr_quantise_code(void)
{
    __asm__ volatile(
        "push r28          \n"
        "push r29          \n"
        "movw r2, r24      \n"
        "sub r22, r24      \n"
        "sbc r23, r25      \n"
        "subi r22, 4       \n"
        "sbci r23, 0       \n"
        "movw r4, r22      \n"
        "movw r6, r20      \n"
        "movw r8, r18      \n"
        "movw r26, r16     \n"
        "movw r28, r14     \n"
        "mov r14, r12      \n"
        "clr r10           \n"
        "cpse r8, r10      \n" /* r8 counts down r9 times */
        "inc r9            \n"
        "1:                \n"
        "movw r30, r2      \n"
        "lpm r22, Z+       \n"
        "lpm r23, Z+       \n"
        "lpm r24, Z+       \n"
        "lpm r25, Z+       \n"
        "movw r2, r30      \n"
        "ld r18, X+        \n"
        "ld r19, X+        \n"
        "ld r20, X+        \n"
        "ld r21, X+        \n"
        "mov r11, r21      \n"
        "mov r0, r21       \n"
        "eor r0, r25       \n"
        "bst r0, 7         \n" /* x - low: of like signs a difference */
        "brts 2f           \n"
        "set               \n"
        "rjmp 3f           \n"
        "2:                \n"
        "clt               \n"
        "3:                \n"
        "lsl r20           \n" /* the exponent to r21 */
        "rol r21           \n"
        "breq 20f          \n"
        "cpi r21, 255      \n"
        "breq 22f          \n"
        "sec               \n"
        "ror r20           \n"
        "4:                \n"
        "lsl r24           \n"
        "rol r25           \n"
        "breq 21f          \n"
        "sec               \n"
        "ror r24           \n"
        "5:                \n"
        "%~call %x[add]    \n"
        "cpi r21, 255      \n"
        "breq 24f          \n"
        "sbrc r11, 7       \n"
        "rjmp 34f          \n"
        "clr r11           \n"
        "tst r20           \n"
        "brmi 7f           \n"
        "mov r0, r18       \n"
        "or r0, r19        \n"
        "or r0, r20        \n"
        "breq 25f          \n"
        "6:                \n"
        "subi r21, 1       \n" /* r11:r21 goes below 0 for the smallest numbers */
        "sbc r11, r10      \n"
        "lsl r18           \n"
        "rol r19           \n"
        "rol r20           \n"
        "brpl 6b           \n"
        "rjmp 7f           \n"
        "20:               \n"
        "lsr r20           \n" /* zero or subnormal */
        "inc r21           \n"
        "rjmp 4b           \n"
        "21:               \n"
        "lsr r24           \n"
        "inc r25           \n"
        "rjmp 5b           \n"
        "22:               \n"
        "or r20, r19       \n" /* infinite or NaN */
        "or r20, r18       \n"
        "brne 25f          \n"
        "24:               \n"
        "sbrs r11, 7       \n"
        "rjmp 33f          \n"
        "25:               \n"
        "rjmp 34f          \n"
        "7:                \n"
        "movw r30, r2      \n"
        "add r30, r4       \n"
        "adc r31, r5       \n"
        "lpm r22, Z+       \n"
        "lpm r23, Z+       \n"
        "lpm r24, Z+       \n"
        "lpm r25, Z+       \n"
        "lsl r24           \n"
        "rol r25           \n"
        "sec               \n"
        "ror r24           \n"
        "add r21, r25      \n"
        "adc r11, r10      \n"
        "mul r20, r24      \n" /* the product: r31:r30:r17:r16:r13:r12 */
        "movw r30, r0      \n"
        "mul r19, r23      \n"
        "movw r16, r0      \n"
        "mul r18, r22      \n"
        "movw r12, r0      \n"
        "mul r19, r22      \n"
        "add r13, r0       \n"
        "adc r16, r1       \n"
        "adc r17, r10      \n"
        "adc r30, r10      \n"
        "adc r31, r10      \n"
        "mul r18, r23      \n"
        "add r13, r0       \n"
        "adc r16, r1       \n"
        "adc r17, r10      \n"
        "adc r30, r10      \n"
        "adc r31, r10      \n"
        "mul r20, r22      \n"
        "add r16, r0       \n"
        "adc r17, r1       \n"
        "adc r30, r10      \n"
        "adc r31, r10      \n"
        "mul r18, r24      \n"
        "add r16, r0       \n"
        "adc r17, r1       \n"
        "adc r30, r10      \n"
        "adc r31, r10      \n"
        "mul r20, r23      \n"
        "add r17, r0       \n"
        "adc r30, r1       \n"
        "adc r31, r10      \n"
        "mul r19, r24      \n"
        "add r17, r0       \n"
        "adc r30, r1       \n"
        "adc r31, r10      \n"
        "brmi 8f           \n"
        "lsl r13           \n"
        "rol r16           \n"
        "rol r17           \n"
        "rol r30           \n"
        "rol r31           \n"
        "subi r21, 1       \n"
        "sbc r11, r10      \n"
        "8:                \n"
        "or r12, r13       \n" /* rounded to r31:r30:r17 */
        "cpse r12, r10     \n"
        "ori r16, 1        \n"
        "cpi r16, 0x80     \n"
        "brlo 10f          \n"
        "brne 9f           \n"
        "sbrs r17, 0       \n"
        "rjmp 10f          \n"
        "9:                \n"
        "sec               \n"
        "adc r17, r10      \n"
        "adc r30, r10      \n"
        "adc r31, r10      \n"
        "brcc 10f          \n"
        "ldi r31, 0x80     \n"
        "adc r21, r10      \n"
        "adc r11, r10      \n"
        "10:               \n"
        "ldi r18, lo8(276) \n" /* so many bits are fraction */
        "ldi r19, hi8(276) \n"
        "sub r18, r21      \n"
        "sbc r19, r11      \n"
        "brmi 33f          \n"
        "cpse r19, r10     \n"
        "rjmp 34f          \n"
        "cpi r18, 9        \n"
        "brlo 33f          \n"
        "cpi r18, 25       \n"
        "brsh 34f          \n"
        "subi r18, 8       \n"
        "clr r12           \n" /* what is below r17:r16 */
        "cpi r18, 9        \n"
        "brlo 11f          \n"
        "mov r12, r17      \n"
        "mov r17, r30      \n"
        "mov r30, r31      \n"
        "clr r31           \n"
        "11:               \n"
        MLP_EDGE_AVR_POWER("r19", "r18")
        "mul r17, r19      \n"
        "movw r16, r0      \n"
        "mul r30, r19      \n"
        "mov r30, r1       \n"
        "add r17, r0       \n"
        "adc r30, r10      \n"
        "mul r31, r19      \n"
        "mov r31, r1       \n"
        "add r30, r0       \n"
        "adc r31, r10      \n"
        "lsl r17           \n" /* half to even */
        "brcc 14f          \n"
        "or r17, r16       \n"
        "or r17, r12       \n"
        "brne 13f          \n"
        "sbrs r30, 0       \n"
        "rjmp 14f          \n"
        "13:               \n"
        "adiw r30, 1       \n"
        "14:               \n"
        "cp r6, r30        \n"
        "cpc r7, r31       \n"
        "brsh 35f          \n"
        "rjmp 33f          \n"
        "33:               \n"
        "movw r30, r6      \n"
        "rjmp 35f          \n"
        "34:               \n"
        "clr r30           \n"
        "clr r31           \n"
        "35:               \n"
        "st Y+, r30        \n"
        "sbrc r14, 1       \n"
        "st Y+, r31        \n"
        "dec r8            \n"
        "breq 37f          \n"
        "36:               \n"
        "rjmp 1b           \n"
        "37:               \n"
        "dec r9            \n"
        "brne 36b          \n"
        "clr r1            \n"
        "pop r29           \n"
        "pop r28           \n"
        "ret               \n"
        :: [add] "i"(mlp_edge_avr_add_float_code) : "memory");
}

static inline void mlp_edge_avr_quantise(
    const float *low, const float *factor, uint16_t high, size_t count, const float *x, void *y,
    uint8_t bytes)
{
    register const float *r24 __asm__("r24") = low;
    register const float *r22 __asm__("r22") = factor;
    register uint16_t r20 __asm__("r20") = high;
    register size_t r18 __asm__("r18") = count;
    register const float *r16 __asm__("r16") = x;
    register void *r14 __asm__("r14") = y;
    register uint8_t r12 __asm__("r12") = bytes;
    __asm__ volatile("%~call %x[code]"
        : "+r"(r24), "+r"(r22), "+r"(r20), "+r"(r18), "+r"(r16), "+r"(r14), "+r"(r12)
        : [code] "i"(mlp_edge_avr_quantise_code)
        : MLP_EDGE_AVR_CHANGED, "r8", "r9", "r10", "r11", "r13");
}

#endif

#endif

/*
 * Four inputs at a time to r2 to r5, from x at r0, low at r1 and factor at r6: (x - low) * factor,
 * each operation rounded by itself, then to an integer, half to even. VCVTR makes 0 of NaN, and of
 * what does not fit the nearest integer that does.
 */
#ifndef MLP_EDGE_KERNEL_CORTEX_QUANTISE_FOUR
#define MLP_EDGE_KERNEL_CORTEX_QUANTISE_FOUR

#if defined(MLP_EDGE_DSP) && defined(MLP_EDGE_FLOAT_UNIT)
#define MLP_EDGE_QUANTISE_FOUR

#define MLP_EDGE_DSP_ROUND_FOUR                     \
    "vldm r0!, {s0-s3}\n"                           \
    "vldm r1!, {s4-s7}\n"                           \
    "vldm r6!, {s8-s11}\n"                          \
    "vsub.f32 s0, s0, s4\n"                         \
    "vsub.f32 s1, s1, s5\n"                         \
    "vsub.f32 s2, s2, s6\n"                         \
    "vsub.f32 s3, s3, s7\n"                         \
    "vmul.f32 s0, s0, s8\n"                         \
    "vmul.f32 s1, s1, s9\n"                         \
    "vmul.f32 s2, s2, s10\n"                        \
    "vmul.f32 s3, s3, s11\n"                        \
    "vcvtr.s32.f32 s0, s0\n"                        \
    "vcvtr.s32.f32 s1, s1\n"                        \
    "vcvtr.s32.f32 s2, s2\n"                        \
    "vcvtr.s32.f32 s3, s3\n"                        \
    "vmov r2, r3, s0, s1\n"                         \
    "vmov r4, r5, s2, s3\n"
#define MLP_EDGE_DSP_ROUND_CLOBBERS                                                             \
    "r2", "r3", "r4", "r5", "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10",  \
        "s11", "cc", "memory"
#endif

#endif

/* mlp_edge_quantise_int8 of 4 * `fours` inputs with a float unit. */
#ifndef MLP_EDGE_KERNEL_CORTEX_QUANTISE_INT8
#define MLP_EDGE_KERNEL_CORTEX_QUANTISE_INT8

#ifdef MLP_EDGE_QUANTISE_FOUR

MLP_EDGE_DSP_INLINED
static inline void mlp_edge_dsp_quantise_int8(const float *low, const float *factor, uint8_t high,
                                              size_t fours, const float *x, uint8_t *y)
{
    register const float *r0 __asm__("r0") = x;
    register const float *r1 __asm__("r1") = low;
    register const float *r6 __asm__("r6") = factor;
    register uint8_t *r8 __asm__("r8") = y;
    register size_t r10 __asm__("r10") = fours;
    register uint32_t r11 __asm__("r11") = (255u - high) * 0x1010101u;
    __asm__ volatile(
        "0:\n"
        MLP_EDGE_DSP_ROUND_FOUR
        "usat r2, #8, r2\n"
        "usat r3, #8, r3\n"
        "usat r4, #8, r4\n"
        "usat r5, #8, r5\n"
        "orr r2, r2, r3, lsl #8\n"
        "orr r4, r4, r5, lsl #8\n"
        "pkhbt r2, r2, r4, lsl #16\n"
        "uqadd8 r2, r2, r11\n"
        "usub8 r2, r2, r11\n"
        "str r2, [r8], #4\n"
        "subs r10, r10, #1\n"
        "bne 0b\n"
        : "+r"(r0), "+r"(r1), "+r"(r6), "+r"(r8), "+r"(r10)
        : "r"(r11)
        : MLP_EDGE_DSP_ROUND_CLOBBERS);
}

#endif

#endif

/*
 * (x - low) * factor, each operation rounded by itself, then to an integer, half to even: VCVTR
 * makes 0 of what is below 0, and of NaN. The empty asm keeps the compiler from joining the two.
 */
#ifndef MLP_EDGE_KERNEL_CORTEX_ROUNDED_PRODUCT
#define MLP_EDGE_KERNEL_CORTEX_ROUNDED_PRODUCT

#ifdef MLP_EDGE_FLOAT_UNIT

static inline uint32_t mlp_edge_rounded_product(float x, float low, float factor)
{
    float scaled = x - low;
    uint32_t rounded;
    __asm__("" : "+t"(scaled));
    scaled *= factor;
    __asm__("vcvtr.u32.f32 %0, %1" : "=t"(rounded) : "t"(scaled));
    return rounded;
}

#endif

#endif

/* The float that IEEE 754 writes in these bits. */
#ifndef MLP_EDGE_KERNEL_FROM_BITS
#define MLP_EDGE_KERNEL_FROM_BITS

static inline float mlp_edge_from_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

#endif

/*
 * (x - low) * factor, rounded half to even, at most `high`, 0 for NaN: as floats have it, without
 * one, for chips where each operation on floats is a call. A difference and a product are rounded
 * to 24 digits as IEEE 754 rounds them; then the product is rounded to an integer. `low` is finite,
 * `factor` a normal number above 0, `high` below 2^24.
 */
#ifndef MLP_EDGE_KERNEL_QUANTISE_BITS
#define MLP_EDGE_KERNEL_QUANTISE_BITS

/* A float as 24 digits above six more, and its exponent, 1 for the smallest numbers. */
MLP_EDGE_INLINED
static inline uint32_t mlp_edge_digits(uint32_t bits, int32_t *exponent)
{
    const uint32_t fraction = bits & 0x7fffffu;
    *exponent = (int32_t)(bits >> 23 & 255u);
    if (*exponent == 0) {
        *exponent = 1;
        return fraction << 6;
    }
    return (fraction | 0x800000u) << 6;
}

/* digits / 2^by; the lowest digit that is left is 1 where any that is lost was. */
MLP_EDGE_INLINED
static inline uint32_t mlp_edge_sticky_shift(uint32_t digits, int32_t by)
{
    if (by > 30) {
        return digits > 0;
    }
    return digits >> by | ((digits & (((uint32_t)1 << by) - 1u)) > 0);
}

static inline uint32_t mlp_edge_quantise_bits(float x, float low, float factor, uint32_t high)
{
    const uint32_t x_bits = mlp_edge_bits(x), low_bits = mlp_edge_bits(low);
    const uint32_t factor_bits = mlp_edge_bits(factor);
    if ((x_bits & ~MLP_EDGE_SIGN) >= MLP_EDGE_INFINITY) { /* infinite or NaN */
        return x_bits == MLP_EDGE_INFINITY ? high : 0;
    }

    int32_t exponent, other;
    uint32_t a = mlp_edge_digits(x_bits, &exponent), b = mlp_edge_digits(low_bits, &other);
    if (exponent < other) {
        a = mlp_edge_sticky_shift(a, other - exponent);
        exponent = other;
    } else {
        b = mlp_edge_sticky_shift(b, exponent - other);
    }
    a = x_bits & MLP_EDGE_SIGN ? 0u - a : a;
    uint32_t digits = low_bits & MLP_EDGE_SIGN ? a + b : a - b;
    if (digits == 0 || digits & MLP_EDGE_SIGN) { /* x is not above low */
        return 0;
    }
    while (!(digits & MLP_EDGE_SIGN)) {
        digits <<= 1;
        exponent--;
    }
    digits = (digits >> 8) + ((digits & 0xffu) + (digits >> 8 & 1u) > 0x80u);
    exponent += 2 + (int32_t)(digits >> 24); /* of a float with these 24 digits */
    digits >>= digits >> 24;
    if (exponent >= 255) {
        return high;
    }

    /* The product has 47 or 48 digits; factors are split in two, so that 32 bits hold all parts. */
    const uint32_t times = (factor_bits & 0x7fffffu) | 0x800000u;
    const uint32_t low_part = (digits & 0xfffu) * (times & 0xfffu);
    const uint32_t middle = (digits >> 12) * (times & 0xfffu) + (digits & 0xfffu) * (times >> 12)
                          + (low_part >> 12);
    uint32_t product = (digits >> 12) * (times >> 12) + (middle >> 12);
    uint32_t rest = (middle << 12 & 0xffffffu) | (low_part & 0xfffu);
    int32_t by = 276 - exponent - (int32_t)(factor_bits >> 23);
    if (product < 0x800000u) {
        product = product << 1 | rest >> 23;
        rest = rest << 1 & 0xffffffu;
        by++;
    }
    product += rest + (product & 1u) > 0x800000u;
    if (by < 0) {
        return high;
    }
    if (by > 0) {
        if (by > 25) {
            return 0;
        }
        const uint32_t odd = product >> by & 1u;
        product = (product + ((uint32_t)1 << (by - 1)) - 1u + odd) >> by;
    }
    return product > high ? high : product;
}

#endif

/*
 * Quantises an input: (x - low) * factor, clamped to 0..`high`, rounded half to even; 0 for NaN.
 * `volatile` rounds each operation by itself: it keeps the compiler from fusing two of them, and
 * -ffast-math from cancelling the constant. C leaves the conversion of an infinite or huge float to
 * an integer undefined, so the integer is taken from the bits of the float.
 */
#ifndef MLP_EDGE_KERNEL_QUANTISE
#define MLP_EDGE_KERNEL_QUANTISE

#ifdef MLP_EDGE_FLOAT_UNIT

static inline uint16_t mlp_edge_quantise(float x, float low, float factor, float high)
{
    const uint32_t rounded = mlp_edge_rounded_product(x, low, factor), most = (uint32_t)high;
    return (uint16_t)(rounded > most ? most : rounded);
}

#elif defined(MLP_EDGE_SOFT_FLOAT) && !defined(__AVR__) && !defined(MLP_EDGE_PLAIN_C)

static inline uint16_t mlp_edge_quantise(float x, float low, float factor, float high)
{
    return (uint16_t)mlp_edge_quantise_bits(x, low, factor, (uint32_t)high);
}

#else

static inline uint16_t mlp_edge_quantise(float x, float low, float factor, float high)
{
    const volatile float above = x - low;
    const volatile float scaled = above * factor;
    const float value = scaled;
    uint32_t bits = mlp_edge_bits(value);
    if (bits - 1 >= MLP_EDGE_INFINITY) { /* zero, negative or NaN */
        return 0;
    }
    if (bits > mlp_edge_bits(high)) {
        bits = mlp_edge_bits(high);
    }
    /* Added to 1.5 * 2^23, a float has no fraction: its last 16 bits are the integer. */
    const volatile float shifted = mlp_edge_from_bits(bits) + 12582912.0f;
    const float rounded = shifted;
    return (uint16_t)mlp_edge_bits(rounded);
}

#endif

#endif

/* Quantises the inputs of layer 1 to one byte each, 0..255. */
#ifndef MLP_EDGE_KERNEL_QUANTISE_INT8
#define MLP_EDGE_KERNEL_QUANTISE_INT8

MLP_EDGE_DSP_INLINED
static inline void mlp_edge_quantise_int8(const float *low, const float *factor, float high,
                                          size_t count, const float *x, uint8_t *y)
{
#ifdef MLP_EDGE_AVR
    mlp_edge_avr_quantise(low, factor, (uint16_t)high, count, x, y, sizeof *y);
#else
    size_t i = 0;
#ifdef MLP_EDGE_QUANTISE_FOUR
    if (count >= 4) {
        i = count - count % 4;
        mlp_edge_dsp_quantise_int8(low, factor, (uint8_t)high, i / 4, x, y);
    }
#endif
    for (; i < count; i++) {
        const float from = MLP_EDGE_READ_FLOAT(&low[i]), by = MLP_EDGE_READ_FLOAT(&factor[i]);
        y[i] = (uint8_t)mlp_edge_quantise(x[i], from, by, high);
    }
#endif
}

#endif

/* What a row may spare. The harness that measures the worst case has `instead`: the same bits. */
#ifndef MLP_EDGE_KERNEL_AVR_SPARED
#define MLP_EDGE_KERNEL_AVR_SPARED

#ifndef MLP_EDGE_AVR_SPARED
#define MLP_EDGE_AVR_SPARED(code, instead) code
#endif

#endif

/*
 * mlp_edge_requantise. In: the sum in r20:r18, not negative; the multiplier in r23:r22, the shift
 * in r21, 0 in r17. Out: r18. Changes r0, r1, r19, r21, X and Z.
 *
 * The shift moves whole bytes first. The 1 to 8 bits that are left are a product with a power of
 * two, of which a byte is dropped.
 */
#ifndef MLP_EDGE_KERNEL_AVR_REQUANTISE
#define MLP_EDGE_KERNEL_AVR_REQUANTISE

#ifdef MLP_EDGE_AVR

#define MLP_EDGE_AVR_REQUANTISE                                        \
    "mul r18, r22       \n" /* product: r31:r30:r27:r26 */             \
    "movw r26, r0       \n"                                            \
    "mul r19, r23       \n"                                            \
    "movw r30, r0       \n"                                            \
    "mul r19, r22       \n"                                            \
    "add r27, r0        \n"                                            \
    "adc r30, r1        \n"                                            \
    "adc r31, r17       \n"                                            \
    "mul r18, r23       \n"                                            \
    "add r27, r0        \n"                                            \
    "adc r30, r1        \n"                                            \
    "adc r31, r17       \n"                                            \
    MLP_EDGE_AVR_SPARED("cpse r20, r17 \n", "nop \n")                  \
    "rjmp 96f           \n"                                            \
    "91:                \n"                                            \
    "cpi r21, 17        \n" /* whole bytes of the shift: to r31:r30 */ \
    "brsh 97f           \n"                                            \
    "cpi r21, 9         \n"                                            \
    "brlo 92f           \n"                                            \
    "tst r31            \n"                                            \
    "brne 94f           \n"                                            \
    "mov r31, r30       \n"                                            \
    "mov r30, r27       \n"                                            \
    "93:                \n"                                            \
    MLP_EDGE_AVR_POWER("r19", "r21")                                   \
    "mul r31, r19       \n"                                            \
    "tst r1             \n"                                            \
    "brne 94f           \n"                                            \
    "mov r18, r0        \n"                                            \
    "mul r30, r19       \n"                                            \
    "lsl r0             \n" /* the topmost bit dropped rounds */       \
    "adc r18, r1        \n"                                            \
    "brcc 95f           \n"                                            \
    "94:                \n"                                            \
    "ldi r18, 255       \n"                                            \
    "rjmp 95f           \n"                                            \
    "96:                \n" /* a sum of 3 bytes */                     \
    "mul r20, r22       \n"                                            \
    "add r30, r0        \n"                                            \
    "adc r31, r1        \n"                                            \
    "mul r20, r23       \n"                                            \
    "add r31, r0        \n"                                            \
    "rjmp 91b           \n"                                            \
    "97:                \n"                                            \
    "cpi r21, 25        \n"                                            \
    "brlo 93b           \n"                                            \
    "mov r30, r31       \n"                                            \
    "clr r31            \n"                                            \
    "rjmp 93b           \n"                                            \
    "92:                \n"                                            \
    "or r31, r30        \n"                                            \
    "brne 94b           \n"                                            \
    "movw r30, r26      \n"                                            \
    "rjmp 93b           \n"                                            \
    "95:                \n"

#endif

#endif

/*
 * What the dense layers of int8 share, around the products of a neuron:
 *
 *   r25:r24 weights   r5:r4 biases   r7:r6 multipliers   r9:r8 shifts   r13:r12 inputs   Y outputs
 *   X, Z input and weight at hand   r20:r18 sum   r15:r14 neurons to go   r17 zero
 */
#ifndef MLP_EDGE_KERNEL_AVR_NEURON_INT8
#define MLP_EDGE_KERNEL_AVR_NEURON_INT8

#ifdef MLP_EDGE_AVR

/* With its bias as the sum. */
#define MLP_EDGE_AVR_START_NEURON \
    "movw r30, r4      \n"        \
    "lpm r18, Z+       \n"        \
    "lpm r19, Z+       \n"        \
    "lpm r20, Z+       \n"        \
    "adiw r30, 1       \n"        \
    "movw r4, r30      \n"        \
    "movw r26, r12     \n"        \
    "movw r30, r24     \n"

/* 11 cycles. MULSU leaves the sign of the product in the carry. */
#define MLP_EDGE_AVR_MULTIPLY_ADD_8 \
    "ld r23, X+        \n"          \
    "lpm r22, Z+       \n"          \
    "mulsu r22, r23    \n"          \
    "sbc r20, r17      \n"          \
    "add r18, r0       \n"          \
    "adc r19, r1       \n"          \
    "adc r20, r17      \n"

/* 17 cycles: the low byte of an input, then the high one. */
#define MLP_EDGE_AVR_MULTIPLY_ADD_8_16 \
    MLP_EDGE_AVR_MULTIPLY_ADD_8        \
    "ld r23, X+        \n"             \
    "mulsu r22, r23    \n"             \
    "add r19, r0       \n"             \
    "adc r20, r1       \n"

/* To r23:r22, and the shift to r21. */
#define MLP_EDGE_AVR_READ_MULTIPLIER \
    "movw r30, r6      \n"           \
    "lpm r22, Z+       \n"           \
    "lpm r23, Z+       \n"           \
    "movw r6, r30      \n"           \
    "movw r30, r8      \n"           \
    "lpm r21, Z+       \n"           \
    "movw r8, r30      \n"

#define MLP_EDGE_AVR_SUM_OF_0 \
    "clr r18           \n"    \
    "clr r19           \n"    \
    "clr r20           \n"

/* Requantises the sum; a negative one becomes 0. The next neuron begins at label 1. */
#define MLP_EDGE_AVR_END_NEURON  \
    "movw r24, r30     \n"       \
    "tst r20           \n"       \
    "brpl 81f          \n"       \
    MLP_EDGE_AVR_SPARED(         \
        "ldi r18, 2    \n"       \
        "add r6, r18   \n"       \
        "adc r7, r17   \n"       \
        "sec           \n"       \
        "adc r8, r17   \n"       \
        "adc r9, r17   \n"       \
        "clr r18       \n"       \
        "rjmp 95f      \n",      \
        MLP_EDGE_AVR_SUM_OF_0)   \
    "81:               \n"       \
    MLP_EDGE_AVR_READ_MULTIPLIER \
    MLP_EDGE_AVR_REQUANTISE      \
    "st Y+, r18        \n"       \
    "dec r14           \n"       \
    "breq 83f          \n"       \
    "82:               \n"       \
    "rjmp 1b           \n"       \
    "83:               \n"       \
    "dec r15           \n"       \
    "brne 82b          \n"       \
    "clr r1            \n"       \
    "pop r29           \n"       \
    "pop r28           \n"       \
    "ret               \n"

#endif

#endif

/*
 * mlp_edge_dense_int8 and mlp_edge_dense_int8_from_16 of at most 255 inputs, as neuron_int8.h says.
 * T is set where an input has 2 bytes. r3 holds how many fours of inputs there are, or pairs, and
 * r16 how many remain; r21 counts.
 */
#ifndef MLP_EDGE_KERNEL_AVR_DENSE_INT8
#define MLP_EDGE_KERNEL_AVR_DENSE_INT8

#ifdef MLP_EDGE_AVR

MLP_EDGE_AVR_CODE mlp_edge_avr_dense_int8_code(void)
{
    __asm__ volatile(
        "push r28          \n"
        "push r29          \n"
        "movw r28, r10     \n"
        "movw r4, r22      \n"
        "movw r6, r20      \n"
        "bst r8, 1         \n"
        "movw r8, r18      \n"
        "cpse r14, r17     \n" /* r14 counts down r15 times */
        "inc r15           \n"
        "mov r3, r16       \n"
        "lsr r3            \n"
        "andi r16, 1       \n"
        "brts 1f           \n"
        "lsr r3            \n"
        "brcc 1f           \n"
        "subi r16, -2      \n"
        "rjmp 1f           \n"
        "2:                \n" /* inputs of 2 bytes */
        "sbrs r16, 0       \n"
        "rjmp 3f           \n"
        MLP_EDGE_AVR_MULTIPLY_ADD_8_16
        "3:                \n"
        "mov r21, r3       \n"
        "tst r21           \n"
        "breq 10f          \n"
        "4:                \n"
        MLP_EDGE_AVR_MULTIPLY_ADD_8_16
        MLP_EDGE_AVR_MULTIPLY_ADD_8_16
        "dec r21           \n"
        "brne 4b           \n"
        "10:               \n"
        "rjmp 9f           \n"
        "5:                \n" /* the inputs beside fours */
        "mov r21, r16      \n"
        "6:                \n"
        MLP_EDGE_AVR_MULTIPLY_ADD_8
        "dec r21           \n"
        "brne 6b           \n"
        "cpse r3, r17      \n"
        "rjmp 7f           \n"
        "rjmp 9f           \n"
        "1:                \n" /* a neuron */
        MLP_EDGE_AVR_START_NEURON
        "brts 2b           \n"
        "cpse r16, r17     \n"
        "rjmp 5b           \n"
        "7:                \n"
        "mov r21, r3       \n"
        "8:                \n"
        MLP_EDGE_AVR_MULTIPLY_ADD_8
        MLP_EDGE_AVR_MULTIPLY_ADD_8
        MLP_EDGE_AVR_MULTIPLY_ADD_8
        MLP_EDGE_AVR_MULTIPLY_ADD_8
        "dec r21           \n"
        "brne 8b           \n"
        "9:                \n"
        MLP_EDGE_AVR_END_NEURON
        ::: "memory");
}

static inline void mlp_edge_avr_dense_int8(
    const int8_t *weights, const int32_t *bias, const uint16_t *multiplier, const uint8_t *shift,
    size_t inputs, size_t outputs, const void *x, uint8_t *y, uint8_t bytes)
{
    register const int8_t *r24 __asm__("r24") = weights;
    register const int32_t *r22 __asm__("r22") = bias;
    register const uint16_t *r20 __asm__("r20") = multiplier;
    register const uint8_t *r18 __asm__("r18") = shift;
    register size_t r16 __asm__("r16") = inputs;
    register size_t r14 __asm__("r14") = outputs;
    register const void *r12 __asm__("r12") = x;
    register uint8_t *r10 __asm__("r10") = y;
    register uint8_t r8 __asm__("r8") = bytes;
    __asm__ volatile("%~call %x[code]"
        : "+r"(r24), "+r"(r22), "+r"(r20), "+r"(r18), "+r"(r16), "+r"(r14), "+r"(r12),
          "+r"(r10), "+r"(r8)
        : [code] "i"(mlp_edge_avr_dense_int8_code)
        : MLP_EDGE_AVR_CHANGED, "r9");
}

#endif

#endif

/*
 * Layers of integers for Cortex-M3 and later: four neurons at a time read their inputs once.
 *
 * In all of them r0 points at weights, r1 is the size of a row in bytes, r2 that of three rows, r3
 * points at inputs, lr at biases; r4 to r7 are sums, r12 counts, and r8 to r11 are free.
 */
#ifndef MLP_EDGE_KERNEL_CORTEX_LAYER
#define MLP_EDGE_KERNEL_CORTEX_LAYER

#ifdef MLP_EDGE_THUMB

/* One input, in r8, to each sum; `load` reads a weight of `size` bytes. */
#define MLP_EDGE_THUMB_COLUMN(load, size)           \
    load " r10, [r0, r2]\n"                         \
    "mla r7, r10, r8, r7\n"                         \
    load " r10, [r0, r1, lsl #1]\n"                 \
    "mla r6, r10, r8, r6\n"                         \
    load " r10, [r0, r1]\n"                         \
    "mla r5, r10, r8, r5\n"                         \
    load " r10, [r0], #" size "\n"                  \
    "mla r4, r10, r8, r4\n"

/* Rows of int8 by columns; `one` reads an input. */
#define MLP_EDGE_THUMB_ROWS_INT8(one)               \
    "mov r12, r1\n"                                 \
    "1:\n"                                          \
    one                                             \
    MLP_EDGE_THUMB_COLUMN("ldrsb", "1")             \
    "subs r12, r12, #1\n"                           \
    "bne 1b\n"

/*
 * sum * multiplier / 2^shift, from the tables at r8 and r9 to y at r10. USAT clamps. LSRS leaves
 * the last bit that it shifts out in the carry, which rounds half up.
 */
#define MLP_EDGE_THUMB_REQUANTISE_INT8(sum)           \
    "ldrh r3, [r8], #2\n"                           \
    "usat " sum ", #31, " sum "\n"                  \
    "muls " sum ", r3, " sum "\n"                   \
    "ldrb r3, [r9], #1\n"                           \
    "lsrs " sum ", " sum ", r3\n"                   \
    "adc " sum ", " sum ", #0\n"                    \
    "usat " sum ", #8, " sum "\n"                   \
    "strb " sum ", [r10], #1\n"
#define MLP_EDGE_THUMB_REQUANTISE_FOUR_INT8           \
    MLP_EDGE_THUMB_REQUANTISE_INT8("r4")              \
    MLP_EDGE_THUMB_REQUANTISE_INT8("r5")              \
    MLP_EDGE_THUMB_REQUANTISE_INT8("r6")              \
    MLP_EDGE_THUMB_REQUANTISE_INT8("r7")

/*
 * A layer. It is entered with weights in r0, bias in r1, two arguments of `requantise` in r2 and
 * r3, y in r4, outputs - 4 in r5, x in r6, the size of a row in r8. `requantise` finds what was in
 * r2 to r5 in r8 to r11. What r7 and r9 held is put back: a compiler may have reserved them.
 */
#define MLP_EDGE_THUMB_LAYER(rows, requantise)      \
    "push {r2-r9}\n"                                \
    "mov lr, r1\n"                                  \
    "mov r1, r8\n"                                  \
    "add r2, r1, r1, lsl #1\n"                      \
    "0:\n"                                          \
    "ldm lr!, {r4-r7}\n"                            \
    "ldr r3, [sp, #16]\n"                           \
    rows                                            \
    "add r0, r0, r2\n"                              \
    "ldm sp, {r8-r11}\n"                            \
    requantise                                      \
    "subs r11, r11, #4\n"                           \
    "stm sp, {r8-r11}\n"                            \
    "bge 0b\n"                                      \
    "add sp, sp, #20\n"                             \
    "pop {r7-r9}\n"

#endif

#endif

/*
 * Four neurons at a time for Cortex-M4, M7, M33 and later, whose SMLAD adds two products of
 * halfwords to a sum. Registers are those of cortex/layer.h.
 */
#ifndef MLP_EDGE_KERNEL_CORTEX_DSP
#define MLP_EDGE_KERNEL_CORTEX_DSP

#ifdef MLP_EDGE_DSP

/* Runs `step` r1 / size times, two at a time; where that is odd, the first time one. */
#define MLP_EDGE_DSP_TWICE(log_of_twice_the_size, step) \
    "lsrs r12, r1, #" log_of_twice_the_size "\n"    \
    "bcs 2f\n"                                      \
    "subs r12, r12, #1\n"                           \
    "blt 3f\n"                                      \
    "1:\n"                                          \
    step                                            \
    "2:\n"                                          \
    step                                            \
    "subs r12, r12, #1\n"                           \
    "bge 1b\n"                                      \
    "3:\n"

/* Four weights of int8 to a sum; r8 holds the inputs 0 and 2, r9 the inputs 1 and 3. */
#define MLP_EDGE_DSP_FOUR_WEIGHTS(sum, address)     \
    "ldr r10, [" address "\n"                       \
    "sxtb16 r11, r10\n"                             \
    "sxtb16 r10, r10, ror #8\n"                     \
    "smlad " sum ", r11, r8, " sum "\n"             \
    "smlad " sum ", r10, r9, " sum "\n"
#define MLP_EDGE_DSP_FOUR_COLUMNS                       \
    MLP_EDGE_DSP_FOUR_WEIGHTS("r7", "r0, r2]")          \
    MLP_EDGE_DSP_FOUR_WEIGHTS("r6", "r0, r1, lsl #1]")  \
    MLP_EDGE_DSP_FOUR_WEIGHTS("r5", "r0, r1]")          \
    MLP_EDGE_DSP_FOUR_WEIGHTS("r4", "r0], #4")

/* Four rows of int8. `four` reads four inputs, `one` reads one. */
#define MLP_EDGE_DSP_ROWS_INT8(four, one)           \
    MLP_EDGE_DSP_TWICE("3", four MLP_EDGE_DSP_FOUR_COLUMNS) \
    "ands r12, r1, #3\n"                            \
    "beq 5f\n"                                      \
    "4:\n"                                          \
    one                                             \
    MLP_EDGE_THUMB_COLUMN("ldrsb", "1")             \
    "subs r12, r12, #1\n"                           \
    "bne 4b\n"                                      \
    "5:\n"
#define MLP_EDGE_FOUR_ROWS_OF_BYTES                 \
    MLP_EDGE_DSP_ROWS_INT8(                         \
        "ldr r9, [r3], #4\n"                        \
        "uxtb16 r8, r9\n"                           \
        "uxtb16 r9, r9, ror #8\n",                  \
        "ldrb r8, [r3], #1\n")
#define MLP_EDGE_FOUR_ROWS_OF_HALFWORDS             \
    MLP_EDGE_DSP_ROWS_INT8(                         \
        "ldr r10, [r3], #4\n"                       \
        "ldr r9, [r3], #4\n"                        \
        "pkhbt r8, r10, r9, lsl #16\n"              \
        "pkhtb r9, r9, r10, asr #16\n",             \
        "ldrh r8, [r3], #2\n")

/* By the fraction in `by`, to y at r9. QADD doubles the sum, as a fraction has 31 bits. */
#define MLP_EDGE_DSP_REQUANTISE_INT8(sum, by)       \
    "qadd " sum ", " sum ", " sum "\n"              \
    "smmulr " sum ", " sum ", " by "\n"             \
    "usat " sum ", #8, " sum "\n"                   \
    "strb " sum ", [r9], #1\n"
/* The same where a sum may have 32 bits: SMULL gives 64, of which those above 31 count. */
#define MLP_EDGE_DSP_REQUANTISE_INT8_WIDE(sum, by)  \
    "smull " by ", " sum ", " sum ", " by "\n"      \
    "adds " by ", " by ", " by "\n"                 \
    "adc " sum ", " sum ", " sum "\n"               \
    "adds " by ", " by ", " by "\n"                 \
    "adc " sum ", " sum ", #0\n"                    \
    "usat " sum ", #8, " sum "\n"                   \
    "strb " sum ", [r9], #1\n"
/*
 * A layer of int8. It is entered with weights in r0, the size of a row in r1, multipliers in r2, x
 * in r3, biases in r4 up to r6, y in r5. The stack holds how far the multipliers are from the
 * biases, 16 bytes ahead of them, y, and where the biases end. `again` takes r3 back to x.
 */
#define MLP_EDGE_DSP_DENSE_INT8(rows, again, requantise) \
    "push {r7, r9, lr}\n"                           \
    "mov lr, r4\n"                                  \
    "sub r4, r2, r4\n"                              \
    "sub r4, r4, #16\n"                             \
    "push {r4-r6}\n"                                \
    "add r2, r1, r1, lsl #1\n"                      \
    "0:\n"                                          \
    "ldm lr!, {r4-r7}\n"                            \
    rows                                            \
    again                                           \
    "add r0, r0, r2\n"                              \
    "ldrd r8, r9, [sp]\n"                           \
    "add r8, r8, lr\n"                              \
    "ldm r8, {r8, r10-r12}\n"                       \
    requantise("r4", "r8")                          \
    requantise("r5", "r10")                         \
    requantise("r6", "r11")                         \
    requantise("r7", "r12")                         \
    "ldr r8, [sp, #8]\n"                            \
    "str r9, [sp, #4]\n"                            \
    "cmp lr, r8\n"                                  \
    "bne 0b\n"                                      \
    "add sp, sp, #12\n"                             \
    "pop {r7, r9, pc}\n"

#elif defined(MLP_EDGE_THUMB)

#define MLP_EDGE_FOUR_ROWS_OF_BYTES                 \
    MLP_EDGE_THUMB_ROWS_INT8("ldrb r8, [r3], #1\n")
#define MLP_EDGE_FOUR_ROWS_OF_HALFWORDS             \
    MLP_EDGE_THUMB_ROWS_INT8("ldrh r8, [r3], #2\n")

#endif

#endif

/* Calls MLP_EDGE_DSP_DENSE_INT8's code with its arguments in the registers that it names. */
#ifndef MLP_EDGE_KERNEL_CORTEX_DSP_LAYER_INT8
#define MLP_EDGE_KERNEL_CORTEX_DSP_LAYER_INT8

#ifdef MLP_EDGE_DSP

MLP_EDGE_DSP_INLINED
static inline void mlp_edge_dsp_layer_int8(void (*code)(void), const int8_t *weights,
    const int32_t *bias, const mlp_edge_multiplier *multiplier, size_t inputs, size_t outputs,
    const void *x, uint8_t *y)
{
    register const int8_t *r0 __asm__("r0") = weights;
    register size_t r1 __asm__("r1") = inputs;
    register const mlp_edge_multiplier *r2 __asm__("r2") = multiplier;
    register const void *r3 __asm__("r3") = x;
    register const int32_t *r4 __asm__("r4") = bias;
    register uint8_t *r5 __asm__("r5") = y;
    register const int32_t *r6 __asm__("r6") = bias + outputs;
    register void (*r12)(void) __asm__("r12") = code;
    __asm__ volatile("blx r12"
                     : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r6),
                       "+r"(r12)
                     :
                     : "r8", "r10", "r11", "lr", "cc", "memory");
}

#endif

#endif

/* mlp_edge_dense_int8 of a number of neurons that is a multiple of four. */
#ifndef MLP_EDGE_KERNEL_CORTEX_DENSE_INT8
#define MLP_EDGE_KERNEL_CORTEX_DENSE_INT8

#if defined(MLP_EDGE_DSP)

__attribute__((naked, noinline, unused)) static void mlp_edge_dsp_dense_int8_code(void)
{
    __asm__ volatile(MLP_EDGE_DSP_DENSE_INT8(
        MLP_EDGE_FOUR_ROWS_OF_BYTES, "sub r3, r3, r1\n", MLP_EDGE_DSP_REQUANTISE_INT8));
}

MLP_EDGE_DSP_INLINED
static inline void mlp_edge_thumb_dense_int8(const int8_t *weights, const int32_t *bias,
    const mlp_edge_multiplier *multiplier, const uint8_t *shift, size_t inputs, size_t outputs,
    const uint8_t *x, uint8_t *y)
{
    (void)shift;
    mlp_edge_dsp_layer_int8(mlp_edge_dsp_dense_int8_code, weights, bias, multiplier, inputs,
                            outputs, x, y);
}

#elif defined(MLP_EDGE_THUMB)

static inline void mlp_edge_thumb_dense_int8(const int8_t *weights, const int32_t *bias,
    const mlp_edge_multiplier *multiplier, const uint8_t *shift, size_t inputs, size_t outputs,
    const uint8_t *x, uint8_t *y)
{
    register const int8_t *r0 __asm__("r0") = weights;
    register const int32_t *r1 __asm__("r1") = bias;
    register const mlp_edge_multiplier *r2 __asm__("r2") = multiplier;
    register const uint8_t *r3 __asm__("r3") = shift;
    register uint8_t *r4 __asm__("r4") = y;
    register size_t r5 __asm__("r5") = outputs - 4;
    register const uint8_t *r6 __asm__("r6") = x;
    register size_t r8 __asm__("r8") = inputs;
    __asm__ volatile(
        MLP_EDGE_THUMB_LAYER(MLP_EDGE_FOUR_ROWS_OF_BYTES, MLP_EDGE_THUMB_REQUANTISE_FOUR_INT8)
        : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r6), "+r"(r8)
        :
        : "r10", "r11", "r12", "lr", "cc", "memory");
}

#endif

#endif

/*
 * A small layer of mlp_edge_dense_int8 or mlp_edge_dense_int8_from_16 on a Cortex-M0: one function
 * for both, a third of what compilers make of the C for each layer. Two neurons at a time take 9 or
 * 10 instructions for two products, and each 30 for its sum. `x` is the end of inputs of one byte,
 * but the beginning of those of two.
 *
 * r0 and r1 point behind two rows of weights, r2 and r3 are their sums, r4 points to inputs, r5
 * counts up to 0. On the stack are multiplier, shift and y, what was pushed, and the arguments, of
 * which outputs and bias are what is left of them.
 */
#ifndef MLP_EDGE_KERNEL_CORTEX_SMALL_LAYER_INT8
#define MLP_EDGE_KERNEL_CORTEX_SMALL_LAYER_INT8

#ifdef MLP_EDGE_THUMB_1

#ifdef __clang__
#define MLP_EDGE_THUMB_CODE __attribute__((naked, noinline, unused)) static void
#else
#define MLP_EDGE_THUMB_CODE __attribute__((naked, noinline, noclone, unused)) static void
#endif
#define MLP_EDGE_THUMB_SMALL 1024 /* weights; of more, four rows at a time pay for their code */
#define MLP_EDGE_THUMB_GIVEN __attribute__((unused)) const

MLP_EDGE_THUMB_CODE mlp_edge_thumb_small_layer_int8(
    MLP_EDGE_THUMB_GIVEN uint16_t *multiplier, MLP_EDGE_THUMB_GIVEN int8_t *weights,
    MLP_EDGE_THUMB_GIVEN uint8_t *shift, __attribute__((unused)) uint8_t *y,
    MLP_EDGE_THUMB_GIVEN size_t inputs, MLP_EDGE_THUMB_GIVEN size_t outputs,
    MLP_EDGE_THUMB_GIVEN int32_t *bias, MLP_EDGE_THUMB_GIVEN uintptr_t x,
    MLP_EDGE_THUMB_GIVEN size_t bytes)
{
    __asm__ volatile(
        ".syntax unified        \n"
        "push {r0, r2-r7, lr}   \n"
        "1:                     \n" /* two neurons */
        "ldr r5, [sp, #32]      \n"
        "ldr r7, [sp, #40]      \n"
        "ldmia r7!, {r2}        \n"
        "adds r0, r1, r5        \n"
        "movs r1, r0            \n" /* one that is left is summed twice */
        "ldr r6, [sp, #36]      \n"
        "subs r6, r6, #2        \n"
        "bmi 2f                 \n"
        "ldmia r7!, {r3}        \n"
        "adds r1, r0, r5        \n"
        "2:                     \n"
        "str r6, [sp, #36]      \n"
        "str r7, [sp, #40]      \n"
        "rsbs r5, r5, #0        \n"
        "ldr r4, [sp, #44]      \n"
        "ldr r7, [sp, #48]      \n"
        "lsrs r7, r7, #2        \n"
        "bcs 4f                 \n"
        "3:                     \n" /* inputs of one byte */
        "ldrb r7, [r4, r5]      \n"
        "ldrsb r6, [r0, r5]     \n"
        "muls r6, r7, r6        \n"
        "adds r2, r2, r6        \n"
        "ldrsb r6, [r1, r5]     \n"
        "muls r6, r7, r6        \n"
        "adds r3, r3, r6        \n"
        "adds r5, r5, #1        \n"
        "bne 3b                 \n"
        "b 5f                   \n"
        "4:                     \n" /* of two */
        "ldrh r7, [r4]          \n"
        "adds r4, r4, #2        \n"
        "ldrsb r6, [r0, r5]     \n"
        "muls r6, r7, r6        \n"
        "adds r2, r2, r6        \n"
        "ldrsb r6, [r1, r5]     \n"
        "muls r6, r7, r6        \n"
        "adds r3, r3, r6        \n"
        "adds r5, r5, #1        \n"
        "bne 4b                 \n"
        "5:                     \n"
        "pop {r4, r5, r7}       \n"
        "bl 7f                  \n"
        "ldr r0, [sp, #24]      \n"
        "cmp r0, #0             \n"
        "blt 6f                 \n"
        "movs r2, r3            \n"
        "bl 7f                  \n"
        "push {r4, r5, r7}      \n"
        "ldr r0, [sp, #36]      \n"
        "cmp r0, #0             \n"
        "bgt 1b                 \n"
        "add sp, sp, #12        \n"
        "6:                     \n"
        "pop {r4-r7, pc}        \n"
        "7:                     \n" /* requantises r2 */
        "asrs r6, r2, #31       \n" /* 0 where it is negative */
        "bics r2, r2, r6        \n"
        "ldrh r6, [r4]          \n"
        "adds r4, r4, #2        \n"
        "ldrb r0, [r5]          \n"
        "adds r5, r5, #1        \n"
        "muls r2, r6, r2        \n"
        "movs r6, #0            \n"
        "lsrs r2, r2, r0        \n" /* the last bit that is shifted out is left in the carry */
        "adcs r2, r2, r6        \n"
        "cmp r2, #255           \n"
        "bls 8f                 \n"
        "movs r2, #255          \n"
        "8:                     \n"
        "strb r2, [r7]          \n"
        "adds r7, r7, #1        \n"
        "bx lr                  \n"
        ::: "r0", "r1", "r2", "r3", "cc", "memory");
}

#endif

#endif

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

/*
 * value / 2^shift, rounded half up, for a shift from 1 to 31. Half of the divisor is not added
 * first because the sum might not fit.
 */
#ifndef MLP_EDGE_KERNEL_ROUNDED_SHIFT
#define MLP_EDGE_KERNEL_ROUNDED_SHIFT

static inline uint32_t mlp_edge_rounded_shift(uint32_t value, uint8_t shift)
{
#ifdef __AVR__
    for (; shift > 8; shift = (uint8_t)(shift - 8)) {
        value >>= 8; /* whole bytes move at once; other shifts go bit by bit */
    }
#endif
#ifdef MLP_EDGE_THUMB
    /* The last bit that is shifted out is left in the carry. */
    __asm__("lsrs %0, %0, %1\n"
            "adc %0, %0, #0\n"
            : "+r"(value)
            : "r"(shift)
            : "cc");
    return value;
#else
    return ((value >> (shift - 1)) + 1) >> 1;
#endif
}

#endif

/*
 * Requantises a pre-activation: sum * multiplier / 2^shift, rounded half up, clamped to 0..255. The
 * exporter has proved that the product fits 32 bits in every layer that calls this.
 */
#ifndef MLP_EDGE_KERNEL_REQUANTISE
#define MLP_EDGE_KERNEL_REQUANTISE

MLP_EDGE_INLINED
static inline uint_fast8_t mlp_edge_requantise(int32_t sum, mlp_edge_multiplier multiplier,
                                               uint8_t shift)
{
#ifdef MLP_EDGE_DSP
    (void)shift;
    __asm__("qadd %0, %0, %0\n"
            "smmulr %0, %0, %1\n"
            "usat %0, #8, %0\n"
            : "+r"(sum)
            : "r"(multiplier));
    return (uint_fast8_t)sum;
#else
    if (MLP_EDGE_NEGATIVE(sum)) {
        return 0;
    }
    uint32_t quantised = mlp_edge_rounded_shift((uint32_t)sum * multiplier, shift);
#ifdef MLP_EDGE_THUMB
    __asm__("usat %0, #8, %0" : "+r"(quantised));
    return (uint_fast8_t)quantised;
#else
    return quantised > 255 ? 255 : (uint_fast8_t)quantised;
#endif
#endif
}

#endif

/*
 * How many neurons of a layer of integers are summed at once: an input is read once for all of
 * them. An AVR has too few registers; compilers for PCs take many inputs of a neuron at once.
 */
#ifndef MLP_EDGE_KERNEL_AT_ONCE
#define MLP_EDGE_KERNEL_AT_ONCE

#ifdef MLP_EDGE_THUMB
#define MLP_EDGE_AT_ONCE 8
#elif SIZE_MAX == 0xffffffff
#define MLP_EDGE_AT_ONCE 4
#else
#define MLP_EDGE_AT_ONCE 1
#endif

#endif

/* mlp_edge_sums_int8 of a number of neurons that is a multiple of four. */
#ifndef MLP_EDGE_KERNEL_CORTEX_SUMS_INT8
#define MLP_EDGE_KERNEL_CORTEX_SUMS_INT8

#ifdef MLP_EDGE_THUMB

static inline void mlp_edge_thumb_sums_int8(const int8_t *weights, const int32_t *bias,
    size_t inputs, size_t count, const uint8_t *x, int32_t *sums)
{
    register const int8_t *r0 __asm__("r0") = weights;
    register const int32_t *r1 __asm__("r1") = bias;
    register int32_t *r2 __asm__("r2") = sums;
    register size_t r5 __asm__("r5") = count - 4;
    register const uint8_t *r6 __asm__("r6") = x;
    register size_t r8 __asm__("r8") = inputs;
    __asm__ volatile(
        MLP_EDGE_THUMB_LAYER(MLP_EDGE_FOUR_ROWS_OF_BYTES, "stm r8!, {r4-r7}\n")
        : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r5), "+r"(r6), "+r"(r8)
        :
        : "r3", "r4", "r10", "r11", "r12", "lr", "cc", "memory");
}

#endif

#endif

/*
 * Pre-activations of four neurons on a Cortex-M0: 15 or 16 instructions for four products. It is
 * entered with weights in r0, the size of a row in bytes in r1, bias in r2, sums in r3, x in r4.
 *
 * r0 to r3 then point behind the four rows, r5 counts up to 0, r8 and r10 to r12 are the sums. What
 * r7 held is put back: a compiler may have reserved it.
 */
#ifndef MLP_EDGE_KERNEL_CORTEX_FOUR_SUMS
#define MLP_EDGE_KERNEL_CORTEX_FOUR_SUMS

#ifdef MLP_EDGE_THUMB_1

/* `load` reads a weight of `size` bytes; `input` reads an input to r7. */
#define MLP_EDGE_THUMB_FOUR_SUMS(load, size, input) \
    ".syntax unified\n"                             \
    "push {r3, r7}\n"                               \
    "ldmia r2!, {r3, r5, r6, r7}\n"                 \
    "mov r8, r3\n"                                  \
    "mov r10, r5\n"                                 \
    "mov r11, r6\n"                                 \
    "mov r12, r7\n"                                 \
    "movs r3, r1\n"                                 \
    "rsbs r5, r1, #0\n"                             \
    "adds r0, r0, r3\n"                             \
    "adds r1, r0, r3\n"                             \
    "adds r2, r1, r3\n"                             \
    "adds r3, r2, r3\n"                             \
    "0:\n"                                          \
    input                                           \
    load " r6, [r0, r5]\n"                          \
    "muls r6, r7, r6\n"                             \
    "add r8, r8, r6\n"                              \
    load " r6, [r1, r5]\n"                          \
    "muls r6, r7, r6\n"                             \
    "add r10, r10, r6\n"                            \
    load " r6, [r2, r5]\n"                          \
    "muls r6, r7, r6\n"                             \
    "add r11, r11, r6\n"                            \
    load " r6, [r3, r5]\n"                          \
    "muls r6, r7, r6\n"                             \
    "add r12, r12, r6\n"                            \
    "adds r5, r5, #" size "\n"                      \
    "bne 0b\n"                                      \
    "pop {r2, r7}\n"                                \
    "mov r0, r8\n"                                  \
    "mov r1, r10\n"                                 \
    "mov r3, r11\n"                                 \
    "mov r4, r12\n"                                 \
    "stmia r2!, {r0, r1, r3, r4}\n"

#define MLP_EDGE_THUMB_FOUR_SUMS_OF(w, x_type, text)                                \
    register const w *r0 __asm__("r0") = weights;                                   \
    register size_t r1 __asm__("r1") = inputs * sizeof *weights;                    \
    register const int32_t *r2 __asm__("r2") = bias;                                \
    register int32_t *r3 __asm__("r3") = sums;                                      \
    register const x_type *r4 __asm__("r4") = x;                                    \
    __asm__ volatile(text                                                           \
                     : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3), "+r"(r4)             \
                     :                                                              \
                     : "r5", "r6", "r8", "r10", "r11", "r12", "cc", "memory")

#endif

#endif

/* Pre-activations of four neurons, as mlp_edge_sum_int8 has them; an input is read once. */
#ifndef MLP_EDGE_KERNEL_FOUR_SUMS_INT8
#define MLP_EDGE_KERNEL_FOUR_SUMS_INT8

#if MLP_EDGE_AT_ONCE == 4
static inline void mlp_edge_four_sums_int8(const int8_t *weights, const int32_t *bias,
    size_t inputs, const uint8_t *x, int32_t *sums)
{
#ifdef MLP_EDGE_THUMB_1
    MLP_EDGE_THUMB_FOUR_SUMS_OF(int8_t, uint8_t,
        MLP_EDGE_THUMB_FOUR_SUMS("ldrsb", "1", "ldrb r7, [r4]\n" "adds r4, r4, #1\n"));
#else
    const int8_t *row0 = weights, *row1 = row0 + inputs, *row2 = row1 + inputs;
    const int8_t *row3 = row2 + inputs;
    int32_t sum0 = MLP_EDGE_READ_INT32(&bias[0]), sum1 = MLP_EDGE_READ_INT32(&bias[1]);
    int32_t sum2 = MLP_EDGE_READ_INT32(&bias[2]), sum3 = MLP_EDGE_READ_INT32(&bias[3]);
    const uint8_t *const end = x + inputs;
    do {
        const int32_t value = *x++;
        sum0 += MLP_EDGE_READ_INT8(row0) * value;
        sum1 += MLP_EDGE_READ_INT8(row1) * value;
        sum2 += MLP_EDGE_READ_INT8(row2) * value;
        sum3 += MLP_EDGE_READ_INT8(row3) * value;
        row0++;
        row1++;
        row2++;
        row3++;
    } while (x != end);
    sums[0] = sum0;
    sums[1] = sum1;
    sums[2] = sum2;
    sums[3] = sum3;
#endif
}
#endif

#endif

/*
 * mlp_edge_sum_int8, for sums that need more than 24 bits or neurons with more than 255 inputs: 15
 * cycles per product. The sum in r21:r18, X and Z at input and weight, r25:r24 inputs, then pairs
 * of them; r17 is 0.
 */
#ifndef MLP_EDGE_KERNEL_AVR_SUM_INT8
#define MLP_EDGE_KERNEL_AVR_SUM_INT8

#ifdef MLP_EDGE_AVR

#define MLP_EDGE_AVR_MULTIPLY_ADD_8_32 \
    "ld r23, X+        \n"             \
    "lpm r22, Z+       \n"             \
    "mulsu r22, r23    \n"             \
    "sbc r20, r17      \n"             \
    "sbc r21, r17      \n"             \
    "add r18, r0       \n"             \
    "adc r19, r1       \n"             \
    "adc r20, r17      \n"             \
    "adc r21, r17      \n"

MLP_EDGE_AVR_CODE mlp_edge_avr_sum_int8_code(void)
{
    __asm__ volatile(
        "clr r17           \n"
        "lsr r25           \n"
        "ror r24           \n"
        "brcc 1f           \n"
        MLP_EDGE_AVR_MULTIPLY_ADD_8_32
        "1:                \n"
        "sbiw r24, 0       \n"
        "breq 3f           \n"
        "2:                \n"
        MLP_EDGE_AVR_MULTIPLY_ADD_8_32
        MLP_EDGE_AVR_MULTIPLY_ADD_8_32
        "sbiw r24, 1       \n"
        "brne 2b           \n"
        "3:                \n"
        "clr r1            \n"
        "ret               \n"
        ::: "memory");
}

static inline int32_t mlp_edge_avr_sum_int8(
    int32_t sum, const int8_t *weights, size_t inputs, const uint8_t *x)
{
    register int32_t r18 __asm__("r18") = sum;
    register size_t r24 __asm__("r24") = inputs;
    register const uint8_t *r26 __asm__("r26") = x;
    register const int8_t *r30 __asm__("r30") = weights;
    __asm__ volatile("%~call %x[code]"
        : "+r"(r18), "+r"(r24), "+r"(r26), "+r"(r30)
        : [code] "i"(mlp_edge_avr_sum_int8_code)
        : "r0", "r17", "r22", "r23", "memory");
    return r18;
}

#endif

#endif

/* Adds four products of int8 weights and inputs to a sum. */
#ifndef MLP_EDGE_KERNEL_CORTEX_FOUR_PRODUCTS
#define MLP_EDGE_KERNEL_CORTEX_FOUR_PRODUCTS

#ifdef MLP_EDGE_DSP

static inline int32_t mlp_edge_dsp_four_products(int32_t sum, const int8_t *weights,
                                                 const uint8_t *x)
{
    uint32_t four_weights, four_inputs, two_weights, two_inputs;
    memcpy(&four_weights, weights, 4);
    memcpy(&four_inputs, x, 4);
    __asm__("sxtb16 %1, %3\n"
            "uxtb16 %2, %4\n"
            "smlad %0, %1, %2, %0\n"
            "sxtb16 %1, %3, ror #8\n"
            "uxtb16 %2, %4, ror #8\n"
            "smlad %0, %1, %2, %0\n"
            : "+&r"(sum), "=&r"(two_weights), "=&r"(two_inputs)
            : "r"(four_weights), "r"(four_inputs));
    return sum;
}

#endif

#endif

/*
 * The pre-activation of a neuron: bias + weights x, exact. The exporter has proved that no partial
 * sum leaves 32 bits. Weight and input have 8 bits each, so AVR multiplies them in one instruction.
 */
#ifndef MLP_EDGE_KERNEL_SUM_INT8
#define MLP_EDGE_KERNEL_SUM_INT8

static inline int32_t mlp_edge_sum_int8(int32_t sum, const int8_t *weights, size_t inputs,
                                        const uint8_t *x)
{
#ifdef MLP_EDGE_AVR
    return mlp_edge_avr_sum_int8(sum, weights, inputs, x);
#else
#ifdef MLP_EDGE_DSP
    for (size_t fours = inputs / 4; fours > 0; fours--) {
        sum = mlp_edge_dsp_four_products(sum, weights, x);
        weights += 4;
        x += 4;
    }
    inputs %= 4;
#endif
    for (const uint8_t *const end = x + inputs; x != end; x++) {
        sum += (int32_t)MLP_EDGE_READ_INT8(weights) * (int16_t)*x;
        weights++;
    }
    return sum;
#endif
}

#endif

/* Pre-activations of `count` neurons, at most MLP_EDGE_AT_ONCE, as mlp_edge_sum_int8 has them. */
#ifndef MLP_EDGE_KERNEL_SUMS_INT8
#define MLP_EDGE_KERNEL_SUMS_INT8

static inline void mlp_edge_sums_int8(const int8_t *weights, const int32_t *bias, size_t inputs,
    size_t count, const uint8_t *x, int32_t *sums)
{
    size_t i = 0;
#if MLP_EDGE_AT_ONCE >= 4
    if (count >= 4) {
        i = count - count % 4;
#ifdef MLP_EDGE_THUMB
        mlp_edge_thumb_sums_int8(weights, bias, inputs, i, x, sums);
#else
        mlp_edge_four_sums_int8(weights, bias, inputs, x, sums);
#endif
    }
#endif
    for (; i < count; i++) {
        const int32_t start = MLP_EDGE_READ_INT32(&bias[i]);
        sums[i] = mlp_edge_sum_int8(start, weights + i * inputs, inputs, x);
    }
}

#endif

/*
 * A dense layer in int8. The weights hold one row of `inputs` per neuron. Each pre-activation is
 * requantised to 0..255; clamping at 0 is the relu. The exporter has proved that pre-activations
 * fit 24 bits, and their products 32. x and y must not overlap.
 */
#ifndef MLP_EDGE_KERNEL_DENSE_INT8
#define MLP_EDGE_KERNEL_DENSE_INT8

MLP_EDGE_DSP_INLINED
#ifdef MLP_EDGE_THUMB_1
MLP_EDGE_INLINED
#endif
static inline void mlp_edge_dense_int8(const int8_t *weights, const int32_t *bias,
    const mlp_edge_multiplier *multiplier, const uint8_t *shift, size_t inputs, size_t outputs,
    const uint8_t *x, uint8_t *y)
{
#ifdef MLP_EDGE_AVR
    if (inputs <= 255) {
        mlp_edge_avr_dense_int8(weights, bias, multiplier, shift, inputs, outputs, x, y, 1);
        return;
    }
#endif
#ifdef MLP_EDGE_THUMB_1
    if (inputs * outputs <= MLP_EDGE_THUMB_SMALL) {
        mlp_edge_thumb_small_layer_int8(multiplier, weights, shift, y, inputs, outputs, bias,
                                        (uintptr_t)(x + inputs), 1);
        return;
    }
#endif
#if defined(MLP_EDGE_THUMB)
    const size_t fours = outputs - outputs % 4;
    if (fours > 0) {
        mlp_edge_thumb_dense_int8(weights, bias, multiplier, shift, inputs, fours, x, y);
        weights += fours * inputs;
        bias += fours;
        multiplier += fours;
        shift += fours;
        y += fours;
        outputs %= 4;
    }
#elif MLP_EDGE_AT_ONCE == 4
    for (size_t fours = outputs / 4; fours > 0; fours--) {
        int32_t sums[4];
        mlp_edge_four_sums_int8(weights, bias, inputs, x, sums);
        for (size_t i = 0; i < 4; i++) {
            y[i] = (uint8_t)mlp_edge_requantise(sums[i], MLP_EDGE_READ_UINT16(&multiplier[i]),
                                                MLP_EDGE_READ_UINT8(&shift[i]));
        }
        weights += 4 * inputs;
        bias += 4;
        multiplier += 4;
        shift += 4;
        y += 4;
    }
    outputs %= 4;
#endif
    for (size_t i = 0; i < outputs; i++) {
        const int32_t start = MLP_EDGE_READ_INT32(&bias[i]);
        y[i] = (uint8_t)mlp_edge_requantise(
            mlp_edge_sum_int8(start, weights + i * inputs, inputs, x),
            MLP_EDGE_READ_UINT16(&multiplier[i]), MLP_EDGE_READ_UINT8(&shift[i]));
    }
}

#endif

/*
 * mlp_edge_segments_int8 of at most 255 inputs. As neuron_int8.h says, but for
 *
 *   r3:r16 offsets   r11:r10 neurons to go   r14 inputs   r15 segments
 *
 * The segments that a sum fills count 255 each; what is left of it is requantised.
 */
#ifndef MLP_EDGE_KERNEL_AVR_SEGMENTS_INT8
#define MLP_EDGE_KERNEL_AVR_SEGMENTS_INT8

#ifdef MLP_EDGE_AVR

/* 13 cycles, or 8 for an input of 0: about half of what a relu gives. */
#define MLP_EDGE_AVR_ADD_UNLESS_0 \
    "ld r23, X+        \n"        \
    "lpm r22, Z+       \n"        \
    "tst r23           \n"        \
    MLP_EDGE_AVR_SPARED("breq 21f \n", "nop \n") \
    "mulsu r22, r23    \n"        \
    "sbc r20, r17      \n"        \
    "add r18, r0       \n"        \
    "adc r19, r1       \n"        \
    "adc r20, r17      \n"        \
    "21:               \n"

MLP_EDGE_AVR_CODE mlp_edge_avr_segments_int8_code(void)
{
    __asm__ volatile(
        "push r28          \n"
        "push r29          \n"
        "mov r3, r17       \n"
        "clr r17           \n"
        "movw r28, r8      \n"
        "movw r4, r22      \n"
        "movw r6, r20      \n"
        "movw r8, r18      \n"
        "cpse r10, r17     \n" /* r10 counts down r11 times */
        "inc r11           \n"
        "1:                \n"
        MLP_EDGE_AVR_START_NEURON
        "mov r21, r14      \n"
        "lsr r21           \n" /* pairs, the first of which may be half of one */
        "adc r21, r17      \n"
        "sbrc r14, 0       \n"
        "rjmp 22f          \n"
        "2:                \n"
        MLP_EDGE_AVR_ADD_UNLESS_0
        "22:               \n"
        MLP_EDGE_AVR_ADD_UNLESS_0
        "dec r21           \n"
        "brne 2b           \n"
        "movw r24, r30     \n"
        "mov r21, r20      \n" /* the sum to r21:r18 */
        "lsl r21           \n"
        "sbc r21, r21      \n"
        "mov r30, r16      \n"
        "mov r31, r3       \n"
        "lpm r22, Z+       \n"
        "lpm r23, Z+       \n"
        "lpm r26, Z+       \n"
        "lpm r27, Z+       \n"
        "mov r16, r30      \n"
        "mov r3, r31       \n"
        "mov r2, r15       \n"
        "3:                \n"
        "dec r2            \n"
        "breq 4f           \n"
        "cp r18, r22       \n"
        "cpc r19, r23      \n"
        "cpc r20, r26      \n"
        "cpc r21, r27      \n"
        "brlt 4f           \n"
        "sub r18, r22      \n"
        "sbc r19, r23      \n"
        "sbc r20, r26      \n"
        "sbc r21, r27      \n"
        "rjmp 3b           \n"
        "4:                \n"
        "mov r26, r15      \n"
        "dec r26           \n"
        "sub r26, r2       \n"
        "push r26          \n"
        MLP_EDGE_AVR_READ_MULTIPLIER
        "tst r20           \n"
        "brpl 5f           \n"
        MLP_EDGE_AVR_SPARED(
            "clr r18       \n"
            "rjmp 95f      \n",
            MLP_EDGE_AVR_SUM_OF_0)
        "5:                \n"
        MLP_EDGE_AVR_REQUANTISE
        "pop r19           \n" /* 256 full - full */
        "sub r18, r19      \n"
        "sbc r19, r17      \n"
        "st Y+, r18        \n"
        "st Y+, r19        \n"
        "dec r10           \n"
        "breq 7f           \n"
        "6:                \n"
        "rjmp 1b           \n"
        "7:                \n"
        "dec r11           \n"
        "brne 6b           \n"
        "clr r1            \n"
        "pop r29           \n"
        "pop r28           \n"
        "ret               \n"
        ::: "memory");
}

static inline void mlp_edge_avr_segments_int8(
    const int8_t *weights, const int32_t *bias, const uint16_t *multiplier, const uint8_t *shift,
    const int32_t *offset, uint16_t inputs_and_segments, const uint8_t *x, size_t outputs,
    uint16_t *y)
{
    register const int8_t *r24 __asm__("r24") = weights;
    register const int32_t *r22 __asm__("r22") = bias;
    register const uint16_t *r20 __asm__("r20") = multiplier;
    register const uint8_t *r18 __asm__("r18") = shift;
    register const int32_t *r16 __asm__("r16") = offset;
    register uint16_t r14 __asm__("r14") = inputs_and_segments;
    register const uint8_t *r12 __asm__("r12") = x;
    register size_t r10 __asm__("r10") = outputs;
    register uint16_t *r8 __asm__("r8") = y;
    __asm__ volatile("%~call %x[code]"
        : "+r"(r24), "+r"(r22), "+r"(r20), "+r"(r18), "+r"(r16), "+r"(r14), "+r"(r12),
          "+r"(r10), "+r"(r8)
        : [code] "i"(mlp_edge_avr_segments_int8_code)
        : MLP_EDGE_AVR_CHANGED);
}

#endif

#endif

/*
 * The output layer of an int8 network. An output has more than 8 bits: it adds up `segments`
 * pieces, each quantised to 0..255. Each segment starts `offset` above the one before, exactly
 * where that one reaches 255, so at most one of them is neither 0 nor 255. The exporter has proved
 * that pre-activations fit 24 bits, and their products 32. x and y must not overlap.
 */
#ifndef MLP_EDGE_KERNEL_SEGMENTS_INT8
#define MLP_EDGE_KERNEL_SEGMENTS_INT8

static inline uint16_t mlp_edge_segments(int32_t sum, int32_t next, uint8_t segments,
                                         mlp_edge_multiplier multiplier, uint8_t shift)
{
#ifdef MLP_EDGE_THUMB
    uint16_t full = 0;
    for (; --segments > 0 && sum >= next; sum -= next) {
        full = (uint16_t)(full + 255);
    }
    return (uint16_t)(full + mlp_edge_requantise(sum, multiplier, shift));
#else
    /* Above a segment that is not full, there is none. No sum less an offset leaves 32 bits. */
    uint_fast16_t total = 0;
    uint_fast8_t piece;
    do {
        piece = mlp_edge_requantise(sum, multiplier, shift);
        total += piece;
        sum -= next;
    } while (piece == 255 && total < segments * 255u);
    return (uint16_t)total;
#endif
}

static inline void mlp_edge_segments_int8(const int8_t *weights, const int32_t *bias,
    const mlp_edge_multiplier *multiplier, const uint8_t *shift, const int32_t *offset,
    uint8_t segments, size_t inputs, size_t outputs, const uint8_t *x, uint16_t *y)
{
#ifdef MLP_EDGE_AVR
    if (inputs <= 255) {
        mlp_edge_avr_segments_int8(weights, bias, multiplier, shift, offset,
            (uint16_t)(segments * 256u + inputs), x, outputs, y);
        return;
    }
#endif
    while (outputs >= (MLP_EDGE_AT_ONCE == 8 ? 1 : 4)) {
        const size_t count = outputs < MLP_EDGE_AT_ONCE ? outputs : MLP_EDGE_AT_ONCE;
        int32_t sums[MLP_EDGE_AT_ONCE];
        mlp_edge_sums_int8(weights, bias, inputs, count, x, sums);
        for (size_t i = 0; i < count; i++) {
            *y++ = mlp_edge_segments(sums[i], MLP_EDGE_READ_INT32(offset), segments,
                                     MLP_EDGE_READ_UINT16(multiplier), MLP_EDGE_READ_UINT8(shift));
            multiplier++;
            shift++;
            offset++;
        }
        weights += count * inputs;
        bias += count;
        outputs -= count;
    }
    for (; outputs > 0; outputs--) {
        const int32_t sum = mlp_edge_sum_int8(MLP_EDGE_READ_INT32(bias), weights, inputs, x);
        *y++ = mlp_edge_segments(sum, MLP_EDGE_READ_INT32(offset), segments,
                                 MLP_EDGE_READ_UINT16(multiplier), MLP_EDGE_READ_UINT8(shift));
        bias++;
        weights += inputs;
        multiplier++;
        shift++;
        offset++;
    }
}

#endif

/*
 * mlp_edge_interpolate: left + (right - left) * part / 2^16, rounded half up, where x / 2^shift is
 * the number of an entry and a part of 2^16.
 *
 *   r25:r24 table, then left   r23:r22 right less left   T: right is less
 *   r21:r20 entry   r19:r18 part
 */
#ifndef MLP_EDGE_KERNEL_AVR_INTERPOLATE
#define MLP_EDGE_KERNEL_AVR_INTERPOLATE

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

/*
 * A piecewise-linear function of an integer: a table with one entry per 2^shift, interpolated and
 * rounded half up. There is one entry beyond the last integer, so x always lies between two. The
 * shift is at most 15, so that the sum, an average times 2^shift, fits 32 bits.
 */
#ifndef MLP_EDGE_KERNEL_INTERPOLATE
#define MLP_EDGE_KERNEL_INTERPOLATE

static inline uint16_t mlp_edge_interpolate(const uint16_t *table, uint8_t shift, uint16_t x)
{
#ifdef MLP_EDGE_AVR
    return mlp_edge_avr_interpolate(table, shift, x);
#else
    const uint16_t *const entry = table + (x >> shift);
    const uint32_t size = (uint32_t)1 << shift, start = MLP_EDGE_READ_UINT16(entry);
    /* Modulo 2^32: where the line falls, the rise is below 0, the sum is not. */
    const uint32_t rise = (uint32_t)MLP_EDGE_READ_UINT16(entry + 1) - start;
    return (uint16_t)(((start << shift) + size / 2 + (x & (size - 1)) * rise) >> shift);
#endif
}

#endif

/* An activation of 16-bit integers, in place, from a piecewise-linear table. */
#ifndef MLP_EDGE_KERNEL_ACTIVATION_INT16
#define MLP_EDGE_KERNEL_ACTIVATION_INT16

static inline void mlp_edge_activation_int16(const uint16_t *table, uint8_t shift, size_t count,
                                             uint16_t *values)
{
    for (size_t i = 0; i < count; i++) {
        values[i] = mlp_edge_interpolate(table, shift, values[i]);
    }
}

#endif

/*
 * mlp_edge_dequantise without a function for floats: step * output, which is exact, then its sum
 * with the offset, rounded. The step is a normal number above 0, the offset finite.
 *
 *   r3:r2 offset   r5:r4 from the offset to the step   r9:r8 quantised   r13:r12 outputs   r10 zero
 *   r7:r6 outputs to go   r20:r18 digits of the product, r21 its exponent
 *   r24:r22, r25 those of the offset
 */
#ifndef MLP_EDGE_KERNEL_AVR_DEQUANTISE
#define MLP_EDGE_KERNEL_AVR_DEQUANTISE

#ifdef MLP_EDGE_AVR

MLP_EDGE_AVR_CODE mlp_edge_avr_dequantise_code(void)
{
    __asm__ volatile(
        "movw r2, r24      \n"
        "sub r22, r24      \n"
        "sbc r23, r25      \n"
        "movw r4, r22      \n"
        "movw r6, r20      \n"
        "movw r8, r18      \n"
        "movw r12, r16     \n"
        "clr r10           \n"
        "cpse r6, r10      \n" /* r6 counts down r7 times */
        "inc r7            \n"
        "1:                \n"
        "movw r30, r2      \n"
        "add r30, r4       \n"
        "adc r31, r5       \n"
        "lpm r22, Z+       \n"
        "lpm r23, Z+       \n"
        "lpm r24, Z+       \n"
        "lpm r21, Z+       \n"
        "lsl r24           \n"
        "rol r21           \n"
        "sec               \n"
        "ror r24           \n"
        "movw r26, r8      \n"
        "ld r18, X+        \n"
        "ld r19, X+        \n"
        "movw r8, r26      \n"
        "mul r18, r22      \n" /* the product: r20:r17:r16:r15:r14 */
        "movw r14, r0      \n"
        "mul r18, r24      \n"
        "movw r16, r0      \n"
        "clr r20           \n"
        "mul r19, r23      \n"
        "add r16, r0       \n"
        "adc r17, r1       \n"
        "adc r20, r10      \n"
        "mul r18, r23      \n"
        "add r15, r0       \n"
        "adc r16, r1       \n"
        "adc r17, r10      \n"
        "adc r20, r10      \n"
        "mul r19, r22      \n"
        "add r15, r0       \n"
        "adc r16, r1       \n"
        "adc r17, r10      \n"
        "adc r20, r10      \n"
        "mul r19, r24      \n"
        "add r17, r0       \n"
        "adc r20, r1       \n"
        "or r18, r19       \n"
        "movw r18, r16     \n"
        "breq 4f           \n"
        "subi r21, -16     \n"
        "2:                \n"
        "tst r20           \n"
        "brne 21f          \n"
        "mov r20, r19      \n"
        "mov r19, r18      \n"
        "mov r18, r15      \n"
        "mov r15, r14      \n"
        "subi r21, 8       \n"
        "rjmp 2b           \n"
        "21:               \n"
        "brmi 3f           \n"
        "22:               \n"
        "dec r21           \n"
        "lsl r15           \n"
        "rol r18           \n"
        "rol r19           \n"
        "rol r20           \n"
        "brpl 22b          \n"
        "3:                \n"
        "movw r30, r2      \n"
        "lpm r22, Z+       \n"
        "lpm r23, Z+       \n"
        "lpm r24, Z+       \n"
        "lpm r25, Z+       \n"
        "movw r2, r30      \n"
        "clr r11           \n"
        "bst r25, 7        \n"
        "lsl r24           \n"
        "rol r25           \n"
        "breq 5f           \n"
        "sec               \n"
        "ror r24           \n"
        "rjmp 6f           \n"
        "4:                \n"
        "ldi r21, 1        \n"
        "rjmp 3b           \n"
        "5:                \n"
        "lsr r24           \n"
        "inc r25           \n"
        "6:                \n"
        "%~call %x[add]    \n"
        "tst r20           \n"
        "brmi 36f          \n"
        "mov r0, r18       \n"
        "or r0, r19        \n"
        "or r0, r20        \n"
        "breq 35f          \n"
        "34:               \n"
        "cpi r21, 2        \n" /* as far as a subnormal number */
        "brlo 35f          \n"
        "dec r21           \n"
        "lsl r18           \n"
        "rol r19           \n"
        "rol r20           \n"
        "brpl 34b          \n"
        "rjmp 36f          \n"
        "35:               \n"
        "clr r21           \n"
        "36:               \n"
        "cpi r21, 255      \n"
        "brne 37f          \n"
        "clr r18           \n" /* beyond floats */
        "clr r19           \n"
        "clr r20           \n"
        "37:               \n"
        "lsl r20           \n"
        "lsr r21           \n"
        "ror r20           \n"
        "or r21, r11       \n"
        "movw r26, r12     \n"
        "st X+, r18        \n"
        "st X+, r19        \n"
        "st X+, r20        \n"
        "st X+, r21        \n"
        "movw r12, r26     \n"
        "dec r6            \n"
        "breq 9f           \n"
        "8:                \n"
        "rjmp 1b           \n"
        "9:                \n"
        "dec r7            \n"
        "brne 8b           \n"
        "clr r1            \n"
        "ret               \n"
        :: [add] "i"(mlp_edge_avr_add_float_code) : "memory");
}

static inline void mlp_edge_avr_dequantise(
    const float *offset, const float *step, size_t count, const uint16_t *quantised,
    float *outputs)
{
    register const float *r24 __asm__("r24") = offset;
    register const float *r22 __asm__("r22") = step;
    register size_t r20 __asm__("r20") = count;
    register const uint16_t *r18 __asm__("r18") = quantised;
    register float *r16 __asm__("r16") = outputs;
    __asm__ volatile("%~call %x[code]"
        : "+r"(r24), "+r"(r22), "+r"(r20), "+r"(r18), "+r"(r16)
        : [code] "i"(mlp_edge_avr_dequantise_code)
        : MLP_EDGE_AVR_CHANGED, "r14", "r15", "r12", "r13", "r10", "r11", "r8", "r9");
}

#endif

#endif

/* An integer times a power of two as a float, rounded half to even; without a float unit. */
#ifndef MLP_EDGE_KERNEL_ROUNDED_BITS
#define MLP_EDGE_KERNEL_ROUNDED_BITS

#if defined(MLP_EDGE_SOFT_FLOAT) && !defined(__AVR__) && !defined(MLP_EDGE_PLAIN_C)
#define MLP_EDGE_SUM_BITS

/* The bits of digits * 2^(exponent - 158) as a float, rounded half to even; exponent above 0. */
static inline uint32_t mlp_edge_rounded_bits(uint32_t digits, int32_t exponent)
{
    if (digits == 0) {
        return 0;
    }
    for (int32_t by = 16; by > 0; by >>= 1) { /* the leading digit to the topmost bit */
        if (digits >> (32 - by) == 0 && exponent > by) {
            digits <<= by;
            exponent -= by;
        }
    }
    digits = (digits >> 8) + ((digits & 0xffu) + (digits >> 8 & 1u) > 0x80u);
    /* The digit in front, and what is carried there, adds 1 to the exponent. */
    const uint32_t bits = ((uint32_t)(exponent - 1) << 23) + digits;
    return bits < MLP_EDGE_INFINITY ? bits : MLP_EDGE_INFINITY;
}

#endif

#endif

/*
 * The sum of two finite floats, rounded half to even, as IEEE 754 has it, but for the sign of 0:
 * for chips where it would be a call, to a function several times as large.
 */
#ifndef MLP_EDGE_KERNEL_SUM_BITS
#define MLP_EDGE_KERNEL_SUM_BITS

#ifdef MLP_EDGE_SUM_BITS

static inline float mlp_edge_sum_bits(uint32_t x, uint32_t y)
{
    int32_t exponent, other;
    uint32_t a = mlp_edge_digits(x, &exponent), b = mlp_edge_digits(y, &other);
    if (exponent < other) {
        a = mlp_edge_sticky_shift(a, other - exponent);
        exponent = other;
    } else {
        b = mlp_edge_sticky_shift(b, exponent - other);
    }
    /* Two have 31 bits at most, the lowest 6 of them behind the digits of a float. */
    const uint32_t sum = (x & MLP_EDGE_SIGN ? 0u - a : a) + (y & MLP_EDGE_SIGN ? 0u - b : b);
    const uint32_t sign = sum & MLP_EDGE_SIGN;
    return mlp_edge_from_bits(sign | mlp_edge_rounded_bits(sign ? 0u - sum : sum, exponent + 2));
}

#endif

#endif

/*
 * Quantised outputs as floats: offset + step * output. The exporter makes sure that the product is
 * exact, so a compiler that fuses it with the sum changes nothing: a step, which is above 0, has 16
 * binary digits at most.
 */
#ifndef MLP_EDGE_KERNEL_DEQUANTISE
#define MLP_EDGE_KERNEL_DEQUANTISE

static inline void mlp_edge_dequantise(const float *offset, const float *step, size_t count,
                                       const uint16_t *quantised, float *outputs)
{
#ifdef MLP_EDGE_AVR
    mlp_edge_avr_dequantise(offset, step, count, quantised, outputs);
#else
    for (size_t i = 0; i < count; i++) {
#ifdef MLP_EDGE_SUM_BITS
        const uint32_t factor = mlp_edge_bits(MLP_EDGE_READ_FLOAT(&step[i]));
        const uint32_t product = ((factor & 0x7fffffu) | 0x800000u) / 256 * quantised[i];
        outputs[i] = mlp_edge_sum_bits(
            mlp_edge_bits(MLP_EDGE_READ_FLOAT(&offset[i])),
            mlp_edge_rounded_bits(product, (int32_t)(factor >> 23) + 16));
#else
        const float product = MLP_EDGE_READ_FLOAT(&step[i]) * (float)quantised[i];
        outputs[i] = MLP_EDGE_READ_FLOAT(&offset[i]) + product;
#endif
    }
#endif
}

#endif

/*
 * A dense layer in int8 of at most 255 inputs and 4 to 1020 neurons, a multiple of 4; with the bits
 * of mlp_edge_dense_int8 and mlp_edge_dense_int8_from_16. It sums four neurons at a time: an input
 * is read once for all of them, and one of a byte is passed over where it is 0.
 *
 * The table has the bytes of four neurons in the order in which they are needed: the biases, 3
 * bytes each; four weights for each input; of each neuron the multiplier, moved up within 2 bytes
 * until the shift is one of whole bytes, and what that is: 0 for 2 bytes, 1 for 3, 2 for 4. It is 4
 * for 3 bytes, and 6 for 4, where the product has to be doubled, as the multiplier had no room.
 *
 *   r4:r2 r5:r7:r6 r10:r8 r11:r13:r12 sums   r14 fours to go   r16 inputs   r17 zero   r20 counts
 *   X input   Y output   Z table   T inputs have 2 bytes
 */
#ifndef MLP_EDGE_KERNEL_AVR_FOURS_INT8
#define MLP_EDGE_KERNEL_AVR_FOURS_INT8

#ifdef MLP_EDGE_AVR

#define MLP_EDGE_AVR_READ_BIAS(low, middle, high) \
    "lpm " low ", Z+   \n"                        \
    "lpm " middle ", Z+\n"                        \
    "lpm " high ", Z+  \n"

/* 9 cycles. MULSU leaves the sign of the product in the carry. */
#define MLP_EDGE_AVR_ADD_8(low, middle, high) \
    "lpm r22, Z+       \n"                    \
    "mulsu r22, r23    \n"                    \
    "sbc " high ", r17 \n"                    \
    "add " low ", r0   \n"                    \
    "adc " middle ", r1\n"                    \
    "adc " high ", r17 \n"

/* 13 cycles: the low byte of an input, then the high one. */
#define MLP_EDGE_AVR_ADD_16(low, middle, high) \
    MLP_EDGE_AVR_ADD_8(low, middle, high)      \
    "mulsu r22, r21    \n"                     \
    "add " middle ", r0\n"                     \
    "adc " high ", r1  \n"

#define MLP_EDGE_AVR_OF_FOUR(what) \
    what("r2", "r3", "r4")         \
    what("r6", "r7", "r5")         \
    what("r8", "r9", "r10")        \
    what("r12", "r13", "r11")

/* A negative sum becomes 0, another what the code at label 50 makes of it. */
#define MLP_EDGE_AVR_END_OF_FOUR(low, middle, high) \
    "tst " high "      \n"                          \
    "brpl 61f          \n"                          \
    MLP_EDGE_AVR_SPARED(                            \
        "adiw r30, 3   \n"                          \
        "st Y+, r17    \n"                          \
        "rjmp 62f      \n",                         \
        "clr " low "   \n"                          \
        "clr " middle "\n"                          \
        "clr " high "  \n")                         \
    "61:               \n"                          \
    "movw r18, " low " \n"                          \
    "mov r20, " high " \n"                          \
    "rcall 50f         \n"                          \
    "62:               \n"

MLP_EDGE_AVR_CODE mlp_edge_avr_fours_int8_code(void)
{
    __asm__ volatile(
        "push r28          \n"
        "push r29          \n"
        "movw r30, r24     \n"
        "movw r26, r22     \n"
        "movw r28, r20     \n"
        "bst r14, 1        \n"
        "mov r14, r16      \n"
        "mov r16, r18      \n"
        "clr r17           \n"
        "1:                \n" /* four neurons */
        MLP_EDGE_AVR_OF_FOUR(MLP_EDGE_AVR_READ_BIAS)
        "mov r20, r16      \n"
        "brts 5f           \n"
        "2:                \n"
        "ld r23, X+        \n"
        "tst r23           \n"
        MLP_EDGE_AVR_SPARED("breq 4f \n", "nop \n")
        MLP_EDGE_AVR_OF_FOUR(MLP_EDGE_AVR_ADD_8)
        "3:                \n"
        "dec r20           \n"
        "brne 2b           \n"
        "rjmp 6f           \n"
        "4:                \n"
        "adiw r30, 4       \n"
        "rjmp 3b           \n"
        "5:                \n"
        "ld r23, X+        \n"
        "ld r21, X+        \n"
        MLP_EDGE_AVR_OF_FOUR(MLP_EDGE_AVR_ADD_16)
        "dec r20           \n"
        "brne 5b           \n"
        "sub r26, r16      \n" /* back to the first input */
        "sbc r27, r17      \n"
        "6:                \n"
        "sub r26, r16      \n"
        "sbc r27, r17      \n"
        MLP_EDGE_AVR_OF_FOUR(MLP_EDGE_AVR_END_OF_FOUR)
        "dec r14           \n"
        "breq 7f           \n"
        "rjmp 1b           \n"
        "7:                \n"
        "clr r1            \n"
        "pop r29           \n"
        "pop r28           \n"
        "ret               \n"

        "50:               \n" /* requantises r20:r18, which is not negative, to Y+ */
        "lpm r22, Z+       \n"
        "lpm r23, Z+       \n"
        "lpm r21, Z+       \n"
        "mul r18, r22      \n" /* the product but for its lowest byte: r25:r24:r15 */
        "mov r15, r1       \n"
        "mul r19, r23      \n"
        "movw r24, r0      \n"
        "mul r19, r22      \n"
        "add r15, r0       \n"
        "adc r24, r1       \n"
        "adc r25, r17      \n"
        "mul r18, r23      \n"
        "add r15, r0       \n"
        "adc r24, r1       \n"
        "adc r25, r17      \n"
        MLP_EDGE_AVR_SPARED("cpse r20, r17 \n", "nop \n")
        "rjmp 55f          \n"
        "51:               \n"
        "sbrs r21, 0       \n"
        "rjmp 56f          \n"
        "52:               \n"
        "lsl r24           \n" /* the topmost bit dropped rounds */
        "adc r25, r17      \n"
        "brcc 54f          \n"
        "53:               \n"
        "ldi r25, 255      \n"
        "54:               \n"
        "st Y+, r25        \n"
        "ret               \n"
        "55:               \n" /* a sum of 3 bytes: a fifth one of the product, r23 */
        "mov r19, r23      \n"
        "mul r20, r22      \n"
        "clr r23           \n"
        "add r24, r0       \n"
        "adc r25, r1       \n"
        "adc r23, r17      \n"
        "mul r20, r19      \n"
        "add r25, r0       \n"
        "adc r23, r1       \n"
        "sbrc r21, 1       \n"
        "rjmp 59f          \n"
        "tst r23           \n"
        "brne 53b          \n"
        "rjmp 51b          \n"
        "56:               \n"
        "tst r21           \n"
        "brne 57f          \n"
        "tst r25           \n" /* 2 bytes */
        "brne 53b          \n"
        "lsl r15           \n"
        "adc r24, r17      \n"
        "mov r25, r24      \n"
        "brcc 54b          \n"
        "rjmp 53b          \n"
        "57:               \n"
        "sbrc r21, 1       \n"
        "rjmp 58f          \n"
        "lsl r15           \n" /* 3 bytes of a product doubled */
        "rol r24           \n"
        "rol r25           \n"
        "brcs 53b          \n"
        "rjmp 52b          \n"
        "58:               \n"
        "clr r23           \n"
        "59:               \n" /* 4 bytes */
        "sbrs r21, 2       \n"
        "rjmp 60f          \n"
        "lsl r24           \n"
        "rol r25           \n"
        "rol r23           \n"
        "60:               \n"
        "lsl r25           \n"
        "adc r23, r17      \n"
        "mov r25, r23      \n"
        "brcc 54b          \n"
        "rjmp 53b          \n"
        ::: "memory");
}

/* Inputs of one byte, or of 2, each up to 1020. */
static inline void mlp_edge_avr_fours_int8(
    const int8_t *table, uint8_t inputs, uint8_t fours, const void *x, uint8_t *y, uint8_t bytes)
{
    register const int8_t *r24 __asm__("r24") = table;
    register const void *r22 __asm__("r22") = x;
    register uint8_t *r20 __asm__("r20") = y;
    register uint8_t r18 __asm__("r18") = inputs;
    register uint8_t r16 __asm__("r16") = fours;
    register uint8_t r14 __asm__("r14") = bytes;
    __asm__ volatile("%~call %x[code]"
        : "+r"(r24), "+r"(r22), "+r"(r20), "+r"(r18), "+r"(r16), "+r"(r14)
        : [code] "i"(mlp_edge_avr_fours_int8_code)
        : MLP_EDGE_AVR_CHANGED, "r8", "r9", "r10", "r11", "r12", "r13", "r15", "r17", "r19");
}

#endif

#endif

/*
 * The class of a binary model from its quantised output: 1 above the limit, else 0. The limit is -1
 * where every output is above it. The exporter has tried every output, so this is the class that
 * the prediction stands for.
 */
#ifndef MLP_EDGE_KERNEL_QUANTISED_ABOVE
#define MLP_EDGE_KERNEL_QUANTISED_ABOVE

static inline int mlp_edge_quantised_above(uint32_t output, int32_t limit)
{
    return (int32_t)output > limit;
}

#endif

/*
 * mlp_edge_quantise_raw of several counts, a line each.
 *
 *   r17:r16 high   r25:r24 counts to go   X, Y, Z count, integer and line at hand   r6 zero
 *   r7 bytes of an integer   r14 whether a count is missing   r15 shifts: with T set to the left,
 *   before a byte is dropped
 *   r19:r18 count above the line's low   r23:r20 factor   r5:r2 place on the line
 */
#ifndef MLP_EDGE_KERNEL_AVR_QUANTISE_RAW
#define MLP_EDGE_KERNEL_AVR_QUANTISE_RAW

#ifdef MLP_EDGE_AVR

MLP_EDGE_AVR_CODE mlp_edge_avr_quantise_raw_code(void)
{
    __asm__ volatile(
        "push r28          \n"
        "push r29          \n"
        "movw r30, r24     \n"
        "movw r28, r22     \n"
        "movw r26, r20     \n"
        "movw r24, r18     \n"
        "clr r6            \n"
        "mov r7, r15       \n"
        "mov r15, r14      \n"
        "clt               \n"
        "mov r18, r14      \n"
        "cpi r18, 4        \n"
        "brlo 1f           \n"
        "set               \n"
        "ldi r18, 8        \n"
        "sub r18, r14      \n"
        "mov r15, r18      \n"
        "1:                \n"
        "clr r14           \n"
        "sbiw r24, 0       \n"
        "brne 5f           \n"
        "rjmp 9f           \n"
        "2:                \n" /* below the line: as beyond one that goes the other way */
        "add r18, r20      \n"
        "adc r19, r21      \n"
        "cpi r19, 0x80     \n"
        "brne 22f          \n"
        "cpse r18, r6      \n"
        "rjmp 22f          \n"
        "mov r14, r19      \n"
        "22:               \n"
        "adiw r30, 5       \n"
        "lpm r20, Z+       \n"
        "com r20           \n"
        "rjmp 4f           \n"
        "3:                \n"
        "adiw r30, 3       \n"
        "lpm r20, Z+       \n"
        "4:                \n"
        "adiw r30, 4       \n"
        "movw r4, r16      \n"
        "sbrc r20, 7       \n"
        "clr r4            \n"
        "sbrc r20, 7       \n"
        "clr r5            \n"
        "rjmp 8f           \n"
        "5:                \n"
        "ld r18, X+        \n"
        "ld r19, X+        \n"
        "lpm r20, Z+       \n"
        "lpm r21, Z+       \n"
        "sub r18, r20      \n"
        "sbc r19, r21      \n"
        "brlt 2b           \n"
        "lpm r22, Z+       \n"
        "lpm r23, Z+       \n"
        "cp r22, r18       \n"
        "cpc r23, r19      \n"
        "brlo 3b           \n"
        "lpm r20, Z+       \n"
        "lpm r21, Z+       \n"
        "lpm r22, Z+       \n"
        "lpm r23, Z+       \n"
        "mov r2, r20       \n"
        "or r2, r21        \n"
        "brne 53f          \n"
        "adiw r30, 2       \n" /* nothing carries over from the lower bytes */
        "lpm r4, Z+        \n"
        "lpm r5, Z+        \n"
        "rjmp 54f          \n"
        "53:               \n"
        "lpm r2, Z+        \n"
        "lpm r3, Z+        \n"
        "lpm r4, Z+        \n"
        "lpm r5, Z+        \n"
        "mul r18, r20      \n"
        "add r2, r0        \n"
        "adc r3, r1        \n"
        "adc r4, r6        \n"
        "adc r5, r6        \n"
        "mul r18, r21      \n"
        "add r3, r0        \n"
        "adc r4, r1        \n"
        "adc r5, r6        \n"
        "mul r19, r20      \n"
        "add r3, r0        \n"
        "adc r4, r1        \n"
        "adc r5, r6        \n"
        "mul r19, r21      \n"
        "add r4, r0        \n"
        "adc r5, r1        \n"
        "54:               \n"
        "mul r18, r22      \n"
        "add r4, r0        \n"
        "adc r5, r1        \n"
        "mul r18, r23      \n"
        "add r5, r0        \n"
        "mul r19, r22      \n"
        "add r5, r0        \n"
        "mov r18, r15      \n"
        "brts 7f           \n"
        "subi r18, 0       \n"
        "breq 8f           \n"
        "6:                \n"
        "lsr r5            \n"
        "ror r4            \n"
        "dec r18           \n"
        "brne 6b           \n"
        "rjmp 8f           \n"
        "7:                \n"
        "clr r19           \n"
        "subi r18, 0       \n"
        "breq 72f          \n"
        "71:               \n"
        "lsl r4            \n"
        "rol r5            \n"
        "rol r19           \n"
        "dec r18           \n"
        "brne 71b          \n"
        "72:               \n"
        "mov r4, r5        \n"
        "mov r5, r19       \n"
        "8:                \n"
        "st Y+, r4         \n"
        "sbrc r7, 1        \n"
        "st Y+, r5         \n"
        "sbiw r24, 1       \n"
        "breq 9f           \n"
        "rjmp 5b           \n"
        "9:                \n"
        "mov r24, r14      \n"
        "clr r25           \n"
        "cpse r24, r6      \n"
        "ldi r24, 1        \n"
        "clr r1            \n"
        "pop r29           \n"
        "pop r28           \n"
        "ret               \n"
        ::: "memory");
}

static inline int mlp_edge_avr_quantise_raw(
    const mlp_edge_raw_line *lines, uint8_t shift, uint16_t high, size_t count, const int16_t *x,
    void *y, uint8_t bytes)
{
    register uint16_t r24 __asm__("r24") = (uint16_t)(uintptr_t)lines;
    register void *r22 __asm__("r22") = y;
    register const int16_t *r20 __asm__("r20") = x;
    register size_t r18 __asm__("r18") = count;
    register uint16_t r16 __asm__("r16") = high;
    register uint16_t r14 __asm__("r14") = (uint16_t)(shift | bytes << 8);
    __asm__ volatile("%~call %x[code]"
        : "+r"(r24), "+r"(r22), "+r"(r20), "+r"(r18), "+r"(r16), "+r"(r14)
        : [code] "i"(mlp_edge_avr_quantise_raw_code)
        : MLP_EDGE_AVR_CHANGED);
    return (int)r24;
}

#endif

#endif

/*
 * mlp_edge_quantise_raw of one count or more, on Cortex-M3 and later: 11 instructions for each that
 * is on its line.
 */
#ifndef MLP_EDGE_KERNEL_CORTEX_QUANTISE_RAW
#define MLP_EDGE_KERNEL_CORTEX_QUANTISE_RAW

#ifdef MLP_EDGE_THUMB

/*
 * Counts are read from r0 up to r3, their lines from r1: r4 holds low and span, r5 the factor, r6
 * the start. `store` writes r12 to r2. Below a line, r12 wraps, and is above the span, too.
 */
#define MLP_EDGE_THUMB_QUANTISE_RAW(y_type, store)                                      \
    register const int16_t *r0 __asm__("r0") = x;                                       \
    register const mlp_edge_raw_line *r1 __asm__("r1") = lines;                         \
    register y_type *r2 __asm__("r2") = y;                                              \
    register const int16_t *r3 __asm__("r3") = x + count;                               \
    register uint32_t r8 __asm__("r8") = 16u + shift;                                   \
    register uint32_t r10 __asm__("r10") = high;                                        \
    register int missing __asm__("r11") = 0;                                            \
    __asm__ volatile(                                                                   \
        "0:\n"                                                                          \
        "ldrsh lr, [r0], #2\n"                                                          \
        "ldm r1!, {r4-r6}\n"                                                            \
        "sxth r12, r4\n"                                                                \
        "sub r12, lr, r12\n"                                                            \
        "cmp r12, r4, lsr #16\n"                                                        \
        "bhi 2f\n"                                                                      \
        "mla r12, r12, r5, r6\n"                                                        \
        "lsr r12, r12, r8\n"                                                            \
        "1:\n"                                                                          \
        store                                                                           \
        "cmp r0, r3\n"                                                                  \
        "bne 0b\n"                                                                      \
        "b 3f\n"                                                                        \
        "2:\n" /* `high` where the line rises towards the count, otherwise 0 */         \
        "eors r12, r12, r5\n"                                                           \
        "ite mi\n"                                                                      \
        "movmi r12, #0\n"                                                               \
        "movpl r12, r10\n"                                                              \
        "cmn lr, #32768\n"                                                              \
        "it eq\n"                                                                       \
        "moveq r11, #1\n"                                                               \
        "b 1b\n"                                                                        \
        "3:\n"                                                                          \
        : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(missing)                                   \
        : "r"(r3), "r"(r8), "r"(r10)                                                    \
        : "r4", "r5", "r6", "r12", "lr", "cc", "memory");                               \
    return missing

#endif

#endif

/*
 * Quantises a count without a float: 0 on one side of its line, `high` on the other. The line is
 * shifted by 16 and then by `shift`. The exporter has tried every count, so this is the integer
 * that the float reading gives. INT16_MIN, which is on no line, sets `missing`. Products and sums
 * are taken modulo 2^32; a line has no more bits.
 */
#ifndef MLP_EDGE_KERNEL_QUANTISE_RAW
#define MLP_EDGE_KERNEL_QUANTISE_RAW

static inline uint16_t mlp_edge_quantise_raw(const mlp_edge_raw_line *line, uint8_t shift,
                                             uint16_t high, int16_t count, int *missing)
{
    /* Below the line it wraps, and is above the span, too. */
    const uint32_t above = (uint32_t)count - (uint32_t)MLP_EDGE_READ_INT16(&line->low);
    const uint32_t factor = (uint32_t)MLP_EDGE_READ_INT32(&line->factor);
    if (above > MLP_EDGE_READ_UINT16(&line->span)) {
        const uint32_t bits = (uint32_t)count;
        /* Bit 15 is the lowest that is set in INT16_MIN alone. */
        *missing |= (int)((bits & (0u - bits)) >> 15);
        return high & (uint16_t)(((above ^ factor) >> 31) - 1u);
    }
    const uint32_t place = (uint16_t)above * factor + MLP_EDGE_READ_BITS(&line->start);
    return (uint16_t)((uint16_t)(place >> 16) >> shift);
}

#endif

/* Quantises counts to one byte each, 0..255. It returns 1 where one is missing, otherwise 0. */
#ifndef MLP_EDGE_KERNEL_QUANTISE_RAW_INT8
#define MLP_EDGE_KERNEL_QUANTISE_RAW_INT8

static inline int mlp_edge_quantise_raw_int8(const mlp_edge_raw_line *lines, uint8_t shift,
    uint16_t high, size_t count, const int16_t *x, uint8_t *y)
{
#ifdef MLP_EDGE_AVR
    return mlp_edge_avr_quantise_raw(lines, shift, high, count, x, y, sizeof *y);
#else
#ifdef MLP_EDGE_THUMB
    if (count > 2) {
        MLP_EDGE_THUMB_QUANTISE_RAW(uint8_t, "strb r12, [r2], #1\n");
    }
#endif
    int missing = 0;
    for (const int16_t *const end = x + count; x != end; x++) {
        *y++ = (uint8_t)mlp_edge_quantise_raw(lines++, shift, high, *x, &missing);
    }
    return missing;
#endif
}

#endif

/*
 * 1 where a count is in a rising list, else 0. These are the readings that rounding in float32
 * takes to one integer more than their line does.
 */
#ifndef MLP_EDGE_KERNEL_LISTED_RAW
#define MLP_EDGE_KERNEL_LISTED_RAW

static inline uint8_t mlp_edge_listed_raw(const int16_t *list, uint8_t count, int16_t reading)
{
    uint8_t first = 0;
    while (count > 0) {
        const uint8_t half = count / 2;
        const int16_t middle = MLP_EDGE_READ_INT16(&list[first + half]);
        if (middle == reading) {
            return 1;
        }
        if (middle < reading) {
            first = (uint8_t)(first + half + 1);
            count = (uint8_t)(count - half - 1);
        } else {
            count = half;
        }
    }
    return 0;
}

#endif

/* Outputs in integers: those that predictions are made of. */
#ifndef MLP_EDGE_KERNEL_OUTPUT_RAW
#define MLP_EDGE_KERNEL_OUTPUT_RAW

static inline void mlp_edge_output_raw(size_t count, const uint16_t *quantised, int32_t *outputs)
{
    for (size_t i = 0; i < count; i++) {
        outputs[i] = quantised[i];
    }
}

#endif

/* Sets every output to -1, which is none: there is no prediction. */
#ifndef MLP_EDGE_KERNEL_REJECT_RAW
#define MLP_EDGE_KERNEL_REJECT_RAW

static inline void mlp_edge_reject_raw(int32_t *outputs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        outputs[i] = -1;
    }
}

#endif

#ifdef PIMA_INT8_SELFTEST
/* The self-test: golden rows, and what pima_int8_predict has to make of them. */


/* A golden prediction as float32 bits: the same bits, or NaN where NaN is expected. */
#ifndef MLP_EDGE_KERNEL_GOLDEN
#define MLP_EDGE_KERNEL_GOLDEN

static inline float mlp_edge_golden(const uint32_t *bits)
{
    return mlp_edge_from_bits(MLP_EDGE_READ_BITS(bits));
}

static inline int mlp_edge_same(float value, uint32_t expected)
{
    const uint32_t bits = mlp_edge_bits(value);
    if ((expected & ~MLP_EDGE_SIGN) > MLP_EDGE_INFINITY) { /* NaN, with any payload */
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
/* The bits that pima_int8_predict has to give for each. */
static const uint32_t PIMA_INT8_GOLDEN_PREDICTIONS[6][1] MLP_EDGE_FLASH = {
    {0x3a440000u},
    {0x3f080e00u},
    {0x3f7fbd00u},
    {0x3f7d1f00u},
    {0x3c408000u},
    {0x7fc00000u},
};
/* Counts; INT16_MIN is a missing one. */
static const int16_t PIMA_INT8_GOLDEN_RAW[8][8] MLP_EDGE_FLASH = {
    /* 7, every reading at its lowest */
    {0, 0, 0, 0, 0, 0, 0, 21},
    /* 8, in the middle */
    {8, 100, 61, 50, 423, 34, 1, 51},
    /* 9, at its highest */
    {17, 199, 122, 99, 846, 67, 2, 81},
    /* 10, lowest and highest in turn */
    {0, 199, 0, 99, 0, 67, 0, 81},
    /* 11, highest and lowest in turn */
    {17, 0, 122, 0, 846, 0, 2, 21},
    /* 12, [0] missing */
    {INT16_MIN, 100, 61, 50, 423, 34, 1, 51},
    /* 13, every raw reading at its lowest */
    {-32767, -32767, -32767, -32767, -32767, -32767, -32767, -32767},
    /* 14, at its highest */
    {32767, 32767, 32767, 32767, 32767, 32767, 32767, 32767},
};
/* What pima_int8_predict_raw has to give for each. */
static const int32_t PIMA_INT8_GOLDEN_RAW_OUTPUTS[8][1] MLP_EDGE_FLASH = {
    {50},
    {37344},
    {65448},
    {64485},
    {565},
    {-1},
    {39},
    {65495},
};

int pima_int8_selftest(void)
{
    for (int row = 0; row < 6; row++) {
        float features[PIMA_INT8_INPUTS], outputs[PIMA_INT8_OUTPUTS];
        for (size_t i = 0; i < PIMA_INT8_INPUTS; i++) {
            features[i] = mlp_edge_golden(&PIMA_INT8_GOLDEN[row][i]);
        }
        pima_int8_predict(features, outputs);
        for (size_t i = 0; i < PIMA_INT8_OUTPUTS; i++) {
            const uint32_t expected = MLP_EDGE_READ_BITS(&PIMA_INT8_GOLDEN_PREDICTIONS[row][i]);
            const int right = mlp_edge_same(outputs[i], expected);
            if (!right) {
                return row + 1;
            }
        }
    }
    for (int row = 0; row < 8; row++) {
        int16_t counts[PIMA_INT8_INPUTS];
        int32_t outputs[PIMA_INT8_OUTPUTS];
        for (size_t i = 0; i < PIMA_INT8_INPUTS; i++) {
            counts[i] = MLP_EDGE_READ_INT16(&PIMA_INT8_GOLDEN_RAW[row][i]);
        }
        pima_int8_predict_raw(counts, outputs);
        for (size_t i = 0; i < PIMA_INT8_OUTPUTS; i++) {
            if (outputs[i] != MLP_EDGE_READ_INT32(&PIMA_INT8_GOLDEN_RAW_OUTPUTS[row][i])) {
                return row + 7;
            }
        }
    }
    return 0;
}
#endif

#endif
#endif
/* SHA-256 of this file, with zeros in the place of the digits:
mlp-edge-seal sha256:697e0db0c9727b5322036b795f629744b13a7d0e9a597ca2898b3b2007f7b10f */
/* The model's card, for programs that read this file: JSON, its lines joined. */
/* mlp-edge-card
 * {"name": "pima_int8", "features": [{"name": "pregnancies", "low": 0.0, "high": 17.0},
 *  {"name": "glucose", "low": 0.0, "high": 199.0}, {"name": "pressure", "low": 0.0,
 *  "high": 122.0}, {"name": "skin", "low": 0.0, "high": 99.0}, {"name": "insulin", "low": 0.0,
 *  "high": 846.0}, {"name": "bmi", "low": 0.0, "high": 67.0999984741211}, {"name": "pedigree",
 *  "low": 0.07800000160932541, "high": 2.4200000762939453}, {"name": "age", "low": 21.0,
 *  "high": 81.0}], "targets": ["diabetes"], "labels": ["0", "1"], "task": "binary",
 *  "threshold": 0.5,
 *  "weights_sha256": "48cb8ba37a16c24a5126e4319c6dfd50859d7c8f5f93122fb69ff62506332cd3",
 *  "version": "0.1.0", "dtype": "int8", "format": 3}
 */
