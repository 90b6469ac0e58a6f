/*
 * pima: a multilayer perceptron in one file, for C99, C++11 and Arduino
 *
 * SPDX-FileCopyrightText: mlp-edge contributors
 * SPDX-License-Identifier: MIT-0
 * The tables and the code generated for this model are yours; the kernels are MIT-0: nothing has to
 * be attributed, neither in source nor in binaries.
 *
 *   layers    8-12-8-1 (relu, relu, sigmoid), 221 weights and biases, float32
 *   written   by mlp-edge 0.1.0: mlp-edge export --format c --name pima
 *   weights   sha256 48cb8ba37a16c24a5126e4319c6dfd50859d7c8f5f93122fb69ff62506332cd3
 *   tables    948 bytes, in flash on AVR and ESP8266
 *   stack     of pima_predict, at most, with gcc -Os: 150 bytes on AVR, 250 on Cortex-M0,
 *             238 on Cortex-M3, 192 on Cortex-M4, 321 on RV32
 *
 * Use:
 *
 *   #include "pima.h"
 *   float features[PIMA_INPUTS] = { ... };  raw readings, in the order below
 *   float probability;
 *   pima_predict(features, &probability);
 *   int label = pima_classify(features);  one of PIMA_CLASS_..., or -1: no prediction
 *   pima_label(label)                     its text; on AVR a string in flash (PROGMEM)
 *
 * Include this header as is in exactly one source file. In every other, write
 *
 *   #define PIMA_DECLARE_ONLY
 *
 * before the #include, to get the constants and the functions without another copy of the tables.
 *
 * #define PIMA_SELFTEST in the one source file adds pima_selftest(), which returns 0 if this chip,
 * with these compiler flags, predicts what it should, otherwise the number of the first row that it
 * gets wrong.
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
 * Outputs, of "diabetes":
 *
 *   [0] probability of "1"
 *   The class is "1" where probability > PIMA_THRESHOLD, both float,
 *   otherwise "0".
 */
#ifndef PIMA_H
#define PIMA_H

#define PIMA_NAME "pima"
#define PIMA_DTYPE "float32"
#define PIMA_WEIGHTS_SHA256 \
    "48cb8ba37a16c24a5126e4319c6dfd50859d7c8f5f93122fb69ff62506332cd3"
#define PIMA_INPUTS 8
#define PIMA_OUTPUTS 1
#define PIMA_LAYERS 3
#define PIMA_LAYER1_INPUTS 8
#define PIMA_LAYER1_OUTPUTS 12
#define PIMA_LAYER2_INPUTS 12
#define PIMA_LAYER2_OUTPUTS 8
#define PIMA_LAYER3_INPUTS 8
#define PIMA_LAYER3_OUTPUTS 1
#define PIMA_CLASSES 2
#define PIMA_THRESHOLD 0.5f

/* Indices of the features. */
enum {
    PIMA_FEATURE_PREGNANCIES = 0, /* "pregnancies" */
    PIMA_FEATURE_GLUCOSE = 1, /* "glucose" */
    PIMA_FEATURE_PRESSURE = 2, /* "pressure" */
    PIMA_FEATURE_SKIN = 3, /* "skin" */
    PIMA_FEATURE_INSULIN = 4, /* "insulin" */
    PIMA_FEATURE_BMI = 5, /* "bmi" */
    PIMA_FEATURE_PEDIGREE = 6, /* "pedigree" */
    PIMA_FEATURE_AGE = 7, /* "age" */
};

/* Indices of the classes. */
enum {
    PIMA_CLASS_0 = 0, /* "0" */
    PIMA_CLASS_1 = 1, /* "1" */
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
void pima_predict(const float *features, float *outputs);

/*
 * The class that pima_predict's output stands for, or -1 if it is not finite.
 * Most rows are classified without the exponential.
 */
int pima_classify(const float *features);

/* The label of a class, UTF-8, in flash; "" for any other number. */
mlp_edge_text pima_label(int index);

#ifdef PIMA_SELFTEST
/* Predicts golden rows: 0 where all are right, else the number of the first wrong one. */
int pima_selftest(void);

#endif
#ifdef __cplusplus
}
#endif

#endif

#if !defined(PIMA_DECLARE_ONLY) && !defined(PIMA_DEFINED)
#define PIMA_DEFINED

