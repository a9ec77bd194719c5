/* syncml/content_time.c: times of an item as instants, and said in another's way. Devices say UTC, or local time of the account's
 * zone, where the store has TZID; what counts is the instant. */
#include "syncml/content_int.h"

enum { ZONE_ONSETS = 2000, MOST_ONSETS = 20000 };

void ctx_init(struct ctx *x, struct arena *a, const struct content_settings *s, enum content_type type)
{
    *x = (struct ctx){.a = a, .s = s, .type = type, .onsets = MOST_ONSETS};
    x->local = s->zone.n && s->zones ? tz_find(s->zones, s->zone) : NULL;
    if (!x->local)
        x->local = tz_utc();
}

enum status ctx_fail(struct ctx *x, enum status st, const char *what)
{
    x->why = str_c(what);
    return x->a->st < 0 ? x->a->st : st;
}

size_t ctx_size(const struct ctx *x)
{
    return x->s->limits->size;
}

/* ---- zones ---- */

static const struct tz *own_zone(struct ctx *x, const struct ical_comp *cal, struct str tzid)
{
    for (const struct ical_comp *c = cal ? ical_child(cal, STR("VTIMEZONE")) : NULL; c && x->onsets;
         c = ical_child_next(c, STR("VTIMEZONE"))) {
        const struct line *l = ical_prop(c, STR("TZID"));
        const struct tz *z = NULL;
        if (!l || !str_eq(str_trim(l->value), tzid))
            continue;
        size_t most = x->onsets < ZONE_ONSETS ? x->onsets : ZONE_ONSETS;
        x->onsets -= most;
        if (tz_from_vtimezone(x->a, c, most, &z) == OK)
            return z;
    }
    return NULL;
}

static const struct tz *find_zone(struct ctx *x, const struct ical_comp *cal, struct str tzid)
{
    size_t seen = 0;
    for (struct zone_entry *e = x->zones; e; e = e->next, seen++)
        if (e->cal == cal && str_eq(e->tzid, tzid))
            return e->zone;
    const struct tz *z = x->s->zones ? tz_find(x->s->zones, tzid) : NULL;
    if (!z)
        z = own_zone(x, cal, tzid);
    struct zone_entry *e = seen < 64 ? ARENA_NEW(x->a, struct zone_entry) : NULL;
    if (e) {
        *e = (struct zone_entry){cal, tzid, z, x->zones};
        x->zones = e;
    }
    return z;
}

/* ---- reading ---- */

bool when_read(struct ctx *x, const struct ical_comp *cal, const struct line *l, struct str value,
               struct when *out)
{
    struct caltime t;
    if (caltime_parse(str_trim(value), &t) != OK)
        return false;
    *out = (struct when){
        .civil = caltime_seconds(&t), .is_date = t.is_date, .is_utc = t.is_utc, .zone = x->local};
    if (t.is_utc) {
        out->zone = tz_utc();
    } else if (!t.is_date && l) {
        struct str tzid = str_trim(line_param1(l, STR("TZID")));
        const struct tz *z = tzid.n ? find_zone(x, cal, tzid) : NULL;
        if (z) {
            out->zone = z;
            out->tzid = tzid;
        }
    }
    out->utc = tz_to_utc(out->zone, out->civil);
    return true;
}

bool when_of(struct ctx *x, const struct ical_comp *cal, const struct ical_comp *c, struct str name,
             struct when *out)
{
    const struct line *l = ical_prop(c, name);
    return l && when_read(x, cal, l, l->value, out);
}

/* ---- saying it otherwise ---- */

struct when when_as(struct ctx *x, const struct when *w, const struct when *like)
{
    struct when made = *w;
    if (w->is_date || like->is_date)
        return made;
    made.zone = like->zone;
    made.tzid = like->tzid;
    made.is_utc = like->is_utc;
    if (when_floats(like)) {
        made.zone = x->local;
        made.civil = when_floats(w) ? w->civil : tz_to_local(x->local, w->utc);
    } else {
        made.civil = tz_to_local(like->zone, w->utc);
    }
    return made;
}

