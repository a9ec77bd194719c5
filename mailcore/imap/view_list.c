/* mailcore/imap/view_list.c: lists of UIDs are made from the one before and the store's changes since; the first one of a mailbox is read whole. */
#include "mailcore/imap/view_list.h"

#include "mailcore/imap/view.h"

#include <pthread.h>
#include <stdlib.h>

enum {
    ROWS = 256,
    KEPT_MOST = 64 << 20, /* bytes of lists that are kept; sessions hold theirs besides */
    DELTA_ARENA = 64 << 20,
};

struct kept {
    int64_t mailbox, modseq;
    struct uid_list *list;
    struct kept *next;          /* of the row */
    struct kept *older, *newer; /* by use */
};

struct imap_views {
    pthread_mutex_t lock;
    struct kept *rows[ROWS];
    struct kept *newest, *oldest;
    size_t bytes;
};

static size_t size_of(const struct uid_list *l)
{
    return sizeof(struct kept) + sizeof *l + l->count * sizeof l->uids[0];
}

static struct uid_list *list_new(size_t count)
{
    if (count > UINT32_MAX - 1)
        return NULL;
    struct uid_list *l = malloc(sizeof *l + count * sizeof l->uids[0]);
    if (l) {
        l->refs = 1;
        l->count = 0;
    }
    return l;
}

static struct uid_list *list_ref(struct uid_list *l)
{
    atomic_fetch_add(&l->refs, 1);
    return l;
}

void uid_list_unref(struct uid_list *l)
{
    if (l && atomic_fetch_sub(&l->refs, 1) == 1)
        free(l);
}

