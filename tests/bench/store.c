/* tests/bench/store.c: the store alone: durable PUTs by one and by many writers beside plain fdatasync of 4 KB appends on the same
 * disk, and a week's query in a small calendar and in a large one. Usage: store [FOLDER]; it is made and removed. */
#include "core/clock.h"
#include "store/item.h"

#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

enum { SECOND = 1000000, RUN = 2 * SECOND, CLIENTS_MAX = 64, SMALL = 500, LARGE = 50000, QUERIES = 200 };

struct bench {
    struct store *s;
    int64_t account, calendar;
    atomic_long puts;
    atomic_bool stop;
    atomic_long number;
};

static void must(enum status st, const char *what)
{
    if (st == OK)
        return;
    fprintf(stderr, "%s: %s\n", what, status_text(st));
    exit(1);
}

/* ---- one write ---- */

struct put {
    struct write write;
    struct bench *b;
    struct arena arena;
    struct prepared prepared;
    struct item_put_result result;
    struct str name;
    const struct actor *actor;
    struct collection_new fresh;
    const char *slug;
};

static enum status run_put(struct write *w, struct tx *tx)
{
    struct put *p = CONTAINER_OF(w, struct put, write);
    return tx_item_put(tx, &p->arena, &actor_system, p->b->calendar, p->name, &p->prepared, &p->result);
}

static enum status run_account(struct write *w, struct tx *tx)
{
    return tx_account_create(tx, CONTAINER_OF(w, struct put, write)->b->account, false, STR("en"));
}

static enum status run_calendar(struct write *w, struct tx *tx)
{
    struct put *p = CONTAINER_OF(w, struct put, write);
    struct collection_new in = {.account = p->b->account, .kind = KIND_CALENDAR, .slug = str_c(p->slug)};
    return tx_collection_create(tx, &actor_system, &in, &p->b->calendar);
}

static void new_calendar(struct bench *b, const char *slug)
{
    struct put p = {.write = {.run = run_calendar, .account = b->account}, .b = b, .slug = slug};
    must(store_run(b->s, &p.write), "calendar");
}

/* An event on day `day` after 2026-01-01; each tenth repeats every week. */
static void put_event(struct bench *b, long n, long day)
{
    struct put p = {.write = {.run = run_put, .account = b->calendar}, .b = b, .arena = ARENA_INIT(1 << 20)};
    struct prepare_problem problem;
    int year, month, date;
    civil_from_days(days_from_civil(2026, 1, 1) + day, &year, &month, &date);
    struct str text =
        arena_strf(&p.arena,
                   "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//bench//EN\r\nBEGIN:VEVENT\r\nUID:u%ld\r\n"
                   "DTSTAMP:20260101T000000Z\r\nDTSTART:%04d%02d%02dT100000Z\r\nDURATION:PT1H\r\n%s"
                   "SUMMARY:Meeting number %ld\r\nDESCRIPTION:%0300d\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
                   n, year, month, date, n % 10 == 9 ? "RRULE:FREQ=WEEKLY;COUNT=10\r\n" : "", n, 0);
    p.name = arena_strf(&p.arena, "%ld.ics", n);
    must(prepare_calendar(b->s, &p.arena, text, &p.prepared, &problem), "prepare");
    p.write.bytes = text.n;
    must(store_run(b->s, &p.write), "put");
    prepared_release(&p.prepared);
    arena_free(&p.arena);
}

/* ---- writers ---- */

static void *writer(void *arg)
{
    struct bench *b = arg;
    while (!atomic_load(&b->stop)) {
        long n = atomic_fetch_add(&b->number, 1);
        put_event(b, n, n % 3000);
        atomic_fetch_add(&b->puts, 1);
    }
    return NULL;
}

static double put_rate(struct bench *b, int clients)
{
    pthread_t thread[CLIENTS_MAX];
    atomic_store(&b->stop, false);
    atomic_store(&b->puts, 0);
    int64_t start = clock_mono_us();
    for (int i = 0; i < clients; i++)
        pthread_create(&thread[i], NULL, writer, b);
    usleep(RUN);
    atomic_store(&b->stop, true);
    for (int i = 0; i < clients; i++)
        pthread_join(thread[i], NULL);
    return (double)atomic_load(&b->puts) * SECOND / (double)(clock_mono_us() - start);
}

static double sync_rate(const char *dir)
{
    char path[4200], block[4096] = {0};
    snprintf(path, sizeof path, "%s/append", dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int64_t start = clock_mono_us(), now = start;
    long n = 0;
    for (; now - start < RUN; now = clock_mono_us(), n++)
        if (write(fd, block, sizeof block) != (ssize_t)sizeof block || fdatasync(fd) != 0)
            must(E_IO, path);
    close(fd);
    return (double)n * SECOND / (double)(now - start);
}

/* ---- queries ---- */

static enum status count(void *ctx, const struct item *item, struct str body)
{
    (void)item;
    *(size_t *)ctx += body.n > 0;
    return OK;
}

/* The same five events are in the week asked for, whatever the size: the others lie years away. */
static double query_us(struct bench *b, const char *slug, long events)
{
    int64_t from = days_from_civil(2026, 1, 1) * 86400, best = INT64_MAX;
    new_calendar(b, slug);
    atomic_store(&b->number, 0);
    for (long i = 0; i < events; i++)
        put_event(b, i, i < 5 ? i : 400 + i % 20000);
    for (int i = 0; i < QUERIES; i++) {
        size_t hits = 0;
        int64_t start = clock_mono_us();
        SCOPED_READ(tx, b->s);
        must(item_in_range(tx, &actor_system, b->calendar, 0, from, from + 7 * 86400, true, count, &hits),
             "query");
        int64_t took = clock_mono_us() - start;
        best = took < best ? took : best;
        if (hits != 5)
            must(E_INTERNAL, "query: not five hits");
    }
    return (double)best;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
    (void)st, (void)flag, (void)at;
    return remove(path);
}

int main(int argc, char **argv)
{
    char dir[4096];
    snprintf(dir, sizeof dir, "%s/scambio-bench-XXXXXX", argc > 1 ? argv[1] : "/tmp");
    if (!mkdtemp(dir))
        must(E_IO, dir);
    struct store_config config = store_config_default(dir);
    struct bench b = {.account = 16 * 64 + 32};
    SCOPED_BUF(why, 4096);
    must(store_open(&config, &b.s, &why), buf_c(&why));
    struct put account = {.write = {.run = run_account, .account = b.account}, .b = &b};
    must(store_run(b.s, &account.write), "account");
    new_calendar(&b, "puts");
    for (int round = 0; round < 3; round++) {
        double sync = sync_rate(dir);
        printf("fdatasync %.0f/s", sync);
        for (int clients = 1; clients <= 32; clients *= clients == 1 ? 8 : 4) {
            double rate = put_rate(&b, clients);
            printf("   %d writers %.0f/s (%.2f)", clients, rate, rate / sync);
        }
        printf("\n");
    }
    double small = query_us(&b, "small", SMALL), large = query_us(&b, "large", LARGE);
    printf("a week of %d events: %.0f us; of %d: %.0f us (%.2f)\n", SMALL, small, LARGE, large,
           large / small);
    struct store_stats stats;
    store_stats(b.s, &stats);
    printf("commits %llu, writes %llu, largest group %llu, mean commit %.0f us, wal %llu KB\n",
           (unsigned long long)stats.commits, (unsigned long long)stats.writes,
           (unsigned long long)stats.group_largest, (double)stats.commit_us_total / (double)stats.commits,
           (unsigned long long)stats.wal_bytes >> 10);
    store_close(b.s);
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}
