/*
 * iris_residual: a multilayer perceptron in one file, for C99, C++11 and Arduino
 *
 * SPDX-FileCopyrightText: mlp-edge contributors
 * SPDX-License-Identifier: MIT-0
 * The tables and the code generated for this model are yours; the kernels are MIT-0: nothing has to
 * be attributed, neither in source nor in binaries.
 *
 *   layers    graph of 13 layers, 4 to 3, listed below, float32
 *   written   by mlp-edge 0.1.0: mlp-edge export --format c --name iris_residual
 *   weights   sha256 bb7ecd9c8b3e88e1396beb5f0b516270345c791c2f341ee96e0f6326574679ce
 *   tables    1116 bytes, in flash on AVR and ESP8266
 *   stack     of iris_residual_predict, at most, with gcc -Os: 165 bytes on AVR, 264 on Cortex-M0,
 *             271 on Cortex-M3, 212 on Cortex-M4, 356 on RV32
 *
 * Use:
 *
 *   #include "iris_residual.h"
 *   float features[IRIS_RESIDUAL_INPUTS] = { ... };  raw readings, in the order below
 *   float probabilities[IRIS_RESIDUAL_OUTPUTS];
 *   iris_residual_predict(features, probabilities);
 *   int label = iris_residual_classify(features);  one of IRIS_RESIDUAL_CLASS_..., or -1: no prediction
 *   iris_residual_label(label)                     its text; on AVR a string in flash (PROGMEM)
 *
 * Include this header as is in exactly one source file. In every other, write
 *
 *   #define IRIS_RESIDUAL_DECLARE_ONLY
 *
 * before the #include, to get the constants and the functions without another copy of the tables.
 *
 * #define IRIS_RESIDUAL_SELFTEST in the one source file adds iris_residual_selftest(), which
 * returns 0 if this chip, with these compiler flags, predicts what it should, otherwise the number
 * of the first row that it gets wrong.
 *
 * Layers. A dense one reads its inputs one after the other, an elementwise one unit by unit:
 *
 *   1   dense        4 to 6  linear   of inputs
 *   2   dense        6 to 6  linear   of layer 1
 *   3   elementwise  6       square   of layer 2
 *   4   dense        6 to 1  rsqrt    of layer 3
 *   5   elementwise  6       linear   of DIAGONAL1 * layer 2; times layer 4
 *   6   dense        6 to 8  gelu     of layer 5
 *   7   dense        8 to 6  linear   of layer 6
 *   8   elementwise  6       linear   of layer 7 + layer 1
 *   9   dense        6 to 6  linear   of layer 8
 *   10  elementwise  6       square   of layer 9
 *   11  dense        6 to 1  rsqrt    of layer 10
 *   12  elementwise  6       linear   of DIAGONAL1 * layer 9; times layer 11
 *   13  dense        6 to 3  softmax  of layer 12; gives outputs [0] to [2]
 *
 * Features, in the units of the training table, with their ranges there:
 *
 *   [0] "sepal_length"  4.3 to 7.9
 *   [1] "sepal_width"   2 to 4.4
 *   [2] "petal_length"  1 to 6.9
 *   [3] "petal_width"   0.1 to 2.5
 *
 * A reading that is NaN is missing: the prediction is NaN.
 *
 * Outputs, of "species":
 *
 *   [0] probability of "setosa"
 *   [1] probability of "versicolor"
 *   [2] probability of "virginica"
 *   The class is the one of the largest probability, the first of equals.
 */
#ifndef IRIS_RESIDUAL_H
#define IRIS_RESIDUAL_H

#define IRIS_RESIDUAL_NAME "iris_residual"
#define IRIS_RESIDUAL_DTYPE "float32"
#define IRIS_RESIDUAL_WEIGHTS_SHA256 \
    "bb7ecd9c8b3e88e1396beb5f0b516270345c791c2f341ee96e0f6326574679ce"
#define IRIS_RESIDUAL_INPUTS 4
#define IRIS_RESIDUAL_OUTPUTS 3
#define IRIS_RESIDUAL_LAYERS 13
#define IRIS_RESIDUAL_LAYER1_INPUTS 4
#define IRIS_RESIDUAL_LAYER1_OUTPUTS 6
#define IRIS_RESIDUAL_LAYER2_INPUTS 6
#define IRIS_RESIDUAL_LAYER2_OUTPUTS 6
#define IRIS_RESIDUAL_LAYER3_INPUTS 6
#define IRIS_RESIDUAL_LAYER3_OUTPUTS 6
#define IRIS_RESIDUAL_LAYER4_INPUTS 6
#define IRIS_RESIDUAL_LAYER4_OUTPUTS 1
#define IRIS_RESIDUAL_LAYER5_INPUTS 6
#define IRIS_RESIDUAL_LAYER5_OUTPUTS 6
#define IRIS_RESIDUAL_LAYER6_INPUTS 6
#define IRIS_RESIDUAL_LAYER6_OUTPUTS 8
#define IRIS_RESIDUAL_LAYER7_INPUTS 8
#define IRIS_RESIDUAL_LAYER7_OUTPUTS 6
#define IRIS_RESIDUAL_LAYER8_INPUTS 12
#define IRIS_RESIDUAL_LAYER8_OUTPUTS 6
#define IRIS_RESIDUAL_LAYER9_INPUTS 6
#define IRIS_RESIDUAL_LAYER9_OUTPUTS 6
#define IRIS_RESIDUAL_LAYER10_INPUTS 6
#define IRIS_RESIDUAL_LAYER10_OUTPUTS 6
#define IRIS_RESIDUAL_LAYER11_INPUTS 6
#define IRIS_RESIDUAL_LAYER11_OUTPUTS 1
#define IRIS_RESIDUAL_LAYER12_INPUTS 6
#define IRIS_RESIDUAL_LAYER12_OUTPUTS 6
#define IRIS_RESIDUAL_LAYER13_INPUTS 6
#define IRIS_RESIDUAL_LAYER13_OUTPUTS 3
#define IRIS_RESIDUAL_CLASSES 3

/* Indices of the features. */
enum {
    IRIS_RESIDUAL_FEATURE_SEPAL_LENGTH = 0, /* "sepal_length" */
    IRIS_RESIDUAL_FEATURE_SEPAL_WIDTH = 1, /* "sepal_width" */
    IRIS_RESIDUAL_FEATURE_PETAL_LENGTH = 2, /* "petal_length" */
    IRIS_RESIDUAL_FEATURE_PETAL_WIDTH = 3, /* "petal_width" */
};

/* Indices of the classes. */
enum {
    IRIS_RESIDUAL_CLASS_SETOSA = 0, /* "setosa" */
    IRIS_RESIDUAL_CLASS_VERSICOLOR = 1, /* "versicolor" */
    IRIS_RESIDUAL_CLASS_VIRGINICA = 2, /* "virginica" */
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
 * Predicts: 4 raw readings in, 3 outputs out. The two arrays must not overlap.
 * It keeps nothing between calls, so several tasks may call it at once.
 */
void iris_residual_predict(const float *features, float *outputs);

/*
 * The class that iris_residual_predict's outputs stand for, or -1 if one is not finite.
 * Most rows are classified without the exponential.
 */
int iris_residual_classify(const float *features);

/* The label of a class, UTF-8, in flash; "" for any other number. */
mlp_edge_text iris_residual_label(int index);

#ifdef IRIS_RESIDUAL_SELFTEST
/* Predicts golden rows: 0 where all are right, else the number of the first wrong one. */
int iris_residual_selftest(void);

#endif
#ifdef __cplusplus
}
#endif

#endif

#if !defined(IRIS_RESIDUAL_DECLARE_ONLY) && !defined(IRIS_RESIDUAL_DEFINED)
#define IRIS_RESIDUAL_DEFINED

#if !defined(__cplusplus) && !defined(_MSC_VER) \
    && !(defined(__STDC_VERSION__) && __STDC_VERSION__ >= 199901L)
#error "iris_residual.h is C99 and C++11; this is C90: compile it with -std=c99, or later"
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

