/* dav/report_expand.c: DAV:expand-property (RFC 3253 section 3.8): properties whose value are hrefs, with the
 * properties of what the hrefs name in their place. Calendar and Contacts on macOS look up delegates and
 * groups so. */
#include "dav/report.h"

enum {
    EXPAND_DEPTH = 4,         /* property in property in property … */
    EXPAND_RESPONSES = 10000, /* hrefs followed in one answer */
};

enum { FOUND, ABSENT, FORBIDDEN };

struct expand {
    struct report rp;
    size_t followed;
};

static enum status expand_response(struct expand *x, struct resource *res, const struct xml_node *wanted,
                                   size_t depth);

static struct xml_name wanted_name(const struct xml_node *n)
{
    struct str ns = xml_attr(n, "namespace");
    return (struct xml_name){ns.p ? ns : STR(NS_DAV), xml_attr(n, "name")};
}

static enum status value_get(struct expand *x, struct resource *res, struct xml_name name, struct buf *out)
{
    struct dav_request *r = x->rp.r;
    const struct dav_prop *row = dav_prop_find(name);
    if (row && row->get && row->kinds & 1u << res->kind)
        return row->get(r, x->rp.tx, res, out);
    struct str value;
    enum status st = prop_stored(r, x->rp.tx, res, name, &value);
    if (st == OK)
        buf_add(out, value);
    return st;
}

/* The response of what an href names; one that names nothing here is answered by its status. */
static enum status follow(struct expand *x, struct str href, const struct xml_node *wanted, size_t depth)
{
    struct dav_request *r = x->rp.r;
    struct dav_path path;
    struct resource res;
    if (++x->followed > EXPAND_RESPONSES || ms_full(r))
        return TRUNCATED;
    enum status st = dav_href_parse(r->arena, href, r->t->req.host, r->dav->path_segment, &path);
    if (st == OK)
        st = resource_find(r, x->rp.tx, &path, &res);
    if (st == OK && !res.exists)
        st = NOT_FOUND;
    if (st == OK)
        return expand_response(x, &res, wanted, depth + 1);
    if (st > OK)
        ms_status(r, href, 404, NULL, NULL);
    return st > OK ? OK : st;
}

/* The value as XML again, to find the hrefs in it. Values are made here, so that they parse; a dead one that
 * does not stays as it is. */
static enum status follow_value(struct expand *x, struct str value, const struct xml_node *wanted,
                                size_t depth)
{
    struct dav_request *r = x->rp.r;
    struct xml_node *root;
    struct str why;
    SCOPED_BUF(text, value.n + 4096);
    xml_begin(&text, NS_DAV, "prop");
    buf_add(&text, value);
    xml_close(&text, NS_DAV, "prop");
    struct xml_limits limits = r->dav->xml;
    limits.size = text.n;
    enum status st = text.st != OK ? text.st : xml_parse(r->arena, buf_view(&text), &limits, &root, &why);
    if (st != OK) {
        if (st > OK)
            buf_add(&r->t->resp.body, value);
        return st > OK ? OK : st;
    }
    for (const struct xml_node *n = xml_child(root, NS_DAV, "href"); n && st == OK;
         n = xml_next(n, NS_DAV, "href"))
        st = follow(x, str_trim(xml_text(r->arena, n)), wanted, depth);
    return st;
}

static enum status expand_property(struct expand *x, struct resource *res, const struct xml_node *wanted,
                                   size_t depth, unsigned char *outcome)
{
    struct dav_request *r = x->rp.r;
    struct buf *out = &r->t->resp.body;
    struct xml_name name = wanted_name(wanted);
    SCOPED_BUF(value, r->dav->response_size);
    enum status st = value_get(x, res, name, &value);
    *outcome = st == OK ? FOUND : st == DENIED ? FORBIDDEN : ABSENT;
    if (st != OK)
        return st < 0 ? st : OK;
    xml_open_name(out, name);
    if (xml_child(wanted, NS_DAV, "property") && depth < EXPAND_DEPTH)
        st = follow_value(x, buf_view(&value), wanted, depth);
    else
        buf_add(out, buf_view(&value));
    xml_close_name(out, name);
    return st;
}

