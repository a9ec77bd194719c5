/* store/maintain.c: the work that nobody waits for: what was deleted is swept in slices, kept bodies and tombstones end with
 * their days, recurring items are expanded further, and blob files that nothing names go away.
 *
 * Every slice is a small write of its own, so that others' writes come in between. A thread of the store does a round every hour. */
#include "core/clock.h"
#include "core/log.h"
#include "store/blob.h"
#include "store/doctor.h"
#include "store/message_rows.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

enum {
    SLICE = 400,
    DAY = 86400,
    ROUND = 3600,
    FIRST_ROUND = 60,
    EXPAND_AHEAD = 2 * 365 * DAY,
    DUE_MAX = 100000
};

struct maintainer {
    struct store *store;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stopping;
};

struct round {
    struct store *s;
    int64_t now;
};

static bool stopping(struct store *s)
{
    struct maintainer *m = s->maintainer;
    if (!m)
        return false;
    pthread_mutex_lock(&m->lock);
    bool stop = m->stopping;
    pthread_mutex_unlock(&m->lock);
    return stop;
}

/* One slice: a closure that says whether there is more. */
struct slice {
    struct write w;
    enum status (*fn)(struct slice *x, struct tx *tx);
    int64_t subject, from, until;
    int64_t done; /* rows it took away */
};

static enum status slice_run(struct write *w, struct tx *tx)
{
    struct slice *x = CONTAINER_OF(w, struct slice, w);
    x->done = 0;
    return x->fn(x, tx);
}

/* Runs slices until one finds nothing to do. */
static enum status slices(struct round *r, int64_t id, struct slice *x)
{
    enum status st;
    do {
        x->w = (struct write){.run = slice_run, .account = id, .bytes = 4096};
        st = store_run(r->s, &x->w);
        if (st == E_BUSY) { /* the writer has enough to do */
            struct timespec pause = {.tv_nsec = 100000000};
            nanosleep(&pause, NULL);
            x->done = 1;
            st = OK;
        }
        if (stopping(r->s))
            return E_UNAVAILABLE;
    } while (st == OK && x->done > 0);
    return st;
}

/* Calls step for each row of a query; the rows are read before the first is changed. */
struct victim {
    int64_t a, b, c;
};
typedef enum status (*victim_fn)(struct tx *tx, struct slice *x, const struct victim *v);

static enum status each_victim(struct slice *x, struct tx *tx, struct stmt *q, victim_fn step)
{
    struct victim rows[SLICE];
    size_t n = 0;
    enum status st;
    while (n < SLICE && (st = stmt_row(q)) == OK)
        rows[n++] = (struct victim){col_int(q, 0), col_int(q, 1), col_int(q, 2)};
    if (n < SLICE && st != NOT_FOUND)
        return st;
    stmt_end(q);
    st = OK;
    for (size_t i = 0; i < n && st == OK; i++)
        st = step(tx, x, &rows[i]);
    x->done = (int64_t)n;
    return st;
}

/* ---- collections and accounts that are gone ---- */
static enum status sweep_item(struct tx *tx, struct slice *x, const struct victim *v) /* uid, item, content */
{
    struct db *db = tx_wdb(tx, x->subject);
    enum status st = derived_remove(tx, v->b);
    if (st == OK)
        st = former_drop(tx, v->b);
    if (st == OK)
        st = DB_RUN(db, "DELETE FROM prop WHERE target = ?1", db_int(v->b));
    if (st == OK)
        st = DB_RUN(db, "DELETE FROM user_state WHERE collection = ?1 AND uid = ?2", db_int(x->subject),
                    db_int(v->a));
    if (st == OK)
        st = DB_RUN(db, "DELETE FROM item WHERE id = ?1", db_int(v->b));
    if (st == OK)
        st = DB_RUN(db, "DELETE FROM entry WHERE collection = ?1 AND uid = ?2", db_int(x->subject),
                    db_int(v->a));
    return st == OK ? content_release(tx, v->c) : st;
}

static enum status sweep_items(struct slice *x, struct tx *tx)
{
    struct stmt *q = DB_QUERY(tx_wdb(tx, x->subject),
                              "SELECT e.uid, e.item, i.content FROM entry e JOIN item i ON i.id = e.item"
                              " WHERE e.collection = ?1 ORDER BY e.uid LIMIT 400",
                              db_int(x->subject));
    return each_victim(x, tx, q, sweep_item);
}

