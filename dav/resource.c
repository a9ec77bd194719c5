/* dav/resource.c: what a URL names, as the actor may see it; the masking of private items. */
#include "dav/resource.h"

#include "core/hash.h"
#include "core/log.h"
#include "dav/request.h"
#include "formats/occur.h"

static enum collection_kind kind_of(enum dav_kind kind)
{
    return kind >= DAV_ADDRESSBOOKS ? KIND_ADDRESSBOOK : KIND_CALENDAR;
}

/* An access to what somebody else owns is worth a line in the audit log. The organisation's own collections
 * are everybody's. */
static void audit(struct dav_request *r, const struct resource *res)
{
    int64_t owner = res->collection.account;
    if (owner == r->actor->id || owner == PRINCIPAL_SYSTEM || r->t->audit.p)
        return;
    r->t->audit =
        arena_strf(r->arena, "account %lld collection %lld", (long long)owner, (long long)res->collection.id);
}

static enum status find_owner(struct dav_request *r, struct tx *tx, struct resource *out)
{
    enum status st = directory_find(r->dav->dir, tx, r->arena, out->path.address, &out->owner);
    if (st == INVALID)
        return NOT_FOUND;
    if (st)
        return st;
    if (out->owner.state == PRINCIPAL_DELETED)
        return NOT_FOUND;
    if (out->kind != DAV_PRINCIPAL && out->owner.kind == PRINCIPAL_GROUP)
        return NOT_FOUND; /* groups have no homes */
    return OK;
}

bool resource_hidden(const struct collection *c, const struct item *item)
{
    return c->kind == KIND_CALENDAR && item->class != ICAL_PUBLIC && !(c->rights & RIGHT_PRIVATE);
}

enum status resource_find(struct dav_request *r, struct tx *tx, const struct dav_path *path,
                          struct resource *out)
{
    *out = (struct resource){.path = *path, .kind = path->kind, .exists = true};
    if (!path->address.p)
        return OK;
    enum status st = find_owner(r, tx, out);
    if (st || !path->slug.p)
        return st;
    st = collection_find(tx, r->arena, r->actor, out->owner.id, kind_of(path->kind), path->slug,
                         &out->collection);
    if (st == NOT_FOUND && !path->name.p) {
        out->exists = false;
        return OK;
    }
    if (st)
        return st;
    audit(r, out);
    if (!path->name.p)
        return OK;
    st = item_find(tx, r->arena, r->actor, out->collection.id, path->name, &out->item);
    if (st == NOT_FOUND) {
        out->exists = false;
        return OK;
    }
    out->masked = st == OK && resource_hidden(&out->collection, &out->item);
    return st == OK && out->masked ? resource_body(r, tx, out) : st;
}

enum status resource_item(struct dav_request *r, struct tx *tx, const struct resource *in,
                          const struct item *item, struct str body, struct resource *out)
{
    *out = *in;
    out->kind = in->kind == DAV_ADDRESSBOOK || in->kind == DAV_ADDRESSBOOK_ITEM ? DAV_ADDRESSBOOK_ITEM
                                                                                : DAV_CALENDAR_ITEM;
    out->item = *item;
    out->body = body;
    out->exists = true;
    out->masked = resource_hidden(&in->collection, item);
    if (!out->masked)
        return OK;
    out->body = STR_NONE;
    return resource_body(r, tx, out);
}

void resource_collection(const struct resource *in, const struct collection *c, struct resource *out)
{
    *out = *in;
    out->kind = in->kind == DAV_ADDRESSBOOK_HOME ? DAV_ADDRESSBOOK : DAV_CALENDAR;
    out->collection = *c;
    out->item = (struct item){0};
    out->body = STR_NONE;
    out->exists = true;
    out->masked = false;
}

/* Replaces the stored text by what others may see of it; the ETag and the size are then those of the masked
 * text. */