struct when when_plus(struct ctx *x, const struct when *w, int64_t seconds)
{
    struct when made = *w;
    (void)x;
    if (w->is_date) {
        made.civil += seconds / CONTENT_DAY * CONTENT_DAY;
        made.utc = tz_to_utc(w->zone, made.civil);
    } else {
        made.utc += seconds;
        made.civil = tz_to_local(w->zone, made.utc);
    }
    return made;
}

bool when_same(const struct when *a, const struct when *b)
{
    if (a->is_date != b->is_date)
        return false;
    if (a->is_date)
        return a->civil == b->civil;
    return a->utc == b->utc || ((when_floats(a) || when_floats(b)) && a->civil == b->civil);
}

struct str when_text(struct ctx *x, const struct when *w)
{
    static const int64_t first = -62135596800LL, last = 253402300799LL; /* the years 1 to 9999 */
    int64_t civil = w->civil < first ? first : w->civil > last ? last : w->civil;
    struct caltime t = caltime_from_seconds(civil);
    t.is_date = w->is_date;
    t.is_utc = w->is_utc;
    SCOPED_BUF(b, 32);
    caltime_write(&b, &t);
    return arena_str(x->a, buf_view(&b));
}

void when_put(struct ctx *x, struct line *l, const struct when *w)
{
    l->value = when_text(x, w);
    l->raw = STR_NONE;
    line_param_remove(l, STR("TZID"));
    line_param_remove(l, STR("VALUE"));
    if (w->is_date)
        line_param_set(x->a, l, STR("VALUE"), STR("DATE"));
    else if (w->tzid.p)
        line_param_set(x->a, l, STR("TZID"), w->tzid);
}

struct line *when_line(struct ctx *x, struct str name, const struct when *w)
{
    struct line *l = line_new(x->a, name, STR_NONE);
    if (l)
        when_put(x, l, w);
    return l;
}

struct when when_now(struct ctx *x)
{
    return (struct when){.civil = x->s->now, .utc = x->s->now, .zone = tz_utc(), .is_utc = true};
}

struct when when_local_form(struct ctx *x)
{
    if (x->local == tz_utc())
        return (struct when){.zone = tz_utc(), .is_utc = true};
    return (struct when){.zone = x->local, .tzid = x->s->zone};
}

/* ---- from when to when ---- */

static bool end_by_duration(struct ctx *x, const struct ical_comp *c, struct extent *e)
{
    const struct line *l = ical_prop(c, STR("DURATION"));
    struct caldur d;
    if (!l || !e->has_start || caldur_parse(str_trim(l->value), &d) != OK || d.days < 0 || d.seconds < 0)
        return false;
    struct when end = e->start;
    end.civil += d.days * CONTENT_DAY;
    end.utc = tz_to_utc(end.zone, end.civil);
    e->end = when_plus(x, &end, d.seconds);
    return true;
}

void extent_read(struct ctx *x, const struct ical_comp *cal, const struct ical_comp *c, struct extent *out)
{
    enum ical_kind kind = ical_kind_of(c->name);
    struct extent e = {.has_start = when_of(x, cal, c, STR("DTSTART"), &e.start)};
    e.has_end = when_of(x, cal, c, kind == ICAL_VTODO ? STR("DUE") : STR("DTEND"), &e.end) ||
                end_by_duration(x, c, &e);
    if (kind == ICAL_VEVENT && e.has_start) {
        bool wrong = e.has_end && (e.end.is_date != e.start.is_date || e.end.utc < e.start.utc ||
                                   (e.start.is_date && e.end.civil <= e.start.civil));
        if (!e.has_end || wrong)
            e.end = e.start.is_date ? when_plus(x, &e.start, CONTENT_DAY) : e.start;
    }
    *out = e;
}
