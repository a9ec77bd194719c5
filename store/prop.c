/* store/prop.c: properties that clients keep on collections, items, mounts and accounts. */
#include "store/rows.h"

enum { PROP_NAME_MAX = 1024 };

/* Ids are global: an item's properties hang on the item alone, so that they follow it when it is moved. */
static int64_t key_of(int64_t target, int64_t item)
{
    return item ? item : target;
}

enum status prop_list(struct tx *tx, struct arena *a, int64_t target, int64_t item, struct prop **out,
                      size_t *count)
{
    size_t cap = 0;
    *out = NULL;
    *count = 0;
    SCOPED_STMT(q) =
        DB_QUERY(tx_db(tx, target), "SELECT ns, name, value FROM prop WHERE target = ?1 ORDER BY ns, name",
                 db_int(key_of(target, item)));
    enum status st;
    while ((st = stmt_row(q)) == OK) {
        struct prop *grown = arena_grow(a, *out, *count, &cap, *count + 1, sizeof **out);
        if (!grown)
            return a->st;
        *out = grown;
        grown[(*count)++] = (struct prop){arena_str(a, col_str(q, 0)), arena_str(a, col_str(q, 1)),
                                          arena_str(a, col_str(q, 2))};
    }
    return st == NOT_FOUND ? a->st : st;
}

enum status prop_get(struct tx *tx, struct arena *a, int64_t target, int64_t item, struct str ns,
                     struct str name, struct str *value)
{
    *value = STR_NONE;
    SCOPED_STMT(q) =
        DB_QUERY(tx_db(tx, target), "SELECT value FROM prop WHERE target = ?1 AND ns = ?2 AND name = ?3",
                 db_int(key_of(target, item)), db_text(ns), db_text(name));
    enum status st = stmt_row(q);
    if (st != OK)
        return st;
    *value = arena_str(a, col_str(q, 0));
    return a->st;
}

/* ---- whose it is, and what carries the number of the change ---- */

struct owner {
    enum { OF_ACCOUNT, OF_COLLECTION, OF_ITEM, OF_MOUNT } what;
    int64_t account, uid;
    struct coll_row c;
};

static bool is_account(int64_t id)
{
    return (id & 63) >= 32 && (id & 63) != STORE_MAIN;
}

static enum status judge_mount(struct tx *tx, const struct actor *actor, int64_t id, struct owner *out)
{
    out->what = OF_MOUNT;
    enum status st =
        DB_GET_INT(tx_wdb(tx, id), &out->account, "SELECT account FROM mount WHERE id = ?1", db_int(id));
    return st == OK && !actor_owns(actor, out->account) ? DENIED : st;
}

static enum status judge(struct tx *tx, const struct actor *actor, int64_t target, int64_t item,
                         struct owner *out)
{
    if (is_account(target)) {
        *out = (struct owner){.what = OF_ACCOUNT, .account = target};
        return actor_owns(actor, target) ? OK : DENIED;
    }
    out->what = item ? OF_ITEM : OF_COLLECTION;
    enum status st = coll_load_for(tx, actor, target, RIGHT_WRITE, &out->c);
    out->account = out->c.account;
    if (st == NOT_FOUND && !item)
        return judge_mount(tx, actor, target, out);
    if (st == OK && item)
        st = DB_GET_INT(tx_wdb(tx, target), &out->uid,
                        "SELECT uid FROM item WHERE id = ?1 AND collection = ?2", db_int(item),
                        db_int(target));
    return st;
}

static enum status touch(struct tx *tx, const struct owner *o, int64_t target)
{
    int64_t seq;
    struct db *db = tx_wdb(tx, target);
    enum status st = tx_seq_next(tx, o->account, &seq);
    if (st != OK || o->what == OF_ACCOUNT)
        return st;
    if (o->what == OF_COLLECTION)
        return coll_touch_self(tx, target, seq);
    if (o->what == OF_MOUNT)
        return DB_RUN(db, "UPDATE mount SET seq = ?2 WHERE id = ?1", db_int(target), db_int(seq));
    st = DB_RUN(db, "UPDATE entry SET seq = ?3 WHERE collection = ?1 AND uid = ?2", db_int(target),
                db_int(o->uid), db_int(seq));
    return st != OK ? st : coll_touch(tx, &o->c, seq, 0, 0, 0);
}

/* ---- setting ---- */

static enum status judge_size(struct tx *tx, int64_t key, struct str ns, struct str name, struct str value)
{
    const struct store_config *config = &tx->store->config;
    int64_t count;
    if (value.n > config->property_size || ns.n + name.n > PROP_NAME_MAX)
        return TOO_LARGE;
    enum status st = DB_GET_INT(tx_wdb(tx, key), &count,
                                "SELECT count(*) FROM prop WHERE target = ?1 AND NOT (ns = ?2 AND name = ?3)",
                                db_int(key), db_text(ns), db_text(name));
    return st == OK && (size_t)count >= config->properties ? TOO_MANY : st;
}

/* OK: the property has that value (or is absent) already; NOT_FOUND: it differs. */
static enum status is_same(struct tx *tx, int64_t key, struct str ns, struct str name, struct str value)
{
    SCOPED_STMT(q) =
        DB_QUERY(tx_wdb(tx, key), "SELECT value FROM prop WHERE target = ?1 AND ns = ?2 AND name = ?3",
                 db_int(key), db_text(ns), db_text(name));
    enum status st = stmt_row(q);
    if (st == NOT_FOUND)
        return value.p ? NOT_FOUND : OK;
    return st == OK && (!value.p || !str_eq(col_str(q, 0), value)) ? NOT_FOUND : st;
}

enum status tx_prop_set(struct tx *tx, const struct actor *actor, int64_t target, int64_t item, struct str ns,
                        struct str name, struct str value)
{
    int64_t key = key_of(target, item);
    struct db *db = tx_wdb(tx, target);
    struct owner owner = {0};
    enum status st = judge(tx, actor, target, item, &owner);
    if (st != OK)
        return st;
    st = is_same(tx, key, ns, name, value);
    if (st != NOT_FOUND) /* OK: nothing to do, no number is taken */
        return st;
    st = touch(tx, &owner, target);
    if (st != OK)
        return st;
    if (!value.p)
        return DB_RUN(db, "DELETE FROM prop WHERE target = ?1 AND ns = ?2 AND name = ?3", db_int(key),
                      db_text(ns), db_text(name));
    st = judge_size(tx, key, ns, name, value);
    return st != OK ? st
                    : DB_RUN(db,
                             "INSERT INTO prop(target, ns, name, value) VALUES(?1, ?2, ?3, ?4) "
                             "ON CONFLICT(target, ns, name) DO UPDATE SET value = excluded.value",
                             db_int(key), db_text(ns), db_text(name), db_blob(value));
}
