/* dav/props_caldav.c: the properties of CalDAV (RFC 4791, 6638's transparency and user type, 7809). */
#include "dav/props.h"

#include "core/clock.h"
#include "formats/caltime.h"
#include "formats/tz.h"

#include <time.h>

static const struct ical_limits *limits_of(const struct dav_request *r)
{
    return &store_config_of(r->dav->store)->ical;
}

/* One href, always: of several, Apple's clients take the first. What others share appears inside. */
static enum status get_home(struct dav_request *r, struct tx *tx, struct resource *res, struct buf *out)
{
    (void)r, (void)tx;
    if (res->owner.kind == PRINCIPAL_GROUP)
        return NOT_FOUND;
    xml_open(out, NS_DAV, "href");
    dav_href_home(out, DAV_CALENDAR_HOME, res->owner.address);
    xml_close(out, NS_DAV, "href");
    return OK;
}

static void address_write(struct buf *out, const struct principal_address *address)
{
    SCOPED_BUF(href, 2048);
    buf_addz(&href, "mailto:");
    http_escape(&href, address->address, "@+");
    buf_addz(out, address->kind == ADDRESS_PRIMARY ? "<D:href preferred=\"1\">" : "<D:href>");
    xml_escape(out, buf_view(&href));
    buf_addz(out, "</D:href>");
}

/* The primary address first, then the aliases, then the principal's URL (RFC 6638 section 2.4.1). */
static enum status get_addresses(struct dav_request *r, struct tx *tx, struct resource *res, struct buf *out)
{
    struct principal_address *list;
    size_t count;
    enum status st = principal_addresses(tx, r->arena, res->owner.id, &list, &count);
    if (st)
        return st;
    for (int kind = ADDRESS_PRIMARY; kind <= ADDRESS_ALIAS; kind++)
        for (size_t i = 0; i < count; i++)
            if ((int)list[i].kind == kind)
                address_write(out, &list[i]);
    xml_open(out, NS_DAV, "href");
    dav_href_principal(out, res->owner.address);
    xml_close(out, NS_DAV, "href");
    return OK;
}

static enum status get_user_type(struct dav_request *r, struct tx *tx, struct resource *res, struct buf *out)
{
    static const char *const words[] = {[PRINCIPAL_USER] = "INDIVIDUAL",
                                        [PRINCIPAL_GROUP] = "GROUP",
                                        [PRINCIPAL_ROOM] = "ROOM",
                                        [PRINCIPAL_RESOURCE] = "RESOURCE",
                                        [PRINCIPAL_SPECIAL] = "UNKNOWN"};
    (void)r, (void)tx;
    if (res->owner.kind < PRINCIPAL_USER || res->owner.kind > PRINCIPAL_SPECIAL)
        return NOT_FOUND;
    buf_addz(out, words[res->owner.kind]);
    return OK;
}

static void comp_write(struct buf *out, enum ical_kind kind)
{
    buf_addf(out, "<C:comp name=\"%.*s\"/>", STR_ARG(ical_kind_name(kind)));
}

static enum status get_components(struct dav_request *r, struct tx *tx, struct resource *res, struct buf *out)
{
    (void)r, (void)tx;
    for (unsigned bit = ICAL_VEVENT; bit <= ICAL_VAVAILABILITY; bit <<= 1)
        if (res->collection.comps & bit)
            comp_write(out, (enum ical_kind)bit);
    return OK;
}

/* What a new calendar may hold: any of these alone or together. */
static enum status get_component_sets(struct dav_request *r, struct tx *tx, struct resource *res,
                                      struct buf *out)
{
    static const unsigned sets[] = {ICAL_VEVENT, ICAL_VTODO, ICAL_VJOURNAL, ICAL_VEVENT | ICAL_VTODO,
                                    ICAL_VEVENT | ICAL_VTODO | ICAL_VJOURNAL};
    (void)r, (void)tx, (void)res;
    for (size_t i = 0; i < COUNT_OF(sets); i++) {
        xml_open(out, NS_CALDAV, "supported-calendar-component-set");
        for (unsigned bit = ICAL_VEVENT; bit <= ICAL_VJOURNAL; bit <<= 1)
            if (sets[i] & bit)
                comp_write(out, (enum ical_kind)bit);
        xml_close(out, NS_CALDAV, "supported-calendar-component-set");
    }
    return OK;
}

static enum status get_calendar_data(struct dav_request *r, struct tx *tx, struct resource *res,
                                     struct buf *out)
{
    (void)r, (void)tx, (void)res;
    buf_addz(out, "<C:calendar-data content-type=\"text/calendar\" version=\"2.0\"/>");
    return OK;
}

static enum status get_max_size(struct dav_request *r, struct tx *tx, struct resource *res, struct buf *out)
{
    (void)tx, (void)res;
    buf_u64(out, r->dav->resource_size);
    return OK;
}

static enum status utc_write(struct buf *out, int64_t seconds)
{
    time_t at = seconds;
    struct tm tm;
    char text[32];
    if (!gmtime_r(&at, &tm) || !strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &tm))
        return NOT_FOUND;
    buf_addz(out, text);
    return OK;
}

