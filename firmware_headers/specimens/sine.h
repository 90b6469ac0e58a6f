/*
 * sine: a multilayer perceptron in one file, for C99, C++11 and Arduino
 *
 * SPDX-FileCopyrightText: mlp-edge contributors
 * SPDX-License-Identifier: MIT-0
 * The tables and the code generated for this model are yours; the kernels are MIT-0: nothing has to
 * be attributed, neither in source nor in binaries.
 *
 *   layers    1-16-16-1 (relu, relu, linear), 321 weights and biases, float32
 *   written   by mlp-edge 0.1.0: mlp-edge export --format c --name sine
 *   weights   sha256 04f29e1326027a7ddde5b93c99cfdec4f7b14f0da12746799ec93b99387017b4
 *   tables    1292 bytes, in flash on AVR and ESP8266
 *   stack     of sine_predict, at most, with gcc -Os: 181 bytes on AVR, 286 on Cortex-M0,
 *             276 on Cortex-M3, 224 on Cortex-M4, 367 on RV32
 *
 * Use:
 *
 *   #include "sine.h"
 *   float features[SINE_INPUTS] = { ... };  raw readings, in the order below
 *   float value;
 *   sine_predict(features, &value);
 *
 * Include this header as is in exactly one source file. In every other, write
 *
 *   #define SINE_DECLARE_ONLY
 *
 * before the #include, to get the constants and the functions without another copy of the tables.
 *
 * #define SINE_SELFTEST in the one source file adds sine_selftest(), which returns 0 if this chip,
 * with these compiler flags, predicts what it should, otherwise the number of the first row that it
 * gets wrong.
 *
 * Features, in the units of the training table, with their ranges there:
 *
 *   [0] "x"  0.0221 to 6.2754
 *
 * A reading that is NaN is missing: the prediction is NaN.
 *
 * Outputs, of "y":
 *
 *   [0] value
 */
#ifndef SINE_H
#define SINE_H

#define SINE_NAME "sine"
#define SINE_DTYPE "float32"
#define SINE_WEIGHTS_SHA256 \
    "04f29e1326027a7ddde5b93c99cfdec4f7b14f0da12746799ec93b99387017b4"
#define SINE_INPUTS 1
#define SINE_OUTPUTS 1
#define SINE_LAYERS 3
#define SINE_LAYER1_INPUTS 1
#define SINE_LAYER1_OUTPUTS 16
#define SINE_LAYER2_INPUTS 16
#define SINE_LAYER2_OUTPUTS 16
#define SINE_LAYER3_INPUTS 16
#define SINE_LAYER3_OUTPUTS 1

/* Indices of the features. */
enum {
    SINE_FEATURE_X = 0, /* "x" */
};

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Predicts: 1 raw reading in, 1 output out. The two arrays must not overlap.
 * It keeps nothing between calls, so several tasks may call it at once.
 */
void sine_predict(const float *features, float *outputs);

#ifdef SINE_SELFTEST
/* Predicts golden rows: 0 where all are right, else the number of the first wrong one. */
int sine_selftest(void);

#endif
#ifdef __cplusplus
}
#endif

#endif

#if !defined(SINE_DECLARE_ONLY) && !defined(SINE_DEFINED)
#define SINE_DEFINED

#if !defined(__cplusplus) && !defined(_MSC_VER) \
    && !(defined(__STDC_VERSION__) && __STDC_VERSION__ >= 199901L)
#error "sine.h is C99 and C++11; this is C90: compile it with -std=c99, or later"
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
static const float SINE_MEAN[1] MLP_EDGE_FLASH = {
    3.15004945f,
};
static const float SINE_RECIPROCAL[1] MLP_EDGE_FLASH = {
    0.547803223f,
};

/* Layer 1, relu: [neuron][input], 16 x 1 */
static const float SINE_LAYER1_WEIGHTS[16][1] MLP_EDGE_FLASH = {
    /*  0 */ {0.105031952f},
    /*  1 */ {-0.591700554f},
    /*  2 */ {0.280409098f},
    /*  3 */ {-0.41643244f},
    /*  4 */ {-0.106165767f},
    /*  5 */ {-0.56918478f},
    /*  6 */ {-0.00142091757f},
    /*  7 */ {0.655194163f},
    /*  8 */ {0.361039609f},
    /*  9 */ {-0.00132487633f},
    /* 10 */ {0.635259867f},
    /* 11 */ {0.318879515f},
    /* 12 */ {0.000228324701f},
    /* 13 */ {-0.0167739559f},
    /* 14 */ {-0.291959673f},
    /* 15 */ {0.315133959f},
};
static const float SINE_LAYER1_BIAS[16] MLP_EDGE_FLASH = {
    0.2678442f, -0.16703108f, 0.261173546f, 0.135282397f, 0.259508073f, -0.477977157f,
    -0.00845604669f, 0.327922016f, -0.24661696f, -0.0140987048f, 0.0664399862f, -0.270321816f,
    -0.0106274271f, 0.44146651f, 0.195128113f, -0.293078929f,
};

