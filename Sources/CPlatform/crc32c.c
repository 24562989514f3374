#include "CPlatform.h"
#include "crc32c_step.h"

#include <pthread.h>

// The hardware's instruction takes 3 cycles and may begin every cycle: three parts of so many bytes are taken side by side.
#define PART 512

static uint32_t table[256];
/// What a checksum becomes when PART bytes of zeros follow, byte by byte of the checksum.
static uint32_t behind_part[4][256];
static pthread_once_t tables_made = PTHREAD_ONCE_INIT;

static void make_tables(void) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (POLYNOMIAL & (0u - (crc & 1)));
        table[i] = crc;
    }
    for (int byte = 0; byte < 4; byte++) {
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t crc = i << (8 * byte);
            for (int zero = 0; zero < PART; zero++) crc = table[crc & 0xff] ^ (crc >> 8);
            behind_part[byte][i] = crc;
        }
    }
}

uint32_t tributary_crc32c_table(uint32_t crc, const void *bytes, size_t length) {
    pthread_once(&tables_made, make_tables);
    const unsigned char *p = bytes;
    crc = ~crc;
    while (length--) crc = table[(crc ^ *p++) & 0xff] ^ (crc >> 8);
    return ~crc;
}

#if defined(HARDWARE)

static inline uint32_t behind(uint32_t crc) {
    return behind_part[0][crc & 0xff] ^ behind_part[1][crc >> 8 & 0xff] ^ behind_part[2][crc >> 16 & 0xff]
        ^ behind_part[3][crc >> 24];
}

HARDWARE static uint32_t hardware(uint32_t crc, const unsigned char *p, size_t length) {
    crc = ~crc;
    if (length >= 3 * PART) pthread_once(&tables_made, make_tables);
    for (; length >= 3 * PART; length -= 3 * PART, p += 3 * PART) {
        uint32_t second = 0, third = 0;
        for (size_t at = 0; at < PART; at += 8) {
            crc = step8(crc, word(p + at));
            second = step8(second, word(p + PART + at));
            third = step8(third, word(p + 2 * PART + at));
        }
        crc = behind(behind(crc) ^ second) ^ third;
    }
    for (; length >= 8; length -= 8, p += 8) crc = step8(crc, word(p));
    for (; length > 0; length--, p++) crc = step1(crc, *p);
    return ~crc;
}

#endif

uint32_t tributary_crc32c_narrow(uint32_t crc, const void *bytes, size_t length) {
#if defined(HARDWARE)
    if (HAS_HARDWARE) return hardware(crc, bytes, length);
#endif
    return tributary_crc32c_table(crc, bytes, length);
}
