/* dav/request.c: from an HTTP transaction to a method: the headers that all methods share, the XML body, and
 * where the method runs. */
#include "dav/request.h"

#include <stdlib.h>

enum { LARGE_BODY = 32 * 1024 }; /* from here on, parsing and the blob file are a worker's business */

enum status dav_new(struct store *store, struct directory *dir, const struct conf *conf, struct dav **out)
{
    struct dav *d = calloc(1, sizeof *d);
    if (!d)
        return E_MEMORY;
    *d = (struct dav){
        .store = store,
        .dir = dir,
        .xml = {.size = (size_t)conf_int(conf, CONF_LIMITS_XML_SIZE),
                .depth = (size_t)conf_int(conf, CONF_LIMITS_XML_DEPTH),
                .nodes = (size_t)conf_int(conf, CONF_LIMITS_XML_NODES),
                .attributes = (size_t)conf_int(conf, CONF_LIMITS_XML_ATTRIBUTES),
                .namespaces = (size_t)conf_int(conf, CONF_LIMITS_XML_NAMESPACES)},
        .resource_size = (size_t)conf_int(conf, CONF_LIMITS_RESOURCE_SIZE),
        .path_segment = (size_t)conf_int(conf, CONF_LIMITS_PATH_SEGMENT),
        .response_size = (size_t)conf_int(conf, CONF_LIMITS_RESPONSE_SIZE),
        .report_items = (size_t)conf_int(conf, CONF_LIMITS_REPORT_ITEMS),
        .properties = (size_t)conf_int(conf, CONF_LIMITS_PROPERTIES),
        .property_size = (size_t)conf_int(conf, CONF_LIMITS_PROPERTY_SIZE),
    };
    sha256(conf_str(conf, CONF_SERVER_HOSTNAME), d->identity);
    *out = d;
    return OK;
}

void dav_free(struct dav *d)
{
    free(d);
}

static const struct dav_method *method_find(struct str name)
{
    for (size_t i = 0; i < dav_method_count; i++)
        if (str_eq(dav_methods[i].name, name))
            return &dav_methods[i];
    return NULL;
}

size_t dav_body_limit(struct dav *d, struct str method, struct str path)
{
    (void)path;
    const struct dav_method *m = method_find(method);
    if (!m)
        return 0;
    size_t raw = m->flags & METHOD_RAW_BODY ? d->resource_size : 0;
    size_t xml = m->flags & (METHOD_XML_BODY | METHOD_XML_REQUIRED) ? d->xml.size : 0;
    return raw > xml ? raw : xml;
}

/* RFC 4918 section 10.2. */
static bool depth_parse(struct str value, int *depth)
{
    static const struct {
        struct str word;
        int depth;
    } words[] = {{STR_INIT("0"), 0}, {STR_INIT("1"), 1}, {STR_INIT("infinity"), DEPTH_INFINITY}};
    *depth = DEPTH_ABSENT;
    if (!value.p)
        return true;
    /* RFC 8144 section 3.3 is a preference, but clients of its drafts put it here. */
    size_t comma = str_chr(value, ',', 0);
    value = str_trim(str_slice(value, 0, comma));
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (str_caseeq(words[i].word, value)) {
            *depth = words[i].depth;
            return true;
        }
    return false;
}

/* RFC 7240 with the preferences of RFC 8144, and Apple's Brief, which was before them. */
static void prefer_parse(struct dav_request *r)
{
    struct str rest = http_get_list(r->t, STR("Prefer")), one;
    while (str_split(&rest, ',', &one)) {
        one = str_trim(str_slice(one, 0, str_chr(one, ';', 0)));
        r->prefer_minimal |= str_caseeq(one, STR("return=minimal")) || str_caseeq(one, STR("return-minimal"));
        r->prefer_representation |=
            str_caseeq(one, STR("return=representation")) || str_caseeq(one, STR("return-representation"));
        r->depth_noroot |= str_caseeq(one, STR("depth-noroot"));
    }
    if (str_caseeq(str_trim(http_get(&r->t->req, STR("Brief"))), STR("t")))
        r->prefer_minimal = true;
}

static void allow_header(struct dav_request *r)
{
    SCOPED_BUF(allow, 1024);
    for (size_t i = 0; i < dav_method_count; i++)
        if (dav_methods[i].kinds & 1u << r->path.kind) {
            if (allow.n)
                buf_addz(&allow, ", ");
            buf_add(&allow, dav_methods[i].name);
        }
    http_set(r->t, STR("Allow"), buf_view(&allow));
}

