/* tests/crash/load.c: a load on the store for the power-cut simulation: writer threads that put, replace,
 * delete and move items, small ones and such as need a blob file, over several rounds of opening and closing
 * the store.
 *
 *   load DIR NOTES OPERATIONS SEED SHARDS [ROUNDS]
 *
 * Each thread owns its names, so that what it did to one of them is a row of steps. Every step is a line in
 * NOTES before it is submitted and one after it was acknowledged; each line is one write(), which record.c
 * puts into the trace in order. */
#include "store/collection.h"
#include "store/item.h"
#include "store/principal.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { THREADS = 16, ACCOUNTS = 4, NAMES = 6, MB = 1 << 20 };
enum { CAL_A, CAL_B, BOOK, COLLECTIONS };

struct account_ids {
    int64_t id, collections[COLLECTIONS];
};

struct thing { /* one name and where its item is; -1: nowhere */
    int at;
    int id; /* of the object, over all threads */
    char name[32], uid[32];
};

struct writer {
    struct write w;
    struct store *s;
    struct arena arena;
    struct account_ids *account;
    struct thing things[2 * NAMES]; /* events, then cards */
    uint64_t rng;
    long left;
    int number, notes;
    /* the step in hand */
    struct thing *thing;
    int to;
    struct prepared prepared;
    struct item_put_result put;
    int64_t seq_from, seq_to;
};

static void die(const char *what, enum status st)
{
    fprintf(stderr, "load: %s: %s\n", what, status_text(st));
    exit(1);
}

