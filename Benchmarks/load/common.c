#include "common.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

const uint8_t HASH_FLUME[16] = {0x86, 0xaa, 0xda, 0xe2, 0xc4, 0x54, 0x74, 0xc0,
                                0xfe, 0x93, 0xff, 0xd0, 0xf2, 0x35, 0x0a, 0x65};
const uint8_t HASH_AVRO_1_11_1[16] = {0x80, 0x76, 0xc5, 0x37, 0x14, 0xe0, 0x1f, 0x6e,
                                      0x2c, 0x1d, 0xeb, 0x95, 0x44, 0xe7, 0xb1, 0xfe};
const uint8_t HASH_NO_DOC[16] = {0x30, 0xda, 0x54, 0x05, 0x9d, 0xf7, 0x2d, 0x95,
                                 0x84, 0xb8, 0x67, 0xd5, 0x20, 0x2e, 0x20, 0x69};

const char PROTOCOL_TEXT[] =
    "{\"protocol\":\"AvroSourceProtocol\",\"namespace\":\"org.apache.flume.source.avro\",\"types\":["
    "{\"type\":\"enum\",\"name\":\"Status\",\"symbols\":[\"OK\",\"FAILED\",\"UNKNOWN\"]},"
    "{\"type\":\"record\",\"name\":\"AvroFlumeEvent\",\"fields\":["
    "{\"name\":\"headers\",\"type\":{\"type\":\"map\",\"values\":\"string\"}},"
    "{\"name\":\"body\",\"type\":\"bytes\"}]}],\"messages\":{"
    "\"append\":{\"request\":[{\"name\":\"event\",\"type\":\"AvroFlumeEvent\"}],\"response\":\"Status\"},"
    "\"appendBatch\":{\"request\":[{\"name\":\"events\",\"type\":{\"type\":\"array\",\"items\":\"AvroFlumeEvent\"}}],"
    "\"response\":\"Status\"}}}";

bool hash_is_known(const uint8_t *hash) {
    return !memcmp(hash, HASH_FLUME, 16) || !memcmp(hash, HASH_AVRO_1_11_1, 16) || !memcmp(hash, HASH_NO_DOC, 16);
}

uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void put_u32(uint8_t *at, uint32_t value) {
    value = __builtin_bswap32(value);
    memcpy(at, &value, 4);
}

uint32_t get_u32(const uint8_t *at) {
    uint32_t value;
    memcpy(&value, at, 4);
    return __builtin_bswap32(value);
}

uint8_t *put_long(uint8_t *at, int64_t value) {
    uint64_t bits = ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
    while (bits > 0x7f) {
        *at++ = (uint8_t)(bits | 0x80);
        bits >>= 7;
    }
    *at++ = (uint8_t)bits;
    return at;
}

uint8_t *put_bytes(uint8_t *at, const void *bytes, size_t length) {
    at = put_long(at, (int64_t)length);
    memcpy(at, bytes, length);
    return at + length;
}

int64_t get_long_slow(reader *r) {
    uint64_t bits = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        if (r->at >= r->end) break;
        uint8_t byte = *r->at++;
        if (shift == 63 && byte > 1) break;
        bits |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) return (int64_t)(bits >> 1) ^ -(int64_t)(bits & 1);
    }
    r->bad = true;
    return 0;
}

int64_t get_block(reader *r) {
    int64_t count = get_long(r);
    if (count < 0) {
        int64_t size = get_long(r);
        if (size < 0 || count == INT64_MIN) r->bad = true;
        count = r->bad ? 0 : -count;
    }
    return r->bad ? 0 : count;
}

void skip_map(reader *r) {
    size_t length;
    for (int64_t count; (count = get_block(r)) > 0 && !r->bad;) {
        for (; count > 0 && !r->bad; count--) {
            get_bytes(r, &length);
            get_bytes(r, &length);
        }
    }
}

static _Noreturn void die_tls(const char *what, const char *file) {
    char text[256];
    ERR_error_string_n(ERR_get_error(), text, sizeof text);
    die(2, "%s %s: %s", what, file, text);
}

SSL_CTX *tls_context(bool server, const char *ca, const char *cert, const char *key, bool verify) {
    SSL_CTX *context = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
    if (!context) die_tls("cannot make a TLS context", "");
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
    if (cert && SSL_CTX_use_certificate_chain_file(context, cert) != 1) die_tls("cannot use certificate", cert);
    if (key && SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) die_tls("cannot use key", key);
    if (ca && SSL_CTX_load_verify_locations(context, ca, NULL) != 1) die_tls("cannot use CA", ca);
    if (server) {
        if (!cert || !key) die(2, "--tls needs --cert and --key");
        SSL_CTX_set_session_id_context(context, (const uint8_t *)"load", 4);
        if (ca) SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    } else if (verify) {
        if (!ca) SSL_CTX_set_default_verify_paths(context);
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    }
    return context;
}

void *must_alloc(size_t bytes) {
    void *memory = calloc(1, bytes ? bytes : 1);
    if (!memory) die(1, "out of memory (%zu bytes)", bytes);
    return memory;
}

void die(int code, const char *format, ...) {
    va_list list;
    va_start(list, format);
    fprintf(stderr, "%s: ", program_invocation_short_name);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    va_end(list);
    exit(code);
}

uint64_t number_option(const char *name, const char *text, uint64_t lowest, uint64_t highest) {
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno || end == text || *end || *text == '-' || value < lowest || value > highest)
        die(2, "--%s wants a whole number from %llu to %llu, not %s", name, (unsigned long long)lowest,
            (unsigned long long)highest, text);
    return value;
}

void cpu_seconds(double *user, double *system) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    *user = (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6;
    *system = (double)usage.ru_stime.tv_sec + (double)usage.ru_stime.tv_usec / 1e6;
}
