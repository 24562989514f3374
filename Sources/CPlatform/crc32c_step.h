// What all ways to compute CRC32C share: the polynomial, and the processor's instruction where there is one.
#pragma once
#include <stdint.h>
#include <string.h>

#define POLYNOMIAL 0x82F63B78u

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
#endif
