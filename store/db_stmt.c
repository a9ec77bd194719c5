/* store/db_stmt.c: prepared statements: the table that keeps them, binding, stepping, columns. */
#include "core/log.h"
#include "store/db_inside.h"

#include <stdio.h>

#ifdef SCAMBIO_SANITIZE
/* "SCAN t" reads a whole table or index; constant rows and subqueries are not tables. */
static bool is_table_scan(const char *detail)
{
    return strncmp(detail, "SCAN ", 5) == 0 && !strstr(detail, "CONSTANT ROW") && detail[5] != '(';
}

static void check_plan(struct db *db, const char *sql)
{
    if (strstr(sql, DB_SCAN) || strncmp(sql, "PRAGMA", 6) == 0)
        return;
    SCOPED_BUF(text, 1 << 16);
    buf_addf(&text, "EXPLAIN QUERY PLAN %s", sql);
    sqlite3_stmt *plan = NULL;
    if (sqlite3_prepare_v2(db->h, buf_c(&text), -1, &plan, NULL) != SQLITE_OK)
        return;
    while (sqlite3_step(plan) == SQLITE_ROW) {
        const char *detail = (const char *)sqlite3_column_text(plan, 3);
        if (detail && is_table_scan(detail)) {
            fprintf(stderr, "a statement reads a whole table: %s\n    %s\n", detail, sql);
            abort();
        }
    }
    sqlite3_finalize(plan);
}
#else
static void check_plan(struct db *db, const char *sql)
{
    (void)db, (void)sql;
}
#endif

static size_t slot_of(const struct db *db, const char *sql)
{
    size_t at = (size_t)(((uintptr_t)sql * UINT64_C(0x9E3779B97F4A7C15)) >> 40) & (db->cap - 1);
    while (db->table[at] && db->table[at]->sql != sql)
        at = (at + 1) & (db->cap - 1);
    return at;
}

static bool table_grow(struct db *db)
{
    struct db bigger = {.cap = db->cap ? db->cap * 2 : 128};
    bigger.table = calloc(bigger.cap, sizeof(struct stmt *));
    if (!bigger.table)
        return false;
    for (size_t i = 0; i < db->cap; i++)
        if (db->table[i])
            bigger.table[slot_of(&bigger, db->table[i]->sql)] = db->table[i];
    free(db->table);
    db->table = bigger.table;
    db->cap = bigger.cap;
    return true;
}

void db_statements_free(struct db *db)
{
    for (size_t i = 0; i < db->cap; i++) {
        if (db->table[i])
            sqlite3_finalize(db->table[i]->h);
        free(db->table[i]);
    }
    free(db->table);
    db->table = NULL;
    db->cap = db->used = 0;
}

static void log_fault(struct db *db, const char *sql, enum status st)
{
    log_error("store: %s: %s, in: %.120s", status_text(st), sqlite3_errmsg(db->h), sql);
}

static struct stmt *failure(struct db *db, enum status st)
{
    db->failure.st = st;
    return &db->failure;
}

static struct stmt *prepare(struct db *db, const char *sql, bool keep)
{
    struct stmt *q = calloc(1, sizeof *q);
    if (!q)
        return failure(db, E_MEMORY);
    int code = sqlite3_prepare_v3(db->h, sql, -1, keep ? SQLITE_PREPARE_PERSISTENT : 0, &q->h, NULL);
    if (code != SQLITE_OK) {
        enum status st = db_status_of(code);
        log_fault(db, sql, st);
        free(q);
        return failure(db, st);
    }
    check_plan(db, sql);
    q->db = db;
    q->sql = sql;
    q->kept = keep;
    return q;
}

/* The kept statement of that text; a second one, not kept, while the first is in use. */
static struct stmt *take(struct db *db, const char *sql)
{
    if (db->broken) /* shared by all threads: only read */
        return &db->failure;
    if ((db->used + 1) * 2 > db->cap && !table_grow(db))
        return failure(db, E_MEMORY);
    size_t at = slot_of(db, sql);
    struct stmt *q = db->table[at];
    if (q && q->busy)
        return prepare(db, sql, false);
    if (!q) {
        q = prepare(db, sql, true);
        if (q == &db->failure)
            return q;
        db->table[at] = q;
        db->used++;
    }
    return q;
}

static int bind(sqlite3_stmt *h, int i, const struct db_value *v)
{
    switch (v->type) {
    case DB_VALUE_INT:
        return sqlite3_bind_int64(h, i, v->i);
    case DB_VALUE_TEXT:
        return sqlite3_bind_text64(h, i, v->s.p, v->s.n, SQLITE_STATIC, SQLITE_UTF8);
    case DB_VALUE_BLOB:
        return sqlite3_bind_blob64(h, i, v->s.p, v->s.n, SQLITE_STATIC);
    case DB_VALUE_NULL:
    default:
        return sqlite3_bind_null(h, i);
    }
}

struct stmt *db_query(struct db *db, const char *sql, const struct db_value *values, size_t count)
{
    struct stmt *q = take(db, sql);
    if (q == &db->failure)
        return q;
    q->busy = true;
    q->st = OK;
    for (size_t i = 0; i < count && q->st == OK; i++)
        q->st = db_status_of(bind(q->h, (int)i + 1, &values[i]));
    return q;
}

enum status stmt_row(struct stmt *q)
{
    if (q->st != OK)
        return q->st;
    int code = sqlite3_step(q->h);
    enum status st = db_status_of(code);
    if (st < 0)
        log_fault(q->db, q->sql, st);
    if (st != OK) /* at its end a statement lets go of its locks at once */
        sqlite3_reset(q->h);
    q->st = st;
    return st;
}

void stmt_end(struct stmt *q)
{
    if (!q || q == &q->db->failure)
        return;
    sqlite3_reset(q->h);
    q->busy = false;
    if (!q->kept) {
        sqlite3_finalize(q->h);
        free(q);
    }
}

enum status db_run(struct db *db, const char *sql, const struct db_value *values, size_t count)
{
    SCOPED_STMT(q) = db_query(db, sql, values, count);
    enum status st;
    do
        st = stmt_row(q);
    while (st == OK);
    return st == NOT_FOUND && !db->broken ? OK : st;
}

enum status db_get_int(struct db *db, const char *sql, const struct db_value *values, size_t count,
                       int64_t *out)
{
    SCOPED_STMT(q) = db_query(db, sql, values, count);
    enum status st = stmt_row(q);
    if (st == OK)
        *out = col_int(q, 0);
    return st;
}

bool col_null(struct stmt *q, int i)
{
    return sqlite3_column_type(q->h, i) == SQLITE_NULL;
}

int64_t col_int(struct stmt *q, int i)
{
    return sqlite3_column_int64(q->h, i);
}

struct str col_str(struct stmt *q, int i)
{
    if (sqlite3_column_type(q->h, i) == SQLITE_NULL)
        return STR_NONE;
    const void *p = sqlite3_column_blob(q->h, i);
    int n = sqlite3_column_bytes(q->h, i);
    return (struct str){p ? p : "", (size_t)n};
}

void db_each_statement(struct db *db, void (*fn)(void *ctx, const char *sql), void *ctx)
{
    for (size_t i = 0; i < db->cap; i++)
        if (db->table[i])
            fn(ctx, db->table[i]->sql);
}