/* Layer 2, relu: [neuron][input], 16 x 16 */
static const float SINE_LAYER2_WEIGHTS[16][16] MLP_EDGE_FLASH = {
    /*  0 */ {-0.205395281f, -0.373222858f, 0.165361226f, -0.396367133f, -0.430625618f,
              -0.201757625f, -0.0255274121f, 0.135251686f, -0.27069369f, -0.0250504371f,
              -0.340746939f, -0.416603714f, 0.231680244f, -0.0251321383f, -0.229678616f,
              0.178827837f},
    /*  1 */ {-0.262818396f, 0.196280092f, -0.432994515f, -0.303880095f, 0.0190528333f,
              -0.364060581f, 0.309918195f, -0.163484216f, 0.0735345781f, -0.376134902f,
              -0.175945878f, 0.230354339f, -0.431862503f, -0.146570176f, 0.349798411f,
              0.0018004775f},
    /*  2 */ {-0.270166367f, -0.433042139f, -0.0347821228f, 0.196051568f, 0.387357593f,
              -0.262889743f, -0.363431275f, -0.0317576043f, 0.0860355943f, 0.340058774f,
              -0.240850896f, -0.0270381626f, 0.39097473f, 0.308358699f, 0.312472165f,
              -0.115002267f},
    /*  3 */ {0.141002879f, 0.175091565f, -0.0707320794f, 0.0226669591f, 0.424195498f,
              -0.654299736f, 0.116173521f, -0.181503892f, 0.26874122f, 0.212513715f, -0.110024907f,
              -0.639326513f, 0.398440272f, 0.345932662f, 0.317415595f, -0.618853748f},
    /*  4 */ {0.460890949f, -0.346680373f, -0.23205781f, 0.0661220029f, 0.060217604f, -0.49913168f,
              -0.00619426509f, -0.811084986f, -0.12925297f, -0.25067234f, -0.608705521f,
              -0.223958597f, -0.0219217241f, 0.13671425f, 0.326531112f, -0.28194502f},
    /*  5 */ {-1.36529303f, 0.517196894f, -0.511359572f, 0.201830223f, 0.236098096f, 0.712487698f,
              -0.0955035239f, -0.198109388f, 0.372546464f, -0.00887550972f, -0.404820591f,
              -0.258263856f, -0.383948803f, -0.238108903f, -0.0102841044f, 0.0553349853f},
    /*  6 */ {0.0365245342f, -0.307644814f, -0.631847441f, 0.00765253091f, 0.277064174f,
              -0.82651335f, 0.173299402f, -0.278333664f, -0.230099738f, 0.0416185036f, -0.3073273f,
              0.289851964f, -0.232307374f, 0.44295913f, 0.0821090862f, 0.127685279f},
    /*  7 */ {0.213694707f, -0.678177953f, -0.073741354f, -0.577354074f, 0.298612624f,
              -0.141838074f, -0.339594305f, 0.547786713f, -0.595737159f, -0.243455976f,
              0.00831384026f, -0.778800368f, 0.100453325f, 0.984178424f, -0.111218378f,
              -0.765129685f},
    /*  8 */ {-0.245298058f, -0.167487174f, -0.214201137f, 0.114099354f, -0.375270694f,
              -0.296718776f, -0.178906232f, -0.416703433f, -0.378874749f, -0.365860939f,
              0.193153054f, 0.410298198f, -0.12967965f, -0.222792014f, -0.0652941763f, 0.04925704f},
    /*  9 */ {0.0300205443f, -0.175874069f, -0.481473207f, -0.279513389f, 0.364021927f,
              -0.49972564f, -0.0930769742f, -0.466149539f, -0.0189739466f, 0.0247628838f,
              -0.0626046285f, -0.465321958f, -0.134335399f, -0.0820362493f, 0.353520989f,
              -0.320091158f},
    /* 10 */ {0.553324938f, -0.303509414f, 0.0132741965f, -0.0345281959f, 0.431547612f,
              -0.848443866f, -0.226348057f, -0.555305183f, 0.414915562f, -0.325924277f,
              -0.41292423f, 0.249718413f, 0.0562168658f, 0.622449875f, -0.150027066f,
              -0.529657304f},
    /* 11 */ {-0.38346988f, 0.0959460437f, -0.327356577f, -0.162768155f, 0.0998832285f,
              -0.265231073f, 0.240461022f, -0.297030032f, 0.0355038345f, -0.301363468f,
              -0.200564191f, -0.372119665f, -0.278856069f, -0.111285895f, -0.0347408056f,
              -0.143868715f},
    /* 12 */ {-0.188173428f, -0.322515219f, 0.0586584955f, -0.353827298f, -1.03416002f,
              -0.256502926f, 0.0690215155f, 0.0938825384f, 1.01526761f, 0.294784963f, 0.598758161f,
              0.824739039f, -0.340651214f, -0.423268676f, -0.408189267f, 0.248045564f},
    /* 13 */ {-0.399397016f, 0.0558304302f, -0.367723286f, -0.162102446f, 0.0744607076f,
              0.0200132411f, 0.160989314f, 0.22517705f, -0.170907512f, -0.118948065f,
              -0.375410169f, -0.452198684f, 0.341612548f, 0.488631696f, -0.0991959199f,
              -0.330596268f},
    /* 14 */ {-0.0100117233f, -0.405534476f, 0.386799842f, -0.4374336f, 0.616129398f,
              -0.211464822f, -0.18403317f, 0.24612464f, -0.761292875f, 0.15975897f, -0.34796229f,
              -0.565495908f, 0.205031395f, 0.417393386f, -0.532159269f, -0.292386919f},
    /* 15 */ {0.23477146f, 0.154010966f, -0.38118571f, -0.352321029f, -0.209212348f, -0.176752761f,
              -0.134381652f, -0.419326156f, -0.0907036066f, -0.3645913f, -0.191746294f,
              -0.311985642f, -0.260844588f, 0.241513193f, 0.152412683f, 0.15412876f},
};
static const float SINE_LAYER2_BIAS[16] MLP_EDGE_FLASH = {
    -0.042571716f, 0.0f, 0.0788084641f, 0.147817388f, 0.214249343f, -0.320011288f, 0.239968017f,
    0.30884546f, 0.0f, 0.245364517f, 0.348916501f, 0.0f, -0.203048468f, 0.0836035237f, 0.427689016f,
    -0.0675201491f,
};

