// CRC32C by carry-less multiplication, several hundred bits at a time (Gopal et al., "Fast CRC Computation Using PCLMULQDQ",
// 2009). What all is folded into, and what is left, goes the ordinary way.
#include "CPlatform.h"

#if defined(__x86_64__)
#include "crc32c_step.h"

#include <immintrin.h>
#include <pthread.h>

/// Without AVX-512: of each 448 bytes AVX2's registers fold the first 256, and at the same time, in another unit of the
/// processor, the CRC instruction takes the other 192 in three streams.
#define FOLDED 256
#define STREAM 64
#define BLOCK (FOLDED + 3 * STREAM)

/// What 8 bytes of a register are multiplied with where so many bits follow.
struct fold { uint64_t first, second; };
static struct fold fold_256, fold_512, fold_1024, fold_2048, fold_over_streams;
/// What a checksum is multiplied with where so many bytes follow.
static uint64_t behind_one, behind_two, behind_three, behind_block;
static pthread_once_t made = PTHREAD_ONCE_INIT;

/// x to the power of `bits` modulo the polynomial, as the carry-less product of mirrored numbers needs it (one bit up).
static uint64_t power(unsigned bits) {
    uint32_t value = 1u << 31;
    while (bits--) value = (value >> 1) ^ (POLYNOMIAL & (0u - (value & 1)));
    return (uint64_t)value << 1;
}

static struct fold fold_by(unsigned bits) { return (struct fold){power(bits + 32), power(bits - 32)}; }

static void make(void) {
    fold_256 = fold_by(256);
    fold_512 = fold_by(512);
    fold_1024 = fold_by(1024);
    fold_2048 = fold_by(2048);
    fold_over_streams = fold_by(1024 + 8 * 3 * STREAM);
    behind_one = power(8 * STREAM - 32);
    behind_two = power(8 * 2 * STREAM - 32);
    behind_three = power(8 * 3 * STREAM - 32);
    behind_block = power(8 * BLOCK - 32);
}

#define WIDE __attribute__((target("avx512f,avx512vl,vpclmulqdq,sse4.2")))

WIDE static inline __m512i all_512(struct fold by) {
    return _mm512_broadcast_i32x4(_mm_set_epi64x((long long)by.second, (long long)by.first));
}

/// Carries 64 bytes on over what follows them, onto which they are added.
WIDE static inline __m512i carry_512(__m512i bytes, __m512i by, __m512i next) {
    __m512i low = _mm512_clmulepi64_epi128(bytes, by, 0x00), high = _mm512_clmulepi64_epi128(bytes, by, 0x11);
    return _mm512_ternarylogic_epi64(low, high, next, 0x96);
}

/// At least 256 bytes.
WIDE static uint32_t wide(uint32_t crc, const unsigned char *p, size_t length) {
    pthread_once(&made, make);
    const __m512i by_four = all_512(fold_2048), by_one = all_512(fold_512);
    __m512i part[4];
    for (int i = 0; i < 4; i++) part[i] = _mm512_loadu_si512(p + 64 * i);
    part[0] = _mm512_xor_si512(part[0], _mm512_zextsi128_si512(_mm_cvtsi32_si128((int)~crc)));
    for (p += 256, length -= 256; length >= 256; p += 256, length -= 256) {
        for (int i = 0; i < 4; i++) part[i] = carry_512(part[i], by_four, _mm512_loadu_si512(p + 64 * i));
    }
    for (int i = 1; i < 4; i++) part[i] = carry_512(part[i - 1], by_one, part[i]);
    unsigned char rest[64];
    _mm512_storeu_si512(rest, part[3]);
    // The remainder of what is folded is that of the bytes themselves, from 0 on.
    crc = tributary_crc32c_narrow(~0u, rest, sizeof rest);
    return tributary_crc32c_narrow(crc, p, length);
}

#define PAIRED __attribute__((target("avx2,vpclmulqdq,pclmul,sse4.2")))

PAIRED static inline __m256i all_256(struct fold by) {
    return _mm256_broadcastsi128_si256(_mm_set_epi64x((long long)by.second, (long long)by.first));
}

PAIRED static inline __m256i load_256(const unsigned char *p) { return _mm256_loadu_si256((const __m256i *)p); }

PAIRED static inline __m256i carry_256(__m256i bytes, __m256i by, __m256i next) {
    __m256i low = _mm256_clmulepi64_epi128(bytes, by, 0x00), high = _mm256_clmulepi64_epi128(bytes, by, 0x11);
    return _mm256_xor_si256(_mm256_xor_si256(low, high), next);
}

/// What a checksum becomes when zeros follow.
PAIRED static inline uint32_t behind(uint32_t crc, uint64_t zeros) {
    __m128i product = _mm_clmulepi64_si128(_mm_cvtsi32_si128((int)crc), _mm_cvtsi64_si128((long long)zeros), 0x00);
    return step8(0, (uint64_t)_mm_cvtsi128_si64(product));
}

/// At least BLOCK bytes. Each of the two sees zeros where the other's bytes are, and their checksums are added.
PAIRED static uint32_t paired(uint32_t crc, const unsigned char *p, size_t length) {
    pthread_once(&made, make);
    const __m256i by_four = all_256(fold_1024), by_one = all_256(fold_256), over_streams = all_256(fold_over_streams);
    __m256i start = _mm256_zextsi128_si256(_mm_cvtsi32_si128((int)~crc));
    __m256i part[4] = {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256()};
    uint32_t streams = 0;
    for (; length >= BLOCK; p += BLOCK, length -= BLOCK) {
        const unsigned char *stream = p + FOLDED;
        uint32_t first = 0, second = 0, third = 0;
        for (int i = 0; i < 4; i++) part[i] = carry_256(part[i], over_streams, load_256(p + 32 * i));
        part[0] = _mm256_xor_si256(part[0], start);
        start = _mm256_setzero_si256();
        for (int i = 0; i < 4; i++) part[i] = carry_256(part[i], by_four, load_256(p + 128 + 32 * i));
        for (int at = 0; at < STREAM; at += 8) {
            first = step8(first, word(stream + at));
            second = step8(second, word(stream + STREAM + at));
            third = step8(third, word(stream + 2 * STREAM + at));
        }
        streams = behind(streams, behind_block) ^ behind(first, behind_two) ^ behind(second, behind_one) ^ third;
    }
    for (int i = 1; i < 4; i++) part[i] = carry_256(part[i - 1], by_one, part[i]);
    unsigned char rest[32];
    _mm256_storeu_si256((__m256i *)rest, part[3]);
    crc = ~tributary_crc32c_narrow(~0u, rest, sizeof rest);
    return tributary_crc32c_narrow(~(behind(crc, behind_three) ^ streams), p, length);
}

uint32_t tributary_crc32c_paired(uint32_t crc, const void *bytes, size_t length) {
    if (length >= BLOCK && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("vpclmulqdq")) {
        return paired(crc, bytes, length);
    }
    return tributary_crc32c_narrow(crc, bytes, length);
}

uint32_t tributary_crc32c(uint32_t crc, const void *bytes, size_t length) {
    if (length >= 512 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")
        && __builtin_cpu_supports("vpclmulqdq")) {
        return wide(crc, bytes, length);
    }
    return tributary_crc32c_paired(crc, bytes, length);
}

#else

uint32_t tributary_crc32c_paired(uint32_t crc, const void *bytes, size_t length) {
    return tributary_crc32c_narrow(crc, bytes, length);
}

uint32_t tributary_crc32c(uint32_t crc, const void *bytes, size_t length) {
    return tributary_crc32c_narrow(crc, bytes, length);
}

#endif
