// An Avro RPC server that only counts: the lightest peer a sink can have, and a misbehaving one on request.
//
// One thread, epoll, level-triggered. Each connection reads into one buffer; a frame's buffers are joined in place.
#include "common.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { READ_AT_LEAST = 64 << 10, COUNT_LIMIT = 1 << 20, OUT_LIMIT = 1 << 20 };

enum answer { ANSWER_OK, ANSWER_FAILED, ANSWER_UNKNOWN, ANSWER_ERROR, ANSWER_NEVER, ANSWER_CLOSE };
static const char *const ANSWERS[] = {"ok", "failed", "unknown", "error", "never", "close"};

typedef struct connection {
    int fd;
    SSL *ssl;
    bool handshaken, accepted, writable_wanted;
    // Received bytes are in[start..<end]. `scan` is how far the frame at `start` has been walked, with `left` of its
    // buffers still to come; message[from..<to] is what has been joined so far. scan == start: header not yet read.
    uint8_t *in;
    size_t start, end, room, scan, from, to;
    uint32_t left;
    uint8_t *out;
    size_t out_start, out_end, out_room;
    unsigned held;     // answers waiting for their time
    bool closed;       // the descriptor is gone; freed when `held` is 0
    struct connection *next_closed;
} connection;

typedef struct {
    uint64_t due;
    connection *to;
    unsigned length;
    uint8_t frame[64];
} held_answer;

static struct {
    uint64_t delay_ns, answer_after, answer_calls, stop_at;
    enum answer answer;
    bool parse, bodies;
    SSL_CTX *tls;
    FILE *ledger;
} config = {.answer_calls = UINT64_MAX, .parse = true};

static struct {
    uint64_t events, calls, bytes, refused, malformed, connections, first_ns, last_ns;
} count;

static volatile sig_atomic_t stopping;
static int poller;
static unsigned open_connections;
static connection *closed_list;
static held_answer *held;
static size_t held_first, held_count, held_room;

static void on_signal(int signal) {
    (void)signal;
    stopping = 1;
}

static void close_connection(connection *c) {
    if (c->closed) return;
    c->closed = true;
    if (c->ssl) {
        if (c->accepted) SSL_shutdown(c->ssl);
        SSL_free(c->ssl);
    }
    close(c->fd);
    open_connections--;
    c->next_closed = closed_list;
    closed_list = c;
}

// Frees what was closed in this round and has no answer waiting; events of the same round may still name it before.
static void free_closed(void) {
    for (connection **at = &closed_list; *at;) {
        connection *c = *at;
        if (c->held) {
            at = &c->next_closed;
            continue;
        }
        *at = c->next_closed;
        free(c->in);
        free(c->out);
        free(c);
    }
}

static void watch(connection *c, bool writable) {
    if (c->writable_wanted == writable) return;
    c->writable_wanted = writable;
    struct epoll_event event = {.events = writable ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.ptr = c};
    epoll_ctl(poller, EPOLL_CTL_MOD, c->fd, &event);
}

static void flush_out(connection *c) {
    while (!c->closed && c->out_start < c->out_end) {
        const uint8_t *at = c->out + c->out_start;
        size_t length = c->out_end - c->out_start;
        ssize_t n;
        if (c->ssl) {
            n = SSL_write(c->ssl, at, (int)length);
            if (n <= 0) {
                int why = SSL_get_error(c->ssl, (int)n);
                if (why != SSL_ERROR_WANT_WRITE && why != SSL_ERROR_WANT_READ) return close_connection(c);
                return watch(c, true);
            }
        } else {
            n = write(c->fd, at, length);
            if (n < 0) {
                if (errno == EINTR) continue;
                if (errno != EAGAIN) return close_connection(c);
                return watch(c, true);
            }
        }
        c->out_start += (size_t)n;
    }
    if (c->closed) return;
    c->out_start = c->out_end = 0;
    watch(c, false);
}

static void queue_out(connection *c, const void *bytes, size_t length) {
    if (c->closed) return;
    if (c->out_end + length > c->out_room) {
        if (c->out_end + length > OUT_LIMIT) return close_connection(c);  // the peer reads no answers
        c->out_room = (c->out_end + length) * 2;
        c->out = realloc(c->out, c->out_room);
        if (!c->out) die(1, "out of memory");
    }
    memcpy(c->out + c->out_end, bytes, length);
    c->out_end += length;
}

