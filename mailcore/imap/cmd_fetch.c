/* mailcore/imap/cmd_fetch.c: FETCH and UID FETCH (RFC 9051 section 6.4.5) with CHANGEDSINCE, VANISHED (RFC 7162) and PARTIAL (RFC 9394). */
#include "mailcore/imap/fetch.h"

struct fetching {
    struct imap_fetching *answers;
    uint32_t messages;
};

static enum status refuse(struct imap_call *c, const char *code, const char *text)
{
    c->bad = true;
    if (code)
        buf_addz(&c->code, code);
    c->text = text;
    return INVALID;
}

/* ---- which messages ---- */

struct uids {
    struct arena *arena;
    int64_t *items;
    size_t count, cap;
    bool unseen; /* only those */
};

static enum status note(void *ctx, const struct message *m)
{
    struct uids *u = ctx;
    if (u->unseen && (m->flags & MESSAGE_SEEN))
        return OK;
    int64_t *grown = arena_grow(u->arena, u->items, u->count, &u->cap, u->count + 1, sizeof *grown);
    if (!grown)
        return u->arena->st;
    u->items = grown;
    u->items[u->count++] = m->uid;
    return OK;
}

static int ascending(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Narrows to what changed since, or to what is not seen. */
static enum status narrow(struct imap_call *c, int64_t since, bool unseen, struct imap_picked *picked)
{
    struct actor actor;
    struct uids found = {.arena = &c->arena, .unseen = unseen};
    const struct message_query query = {.uids = picked->uids, .since = since};
    SCOPED_READ(tx, imap_store(c));
    if (!tx)
        return E_MEMORY;
    enum status st = imap_actor(c, tx, &actor);
    if (st == OK)
        st = message_each(tx, &actor, c->user->view->mailbox, &query, note, &found);
    if (st != OK)
        return st;
    if (found.count)
        qsort(found.items, found.count, sizeof *found.items, ascending);
    return imap_view_pick_uids(c, found.items, found.count, picked);
}

static enum status tell_vanished(struct imap_call *c)
{
    const struct imap_fetch *in = &c->command->u.fetch;
    const struct imap_view *v = c->user->view;
    const uint32_t largest = imap_view_uid(v, imap_view_count(v));
    struct actor actor;
    struct imap_set known;
    SCOPED_READ(tx, imap_store(c));
    if (!tx)
        return E_MEMORY;
    enum status st = imap_actor(c, tx, &actor);
    if (st == OK)
        st = imap_set_resolve(&c->arena, &in->set, largest, &known);
    return st == OK ? imap_view_tell_vanished(c, tx, &actor, (int64_t)in->changed_since, &known, 1) : st;
}

static enum status choose(struct imap_call *c, struct imap_picked *picked)
{
    const struct imap_fetch *in = &c->command->u.fetch;
    enum status st = imap_view_pick(c, &in->set, c->command->uid, picked);
    if (st == OK && in->page.given)
        st = imap_view_page(c, &in->page, picked);
    if (st == OK && in->vanished)
        st = tell_vanished(c);
    if (st == OK && in->changed && in->changed_since > 0 && picked->count)
        st = narrow(c, (int64_t)in->changed_since, false, picked);
    return st;
}

/* ---- \Seen ---- */

/* Before anything is answered, so that the answer tells flags that are kept. Who may not set it reads all the same. */
static enum status mark_seen(struct imap_call *c, const struct imap_picked *picked)
{
    static const struct flag_change seen = {.how = FLAGS_ADD, .flags = MESSAGE_SEEN, .unchanged_since = -1};
    const struct imap_fetch_list *list = &c->command->u.fetch.list;
    const struct imap_view *v = c->user->view;
    struct imap_flagging f = {.change = &seen};
    struct imap_picked unseen = *picked;
    bool reads = false;
    for (size_t i = 0; i < list->count; i++)
        reads |= !list->items[i].peek;
    if (!reads || v->read_only || !(v->rights & RIGHT_SEEN) || !picked->count)
        return OK;
    enum status st = narrow(c, 0, true, &unseen);
    if (st == OK && unseen.count)
        st = imap_flag(c, unseen.uids, &f);
    return st == DENIED || st == NOT_FOUND ? OK : st;
}

/* ---- the command ---- */

static enum status check(struct imap_call *c)
{
    const struct imap_fetch *in = &c->command->u.fetch;
    if (!c->command->uid && (c->enabled & IMAP_ENABLED_UIDONLY))
        return refuse(c, "UIDREQUIRED", "numbers are off since UIDONLY was enabled");
    if (in->vanished && (!(c->enabled & IMAP_ENABLED_QRESYNC) || !c->command->uid || !in->changed))
        return refuse(c, NULL, "VANISHED is of UID FETCH with CHANGEDSINCE, behind ENABLE QRESYNC");
    if (in->changed && in->changed_since > INT64_MAX)
        return refuse(c, NULL, "there is no such modseq");
    return OK;
}

/* With CHANGEDSINCE, MODSEQ is in every answer. */
static enum status list_of(struct imap_call *c, struct imap_fetch_list *out)
{
    const struct imap_fetch *in = &c->command->u.fetch;
    bool modseq = false;
    *out = in->list;
    for (size_t i = 0; i < in->list.count; i++)
        modseq |= in->list.items[i].kind == IMAP_FETCH_MODSEQ;
    if (modseq || in->changed)
        c->enabled |= IMAP_ENABLED_CONDSTORE;
    if (modseq || !in->changed)
        return OK;
    struct imap_fetch_item *items = ARENA_ARRAY(&c->arena, struct imap_fetch_item, in->list.count + 1);
    if (!items)
        return c->arena.st;
    memcpy(items, in->list.items, in->list.count * sizeof *items);
    items[in->list.count] = (struct imap_fetch_item){.kind = IMAP_FETCH_MODSEQ, .peek = true};
    *out = (struct imap_fetch_list){items, in->list.count + 1};
    return OK;
}

static enum status begin(struct imap_call *c, struct fetching *f)
{
    struct imap_picked picked = {0};
    struct imap_fetch_list list;
    enum status st = check(c);
    if (st == OK)
        st = list_of(c, &list);
    if (st == OK)
        st = choose(c, &picked);
    if (st == OK)
        st = mark_seen(c, &picked);
    if (st != OK)
        return st;
    f->messages = picked.count;
    return imap_fetch_start(c, &picked, &list, &f->answers);
}

enum status imap_run_fetch(struct imap_call *c)
{
    struct fetching *f = c->rest;
    uint32_t answered = 0;
    enum status st = OK;
    if (!f) {
        f = ARENA_NEW(&c->arena, struct fetching);
        st = f ? begin(c, f) : c->arena.st;
        c->rest = f;
    }
    if (st == OK)
        st = imap_fetch_go(c, f->answers, &answered);
    if (st != OK || c->more || c->command->uid || answered == f->messages)
        return st;
    buf_add(&c->code, STR("EXPUNGEISSUED"));
    c->text = "some of the messages are not there any more";
    return GONE;
}
