/* store/device_anchor.c: how far the databases of a device have come, and the large object that a cut session left. */
#include "store/device_int.h"

/* ---- anchors ---- */
#define ANCHOR_COLUMNS "db, client_next, server_next, epoch, window_from, window_until, at, resume"

static void anchor_row(struct stmt *q, struct anchor *out)
{
    *out = (struct anchor){
        .db = col_str(q, 0),
        .client_next = col_str(q, 1),
        .server_next = col_str(q, 2),
        .epoch = col_str(q, 3),
        .window_from = col_int(q, 4),
        .window_until = col_int(q, 5),
        .at = col_int(q, 6),
        .resume = col_str(q, 7),
    };
}

enum status anchor_get(struct tx *tx, struct arena *a, int64_t device, struct str db, struct anchor *out)
{
    SCOPED_STMT(q) =
        DB_QUERY(tx_db(tx, device), "SELECT " ANCHOR_COLUMNS " FROM anchor WHERE device = ?1 AND db = ?2",
                 db_int(device), db_text(db));
    enum status st = stmt_row(q);
    if (st != OK)
        return st;
    anchor_row(q, out);
    struct str *const texts[] = {&out->db, &out->client_next, &out->server_next, &out->epoch, &out->resume};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        *texts[i] = arena_str(a, *texts[i]);
    return a->st;
}

enum status anchor_each(struct tx *tx, int64_t device, anchor_fn fn, void *ctx)
{
    SCOPED_STMT(q) =
        DB_QUERY(tx_db(tx, device), "SELECT " ANCHOR_COLUMNS " FROM anchor WHERE device = ?1 ORDER BY db",
                 db_int(device));
    enum status st;
    while ((st = stmt_row(q)) == OK) {
        struct anchor an;
        anchor_row(q, &an);
        st = fn(ctx, &an);
        if (st != OK)
            return st;
    }
    return st == NOT_FOUND ? OK : st;
}

enum status anchor_seq(struct tx *tx, int64_t device, struct str db, int64_t collection, int64_t *seq)
{
    return DB_GET_INT(tx_db(tx, device), seq,
                      "SELECT seq FROM anchor_seq WHERE device = ?1 AND db = ?2 AND collection = ?3",
                      db_int(device), db_text(db), db_int(collection));
}

enum status tx_anchor_put(struct tx *tx, int64_t device, const struct anchor *an)
{
    enum status st = device_key(an->db, DEVICE_NAME_BYTES);
    if (st != OK)
        return st;
    if (an->client_next.n > DEVICE_NAME_BYTES || an->server_next.n > DEVICE_NAME_BYTES ||
        an->epoch.n > DEVICE_NAME_BYTES || an->resume.n > DEVICE_RESUME_BYTES)
        return TOO_LARGE;
    return DB_RUN(
        tx_wdb(tx, device),
        "INSERT INTO anchor(device, " ANCHOR_COLUMNS ") VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
        " ON CONFLICT(device, db) DO UPDATE SET client_next = excluded.client_next,"
        " server_next = excluded.server_next, epoch = excluded.epoch, window_from = excluded.window_from,"
        " window_until = excluded.window_until, at = excluded.at, resume = excluded.resume",
        db_int(device), db_text(an->db), db_text(an->client_next), db_text(an->server_next),
        db_text(or_empty(an->epoch)), db_int(an->window_from), db_int(an->window_until), db_int(an->at),
        db_blob(an->resume));
}

enum status tx_anchor_seq_put(struct tx *tx, int64_t device, struct str db, int64_t collection, int64_t seq)
{
    enum status st = device_key(db, DEVICE_NAME_BYTES);
    if (st != OK)
        return st;
    return DB_RUN(tx_wdb(tx, device),
                  "INSERT INTO anchor_seq(device, db, collection, seq) VALUES(?1, ?2, ?3, ?4)"
                  " ON CONFLICT(device, db, collection) DO UPDATE SET seq = excluded.seq",
                  db_int(device), db_text(db), db_int(collection), db_int(seq));
}

enum status tx_anchor_reset(struct tx *tx, int64_t device, struct str db)
{
    enum status st = DB_RUN(tx_wdb(tx, device), "DELETE FROM anchor_seq WHERE device = ?1 AND db = ?2",
                            db_int(device), db_text(db));
    if (st == OK)
        st = DB_RUN(tx_wdb(tx, device), "DELETE FROM anchor WHERE device = ?1 AND db = ?2", db_int(device),
                    db_text(db));
    return st == OK ? partial_remove(tx, device, db) : st;
}

