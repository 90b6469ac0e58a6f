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