static void hold(connection *c, const uint8_t *frame, size_t length) {
    if (held_count == held_room) {
        size_t room = held_room ? held_room * 2 : 256;
        held_answer *grown = must_alloc(room * sizeof *grown);
        for (size_t i = 0; i < held_count; i++) grown[i] = held[(held_first + i) % held_room];
        free(held);
        held = grown, held_first = 0, held_room = room;
    }
    held_answer *a = &held[(held_first + held_count++) % held_room];
    a->due = now_ns() + config.delay_ns;
    a->to = c;
    a->length = (unsigned)length;
    memcpy(a->frame, frame, length);
    c->held++;
}

static void release_due(void) {
    uint64_t now = held_count ? now_ns() : 0;
    while (held_count && held[held_first].due <= now) {
        held_answer *a = &held[held_first];
        a->to->held--;
        queue_out(a->to, a->frame, a->length);
        flush_out(a->to);
        held_first = (held_first + 1) % held_room;
        held_count--;
    }
}

// Walks one event. The ledger gets the body's first token, or the whole body with --bodies.
static void read_event(reader *r, bool record) {
    size_t length;
    skip_map(r);
    const uint8_t *body = get_bytes(r, &length);
    if (r->bad || !record) return;
    const uint8_t *blank = config.bodies ? NULL : memchr(body, ' ', length);
    fwrite(body, 1, blank ? (size_t)(blank - body) : length, config.ledger);
    putc('\n', config.ledger);
}

// The events of a call's payload; the reader is bad when they are malformed. Without --parse: the first block's count.
static uint64_t read_events(reader *r, bool batch, bool record) {
    if (!batch) {
        if (config.parse) read_event(r, record);
        return 1;
    }
    uint64_t events = 0;
    for (int64_t n; (n = get_block(r)) > 0;) {
        events += (uint64_t)n;
        if (!config.parse) return events;
        for (; n > 0 && !r->bad; n--) read_event(r, record);
    }
    return events;
}

// Reads a handshake request and writes the answer at `reply`. 0: go on with the call; 1: answered NONE; -1: malformed.
static int handshake(reader *r, uint8_t **reply) {
    size_t length;
    const uint8_t *client = get_fixed(r, 16);
    bool known = client && hash_is_known(client);
    int64_t branch = get_long(r);
    if (branch == 1) {
        known = true;
        get_bytes(r, &length);
    }
    const uint8_t *server = get_fixed(r, 16);
    int64_t meta = get_long(r);
    if (meta == 1) skip_map(r);
    if (r->bad || branch < 0 || branch > 1 || meta < 0 || meta > 1) return -1;
    bool same = hash_is_known(server);
    uint8_t *at = *reply;
    at = put_long(at, !known ? 2 : same ? 0 : 1);
    if (known && same) {
        *at++ = 0, *at++ = 0;
    } else {
        at = put_long(at, 1);
        at = put_bytes(at, PROTOCOL_TEXT, strlen(PROTOCOL_TEXT));
        at = put_long(at, 1);
        memcpy(at, HASH_FLUME, 16);
        at += 16;
    }
    *at++ = 0;
    *reply = at;
    return known ? 0 : 1;
}

static uint8_t *error_result(uint8_t *at, const char *text, size_t length) {
    *at++ = 0, *at++ = 1, *at++ = 0;  // meta {}, error, first branch of the union: string
    return put_bytes(at, text, length);
}

