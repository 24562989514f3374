// A Flume Avro RPC client as a load generator: one thread and one blocking socket per connection.
//
// Everything after a call's prefix (serial, buffer count, handshake, meta, name) is built once and shared by all
// calls, so that the generator costs little; only with --ids does each slot own a copy, in which the digits change.
#include "common.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum {
    JAVA_BUFFER = 8192,      // Avro's ByteBufferOutputStream.BUFFER_SIZE
    ID_DIGITS = 12,
    REPLY_LIMIT = 1 << 20,
    HISTOGRAM = 64 * 32,     // 64 steps to each power of two: 1.6 % wide
};

static struct {
    const char *host, *port, *ids, *ca, *cert, *key;
    unsigned connections, window, batch, headers;
    size_t body;
    uint64_t events, rate, timeout_ns, seconds_ns, pause_ns, give_up_ns;
    bool tls, verify, retry, java_frames, append;
    SSL_CTX *context;
    FILE *ledger, *sent;
} config = {
    .host = "127.0.0.1", .port = "4141", .connections = 1, .window = 1, .batch = 100, .headers = 3, .body = 100,
    .timeout_ns = 20000000000u, .pause_ns = 100000000u, .give_up_ns = 120000000000u,
};

// The part of a frame that follows its prefix: the payload, with the length before each of its buffers.
typedef struct {
    uint8_t *bytes;
    size_t length;
    unsigned buffers, events;
    size_t *ids;  // where each event's id stands in `bytes`, counted before the lengths were put in
} tail;

enum slot_state { SLOT_FREE, SLOT_UNSENT, SLOT_SENT };

typedef struct {
    enum slot_state state;
    bool sent_before;
    uint32_t serial;
    uint64_t number, first_id, sent_ns;
    const tail *tail;
    tail own;
} slot;

typedef struct {
    unsigned index;
    pthread_t thread;
    int fd;
    SSL *ssl;
    bool up, shaken, with_text, ever_up;
    uint8_t server_hash[16];
    uint32_t serial;
    uint64_t calls, next_due;
    unsigned in_flight;
    slot *slots;
    uint8_t *in;
    size_t start, end;
    uint8_t first_record[16 << 10];
    char *ledger_lines;
    uint64_t acked, acked_calls, failed_calls, timeouts, reconnects, resent, longest_ns;
    uint64_t histogram[HISTOGRAM];
} connection;

static tail shared;
static uint8_t *filler;
static uint64_t started_ns;
static _Atomic uint64_t issued, last_ack_ns;
static _Atomic int64_t first_failed_ns = -1;
static atomic_bool gave_up;
static volatile sig_atomic_t stopping;

static void on_signal(int signal) {
    (void)signal;
    stopping = 1;
}

// ---- building

static size_t id_length(void) { return config.ids ? strlen(config.ids) + 1 + ID_DIGITS + 1 : 0; }

static uint8_t *put_event(uint8_t *at, unsigned number, uint8_t **id) {
    char key[16], value[24];
    if (config.headers) {
        at = put_long(at, config.headers);
        for (unsigned h = 0; h < config.headers; h++) {
            static const char *const KEYS[] = {"host", "timestamp", "k"};
            if (h < 3) snprintf(key, sizeof key, "%s", KEYS[h]);
            else snprintf(key, sizeof key, "h%u", h);
            if (h == 0) snprintf(value, sizeof value, "edge-%03u", number % 200);
            else if (h == 1) snprintf(value, sizeof value, "%lld", 1700000000000LL + number);
            else snprintf(value, sizeof value, "v%u", h);
            at = put_bytes(at, key, strlen(key));
            at = put_bytes(at, value, strlen(value));
        }
    }
    *at++ = 0;
    at = put_long(at, (int64_t)config.body);
    memcpy(at, filler + (size_t)number * 7 % 4096, config.body);
    if (config.ids) {
        size_t prefix = strlen(config.ids);
        memcpy(at, config.ids, prefix);
        at[prefix] = '-';
        at[prefix + 1 + ID_DIGITS] = ' ';
        *id = at + prefix + 1;
    }
    return at + config.body;
}

