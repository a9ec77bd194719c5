/* store/item_read.c: finding single items, walking a collection, and what changed in it. */
#include "store/rows.h"

enum status item_find(struct tx *tx, struct arena *a, const struct actor *actor, int64_t collection,
                      struct str name, struct item *out)
{
    struct coll_row c;
    enum status st = coll_load_for(tx, actor, collection, RIGHT_READ, &c);
    if (st != OK)
        return st;
    SCOPED_STMT(q) =
        DB_QUERY(tx_db(tx, collection),
                 "SELECT " ITEM_COLUMNS " FROM " ITEM_JOIN " WHERE i.collection = ?1 AND i.name = ?2",
                 db_int(collection), db_text(name));
    return item_one(a, q, out);
}

enum status item_find_uid(struct tx *tx, struct arena *a, const struct actor *actor, int64_t collection,
                          struct str obj_uid, struct item *out)
{
    struct coll_row c;
    enum status st = coll_load_for(tx, actor, collection, RIGHT_READ, &c);
    if (st != OK)
        return st;
    SCOPED_STMT(q) =
        DB_QUERY(tx_db(tx, collection),
                 "SELECT " ITEM_COLUMNS " FROM " ITEM_JOIN " WHERE i.collection = ?1 AND i.obj_uid = ?2",
                 db_int(collection), db_text(obj_uid));
    return item_one(a, q, out);
}

enum status item_get(struct tx *tx, struct arena *a, const struct actor *actor, int64_t id, struct item *out)
{
    struct coll_row c;
    SCOPED_STMT(q) =
        DB_QUERY(tx_db(tx, id), "SELECT " ITEM_COLUMNS " FROM " ITEM_JOIN " WHERE i.id = ?1", db_int(id));
    enum status st = item_one(a, q, out);
    return st != OK ? st : coll_load_for(tx, actor, out->collection, RIGHT_READ, &c);
}

enum status item_each(struct tx *tx, const struct actor *actor, int64_t collection, bool bodies, item_fn fn,
                      void *ctx)
{
    struct coll_row c;
    enum status st = coll_load_for(tx, actor, collection, RIGHT_READ, &c);
    if (st != OK)
        return st;
    SCOPED_STMT(q) =
        bodies ? DB_QUERY(tx_db(tx, collection),
                          "SELECT " ITEM_COLUMNS ", b.data FROM entry e JOIN item i ON i.id = e.item "
                          "LEFT JOIN body b ON b.content = i.content WHERE e.collection = ?1 ORDER BY e.uid",
                          db_int(collection))
               : DB_QUERY(tx_db(tx, collection),
                          "SELECT " ITEM_COLUMNS " FROM entry e JOIN item i ON i.id = e.item "
                          "WHERE e.collection = ?1 ORDER BY e.uid",
                          db_int(collection));
    return item_walk(tx, q, bodies, fn, ctx);
}

/* ---- changes: two ascending streams, merged ---- */

struct changes {
    struct stmt *live, *dead;
    enum status live_st, dead_st; /* OK: a row waits */
};

/* A tombstone counts for whoever saw the name (born <= since) unless something bears it again. */
static struct stmt *dead_rows(struct db *db, int64_t collection, int64_t since)
{
    return DB_QUERY(
        db,
        "SELECT t.seq, t.name FROM tombstone t WHERE t.collection = ?1 AND t.seq > ?2 AND t.born <= ?2 "
        "AND NOT EXISTS (SELECT 1 FROM item i WHERE i.collection = ?1 AND i.name = t.name) ORDER BY t.seq",
        db_int(collection), db_int(since));
}

static struct stmt *live_rows(struct db *db, int64_t collection, int64_t since)
{
    return DB_QUERY(db,
                    "SELECT " ITEM_COLUMNS " FROM entry e JOIN item i ON i.id = e.item "
                    "WHERE e.collection = ?1 AND e.seq > ?2 ORDER BY e.seq",
                    db_int(collection), db_int(since));
}

/* The next change of both streams; NOT_FOUND at the end. Its strings last until the next call. */
static enum status changes_next(struct changes *m, struct item_change *out)
{
    if (m->live_st < 0 || m->dead_st < 0)
        return m->live_st < 0 ? m->live_st : m->dead_st;
    if (m->live_st != OK && m->dead_st != OK)
        return NOT_FOUND;
    *out = (struct item_change){0};
    out->gone = m->dead_st == OK && (m->live_st != OK || col_int(m->dead, 0) < col_int(m->live, 9));
    if (out->gone) {
        out->item.seq = col_int(m->dead, 0);
        out->item.name = col_str(m->dead, 1);
    } else {
        item_row(m->live, &out->item);
    }
    return OK;
}

static void changes_step(struct changes *m, bool dead)
{
    if (dead)
        m->dead_st = stmt_row(m->dead);
    else
        m->live_st = stmt_row(m->live);
}

enum status item_changes(struct tx *tx, const struct actor *actor, int64_t collection, int64_t since,
                         size_t limit, item_change_fn fn, void *ctx)
{
    struct coll_row c;
    struct item_change change;
    enum status st = coll_load_for(tx, actor, collection, RIGHT_READ, &c);
    if (st == OK && (since < 0 || since > c.seq || (since > 0 && since < c.horizon)))
        st = BAD_TOKEN;
    if (st != OK)
        return st;
    struct db *db = tx_db(tx, collection);
    SCOPED_STMT(live) = live_rows(db, collection, since);
    SCOPED_STMT(dead) = since > 0 ? dead_rows(db, collection, since) : NULL;
    struct changes m = {.live = live, .dead = dead};
    m.live_st = stmt_row(live);
    m.dead_st = dead ? stmt_row(dead) : NOT_FOUND;
    for (size_t n = 0; (st = changes_next(&m, &change)) == OK; n++) {
        if (limit && n == limit)
            return TRUNCATED;
        if ((st = fn(ctx, &change)) != OK)
            return st;
        changes_step(&m, change.gone);
    }
    return st == NOT_FOUND ? OK : st;
}