/* The XML body into r->body. False: answered. */
static bool body_parse(struct dav_request *r)
{
    struct str body = r->t->req.body, why = STR_NONE;
    unsigned flags = r->method->flags;
    if (!(flags & (METHOD_XML_BODY | METHOD_XML_REQUIRED)))
        return true;
    if (!body.n && !(flags & METHOD_XML_REQUIRED))
        return true;
    if (!body.n) {
        dav_error(r, 400, NS_DAV, "valid-request-body", STR("this method needs an XML body"));
        return false;
    }
    enum status st = xml_parse(r->arena, body, &r->dav->xml, &r->body, &why);
    if (st == TOO_MANY)
        st = TOO_LARGE;
    if (st == INVALID || st == TOO_LARGE)
        dav_error(r, dav_http_of(st), NS_DAV, "valid-request-body", why);
    else if (st)
        dav_answer(r, st);
    return st == OK;
}

static void run(struct dav_request *r)
{
    if (body_parse(r))
        r->method->run(r);
}

static void run_deferred(struct http_txn *t)
{
    struct dav_request *r = t->route;
    r->detached = true;
    run(r);
}

static bool is_deferred(const struct dav_request *r)
{
    unsigned flags = r->method->flags;
    bool collection = r->path.kind == DAV_CALENDAR || r->path.kind == DAV_ADDRESSBOOK;
    if (r->t->req.body.n > LARGE_BODY)
        return true;
    if (flags & METHOD_SCAN)
        return collection;
    return flags & METHOD_DEFER && !(flags & METHOD_SHALLOW && r->depth == 0);
}

static void dispatch(struct dav_request *r)
{
    r->method = method_find(r->t->req.method);
    if (!r->method) {
        dav_answer_http(r, 501);
        return;
    }
    if (!(r->method->kinds & 1u << r->path.kind)) {
        allow_header(r);
        dav_answer_http(r, 405);
        return;
    }
    if (!depth_parse(http_get(&r->t->req, STR("Depth")), &r->depth)) {
        dav_error(r, 400, NS_DAV, "valid-depth", STR("Depth is 0, 1 or infinity"));
        return;
    }
    prefer_parse(r);
    if (is_deferred(r))
        http_defer(r->t, run_deferred);
    else
        run(r);
}

/* The log-in outlives the caller: workers and writers use it. */
static enum status login_copy(struct dav_request *r, const struct login *login)
{
    r->login = *login;
    r->login.address = arena_str(r->arena, login->address);
    r->login.name = arena_str(r->arena, login->name);
    size_t n = login->actor.group_count;
    int64_t *groups = n ? ARENA_ARRAY(r->arena, int64_t, n) : NULL;
    if (n && !groups)
        return E_MEMORY;
    for (size_t i = 0; i < n; i++)
        groups[i] = login->actor.groups[i];
    r->login.actor.groups = groups;
    r->actor = &r->login.actor;
    return r->arena->st;
}

static struct dav_request *request_new(struct dav *d, struct http_txn *t)
{
    struct dav_request *r = ARENA_NEW(&t->arena, struct dav_request);
    if (!r)
        return NULL;
    r->dav = d;
    r->t = t;
    r->arena = &t->arena;
    t->route = r;
    t->resp.body.max = d->response_size;
    return r;
}

static void refuse_path(struct dav_request *r, enum status st)
{
    if (st == TOO_LARGE)
        dav_answer_http(r, 414);
    else
        dav_answer(r, st);
}

void dav_handle(struct dav *d, struct http_txn *t, const struct login *login)
{
    struct dav_request *r = request_new(d, t);
    if (!r) {
        t->resp.status = 503;
        http_finish(t);
        return;
    }
    enum status st = login_copy(r, login);
    if (st) {
        dav_answer(r, st);
        return;
    }
    st = dav_path_parse(r->arena, t->req.path, d->path_segment, &r->path);
    if (st)
        refuse_path(r, st);
    else
        dispatch(r);
}

/* RFC 4918 section 10.1 and the RFCs' own tokens. No "2" (there are no locks), and no calendar-auto-schedule,
 * as clients would then leave invitations to the server. */
static const char compliance[] = "1, 3, access-control, extended-mkcol, calendar-access, addressbook";

void dav_options(struct dav *d, struct http_txn *t)
{
    struct dav_request *r = request_new(d, t);
    if (!r) {
        t->resp.status = 503;
        http_finish(t);
        return;
    }
    enum status st = dav_path_parse(r->arena, t->req.path, d->path_segment, &r->path);
    if (st) {
        refuse_path(r, st);
        return;
    }
    http_set(t, STR("DAV"), str_c(compliance));
    allow_header(r);
    dav_answer_http(r, 200);
}

void dav_submit(struct dav_request *r, struct write *w)
{
    if (!r->detached) {
        r->detached = true;
        http_suspend(r->t);
    }
    store_submit(r->dav->store, w);
}