static void build_tail(tail *t, unsigned events) {
    size_t room = 32 + (size_t)events * (config.body + 32 + 48 * (size_t)config.headers);
    uint8_t *payload = must_alloc(room), *at = payload, *id = NULL;
    t->events = events;
    t->ids = must_alloc(events * sizeof *t->ids);
    if (!config.append) at = put_long(at, events);
    for (unsigned i = 0; i < events; i++) {
        at = put_event(at, i, &id);
        t->ids[i] = id ? (size_t)(id - payload) : 0;
    }
    if (!config.append) *at++ = 0;
    size_t length = (size_t)(at - payload), cut = config.java_frames ? JAVA_BUFFER : length;
    t->buffers = (unsigned)((length + cut - 1) / cut);
    t->length = length + 4 * (size_t)t->buffers;
    t->bytes = must_alloc(t->length);
    uint8_t *out = t->bytes;
    for (size_t from = 0; from < length; from += cut) {
        size_t n = length - from < cut ? length - from : cut;
        put_u32(out, (uint32_t)n);
        memcpy(out + 4, payload + from, n);
        out += 4 + n;
    }
    free(payload);
    if (t->length + 256 > FRAME_LIMIT) die(2, "a call of %zu bytes is above the limit of %d", t->length, FRAME_LIMIT);
}

static void free_tail(tail *t) {
    free(t->bytes);
    free(t->ids);
    *t = (tail){0};
}

static void print_id(char *digits, uint64_t id) {
    for (int d = ID_DIGITS - 1; d >= 0; d--, id /= 10) digits[d] = (char)('0' + id % 10);
}

static void next_id(char *digits) {
    for (int d = ID_DIGITS - 1; d >= 0 && ++digits[d] > '9'; d--) digits[d] = '0';
}

static void write_ids(tail *t, uint64_t first) {
    char digits[ID_DIGITS];
    print_id(digits, first);
    for (unsigned i = 0; i < t->events; i++, next_id(digits)) {
        size_t at = t->ids[i];
        if (!config.java_frames) {
            memcpy(t->bytes + at + 4, digits, ID_DIGITS);
            continue;
        }
        for (unsigned d = 0; d < ID_DIGITS; d++, at++) t->bytes[at + 4 * (at / JAVA_BUFFER + 1)] = (uint8_t)digits[d];
    }
}

static void list_ids(connection *c, FILE *file, uint64_t first, unsigned events) {
    size_t prefix = strlen(config.ids), line = prefix + 1 + ID_DIGITS + 1;
    if (!c->ledger_lines) c->ledger_lines = must_alloc(line * config.batch);
    char digits[ID_DIGITS], *at = c->ledger_lines;
    print_id(digits, first);
    for (unsigned i = 0; i < events; i++, next_id(digits)) {
        memcpy(at, config.ids, prefix);
        at[prefix] = '-';
        memcpy(at + prefix + 1, digits, ID_DIGITS);
        at[line - 1] = '\n';
        at += line;
    }
    fwrite(c->ledger_lines, line, events, file);
}

// Fills a free slot with new events. False: all have been issued.
static bool fill(connection *c, slot *s) {
    if (stopping || gave_up || (config.seconds_ns && now_ns() - started_ns >= config.seconds_ns)) return false;
    uint64_t first = atomic_fetch_add(&issued, config.batch);
    unsigned events = config.batch;
    if (config.events) {
        if (first >= config.events) return false;
        if (config.events - first < events) events = (unsigned)(config.events - first);
    }
    s->first_id = first;
    s->number = c->calls++;
    s->tail = &shared;
    if (config.ids || events != config.batch) {
        if (s->own.events != events) {
            free_tail(&s->own);
            build_tail(&s->own, events);
        }
        if (config.ids) write_ids(&s->own, first);
        s->tail = &s->own;
    }
    if (config.sent) list_ids(c, config.sent, first, events);
    s->state = SLOT_UNSENT;
    s->sent_before = false;
    return true;
}

// ---- the connection