static enum status sweep_tombstone(struct tx *tx, struct slice *x,
                                   const struct victim *v) /* collection, seq, content */
{
    int64_t item;
    enum status st = DB_GET_INT(tx_wdb(tx, x->subject), &item,
                                "DELETE FROM tombstone WHERE collection = ?1 AND seq = ?2 RETURNING item",
                                db_int(v->a), db_int(v->b));
    if (st == OK && store_shard_of(item) == store_shard_of(x->subject))
        st = former_drop(tx, item);
    return st == OK && v->c ? content_release(tx, v->c) : st;
}

static enum status sweep_tombstones(struct slice *x, struct tx *tx)
{
    struct stmt *q = DB_QUERY(
        tx_wdb(tx, x->subject),
        "SELECT collection, seq, content FROM tombstone WHERE collection = ?1 LIMIT 400", db_int(x->subject));
    return each_victim(x, tx, q, sweep_tombstone);
}

static enum status sweep_collection_row(struct slice *x, struct tx *tx)
{
    struct db *db = tx_wdb(tx, x->subject);
    enum status st = DB_RUN(db, "DELETE FROM acl WHERE collection = ?1", db_int(x->subject));
    if (st == OK)
        st = DB_RUN(db, "DELETE FROM prop WHERE target = ?1", db_int(x->subject));
    if (st == OK)
        st = DB_RUN(db, "DELETE FROM keyword WHERE collection = ?1", db_int(x->subject));
    if (st == OK)
        st = DB_RUN(db, "DELETE FROM user_count WHERE collection = ?1", db_int(x->subject));
    return st == OK ? DB_RUN(db, "DELETE FROM collection WHERE id = ?1 AND gone > 0", db_int(x->subject))
                    : st;
}

static enum status sweep_mounts(struct slice *x, struct tx *tx)
{
    struct db *db = tx_wdb(tx, x->subject);
    enum status st = DB_RUN(db, "DELETE FROM prop WHERE target IN (SELECT id FROM mount WHERE account = ?1)",
                            db_int(x->subject));
    if (st == OK)
        st = DB_RUN(db, "DELETE FROM mount WHERE account = ?1", db_int(x->subject));
    if (st == OK)
        st = DB_RUN(db, "DELETE FROM prop WHERE target = ?1", db_int(x->subject));
    if (st == OK)
        st = DB_RUN(db, "DELETE FROM subscription WHERE account = ?1", db_int(x->subject));
    return st == OK ? DB_RUN(db, "DELETE FROM account WHERE id = ?1 AND deleted > 0", db_int(x->subject))
                    : st;
}

typedef enum status (*slice_fn)(struct slice *x, struct tx *tx);

static enum status sweep_all(struct round *r, int64_t subject, const slice_fn *steps, size_t count)
{
    enum status st = OK;
    for (size_t i = 0; i < count && st == OK; i++) {
        struct slice x = {.fn = steps[i], .subject = subject};
        st = slices(r, subject, &x);
    }
    return st;
}

/* The numbers that a query of one shard gives; read first, worked on afterwards. */
static enum status numbers_of(struct round *r, int slot, const char *sql, int64_t bound, struct arena *a,
                              int64_t **out, size_t *count)
{
    SCOPED_READ(tx, r->s);
    size_t cap = 0;
    *count = 0;
    *out = NULL;
    if (!tx)
        return E_MEMORY;
    SCOPED_STMT(q) = db_query(tx_db_slot(tx, slot), sql, (const struct db_value[]){db_int(bound)}, 1);
    enum status st;
    while ((st = stmt_row(q)) == OK && *count < DUE_MAX) {
        *out = arena_grow(a, *out, *count, &cap, *count + 1, sizeof **out);
        if (!*out)
            return a->st;
        (*out)[(*count)++] = col_int(q, 0);
    }
    return st == NOT_FOUND ? OK : st;
}

