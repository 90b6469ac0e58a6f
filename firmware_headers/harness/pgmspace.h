/*
 * What the Arduino core of the ESP8266 declares of tables in flash, as far as a header uses it:
 * flash is read 32 bits at a time, at addresses that are multiples of 4.
 */
#ifndef MLP_EDGE_PGMSPACE
#define MLP_EDGE_PGMSPACE

#include <stdint.h>

#define PROGMEM __attribute__((section(".irom.text.tables")))
#define pgm_read_byte(address) mlp_edge_pgm_read_byte(address)
#define pgm_read_word(address) mlp_edge_pgm_read_word(address)
#define pgm_read_dword(address) (*(const uint32_t *)(const void *)(address))

static inline uint8_t mlp_edge_pgm_read_byte(const void *address)
{
    const uintptr_t place = (uintptr_t)address;
    return (uint8_t)(*(const uint32_t *)(place & ~(uintptr_t)3) >> (8 * (place & 3)));
}

static inline uint16_t mlp_edge_pgm_read_word(const void *address)
{
    const uintptr_t place = (uintptr_t)address;
    return (uint16_t)(*(const uint32_t *)(place & ~(uintptr_t)3) >> (8 * (place & 2)));
}

#endif
