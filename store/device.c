/* store/device.c: the devices of an account: finding, making, changing and forgetting them. */
#include "store/device_int.h"

enum { DAY = 86400 };

/* The columns that device_row() takes. */
#define DEVICE_COLUMNS                                                                                       \
    "id, account, devid, profile, man, mod, swv, user, nonce, old_nonce, credential, next_guid, state, "     \
    "first_seen, seen, syncs, received, sent, failed, last_error, last_error_at"

static void device_row(struct stmt *q, struct device *out)
{
    *out = (struct device){
        .id = col_int(q, 0),
        .account = col_int(q, 1),
        .devid = col_str(q, 2),
        .profile = col_str(q, 3),
        .man = col_str(q, 4),
        .mod = col_str(q, 5),
        .swv = col_str(q, 6),
        .user = col_str(q, 7),
        .nonce = col_str(q, 8),
        .old_nonce = col_str(q, 9),
        .credential = col_int(q, 10),
        .next_guid = col_int(q, 11),
        .state = (enum device_state)col_int(q, 12),
        .first_seen = col_int(q, 13),
        .seen = col_int(q, 14),
        .syncs = col_int(q, 15),
        .received = col_int(q, 16),
        .sent = col_int(q, 17),
        .failed = col_int(q, 18),
        .last_error = col_str(q, 19),
        .last_error_at = col_int(q, 20),
    };
}

static enum status device_keep(struct arena *a, struct device *d)
{
    struct str *const texts[] = {&d->devid, &d->profile, &d->man,       &d->mod,       &d->swv,
                                 &d->user,  &d->nonce,   &d->old_nonce, &d->last_error};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        *texts[i] = arena_str(a, *texts[i]);
    return a->st;
}

enum status device_key(struct str s, size_t max)
{
    return s.n > max ? TOO_LARGE : s.n == 0 ? INVALID : OK;
}

/* ---- reading ---- */
static enum status read_devinf(struct tx *tx, struct arena *a, struct device *d)
{
    SCOPED_STMT(q) = DB_QUERY(tx_db(tx, d->id), "SELECT data FROM devinf WHERE device = ?1", db_int(d->id));
    enum status st = stmt_row(q);
    if (st == OK)
        d->devinf = arena_str(a, col_str(q, 0));
    return st == OK ? a->st : st == NOT_FOUND ? OK : st;
}

static enum status read_one(struct tx *tx, struct arena *a, struct stmt *q, struct device *out)
{
    enum status st = stmt_row(q);
    if (st != OK)
        return st;
    device_row(q, out);
    st = device_keep(a, out);
    return st == OK ? read_devinf(tx, a, out) : st;
}

enum status device_find(struct tx *tx, struct arena *a, int64_t account, struct str devid, struct device *out)
{
    SCOPED_STMT(q) = DB_QUERY(tx_db(tx, account),
                              "SELECT " DEVICE_COLUMNS " FROM device WHERE account = ?1 AND devid = ?2",
                              db_int(account), db_text(devid));
    return read_one(tx, a, q, out);
}

enum status device_get(struct tx *tx, struct arena *a, int64_t id, struct device *out)
{
    SCOPED_STMT(q) =
        DB_QUERY(tx_db(tx, id), "SELECT " DEVICE_COLUMNS " FROM device WHERE id = ?1", db_int(id));
    return read_one(tx, a, q, out);
}

enum status device_state(struct tx *tx, int64_t id, enum device_state *out)
{
    int64_t state;
    enum status st = DB_GET_INT(tx_db(tx, id), &state, "SELECT state FROM device WHERE id = ?1", db_int(id));
    if (st == OK)
        *out = (enum device_state)state;
    return st;
}

static enum status walk(struct stmt *q, device_fn fn, void *ctx)
{
    enum status st;
    while ((st = stmt_row(q)) == OK) {
        struct device d;
        device_row(q, &d);
        st = fn(ctx, &d);
        if (st != OK)
            return st;
    }
    return st == NOT_FOUND ? OK : st;
}

