/* store/db.c: connections to SQLite: opening, settings, transactions' state, checkpoints. Statements are in
 * db_stmt.c. */
#include "store/db.h"

#include "core/log.h"
#include "store/db_inside.h"

#include <pthread.h>

static struct db absent = {.broken = NOT_FOUND, .failure = {.db = &absent, .st = NOT_FOUND}};
static struct db failed = {.broken = E_UNAVAILABLE, .failure = {.db = &failed, .st = E_UNAVAILABLE}};
struct db *const db_absent = &absent;
struct db *const db_failed = &failed;

static const char *vfs_name;
static pthread_once_t configured = PTHREAD_ONCE_INIT;

void db_set_vfs(const char *name)
{
    vfs_name = name;
}

static void sqlite_log(void *ctx, int code, const char *text)
{
    (void)ctx;
    /* Schema changes and recovered logs are SQLite's daily business; stmt_row logs what fails. */
    log_debug("sqlite: %s (%d)", text, code);
}

static void configure(void)
{
    /* Each fails once somebody else has started the library; then its defaults serve too. */
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    (void)sqlite3_config(SQLITE_CONFIG_LOG, sqlite_log, NULL);
}

enum status db_status_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
        return OK;
    case SQLITE_DONE:
        return NOT_FOUND;
    case SQLITE_FULL:
        return E_FULL;
    case SQLITE_IOERR:
        return code == SQLITE_IOERR_NOMEM ? E_MEMORY : E_IO;
    case SQLITE_CANTOPEN:
        return E_IO;
    case SQLITE_NOMEM:
        return E_MEMORY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return E_CORRUPT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return E_BUSY;
    case SQLITE_CONSTRAINT:
        return code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY ||
                       code == SQLITE_CONSTRAINT_ROWID
                   ? EXISTS
                   : E_INTERNAL;
    default:
        return E_INTERNAL;
    }
}

/* The log's size after each commit, so that the writer knows when a checkpoint is due. */
static int on_wal(void *ctx, sqlite3 *h, const char *name, int pages)
{
    (void)h, (void)name;
    struct db *db = ctx;
    db->wal_pages = pages;
    return SQLITE_OK;
}

static enum status settings(struct db *db, unsigned flags, int cache_kb)
{
    char text[256];
    sqlite3_snprintf(sizeof text, text,
                     "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0;"
                     "PRAGMA cache_size=-%d; PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF;"
                     "PRAGMA journal_size_limit=67108864; PRAGMA query_only=%d;",
                     cache_kb, flags & DB_READER ? 1 : 0);
    sqlite3_extended_result_codes(db->h, 1);
    sqlite3_busy_timeout(db->h, 10000);
    sqlite3_db_config(db->h, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db->h, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    /* Plans do not depend on what is bound: otherwise a parameter that a partial index could be chosen by has the statement compiled anew
     * each time. */
    sqlite3_db_config(db->h, SQLITE_DBCONFIG_ENABLE_QPSG, 1, NULL);
    enum status st = db_script(db, text);
    sqlite3_wal_hook(db->h, on_wal, db); /* after wal_autocheckpoint, which sets a hook of its own */
    return st;
}

enum status db_open(const char *path, unsigned flags, int cache_kb, struct db **out, struct buf *why)
{
    pthread_once(&configured, configure);
    struct db *db = calloc(1, sizeof *db);
    if (!db)
        return E_MEMORY;
    db->failure.db = db;
    int code = sqlite3_open_v2(path, &db->h,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
                                   (flags & DB_CREATE ? SQLITE_OPEN_CREATE : 0),
                               vfs_name);
    enum status st = code == SQLITE_OK ? settings(db, flags, cache_kb) : db_status_of(code);
    if (st != OK) {
        if (why)
            buf_addf(why, "%s: %s", path, db->h ? sqlite3_errmsg(db->h) : sqlite3_errstr(code));
        db_close(db);
        return st;
    }
    *out = db;
    return OK;
}

void db_close(struct db *db)
{
    if (!db || db == db_absent || db == db_failed)
        return;
    db_statements_free(db);
    sqlite3_close_v2(db->h);
    free(db);
}

enum status db_script(struct db *db, const char *sql)
{
    if (db->broken)
        return db->broken;
    int code = sqlite3_exec(db->h, sql, NULL, NULL, NULL);
    return db_status_of(code);
}

bool db_in_transaction(struct db *db)
{
    return db->h && sqlite3_get_autocommit(db->h) == 0;
}

int64_t db_changes(struct db *db)
{
    return db->h ? sqlite3_total_changes64(db->h) : 0;
}

int64_t db_wal_bytes(struct db *db)
{
    enum { FRAME = 4096 + 24 };
    return (int64_t)db->wal_pages * FRAME;
}

enum status db_checkpoint(struct db *db, enum db_checkpoint mode, int64_t *left)
{
    static const int modes[] = {
        [DB_CHECKPOINT_PASSIVE] = SQLITE_CHECKPOINT_PASSIVE,
        [DB_CHECKPOINT_RESTART] = SQLITE_CHECKPOINT_RESTART,
        [DB_CHECKPOINT_TRUNCATE] = SQLITE_CHECKPOINT_TRUNCATE,
    };
    int log = 0, copied = 0;
    if (db->broken)
        return db->broken;
    int code = sqlite3_wal_checkpoint_v2(db->h, NULL, modes[mode], &log, &copied);
    *left = log > copied ? log - copied : 0;
    return db_status_of(code);
}

void *db_native(struct db *db)
{
    return db->h;
}
