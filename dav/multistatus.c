/* dav/multistatus.c: 207 answers: what a client asked for, and one DAV:response after the other (RFC 4918
 * section 13). */
#include "dav/props.h"

enum { ABSENT, FOUND, FORBIDDEN }; /* prop_request.found */

static enum status parse_names(struct dav_request *r, const struct xml_node *prop, struct prop_request *out)
{
    size_t count = 0;
    for (const struct xml_node *n = xml_first(prop); n; n = xml_sibling(n))
        count++;
    out->names = ARENA_ARRAY(r->arena, struct xml_name, count + 1);
    out->rows = ARENA_ARRAY(r->arena, const struct dav_prop *, count + 1);
    out->found = ARENA_ARRAY(r->arena, unsigned char, count + 1);
    if (!out->names || !out->rows || !out->found)
        return E_MEMORY;
    for (const struct xml_node *n = xml_first(prop); n; n = xml_sibling(n)) {
        if (xml_is(n, NS_CALDAV, "calendar-data")) {
            out->calendar_data = n;
        } else if (xml_is(n, NS_CARDDAV, "address-data")) {
            out->address_data = n;
        } else {
            out->rows[out->count] = dav_prop_find(n->name);
            out->names[out->count++] = n->name;
        }
    }
    return OK;
}

enum status prop_request_parse(struct dav_request *r, const struct xml_node *parent, struct prop_request *out)
{
    *out = (struct prop_request){.mode = PROPS_ALL};
    if (!parent)
        return OK;
    const struct xml_node *prop = xml_child(parent, NS_DAV, "prop");
    const struct xml_node *all = xml_child(parent, NS_DAV, "allprop");
    const struct xml_node *names = xml_child(parent, NS_DAV, "propname");
    if (!!prop + !!all + !!names > 1)
        return INVALID;
    if (all) {
        const struct xml_node *include = xml_child(parent, NS_DAV, "include");
        return include ? parse_names(r, include, out) : OK;
    }
    out->mode = names ? PROPS_NAMES : PROPS_NAMED;
    if (prop)
        return parse_names(r, prop, out);
    return !names && xml_is(parent, NS_DAV, "propfind") ? INVALID : OK;
}

void ms_begin(struct dav_request *r)
{
    struct http_response *resp = &r->t->resp;
    resp->status = 207;
    resp->compress = true;
    buf_clear(&resp->body);
    xml_begin(&resp->body, NS_DAV, "multistatus");
}

/* ---- the properties of one resource ---- */

/* Where stored properties are kept, the first that has one counts: a mount's own come before the
 * collection's. */
static size_t targets_of(const struct dav_request *r, const struct resource *res, int64_t target[2],
                         int64_t *item)
{
    size_t n = 0;
    *item = 0;
    if (resource_is_collection(res)) {
        if (res->collection.mount)
            target[n++] = res->collection.mount;
        target[n++] = res->collection.id;
    } else if (resource_is_item(res)) {
        *item = res->item.id;
        target[n++] = res->collection.id;
    } else if (res->owner.id && res->owner.id == r->actor->id) {
        target[n++] = res->owner.id;
    }
    return n;
}

enum status prop_stored(struct dav_request *r, struct tx *tx, const struct resource *res,
                        struct xml_name name, struct str *value)
{
    int64_t target[2], item;
    size_t n = targets_of(r, res, target, &item);
    if (res->masked)
        return NOT_FOUND;
    for (size_t i = 0; i < n; i++) {
        enum status st = prop_get(tx, r->arena, target[i], item, name.ns, name.name, value);
        if (st != NOT_FOUND)
            return st;
    }
    return NOT_FOUND;
}

static bool applies(const struct dav_prop *row, const struct resource *res)
{
    return row && row->kinds & 1u << res->kind;
}

