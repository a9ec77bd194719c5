/* dav/proppatch.c: changes of properties: all or none. */
#include "dav/proppatch.h"

#include "store/mount.h"

static enum status change_add(struct dav_request *r, const struct xml_node *node, bool set,
                              struct prop_changes *out)
{
    if (out->count == r->dav->properties)
        return TOO_MANY;
    struct prop_change *list =
        arena_grow(r->arena, out->list, out->count, &out->cap, out->count + 1, sizeof *list);
    if (!list)
        return E_MEMORY;
    out->list = list;
    struct prop_change *c = &list[out->count++];
    *c = (struct prop_change){.name = node->name, .node = node};
    if (!set)
        return OK;
    SCOPED_BUF(value, r->dav->property_size);
    xml_inner(&value, node);
    if (value.st)
        return value.st;
    c->value = arena_str(r->arena, buf_view(&value));
    c->text = xml_text(r->arena, node);
    return c->value.p ? OK : E_MEMORY;
}

enum status changes_parse(struct dav_request *r, const struct xml_node *root, struct prop_changes *out)
{
    *out = (struct prop_changes){0};
    for (const struct xml_node *op = xml_first(root); op; op = xml_sibling(op)) {
        bool set = xml_is(op, NS_DAV, "set");
        if (!set && !xml_is(op, NS_DAV, "remove"))
            continue;
        for (const struct xml_node *prop = xml_child(op, NS_DAV, "prop"); prop;
             prop = xml_next(prop, NS_DAV, "prop"))
            for (const struct xml_node *n = xml_first(prop); n; n = xml_sibling(n)) {
                enum status st = change_add(r, n, set, out);
                if (st)
                    return st;
            }
    }
    return OK;
}

/* ---- judging ---- */

static void refuse(struct prop_changes *changes, struct prop_change *c, int http, const char *ns,
                   const char *error)
{
    c->http = http;
    c->error_ns = ns;
    c->error = error;
    changes->refused = true;
}

static bool is(const struct prop_change *c, const char *ns, const char *name)
{
    return str_eq(c->name.ns, str_c(ns)) && str_eq(c->name.name, str_c(name));
}

/* The TZID of the VTIMEZONE in a calendar-timezone (RFC 4791 section 5.2.2); absent when it is not one. */
static struct str timezone_of(struct dav_request *r, struct str text)
{
    struct ical_comp *cal;
    struct ical_problem problem;
    if (ical_parse(r->arena, text, &store_config_of(r->dav->store)->ical, &cal, &problem))
        return STR_NONE;
    const struct ical_comp *zone = ical_child(cal, STR("VTIMEZONE"));
    const struct line *tzid = zone ? ical_prop(zone, STR("TZID")) : NULL;
    return tzid && tzid->value.n ? text_unescape(r->arena, tzid->value) : STR_NONE;
}

static void check_value(struct dav_request *r, const struct resource *res, struct prop_changes *changes,
                        struct prop_change *c)
{
    if (!c->value.p || res->kind != DAV_CALENDAR)
        return;
    if (is(c, NS_CALDAV, "calendar-timezone") && !timezone_of(r, c->text).n)
        refuse(changes, c, 403, NS_CALDAV, "valid-calendar-data");
    if (is(c, NS_CALDAV, "calendar-timezone-id") && !tz_find(store_zones(r->dav->store), str_trim(c->text)))
        refuse(changes, c, 403, NS_CALDAV, "valid-timezone");
}

/* Names of principals and homes are the directory's. */
static bool is_protected(const struct dav_prop *row, const struct resource *res, const struct prop_change *c)
{
    if (row && row->flags & PROP_PROTECTED)
        return true;
    return is(c, NS_DAV, "displayname") && !resource_is_collection(res) && !resource_is_item(res);
}

void changes_check(struct dav_request *r, const struct resource *res, struct prop_changes *changes)
{
    for (size_t i = 0; i < changes->count; i++) {
        struct prop_change *c = &changes->list[i];
        const struct dav_prop *row = dav_prop_find(c->name);
        c->mount = res->collection.mount && resource_is_collection(res) && row && row->flags & PROP_PER_USER;
        if (is_protected(row, res, c))
            refuse(changes, c, 403, NS_DAV, "cannot-modify-protected-property");
        else
            check_value(r, res, changes, c);
    }
}

/* ---- applying ---- */

static enum status set_stored(struct dav_request *r, struct tx *tx, const struct resource *res,
                              const struct prop_change *c)
{
    int64_t target = res->owner.id, item = 0;
    if (resource_is_item(res)) {
        target = res->collection.id;
        item = res->item.id;
    } else if (resource_is_collection(res)) {
        target = c->mount ? res->collection.mount : res->collection.id;
    }
    enum status st = tx_prop_set(tx, r->actor, target, item, c->name.ns, c->name.name, c->value);
    return st == NOT_FOUND && !c->value.p ? OK : st; /* to remove what is not there is no error */
}

