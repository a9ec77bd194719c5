/* syncml/content_zone.c: the VTIMEZONEs that an object needs (RFC 5545 section 3.6.5: one for each TZID). */
#include "syncml/content_int.h"

enum { YEAR = 366 * CONTENT_DAY, MOST_ZONES = 64 };

static const struct ical_comp *zone_named(const struct ical_comp *cal, struct str tzid)
{
    for (const struct ical_comp *c = cal ? ical_child(cal, STR("VTIMEZONE")) : NULL; c;
         c = ical_child_next(c, STR("VTIMEZONE"))) {
        const struct line *l = ical_prop(c, STR("TZID"));
        if (l && str_eq(str_trim(l->value), tzid))
            return c;
    }
    return NULL;
}

/* One out of the system's data; NULL: nobody knows the zone (and x->a->st tells whether memory is out). */
static struct ical_comp *make_zone(struct ctx *x, struct str tzid, int64_t from)
{
    const struct tz *z = x->s->zones ? tz_find(x->s->zones, tzid) : NULL;
    struct ical_comp *cal;
    struct ical_problem problem;
    SCOPED_BUF(text, 1 << 20);
    if (!z)
        return NULL;
    buf_addz(&text, "BEGIN:VCALENDAR\r\n");
    if (tz_write_vtimezone(&text, z, tzid, from - YEAR, x->s->now + 30LL * YEAR) != OK)
        return NULL;
    buf_addz(&text, "END:VCALENDAR\r\n");
    struct str kept = arena_str(x->a, buf_view(&text));
    if (!kept.p || ical_parse(x->a, kept, &ical_default_limits, &cal, &problem) != OK)
        return NULL;
    return cal->children;
}

/* Before the components that use it. */
static void put_zone(struct ical_comp *root, struct ical_comp *zone)
{
    struct ical_comp **at = &root->children;
    while (*at && str_caseeq((*at)->name, STR("VTIMEZONE")))
        at = &(*at)->next;
    zone->next = *at;
    zone->parent = root;
    *at = zone;
}

static enum status provide(struct ctx *x, struct ical_comp *root, const struct ical_comp *from,
                           const struct line *l, size_t *left)
{
    struct str tzid = str_trim(line_param1(l, STR("TZID")));
    struct when w;
    if (!tzid.n || l->raw.p || !*left || zone_named(root, tzid)) /* raw: it is as it was stored */
        return OK;
    --*left;
    const struct ical_comp *known = zone_named(from, tzid);
    bool read = when_read(x, from ? from : root, l, l->value, &w);
    struct ical_comp *zone =
        known ? ical_copy(x->a, known, root) : make_zone(x, tzid, read ? w.utc : x->s->now);
    if (zone)
        put_zone(root, zone);
    return x->a->st;
}

enum status zones_provide(struct ctx *x, struct ical_comp *root, const struct ical_comp *from)
{
    size_t left = MOST_ZONES;
    enum status st = OK;
    for (const struct ical_comp *c = root->children; c && st == OK; c = c->next)
        for (const struct line *l = ical_kind_of(c->name) ? c->props : NULL; l && st == OK; l = l->next)
            st = provide(x, root, from, l, &left);
    return st;
}
