/* formats/occur_set.c: takes an object apart: master, overrides, RDATE, EXDATE. A value that is no time is passed over:
 * ical_check refuses such objects at the door, and what was stored before is shown as well as it can be. */
#include "formats/occur_int.h"

static const struct line *prop(const struct ical_comp *c, const char *name)
{
    return ical_prop(c, str_c(name));
}

/* How long an instance is. */
static void read_extent(struct occur_ctx *x, struct part *p)
{
    const struct line *end = prop(p->comp, p->kind == ICAL_VTODO ? "DUE" : "DTEND");
    const struct line *duration = prop(p->comp, "DURATION");
    struct moment m;
    if (p->kind == ICAL_VJOURNAL || p->due_only)
        return;
    if (end && moment_read(x, end, end->value, &m) == OK) {
        p->extent = EXTENT_EXACT;
        p->exact = p->start.floating && m.floating ? m.civil - p->start.civil : m.utc - p->start.utc;
        if (p->exact < 0)
            p->exact = 0;
    } else if (duration && caldur_parse(str_trim(duration->value), &p->nominal) == OK) {
        p->extent = EXTENT_NOMINAL;
        if (p->nominal.days < 0 || p->nominal.seconds < 0)
            p->nominal = (struct caldur){0, 0};
    }
}

int64_t part_end(const struct part *p, int64_t civil, int64_t start)
{
    static const struct caldur day = {1, 0};
    if (p->extent == EXTENT_NOMINAL)
        return moment_add(&p->start, civil, &p->nominal);
    if (p->extent == EXTENT_EXACT && p->exact > 0)
        return p->start.floating ? moment_utc(&p->start, civil + p->exact) : start + p->exact;
    if (p->start.is_date && p->kind != ICAL_VTODO)
        return moment_add(&p->start, civil, &day); /* a date without an end is the whole day */
    return start;
}

static void read_part(struct occur_ctx *x, const struct ical_comp *c, struct part *p)
{
    *p = (struct part){.comp = c, .kind = ical_kind_of(c->name)};
    const struct line *start = prop(c, "DTSTART"), *due = prop(c, "DUE"), *rid = prop(c, "RECURRENCE-ID");
    p->has_start = start && moment_read(x, start, start->value, &p->start) == OK;
    if (!p->has_start && p->kind == ICAL_VTODO && due && moment_read(x, due, due->value, &p->start) == OK)
        p->has_start = p->due_only = true;
    if (p->has_start)
        read_extent(x, p);
    p->has_rid = rid && moment_read(x, rid, rid->value, &p->rid) == OK;
    p->future = p->has_rid && line_param_has(rid, STR("RANGE"), STR("THISANDFUTURE"));
}

static bool push(struct arena *a, int64_t **list, size_t *count, size_t *cap, int64_t value)
{
    int64_t *more = arena_grow(a, *list, *count, cap, *count + 1, sizeof *more);
    if (!more)
        return false;
    *list = more;
    more[(*count)++] = value;
    return true;
}

static int64_t day_of(int64_t civil)
{
    return civil - ((civil % OCCUR_DAY) + OCCUR_DAY) % OCCUR_DAY;
}

/* EXDATE: by instant; by date where it, or the set, is of dates. */
static bool add_exception(struct occur_set *s, const struct moment *m)
{
    struct arena *a = s->x->arena;
    if (m->is_date || s->master->start.is_date)
        return push(a, &s->ex_day, &s->ex_day_count, &s->ex_day_cap, day_of(m->civil));
    int64_t utc = m->floating ? moment_utc(&s->master->start, m->civil) : m->utc;
    return push(a, &s->ex_utc, &s->ex_utc_count, &s->ex_utc_cap, utc);
}

/* The end of an RDATE's period: a time or a duration. */
static void read_period(struct occur_set *s, const struct line *l, struct str end, const struct moment *start,
                        struct extra *e)
{
    struct caldur d;
    struct moment m;
    if (caldur_parse(str_trim(end), &d) == OK)
        e->end = moment_add(start, start->civil, &d);
    else if (moment_read(s->x, l, end, &m) == OK)
        e->end = m.utc;
    else
        return;
    e->has_end = true;
    if (e->end < e->utc)
        e->end = e->utc;
    if (e->end - e->utc > s->longest)
        s->longest = e->end - e->utc;
}

static bool add_extra(struct occur_set *s, const struct line *l, struct str value)
{
    struct str end = value, head = STR_NONE;
    struct moment m, *like = &s->master->start;
    str_split(&end, '/', &head);
    if (moment_read(s->x, l, head, &m) != OK)
        return s->x->arena->st == OK;
    struct extra e = {.civil = m.civil, .utc = m.utc};
    if (like->is_date) {
        e.civil = day_of(m.civil);
        e.utc = moment_utc(like, e.civil);
    } else if (m.is_date) { /* tolerated: the set's time on that day */
        e.civil = m.civil + like->civil - day_of(like->civil);
        e.utc = moment_utc(like, e.civil);
    } else if (m.floating) {
        e.utc = moment_utc(like, m.civil);
    } else {
        e.civil = tz_to_local(like->zone, m.utc);
    }
    if (end.p && !like->is_date)
        read_period(s, l, end, &m, &e);
    struct extra *more =
        arena_grow(s->x->arena, s->extras, s->extra_count, &s->extra_cap, s->extra_count + 1, sizeof *more);
    if (!more)
        return false;
    s->extras = more;
    more[s->extra_count++] = e;
    return true;
}

