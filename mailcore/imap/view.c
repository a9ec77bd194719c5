/* mailcore/imap/view.c: numbers of the selected mailbox, what a set of them means, and the names of flags. */
#include "mailcore/imap/view.h"

#include <stdlib.h>

enum status imap_view_open(struct imap_call *c, struct tx *tx, const struct actor *actor, int64_t mailbox,
                           int64_t account, bool read_only, struct imap_view **out)
{
    const unsigned changing = RIGHT_SEEN | RIGHT_WRITE | RIGHT_INSERT | RIGHT_DELETE | RIGHT_EXPUNGE;
    struct mailbox_state state;
    enum status st = mailbox_state(tx, actor, mailbox, &state);
    if (st != OK)
        return st;
    struct imap_view *v = calloc(1, sizeof *v);
    if (!v)
        return E_MEMORY;
    st = uid_list_now(c->user->service->views, tx, actor, mailbox, &state, &v->list);
    if (st != OK) {
        free(v);
        return st;
    }
    v->mailbox = mailbox;
    v->account = account;
    v->uid_validity = state.uidvalidity;
    v->modseq = v->buried = state.modseq;
    v->rights = state.rights;
    v->owner = state.owner;
    v->read_only = read_only || actor->read_only || !(state.rights & changing);
    *out = v;
    return OK;
}

void imap_view_free(struct imap_view *v)
{
    if (!v)
        return;
    uid_list_unref(v->list);
    free(v->saved);
    free(v);
}

/* ---- numbers ---- */

uint32_t imap_view_count(const struct imap_view *v)
{
    return v->list->count;
}

uint32_t imap_view_uid(const struct imap_view *v, uint32_t number)
{
    return number && number <= v->list->count ? v->list->uids[number - 1] : 0;
}

uint32_t imap_view_before(const struct imap_view *v, int64_t uid)
{
    return uid_list_before(v->list, uid);
}

uint32_t imap_view_number(const struct imap_view *v, int64_t uid)
{
    uint32_t at = uid_list_before(v->list, uid);
    return at < v->list->count && v->list->uids[at] == uid ? at + 1 : 0;
}

int64_t imap_view_modseq(const struct imap_view *v)
{
    return v->buried < v->modseq ? v->buried : v->modseq;
}

/* ---- sets ---- */

struct picking {
    struct arena *arena;
    const struct uid_list *list;
    struct imap_set_builder numbers;
    struct uid_range *uids;
    size_t count, cap;
    uint32_t messages, end; /* end: the last number taken */
};

/* The numbers first..last, which follow those that were taken. */
static enum status pick(struct picking *p, uint32_t first, uint32_t last)
{
    const uint32_t *uids = p->list->uids;
    enum status st = imap_set_add(p->arena, &p->numbers, first, last);
    if (st != OK)
        return st;
    p->messages += last - first + 1;
    if (p->count && p->end + 1 == first) {
        p->uids[p->count - 1].hi = uids[last - 1];
    } else {
        struct uid_range *grown =
            arena_grow(p->arena, p->uids, p->count, &p->cap, p->count + 1, sizeof *p->uids);
        if (!grown)
            return p->arena->st;
        p->uids = grown;
        p->uids[p->count++] = (struct uid_range){uids[first - 1], uids[last - 1]};
    }
    p->end = last;
    return OK;
}

static enum status pick_uid_range(struct picking *p, int64_t lo, int64_t hi)
{
    uint32_t first = uid_list_before(p->list, lo) + 1, last = uid_list_before(p->list, hi + 1);
    return first <= last ? pick(p, first, last) : OK;
}

static void picked(const struct picking *p, struct imap_picked *out)
{
    *out = (struct imap_picked){imap_set_built(&p->numbers), {p->uids, p->count}, p->messages};
}

static enum status no_such_number(struct imap_call *c)
{
    c->bad = true;
    c->text = "there is no message of this number";
    return INVALID;
}

static enum status pick_ranges(struct imap_call *c, struct picking *p, const struct imap_set *set, bool uid)
{
    uint32_t count = p->list->count, largest = count && uid ? p->list->uids[count - 1] : count;
    struct imap_set s;
    if (!uid && set->count && set->ranges[set->count - 1].last > count)
        return no_such_number(c);
    enum status st = imap_set_resolve(p->arena, set, largest, &s);
    for (size_t i = 0; i < s.count && st == OK; i++) {
        struct imap_range r = s.ranges[i];
        if (uid)
            st = pick_uid_range(p, r.first, r.last);
        else if (r.first <= count)
            st = pick(p, r.first, r.last < count ? r.last : count);
    }
    return st;
}

