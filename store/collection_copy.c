/* store/collection_copy.c: all items of a collection copied into an empty one: a few set-wise statements in one closure. */
#include "store/rows.h"

enum { COPY_MAX = 100000 };

/* Blocks of ids and numbers, one for each item, taken at once. `first` gets the first of each. */
static enum status take_blocks(struct tx *tx, const struct coll_row *to, int64_t items, int64_t bytes,
                               int64_t *first_id, int64_t *first_seq)
{
    struct db *db = tx_wdb(tx, to->id);
    enum status st = account_charge(tx, to->account, items, bytes, first_seq);
    int64_t last;
    if (st == OK) /* the first number is taken already */
        st = DB_GET_INT(db, &last, "UPDATE account SET seq = seq + ?2 - 1 WHERE id = ?1 RETURNING seq",
                        db_int(to->account), db_int(items));
    if (st == OK)
        st = DB_GET_INT(db, first_id,
                        "UPDATE counter SET next = next + ?1 WHERE name = 'id' RETURNING next - ?1",
                        db_int(items));
    return st;
}

/* The n-th item by uid gets the n-th of the free uids, ids and numbers. */
static enum status copy_items(struct tx *tx, int64_t from, const struct coll_row *to, int64_t first_id,
                              int64_t first_seq)
{
    struct db *db = tx_wdb(tx, to->id);
    enum status st = DB_RUN(
        db,
        "INSERT INTO entry(collection, uid, item, seq, born, kind, class, flags, kw, size, date, saved) "
        "SELECT ?2, ?7 + n - 1, (?3 + n - 1) * 64 + ?4, ?5 + n - 1, ?5 + n - 1, kind, class, flags, kw, "
        "size, date, ?6 "
        "FROM (SELECT " DB_SCAN
        "row_number() OVER (ORDER BY uid) AS n, e.* FROM entry e WHERE collection = ?1) AS src",
        db_int(from), db_int(to->id), db_int(first_id), db_int(tx->writing), db_int(first_seq),
        db_int(tx->now), db_int(to->uidnext));
    if (st != OK)
        return st;
    return DB_RUN(
        db,
        "INSERT INTO item(id, account, collection, uid, content, prefix, name, obj_uid, etag, changed) "
        "SELECT (?4 + n - 1) * 64 + ?5, ?3, ?2, ?7 + n - 1, i.content, i.prefix, i.name, i.obj_uid, i.etag, "
        "?6 "
        "FROM (SELECT " DB_SCAN
        "row_number() OVER (ORDER BY uid) AS n, item FROM entry WHERE collection = ?1) AS src "
        "JOIN item i ON i.id = src.item",
        db_int(from), db_int(to->id), db_int(to->account), db_int(first_id), db_int(tx->writing),
        db_int(tx->now), db_int(to->uidnext));
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

static enum status judge(struct tx *tx, const struct coll_row *from, const struct coll_row *to,
                         int64_t *bytes)
{
    int64_t hidden;
    if (from->kind != to->kind || (from->kind == KIND_CALENDAR && (from->comps & ~to->comps)))
        return UNSUPPORTED;
    if (to->total > 0)
        return EXISTS;
    if (from->total > COPY_MAX || (size_t)from->total > tx->store->config.items)
        return TOO_MANY;
    struct db *db = tx_wdb(tx, from->id);
    if (!(from->rights & RIGHT_PRIVATE)) {
        enum status st =
            DB_GET_INT(db, &hidden, "SELECT 1 FROM entry WHERE collection = ?1 AND class <> 0 LIMIT 1",
                       db_int(from->id));
        if (st != NOT_FOUND)
            return st == OK ? DENIED : st;
    }
    return DB_GET_INT(db, bytes, "SELECT bytes FROM collection WHERE id = ?1", db_int(from->id));
}

enum status tx_collection_copy(struct tx *tx, const struct actor *actor, int64_t from, int64_t to)
{
    struct coll_row src, dst;
    int64_t bytes, id, seq;
    enum status st = coll_load_for(tx, actor, from, RIGHT_READ, &src);
    if (st == OK)
        st = coll_load_for(tx, actor, to, RIGHT_INSERT, &dst);
    if (st == OK)
        st = judge(tx, &src, &dst, &bytes);
    if (st != OK || src.total == 0)
        return st;
    st = take_blocks(tx, &dst, src.total, bytes, &id, &seq);
    if (st == OK)
        st = copy_items(tx, from, &dst, id, seq);
    if (st == OK)
        st = copy_attached(tx, from, to);
    return st != OK ? st : coll_touch(tx, &dst, seq + src.total - 1, src.total, src.total, bytes);
}
