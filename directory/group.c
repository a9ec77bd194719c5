/* directory/group.c: groups of the local directory, and other addresses of its users and groups. */
#include "directory/internal.h"
#include "store/mount.h"

enum { STEP_BYTES = 4096, STEP_ARENA = 1 << 20, MEMBERS_MAX = 100000 };

struct group_op {
    struct write w;
    int64_t id, member, job;
    struct str address, name;
    bool in, took_over;
};

/* Notes whether the address is taken from somebody who had it once; EXISTS when somebody has it. */
static enum status check_free(struct tx *tx, struct str address, int64_t target, bool *took_over)
{
    SCOPED_ARENA(a, STEP_ARENA);
    struct principal p;
    enum address_kind kind = ADDRESS_RETIRED;
    enum status st = principal_by_address(tx, &a, address, &p, &kind);
    *took_over = st == OK && kind == ADDRESS_RETIRED && p.id != target;
    if (st == OK && kind != ADDRESS_RETIRED && !(kind == ADDRESS_ALIAS && p.id == target))
        return EXISTS;
    return st < 0 ? st : OK;
}

/* ---- groups ---- */

static enum status add_run(struct write *w, struct tx *tx)
{
    struct group_op *op = CONTAINER_OF(w, struct group_op, w);
    struct principal p = {.kind = PRINCIPAL_GROUP,
                          .source = STR("local"),
                          .name = op->name,
                          .state = PRINCIPAL_ACTIVE,
                          .lang = STR("en"),
                          .address = op->address};
    enum status st = check_free(tx, op->address, 0, &op->took_over);
    if (st == OK)
        st = tx_principal_create(tx, &p);
    op->id = p.id;
    return st;
}

enum status group_add(struct directory *d, struct str address, struct str name, int64_t *id, struct buf *why)
{
    SCOPED_ARENA(a, STEP_ARENA);
    struct group_op op = {.w = {.run = add_run, .bytes = STEP_BYTES}, .name = name};
    enum status st = new_address(d, &a, address, &op.address, why);
    if (st == OK && name.n)
        st = check_name(name, why);
    if (st == OK)
        st = directory_write(d, &op.w);
    if (st == EXISTS)
        buf_addf(why, "the address %.*s is taken", STR_ARG(op.address));
    if (st == OK && op.took_over)
        login_cache_clear(d->cache);
    *id = op.id;
    return st;
}

/* ---- members ---- */

struct walk { /* everybody below a group: a list that grows behind the reader */
    struct arena arena;
    int64_t *ids;
    size_t count, cap;
};

static enum status walk_add(struct walk *w, int64_t id)
{
    for (size_t i = 0; i < w->count; i++)
        if (w->ids[i] == id)
            return OK; /* met before: a cycle ends here */
    if (w->count == MEMBERS_MAX)
        return TOO_MANY;
    int64_t *ids = arena_grow(&w->arena, w->ids, w->count, &w->cap, w->count + 1, sizeof *ids);
    if (!ids)
        return E_MEMORY;
    w->ids = ids;
    w->ids[w->count++] = id;
    return OK;
}

static enum status walk_members(struct tx *tx, struct walk *w, int64_t group)
{
    int64_t *members;
    size_t count;
    enum status st = member_list(tx, &w->arena, group, &members, &count);
    for (size_t i = 0; st == OK && i < count; i++)
        st = walk_add(w, members[i]);
    return st;
}

static enum status walk_down(struct directory *d, struct walk *w, int64_t from)
{
    SCOPED_READ(tx, d->store);
    enum status st = tx ? walk_add(w, from) : E_MEMORY;
    for (size_t i = 0; st == OK && i < w->count; i++)
        st = walk_members(tx, w, w->ids[i]);
    return st;
}

/* Only users have a home that mounts can appear in. */
static enum status reconcile_one(struct directory *d, int64_t id)
{
    {
        SCOPED_ARENA(a, STEP_ARENA);
        SCOPED_READ(tx, d->store);
        struct principal p;
        enum status st = tx ? principal_get(tx, &a, id, &p) : E_MEMORY;
        if (st != OK || p.kind != PRINCIPAL_USER)
            return st < 0 ? st : OK;
    }
    enum status st = mounts_reconcile_account(d->store, id);
    return st == NOT_FOUND ? OK : st;
}

static enum status reconcile_walk(struct directory *d, const struct walk *w)
{
    enum status st = OK;
    for (size_t i = 0; st == OK && i < w->count; i++)
        st = reconcile_one(d, w->ids[i]);
    return st;
}

enum status reconcile_members(struct directory *d, int64_t group)
{
    struct walk w = {.arena = ARENA_INIT(DIRECTORY_ARENA)};
    enum status st = walk_down(d, &w, group);
    if (st == OK)
        st = reconcile_walk(d, &w);
    arena_free(&w.arena);
    return st;
}