// One call. Its answer is three buffers as Java's: handshake or nothing, meta, flag and status.
static void answer_call(connection *c, uint32_t serial, const uint8_t *message, size_t length) {
    // Big enough for a handshake with the protocol text and an error with the longest name echoed.
    uint8_t frame[2048], *handshake_start = frame + 12, *at = handshake_start;
    reader r = {message, message + length, false};
    int shaken = c->handshaken ? 0 : handshake(&r, &at);
    size_t handshake_length = (size_t)(at - handshake_start);
    put_u32(frame, serial);
    put_u32(frame + 8, (uint32_t)handshake_length);
    size_t name_length = 0;
    const uint8_t *name = NULL;
    if (shaken == 0) {
        skip_map(&r);
        name = get_bytes(&r, &name_length);
    }
    if (shaken == 1 || (shaken == 0 && name && name_length == 0)) {  // NONE, or a ping: the handshake alone
        c->handshaken = c->handshaken || shaken == 0;
        put_u32(frame + 4, 1);
        return queue_out(c, frame, 12 + handshake_length);
    }
    uint8_t *result = at + 4;  // the second buffer's bytes; its length goes to `at`
    uint8_t *done;
    enum answer answer = ANSWER_OK;
    bool batch = name && name_length == 11 && !memcmp(name, "appendBatch", 11);
    bool single = name && name_length == 6 && !memcmp(name, "append", 6);
    if (shaken < 0 || !name) {
        count.malformed++;
        done = error_result(result, "java.io.EOFException", 20);
    } else if (!batch && !single) {
        c->handshaken = true;
        char text[256];
        int n = snprintf(text, sizeof text, "org.apache.avro.AvroRuntimeException: No such remote message: %.*s",
                         (int)(name_length > 128 ? 128 : name_length), (const char *)name);
        done = error_result(result, text, (size_t)n);
    } else {
        c->handshaken = true;
        uint64_t number = ++count.calls;
        bool special = number > config.answer_after && number - config.answer_after <= config.answer_calls;
        answer = special ? config.answer : ANSWER_OK;
        uint64_t events = read_events(&r, batch, config.ledger && answer == ANSWER_OK);
        count.last_ns = now_ns();
        if (!count.first_ns) count.first_ns = count.last_ns;
        if (r.bad) {
            count.malformed++;
            return close_connection(c);
        }
        if (answer == ANSWER_OK) {
            count.events += events;
            if (config.stop_at && count.events >= config.stop_at) stopping = 1;
        } else {
            count.refused += events;
        }
        if (answer == ANSWER_NEVER) return;
        if (answer == ANSWER_CLOSE) return close_connection(c);
        done = result;
        if (answer == ANSWER_ERROR) {
            done = error_result(done, "java.lang.IllegalStateException: asked for", 42);
        } else {
            *done++ = 0, *done++ = 0;  // meta {}, no error
            done = put_long(done, answer == ANSWER_FAILED ? 1 : answer == ANSWER_UNKNOWN ? 2 : 0);
        }
    }
    // Part the result in two: the meta byte, then the rest.
    put_u32(frame + 4, 3);
    put_u32(at, 1);
    memmove(result + 5, result + 1, (size_t)(done - result - 1));
    put_u32(result + 1, (uint32_t)(done - result - 1));
    size_t total = (size_t)(done + 4 - frame);
    if (config.delay_ns && total <= sizeof held->frame) return hold(c, frame, total);
    queue_out(c, frame, total);
}

// Walks complete frames out of the buffer. False: the peer broke the framing.
static bool take_frames(connection *c) {
    while (!c->closed) {
        if (c->scan == c->start) {
            if (c->end - c->start < 8) break;
            c->left = get_u32(c->in + c->start + 4);
            if (c->left > COUNT_LIMIT) return false;
            c->scan = c->start + 8;
            c->from = c->to = c->scan;
        }
        while (c->left) {
            if (c->end - c->scan < 4) return true;
            size_t length = get_u32(c->in + c->scan);
            if (length > FRAME_LIMIT || c->scan - c->start + length > FRAME_LIMIT) return false;
            if (c->end - c->scan - 4 < length) return true;
            // Join by moving the shorter part next to the longer one.
            size_t data = c->scan + 4, joined = c->to - c->from;
            if (joined <= length) {
                memmove(c->in + data - joined, c->in + c->from, joined);
                c->from = data - joined;
                c->to = data + length;
            } else {
                memmove(c->in + c->to, c->in + data, length);
                c->to += length;
            }
            c->scan = data + length;
            c->left--;
        }
        // The serial was moved over only if joined parts reached it, which they cannot: each join leaves 8 bytes.
        uint32_t serial = get_u32(c->in + c->start);
        count.bytes += c->scan - c->start;
        if (c->to > c->from) answer_call(c, serial, c->in + c->from, c->to - c->from);
        c->start = c->scan;
    }
    if (c->start == c->end) c->start = c->end = c->scan = 0;
    return true;
}

// Makes room for more, moving what is left of a frame to the front and growing when it fills the buffer.
static void make_room(connection *c) {
    if (c->room - c->end >= READ_AT_LEAST) return;
    if (c->start) {
        size_t shift = c->start;
        memmove(c->in, c->in + shift, c->end - shift);
        c->start = 0, c->end -= shift, c->scan -= shift, c->from -= shift, c->to -= shift;
    }
    if (c->room - c->end < READ_AT_LEAST) {
        c->room = c->room ? c->room * 2 : 4 * READ_AT_LEAST;
        c->in = realloc(c->in, c->room);
        if (!c->in) die(1, "out of memory");
    }
}

