/* dav/method_get.c: GET and HEAD: an item as it came; a whole calendar as one .ics, a whole address book as one .vcf; and a page for
 * those who look at a home with a browser. */
#include "dav/methods.h"
#include "dav/props.h"

struct get {
    struct dav_request *r;
    struct tx *tx;
    struct resource res;
    struct dav_conditions conditions;
};

/* ---- an item ---- */

static void set_validators(struct get *g)
{
    SCOPED_BUF(text, 128);
    resource_etag(&text, &g->res);
    http_set(g->r->t, STR("ETag"), buf_view(&text));
    buf_clear(&text);
    http_date(&text, g->res.item.changed);
    http_set(g->r->t, STR("Last-Modified"), buf_view(&text));
}

static enum status get_item(struct get *g)
{
    struct http_response *resp = &g->r->t->resp;
    enum status st = dav_conditions_on(g->r, g->tx, &g->conditions, &g->res, true);
    if (st != OK && st != NOT_MODIFIED)
        return st;
    set_validators(g);
    if (st == NOT_MODIFIED)
        return st;
    if (g->res.body.p)
        buf_add(&resp->body, g->res.body);
    else
        st = item_body(g->tx, &g->res.item, &resp->body);
    http_set(g->r->t, STR("Content-Type"), str_c(resource_media_type(&g->res)));
    return st ? st : resp->body.st;
}

/* ---- a whole collection ---- */

struct walk {
    struct get *get;
    struct ical_merge merge;
    const struct ical_limits *limits;
};

static enum status write_item(void *ctx, const struct item *item, struct str body)
{
    struct walk *x = ctx;
    struct get *g = x->get;
    struct buf *out = &g->r->t->resp.body;
    struct resource res;
    enum status st = resource_item(g->r, g->tx, &g->res, item, body, &res);
    if (st == OK)
        st = resource_body(g->r, g->tx, &res);
    if (st == OK && g->res.kind == DAV_CALENDAR) {
        st = ical_merge_add(&x->merge, res.body, x->limits);
    } else if (st == OK) {
        buf_add(out, res.body);
        if (!str_ends(res.body, STR("\n")))
            buf_addz(out, "\r\n");
    }
    if (out->st == OK && resource_broken(g->r, item, st))
        st = OK;
    arena_reset(g->r->arena);
    return st ? st : out->st;
}

static enum status write_all(struct get *g)
{
    struct arena *whole = g->r->arena;
    struct buf *out = &g->r->t->resp.body;
    struct walk x = {.get = g, .limits = &store_config_of(g->r->dav->store)->ical};
    struct xml_name color_name = {STR(NS_APPLE), STR("calendar-color")};
    struct str color = STR_NONE;
    if (g->res.kind == DAV_CALENDAR) {
        enum status st = prop_stored(g->r, g->tx, &g->res, color_name, &color);
        if (st < 0)
            return st;
        ical_merge_begin(&x.merge, whole, out, g->res.collection.name, color);
    }
    SCOPED_ARENA(scratch, whole->max);
    g->r->arena = &scratch;
    enum status st = item_each(g->tx, g->r->actor, g->res.collection.id, true, write_item, &x);
    g->r->arena = whole;
    if (st == OK && g->res.kind == DAV_CALENDAR)
        ical_merge_end(&x.merge);
    return st ? st : out->st;
}

