/* dav/props_acl.c: the properties of access control and of principals (RFC 3744, RFC 5397). */
#include "dav/props.h"

#include "dav/acl.h"
#include "dav/principals.h"

static enum status get_owner(struct dav_request *r, struct tx *tx, struct resource *res, struct buf *out)
{
    if (!res->collection.id || res->collection.account == res->owner.id) {
        principal_href(out, res->owner.address);
        return OK;
    }
    return principal_href_of(r, tx, res->collection.account, out); /* a mount: the one who shares it */
}

/* What the actor may do, on collections by their grants, elsewhere by whose it is. */
static unsigned rights_on(const struct dav_request *r, const struct resource *res)
{
    if (res->collection.id) {
        unsigned rights = res->collection.rights;
        return res->masked ? rights & RIGHTS_READ : rights;
    }
    if (resource_is_home(res) && res->owner.id == r->actor->id)
        return RIGHTS_READ | RIGHT_WRITE | RIGHT_INSERT | RIGHT_DELETE | RIGHT_EXPUNGE;
    return RIGHTS_READ;
}

static enum status get_current_privileges(struct dav_request *r, struct tx *tx, struct resource *res,
                                          struct buf *out)
{
    (void)tx;
    acl_privileges_write(out, rights_on(r, res), false);
    return OK;
}

static enum status get_supported_privileges(struct dav_request *r, struct tx *tx, struct resource *res,
                                            struct buf *out)
{
    (void)r, (void)tx, (void)res;
    acl_supported_write(out);
    return OK;
}

static void ace_grant(struct buf *out, unsigned rights, bool owner)
{
    xml_open(out, NS_DAV, "grant");
    acl_privileges_write(out, rights, true);
    xml_close(out, NS_DAV, "grant");
    if (owner)
        xml_empty(out, NS_DAV, "protected");
    xml_close(out, NS_DAV, "ace");
}

static enum status ace_write(struct dav_request *r, struct tx *tx, const struct acl_entry *e, struct buf *out)
{
    size_t mark = out->n;
    enum status st = OK;
    xml_open(out, NS_DAV, "ace");
    xml_open(out, NS_DAV, "principal");
    if (e->principal == PRINCIPAL_ANYONE)
        xml_empty(out, NS_DAV, "authenticated");
    else
        st = principal_href_of(r, tx, e->principal, out);
    xml_close(out, NS_DAV, "principal");
    if (st) {
        buf_cut(out, mark); /* somebody who is gone */
        return st == NOT_FOUND ? OK : st;
    }
    ace_grant(out, e->rights, false);
    return OK;
}

static enum status get_acl(struct dav_request *r, struct tx *tx, struct resource *res, struct buf *out)
{
    struct acl_entry *entries;
    size_t count;
    if (!(res->collection.rights & RIGHT_ADMIN))
        return DENIED;
    enum status st = acl_list(tx, r->arena, res->collection.id, &entries, &count);
    if (st)
        return st;
    xml_open(out, NS_DAV, "ace");
    xml_open(out, NS_DAV, "principal");
    xml_open(out, NS_DAV, "property");
    xml_empty(out, NS_DAV, "owner");
    xml_close(out, NS_DAV, "property");
    xml_close(out, NS_DAV, "principal");
    ace_grant(out, RIGHTS_ALL, true);
    for (size_t i = 0; i < count; i++) {
        st = ace_write(r, tx, &entries[i], out);
        if (st)
            return st;
    }
    return OK;
}

static enum status get_acl_restrictions(struct dav_request *r, struct tx *tx, struct resource *res,
                                        struct buf *out)
{
    (void)r, (void)tx, (void)res;
    xml_empty(out, NS_DAV, "grant-only");
    xml_empty(out, NS_DAV, "no-invert");
    return OK;
}

static enum status get_empty(struct dav_request *r, struct tx *tx, struct resource *res, struct buf *out)
{
    (void)r, (void)tx, (void)res, (void)out;
    return OK;
}

static enum status get_principal_collections(struct dav_request *r, struct tx *tx, struct resource *res,
                                             struct buf *out)
{
    (void)r, (void)tx, (void)res;
    xml_leaf(out, NS_DAV, "href", STR("/dav/principals/"));
    return OK;
}

static enum status get_principal_url(struct dav_request *r, struct tx *tx, struct resource *res,
                                     struct buf *out)
{
    (void)r, (void)tx;
    principal_href(out, res->owner.address);
    return OK;
}

/* RFC 3744 section 4.1: other URLs of the principal: its addresses. */
static enum status get_alternates(struct dav_request *r, struct tx *tx, struct resource *res, struct buf *out)
{
    struct principal_address *list;
    size_t count;
    enum status st = principal_addresses(tx, r->arena, res->owner.id, &list, &count);
    for (size_t i = 0; st == OK && i < count; i++)
        if (list[i].kind != ADDRESS_RETIRED) {
            SCOPED_BUF(href, 2048);
            buf_addz(&href, "mailto:");
            http_escape(&href, list[i].address, "@+");
            xml_leaf(out, NS_DAV, "href", buf_view(&href));
        }
    return st;
}

static enum status get_group_members(struct dav_request *r, struct tx *tx, struct resource *res,
                                     struct buf *out)
{
    return res->owner.kind == PRINCIPAL_GROUP ? principal_members(r, tx, res->owner.id, out) : OK;
}

static enum status get_group_membership(struct dav_request *r, struct tx *tx, struct resource *res,
                                        struct buf *out)
{
    return principal_groups(r, tx, res->owner.id, out);
}

enum { ON_OWNED = ON_PRINCIPAL | ON_HOMES | ON_COLLECTIONS | ON_ITEMS };

static const struct dav_prop rows[] = {
    {NS_DAV, "owner", ON_OWNED, PROP_PROTECTED, get_owner},
    {NS_DAV, "group", ON_OWNED, PROP_PROTECTED, get_empty},
    {NS_DAV, "current-user-privilege-set", ON_ALL, PROP_PROTECTED, get_current_privileges},
    {NS_DAV, "supported-privilege-set", ON_COLLECTIONS | ON_ITEMS, PROP_PROTECTED, get_supported_privileges},
    {NS_DAV, "acl", ON_COLLECTIONS, PROP_PROTECTED, get_acl},
    {NS_DAV, "acl-restrictions", ON_COLLECTIONS | ON_ITEMS, PROP_PROTECTED, get_acl_restrictions},
    {NS_DAV, "inherited-acl-set", ON_COLLECTIONS | ON_ITEMS, PROP_PROTECTED, get_empty},
    {NS_DAV, "principal-collection-set", ON_ALL, PROP_PROTECTED, get_principal_collections},
    {NS_DAV, "principal-URL", ON_PRINCIPAL, PROP_PROTECTED, get_principal_url},
    {NS_DAV, "alternate-URI-set", ON_PRINCIPAL, PROP_PROTECTED, get_alternates},
    {NS_DAV, "group-member-set", ON_PRINCIPAL, PROP_PROTECTED, get_group_members},
    {NS_DAV, "group-membership", ON_PRINCIPAL, PROP_PROTECTED, get_group_membership},
};
const struct prop_table props_acl = {rows, COUNT_OF(rows)};