/* Reads one number of a table. Every model defines the readers it needs, all of them alike. */
#ifdef __AVR__
#define MLP_EDGE_READ_FLOAT(address) pgm_read_float(address)
#else
#define MLP_EDGE_READ_FLOAT(address) (*(address)) /* aligned: a plain load on ESP8266, too */
#endif

/* Standardisation: (x - mean) * reciprocal of the standard deviation. */
static const float IRIS_RESIDUAL_MEAN[4] MLP_EDGE_FLASH = {
    5.84333467f, 3.05733323f, 3.75800014f, 1.19933355f,
};
static const float IRIS_RESIDUAL_RECIPROCAL[4] MLP_EDGE_FLASH = {
    1.2116791f, 2.30196762f, 0.568374038f, 1.31632161f,
};

/* Layer 1, linear: [neuron][input], 6 x 4 */
static const float IRIS_RESIDUAL_LAYER1_WEIGHTS[6][4] MLP_EDGE_FLASH = {
    /* 0 */ {-0.360869884f, -0.0276155211f, 0.418239325f, 0.505332887f},
    /* 1 */ {0.485960186f, -0.744731307f, -0.439709872f, -0.371531039f},
    /* 2 */ {0.253306031f, -0.0908524916f, -0.404972434f, -0.827880204f},
    /* 3 */ {0.139381707f, -0.185642555f, -0.397810996f, 0.403434455f},
    /* 4 */ {-0.763693392f, 0.457949996f, -0.69101721f, 0.0689756945f},
    /* 5 */ {-0.336810291f, -0.424809277f, 0.568043172f, 0.820136845f},
};
static const float IRIS_RESIDUAL_LAYER1_BIAS[6] MLP_EDGE_FLASH = {
    -0.476147056f, 0.688278615f, 0.47237578f, -0.445818275f, 0.83215934f, -0.457704902f,
};

/* Layer 2, linear: [neuron][input], 6 x 6 */
static const float IRIS_RESIDUAL_LAYER2_WEIGHTS[6][6] MLP_EDGE_FLASH = {
    /* 0 */ {0.833333313f, -0.166666672f, -0.166666672f, -0.166666672f, -0.166666672f,
             -0.166666672f},
    /* 1 */ {-0.166666672f, 0.833333313f, -0.166666672f, -0.166666672f, -0.166666672f,
             -0.166666672f},
    /* 2 */ {-0.166666672f, -0.166666672f, 0.833333313f, -0.166666672f, -0.166666672f,
             -0.166666672f},
    /* 3 */ {-0.166666672f, -0.166666672f, -0.166666672f, 0.833333313f, -0.166666672f,
             -0.166666672f},
    /* 4 */ {-0.166666672f, -0.166666672f, -0.166666672f, -0.166666672f, 0.833333313f,
             -0.166666672f},
    /* 5 */ {-0.166666672f, -0.166666672f, -0.166666672f, -0.166666672f, -0.166666672f,
             0.833333313f},
};
static const float IRIS_RESIDUAL_LAYER2_BIAS[6] MLP_EDGE_FLASH = {
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
};

/* Layer 3, square: elementwise, 6 units: layer 2 */

/* Layer 4, rsqrt: [neuron][input], 1 x 6 */
static const float IRIS_RESIDUAL_LAYER4_WEIGHTS[1][6] MLP_EDGE_FLASH = {
    /* 0 */ {0.166666672f, 0.166666672f, 0.166666672f, 0.166666672f, 0.166666672f, 0.166666672f},
};
static const float IRIS_RESIDUAL_LAYER4_BIAS[1] MLP_EDGE_FLASH = {
    0.00100000005f,
};

/* Layer 5, linear: elementwise, 6 units: DIAGONAL1 * layer 2 */
static const float IRIS_RESIDUAL_LAYER5_DIAGONAL1[6] MLP_EDGE_FLASH = {
    1.62106311f, 1.05985844f, 0.933879137f, 1.33414626f, 0.870029509f, 1.65126991f,
};

/* Layer 6, gelu: [neuron][input], 8 x 6 */
static const float IRIS_RESIDUAL_LAYER6_WEIGHTS[8][6] MLP_EDGE_FLASH = {
    /* 0 */ {0.40695563f, 0.26405412f, 0.360557735f, -0.428286761f, -0.379431367f, 0.776152134f},
    /* 1 */ {0.47851637f, -0.264828593f, 1.04650974f, -0.908292174f, -0.756603599f, 0.100757807f},
    /* 2 */ {0.439364165f, 0.450187683f, -0.298446387f, -1.01500416f, 0.169999242f, 0.00559370033f},
    /* 3 */ {0.56590724f, 0.472949386f, 0.177756727f, 0.248199955f, 0.0848196f, 1.09539402f},
    /* 4 */ {-0.549821377f, 0.56839782f, -0.230154335f, -1.06294572f, 0.483795822f, 0.593026459f},
    /* 5 */ {0.135380208f, 0.617462516f, -0.366605252f, -0.971673548f, -0.691270113f, 0.51793921f},
    /* 6 */ {0.314751655f, -0.310292631f, 0.199166626f, -0.0421873331f, -0.785596728f, 1.29256856f},
    /* 7 */ {1.34596324f, -0.09036237f, 0.0050704251f, 0.611993551f, -0.684612513f, 0.71158433f},
};
static const float IRIS_RESIDUAL_LAYER6_BIAS[8] MLP_EDGE_FLASH = {
    -0.354715377f, -0.0717419609f, -0.271390736f, -0.593372226f, -0.156484589f, 0.0976884812f,
    0.0470845252f, -0.0908865482f,
};

/* Layer 7, linear: [neuron][input], 6 x 8 */
static const float IRIS_RESIDUAL_LAYER7_WEIGHTS[6][8] MLP_EDGE_FLASH = {
    /* 0 */ {0.315726161f, 0.475833476f, 0.505415022f, 0.429558933f, 0.310184568f, 0.584651172f,
             -0.251095325f, -1.1162113f},
    /* 1 */ {0.174604207f, 0.498301029f, 0.589515388f, -0.228876084f, 0.178550243f, 0.596971452f,
             -0.444035262f, -0.373026997f},
    /* 2 */ {-0.93424052f, -0.627438247f, 0.186969802f, -0.494938672f, 0.702764094f, -0.7932657f,
             -1.03425109f, -1.06765604f},
    /* 3 */ {-0.159880474f, 0.195547685f, 0.728617728f, 0.504073799f, 0.210725695f, -0.190354347f,
             0.744897664f, 0.213431358f},
    /* 4 */ {-0.427645504f, -0.320821911f, -0.227957651f, 0.539278328f, -0.570724487f,
             -0.873445272f, 1.01735818f, 0.3977741f},
    /* 5 */ {0.0402304493f, -0.23907119f, 0.207107306f, -0.777745783f, 0.322906405f, 0.23423095f,
             -0.412539095f, -0.53563863f},
};
static const float IRIS_RESIDUAL_LAYER7_BIAS[6] MLP_EDGE_FLASH = {
    -0.0417984985f, -0.649366319f, 0.481912732f, -0.324640989f, -0.00984965451f, 0.370229691f,
};

/* Layer 8, linear: elementwise, 6 units: layer 7 + layer 1 */

/* Layer 9, linear: [neuron][input], 6 x 6 */
static const float IRIS_RESIDUAL_LAYER9_WEIGHTS[6][6] MLP_EDGE_FLASH = {
    /* 0 */ {0.833333313f, -0.166666672f, -0.166666672f, -0.166666672f, -0.166666672f,
             -0.166666672f},
    /* 1 */ {-0.166666672f, 0.833333313f, -0.166666672f, -0.166666672f, -0.166666672f,
             -0.166666672f},
    /* 2 */ {-0.166666672f, -0.166666672f, 0.833333313f, -0.166666672f, -0.166666672f,
             -0.166666672f},
    /* 3 */ {-0.166666672f, -0.166666672f, -0.166666672f, 0.833333313f, -0.166666672f,
             -0.166666672f},
    /* 4 */ {-0.166666672f, -0.166666672f, -0.166666672f, -0.166666672f, 0.833333313f,
             -0.166666672f},
    /* 5 */ {-0.166666672f, -0.166666672f, -0.166666672f, -0.166666672f, -0.166666672f,
             0.833333313f},
};
static const float IRIS_RESIDUAL_LAYER9_BIAS[6] MLP_EDGE_FLASH = {
    0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f,
};