static void on_readable(connection *c) {
    if (c->ssl && !c->accepted) {
        int n = SSL_accept(c->ssl);
        if (n != 1) {
            int why = SSL_get_error(c->ssl, n);
            if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) close_connection(c);
            return;
        }
        c->accepted = true;
    }
    for (int round = 0; round < 16 && !c->closed; round++) {
        make_room(c);
        ssize_t n, room = (ssize_t)(c->room - c->end);
        if (c->ssl) {
            // A call gives one record at most; gather while there is room for a whole one (so libssl holds back no
            // decrypted bytes, which would raise no readiness), then parse once.
            ssize_t got = 0;
            n = 1;
            while (room - got >= 16 << 10 && (n = SSL_read(c->ssl, c->in + c->end + got, (int)(room - got))) > 0) got += n;
            if (n <= 0) {
                int why = SSL_get_error(c->ssl, (int)n);
                if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE && got == 0) return close_connection(c);
                round = 16;
            }
            n = got;
        } else {
            n = read(c->fd, c->in + c->end, (size_t)room);
            if (n < 0 && errno == EINTR) continue;
            if (n == 0 || (n < 0 && errno != EAGAIN)) return close_connection(c);
            if (n < room) round = 16;
        }
        if (n <= 0) break;
        c->end += (size_t)n;
        if (!take_frames(c)) {
            count.malformed++;
            return close_connection(c);
        }
    }
    if (!c->closed) flush_out(c);
}

static void accept_all(int listener) {
    for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        connection *c = must_alloc(sizeof *c);
        c->fd = fd;
        if (config.tls) {
            c->ssl = SSL_new(config.tls);
            if (!c->ssl || SSL_set_fd(c->ssl, fd) != 1) die(1, "cannot make a TLS session");
            SSL_set_accept_state(c->ssl);
        }
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
        open_connections++;
        count.connections++;
    }
}

static int listen_on(const char *address, uint16_t port) {
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (inet_pton(AF_INET, address, &in.sin_addr) != 1) die(2, "--bind wants an IPv4 address, not %s", address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (fd < 0 || bind(fd, (struct sockaddr *)&in, sizeof in) || listen(fd, 1024))
        die(3, "cannot listen on %s:%u: %s", address, port, strerror(errno));
    socklen_t size = sizeof in;
    getsockname(fd, (struct sockaddr *)&in, &size);
    printf("{\"port\":%u}\n", ntohs(in.sin_port));
    fflush(stdout);
    return fd;
}

static void serve(int listener) {
    poller = epoll_create1(EPOLL_CLOEXEC);
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &(struct epoll_event){.events = EPOLLIN, .data.ptr = NULL});
    uint64_t leave_at = 0;
    for (;;) {
        // Told to stop: peers get a second to read their answers and close, so that no answer is cut off.
        if (stopping && !leave_at) leave_at = now_ns() + 1000000000u + (held_count ? config.delay_ns : 0);
        if (leave_at && (!open_connections || now_ns() >= leave_at)) return;
        int wait = leave_at ? 20 : 200;
        if (held_count) {
            uint64_t now = now_ns(), due = held[held_first].due;
            int until = due <= now ? 0 : (int)((due - now + 999999) / 1000000);
            if (until < wait) wait = until;
        }
        struct epoll_event events[64];
        int n = epoll_wait(poller, events, 64, wait);
        if (n == 0 && config.ledger && !held_count) fflush(config.ledger);
        for (int i = 0; i < n; i++) {
            connection *c = events[i].data.ptr;
            if (!c) {
                if (!stopping) accept_all(listener);
                continue;
            }
            if (!c->closed && events[i].events & EPOLLOUT) flush_out(c);
            if (!c->closed && events[i].events & ~(uint32_t)EPOLLOUT) on_readable(c);
        }
        release_due();
        free_closed();
    }
}

