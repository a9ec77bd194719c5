/* dav/principals.c: from principals to hrefs and back; groups and their members. */
#include "dav/principals.h"

void principal_href(struct buf *out, struct str address)
{
    xml_open(out, NS_DAV, "href");
    dav_href_principal(out, address);
    xml_close(out, NS_DAV, "href");
}

enum status principal_href_of(struct dav_request *r, struct tx *tx, int64_t id, struct buf *out)
{
    struct principal p;
    enum status st = directory_get(r->dav->dir, tx, r->arena, id, &p);
    if (st)
        return st;
    if (!p.address.n || p.state == PRINCIPAL_DELETED)
        return NOT_FOUND;
    principal_href(out, p.address);
    return OK;
}

enum status principal_from_href(struct dav_request *r, struct tx *tx, struct str href, struct principal *out)
{
    struct dav_path path;
    struct str address;
    href = str_trim(href);
    if (str_casestarts(href, STR("mailto:"))) {
        enum status st = http_unescape(r->arena, str_from(href, 7), false, &address);
        if (st)
            return st;
    } else {
        enum status st = dav_href_parse(r->arena, href, r->t->req.host, r->dav->path_segment, &path);
        if (st)
            return st < 0 ? st : NOT_FOUND;
        if (path.kind != DAV_PRINCIPAL)
            return NOT_FOUND;
        address = path.address;
    }
    enum status st = directory_find(r->dav->dir, tx, r->arena, address, out);
    if (st)
        return st;
    return out->state == PRINCIPAL_DELETED ? NOT_FOUND : OK;
}

static enum status hrefs(struct dav_request *r, struct tx *tx, const int64_t *ids, size_t count,
                         struct buf *out)
{
    for (size_t i = 0; i < count; i++) {
        enum status st = principal_href_of(r, tx, ids[i], out);
        if (st && st != NOT_FOUND)
            return st;
    }
    return OK;
}

enum status principal_groups(struct dav_request *r, struct tx *tx, int64_t id, struct buf *out)
{
    int64_t *ids;
    size_t count;
    enum status st = groups_of(tx, r->arena, id, &ids, &count);
    return st ? st : hrefs(r, tx, ids, count, out);
}

enum status principal_members(struct dav_request *r, struct tx *tx, int64_t id, struct buf *out)
{
    int64_t *ids;
    size_t count;
    enum status st = member_list(tx, r->arena, id, &ids, &count);
    return st ? st : hrefs(r, tx, ids, count, out);
}
