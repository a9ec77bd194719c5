/* dav/method_mkcol.c: extended MKCOL (RFC 5689) and MKCALENDAR (RFC 4791 section 5.3.1): a new calendar or address book with its
 * properties, whole or not at all. */
#include "dav/methods.h"
#include "dav/proppatch.h"

struct mkcol {
    struct write write;
    struct dav_request *r;
    struct resource res;
    struct dav_conditions conditions;
    struct prop_changes changes;
    struct collection_new spec;
    bool mkcalendar;
};

/* ---- reading ---- */

/* Takes the properties out that only a creation may set; their place in the list stays for the answer. */
static struct prop_change *find_change(struct mkcol *m, const char *ns, const char *name)
{
    for (size_t i = 0; i < m->changes.count; i++) {
        struct prop_change *c = &m->changes.list[i];
        if (str_eq(c->name.ns, str_c(ns)) && str_eq(c->name.name, str_c(name)))
            return c;
    }
    return NULL;
}

/* DAV:resourcetype: a collection that is what its home holds. RFC 5689 section 3.3: valid-resourcetype. */
static bool type_fits(const struct mkcol *m, const struct prop_change *type)
{
    bool calendar = m->res.kind == DAV_CALENDAR, known = false;
    for (const struct xml_node *n = xml_first(type->node); n; n = xml_sibling(n)) {
        bool wanted = calendar ? xml_is(n, NS_CALDAV, "calendar") : xml_is(n, NS_CARDDAV, "addressbook");
        if (!wanted && !xml_is(n, NS_DAV, "collection"))
            return false;
        known |= wanted;
    }
    return known && xml_child(type->node, NS_DAV, "collection");
}

/* CALDAV:supported-calendar-component-set: which components the calendar is to take. 0: one that cannot be had. */
static unsigned components(const struct xml_node *set)
{
    unsigned comps = 0;
    for (const struct xml_node *n = xml_child(set, NS_CALDAV, "comp"); n;
         n = xml_next(n, NS_CALDAV, "comp")) {
        unsigned kind = ical_kind_of(xml_attr(n, "name"));
        if (!kind)
            return 0;
        comps |= kind;
    }
    return comps;
}

static void refuse(struct mkcol *m, struct prop_change *c, const char *ns, const char *error)
{
    c->http = 403;
    c->error_ns = ns;
    c->error = error;
    m->changes.refused = true;
}

/* Judges the properties: those that make the collection here, the others as PROPPATCH would. */
static void check(struct mkcol *m)
{
    changes_check(m->r, &m->res, &m->changes);
    struct prop_change *type = find_change(m, NS_DAV, "resourcetype");
    struct prop_change *set = find_change(m, NS_CALDAV, "supported-calendar-component-set");
    m->changes.refused = false;
    if (type) {
        type->http = 0;
        if (!type_fits(m, type))
            refuse(m, type, NS_DAV, "valid-resourcetype");
    }
    if (set && m->res.kind == DAV_CALENDAR) {
        set->http = 0;
        m->spec.comps = components(set->node);
        if (!m->spec.comps)
            refuse(m, set, NS_CALDAV, "supported-calendar-component");
    }
    for (size_t i = 0; i < m->changes.count; i++)
        m->changes.refused |= m->changes.list[i].http != 0;
}

/* ---- the write ---- */

/* What has become of the collection's row is not set again. */
static bool is_done(const struct prop_change *c)
{
    return (str_eq(c->name.ns, STR(NS_DAV)) && str_eq(c->name.name, STR("resourcetype"))) ||
           (str_eq(c->name.ns, STR(NS_CALDAV)) &&
            str_eq(c->name.name, STR("supported-calendar-component-set")));
}

static enum status run(struct write *w, struct tx *tx)
{
    struct mkcol *m = CONTAINER_OF(w, struct mkcol, write);
    struct resource res = m->res;
    enum status st = dav_conditions_on(m->r, tx, &m->conditions, &res, false);
    if (st == OK)
        st = tx_collection_create(tx, m->r->actor, &m->spec, &res.collection.id);
    if (st)
        return st;
    res.exists = true;
    res.collection.account = m->spec.account;
    res.collection.slug = m->spec.slug;
    res.collection.rights = RIGHTS_ALL;
    return changes_apply(m->r, tx, &res, &m->changes, CHANGES_REST);
}

/* ---- answers ---- */