static enum status sweep_gone(struct round *r, int slot)
{
    static const slice_fn of_collection[] = {sweep_items, sweep_tombstones, sweep_collection_row};
    static const slice_fn of_account[] = {sweep_tombstones, sweep_mounts};
    SCOPED_ARENA(a, 16 << 20);
    int64_t *ids;
    size_t count;
    enum status st =
        numbers_of(r, slot,
                   DB_SCAN "SELECT c.id FROM collection c WHERE c.gone > 0 AND (c.gone <= ?1 OR"
                           " EXISTS(SELECT 1 FROM account a WHERE a.id = c.account AND a.deleted > 0))",
                   r->now - r->s->config.keep_deleted, &a, &ids, &count);
    for (size_t i = 0; i < count && st == OK; i++)
        st = sweep_all(r, ids[i], of_collection, COUNT_OF(of_collection));
    if (st == OK)
        st = numbers_of(r, slot,
                        DB_SCAN "SELECT a.id FROM account a WHERE a.deleted > 0 AND a.deleted <= ?1 AND"
                                " NOT EXISTS(SELECT 1 FROM collection c WHERE c.account = a.id)",
                        r->now, &a, &ids, &count);
    for (size_t i = 0; i < count && st == OK; i++)
        st = sweep_all(r, ids[i], of_account, COUNT_OF(of_account));
    return st;
}

/* ---- tombstones and what they keep ---- */
static enum status forget_body(struct tx *tx, struct slice *x,
                               const struct victim *v) /* collection, seq, content */
{
    enum status st =
        DB_RUN(tx_wdb(tx, x->subject),
               "UPDATE tombstone SET content = NULL, prefix = NULL WHERE collection = ?1 AND seq = ?2",
               db_int(v->a), db_int(v->b));
    return st == OK ? content_release(tx, v->c) : st;
}

static enum status forget_bodies(struct slice *x, struct tx *tx)
{
    struct stmt *q = DB_QUERY(tx_wdb(tx, x->subject),
                              "SELECT collection, seq, content FROM tombstone WHERE at > ?1 AND at <= ?2 AND"
                              " content IS NOT NULL ORDER BY at LIMIT 400",
                              db_int(x->from), db_int(x->until));
    return each_victim(x, tx, q, forget_body);
}

static enum status forget_former(struct tx *tx, struct slice *x,
                                 const struct victim *v) /* item, seq, content */
{
    enum status st = DB_RUN(tx_wdb(tx, x->subject), "DELETE FROM former WHERE item = ?1 AND seq = ?2",
                            db_int(v->a), db_int(v->b));
    return st == OK ? content_release(tx, v->c) : st;
}

static enum status forget_formers(struct slice *x, struct tx *tx)
{
    struct stmt *q = DB_QUERY(tx_wdb(tx, x->subject),
                              "SELECT item, seq, content FROM former WHERE at <= ?1 ORDER BY at LIMIT 400",
                              db_int(x->until));
    return each_victim(x, tx, q, forget_former);
}

/* A token from before this deletion can no longer be answered: the horizon says so. */
static enum status end_tombstone(struct tx *tx, struct slice *x,
                                 const struct victim *v) /* collection, seq, content */
{
    struct db *db = tx_wdb(tx, x->subject);
    enum status st = DB_RUN(db, "UPDATE collection SET horizon = max(horizon, ?2) WHERE id = ?1",
                            db_int(v->a), db_int(v->b));
    if (st == OK)
        st = DB_RUN(db, "UPDATE account SET horizon = max(horizon, ?2) WHERE id = ?1", db_int(v->a),
                    db_int(v->b));
    return st == OK ? sweep_tombstone(tx, x, v) : st;
}

static enum status end_tombstones(struct slice *x, struct tx *tx)
{
    struct stmt *q =
        DB_QUERY(tx_wdb(tx, x->subject),
                 "SELECT collection, seq, content FROM tombstone WHERE at <= ?1 ORDER BY at LIMIT 400",
                 db_int(x->until));
    return each_victim(x, tx, q, end_tombstone);
}

static enum status sweep_old(struct round *r, int slot)
{
    struct slice bodies = {.fn = forget_bodies, .subject = slot, .until = r->now - r->s->config.keep_deleted};
    struct slice formers = {.fn = forget_formers, .subject = slot, .until = bodies.until};
    struct slice stones = {
        .fn = end_tombstones, .subject = slot, .until = r->now - r->s->config.tombstone_days * DAY};
    enum status st = slices(r, slot, &stones);
    if (st == OK)
        st = slices(r, slot, &formers);
    return st == OK ? slices(r, slot, &bodies) : st;
}

