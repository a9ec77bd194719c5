/* store/item_move.c: MOVE and COPY of items within a shard, and the copy of a whole collection. */
#include "store/rows.h"

struct trip {
    struct tx *tx;
    struct arena *arena;
    struct coll_row from, to;
    struct item_old item;
    struct str name, new_name, obj_uid;
    bool copy;
};

/* ---- judging ---- */

/* Who may not see a private item in full must not get its bytes by copying it. */
static enum status judge_source(const struct trip *t)
{
    unsigned needed = t->copy ? RIGHT_READ : RIGHT_READ | RIGHT_DELETE;
    if ((t->from.rights & needed) != needed)
        return DENIED;
    return t->item.class != ICAL_PUBLIC && !(t->from.rights & RIGHT_PRIVATE) ? DENIED : OK;
}

static enum status judge_kind(const struct trip *t)
{
    if (t->from.kind != t->to.kind)
        return UNSUPPORTED;
    return t->to.kind == KIND_CALENDAR && !((unsigned)t->item.kind & t->to.comps) ? UNSUPPORTED : OK;
}

/* Makes room under the new name. */
static enum status clear_target(struct trip *t, bool overwrite, struct item_move_result *out)
{
    struct item_old there;
    struct str there_uid;
    enum status st = item_old_find(t->tx, t->arena, t->to.id, t->new_name, &there, &there_uid);
    if (st == NOT_FOUND) {
        out->created = true;
        return t->to.rights & RIGHT_INSERT ? OK : DENIED;
    }
    if (st != OK)
        return st;
    if (!overwrite || there.id == t->item.id)
        return EXISTS;
    if (!(t->to.rights & RIGHT_CONTENT))
        return DENIED;
    if (!str_eq(there_uid, t->obj_uid)) { /* RFC 4791 section 5.3.2.1, RFC 6352 section 6.3.2.1 */
        out->conflict = t->new_name;
        return UID_CONFLICT;
    }
    st = item_delete_found(t->tx, &t->to, &there, t->new_name, there_uid);
    if (st == OK)
        t->to.total--;
    return st;
}

static enum status judge(struct trip *t, const struct actor *actor, int64_t from, int64_t to, bool overwrite,
                         struct item_move_result *out)
{
    *out = (struct item_move_result){0};
    enum status st = coll_load(t->tx, actor, from, &t->from);
    if (st == OK)
        st = item_old_find(t->tx, t->arena, from, t->name, &t->item, &t->obj_uid);
    if (st == OK)
        st = judge_source(t);
    if (st != OK)
        return st;
    st = coll_load(t->tx, actor, to, &t->to);
    if (st != OK)
        return st == NOT_FOUND ? NO_PARENT : st;
    st = judge_kind(t);
    if (st == OK)
        st = clear_target(t, overwrite, out);
    if (st == OK)
        st = item_uid_free(t->tx, t->arena, to, t->obj_uid, t->copy ? 0 : t->item.id, &out->conflict);
    if (st == OK && (size_t)t->to.total >= t->tx->store->config.items)
        st = TOO_MANY;
    return st;
}

/* ---- going ---- */

static enum status add_entry(struct trip *t, int64_t item, int64_t seq)
{
    return DB_RUN(
        tx_wdb(t->tx, t->to.id),
        "INSERT INTO entry(collection, uid, item, seq, born, kind, class, flags, kw, size, date, saved) "
        "VALUES(?1, ?2, ?3, ?4, ?4, ?5, ?6, 0, 0, ?7, ?8, ?9)",
        db_int(t->to.id), db_int(t->to.uidnext), db_int(item), db_int(seq), db_int(t->item.kind),
        db_int(t->item.class), db_int(t->item.size), db_int(t->item.date), db_int(t->tx->now));
}