static void stop_all(const char *why, const char *detail) {
    if (!atomic_exchange(&gave_up, true)) fprintf(stderr, "avro-load: %s%s\n", why, detail);
}

static void set_patience(int fd, uint64_t ns) {
    struct timeval t = {(time_t)(ns / 1000000000u), (suseconds_t)(ns % 1000000000u / 1000)};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t);
}

static void disconnect(connection *c) {
    if (c->ssl) {
        if (c->up) SSL_shutdown(c->ssl);
        SSL_free(c->ssl);
    }
    if (c->fd >= 0) close(c->fd);
    c->ssl = NULL;
    c->fd = -1;
    c->up = false;
    c->in_flight = 0;
    for (unsigned i = 0; i < config.window; i++) {
        slot *s = &c->slots[i];
        if (s->state != SLOT_SENT) continue;
        s->state = SLOT_UNSENT;
    }
}

static bool shake_tls(connection *c) {
    c->ssl = SSL_new(config.context);
    if (!c->ssl || SSL_set_fd(c->ssl, c->fd) != 1) die(1, "cannot make a TLS session");
    struct in6_addr ignored;
    bool numeric = inet_pton(AF_INET, config.host, &ignored) == 1 || inet_pton(AF_INET6, config.host, &ignored) == 1;
    if (!numeric) SSL_set_tlsext_host_name(c->ssl, config.host);
    if (config.verify) {
        if (numeric) X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(c->ssl), config.host);
        else SSL_set1_host(c->ssl, config.host);
    }
    return SSL_connect(c->ssl) == 1;
}

static bool connect_up(connection *c) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    if (getaddrinfo(config.host, config.port, &hints, &found)) return false;
    for (struct addrinfo *a = found; a; a = a->ai_next) {
        c->fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (c->fd < 0) continue;
        set_patience(c->fd, config.timeout_ns);
        if (connect(c->fd, a->ai_addr, a->ai_addrlen) == 0) break;
        close(c->fd);
        c->fd = -1;
    }
    freeaddrinfo(found);
    if (c->fd < 0) return false;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (config.tls && !shake_tls(c)) {
        char why[256];
        ERR_error_string_n(ERR_peek_error(), why, sizeof why);
        if (!config.retry) stop_all("TLS handshake failed: ", why);
        ERR_clear_error();
        disconnect(c);
        return false;
    }
    // From here on a wait ends often enough to look at deadlines and signals.
    uint64_t slice = config.timeout_ns / 10;
    set_patience(c->fd, slice > 100000000u ? 100000000u : slice < 1000000u ? 1000000u : slice);
    c->up = true;
    c->shaken = c->with_text = false;
    memcpy(c->server_hash, HASH_FLUME, 16);
    c->serial = 0;
    c->start = c->end = 0;
    if (c->ever_up) c->reconnects++;
    c->ever_up = true;
    return true;
}

// Whether a call has waited for longer than a Java client would.
static bool overdue(connection *c) {
    uint64_t now = now_ns();
    for (unsigned i = 0; i < config.window; i++)
        if (c->slots[i].state == SLOT_SENT && now - c->slots[i].sent_ns >= config.timeout_ns) return true;
    return false;
}

// After a call that moved no bytes: true to try again, false when the connection is broken or too slow.
static bool may_go_on(connection *c, ssize_t n) {
    bool again;
    if (c->ssl) {
        int why = SSL_get_error(c->ssl, (int)n);
        again = why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
    } else {
        again = n < 0 && (errno == EAGAIN || errno == EINTR);
    }
    if (!again || gave_up) return false;
    if (!overdue(c)) return true;
    c->timeouts++;
    return false;
}

