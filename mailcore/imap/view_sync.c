/* mailcore/imap/view_sync.c: what is new in the selected mailbox, told: expunges, arrivals, flags. */
#include "mailcore/imap/view.h"

enum { NEWS_ARENA = 64 << 20 };

struct news {
    struct imap_call *c;
    struct arena *arena;
    struct message_flags *changed; /* by UID in the end */
    size_t count, cap;
};

static bool told(const struct imap_call *c, const struct message *m)
{
    size_t low = 0, high = c->told_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (c->told[middle].uid < m->uid)
            low = middle + 1;
        else
            high = middle;
    }
    return low < c->told_count && c->told[low].uid == m->uid && c->told[low].modseq >= m->modseq;
}

static enum status note(void *ctx, const struct message *m)
{
    struct news *n = ctx;
    if (told(n->c, m))
        return OK;
    struct message_flags *grown =
        arena_grow(n->arena, n->changed, n->count, &n->cap, n->count + 1, sizeof *n->changed);
    if (!grown)
        return n->arena->st;
    n->changed = grown;
    n->changed[n->count++] = (struct message_flags){m->uid, m->modseq, m->flags, m->keywords};
    return OK;
}

static int by_uid(const void *a, const void *b)
{
    const struct message_flags *x = a, *y = b;
    return (x->uid > y->uid) - (x->uid < y->uid);
}

/* Of two lists: what is in the old one only. */
static enum status missing(struct arena *a, const struct uid_list *old, const struct uid_list *now,
                           struct imap_set_builder *uids)
{
    uint32_t at = 0;
    enum status st = OK;
    if (now->count >= old->count && memcmp(old->uids, now->uids, old->count * sizeof old->uids[0]) == 0)
        return OK;
    for (uint32_t i = 0; i < old->count && st == OK; i++) {
        while (at < now->count && now->uids[at] < old->uids[i])
            at++;
        if (at == now->count || now->uids[at] != old->uids[i])
            st = imap_set_add(a, uids, old->uids[i], old->uids[i]);
    }
    return st;
}

/* From the end, so that numbers in front stay what they are. */
static void tell_expunged(struct imap_call *c, const struct imap_set *gone)
{
    const struct uid_list *l = c->user->view->list;
    if (c->enabled & (IMAP_ENABLED_QRESYNC | IMAP_ENABLED_UIDONLY)) {
        imap_write_vanished(&c->out, gone, false);
        return;
    }
    for (uint32_t i = l->count; i > 0; i--)
        if (imap_set_has(gone, l->uids[i - 1])) {
            buf_add(&c->out, STR("* "));
            buf_u64(&c->out, i);
            buf_add(&c->out, STR(" EXPUNGE\r\n"));
        }
}

static void tell_one(struct imap_call *c, struct imap_names *names, const struct message_flags *m,
                     uint32_t number)
{
    bool only = (c->enabled & IMAP_ENABLED_UIDONLY) != 0;
    bool uid = (c->enabled & IMAP_ENABLED_QRESYNC) || (c->command && c->command->uid);
    struct imap_flags flags = imap_view_flags(names, m->flags, m->keywords);
    struct imap_fetch_writer w = imap_fetch_begin(&c->out, only ? (uint32_t)m->uid : number, only);
    if (uid && !only)
        imap_fetch_number(&w, "UID", (uint64_t)m->uid);
    imap_fetch_flags(&w, &flags);
    if (c->enabled & IMAP_ENABLED_CONDSTORE)
        imap_fetch_modseq(&w, (uint64_t)m->modseq);
    imap_fetch_end(&w);
}

/* Flags of what the client knew already; of what is new it asks. */
static enum status tell_flags(struct news *n, struct tx *tx, const struct actor *actor, int64_t known)
{
    struct imap_names names;
    uint64_t used = 0;
    if (!n->count)
        return OK;
    qsort(n->changed, n->count, sizeof *n->changed, by_uid);
    for (size_t i = 0; i < n->count; i++)
        used |= n->changed[i].uid <= known ? n->changed[i].keywords : 0;
    enum status st = imap_view_names(n->c, tx, actor, &names);
    if (st != OK)
        return st;
    if (used & ~n->c->user->view->keywords)
        imap_view_write_flags(n->c, &names);
    for (size_t i = 0; i < n->count && n->changed[i].uid <= known; i++) {
        uint32_t number = imap_view_number(n->c->user->view, n->changed[i].uid);
        if (number)
            tell_one(n->c, &names, &n->changed[i], number);
    }
    return OK;
}

static enum status tell_numbers(struct imap_call *c, struct arena *a, struct uid_list *now, int64_t modseq,
                                bool may_expunge)
{
    struct imap_view *v = c->user->view;
    struct imap_set_builder gone = {0};
    uint32_t before = v->list->count;
    enum status st = missing(a, v->list, now, &gone);
    if (st != OK)
        return st;
    if (gone.count && !may_expunge) {
        struct uid_list *longer;
        st = uid_list_extend(v->list, now, &longer);
        if (st != OK)
            return st;
        uid_list_unref(v->list);
        v->list = longer;
    } else {
        const struct imap_set set = imap_set_built(&gone);
        tell_expunged(c, &set);
        before -= (uint32_t)imap_set_size(&set);
        uid_list_unref(v->list);
        atomic_fetch_add(&now->refs, 1);
        v->list = now;
        v->buried = modseq;
    }
    if (v->list->count > before)
        buf_addf(&c->out, "* %u EXISTS\r\n", (unsigned)v->list->count);
    return OK;
}

static enum status tell(struct imap_call *c, struct arena *a, struct tx *tx, const struct actor *actor,
                        const struct mailbox_state *state, bool may_expunge)
{
    struct imap_view *v = c->user->view;
    struct uid_list *now = NULL;
    struct news news = {.c = c, .arena = a};
    const struct message_query since = {.since = v->modseq};
    const int64_t known = imap_view_uid(v, v->list->count);
    enum status st = OK;
    if (state->modseq != v->modseq)
        st = message_each(tx, actor, v->mailbox, &since, note, &news);
    if (st == OK)
        st = uid_list_now(c->user->service->views, tx, actor, v->mailbox, state, &now);
    if (st == OK)
        st = tell_numbers(c, a, now, state->modseq, may_expunge);
    if (st == OK)
        st = tell_flags(&news, tx, actor, known);
    if (st == OK)
        v->modseq = state->modseq;
    uid_list_unref(now);
    return st;
}

enum status imap_view_sync(struct imap_call *c, bool may_expunge)
{
    struct imap_view *v = c->user->view;
    struct actor actor;
    struct mailbox_state state;
    SCOPED_ARENA(a, NEWS_ARENA);
    SCOPED_READ(tx, imap_store(c));
    if (!tx)
        return E_MEMORY;
    enum status st = imap_actor(c, tx, &actor);
    if (st == OK)
        st = mailbox_state(tx, &actor, v->mailbox, &state);
    if (st == NOT_FOUND || st == DENIED)
        return GONE;
    if (st != OK)
        return st;
    v->rights = state.rights;
    if (state.modseq == v->modseq && (v->buried == v->modseq || !may_expunge))
        return OK;
    return tell(c, &a, tx, &actor, &state, may_expunge);
}