static void propstat_others(struct dav_request *r, const struct xml_node *wanted,
                            const unsigned char *outcome, unsigned char which, const char *status)
{
    struct buf *out = &r->t->resp.body;
    bool any = false;
    size_t i = 0;
    for (const struct xml_node *n = xml_child(wanted, NS_DAV, "property"); n;
         n = xml_next(n, NS_DAV, "property"), i++) {
        if (outcome[i] != which)
            continue;
        if (!any) {
            xml_open(out, NS_DAV, "propstat");
            xml_open(out, NS_DAV, "prop");
            any = true;
        }
        xml_empty_name(out, wanted_name(n));
    }
    if (!any)
        return;
    xml_close(out, NS_DAV, "prop");
    xml_leaf(out, NS_DAV, "status", str_c(status));
    xml_close(out, NS_DAV, "propstat");
}

static enum status expand_response(struct expand *x, struct resource *res, const struct xml_node *wanted,
                                   size_t depth)
{
    struct dav_request *r = x->rp.r;
    struct buf *out = &r->t->resp.body;
    size_t count = 0, i = 0;
    for (const struct xml_node *n = xml_child(wanted, NS_DAV, "property"); n;
         n = xml_next(n, NS_DAV, "property"))
        count++;
    unsigned char *outcome = arena_alloc(r->arena, count + 1);
    if (!outcome)
        return r->arena->st;
    xml_open(out, NS_DAV, "response");
    xml_open(out, NS_DAV, "href");
    resource_href(out, res);
    xml_close(out, NS_DAV, "href");
    xml_open(out, NS_DAV, "propstat");
    xml_open(out, NS_DAV, "prop");
    enum status st = OK;
    for (const struct xml_node *n = xml_child(wanted, NS_DAV, "property"); n && st == OK;
         n = xml_next(n, NS_DAV, "property"))
        st = expand_property(x, res, n, depth, &outcome[i++]);
    xml_close(out, NS_DAV, "prop");
    xml_leaf(out, NS_DAV, "status", STR("HTTP/1.1 200 OK"));
    xml_close(out, NS_DAV, "propstat");
    if (!r->prefer_minimal)
        propstat_others(r, wanted, outcome, ABSENT, "HTTP/1.1 404 Not Found");
    propstat_others(r, wanted, outcome, FORBIDDEN, "HTTP/1.1 403 Forbidden");
    xml_close(out, NS_DAV, "response");
    return st;
}

static bool names_given(const struct xml_node *parent)
{
    for (const struct xml_node *n = xml_child(parent, NS_DAV, "property"); n;
         n = xml_next(n, NS_DAV, "property"))
        if (!xml_is_name(xml_attr(n, "name")) || !names_given(n))
            return false;
    return true;
}

static enum status on_item(void *ctx, const struct item *item, struct str body)
{
    struct expand *x = ctx;
    struct report *rp = &x->rp;
    struct resource res;
    if (ms_full(rp->r) || ++rp->count > rp->r->dav->report_items)
        return TRUNCATED;
    report_item_begin(rp);
    enum status st = resource_item(rp->r, rp->tx, &rp->base, item, body, &res);
    st = st == OK ? expand_response(x, &res, rp->r->body, 0) : report_broken(rp, &res, st);
    report_item_end(rp);
    return st;
}

static enum status expand_members(struct expand *x)
{
    struct report *rp = &x->rp;
    struct collection *list;
    size_t count;
    if (resource_is_collection(&rp->base))
        return item_each(rp->tx, rp->r->actor, rp->base.collection.id, false, on_item, x);
    if (!resource_is_home(&rp->base))
        return OK;
    enum collection_kind kind = rp->base.kind == DAV_CALENDAR_HOME ? KIND_CALENDAR : KIND_ADDRESSBOOK;
    enum status st =
        collection_list(rp->tx, rp->r->arena, rp->r->actor, rp->base.owner.id, kind, &list, &count);
    for (size_t i = 0; i < count && st == OK; i++) {
        struct resource res;
        resource_collection(&rp->base, &list[i], &res);
        st = expand_response(x, &res, rp->r->body, 0);
    }
    return st;
}

void report_expand_property(struct dav_request *r)
{
    SCOPED_READ(tx, r->dav->store);
    struct expand x = {.followed = 0};
    if (!report_open(&x.rp, r, tx, NULL)) {
        report_close(&x.rp);
        return;
    }
    if (!names_given(r->body)) {
        report_close(&x.rp);
        dav_error(r, 400, NS_DAV, "valid-request-body", STR("expand-property: a property has no name"));
        return;
    }
    ms_begin(r);
    enum status st = expand_response(&x, &x.rp.base, r->body, 0);
    if (st == OK && r->depth == 1)
        st = expand_members(&x);
    report_close(&x.rp);
    report_answer(r, st);
}
