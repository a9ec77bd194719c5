/* mailcore/imap/cmd_search.c: SEARCH, and the answers of SEARCH and SORT (RFC 9051 section 6.4.4; RFC 4731, 5182, 5267, 7162, 9394). */
#include "mailcore/imap/cmd_search.h"

enum { TAG_MOST = 1024 };

enum status imap_results_add(struct imap_results *r, const struct imap_found *f)
{
    struct imap_hit *hits =
        arena_grow(&r->call->arena, r->hits, r->count, &r->cap, r->count + 1, sizeof *r->hits);
    if (!hits)
        return r->call->arena.st;
    r->hits = hits;
    hits[r->count++] = (struct imap_hit){f->number, f->uid, (uint64_t)f->row->modseq};
    return OK;
}

static const struct imap_search *search_of(const struct imap_results *r)
{
    return &r->call->command->u.search;
}

static uint32_t id_of(const struct imap_results *r, const struct imap_hit *h)
{
    return r->call->command->uid ? h->uid : h->number;
}

/* ---- which of them ---- */

struct span {
    size_t from, to; /* of the hits */
};

static struct span all_of(const struct imap_results *r)
{
    return (struct span){0, r->count};
}

/* RFC 9394 section 3.1: counted from 1, from the end where it is negative. */
static struct span page_of(const struct imap_results *r)
{
    const struct imap_page *p = &search_of(r)->page;
    size_t first = p->first - 1, last = p->last;
    first = first < r->count ? first : r->count;
    last = last < r->count ? last : r->count;
    return p->from_end ? (struct span){r->count - last, r->count - first} : (struct span){first, last};
}

static const struct imap_hit *least(const struct imap_results *r)
{
    const struct imap_hit *found = r->hits;
    for (size_t i = 1; i < r->count; i++)
        found = r->hits[i].uid < found->uid ? &r->hits[i] : found;
    return found;
}

static const struct imap_hit *largest(const struct imap_results *r)
{
    const struct imap_hit *found = r->hits;
    for (size_t i = 1; i < r->count; i++)
        found = r->hits[i].uid > found->uid ? &r->hits[i] : found;
    return found;
}

