/* formats/tz_vtimezone.c: a zone out of an object's own VTIMEZONE (RFC 5545 section 3.6.5), for TZIDs that
 * the system does not know. Takes what clients really send: all history since 1893, offsets with seconds,
 * RDATE lists. */
#include "formats/tz_int.h"

#include "core/buf.h"
#include "formats/ical.h"
#include "formats/rrule.h"

enum { MOST_KINDS = 250 };

struct builder {
    struct arena *arena;
    struct tz_onset *onsets;
    size_t n, cap, max;
    struct tz_kind *kinds;
    size_t kind_count;
    int64_t earliest; /* onset, and the offset that holds before it */
    int before;
};

struct observance {
    int from, to;
    struct caltime start;
    uint8_t kind;
};

static int64_t horizon(void)
{
    return days_from_civil(TZ_TABLE_YEAR + 1, 1, 1) * 86400;
}

/* `local` is by the offset that held before the onset. False when there are enough. */
static bool add_onset(struct builder *b, const struct observance *o, int64_t local)
{
    if (b->n >= b->max)
        return false;
    struct tz_onset *more = arena_grow(b->arena, b->onsets, b->n, &b->cap, b->n + 1, sizeof *more);
    if (!more)
        return false;
    b->onsets = more;
    int64_t at = local - o->from;
    b->onsets[b->n++] = (struct tz_onset){at, o->kind};
    if (at < b->earliest) {
        b->earliest = at;
        b->before = o->from;
    }
    return true;
}

static bool offset_of(const struct ical_comp *c, struct str name, int *out)
{
    const struct line *l = ical_prop(c, name);
    return l && caloffset_parse(str_trim(l->value), out) == OK;
}

/* The local type of an observance; equal ones are shared. */
static bool kind_of(struct builder *b, const struct ical_comp *c, int offset, uint8_t *out)
{
    struct tz_kind k = {.offset = offset, .dst = str_caseeq(c->name, STR("DAYLIGHT"))};
    const struct line *name = ical_prop(c, STR("TZNAME"));
    if (name && name->value.n < TZ_ABBREVIATION)
        memcpy(k.abbreviation, name->value.p, name->value.n);
    for (size_t i = 0; i < b->kind_count; i++) {
        if (b->kinds[i].offset == k.offset && b->kinds[i].dst == k.dst &&
            memcmp(b->kinds[i].abbreviation, k.abbreviation, TZ_ABBREVIATION) == 0) {
            *out = (uint8_t)i;
            return true;
        }
    }
    if (b->kind_count >= MOST_KINDS)
        return false;
    b->kinds[b->kind_count] = k;
    *out = (uint8_t)b->kind_count++;
    return true;
}

static void add_rule(struct builder *b, const struct observance *o, const struct line *l)
{
    struct rrule *rule;
    struct str why;
    struct caltime until;
    struct rrule_iter *it;
    int64_t end = horizon(), at;
    if (rrule_parse(b->arena, l->value, &rule, &why) != OK)
        return;
    if (rrule_until(rule, &until)) { /* UTC, by RFC 5545; local and dates are seen too */
        int64_t given = caltime_seconds(&until) + (until.is_date ? 86399 : until.is_utc ? o->from : 0);
        end = given < end ? given : end;
    }
    if (rrule_iter_new(b->arena, rule, &o->start, INT64_MIN, end, &it) != OK)
        return;
    while (rrule_next(it, &at) && add_onset(b, o, at))
        ;
}

static void add_dates(struct builder *b, const struct observance *o, const struct line *l)
{
    struct str rest = l->value, one;
    while (str_split(&rest, ',', &one)) {
        struct caltime t;
        struct str start = str_trim(one), head = STR_NONE;
        str_split(&start, '/', &head); /* a period's start */
        if (caltime_parse(head, &t) == OK && !add_onset(b, o, caltime_seconds(&t) + (t.is_utc ? o->from : 0)))
            return;
    }
}

static void add_observance(struct builder *b, const struct ical_comp *c)
{
    struct observance o;
    const struct line *start = ical_prop(c, STR("DTSTART"));
    if (!start || caltime_parse(str_trim(start->value), &o.start) != OK ||
        !offset_of(c, STR("TZOFFSETTO"), &o.to))
        return;
    if (!offset_of(c, STR("TZOFFSETFROM"), &o.from))
        o.from = o.to;
    if (!kind_of(b, c, o.to, &o.kind))
        return;
    o.start.is_date = false;
    if (!add_onset(b, &o, caltime_seconds(&o.start)))
        return;
    for (const struct line *l = ical_prop(c, STR("RRULE")); l; l = ical_prop_next(l, STR("RRULE")))
        add_rule(b, &o, l);
    for (const struct line *l = ical_prop(c, STR("RDATE")); l; l = ical_prop_next(l, STR("RDATE")))
        add_dates(b, &o, l);
}

enum status tz_from_vtimezone(struct arena *a, const struct ical_comp *vtimezone, size_t max_onsets,
                              const struct tz **out)
{
    struct builder b = {.arena = a, .max = max_onsets, .earliest = INT64_MAX};
    b.kinds = ARENA_ARRAY(a, struct tz_kind, MOST_KINDS + 1);
    if (!b.kinds)
        return a->st;
    for (const struct ical_comp *c = vtimezone->children; c; c = c->next)
        if (str_caseeq(c->name, STR("STANDARD")) || str_caseeq(c->name, STR("DAYLIGHT")))
            add_observance(&b, c);
    if (a->st != OK)
        return a->st;
    if (!b.n)
        return INVALID;
    b.kinds[b.kind_count] = (struct tz_kind){.offset = b.before};
    const struct line *tzid = ical_prop(vtimezone, STR("TZID"));
    return tz_build(a, tzid ? tzid->value : STR(""), b.onsets, b.n, (uint8_t)b.kind_count, b.kinds, NULL,
                    out);
}