static void usage(void) {
    puts("usage: avro-receive [--port N] [--bind ADDRESS] [--events N] [--no-parse]\n"
         "    [--tls --cert FILE --key FILE [--ca FILE]]   --ca: client certificates are required\n"
         "    [--ledger FILE [--bodies]]                   first token (or whole body) of each event answered OK\n"
         "    [--delay-ms MS] [--answer ok|failed|unknown|error|never|close]\n"
         "    [--answer-after CALLS] [--answer-calls CALLS]  OK before and after those calls\n"
         "Prints {\"port\":N} when listening and one JSON line at the end (SIGTERM, SIGINT or --events).");
}

int main(int argc, char **argv) {
    static const struct option options[] = {
        {"port", 1, 0, 'p'},       {"bind", 1, 0, 'b'},         {"events", 1, 0, 'e'},       {"parse", 0, 0, 'P'},
        {"no-parse", 0, 0, 'N'},   {"tls", 0, 0, 't'},          {"cert", 1, 0, 'c'},         {"key", 1, 0, 'k'},
        {"ca", 1, 0, 'a'},         {"ledger", 1, 0, 'l'},       {"bodies", 0, 0, 'B'},       {"delay-ms", 1, 0, 'd'},
        {"answer", 1, 0, 'A'},     {"answer-after", 1, 0, 'f'}, {"answer-calls", 1, 0, 'n'}, {"help", 0, 0, 'h'},
        {0, 0, 0, 0},
    };
    const char *address = "127.0.0.1", *cert = NULL, *key = NULL, *ca = NULL, *ledger = NULL;
    uint16_t port = 0;
    bool tls = false;
    for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        switch (c) {
        case 'p': port = (uint16_t)number_option("port", optarg, 0, 65535); break;
        case 'b': address = optarg; break;
        case 'e': config.stop_at = number_option("events", optarg, 1, UINT64_MAX); break;
        case 'P': config.parse = true; break;
        case 'N': config.parse = false; break;
        case 't': tls = true; break;
        case 'c': cert = optarg; break;
        case 'k': key = optarg; break;
        case 'a': ca = optarg; break;
        case 'l': ledger = optarg; break;
        case 'B': config.bodies = true; break;
        case 'd': config.delay_ns = number_option("delay-ms", optarg, 0, 3600000) * 1000000u; break;
        case 'A': {
            unsigned i = 0;
            while (i < 6 && strcmp(optarg, ANSWERS[i])) i++;
            if (i == 6) die(2, "--answer wants ok, failed, unknown, error, never or close, not %s", optarg);
            config.answer = (enum answer)i;
            break;
        }
        case 'f': config.answer_after = number_option("answer-after", optarg, 0, UINT64_MAX); break;
        case 'n': config.answer_calls = number_option("answer-calls", optarg, 0, UINT64_MAX); break;
        case 'h': usage(); return 0;
        default: usage(); return 2;
        }
    }
    if (optind < argc) die(2, "unexpected argument %s", argv[optind]);
    if (ledger && !config.parse) die(2, "--ledger needs the events parsed");
    if (ledger && !(config.ledger = fopen(ledger, "w"))) die(2, "cannot write %s: %s", ledger, strerror(errno));
    if (config.ledger) setvbuf(config.ledger, NULL, _IOFBF, 1 << 20);
    if (tls) config.tls = tls_context(true, ca, cert, key, false);
    struct sigaction stop = {.sa_handler = on_signal};
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGINT, &stop, NULL);
    signal(SIGPIPE, SIG_IGN);
    double user0, system0, user, system;
    int listener = listen_on(address, port);
    cpu_seconds(&user0, &system0);
    serve(listener);
    cpu_seconds(&user, &system);
    if (config.ledger && fclose(config.ledger)) die(1, "cannot write %s: %s", ledger, strerror(errno));
    user -= user0, system -= system0;
    double events = (double)(count.events + count.refused);
    printf("{\"events\":%llu,\"refused_events\":%llu,\"calls\":%llu,\"bytes\":%llu,\"connections\":%llu,"
           "\"malformed\":%llu,\"seconds\":%.3f,\"cpu_user\":%.3f,\"cpu_sys\":%.3f,\"cpu_s_per_million_events\":%.4f}\n",
           (unsigned long long)count.events, (unsigned long long)count.refused, (unsigned long long)count.calls,
           (unsigned long long)count.bytes, (unsigned long long)count.connections,
           (unsigned long long)count.malformed, (double)(count.last_ns - count.first_ns) / 1e9, user, system,
           events > 0 ? (user + system) / events * 1e6 : 0);
    return 0;
}