static bool write_all(connection *c, const uint8_t *prefix, size_t prefix_length, const uint8_t *rest, size_t length) {
    struct iovec parts[2] = {{(void *)prefix, prefix_length}, {(void *)rest, length}};
    if (c->ssl) {
        // A record of its own for the prefix would cost as much as a full one: fill the first record with both.
        size_t more = sizeof c->first_record - prefix_length;
        if (more > length) more = length;
        memcpy(c->first_record, prefix, prefix_length);
        memcpy(c->first_record + prefix_length, rest, more);
        parts[0] = (struct iovec){c->first_record, prefix_length + more};
        parts[1] = (struct iovec){(void *)(rest + more), length - more};
    }
    for (unsigned at = 0; at < 2;) {
        ssize_t n = c->ssl ? SSL_write(c->ssl, parts[at].iov_base, (int)parts[at].iov_len)
                           : writev(c->fd, parts + at, (int)(2 - at));
        if (n <= 0) {
            if (!may_go_on(c, n)) return false;
            continue;
        }
        for (; at < 2 && (size_t)n >= parts[at].iov_len; at++) n -= (ssize_t)parts[at].iov_len;
        if (at < 2) {
            parts[at].iov_base = (uint8_t *)parts[at].iov_base + n;
            parts[at].iov_len -= (size_t)n;
        }
        while (at < 2 && !parts[at].iov_len) at++;
    }
    return true;
}

static bool send_call(connection *c, slot *s) {
    uint8_t prefix[1024], *at = prefix + 12;
    if (!c->shaken) {
        memcpy(at, HASH_FLUME, 16);
        at += 16;
        at = put_long(at, c->with_text);
        if (c->with_text) at = put_bytes(at, PROTOCOL_TEXT, strlen(PROTOCOL_TEXT));
        memcpy(at, c->server_hash, 16);
        at += 16;
        *at++ = 2, *at++ = 0;  // meta: a map with no entries, as Java
    }
    *at++ = 0;
    at = config.append ? put_bytes(at, "append", 6) : put_bytes(at, "appendBatch", 11);
    s->serial = ++c->serial;
    put_u32(prefix, s->serial);
    put_u32(prefix + 4, 1 + s->tail->buffers);
    put_u32(prefix + 8, (uint32_t)(at - prefix - 12));
    if (s->sent_before) c->resent += s->tail->events;
    s->sent_before = true;
    s->sent_ns = now_ns();
    s->state = SLOT_SENT;
    c->in_flight++;
    return write_all(c, prefix, (size_t)(at - prefix), s->tail->bytes, s->tail->length);
}

// ---- replies

static unsigned step_of(uint64_t us) {
    if (us < 64) return (unsigned)us;
    unsigned power = 63 - (unsigned)__builtin_clzll(us);
    unsigned step = (power - 5) * 64 + (unsigned)(us >> (power - 6)) - 64;
    return step < HISTOGRAM ? step : HISTOGRAM - 1;
}

static uint64_t value_of(unsigned step) {
    if (step < 64) return step;
    return (uint64_t)(64 + step % 64) << (step / 64 - 1);
}

static void acknowledged(connection *c, slot *s, uint64_t now) {
    uint64_t took = now - s->sent_ns;
    c->histogram[step_of(took / 1000)]++;
    if (took > c->longest_ns) c->longest_ns = took;
    c->acked += s->tail->events;
    c->acked_calls++;
    if (config.ledger) list_ids(c, config.ledger, s->first_id, s->tail->events);
    s->state = SLOT_FREE;
    atomic_store_explicit(&last_ack_ns, now, memory_order_relaxed);
}

// A call was refused. True: the connection stays and the call is sent again on it.
static bool refused(connection *c, slot *s, uint64_t now, bool is_error, int64_t status) {
    c->failed_calls++;
    if (!is_error && status == 1) {
        int64_t none = -1;
        atomic_compare_exchange_strong(&first_failed_ns, &none, (int64_t)(now - s->sent_ns));
    }
    if (!config.retry) {
        stop_all("a call was not answered OK: ", is_error ? "error" : status == 1 ? "FAILED" : "UNKNOWN");
        return false;
    }
    // Java gives up the connection. With several calls in flight, which Java never has, only the call is repeated.
    if (config.window == 1) return false;
    s->state = SLOT_UNSENT;
    return true;
}

