/* store/collection.c: finding collections, own and mounted, as an actor may see them. */
#include "store/rows.h"

enum status coll_load(struct tx *tx, const struct actor *actor, int64_t id, struct coll_row *out)
{
    SCOPED_STMT(q) = DB_QUERY(tx_db(tx, id),
                              "SELECT account, uidnext, total, seq, horizon, kind, comps FROM collection "
                              "WHERE id = ?1 AND gone = 0",
                              db_int(id));
    enum status st = stmt_row(q);
    if (st != OK)
        return st;
    *out = (struct coll_row){
        .id = id,
        .account = col_int(q, 0),
        .uidnext = col_int(q, 1),
        .total = col_int(q, 2),
        .seq = col_int(q, 3),
        .horizon = col_int(q, 4),
        .kind = (int)col_int(q, 5),
        .comps = (unsigned)col_int(q, 6),
    };
    st = rights_judge(tx, actor, id, out->account, &out->rights);
    return st == OK && !out->rights ? NOT_FOUND : st;
}

enum status coll_load_for(struct tx *tx, const struct actor *actor, int64_t id, unsigned needed,
                          struct coll_row *out)
{
    enum status st = coll_load(tx, actor, id, out);
    return st == OK && (out->rights & needed) != needed ? DENIED : st;
}

/* ---- struct collection ---- */

#define COLLECTION_COLUMNS "id, account, kind, slug, name, comps, tz, seq, prop_seq, horizon, total, bytes"

static enum status collection_row(struct tx *tx, struct arena *a, const struct actor *actor, struct stmt *q,
                                  struct collection *out)
{
    *out = (struct collection){
        .id = col_int(q, 0),
        .account = col_int(q, 1),
        .kind = (enum collection_kind)col_int(q, 2),
        .slug = arena_str(a, col_str(q, 3)),
        .name = arena_str(a, col_str(q, 4)),
        .comps = (unsigned)col_int(q, 5),
        .timezone = arena_str(a, col_str(q, 6)),
        .seq = col_int(q, 7),
        .prop_seq = col_int(q, 8),
        .horizon = col_int(q, 9),
        .total = col_int(q, 10),
        .bytes = col_int(q, 11),
        .subscribed = true,
    };
    if (a->st != OK)
        return a->st;
    enum status st = rights_judge(tx, actor, out->id, out->account, &out->rights);
    return st == OK && !out->rights ? NOT_FOUND : st;
}

enum status collection_get(struct tx *tx, struct arena *a, const struct actor *actor, int64_t id,
                           struct collection *out)
{
    SCOPED_STMT(q) =
        DB_QUERY(tx_db(tx, id), "SELECT " COLLECTION_COLUMNS " FROM collection WHERE id = ?1 AND gone = 0",
                 db_int(id));
    enum status st = stmt_row(q);
    return st != OK ? st : collection_row(tx, a, actor, q, out);
}

/* "Calendar (Alice Rossi)": two people's calendars look different in a third one's list. */
static enum status mounted_name(struct tx *tx, struct arena *a, struct collection *c)
{
    if (c->account == PRINCIPAL_SYSTEM)
        return OK;
    SCOPED_STMT(q) = DB_QUERY(tx_db(tx, STORE_MAIN),
                              "SELECT p.name, a.address FROM principal p "
                              "LEFT JOIN address a ON a.principal = p.id AND a.kind = 1 WHERE p.id = ?1",
                              db_int(c->account));
    enum status st = stmt_row(q);
    if (st != OK)
        return st == NOT_FOUND ? OK : st;
    struct str owner = col_str(q, 0), address = col_str(q, 1);
    if (!owner.n)
        owner = str_slice(address, 0, str_chr(address, '@', 0));
    if (owner.n)
        c->name = arena_strf(a, "%.*s (%.*s)", STR_ARG(c->name), STR_ARG(owner));
    return a->st;
}

#define MOUNT_COLUMNS "id, account, kind, slug, owner, collection, via, name, subscribed, seq"

static enum status mount_row(struct arena *a, struct stmt *q, struct mount *out)
{
    *out = (struct mount){
        .id = col_int(q, 0),
        .account = col_int(q, 1),
        .kind = (enum collection_kind)col_int(q, 2),
        .slug = arena_str(a, col_str(q, 3)),
        .owner = col_int(q, 4),
        .collection = col_int(q, 5),
        .via = col_int(q, 6),
        .name = arena_str(a, col_str(q, 7)),
        .subscribed = col_int(q, 8) != 0,
        .seq = col_int(q, 9),
    };
    return a->st;
}

enum status mount_list(struct tx *tx, struct arena *a, int64_t account, struct mount **out, size_t *count)
{
    size_t cap = 0;
    *out = NULL;
    *count = 0;
    SCOPED_STMT(q) = DB_QUERY(tx_db(tx, account),
                              "SELECT " MOUNT_COLUMNS " FROM mount WHERE account = ?1 ORDER BY kind, slug",
                              db_int(account));
    enum status st;
    while ((st = stmt_row(q)) == OK) {
        struct mount *grown = arena_grow(a, *out, *count, &cap, *count + 1, sizeof **out);
        if (!grown)
            return a->st;
        *out = grown;
        if ((st = mount_row(a, q, &grown[(*count)++])) != OK)
            return st;
    }
    return st == NOT_FOUND ? OK : st;
}