/* Layer 10, square: elementwise, 6 units: layer 9 */

/* Layer 11, rsqrt: [neuron][input], 1 x 6 */
static const float IRIS_RESIDUAL_LAYER11_WEIGHTS[1][6] MLP_EDGE_FLASH = {
    /* 0 */ {0.166666672f, 0.166666672f, 0.166666672f, 0.166666672f, 0.166666672f, 0.166666672f},
};
static const float IRIS_RESIDUAL_LAYER11_BIAS[1] MLP_EDGE_FLASH = {
    0.00100000005f,
};

/* Layer 12, linear: elementwise, 6 units: DIAGONAL1 * layer 9 */
static const float IRIS_RESIDUAL_LAYER12_DIAGONAL1[6] MLP_EDGE_FLASH = {
    0.800969303f, 0.641680062f, 1.86205506f, 1.01794839f, 1.94652498f, 0.670285285f,
};

/* Layer 13, softmax: [neuron][input], 3 x 6 */
static const float IRIS_RESIDUAL_LAYER13_WEIGHTS[3][6] MLP_EDGE_FLASH = {
    /* 0 */ {-0.491077393f, 0.17279835f, 0.989376307f, -0.327263355f, 1.18319082f, 0.0205446985f},
    /* 1 */ {-0.569671512f, 0.173849493f, 0.110563286f, -1.05027092f, -1.19765294f, 0.160741746f},
    /* 2 */ {0.0455568321f, 0.568456531f, -1.22260928f, 0.469636112f, 0.122667782f, 0.255046248f},
};
static const float IRIS_RESIDUAL_LAYER13_BIAS[3] MLP_EDGE_FLASH = {
    0.132238925f, -0.149173453f, -0.0270417091f,
};

/* Labels in UTF-8; the last one is for an index that is no class. */
static const char IRIS_RESIDUAL_LABELS[4][11] MLP_EDGE_FLASH = {
    "setosa",
    "versicolor",
    "virginica",
    ""
};

/* The kernels that the functions call; they are defined below. */
static inline int mlp_edge_any_missing(const float *sentinels, size_t count, const float *x);
static inline void mlp_edge_reject(float *values, size_t count);
static inline void mlp_edge_scale(const float *mean, const float *reciprocal, size_t count,
                                  const float *x, float *y);
static void mlp_edge_dense(const float *weights, const float *bias, size_t inputs,
                           size_t outputs, const float *x, float *y);
static inline void mlp_edge_square(float *values, size_t count);
static inline void mlp_edge_rsqrt(float *values, size_t count);
static inline void mlp_edge_diagonal(const float *weights, const float *bias, size_t count,
                                     const float *x, float *y);
static inline void mlp_edge_times_one(const float *x, size_t count, float *y);
static inline void mlp_edge_gelu(float *values, size_t count);
static inline void mlp_edge_add(const float *weights, size_t count, const float *x, float *y);
static inline void mlp_edge_softmax(float *values, size_t count);
static inline int mlp_edge_choose_softmax(float *logits, size_t count);

