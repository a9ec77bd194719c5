/* dav/copy_collection.c: COPY and MOVE of a whole collection.
 *
 * A MOVE is a rename within its home: the collection keeps its number, so that shares, sync-tokens and devices go on. A COPY makes a
 * collection of the actor's, with what he may read in the other. */
#include "core/log.h"
#include "dav/transfer.h"

/* Items copied one by one, between shards; within one it is a single closure of the store. */
enum { COPY_ITEMS = 100000 };

/* Item by item to another shard. */
static bool is_piecemeal(const struct transfer *t)
{
    return store_shard_of(t->from.collection.id) != store_shard_of(t->to.owner.id);
}

static bool is_mount(const struct resource *res)
{
    return res->exists && res->collection.mount != 0;
}

static enum status make_room(struct transfer *t, struct tx *tx)
{
    if (!t->to.exists)
        return OK;
    if (!t->overwrite)
        return EXISTS;
    return is_mount(&t->to) ? DENIED : tx_collection_delete(tx, t->r->actor, t->to.collection.id);
}

/* ---- MOVE ---- */

static enum status run_rename(struct write *w, struct tx *tx)
{
    struct transfer *t = CONTAINER_OF(w, struct transfer, write);
    enum status st = dav_conditions_on(t->r, tx, &t->conditions, &t->from, false);
    if (st == OK)
        st = make_room(t, tx);
    t->result.created = !t->to.exists;
    return st ? st : tx_collection_rename(tx, t->r->actor, t->from.collection.id, t->to.path.slug);
}

/* ---- COPY ---- */

static enum status copy_props(struct transfer *t, struct tx *tx, int64_t to)
{
    struct prop *list;
    size_t count;
    enum status st = prop_list(tx, t->r->arena, t->from.collection.id, 0, &list, &count);
    for (size_t i = 0; st == OK && i < count; i++)
        st = tx_prop_set(tx, t->r->actor, to, 0, list[i].ns, list[i].name, list[i].value);
    return st;
}

static enum status run_create(struct write *w, struct tx *tx)
{
    struct transfer *t = CONTAINER_OF(w, struct transfer, write);
    const struct collection *from = &t->from.collection;
    struct collection_new spec = {.account = t->to.owner.id,
                                  .kind = from->kind,
                                  .slug = t->to.path.slug,
                                  .name = from->name,
                                  .comps = from->comps,
                                  .timezone = from->timezone};
    enum status st = dav_conditions_on(t->r, tx, &t->conditions, &t->from, false);
    bool existed = t->to.exists;
    if (st == OK)
        st = make_room(t, tx);
    if (st == OK)
        st = tx_collection_create(tx, t->r->actor, &spec, &t->to.collection.id);
    t->result.created = !existed;
    if (st == OK)
        st = copy_props(t, tx, t->to.collection.id);
    if (st || t->r->depth == 0 || is_piecemeal(t))
        return st;
    return tx_collection_copy(tx, t->r->actor, from->id, t->to.collection.id);
}

struct names { /* what a piecemeal copy takes along */
    struct transfer *t;
    struct str *list;
    size_t count, cap;
    int64_t bytes;
};

static enum status each_name(void *ctx, const struct item *item, struct str body)
{
    struct names *n = ctx;
    (void)body;
    if (n->count == COPY_ITEMS)
        return TOO_MANY;
    if (item->class != ICAL_PUBLIC && !(n->t->from.collection.rights & RIGHT_PRIVATE))
        return OK;
    n->list = arena_grow(n->t->r->arena, n->list, n->count, &n->cap, n->count + 1, sizeof *n->list);
    if (!n->list)
        return E_MEMORY;
    n->list[n->count++] = arena_str(n->t->r->arena, item->name);
    n->bytes += item->size;
    return n->t->r->arena->st;
}

/* A stored text that is gone, or that its own checks would refuse today. */
static bool is_source_fault(enum status st)
{
    return st == E_CORRUPT || st == INVALID || st == TOO_LARGE || st == UNSUPPORTED;
}

static enum status skip(const struct transfer *t, struct str name, enum status st)
{
    log_error("dav: COPY of collection %lld: %.*s is not copied: its text can not be read: %s; "
              "`scambio doctor --store` says what is broken",
              (long long)t->from.collection.id, STR_ARG(name), status_text(st));
    return OK;
}

/* Judged before anything is made: half a copy is of no use. What is written over gives its bytes back. */
static enum status judge_quota(const struct names *n, struct tx *tx)
{
    const struct resource *to = &n->t->to;
    struct account account;
    enum status st = account_get(tx, to->owner.id, &account);
    if (st || account.quota <= 0)
        return st;
    int64_t freed = to->exists ? to->collection.bytes : 0;
    return n->bytes > freed && account.used_bytes + n->bytes - freed > account.quota ? OVER_QUOTA : OK;
}

static enum status list_names(struct names *n)
{
    SCOPED_READ(tx, n->t->r->dav->store);
    if (!tx)
        return E_UNAVAILABLE;
    enum status st = item_each(tx, n->t->r->actor, n->t->from.collection.id, false, each_name, n);
    return st ? st : judge_quota(n, tx);
}

static enum status run_withdraw(struct write *w, struct tx *tx)
{
    struct transfer *t = CONTAINER_OF(w, struct transfer, write);
    return tx_collection_delete(tx, t->r->actor, t->to.collection.id);
}

/* The copy that could not be finished goes again. */
static void withdraw(struct transfer *t)
{
    t->write = (struct write){.run = run_withdraw, .account = t->to.owner.id, .bytes = 1024};
    enum status st = store_run(t->r->dav->store, &t->write);
    if (st)
        log_error("dav: half a COPY stays in collection %lld: %s", (long long)t->to.collection.id,
                  status_text(st));
}

static enum status copy_items(struct transfer *t, const struct names *n)
{
    struct item_move_result result;
    enum status st = OK;
    for (size_t i = 0; st == OK && i < n->count; i++) {
        st = item_move_any(t->r->dav->store, t->r->arena, t->r->actor, t->from.collection.id, n->list[i],
                           t->to.collection.id, n->list[i], false, true, &result);
        if (st == NOT_FOUND)
            st = OK; /* deleted meanwhile */
        else if (is_source_fault(st))
            st = skip(t, n->list[i], st);
    }
    if (st)
        withdraw(t);
    return st;
}

/* ---- both ---- */

static enum status judge(const struct transfer *t)
{
    if (t->to.owner.id != t->r->actor->id || is_mount(&t->to))
        return DENIED;
    bool own = t->from.owner.id == t->to.owner.id && !is_mount(&t->from);
    if (t->move ? !own : !(t->from.collection.rights & RIGHT_READ))
        return DENIED; /* a collection does not change its owner */
    return t->to.exists && !t->overwrite ? EXISTS : OK;
}

void transfer_collection(struct transfer *t)
{
    struct store *store = t->r->dav->store;
    struct names n = {.t = t};
    bool piecemeal = !t->move && t->r->depth != 0 && is_piecemeal(t);
    enum status st = judge(t);
    if (st == OK && piecemeal)
        st = list_names(&n);
    if (st == OK) {
        t->write = (struct write){
            .run = t->move ? run_rename : run_create, .account = t->to.owner.id, .bytes = 1 << 20};
        st = store_run(store, &t->write);
    }
    if (st == OK && piecemeal)
        st = copy_items(t, &n);
    if (st == INVALID)
        transfer_refuse_place(t); /* a reserved name */
    else
        transfer_answer(t, st);
}
