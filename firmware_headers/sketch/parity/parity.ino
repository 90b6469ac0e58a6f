/*
 * Holds this board to the proof: `mlp-edge parity --runtime serial:PORT` sends rows and compares
 * the predictions. Upload, and close the Serial Monitor. Three lines name the model, as it is and in
 * capitals; without a library, its header stands beside this file.
 *
 * A line at 115,200 baud is text, `*`, and the CRC-32 of that text in eight hexadecimal digits. The
 * host sends a row: a number of its choice, then the bits of each reading. The reply is that
 * number, the microseconds that the prediction took, and the bits of each output:
 *
 *   00000001 40c00000 43140000 42900000 420c0000 00000000 42066666 3f208312 42480000*eb91b7fa
 *   00000001 4412 3f2a8d1c*0ff77b69
 *
 * After a reset, and to the line `?`, it says what it runs; to a line that arrives damaged, `again`.
 *
 * SPDX-FileCopyrightText: mlp-edge contributors
 * SPDX-License-Identifier: MIT-0
 */
#include "pima.h"
#define FUNCTION(what) pima_##what
#define CONSTANT(what) PIMA_##what

#define TEXT(number) AS_TEXT(number)
#define AS_TEXT(number) #number

/* Where the chip multiplies and adds in one rounding, a compiler may do that, too. */
#ifdef __FP_FAST_FMAF
#define ROUNDING "fused"
#else
#define ROUNDING "plain"
#endif

static uint32_t checksum_with(uint32_t checksum, uint8_t letter)
{
    checksum ^= letter;
    for (uint8_t bit = 0; bit < 8; bit++) {
        checksum = checksum & 1 ? (checksum >> 1) ^ 0xedb88320u : checksum >> 1;
    }
    return checksum;
}

/* A line on its way out. */
class Reply : public Print {
public:
    size_t write(uint8_t letter) override
    {
        checksum = checksum_with(checksum, letter);
        return Serial.write(letter);
    }

    void print_bits(uint32_t bits)
    {
        for (int8_t shift = 28; shift >= 0; shift -= 4) {
            const uint8_t digit = (bits >> shift) & 15;
            write((uint8_t)(digit < 10 ? '0' + digit : 'a' + digit - 10));
        }
    }

    void end()
    {
        const uint32_t whole = ~checksum;
        write('*');
        print_bits(whole);
        write('\n');
        checksum = 0xffffffffu;
    }

private:
    uint32_t checksum = 0xffffffffu;
};

static Reply reply;

/* The line that is coming in. */
static struct {
    uint32_t number;
    float readings[CONSTANT(INPUTS)];
    uint16_t fields;   /* that are whole */
    uint32_t field;    /* the digits of the next */
    uint8_t digits;    /* how many */
    uint32_t checksum; /* of what stands before `*` */
    bool empty, asks, ends, damaged;
} line;

static void begin_line()
{
    line.fields = 0;
    line.field = 0;
    line.digits = 0;
    line.checksum = 0xffffffffu;
    line.empty = true;
    line.asks = line.ends = line.damaged = false;
}

static void end_field()
{
    if (line.digits != 8 || line.fields > CONSTANT(INPUTS)) {
        line.damaged = true;
    } else if (line.fields == 0) {
        line.number = line.field;
    } else {
        memcpy(&line.readings[line.fields - 1], &line.field, sizeof line.field);
    }
    line.fields += !line.damaged;
    line.field = 0;
    line.digits = 0;
}

static void take(uint8_t letter)
{
    line.empty = false;
    if (!line.ends && letter != '*') {
        line.checksum = checksum_with(line.checksum, letter);
    }
    if (letter == '?') {
        line.asks = true;
    } else if (letter == ' ' && !line.ends) {
        end_field();
    } else if (letter == '*' && !line.ends) {
        end_field();
        line.ends = true;
    } else if (line.digits < 8 && letter >= '0' && letter <= '9') {
        line.field = line.field << 4 | (uint32_t)(letter - '0');
        line.digits++;
    } else if (line.digits < 8 && letter >= 'a' && letter <= 'f') {
        line.field = line.field << 4 | (uint32_t)(letter - 'a' + 10);
        line.digits++;
    } else {
        line.damaged = true;
    }
}

static void introduce()
{
    reply.print(F("mlp-edge 1 " CONSTANT(NAME) " " CONSTANT(DTYPE) " "));
    reply.print(F(TEXT(CONSTANT(INPUTS)) " " TEXT(CONSTANT(OUTPUTS)) " " ROUNDING " "));
    reply.print(F(CONSTANT(WEIGHTS_SHA256)));
    reply.end();
}

static void predict()
{
    float outputs[CONSTANT(OUTPUTS)];
    const uint32_t start = micros();
    FUNCTION(predict)(line.readings, outputs);
    const uint32_t took = micros() - start;
    reply.print_bits(line.number);
    reply.print(' ');
    reply.print(took);
    for (uint16_t i = 0; i < CONSTANT(OUTPUTS); i++) {
        uint32_t bits;
        memcpy(&bits, &outputs[i], sizeof bits);
        reply.print(' ');
        reply.print_bits(bits);
    }
    reply.end();
}

static void end_line()
{
    const bool whole = line.ends && line.digits == 8 && line.field == (uint32_t)~line.checksum;
    if (!line.damaged && whole && line.fields == 1 + CONSTANT(INPUTS)) {
        predict();
    } else if (!line.damaged && line.asks && !line.fields && !line.digits && !line.ends) {
        introduce();
    } else {
        reply.print(F("again"));
        reply.end();
    }
}

void setup()
{
    Serial.begin(115200);
    begin_line();
    introduce();
}

void loop()
{
    const int letter = Serial.read();
    if (letter == '\n') {
        if (!line.empty) {
            end_line();
        }
        begin_line();
    } else if (letter >= 0 && letter != '\r') {
        take((uint8_t)letter);
    }
}
