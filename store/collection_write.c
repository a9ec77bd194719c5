/* store/collection_write.c: making, renaming, changing and deleting collections. */
#include "store/rows.h"

enum status coll_touch(struct tx *tx, const struct coll_row *c, int64_t seq, int64_t uids, int64_t items,
                       int64_t bytes)
{
    return DB_RUN(
        tx_wdb(tx, c->id),
        "UPDATE collection SET seq = ?2, uidnext = uidnext + ?3, total = total + ?4, bytes = bytes + ?5 "
        "WHERE id = ?1",
        db_int(c->id), db_int(seq), db_int(uids), db_int(items), db_int(bytes));
}

enum status coll_touch_self(struct tx *tx, int64_t id, int64_t seq)
{
    return DB_RUN(tx_wdb(tx, id), "UPDATE collection SET prop_seq = ?2 WHERE id = ?1", db_int(id),
                  db_int(seq));
}

enum status home_tombstone(struct tx *tx, int64_t account, int64_t seq, int64_t what, int kind,
                           struct str slug, int64_t born)
{
    return DB_RUN(tx_wdb(tx, account),
                  "INSERT INTO tombstone(collection, seq, uid_lo, uid_hi, item, name, born, kind, at) "
                  "VALUES(?1, ?2, 0, 0, ?3, ?4, ?5, ?6, ?7)",
                  db_int(account), db_int(seq), db_int(what), db_text(slug), db_int(born), db_int(kind),
                  db_int(tx->now));
}

/* ---- slugs ---- */

enum { SLUG_MAX = 255 };

static bool slug_valid(struct str slug)
{
    static const struct str reserved[] = {STR_INIT("inbox"), STR_INIT("outbox"), STR_INIT("notifications"),
                                          STR_INIT("."), STR_INIT("..")};
    if (slug.n < 1 || slug.n > SLUG_MAX || !str_utf8(slug))
        return false;
    for (size_t i = 0; i < slug.n; i++)
        if ((unsigned char)slug.p[i] < 0x20 || slug.p[i] == '/' || slug.p[i] == 0x7f)
            return false;
    for (size_t i = 0; i < COUNT_OF(reserved); i++)
        if (str_eq(slug, reserved[i]))
            return false;
    return true;
}

enum status slug_free(struct tx *tx, int64_t account, int kind, struct str slug)
{
    int64_t id;
    enum status st =
        DB_GET_INT(tx_db(tx, account), &id,
                   "SELECT id FROM collection WHERE account = ?1 AND kind = ?2 AND slug = ?3 AND gone = 0",
                   db_int(account), db_int(kind), db_text(slug));
    if (st == NOT_FOUND)
        st = DB_GET_INT(tx_db(tx, account), &id,
                        "SELECT id FROM mount WHERE account = ?1 AND kind = ?2 AND slug = ?3",
                        db_int(account), db_int(kind), db_text(slug));
    return st == NOT_FOUND ? OK : st == OK ? EXISTS : st;
}

/* ---- making ---- */

static enum status judge_new(struct tx *tx, const struct actor *actor, const struct collection_new *in)
{
    int64_t count = 0;
    if (!actor_owns(actor, in->account))
        return DENIED;
    if (!slug_valid(in->slug))
        return INVALID;
    enum status st = slug_free(tx, in->account, in->kind, in->slug);
    if (st == OK)
        st = DB_GET_INT(tx_db(tx, in->account), &count,
                        "SELECT count(*) FROM collection WHERE account = ?1 AND kind <> ?2 AND gone = 0",
                        db_int(in->account), db_int(KIND_MAIL));
    return st == OK && (size_t)count >= tx->store->config.collections ? TOO_MANY : st;
}

enum status tx_collection_create(struct tx *tx, const struct actor *actor, const struct collection_new *in,
                                 int64_t *id)
{
    int64_t seq;
    int slot = slot_of_id(in->account);
    unsigned comps = in->comps || in->kind != KIND_CALENDAR ? in->comps : ICAL_VEVENT;
    enum status st = judge_new(tx, actor, in);
    if (st == OK)
        st = tx_seq_next(tx, in->account, &seq);
    if (st == OK)
        st = tx_new_id(tx, slot, slot, id);
    if (st != OK)
        return st;
    return DB_RUN(tx_wdb(tx, in->account),
                  "INSERT INTO collection(id, account, kind, parent, name, slug, comps, tz, special, "
                  "uidvalidity, uidnext, "
                  "seq, prop_seq, born, floor_seq, horizon, total, bytes, gone) "
                  "VALUES(?1, ?2, ?3, 0, ?4, ?5, ?6, ?7, 0, ?8, 1, ?9, ?9, ?9, 0, 0, 0, 0, 0)",
                  db_int(*id), db_int(in->account), db_int(in->kind),
                  db_text(in->name.n ? in->name : in->slug), db_text(in->slug), db_int(comps),
                  db_text(in->timezone.n ? in->timezone : STR_NONE), db_int(tx->now), db_int(seq));
}