static void answer_refused(struct mkcol *m)
{
    struct dav_request *r = m->r;
    struct buf *out = &r->t->resp.body;
    const char *ns = m->mkcalendar ? NS_CALDAV : NS_DAV;
    const char *root = m->mkcalendar ? "mkcalendar-response" : "mkcol-response";
    buf_clear(out);
    r->t->resp.status = 403;
    xml_begin(out, ns, root);
    changes_propstats(out, &m->changes);
    xml_close(out, ns, root);
    http_set(r->t, STR("Content-Type"), STR("application/xml; charset=utf-8"));
    http_finish(r->t);
}

static void refuse_place(struct dav_request *r, const char *why)
{
    bool calendar = 1u << r->path.kind & (ON_CALENDAR | 1u << DAV_CALENDAR_ITEM);
    dav_error(r, 403, calendar ? NS_CALDAV : NS_CARDDAV,
              calendar ? "calendar-collection-location-ok" : "addressbook-collection-location-ok",
              str_c(why));
}

static void done(struct write *w)
{
    struct mkcol *m = CONTAINER_OF(w, struct mkcol, write);
    if (w->status == OK) {
        http_set(m->r->t, STR("Cache-Control"), STR("no-cache"));
        dav_answer_http(m->r, 201);
    } else if (m->changes.refused) {
        answer_refused(m);
    } else if (w->status == DENIED) {
        dav_need_privilege(m->r, "bind");
    } else if (w->status == INVALID) {
        refuse_place(m->r, "this name is reserved");
    } else {
        dav_answer(m->r, w->status);
    }
}

/* ---- the method ---- */

static bool root_fits(const struct mkcol *m)
{
    const struct xml_node *root = m->r->body;
    return !root || (m->mkcalendar ? xml_is(root, NS_CALDAV, "mkcalendar") : xml_is(root, NS_DAV, "mkcol"));
}

static enum status find(struct mkcol *m)
{
    struct dav_request *r = m->r;
    SCOPED_READ(tx, r->dav->store);
    if (!tx)
        return E_UNAVAILABLE;
    enum status st = resource_find(r, tx, &r->path, &m->res);
    if (st)
        return st == NOT_FOUND ? NO_PARENT : st;
    if (m->res.exists)
        return EXISTS;
    return m->res.owner.id == r->actor->id ? OK : DENIED;
}

static void submit(struct mkcol *m)
{
    struct prop_change *name = find_change(m, NS_DAV, "displayname");
    m->spec.account = m->res.owner.id;
    m->spec.kind = m->res.kind == DAV_CALENDAR ? KIND_CALENDAR : KIND_ADDRESSBOOK;
    m->spec.slug = m->res.path.slug;
    m->spec.name = name ? name->text : STR_NONE;
    if (m->res.kind == DAV_CALENDAR && !m->spec.comps)
        m->spec.comps =
            ICAL_VEVENT | ICAL_VTODO | ICAL_VJOURNAL; /* RFC 4791 section 5.2.3: no set means all */
    size_t kept = 0;
    for (size_t i = 0; i < m->changes.count; i++)
        if (!is_done(&m->changes.list[i]))
            m->changes.list[kept++] = m->changes.list[i];
    m->changes.count = kept;
    m->write = (struct write){.run = run, .done = done, .account = m->spec.account, .bytes = 4096};
    dav_submit(m->r, &m->write);
}

/* 403 for what MKCOL without a type would make: a collection that is neither calendar nor address book. */
static bool is_plain(struct mkcol *m)
{
    return !m->mkcalendar && !find_change(m, NS_DAV, "resourcetype");
}

void method_mkcol(struct dav_request *r)
{
    struct mkcol *m = ARENA_NEW(r->arena, struct mkcol);
    if (!m) {
        dav_answer(r, E_MEMORY);
        return;
    }
    m->r = r;
    m->mkcalendar = str_eq(r->method->name, STR("MKCALENDAR"));
    dav_conditions_get(r, &m->conditions);
    if (r->path.name.p || (m->mkcalendar && r->path.kind != DAV_CALENDAR)) {
        refuse_place(r, "calendars and address books are made directly in their home");
        return;
    }
    enum status st = root_fits(m) ? changes_parse(r, r->body, &m->changes) : INVALID;
    if (st == OK)
        st = find(m);
    if (st == DENIED) {
        dav_need_privilege(r, "bind");
    } else if (st) {
        dav_answer(r, st);
    } else if (is_plain(m)) {
        dav_error(r, 403, NS_DAV, "valid-resourcetype",
                  STR("say what to make: resourcetype in the body, or MKCALENDAR"));
    } else {
        check(m);
        if (m->changes.refused)
            answer_refused(m);
        else
            submit(m);
    }
}