static enum status get_min_date(struct dav_request *r, struct tx *tx, struct resource *res, struct buf *out)
{
    (void)tx, (void)res;
    return utc_write(out, limits_of(r)->min_time);
}

static enum status get_max_date(struct dav_request *r, struct tx *tx, struct resource *res, struct buf *out)
{
    (void)tx, (void)res;
    return utc_write(out, limits_of(r)->max_time);
}

static enum status get_max_instances(struct dav_request *r, struct tx *tx, struct resource *res,
                                     struct buf *out)
{
    (void)tx, (void)res;
    buf_u64(out, limits_of(r)->instances);
    return OK;
}

static enum status get_max_attendees(struct dav_request *r, struct tx *tx, struct resource *res,
                                     struct buf *out)
{
    (void)tx, (void)res;
    buf_u64(out, limits_of(r)->attendees);
    return OK;
}

static enum status get_collations(struct dav_request *r, struct tx *tx, struct resource *res, struct buf *out)
{
    static const char *const names[] = {"i;ascii-casemap", "i;octet", "i;unicode-casemap"};
    (void)r, (void)tx, (void)res;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        xml_leaf(out, NS_CALDAV, "supported-collation", str_c(names[i]));
    return OK;
}

/* The time zone as clients set it, or made from its name (RFC 4791 section 5.2.2). */
static enum status get_timezone(struct dav_request *r, struct tx *tx, struct resource *res, struct buf *out)
{
    struct str value;
    enum status st =
        prop_stored(r, tx, res, (struct xml_name){STR(NS_CALDAV), STR("calendar-timezone")}, &value);
    if (st != NOT_FOUND) {
        if (st == OK)
            buf_add(out, value);
        return st;
    }
    const struct tz *z =
        res->collection.timezone.n ? tz_find(store_zones(r->dav->store), res->collection.timezone) : NULL;
    if (!z)
        return NOT_FOUND;
    SCOPED_BUF(text, 64 * 1024);
    int64_t now = clock_now(), year = 366 * 86400LL;
    buf_addz(&text, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Scambio//EN\r\n");
    st = tz_write_vtimezone(&text, z, res->collection.timezone, now - year, now + 5 * year);
    buf_addz(&text, "END:VCALENDAR\r\n");
    if (st || text.st)
        return st ? st : text.st;
    xml_escape(out, buf_view(&text));
    return OK;
}

/* RFC 7809 section 5.2: only a name that the server's own data knows. */
static enum status get_timezone_id(struct dav_request *r, struct tx *tx, struct resource *res,
                                   struct buf *out)
{
    (void)tx;
    const struct tz *z =
        res->collection.timezone.n ? tz_find(store_zones(r->dav->store), res->collection.timezone) : NULL;
    if (!z)
        return NOT_FOUND;
    xml_escape(out, tz_name(z));
    return OK;
}

static const struct dav_prop rows[] = {
    {NS_CALDAV, "calendar-home-set", ON_PRINCIPAL, PROP_PROTECTED, get_home},
    {NS_CALDAV, "calendar-user-address-set", ON_PRINCIPAL, PROP_PROTECTED, get_addresses},
    {NS_CALDAV, "calendar-user-type", ON_PRINCIPAL, PROP_PROTECTED, get_user_type},
    {NS_CALDAV, "calendar-description", ON_CALENDAR, 0, NULL},
    {NS_CALDAV, "calendar-timezone", ON_CALENDAR, 0, get_timezone},
    {NS_CALDAV, "calendar-timezone-id", ON_CALENDAR, 0, get_timezone_id},
    {NS_CALDAV, "supported-calendar-component-set", ON_CALENDAR, PROP_PROTECTED, get_components},
    {NS_CALDAV, "supported-calendar-component-sets", ON_CALENDAR_HOME, PROP_PROTECTED, get_component_sets},
    {NS_CALDAV, "supported-calendar-data", ON_CALENDAR, PROP_PROTECTED, get_calendar_data},
    {NS_CALDAV, "max-resource-size", ON_CALENDAR, PROP_PROTECTED, get_max_size},
    {NS_CALDAV, "min-date-time", ON_CALENDAR, PROP_PROTECTED, get_min_date},
    {NS_CALDAV, "max-date-time", ON_CALENDAR, PROP_PROTECTED, get_max_date},
    {NS_CALDAV, "max-instances", ON_CALENDAR, PROP_PROTECTED, get_max_instances},
    {NS_CALDAV, "max-attendees-per-instance", ON_CALENDAR, PROP_PROTECTED, get_max_attendees},
    {NS_CALDAV, "supported-collation-set", ON_CALENDAR, PROP_PROTECTED, get_collations},
    {NS_CALDAV, "schedule-calendar-transp", ON_CALENDAR, PROP_PER_USER, NULL},
};
const struct prop_table props_caldav = {rows, COUNT_OF(rows)};