// One reply. False: the connection must go.
static bool on_reply(connection *c, uint32_t serial, reader r) {
    slot *s = NULL;
    for (unsigned i = 0; i < config.window && !s; i++)
        if (c->slots[i].state == SLOT_SENT && c->slots[i].serial == serial) s = &c->slots[i];
    if (!s) return true;  // as Java: an unknown serial is ignored
    uint64_t now = now_ns();
    size_t length;
    if (!c->shaken) {
        int64_t match = get_long(&r);
        if (get_long(&r) == 1) get_bytes(&r, &length);
        if (get_long(&r) == 1) {
            const uint8_t *hash = get_fixed(&r, 16);
            if (hash) memcpy(c->server_hash, hash, 16);
        }
        if (get_long(&r) == 1) skip_map(&r);
        if (r.bad || match < 0 || match > 2 || (match == 2 && c->with_text)) {
            stop_all("handshake refused or malformed", "");
            return false;
        }
        if (match == 2) {
            c->with_text = true;
            s->state = SLOT_UNSENT;
            s->sent_before = false;  // the server did not execute it
            c->in_flight--;
            return true;
        }
        c->shaken = true;
    }
    skip_map(&r);
    const uint8_t *flag = get_fixed(&r, 1);
    bool is_error = flag && *flag;
    int64_t status = is_error ? 0 : get_long(&r);
    if (r.bad) {
        stop_all("malformed reply", "");
        return false;
    }
    if (is_error || status != 0) {
        bool stays = refused(c, s, now, is_error, status);
        if (stays) c->in_flight--;
        return stays;
    }
    c->in_flight--;
    acknowledged(c, s, now);
    return true;
}

// Takes one frame from the buffer. 1: taken, 0: more bytes are needed, -1: the connection must go.
static int take_reply(connection *c) {
    uint8_t joined[REPLY_LIMIT / 16], *base = c->in + c->start;
    size_t have = c->end - c->start, at = 8, length = 0;
    if (have < 8) return 0;
    uint32_t serial = get_u32(base), buffers = get_u32(base + 4);
    if (buffers > 1024) return -1;
    for (uint32_t i = 0; i < buffers; i++) {
        if (have - at < 4) return 0;
        size_t n = get_u32(base + at);
        if (n > sizeof joined - length) return -1;
        if (have - at - 4 < n) return 0;
        memcpy(joined + length, base + at + 4, n);
        length += n;
        at += 4 + n;
    }
    c->start += at;
    return on_reply(c, serial, (reader){joined, joined + length, false}) ? 1 : -1;
}

static bool read_replies(connection *c) {
    if (c->start) {
        memmove(c->in, c->in + c->start, c->end - c->start);
        c->end -= c->start;
        c->start = 0;
    }
    if (c->end == REPLY_LIMIT) return false;
    size_t room = REPLY_LIMIT - c->end;
    ssize_t n = c->ssl ? SSL_read(c->ssl, c->in + c->end, (int)room) : read(c->fd, c->in + c->end, room);
    if (n <= 0) return may_go_on(c, n);
    c->end += (size_t)n;
    int taken;
    while ((taken = take_reply(c)) == 1) {}
    return taken == 0;
}

// ---- the loop of one connection

static slot *oldest_unsent(connection *c) {
    slot *found = NULL;
    for (unsigned i = 0; i < config.window; i++) {
        slot *s = &c->slots[i];
        if (s->state == SLOT_UNSENT && (!found || s->number < found->number)) found = s;
    }
    return found;
}

static void sleep_ns(uint64_t ns) {
    nanosleep(&(struct timespec){(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)}, NULL);
}

// The slot to send next: one to be sent again, or a new one when its time has come. `wait` gets how long until then.
static slot *next_slot(connection *c, uint64_t *wait) {
    *wait = 0;
    slot *s = oldest_unsent(c);
    if (s) return s;
    for (unsigned i = 0; i < config.window && !s; i++)
        if (c->slots[i].state == SLOT_FREE) s = &c->slots[i];
    if (!s) return NULL;
    if (config.rate && !(config.events && atomic_load(&issued) >= config.events)) {
        uint64_t now = now_ns();
        if (c->next_due > now) {
            *wait = c->next_due - now;
            return NULL;
        }
    }
    if (!fill(c, s)) return NULL;
    if (config.rate) c->next_due += (uint64_t)((double)config.batch * config.connections * 1e9 / (double)config.rate);
    return s;
}