enum status collection_of_mount(struct tx *tx, struct arena *a, const struct actor *actor,
                                const struct mount *m, struct collection *out)
{
    enum status st = collection_get(tx, a, actor, m->collection, out);
    if (st != OK)
        return st;
    out->slug = m->slug;
    out->mount = m->id;
    out->mount_account = m->account;
    out->mount_seq = m->seq;
    out->subscribed = m->subscribed;
    if (!m->name.n)
        return mounted_name(tx, a, out);
    out->name = m->name;
    return OK;
}

/* ---- by slug ---- */

static enum status find_own(struct tx *tx, struct arena *a, const struct actor *actor, int64_t account,
                            enum collection_kind kind, struct str slug, struct collection *out)
{
    SCOPED_STMT(q) = DB_QUERY(tx_db(tx, account),
                              "SELECT " COLLECTION_COLUMNS " FROM collection "
                              "WHERE account = ?1 AND kind = ?2 AND slug = ?3 AND gone = 0",
                              db_int(account), db_int(kind), db_text(slug));
    enum status st = stmt_row(q);
    return st != OK ? st : collection_row(tx, a, actor, q, out);
}

static enum status find_mounted(struct tx *tx, struct arena *a, const struct actor *actor, int64_t account,
                                enum collection_kind kind, struct str slug, struct collection *out)
{
    struct mount m;
    if (!actor_is(actor, account)) /* what others share with him is nobody else's business */
        return NOT_FOUND;
    SCOPED_STMT(q) =
        DB_QUERY(tx_db(tx, account),
                 "SELECT " MOUNT_COLUMNS " FROM mount WHERE account = ?1 AND kind = ?2 AND slug = ?3",
                 db_int(account), db_int(kind), db_text(slug));
    enum status st = stmt_row(q);
    if (st == OK)
        st = mount_row(a, q, &m);
    if (st == OK && !m.subscribed)
        st = NOT_FOUND;
    return st != OK ? st : collection_of_mount(tx, a, actor, &m, out);
}

enum status collection_find(struct tx *tx, struct arena *a, const struct actor *actor, int64_t account,
                            enum collection_kind kind, struct str slug, struct collection *out)
{
    if (!kind) {
        enum status st = collection_find(tx, a, actor, account, KIND_CALENDAR, slug, out);
        return st != NOT_FOUND ? st : collection_find(tx, a, actor, account, KIND_ADDRESSBOOK, slug, out);
    }
    enum status st = find_own(tx, a, actor, account, kind, slug, out);
    return st != NOT_FOUND ? st : find_mounted(tx, a, actor, account, kind, slug, out);
}

/* ---- a whole home ---- */

struct list {
    struct arena *arena;
    struct collection **items;
    size_t *count, cap;
};

static enum status list_add(struct list *l, const struct collection *c)
{
    struct collection *grown =
        arena_grow(l->arena, *l->items, *l->count, &l->cap, *l->count + 1, sizeof **l->items);
    if (!grown)
        return l->arena->st;
    *l->items = grown;
    grown[(*l->count)++] = *c;
    return OK;
}

static enum status list_own(struct tx *tx, const struct actor *actor, int64_t account,
                            enum collection_kind kind, struct list *l)
{
    struct collection c;
    SCOPED_STMT(q) = DB_QUERY(tx_db(tx, account),
                              "SELECT " COLLECTION_COLUMNS " FROM collection "
                              "WHERE account = ?1 AND kind = ?2 AND gone = 0 ORDER BY slug",
                              db_int(account), db_int(kind));
    enum status st;
    while ((st = stmt_row(q)) == OK) {
        st = collection_row(tx, l->arena, actor, q, &c);
        if (st == OK)
            st = list_add(l, &c);
        if (st != OK && st != NOT_FOUND)
            return st;
    }
    return st == NOT_FOUND ? OK : st;
}

static enum status list_mounted(struct tx *tx, const struct actor *actor, int64_t account,
                                enum collection_kind kind, struct list *l)
{
    struct mount *mounts;
    struct collection c;
    size_t count;
    if (!actor_is(actor, account))
        return OK;
    enum status st = mount_list(tx, l->arena, account, &mounts, &count);
    for (size_t i = 0; i < count && st == OK; i++) {
        if (mounts[i].kind != kind || !mounts[i].subscribed)
            continue;
        st = collection_of_mount(tx, l->arena, actor, &mounts[i], &c);
        if (st == OK)
            st = list_add(l, &c);
        st = st == NOT_FOUND ? OK : st; /* its grant has gone; the mount follows soon */
    }
    return st;
}

enum status collection_list(struct tx *tx, struct arena *a, const struct actor *actor, int64_t account,
                            enum collection_kind kind, struct collection **out, size_t *count)
{
    struct list l = {.arena = a, .items = out, .count = count};
    *out = NULL;
    *count = 0;
    if (!kind) {
        enum status st = list_own(tx, actor, account, KIND_CALENDAR, &l);
        if (st == OK)
            st = list_own(tx, actor, account, KIND_ADDRESSBOOK, &l);
        if (st == OK)
            st = list_mounted(tx, actor, account, KIND_CALENDAR, &l);
        return st != OK ? st : list_mounted(tx, actor, account, KIND_ADDRESSBOOK, &l);
    }
    enum status st = list_own(tx, actor, account, kind, &l);
    return st != OK ? st : list_mounted(tx, actor, account, kind, &l);
}
