/* dav/props_dav.c: the properties of WebDAV itself (RFC 4918, 3253, 4331, 5842, 5995, 6578) and the CTag. */
#include "dav/props.h"

#include "dav/principals.h"
#include "formats/ical.h"

#include <time.h>

static enum status get_resourcetype(struct dav_request *r, struct tx *tx, struct resource *res,
                                    struct buf *out)
{
    (void)r, (void)tx;
    if (resource_is_item(res))
        return OK;
    xml_empty(out, NS_DAV, "collection");
    if (res->kind == DAV_CALENDAR)
        xml_empty(out, NS_CALDAV, "calendar");
    if (res->kind == DAV_ADDRESSBOOK)
        xml_empty(out, NS_CARDDAV, "addressbook");
    if (res->kind == DAV_PRINCIPAL)
        xml_empty(out, NS_DAV, "principal");
    return OK;
}

static enum status get_displayname(struct dav_request *r, struct tx *tx, struct resource *res,
                                   struct buf *out)
{
    if (resource_is_collection(res)) {
        xml_escape(out, res->collection.name);
        return OK;
    }
    if (resource_is_item(res)) {
        struct str value;
        enum status st = prop_stored(r, tx, res, (struct xml_name){STR(NS_DAV), STR("displayname")}, &value);
        if (st == OK)
            buf_add(out, value);
        return st;
    }
    if (!res->owner.id)
        return NOT_FOUND;
    xml_escape(out, res->owner.name.n ? res->owner.name : res->owner.address);
    return OK;
}

static enum status get_etag(struct dav_request *r, struct tx *tx, struct resource *res, struct buf *out)
{
    (void)r, (void)tx;
    resource_etag(out, res);
    return OK;
}

static enum status get_contenttype(struct dav_request *r, struct tx *tx, struct resource *res,
                                   struct buf *out)
{
    (void)r, (void)tx;
    if (res->kind == DAV_ADDRESSBOOK_ITEM) {
        buf_addz(out, "text/vcard; charset=utf-8");
        return OK;
    }
    struct str kind = ical_kind_name((enum ical_kind)res->item.kind);
    buf_addz(out, "text/calendar; charset=utf-8");
    if (kind.n)
        buf_addf(out, "; component=%.*s", STR_ARG(kind));
    return OK;
}

static enum status get_contentlength(struct dav_request *r, struct tx *tx, struct resource *res,
                                     struct buf *out)
{
    (void)r, (void)tx;
    buf_i64(out, res->item.size);
    return OK;
}

static enum status get_lastmodified(struct dav_request *r, struct tx *tx, struct resource *res,
                                    struct buf *out)
{
    (void)r, (void)tx;
    http_date(out, res->item.changed);
    return OK;
}

/* RFC 4918 section 15.1: an RFC 3339 date-time. */
static enum status get_creationdate(struct dav_request *r, struct tx *tx, struct resource *res,
                                    struct buf *out)
{
    (void)r, (void)tx;
    time_t at = res->item.created;
    struct tm tm;
    char text[32];
    if (!gmtime_r(&at, &tm) || !strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm))
        return NOT_FOUND;
    buf_addz(out, text);
    return OK;
}

static enum status get_sync_token(struct dav_request *r, struct tx *tx, struct resource *res, struct buf *out)
{
    int64_t id, seq, sum;
    enum status st = sync_state(tx, res, &id, &seq, &sum);
    if (st == OK)
        sync_token_write(out, r, id, seq, sum);
    return st;
}

/* The CTag changes whenever the sync-token does; clients only compare it. */
static enum status get_ctag(struct dav_request *r, struct tx *tx, struct resource *res, struct buf *out)
{
    int64_t id, seq, sum;
    enum status st = sync_state(tx, res, &id, &seq, &sum);
    if (st)
        return st;
    buf_addf(out, "%.*s-%lld", STR_ARG(store_epoch(r->dav->store)), (long long)seq);
    if (sum >= 0)
        buf_addf(out, "-%lld", (long long)sum);
    return OK;
}

static enum status get_supported_reports(struct dav_request *r, struct tx *tx, struct resource *res,
                                         struct buf *out)
{
    (void)r, (void)tx;
    for (size_t i = 0; i < dav_report_count; i++) {
        if (!(dav_reports[i].kinds & 1u << res->kind))
            continue;
        xml_open(out, NS_DAV, "supported-report");
        xml_open(out, NS_DAV, "report");
        xml_empty(out, dav_reports[i].ns, dav_reports[i].name);
        xml_close(out, NS_DAV, "report");
        xml_close(out, NS_DAV, "supported-report");
    }
    return OK;
}

/* RFC 5842 section 3.1: one URN for a resource for ever, whatever its URL. Made of the server's name and the resource's number, which
 * is never used again: it survives a MOVE, a rename of the user and a restore. A version 8 UUID (RFC 9562). */