/* ---- recurring items ---- */
struct expansion {
    struct write w;
    int64_t item, content, collection;
    struct prepared prepared;
    struct mail_key key; /* messages: these two */
    struct str mime;
};

/* The item may have changed since it was read: then its new rows are right already. */
static enum status run_expansion(struct write *w, struct tx *tx)
{
    struct expansion *e = CONTAINER_OF(w, struct expansion, w);
    int64_t collection;
    enum status st = DB_GET_INT(tx_wdb(tx, e->item), &collection,
                                "SELECT collection FROM item WHERE id = ?1 AND content = ?2", db_int(e->item),
                                db_int(e->content));
    if (st != OK)
        return st == NOT_FOUND ? OK : st;
    st = derived_remove(tx, e->item);
    return st == OK ? derived_add(tx, collection, e->item, &e->prepared) : st;
}

static enum status run_mail(struct write *w, struct tx *tx)
{
    struct expansion *e = CONTAINER_OF(w, struct expansion, w);
    return message_derived_write(tx, e->content, &e->key, e->mime);
}

static enum status read_item(struct store *s, struct arena *a, struct expansion *e, enum media *media,
                             struct str *body)
{
    SCOPED_READ(tx, s);
    if (!tx)
        return E_MEMORY;
    SCOPED_STMT(q) = DB_QUERY(
        tx_db(tx, e->item),
        "SELECT i.content, c.kind FROM item i JOIN collection c ON c.id = i.collection WHERE i.id = ?1",
        db_int(e->item));
    enum status st = stmt_row(q);
    if (st != OK)
        return st;
    struct item item = {.id = e->item, .content = e->content = col_int(q, 0)};
    *media = media_of((enum collection_kind)col_int(q, 1));
    return item_body_arena(tx, a, &item, body);
}

enum status derive_again(struct store *s, struct arena *a, int64_t id)
{
    struct expansion e = {.item = id, .w = {.run = run_expansion, .account = id}};
    enum media media;
    struct str body;
    arena_reset(a);
    enum status st = read_item(s, a, &e, &media, &body);
    if (st == NOT_FOUND) /* deleted meanwhile */
        return OK;
    if (st == OK && media == MEDIA_MESSAGE) {
        e.w.run = run_mail;
        st = message_derive(&s->config, a, body, &e.key, &e.mime);
    } else if (st == OK) {
        st = prepare_derived(s, a, media, body, &e.prepared);
    }
    return st == OK ? store_run(s, &e.w) : st;
}

static enum status expand_due(struct round *r, int slot)
{
    SCOPED_ARENA(ids_arena, 16 << 20);
    SCOPED_ARENA(a, 64 << 20);
    int64_t *ids;
    size_t count;
    enum status st = numbers_of(r, slot, "SELECT item FROM span WHERE recurs = 1 AND until_done < ?1",
                                r->now + EXPAND_AHEAD, &ids_arena, &ids, &count);
    for (size_t i = 0; i < count && st >= OK; i++) {
        st = stopping(r->s) ? E_UNAVAILABLE : derive_again(r->s, &a, ids[i]);
        if (st > OK) /* stored by an earlier version that took it: its old rows stay */
            log_warning("store: item %lld is not expanded further: %s", (long long)ids[i], status_text(st));
    }
    return st > OK ? OK : st;
}

/* ---- blob files ---- */
static enum status blob_named(struct store *s, const unsigned char *hash, bool *named)
{
    SCOPED_READ(tx, s);
    *named = true;
    if (!tx)
        return E_MEMORY;
    for (int slot = 0; slot < s->shards; slot++) {
        int64_t id;
        enum status st =
            DB_GET_INT(tx_db_slot(tx, slot), &id, "SELECT id FROM content WHERE hash = ?1 AND blob = 1",
                       db_blob(str_n(hash, SHA256_SIZE)));
        if (st != NOT_FOUND)
            return st;
    }
    *named = false;
    return OK;
}

