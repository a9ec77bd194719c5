/* store/reconcile.c: mounts follow grants. What should be mounted is worked out from the ACL and the groups as they are,
 * compared with the mounts that are there, and the difference is written, some hundred rows a write.
 *
 * One reconciliation runs at a time: the last one to run has seen the last change of the ACL. Each can be repeated. */
#include "store/principal.h"
#include "store/rows.h"

enum { SLICE = 200, ARENA_MAX = 256 << 20 };

/* Of principal p: all but those who are deleted for good (nothing is left of them but the number). Who is disabled, or deleted with
 * his data kept, keeps his mounts with their names and colours: he may come back. */
#define IS_KEPT "(p.state <> 3 OR EXISTS(SELECT 1 FROM address a WHERE a.principal = p.id AND a.kind = 1))"

struct wish { /* account should have the collection mounted, or has it */
    int64_t account, collection, via;
};

struct wishes {
    struct arena *arena;
    struct wish *items;
    size_t count, cap;
};

static enum status wish_add(struct wishes *w, int64_t account, int64_t collection, int64_t via)
{
    struct wish *grown = arena_grow(w->arena, w->items, w->count, &w->cap, w->count + 1, sizeof *w->items);
    if (!grown)
        return w->arena->st;
    w->items = grown;
    grown[w->count++] = (struct wish){account, collection, via};
    return OK;
}

static int by_place(const struct wish *x, const struct wish *y)
{
    if (x->account != y->account)
        return x->account < y->account ? -1 : 1;
    return (x->collection > y->collection) - (x->collection < y->collection);
}

/* A grant to the user himself (via 0) comes before one through a group. */
static int by_account(const void *a, const void *b)
{
    const struct wish *x = a, *y = b;
    int order = by_place(x, y);
    return order ? order : (x->via > y->via) - (x->via < y->via);
}

static void wishes_sort(struct wishes *w)
{
    size_t kept = 0;
    if (w->count > 1)
        qsort(w->items, w->count, sizeof *w->items, by_account);
    for (size_t i = 0; i < w->count; i++)
        if (!kept || w->items[kept - 1].account != w->items[i].account ||
            w->items[kept - 1].collection != w->items[i].collection)
            w->items[kept++] = w->items[i];
    w->count = kept;
}

/* ---- who is meant by a grant ---- */

static enum status add_everyone(struct tx *tx, struct wishes *w, int64_t collection)
{
    SCOPED_STMT(q) = DB_QUERY(tx_db(tx, STORE_MAIN),
                              "SELECT p.id FROM principal p " DB_SCAN "WHERE p.kind = ?1 AND " IS_KEPT,
                              db_int(PRINCIPAL_USER));
    enum status st;
    while ((st = stmt_row(q)) == OK)
        if ((st = wish_add(w, col_int(q, 0), collection, PRINCIPAL_ANYONE)) != OK)
            return st;
    return st == NOT_FOUND ? OK : st;
}

struct groups { /* still to be opened: items[done..count) */
    int64_t *items;
    size_t count, cap, done;
};

static enum status group_add(struct arena *a, struct groups *g, int64_t id)
{
    for (size_t i = 0; i < g->count; i++) /* groups in groups are few; a cycle ends here */
        if (g->items[i] == id)
            return OK;
    int64_t *grown = arena_grow(a, g->items, g->count, &g->cap, g->count + 1, sizeof *g->items);
    if (!grown)
        return a->st;
    g->items = grown;
    grown[g->count++] = id;
    return OK;
}

static enum status open_group(struct tx *tx, struct wishes *w, struct groups *g, int64_t group,
                              int64_t collection, int64_t via)
{
    SCOPED_STMT(q) = DB_QUERY(tx_db(tx, STORE_MAIN),
                              "SELECT m.member, p.kind FROM member m JOIN principal p ON p.id = m.member "
                              "WHERE m.grp = ?1 AND " IS_KEPT,
                              db_int(group));
    enum status st;
    while ((st = stmt_row(q)) == OK) {
        st = col_int(q, 1) == PRINCIPAL_GROUP ? group_add(w->arena, g, col_int(q, 0))
                                              : wish_add(w, col_int(q, 0), collection, via);
        if (st != OK)
            return st;
    }
    return st == NOT_FOUND ? OK : st;
}

