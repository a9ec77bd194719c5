/* mailcore/delivery/expand.c: recipients become targets: a mailbox or an address elsewhere, each once, whichever ways lead there. Lists are
 * walked level by level; what was met before ends there, and there is a bound. */
#include "mailcore/delivery/inside.h"

struct expansion {
    struct delivery *d;
    struct lookup lookup;
    size_t members; /* reached through lists */
};

/* ---- the table of targets ---- */
static uint64_t hash_of(const struct target *t)
{
    SCOPED_BUF(key, 4096);
    buf_i64(&key, t->account);
    buf_addc(&key, t->outside ? '>' : '/');
    buf_add(&key, t->account ? t->folder : t->to);
    return str_hash(buf_view(&key));
}

static bool same(const struct target *a, const struct target *b)
{
    return a->account == b->account && a->outside == b->outside &&
           (a->account ? str_eq(a->folder, b->folder) : str_eq(a->to, b->to));
}

static uint32_t *slot_of(struct targets *t, const struct target *x)
{
    size_t i = hash_of(x) % t->slot_count;
    while (t->slots[i] && !same(&t->at[t->slots[i] - 1], x))
        i = (i + 1) % t->slot_count;
    return &t->slots[i];
}

static enum status make_slots(struct targets *t, struct arena *a)
{
    if (t->count * 2 < t->slot_count)
        return OK;
    t->slot_count = 16;
    while (t->slot_count <= 4 * t->count)
        t->slot_count *= 2;
    t->slots = ARENA_ARRAY(a, uint32_t, t->slot_count);
    for (size_t i = 0; t->slots && i < t->count; i++)
        *slot_of(t, &t->at[i]) = (uint32_t)i + 1;
    return t->slots ? OK : a->st;
}

/* *at: its place, be it new or not. */
static enum status add(struct expansion *x, const struct target *t, size_t *at)
{
    struct targets *all = &x->d->targets;
    enum status st = make_slots(all, &x->d->arena);
    if (st != OK)
        return st;
    uint32_t *slot = slot_of(all, t);
    if (!*slot) {
        struct target *grown =
            arena_grow(&x->d->arena, all->at, all->count, &all->cap, all->count + 1, sizeof *grown);
        if (!grown)
            return x->d->arena.st;
        all->at = grown;
        grown[all->count++] = *t;
        *slot = (uint32_t)all->count;
    }
    *at = *slot - 1;
    return OK;
}

/* ---- lists ---- */
struct level { /* groups met, in the order of meeting */
    int64_t *ids;
    size_t count, cap;
};

static enum status meet(struct expansion *x, struct level *met, int64_t id)
{
    for (size_t i = 0; i < met->count; i++)
        if (met->ids[i] == id)
            return OK;
    if (met->count > x->d->conf->list_members)
        return TRUNCATED;
    int64_t *grown = arena_grow(&x->d->arena, met->ids, met->count, &met->cap, met->count + 1, sizeof *grown);
    if (!grown)
        return x->d->arena.st;
    met->ids = grown;
    grown[met->count++] = id;
    return OK;
}

static enum status add_member(struct expansion *x, struct target t)
{
    size_t at;
    if (++x->members > x->d->conf->list_members)
        return TRUNCATED;
    return add(x, &t, &at);
}

static struct target through(const struct expansion *x, size_t rcpt, const struct principal *list)
{
    return (struct target){.delivery = x->d, .rcpt = rcpt, .via = list->address, .list = list->id};
}

/* Who is disabled, or gone, is passed over. */
static enum status add_somebody(struct expansion *x, struct level *met, struct target t, int64_t member)
{
    struct principal p;
    enum status st = principal_get(x->lookup.tx, &x->d->arena, member, &p);
    if (st != OK || p.state != PRINCIPAL_ACTIVE)
        return st == NOT_FOUND ? OK : st;
    if (p.kind == PRINCIPAL_GROUP)
        return meet(x, met, p.id);
    if (p.kind != PRINCIPAL_USER)
        return OK;
    t.account = p.id;
    t.to = p.address;
    t.domain = path_of(p.address).domain;
    return add_member(x, t);
}

static enum status add_outside(struct expansion *x, struct target t, struct str address)
{
    struct smtp_path path = path_of(address);
    t.outside = true;
    t.domain = path.domain;
    t.to = path_text(&x->d->arena, &path);
    return t.to.p ? add_member(x, t) : E_MEMORY;
}

