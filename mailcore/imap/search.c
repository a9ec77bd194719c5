/* mailcore/imap/search.c: the tree of a search over one message. The parser has bounded its depth. */
#include "mailcore/imap/search.h"
#include "core/fold.h"

enum { DAY_SECONDS = 86400, COSTS = IMAP_COST_BODY + 1 };

/* ---- making ready ---- */

static enum status fold_text(struct arena *a, struct imap_key *k)
{
    SCOPED_BUF(folded, k->text.n * 18 * 4 + 1); /* no character becomes more than 18 */
    fold_unicode(&folded, k->text);
    if (folded.st != OK)
        return folded.st;
    k->folded = arena_str(a, buf_view(&folded));
    return k->folded.p ? OK : a->st;
}

static enum status resolve_set(struct arena *a, struct imap_key *k, const struct imap_search_world *w)
{
    static const struct imap_set nothing;
    if (k->set.saved) { /* UIDs, also where a sequence number stands */
        k->kind = IMAP_KEY_UIDS;
        k->set = w->saved ? *w->saved : nothing;
        return OK;
    }
    uint32_t largest = k->kind == IMAP_KEY_UIDS ? w->largest_uid : w->largest_number;
    return imap_set_resolve(a, &k->set, largest, &k->set);
}

/* A moment before `number` seconds; far more than there have been is the beginning of time. */
static void resolve_age(struct imap_key *k, int64_t now)
{
    k->day = k->number < (uint64_t)INT32_MAX * 4 && now >= 0 ? now - (int64_t)k->number : INT64_MIN;
}

static enum status prepare_leaf(struct arena *a, struct imap_key *k, const struct imap_search_world *w)
{
    k->cost = IMAP_COST_ROW;
    if (k->kind == IMAP_KEY_HEADER || k->kind == IMAP_KEY_BODY || k->kind == IMAP_KEY_TEXT) {
        k->cost = k->kind == IMAP_KEY_HEADER ? IMAP_COST_HEADER : IMAP_COST_BODY;
        return fold_text(a, k);
    }
    if (k->kind >= IMAP_KEY_BEFORE && k->kind <= IMAP_KEY_SINCE && k->when == IMAP_WHEN_SENT)
        k->cost = IMAP_COST_HEADER;
    if (k->kind == IMAP_KEY_OLDER || k->kind == IMAP_KEY_YOUNGER)
        resolve_age(k, w->now);
    if (k->kind == IMAP_KEY_SAVEDATE_SUPPORTED)
        k->number = w->savedate;
    if (k->kind == IMAP_KEY_NUMBERS || k->kind == IMAP_KEY_UIDS)
        return resolve_set(a, k, w);
    return OK;
}

/* Cheap children first, otherwise in their order. */
static void order_children(struct imap_key *k)
{
    struct imap_key *lists[COSTS] = {NULL}, **tails[COSTS];
    for (size_t i = 0; i < COSTS; i++)
        tails[i] = &lists[i];
    for (struct imap_key *c = k->child; c; c = c->next) {
        *tails[c->cost] = c;
        tails[c->cost] = &c->next;
        if (c->cost > k->cost)
            k->cost = c->cost;
    }
    struct imap_key **end = &k->child;
    *end = NULL;
    for (size_t i = 0; i < COSTS; i++) {
        *tails[i] = NULL;
        *end = lists[i];
        if (lists[i])
            end = tails[i];
    }
}

enum status imap_search_prepare(struct arena *a, struct imap_key *key, const struct imap_search_world *world)
{
    enum status st = prepare_leaf(a, key, world);
    for (struct imap_key *c = key->child; c && st == OK; c = c->next)
        st = imap_search_prepare(a, c, world);
    if (st == OK && key->child)
        order_children(key);
    return st;
}

/* ---- asking ---- */

/* The day on the clock of whoever wrote the date (RFC 9051 section 6.4.4: time and zone are disregarded). */
static int64_t day_of(struct maildate date)
{
    int64_t local = date.at + date.offset;
    return local / DAY_SECONDS - (local % DAY_SECONDS < 0);
}

static enum status match_date(const struct imap_key *k, const struct imap_message *m, bool *matches)
{
    struct maildate date = m->received;
    if (k->when == IMAP_WHEN_SAVED && m->saved.at != INT64_MIN)
        date = m->saved;
    if (k->when == IMAP_WHEN_SENT) {
        enum status st = m->sent(m->ctx, &date);
        *matches = false;
        if (st != OK)
            return st == NOT_FOUND ? OK : st;
    }
    int64_t day = day_of(date);
    *matches = k->kind == IMAP_KEY_BEFORE ? day < k->day
               : k->kind == IMAP_KEY_ON   ? day == k->day
                                          : day >= k->day;
    return OK;
}