static enum status add_grantee(struct tx *tx, struct wishes *w, int64_t principal, int64_t collection)
{
    struct groups groups = {0};
    int64_t kind;
    if (principal == PRINCIPAL_ANYONE)
        return add_everyone(tx, w, collection);
    enum status st =
        DB_GET_INT(tx_db(tx, STORE_MAIN), &kind,
                   "SELECT p.kind FROM principal p WHERE p.id = ?1 AND " IS_KEPT, db_int(principal));
    if (st != OK)
        return st == NOT_FOUND ? OK : st;
    if (kind != PRINCIPAL_GROUP)
        return wish_add(w, principal, collection, 0);
    st = group_add(w->arena, &groups, principal);
    while (st == OK && groups.done < groups.count)
        st = open_group(tx, w, &groups, groups.items[groups.done++], collection, principal);
    return st;
}

/* ---- the shared collection, as its mounts need it ---- */

struct shared {
    int64_t id, owner;
    int kind;
    struct str slug; /* of the mount, when it is free */
};

/* "alice-calendar": says whose it is, and seldom meets another name. */
static enum status mount_slug(struct tx *tx, struct arena *a, struct str slug, struct shared *out)
{
    out->slug = arena_str(a, slug);
    if (out->owner == PRINCIPAL_SYSTEM)
        return a->st;
    SCOPED_STMT(q) =
        DB_QUERY(tx_db(tx, STORE_MAIN), "SELECT address FROM address WHERE principal = ?1 AND kind = ?2",
                 db_int(out->owner), db_int(ADDRESS_PRIMARY));
    enum status st = stmt_row(q);
    if (st != OK)
        return st == NOT_FOUND ? a->st : st;
    struct str address = col_str(q, 0), local = str_slice(address, 0, str_chr(address, '@', 0));
    if (local.n && local.n + out->slug.n < 200 && str_chr(local, '/', 0) == SIZE_MAX)
        out->slug = arena_strf(a, "%.*s-%.*s", STR_ARG(local), STR_ARG(out->slug));
    return a->st;
}

static enum status shared_find(struct tx *tx, struct arena *a, int64_t collection, struct shared *out)
{
    SCOPED_STMT(q) =
        DB_QUERY(tx_db(tx, collection),
                 "SELECT account, kind, slug FROM collection WHERE id = ?1 AND gone = 0", db_int(collection));
    enum status st = stmt_row(q);
    if (st != OK)
        return st;
    *out = (struct shared){.id = collection, .owner = col_int(q, 0), .kind = (int)col_int(q, 1)};
    return mount_slug(tx, a, col_str(q, 2), out);
}

/* ---- writing the difference ---- */

struct change {
    struct wish wish;
    const struct shared *shared; /* NULL: the mount goes */
};

struct changes {
    struct write write;
    const struct change *items;
    size_t count;
};

static enum status mount_remove(struct tx *tx, const struct wish *w)
{
    struct db *db = tx_wdb(tx, w->account);
    int64_t seq;
    SCOPED_STMT(q) = DB_QUERY(db,
                              "DELETE FROM mount WHERE collection = ?1 AND account = ?2 "
                              "RETURNING id, kind, slug, born, subscribed",
                              db_int(w->collection), db_int(w->account));
    enum status st = stmt_row(q);
    if (st != OK)
        return st == NOT_FOUND ? OK : st;
    int64_t id = col_int(q, 0);
    st = DB_RUN(db, "DELETE FROM prop WHERE target = ?1", db_int(id));
    if (st == OK)
        st = tx_seq_next(tx, w->account, &seq);
    if (st == NOT_FOUND) /* the account is being removed: nobody syncs it */
        return OK;
    if (st == OK && col_int(q, 4))
        st = home_tombstone(tx, w->account, seq, id, (int)col_int(q, 1), col_str(q, 2), col_int(q, 3));
    return st;
}