// Sends what may be sent. False: the connection must go. `idle` is set when nothing is left to do at all.
static bool send_some(connection *c, uint64_t *wait, bool *idle) {
    while (c->in_flight < (c->shaken ? config.window : 1)) {
        slot *s = next_slot(c, wait);
        if (!s) {
            *idle = !c->in_flight && !*wait;
            return true;
        }
        if (!send_call(c, s)) return false;
    }
    *wait = 0;
    return true;
}

static bool step(connection *c, bool *idle) {
    uint64_t wait = 0;
    if (!send_some(c, &wait, idle)) return false;
    if (*idle) return true;
    if (wait) {
        // Wait for a reply or for the next call's time, whichever is first.
        if (!c->in_flight) {
            sleep_ns(wait < 100000000u ? wait : 100000000u);
            *idle = stopping || (config.seconds_ns && now_ns() - started_ns >= config.seconds_ns);
            return true;
        }
        struct pollfd p = {c->fd, POLLIN, 0};
        struct timespec t = {0, (long)(wait < 100000000u ? wait : 100000000u)};
        if (!(c->ssl && SSL_pending(c->ssl)) && ppoll(&p, 1, &t, NULL) == 0) {
            if (!overdue(c)) return true;
            c->timeouts++;
            return false;
        }
    }
    return read_replies(c);
}

static void *run(void *argument) {
    connection *c = argument;
    bool idle = false;
    while (!idle && !gave_up) {
        if (now_ns() > atomic_load_explicit(&last_ack_ns, memory_order_relaxed) + config.give_up_ns) {
            stop_all("no acknowledgement within --give-up seconds", "");
            break;
        }
        uint64_t timeouts = c->timeouts;
        if (c->up ? step(c, &idle) : connect_up(c)) continue;
        bool was_up = c->up;
        disconnect(c);
        if (gave_up) break;
        if (c->timeouts == timeouts) {
            if (!config.retry) {
                stop_all(was_up ? "the connection broke" : "cannot connect to ", was_up ? "" : config.host);
                break;
            }
            if (stopping) break;
            sleep_ns(config.pause_ns);
        }
    }
    disconnect(c);
    return NULL;
}

// ---- the whole

static void report(connection *all, double seconds, double user, double system) {
    connection sum = {0};
    for (unsigned i = 0; i < config.connections; i++) {
        connection *c = &all[i];
        sum.acked += c->acked;
        sum.acked_calls += c->acked_calls;
        sum.failed_calls += c->failed_calls;
        sum.timeouts += c->timeouts;
        sum.reconnects += c->reconnects;
        sum.resent += c->resent;
        if (c->longest_ns > sum.longest_ns) sum.longest_ns = c->longest_ns;
        for (unsigned h = 0; h < HISTOGRAM; h++) sum.histogram[h] += c->histogram[h];
    }
    uint64_t seen = 0, p50 = 0, p99 = 0;
    for (unsigned h = 0; h < HISTOGRAM && sum.acked_calls; h++) {
        if (seen * 100 < sum.acked_calls * 50) p50 = value_of(h);
        if (seen * 100 < sum.acked_calls * 99) p99 = value_of(h);
        seen += sum.histogram[h];
    }
    uint64_t events = atomic_load(&issued);
    if (config.events && events > config.events) events = config.events;
    char first_failed[32] = "null";
    if (first_failed_ns >= 0) snprintf(first_failed, sizeof first_failed, "%.3f", (double)first_failed_ns / 1e6);
    printf("{\"events\":%llu,\"acked\":%llu,\"calls\":%llu,\"failed_calls\":%llu,\"timeouts\":%llu,\"reconnects\":%llu,"
           "\"resent_events\":%llu,\"seconds\":%.3f,\"events_per_s\":%.0f,\"p50_us\":%llu,\"p99_us\":%llu,\"max_us\":%llu,"
           "\"cpu_user\":%.3f,\"cpu_sys\":%.3f,\"first_failed_after_ms\":%s}\n",
           (unsigned long long)events, (unsigned long long)sum.acked, (unsigned long long)sum.acked_calls,
           (unsigned long long)sum.failed_calls, (unsigned long long)sum.timeouts, (unsigned long long)sum.reconnects,
           (unsigned long long)sum.resent, seconds, seconds > 0 ? (double)sum.acked / seconds : 0,
           (unsigned long long)p50, (unsigned long long)p99, (unsigned long long)(sum.longest_ns / 1000), user, system,
           first_failed);
    if (sum.acked != events) exit(1);
}

