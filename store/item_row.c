/* store/item_row.c: rows of items as structs, and walking many of them. */
#include "store/blob.h"
#include "store/rows.h"

static void take_etag(unsigned char out[SHA256_SIZE], struct str etag)
{
    if (etag.n == SHA256_SIZE)
        memcpy(out, etag.p, SHA256_SIZE);
    else
        memset(out, 0, SHA256_SIZE);
}

void item_row(struct stmt *q, struct item *out)
{
    *out = (struct item){
        .id = col_int(q, 0),
        .collection = col_int(q, 1),
        .uid = col_int(q, 2),
        .name = col_str(q, 3),
        .obj_uid = col_str(q, 4),
        .kind = (int)col_int(q, 5),
        .class = (int)col_int(q, 6),
        .size = col_int(q, 8),
        .seq = col_int(q, 9),
        .created = col_int(q, 10),
        .changed = col_int(q, 11),
        .content = col_int(q, 12),
    };
    take_etag(out->etag, col_str(q, 7));
}

enum status item_copy(struct arena *a, struct item *item)
{
    item->name = arena_str(a, item->name);
    item->obj_uid = arena_str(a, item->obj_uid);
    return a->st;
}

enum status item_one(struct arena *a, struct stmt *q, struct item *out)
{
    enum status st = stmt_row(q);
    if (st != OK)
        return st;
    item_row(q, out);
    return item_copy(a, out);
}

enum status item_old_find(struct tx *tx, struct arena *a, int64_t collection, struct str name,
                          struct item_old *out, struct str *obj_uid)
{
    SCOPED_STMT(q) =
        DB_QUERY(tx_wdb(tx, collection),
                 "SELECT i.id, i.uid, i.content, e.born, e.size, e.date, e.kind, e.class, i.etag, i.obj_uid "
                 "FROM " ITEM_JOIN " WHERE i.collection = ?1 AND i.name = ?2",
                 db_int(collection), db_text(name));
    enum status st = stmt_row(q);
    if (st != OK)
        return st;
    *out = (struct item_old){
        .id = col_int(q, 0),
        .collection = collection,
        .uid = col_int(q, 1),
        .content = col_int(q, 2),
        .born = col_int(q, 3),
        .size = col_int(q, 4),
        .date = col_int(q, 5),
        .kind = (int)col_int(q, 6),
        .class = (int)col_int(q, 7),
    };
    take_etag(out->etag, col_str(q, 8));
    *obj_uid = arena_str(a, col_str(q, 9));
    return a->st;
}

/* ---- walking ---- */

/* The text of a row: inline, or from its file into `file`. */
static enum status row_body(struct tx *tx, struct stmt *q, const struct item *item, struct buf *file,
                            struct str *body)
{
    *body = col_str(q, ITEM_COLUMN_COUNT);
    if (body->p)
        return OK;
    buf_clear(file);
    enum status st = blob_read(tx->store, item->etag, (size_t)item->size, file);
    *body = buf_view(file);
    return st;
}

enum status item_walk(struct tx *tx, struct stmt *q, bool bodies, item_fn fn, void *ctx)
{
    SCOPED_BUF(file, tx->store->config.resource_size + (1 << 20));
    struct str body = STR_NONE;
    struct item item;
    enum status st;
    while ((st = stmt_row(q)) == OK) {
        item_row(q, &item);
        if (bodies && (st = row_body(tx, q, &item, &file, &body)) != OK) {
            if (st != E_CORRUPT && st != E_IO)
                return st;
            body = STR_NONE; /* this one is broken; the others are not */
        }
        if ((st = fn(ctx, &item, body)) != OK)
            return st;
    }
    return st == NOT_FOUND ? OK : st;
}