static enum status free_slug(struct tx *tx, struct arena *a, int64_t account, const struct shared *s,
                             struct str *slug)
{
    *slug = s->slug;
    enum status st = slug_free(tx, account, s->kind, *slug);
    for (int n = 2; st == EXISTS; n++) {
        *slug = arena_strf(a, "%.*s-%d", STR_ARG(s->slug), n);
        st = a->st != OK ? a->st : slug_free(tx, account, s->kind, *slug);
    }
    return st;
}

static enum status mount_add(struct tx *tx, const struct wish *w, const struct shared *s)
{
    SCOPED_ARENA(a, 1 << 20);
    struct db *db = tx_wdb(tx, w->account);
    struct str slug;
    int64_t id, seq;
    enum status st =
        DB_GET_INT(db, &id, "UPDATE mount SET via = ?3 WHERE collection = ?1 AND account = ?2 RETURNING id",
                   db_int(w->collection), db_int(w->account), db_int(w->via));
    if (st != NOT_FOUND)
        return st;
    st = tx_seq_next(tx, w->account, &seq);
    if (st == NOT_FOUND) /* no account (yet): its creation reconciles it */
        return OK;
    if (st == OK)
        st = free_slug(tx, &a, w->account, s, &slug);
    if (st == OK)
        st = tx_new_id(tx, tx->writing, tx->writing, &id);
    return st != OK ? st
                    : DB_RUN(db,
                             "INSERT INTO mount(id, account, kind, slug, owner, collection, via, name, "
                             "subscribed, seq, born) "
                             "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, NULL, 1, ?8, ?8)",
                             db_int(id), db_int(w->account), db_int(s->kind), db_text(slug), db_int(s->owner),
                             db_int(w->collection), db_int(w->via), db_int(seq));
}

static enum status changes_run(struct write *write, struct tx *tx)
{
    struct changes *c = CONTAINER_OF(write, struct changes, write);
    enum status st = OK;
    for (size_t i = 0; i < c->count && st == OK; i++)
        st = c->items[i].shared ? mount_add(tx, &c->items[i].wish, c->items[i].shared)
                                : mount_remove(tx, &c->items[i].wish);
    return st;
}

/* `list` is of one slot. */
static enum status write_changes(struct store *s, int slot, const struct change *list, size_t count)
{
    enum status st = OK;
    for (size_t at = 0; at < count && st == OK; at += SLICE) {
        struct changes c = {.write = {.run = changes_run, .account = slot, .bytes = 64 * SLICE},
                            .items = list + at,
                            .count = count - at < SLICE ? count - at : SLICE};
        st = store_run(s, &c.write);
    }
    return st;
}

/* Both sorted: what is wanted and not there is added, what is there and not wanted goes, what differs in `via` is told so. */
static enum status difference(struct arena *a, const struct wishes *wanted, const struct wishes *there,
                              const struct shared *const *shared, struct change **out, size_t *count)
{
    struct change *list = ARENA_ARRAY(a, struct change, wanted->count + there->count + 1);
    size_t i = 0, k = 0;
    *out = list;
    *count = 0;
    if (!list)
        return a->st;
    while (i < wanted->count && k < there->count) {
        const struct wish *w = &wanted->items[i], *t = &there->items[k];
        int order = by_place(w, t);
        if (order < 0 || (order == 0 && w->via != t->via))
            list[(*count)++] = (struct change){*w, shared[i]};
        else if (order > 0)
            list[(*count)++] = (struct change){*t, NULL};
        i += order <= 0;
        k += order >= 0;
    }
    for (; i < wanted->count; i++)
        list[(*count)++] = (struct change){wanted->items[i], shared[i]};
    for (; k < there->count; k++)
        list[(*count)++] = (struct change){there->items[k], NULL};
    return OK;
}

/* ---- the mounts of one collection ---- */

struct plan { /* of one slot */
    struct change *items;
    size_t count;
};

static enum status wanted_of(struct tx *tx, struct wishes *w, const struct shared *s)
{
    struct acl_entry *grants;
    size_t count;
    enum status st = acl_list(tx, w->arena, s->id, &grants, &count);
    for (size_t i = 0; i < count && st == OK; i++)
        if (grants[i].rights & RIGHT_LOOKUP)
            st = add_grantee(tx, w, grants[i].principal, s->id);
    wishes_sort(w);
    return st;
}