/* Layer 3, linear: [neuron][input], 1 x 16 */
static const float SINE_LAYER3_WEIGHTS[1][16] MLP_EDGE_FLASH = {
    /* 0 */ {0.112490267f, -0.357375473f, 0.349574745f, 0.463025868f, 0.302482635f, -0.476283997f,
             0.646503627f, -0.674705923f, -0.11434193f, 0.152379647f, 0.683239341f, -0.385117292f,
             0.886253119f, 0.219927415f, -0.313472182f, -0.361585885f},
};
static const float SINE_LAYER3_BIAS[1] MLP_EDGE_FLASH = {
    -0.143254235f,
};

/* The kernels that the functions call; they are defined below. */
static inline int mlp_edge_any_missing(const float *sentinels, size_t count, const float *x);
static inline void mlp_edge_reject(float *values, size_t count);
static inline void mlp_edge_scale(const float *mean, const float *reciprocal, size_t count,
                                  const float *x, float *y);
static void mlp_edge_dense(const float *weights, const float *bias, size_t inputs,
                           size_t outputs, const float *x, float *y);
static inline void mlp_edge_relu(float *values, size_t count);

/* Whether there is no prediction: a reading without a fill is missing, or a table out of reach. */
MLP_EDGE_INLINED
static inline int sine_rejects(const float *features)
{
#ifdef __AVR_HAVE_ELPM__
    if (!MLP_EDGE_IN_REACH(SINE_MEAN)) { return 1; }
    if (!MLP_EDGE_IN_REACH(SINE_RECIPROCAL)) { return 1; }
    if (!MLP_EDGE_IN_REACH(SINE_LAYER1_WEIGHTS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(SINE_LAYER1_BIAS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(SINE_LAYER2_WEIGHTS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(SINE_LAYER2_BIAS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(SINE_LAYER3_WEIGHTS)) { return 1; }
    if (!MLP_EDGE_IN_REACH(SINE_LAYER3_BIAS)) { return 1; }
#endif
    return mlp_edge_any_missing(NULL, SINE_INPUTS, features);
}

void sine_predict(const float *features, float *outputs)
{
    if (sine_rejects(features)) {
        mlp_edge_reject(outputs, SINE_OUTPUTS); /* NaN */
        return;
    }
    /* Each layer reads the one before it: they take turns at the two ends of one array. */
    enum { memory_size = SINE_LAYER1_OUTPUTS + SINE_LAYER2_OUTPUTS };
    float memory[memory_size];
    float *const scaled = memory;
    float *const layer1 = memory + memory_size - SINE_LAYER1_OUTPUTS;
    float *const layer2 = memory;

    mlp_edge_scale(SINE_MEAN, SINE_RECIPROCAL, SINE_INPUTS, features, scaled);
    mlp_edge_dense(SINE_LAYER1_WEIGHTS[0], SINE_LAYER1_BIAS, SINE_LAYER1_INPUTS,
        SINE_LAYER1_OUTPUTS, scaled, layer1);
    mlp_edge_relu(layer1, SINE_LAYER1_OUTPUTS);
    mlp_edge_dense(SINE_LAYER2_WEIGHTS[0], SINE_LAYER2_BIAS, SINE_LAYER2_INPUTS,
        SINE_LAYER2_OUTPUTS, layer1, layer2);
    mlp_edge_relu(layer2, SINE_LAYER2_OUTPUTS);
    mlp_edge_dense(SINE_LAYER3_WEIGHTS[0], SINE_LAYER3_BIAS, SINE_LAYER3_INPUTS,
        SINE_LAYER3_OUTPUTS, layer2, outputs);
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

#ifdef SINE_SELFTEST
/* The self-test: golden rows, and what sine_predict has to make of them. */

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
static const uint32_t SINE_GOLDEN[4][1] MLP_EDGE_FLASH = {
    /* 1, every reading at its lowest */
    {0x3cb50b0fu},
    /* 2, in the middle */
    {0x4049851fu},
    /* 3, at its highest */
    {0x40c8d014u},
    /* 4, [0] missing */
    {0x7fc00000u},
};
/* The bits that sine_predict has to give for each. */
static const uint32_t SINE_GOLDEN_PREDICTIONS[4][1] MLP_EDGE_FLASH = {
    {0x3d9ff18eu},
    {0xbd0f9728u},
    {0xbcd993f4u},
    {0x7fc00000u},
};
#if MLP_EDGE_SELFTEST_BITS != 1
/* How close it has to be where a product and its sum are rounded once: proved row by row. */
static const float SINE_GOLDEN_BOUNDS[4][1] MLP_EDGE_FLASH = {
    {3.4e-06f},
    {3.9e-06f},
    {5.3e-06f},
    {0.0f},
};
#endif

int sine_selftest(void)
{
    for (int row = 0; row < 4; row++) {
        float features[SINE_INPUTS], outputs[SINE_OUTPUTS];
        for (size_t i = 0; i < SINE_INPUTS; i++) {
            features[i] = mlp_edge_golden(&SINE_GOLDEN[row][i]);
        }
        sine_predict(features, outputs);
        for (size_t i = 0; i < SINE_OUTPUTS; i++) {
            const uint32_t expected = MLP_EDGE_READ_BITS(&SINE_GOLDEN_PREDICTIONS[row][i]);
#if MLP_EDGE_SELFTEST_BITS == 1
            const int right = mlp_edge_same(outputs[i], expected);
#else
            const float bound = MLP_EDGE_READ_FLOAT(&SINE_GOLDEN_BOUNDS[row][i]);
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
mlp-edge-seal sha256:f83079564a8eed009256b192e554368dec1459dd3bc63877c95e0376594b3fb3 */
/* The model's card, for programs that read this file: JSON, its lines joined. */
/* mlp-edge-card
 * {"name": "sine", "features": [{"name": "x", "low": 0.022099999710917473,
 *  "high": 6.275400161743164}], "targets": ["y"], "labels": [], "task": "regression",
 *  "threshold": 0.5,
 *  "weights_sha256": "04f29e1326027a7ddde5b93c99cfdec4f7b14f0da12746799ec93b99387017b4",
 *  "version": "0.1.0", "dtype": "float32", "format": 3}
 */