static enum status add_members(struct expansion *x, struct level *met, struct target t, int64_t group)
{
    int64_t *members;
    struct str *outside;
    size_t count;
    enum status st = member_list(x->lookup.tx, &x->d->arena, group, &members, &count);
    for (size_t i = 0; st == OK && i < count; i++)
        st = add_somebody(x, met, t, members[i]);
    if (st == OK)
        st = outside_members(x->lookup.tx, &x->d->arena, group, &outside, &count);
    for (size_t i = 0; st == OK && i < count; i++)
        st = add_outside(x, t, outside[i]);
    return st;
}

/* The addresses of members are not the sender's business, but where there is one only. */
static void count_members(struct expansion *x, const struct wanted *w)
{
    struct targets *all = &x->d->targets;
    for (size_t i = w->first; i < all->count; i++)
        all->at[i].several = x->members > 1;
}

static enum status add_list(struct expansion *x, size_t n, const struct principal *list)
{
    struct wanted *w = &x->d->wanted[n];
    struct level met = {0};
    if (delivery_been(x->d, list->address))
        return GONE;
    w->first = x->d->targets.count;
    x->members = 0;
    enum status st = meet(x, &met, list->id);
    for (size_t i = 0; st == OK && i < met.count; i++)
        st = add_members(x, &met, through(x, n, list), met.ids[i]);
    if (st != OK) { /* all of it or nothing */
        x->d->targets.count = w->first;
        x->d->targets.slot_count = 0;
        return st;
    }
    count_members(x, w);
    w->end = x->d->targets.count;
    return x->members ? OK : DENIED;
}

/* ---- recipients ---- */
static enum status add_found(struct expansion *x, size_t n, const struct found *f)
{
    struct wanted *w = &x->d->wanted[n];
    size_t at = 0;
    struct str text = path_text(&x->d->arena, &w->path);
    if (f->kind == FOUND_LIST)
        return add_list(x, n, &f->who);
    bool outside = f->kind == FOUND_OUTSIDE;
    struct target t = {.delivery = x->d,
                       .rcpt = n,
                       .account = outside ? 0 : f->who.id,
                       .folder = f->folder,
                       .to = outside ? f->address : text,
                       .domain = outside ? f->domain : path_of(f->who.address).domain,
                       .outside = outside};
    if (!t.to.p)
        return x->d->arena.st;
    enum status st = add(x, &t, &at);
    w->target = st == OK ? (int64_t)at : NO_TARGET;
    return st;
}

/* It has a target nevertheless, whose status tells why it leads nowhere. */
static enum status add_dead(struct expansion *x, size_t n, enum status why)
{
    struct targets *all = &x->d->targets;
    struct wanted *w = &x->d->wanted[n];
    struct target *grown =
        arena_grow(&x->d->arena, all->at, all->count, &all->cap, all->count + 1, sizeof *grown);
    struct str text = path_text(&x->d->arena, &w->path), domain = w->path.domain;
    if (!grown || !text.p || domain_normalise(&x->d->arena, domain, &domain) < 0)
        return E_MEMORY;
    all->at = grown;
    grown[all->count] =
        (struct target){.delivery = x->d, .rcpt = n, .to = text, .domain = domain, .status = why};
    w->target = (int64_t)all->count++;
    return OK;
}

static enum status expand_one(struct expansion *x, size_t n)
{
    struct found found;
    x->d->wanted[n].target = NO_TARGET;
    enum status st = recipient_find(&x->lookup, &x->d->wanted[n].path, &found);
    if (st == OK && found.kind == FOUND_OUTSIDE && x->d->parcel && x->d->parcel->local_only)
        st = UNSUPPORTED;
    if (st == OK)
        st = add_found(x, n, &found);
    return st > 0 ? add_dead(x, n, st) : st;
}

enum status delivery_expand(struct delivery *d)
{
    SCOPED_READ(tx, d->in->base->store);
    struct expansion x = {.d = d,
                          .lookup = {.in = d->in,
                                     .conf = d->conf,
                                     .tx = tx,
                                     .a = &d->arena,
                                     .role = d->role,
                                     .bounce = !d->sender.local.n && !d->sender.domain.n}};
    enum status st = tx ? OK : E_MEMORY;
    for (size_t n = 0; st == OK && n < d->wanted_count; n++)
        st = expand_one(&x, n);
    return st;
}
