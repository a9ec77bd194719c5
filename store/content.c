/* store/content.c: the bytes of items: one row for each distinct text, counted, its bytes inline or in a blob file. */
#include "store/blob.h"
#include "store/rows.h"

static enum status content_insert(struct tx *tx, const struct content_new *in, int64_t *content)
{
    struct db *db = tx->db[tx->writing];
    enum status st = tx_new_id(tx, tx->writing, tx->writing, content);
    if (st == OK)
        st = DB_RUN(
            db,
            "INSERT INTO content(id, hash, size, media, refs, blob, mime) VALUES(?1, ?2, ?3, ?4, 1, ?5, ?6)",
            db_int(*content), db_blob(str_n(in->hash, SHA256_SIZE)), db_int((int64_t)in->body.n),
            db_int(in->media), db_int(in->is_file), db_blob(in->mime));
    if (st == OK && !in->is_file)
        st =
            DB_RUN(db, "INSERT INTO body(content, data) VALUES(?1, ?2)", db_int(*content), db_blob(in->body));
    return st;
}

static enum status content_find(struct db *db, const struct content_new *in, int64_t *content, int64_t *bare)
{
    SCOPED_STMT(q) = DB_QUERY(db, "SELECT id, mime IS NULL FROM content WHERE hash = ?1",
                              db_blob(str_n(in->hash, SHA256_SIZE)));
    enum status st = stmt_row(q);
    if (st != OK)
        return st;
    *content = col_int(q, 0);
    *bare = col_int(q, 1);
    return OK;
}

enum status content_take(struct tx *tx, const struct content_new *in, int64_t *content)
{
    struct db *db = tx->db[tx->writing];
    int64_t bare;
    enum status st = content_find(db, in, content, &bare);
    if (st != OK)
        return st == NOT_FOUND ? content_insert(tx, in, content) : st;
    if (bare && in->mime.p) /* somebody stored the same bytes as something else */
        st = DB_RUN(db, "UPDATE content SET mime = ?2 WHERE id = ?1", db_int(*content), db_blob(in->mime));
    return st == OK ? content_ref(tx, *content) : st;
}

enum status content_ref(struct tx *tx, int64_t content)
{
    return DB_RUN(tx_wdb(tx, content), "UPDATE content SET refs = refs + 1 WHERE id = ?1", db_int(content));
}

enum status content_release(struct tx *tx, int64_t content)
{
    int64_t refs;
    struct db *db = tx_wdb(tx, content);
    enum status st = DB_GET_INT(db, &refs, "UPDATE content SET refs = refs - 1 WHERE id = ?1 RETURNING refs",
                                db_int(content));
    if (st != OK || refs > 0)
        return st == NOT_FOUND ? E_CORRUPT : st;
    st = DB_RUN(db, "DELETE FROM content WHERE id = ?1", db_int(content));
    if (st == OK)
        st = DB_RUN(db, "DELETE FROM mail_key WHERE content = ?1", db_int(content));
    return st != OK ? st : DB_RUN(db, "DELETE FROM body WHERE content = ?1", db_int(content));
}

/* ---- reading ---- */

enum status item_body(struct tx *tx, const struct item *item, struct buf *out)
{
    SCOPED_STMT(q) = DB_QUERY(
        tx_db(tx, item->content),
        "SELECT c.size, c.hash, b.data FROM content c LEFT JOIN body b ON b.content = c.id WHERE c.id = ?1",
        db_int(item->content));
    enum status st = stmt_row(q);
    if (st != OK)
        return st == NOT_FOUND ? E_CORRUPT : st;
    struct str hash = col_str(q, 1), data = col_str(q, 2);
    if (data.p) {
        buf_add(out, data);
        return out->st;
    }
    if (hash.n != SHA256_SIZE)
        return E_CORRUPT;
    return blob_read(tx->store, (const unsigned char *)hash.p, (size_t)col_int(q, 0), out);
}

enum status item_body_arena(struct tx *tx, struct arena *a, const struct item *item, struct str *out)
{
    SCOPED_BUF(text, tx->store->config.resource_size + tx->store->config.message_size + (1 << 20));
    enum status st = item_body(tx, item, &text);
    *out = STR_NONE;
    if (st != OK)
        return st;
    *out = arena_str(a, buf_view(&text));
    return a->st;
}