enum status device_each(struct tx *tx, int64_t account, device_fn fn, void *ctx)
{
    if (account) {
        SCOPED_STMT(q) = DB_QUERY(tx_db(tx, account),
                                  "SELECT " DEVICE_COLUMNS " FROM device WHERE account = ?1 ORDER BY devid",
                                  db_int(account));
        return walk(q, fn, ctx);
    }
    enum status st = OK;
    for (int slot = 0; slot < tx->store->shards && st == OK; slot++) {
        SCOPED_STMT(q) =
            db_query(tx_db_slot(tx, slot),
                     DB_SCAN "SELECT " DEVICE_COLUMNS " FROM device ORDER BY account, devid", NULL, 0);
        st = walk(q, fn, ctx);
    }
    return st;
}

enum status device_each_named(struct tx *tx, struct str devid, device_fn fn, void *ctx)
{
    enum status st = OK;
    for (int slot = 0; slot < tx->store->shards && st == OK; slot++) {
        SCOPED_STMT(q) =
            DB_QUERY(tx_db_slot(tx, slot),
                     "SELECT " DEVICE_COLUMNS " FROM device WHERE devid = ?1 ORDER BY seen DESC LIMIT 100",
                     db_text(devid));
        st = walk(q, fn, ctx);
    }
    return st;
}

/* ---- making ---- */
/* Room for one more: somebody may have to go whose deletions are forgotten already, so that he loses nothing. */
static enum status make_room(struct tx *tx, int64_t account)
{
    const struct store_config *config = &tx->store->config;
    int64_t count, id;
    enum status st = DB_GET_INT(tx_wdb(tx, account), &count, "SELECT count(*) FROM device WHERE account = ?1",
                                db_int(account));
    if (st != OK || (size_t)count < config->devices)
        return st;
    st = DB_GET_INT(tx_wdb(tx, account), &id,
                    "SELECT id FROM device WHERE account = ?1 AND state = ?2 AND seen < ?3"
                    " ORDER BY seen LIMIT 1",
                    db_int(account), db_int(DEVICE_ACTIVE), db_int(tx->now - config->tombstone_days * DAY));
    if (st != OK)
        return st == NOT_FOUND ? TOO_MANY : st;
    return tx_device_forget(tx, id);
}

static enum status device_insert(struct tx *tx, int64_t account, struct str devid)
{
    int64_t id, alive;
    enum status st = device_key(devid, DEVICE_NAME_BYTES);
    if (st == OK)
        st = DB_GET_INT(tx_wdb(tx, account), &alive, "SELECT 1 FROM account WHERE id = ?1 AND deleted = 0",
                        db_int(account));
    if (st == OK)
        st = make_room(tx, account);
    if (st == OK)
        st = tx_new_id(tx, tx->writing, tx->writing, &id);
    if (st != OK)
        return st;
    return DB_RUN(
        tx_wdb(tx, account),
        "INSERT INTO device(id, account, devid, credential, next_guid, state, first_seen, seen, syncs,"
        " received, sent, failed, last_error_at) VALUES(?1, ?2, ?3, 0, 1, ?4, ?5, ?5, 0, 0, 0, 0, 0)",
        db_int(id), db_int(account), db_text(devid), db_int(DEVICE_ACTIVE), db_int(tx->now));
}

enum status tx_device_open(struct tx *tx, struct arena *a, int64_t account, struct str devid,
                           struct device *out)
{
    if (store_shard_of(account) != tx->writing)
        return E_INTERNAL;
    enum status st = device_find(tx, a, account, devid, out);
    if (st != NOT_FOUND)
        return st;
    st = device_insert(tx, account, devid);
    return st == OK ? device_find(tx, a, account, devid, out) : st;
}

/* ---- changing ---- */
/* The beginning of a text, ending between characters. */
static struct str cut(struct str s, size_t max)
{
    if (s.n <= max)
        return s;
    while (max > 0 && ((unsigned char)s.p[max] & 0xc0) == 0x80)
        max--;
    return str_slice(s, 0, max);
}