/* Out of the old place: no bytes are kept behind this tombstone, the item lives on. */
static enum status leave(struct trip *t)
{
    int64_t seq;
    struct db *db = tx_wdb(t->tx, t->from.id);
    enum status st = account_charge(t->tx, t->from.account, -1, -t->item.size, &seq);
    if (st == OK)
        st = DB_RUN(db, "DELETE FROM entry WHERE collection = ?1 AND uid = ?2", db_int(t->from.id),
                    db_int(t->item.uid));
    if (st == OK)
        st = item_bury(t->tx, &t->item, t->name, t->obj_uid, seq, false);
    return st != OK ? st : coll_touch(t->tx, &t->from, seq, 0, -1, -t->item.size);
}

static enum status arrive(struct trip *t)
{
    int64_t seq;
    enum status st = account_charge(t->tx, t->to.account, 1, t->item.size, &seq);
    if (st == OVER_QUOTA && t->from.account == t->to.account)
        st = OK; /* nothing is added: whoever is over his quota may still tidy up */
    if (st == OK)
        st = DB_RUN(tx_wdb(t->tx, t->item.id),
                    "UPDATE item SET account = ?2, collection = ?3, uid = ?4, name = ?5 WHERE id = ?1",
                    db_int(t->item.id), db_int(t->to.account), db_int(t->to.id), db_int(t->to.uidnext),
                    db_text(t->new_name));
    if (st == OK)
        st = add_entry(t, t->item.id, seq);
    if (st == OK && t->from.id != t->to.id)
        st = derived_move(t->tx, t->item.id, t->to.id);
    return st != OK ? st : coll_touch(t->tx, &t->to, seq, 1, 1, t->item.size);
}

static enum status duplicate(struct trip *t)
{
    int64_t seq, id;
    struct db *db = tx_wdb(t->tx, t->to.id);
    enum status st = account_charge(t->tx, t->to.account, 1, t->item.size, &seq);
    if (st == OK)
        st = tx_new_id(t->tx, t->tx->writing, t->tx->writing, &id);
    if (st == OK)
        st = DB_RUN(db,
                    "INSERT INTO item(id, account, collection, uid, content, name, obj_uid, etag, changed) "
                    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                    db_int(id), db_int(t->to.account), db_int(t->to.id), db_int(t->to.uidnext),
                    db_int(t->item.content), db_text(t->new_name), db_text(t->obj_uid),
                    db_blob(str_n(t->item.etag, SHA256_SIZE)), db_int(t->tx->now));
    if (st == OK)
        st = add_entry(t, id, seq);
    if (st == OK)
        st = content_ref(t->tx, t->item.content);
    if (st == OK)
        st = DB_RUN(db,
                    "INSERT INTO prop(target, ns, name, value) SELECT ?2, ns, name, value FROM prop WHERE "
                    "target = ?1",
                    db_int(t->item.id), db_int(id));
    if (st == OK)
        st = derived_copy(t->tx, t->item.id, id, t->to.id);
    return st != OK ? st : coll_touch(t->tx, &t->to, seq, 1, 1, t->item.size);
}

enum status tx_item_move(struct tx *tx, struct arena *a, const struct actor *actor, int64_t from,
                         struct str name, int64_t to, struct str new_name, bool overwrite,
                         struct item_move_result *out)
{
    struct trip t = {.tx = tx, .arena = a, .name = name, .new_name = new_name};
    enum status st = judge(&t, actor, from, to, overwrite, out);
    if (st == OK)
        st = leave(&t);
    return st != OK ? st : arrive(&t);
}

enum status tx_item_copy(struct tx *tx, struct arena *a, const struct actor *actor, int64_t from,
                         struct str name, int64_t to, struct str new_name, bool overwrite,
                         struct item_move_result *out)
{
    struct trip t = {.tx = tx, .arena = a, .name = name, .new_name = new_name, .copy = true};
    enum status st = judge(&t, actor, from, to, overwrite, out);
    return st != OK ? st : duplicate(&t);
}
