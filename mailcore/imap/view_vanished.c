/* mailcore/imap/view_vanished.c: VANISHED (EARLIER): what went while the client was away (RFC 7162 section 3.2.10). */
#include "mailcore/imap/view.h"

struct earlier {
    struct imap_call *c;
    const struct imap_set *known;
    struct imap_set_builder gone;
};

/* lo..hi as far as the client knows of them. */
static enum status add(struct earlier *e, int64_t lo, int64_t hi)
{
    struct arena *a = &e->c->arena;
    enum status st = OK;
    if (!e->known)
        return lo <= hi ? imap_set_add(a, &e->gone, (uint32_t)lo, (uint32_t)hi) : OK;
    for (size_t i = 0; i < e->known->count && st == OK; i++) {
        int64_t first = e->known->ranges[i].first, last = e->known->ranges[i].last;
        first = first > lo ? first : lo;
        last = last < hi ? last : hi;
        if (first <= last)
            st = imap_set_add(a, &e->gone, (uint32_t)first, (uint32_t)last);
    }
    return st;
}

/* What vanished is not known any more: every UID that is not there may have been (section 5.1). */
static enum status add_absent(struct earlier *e, int64_t from, int64_t uidnext)
{
    const struct imap_view *v = e->c->user->view;
    enum status st = OK;
    for (uint32_t n = imap_view_before(v, from) + 1; n <= imap_view_count(v) && st == OK; n++) {
        int64_t uid = imap_view_uid(v, n);
        st = add(e, from, uid - 1);
        from = uid + 1;
    }
    return st == OK ? add(e, from, uidnext - 1) : st;
}

enum status imap_view_tell_vanished(struct imap_call *c, struct tx *tx, const struct actor *actor,
                                    int64_t since, const struct imap_set *known, int64_t from)
{
    const int64_t mailbox = c->user->view->mailbox;
    struct earlier e = {.c = c, .known = known};
    struct mailbox_state state;
    struct uid_range *ranges = NULL;
    size_t count = 0;
    enum status st = mailbox_state(tx, actor, mailbox, &state);
    if (st == OK)
        st = message_vanished(tx, &c->arena, actor, mailbox, since, &ranges, &count);
    if (st == BAD_TOKEN) {
        count = 0;
        st = add_absent(&e, from, state.uidnext);
    }
    for (size_t i = 0; i < count && st == OK; i++)
        st = add(&e, ranges[i].lo, ranges[i].hi);
    const struct imap_set set = imap_set_built(&e.gone);
    imap_write_vanished(&c->out, &set, true);
    return st;
}
