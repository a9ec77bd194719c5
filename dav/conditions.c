/* dav/conditions.c: the headers that make a request conditional: RFC 9110 section 13, and WebDAV's If (RFC 4918 section 10.4). */
#include "dav/request.h"

enum { IF_CONDITIONS = 128 }; /* in one If header; more are refused */

void dav_conditions_get(struct dav_request *r, struct dav_conditions *out)
{
    *out = (struct dav_conditions){
        .if_match = http_get_list(r->t, STR("If-Match")),
        .if_none_match = http_get_list(r->t, STR("If-None-Match")),
        .if_modified_since = http_get(&r->t->req, STR("If-Modified-Since")),
        .if_unmodified_since = http_get(&r->t->req, STR("If-Unmodified-Since")),
        .if_header = http_get_list(r->t, STR("If")),
    };
}

/* Without a weak mark and without quotes: some clients leave the quotes away. */
static struct str bare(struct str tag, bool *weak)
{
    *weak = str_starts(tag, STR("W/"));
    if (*weak)
        tag = str_from(tag, 2);
    if (tag.n >= 2 && tag.p[0] == '"' && tag.p[tag.n - 1] == '"')
        tag = str_slice(tag, 1, tag.n - 2);
    return tag;
}

/* RFC 9110 section 8.8.3.2: the strong comparison holds for no weak tag. */
static bool same_tag(struct str a, struct str b, bool strong)
{
    bool weak_a, weak_b;
    a = bare(str_trim(a), &weak_a);
    b = bare(b, &weak_b);
    return a.n && !(strong && (weak_a || weak_b)) && str_eq(a, b);
}

/* `etag`: absent: no such resource; empty: one without an ETag. */
static bool list_matches(struct str list, struct str etag, bool strong)
{
    struct str one;
    if (!etag.p)
        return false;
    if (str_eq(str_trim(list), STR("*")))
        return true;
    while (str_split(&list, ',', &one))
        if (same_tag(one, etag, strong))
            return true;
    return false;
}

/* ---- the If header ---- */

struct if_parser {
    struct str rest;
    struct str etag; /* of the resource that the list is about */
    size_t conditions;
};

static bool take(struct if_parser *p, char c)
{
    p->rest = str_trim(p->rest);
    if (!p->rest.n || p->rest.p[0] != c)
        return false;
    p->rest = str_from(p->rest, 1);
    return true;
}

/* What stands before the closing character. False: there is none. */
static bool take_until(struct if_parser *p, char close, struct str *out)
{
    size_t end = str_chr(p->rest, close, 0);
    if (end == SIZE_MAX)
        return false;
    *out = str_slice(p->rest, 0, end);
    p->rest = str_from(p->rest, end + 1);
    return true;
}

/* One condition. A state token is a lock's, and nothing is ever locked here, so that none holds (and every "Not <…>" does). */
static bool condition(struct if_parser *p, bool *holds)
{
    struct str text;
    p->rest = str_trim(p->rest);
    bool negate = str_casestarts(p->rest, STR("Not"));
    if (negate)
        p->rest = str_from(p->rest, 3);
    if (take(p, '[')) {
        if (!take_until(p, ']', &text))
            return false;
        *holds = list_matches(text, p->etag, true);
    } else if (take(p, '<')) {
        if (!take_until(p, '>', &text))
            return false;
        *holds = false;
    } else {
        return false;
    }
    *holds ^= negate;
    return ++p->conditions <= IF_CONDITIONS;
}

/* The list behind '('. */
static bool list(struct if_parser *p, bool *holds)
{
    *holds = true;
    do {
        bool one;
        if (!condition(p, &one))
            return false;
        *holds &= one;
    } while (!take(p, ')'));
    return true;
}

/* The ETag of a resource named by a tag; absent for what is not there, not ours or not to be seen. */
static enum status tag_etag(struct dav_request *r, struct tx *tx, struct str href, struct str *etag)
{
    struct dav_path path;
    struct resource res;
    *etag = STR_NONE;
    enum status st = dav_href_parse(r->arena, href, r->t->req.host, r->dav->path_segment, &path);
    if (st)
        return st < 0 ? st : OK;
    st = resource_find(r, tx, &path, &res);
    if (st || !res.exists)
        return st < 0 ? st : OK;
    SCOPED_BUF(text, 128);
    resource_etag(&text, &res);
    *etag = arena_str(r->arena, buf_view(&text));
    return etag->p ? OK : E_MEMORY;
}

static enum status judge_if(struct dav_request *r, struct tx *tx, struct str header, struct str etag)
{
    struct if_parser p = {.rest = header, .etag = etag};
    bool any = false;
    do {
        struct str href;
        bool holds;
        if (take(&p, '<')) {
            if (!take_until(&p, '>', &href))
                return INVALID;
            enum status st = tag_etag(r, tx, href, &p.etag);
            if (st)
                return st;
        }
        if (!take(&p, '(') || !list(&p, &holds))
            return INVALID;
        any |= holds;
        take(&p, ','); /* two headers joined */
        p.rest = str_trim(p.rest);
    } while (p.rest.n);
    return any ? OK : PRECONDITION;
}

/* ---- all of them, in the order of RFC 9110 section 13.2.2 ---- */

enum status dav_conditions_judge(struct dav_request *r, struct tx *tx, const struct dav_conditions *c,
                                 struct str etag, int64_t changed, bool read)
{
    int64_t date;
    if (c->if_header.p) {
        enum status st = judge_if(r, tx, c->if_header, etag);
        if (st)
            return st;
    }
    if (c->if_match.p) {
        if (!list_matches(c->if_match, etag, true))
            return PRECONDITION;
    } else if (c->if_unmodified_since.p && etag.p && http_parse_date(c->if_unmodified_since, &date) &&
               changed > date) {
        return PRECONDITION;
    }
    if (c->if_none_match.p) {
        if (list_matches(c->if_none_match, etag, false))
            return read ? NOT_MODIFIED : PRECONDITION;
    } else if (read && c->if_modified_since.p && etag.p && http_parse_date(c->if_modified_since, &date) &&
               changed <= date) {
        return NOT_MODIFIED;
    }
    return OK;
}

enum status dav_conditions_on(struct dav_request *r, struct tx *tx, const struct dav_conditions *c,
                              const struct resource *res, bool read)
{
    SCOPED_BUF(etag, 128);
    resource_etag(&etag, res);
    struct str tag = res->exists ? buf_view(&etag) : STR_NONE;
    return dav_conditions_judge(r, tx, c, tag, res->item.changed, read);
}
