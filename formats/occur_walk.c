/* formats/occur_walk.c: walks a recurrence set in the order of its local times: DTSTART, the rules and the RDATEs are
 * merged; EXDATEs and overridden instances left out; what comes behind an override for THISANDFUTURE is moved by it. */
#include "formats/occur_int.h"

enum {
    MOST_RULES = 32,
    MOST_STEPS =
        1000000, /* occurrences of rules that one walk may look at; those with COUNT begin at their start */
    MARGIN = 2 * OCCUR_DAY, /* zones, and days that daylight saving makes longer */
};

struct candidate {
    int64_t civil, utc;
    const struct extra *extra; /* the RDATE that it comes from */
};

struct walk {
    struct occur_set *set;
    instance_fn fn;
    void *ctx;
    int64_t low, high;       /* civil times of the set that matter */
    const struct part *only; /* the component whose instances are wanted; NULL: all */
    struct rrule_iter *rules[MOST_RULES];
    int64_t next[MOST_RULES];
    size_t rule_count, steps, extra;
    bool started; /* DTSTART has come */
};

int64_t rule_end(const struct rrule *r, const struct moment *m)
{
    struct caltime until;
    if (!rrule_until(r, &until))
        return INT64_MAX;
    int64_t civil = caltime_seconds(&until);
    if (until.is_date)
        return civil + OCCUR_DAY - 1;
    return until.is_utc && !m->floating ? tz_to_local(m->zone, civil) : civil;
}

/* ---- the sources ---- */

/* The next occurrence of a rule that matters; a rule that has ended is taken off the list. */
static bool advance(struct walk *w, size_t i)
{
    for (;;) {
        if (w->steps++ >= MOST_STEPS)
            return false;
        if (!rrule_next(w->rules[i], &w->next[i])) {
            w->rule_count--;
            w->rules[i] = w->rules[w->rule_count];
            w->next[i] = w->next[w->rule_count];
            return true;
        }
        if (w->next[i] >= w->low)
            return true;
    }
}

static enum status open_rule(struct walk *w, const struct line *l)
{
    struct arena *a = w->set->x->arena;
    const struct moment *start = &w->set->master->start;
    struct rrule *rule;
    struct str why;
    enum status st = rrule_parse(a, l->value, &rule, &why);
    if (st != OK)
        return st < 0 ? st : a->st; /* a rule that says nothing adds nothing */
    int64_t end = rule_end(rule, start);
    struct caltime at = caltime_from_seconds(start->civil);
    at.is_date = start->is_date;
    size_t i = w->rule_count;
    st = rrule_iter_new(a, rule, &at, w->low, end < w->high ? end : w->high, &w->rules[i]);
    if (st != OK)
        return st;
    w->rule_count++;
    return advance(w, i) ? OK : TOO_MANY;
}

static enum status open_rules(struct walk *w)
{
    const struct line *l = w->set->first_rule;
    enum status st = OK;
    for (; l && st == OK && w->rule_count < MOST_RULES; l = ical_prop_next(l, STR("RRULE")))
        st = open_rule(w, l);
    while (!w->only && w->extra < w->set->extra_count && w->set->extras[w->extra].civil < w->low)
        w->extra++; /* of one component all of them are looked at: they may be longer than it is */
    w->started = w->set->master->start.civil < w->low;
    return st;
}

/* The earliest of what the sources offer, which they keep. An RDATE comes before its equals, since it may be a period. */
static bool earliest(const struct walk *w, struct candidate *out)
{
    const struct moment *start = &w->set->master->start;
    bool found = false;
    if (w->extra < w->set->extra_count) {
        const struct extra *e = &w->set->extras[w->extra];
        *out = (struct candidate){e->civil, e->utc, e};
        found = true;
    }
    if (!w->started && (!found || start->civil < out->civil)) {
        *out = (struct candidate){start->civil, start->utc, NULL};
        found = true;
    }
    for (size_t i = 0; i < w->rule_count; i++) {
        if (found && w->next[i] >= out->civil)
            continue;
        *out = (struct candidate){w->next[i], moment_utc(start, w->next[i]), NULL};
        found = true;
    }
    return found && out->civil <= w->high;
}

/* Takes it from every source that has it. */
static bool consume(struct walk *w, const struct candidate *c)
{
    if (c->extra) {
        w->extra++;
        if (c->utc != moment_utc(&w->set->master->start, c->civil))
            return true; /* the second of two equal local times: the rules mean the first */
    }
    if (w->set->master->start.civil == c->civil)
        w->started = true;
    for (size_t i = w->rule_count; i-- > 0;)
        if (w->next[i] == c->civil && !advance(w, i))
            return false;
    return true;
}

/* ---- what is left out, and what is moved ---- */

