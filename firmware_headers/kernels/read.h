/* Reads one number of a table. Every model defines the readers it needs, all of them alike. */
#if defined(__AVR__) || (defined(ESP8266) && defined(ARDUINO))
#define MLP_EDGE_READ_INT8(address) ((int8_t)pgm_read_byte(address))
#define MLP_EDGE_READ_UINT8(address) pgm_read_byte(address)
#define MLP_EDGE_READ_INT16(address) ((int16_t)pgm_read_word(address))
#define MLP_EDGE_READ_UINT16(address) pgm_read_word(address)
#define MLP_EDGE_READ_INT24(address) ((mlp_edge_int24)pgm_read_dword(address))
#define MLP_EDGE_READ_INT32(address) ((int32_t)pgm_read_dword(address))
#define MLP_EDGE_READ_INT64(address) \
    (int64_t)((uint64_t)pgm_read_dword((const uint8_t *)(address) + 4) << 32 \
              | pgm_read_dword(address))
#define MLP_EDGE_READ_BITS(address) pgm_read_dword(address)
#else
#define MLP_EDGE_READ_INT8(address) (*(address))
#define MLP_EDGE_READ_UINT8(address) (*(address))
#define MLP_EDGE_READ_INT16(address) (*(address))
#define MLP_EDGE_READ_UINT16(address) (*(address))
#define MLP_EDGE_READ_INT24(address) (*(address))
#define MLP_EDGE_READ_INT32(address) (*(address))
#define MLP_EDGE_READ_INT64(address) (*(address))
#define MLP_EDGE_READ_BITS(address) (*(address))
#endif
#ifdef __AVR__
#define MLP_EDGE_READ_FLOAT(address) pgm_read_float(address)
#else
#define MLP_EDGE_READ_FLOAT(address) (*(address)) /* aligned: a plain load on ESP8266, too */
#endif