uint32_t uid_list_before(const struct uid_list *l, int64_t uid)
{
    uint32_t low = 0, high = l->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (l->uids[middle] < uid)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* ---- what is kept ---- */

static struct kept **row_of(struct imap_views *v, int64_t mailbox)
{
    return &v->rows[(uint64_t)mailbox * 0x9E3779B97F4A7C15u >> 56];
}

static void unlink_use(struct imap_views *v, struct kept *k)
{
    *(k->newer ? &k->newer->older : &v->newest) = k->older;
    *(k->older ? &k->older->newer : &v->oldest) = k->newer;
}

static void link_use(struct imap_views *v, struct kept *k)
{
    k->newer = NULL;
    k->older = v->newest;
    *(v->newest ? &v->newest->newer : &v->oldest) = k;
    v->newest = k;
}

static void forget(struct imap_views *v, struct kept *k)
{
    struct kept **at = row_of(v, k->mailbox);
    while (*at != k)
        at = &(*at)->next;
    *at = k->next;
    unlink_use(v, k);
    v->bytes -= size_of(k->list);
    uid_list_unref(k->list);
    free(k);
}

static void forget_old(struct imap_views *v, size_t most)
{
    for (struct kept *k = v->oldest, *newer; k && v->bytes > most; k = newer) {
        newer = k->newer;
        forget(v, k);
    }
}

static struct kept *find(struct imap_views *v, int64_t mailbox)
{
    struct kept *k = *row_of(v, mailbox);
    while (k && k->mailbox != mailbox)
        k = k->next;
    return k;
}

/* The last list; the caller has a reference. NULL: none. */
static struct uid_list *last(struct imap_views *v, int64_t mailbox, int64_t *modseq)
{
    struct uid_list *l = NULL;
    pthread_mutex_lock(&v->lock);
    struct kept *k = find(v, mailbox);
    if (k) {
        unlink_use(v, k);
        link_use(v, k);
        *modseq = k->modseq;
        l = list_ref(k->list);
    }
    pthread_mutex_unlock(&v->lock);
    return l;
}

/* Without memory nothing is kept. */
static void keep(struct imap_views *v, int64_t mailbox, int64_t modseq, struct uid_list *l)
{
    pthread_mutex_lock(&v->lock);
    struct kept *k = find(v, mailbox);
    if (!k && size_of(l) <= KEPT_MOST && (k = malloc(sizeof *k))) {
        *k = (struct kept){
            .mailbox = mailbox, .modseq = modseq, .list = list_ref(l), .next = *row_of(v, mailbox)};
        *row_of(v, mailbox) = k;
        link_use(v, k);
        v->bytes += size_of(l);
    } else if (k && k->modseq < modseq) {
        v->bytes += size_of(l) - size_of(k->list);
        uid_list_unref(k->list);
        k->list = list_ref(l);
        k->modseq = modseq;
    }
    forget_old(v, KEPT_MOST);
    pthread_mutex_unlock(&v->lock);
}

enum status imap_views_new(struct imap_views **out)
{
    struct imap_views *v = calloc(1, sizeof *v);
    if (!v)
        return E_MEMORY;
    pthread_mutex_init(&v->lock, NULL);
    *out = v;
    return OK;
}

void imap_views_free(struct imap_views *v)
{
    if (!v)
        return;
    forget_old(v, 0);
    pthread_mutex_destroy(&v->lock);
    free(v);
}

/* ---- lists made ---- */

struct reading {
    struct uid_list *list;
    size_t room;
    int64_t above; /* only UIDs over this one */
};

static enum status add(void *ctx, const struct message *m)
{
    struct reading *r = ctx;
    if (m->uid <= r->above)
        return OK;
    if (m->uid > UINT32_MAX)
        return E_CORRUPT;
    if (r->list->count == r->room) {
        size_t room = r->room + r->room / 2 + 64;
        struct uid_list *grown = realloc(r->list, sizeof *grown + room * sizeof grown->uids[0]);
        if (!grown)
            return E_MEMORY;
        r->list = grown;
        r->room = room;
    }
    r->list->uids[r->list->count++] = (uint32_t)m->uid;
    return OK;
}

static int by_uid(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static enum status read_whole(struct tx *tx, const struct actor *actor, int64_t mailbox, int64_t messages,
                              struct uid_list **out)
{
    struct reading r = {.room = messages > 0 ? (size_t)messages : 0};
    const struct message_query all = {0};
    r.list = list_new(r.room);
    if (!r.list)
        return E_MEMORY;
    enum status st = message_each(tx, actor, mailbox, &all, add, &r);
    *out = r.list;
    if (st != OK) {
        uid_list_unref(r.list);
        *out = NULL;
    }
    return st;
}

/* The old list without what vanished; new ones go behind it. */
static struct uid_list *without(const struct uid_list *old, const struct uid_range *gone, size_t count)
{
    struct uid_list *l = list_new(old->count);
    uint32_t at = 0;
    if (!l)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        uint32_t to = uid_list_before(old, gone[i].lo);
        if (to > at) {
            memcpy(l->uids + l->count, old->uids + at, (to - at) * sizeof old->uids[0]);
            l->count += to - at;
        }
        uint32_t behind = uid_list_before(old, gone[i].hi + 1);
        at = behind > at ? behind : at;
    }
    if (old->count > at) {
        memcpy(l->uids + l->count, old->uids + at, (old->count - at) * sizeof old->uids[0]);
        l->count += old->count - at;
    }
    return l;
}

/* BAD_TOKEN: what vanished since then is not known. */
static enum status read_changes(struct tx *tx, const struct actor *actor, int64_t mailbox, int64_t since,
                                const struct uid_list *old, struct uid_list **out)
{
    SCOPED_ARENA(a, DELTA_ARENA);
    struct uid_range *gone;
    size_t count;
    enum status st = message_vanished(tx, &a, actor, mailbox, since, &gone, &count);
    if (st != OK)
        return st;
    struct reading r = {.room = old->count, .above = old->count ? old->uids[old->count - 1] : 0};
    const struct message_query changed = {.since = since};
    r.list = without(old, gone, count);
    if (!r.list)
        return E_MEMORY;
    uint32_t kept = r.list->count;
    st = message_each(tx, actor, mailbox, &changed, add, &r);
    if (st != OK) {
        uid_list_unref(r.list);
        return st;
    }
    qsort(r.list->uids + kept, r.list->count - kept, sizeof r.list->uids[0], by_uid);
    *out = r.list;
    return OK;
}

static bool same(const struct uid_list *a, const struct uid_list *b)
{
    return a->count == b->count && memcmp(a->uids, b->uids, a->count * sizeof a->uids[0]) == 0;
}

enum status uid_list_now(struct imap_views *v, struct tx *tx, const struct actor *actor, int64_t mailbox,
                         const struct mailbox_state *state, struct uid_list **out)
{
    int64_t modseq = 0;
    struct uid_list *old = last(v, mailbox, &modseq), *now = NULL;
    enum status st = BAD_TOKEN;
    if (old && modseq == state->modseq) {
        *out = old;
        return OK;
    }
    if (old && modseq > 0 && modseq < state->modseq)
        st = read_changes(tx, actor, mailbox, modseq, old, &now);
    if (st == BAD_TOKEN)
        st = read_whole(tx, actor, mailbox, state->messages, &now);
    if (st == OK && old && same(old, now)) { /* flags only */
        struct uid_list *twin = now;
        now = old;
        old = twin;
    }
    uid_list_unref(old);
    if (st == OK)
        keep(v, mailbox, state->modseq, now);
    *out = now;
    return st;
}

enum status uid_list_extend(const struct uid_list *old, const struct uid_list *now, struct uid_list **out)
{
    uint32_t from = old->count ? uid_list_before(now, (int64_t)old->uids[old->count - 1] + 1) : 0;
    struct uid_list *l = list_new((size_t)old->count + (now->count - from));
    if (!l)
        return E_MEMORY;
    memcpy(l->uids, old->uids, old->count * sizeof old->uids[0]);
    memcpy(l->uids + old->count, now->uids + from, (now->count - from) * sizeof now->uids[0]);
    l->count = old->count + (now->count - from);
    *out = l;
    return OK;
}
