/* mailcore/imap/flag.c: flags of many messages, changed in as few writes as the store takes. */
#include "mailcore/imap/fetch.h"

struct flagging {
    struct write write;
    struct imap_call *c;
    const struct flag_change *change;
    struct uid_set part;
    struct arena *arena;
    struct flag_result result;
};

static enum status flag_run(struct write *w, struct tx *tx)
{
    struct flagging *f = CONTAINER_OF(w, struct flagging, write);
    struct actor actor;
    arena_reset(f->arena);
    enum status st = imap_actor(f->c, tx, &actor);
    return st == OK ? tx_message_store_flags(tx, f->arena, &actor, f->c->user->view->mailbox, f->part,
                                             f->change, &f->result)
                    : st;
}

static enum status note(struct imap_call *c, const struct flag_result *r, struct imap_flagging *f)
{
    struct arena *a = &c->arena;
    struct imap_told *told = arena_grow(a, c->told, c->told_count, &c->told_cap,
                                        c->told_count + r->changed_count + 1, sizeof *told);
    int64_t *modified = arena_grow(a, f->modified, f->modified_count, &f->modified_cap,
                                   f->modified_count + r->modified_count + 1, sizeof *modified);
    if (!told || !modified)
        return a->st;
    c->told = told;
    f->modified = modified;
    for (size_t i = 0; i < r->changed_count; i++)
        told[c->told_count++] = (struct imap_told){r->changed[i].uid, r->changed[i].modseq};
    for (size_t i = 0; i < r->modified_count; i++)
        modified[f->modified_count++] = r->modified[i];
    return OK;
}

/* Cuts off the front of the set what one write may change at most. Ranges hold more UIDs than messages at worst. */
static struct uid_set cut(struct imap_call *c, struct uid_set *rest, struct uid_range *part, size_t most)
{
    const struct imap_view *v = c->user->view;
    size_t count = 0;
    uint32_t room = most < UINT32_MAX ? (uint32_t)most : UINT32_MAX;
    while (rest->count && room) {
        struct uid_range r = *rest->ranges;
        uint32_t before = imap_view_before(v, r.lo), n = imap_view_before(v, r.hi + 1) - before;
        if (count && part[count - 1].hi >= r.lo)
            break;
        if (n > room) {
            r.hi = imap_view_uid(v, before + room);
            n = room;
        }
        part[count++] = r;
        room -= n;
        if (r.hi < rest->ranges->hi)
            break;
        rest->ranges++;
        rest->count--;
    }
    return (struct uid_set){part, count};
}

enum status imap_flag(struct imap_call *c, struct uid_set uids, struct imap_flagging *f)
{
    size_t batch = store_config_of(imap_store(c))->message_batch;
    struct uid_range *part = ARENA_ARRAY(&c->arena, struct uid_range, uids.count + 1);
    struct uid_range *own = ARENA_ARRAY(&c->arena, struct uid_range, uids.count + 1);
    if (!part || !own)
        return c->arena.st;
    if (uids.count)
        memcpy(own, uids.ranges, uids.count * sizeof *own);
    size_t left = uids.count;
    enum status st = OK;
    while (left && st == OK) {
        struct uid_set rest = {own, left};
        struct flagging w = {.write = {.run = flag_run, .account = c->user->view->account},
                             .c = c,
                             .change = f->change,
                             .part = cut(c, &rest, part, batch),
                             .arena = &c->piece};
        own += left - rest.count;
        left = rest.count;
        if (left && own->lo <= w.part.ranges[w.part.count - 1].hi)
            own->lo = w.part.ranges[w.part.count - 1].hi + 1;
        st = imap_write(c, &w.write);
        if (st == OK)
            st = note(c, &w.result, f);
    }
    return st;
}