#if !defined(__cplusplus) && !defined(_MSC_VER) \
    && !(defined(__STDC_VERSION__) && __STDC_VERSION__ >= 199901L)
#error "pima.h is C99 and C++11; this is C90: compile it with -std=c99, or later"
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
static const float PIMA_MEAN[8] MLP_EDGE_FLASH = {
    3.98208475f, 120.679153f, 69.5374603f, 20.5830612f, 74.8029327f, 31.9498367f, 0.477850169f,
    33.5586319f,
};
static const float PIMA_RECIPROCAL[8] MLP_EDGE_FLASH = {
    0.291723877f, 0.0313598774f, 0.0517623685f, 0.0613855235f, 0.00881863292f, 0.12989141f,
    2.92635918f, 0.0842115954f,
};

/* Layer 1, relu: [neuron][input], 12 x 8 */
static const float PIMA_LAYER1_WEIGHTS[12][8] MLP_EDGE_FLASH = {
    /*  0 */ {-0.360651493f, -0.397254854f, 0.370182604f, 0.148330584f, -0.725356758f,
              -0.317020267f, 0.110160112f, -0.620709658f},
    /*  1 */ {-0.0166896712f, -0.125157267f, 0.855142117f, 0.277654648f, -0.427186519f,
              0.234658375f, -0.690771759f, -0.681893349f},
    /*  2 */ {0.510818958f, -0.79447633f, -0.280644566f, 0.16757983f, 0.565538466f, 0.66106087f,
              -0.0245709047f, -0.530950248f},
    /*  3 */ {-0.350085616f, -0.126498371f, -0.124945439f, 0.0766964629f, 0.463950574f,
              0.0160228275f, -0.0384736173f, -1.12159824f},
    /*  4 */ {0.0672913119f, 0.247693986f, -0.25073427f, 0.664225936f, -0.331538707f,
              -0.728823423f, -0.811617732f, 0.471364349f},
    /*  5 */ {-0.733665586f, 0.257553548f, 0.299589604f, -0.165694639f, 0.506539226f, 0.127672091f,
              -0.0991829783f, 0.280927896f},
    /*  6 */ {0.41917485f, -0.193336576f, 0.146924451f, 0.592792094f, -0.438063473f, 0.24105072f,
              0.338306427f, -0.414827764f},
    /*  7 */ {0.479280919f, -0.445964038f, -0.170978382f, 0.445675343f, 0.508030295f,
              -0.371973217f, -0.0312368963f, -0.187472016f},
    /*  8 */ {0.235181272f, 0.35808152f, -0.413337648f, 0.424169272f, -0.113504417f, 0.164801151f,
              -0.141228557f, 0.0742785633f},
    /*  9 */ {-0.136413217f, 0.467400134f, -0.232832268f, -0.63457495f, -0.669499338f,
              0.705033481f, 0.0153138665f, -0.606124103f},
    /* 10 */ {0.143804431f, -0.384537339f, -0.721440434f, 0.246937215f, -0.293628007f,
              -0.327681243f, -0.0275911242f, 0.5793975f},
    /* 11 */ {0.243863732f, 0.416239262f, 0.581813157f, 0.524135649f, 0.739169657f, 0.58658576f,
              -0.362580299f, 0.134880364f},
};
static const float PIMA_LAYER1_BIAS[12] MLP_EDGE_FLASH = {
    0.141819626f, 0.371368319f, -0.201835886f, 0.208150402f, -0.278238893f, 0.222905576f,
    0.290250331f, -0.331756473f, 0.279295385f, 0.136263818f, 0.254899442f, -0.00679195533f,
};