static enum status member_run(struct write *w, struct tx *tx)
{
    struct group_op *op = CONTAINER_OF(w, struct group_op, w);
    SCOPED_ARENA(a, STEP_ARENA);
    struct principal group, member;
    enum status st = principal_get(tx, &a, op->id, &group);
    if (st == OK && (group.kind != PRINCIPAL_GROUP || !str_eq(group.source, STR("local"))))
        return UNSUPPORTED;
    if (st == OK && op->in)
        st = principal_get(tx, &a, op->member, &member);
    if (st == OK && op->in && (op->id == op->member || member.kind == PRINCIPAL_SPECIAL))
        return INVALID;
    if (st == OK)
        st = tx_member_set(tx, op->id, op->member, op->in);
    return st == OK ? tx_mounts_due(tx, &op->job) : st;
}

enum status group_set_member(struct directory *d, int64_t group, int64_t member, bool in)
{
    struct group_op op = {
        .w = {.run = member_run, .bytes = STEP_BYTES}, .id = group, .member = member, .in = in};
    enum status st = directory_write(d, &op.w);
    if (st == OK)
        st = reconcile_members(d, member);
    return st == OK ? mounts_settled(d->store, op.job) : st;
}

static enum status outside_run(struct write *w, struct tx *tx)
{
    struct group_op *op = CONTAINER_OF(w, struct group_op, w);
    SCOPED_ARENA(a, STEP_ARENA);
    struct principal group;
    enum status st = principal_get(tx, &a, op->id, &group);
    if (st == OK && (group.kind != PRINCIPAL_GROUP || !str_eq(group.source, STR("local"))))
        return UNSUPPORTED;
    return st == OK ? tx_outside_member_set(tx, op->id, op->address, op->in) : st;
}

enum status group_set_outside(struct directory *d, int64_t group, struct str address, bool in,
                              struct buf *why)
{
    SCOPED_ARENA(a, STEP_ARENA);
    const struct domains *domains = directory_domains(d);
    struct group_op op = {.w = {.run = outside_run, .bytes = STEP_BYTES}, .id = group, .in = in};
    bool bare = str_chr(address, '@', 0) == SIZE_MAX;
    enum status st = bare ? INVALID : address_normalise(domains, &a, address, &op.address);
    size_t at = st == OK ? op.address.n : 0;
    while (at && op.address.p[at - 1] != '@')
        at--;
    if (st == INVALID) {
        buf_addf(why, "'%.*s' is not an address: write NAME@DOMAIN", STR_ARG(address));
    } else if (st == OK && in && domain_is_own(domains, str_from(op.address, at))) {
        buf_addf(why, "nobody here has the address %.*s", STR_ARG(op.address));
        st = INVALID;
    }
    return st == OK ? directory_write(d, &op.w) : st;
}

static enum status delete_run(struct write *w, struct tx *tx)
{
    struct group_op *op = CONTAINER_OF(w, struct group_op, w);
    SCOPED_ARENA(a, STEP_ARENA);
    struct principal group;
    enum status st = principal_get(tx, &a, op->id, &group);
    if (st == OK && (group.kind != PRINCIPAL_GROUP || !str_eq(group.source, STR("local"))))
        return UNSUPPORTED;
    if (st == OK)
        st = tx_principal_delete(tx, op->id);
    return st == OK ? tx_mounts_due(tx, &op->job) : st;
}

enum status group_delete(struct directory *d, int64_t group)
{
    struct walk w = {.arena = ARENA_INIT(DIRECTORY_ARENA)};
    struct group_op op = {.w = {.run = delete_run, .bytes = STEP_BYTES}, .id = group};
    enum status st = walk_down(d, &w, group); /* who was a member, before nobody knows it any more */
    if (st == OK)
        st = directory_write(d, &op.w);
    if (st == OK)
        st = grants_forget(d->store, group);
    if (st == OK)
        st = reconcile_walk(d, &w);
    if (st == OK)
        st = mounts_settled(d->store, op.job);
    arena_free(&w.arena);
    return st;
}

/* ---- other addresses ---- */

static enum status alias_run(struct write *w, struct tx *tx)
{
    struct group_op *op = CONTAINER_OF(w, struct group_op, w);
    enum status st = check_free(tx, op->address, op->id, &op->took_over);
    return st == OK ? tx_address_add(tx, op->id, op->address, ADDRESS_ALIAS) : st;
}

enum status alias_add(struct directory *d, struct str address, int64_t target, struct buf *why)
{
    SCOPED_ARENA(a, STEP_ARENA);
    struct group_op op = {.w = {.run = alias_run, .bytes = STEP_BYTES}, .id = target};
    enum status st = new_address(d, &a, address, &op.address, why);
    if (st == OK)
        st = directory_write(d, &op.w);
    if (st == EXISTS)
        buf_addf(why, "the address %.*s is taken", STR_ARG(op.address));
    if (st == OK && op.took_over)
        login_cache_clear(d->cache);
    return st;
}

static enum status unalias_run(struct write *w, struct tx *tx)
{
    const struct group_op *op = CONTAINER_OF(w, struct group_op, w);
    return tx_address_remove(tx, op->address);
}

enum status alias_delete(struct directory *d, struct str address)
{
    SCOPED_ARENA(a, STEP_ARENA);
    struct group_op op = {.w = {.run = unalias_run, .bytes = STEP_BYTES}};
    enum status st = address_normalise(directory_domains(d), &a, address, &op.address);
    if (st == OK)
        st = directory_write(d, &op.w);
    if (st == OK)
        login_cache_clear(d->cache); /* log-ins with this address end here */
    return st;
}
