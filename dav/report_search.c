/* dav/report_search.c: DAV:principal-property-search (RFC 3744 section 9.4): who is called so, who has this
 * address.
 *
 * The directory proposes whom a text can mean by name or address; each is then judged by all that was asked.
 * So a search costs what the directory's index costs, however many users there are. */
#include "core/fold.h"
#include "dav/report_principals.h"

enum { CLAUSES = 32, FOUND_MOST = 1000, SCRATCH = 1 << 20 };

/* ---- what can be searched ---- */
static enum status match_text(const struct text_match *m, struct str value, bool *match)
{
    SCOPED_BUF(scratch, SCRATCH);
    *match = text_match_value(m, value, &scratch);
    return scratch.st;
}

static enum status match_name(struct report *rp, const struct principal *p, const struct text_match *m,
                              bool *match)
{
    (void)rp;
    return match_text(m, p->name, match);
}

static enum status match_address(struct report *rp, const struct principal *p, const struct text_match *m,
                                 bool *match)
{
    struct principal_address *list;
    size_t count;
    enum status st = principal_addresses(rp->tx, rp->r->arena, p->id, &list, &count);
    *match = false;
    for (size_t i = 0; i < count && st == OK && !*match; i++)
        if (list[i].kind != ADDRESS_RETIRED)
            st = match_text(m, list[i].address, match);
    return st;
}

static enum status match_calendar_address(struct report *rp, const struct principal *p,
                                          const struct text_match *m, bool *match)
{
    struct principal_address *list;
    size_t count;
    enum status st = principal_addresses(rp->tx, rp->r->arena, p->id, &list, &count);
    SCOPED_BUF(href, 4096);
    dav_href_principal(&href, p->address);
    *match = false;
    if (st == OK)
        st = match_text(m, buf_view(&href), match);
    for (size_t i = 0; i < count && st == OK && !*match; i++)
        if (list[i].kind != ADDRESS_RETIRED)
            st = match_text(m, arena_strf(rp->r->arena, "mailto:%.*s", STR_ARG(list[i].address)), match);
    return st;
}

static enum status match_type(struct report *rp, const struct principal *p, const struct text_match *m,
                              bool *match)
{
    static const struct str types[] = {
        /* RFC 6638 section 2.4.2 */
        [PRINCIPAL_USER] = STR_INIT("INDIVIDUAL"), [PRINCIPAL_GROUP] = STR_INIT("GROUP"),
        [PRINCIPAL_ROOM] = STR_INIT("ROOM"),       [PRINCIPAL_RESOURCE] = STR_INIT("RESOURCE"),
        [PRINCIPAL_SPECIAL] = STR_INIT("UNKNOWN"),
    };
    (void)rp;
    return match_text(m, types[p->kind], match);
}

const struct principal_search principal_searches[] = {
    {NS_DAV, "displayname", "Name", match_name},
    {NS_CS, "email-address-set", "E-mail address", match_address},
    {NS_CALDAV, "calendar-user-address-set", "Calendar address", match_calendar_address},
    {NS_CALDAV, "calendar-user-type", "Kind: INDIVIDUAL, GROUP, ROOM, RESOURCE", match_type},
};
const size_t principal_search_count = COUNT_OF(principal_searches);

/* ---- what is asked ---- */
enum { SEARCHES = COUNT_OF(principal_searches) };

struct clause { /* one property-search: all its properties must match the text */
    const struct principal_search *props[SEARCHES];
    size_t count;
    bool unknown; /* one of its properties can not be searched: it matches nobody */
    struct text_match match;
    struct str text;
};

struct search {
    struct report rp;
    struct clause clauses[CLAUSES];
    size_t count, limit;
    bool any; /* test="anyof": of the clauses; otherwise all */
    int64_t *seen;
    size_t seen_count, seen_cap;
};

static enum status open_clause(struct search *s, const struct xml_node *n, struct clause *c, struct str *why)
{
    struct arena *a = s->rp.r->arena;
    const struct xml_node *prop = xml_child(n, NS_DAV, "prop"), *match = xml_child(n, NS_DAV, "match");
    *why = STR("property-search: needs prop and match");
    if (!prop || !match || !xml_first(prop))
        return INVALID;
    for (const struct xml_node *p = xml_first(prop); p; p = xml_sibling(p)) {
        const struct principal_search *found = NULL;
        for (size_t i = 0; i < principal_search_count; i++)
            if (xml_is(p, principal_searches[i].ns, principal_searches[i].name))
                found = &principal_searches[i];
        if (found && c->count < SEARCHES)
            c->props[c->count++] = found;
        c->unknown |= !found;
    }
    c->text = str_trim(xml_text(a, match));
    return text_match_parse(a, match, COLLATE_UNICODE, &c->match, why);
}

