/* store/item_move_end.c: the last step of a move between shards: while serving, and after a crash, when only the xop row
 * knows of the move. The row's data: "ITEM TO ETAG NAME". */
#include "store/rows.h"

enum status move_note(struct buf *out, const struct item *item, int64_t to, struct str new_name)
{
    buf_addf(out, "%lld %lld ", (long long)item->id, (long long)to);
    buf_hex(out, str_n(item->etag, SHA256_SIZE));
    buf_addc(out, ' ');
    buf_add(out, new_name);
    return out->st;
}

enum status move_leave(struct tx *tx, struct arena *a, int64_t from, const struct item *item, int64_t xop)
{
    struct coll_row c;
    struct item_old old;
    struct str obj_uid;
    enum status st = coll_load(tx, &actor_system, from, &c);
    if (st == OK)
        st = item_old_find(tx, a, from, item->name, &old, &obj_uid);
    if (st == OK && old.id != item->id)
        st = NOT_FOUND;
    if (st == OK && memcmp(old.etag, item->etag, SHA256_SIZE) != 0)
        return PRECONDITION;
    if (st == OK)
        st = item_delete_found(tx, &c, &old, item->name, obj_uid);
    return st == OK || st == NOT_FOUND ? tx_xop_remove(tx, xop) : st;
}

/* ---- after a crash ---- */

struct end {
    struct write write;
    struct arena *arena;
    int64_t from, xop;
    struct item item;
};

static enum status end_run(struct write *w, struct tx *tx)
{
    struct end *e = CONTAINER_OF(w, struct end, write);
    return move_leave(tx, e->arena, e->from, &e->item, e->xop);
}

struct note {
    int64_t item, to;
    struct str etag, name;
};

static bool note_parse(struct str data, struct note *out)
{
    struct str number;
    if (!str_split(&data, ' ', &number) || !str_i64(number, &out->item) || !str_split(&data, ' ', &number) ||
        !str_i64(number, &out->to) || !str_split(&data, ' ', &out->etag))
        return false;
    out->name = data;
    return data.n > 0;
}

static bool same_etag(const struct item *item, struct str hex)
{
    SCOPED_BUF(text, 2 * SHA256_SIZE + 1);
    buf_hex(&text, str_n(item->etag, SHA256_SIZE));
    return str_eq(buf_view(&text), hex);
}

/* Has the item arrived, and is it still here as it was? */
static enum status is_twice(struct store *s, struct arena *a, const struct note *n, struct end *e,
                            bool *twice)
{
    struct item there;
    *twice = false;
    SCOPED_READ(tx, s);
    if (!tx)
        return E_MEMORY;
    enum status st = item_find(tx, a, &actor_system, n->to, n->name, &there);
    if (st != OK || !same_etag(&there, n->etag))
        return st < 0 ? st : OK;
    st = item_get(tx, a, &actor_system, n->item, &e->item);
    *twice = st == OK && e->item.collection == e->from && same_etag(&e->item, n->etag);
    return st < 0 ? st : OK;
}

enum status xop_move_recover(struct store *s, int64_t id, int64_t from, struct str data)
{
    SCOPED_ARENA(a, 1 << 20);
    struct end e = {.write = {.run = end_run, .account = from}, .arena = &a, .from = from, .xop = id};
    struct note note;
    bool twice;
    if (!note_parse(data, &note))
        return xop_remove(s, id);
    enum status st = is_twice(s, &a, &note, &e, &twice);
    if (st != OK)
        return st;
    return twice ? store_run(s, &e.write) : xop_remove(s, id);
}