enum status device_each_db(struct tx *tx, int64_t device, device_db_fn fn, void *ctx)
{
    SCOPED_STMT(q) = DB_QUERY(
        tx_db(tx, device),
        DB_SCAN "SELECT k.db, a.at, (SELECT count(*) FROM luid l WHERE l.device = ?1 AND l.db = k.db),"
                " (SELECT count(*) FROM luid l WHERE l.device = ?1 AND l.db = k.db AND l.luid >= '#' AND"
                " l.luid < '##'), p.bytes, p.size, (SELECT count(*) FROM luid l WHERE l.device = ?1 AND"
                " l.db = k.db AND l.luid >= '#$' AND l.luid < '$')"
                " FROM (SELECT db FROM anchor WHERE device = ?1 UNION SELECT db FROM luid WHERE device = ?1"
                " UNION SELECT db FROM partial WHERE device = ?1) k"
                " LEFT JOIN anchor a ON a.device = ?1 AND a.db = k.db"
                " LEFT JOIN partial p ON p.device = ?1 AND p.db = k.db ORDER BY k.db",
        db_int(device));
    enum status st;
    while ((st = stmt_row(q)) == OK) {
        struct device_db d = {.db = col_str(q, 0),
                              .at = col_int(q, 1),
                              .luids = col_int(q, 2),
                              .unconfirmed = col_int(q, 3) + col_int(q, 6), /* '#…', but not '##…' */
                              .partial_bytes = col_int(q, 4),
                              .partial_size = col_int(q, 5)};
        st = fn(ctx, &d);
        if (st != OK)
            return st;
    }
    return st == NOT_FOUND ? OK : st;
}

/* ---- a large object on its way ---- */
enum status partial_remove(struct tx *tx, int64_t device, struct str db)
{
    enum status st = DB_RUN(tx_wdb(tx, device), "DELETE FROM partial_piece WHERE device = ?1 AND db = ?2",
                            db_int(device), db_text(db));
    return st == OK ? DB_RUN(tx_wdb(tx, device), "DELETE FROM partial WHERE device = ?1 AND db = ?2",
                             db_int(device), db_text(db))
                    : st;
}

/* The pieces in order, as one text. */
static enum status join(struct tx *tx, int64_t device, struct str db, char *out, size_t bytes)
{
    SCOPED_STMT(q) =
        DB_QUERY(tx_db(tx, device), "SELECT data FROM partial_piece WHERE device = ?1 AND db = ?2 ORDER BY n",
                 db_int(device), db_text(db));
    size_t at = 0;
    enum status st;
    while ((st = stmt_row(q)) == OK) {
        struct str piece = col_str(q, 0);
        if (piece.n > bytes - at)
            return E_CORRUPT;
        memcpy(out + at, piece.p, piece.n);
        at += piece.n;
    }
    return st == NOT_FOUND ? at == bytes ? OK : E_CORRUPT : st;
}

enum status partial_get(struct tx *tx, struct arena *a, int64_t device, struct str db, struct partial *out)
{
    SCOPED_STMT(q) =
        DB_QUERY(tx_db(tx, device),
                 "SELECT luid, type, command, size, bytes FROM partial WHERE device = ?1 AND db = ?2",
                 db_int(device), db_text(db));
    enum status st = stmt_row(q);
    if (st != OK)
        return st;
    size_t bytes = (size_t)col_int(q, 4);
    char *data = arena_alloc(a, bytes + 1);
    *out = (struct partial){
        .luid = arena_str(a, col_str(q, 0)),
        .type = arena_str(a, col_str(q, 1)),
        .command = arena_str(a, col_str(q, 2)),
        .size = col_int(q, 3),
        .data = str_n(data, bytes),
    };
    return data && a->st == OK ? join(tx, device, db, data, bytes) : a->st;
}

enum status tx_partial_put(struct tx *tx, int64_t device, struct str db, const struct partial *part)
{
    enum status st = partial_remove(tx, device, db);
    if (st != OK || !part)
        return st;
    if (device_key(db, DEVICE_NAME_BYTES) != OK || part->size < 0)
        return INVALID;
    if (part->luid.n > DEVICE_LUID_BYTES || part->type.n > DEVICE_NAME_BYTES ||
        part->command.n > DEVICE_NAME_BYTES || (uint64_t)part->size > 2 * tx->store->config.resource_size)
        return TOO_LARGE;
    st = DB_RUN(tx_wdb(tx, device),
                "INSERT INTO partial(device, db, luid, type, command, size, pieces, bytes)"
                " VALUES(?1, ?2, ?3, ?4, ?5, ?6, 0, 0)",
                db_int(device), db_text(db), db_text(or_empty(part->luid)), db_text(part->type),
                db_text(or_empty(part->command)), db_int(part->size));
    return st == OK ? tx_partial_append(tx, device, db, part->data) : st;
}

enum status tx_partial_append(struct tx *tx, int64_t device, struct str db, struct str data)
{
    int64_t pieces, room;
    {
        SCOPED_STMT(q) = DB_QUERY(tx_wdb(tx, device),
                                  "SELECT pieces, size - bytes FROM partial WHERE device = ?1 AND db = ?2",
                                  db_int(device), db_text(db));
        enum status st = stmt_row(q);
        if (st != OK)
            return st;
        pieces = col_int(q, 0);
        room = col_int(q, 1);
    }
    if (data.n == 0)
        return OK;
    if (room < 0 || data.n > (uint64_t)room)
        return TOO_LARGE;
    enum status st =
        DB_RUN(tx_wdb(tx, device), "INSERT INTO partial_piece(device, db, n, data) VALUES(?1, ?2, ?3, ?4)",
               db_int(device), db_text(db), db_int(pieces), db_blob(data));
    return st == OK ? DB_RUN(tx_wdb(tx, device),
                             "UPDATE partial SET pieces = pieces + 1, bytes = bytes + ?3"
                             " WHERE device = ?1 AND db = ?2",
                             db_int(device), db_text(db), db_int((int64_t)data.n))
                    : st;
}
