/* formats/occur_bounds.c: what overlapping a time range means for each kind of component: the tables of RFC 4791
 * section 9.9, brought to half-open intervals of whole seconds. Where a table says "<=" for an edge, the interval is
 * one second longer there; an instant has start == end. */
#include "formats/occur_int.h"

static const int64_t FOREVER = 253402300800; /* the year 10000 */

int64_t time_add(int64_t a, int64_t b)
{
    int64_t sum;
    if (a == INT64_MIN || a == INT64_MAX)
        return a;
    return __builtin_add_overflow(a, b, &sum) ? (b < 0 ? INT64_MIN : INT64_MAX) : sum;
}

bool bounds_overlap(const struct occur *o, int64_t from, int64_t until)
{
    if (o->flags & OCCUR_INFINITE)
        return true;
    if (o->end <= o->start)
        return from <= o->start && until > o->start;
    return from < o->end && until > o->start;
}

bool period_read(struct occur_ctx *x, const struct line *l, struct str value, int64_t *start, int64_t *end)
{
    struct str rest = value, head = STR_NONE;
    struct moment m, stop;
    struct caldur d;
    str_split(&rest, '/', &head);
    if (!rest.p || moment_read(x, l, head, &m) != OK)
        return false;
    *start = m.utc;
    if (caldur_parse(str_trim(rest), &d) == OK)
        *end = moment_add(&m, m.civil, &d);
    else if (moment_read(x, l, rest, &stop) == OK)
        *end = stop.utc;
    else
        return false;
    return *end >= *start;
}

/* ---- one function a kind: true when the instance overlaps anything at all ---- */

static bool event_bounds(struct occur_ctx *x, const struct instance *i, struct occur *o)
{
    (void)x;
    (void)o;
    return i->part->has_start;
}

static bool read_time(struct occur_ctx *x, const struct ical_comp *c, struct str name, int64_t *out)
{
    const struct line *l = ical_prop(c, name);
    struct moment m;
    if (!l || moment_read(x, l, l->value, &m) != OK)
        return false;
    *out = m.utc;
    return true;
}

/* A task without DTSTART and DUE: by when it was made and done. */
static bool dateless_bounds(struct occur_ctx *x, const struct instance *i, struct occur *o)
{
    int64_t created, completed;
    bool is_created = read_time(x, i->part->comp, STR("CREATED"), &created);
    bool is_completed = read_time(x, i->part->comp, STR("COMPLETED"), &completed);
    o->flags &= (unsigned)OCCUR_OVERRIDE;
    if (is_completed) {
        int64_t other = is_created ? created : completed;
        o->start = (other < completed ? other : completed) - 1;
        o->end = (other < completed ? completed : other) + 1;
    } else if (is_created) {
        o->start = created;
        o->end = FOREVER;
    } else {
        o->flags |= OCCUR_INFINITE;
        o->start = INT64_MIN;
        o->end = INT64_MAX;
    }
    return true;
}

static bool todo_bounds(struct occur_ctx *x, const struct instance *i, struct occur *o)
{
    if (!i->part->has_start)
        return dateless_bounds(x, i, o);
    if (i->part->due_only) {
        o->start = i->start - 1;
        return true;
    }
    if (i->part->extent == EXTENT_NONE && !i->period)
        return true;
    if (i->end == i->start)
        o->start--;
    if (i->end == i->start || i->part->extent == EXTENT_NOMINAL)
        o->end++;
    return true;
}

/* The periods that overlap the query, as one. */
static bool busy_bounds(struct occur_ctx *x, const struct instance *i, struct occur *o)
{
    bool any = false;
    const struct ical_comp *c = i->part->comp;
    if (i->part->has_start && i->part->extent == EXTENT_EXACT) {
        o->end++;
        return true;
    }
    for (const struct line *l = ical_prop(c, STR("FREEBUSY")); l; l = ical_prop_next(l, STR("FREEBUSY"))) {
        struct str rest = l->value, one;
        while (str_split(&rest, ',', &one)) {
            struct occur p = {0};
            if (!period_read(x, l, one, &p.start, &p.end) || p.start == p.end ||
                !bounds_overlap(&p, x->query->from, x->query->until))
                continue;
            o->start = any && o->start < p.start ? o->start : p.start;
            o->end = any && o->end > p.end ? o->end : p.end;
            any = true;
        }
    }
    o->flags = 0;
    return any;
}

/* RFC 7953 section 3.1: open on the side that is not given. */
static bool availability_bounds(struct occur_ctx *x, const struct instance *i, struct occur *o)
{
    (void)x;
    if (!i->part->has_start || i->part->extent == EXTENT_NONE)
        o->flags |= OCCUR_INFINITE;
    return true;
}

static const struct {
    enum ical_kind kind;
    bool (*bounds)(struct occur_ctx *x, const struct instance *i, struct occur *o);
} kinds[] = {
    {ICAL_VEVENT, event_bounds},
    {ICAL_VTODO, todo_bounds},
    {ICAL_VJOURNAL, event_bounds},
    {ICAL_VFREEBUSY, busy_bounds},
    {ICAL_VAVAILABILITY, availability_bounds},
};

bool instance_bounds(struct occur_ctx *x, const struct instance *i, struct occur *out)
{
    const struct part *p = i->part;
    *out = (struct occur){.start = i->start,
                          .end = i->end,
                          .recurrence_id = i->rid_like ? i->rid_utc : i->start,
                          .flags = p->has_start ? moment_flags(&p->start) : 0,
                          .comp = p->comp};
    if (p->has_rid)
        out->flags |= OCCUR_OVERRIDE;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        if (kinds[k].kind == p->kind)
            return kinds[k].bounds(x, i, out);
    return false;
}
