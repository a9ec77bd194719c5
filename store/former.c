/* store/former.c: texts of items that are not theirs any more; see former.h. */
#include "store/former.h"

#include "store/rows.h"

enum { FORMERS_MOST = 32 }; /* of one item */

enum status former_keep(struct tx *tx, const struct item_old *old)
{
    int64_t seq;
    if (tx->store->config.keep_deleted <= 0)
        return NOT_FOUND;
    return DB_GET_INT(
        tx_wdb(tx, old->id), &seq,
        "INSERT INTO former(item, seq, content, at) SELECT ?1, e.seq, ?2, ?3 FROM entry e"
        " WHERE e.collection = ?4 AND e.uid = ?5 AND EXISTS(SELECT 1 FROM luid l WHERE l.item = ?1)"
        " AND (SELECT count(*) FROM former f WHERE f.item = ?1) < ?6 RETURNING seq",
        db_int(old->id), db_int(old->content), db_int(tx->now), db_int(old->collection), db_int(old->uid),
        db_int(FORMERS_MOST));
}

enum status former_drop(struct tx *tx, int64_t item)
{
    int64_t content;
    enum status st;
    while ((st = DB_GET_INT(tx_wdb(tx, item), &content,
                            "DELETE FROM former WHERE item = ?1 AND"
                            " seq = (SELECT min(seq) FROM former WHERE item = ?1) RETURNING content",
                            db_int(item))) == OK)
        if ((st = content_release(tx, content)) != OK)
            return st;
    return st == NOT_FOUND ? OK : st;
}

static enum status body_of(struct tx *tx, struct arena *a, int64_t content, struct str *body)
{
    struct item item = {.content = content};
    return item_body_arena(tx, a, &item, body);
}

enum status former_body(struct tx *tx, struct arena *a, int64_t item, int64_t seq, int64_t *number,
                        struct str *body)
{
    int64_t content;
    {
        SCOPED_STMT(q) = DB_QUERY(
            tx_db(tx, item),
            "SELECT seq, content FROM former WHERE item = ?1 AND seq <= ?2 ORDER BY seq DESC LIMIT 1",
            db_int(item), db_int(seq));
        enum status st = stmt_row(q);
        if (st != OK)
            return st;
        *number = col_int(q, 0);
        content = col_int(q, 1);
    }
    return body_of(tx, a, content, body);
}

enum status grave_of_item(struct tx *tx, struct arena *a, const struct actor *actor, int64_t collection,
                          int64_t item, struct grave *out)
{
    struct coll_row c;
    int64_t content;
    enum status st = coll_load_for(tx, actor, collection, RIGHT_READ, &c);
    if (st != OK)
        return st;
    {
        SCOPED_STMT(q) = DB_QUERY(tx_db(tx, collection),
                                  "SELECT seq, name, obj_uid, content FROM tombstone WHERE item = ?1 AND"
                                  " obj_uid IS NOT NULL AND collection = ?2 ORDER BY seq DESC LIMIT 1",
                                  db_int(item), db_int(collection));
        st = stmt_row(q);
        if (st != OK)
            return st;
        *out = (struct grave){.seq = col_int(q, 0),
                              .name = arena_str(a, col_str(q, 1)),
                              .obj_uid = arena_str(a, col_str(q, 2)),
                              .body = STR_NONE};
        content = col_int(q, 3);
    }
    if (content)
        st = body_of(tx, a, content, &out->body);
    return st != OK ? st : a->st;
}