static void usage(void) {
    puts("usage: avro-load [--host H] [--port P] --events TOTAL | --seconds S\n"
         "    [--connections 1] [--window 1] [--batch 100] [--body 100] [--headers 3] [--append] [--java-frames]\n"
         "    [--rate EVENTS_PER_S]             0: as fast as it goes\n"
         "    [--tls [--ca FILE] [--cert FILE --key FILE] [--verify]]\n"
         "    [--java-timeout MS]               20000: then close, reconnect and send again\n"
         "    [--retry] [--retry-pause MS]      send again after a refusal or a broken connection; else stop, exit 1\n"
         "    [--give-up S]                     120: stop when nothing was acknowledged for so long\n"
         "    [--ids PREFIX [--ledger FILE] [--sent FILE]]   bodies begin `PREFIX-%012llu `; ids acknowledged, ids sent\n"
         "Prints one JSON line. Exit 0: every event issued was acknowledged.");
}

static FILE *open_list(const char *path) {
    FILE *file = fopen(path, "w");
    if (!file) die(2, "cannot write %s: %s", path, strerror(errno));
    setvbuf(file, NULL, _IOFBF, 1 << 20);
    return file;
}

static void read_options(int argc, char **argv) {
    enum { HOST = 1, PORT, CONNECTIONS, WINDOW, BATCH, BODY, HEADERS, EVENTS, SECONDS, RATE, TLS, CA, CERT, KEY, VERIFY,
           TIMEOUT, RETRY, PAUSE, GIVE_UP, IDS, LEDGER, SENT, JAVA, APPEND };
    static const struct option options[] = {
        {"host", 1, 0, HOST},         {"port", 1, 0, PORT},       {"connections", 1, 0, CONNECTIONS},
        {"window", 1, 0, WINDOW},     {"batch", 1, 0, BATCH},     {"body", 1, 0, BODY},
        {"headers", 1, 0, HEADERS},   {"events", 1, 0, EVENTS},   {"seconds", 1, 0, SECONDS},
        {"rate", 1, 0, RATE},         {"tls", 0, 0, TLS},         {"ca", 1, 0, CA},
        {"cert", 1, 0, CERT},         {"key", 1, 0, KEY},         {"verify", 0, 0, VERIFY},
        {"java-timeout", 1, 0, TIMEOUT}, {"retry", 0, 0, RETRY},  {"retry-pause", 1, 0, PAUSE},
        {"give-up", 1, 0, GIVE_UP},   {"ids", 1, 0, IDS},         {"ledger", 1, 0, LEDGER},
        {"sent", 1, 0, SENT},         {"java-frames", 0, 0, JAVA}, {"append", 0, 0, APPEND},
        {"help", 0, 0, 'h'},          {0, 0, 0, 0},
    };
    const char *ledger = NULL, *sent = NULL;
    bool batch_given = false;
    for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        switch (c) {
        case HOST: config.host = optarg; break;
        case PORT: number_option("port", optarg, 1, 65535); config.port = optarg; break;
        case CONNECTIONS: config.connections = (unsigned)number_option("connections", optarg, 1, 10000); break;
        case WINDOW: config.window = (unsigned)number_option("window", optarg, 1, 1024); break;
        case BATCH: config.batch = (unsigned)number_option("batch", optarg, 1, 1000000); batch_given = true; break;
        case BODY: config.body = number_option("body", optarg, 0, 32 << 20); break;
        case HEADERS: config.headers = (unsigned)number_option("headers", optarg, 0, 1000); break;
        case EVENTS: config.events = number_option("events", optarg, 1, UINT64_MAX / 2); break;
        case SECONDS: config.seconds_ns = number_option("seconds", optarg, 1, 1000000) * 1000000000u; break;
        case RATE: config.rate = number_option("rate", optarg, 0, 1000000000u); break;
        case TLS: config.tls = true; break;
        case CA: config.ca = optarg; break;
        case CERT: config.cert = optarg; break;
        case KEY: config.key = optarg; break;
        case VERIFY: config.verify = true; break;
        case TIMEOUT: config.timeout_ns = number_option("java-timeout", optarg, 10, 86400000) * 1000000u; break;
        case RETRY: config.retry = true; break;
        case PAUSE: config.pause_ns = number_option("retry-pause", optarg, 0, 60000) * 1000000u; break;
        case GIVE_UP: config.give_up_ns = number_option("give-up", optarg, 1, 86400) * 1000000000u; break;
        case IDS: config.ids = optarg; break;
        case LEDGER: ledger = optarg; break;
        case SENT: sent = optarg; break;
        case JAVA: config.java_frames = true; break;
        case APPEND: config.append = true; break;
        case 'h': usage(); exit(0);
        default: usage(); exit(2);
        }
    }
    if (optind < argc) die(2, "unexpected argument %s", argv[optind]);
    if (!config.events && !config.seconds_ns) die(2, "give --events or --seconds");
    if (config.append && batch_given && config.batch != 1) die(2, "--append sends one event a call: --batch 1");
    if (config.append) config.batch = 1;
    if ((ledger || sent) && !config.ids) die(2, "--ledger and --sent need --ids");
    if (id_length() > config.body) die(2, "--body must be at least %zu for these ids", id_length());
    if (config.tls) config.context = tls_context(false, config.ca, config.cert, config.key, config.verify);
    if (ledger) config.ledger = open_list(ledger);
    if (sent) config.sent = open_list(sent);
}

