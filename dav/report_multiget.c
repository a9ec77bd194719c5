/* dav/report_multiget.c: CALDAV:calendar-multiget (RFC 4791 section 7.9) and CARDDAV:addressbook-multiget
 * (RFC 6352 section 8.7): many items by their hrefs.
 *
 * Each href gets an answer of its own, spelled as it was asked: clients compare the strings. An href of the
 * collection that was asked, the usual case, is one look-up by name. */
#include "dav/report.h"

/* What the href names must lie below what the request names. */
static bool in_scope(const struct resource *base, const struct resource *res)
{
    if (!resource_is_item(res) || (res->kind == DAV_ADDRESSBOOK_ITEM) != (base->kind >= DAV_ADDRESSBOOKS))
        return false;
    if (resource_is_home(base))
        return res->owner.id == base->owner.id;
    if (resource_is_item(base))
        return res->item.id == base->item.id;
    return res->collection.id == base->collection.id;
}

static bool same_collection(const struct resource *base, const struct dav_path *path)
{
    return resource_is_collection(base) && str_eq(base->path.address, path->address) &&
           str_eq(base->path.slug, path->slug) && path->name.p &&
           (path->kind == DAV_ADDRESSBOOK_ITEM) == (base->kind == DAV_ADDRESSBOOK);
}

static enum status find(struct report *rp, struct str href, struct resource *res)
{
    struct dav_request *r = rp->r;
    struct dav_path path;
    struct item item;
    enum status st = dav_href_parse(r->arena, href, r->t->req.host, r->dav->path_segment, &path);
    if (st != OK)
        return st;
    if (same_collection(&rp->base, &path)) {
        st = item_find(rp->tx, r->arena, r->actor, rp->base.collection.id, path.name, &item);
        return st == OK ? resource_item(r, rp->tx, &rp->base, &item, STR_NONE, res) : st;
    }
    if (!path.name.p)
        return NOT_FOUND;
    st = resource_find(r, rp->tx, &path, res);
    if (st == OK && (!res->exists || !in_scope(&rp->base, res)))
        st = NOT_FOUND;
    return st;
}

/* Faults that come here are of one broken text. */
static int http_of(enum status st)
{
    if (st < 0)
        return 500;
    return st == DENIED ? 403 : st == INVALID || st == TOO_LARGE ? 400 : 404;
}

static enum status one(struct report *rp, const struct xml_node *node)
{
    struct resource res;
    struct str href = str_trim(xml_text(rp->r->arena, node));
    enum status st = find(rp, href, &res);
    if (st < 0 && st != E_CORRUPT && st != E_IO)
        return st;
    if (st != OK) {
        rp->count++;
        ms_status(rp->r, href, http_of(st), NULL, NULL);
        return OK;
    }
    res.href = href;
    return report_item(rp, &res, NULL);
}

static enum status each(struct report *rp, const struct xml_node *body)
{
    enum status st = OK;
    for (const struct xml_node *n = xml_child(body, NS_DAV, "href"); n && st == OK;
         n = xml_next(n, NS_DAV, "href")) {
        if (rp->count >= rp->r->dav->report_items || ms_full(rp->r))
            return TRUNCATED; /* a client takes an href without an answer for deleted: rather none at all */
        report_item_begin(rp);
        st = one(rp, n);
        report_item_end(rp);
    }
    return st;
}

void report_multiget(struct dav_request *r)
{
    SCOPED_READ(tx, r->dav->store);
    struct report rp;
    if (report_open(&rp, r, tx, r->body) && !report_unreadable(&rp) && report_zone(&rp, r->body)) {
        ms_begin(r);
        enum status st = each(&rp, r->body);
        report_close(&rp);
        report_answer(r, st);
        return;
    }
    report_close(&rp);
}
