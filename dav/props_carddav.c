/* dav/props_carddav.c: the properties of CardDAV (RFC 6352). */
#include "dav/props.h"

static enum status get_home(struct dav_request *r, struct tx *tx, struct resource *res, struct buf *out)
{
    (void)r, (void)tx;
    if (res->owner.kind == PRINCIPAL_GROUP)
        return NOT_FOUND;
    xml_open(out, NS_DAV, "href");
    dav_href_home(out, DAV_ADDRESSBOOK_HOME, res->owner.address);
    xml_close(out, NS_DAV, "href");
    return OK;
}

static enum status get_address_data(struct dav_request *r, struct tx *tx, struct resource *res,
                                    struct buf *out)
{
    (void)r, (void)tx, (void)res;
    buf_addz(out, "<CR:address-data-type content-type=\"text/vcard\" version=\"3.0\"/>"
                  "<CR:address-data-type content-type=\"text/vcard\" version=\"4.0\"/>");
    return OK;
}

static enum status get_max_size(struct dav_request *r, struct tx *tx, struct resource *res, struct buf *out)
{
    (void)tx, (void)res;
    buf_u64(out, r->dav->resource_size);
    return OK;
}

static enum status get_collations(struct dav_request *r, struct tx *tx, struct resource *res, struct buf *out)
{
    static const char *const names[] = {"i;ascii-casemap", "i;octet", "i;unicode-casemap"};
    (void)r, (void)tx, (void)res;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        xml_leaf(out, NS_CARDDAV, "supported-collation", str_c(names[i]));
    return OK;
}

static const struct dav_prop rows[] = {
    {NS_CARDDAV, "addressbook-home-set", ON_PRINCIPAL, PROP_PROTECTED, get_home},
    {NS_CARDDAV, "addressbook-description", ON_ADDRESSBOOK, 0, NULL},
    {NS_CARDDAV, "supported-address-data", ON_ADDRESSBOOK, PROP_PROTECTED, get_address_data},
    {NS_CARDDAV, "max-resource-size", ON_ADDRESSBOOK, PROP_PROTECTED, get_max_size},
    {NS_CARDDAV, "supported-collation-set", ON_ADDRESSBOOK, PROP_PROTECTED, get_collations},
};
const struct prop_table props_carddav = {rows, COUNT_OF(rows)};
