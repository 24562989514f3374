// Holds connections to an Avro source: idle as a Flume sink without events, or hostile.
#include "common.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char USAGE[] =
    "usage: avro-hold --port N --connections N [options]\n"
    "\n"
    "Opens connections and keeps them until SIGTERM. Writes one JSON line when all are open, one at the end.\n"
    "  --host ADDRESS  127.0.0.1\n"
    "  --mode MODE     idle: handshake and ping, then nothing (default)\n"
    "                  silent: connected, not a byte; drip: a call at a byte a second;\n"
    "                  stall: the first three bytes of a TLS handshake\n"
    "  --tls           with --mode idle: over TLS\n"
    "  --cert F --key F  a client certificate\n"
    "A connection of a hostile mode that the server ends is opened again.\n";

typedef enum { IDLE, SILENT, DRIP, STALL } hold_mode;

typedef struct {
    int fd;
    SSL *ssl;
    size_t sent;
} connection;

static volatile sig_atomic_t stopped;
static void stop(int signal) {
    (void)signal;
    stopped = 1;
}

static struct sockaddr_in target;

static int dial(void) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) die(1, "socket: %s", strerror(errno));
    // The end of a TLS handshake and the first call are two small writes: Nagle would hold the second back for 40 ms.
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    // A full backlog makes connect wait; an address without ports left is waited out.
    for (int attempt = 0; connect(fd, (struct sockaddr *)&target, sizeof target) != 0; attempt++) {
        if (stopped || attempt == 100) {
            close(fd);
            return -1;
        }
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    }
    return fd;
}

// A frame with a handshake and a ping: what a client sends that wants to know who answers.
static size_t ping_frame(uint8_t *frame) {
    uint8_t *at = frame + 12;
    memcpy(at, HASH_FLUME, 16);
    at[16] = 0;
    memcpy(at + 17, HASH_FLUME, 16);
    memcpy(at + 33, "\x02\x00\x00\x00", 4);
    put_u32(frame, 1);
    put_u32(frame + 4, 1);
    put_u32(frame + 8, 37);
    return 12 + 37;
}

static void exchange(connection *c, const uint8_t *frame, size_t length) {
    uint8_t reply[4096];
    size_t got = 0;
    if (c->ssl) {
        if (SSL_write(c->ssl, frame, (int)length) != (int)length) die(1, "the handshake cannot be sent");
    } else if (write(c->fd, frame, length) != (ssize_t)length) {
        die(1, "the handshake cannot be sent");
    }
    while (got < 16) {
        ssize_t n = c->ssl ? SSL_read(c->ssl, reply + got, (int)(sizeof reply - got))
                           : read(c->fd, reply + got, sizeof reply - got);
        if (n <= 0) die(1, "the server ended the connection");
        got += (size_t)n;
    }
}

static bool begin(connection *c, hold_mode mode, SSL_CTX *tls) {
    c->sent = 0;
    c->fd = dial();
    if (c->fd < 0) return false;
    if (mode == IDLE) {
        uint8_t frame[64];
        if (tls) {
            c->ssl = SSL_new(tls);
            SSL_set_fd(c->ssl, c->fd);
            if (SSL_connect(c->ssl) != 1) die(1, "the TLS handshake failed");
        }
        exchange(c, frame, ping_frame(frame));
    } else if (mode == STALL && write(c->fd, "\x16\x03\x01", 3) != 3) {
        close(c->fd);
        c->fd = -1;
        return false;
    }
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    return true;
}

static bool is_ended(int fd) {
    uint8_t bytes[256];
    ssize_t n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    return n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK);
}

int main(int argc, char **argv) {
    const char *host = "127.0.0.1", *cert = NULL, *key = NULL;
    uint64_t port = 0, count = 0;
    bool tls = false;
    hold_mode mode = IDLE;
    static const char *names[] = {"idle", "silent", "drip", "stall"};
    static const struct option options[] = {
        {"port", 1, 0, 'p'}, {"connections", 1, 0, 'c'}, {"host", 1, 0, 'H'}, {"mode", 1, 0, 'm'},
        {"tls", 0, 0, 't'},  {"cert", 1, 0, 'C'},        {"key", 1, 0, 'K'},  {"help", 0, 0, 'h'},
        {0, 0, 0, 0}};
    for (int option; (option = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        switch (option) {
        case 'p': port = number_option("port", optarg, 1, 65535); break;
        case 'c': count = number_option("connections", optarg, 1, 60000); break;
        case 'H': host = optarg; break;
        case 't': tls = true; break;
        case 'C': cert = optarg; break;
        case 'K': key = optarg; break;
        case 'm': {
            int found = -1;
            for (int i = 0; i < 4; i++)
                if (!strcmp(optarg, names[i])) found = i;
            if (found < 0) die(2, "--mode wants idle, silent, drip or stall, not %s", optarg);
            mode = (hold_mode)found;
            break;
        }
        case 'h': fputs(USAGE, stdout); return 0;
        default: fputs(USAGE, stderr); return 2;
        }
    }
    if (!port || !count) die(2, "--port and --connections are needed");
    signal(SIGPIPE, SIG_IGN);
    sigaction(SIGTERM, &(struct sigaction){.sa_handler = stop}, NULL);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    target = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    if (inet_pton(AF_INET, host, &target.sin_addr) != 1) die(2, "--host wants an IPv4 address, not %s", host);
    SSL_CTX *context = tls ? tls_context(false, NULL, cert, key, false) : NULL;
    connection *all = must_alloc(count * sizeof *all);
    uint64_t opened = 0, ended = 0;
    for (uint64_t i = 0; i < count && !stopped; i++)
        if (begin(&all[i], mode, context)) opened++;
    printf("{\"held\":%llu}\n", (unsigned long long)opened);
    fflush(stdout);

    // A call of 1,000 bytes, of which a byte a second is sent.
    uint8_t call[1012] = {0};
    ping_frame(call);
    put_u32(call + 8, 1000);
    while (!stopped) {
        // A second in portions of 10 ms: peers that have nothing to do with each other are not in step.
        for (uint64_t portion = 0; portion < 100 && !stopped; portion++) {
            for (uint64_t i = portion; i < count; i += 100) {
                connection *c = &all[i];
                bool gone = c->fd < 0 || (mode != IDLE && is_ended(c->fd));
                if (!gone && mode == DRIP && c->sent < sizeof call)
                    gone = send(c->fd, call + c->sent++, 1, MSG_DONTWAIT) < 0 && errno != EAGAIN;
                if (!gone) continue;
                if (c->fd >= 0) {
                    close(c->fd);
                    ended++;
                }
                if (begin(c, mode, context)) opened++;
            }
            nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
        }
    }
    printf("{\"opened\":%llu,\"ended\":%llu}\n", (unsigned long long)opened, (unsigned long long)ended);
    return 0;
}