/* As the client reads it: in the answer's order, ranges where they run upwards. */
static void write_span(const struct imap_results *r, struct span s, struct buf *out)
{
    for (size_t i = s.from; i < s.to;) {
        uint32_t first = id_of(r, &r->hits[i]), last = first;
        for (i++; i < s.to && id_of(r, &r->hits[i]) == last + 1; i++)
            last++;
        buf_u64(out, first);
        if (last > first) {
            buf_addc(out, ':');
            buf_u64(out, last);
        }
        if (i < s.to)
            buf_addc(out, ',');
    }
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Of what the answer names: the least and the largest alone, or all (RFC 4731 section 3.2). */
static uint64_t modseq_of(const struct imap_results *r, unsigned returns)
{
    uint64_t most = 0;
    if (!r->modseqs || !r->count)
        return 0;
    if (!(returns & (IMAP_RETURN_ALL | IMAP_RETURN_COUNT | IMAP_RETURN_PARTIAL))) {
        most = returns & IMAP_RETURN_MIN ? least(r)->modseq : 0;
        return returns & IMAP_RETURN_MAX ? larger(most, largest(r)->modseq) : most;
    }
    for (size_t i = 0; i < r->count; i++)
        most = larger(most, r->hits[i].modseq);
    return most;
}

/* ---- SAVE (RFC 5182 section 2.4, RFC 9394 section 3.3) ---- */

static int by_value(const void *a, const void *b)
{
    const int64_t l = *(const int64_t *)a, r = *(const int64_t *)b;
    return (l > r) - (l < r);
}

static enum status save_uids(struct imap_call *c, int64_t *uids, size_t count)
{
    struct uid_range *ranges = count ? ARENA_ARRAY(&c->arena, struct uid_range, count) : NULL;
    size_t n = 0;
    if (count && !ranges)
        return c->arena.st;
    if (count)
        qsort(uids, count, sizeof *uids, by_value);
    for (size_t i = 0; i < count; i++) {
        if (n && uids[i] <= ranges[n - 1].hi + 1)
            ranges[n - 1].hi = uids[i];
        else
            ranges[n++] = (struct uid_range){uids[i], uids[i]};
    }
    return imap_view_save(c->user->view, (struct uid_set){ranges, n});
}

/* All that was found, unless only some of it was asked for. */
static enum status save(const struct imap_results *r)
{
    const unsigned some = IMAP_RETURN_MIN | IMAP_RETURN_MAX | IMAP_RETURN_PARTIAL,
                   returns = search_of(r)->returns;
    struct imap_call *c = r->call;
    int64_t *uids = ARENA_ARRAY(&c->arena, int64_t, r->count + 2);
    size_t n = 0;
    if (!uids)
        return c->arena.st;
    bool all = !(returns & some) || (returns & (IMAP_RETURN_ALL | IMAP_RETURN_COUNT));
    struct span s = all ? all_of(r) : returns & IMAP_RETURN_PARTIAL ? page_of(r) : (struct span){0, 0};
    for (size_t i = s.from; i < s.to; i++)
        uids[n++] = r->hits[i].uid;
    if (!all && r->count && (returns & IMAP_RETURN_MIN))
        uids[n++] = least(r)->uid;
    if (!all && r->count && (returns & IMAP_RETURN_MAX))
        uids[n++] = largest(r)->uid;
    return save_uids(c, uids, n);
}

void imap_results_fail(struct imap_call *c)
{
    if (c->command->u.search.returns & IMAP_RETURN_SAVE &&
        imap_view_save(c->user->view, (struct uid_set){0}) != OK)
        c->st = E_MEMORY;
}

/* ---- the answer ---- */

static void write_number(struct buf *out, const char *name, uint64_t value)
{
    buf_addf(out, " %s ", name);
    buf_u64(out, value);
}

static void write_page(const struct imap_results *r, struct buf *out)
{
    const struct imap_page *p = &search_of(r)->page;
    const char *minus = p->from_end ? "-" : "";
    const struct span s = page_of(r);
    buf_addf(out, " PARTIAL (%s%u:%s%u ", minus, (unsigned)p->first, minus, (unsigned)p->last);
    if (s.from < s.to)
        write_span(r, s, out);
    else
        buf_add(out, STR("NIL"));
    buf_addc(out, ')');
}

static void write_extended(const struct imap_results *r, unsigned returns)
{
    struct buf *out = &r->call->out;
    uint64_t modseq = modseq_of(r, returns);
    buf_add(out, STR("* ESEARCH (TAG "));
    imap_write_string(out, r->call->command->tag, false);
    buf_add(out, r->call->command->uid ? STR(") UID") : STR(")"));
    if (r->count && (returns & IMAP_RETURN_MIN))
        write_number(out, "MIN", id_of(r, least(r)));
    if (r->count && (returns & IMAP_RETURN_MAX))
        write_number(out, "MAX", id_of(r, largest(r)));
    if (returns & IMAP_RETURN_COUNT)
        write_number(out, "COUNT", r->count);
    if (r->count && (returns & IMAP_RETURN_ALL)) {
        buf_add(out, STR(" ALL "));
        write_span(r, all_of(r), out);
    }
    if (returns & IMAP_RETURN_PARTIAL)
        write_page(r, out);
    if (modseq)
        write_number(out, "MODSEQ", modseq);
    buf_add(out, STR("\r\n"));
}

/* The old form: one line for all, whatever it takes. */
static void write_plain(const struct imap_results *r, const char *name)
{
    struct buf *out = &r->call->out;
    uint64_t modseq = modseq_of(r, IMAP_RETURN_ALL);
    buf_addf(out, "* %s", name);
    for (size_t i = 0; i < r->count; i++) {
        buf_addc(out, ' ');
        buf_u64(out, id_of(r, &r->hits[i]));
    }
    if (modseq) {
        buf_add(out, STR(" (MODSEQ "));
        buf_u64(out, modseq);
        buf_addc(out, ')');
    }
    buf_add(out, STR("\r\n"));
}

/* RFC 5267 section 4.3.1: the result is not kept up to date, and the client hears so. */
static void refuse_update(struct imap_call *c)
{
    SCOPED_BUF(code, TAG_MOST);
    buf_add(&code, STR("NOUPDATE "));
    imap_write_string(&code, c->command->tag, false);
    if (code.st == OK)
        imap_write_status(&c->out, STR_NONE, "NO", buf_c(&code), "results are not kept up to date here");
}

enum status imap_results_write(struct imap_results *r, const char *name)
{
    const unsigned shown =
        IMAP_RETURN_MIN | IMAP_RETURN_MAX | IMAP_RETURN_ALL | IMAP_RETURN_COUNT | IMAP_RETURN_PARTIAL;
    const struct imap_call *c = r->call;
    const struct imap_search *s = search_of(r);
    bool revised = (c->enabled & IMAP_ENABLED_REV2) && c->command->verb == IMAP_SEARCH;
    if (!s->extended && !revised)
        write_plain(r, name);
    else if (!s->extended ||
             (s->returns & shown)) /* SAVE alone is answered by nothing (RFC 5182 section 2.1) */
        write_extended(r, s->extended ? s->returns : IMAP_RETURN_ALL);
    if (s->returns & IMAP_RETURN_UPDATE)
        refuse_update(r->call);
    return s->returns & IMAP_RETURN_SAVE ? save(r) : OK;
}

/* ---- SEARCH ---- */

struct search {
    struct imap_walk walk;
    struct imap_results results;
};

static enum status add(void *ctx, const struct imap_found *f)
{
    return imap_results_add(&((struct search *)ctx)->results, f);
}

static struct search *start(struct imap_call *c)
{
    struct search *s = ARENA_NEW(&c->arena, struct search);
    if (!s)
        return NULL;
    struct imap_key *key = c->command->u.search.key;
    *s = (struct search){.walk = {.call = c, .key = key, .found = add, .ctx = s}, .results = {.call = c}};
    s->results.modseqs = imap_key_has(key, IMAP_KEY_MODSEQ);
    if (s->results.modseqs)
        c->enabled |= IMAP_ENABLED_CONDSTORE; /* RFC 7162 section 3.1 */
    return s;
}

enum status imap_run_search(struct imap_call *c)
{
    struct search *s = c->rest ? c->rest : (c->rest = start(c));
    if (!s)
        return c->arena.st;
    enum status st = imap_walk(&s->walk);
    if (st == TRUNCATED) {
        c->more = true;
        return OK;
    }
    if (st == OK)
        st = imap_results_write(&s->results, "SEARCH");
    if (st != OK)
        imap_results_fail(c);
    return st;
}
