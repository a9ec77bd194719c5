/* store/undelete.c: bringing deleted items and collections back while their bytes are kept. */
#include "store/message_rows.h"

/* ---- listing ---- */

static enum status list_rows(struct stmt *q, deleted_fn fn, void *ctx)
{
    enum status st;
    while ((st = stmt_row(q)) == OK) {
        struct deleted_item d = {
            .collection = col_int(q, 0),
            .item = col_int(q, 1),
            .at = col_int(q, 2),
            .slug = col_str(q, 3),
            .name = col_str(q, 4),
            .obj_uid = col_str(q, 5),
            .seq = col_int(q, 6),
        };
        if ((st = fn(ctx, &d)) != OK)
            return st;
    }
    return st == NOT_FOUND ? OK : st;
}

enum status deleted_each(struct tx *tx, int64_t account, int64_t since, deleted_fn fn, void *ctx)
{
    struct db *db = tx_db(tx, account);
    SCOPED_STMT(collections) =
        DB_QUERY(db,
                 "SELECT t.collection, t.item, t.at, CASE c.kind WHEN 1 THEN c.name ELSE t.name END, NULL, "
                 "NULL, t.seq "
                 "FROM tombstone t "
                 "JOIN collection c ON c.id = t.item AND c.gone > 0 AND c.prop_seq = t.seq "
                 "WHERE t.collection = ?1 AND t.at >= ?2",
                 db_int(account), db_int(since));
    enum status st = list_rows(collections, fn, ctx);
    if (st != OK)
        return st;
    SCOPED_STMT(items) =
        DB_QUERY(db,
                 "SELECT t.collection, t.item, t.at, CASE c.kind WHEN 1 THEN c.name ELSE c.slug END, "
                 "coalesce(t.name, k.subject, ''), coalesce(t.obj_uid, k.msgid), t.seq FROM collection c "
                 "JOIN tombstone t ON t.collection = c.id LEFT JOIN mail_key k ON k.content = t.content "
                 "WHERE c.account = ?1 AND c.gone = 0 AND t.content IS NOT NULL AND t.at >= ?2",
                 db_int(account), db_int(since));
    return list_rows(items, fn, ctx);
}

/* ---- items ---- */

struct grave {
    int64_t content, media;
    struct str name, text;
};

static enum status grave_find(struct tx *tx, struct arena *a, int64_t collection, enum media media,
                              int64_t seq, struct grave *out)
{
    SCOPED_STMT(q) = DB_QUERY(
        tx_wdb(tx, collection),
        "SELECT content, name FROM tombstone WHERE collection = ?1 AND seq = ?2 AND content IS NOT NULL",
        db_int(collection), db_int(seq));
    enum status st = stmt_row(q);
    if (st != OK)
        return st;
    *out = (struct grave){col_int(q, 0), media, arena_str(a, col_str(q, 1)), STR_NONE};
    struct item item = {.content = out->content};
    st = item_body_arena(tx, a, &item, &out->text);
    return st != OK ? st : a->st;
}

/* Its old name, or one beside it when that is taken. */
static enum status free_name(struct tx *tx, struct arena *a, int64_t collection, int64_t seq,
                             struct str *name)
{
    int64_t id;
    enum status st =
        DB_GET_INT(tx_wdb(tx, collection), &id, "SELECT id FROM item WHERE collection = ?1 AND name = ?2",
                   db_int(collection), db_text(*name));
    if (st == OK)
        *name = arena_strf(a, "restored-%lld-%.*s", (long long)seq, STR_ARG(*name));
    return st == OK ? a->st : st == NOT_FOUND ? OK : st;
}

/* A put of the same bytes makes all rows anew; the tombstone lets go of them. */
static enum status raise(struct tx *tx, struct arena *a, const struct actor *actor, int64_t collection,
                         int64_t seq, const struct grave *g)
{
    struct prepared p;
    struct item_put_result put;
    struct str name = g->name;
    enum status st = prepare_derived(tx->store, a, (enum media)g->media, g->text, &p);
    if (st != OK)
        return st;
    sha256(g->text, p.hash); /* the content is there: the tombstone holds it until the last line below */
    st = free_name(tx, a, collection, seq, &name);
    if (st == OK)
        st = tx_item_put(tx, a, actor, collection, name, &p, &put);
    if (st != OK)
        return st == UID_CONFLICT ? EXISTS : st;
    st = DB_RUN(tx_wdb(tx, collection),
                "UPDATE tombstone SET content = NULL WHERE collection = ?1 AND seq = ?2", db_int(collection),
                db_int(seq));
    return st != OK ? st : content_release(tx, g->content);
}

/* ---- collections ---- */

static enum status raise_collection(struct tx *tx, const struct actor *actor, int64_t account, int64_t seq)
{
    struct db *db = tx_wdb(tx, account);
    int64_t number;
    if (!actor_owns(actor, account))
        return DENIED;
    SCOPED_STMT(q) =
        DB_QUERY(db,
                 "SELECT c.id, c.kind, c.slug, c.total, c.bytes FROM tombstone t JOIN collection c "
                 "ON c.id = t.item AND c.gone > 0 AND c.prop_seq = t.seq "
                 "WHERE t.collection = ?1 AND t.seq = ?2",
                 db_int(account), db_int(seq));
    enum status st = stmt_row(q);
    if (st != OK)
        return st;
    int64_t id = col_int(q, 0);
    st = slug_free(tx, account, (int)col_int(q, 1), col_str(q, 2));
    if (st == OK)
        st = account_charge(tx, account, col_int(q, 3), col_int(q, 4), &number);
    if (st == OK)
        st = DB_RUN(db,
                    "UPDATE collection SET gone = 0, prop_seq = ?2, born = ?2, parent = CASE WHEN parent IN "
                    "(SELECT id "
                    "FROM collection WHERE account = ?3 AND kind = 1 AND gone = 0) THEN parent ELSE 0 END "
                    "WHERE id = ?1",
                    db_int(id), db_int(number), db_int(account));
    return st != OK ? st : tx_reconcile_later(tx, id);
}

enum status tx_undelete(struct tx *tx, struct arena *a, const struct actor *actor, int64_t collection,
                        int64_t seq)
{
    struct coll_row c;
    struct grave grave;
    int low = (int)(collection & 63);
    if (low >= 32 && low != STORE_MAIN) /* an account: its home's tombstones are collections */
        return raise_collection(tx, actor, collection, seq);
    enum status st = coll_load_for(tx, actor, collection, RIGHT_INSERT, &c);
    if (st == OK && c.kind == KIND_MAIL)
        return message_raise(tx, actor, collection, seq);
    if (st == OK)
        st = grave_find(tx, a, collection, media_of((enum collection_kind)c.kind), seq, &grave);
    return st != OK ? st : raise(tx, a, actor, collection, seq, &grave);
}