static enum status put_devinf(struct tx *tx, const struct device *d)
{
    if (!d->devinf.p)
        return OK;
    return DB_RUN(tx_wdb(tx, d->id),
                  "INSERT INTO devinf(device, data) VALUES(?1, ?2) ON CONFLICT(device) DO UPDATE SET"
                  " data = excluded.data WHERE data <> excluded.data",
                  db_int(d->id), db_blob(d->devinf));
}

enum status tx_device_update(struct tx *tx, const struct device *d)
{
    int64_t id;
    if (d->devinf.n > DEVICE_DEVINF_BYTES)
        return TOO_LARGE;
    enum status st = DB_GET_INT(
        tx_wdb(tx, d->id), &id,
        "UPDATE device SET profile = ?2, man = ?3, mod = ?4, swv = ?5, user = ?6, credential = ?7, seen = ?8,"
        " syncs = ?9, received = ?10, sent = ?11, failed = ?12, last_error = ?13, last_error_at = ?14"
        " WHERE id = ?1 RETURNING id",
        db_int(d->id), db_text(cut(d->profile, DEVICE_NAME_BYTES)), db_text(cut(d->man, DEVICE_NAME_BYTES)),
        db_text(cut(d->mod, DEVICE_NAME_BYTES)), db_text(cut(d->swv, DEVICE_NAME_BYTES)),
        db_text(cut(d->user, DEVICE_NAME_BYTES)), db_int(d->credential), db_int(d->seen), db_int(d->syncs),
        db_int(d->received), db_int(d->sent), db_int(d->failed),
        db_text(cut(d->last_error, DEVICE_ERROR_BYTES)), db_int(d->last_error_at));
    return st == OK ? put_devinf(tx, d) : st;
}

enum status tx_device_state(struct tx *tx, int64_t device, enum device_state state)
{
    int64_t id;
    return DB_GET_INT(tx_wdb(tx, device), &id, "UPDATE device SET state = ?2 WHERE id = ?1 RETURNING id",
                      db_int(device), db_int(state));
}

enum status tx_device_nonce(struct tx *tx, int64_t device, struct str used, struct str next)
{
    int64_t id;
    if (next.n > DEVICE_NONCE_BYTES)
        return TOO_LARGE;
    enum status st = DB_GET_INT(tx_wdb(tx, device), &id,
                                "UPDATE device SET old_nonce = nonce, nonce = ?3 WHERE id = ?1 AND"
                                " nonce IS ?2 RETURNING id",
                                db_int(device), db_blob(used), db_blob(next));
    return st == NOT_FOUND ? PRECONDITION : st;
}

enum status tx_device_guid(struct tx *tx, int64_t device, int64_t count, int64_t *first)
{
    return DB_GET_INT(tx_wdb(tx, device), first,
                      "UPDATE device SET next_guid = next_guid + ?2 WHERE id = ?1 RETURNING next_guid - ?2",
                      db_int(device), db_int(count));
}

enum status tx_device_forget(struct tx *tx, int64_t device)
{
    static const char *const steps[] = {
        "DELETE FROM partial_piece WHERE device = ?1", "DELETE FROM partial WHERE device = ?1",
        "DELETE FROM luid WHERE device = ?1",          "DELETE FROM anchor_seq WHERE device = ?1",
        "DELETE FROM anchor WHERE device = ?1",        "DELETE FROM devinf WHERE device = ?1",
    };
    int64_t id;
    enum status st = OK;
    for (size_t i = 0; i < COUNT_OF(steps) && st == OK; i++)
        st = DB_RUN(tx_wdb(tx, device), steps[i], db_int(device));
    if (st != OK)
        return st;
    return DB_GET_INT(tx_wdb(tx, device), &id, "DELETE FROM device WHERE id = ?1 RETURNING id",
                      db_int(device));
}