static bool hash_of_name(const char *name, unsigned char hash[SHA256_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    size_t i = 0;
    for (; i < 2 * SHA256_SIZE && name[i]; i++) {
        const char *d = strchr(digits, name[i]);
        if (!d)
            return false;
        hash[i / 2] = (unsigned char)(i % 2 ? hash[i / 2] | (d - digits) : (d - digits) << 4);
    }
    return i == 2 * SHA256_SIZE && name[i] == 0;
}

/* Age first, then the references, then (inside blob_remove, with its lock) the pin: a write that wants this very body pins it before
 * it looks for the file, so it either finds the file or makes it again. */
static enum status sweep_file(struct round *r, int folder, const char *name)
{
    unsigned char hash[SHA256_SIZE];
    struct stat info;
    bool named = true;
    if (fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) != 0 || info.st_mtime > r->now - DAY)
        return OK;
    if (!hash_of_name(name, hash)) {
        if (strncmp(name, "tmp-", 4) == 0)
            (void)unlinkat(folder, name, 0); /* of a run that was cut off */
        return OK;
    }
    enum status st = blob_named(r->s, hash, &named);
    if (st != OK || named)
        return st;
    st = blob_remove(r->s, hash);
    return st < 0 ? st : OK;
}

static enum status sweep_blobs(struct round *r)
{
    enum status st = OK;
    for (int i = 0; i < 256 && st == OK; i++) {
        char folder[3];
        snprintf(folder, sizeof folder, "%02x", i);
        int fd = openat(blobs_fd(r->s), folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *d = fd < 0 ? NULL : fdopendir(fd);
        for (struct dirent *e; d && st == OK && (e = readdir(d));)
            if (e->d_name[0] != '.')
                st = stopping(r->s) ? E_UNAVAILABLE : sweep_file(r, fd, e->d_name);
        if (d)
            closedir(d);
    }
    return st;
}

/* ---- rounds ---- */
enum status store_maintain(struct store *s, int64_t now)
{
    struct round r = {.s = s, .now = now};
    enum status st = OK;
    pthread_mutex_lock(&s->sweep);
    for (int slot = 0; slot < s->shards && st == OK; slot++) {
        st = sweep_gone(&r, slot);
        if (st == OK)
            st = sweep_old(&r, slot);
        if (st == OK)
            st = expand_due(&r, slot);
        checkpointer_ask(s, slot);
    }
    if (st == OK)
        st = sweep_blobs(&r);
    pthread_mutex_unlock(&s->sweep);
    return st;
}

static void *maintainer_main(void *arg)
{
    struct maintainer *m = arg;
    int64_t wait = FIRST_ROUND;
    pthread_mutex_lock(&m->lock);
    while (!m->stopping) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += wait;
        if (pthread_cond_timedwait(&m->wake, &m->lock, &until) == 0 || m->stopping)
            continue;
        pthread_mutex_unlock(&m->lock);
        enum status st = store_maintain(m->store, clock_now());
        if (st != OK && st != E_UNAVAILABLE)
            log_error("store: background work: %s; it is tried again in an hour", status_text(st));
        wait = ROUND;
        pthread_mutex_lock(&m->lock);
    }
    pthread_mutex_unlock(&m->lock);
    return NULL;
}

enum status maintainer_start(struct store *s)
{
    pthread_condattr_t monotonic;
    struct maintainer *m = calloc(1, sizeof *m);
    if (!m)
        return E_MEMORY;
    m->store = s;
    pthread_mutex_init(&m->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&m->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    s->maintainer = m;
    if (pthread_create(&m->thread, NULL, maintainer_main, m) == 0)
        return OK;
    s->maintainer = NULL;
    pthread_cond_destroy(&m->wake);
    pthread_mutex_destroy(&m->lock);
    free(m);
    return E_MEMORY;
}

void maintainer_stop(struct store *s)
{
    struct maintainer *m = s->maintainer;
    if (!m)
        return;
    pthread_mutex_lock(&m->lock);
    m->stopping = true;
    pthread_cond_signal(&m->wake);
    pthread_mutex_unlock(&m->lock);
    pthread_join(m->thread, NULL);
    s->maintainer = NULL;
    pthread_cond_destroy(&m->wake);
    pthread_mutex_destroy(&m->lock);
    free(m);
}