static enum status mask(struct dav_request *r, struct tx *tx, struct resource *res)
{
    const struct ical_limits *limits = &store_config_of(tx_store(tx))->ical;
    struct ical_comp *cal;
    struct ical_problem problem;
    if (ical_parse(r->arena, res->body, limits, &cal, &problem))
        return DENIED; /* it was checked when it came; whatever happened, nothing of it is shown */
    SCOPED_BUF(text, r->dav->resource_size * 2);
    enum status st = ical_mask(r->arena, cal, &text);
    if (st || text.st)
        return st ? st : text.st;
    res->body = arena_str(r->arena, buf_view(&text));
    if (!res->body.p)
        return E_MEMORY;
    sha256(res->body, res->item.etag);
    res->item.size = (int64_t)res->body.n;
    return OK;
}

enum status resource_body(struct dav_request *r, struct tx *tx, struct resource *res)
{
    if (res->body.p)
        return OK;
    enum status st = item_body_arena(tx, r->arena, &res->item, &res->body);
    return st == OK && res->masked ? mask(r, tx, res) : st;
}

bool resource_broken(const struct dav_request *r, const struct item *item, enum status st)
{
    if (st <= OK && st != E_CORRUPT && st != E_IO)
        return false;
    log_error("dav: %.*s: the text of item %lld (%.*s) of collection %lld can not be shown: %s; "
              "`scambio doctor --store` says what is broken",
              STR_ARG(r->t->req.path), (long long)item->id, STR_ARG(item->name), (long long)item->collection,
              status_text(st));
    return true;
}

enum status resource_refresh(struct dav_request *r, struct tx *tx, struct resource *res)
{
    struct collection now;
    enum status st = collection_get(tx, r->arena, r->actor, res->collection.id, &now);
    if (st == NOT_FOUND || (st == OK && now.gone))
        return NO_PARENT;
    if (st)
        return st;
    res->collection.rights = now.rights;
    res->collection.seq = now.seq;
    if (!resource_is_item(res))
        return OK;
    res->body = STR_NONE;
    st = item_find(tx, r->arena, r->actor, res->collection.id, res->path.name, &res->item);
    res->exists = st == OK;
    if (st)
        return st == NOT_FOUND ? OK : st;
    return resource_hidden(&res->collection, &res->item) ? DENIED : OK;
}

enum status resource_refused(struct dav_request *r, struct tx *tx, struct resource *res, enum status st)
{
    res->body = STR_NONE;
    if (st != PRECONDITION || !r->prefer_representation || !res->exists || !resource_is_item(res) ||
        !(res->collection.rights & RIGHT_READ))
        return st;
    enum status loaded = resource_body(r, tx, res);
    if (!resource_broken(r, &res->item, loaded) && loaded != OK)
        return loaded;
    return st;
}

void resource_represent(struct dav_request *r, const struct resource *res, struct str body)
{
    SCOPED_BUF(text, 16 * 1024);
    resource_etag(&text, res);
    http_set(r->t, STR("ETag"), buf_view(&text));
    buf_clear(&text);
    resource_href(&text, res);
    http_set(r->t, STR("Content-Location"), buf_view(&text));
    http_set(r->t, STR("Preference-Applied"), STR("return=representation"));
    http_set(r->t, STR("Content-Type"), str_c(resource_media_type(res)));
    buf_add(&r->t->resp.body, body);
}

const char *resource_media_type(const struct resource *res)
{
    return res->kind >= DAV_ADDRESSBOOKS ? "text/vcard; charset=utf-8" : "text/calendar; charset=utf-8";
}

void resource_href(struct buf *out, const struct resource *res)
{
    bool in_collection = resource_is_item(res) || resource_is_collection(res);
    struct str slug = in_collection && res->collection.slug.p ? res->collection.slug : res->path.slug;
    struct str name = res->item.name.p ? res->item.name : res->path.name;
    dav_href_write(out, &res->path, in_collection ? slug : STR_NONE, resource_is_item(res) ? name : STR_NONE);
}

void resource_etag(struct buf *out, const struct resource *res)
{
    if (!resource_is_item(res) || !res->exists)
        return;
    buf_addc(out, '"');
    buf_hex(out, str_n(res->item.etag, SHA256_SIZE / 2));
    buf_addc(out, '"');
}