static enum status get_resource_id(struct dav_request *r, struct tx *tx, struct resource *res,
                                   struct buf *out)
{
    (void)tx;
    int64_t id = resource_is_item(res)         ? res->item.id
                 : resource_is_collection(res) ? res->collection.id
                                               : res->owner.id;
    unsigned char hash[SHA256_SIZE];
    SCOPED_BUF(name, 128);
    SCOPED_BUF(hex, 64);
    buf_addf(&name, "%lld:%d", (long long)id, resource_is_home(res) ? (int)res->kind : 0);
    hmac_sha256(str_n(r->dav->identity, SHA256_SIZE), buf_view(&name), hash);
    hash[6] = (unsigned char)(0x80 | (hash[6] & 0x0f));
    hash[8] = (unsigned char)(0x80 | (hash[8] & 0x3f));
    buf_hex(&hex, str_n(hash, 16));
    const char *h = buf_c(&hex);
    xml_open(out, NS_DAV, "href");
    buf_addf(out, "urn:uuid:%.8s-%.4s-%.4s-%.4s-%.12s", h, h + 8, h + 12, h + 16, h + 20);
    xml_close(out, NS_DAV, "href");
    return hex.st;
}

/* RFC 5995: POST to the collection's own URL adds a member. */
static enum status get_add_member(struct dav_request *r, struct tx *tx, struct resource *res, struct buf *out)
{
    (void)r, (void)tx;
    xml_open(out, NS_DAV, "href");
    resource_href(out, res);
    xml_close(out, NS_DAV, "href");
    return OK;
}

/* RFC 4331: the quota is the owner's account's; on a shared collection it says what its owner has left. */
static enum status quota_account(struct tx *tx, const struct resource *res, struct account *account)
{
    int64_t id = res->collection.id ? res->collection.account : res->owner.id;
    return id ? account_get(tx, id, account) : NOT_FOUND;
}

static enum status get_quota_used(struct dav_request *r, struct tx *tx, struct resource *res, struct buf *out)
{
    (void)r;
    struct account account;
    enum status st = quota_account(tx, res, &account);
    if (st == OK)
        buf_i64(out, account.used_bytes);
    return st;
}

static enum status get_quota_available(struct dav_request *r, struct tx *tx, struct resource *res,
                                       struct buf *out)
{
    (void)r;
    struct account account;
    enum status st = quota_account(tx, res, &account);
    if (st)
        return st;
    if (account.quota <= 0)
        return NOT_FOUND; /* no bound to tell of */
    buf_i64(out, account.quota > account.used_bytes ? account.quota - account.used_bytes : 0);
    return OK;
}

static enum status get_current_user_principal(struct dav_request *r, struct tx *tx, struct resource *res,
                                              struct buf *out)
{
    (void)tx, (void)res;
    principal_href(out, r->login.address);
    return OK;
}

static const struct dav_prop rows[] = {
    {NS_DAV, "resourcetype", ON_ALL, PROP_ALLPROP | PROP_PROTECTED, get_resourcetype},
    {NS_DAV, "displayname", ON_ALL & ~ON_ROOTS, PROP_ALLPROP | PROP_PER_USER, get_displayname},
    {NS_DAV, "getetag", ON_ITEMS, PROP_ALLPROP | PROP_PROTECTED, get_etag},
    {NS_DAV, "getcontenttype", ON_ITEMS, PROP_ALLPROP | PROP_PROTECTED, get_contenttype},
    {NS_DAV, "getcontentlength", ON_ITEMS, PROP_ALLPROP | PROP_PROTECTED, get_contentlength},
    {NS_DAV, "getlastmodified", ON_ITEMS, PROP_ALLPROP | PROP_PROTECTED, get_lastmodified},
    {NS_DAV, "creationdate", ON_ITEMS, PROP_ALLPROP | PROP_PROTECTED, get_creationdate},
    {NS_DAV, "sync-token", ON_COLLECTIONS | ON_HOMES, PROP_PROTECTED, get_sync_token},
    {NS_CS, "getctag", ON_COLLECTIONS | ON_HOMES, PROP_PROTECTED, get_ctag},
    {NS_DAV, "supported-report-set", ON_ALL, PROP_PROTECTED, get_supported_reports},
    {NS_DAV, "resource-id", ON_ALL & ~ON_ROOTS, PROP_PROTECTED, get_resource_id},
    {NS_DAV, "add-member", ON_COLLECTIONS, PROP_PROTECTED, get_add_member},
    {NS_DAV, "quota-used-bytes", ON_HOMES | ON_COLLECTIONS, PROP_PROTECTED, get_quota_used},
    {NS_DAV, "quota-available-bytes", ON_HOMES | ON_COLLECTIONS, PROP_PROTECTED, get_quota_available},
    {NS_DAV, "current-user-principal", ON_ALL, PROP_PROTECTED, get_current_user_principal},
};
const struct prop_table props_dav = {rows, COUNT_OF(rows)};