/* Layer 2, relu: [neuron][input], 8 x 12 */
static const float PIMA_LAYER2_WEIGHTS[8][12] MLP_EDGE_FLASH = {
    /* 0 */ {0.266094387f, -1.04757857f, -1.49359715f, -1.66354501f, 0.851935148f, -0.738274872f,
             -1.79085827f, 0.614839971f, -0.654588282f, -0.67779237f, -0.115202792f, -1.07310402f},
    /* 1 */ {-0.0820793584f, -0.0868747011f, 0.512553453f, 0.253034323f, -0.488147259f,
             0.00254940987f, -0.482098281f, -0.0948327482f, -0.173087656f, 0.683178008f,
             -1.38228858f, -0.149844021f},
    /* 2 */ {-0.343432397f, 0.529377997f, -1.04446459f, -0.0594513714f, -0.194759294f,
             0.387511134f, 0.595661938f, -0.0386213697f, 0.397241086f, 0.743384123f, 0.117698923f,
             -0.500166714f},
    /* 3 */ {-0.133470923f, -1.34543025f, -0.0099410601f, -0.0631126463f, 0.12659888f,
             -0.53234756f, 0.438264579f, -0.336737841f, 0.818459749f, 0.062817581f, -0.265005708f,
             0.0285474658f},
    /* 4 */ {0.283819199f, -0.735626161f, -0.725168705f, -0.295494795f, 0.117717274f,
             -0.331878185f, 0.00743602635f, -0.482743025f, 0.401053727f, 0.275168359f, -1.0250349f,
             -0.895991266f},
    /* 5 */ {0.171102911f, -0.236715913f, 0.475834399f, 0.371428013f, -0.257236689f, -0.303924948f,
             -0.216308028f, -0.443044066f, 0.506802976f, -0.122931086f, 0.584355414f, 0.522468746f},
    /* 6 */ {-1.08205676f, -0.319081366f, -0.365731835f, -0.0601700693f, -1.05195487f,
             0.360344797f, 0.266157836f, 0.0876609311f, 0.291796237f, 0.230560541f, -0.140326872f,
             0.667925894f},
    /* 7 */ {0.376769274f, 0.815420151f, -0.650143683f, 0.570225894f, -0.0696397945f,
             -0.481157124f, -0.385784268f, -0.555672884f, -0.335078955f, -0.55515784f,
             0.657131612f, 0.0360346809f},
};
static const float PIMA_LAYER2_BIAS[8] MLP_EDGE_FLASH = {
    -0.142192513f, 0.160840243f, 0.0213113688f, -0.116039589f, -0.143482253f, 0.1286598f,
    0.322266757f, 0.238758132f,
};

/* Layer 3, sigmoid: [neuron][input], 1 x 8 */
static const float PIMA_LAYER3_WEIGHTS[1][8] MLP_EDGE_FLASH = {
    /* 0 */ {1.43341553f, -1.42554319f, 1.13142383f, 1.46926868f, 1.96468103f, -0.462555617f,
             0.920570195f, -1.54228401f},
};
static const float PIMA_LAYER3_BIAS[1] MLP_EDGE_FLASH = {
    -0.358039081f,
};

/* Labels in UTF-8; the last one is for an index that is no class. */
static const char PIMA_LABELS[3][2] MLP_EDGE_FLASH = {
    "0",
    "1",
    ""
};

/* The kernels that the functions call; they are defined below. */
static inline int mlp_edge_any_missing(const float *sentinels, size_t count, const float *x);
static inline void mlp_edge_reject(float *values, size_t count);
static inline void mlp_edge_scale(const float *mean, const float *reciprocal, size_t count,
                                  const float *x, float *y);
static void mlp_edge_dense(const float *weights, const float *bias, size_t inputs,
                           size_t outputs, const float *x, float *y);
static inline void mlp_edge_relu(float *values, size_t count);
static inline void mlp_edge_sigmoid(float *values, size_t count);
static inline int mlp_edge_choose_sigmoid(const float *logit, float low, float high,
                                          float threshold);

/* Whether there is no prediction: a reading without a fill is missing, or a table out of reach. */
MLP_EDGE_INLINED
static inline int pima_rejects(const float *features)
{
#ifdef __AVR_HAVE_ELPM__
    if (!MLP_EDGE_IN_REACH(PIMA_MEAN)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_RECIPROCAL)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_LAYER1_WEIGHTS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_LAYER1_BIAS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_LAYER2_WEIGHTS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_LAYER2_BIAS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_LAYER3_WEIGHTS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_LAYER3_BIAS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(PIMA_LABELS)) { return 1; }
#endif
    return mlp_edge_any_missing(NULL, PIMA_INPUTS, features);
}

