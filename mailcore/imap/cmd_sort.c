/* mailcore/imap/cmd_sort.c: SORT and THREAD (RFC 5256, 5957, 5267): dates and base subjects stand beside the messages, and what threads refer
 * to; only for addresses headers are read. */
#include "formats/mailsubject.h"
#include "mailcore/imap/cmd_search.h"
#include "mailcore/imap/sort.h"
#include "mailcore/imap/thread.h"

enum { FIELD_MOST = 64 << 10, REFERENCES_MOST = 100 };

/* ---- SORT ---- */

struct sorting {
    struct imap_walk walk;
    struct imap_results results;
    bool heads; /* a criterion is about addresses */
    struct imap_sort_row *rows;
    size_t count, cap;
};

static bool is_address(enum imap_sort_key key)
{
    return key == IMAP_SORT_FROM || key == IMAP_SORT_TO || key == IMAP_SORT_CC ||
           key == IMAP_SORT_DISPLAYFROM || key == IMAP_SORT_DISPLAYTO;
}

static enum status take_addresses(struct sorting *s, const struct imap_found *f, struct imap_sort_row *row)
{
    const struct imap_search *q = &s->walk.call->command->u.search;
    struct str head;
    enum status st = f->head(f->walk, &head);
    for (size_t i = 0; i < q->criteria_count && st == OK; i++)
        if (is_address(q->criteria[i].key))
            st = imap_sort_read(&s->walk.call->arena, head, &q->criteria[i], 1, FIELD_MOST, row);
    return st;
}

static enum status add_row(void *ctx, const struct imap_found *f)
{
    struct sorting *s = ctx;
    struct arena *a = &s->walk.call->arena;
    const struct message *m = f->row;
    struct imap_sort_row *rows = arena_grow(a, s->rows, s->count, &s->cap, s->count + 1, sizeof *s->rows);
    if (!rows)
        return a->st;
    s->rows = rows;
    struct imap_sort_row *row = &rows[s->count++];
    *row = (struct imap_sort_row){.number = f->number,
                                  .uid = f->uid,
                                  .arrival = m->date,
                                  .date = m->key.sent == INT64_MIN ? m->date : m->key.sent,
                                  .size = (uint64_t)m->size};
    if (s->walk.want & WANT_KEY)
        row->texts[IMAP_SORT_SUBJECT] = arena_str(a, m->key.base.p ? m->key.base : STR(""));
    enum status st = a->st == OK && s->heads ? take_addresses(s, f, row) : a->st;
    return st == OK ? imap_results_add(&s->results, f) : st;
}

static struct sorting *start_sort(struct imap_call *c)
{
    const struct imap_search *q = &c->command->u.search;
    struct sorting *s = ARENA_NEW(&c->arena, struct sorting);
    if (!s)
        return NULL;
    *s = (struct sorting){.walk = {.call = c, .key = q->key, .want = WANT_KEY, .found = add_row, .ctx = s},
                          .results = {.call = c}};
    for (size_t i = 0; i < q->criteria_count; i++)
        s->heads |= is_address(q->criteria[i].key);
    s->walk.want |= s->heads ? WANT_TEXT : 0;
    s->results.modseqs = imap_key_has(q->key, IMAP_KEY_MODSEQ);
    if (s->results.modseqs)
        c->enabled |= IMAP_ENABLED_CONDSTORE;
    return s;
}

static int by_number(const void *key, const void *hit)
{
    const uint32_t n = *(const uint32_t *)key, other = ((const struct imap_hit *)hit)->number;
    return (n > other) - (n < other);
}

/* The results, which are in the order of numbers, in that of the rows. */
static enum status put_in_order(struct sorting *s)
{
    const struct imap_search *q = &s->walk.call->command->u.search;
    struct arena *a = &s->walk.call->arena;
    struct imap_results *r = &s->results;
    if (!s->count)
        return OK;
    struct imap_hit *sorted = ARENA_ARRAY(a, struct imap_hit, s->count);
    if (!sorted)
        return a->st;
    imap_sort(q->criteria, q->criteria_count, s->rows, s->count);
    for (size_t i = 0; i < s->count; i++) {
        const struct imap_hit *h = bsearch(&s->rows[i].number, r->hits, r->count, sizeof *r->hits, by_number);
        if (!h)
            return E_INTERNAL;
        sorted[i] = *h;
    }
    r->hits = sorted;
    return OK;
}

enum status imap_run_sort(struct imap_call *c)
{
    struct sorting *s = c->rest ? c->rest : (c->rest = start_sort(c));
    if (!s)
        return c->arena.st;
    enum status st = imap_walk(&s->walk);
    if (st == TRUNCATED) {
        c->more = true;
        return OK;
    }
    if (st == OK)
        st = put_in_order(s);
    if (st == OK)
        st = imap_results_write(&s->results, "SORT");
    if (st != OK)
        imap_results_fail(c);
    return st;
}

/* ---- THREAD ---- */

struct threading {
    struct imap_walk walk;
    struct imap_thread_row *rows;
    size_t count, cap;
};

static enum status add_thread_row(void *ctx, const struct imap_found *f)
{
    struct threading *t = ctx;
    struct arena *a = &t->walk.call->arena;
    const struct mail_key *k = &f->row->key;
    bool references = t->walk.call->command->u.search.algorithm == IMAP_THREAD_REFERENCES;
    struct imap_thread_row *rows = arena_grow(a, t->rows, t->count, &t->cap, t->count + 1, sizeof *t->rows);
    if (!rows)
        return a->st;
    t->rows = rows;
    struct imap_thread_row *row = &rows[t->count++];
    *row = (struct imap_thread_row){.number = t->walk.call->command->uid ? f->uid : f->number,
                                    .date = k->sent == INT64_MIN ? f->row->date : k->sent,
                                    .subject = arena_str(a, k->base.p ? k->base : STR(""))};
    if (k->subject.p)
        mail_base_subject(k->subject, &row->reply);
    if (references && k->msgid.p)
        row->id = arena_strf(a, "<%.*s>", STR_ARG(k->msgid));
    if (references)
        row->references = arena_str(a, k->refs);
    return a->st;
}

enum status imap_run_thread(struct imap_call *c)
{
    const struct imap_search *q = &c->command->u.search;
    struct threading *t = c->rest;
    if (!t) {
        c->rest = t = ARENA_NEW(&c->arena, struct threading);
        if (!t)
            return c->arena.st;
        *t = (struct threading){
            .walk = {.call = c, .key = q->key, .want = WANT_KEY, .found = add_thread_row, .ctx = t}};
    }
    enum status st = imap_walk(&t->walk);
    if (st == TRUNCATED) {
        c->more = true;
        return OK;
    }
    return st == OK ? imap_thread(&c->arena, q->algorithm, t->rows, t->count, REFERENCES_MOST, &c->out) : st;
}
