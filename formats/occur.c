/* formats/occur.c: the instances of an object in a range, and the span of them all. */
#include "formats/occur_int.h"

enum { FLOATING_MARGIN = 14 * 3600 };

/* ---- every instance in a range ---- */

struct each {
    struct occur_ctx *x;
    found_fn fn;
    void *ctx;
    size_t count, max;
    enum status st;
};

static bool on_each(void *ctx, const struct instance *i)
{
    struct each *e = ctx;
    struct occur o;
    if (!instance_bounds(e->x, i, &o) || !bounds_overlap(&o, e->x->query->from, e->x->query->until))
        return true;
    if (++e->count > e->max) {
        e->st = TOO_MANY;
        return false;
    }
    return e->fn(e->ctx, i, &o);
}

enum status set_each(struct occur_set *set, found_fn fn, void *ctx)
{
    const struct occur_query *q = set->x->query;
    size_t max = q->max_instances ? q->max_instances : ical_default_limits.instances;
    struct each e = {set->x, fn, ctx, 0, max, OK};
    enum status st = set_walk(set, q->from, q->until, on_each, &e);
    return st != OK ? st : e.st != OK ? e.st : set->x->arena->st;
}

struct outside {
    occur_fn fn;
    void *ctx;
};

static bool on_found(void *ctx, const struct instance *i, const struct occur *o)
{
    struct outside *out = ctx;
    (void)i;
    return out->fn(out->ctx, o);
}

enum status occur_each(struct arena *a, const struct ical_comp *cal, const struct occur_query *q, occur_fn fn,
                       void *ctx)
{
    struct occur_ctx x;
    struct occur_set set;
    struct outside out = {fn, ctx};
    occur_begin(&x, a, cal, q);
    enum status st = set_read(&x, &set);
    return st == OK ? set_each(&set, on_found, &out) : st;
}

/* ---- whether there is one ---- */

struct any {
    struct occur_ctx *x;
    bool found;
};

static bool on_any(void *ctx, const struct instance *i)
{
    struct any *s = ctx;
    struct occur o;
    s->found = instance_bounds(s->x, i, &o) && bounds_overlap(&o, s->x->query->from, s->x->query->until);
    return !s->found;
}

enum status occur_any(struct arena *a, const struct ical_comp *cal, const struct occur_query *q,
                      occur_accept_fn accept, void *ctx, bool *found)
{
    struct occur_ctx x;
    struct occur_set set;
    struct any s = {&x, false};
    occur_begin(&x, a, cal, q);
    enum status st = set_read(&x, &set);
    if (st == OK && set.master && accept(ctx, set.master->comp))
        st = set_walk_part(&set, set.master, q->from, q->until, on_any, &s);
    for (size_t i = 0; i < set.override_count && st == OK && !s.found; i++)
        if (accept(ctx, set.overrides[i]->comp))
            st = set_walk_part(&set, set.overrides[i], q->from, q->until, on_any, &s);
    *found = s.found;
    return s.found ? OK : st == OK ? a->st : st;
}

/* ---- the span ---- */

struct spanning {
    struct occur_ctx *x;
    struct occur_span *out;
    int64_t horizon;
    bool any;
};

static bool on_span(void *ctx, const struct instance *i)
{
    struct spanning *s = ctx;
    struct occur_span *out = s->out;
    struct occur o;
    if (!instance_bounds(s->x, i, &o))
        return true;
    bool local = (o.flags & (OCCUR_FLOATING | OCCUR_ALLDAY)) != 0;
    int64_t start = time_add(o.start, local ? -FLOATING_MARGIN : 0);
    int64_t end = time_add(o.end, local ? FLOATING_MARGIN : 0);
    if (o.flags & OCCUR_INFINITE) {
        start = INT64_MIN;
        end = INT64_MAX;
    }
    out->first = s->any && out->first < start ? out->first : start;
    out->last = s->any && out->last > end ? out->last : end;
    out->flags |= o.flags;
    s->any = true;
    if (i->alone) /* the set itself is still to come */
        return true;
    if (o.start > s->horizon)
        out->last = INT64_MAX;
    return !out->endless && o.start <= s->horizon;
}

static enum status any_endless(struct occur_set *set, bool *endless)
{
    struct arena *a = set->x->arena;
    for (const struct line *l = set->first_rule; l; l = ical_prop_next(l, STR("RRULE"))) {
        struct rrule *rule;
        struct str why;
        enum status st = rrule_parse(a, l->value, &rule, &why);
        if (st == OK)
            *endless |= rrule_is_endless(rule);
        else if (a->st != OK)
            return a->st;
    }
    return OK;
}

enum status occur_span(struct arena *a, const struct ical_comp *cal, struct tz_cache *zones, int64_t horizon,
                       struct occur_span *out)
{
    const struct occur_query q = {.from = INT64_MIN, .until = INT64_MAX, .zones = zones};
    struct occur_ctx x;
    struct occur_set set;
    struct spanning s = {&x, out, horizon, false};
    *out = (struct occur_span){0};
    occur_begin(&x, a, cal, &q);
    enum status st = set_read(&x, &set);
    if (st == OK)
        st = any_endless(&set, &out->endless);
    if (st != OK)
        return st;
    out->recurs = set.recurs;
    st = set_walk(&set, INT64_MIN, INT64_MAX, on_span, &s);
    if (st == TOO_MANY || out->endless)
        out->last = INT64_MAX;
    if (set.future_count) /* instances that an override moves may come before those that are met first */
        out->first = time_add(out->first, -set.farthest);
    return st == TOO_MANY ? OK : st == OK ? a->st : st;
}