static int compare_times(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static bool has_time(const int64_t *list, size_t n, int64_t t)
{
    return n && bsearch(&t, list, n, sizeof *list, compare_times);
}

/* How many parts have a RECURRENCE-ID at or before `utc`. */
static size_t parts_until(struct part *const *list, size_t n, int64_t utc)
{
    size_t low = 0;
    while (low < n) {
        size_t middle = (low + n) / 2;
        if (list[middle]->rid.utc <= utc)
            low = middle + 1;
        else
            n = middle;
    }
    return low;
}

static int64_t day_of(int64_t civil)
{
    return civil - ((civil % OCCUR_DAY) + OCCUR_DAY) % OCCUR_DAY;
}

static bool overridden(const struct occur_set *s, const struct candidate *c)
{
    size_t n = parts_until(s->overrides, s->override_count, c->utc);
    if (n && s->overrides[n - 1]->rid.utc == c->utc)
        return true;
    if (!n || s->master->start.is_date)
        return false;
    int64_t midnight = moment_utc(&s->master->start, day_of(c->civil)); /* a RECURRENCE-ID that is a date */
    n = parts_until(s->overrides, s->override_count, midnight);
    return n && s->overrides[n - 1]->rid.utc == midnight && s->overrides[n - 1]->rid.is_date;
}

static bool left_out(const struct occur_set *s, const struct candidate *c)
{
    return has_time(s->ex_utc, s->ex_utc_count, c->utc) ||
           has_time(s->ex_day, s->ex_day_count, day_of(c->civil)) || (s->override_count && overridden(s, c));
}

static void move(const struct part *master, const struct part *p, struct instance *i)
{
    int64_t civil = i->civil + p->shift;
    i->part = p;
    if (p->start.floating) {
        i->civil = p->start.is_date ? day_of(civil) : civil;
        i->start = moment_utc(&p->start, i->civil);
    } else {
        i->start = moment_utc(&master->start, civil);
        i->civil = tz_to_local(p->start.zone, i->start);
    }
}

static bool emit(struct walk *w, const struct candidate *c)
{
    struct occur_set *s = w->set;
    if (left_out(s, c))
        return true;
    struct instance i = {.part = s->master,
                         .civil = c->civil,
                         .start = c->utc,
                         .rid_civil = c->civil,
                         .rid_utc = c->utc,
                         .rid_like = s->recurs ? &s->master->start : NULL};
    size_t n = parts_until(s->futures, s->future_count, c->utc);
    if (n)
        move(s->master, s->futures[n - 1], &i);
    if (w->only && i.part != w->only)
        return true;
    i.period = c->extra && c->extra->has_end;
    i.end = i.period ? i.start + (c->extra->end - c->utc) : part_end(i.part, i.civil, i.start);
    return w->fn(w->ctx, &i);
}

static bool emit_alone(struct walk *w, const struct part *p)
{
    struct instance i = {.part = p,
                         .civil = p->start.civil,
                         .start = p->start.utc,
                         .rid_civil = p->rid.civil,
                         .rid_utc = p->rid.utc,
                         .rid_like = p->has_rid ? &p->rid : NULL,
                         .alone = p != w->set->master};
    i.end = p->has_start ? part_end(p, i.civil, i.start) : 0;
    return w->fn(w->ctx, &i);
}

/* ---- the walk ---- */

static enum status walk_master(struct walk *w)
{
    int64_t last = INT64_MIN;
    enum status st = open_rules(w);
    struct candidate c;
    while (st == OK && earliest(w, &c)) {
        if (!consume(w, &c))
            st = TOO_MANY;
        /* two local times can be one instant where clocks go forward */
        if (c.utc != last && !emit(w, &c))
            return OK;
        last = c.utc;
    }
    return st;
}

enum status set_walk(struct occur_set *set, int64_t from, int64_t until, instance_fn fn, void *ctx)
{
    struct walk w = {.set = set, .fn = fn, .ctx = ctx, .low = INT64_MIN, .high = INT64_MAX};
    for (size_t i = 0; i < set->override_count; i++)
        if (!emit_alone(&w, set->overrides[i]))
            return OK;
    const struct part *m = set->master;
    if (!m)
        return OK;
    if (!m->has_start) {
        emit_alone(&w, m);
        return OK;
    }
    int64_t reach = time_add(set->farthest, MARGIN);
    if (from != INT64_MIN)
        w.low = time_add(tz_to_local(m->start.zone, from), -time_add(reach, set->longest));
    if (until != INT64_MAX)
        w.high = time_add(tz_to_local(m->start.zone, until), reach);
    return walk_master(&w);
}

/* ---- the instances of one component ---- */

/* Where in the set they are: an override for THISANDFUTURE takes over from its RECURRENCE-ID on, up to the next one. */
static void narrow(struct walk *w, const struct part *part)
{
    const struct occur_set *s = w->set;
    const struct tz *zone = s->master->start.zone;
    size_t next = 0;
    if (part != s->master)
        next = parts_until(s->futures, s->future_count, part->rid.utc);
    int64_t first = part == s->master ? INT64_MIN : time_add(tz_to_local(zone, part->rid.utc), -MARGIN);
    int64_t last =
        next < s->future_count ? time_add(tz_to_local(zone, s->futures[next]->rid.utc), MARGIN) : INT64_MAX;
    w->low = first > w->low ? first : w->low;
    w->high = last < w->high ? last : w->high;
}

/* Of two overrides from one RECURRENCE-ID on, the last counts. */
static bool takes_over(const struct occur_set *s, const struct part *part)
{
    size_t n = parts_until(s->futures, s->future_count, part->rid.utc);
    return n && s->futures[n - 1] == part;
}

enum status set_walk_part(struct occur_set *set, const struct part *part, int64_t from, int64_t until,
                          instance_fn fn, void *ctx)
{
    struct walk w = {.set = set, .fn = fn, .ctx = ctx, .low = INT64_MIN, .high = INT64_MAX, .only = part};
    const struct part *m = set->master;
    if (part != m || !m->has_start) {
        if (!emit_alone(&w, part))
            return OK;
    }
    if (!m || !m->has_start || (part != m && !takes_over(set, part)))
        return OK;
    if (from != INT64_MIN)
        w.low = time_add(tz_to_local(m->start.zone, from), -part->shift - MARGIN - part_length(part));
    if (until != INT64_MAX)
        w.high = time_add(tz_to_local(m->start.zone, until), MARGIN - part->shift);
    narrow(&w, part);
    return walk_master(&w);
}
