/* syncml/content_part.c: the components of one object: its master, and the instances that were moved or changed, by name. */
#include "syncml/content_int.h"

bool holds_overrides(const struct ctx *x)
{
    bool listed;
    return x->type == CONTENT_ICAL20 && device_holds(x, STR("RECURRENCE-ID"), &listed);
}

/* The name of an instance: UTC, or a date, or local time when it floats. */
static struct str name_of(struct ctx *x, const struct when *w)
{
    struct when named = *w;
    if (!w->is_date && !when_floats(w)) {
        named.civil = w->utc;
        named.is_utc = true;
    }
    return when_text(x, &named);
}

struct str part_name(struct ctx *x, const struct ical_comp *cal, const struct ical_comp *c)
{
    struct when w;
    if (!when_of(x, cal, c, STR("RECURRENCE-ID"), &w))
        return STR("");
    return name_of(x, &w);
}

struct ical_comp *part_master(const struct doc *i)
{
    if (i->media != MEDIA_CALENDAR)
        return i->root;
    for (struct ical_comp *c = i->root->children; c; c = c->next)
        if (ical_kind_of(c->name) && !ical_prop(c, STR("RECURRENCE-ID")))
            return c;
    return NULL;
}

/* Two times of one set mean the same instance; where only one is a date, its day in the set's zone counts. */
static bool same_instance(const struct when *a, const struct when *b)
{
    if (a->is_date != b->is_date)
        return civil_midnight(a->civil) == civil_midnight(b->civil);
    return when_same(a, b);
}

bool part_of_name(struct ctx *x, const struct doc *i, struct str recur_id, struct when *out)
{
    struct when start;
    if (!when_read(x, NULL, NULL, recur_id, out))
        return false;
    const struct ical_comp *master = part_master(i);
    if (!master || !when_of(x, i->root, master, STR("DTSTART"), &start))
        return true;
    if (start.is_date && !out->is_date) { /* a device that knows no dates names the day by its midnight */
        out->civil = out->is_utc ? tz_to_local(x->local, out->utc) : out->civil;
        *out = (struct when){.civil = civil_midnight(out->civil), .zone = x->local, .is_date = true};
        out->utc = tz_to_utc(x->local, out->civil);
    } else if (!start.is_date && out->is_date) {
        int64_t day = out->civil;
        *out = start;
        out->civil = day + civil_time(start.civil);
        out->utc = tz_to_utc(out->zone, out->civil);
    } else {
        *out = when_as(x, out, &start);
    }
    return true;
}

struct ical_comp *part_find(struct ctx *x, const struct doc *i, struct str recur_id)
{
    if (i->media != MEDIA_CALENDAR)
        return recur_id.n ? NULL : i->root;
    if (!recur_id.n)
        return part_master(i);
    struct when wanted, w;
    bool known = part_of_name(x, i, recur_id, &wanted);
    for (struct ical_comp *c = i->root->children; c; c = c->next) {
        if (!ical_kind_of(c->name) || !when_of(x, i->root, c, STR("RECURRENCE-ID"), &w))
            continue;
        if (str_eq(name_of(x, &w), recur_id) || (known && same_instance(&w, &wanted)))
            return c;
    }
    return NULL;
}
