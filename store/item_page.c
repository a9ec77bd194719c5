/* store/item_page.c: what changed in a collection, page by page along its number line, for those who keep a place of their own in it
 * and go by items' numbers, not by names: SyncML. */
#include "store/rows.h"

enum status item_after(struct tx *tx, const struct actor *actor, int64_t collection, int64_t after,
                       size_t limit, item_fn fn, void *ctx)
{
    struct coll_row c;
    struct item item;
    size_t n = 0;
    enum status st = coll_load_for(tx, actor, collection, RIGHT_READ, &c);
    if (st != OK)
        return st;
    SCOPED_STMT(q) = DB_QUERY(tx_db(tx, collection),
                              "SELECT " ITEM_COLUMNS " FROM entry e JOIN item i ON i.id = e.item "
                              "WHERE e.collection = ?1 AND e.seq > ?2 ORDER BY e.seq",
                              db_int(collection), db_int(after));
    while ((st = stmt_row(q)) == OK) {
        if (n++ == limit)
            return TRUNCATED;
        item_row(q, &item);
        if ((st = fn(ctx, &item, STR_NONE)) != OK)
            return st;
    }
    return st == NOT_FOUND ? OK : st;
}

enum status item_gone_after(struct tx *tx, const struct actor *actor, int64_t collection, int64_t after,
                            size_t limit, item_gone_fn fn, void *ctx)
{
    struct coll_row c;
    size_t n = 0;
    enum status st = coll_load_for(tx, actor, collection, RIGHT_READ, &c);
    if (st != OK)
        return st;
    SCOPED_STMT(q) =
        DB_QUERY(tx_db(tx, collection),
                 "SELECT seq, item FROM tombstone WHERE collection = ?1 AND seq > ?2 ORDER BY seq",
                 db_int(collection), db_int(after));
    while ((st = stmt_row(q)) == OK) {
        if (n++ == limit)
            return TRUNCATED;
        if ((st = fn(ctx, col_int(q, 0), col_int(q, 1))) != OK)
            return st;
    }
    return st == NOT_FOUND ? OK : st;
}