static enum status match_text(const struct imap_key *k, const struct imap_message *m, bool *matches)
{
    SCOPED(imap_finder_free) struct imap_finder f = imap_finder_new(k->folded);
    enum status st = OK;
    if (k->kind != IMAP_KEY_HEADER && !k->folded.n) { /* every text has it */
        *matches = true;
        return OK;
    }
    if (k->kind != IMAP_KEY_BODY)
        st = m->field(m->ctx, k->kind == IMAP_KEY_HEADER ? k->field : STR_NONE, &f);
    if (st == OK && !f.found && k->kind != IMAP_KEY_HEADER)
        st = m->body(m->ctx, &f);
    *matches = f.found;
    return st;
}

/* AND stops at the first that does not hold, OR at the first that does. */
static enum status match_children(const struct imap_key *k, const struct imap_message *m, bool *matches)
{
    enum status st = OK;
    bool stop = k->kind == IMAP_KEY_OR;
    *matches = !stop;
    for (const struct imap_key *c = k->child; c && st == OK && *matches != stop; c = c->next)
        st = imap_search_match(c, m, matches);
    return st;
}

static bool match_row(const struct imap_key *k, const struct imap_message *m)
{
    switch (k->kind) {
    case IMAP_KEY_ALL:
        return true;
    case IMAP_KEY_FLAG:
        return (m->flags & k->flag) != 0;
    case IMAP_KEY_KEYWORD:
        return m->keyword(m->ctx, k->text);
    case IMAP_KEY_SAVEDATE_SUPPORTED:
        return k->number != 0;
    case IMAP_KEY_LARGER:
        return m->size > k->number;
    case IMAP_KEY_SMALLER:
        return m->size < k->number;
    case IMAP_KEY_OLDER: /* RFC 5032 section 3: a message of just that age is both */
        return m->received.at <= k->day;
    case IMAP_KEY_YOUNGER:
        return m->received.at >= k->day;
    case IMAP_KEY_NUMBERS:
        return imap_set_has(&k->set, m->number);
    case IMAP_KEY_UIDS:
        return imap_set_has(&k->set, m->uid);
    case IMAP_KEY_MODSEQ:
        return m->modseq >= k->number;
    case IMAP_KEY_EMAILID:
        return str_eq(m->email_id, k->text);
    case IMAP_KEY_THREADID:
        return str_eq(m->thread_id, k->text);
    case IMAP_KEY_AND:
    case IMAP_KEY_OR:
    case IMAP_KEY_NOT:
    case IMAP_KEY_HEADER:
    case IMAP_KEY_BODY:
    case IMAP_KEY_TEXT:
    case IMAP_KEY_BEFORE:
    case IMAP_KEY_ON:
    case IMAP_KEY_SINCE:
    default:
        return false;
    }
}

enum status imap_search_match(const struct imap_key *key, const struct imap_message *m, bool *matches)
{
    enum status st;
    switch (key->kind) {
    case IMAP_KEY_AND:
    case IMAP_KEY_OR:
        return match_children(key, m, matches);
    case IMAP_KEY_NOT:
        st = imap_search_match(key->child, m, matches);
        *matches = !*matches;
        return st;
    case IMAP_KEY_HEADER:
    case IMAP_KEY_BODY:
    case IMAP_KEY_TEXT:
        return match_text(key, m, matches);
    case IMAP_KEY_BEFORE:
    case IMAP_KEY_ON:
    case IMAP_KEY_SINCE:
        return match_date(key, m, matches);
    case IMAP_KEY_ALL:
    case IMAP_KEY_FLAG:
    case IMAP_KEY_KEYWORD:
    case IMAP_KEY_SAVEDATE_SUPPORTED:
    case IMAP_KEY_LARGER:
    case IMAP_KEY_SMALLER:
    case IMAP_KEY_OLDER:
    case IMAP_KEY_YOUNGER:
    case IMAP_KEY_NUMBERS:
    case IMAP_KEY_UIDS:
    case IMAP_KEY_MODSEQ:
    case IMAP_KEY_EMAILID:
    case IMAP_KEY_THREADID:
    default:
        *matches = match_row(key, m);
        return OK;
    }
}