static enum status value_write(struct dav_request *r, struct tx *tx, struct resource *res,
                               const struct dav_prop *row, struct xml_name name, struct buf *out)
{
    if (applies(row, res) && row->get)
        return row->get(r, tx, res, out);
    struct str value;
    enum status st = prop_stored(r, tx, res, name, &value);
    if (st == OK)
        buf_add(out, value);
    return st;
}

/* One property with its value; nothing is left in the buffer when it has none. */
static enum status prop_write(struct dav_request *r, struct tx *tx, struct resource *res,
                              const struct dav_prop *row, struct xml_name name, bool value)
{
    struct buf *out = &r->t->resp.body;
    size_t mark = out->n;
    xml_open_name(out, name);
    size_t inside = out->n;
    enum status st = value_write(r, tx, res, row, name, out);
    if (st)
        buf_cut(out, mark);
    else if (!value)
        buf_cut(out, inside);
    if (st == OK)
        xml_close_name(out, name);
    return st;
}

/* Those of the list; what became of each is in props->found. */
static enum status named(struct dav_request *r, struct tx *tx, struct resource *res,
                         const struct prop_request *props)
{
    for (size_t i = 0; i < props->count; i++) {
        enum status st = prop_write(r, tx, res, props->rows[i], props->names[i], true);
        if (st < 0)
            return st;
        props->found[i] = st == OK ? FOUND : st == DENIED ? FORBIDDEN : ABSENT;
    }
    return OK;
}

static enum status live(struct dav_request *r, struct tx *tx, struct resource *res,
                        const struct prop_table *table, bool all)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct dav_prop *row = &table->rows[i];
        if (!applies(row, res) || !row->get || (all && !(row->flags & PROP_ALLPROP)))
            continue;
        struct xml_name name = {str_c(row->ns), str_c(row->name)};
        enum status st = prop_write(r, tx, res, row, name, all);
        if (st < 0)
            return st;
    }
    return OK;
}

static void stored_write(struct dav_request *r, const struct prop *p, bool value)
{
    struct buf *out = &r->t->resp.body;
    struct xml_name name = {p->ns, p->name};
    xml_open_name(out, name);
    if (value)
        buf_add(out, p->value);
    xml_close_name(out, name);
}

static bool listed(const struct prop *list, size_t count, const struct prop *p)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(list[i].ns, p->ns) && str_eq(list[i].name, p->name))
            return true;
    return false;
}

/* All that clients have set, but for what a live property shows. */
static enum status dead(struct dav_request *r, struct tx *tx, struct resource *res, bool value)
{
    int64_t target[2], item;
    size_t n = res->masked ? 0 : targets_of(r, res, target, &item), counts[2] = {0};
    struct prop *lists[2] = {0};
    for (size_t i = 0; i < n; i++) {
        enum status st = prop_list(tx, r->arena, target[i], item, &lists[i], &counts[i]);
        if (st)
            return st;
        for (size_t j = 0; j < counts[i]; j++) {
            const struct prop *p = &lists[i][j];
            const struct dav_prop *row = dav_prop_find((struct xml_name){p->ns, p->name});
            if (applies(row, res) && row->get)
                continue;
            if (i == 0 || !listed(lists[0], counts[0], p))
                stored_write(r, p, value);
        }
    }
    return OK;
}

static enum status all_or_names(struct dav_request *r, struct tx *tx, struct resource *res,
                                const struct prop_request *props)
{
    bool all = props->mode == PROPS_ALL;
    for (size_t i = 0; i < PROP_TABLES; i++) {
        enum status st = live(r, tx, res, prop_tables[i], all);
        if (st)
            return st;
    }
    enum status st = dead(r, tx, res, all);
    return st || !all ? st : named(r, tx, res, props);
}

static const char *status_line(int http)
{
    return http == 200   ? "HTTP/1.1 200 OK"
           : http == 403 ? "HTTP/1.1 403 Forbidden"
                         : "HTTP/1.1 404 Not Found";
}