enum status imap_view_pick(struct imap_call *c, const struct imap_set *set, bool uid, struct imap_picked *out)
{
    const struct imap_view *v = c->user->view;
    struct picking p = {.arena = &c->arena, .list = v->list};
    enum status st = OK;
    if (!set->saved)
        st = pick_ranges(c, &p, set, uid);
    for (size_t i = 0; set->saved && i < v->saved_count && st == OK; i++)
        st = pick_uid_range(&p, v->saved[i].lo, v->saved[i].hi);
    picked(&p, out);
    return st;
}

enum status imap_view_pick_uids(struct imap_call *c, const int64_t *uids, size_t count,
                                struct imap_picked *out)
{
    struct picking p = {.arena = &c->arena, .list = c->user->view->list};
    enum status st = OK;
    for (size_t i = 0; i < count && st == OK; i++)
        st = pick_uid_range(&p, uids[i], uids[i]);
    picked(&p, out);
    return st;
}

enum status imap_view_page(struct imap_call *c, const struct imap_page *page, struct imap_picked *out)
{
    const struct imap_set all = out->numbers;
    struct picking p = {.arena = &c->arena, .list = c->user->view->list};
    uint64_t first = page->first, last = page->last < out->count ? page->last : out->count, at = 1;
    enum status st = OK;
    if (page->from_end) {
        first = out->count - last + 1;
        last = page->first <= out->count ? out->count - page->first + 1 : 0;
    }
    for (size_t i = 0; i < all.count && st == OK; i++) {
        uint64_t low = all.ranges[i].first, high = all.ranges[i].last, n = high - low + 1;
        uint64_t from = at < first ? low + (first - at) : low, to = high;
        if (at + n - 1 > last)
            to = last < at ? 0 : low + (last - at);
        at += n;
        if (from <= to)
            st = pick(&p, (uint32_t)from, (uint32_t)to);
    }
    picked(&p, out);
    return st;
}

enum status imap_view_save(struct imap_view *v, struct uid_set uids)
{
    struct uid_range *saved = NULL;
    if (uids.count) {
        saved = malloc(uids.count * sizeof *saved);
        if (!saved)
            return E_MEMORY;
        memcpy(saved, uids.ranges, uids.count * sizeof *saved);
    }
    free(v->saved);
    v->saved = saved;
    v->saved_count = uids.count;
    return OK;
}

/* ---- names ---- */

enum status imap_view_names(struct imap_call *c, struct tx *tx, const struct actor *actor,
                            struct imap_names *out)
{
    return mailbox_keywords(tx, &c->arena, actor, c->user->view->mailbox, out->names);
}

struct imap_flags imap_view_flags(struct imap_names *names, unsigned flags, uint64_t keywords)
{
    struct imap_flags out = {.system = imap_flags_out(flags), .keywords = names->some};
    for (unsigned bit = 0; keywords; bit++, keywords >>= 1)
        if ((keywords & 1) && names->names[bit].p)
            names->some[out.count++] = names->names[bit];
    return out;
}

/* A keyword that one may set may also be made, while there are bits left. */
void imap_view_write_flags(struct imap_call *c, struct imap_names *names)
{
    struct imap_view *v = c->user->view;
    const unsigned all = IMAP_ANSWERED | IMAP_FLAGGED | IMAP_DELETED | IMAP_SEEN | IMAP_DRAFT;
    uint64_t bits = 0;
    for (unsigned i = 0; i < KEYWORDS_MAX; i++)
        if (names->names[i].p)
            bits |= (uint64_t)1 << i;
    struct imap_flags flags = imap_view_flags(names, 0, bits);
    v->keywords = bits;
    flags.system = all;
    buf_add(&c->out, STR("* FLAGS "));
    imap_write_flags(&c->out, &flags);
    buf_add(&c->out, STR("\r\n* OK [PERMANENTFLAGS "));
    flags.system = (v->rights & RIGHT_SEEN ? IMAP_SEEN : 0) | (v->rights & RIGHT_DELETE ? IMAP_DELETED : 0) |
                   (v->rights & RIGHT_WRITE ? IMAP_ANSWERED | IMAP_FLAGGED | IMAP_DRAFT : 0);
    if (v->read_only)
        flags.system = 0;
    if (v->read_only || !(v->rights & RIGHT_WRITE))
        flags.count = 0;
    else if (bits != UINT64_MAX)
        names->some[flags.count++] = STR("\\*");
    imap_write_flags(&c->out, &flags);
    buf_add(&c->out, STR("] what can be kept\r\n"));
}

void imap_write_mailbox_id(struct buf *out, int64_t mailbox)
{
    buf_addc(out, 'F');
    buf_i64(out, mailbox);
}
