/* store/db.h: SQLite's room: connections, statements, values, and what its result codes mean to us.
 *
 * Nobody outside store/ includes this. A connection is used by one thread at a time. Statements are kept
 * prepared for the life of the connection, keyed by the address of their text: `sql` is always a string
 * literal.
 *
 *     SCOPED_STMT(q) = DB_QUERY(db, "SELECT seq, name FROM collection WHERE account = ?1", db_int(account));
 *     while ((st = stmt_row(q)) == OK)
 *         use(col_int(q, 0), col_str(q, 1));      // views are valid until the next stmt_row
 *     if (st != NOT_FOUND) return st;             // a fault
 *
 * Functions here never return NULL: a connection or statement that could not be made answers its status at
 * the first stmt_row or db_run. Bound text must outlive the statement's use (it is not copied).
 *
 * In the sanitizer build each new statement is explained, and one that reads a whole table aborts the
 * program, unless its text contains the comment of DB_SCAN, which says that this is meant (integrity checks,
 * small tables). */
#ifndef SCAMBIO_STORE_DB_H
#define SCAMBIO_STORE_DB_H

#include "core/arena.h"
#include "core/buf.h"
#include "core/scoped.h"
#include "core/status.h"

#define DB_SCAN "/*scan*/"

struct db;
struct stmt;

/* ---- connections ---- */
enum {
    DB_CREATE = 1, /* make the file when it is missing */
    DB_READER = 2, /* refuses to write */
};

/* Opens with WAL, synchronous=FULL, no automatic checkpoint, and a page cache of cache_kb. `why` (may be
 * NULL) gets SQLite's reason. */
enum status db_open(const char *path, unsigned flags, int cache_kb, struct db **out, struct buf *why);
void db_close(struct db *db); /* NULL is allowed */

/* Connections that are none: `db_absent` has no rows (every read is NOT_FOUND), `db_failed` answers
 * E_UNAVAILABLE. */
extern struct db *const db_absent, *const db_failed;

/* Runs a script of any number of statements (schemas). */
enum status db_script(struct db *db, const char *sql);

/* Is a transaction open? After FULL, IOERR, NOMEM SQLite may have rolled it back by itself. */
bool db_in_transaction(struct db *db);
int64_t db_changes(struct db *db); /* rows changed since the connection was opened */

/* Size of the write-ahead log in bytes as of this connection's last commit. */
int64_t db_wal_bytes(struct db *db);
enum db_checkpoint { DB_CHECKPOINT_PASSIVE, DB_CHECKPOINT_RESTART, DB_CHECKPOINT_TRUNCATE };
/* `*left` gets the frames that could not be copied (readers need them). E_BUSY: somebody was in the way. */
enum status db_checkpoint(struct db *db, enum db_checkpoint mode, int64_t *left);

/* Tests only: the VFS of connections opened from now on (NULL: the system's). */
void db_set_vfs(const char *name);

/* The native handle, for sqlite3_backup and the like inside store/. */
void *db_native(struct db *db);

/* ---- values ---- */
struct db_value {
    enum { DB_VALUE_NULL, DB_VALUE_INT, DB_VALUE_TEXT, DB_VALUE_BLOB } type;
    int64_t i;
    struct str s;
};
static inline struct db_value db_int(int64_t i)
{
    return (struct db_value){.type = DB_VALUE_INT, .i = i};
}
static inline struct db_value db_null(void)
{
    return (struct db_value){.type = DB_VALUE_NULL};
}
static inline struct db_value db_text(struct str s) /* STR_NONE: NULL */
{
    return (struct db_value){.type = s.p ? DB_VALUE_TEXT : DB_VALUE_NULL, .s = s};
}
static inline struct db_value db_blob(struct str s)
{
    return (struct db_value){.type = s.p ? DB_VALUE_BLOB : DB_VALUE_NULL, .s = s};
}
#define DB_VALUES(...)                                                                                       \
    ((const struct db_value[]){__VA_ARGS__}),                                                                \
        (sizeof((const struct db_value[]){__VA_ARGS__}) / sizeof(struct db_value))

/* ---- statements ---- */
/* Ready to be stepped; ends with stmt_end. The same text may be in use twice at once. */
struct stmt *db_query(struct db *db, const char *sql, const struct db_value *values, size_t count);
#define DB_QUERY(db, sql, ...) db_query((db), (sql), DB_VALUES(__VA_ARGS__))

/* Runs to the end. EXISTS: a UNIQUE rule was broken. */
enum status db_run(struct db *db, const char *sql, const struct db_value *values, size_t count);
#define DB_RUN(db, sql, ...) db_run((db), (sql), DB_VALUES(__VA_ARGS__))

/* The first column of the first row as a number; NOT_FOUND without a row. */
enum status db_get_int(struct db *db, const char *sql, const struct db_value *values, size_t count,
                       int64_t *out);
#define DB_GET_INT(db, out, sql, ...) db_get_int((db), (sql), DB_VALUES(__VA_ARGS__), (out))

/* OK: there is a row. NOT_FOUND: no more. Otherwise a fault, logged here with SQLite's words. */
enum status stmt_row(struct stmt *q);
void stmt_end(struct stmt *q);

bool col_null(struct stmt *q, int i);
int64_t col_int(struct stmt *q, int i);    /* NULL gives 0 */
struct str col_str(struct stmt *q, int i); /* text or blob; NULL gives STR_NONE */

static inline void stmt_end_p(struct stmt **q)
{
    stmt_end(*q);
}
#define SCOPED_STMT(name) SCOPED(stmt_end_p) struct stmt *name

/* Walks what is prepared (tests). */
void db_each_statement(struct db *db, void (*fn)(void *ctx, const char *sql), void *ctx);

#endif