static void propstat_close(struct buf *out, int http)
{
    xml_close(out, NS_DAV, "prop");
    xml_leaf(out, NS_DAV, "status", str_c(status_line(http)));
    xml_close(out, NS_DAV, "propstat");
}

/* A propstat of the names with that outcome; nothing when there are none. */
static void propstat_empty(struct dav_request *r, const struct prop_request *props, unsigned char which,
                           int http, bool no_data)
{
    struct buf *out = &r->t->resp.body;
    bool any = false;
    for (size_t i = 0; i < props->count || no_data; i++) {
        bool data = i >= props->count;
        if (!data && props->found[i] != which)
            continue;
        if (!any) {
            xml_open(out, NS_DAV, "propstat");
            xml_open(out, NS_DAV, "prop");
            any = true;
        }
        if (data) {
            if (props->calendar_data)
                xml_empty(out, NS_CALDAV, "calendar-data");
            if (props->address_data)
                xml_empty(out, NS_CARDDAV, "address-data");
            break;
        }
        xml_empty_name(out, props->names[i]);
    }
    if (any)
        propstat_close(out, http);
}

enum status ms_resource(struct dav_request *r, struct tx *tx, struct resource *res,
                        const struct prop_request *props, struct str data)
{
    struct buf *out = &r->t->resp.body;
    xml_open(out, NS_DAV, "response");
    xml_open(out, NS_DAV, "href");
    if (res->href.p)
        xml_escape(out, res->href);
    else
        resource_href(out, res);
    xml_close(out, NS_DAV, "href");
    xml_open(out, NS_DAV, "propstat");
    xml_open(out, NS_DAV, "prop");
    enum status st = props->mode == PROPS_NAMED ? named(r, tx, res, props) : all_or_names(r, tx, res, props);
    if (st)
        return st;
    buf_add(out, data);
    propstat_close(out, 200);
    bool no_data = (props->calendar_data || props->address_data) && !data.p;
    if (!r->prefer_minimal && props->mode == PROPS_NAMED)
        propstat_empty(r, props, ABSENT, 404, no_data);
    if (props->mode == PROPS_NAMED)
        propstat_empty(r, props, FORBIDDEN, 403, false);
    xml_close(out, NS_DAV, "response");
    return OK;
}

void ms_status(struct dav_request *r, struct str href, int http, const char *error_ns, const char *error)
{
    struct buf *out = &r->t->resp.body;
    SCOPED_BUF(line, 128);
    buf_addf(&line, "HTTP/1.1 %d %s", http, http_reason(http));
    xml_open(out, NS_DAV, "response");
    xml_leaf(out, NS_DAV, "href", href);
    xml_leaf(out, NS_DAV, "status", buf_view(&line));
    if (error) {
        xml_open(out, NS_DAV, "error");
        xml_empty(out, error_ns, error);
        xml_close(out, NS_DAV, "error");
    }
    xml_close(out, NS_DAV, "response");
}

void ms_sync_token(struct dav_request *r, struct str token)
{
    xml_leaf(&r->t->resp.body, NS_DAV, "sync-token", token);
}

bool ms_full(const struct dav_request *r)
{
    const struct buf *out = &r->t->resp.body;
    return out->st != OK || out->n > out->max - out->max / 8;
}

void ms_end(struct dav_request *r)
{
    struct http_txn *t = r->t;
    xml_close(&t->resp.body, NS_DAV, "multistatus");
    if (t->resp.body.st) {
        dav_answer(r, t->resp.body.st == TOO_LARGE ? TRUNCATED : t->resp.body.st);
        return;
    }
    http_set(t, STR("Content-Type"), STR("application/xml; charset=utf-8"));
    if (r->prefer_minimal)
        http_set(t, STR("Preference-Applied"), STR("return=minimal"));
    http_set(t, STR("Vary"), STR("Brief, Prefer"));
    http_finish(t);
}
