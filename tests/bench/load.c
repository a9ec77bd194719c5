/* tests/bench/load.c: an HTTP load generator for the benchmarks: keep-alive connections, each with requests of its own.
 *
 * load HOST PORT USER:PASSWORD CONNECTIONS REQUESTS METHOD PATH [BODY-FILE [HEADER]...]
 * In PATH and the body, "%N" becomes the number of the request (unique over all connections), "%R" a random number below it.
 * Prints: requests/s, latency p50 p99 p99.9 max in ms, bytes received a request, and the status codes. */
#include "core/buf.h"
#include "core/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>

enum { MESSAGE_MAX = 64 << 20 };

struct plan {
    const char *host;
    int port, connections;
    long requests;
    const char *method;
    struct str path, body;
    struct buf head; /* the headers that never change */
};

static struct plan plan;
static atomic_long next_request, bytes_received;
static atomic_long statuses[600];
static int64_t *latency;

static void fail_with(const char *what)
{
    fprintf(stderr, "load: %s: %m\n", what);
    exit(1);
}

static int connect_to(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)plan.port)};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || inet_pton(AF_INET, plan.host, &a.sin_addr) != 1 ||
        connect(fd, (struct sockaddr *)&a, sizeof a) != 0)
        fail_with("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static void expand(struct buf *out, struct str s, long number)
{
    for (size_t i = 0; i < s.n; i++) {
        char kind = s.p[i] == '%' && i + 1 < s.n ? s.p[i + 1] : 0;
        if (kind == 'N')
            buf_addf(out, "%ld", number);
        else if (kind == 'R')
            buf_addf(out, "%ld", (long)(random_u64() % (uint64_t)(number + 1)));
        else
            buf_addc(out, s.p[i]);
        i += kind == 'N' || kind == 'R';
    }
}

static void send_request(int fd, struct buf *out, struct buf *body, long number)
{
    buf_clear(out);
    buf_clear(body);
    expand(body, plan.body, number);
    buf_addf(out, "%s ", plan.method);
    expand(out, plan.path, number);
    buf_addf(out, " HTTP/1.1\r\nHost: %s:%d\r\nContent-Length: %zu\r\n", plan.host, plan.port, body->n);
    buf_add(out, buf_view(&plan.head));
    buf_addz(out, "\r\n");
    buf_add(out, buf_view(body));
    for (size_t sent = 0; sent < out->n;) {
        ssize_t n = send(fd, out->p + sent, out->n - sent, MSG_NOSIGNAL);
        if (n <= 0)
            fail_with("send");
        sent += (size_t)n;
    }
}

static bool fill(int fd, struct buf *in)
{
    char *p = buf_reserve(in, 1 << 16);
    ssize_t n = p ? recv(fd, p, 1 << 16, 0) : -1;
    if (n > 0)
        buf_commit(in, (size_t)n);
    return n > 0;
}

/* Value of a header in the head, lower-case name with its colon; STR_NONE. */
static struct str header_of(struct str head, const char *name)
{
    size_t length = strlen(name);
    struct str line;
    while (str_split(&head, '\n', &line))
        if (line.n >= length && str_caseeq(str_slice(line, 0, length), str_c(name)))
            return str_trim(str_from(line, length));
    return STR_NONE;
}

/* Reads a chunked body that begins at `at` in the buffer; returns where it ends. */
static size_t read_chunks(int fd, struct buf *in, size_t at)
{
    for (;;) {
        size_t end;
        while ((end = str_find(buf_view(in), STR("\r\n"), at)) == SIZE_MAX)
            if (!fill(fd, in))
                fail_with("recv");
        size_t size = strtoul(in->p + at, NULL, 16);
        at = end + 2 + size + 2;
        while (in->n < at)
            if (!fill(fd, in))
                fail_with("recv");
        if (size == 0)
            return at;
    }
}

/* One response; false when the server closes behind it. */
static bool read_response(int fd, struct buf *in)
{
    size_t end;
    buf_clear(in);
    while ((end = str_find(buf_view(in), STR("\r\n\r\n"), 0)) == SIZE_MAX)
        if (!fill(fd, in))
            fail_with("recv");
    struct str head = str_slice(buf_view(in), 0, end);
    uint64_t status = 0, length = 0;
    str_u64(str_slice(head, 9, 3), &status);
    atomic_fetch_add(&statuses[status < 600 ? status : 0], 1);
    struct str text = header_of(head, "content-length:");
    bool close_after = str_caseeq(header_of(head, "connection:"), STR("close"));
    if (header_of(head, "transfer-encoding:").p) {
        size_t total = read_chunks(fd, in, end + 4);
        atomic_fetch_add(&bytes_received, (long)total);
        return !close_after;
    }
    if (!text.p && status != 204 && status != 304) { /* until the server closes */
        while (fill(fd, in))
            ;
        atomic_fetch_add(&bytes_received, (long)in->n);
        return false;
    }
    if (text.p)
        str_u64(text, &length);
    close_after |=
        str_starts(head, STR("HTTP/1.0")) && !str_caseeq(header_of(head, "connection:"), STR("keep-alive"));
    while (in->n < end + 4 + length)
        if (!fill(fd, in))
            fail_with("recv");
    atomic_fetch_add(&bytes_received, (long)in->n);
    return !close_after;
}

static void *run_connection(void *unused)
{
    SCOPED_BUF(out, MESSAGE_MAX);
    SCOPED_BUF(body, MESSAGE_MAX);
    SCOPED_BUF(in, MESSAGE_MAX);
    int fd = -1;
    (void)unused;
    for (;;) {
        long number = atomic_fetch_add(&next_request, 1);
        if (number >= plan.requests)
            break;
        if (fd < 0)
            fd = connect_to();
        int64_t began = clock_mono_us();
        send_request(fd, &out, &body, number);
        bool open = read_response(fd, &in);
        latency[number] = clock_mono_us() - began;
        if (!open) {
            close(fd);
            fd = -1;
        }
    }
    if (fd >= 0)
        close(fd);
    return NULL;
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static double percentile(double p)
{
    long at = (long)(p * (double)plan.requests);
    return (double)latency[at < plan.requests ? at : plan.requests - 1] / 1000;
}

static void report(int64_t took)
{
    qsort(latency, (size_t)plan.requests, sizeof *latency, by_value);
    printf("rate %.1f p50 %.3f p99 %.3f p999 %.3f max %.3f bytes %ld status",
           (double)plan.requests * 1e6 / (double)took, percentile(0.5), percentile(0.99), percentile(0.999),
           percentile(1), atomic_load(&bytes_received) / plan.requests);
    for (int i = 0; i < 600; i++)
        if (atomic_load(&statuses[i]))
            printf(" %d:%ld", i, atomic_load(&statuses[i]));
    printf("\n");
}

static struct str read_file(const char *path)
{
    static struct buf content = {.max = MESSAGE_MAX};
    FILE *f = fopen(path, "rb");
    if (!f)
        fail_with(path);
    size_t n;
    while ((n = fread(buf_reserve(&content, 65536), 1, 65536, f)) > 0)
        buf_commit(&content, n);
    fclose(f);
    return buf_view(&content);
}

int main(int argc, char **argv)
{
    if (argc < 8) {
        fprintf(
            stderr,
            "usage: load HOST PORT USER:PASSWORD CONNECTIONS REQUESTS METHOD PATH [BODY-FILE [HEADER]...]\n");
        return 2;
    }
    plan = (struct plan){.host = argv[1],
                         .port = (int)strtol(argv[2], NULL, 10),
                         .connections = (int)strtol(argv[4], NULL, 10),
                         .requests = strtol(argv[5], NULL, 10),
                         .method = argv[6],
                         .path = str_c(argv[7]),
                         .head = BUF_INIT(65536)};
    buf_addz(&plan.head, "Authorization: Basic ");
    buf_base64(&plan.head, str_c(argv[3]));
    buf_addz(&plan.head, "\r\n");
    if (argc > 8 && *argv[8])
        plan.body = read_file(argv[8]);
    for (int i = 9; i < argc; i++)
        buf_addf(&plan.head, "%s\r\n", argv[i]);
    latency = calloc((size_t)plan.requests + 1, sizeof *latency);
    pthread_t *threads = calloc((size_t)plan.connections + 1, sizeof *threads);
    if (!latency || !threads || plan.requests < 1)
        fail_with("start");
    int64_t began = clock_mono_us();
    for (int i = 0; i < plan.connections; i++)
        if (pthread_create(&threads[i], NULL, run_connection, NULL) != 0)
            fail_with("pthread_create");
    for (int i = 0; i < plan.connections; i++)
        pthread_join(threads[i], NULL);
    report(clock_mono_us() - began);
    return 0;
}