/* Whether there is no prediction: a reading without a fill is missing, or a table out of reach. */
MLP_EDGE_INLINED
static inline int iris_residual_rejects(const float *features)
{
#ifdef __AVR_HAVE_ELPM__
    if (!MLP_EDGE_IN_REACH(IRIS_RESIDUAL_MEAN)) { return 1; }
    if (!MLP_EDGE_IN_REACH(IRIS_RESIDUAL_RECIPROCAL)) { return 1; }
    if (!MLP_EDGE_IN_REACH(IRIS_RESIDUAL_LAYER1_WEIGHTS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(IRIS_RESIDUAL_LAYER1_BIAS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(IRIS_RESIDUAL_LAYER2_WEIGHTS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(IRIS_RESIDUAL_LAYER2_BIAS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(IRIS_RESIDUAL_LAYER4_WEIGHTS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(IRIS_RESIDUAL_LAYER4_BIAS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(IRIS_RESIDUAL_LAYER5_DIAGONAL1)) { return 1; }
    if (!MLP_EDGE_IN_REACH(IRIS_RESIDUAL_LAYER6_WEIGHTS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(IRIS_RESIDUAL_LAYER6_BIAS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(IRIS_RESIDUAL_LAYER7_WEIGHTS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(IRIS_RESIDUAL_LAYER7_BIAS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(IRIS_RESIDUAL_LAYER9_WEIGHTS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(IRIS_RESIDUAL_LAYER9_BIAS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(IRIS_RESIDUAL_LAYER11_WEIGHTS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(IRIS_RESIDUAL_LAYER11_BIAS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(IRIS_RESIDUAL_LAYER12_DIAGONAL1)) { return 1; }
    if (!MLP_EDGE_IN_REACH(IRIS_RESIDUAL_LAYER13_WEIGHTS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(IRIS_RESIDUAL_LAYER13_BIAS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(IRIS_RESIDUAL_LABELS)) { return 1; }
#endif
    return mlp_edge_any_missing(NULL, IRIS_RESIDUAL_INPUTS, features);
}

/* From readings to logits, the pre-activations of the last layer. */
static inline void iris_residual_logits(const float *features, float *logits)
{
    /* A value keeps its place until the last layer that reads it; then others take it. */
    enum { memory_size = 20 };
    float memory[memory_size];
    float *const scaled = memory; /* 4 numbers, until layer 1 */
    float *const layer1 = memory + 8; /* 6 numbers, until layer 8 */
    float *const layer2 = memory; /* 6 numbers, until layer 5 */
    float *const layer3 = memory + 14; /* 6 numbers, until layer 4 */
    float *const layer4 = memory + 6; /* 1 number, until layer 5 */
    float *const layer5 = memory + 14; /* 6 numbers, until layer 6 */
    float *const layer6 = memory; /* 8 numbers, until layer 7 */
    float *const layer7 = memory + 14; /* 6 numbers, until layer 8 */
    float *const layer8 = memory; /* 6 numbers, until layer 9 */
    float *const layer9 = memory + 6; /* 6 numbers, until layer 12 */
    float *const layer10 = memory; /* 6 numbers, until layer 11 */
    float *const layer11 = memory + 12; /* 1 number, until layer 12 */
    float *const layer12 = memory; /* 6 numbers, until layer 13 */

    mlp_edge_scale(IRIS_RESIDUAL_MEAN, IRIS_RESIDUAL_RECIPROCAL, IRIS_RESIDUAL_INPUTS, features,
        scaled);
    mlp_edge_dense(IRIS_RESIDUAL_LAYER1_WEIGHTS[0], IRIS_RESIDUAL_LAYER1_BIAS,
        IRIS_RESIDUAL_LAYER1_INPUTS, IRIS_RESIDUAL_LAYER1_OUTPUTS, scaled, layer1);
    mlp_edge_dense(IRIS_RESIDUAL_LAYER2_WEIGHTS[0], IRIS_RESIDUAL_LAYER2_BIAS,
        IRIS_RESIDUAL_LAYER2_INPUTS, IRIS_RESIDUAL_LAYER2_OUTPUTS, layer1, layer2);
    memcpy(layer3, layer2, IRIS_RESIDUAL_LAYER3_OUTPUTS * sizeof(float));
    mlp_edge_square(layer3, IRIS_RESIDUAL_LAYER3_OUTPUTS);
    mlp_edge_dense(IRIS_RESIDUAL_LAYER4_WEIGHTS[0], IRIS_RESIDUAL_LAYER4_BIAS,
        IRIS_RESIDUAL_LAYER4_INPUTS, IRIS_RESIDUAL_LAYER4_OUTPUTS, layer3, layer4);
    mlp_edge_rsqrt(layer4, IRIS_RESIDUAL_LAYER4_OUTPUTS);
    mlp_edge_diagonal(IRIS_RESIDUAL_LAYER5_DIAGONAL1, NULL, IRIS_RESIDUAL_LAYER5_OUTPUTS, layer2,
        layer5);
    mlp_edge_times_one(layer4, IRIS_RESIDUAL_LAYER5_OUTPUTS, layer5);
    mlp_edge_dense(IRIS_RESIDUAL_LAYER6_WEIGHTS[0], IRIS_RESIDUAL_LAYER6_BIAS,
        IRIS_RESIDUAL_LAYER6_INPUTS, IRIS_RESIDUAL_LAYER6_OUTPUTS, layer5, layer6);
    mlp_edge_gelu(layer6, IRIS_RESIDUAL_LAYER6_OUTPUTS);
    mlp_edge_dense(IRIS_RESIDUAL_LAYER7_WEIGHTS[0], IRIS_RESIDUAL_LAYER7_BIAS,
        IRIS_RESIDUAL_LAYER7_INPUTS, IRIS_RESIDUAL_LAYER7_OUTPUTS, layer6, layer7);
    memcpy(layer8, layer7, IRIS_RESIDUAL_LAYER8_OUTPUTS * sizeof(float));
    mlp_edge_add(NULL, IRIS_RESIDUAL_LAYER8_OUTPUTS, layer1, layer8);
    mlp_edge_dense(IRIS_RESIDUAL_LAYER9_WEIGHTS[0], IRIS_RESIDUAL_LAYER9_BIAS,
        IRIS_RESIDUAL_LAYER9_INPUTS, IRIS_RESIDUAL_LAYER9_OUTPUTS, layer8, layer9);
    memcpy(layer10, layer9, IRIS_RESIDUAL_LAYER10_OUTPUTS * sizeof(float));
    mlp_edge_square(layer10, IRIS_RESIDUAL_LAYER10_OUTPUTS);
    mlp_edge_dense(IRIS_RESIDUAL_LAYER11_WEIGHTS[0], IRIS_RESIDUAL_LAYER11_BIAS,
        IRIS_RESIDUAL_LAYER11_INPUTS, IRIS_RESIDUAL_LAYER11_OUTPUTS, layer10, layer11);
    mlp_edge_rsqrt(layer11, IRIS_RESIDUAL_LAYER11_OUTPUTS);
    mlp_edge_diagonal(IRIS_RESIDUAL_LAYER12_DIAGONAL1, NULL, IRIS_RESIDUAL_LAYER12_OUTPUTS, layer9,
        layer12);
    mlp_edge_times_one(layer11, IRIS_RESIDUAL_LAYER12_OUTPUTS, layer12);
    mlp_edge_dense(IRIS_RESIDUAL_LAYER13_WEIGHTS[0], IRIS_RESIDUAL_LAYER13_BIAS,
        IRIS_RESIDUAL_LAYER13_INPUTS, IRIS_RESIDUAL_LAYER13_OUTPUTS, layer12, logits);
}

void iris_residual_predict(const float *features, float *outputs)
{
    if (iris_residual_rejects(features)) {
        mlp_edge_reject(outputs, IRIS_RESIDUAL_OUTPUTS); /* NaN */
        return;
    }
    iris_residual_logits(features, outputs);
    mlp_edge_softmax(outputs, IRIS_RESIDUAL_OUTPUTS);
}

int iris_residual_classify(const float *features)
{
    if (iris_residual_rejects(features)) {
        return -1;
    }
    float logits[IRIS_RESIDUAL_OUTPUTS];
    iris_residual_logits(features, logits);
    return mlp_edge_choose_softmax(logits, IRIS_RESIDUAL_OUTPUTS);
}

mlp_edge_text iris_residual_label(int index)
{
    const int known = index >= 0 && index < IRIS_RESIDUAL_CLASSES;
    return (mlp_edge_text)IRIS_RESIDUAL_LABELS[known ? index : IRIS_RESIDUAL_CLASSES];
}

/* The kernels that this network needs. Models in one source file share them, hence the guards. */

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
 * Standardisation: (x - mean) * reciprocal. The reciprocal of the standard deviation is stored
 * because a microcontroller multiplies three times faster than it divides. y may be x.
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
 * mlp_edge_dense with the bits of the C in dense.h: each product is rounded, then each sum. The sum
 * stays apart in digits, exponent and sign from one multiply-add to the next, which calls of
 * functions for floats have to take apart and put together each time. They are called where
 * something is subnormal, infinite, NaN or beyond floats.
 *
 *   r20:r18 digits of the sum, r21 its exponent (1 with 0 in front: subnormal, or 0), r11 its sign
 *   r4:r2 digits of an input, r5 its exponent   r22:r16 those of a weight, r23 its exponent
 *   r25:r24:r31:r30:r7:r6 their product         X input   Y result
 *   r9:r8 bias   r10 zero   r13:r12 weight   r15:r14 end of the inputs   T signs are unlike
 *
 * On the stack: neurons to go, the size of the inputs in bytes.
 */
#ifndef MLP_EDGE_KERNEL_AVR_DENSE
#define MLP_EDGE_KERNEL_AVR_DENSE

#ifdef MLP_EDGE_AVR

/* The product in r1:r0 is added to two bytes of a number, and carried on. */
#define MLP_EDGE_AVR_PRODUCT(first, second, low, high) \
    "mul " first ", " second " \n"                     \
    "add " low ", r0           \n"                     \
    "adc " high ", r1          \n"

MLP_EDGE_AVR_CODE mlp_edge_avr_dense_code(void)
{
    __asm__ volatile(
        "push r28          \n"
        "push r29          \n"
        "movw r12, r24     \n"
        "movw r8, r22      \n"
        "movw r28, r14     \n"
        "movw r26, r16     \n"
        "lsl r20           \n"
        "rol r21           \n"
        "lsl r20           \n"
        "rol r21           \n"
        "movw r14, r20     \n"
        "add r14, r16      \n"
        "adc r15, r17      \n"
        "clr r10           \n"
        "movw r24, r18     \n"
        "movw r22, r20     \n"
        "1:                \n" /* a neuron */
        "push r22          \n"
        "push r23          \n"
        "push r24          \n"
        "push r25          \n"
        "movw r30, r8      \n"
        "lpm r18, Z+       \n"
        "lpm r19, Z+       \n"
        "lpm r20, Z+       \n"
        "lpm r21, Z+       \n"
        "movw r8, r30      \n"
        "rcall 20f         \n"
        "rjmp 2f           \n"
        "11:               \n" /* an input of 0 changes no sum but one of 0 */
        "mov r0, r2        \n"
        "or r0, r3         \n"
        "or r0, r4         \n"
        "brne 9f           \n"
        "cpi r21, 255      \n"
        "breq 9f           \n"
        "mov r0, r18       \n"
        "or r0, r19        \n"
        "or r0, r20        \n"
        "breq 9f           \n"
        "rjmp 6f           \n"
        "9:                \n"
        "rjmp 10f          \n"
        "2:                \n" /* a multiply-add */
        "ld r2, X+         \n"
        "ld r3, X+         \n"
        "ld r4, X+         \n"
        "ld r5, X+         \n"
        "movw r30, r12     \n"
        "lpm r16, Z+       \n"
        "lpm r17, Z+       \n"
        "lpm r22, Z+       \n"
        "lpm r23, Z+       \n"
        "movw r12, r30     \n"
        "mov r0, r5        \n"
        "eor r0, r23       \n"
        "eor r0, r11       \n"
        "bst r0, 7         \n"
        "lsl r4            \n"
        "rol r5            \n"
        "breq 11b          \n"
        "sec               \n"
        "ror r4            \n"
        "lsl r22           \n"
        "rol r23           \n"
        "breq 9b           \n"
        "cpi r23, 255      \n"
        "breq 9b           \n"
        "cpi r21, 255      \n"
        "breq 9b           \n"
        "sec               \n"
        "ror r22           \n"
        "mov r0, r5        \n"
        "inc r0            \n"
        "breq 9b           \n"
        "add r23, r5       \n" /* the exponent less 2: 0 to 251, so that the rounded one fits */
        "clr r5            \n"
        "adc r5, r5        \n"
        "subi r23, 128     \n"
        "sbc r5, r10       \n"
        "tst r5            \n"
        "brne 9b           \n"
        "cpi r23, 252      \n"
        "brsh 9b           \n"
        "mul r2, r16       \n"
        "movw r6, r0       \n"
        "mul r3, r17       \n"
        "movw r30, r0      \n"
        "mul r4, r22       \n"
        "movw r24, r0      \n"
        MLP_EDGE_AVR_PRODUCT("r2", "r17", "r7", "r30")
        "adc r31, r10      \n"
        "adc r24, r10      \n"
        "adc r25, r10      \n"
        MLP_EDGE_AVR_PRODUCT("r3", "r16", "r7", "r30")
        "adc r31, r10      \n"
        "adc r24, r10      \n"
        "adc r25, r10      \n"
        MLP_EDGE_AVR_PRODUCT("r2", "r22", "r30", "r31")
        "adc r24, r10      \n"
        "adc r25, r10      \n"
        MLP_EDGE_AVR_PRODUCT("r4", "r16", "r30", "r31")
        "adc r24, r10      \n"
        "adc r25, r10      \n"
        MLP_EDGE_AVR_PRODUCT("r3", "r22", "r31", "r24")
        "adc r25, r10      \n"
        MLP_EDGE_AVR_PRODUCT("r4", "r17", "r31", "r24")
        "adc r25, r10      \n"
        "subi r23, -2      \n"
        "tst r25           \n"
        "brmi 3f           \n"
        "lsl r7            \n"
        "rol r30           \n"
        "rol r31           \n"
        "rol r24           \n"
        "rol r25           \n"
        "dec r23           \n"
        "3:                \n" /* rounded to r25:r24:r31, half to even */
        "cpi r30, 0x80     \n"
        "brlo 5f           \n"
        "brne 4f           \n"
        "or r7, r6         \n"
        "brne 4f           \n"
        "sbrs r31, 0       \n"
        "rjmp 5f           \n"
        "4:                \n"
        "subi r31, -1      \n"
        "sbci r24, -1      \n"
        "sbci r25, -1      \n"
        "brcs 5f           \n"
        "ldi r25, 0x80     \n"
        "inc r23           \n"
        "5:                \n"
        "mov r22, r31      \n"
        "mov r31, r23      \n"
        "mov r23, r24      \n"
        "mov r24, r25      \n"
        "mov r25, r31      \n"
        "%~call %x[add]    \n"
        "tst r20           \n"
        "brpl 12f          \n"
        "cpi r21, 255      \n"
        "breq 15f          \n"
        "6:                \n"
        "cp r26, r14       \n"
        "cpc r27, r15      \n"
        "breq 7f           \n"
        "rjmp 2b           \n"
        "12:               \n" /* leading zeros, or no other digit: 0 is positive */
        "mov r0, r18       \n"
        "or r0, r19        \n"
        "or r0, r20        \n"
        "breq 14f          \n"
        "13:               \n"
        "cpi r21, 2        \n"
        "brlo 6b           \n"
        "dec r21           \n"
        "lsl r18           \n"
        "rol r19           \n"
        "rol r20           \n"
        "brpl 13b          \n"
        "rjmp 6b           \n"
        "14:               \n"
        "clr r11           \n"
        "ldi r21, 1        \n"
        "rjmp 6b           \n"
        "15:               \n" /* beyond floats */
        "clr r18           \n"
        "clr r19           \n"
        "ldi r20, 0x80     \n"
        "rjmp 6b           \n"
        "7:                \n"
        "rcall 24f         \n"
        "st Y+, r18        \n"
        "st Y+, r19        \n"
        "st Y+, r20        \n"
        "st Y+, r21        \n"
        "pop r25           \n"
        "pop r24           \n"
        "pop r23           \n"
        "pop r22           \n"
        "sub r26, r22      \n"
        "sbc r27, r23      \n"
        "sbiw r24, 1       \n"
        "breq 8f           \n"
        "rjmp 1b           \n"
        "8:                \n"
        "pop r29           \n"
        "pop r28           \n"
        "clr r1            \n"
        "ret               \n"
        "10:               \n" /* by the functions for floats */
        "clr r1            \n"
        "rcall 24f         \n"
        "push r18          \n"
        "push r19          \n"
        "push r20          \n"
        "push r21          \n"
        "movw r30, r12     \n"
        "sbiw r30, 4       \n"
        "lpm r22, Z+       \n"
        "lpm r23, Z+       \n"
        "lpm r24, Z+       \n"
        "lpm r25, Z+       \n"
        "sbiw r26, 4       \n"
        "ld r18, X+        \n"
        "ld r19, X+        \n"
        "ld r20, X+        \n"
        "ld r21, X+        \n"
        "movw r16, r26     \n"
        "%~call __mulsf3   \n"
        "movw r18, r22     \n"
        "movw r20, r24     \n"
        "pop r25           \n"
        "pop r24           \n"
        "pop r23           \n"
        "pop r22           \n"
        "%~call __addsf3   \n"
        "movw r26, r16     \n"
        "movw r18, r22     \n"
        "movw r20, r24     \n"
        "rcall 20f         \n"
        "rjmp 6b           \n"
        "20:               \n" /* a float in r21:r18 is taken apart */
        "mov r11, r21      \n"
        "lsl r20           \n"
        "rol r21           \n"
        "breq 21f          \n"
        "sec               \n"
        "ror r20           \n"
        "ret               \n"
        "21:               \n"
        "inc r21           \n"
        "lsr r20           \n"
        "ret               \n"
        "24:               \n" /* and put together */
        "lsl r20           \n"
        "brcs 25f          \n"
        "clr r21           \n"
        "25:               \n"
        "lsr r21           \n"
        "ror r20           \n"
        "sbrc r11, 7       \n"
        "ori r21, 0x80     \n"
        "ret               \n"
        :: [add] "i"(mlp_edge_avr_add_float_code) : "memory");
}

static inline void mlp_edge_avr_dense(const float *weights, const float *bias, size_t inputs,
                                      size_t outputs, const float *x, float *y)
{
    register const float *r24 __asm__("r24") = weights;
    register const float *r22 __asm__("r22") = bias;
    register size_t r20 __asm__("r20") = inputs;
    register size_t r18 __asm__("r18") = outputs;
    register const float *r16 __asm__("r16") = x;
    register float *r14 __asm__("r14") = y;
    __asm__ volatile("%~call %x[code]"
        : "+r"(r24), "+r"(r22), "+r"(r20), "+r"(r18), "+r"(r16), "+r"(r14)
        : [code] "i"(mlp_edge_avr_dense_code)
        : MLP_EDGE_AVR_CHANGED, "r8", "r9", "r10", "r11", "r12", "r13");
}

#endif

#endif

/*
 * mlp_edge_dense for Cortex-M with a float unit: four neurons at a time read their inputs once, and
 * one instruction reads four weights. Each sum has the order of mlp_edge_dense, and rounds once per
 * multiply-add.
 */
#ifndef MLP_EDGE_KERNEL_CORTEX_DENSE
#define MLP_EDGE_KERNEL_CORTEX_DENSE

#if defined(MLP_EDGE_FUSED) && defined(MLP_EDGE_FLOAT_UNIT)
#define MLP_EDGE_THUMB_DENSE

/* Four neurons take an input, from s4 to s7: s0 to s3 are sums, s8 to s15 weights of two rows. */
#define MLP_EDGE_THUMB_TWO_ROWS(row0, row1, sum0, sum1) \
    "vldmia %[" row0 "]!, {s8-s11}\n"                   \
    "vldmia %[" row1 "]!, {s12-s15}\n"                  \
    "vfma.f32 " sum0 ", s8, s4\n"                       \
    "vfma.f32 " sum1 ", s12, s4\n"                      \
    "vfma.f32 " sum0 ", s9, s5\n"                       \
    "vfma.f32 " sum1 ", s13, s5\n"                      \
    "vfma.f32 " sum0 ", s10, s6\n"                      \
    "vfma.f32 " sum1 ", s14, s6\n"                      \
    "vfma.f32 " sum0 ", s11, s7\n"                      \
    "vfma.f32 " sum1 ", s15, s7\n"
#define MLP_EDGE_THUMB_ONE_WEIGHT(row, sum) \
    "vldmia %[" row "]!, {s8}\n"            \
    "vfma.f32 " sum ", s8, s4\n"

static inline void mlp_edge_thumb_dense(const float *weights, const float *bias, size_t inputs,
                                        size_t outputs, const float *x, float *y)
{
    const float *row1, *row2, *row3;
    size_t left;
    __asm__ volatile(
        "subs %[outputs], #4\n"
        "blo 5f\n"
        "cmp %[inputs], #1\n"
        "beq 12f\n"
        "0:\n" /* four neurons */
        "vldmia %[bias]!, {s0-s3}\n"
        "add %[row1], %[row0], %[inputs], lsl #2\n"
        "add %[row2], %[row1], %[inputs], lsl #2\n"
        "add %[row3], %[row2], %[inputs], lsl #2\n"
        "subs %[left], %[inputs], #4\n"
        "blo 2f\n"
        "1:\n"
        "vldmia %[x]!, {s4-s7}\n"
        MLP_EDGE_THUMB_TWO_ROWS("row0", "row1", "s0", "s1")
        MLP_EDGE_THUMB_TWO_ROWS("row2", "row3", "s2", "s3")
        "subs %[left], #4\n"
        "bhs 1b\n"
        "2:\n"
        "adds %[left], #4\n"
        "beq 4f\n"
        "3:\n" /* the last inputs, one by one */
        "vldmia %[x]!, {s4}\n"
        MLP_EDGE_THUMB_ONE_WEIGHT("row0", "s0")
        MLP_EDGE_THUMB_ONE_WEIGHT("row1", "s1")
        MLP_EDGE_THUMB_ONE_WEIGHT("row2", "s2")
        MLP_EDGE_THUMB_ONE_WEIGHT("row3", "s3")
        "subs %[left], #1\n"
        "bne 3b\n"
        "4:\n"
        "sub %[x], %[x], %[inputs], lsl #2\n"
        "mov %[row0], %[row3]\n"
        "vstmia %[y]!, {s0-s3}\n"
        "subs %[outputs], #4\n"
        "bhs 0b\n"
        "5:\n"
        "adds %[outputs], #4\n"
        "beq 11f\n"
        "6:\n" /* the last neurons, one by one */
        "vldmia %[bias]!, {s0}\n"
        "subs %[left], %[inputs], #4\n"
        "blo 8f\n"
        "7:\n"
        "vldmia %[x]!, {s4-s7}\n"
        "vldmia %[row0]!, {s8-s11}\n"
        "vfma.f32 s0, s8, s4\n"
        "vfma.f32 s0, s9, s5\n"
        "vfma.f32 s0, s10, s6\n"
        "vfma.f32 s0, s11, s7\n"
        "subs %[left], #4\n"
        "bhs 7b\n"
        "8:\n"
        "adds %[left], #4\n"
        "beq 10f\n"
        "9:\n"
        "vldmia %[x]!, {s4}\n"
        MLP_EDGE_THUMB_ONE_WEIGHT("row0", "s0")
        "subs %[left], #1\n"
        "bne 9b\n"
        "10:\n"
        "sub %[x], %[x], %[inputs], lsl #2\n"
        "vstmia %[y]!, {s0}\n"
        "subs %[outputs], #1\n"
        "bne 6b\n"
        "b 11f\n"
        "12:\n" /* one input */
        "vldr s4, [%[x]]\n"
        "13:\n"
        "vldmia %[bias]!, {s0-s3}\n"
        "vldmia %[row0]!, {s8-s11}\n"
        "vfma.f32 s0, s8, s4\n"
        "vfma.f32 s1, s9, s4\n"
        "vfma.f32 s2, s10, s4\n"
        "vfma.f32 s3, s11, s4\n"
        "vstmia %[y]!, {s0-s3}\n"
        "subs %[outputs], #4\n"
        "bhs 13b\n"
        "b 5b\n"
        "11:\n"
        : [row0] "+&r"(weights), [bias] "+&r"(bias), [outputs] "+&r"(outputs), [x] "+&r"(x),
          [y] "+&r"(y), [row1] "=&r"(row1), [row2] "=&r"(row2), [row3] "=&r"(row3),
          [left] "=&r"(left)
        : [inputs] "r"(inputs)
        : "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "s12", "s13",
          "s14", "s15", "cc", "memory");
}

#endif

#endif

/*
 * Four neurons of a dense layer at a time, in the vectors of PCs: each input is
 * read once for four sums that do not wait for each other. Each sum has the order of
 * mlp_edge_dense.
 */
#ifndef MLP_EDGE_KERNEL_FOUR_NEURONS
#define MLP_EDGE_KERNEL_FOUR_NEURONS

#if defined(__has_builtin) && (defined(__SSE__) || defined(__aarch64__))
#if __has_builtin(__builtin_shufflevector)
#define MLP_EDGE_VECTORS
#endif
#endif

#ifdef MLP_EDGE_VECTORS

/* A vector holds the four sums. */
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
        /* Transposes four rows of four weights. */
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
 * A dense layer: y = W x + b. The weights hold one row of `inputs` per neuron. The order of the sum
 * is part of the interface: the bias, then the inputs from first to last, in one accumulator. x and
 * y must not overlap.
 */
#ifndef MLP_EDGE_KERNEL_DENSE
#define MLP_EDGE_KERNEL_DENSE

#if !defined(MLP_EDGE_AVR) && (defined(MLP_EDGE_SOFT_FLOAT) || defined(MLP_EDGE_THUMB_DENSE))

/*
 * Never inlined or cloned: at -O3 every layer would get its own copy and be no faster. (clang does
 * not clone, and has no attribute against it.)
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
#ifdef MLP_EDGE_THUMB_DENSE
    mlp_edge_thumb_dense(weights, bias, inputs, outputs, x, y);
#else
    /*
     * Without a float unit a multiply-add is two calls. After a relu many inputs are 0 and change
     * nothing, so they are skipped. (Only a sum of -0 would change, to 0.)
     */
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
#endif
}

#else

static inline void mlp_edge_dense(const float *weights, const float *bias, size_t inputs,
                                  size_t outputs, const float *x, float *y)
{
#ifdef MLP_EDGE_AVR
    mlp_edge_avr_dense(weights, bias, inputs, outputs, x, y);
#else
#ifdef MLP_EDGE_VECTORS
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
#endif
}

#endif

#endif

/* square(x) = x x, infinity above 1.8e19. NaN stays NaN. */
#ifndef MLP_EDGE_KERNEL_SQUARE
#define MLP_EDGE_KERNEL_SQUARE

static inline void mlp_edge_square(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        values[i] = values[i] * values[i];
    }
}

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
 * rsqrt(x) = 1 / sqrt(x). NaN stays NaN; a negative number gives NaN, infinity gives 0, and a
 * number below 2^-126 counts as 0, which gives infinity with its sign.
 *
 * Three of Newton's steps, in which the error is squared, from a guess by the exponent that is off
 * by 3.5 % at most: sqrtf would take libm. The result is off by 1e-7 of itself at most.
 */
#ifndef MLP_EDGE_KERNEL_RSQRT
#define MLP_EDGE_KERNEL_RSQRT

static inline float mlp_edge_rsqrt_of(float x)
{
    const uint32_t bits = mlp_edge_bits(x), size = bits & ~MLP_EDGE_SIGN;
    if (size < 0x00800000u) { /* 2^-126 */
        return mlp_edge_from_bits((bits & MLP_EDGE_SIGN) | MLP_EDGE_INFINITY);
    }
    if (bits >= MLP_EDGE_INFINITY) {
        return size > MLP_EDGE_INFINITY ? x : mlp_edge_from_bits(bits == size ? 0u : 0x7fc00000u);
    }
    float y = mlp_edge_from_bits(0x5f375a86u - (bits >> 1));
    for (int step = 0; step < 3; step++) {
        y += y * (0.5f - x * y * (0.5f * y));
    }
    return y;
}

static inline void mlp_edge_rsqrt(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        values[i] = mlp_edge_rsqrt_of(values[i]);
    }
}

#endif

/* sum + weights[i] x, rounded as mlp_edge_dense rounds it; `weights` is NULL for ones. */
#ifndef MLP_EDGE_KERNEL_MULTIPLY_ADD
#define MLP_EDGE_KERNEL_MULTIPLY_ADD

static inline float mlp_edge_multiply_add(const float *weights, size_t i, float x, float sum)
{
    if (weights == NULL) {
        return sum + x;
    }
#ifdef MLP_EDGE_FUSED
    return __builtin_fmaf(weights[i], x, sum);
#else
    return sum + MLP_EDGE_READ_FLOAT(&weights[i]) * x;
#endif
}

#endif

/*
 * A layer whose weights are a diagonal: y = w x + b, unit by unit, rounded as mlp_edge_dense rounds
 * it. `weights` is NULL where all are 1, `bias` where there is none. y may be x.
 */
#ifndef MLP_EDGE_KERNEL_DIAGONAL
#define MLP_EDGE_KERNEL_DIAGONAL

static inline void mlp_edge_diagonal(const float *weights, const float *bias, size_t count,
                                     const float *x, float *y)
{
    for (size_t i = 0; i < count; i++) {
        if (bias == NULL) {
            y[i] = MLP_EDGE_READ_FLOAT(&weights[i]) * x[i];
        } else {
            y[i] = mlp_edge_multiply_add(weights, i, x[i], MLP_EDGE_READ_FLOAT(&bias[i]));
        }
    }
}

#endif

/* A gate of one unit: multiplies every unit by it. */
#ifndef MLP_EDGE_KERNEL_TIMES_ONE
#define MLP_EDGE_KERNEL_TIMES_ONE

static inline void mlp_edge_times_one(const float *x, size_t count, float *y)
{
    const float factor = *x;
    for (size_t i = 0; i < count; i++) {
        y[i] *= factor;
    }
}

#endif

/*
 * e^x for x <= 0, the only exponential that the activations need when nothing may overflow. It
 * adds, subtracts and multiplies, without libm, so every target gives the same bits.
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

/* e^x for x <= 0. Below -87 the result is 0, not a number under 1.7e-38. NaN stays NaN. */
static inline float mlp_edge_exp(float x)
{
    const uint32_t size = mlp_edge_bits(x) & ~MLP_EDGE_SIGN;
    if (size > 0x42ae0000u) { /* 87 */
        return size > MLP_EDGE_INFINITY ? x : 0.0f;
    }
    /*
     * x / ln(2), -126 to 0, rounded to an integer: added to 1.5 * 2^23, a float has no fraction,
     * and its last bits hold n. (volatile: -ffast-math would cancel the constant.)
     */
    const float shift = 12582912.0f;
    const volatile float shifted = x * 1.44269502f + shift;
    const float rounded = shifted, whole = rounded - shift;
    /* ln(2) in two parts; the first has so few bits that its product is exact. */
    const float r = (x - whole * 0.693359375f) + whole * 2.12194441e-4f;
    /* 2^n: n + 127 in the exponent of a float. The rest of `rounded` is shifted out. */
    const float power = mlp_edge_from_bits((mlp_edge_bits(rounded) + 127) << 23);
    return power * (1.0f + mlp_edge_expm1_near_zero(r));
}

#endif

/* gelu(x) = x Phi(x), the exact form, not the tanh one. NaN stays NaN; -infinity gives NaN. */
#ifndef MLP_EDGE_KERNEL_GELU
#define MLP_EDGE_KERNEL_GELU

/*
 * Phi(x) = (1 + erf(x / sqrt(2))) / 2, the standard normal distribution; avr-libc has no erf.
 * Its lower tail is Phi(-t) = e^-q(t); q is a minimax fit to |t (error of Phi)| <= 8e-8.
 */
static inline float mlp_edge_normal(float x)
{
    const float t = x < 0.0f ? -x : x;
    float q = 3.00635861e-7f;
    q = q * t - 5.3854319e-6f;
    q = q * t + 1.48576137e-5f;
    q = q * t + 3.96425137e-4f;
    q = q * t - 5.32449502e-3f;
    q = q * t + 3.67084332e-2f;
    q = q * t + 3.18184823e-1f;
    q = q * t + 7.97900081e-1f;
    q = q * t + 6.93146884e-1f;
    const float tail = mlp_edge_exp(-q);
    return x < 0.0f ? tail : 1.0f - tail;
}

static inline void mlp_edge_gelu(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const float x = values[i];
        values[i] = x * mlp_edge_normal(x);
    }
}

#endif

/*
 * Adds a value to the sums of a layer whose weights are several diagonals: y += w x, unit by unit.
 * `weights` is NULL for ones.
 */
#ifndef MLP_EDGE_KERNEL_ADD
#define MLP_EDGE_KERNEL_ADD

static inline void mlp_edge_add(const float *weights, size_t count, const float *x, float *y)
{
    for (size_t i = 0; i < count; i++) {
        y[i] = mlp_edge_multiply_add(weights, i, x[i], y[i]);
    }
}

#endif

/* Whether x > 0: the bits from the smallest positive number to infinity. NaN is not. */
#ifndef MLP_EDGE_KERNEL_POSITIVE
#define MLP_EDGE_KERNEL_POSITIVE

static inline int mlp_edge_positive(float x)
{
    return mlp_edge_bits(x) - 1 < MLP_EDGE_INFINITY;
}

#endif

/*
 * softmax(x): e^x divided by the sum of all e^x, over the whole vector. The largest value is
 * subtracted first, so that nothing overflows. One NaN makes every output NaN.
 */
#ifndef MLP_EDGE_KERNEL_SOFTMAX
#define MLP_EDGE_KERNEL_SOFTMAX

static inline void mlp_edge_softmax(float *values, size_t count)
{
    float largest = values[0];
    for (size_t i = 1; i < count; i++) {
        largest = mlp_edge_positive(values[i] - largest) ? values[i] : largest;
    }
    float sum = 0.0f;
    for (size_t i = 0; i < count; i++) {
        values[i] = mlp_edge_exp(values[i] - largest);
        sum += values[i];
    }
    for (size_t i = 0; i < count; i++) {
        values[i] = values[i] / sum;
    }
}

#endif

/*
 * Whether a number is neither NaN nor infinite. It is read from memory, as bits: of a float passed
 * by value, -ffast-math lets the compiler assume that it is finite.
 */
#ifndef MLP_EDGE_KERNEL_FINITE
#define MLP_EDGE_KERNEL_FINITE

static inline int mlp_edge_finite(const float *x)
{
    const float value = *x;
    return (mlp_edge_bits(value) & ~MLP_EDGE_SIGN) < MLP_EDGE_INFINITY;
}

#endif

/* The index of the largest output, the first of equals; -1 if any output is NaN or infinite. */
#ifndef MLP_EDGE_KERNEL_LARGEST
#define MLP_EDGE_KERNEL_LARGEST

static inline int mlp_edge_largest(const float *outputs, size_t count)
{
    size_t best = 0;
    for (size_t i = 0; i < count; i++) {
        if (!mlp_edge_finite(&outputs[i])) {
            return -1;
        }
        best = outputs[i] > outputs[best] ? i : best;
    }
    return (int)best;
}

#endif

/*
 * The index of the largest softmax output, the first of equals, without the exponentials where the
 * logits decide. The largest logit has the largest output. Rounding can make an output equal to it
 * only if its logit is less than 1e-6 lower (softmax subtracts before it takes exponentials, and
 * 1 - 1e-6 is 16 units in the last place below 1). If such a logit comes earlier, or one is not
 * finite (then `below` is not, either), softmax is computed, in place.
 */
#ifndef MLP_EDGE_KERNEL_CHOOSE_SOFTMAX
#define MLP_EDGE_KERNEL_CHOOSE_SOFTMAX

static inline int mlp_edge_choose_softmax(float *logits, size_t count)
{
    size_t best = 0;
    for (size_t i = 1; i < count; i++) {
        best = logits[i] > logits[best] ? i : best;
    }
    for (size_t i = 0; i < count; i++) {
        const float below = logits[best] - logits[i];
        if (!mlp_edge_finite(&below) || below < (i < best ? 1e-6f : 0.0f)) {
            mlp_edge_softmax(logits, count);
            return mlp_edge_largest(logits, count);
        }
    }
    return (int)best;
}

#endif

#ifdef IRIS_RESIDUAL_SELFTEST
/* The self-test: golden rows, and what iris_residual_predict has to make of them. */

/* Reads one number of a table. Every model defines the readers it needs, all of them alike. */
#if defined(__AVR__) || (defined(ESP8266) && defined(ARDUINO))
#define MLP_EDGE_READ_BITS(address) pgm_read_dword(address)
#else
#define MLP_EDGE_READ_BITS(address) (*(address))
#endif

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

/*
 * Whether the predictions of golden rows have to match bit for bit. They do, unless the compiler
 * rounds a product and its sum once, in a fused multiply-add or a wider register. Then the last
 * digits may differ, and each prediction has to be within a proved bound.
 *
 * The self-test detects which of the two applies. #define MLP_EDGE_SELFTEST_BITS 1 always compares
 * bits, 0 always compares with the bound.
 */
#ifndef MLP_EDGE_KERNEL_SELFTEST
#define MLP_EDGE_KERNEL_SELFTEST

#define MLP_EDGE_SELFTEST_DETECTS 2
#ifndef MLP_EDGE_SELFTEST_BITS
#if defined(MLP_EDGE_SOFT_FLOAT)
#define MLP_EDGE_SELFTEST_BITS 1
#elif defined(MLP_EDGE_FUSED)
#define MLP_EDGE_SELFTEST_BITS 0
#else
#define MLP_EDGE_SELFTEST_BITS MLP_EDGE_SELFTEST_DETECTS
#endif
#endif

#if MLP_EDGE_SELFTEST_BITS != 1
/* (1 + 2^-12)^2 - (1 + 2^-11) is 2^-24, which is lost if the square is rounded first. */
static inline int mlp_edge_rounds_once(void)
{
    volatile float factor = 1.000244140625f, addend = -1.00048828125f;
    const float x = factor, sum = x * x + addend;
    return sum != 0.0f;
}

static inline int mlp_edge_near(float value, uint32_t expected, float bound)
{
    const float off = value - mlp_edge_from_bits(expected);
    const float size = off < 0.0f ? -off : off;
    if (mlp_edge_same(value, expected)) {
        return 1;
    }
    if (MLP_EDGE_SELFTEST_BITS == MLP_EDGE_SELFTEST_DETECTS && !mlp_edge_rounds_once()) {
        return 0;
    }
    /* Compared as bits: those of NaN exceed those of any bound, under every compiler flag. */
    return mlp_edge_bits(size) < mlp_edge_bits(bound);
}
#endif

#endif

/* Readings, as the bits of float32 numbers; NaN is a missing one. */
static const uint32_t IRIS_RESIDUAL_GOLDEN[6][4] MLP_EDGE_FLASH = {
    /* 1, every reading at its lowest */
    {0x4089999au, 0x40000000u, 0x3f800000u, 0x3dcccccdu},
    /* 2, in the middle */
    {0x40c33334u, 0x404ccccdu, 0x407ccccdu, 0x3fa66666u},
    /* 3, at its highest */
    {0x40fccccdu, 0x408ccccdu, 0x40dccccdu, 0x40200000u},
    /* 4, lowest and highest in turn */
    {0x4089999au, 0x408ccccdu, 0x3f800000u, 0x40200000u},
    /* 5, highest and lowest in turn */
    {0x40fccccdu, 0x40000000u, 0x40dccccdu, 0x3dcccccdu},
    /* 6, [0] missing */
    {0x7fc00000u, 0x404ccccdu, 0x407ccccdu, 0x3fa66666u},
};
/* The bits that iris_residual_predict has to give for each. */
static const uint32_t IRIS_RESIDUAL_GOLDEN_PREDICTIONS[6][3] MLP_EDGE_FLASH = {
    {0x3f721a59u, 0x3d5d8ed8u, 0x394b9e88u},
    {0x3e58d6c7u, 0x3f49c2acu, 0x38f45a1cu},
    {0x3cc28d6cu, 0x38fb378fu, 0x3f79e3bau},
    {0x3f7b835au, 0x39069eafu, 0x3c8e8785u},
    {0x3982a73fu, 0x3f7df78fu, 0x3bfc0e56u},
    {0x7fc00000u, 0x7fc00000u, 0x7fc00000u},
};
#if MLP_EDGE_SELFTEST_BITS != 1
/* How close it has to be where a product and its sum are rounded once: proved row by row. */
static const float IRIS_RESIDUAL_GOLDEN_BOUNDS[6][3] MLP_EDGE_FLASH = {
    {6.7e-06f, 4.5e-06f, 1.1e-08f},
    {2.2e-05f, 2.3e-05f, 3.5e-09f},
    {1.8e-06f, 4.5e-09f, 4.1e-06f},
    {3.1e-06f, 4.9e-09f, 6.3e-07f},
    {1.2e-08f, 2.9e-06f, 4.1e-07f},
    {0.0f, 0.0f, 0.0f},
};
#endif

int iris_residual_selftest(void)
{
    for (int row = 0; row < 6; row++) {
        float features[IRIS_RESIDUAL_INPUTS], outputs[IRIS_RESIDUAL_OUTPUTS];
        for (size_t i = 0; i < IRIS_RESIDUAL_INPUTS; i++) {
            features[i] = mlp_edge_golden(&IRIS_RESIDUAL_GOLDEN[row][i]);
        }
        iris_residual_predict(features, outputs);
        for (size_t i = 0; i < IRIS_RESIDUAL_OUTPUTS; i++) {
            const uint32_t expected = MLP_EDGE_READ_BITS(&IRIS_RESIDUAL_GOLDEN_PREDICTIONS[row][i]);
#if MLP_EDGE_SELFTEST_BITS == 1
            const int right = mlp_edge_same(outputs[i], expected);
#else
            const float bound = MLP_EDGE_READ_FLOAT(&IRIS_RESIDUAL_GOLDEN_BOUNDS[row][i]);
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
mlp-edge-seal sha256:0c503c4f5547a20201b426fea881f0ea958f7599112a2e03fb734a8fdac88943 */
/* The model's card, for programs that read this file: JSON, its lines joined. */
/* mlp-edge-card
 * {"name": "iris_residual", "features": [{"name": "sepal_length", "low": 4.300000190734863,
 *  "high": 7.900000095367432}, {"name": "sepal_width", "low": 2.0, "high": 4.400000095367432},
 *  {"name": "petal_length", "low": 1.0, "high": 6.900000095367432}, {"name": "petal_width",
 *  "low": 0.10000000149011612, "high": 2.5}], "targets": ["species"], "labels": ["setosa",
 *  "versicolor", "virginica"], "task": "multiclass", "threshold": 0.5,
 *  "weights_sha256": "bb7ecd9c8b3e88e1396beb5f0b516270345c791c2f341ee96e0f6326574679ce",
 *  "version": "0.1.0", "dtype": "float32", "format": 3}
 */