/* From readings to logits, the pre-activations of the last layer. */
static inline void pima_logits(const float *features, float *logits)
{
    /* Each layer reads the one before it: they take turns at the two ends of one array. */
    enum { memory_size = PIMA_LAYER1_INPUTS + PIMA_LAYER1_OUTPUTS };
    float memory[memory_size];
    float *const scaled = memory;
    float *const layer1 = memory + memory_size - PIMA_LAYER1_OUTPUTS;
    float *const layer2 = memory;

    mlp_edge_scale(PIMA_MEAN, PIMA_RECIPROCAL, PIMA_INPUTS, features, scaled);
    mlp_edge_dense(PIMA_LAYER1_WEIGHTS[0], PIMA_LAYER1_BIAS, PIMA_LAYER1_INPUTS,
        PIMA_LAYER1_OUTPUTS, scaled, layer1);
    mlp_edge_relu(layer1, PIMA_LAYER1_OUTPUTS);
    mlp_edge_dense(PIMA_LAYER2_WEIGHTS[0], PIMA_LAYER2_BIAS, PIMA_LAYER2_INPUTS,
        PIMA_LAYER2_OUTPUTS, layer1, layer2);
    mlp_edge_relu(layer2, PIMA_LAYER2_OUTPUTS);
    mlp_edge_dense(PIMA_LAYER3_WEIGHTS[0], PIMA_LAYER3_BIAS, PIMA_LAYER3_INPUTS,
        PIMA_LAYER3_OUTPUTS, layer2, logits);
}

void pima_predict(const float *features, float *outputs)
{
    if (pima_rejects(features)) {
        mlp_edge_reject(outputs, PIMA_OUTPUTS); /* NaN */
        return;
    }
    pima_logits(features, outputs);
    mlp_edge_sigmoid(outputs, PIMA_OUTPUTS);
}

int pima_classify(const float *features)
{
    if (pima_rejects(features)) {
        return -1;
    }
    float logits[PIMA_OUTPUTS];
    pima_logits(features, logits);
    return mlp_edge_choose_sigmoid(logits, -2.00000022e-06f, 2.00000022e-06f, PIMA_THRESHOLD);
}

