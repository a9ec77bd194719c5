/* dav/report.c: REPORT: which report a body asks for, and what all of them share. */
#include "dav/report.h"

enum {
    CALENDARS = 1u << DAV_CALENDAR_HOME | 1u << DAV_CALENDAR | 1u << DAV_CALENDAR_ITEM,
    BOOKS = 1u << DAV_ADDRESSBOOK_HOME | 1u << DAV_ADDRESSBOOK | 1u << DAV_ADDRESSBOOK_ITEM,
    HOMES = 1u << DAV_CALENDAR_HOME | 1u << DAV_ADDRESSBOOK_HOME,
    SYNCED = HOMES | 1u << DAV_CALENDAR | 1u << DAV_ADDRESSBOOK,
    ITEMS = 1u << DAV_CALENDAR_ITEM | 1u << DAV_ADDRESSBOOK_ITEM,
    EVERYTHING = (1u << DAV_KIND_COUNT) - 1,
    COLLECTIONS = EVERYTHING & ~ITEMS,
    ITEM_MEMORY =
        512 << 20, /* an object at the limits of size and line count, parsed and expanded, stays well below */
    PROPERTY_ONSETS = 1000, /* changes of the offset in a zone that came with a query */
};

const struct dav_report dav_reports[] = {
    {NS_DAV, "sync-collection", SYNCED, report_sync},
    {NS_CALDAV, "calendar-query", CALENDARS, report_calendar_query},
    {NS_CALDAV, "calendar-multiget", CALENDARS, report_multiget},
    {NS_CALDAV, "free-busy-query", 1u << DAV_CALENDAR_HOME | 1u << DAV_CALENDAR, report_freebusy},
    {NS_CARDDAV, "addressbook-query", BOOKS, report_addressbook_query},
    {NS_CARDDAV, "addressbook-multiget", BOOKS, report_multiget},
    {NS_DAV, "expand-property", EVERYTHING, report_expand_property},
    {NS_DAV, "principal-match", COLLECTIONS, report_principal_match},
    {NS_DAV, "principal-property-search", COLLECTIONS, report_principal_property_search},
    {NS_DAV, "principal-search-property-set", COLLECTIONS, report_principal_search_property_set},
    {NS_DAV, "acl-principal-prop-set", CALENDARS | BOOKS, report_acl_principal_prop_set},
};
const size_t dav_report_count = COUNT_OF(dav_reports);

void method_report(struct dav_request *r)
{
    for (size_t i = 0; i < dav_report_count; i++) {
        const struct dav_report *row = &dav_reports[i];
        if (row->kinds & 1u << r->path.kind && xml_is(r->body, row->ns, row->name)) {
            row->run(r);
            return;
        }
    }
    /* RFC 3253 section 3.6 */
    dav_error(r, 403, NS_DAV, "supported-report", STR("no such report here: see DAV:supported-report-set"));
}

/* ---- opening ---- */
static bool refuse(struct dav_request *r, enum status st, const char *ns, const char *element, struct str why)
{
    if (st == UNSUPPORTED)
        dav_error(r, 403, ns, element, why);
    else if (st == INVALID)
        dav_error(r, 400, NS_DAV, "valid-request-body", why);
    else
        dav_answer(r, st);
    return false;
}

static bool open_render(struct report *rp)
{
    struct dav_request *r = rp->r;
    struct str why = STR_NONE;
    enum status st = cal_render_parse(r->arena, rp->props.calendar_data, &rp->cal, &why);
    if (st != OK)
        return refuse(r, st, NS_CALDAV, "supported-calendar-data", why);
    st = card_render_parse(r->arena, rp->props.address_data, &rp->card, &why);
    if (st != OK)
        return refuse(r, st, NS_CARDDAV, "supported-address-data", why);
    if (str_caseeq(str_trim(http_get(&r->t->req, STR("CalDAV-Timezones"))), STR("F")))
        cal_render_omit_zones(rp->cal);
    int64_t first, last;
    return !cal_render_times(rp->cal, &first, &last) || report_times_allowed(rp, first, last);
}

bool report_open(struct report *rp, struct dav_request *r, struct tx *tx, const struct xml_node *wanted)
{
    *rp = (struct report){.r = r, .tx = tx, .item = ARENA_INIT(ITEM_MEMORY), .outer = r->arena};
    rp->data = BUF_INIT(r->dav->response_size);
    if (!tx) {
        dav_answer(r, E_BUSY);
        return false;
    }
    const struct store_config *config = store_config_of(r->dav->store);
    rp->env = (struct render_env){&config->ical, &config->vcard, NULL, store_zones(r->dav->store)};
    enum status st = resource_find(r, tx, &r->path, &rp->base);
    if (st == OK && !rp->base.exists)
        st = NOT_FOUND;
    if (st != OK) {
        dav_answer(r, st);
        return false;
    }
    st = prop_request_parse(r, wanted, &rp->props);
    if (st != OK)
        return refuse(r, st, NULL, NULL, STR("prop, allprop and propname exclude each other"));
    return open_render(rp);
}

void report_close(struct report *rp)
{
    arena_free(&rp->item);
    buf_free(&rp->data);
}

bool report_unreadable(const struct report *rp)
{
    if (rp->base.collection.rights & RIGHT_READ || resource_is_home(&rp->base))
        return false;
    dav_need_privilege(rp->r, "read");
    return true;
}

