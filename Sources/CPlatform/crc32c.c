#include "CPlatform.h"

#include <pthread.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define POLYNOMIAL 0x82F63B78u

// The hardware's instruction takes 3 cycles and may begin every cycle: three parts of so many bytes are taken side by side.
#define PART 512

static uint32_t table[256];
/// What a checksum becomes when PART bytes of zeros follow, byte by byte of the checksum.
static uint32_t behind_part[4][256];
static pthread_once_t tables_made = PTHREAD_ONCE_INIT;

#if defined(__x86_64__)
/// What 8 bytes of a fold are multiplied with where so many bits follow: by 512 for one register, by 2048 for four.
static uint64_t fold_512[2], fold_2048[2];

/// x to the power of `bits` modulo the polynomial, as the carry-less product of mirrored numbers needs it (one bit up).
static uint64_t power(unsigned bits) {
    uint32_t value = 1u << 31;
    while (bits--) value = (value >> 1) ^ (POLYNOMIAL & (0u - (value & 1)));
    return (uint64_t)value << 1;
}
#endif

static void make_tables(void) {
#if defined(__x86_64__)
    fold_512[0] = power(512 + 32);
    fold_512[1] = power(512 - 32);
    fold_2048[0] = power(2048 + 32);
    fold_2048[1] = power(2048 - 32);
#endif
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

#if defined(__x86_64__)
#define HARDWARE __attribute__((target("sse4.2")))
#define HAS_HARDWARE __builtin_cpu_supports("sse4.2")
HARDWARE static inline uint32_t step8(uint32_t crc, uint64_t word) { return (uint32_t)__builtin_ia32_crc32di(crc, word); }
HARDWARE static inline uint32_t step1(uint32_t crc, unsigned char byte) { return __builtin_ia32_crc32qi(crc, byte); }
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#define HARDWARE
#define HAS_HARDWARE 1
static inline uint32_t step8(uint32_t crc, uint64_t word) { return __crc32cd(crc, word); }
static inline uint32_t step1(uint32_t crc, unsigned char byte) { return __crc32cb(crc, byte); }
#endif

#if defined(HARDWARE)

static inline uint64_t word(const unsigned char *p) {
    uint64_t value;
    memcpy(&value, p, sizeof value);
    return value;
}

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

#if defined(__x86_64__)
#define WIDE __attribute__((target("avx512f,avx512vl,vpclmulqdq,sse4.2")))

/// Carries 64 bytes on over what follows them, onto which they are added.
WIDE static inline __m512i fold(__m512i bytes, __m512i by, __m512i next) {
    __m512i low = _mm512_clmulepi64_epi128(bytes, by, 0x00), high = _mm512_clmulepi64_epi128(bytes, by, 0x11);
    return _mm512_ternarylogic_epi64(low, high, next, 0x96);
}

/// 256 bytes at a time by carry-less multiplication, more than twice as fast (Gopal et al., "Fast CRC Computation Using
/// PCLMULQDQ", 2009). The 64 bytes that all is folded into, and what is left, go the ordinary way. At least 512 bytes.
WIDE static uint32_t wide(uint32_t crc, const unsigned char *p, size_t length) {
    pthread_once(&tables_made, make_tables);
    const __m512i by_four = _mm512_broadcast_i32x4(_mm_set_epi64x((long long)fold_2048[1], (long long)fold_2048[0]));
    const __m512i by_one = _mm512_broadcast_i32x4(_mm_set_epi64x((long long)fold_512[1], (long long)fold_512[0]));
    __m512i part[4];
    for (int i = 0; i < 4; i++) part[i] = _mm512_loadu_si512(p + 64 * i);
    part[0] = _mm512_xor_si512(part[0], _mm512_zextsi128_si512(_mm_cvtsi32_si128((int)~crc)));
    for (p += 256, length -= 256; length >= 256; p += 256, length -= 256) {
        for (int i = 0; i < 4; i++) part[i] = fold(part[i], by_four, _mm512_loadu_si512(p + 64 * i));
    }
    for (int i = 1; i < 4; i++) part[i] = fold(part[i - 1], by_one, part[i]);
    unsigned char rest[64];
    _mm512_storeu_si512(rest, part[3]);
    // The remainder of what is folded is that of the bytes themselves, from 0 on.
    crc = hardware(~0u, rest, sizeof rest);
    return hardware(crc, p, length);
}

static int has_wide(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("vpclmulqdq");
}
#endif

uint32_t tributary_crc32c_narrow(uint32_t crc, const void *bytes, size_t length) {
#if defined(HARDWARE)
    if (HAS_HARDWARE) return hardware(crc, bytes, length);
#endif
    return tributary_crc32c_table(crc, bytes, length);
}

uint32_t tributary_crc32c(uint32_t crc, const void *bytes, size_t length) {
#if defined(__x86_64__)
    if (length >= 512 && has_wide()) return wide(crc, bytes, length);
#endif
    return tributary_crc32c_narrow(crc, bytes, length);
}
