/* formats/occur_time.c: times of an object in UTC. A TZID that the system knows means the system's zone, otherwise the
 * object's VTIMEZONE; one that nobody knows makes the time floating, since refusing the whole object helps nobody. */
#include "formats/occur_int.h"

enum { MOST_ZONES = 64, MOST_ONSETS = 20000, ZONE_ONSETS = 2000 };

void occur_begin(struct occur_ctx *x, struct arena *a, const struct ical_comp *cal,
                 const struct occur_query *q)
{
    *x = (struct occur_ctx){.arena = a, .cal = cal, .query = q, .onsets = MOST_ONSETS};
}

static const struct tz *floating_zone(const struct occur_ctx *x)
{
    return x->query->zone ? x->query->zone : tz_utc();
}

static const struct tz *own_zone(struct occur_ctx *x, struct str tzid)
{
    const struct tz *z = NULL;
    for (const struct ical_comp *c = ical_child(x->cal, STR("VTIMEZONE")); c && x->onsets;
         c = ical_child_next(c, STR("VTIMEZONE"))) {
        const struct line *l = ical_prop(c, STR("TZID"));
        if (!l || !str_eq(str_trim(l->value), tzid))
            continue;
        size_t most = x->onsets < ZONE_ONSETS ? x->onsets : ZONE_ONSETS;
        x->onsets -= most;
        if (tz_from_vtimezone(x->arena, c, most, &z) == OK)
            return z;
    }
    return NULL;
}

/* NULL: unknown. Objects with more zones than anybody uses get the system's zones only. */
static const struct tz *find_zone(struct occur_ctx *x, struct str tzid)
{
    tzid = str_trim(tzid);
    for (size_t i = 0; i < x->zone_count; i++)
        if (str_eq(x->zones[i].tzid, tzid))
            return x->zones[i].zone;
    const struct tz *z = x->query->zones ? tz_find(x->query->zones, tzid) : NULL;
    if (x->zone_count == MOST_ZONES)
        return z;
    if (!x->zones)
        x->zones = ARENA_ARRAY(x->arena, struct known_zone, MOST_ZONES);
    if (!x->zones)
        return z;
    if (!z)
        z = own_zone(x, tzid);
    x->zones[x->zone_count++] = (struct known_zone){tzid, z};
    return z;
}

enum status moment_read(struct occur_ctx *x, const struct line *prop, struct str value, struct moment *out)
{
    struct caltime t;
    if (caltime_parse(str_trim(value), &t) != OK)
        return INVALID;
    struct str tzid = t.is_date || t.is_utc ? STR_NONE : line_param1(prop, STR("TZID"));
    const struct tz *zone = t.is_utc ? tz_utc() : tzid.p ? find_zone(x, tzid) : NULL;
    *out = (struct moment){.civil = caltime_seconds(&t), .is_date = t.is_date, .floating = !zone};
    out->zone = zone ? zone : floating_zone(x);
    out->utc = tz_to_utc(out->zone, out->civil);
    return x->arena->st;
}

int64_t moment_utc(const struct moment *m, int64_t civil)
{
    return tz_to_utc(m->zone, civil);
}

int64_t moment_add(const struct moment *m, int64_t civil, const struct caldur *d)
{
    int64_t days = civil + d->days * OCCUR_DAY;
    if (m->floating) /* no zone: everything by the clock on the wall */
        return tz_to_utc(m->zone, days + d->seconds);
    return tz_to_utc(m->zone, days) + d->seconds;
}

unsigned moment_flags(const struct moment *m)
{
    return (m->floating ? OCCUR_FLOATING : 0U) | (m->is_date ? OCCUR_ALLDAY : 0U);
}

enum status occur_time(struct arena *a, const struct ical_comp *cal, const struct line *prop,
                       const struct occur_query *q, int64_t *utc, unsigned *flags)
{
    struct occur_ctx x;
    struct moment m;
    occur_begin(&x, a, cal, q);
    enum status st = moment_read(&x, prop, prop->value, &m);
    if (st != OK)
        return st;
    *utc = m.utc;
    *flags |= moment_flags(&m);
    return OK;
}
