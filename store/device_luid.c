/* store/device_luid.c: what items are called on a device, and which state of them it knows. */
#include "store/device_int.h"

#define LUID_COLUMNS "luid, item, recur_id, seen_seq, round, hash"

static void luid_row(struct stmt *q, struct luid *out)
{
    *out = (struct luid){
        .luid = col_str(q, 0),
        .item = col_int(q, 1),
        .recur_id = col_str(q, 2),
        .seen_seq = col_int(q, 3),
        .round = col_int(q, 4),
    };
    struct str hash = col_str(q, 5);
    if (hash.n == sizeof out->hash)
        memcpy(out->hash, hash.p, sizeof out->hash);
}

static enum status luid_one(struct arena *a, struct stmt *q, struct luid *out)
{
    enum status st = stmt_row(q);
    if (st != OK)
        return st;
    luid_row(q, out);
    out->luid = arena_str(a, out->luid);
    out->recur_id = arena_str(a, out->recur_id);
    return a->st;
}

enum status luid_find(struct tx *tx, struct arena *a, int64_t device, struct str db, struct str luid,
                      struct luid *out)
{
    SCOPED_STMT(q) = DB_QUERY(tx_db(tx, device),
                              "SELECT " LUID_COLUMNS " FROM luid WHERE device = ?1 AND db = ?2 AND luid = ?3",
                              db_int(device), db_text(db), db_text(luid));
    return luid_one(a, q, out);
}

enum status luid_of_item(struct tx *tx, struct arena *a, int64_t device, struct str db, int64_t item,
                         struct str recur_id, struct luid *out)
{
    SCOPED_STMT(q) = DB_QUERY(tx_db(tx, device),
                              "SELECT " LUID_COLUMNS " FROM luid WHERE device = ?1 AND db = ?2 AND item = ?3"
                              " AND recur_id = ?4",
                              db_int(device), db_text(db), db_int(item), db_text(or_empty(recur_id)));
    return luid_one(a, q, out);
}

/* At most `limit` rows of a query. */
static enum status walk(struct stmt *q, size_t limit, luid_fn fn, void *ctx)
{
    enum status st;
    for (size_t n = 0; (st = stmt_row(q)) == OK; n++) {
        struct luid l;
        if (n == limit)
            return TRUNCATED;
        luid_row(q, &l);
        st = fn(ctx, &l);
        if (st != OK)
            return st;
    }
    return st == NOT_FOUND ? OK : st;
}

enum status luid_each_of_item(struct tx *tx, int64_t device, struct str db, int64_t item, luid_fn fn,
                              void *ctx)
{
    SCOPED_STMT(q) = DB_QUERY(tx_db(tx, device),
                              "SELECT " LUID_COLUMNS " FROM luid WHERE device = ?1 AND db = ?2 AND item = ?3"
                              " ORDER BY recur_id",
                              db_int(device), db_text(db), db_int(item));
    return walk(q, SIZE_MAX, fn, ctx);
}

enum status luid_each(struct tx *tx, int64_t device, struct str db, struct str after, size_t limit,
                      luid_fn fn, void *ctx)
{
    SCOPED_STMT(q) = DB_QUERY(tx_db(tx, device),
                              "SELECT " LUID_COLUMNS " FROM luid WHERE device = ?1 AND db = ?2 AND luid > ?3"
                              " ORDER BY luid",
                              db_int(device), db_text(db), db_text(or_empty(after)));
    return walk(q, limit, fn, ctx);
}

enum status luid_count(struct tx *tx, int64_t device, struct str db, int64_t *count)
{
    return DB_GET_INT(tx_db(tx, device), count, "SELECT count(*) FROM luid WHERE device = ?1 AND db = ?2",
                      db_int(device), db_text(db));
}

enum status luid_unconfirmed(struct tx *tx, int64_t device, struct str db, bool *any, bool *unseen)
{
    int64_t seen; /* GUIDs are digits; '##' is another name */
    enum status st = DB_GET_INT(tx_db(tx, device), &seen,
                                "SELECT coalesce(min(seen_seq), -1) FROM luid WHERE device = ?1 AND db = ?2"
                                " AND luid >= '#$' AND luid < '$'",
                                db_int(device), db_text(db));
    *any = st == OK && seen >= 0;
    *unseen = st == OK && seen == 0;
    return st;
}

/* ---- changing ---- */
enum status tx_luid_put(struct tx *tx, int64_t device, struct str db, const struct luid *l)
{
    struct str recur_id = or_empty(l->recur_id);
    enum status st = device_key(db, DEVICE_NAME_BYTES);
    if (st == OK)
        st = device_key(l->luid, DEVICE_LUID_BYTES);
    if (st == OK && recur_id.n > DEVICE_RECUR_BYTES)
        st = TOO_LARGE;
    if (st == OK)
        st = DB_RUN(tx_wdb(tx, device),
                    "DELETE FROM luid WHERE device = ?1 AND db = ?2 AND item = ?3 AND recur_id = ?4"
                    " AND luid <> ?5",
                    db_int(device), db_text(db), db_int(l->item), db_text(recur_id), db_text(l->luid));
    if (st != OK)
        return st;
    return DB_RUN(
        tx_wdb(tx, device),
        "INSERT INTO luid(device, db, " LUID_COLUMNS ") VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
        " ON CONFLICT(device, db, luid) DO UPDATE SET item = excluded.item, recur_id = excluded.recur_id,"
        " seen_seq = excluded.seen_seq, round = excluded.round, hash = excluded.hash",
        db_int(device), db_text(db), db_text(l->luid), db_int(l->item), db_text(recur_id),
        db_int(l->seen_seq), db_int(l->round), db_blob(str_n(l->hash, sizeof l->hash)));
}

enum status tx_luid_delete(struct tx *tx, int64_t device, struct str db, struct str luid)
{
    return DB_RUN(tx_wdb(tx, device), "DELETE FROM luid WHERE device = ?1 AND db = ?2 AND luid = ?3",
                  db_int(device), db_text(db), db_text(luid));
}

enum status tx_luid_rename(struct tx *tx, int64_t device, struct str db, struct str from, struct str to)
{
    int64_t there;
    enum status st = device_key(to, DEVICE_LUID_BYTES);
    if (st == OK)
        st = DB_GET_INT(tx_wdb(tx, device), &there,
                        "SELECT item FROM luid WHERE device = ?1 AND db = ?2 AND luid = ?3", db_int(device),
                        db_text(db), db_text(from));
    if (st != OK || str_eq(from, to))
        return st;
    st = tx_luid_delete(tx, device, db, to);
    return st == OK ? DB_RUN(tx_wdb(tx, device),
                             "UPDATE luid SET luid = ?4 WHERE device = ?1 AND db = ?2 AND luid = ?3",
                             db_int(device), db_text(db), db_text(from), db_text(to))
                    : st;
}

enum status tx_luid_clear(struct tx *tx, int64_t device, struct str db, int64_t keep_round)
{
    if (keep_round == 0)
        return DB_RUN(tx_wdb(tx, device), "DELETE FROM luid WHERE device = ?1 AND db = ?2", db_int(device),
                      db_text(db));
    return DB_RUN(tx_wdb(tx, device), "DELETE FROM luid WHERE device = ?1 AND db = ?2 AND round <> ?3",
                  db_int(device), db_text(db), db_int(keep_round));
}
