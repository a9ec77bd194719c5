/* store/credential.c: what principals prove themselves with (hashes and verifiers, never passwords), and the
 * settings of the whole store. Rows of main.db. */
#include "core/clock.h"
#include "store/internal.h"
#include "store/principal.h"

static struct db *reading(struct tx *tx)
{
    return tx_db(tx, STORE_MAIN);
}

static struct db *writing(struct tx *tx)
{
    return tx_wdb(tx, STORE_MAIN);
}

enum status credential_list(struct tx *tx, struct arena *a, int64_t principal, struct credential **out,
                            size_t *count)
{
    SCOPED_STMT(q) = DB_QUERY(reading(tx),
                              "SELECT id, kind, scope, label, data, created, expires, used FROM credential"
                              " WHERE principal = ?1 ORDER BY id",
                              db_int(principal));
    size_t cap = 0;
    enum status st;
    *out = NULL;
    *count = 0;
    while ((st = stmt_row(q)) == OK) {
        *out = arena_grow(a, *out, *count, &cap, *count + 1, sizeof **out);
        if (!*out)
            return a->st;
        (*out)[(*count)++] = (struct credential){
            .id = col_int(q, 0),
            .kind = (int)col_int(q, 1),
            .scope = (int)col_int(q, 2),
            .label = arena_str(a, col_str(q, 3)),
            .data = arena_str(a, col_str(q, 4)),
            .created = col_int(q, 5),
            .expires = col_int(q, 6),
            .used = col_int(q, 7),
        };
    }
    return st == NOT_FOUND ? a->st : st;
}

enum status tx_credential_add(struct tx *tx, int64_t principal, struct credential *c)
{
    enum status st = tx_new_id(tx, SLOT_MAIN, STORE_MAIN, &c->id);
    if (st != OK)
        return st;
    if (c->created == 0)
        c->created = clock_now();
    return DB_RUN(writing(tx),
                  "INSERT INTO credential(principal, id, kind, scope, label, data, created, expires, used)"
                  " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                  db_int(principal), db_int(c->id), db_int(c->kind), db_int(c->scope), db_text(c->label),
                  db_blob(c->data), db_int(c->created), db_int(c->expires), db_int(c->used));
}

enum status tx_credential_remove(struct tx *tx, int64_t principal, int64_t id)
{
    int64_t found;
    return DB_GET_INT(writing(tx), &found,
                      "DELETE FROM credential WHERE principal = ?1 AND id = ?2 RETURNING id",
                      db_int(principal), db_int(id));
}

enum status tx_credential_remove_kind(struct tx *tx, int64_t principal, int kind)
{
    return DB_RUN(writing(tx), "DELETE FROM credential WHERE principal = ?1 AND kind = ?2", db_int(principal),
                  db_int(kind));
}

enum status tx_credential_used(struct tx *tx, int64_t principal, int64_t id, int64_t at)
{
    return DB_RUN(writing(tx), "UPDATE credential SET used = max(used, ?3) WHERE principal = ?1 AND id = ?2",
                  db_int(principal), db_int(id), db_int(at));
}

/* ---- settings ---- */
enum status setting_get(struct tx *tx, struct arena *a, struct str key, struct str *value)
{
    SCOPED_STMT(q) = DB_QUERY(reading(tx), "SELECT value FROM setting WHERE key = ?1", db_text(key));
    enum status st = stmt_row(q);
    if (st == OK)
        *value = arena_str(a, col_str(q, 0));
    return st == OK ? a->st : st;
}

enum status tx_setting_set(struct tx *tx, struct str key, struct str value)
{
    if (!value.p)
        return DB_RUN(writing(tx), "DELETE FROM setting WHERE key = ?1", db_text(key));
    return DB_RUN(writing(tx),
                  "INSERT INTO setting(key, value) VALUES(?1, ?2) ON CONFLICT(key) DO UPDATE SET value = ?2",
                  db_text(key), db_blob(value));
}
