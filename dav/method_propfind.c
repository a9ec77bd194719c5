/* dav/method_propfind.c: PROPFIND (RFC 4918 section 9.1): a place and, with Depth: 1, what is in it. */
#include "dav/methods.h"
#include "dav/props.h"

struct propfind {
    struct dav_request *r;
    struct tx *tx;
    struct resource res;
    struct prop_request props;
};

/* ---- what is in a place ---- */

static enum status child(struct propfind *p, struct str href)
{
    struct dav_path path;
    struct resource res;
    enum status st = dav_path_parse(p->r->arena, href, p->r->dav->path_segment, &path);
    if (st == OK)
        st = resource_find(p->r, p->tx, &path, &res);
    if (st)
        return st == NOT_FOUND ? OK : st;
    return ms_resource(p->r, p->tx, &res, &p->props, STR_NONE);
}

static enum status in_root(struct propfind *p)
{
    static const struct str places[] = {STR_INIT("/dav/principals/"), STR_INIT("/dav/calendars/"),
                                        STR_INIT("/dav/addressbooks/")};
    enum status st = OK;
    for (size_t i = 0; st == OK && i < COUNT_OF(places); i++)
        st = child(p, places[i]);
    return st;
}

/* Of all principals and homes only the user's own are listed: others would appear to clients as accounts to set up. */
static enum status own_place(struct propfind *p)
{
    SCOPED_BUF(href, 4096);
    if (p->res.kind == DAV_PRINCIPALS)
        dav_href_principal(&href, p->r->login.address);
    else
        dav_href_home(&href, p->res.kind == DAV_CALENDARS ? DAV_CALENDAR_HOME : DAV_ADDRESSBOOK_HOME,
                      p->r->login.address);
    return href.st ? href.st : child(p, arena_str(p->r->arena, buf_view(&href)));
}

static enum status in_home(struct propfind *p)
{
    struct collection *list;
    size_t count;
    enum collection_kind kind = p->res.kind == DAV_CALENDAR_HOME ? KIND_CALENDAR : KIND_ADDRESSBOOK;
    enum status st = collection_list(p->tx, p->r->arena, p->r->actor, p->res.owner.id, kind, &list, &count);
    for (size_t i = 0; st == OK && i < count; i++) {
        struct resource res;
        if (list[i].mount && !list[i].subscribed)
            continue;
        resource_collection(&p->res, &list[i], &res);
        st = ms_resource(p->r, p->tx, &res, &p->props, STR_NONE);
    }
    return st;
}

static enum status each_item(void *ctx, const struct item *item, struct str body)
{
    struct propfind *p = ctx;
    struct resource res;
    enum status st = resource_item(p->r, p->tx, &p->res, item, body, &res);
    if (st == OK) {
        st = ms_resource(p->r, p->tx, &res, &p->props, STR_NONE);
    } else if (resource_broken(p->r, item, st)) {
        SCOPED_BUF(href, 64 << 10);
        resource_href(&href, &res);
        ms_status(p->r, buf_view(&href), 500, NULL, NULL);
        st = OK;
    }
    if (st == OK)
        st = p->r->t->resp.body.st; /* no use in going on when the answer is too large */
    arena_reset(p->r->arena);
    return st;
}

/* Memory for one item is given back before the next. */
static enum status in_collection(struct propfind *p)
{
    struct arena *whole = p->r->arena;
    SCOPED_ARENA(scratch, whole->max);
    p->r->arena = &scratch;
    enum status st = item_each(p->tx, p->r->actor, p->res.collection.id, false, each_item, p);
    p->r->arena = whole;
    return st == DENIED || st == TOO_LARGE
               ? OK
               : st; /* no right to read: nothing to list; ms_end tells of the size */
}

static enum status in_item(struct propfind *p)
{
    (void)p;
    return OK;
}

static enum status (*const members[DAV_KIND_COUNT])(struct propfind *p) = {
    [DAV_ROOT] = in_root,
    [DAV_PRINCIPALS] = own_place,
    [DAV_PRINCIPAL] = in_item,
    [DAV_CALENDARS] = own_place,
    [DAV_CALENDAR_HOME] = in_home,
    [DAV_CALENDAR] = in_collection,
    [DAV_CALENDAR_ITEM] = in_item,
    [DAV_ADDRESSBOOKS] = own_place,
    [DAV_ADDRESSBOOK_HOME] = in_home,
    [DAV_ADDRESSBOOK] = in_collection,
    [DAV_ADDRESSBOOK_ITEM] = in_item,
};

/* ---- the method ---- */

static enum status answer(struct propfind *p)
{
    struct dav_request *r = p->r;
    ms_begin(r);
    enum status st = OK;
    if (!r->depth_noroot || r->depth == 0)
        st = ms_resource(r, p->tx, &p->res, &p->props, STR_NONE);
    if (st == OK && r->depth != 0)
        st = members[p->res.kind](p);
    return st;
}

static bool is_finite(const struct dav_request *r)
{
    bool leaf = 1u << r->path.kind & (ON_COLLECTIONS | ON_ITEMS | ON_PRINCIPAL);
    return leaf || r->depth == 0 || r->depth == 1; /* below a collection there is one level: infinity is 1 */
}

void method_propfind(struct dav_request *r)
{
    struct propfind p = {.r = r};
    if (!is_finite(r)) {
        dav_error(r, 403, NS_DAV, "propfind-finite-depth", STR("say Depth: 0 or 1 here"));
        return;
    }
    if (r->body && !xml_is(r->body, NS_DAV, "propfind")) {
        dav_answer(r, INVALID);
        return;
    }
    enum status st = prop_request_parse(r, r->body, &p.props);
    if (st) {
        dav_answer(r, st);
        return;
    }
    p.tx = store_read(r->dav->store);
    st = p.tx ? resource_find(r, p.tx, &r->path, &p.res) : E_UNAVAILABLE;
    if (st == OK)
        st = p.res.exists ? answer(&p) : NOT_FOUND;
    store_read_end(p.tx);
    if (st)
        dav_answer(r, st);
    else
        ms_end(r);
}