/* ---- what the home's tombstone needs to know ---- */

struct place {
    struct str slug;
    int64_t born, bytes;
    char bytes_of_slug[SLUG_MAX + 1];
};

static enum status place_of(struct tx *tx, int64_t id, struct place *out)
{
    SCOPED_STMT(q) =
        DB_QUERY(tx_wdb(tx, id), "SELECT slug, born, bytes FROM collection WHERE id = ?1", db_int(id));
    enum status st = stmt_row(q);
    if (st != OK)
        return st;
    struct str slug = str_slice(col_str(q, 0), 0, SLUG_MAX);
    memcpy(out->bytes_of_slug, slug.p, slug.n);
    out->slug = str_n(out->bytes_of_slug, slug.n);
    out->born = col_int(q, 1);
    out->bytes = col_int(q, 2);
    return OK;
}

/* ---- deleting and renaming ---- */

enum status tx_collection_delete(struct tx *tx, const struct actor *actor, int64_t id)
{
    struct coll_row c;
    struct place place = {0};
    int64_t seq;
    enum status st = coll_load_for(tx, actor, id, RIGHT_REMOVE, &c);
    if (st == OK)
        st = place_of(tx, id, &place);
    if (st == OK)
        st = account_charge(tx, c.account, -c.total, -place.bytes, &seq);
    if (st == OK)
        st = DB_RUN(tx_wdb(tx, id), "UPDATE collection SET gone = ?2, prop_seq = ?3 WHERE id = ?1",
                    db_int(id), db_int(tx->now), db_int(seq));
    if (st == OK)
        st = home_tombstone(tx, c.account, seq, id, c.kind, place.slug, place.born);
    return st != OK ? st : tx_reconcile_later(tx, id);
}

enum status tx_collection_rename(struct tx *tx, const struct actor *actor, int64_t id, struct str slug)
{
    struct coll_row c;
    struct place place = {0};
    int64_t left, came;
    enum status st = coll_load(tx, actor, id, &c);
    if (st == OK && !actor_owns(actor, c.account))
        st = DENIED;
    if (st == OK && !slug_valid(slug))
        st = INVALID;
    if (st == OK)
        st = place_of(tx, id, &place);
    if (st != OK || str_eq(place.slug, slug))
        return st;
    st = slug_free(tx, c.account, c.kind, slug);
    if (st == OK)
        st = tx_seq_next(tx, c.account, &left);
    if (st == OK)
        st = home_tombstone(tx, c.account, left, id, c.kind, place.slug, place.born);
    if (st == OK)
        st = tx_seq_next(tx, c.account, &came);
    return st != OK ? st
                    : DB_RUN(tx_wdb(tx, id),
                             "UPDATE collection SET slug = ?2, born = ?3, prop_seq = ?3 WHERE id = ?1",
                             db_int(id), db_text(slug), db_int(came));
}

enum status tx_collection_update(struct tx *tx, const struct actor *actor, int64_t id, struct str name,
                                 struct str timezone)
{
    struct coll_row c;
    int64_t seq, same;
    enum status st = coll_load_for(tx, actor, id, RIGHT_WRITE, &c);
    if (st != OK)
        return st;
    st = DB_GET_INT(tx_wdb(tx, id), &same,
                    "SELECT 1 FROM collection WHERE id = ?1 AND name = coalesce(?2, name) "
                    "AND coalesce(tz, '') = coalesce(?3, tz, '')",
                    db_int(id), db_text(name), db_text(timezone));
    if (st != NOT_FOUND) /* OK: it is so already, no number is taken */
        return st;
    st = tx_seq_next(tx, c.account, &seq);
    if (st != OK)
        return st;
    return DB_RUN(
        tx_wdb(tx, id),
        "UPDATE collection SET name = coalesce(?2, name), tz = nullif(coalesce(?3, tz), ''), prop_seq = ?4 "
        "WHERE id = ?1",
        db_int(id), db_text(name), db_text(timezone), db_int(seq));
}