mlp_edge_text pima_label(int index)
{
    const int known = index >= 0 && index < PIMA_CLASSES;
    return (mlp_edge_text)PIMA_LABELS[known ? index : PIMA_CLASSES];
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

/* mlp_edge_relu of 4 * `fours` values, as bits, for Cortex-M3 and later; `fours` is above 0. */
#ifndef MLP_EDGE_KERNEL_CORTEX_RELU
#define MLP_EDGE_KERNEL_CORTEX_RELU

#ifdef MLP_EDGE_THUMB

/* The comparison is of int32_t, with -infinity: see mlp_edge_relu. */
#define MLP_EDGE_THUMB_RELU(value) \
    "cmn " value ", #0x800000\n"   \
    "it le\n"                      \
    "movle " value ", #0\n"

static inline void mlp_edge_thumb_relu(float *values, size_t fours)
{
    __asm__ volatile(
        "0:\n"
        "ldm %[values], {r2-r5}\n"
        MLP_EDGE_THUMB_RELU("r2")
        MLP_EDGE_THUMB_RELU("r3")
        MLP_EDGE_THUMB_RELU("r4")
        MLP_EDGE_THUMB_RELU("r5")
        "stm %[values]!, {r2-r5}\n"
        "subs %[fours], %[fours], #1\n"
        "bne 0b\n"
        : [values] "+r"(values), [fours] "+r"(fours)
        :
        : "r2", "r3", "r4", "r5", "cc", "memory");
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

/* relu(x): 0 where x <= 0, otherwise x; exact. NaN stays NaN, of either sign. */
#ifndef MLP_EDGE_KERNEL_RELU
#define MLP_EDGE_KERNEL_RELU

static inline void mlp_edge_relu(float *values, size_t count)
{
    size_t i = 0;
#ifdef MLP_EDGE_THUMB
    if (count >= 4) {
        mlp_edge_thumb_relu(values, count / 4);
        i = count - count % 4;
    }
#endif
    for (; i < count; i++) {
        const uint32_t bits = mlp_edge_bits(values[i]);
        /* As int32_t: from -0, the lowest, to -infinity. A NaN is above that, of either sign. */
        values[i] = mlp_edge_from_bits((int32_t)bits <= -0x800000 ? 0 : bits);
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

/* 1 / (1 + e^-x), from e^-|x|, which cannot overflow: shared by sigmoid and silu. */
#ifndef MLP_EDGE_KERNEL_LOGISTIC
#define MLP_EDGE_KERNEL_LOGISTIC

static inline float mlp_edge_logistic(float x)
{
    const uint32_t bits = mlp_edge_bits(x);
    const float power = mlp_edge_exp(mlp_edge_from_bits(bits | MLP_EDGE_SIGN));
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
 * Whether sigmoid(logit) > threshold, without the exponential where the logit decides. The exporter
 * computes `low` and `high`: below the one and above the other, sigmoid is further from the
 * threshold than its kernel can be off (1e-6 of the threshold; the kernel is off by less than
 * 4e-7). Only in the narrow gap between them is the sigmoid computed. NaN has no class and gives
 * -1.
 */
#ifndef MLP_EDGE_KERNEL_CHOOSE_SIGMOID
#define MLP_EDGE_KERNEL_CHOOSE_SIGMOID

static inline int mlp_edge_choose_sigmoid(const float *logit, float low, float high,
                                          float threshold)
{
    const float x = *logit;
    if (mlp_edge_nan(logit)) {
        return -1;
    }
    if (x < low) {
        return 0;
    }
    return x > high || mlp_edge_logistic(x) > threshold;
}

#endif

#ifdef PIMA_SELFTEST
/* The self-test: golden rows, and what pima_predict has to make of them. */

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
static const uint32_t PIMA_GOLDEN[6][8] MLP_EDGE_FLASH = {
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
/* The bits that pima_predict has to give for each. */
static const uint32_t PIMA_GOLDEN_PREDICTIONS[6][1] MLP_EDGE_FLASH = {
    {0x39c404a5u},
    {0x3f0b800eu},
    {0x3f7fbae7u},
    {0x3f7e014du},
    {0x3c5306d4u},
    {0x7fc00000u},
};
#if MLP_EDGE_SELFTEST_BITS != 1
/* How close it has to be where a product and its sum are rounded once: proved row by row. */
static const float PIMA_GOLDEN_BOUNDS[6][1] MLP_EDGE_FLASH = {
    {5.8e-07f},
    {3.7e-06f},
    {6.8e-07f},
    {1.2e-06f},
    {9.5e-07f},
    {0.0f},
};
#endif

int pima_selftest(void)
{
    for (int row = 0; row < 6; row++) {
        float features[PIMA_INPUTS], outputs[PIMA_OUTPUTS];
        for (size_t i = 0; i < PIMA_INPUTS; i++) {
            features[i] = mlp_edge_golden(&PIMA_GOLDEN[row][i]);
        }
        pima_predict(features, outputs);
        for (size_t i = 0; i < PIMA_OUTPUTS; i++) {
            const uint32_t expected = MLP_EDGE_READ_BITS(&PIMA_GOLDEN_PREDICTIONS[row][i]);
#if MLP_EDGE_SELFTEST_BITS == 1
            const int right = mlp_edge_same(outputs[i], expected);
#else
            const float bound = MLP_EDGE_READ_FLOAT(&PIMA_GOLDEN_BOUNDS[row][i]);
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
mlp-edge-seal sha256:cdac5f08cf618b1dfa951682baa5ef5044f9b8b8da9113bdf7de8b275d47f85c */
/* The model's card, for programs that read this file: JSON, its lines joined. */
/* mlp-edge-card
 * {"name": "pima", "features": [{"name": "pregnancies", "low": 0.0, "high": 17.0},
 *  {"name": "glucose", "low": 0.0, "high": 199.0}, {"name": "pressure", "low": 0.0,
 *  "high": 122.0}, {"name": "skin", "low": 0.0, "high": 99.0}, {"name": "insulin", "low": 0.0,
 *  "high": 846.0}, {"name": "bmi", "low": 0.0, "high": 67.0999984741211}, {"name": "pedigree",
 *  "low": 0.07800000160932541, "high": 2.4200000762939453}, {"name": "age", "low": 21.0,
 *  "high": 81.0}], "targets": ["diabetes"], "labels": ["0", "1"], "task": "binary",
 *  "threshold": 0.5,
 *  "weights_sha256": "48cb8ba37a16c24a5126e4319c6dfd50859d7c8f5f93122fb69ff62506332cd3",
 *  "version": "0.1.0", "dtype": "float32", "format": 3}
 */
