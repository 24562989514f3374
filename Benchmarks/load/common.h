// What the load generator and the receiver share: time, Avro varints, the protocol's hashes, TLS contexts.
#ifndef TRIBUTARY_LOAD_COMMON_H
#define TRIBUTARY_LOAD_COMMON_H

#include <openssl/ssl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The most bytes one frame, and one buffer of it, may hold.
enum { FRAME_LIMIT = 64 << 20 };

// MD5 of the protocol text as three generations of peers print it: Avro up to 1.11.0 (Flume 1.9 to 1.11.0),
// Avro 1.11.1, and the same protocol without its "doc".
extern const uint8_t HASH_FLUME[16];
extern const uint8_t HASH_AVRO_1_11_1[16];
extern const uint8_t HASH_NO_DOC[16];

// The protocol without "doc"; peers take it under any of the hashes, since none compares a text with its hash.
extern const char PROTOCOL_TEXT[];

bool hash_is_known(const uint8_t *hash);

// Monotonic nanoseconds.
uint64_t now_ns(void);

void put_u32(uint8_t *at, uint32_t value);
uint32_t get_u32(const uint8_t *at);

// Writes a zig-zag varint (Avro "int and long"); at most 10 bytes. Returns the byte after it.
uint8_t *put_long(uint8_t *at, int64_t value);
uint8_t *put_bytes(uint8_t *at, const void *bytes, size_t length);

// A bounded reader. `bad` is set by the first read that runs out of bytes or is malformed, and stays.
typedef struct {
    const uint8_t *at, *end;
    bool bad;
} reader;

int64_t get_long_slow(reader *r);

static inline int64_t get_long(reader *r) {
    if (r->at < r->end && *r->at < 0x80) {
        uint8_t byte = *r->at++;
        return (int64_t)(byte >> 1) ^ -(int64_t)(byte & 1);
    }
    return get_long_slow(r);
}

static inline const uint8_t *get_fixed(reader *r, size_t length) {
    if (r->bad || (size_t)(r->end - r->at) < length) {
        r->bad = true;
        return NULL;
    }
    const uint8_t *start = r->at;
    r->at += length;
    return start;
}

// A length-prefixed string or bytes; NULL when bad.
static inline const uint8_t *get_bytes(reader *r, size_t *length) {
    int64_t n = get_long(r);
    if (n < 0) r->bad = true;
    *length = r->bad ? 0 : (size_t)n;
    return get_fixed(r, *length);
}

// The number of items of the next block of an array or map; 0 at its end. A negative count's byte size is read over.
int64_t get_block(reader *r);
// Skips a map of strings or bytes.
void skip_map(reader *r);

// Client or server context; stops the program with a message when a file cannot be used.
// `ca` on a server asks for a client certificate and requires it.
SSL_CTX *tls_context(bool server, const char *ca, const char *cert, const char *key, bool verify);

void *must_alloc(size_t bytes);
_Noreturn void die(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

// A whole number from an option, or exit 2 naming it.
uint64_t number_option(const char *name, const char *text, uint64_t lowest, uint64_t highest);

// CPU seconds of this process so far.
void cpu_seconds(double *user, double *system);

#endif
