/* dav/answer.c: how each status is said in HTTP: the one table, and the answers without content that all
 * methods share. */
#include "core/log.h"
#include "dav/request.h"

static const struct outcome {
    int http, retry;          /* retry: Retry-After in seconds, 0: not worth repeating */
    const char *ns, *element; /* the precondition that says it, NULL: none */
} answers[STATUS_COUNT] = {
    [OK] = {200},
    [NOT_FOUND] = {404},
    [EXISTS] = {405, 0, NS_DAV, "resource-must-be-null"},
    [DENIED] = {403},
    [UNAUTHENTICATED] = {401},
    [THROTTLED] = {429, 60},
    [PRECONDITION] = {412},
    [NOT_MODIFIED] = {304},
    [NO_PARENT] = {409},
    [UID_CONFLICT] = {409},
    [TOO_LARGE] = {413},
    [TOO_MANY] = {507},
    [OVER_QUOTA] = {507, 0, NS_DAV, "quota-not-exceeded"},
    [INVALID] = {400},
    [UNSUPPORTED] = {403},
    [BAD_TOKEN] = {403, 0, NS_DAV, "valid-sync-token"},
    [PROTECTED] = {403, 0, NS_DAV, "cannot-modify-protected-property"},
    [TRUNCATED] = {507, 0, NS_DAV, "number-of-matches-within-limits"},
    [GONE] = {404},
};

static const struct outcome faults[] = {
    [-E_MEMORY] = {503, 5},
    [-E_IO] = {500},
    [-E_FULL] = {507, 0, NS_DAV, "sufficient-disk-space"},
    [-E_CORRUPT] = {500},
    [-E_INTERNAL] = {500},
    [-E_TIMEOUT] = {503, 10},
    [-E_UNAVAILABLE] = {503, 10},
    [-E_BUSY] = {503, 2},
};

static const struct outcome *outcome_of(enum status st)
{
    if (st >= 0 && st < STATUS_COUNT && answers[st].http)
        return &answers[st];
    if (st < 0 && (size_t) - (int)st < COUNT_OF(faults) && faults[-(int)st].http)
        return &faults[-(int)st];
    return &faults[-E_INTERNAL];
}

int dav_http_of(enum status st)
{
    return outcome_of(st)->http;
}

static void log_fault(const struct dav_request *r, enum status st)
{
    log_error("dav: %.*s %.*s: %s", STR_ARG(r->t->req.method), STR_ARG(r->t->req.path), status_text(st));
}

/* What was begun is thrown away: an answer is one thing or the other. */
static struct buf *fresh(struct dav_request *r, int http)
{
    struct http_response *resp = &r->t->resp;
    size_t max = resp->body.max;
    resp->status = http;
    resp->compress = false;
    buf_clear(&resp->body);
    resp->body.max = max ? max : r->dav->response_size;
    return &resp->body;
}

void dav_answer_http(struct dav_request *r, int http)
{
    fresh(r, http);
    http_finish(r->t);
}

void dav_answer_refused(struct dav_request *r, const struct resource *res)
{
    fresh(r, 412);
    if (r->prefer_representation && res->body.p)
        resource_represent(r, res, res->body);
    http_finish(r->t);
}

void dav_answer(struct dav_request *r, enum status st)
{
    const struct outcome *o = outcome_of(st);
    if (st < 0)
        log_fault(r, st);
    if (o->retry)
        http_setf(r->t, STR("Retry-After"), "%d", o->retry);
    if (o->element)
        dav_error(r, o->http, o->ns, o->element, STR_NONE);
    else
        dav_answer_http(r, o->http);
}

static struct buf *error_begin(struct dav_request *r, int http)
{
    struct buf *out = fresh(r, http);
    http_set(r->t, STR("Content-Type"), STR("application/xml; charset=utf-8"));
    xml_begin(out, NS_DAV, "error");
    return out;
}

static void error_end(struct dav_request *r, struct buf *out)
{
    xml_close(out, NS_DAV, "error");
    if (out->st != OK)
        buf_clear(out);
    http_finish(r->t);
}

void dav_error(struct dav_request *r, int http, const char *ns, const char *element, struct str text)
{
    struct buf *out = error_begin(r, http);
    xml_empty(out, ns, element);
    if (text.n)
        xml_leaf(out, NS_DAV, "responsedescription", text);
    error_end(r, out);
}

void dav_error_href(struct dav_request *r, int http, const char *ns, const char *element, struct str href)
{
    struct buf *out = error_begin(r, http);
    xml_open(out, ns, element);
    if (href.n)
        xml_leaf(out, NS_DAV, "href", href);
    xml_close(out, ns, element);
    error_end(r, out);
}

void dav_need_privilege(struct dav_request *r, const char *privilege)
{
    struct buf *out = error_begin(r, 403);
    xml_open(out, NS_DAV, "need-privileges");
    xml_open(out, NS_DAV, "resource");
    xml_leaf(out, NS_DAV, "href", r->t->req.path);
    xml_open(out, NS_DAV, "privilege");
    xml_empty(out, NS_DAV, privilege);
    xml_close(out, NS_DAV, "privilege");
    xml_close(out, NS_DAV, "resource");
    xml_close(out, NS_DAV, "need-privileges");
    error_end(r, out);
}
