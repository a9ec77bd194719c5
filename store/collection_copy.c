/* store/collection_copy.c: all items of a collection copied into an empty one: a few set-wise statements in one closure.
 *
 * Who may not see private items gets the others (`most`: the highest class that is copied). */
#include "store/rows.h"

enum { COPY_MAX = 100000 };

struct copy {
    struct coll_row from, to;
    int64_t items, bytes;
    int most; /* enum ical_class */
};

/* Blocks of ids and numbers, one for each item, taken at once. `first` gets the first of each. */
static enum status take_blocks(struct tx *tx, const struct copy *c, int64_t *first_id, int64_t *first_seq)
{
    int64_t second;
    enum status st = account_charge(tx, c->to.account, c->items, c->bytes, first_seq);
    if (st == OK && c->items > 1) /* the first number is taken already */
        st = tx_seq_take(tx, c->to.account, c->items - 1, &second);
    return st == OK ? tx_ids_take(tx, tx->writing, c->items, first_id) : st;
}

/* The n-th item by uid gets the n-th of the free uids, ids and numbers. */
static enum status copy_items(struct tx *tx, const struct copy *c, int64_t first_id, int64_t first_seq)
{
    const struct coll_row *to = &c->to;
    struct db *db = tx_wdb(tx, to->id);
    enum status st = DB_RUN(
        db,
        "INSERT INTO entry(collection, uid, item, seq, born, kind, class, flags, kw, size, date, saved) "
        "SELECT ?2, ?7 + n - 1, (?3 + n - 1) * 64 + ?4, ?5 + n - 1, ?5 + n - 1, kind, class, flags, kw, "
        "size, date, ?6 "
        "FROM (SELECT " DB_SCAN
        "row_number() OVER (ORDER BY uid) AS n, e.* FROM entry e WHERE collection = ?1 AND class <= ?8) "
        "AS src",
        db_int(c->from.id), db_int(to->id), db_int(first_id), db_int(tx->writing), db_int(first_seq),
        db_int(tx->now), db_int(to->uidnext), db_int(c->most));
    if (st != OK)
        return st;
    return DB_RUN(
        db,
        "INSERT INTO item(id, account, collection, uid, content, prefix, name, obj_uid, etag, changed) "
        "SELECT (?4 + n - 1) * 64 + ?5, ?3, ?2, ?7 + n - 1, i.content, i.prefix, i.name, i.obj_uid, i.etag, "
        "?6 "
        "FROM (SELECT " DB_SCAN
        "row_number() OVER (ORDER BY uid) AS n, item FROM entry WHERE collection = ?1 AND class <= ?8) AS "
        "src JOIN item i ON i.id = src.item",
        db_int(c->from.id), db_int(to->id), db_int(to->account), db_int(first_id), db_int(tx->writing),
        db_int(tx->now), db_int(to->uidnext), db_int(c->most));
}

/* The copies beside their originals: a copy is found by its name, which is the original's. */
#define PAIRS                                                                                                \
    "FROM entry e JOIN item i ON i.id = e.item JOIN item n ON n.collection = ?2 AND n.name = i.name "

static enum status copy_attached(struct tx *tx, int64_t from, int64_t to)
{
    static const char *const statements[] = {
        "INSERT INTO occ(collection, week, start, item, \"end\", flags) "
        "SELECT ?2, o.week, o.start, n.id, o.\"end\", o.flags " PAIRS "JOIN occ o ON o.item = i.id "
        "WHERE e.collection = ?1",
        "INSERT INTO span(item, first, last, recurs, until_done, tzver) "
        "SELECT n.id, s.first, s.last, s.recurs, s.until_done, s.tzver " PAIRS "JOIN span s ON s.item = i.id "
        "WHERE e.collection = ?1",
        "INSERT INTO field(collection, prop, fold, item, n) "
        "SELECT ?2, f.prop, f.fold, n.id, f.n " PAIRS "JOIN field f ON f.item = i.id WHERE e.collection = ?1",
        "INSERT INTO prop(target, ns, name, value) "
        "SELECT n.id, p.ns, p.name, p.value " PAIRS "JOIN prop p ON p.target = i.id WHERE e.collection = ?1",
        "UPDATE content SET refs = refs + (SELECT count(*) FROM item i WHERE i.content = content.id AND "
        "i.collection = ?2) "
        "WHERE id IN (SELECT i.content FROM entry e JOIN item i ON i.id = e.item WHERE e.collection = ?1)",
    };
    enum status st = OK;
    for (size_t i = 0; i < COUNT_OF(statements) && st == OK; i++)
        st = DB_RUN(tx_wdb(tx, to), statements[i], db_int(from), db_int(to));
    return st;
}

static enum status judge(struct tx *tx, struct copy *c)
{
    if (c->from.kind != c->to.kind || (c->from.kind == KIND_CALENDAR && (c->from.comps & ~c->to.comps)))
        return UNSUPPORTED;
    if (c->to.total > 0)
        return EXISTS;
    if (c->from.total > COPY_MAX || (size_t)c->from.total > tx->store->config.items)
        return TOO_MANY;
    c->most = c->from.rights & RIGHT_PRIVATE ? ICAL_CONFIDENTIAL : ICAL_PUBLIC;
    SCOPED_STMT(q) = DB_QUERY(tx_wdb(tx, c->from.id),
                              "SELECT count(*), coalesce(sum(size), 0) FROM entry WHERE collection = ?1 AND "
                              "class <= ?2",
                              db_int(c->from.id), db_int(c->most));
    enum status st = stmt_row(q);
    if (st == OK) {
        c->items = col_int(q, 0);
        c->bytes = col_int(q, 1);
    }
    return st;
}

enum status tx_collection_copy(struct tx *tx, const struct actor *actor, int64_t from, int64_t to)
{
    struct copy c = {.items = 0};
    int64_t id, seq;
    enum status st = coll_load_for(tx, actor, from, RIGHT_READ, &c.from);
    if (st == OK)
        st = coll_load_for(tx, actor, to, RIGHT_INSERT, &c.to);
    if (st == OK)
        st = judge(tx, &c);
    if (st != OK || c.items == 0)
        return st;
    st = take_blocks(tx, &c, &id, &seq);
    if (st == OK)
        st = copy_items(tx, &c, id, seq);
    if (st == OK)
        st = copy_attached(tx, from, to);
    return st != OK ? st : coll_touch(tx, &c.to, seq + c.items - 1, c.items, c.items, c.bytes);
}