/* Those of accounts that are being removed go with them. */
static enum status there_of(struct tx *tx, struct wishes *w, int slot, int64_t collection)
{
    SCOPED_STMT(q) = DB_QUERY(tx_db_slot(tx, slot),
                              "SELECT m.account, m.via FROM mount m LEFT JOIN account a ON a.id = m.account"
                              " WHERE m.collection = ?1 AND coalesce(a.deleted, 0) = 0 ORDER BY m.account",
                              db_int(collection));
    enum status st;
    while ((st = stmt_row(q)) == OK)
        if ((st = wish_add(w, col_int(q, 0), collection, col_int(q, 1))) != OK)
            return st;
    return st == NOT_FOUND ? OK : st;
}

static enum status plan_slot(struct tx *tx, struct arena *a, int slot, const struct wishes *all,
                             const struct shared *shared, int64_t collection, struct plan *out)
{
    struct wishes wanted = {.arena = a}, there = {.arena = a};
    enum status st = there_of(tx, &there, slot, collection);
    for (size_t i = 0; i < all->count && st == OK; i++)
        if (slot_of_id(all->items[i].account) == slot && all->items[i].account != shared->owner)
            st = wish_add(&wanted, all->items[i].account, collection, all->items[i].via);
    const struct shared **each = ARENA_ARRAY(a, const struct shared *, wanted.count + 1);
    if (st != OK || !each)
        return st != OK ? st : a->st;
    for (size_t i = 0; i < wanted.count; i++)
        each[i] = shared;
    return difference(a, &wanted, &there, each, &out->items, &out->count);
}

static enum status plan_collection(struct tx *tx, struct arena *a, int64_t collection,
                                   struct plan plans[SHARDS_MAX])
{
    struct wishes all = {.arena = a};
    struct shared *shared = ARENA_NEW(a, struct shared);
    if (!shared)
        return a->st;
    enum status st = shared_find(tx, a, collection, shared);
    if (st == OK)
        st = wanted_of(tx, &all, shared);
    if (st == NOT_FOUND) /* gone: nobody has it */
        st = OK;
    for (int slot = 0; slot < tx->store->shards && st == OK; slot++)
        st = plan_slot(tx, a, slot, &all, shared, collection, &plans[slot]);
    return st;
}

static enum status plan_now(struct store *s, struct arena *a, int64_t collection,
                            struct plan plans[SHARDS_MAX])
{
    SCOPED_READ(tx, s);
    return tx ? plan_collection(tx, a, collection, plans) : E_MEMORY;
}

enum status mounts_reconcile(struct store *s, int64_t collection)
{
    SCOPED_ARENA(a, ARENA_MAX);
    struct plan plans[SHARDS_MAX] = {0};
    pthread_mutex_lock(&s->reconcile);
    enum status st = plan_now(s, &a, collection, plans);
    for (int slot = 0; slot < s->shards && st == OK; slot++)
        st = write_changes(s, slot, plans[slot].items, plans[slot].count);
    pthread_mutex_unlock(&s->reconcile);
    return st;
}

/* ---- what is not as it should be ---- */

/* The snapshot that the plan was made from has the row of every job whose effect it may lack. */
static enum status job_waits(struct tx *tx, int64_t collection, bool *waits)
{
    int64_t id;
    enum status st = DB_GET_INT(tx_db_slot(tx, SLOT_MAIN), &id, DB_SCAN "SELECT id FROM xop LIMIT 1");
    if (st == NOT_FOUND)
        st = DB_GET_INT(tx_db(tx, collection), &id, DB_SCAN "SELECT id FROM xop WHERE subject = ?1 LIMIT 1",
                        db_int(collection));
    *waits = st == OK;
    return st == NOT_FOUND ? OK : st;
}

static enum status name_change(struct tx *tx, const struct change *c, mount_odd_fn fn, void *ctx)
{
    int64_t there;
    const struct wish *w = &c->wish;
    if (!c->shared) {
        fn(ctx, "a mount without its grant", w->account, w->collection);
        return OK;
    }
    enum status st = DB_GET_INT(tx_db(tx, w->account), &there,
                                "SELECT id FROM account WHERE id = ?1 AND deleted = 0", db_int(w->account));
    if (st == OK) /* who has no account has no home for it */
        fn(ctx, "a grant without its mount", w->account, w->collection);
    return st == NOT_FOUND ? OK : st;
}