/* Removed, it is what it would be without. */
static struct str name_of(const struct prop_change *c)
{
    return c->value.p && c->text.p ? c->text : STR("");
}

static enum status set_name(struct dav_request *r, struct tx *tx, const struct resource *res,
                            const struct prop_change *c)
{
    if (resource_is_item(res))
        return set_stored(r, tx, res, c);
    struct str name = name_of(c);
    if (c->mount)
        return tx_mount_update(tx, r->actor, res->collection.mount, name, NULL);
    return tx_collection_update(tx, r->actor, res->collection.id, name.n ? name : res->collection.slug,
                                STR_NONE);
}

/* The two spellings of a calendar's time zone are kept in line: the text as set, or none when the name alone was set. */
static enum status set_timezone(struct dav_request *r, struct tx *tx, const struct resource *res,
                                const struct prop_change *c)
{
    struct prop_change text = *c;
    struct str tzid = c->value.p ? timezone_of(r, c->text) : STR("");
    enum status st = tx_collection_update(tx, r->actor, res->collection.id, STR_NONE, tzid);
    return st ? st : set_stored(r, tx, res, &text);
}

static enum status set_timezone_id(struct dav_request *r, struct tx *tx, const struct resource *res,
                                   const struct prop_change *c)
{
    struct prop_change text = {.name = {STR(NS_CALDAV), STR("calendar-timezone")}};
    struct str tzid = c->value.p ? str_trim(c->text) : STR("");
    enum status st = tx_collection_update(tx, r->actor, res->collection.id, STR_NONE, tzid);
    return st ? st : set_stored(r, tx, res, &text);
}

/* Properties that are more than text that is kept. */
static const struct setter {
    const char *ns, *name;
    unsigned kinds;
    enum status (*set)(struct dav_request *r, struct tx *tx, const struct resource *res,
                       const struct prop_change *c);
} setters[] = {
    {NS_DAV, "displayname", ON_COLLECTIONS | ON_ITEMS, set_name},
    {NS_CALDAV, "calendar-timezone", ON_CALENDAR, set_timezone},
    {NS_CALDAV, "calendar-timezone-id", ON_CALENDAR, set_timezone_id},
};

static enum status set_one(struct dav_request *r, struct tx *tx, const struct resource *res,
                           const struct prop_change *c)
{
    for (size_t i = 0; i < COUNT_OF(setters); i++)
        if (is(c, setters[i].ns, setters[i].name) && setters[i].kinds & 1u << res->kind)
            return setters[i].set(r, tx, res, c);
    return set_stored(r, tx, res, c);
}

enum status changes_apply(struct dav_request *r, struct tx *tx, const struct resource *res,
                          struct prop_changes *changes, unsigned which)
{
    for (size_t i = 0; i < changes->count; i++)
        changes->list[i].http = 0; /* a run may be a second one */
    for (size_t i = 0; i < changes->count; i++) {
        struct prop_change *c = &changes->list[i];
        if (!(which & (c->mount ? CHANGES_MOUNT : CHANGES_REST)))
            continue;
        enum status st = set_one(r, tx, res, c);
        if (st > 0)
            refuse(changes, c, st == TOO_LARGE || st == TOO_MANY || st == OVER_QUOTA ? 507 : 403, NULL, NULL);
        if (st)
            return st;
    }
    changes->refused = false;
    return OK;
}

struct mount_change *changes_of_mount(struct dav_request *r, const struct prop_changes *changes,
                                      size_t *count)
{
    struct mount_change *list = ARENA_ARRAY(r->arena, struct mount_change, changes->count + 1);
    *count = 0;
    for (size_t i = 0; list && i < changes->count; i++) {
        const struct prop_change *c = &changes->list[i];
        if (!c->mount)
            continue;
        struct mount_change *out = &list[(*count)++];
        if (is(c, NS_DAV, "displayname"))
            out->value = name_of(c);
        else
            *out = (struct mount_change){c->name.ns, c->name.name, c->value};
    }
    return list;
}

/* ---- telling ---- */

static void propstat(struct buf *out, const struct prop_change *c, int http)
{
    SCOPED_BUF(line, 64);
    buf_addf(&line, "HTTP/1.1 %d %s", http, http_reason(http));
    xml_open(out, NS_DAV, "propstat");
    xml_open(out, NS_DAV, "prop");
    xml_empty_name(out, c->name);
    xml_close(out, NS_DAV, "prop");
    xml_leaf(out, NS_DAV, "status", buf_view(&line));
    if (c->error && c->http == http) {
        xml_open(out, NS_DAV, "error");
        xml_empty(out, c->error_ns, c->error);
        xml_close(out, NS_DAV, "error");
    }
    xml_close(out, NS_DAV, "propstat");
}

void changes_propstats(struct buf *out, const struct prop_changes *changes)
{
    for (size_t i = 0; i < changes->count; i++) {
        const struct prop_change *c = &changes->list[i];
        propstat(out, c, c->http ? c->http : changes->refused ? 424 : 200);
    }
}
