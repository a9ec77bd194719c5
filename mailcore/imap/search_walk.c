/* mailcore/imap/search_walk.c: the rows of the selected mailbox against a search, in slices. */
#include "mailcore/imap/search_walk.h"

#include "core/clock.h"
#include "mailcore/imap/object_id.h"

enum {
    SLICE_US = 30 * 1000,
    LOOKS = 32, /* messages between two looks at the clock */
    PROGRESS_US = 10 * 1000000,
    TAG_MOST = 300,
};

/* ---- what the search needs ---- */

bool imap_key_has(const struct imap_key *key, enum imap_key_kind kind)
{
    if (key->kind == kind)
        return true;
    for (const struct imap_key *k = key->child; k; k = k->next)
        if (imap_key_has(k, kind))
            return true;
    return false;
}

static bool is_keyed(struct str field)
{
    return str_caseeq(field, STR("Subject")) || str_caseeq(field, STR("From")) ||
           str_caseeq(field, STR("To")) || str_caseeq(field, STR("Cc"));
}

/* Columns that stand beside the entry: enum message_want. */
static unsigned wants_of(const struct imap_key *key)
{
    unsigned want = 0;
    if (key->kind == IMAP_KEY_EMAILID || key->kind == IMAP_KEY_THREADID)
        want = WANT_KEY;
    if (key->kind == IMAP_KEY_HEADER)
        want = is_keyed(key->field) ? WANT_KEY : WANT_TEXT;
    if (key->kind == IMAP_KEY_BODY || key->kind == IMAP_KEY_TEXT)
        want = WANT_TEXT;
    if (key->kind >= IMAP_KEY_BEFORE && key->kind <= IMAP_KEY_SINCE && key->when == IMAP_WHEN_SENT)
        want = WANT_TEXT;
    for (const struct imap_key *k = key->child; k; k = k->next)
        want |= wants_of(k);
    return want;
}

/* A set that all that is found must be in. */
static const struct imap_key *confine(const struct imap_key *key)
{
    if (key->kind == IMAP_KEY_UIDS || key->kind == IMAP_KEY_NUMBERS)
        return key;
    if (key->kind == IMAP_KEY_AND)
        for (const struct imap_key *k = key->child; k; k = k->next)
            if (k->kind == IMAP_KEY_UIDS || k->kind == IMAP_KEY_NUMBERS)
                return k;
    return NULL;
}

static enum status saved_set(struct imap_call *c, struct imap_set *out)
{
    const struct imap_view *v = c->user->view;
    struct imap_set_builder b = {0};
    enum status st = OK;
    for (size_t i = 0; i < v->saved_count && st == OK; i++)
        st = imap_set_add(&c->arena, &b, (uint32_t)v->saved[i].lo, (uint32_t)v->saved[i].hi);
    *out = imap_set_built(&b);
    return st;
}

enum status imap_search_ready(struct imap_call *c, struct imap_key *key)
{
    const struct imap_view *v = c->user->view;
    struct imap_set saved;
    enum status st = saved_set(c, &saved);
    const uint32_t count = imap_view_count(v);
    const struct imap_search_world world = {.largest_number = count,
                                            .largest_uid = count ? imap_view_uid(v, count) : 0,
                                            .saved = &saved,
                                            .now = clock_now(),
                                            .savedate = true};
    return st == OK ? imap_search_prepare(&c->arena, key, &world) : st;
}

static enum status begin(struct imap_walk *w)
{
    enum status st = imap_search_ready(w->call, w->key);
    if (st != OK)
        return st;
    const struct imap_key *only = confine(w->key);
    if (only) {
        w->only = &only->set;
        w->only_numbers = only->kind == IMAP_KEY_NUMBERS;
    }
    w->want |= wants_of(w->key);
    w->ids = imap_key_has(w->key, IMAP_KEY_EMAILID) || imap_key_has(w->key, IMAP_KEY_THREADID);
    w->next = 1;
    w->ready = true;
    w->said = clock_mono_us();
    return OK;
}

/* ---- which rows ---- */

/* UIDs of the messages from `next` on, inside of what the search is confined to. */
static enum status rest_of(struct imap_walk *w, struct arena *a, struct uid_set *out)
{
    const struct imap_view *v = w->call->user->view;
    const uint32_t count = imap_view_count(v);
    size_t ranges = w->only ? w->only->count : 1, n = 0;
    *out = (struct uid_set){0};
    if (w->next > count || !ranges)
        return OK;
    struct uid_range *r = ARENA_ARRAY(a, struct uid_range, ranges);
    if (!r)
        return a->st;
    const int64_t from = imap_view_uid(v, w->next), to = imap_view_uid(v, count);
    for (size_t i = 0; i < ranges; i++) {
        struct uid_range x = {from, to};
        if (w->only) {
            const struct imap_range *o = &w->only->ranges[i];
            if (w->only_numbers && o->first > count)
                break;
            x.lo = w->only_numbers ? imap_view_uid(v, o->first) : o->first;
            x.hi = w->only_numbers ? imap_view_uid(v, o->last < count ? o->last : count) : o->last;
        }
        x.lo = x.lo > from ? x.lo : from;
        x.hi = x.hi < to ? x.hi : to;
        if (x.lo <= x.hi)
            r[n++] = x;
    }
    *out = (struct uid_set){r, n};
    return OK;
}