static enum status compare_now(struct store *s, int64_t collection, mount_odd_fn fn, void *ctx)
{
    SCOPED_ARENA(a, ARENA_MAX);
    SCOPED_READ(tx, s);
    struct plan plans[SHARDS_MAX] = {0};
    bool waits = false;
    enum status st = tx ? plan_collection(tx, &a, collection, plans) : E_MEMORY;
    if (st == OK)
        st = job_waits(tx, collection, &waits);
    for (int slot = 0; slot < s->shards && st == OK && !waits; slot++)
        for (size_t i = 0; i < plans[slot].count && st == OK; i++)
            st = name_change(tx, &plans[slot].items[i], fn, ctx);
    return st;
}

enum status mounts_compare(struct store *s, int64_t collection, mount_odd_fn fn, void *ctx)
{
    pthread_mutex_lock(&s->reconcile);
    enum status st = compare_now(s, collection, fn, ctx);
    pthread_mutex_unlock(&s->reconcile);
    return st;
}

/* ---- the mounts of one account ---- */

static enum status granted_to(struct tx *tx, struct wishes *w, int64_t account, int64_t principal,
                              int64_t via)
{
    for (int slot = 0; slot < tx->store->shards; slot++) {
        SCOPED_STMT(q) =
            DB_QUERY(tx_db_slot(tx, slot),
                     "SELECT a.collection FROM acl a JOIN collection c ON c.id = a.collection "
                     "WHERE a.principal = ?1 AND a.rights & ?2 <> 0 AND c.gone = 0 AND c.account <> ?3",
                     db_int(principal), db_int(RIGHT_LOOKUP), db_int(account));
        enum status st;
        while ((st = stmt_row(q)) == OK)
            if ((st = wish_add(w, account, col_int(q, 0), via)) != OK)
                return st;
        if (st != NOT_FOUND)
            return st;
    }
    return OK;
}

static enum status account_wants(struct tx *tx, struct wishes *w, int64_t account)
{
    int64_t *groups, kind;
    size_t count;
    enum status st =
        DB_GET_INT(tx_db(tx, STORE_MAIN), &kind,
                   "SELECT p.kind FROM principal p WHERE p.id = ?1 AND " IS_KEPT, db_int(account));
    if (st != OK)
        return st == NOT_FOUND ? OK : st;
    st = granted_to(tx, w, account, account, 0);
    if (st == OK && kind == PRINCIPAL_USER)
        st = granted_to(tx, w, account, PRINCIPAL_ANYONE, PRINCIPAL_ANYONE);
    if (st == OK)
        st = groups_of(tx, w->arena, account, &groups, &count);
    for (size_t i = 0; st == OK && i < count; i++)
        st = granted_to(tx, w, account, groups[i], groups[i]);
    wishes_sort(w);
    return st;
}

static enum status account_has(struct tx *tx, struct wishes *w, int64_t account)
{
    struct mount *mounts;
    size_t count;
    enum status st = mount_list(tx, w->arena, account, &mounts, &count);
    for (size_t i = 0; i < count && st == OK; i++)
        st = wish_add(w, account, mounts[i].collection, mounts[i].via);
    wishes_sort(w);
    return st;
}

static enum status plan_account(struct store *s, struct arena *a, int64_t account, struct plan *out)
{
    struct wishes wanted = {.arena = a}, there = {.arena = a};
    SCOPED_READ(tx, s);
    if (!tx)
        return E_MEMORY;
    enum status st = account_wants(tx, &wanted, account);
    if (st == OK)
        st = account_has(tx, &there, account);
    const struct shared **each = ARENA_ARRAY(a, const struct shared *, wanted.count + 1);
    for (size_t i = 0; i < wanted.count && st == OK && each; i++) {
        struct shared *shared = ARENA_NEW(a, struct shared);
        each[i] = shared;
        st = shared ? shared_find(tx, a, wanted.items[i].collection, shared) : a->st;
    }
    if (st != OK || !each)
        return st != OK ? st : a->st;
    return difference(a, &wanted, &there, each, &out->items, &out->count);
}