static void note(int fd, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void note(int fd, const char *format, ...)
{
    char line[512];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (write(fd, line, (size_t)n) != n)
        die("the notes cannot be written", E_IO);
}

static uint64_t draw(struct writer *w)
{
    w->rng ^= w->rng << 13;
    w->rng ^= w->rng >> 7;
    w->rng ^= w->rng << 17;
    return w->rng;
}

static const char *hex(const unsigned char *hash, char out[2 * SHA256_SIZE + 1])
{
    for (int i = 0; i < SHA256_SIZE; i++)
        snprintf(out + 2 * i, 3, "%02x", hash[i]);
    return out;
}

/* ---- bodies ---- */
static void event_body(struct buf *b, const struct thing *t, uint64_t random, bool large)
{
    buf_addf(b, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//load//EN\r\nBEGIN:VEVENT\r\nUID:%s\r\n", t->uid);
    unsigned version = large ? (unsigned)(random % 3) : (unsigned)(random % 100000);
    buf_addf(b, "DTSTAMP:20260101T000000Z\r\nDTSTART:202601%02uT100000Z\r\nSUMMARY:version %u\r\n",
             version % 28 + 1, version);
    if (random % 5 == 0)
        buf_addz(b, "RRULE:FREQ=WEEKLY;COUNT=10\r\n");
    for (int i = 0; large && i < 1200; i++)
        buf_addf(b, "COMMENT:%05d of a long description that fills a file of its own %u\r\n", i, version);
    buf_addz(b, "END:VEVENT\r\nEND:VCALENDAR\r\n");
}

static void card_body(struct buf *b, const struct thing *t, uint64_t random)
{
    buf_addf(b,
             "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:%s\r\nFN:Name "
             "%u\r\nN:Name;%u;;;\r\nEMAIL:n%u@example.test\r\nEND:VCARD\r\n",
             t->uid, (unsigned)(random % 1000), (unsigned)(random % 77), (unsigned)(random % 99));
}

/* ---- the closures ---- */
static enum status seq_of(struct writer *w, struct tx *tx, int64_t collection, int64_t *seq)
{
    struct collection c;
    enum status st = collection_get(tx, &w->arena, &actor_system, collection, &c);
    *seq = c.seq;
    return st;
}

static enum status run_put(struct write *base, struct tx *tx)
{
    struct writer *w = CONTAINER_OF(base, struct writer, w);
    return tx_item_put(tx, &w->arena, &actor_system, w->account->collections[w->to], str_c(w->thing->name),
                       &w->prepared, &w->put);
}

static enum status run_delete(struct write *base, struct tx *tx)
{
    struct writer *w = CONTAINER_OF(base, struct writer, w);
    int64_t from = w->account->collections[w->thing->at];
    enum status st = tx_item_delete(tx, &actor_system, from, str_c(w->thing->name));
    return st ? st : seq_of(w, tx, from, &w->seq_from);
}

static enum status run_move(struct write *base, struct tx *tx)
{
    struct writer *w = CONTAINER_OF(base, struct writer, w);
    int64_t from = w->account->collections[w->thing->at], to = w->account->collections[w->to];
    struct item_move_result moved;
    enum status st = tx_item_move(tx, &w->arena, &actor_system, from, str_c(w->thing->name), to,
                                  str_c(w->thing->name), false, &moved);
    if (st == OK)
        st = seq_of(w, tx, from, &w->seq_from);
    return st ? st : seq_of(w, tx, to, &w->seq_to);
}

static void submit(struct writer *w, enum status (*run)(struct write *, struct tx *), const char *what)
{
    w->w = (struct write){.run = run, .account = w->account->id, .bytes = w->prepared.body.n + 512};
    enum status st = store_run(w->s, &w->w);
    if (st != OK)
        die(what, st);
}

/* ---- the steps ---- */
static void step_put(struct writer *w, struct thing *t, bool card)
{
    char h[2 * SHA256_SIZE + 1];
    uint64_t random = draw(w);
    SCOPED_BUF(body, MB);
    if (card)
        card_body(&body, t, random);
    else
        event_body(&body, t, random, draw(w) % 12 == 0);
    struct prepare_problem problem = {0};
    w->to = card ? BOOK : t->at >= 0 ? t->at : (int)(draw(w) % 2);
    enum status st = card ? prepare_vcard(w->s, &w->arena, buf_view(&body), &w->prepared, &problem)
                          : prepare_calendar(w->s, &w->arena, buf_view(&body), &w->prepared, &problem);
    if (st != OK)
        die("prepare", st);
    hex(w->prepared.hash, h);
    note(w->notes, "B %d P %lld %s %s\n", t->id, (long long)w->account->collections[w->to], t->name, h);
    submit(w, run_put, "put");
    prepared_release(&w->prepared);
    t->at = w->to;
    note(w->notes, "E %d %lld\n", t->id, (long long)(w->put.unchanged ? 0 : w->put.seq));
}

static void step_delete(struct writer *w, struct thing *t)
{
    note(w->notes, "B %d D %lld %s -\n", t->id, (long long)w->account->collections[t->at], t->name);
    submit(w, run_delete, "delete");
    t->at = -1;
    note(w->notes, "E %d %lld\n", t->id, (long long)w->seq_from);
}

static void step_move(struct writer *w, struct thing *t)
{
    w->to = t->at == CAL_A ? CAL_B : CAL_A;
    note(w->notes, "B %d M %lld %s %lld\n", t->id, (long long)w->account->collections[t->at], t->name,
         (long long)w->account->collections[w->to]);
    submit(w, run_move, "move");
    t->at = w->to;
    note(w->notes, "E %d %lld %lld\n", t->id, (long long)w->seq_from, (long long)w->seq_to);
}

static void *writer_main(void *arg)
{
    struct writer *w = arg;
    for (; w->left > 0; w->left--) {
        size_t which = draw(w) % COUNT_OF(w->things);
        bool card = which >= NAMES && draw(w) % 3 == 0;
        struct thing *t = w->thing = &w->things[card ? which : which % NAMES];
        unsigned dice = (unsigned)(draw(w) % 100);
        w->prepared = (struct prepared){0};
        arena_reset(&w->arena);
        if (t->at < 0 || dice < 60)
            step_put(w, t, card);
        else if (dice < 80 || card)
            step_delete(w, t);
        else
            step_move(w, t);
    }
    return NULL;
}

/* ---- setting up ---- */
struct setup {
    struct write w;
    struct principal principal;
    struct account_ids *ids;
    int number;
    int64_t job; /* the promise of an account */
};

static const struct account_plan bare = {.collections = false, .quota = -1};

static enum status run_principal(struct write *w, struct tx *tx)
{
    struct setup *u = CONTAINER_OF(w, struct setup, w);
    char address[32];
    snprintf(address, sizeof address, "u%d@example.test", u->number);
    u->principal = (struct principal){.kind = PRINCIPAL_USER,
                                      .source = STR("local"),
                                      .ext_id = str_c(address),
                                      .name = str_c(address),
                                      .state = PRINCIPAL_ACTIVE,
                                      .address = str_c(address)};
    enum status st = tx_principal_create(tx, &u->principal);
    return st == OK ? tx_account_promise(tx, u->principal.id, &bare, &u->job) : st;
}

static enum status run_account(struct write *w, struct tx *tx)
{
    struct setup *u = CONTAINER_OF(w, struct setup, w);
    static const struct {
        struct str slug;
        enum collection_kind kind;
    } rows[COLLECTIONS] = {[CAL_A] = {STR_INIT("a"), KIND_CALENDAR},
                           [CAL_B] = {STR_INIT("b"), KIND_CALENDAR},
                           [BOOK] = {STR_INIT("c"), KIND_ADDRESSBOOK}};
    enum status st = tx_account_create(tx, u->ids->id, false, STR("en"));
    for (int i = 0; i < COLLECTIONS && st == OK; i++) {
        struct collection_new in = {.account = u->ids->id, .kind = rows[i].kind, .slug = rows[i].slug};
        st = tx_collection_create(tx, &actor_system, &in, &u->ids->collections[i]);
    }
    return st;
}

static void set_up(struct store *s, struct account_ids *accounts, int notes)
{
    for (int i = 0; i < ACCOUNTS; i++) {
        struct setup u = {
            .w = {.run = run_principal, .account = STORE_MAIN}, .ids = &accounts[i], .number = i};
        enum status st = store_run(s, &u.w);
        if (st == OK) {
            accounts[i].id = u.principal.id;
            st = account_make(s, accounts[i].id, &bare, u.job);
        }
        if (st == OK) {
            u.w = (struct write){.run = run_account, .account = accounts[i].id};
            st = store_run(s, &u.w);
        }
        if (st != OK)
            die("an account cannot be made", st);
        for (int c = 0; c < COLLECTIONS; c++)
            note(notes, "C %lld %lld\n", (long long)accounts[i].collections[c], (long long)accounts[i].id);
    }
}

static void writer_init(struct writer *w, int number, struct account_ids *accounts, uint64_t seed, int notes)
{
    *w = (struct writer){.arena = ARENA_INIT(16 * MB),
                         .account = &accounts[number % ACCOUNTS],
                         .number = number,
                         .notes = notes};
    w->rng = (seed + 1) * 0x9e3779b97f4a7c15 + (uint64_t)number * 0x2545f4914f6cdd1d + 7;
    for (int i = 0; i < 2 * NAMES; i++) {
        struct thing *t = &w->things[i];
        t->at = -1;
        t->id = number * 2 * NAMES + i;
        snprintf(t->name, sizeof t->name, "t%d-%d.%s", number, i, i < NAMES ? "ics" : "vcf");
        snprintf(t->uid, sizeof t->uid, "t%d-%d@load", number, i);
    }
}

static void run_round(struct writer *writers, struct store *s, long operations)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        writers[i].s = s;
        writers[i].left = operations / THREADS;
        if (pthread_create(&threads[i], NULL, writer_main, &writers[i]) != 0)
            die("threads", E_MEMORY);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

int main(int argc, char **argv)
{
    if (argc < 6) {
        fprintf(stderr, "usage: load DIR NOTES OPERATIONS SEED SHARDS [ROUNDS]\n");
        return 2;
    }
    static struct writer writers[THREADS];
    struct account_ids accounts[ACCOUNTS] = {0};
    int rounds = argc > 6 ? (int)strtol(argv[6], NULL, 10) : 3;
    long operations = strtol(argv[3], NULL, 10) / rounds;
    int notes = open(argv[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    for (int i = 0; i < THREADS; i++)
        writer_init(&writers[i], i, accounts, strtoull(argv[4], NULL, 10), notes);
    struct store_config config = store_config_default(argv[1]);
    config.shards = (int)strtol(argv[5], NULL, 10);
    for (int round = 0; round < rounds; round++) {
        struct store *s = NULL;
        SCOPED_BUF(why, 1024);
        enum status st = store_open(&config, &s, &why);
        if (st != OK)
            die(buf_c(&why), st);
        if (round == 0)
            set_up(s, accounts, notes);
        run_round(writers, s, operations);
        store_close(s);
    }
    for (int i = 0; i < THREADS; i++)
        arena_free(&writers[i].arena);
    return 0;
}
