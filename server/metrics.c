/* server/metrics.c: what is counted by HTTP, the store and the system. */
#include "server/metrics.h"

#include "core/clock.h"
#include "store/queue.h"

#include <fcntl.h>
#include <stdatomic.h>

/* ---- requests by method and status, and how long they took ---- */
static const struct str methods[] = {
    STR_INIT("GET"),       STR_INIT("HEAD"),       STR_INIT("PUT"),   STR_INIT("DELETE"), STR_INIT("OPTIONS"),
    STR_INIT("PROPFIND"),  STR_INIT("REPORT"),     STR_INIT("POST"),  STR_INIT("MOVE"),   STR_INIT("COPY"),
    STR_INIT("PROPPATCH"), STR_INIT("MKCALENDAR"), STR_INIT("MKCOL"), STR_INIT("ACL"),    STR_INIT("other"),
};
enum { FIRST_STATUS = 200, STATUSES = 400 };
static _Atomic uint64_t requests[COUNT_OF(methods)][STATUSES];

static const int64_t bounds_us[] = {500,   1000,   2500,   5000,    10000,  25000,
                                    50000, 100000, 250000, 1000000, 5000000};
static _Atomic uint64_t buckets[COUNT_OF(bounds_us) + 1], duration_us;

void metrics_request(struct str method, int status, int64_t us)
{
    size_t m = 0, b = 0;
    while (m + 1 < COUNT_OF(methods) && !str_eq(method, methods[m]))
        m++;
    while (b < COUNT_OF(bounds_us) && us > bounds_us[b])
        b++;
    if (status >= FIRST_STATUS && status < FIRST_STATUS + STATUSES)
        atomic_fetch_add_explicit(&requests[m][status - FIRST_STATUS], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&buckets[b], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&duration_us, (uint64_t)us, memory_order_relaxed);
}

static void write_requests(struct buf *out)
{
    metrics_head(out, "scambio_http_requests_total", "counter", "HTTP requests answered");
    for (size_t m = 0; m < COUNT_OF(methods); m++)
        for (int s = 0; s < STATUSES; s++) {
            uint64_t n = atomic_load_explicit(&requests[m][s], memory_order_relaxed);
            if (n)
                buf_addf(out, "scambio_http_requests_total{method=\"%s\",code=\"%d\"} %llu\n", methods[m].p,
                         s + FIRST_STATUS, (unsigned long long)n);
        }
    metrics_head(out, "scambio_http_request_seconds", "histogram",
                 "time from the head of a request to the end of its answer");
    uint64_t sum = 0;
    for (size_t b = 0; b < COUNT_OF(bounds_us); b++) {
        sum += atomic_load_explicit(&buckets[b], memory_order_relaxed);
        buf_addf(out, "scambio_http_request_seconds_bucket{le=\"%g\"} %llu\n", (double)bounds_us[b] / 1e6,
                 (unsigned long long)sum);
    }
    sum += atomic_load_explicit(&buckets[COUNT_OF(bounds_us)], memory_order_relaxed);
    buf_addf(out,
             "scambio_http_request_seconds_bucket{le=\"+Inf\"} %llu\nscambio_http_request_seconds_sum %.6f\n",
             (unsigned long long)sum, (double)atomic_load(&duration_us) / 1e6);
    buf_addf(out, "scambio_http_request_seconds_count %llu\n", (unsigned long long)sum);
}

static void write_store(struct buf *out, struct store *store)
{
    static const struct {
        const char *name, *type, *help;
        size_t offset;
    } store_rows[] = {
        {"scambio_store_commits_total", "counter", "commits", offsetof(struct store_stats, commits)},
        {"scambio_store_writes_total", "counter", "writes committed", offsetof(struct store_stats, writes)},
        {"scambio_store_failed_total", "counter", "writes that failed by a fault",
         offsetof(struct store_stats, failed)},
        {"scambio_store_rerun_total", "counter", "writes run again alone",
         offsetof(struct store_stats, rerun)},
        {"scambio_store_reads_total", "counter", "reading transactions", offsetof(struct store_stats, reads)},
        {"scambio_store_wal_bytes", "gauge", "size of the write-ahead logs",
         offsetof(struct store_stats, wal_bytes)},
        {"scambio_store_checkpoints_total", "counter", "checkpoints",
         offsetof(struct store_stats, checkpoints)},
        {"scambio_store_queue_depth", "gauge", "writes waiting", offsetof(struct store_stats, queue_depth)},
        {"scambio_store_group_largest", "gauge", "writes in the largest group",
         offsetof(struct store_stats, group_largest)},
        {"scambio_store_commit_us_total", "counter", "microseconds spent in commits",
         offsetof(struct store_stats, commit_us_total)},
        {"scambio_store_commit_us_max", "gauge", "microseconds of the slowest commit",
         offsetof(struct store_stats, commit_us_max)},
    };
    struct store_stats stats = {0};
    store_stats(store, &stats);
    for (size_t i = 0; i < COUNT_OF(store_rows); i++) {
        uint64_t value;
        memcpy(&value, (const char *)&stats + store_rows[i].offset, sizeof value);
        metrics_head(out, store_rows[i].name, store_rows[i].type, store_rows[i].help);
        buf_addf(out, "%s %llu\n", store_rows[i].name, (unsigned long long)value);
    }
}

static void write_queue(struct buf *out, struct store *store)
{
    struct queue_figures f;
    SCOPED_READ(tx, store);
    if (!tx || queue_figures(tx, &f) != OK)
        return;
    int64_t age = f.oldest == INT64_MAX ? 0 : clock_now() - f.oldest;
    metrics_head(out, "scambio_queue_recipients", "gauge",
                 "recipients whose mail waits to go out, or is held");
    buf_addf(
        out,
        "scambio_queue_recipients{state=\"waiting\"} %lld\nscambio_queue_recipients{state=\"held\"} %lld\n",
        (long long)f.waiting, (long long)f.held);
    metrics_head(out, "scambio_queue_oldest_seconds", "gauge", "age of the oldest mail that waits to go out");
    buf_addf(out, "scambio_queue_oldest_seconds %lld\n", (long long)(age > 0 ? age : 0));
}

static void write_process(struct buf *out)
{
    char text[128] = "";
    unsigned long long pages = 0;
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    if (fd >= 0)
        close(fd);
    struct str rest = str_n(text, n > 0 ? (size_t)n : 0), size, resident;
    uint64_t value;
    if (str_split(&rest, ' ', &size) && str_split(&rest, ' ', &resident) && str_u64(resident, &value))
        pages = value;
    metrics_head(out, "process_resident_memory_bytes", "gauge", "resident memory");
    buf_addf(out, "process_resident_memory_bytes %llu\n", pages * (unsigned long long)sysconf(_SC_PAGESIZE));
}

void metrics_write(struct buf *out, struct store *store)
{
    metrics_counters(out);
    write_requests(out);
    write_process(out);
    if (store) {
        write_store(out, store);
        write_queue(out, store);
    }
}