/* The ETag is weak: it names a state of the collection, not bytes. Who subscribes with If-None-Match reads it once a change. */
static enum status get_collection(struct get *g)
{
    struct http_txn *t = g->r->t;
    struct str etag = arena_strf(g->r->arena, "W/\"%.*s-%lld-%lld\"", STR_ARG(store_epoch(g->r->dav->store)),
                                 (long long)g->res.collection.id, (long long)g->res.collection.seq);
    if (!(g->res.collection.rights & RIGHT_READ))
        return DENIED;
    enum status st = dav_conditions_judge(g->r, g->tx, &g->conditions, etag, 0, true);
    if (st != OK && st != NOT_MODIFIED)
        return st;
    http_set(t, STR("ETag"), etag);
    if (st == NOT_MODIFIED)
        return st;
    http_set(t, STR("Content-Type"), str_c(resource_media_type(&g->res)));
    SCOPED_BUF(name, 1024);
    http_escape(&name, g->res.collection.slug, "");
    http_setf(t, STR("Content-Disposition"), "attachment; filename=\"%.*s.%s\"", STR_ARG(buf_view(&name)),
              g->res.kind == DAV_CALENDAR ? "ics" : "vcf");
    st = write_all(g);
    return st == TOO_LARGE ? TRUNCATED : st;
}

/* ---- a page ---- */

static void page_link(struct buf *out, struct str href, struct str text)
{
    buf_addz(out, "<li><a href=\"");
    xml_escape(out, href);
    buf_addz(out, "\">");
    xml_escape(out, text);
    buf_addz(out, "</a></li>\n");
}

static enum status page_home(struct get *g, struct buf *out)
{
    struct collection *list;
    size_t count;
    enum collection_kind kind = g->res.kind == DAV_CALENDAR_HOME ? KIND_CALENDAR : KIND_ADDRESSBOOK;
    enum status st = collection_list(g->tx, g->r->arena, g->r->actor, g->res.owner.id, kind, &list, &count);
    for (size_t i = 0; st == OK && i < count; i++) {
        SCOPED_BUF(href, 8192);
        if (list[i].mount && !list[i].subscribed)
            continue;
        dav_href_write(&href, &g->r->path, list[i].slug, STR_NONE);
        page_link(out, buf_view(&href), list[i].name.n ? list[i].name : list[i].slug);
    }
    return st;
}

static void page_own(struct get *g, struct buf *out)
{
    static const struct {
        enum dav_kind home;
        struct str text;
    } homes[] = {{DAV_CALENDAR_HOME, STR_INIT("Calendars")},
                 {DAV_ADDRESSBOOK_HOME, STR_INIT("Address books")}};
    for (size_t i = 0; i < COUNT_OF(homes); i++) {
        SCOPED_BUF(href, 8192);
        dav_href_home(&href, homes[i].home, g->r->login.address);
        page_link(out, buf_view(&href), homes[i].text);
    }
}

static enum status get_page(struct get *g)
{
    struct http_txn *t = g->r->t;
    struct buf *out = &t->resp.body;
    enum status st = OK;
    buf_addz(out, "<!DOCTYPE html>\n<meta charset=\"utf-8\">\n<title>Scambio</title>\n<h1>");
    xml_escape(out, g->res.owner.id ? g->res.owner.address : g->r->login.address);
    buf_addz(out, "</h1>\n<p>This address is for calendar and contact programs; <a href=\"/setup\">how to "
                  "set them up</a>.</p>\n<ul>\n");
    if (resource_is_home(&g->res))
        st = page_home(g, out);
    else
        page_own(g, out);
    buf_addz(out, "</ul>\n");
    http_set(t, STR("Content-Type"), STR("text/html; charset=utf-8"));
    return st ? st : out->st;
}

/* ---- the method ---- */

static enum status answer(struct get *g)
{
    enum status st = resource_find(g->r, g->tx, &g->r->path, &g->res);
    if (st)
        return st;
    if (!g->res.exists)
        return NOT_FOUND;
    g->r->t->resp.status = 200;
    if (resource_is_item(&g->res))
        return get_item(g);
    return resource_is_collection(&g->res) ? get_collection(g) : get_page(g);
}

void method_get(struct dav_request *r)
{
    struct get g = {.r = r};
    dav_conditions_get(r, &g.conditions);
    g.tx = store_read(r->dav->store);
    enum status st = g.tx ? answer(&g) : E_UNAVAILABLE;
    store_read_end(g.tx);
    if (st)
        dav_answer(r, st);
    else
        http_finish(r->t);
}