enum status mounts_reconcile_account(struct store *s, int64_t account)
{
    SCOPED_ARENA(a, ARENA_MAX);
    struct plan plan = {0};
    pthread_mutex_lock(&s->reconcile);
    enum status st = plan_account(s, &a, account, &plan);
    if (st == OK)
        st = write_changes(s, slot_of_id(account), plan.items, plan.count);
    pthread_mutex_unlock(&s->reconcile);
    return st;
}

/* ---- sharing ---- */

struct share {
    struct write write;
    const struct actor *actor;
    int64_t collection, xop;
    const struct acl_entry *entries;
    size_t count;
};

static enum status share_run(struct write *write, struct tx *tx)
{
    struct share *x = CONTAINER_OF(write, struct share, write);
    enum status st = tx_acl_set(tx, x->actor, x->collection, x->entries, x->count);
    return st != OK ? st : tx_xop_add(tx, XOP_RECONCILE, x->collection, STR_NONE, &x->xop);
}

enum status acl_share(struct store *s, const struct actor *actor, int64_t collection,
                      const struct acl_entry *entries, size_t count)
{
    struct share x = {.write = {.run = share_run, .account = collection, .bytes = 64 * count},
                      .actor = actor,
                      .collection = collection,
                      .entries = entries,
                      .count = count};
    enum status st = store_run(s, &x.write);
    if (st == OK)
        st = mounts_reconcile(s, collection);
    return st != OK ? st : xop_remove(s, x.xop);
}

/* ---- one grant ---- */

struct granting {
    struct write write;
    const struct actor *actor;
    struct acl_entry entry;
    enum grant_how how;
    int64_t collection, xop;
};

static unsigned granted(unsigned had, enum grant_how how, unsigned rights)
{
    return how == GRANT_SET ? rights : how == GRANT_ADD ? had | rights : had & ~rights;
}

static enum status granting_run(struct write *write, struct tx *tx)
{
    struct granting *g = CONTAINER_OF(write, struct granting, write);
    SCOPED_ARENA(a, ARENA_MAX);
    struct acl_entry *had, *list;
    size_t count, kept = 0;
    bool there = false;
    enum status st = acl_list(tx, &a, g->collection, &had, &count);
    list = ARENA_ARRAY(&a, struct acl_entry, count + 1);
    if (st != OK || !list)
        return st != OK ? st : a.st;
    for (size_t i = 0; i < count; i++) {
        struct acl_entry e = had[i];
        if (e.principal == g->entry.principal) {
            there = true;
            e.rights = granted(e.rights, g->how, g->entry.rights);
        }
        if (e.rights)
            list[kept++] = e;
    }
    if (!there && g->how != GRANT_REMOVE && g->entry.rights)
        list[kept++] = g->entry;
    st = tx_acl_set(tx, g->actor, g->collection, list, kept);
    return st != OK ? st : tx_xop_add(tx, XOP_RECONCILE, g->collection, STR_NONE, &g->xop);
}

enum status acl_grant(struct store *s, const struct actor *actor, int64_t collection,
                      const struct acl_entry *entry, enum grant_how how)
{
    struct granting g = {.write = {.run = granting_run, .account = collection, .bytes = 1024},
                         .actor = actor,
                         .entry = *entry,
                         .how = how,
                         .collection = collection};
    enum status st = store_run(s, &g.write);
    if (st == OK)
        st = mounts_reconcile(s, collection);
    return st != OK ? st : xop_remove(s, g.xop);
}

/* ---- who is no more ---- */

struct forgetting {
    struct write write;
    int64_t principal;
};

static enum status forgetting_run(struct write *w, struct tx *tx)
{
    const struct forgetting *f = CONTAINER_OF(w, struct forgetting, write);
    return DB_RUN(tx_wdb(tx, w->account), "DELETE FROM acl WHERE principal = ?1", db_int(f->principal));
}

enum status grants_forget(struct store *s, int64_t principal)
{
    enum status st = OK;
    for (int slot = 0; slot < s->shards && st == OK; slot++) {
        struct forgetting f = {.write = {.run = forgetting_run, .account = slot}, .principal = principal};
        st = store_run(s, &f.write);
    }
    return st;
}
