/* store/open.c: opening and closing a store: the lock, the databases, the writers; and what a store tells
 * about itself. */
#include "core/log.h"
#include "store/backup.h"
#include "store/blob.h"
#include "store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

static enum status complain(struct buf *why, const char *dir, const char *what)
{
    buf_addf(why, "%s: %s: %s", dir, what, strerrordesc_np(errno));
    return errno == ENOSPC ? E_FULL : E_IO;
}

/* One process owns the folder: a second one is told so. */
static enum status take_lock(struct store *s, struct buf *why)
{
    if (mkdir(s->dir, 0700) != 0 && errno != EEXIST)
        return complain(why, s->dir, "can not be created");
    s->dirfd = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->dirfd < 0)
        return complain(why, s->dir, "can not be opened");
    s->lockfd = openat(s->dirfd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->lockfd < 0)
        return complain(why, s->dir, "lock");
    if (flock(s->lockfd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK)
            return complain(why, s->dir, "lock");
        buf_addf(why, "%s: another scambio process uses this store", s->dir);
        return E_BUSY;
    }
    if (faccessat(s->dirfd, RESTORE_MARK, F_OK, 0) == 0) {
        buf_addf(why, "%s: holds an unfinished restore: run it again", s->dir);
        return E_CORRUPT;
    }
    return OK;
}

/* Facts of main.db that the other databases depend on. */
static enum status read_settings(struct store *s, struct db *db, struct buf *why)
{
    int64_t shards = 0;
    enum status st =
        DB_GET_INT(db, &shards, "SELECT CAST(value AS INTEGER) FROM setting WHERE key = 'shards'");
    if (st == OK) {
        SCOPED_STMT(q) = DB_QUERY(db, "SELECT value FROM setting WHERE key = 'epoch'");
        st = stmt_row(q);
        struct str epoch = st == OK ? col_str(q, 0) : STR_NONE;
        if (epoch.n == sizeof s->epoch - 1)
            memcpy(s->epoch, epoch.p, epoch.n);
        else
            st = st < 0 ? st : E_CORRUPT;
    }
    if (st == OK && (shards < 1 || shards > SHARDS_MAX))
        st = E_CORRUPT;
    if (st != OK) {
        buf_addf(why, "%s/main.db: settings: %s", s->dir, status_text(st));
        return st;
    }
    s->shards = (int)shards;
    return OK;
}

static enum status start(struct store *s, struct buf *why)
{
    enum status st = take_lock(s, why);
    if (st == OK)
        st = blobs_open(s, why);
    if (st == OK)
        st = checkpointer_start(s);
    if (st == OK)
        st = writer_start(s, SLOT_MAIN, why);
    if (st == OK)
        st = read_settings(s, s->writer[SLOT_MAIN].db, why);
    for (int slot = 0; slot < s->shards && st == OK; slot++)
        st = writer_start(s, slot, why);
    if (st == OK && fsync(s->dirfd) != 0) /* the names of the files made above */
        st = complain(why, s->dir, "sync");
    if (st == OK)
        st = xops_recover(s);
    return st != OK ? st : chores_start(s);
}

static struct store *new_store(const struct store_config *config)
{
    struct store *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->config = *config;
    s->dirfd = s->lockfd = s->blobsfd = -1;
    s->dir = strdup(config->dir);
    s->config.dir = s->dir;
    pthread_mutex_init(&s->reconcile, NULL);
    pthread_mutex_init(&s->sweep, NULL);
    pools_init(s);
    if (!s->dir) {
        store_close(s);
        return NULL;
    }
    return s;
}

enum status store_open(const struct store_config *config, struct store **out, struct buf *why)
{
    *out = NULL;
    if (config->shards < 1 || config->shards > SHARDS_MAX || config->group_rows < 1) {
        buf_addf(why, "store: shards must be 1 to %d", SHARDS_MAX);
        return INVALID;
    }
    struct store *s = new_store(config);
    if (!s)
        return E_MEMORY;
    enum status st = start(s, why);
    if (st == OK)
        st = maintainer_start(s);
    if (st == OK && s->shards != config->shards)
        log_info("store: made with %d shards; the configured %d do not change that", s->shards,
                 config->shards);
    if (st != OK) {
        if (why->n == 0)
            buf_addf(why, "%s: %s", config->dir, status_text(st));
        store_close(s);
        return st;
    }
    *out = s;
    return OK;
}

static enum status start_beside(struct store *s, struct buf *why)
{
    s->dirfd = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->dirfd < 0 || faccessat(s->dirfd, "main.db", R_OK, 0) != 0)
        return complain(why, s->dir, "holds no store that can be read");
    if (faccessat(s->dirfd, RESTORE_MARK, F_OK, 0) == 0) {
        buf_addf(why, "%s: holds an unfinished restore: run it again", s->dir);
        return E_CORRUPT;
    }
    enum status st = blobs_open(s, why);
    SCOPED_READ(tx, s);
    if (st == OK)
        st = tx ? read_settings(s, tx_db_slot(tx, SLOT_MAIN), why) : E_MEMORY;
    return st;
}

enum status store_open_beside(const struct store_config *config, struct store **out, struct buf *why)
{
    *out = NULL;
    struct store *s = new_store(config);
    enum status st = s ? start_beside(s, why) : E_MEMORY;
    if (st == OK)
        *out = s;
    else
        store_close(s);
    return st;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    maintainer_stop(s);
    chores_stop(s);
    for (int slot = 0; slot < SLOTS; slot++)
        writer_stop(&s->writer[slot]);
    chores_free(s);
    checkpointer_stop(s);
    pools_free(s);
    blobs_close(s);
    zones_close(s);
    scoped_close(&s->blobsfd);
    scoped_close(&s->lockfd);
    scoped_close(&s->dirfd);
    pthread_mutex_destroy(&s->reconcile);
    pthread_mutex_destroy(&s->sweep);
    free(s->dir);
    free(s);
}

const struct store_config *store_config_of(const struct store *s)
{
    return &s->config;
}

struct str store_epoch(const struct store *s)
{
    return str_n(s->epoch, sizeof s->epoch - 1);
}

enum status store_listen(struct store *s, store_hint_fn fn, void *ctx)
{
    if (s->listener_count == HINTS_MAX)
        return TOO_MANY;
    s->listener[s->listener_count].ctx = ctx;
    s->listener[s->listener_count++].fn = fn;
    return OK;
}

void store_stats(struct store *s, struct store_stats *out)
{
    struct counters *c = &s->counters;
    *out = (struct store_stats){
        .commits = atomic_load(&c->commits),
        .writes = atomic_load(&c->writes),
        .failed = atomic_load(&c->failed),
        .rerun = atomic_load(&c->rerun),
        .reads = atomic_load(&c->reads),
        .checkpoints = atomic_load(&c->checkpoints),
        .group_largest = atomic_load(&c->group_largest),
        .commit_us_total = atomic_load(&c->commit_us_total),
        .commit_us_max = atomic_load(&c->commit_us_max),
    };
    for (int slot = 0; slot < SLOTS; slot++) {
        struct writer *w = &s->writer[slot];
        if (!w->started)
            continue;
        out->wal_bytes += (uint64_t)atomic_load(&s->wal_bytes[slot]);
        pthread_mutex_lock(&w->lock);
        out->queue_depth += w->waiting;
        pthread_mutex_unlock(&w->lock);
    }
}