bool report_times_allowed(const struct report *rp, int64_t first, int64_t last)
{
    const struct ical_limits *limits = rp->env.ical;
    if (first >= limits->min_time && last <= limits->max_time)
        return true;
    dav_error(rp->r, 403, NS_CALDAV, first < limits->min_time ? "min-date-time" : "max-date-time", STR_NONE);
    return false;
}

enum status report_limit(struct arena *a, const struct xml_node *parent, const char *ns, size_t *limit)
{
    const struct xml_node *n = xml_child(parent, ns, "limit");
    uint64_t value;
    *limit = 0;
    if (!n)
        return OK;
    n = xml_child(n, ns, "nresults");
    if (!n || !str_u64(str_trim(xml_text(a, n)), &value) || value == 0)
        return INVALID;
    *limit = value > SIZE_MAX / 2 ? SIZE_MAX / 2 : (size_t)value;
    return OK;
}

/* ---- time zones ---- */
const struct tz *report_collection_zone(struct report *rp, const struct collection *c)
{
    return c->timezone.p ? tz_find(rp->env.zones, c->timezone) : NULL;
}

static bool zone_of_text(struct report *rp, struct str text)
{
    struct dav_request *r = rp->r;
    struct ical_comp *cal;
    struct ical_problem problem;
    if (ical_parse(r->arena, str_trim(text), rp->env.ical, &cal, &problem) == OK) {
        const struct ical_comp *zone = ical_child(cal, STR("VTIMEZONE"));
        const struct line *tzid = zone ? ical_prop(zone, STR("TZID")) : NULL;
        rp->env.zone = tzid ? tz_find(rp->env.zones, tzid->value) : NULL;
        if (rp->env.zone || (zone && tz_from_vtimezone(r->arena, zone, PROPERTY_ONSETS, &rp->env.zone) == OK))
            return true;
    }
    dav_error(r, 403, NS_CALDAV, "valid-calendar-data", STR("timezone: not a calendar with one VTIMEZONE"));
    return false;
}

bool report_zone(struct report *rp, const struct xml_node *query)
{
    struct dav_request *r = rp->r;
    const struct xml_node *text = query ? xml_child(query, NS_CALDAV, "timezone") : NULL;
    const struct xml_node *id = query ? xml_child(query, NS_CALDAV, "timezone-id") : NULL;
    if (text)
        return zone_of_text(rp, xml_text(r->arena, text));
    if (!id) {
        rp->env.zone = report_collection_zone(rp, &rp->base.collection);
        return true;
    }
    rp->env.zone = tz_find(rp->env.zones, str_trim(xml_text(r->arena, id)));
    if (!rp->env.zone) /* RFC 7809 section 5.2 */
        dav_error(r, 403, NS_CALDAV, "valid-timezone", STR("timezone-id: not a name that the server knows"));
    return rp->env.zone != NULL;
}

/* ---- items ---- */
void report_item_begin(struct report *rp)
{
    arena_reset(&rp->item);
    rp->r->arena = &rp->item;
}

void report_item_end(struct report *rp)
{
    rp->r->arena = rp->outer;
}

bool report_wants_data(const struct report *rp)
{
    return rp->props.calendar_data || rp->props.address_data;
}

static enum status item_data(struct report *rp, struct resource *res, const struct ical_comp *cal,
                             struct str *data)
{
    bool card = res->kind == DAV_ADDRESSBOOK_ITEM;
    *data = STR_NONE;
    if (card ? !rp->props.address_data : !rp->props.calendar_data)
        return OK;
    enum status st = resource_body(rp->r, rp->tx, res);
    if (st != OK)
        return st;
    buf_clear(&rp->data);
    st = card ? card_render_write(rp->r->arena, rp->card, &rp->env, res->body, &rp->data)
              : cal_render_write(rp->r->arena, rp->cal, &rp->env, res->body, cal, &rp->data);
    *data = buf_view(&rp->data);
    return st != OK ? st : rp->data.st;
}

/* What can not be shown is said in its place, and spoils nothing else. */
static void item_refused(struct report *rp, const struct resource *res, enum status st)
{
    SCOPED_BUF(made, 64 << 10);
    resource_href(&made, res);
    struct str href = res->href.p ? res->href : buf_view(&made);
    if (st == UNSUPPORTED)
        ms_status(rp->r, href, 403, NS_CARDDAV, "supported-address-data-conversion");
    else if (st == TOO_MANY || st == TOO_LARGE)
        ms_status(rp->r, href, 507, NS_DAV, "number-of-matches-within-limits");
    else
        ms_status(rp->r, href, dav_http_of(st), NULL, NULL);
}

enum status report_broken(struct report *rp, const struct resource *res, enum status st)
{
    if (st == OK || !resource_broken(rp->r, &res->item, st))
        return st;
    rp->count++;
    item_refused(rp, res, st < 0 || st == TOO_MANY ? st : E_CORRUPT);
    return OK;
}

enum status report_item(struct report *rp, struct resource *res, const struct ical_comp *cal)
{
    struct str data;
    enum status st = item_data(rp, res, cal, &data);
    if (st < 0)
        return report_broken(rp, res, st);
    rp->count++;
    if (st > OK) {
        item_refused(rp, res, st);
        return OK;
    }
    return ms_resource(rp->r, rp->tx, res, &rp->props, data);
}

void report_truncated(struct report *rp)
{
    ms_status(rp->r, rp->r->t->req.path, 507, NS_DAV, "number-of-matches-within-limits");
}

void report_answer(struct dav_request *r, enum status st)
{
    if (st == OK)
        ms_end(r);
    else
        dav_answer(r, st);
}