// Printable bytes that compress about as badly as log lines do; events start at different places in it.
static void make_filler(void) {
    static const char LETTERS[] = "abcdefghijklmnopqrstuvwxyz0123456789/.-_=?& ETAOIN";
    filler = must_alloc(config.body + 4096);
    uint32_t seed = 1;
    for (size_t i = 0; i < config.body + 4096; i++) {
        seed = seed * 1664525u + 1013904223u;
        filler[i] = (uint8_t)LETTERS[(seed >> 24) % (sizeof LETTERS - 1)];
    }
}

int main(int argc, char **argv) {
    read_options(argc, argv);
    make_filler();
    build_tail(&shared, config.batch);
    struct sigaction stop = {.sa_handler = on_signal};
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGINT, &stop, NULL);
    signal(SIGPIPE, SIG_IGN);
    connection *all = must_alloc(config.connections * sizeof *all);
    double user0, system0, user, system;
    cpu_seconds(&user0, &system0);
    started_ns = now_ns();
    atomic_store(&last_ack_ns, started_ns);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 512 << 10);
    for (unsigned i = 0; i < config.connections; i++) {
        connection *c = &all[i];
        c->index = i;
        c->fd = -1;
        c->slots = must_alloc(config.window * sizeof *c->slots);
        c->in = must_alloc(REPLY_LIMIT);
        if (config.rate) c->next_due = started_ns + (uint64_t)((double)config.batch * i * 1e9 / (double)config.rate);
        if (pthread_create(&c->thread, &attributes, run, c)) die(1, "cannot start a thread");
    }
    for (unsigned i = 0; i < config.connections; i++) pthread_join(all[i].thread, NULL);
    uint64_t ended = now_ns();
    cpu_seconds(&user, &system);
    if ((config.ledger && fclose(config.ledger)) || (config.sent && fclose(config.sent)))
        die(1, "cannot write the list of ids: %s", strerror(errno));
    report(all, (double)(ended - started_ns) / 1e9, user - user0, system - system0);
    return gave_up ? 1 : 0;
}