static bool search_open(struct search *s, const struct xml_node *body)
{
    struct dav_request *r = s->rp.r;
    struct str why = STR("principal-property-search: needs 1 to 32 of property-search");
    enum status st = OK;
    s->any = str_eq(xml_attr(body, "test"), STR("anyof"));
    for (const struct xml_node *n = xml_child(body, NS_DAV, "property-search"); n && st == OK;
         n = xml_next(n, NS_DAV, "property-search"))
        st = s->count < CLAUSES ? open_clause(s, n, &s->clauses[s->count++], &why) : INVALID;
    if (st == OK && s->count)
        st = report_limit(r->arena, body, NS_DAV, &s->limit);
    if (st == OK && s->count) {
        s->limit = s->limit && s->limit < FOUND_MOST ? s->limit : FOUND_MOST;
        return true;
    }
    if (st < 0)
        dav_answer(r, st);
    else
        dav_error(r, 400, NS_DAV, "valid-request-body", why);
    return false;
}

/* ---- judging ---- */
static enum status clause_holds(struct search *s, const struct clause *c, const struct principal *p,
                                bool *holds)
{
    enum status st = OK;
    *holds = !c->unknown;
    for (size_t i = 0; i < c->count && st == OK && *holds; i++)
        st = c->props[i]->match(&s->rp, p, &c->match, holds);
    return st;
}

static enum status judge(struct search *s, const struct principal *p, bool *match)
{
    enum status st = OK;
    *match = !s->any;
    for (size_t i = 0; i < s->count && st == OK && *match != s->any; i++)
        st = clause_holds(s, &s->clauses[i], p, match);
    return st;
}

static bool seen(const struct search *s, int64_t id)
{
    for (size_t i = 0; i < s->seen_count; i++)
        if (s->seen[i] == id)
            return true;
    return false;
}

static enum status on_principal(void *ctx, const struct principal *p)
{
    struct search *s = ctx;
    struct report *rp = &s->rp;
    bool match = false;
    if (p->kind == PRINCIPAL_SPECIAL || p->state != PRINCIPAL_ACTIVE || seen(s, p->id))
        return OK;
    report_item_begin(rp);
    enum status st = judge(s, p, &match);
    if (st == OK && match)
        st = rp->count < s->limit ? principal_tell(rp, p) : TRUNCATED;
    report_item_end(rp);
    if (st != OK || !match)
        return st;
    s->seen =
        arena_grow(rp->r->arena, s->seen, s->seen_count, &s->seen_cap, s->seen_count + 1, sizeof *s->seen);
    if (!s->seen)
        return E_MEMORY;
    s->seen[s->seen_count++] = p->id;
    return OK;
}

/* What the directory can look for: an address without "mailto:", the last segment of an href; STR_NONE when
 * the clause is not about names and addresses, or is negated. */
static struct str index_text(const struct clause *c)
{
    struct str text = c->text;
    if (c->unknown || c->match.negate || c->match.collation == COLLATE_OCTET)
        return STR_NONE;
    for (size_t i = 0; i < c->count; i++)
        if (c->props[i]->match == match_type)
            return STR_NONE;
    if (str_casestarts(text, STR("mailto:")))
        return str_from(text, 7);
    if (str_chr(text, '/', 0) != SIZE_MAX || str_chr(text, ':', 0) != SIZE_MAX)
        return STR_NONE;
    return text;
}

static enum status walk(struct search *s)
{
    struct report *rp = &s->rp;
    enum { PROPOSED = 10000 };
    size_t usable = 0;
    for (size_t i = 0; i < s->count; i++)
        usable += s->clauses[i].unknown || index_text(&s->clauses[i]).n > 0;
    /* Of several that must all hold one is enough to look for; of several alternatives each is needed. */
    if (s->any ? usable < s->count : usable == 0)
        return principal_each(rp->tx, on_principal, s);
    enum status st = OK;
    for (size_t i = 0; i < s->count && st == OK; i++) {
        struct str text = index_text(&s->clauses[i]);
        if (!text.n)
            continue;
        st = directory_search(rp->r->dav->dir, rp->tx, text, PROPOSED, on_principal, s);
        if (!s->any)
            break;
    }
    return st;
}

static void answer(struct search *s)
{
    struct report *rp = &s->rp;
    struct dav_request *r = rp->r;
    ms_begin(r);
    enum status st = walk(s);
    if (st == TRUNCATED) {
        report_truncated(rp);
        st = OK;
    }
    report_close(rp);
    report_answer(r, st);
}

void report_principal_property_search(struct dav_request *r)
{
    SCOPED_READ(tx, r->dav->store);
    struct search s = {.count = 0};
    /* Elsewhere than at the principals it is asked only by way of apply-to-principal-collection-set, whose
     * answer is the same. */
    if (report_open(&s.rp, r, tx, r->body) && search_open(&s, r->body))
        answer(&s);
    else
        report_close(&s.rp);
}
