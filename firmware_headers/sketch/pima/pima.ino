/*
 * Lights the LED where the probability is above 0.5. Open the Serial Monitor (9600 baud, newline)
 * and type a row of readings in the order that pima.h lists them, separated by commas:
 *
 *   6,148,72,35,0,33.6,0.627,50
 *
 * The board prints the probability and the label. Leave a missing reading empty: it prints nan.
 *
 * SPDX-FileCopyrightText: mlp-edge contributors
 * SPDX-License-Identifier: MIT-0
 */
#include "pima.h"

static char line[96];

void setup()
{
    pinMode(LED_BUILTIN, OUTPUT);
    Serial.begin(9600);
    Serial.setTimeout(60000);
    Serial.println(F("ready"));
}

void loop()
{
    const size_t length = Serial.readBytesUntil('\n', line, sizeof line - 1);
    if (length == 0) {
        return;
    }
    line[length] = '\0';

    float features[PIMA_INPUTS];
    char *place = line;
    for (int i = 0; i < PIMA_INPUTS; i++) {
        char *end;
        features[i] = (float)strtod(place, &end);
        if (end == place) {
            features[i] = NAN;
        }
        place = *end == ',' ? end + 1 : end;
    }

    float probability;
    pima_predict(features, &probability);
    digitalWrite(LED_BUILTIN, probability > 0.5f ? HIGH : LOW);
    Serial.print(probability, 6);
    Serial.print(' ');
    Serial.println(pima_label(pima_classify(features)));
}