/* ---- one message ---- */

struct slice {
    struct imap_walk *w;
    struct imap_text text;
    int64_t until;
    unsigned looked;
};

static bool has_keyword(void *ctx, struct str name)
{
    const struct slice *s = ctx;
    for (size_t i = 0; i < KEYWORDS_MAX; i++)
        if (s->text.m->keywords >> i & 1 && str_caseeq(s->w->names->names[i], name))
            return true;
    return false;
}

static enum status get_sent(void *ctx, struct maildate *out)
{
    return imap_text_sent(&((struct slice *)ctx)->text, out);
}

static enum status get_field(void *ctx, struct str name, struct imap_finder *f)
{
    return imap_text_field(&((struct slice *)ctx)->text, name, f);
}

static enum status get_body(void *ctx, struct imap_finder *f)
{
    return imap_text_body(&((struct slice *)ctx)->text, f);
}

static enum status get_head(void *ctx, struct str *out)
{
    return imap_text_head(&((struct slice *)ctx)->text, out);
}

/* Its number; 0: the session does not know of it yet. Rows and numbers go up together. */
static uint32_t number_of(struct imap_walk *w, int64_t uid)
{
    const struct imap_view *v = w->call->user->view;
    if (imap_view_uid(v, w->next) == uid)
        return w->next;
    return imap_view_number(v, uid);
}

static enum status look(void *ctx, const struct message *m)
{
    struct slice *s = ctx;
    struct imap_walk *w = s->w;
    SCOPED_BUF(email, 128);
    SCOPED_BUF(thread, 128);
    uint32_t number = number_of(w, m->uid);
    bool matches = false;
    if (!number)
        return OK;
    w->next = number;
    if ((w->want & WANT_TEXT || ++s->looked % LOOKS == 0) && clock_mono_us() >= s->until)
        return TRUNCATED;
    imap_text_begin(&s->text, m);
    struct imap_message x = {.number = number,
                             .uid = (uint32_t)m->uid,
                             .flags = imap_flags_out(m->flags),
                             .size = (uint64_t)m->size,
                             .modseq = (uint64_t)m->modseq,
                             .received = {.at = m->date},
                             .saved = {.at = m->saved ? m->saved : INT64_MIN},
                             .ctx = s,
                             .keyword = has_keyword,
                             .sent = get_sent,
                             .field = get_field,
                             .body = get_body};
    if (w->ids) { /* identifiers are written only for who asks for them */
        imap_write_email_id(&email, m->etag);
        imap_write_thread_id(&thread, m->thread);
        x.email_id = buf_view(&email);
        x.thread_id = buf_view(&thread);
    }
    enum status st = imap_search_match(w->key, &x, &matches);
    const struct imap_found found = {
        .number = number, .uid = (uint32_t)m->uid, .row = m, .head = get_head, .walk = s};
    if (st == OK && matches)
        st = w->found(w->ctx, &found);
    if (st == OK)
        w->next = number + 1;
    return st;
}

/* ---- a slice ---- */

/* Who waits for long hears how far it is (RFC 9585). */
static void say_progress(struct imap_walk *w)
{
    struct imap_call *c = w->call;
    int64_t now = clock_mono_us();
    SCOPED_BUF(code, TAG_MOST + 128);
    if (now - w->said < PROGRESS_US)
        return;
    w->said = now;
    buf_add(&code, STR("INPROGRESS ("));
    imap_write_string(&code, c->command->tag, false);
    buf_addf(&code, " %u %u)", (unsigned)w->next - 1, (unsigned)imap_view_count(c->user->view));
    if (code.st == OK)
        imap_write_status(&c->out, STR_NONE, "OK", buf_c(&code), "still looking");
}

static enum status walk_rows(struct imap_walk *w, struct tx *tx, const struct actor *actor,
                             const struct uid_set *uids)
{
    struct slice s = {.w = w,
                      .text = {.tx = tx,
                               .actor = actor,
                               .mailbox = w->call->user->view->mailbox,
                               .inlined = w->want & WANT_TEXT},
                      .until = clock_mono_us() + SLICE_US};
    const struct message_query query = {.uids = *uids, .want = w->want};
    enum status st = message_each(tx, actor, s.text.mailbox, &query, look, &s);
    imap_text_free(&s.text);
    return st;
}

enum status imap_walk(struct imap_walk *w)
{
    struct imap_call *c = w->call;
    struct actor actor;
    struct uid_set uids;
    SCOPED_ARENA(a, IMAP_OUT_MOST);
    enum status st = w->ready ? OK : begin(w);
    if (st == OK)
        st = rest_of(w, &a, &uids);
    if (st != OK || !uids.count)
        return st;
    SCOPED_READ(tx, imap_store(c));
    if (!tx)
        return E_MEMORY;
    st = imap_actor(c, tx, &actor);
    if (st == OK && !w->names) {
        w->names = ARENA_NEW(&c->arena, struct imap_names);
        st = w->names ? imap_view_names(c, tx, &actor, w->names) : c->arena.st;
    }
    if (st == OK)
        st = walk_rows(w, tx, &actor, &uids);
    if (st == TRUNCATED)
        say_progress(w);
    return st;
}