static int compare_int64(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static int compare_extras(const void *a, const void *b)
{
    const struct extra *x = a, *y = b;
    return (x->civil > y->civil) - (x->civil < y->civil);
}

static int compare_overrides(const void *a, const void *b)
{
    const struct part *const *x = a, *const *y = b;
    return ((*x)->rid.utc > (*y)->rid.utc) - ((*x)->rid.utc < (*y)->rid.utc);
}

static enum status read_lists(struct occur_set *s)
{
    for (const struct line *l = s->master->comp->props; l; l = l->next) {
        bool exception = str_caseeq(l->name, STR("EXDATE")), extra = str_caseeq(l->name, STR("RDATE"));
        s->recurs |= extra;
        if (!s->first_rule && str_caseeq(l->name, STR("RRULE")))
            s->first_rule = l;
        struct str rest = exception || extra ? l->value : STR_NONE, one;
        while (str_split(&rest, ',', &one)) {
            struct moment m;
            bool ok = extra || moment_read(s->x, l, one, &m) != OK ? true : add_exception(s, &m);
            if (!ok || (extra && !add_extra(s, l, one)) || s->x->arena->st != OK)
                return s->x->arena->st;
        }
    }
    s->recurs |= s->first_rule != NULL;
    if (s->ex_utc_count)
        qsort(s->ex_utc, s->ex_utc_count, sizeof *s->ex_utc, compare_int64);
    if (s->ex_day_count)
        qsort(s->ex_day, s->ex_day_count, sizeof *s->ex_day, compare_int64);
    if (s->extra_count)
        qsort(s->extras, s->extra_count, sizeof *s->extras, compare_extras);
    return OK;
}

/* RECURRENCE-ID is compared with the set's own instants: a floating one is meant in the set's zone, and of a set of dates
 * only its date counts. */
static void settle_rid(const struct occur_set *s, struct part *p)
{
    struct moment *rid = &p->rid;
    if (s->master && s->master->has_start) {
        const struct moment *like = &s->master->start;
        if (like->is_date && !rid->is_date)
            *rid = (struct moment){
                .civil = day_of(rid->civil), .zone = like->zone, .is_date = true, .floating = true};
        if (rid->floating) /* of a date its first instant: what comes "from then on" is right */
            rid->utc = moment_utc(like, rid->civil);
    }
    if (p->future && p->has_start) {
        const struct tz *zone = s->master && s->master->has_start ? s->master->start.zone : rid->zone;
        int64_t from = rid->is_date && s->master && s->master->has_start && !s->master->start.is_date
                           ? rid->civil + s->master->start.civil - day_of(s->master->start.civil)
                           : tz_to_local(zone, rid->utc);
        p->shift = p->start.floating ? p->start.civil - from : tz_to_local(zone, p->start.utc) - from;
    }
}

int64_t part_length(const struct part *p)
{
    return p->extent == EXTENT_EXACT     ? p->exact
           : p->extent == EXTENT_NOMINAL ? p->nominal.days * OCCUR_DAY + p->nominal.seconds
                                         : OCCUR_DAY;
}

static void widen(struct occur_set *s, const struct part *p)
{
    int64_t length = part_length(p);
    int64_t shift = p->shift < 0 ? -p->shift : p->shift;
    if (length > s->longest)
        s->longest = length;
    if (shift > s->farthest)
        s->farthest = shift;
}

static void settle_overrides(struct occur_set *set)
{
    for (size_t i = 0; i < set->override_count; i++)
        settle_rid(set, set->overrides[i]);
    if (set->override_count)
        qsort(set->overrides, set->override_count, sizeof(struct part *), compare_overrides);
    for (size_t i = 0; i < set->override_count; i++) {
        if (!set->overrides[i]->future || !set->overrides[i]->has_start)
            continue;
        set->futures[set->future_count++] = set->overrides[i];
        widen(set, set->overrides[i]);
    }
}

enum status set_read(struct occur_ctx *x, struct occur_set *set)
{
    *set = (struct occur_set){.x = x};
    size_t n = 0;
    for (const struct ical_comp *c = x->cal->children; c; c = c->next)
        n += ical_kind_of(c->name) != 0;
    struct part *parts = ARENA_ARRAY(x->arena, struct part, n);
    set->overrides = ARENA_ARRAY(x->arena, struct part *, n);
    set->futures = ARENA_ARRAY(x->arena, struct part *, n);
    if (!parts || !set->overrides || !set->futures)
        return x->arena->st;
    for (const struct ical_comp *c = x->cal->children; c; c = c->next) {
        if (!ical_kind_of(c->name))
            continue;
        read_part(x, c, parts);
        if (!parts->has_rid && !set->master)
            set->master = parts;
        else
            set->overrides[set->override_count++] = parts;
        parts++;
    }
    settle_overrides(set);
    if (!set->master || !set->master->has_start)
        return x->arena->st;
    widen(set, set->master);
    return read_lists(set);
}
