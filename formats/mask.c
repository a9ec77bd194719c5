/* formats/mask.c: what others see of a private object: when, not what. A list of what is shown, so that nothing that
 * somebody invents tomorrow is shown by accident. */
#include "core/scoped.h"
#include "formats/occur.h"

static const struct str calendar_props[] = {STR_INIT("VERSION"), STR_INIT("PRODID"), STR_INIT("CALSCALE")};
static const struct str object_props[] = {
    STR_INIT("UID"),      STR_INIT("DTSTAMP"),       STR_INIT("SEQUENCE"), STR_INIT("DTSTART"),
    STR_INIT("DTEND"),    STR_INIT("DUE"),           STR_INIT("RRULE"),    STR_INIT("EXRULE"),
    STR_INIT("DURATION"), STR_INIT("RDATE"),         STR_INIT("EXDATE"),   STR_INIT("TRANSP"),
    STR_INIT("STATUS"),   STR_INIT("RECURRENCE-ID"), STR_INIT("CLASS"),    STR_INIT("FREEBUSY")};
static const struct str zone_props[] = {STR_INIT("TZID"),  STR_INIT("DTSTART"),    STR_INIT("TZOFFSETFROM"),
                                        STR_INIT("RRULE"), STR_INIT("TZOFFSETTO"), STR_INIT("TZNAME"),
                                        STR_INIT("RDATE")};
static const struct str params[] = {STR_INIT("TZID"), STR_INIT("VALUE"), STR_INIT("RANGE"),
                                    STR_INIT("FBTYPE")};

static bool listed(const struct str *list, size_t n, struct str name)
{
    for (size_t i = 0; i < n; i++)
        if (str_caseeq(list[i], name))
            return true;
    return false;
}

static enum status write_line(struct arena *a, const struct line *l, struct buf *out)
{
    struct line shown = *l;
    struct line_param **tail = &shown.params;
    *tail = NULL;
    for (const struct line_param *p = l->params; p; p = p->next) {
        if (!listed(params, COUNT_OF(params), p->name))
            continue;
        struct line_param *copy = *tail = ARENA_NEW(a, struct line_param);
        if (!copy)
            return a->st;
        *copy = *p;
        copy->next = NULL;
        tail = &copy->next;
    }
    line_write(out, &shown);
    return OK;
}

static void write_edge(struct buf *out, const char *edge, struct str name)
{
    buf_addz(out, edge);
    buf_add(out, name);
    buf_addz(out, "\r\n");
}

static enum status write_props(struct arena *a, const struct ical_comp *c, const struct str *list, size_t n,
                               struct buf *out)
{
    for (const struct line *l = c->props; l; l = l->next) {
        enum status st = listed(list, n, l->name) ? write_line(a, l, out) : OK;
        if (st != OK)
            return st;
    }
    return OK;
}

static enum status write_zone(struct arena *a, const struct ical_comp *zone, struct buf *out)
{
    write_edge(out, "BEGIN:", zone->name);
    enum status st = write_props(a, zone, zone_props, COUNT_OF(zone_props), out);
    for (const struct ical_comp *c = zone->children; c && st == OK; c = c->next) {
        if (!str_caseeq(c->name, STR("STANDARD")) && !str_caseeq(c->name, STR("DAYLIGHT")))
            continue;
        write_edge(out, "BEGIN:", c->name);
        st = write_props(a, c, zone_props, COUNT_OF(zone_props), out);
        write_edge(out, "END:", c->name);
    }
    write_edge(out, "END:", zone->name);
    return st;
}

static enum status write_object(struct arena *a, const struct ical_comp *c, struct buf *out)
{
    write_edge(out, "BEGIN:", c->name);
    enum status st = write_props(a, c, object_props, COUNT_OF(object_props), out);
    if (ical_kind_of(c->name) != ICAL_VFREEBUSY)
        buf_addz(out, "SUMMARY:Busy\r\n");
    write_edge(out, "END:", c->name);
    return st;
}

enum status ical_mask(struct arena *a, const struct ical_comp *cal, struct buf *out)
{
    write_edge(out, "BEGIN:", STR("VCALENDAR"));
    enum status st = write_props(a, cal, calendar_props, COUNT_OF(calendar_props), out);
    for (const struct ical_comp *c = cal->children; c && st == OK; c = c->next) {
        if (str_caseeq(c->name, STR("VTIMEZONE")))
            st = write_zone(a, c, out);
        else if (ical_kind_of(c->name))
            st = write_object(a, c, out);
    }
    write_edge(out, "END:", STR("VCALENDAR"));
    return st != OK ? st : out->st;
}
