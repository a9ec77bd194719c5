/* dav/filter_cal_match.c: judges calendar objects by a CALDAV:filter (RFC 4791 sections 9.7 and 9.9).
 *
 * Where an object has a master and overrides, a comp-filter matches when one of these components meets all
 * its tests: the time range by one of the instances that are that component's, the properties and the alarms
 * by its own. So an instance that was moved out of the range, or renamed, no longer counts with its old time
 * or name. */
#include "dav/filter_cal.h"

enum { DAY = 86400, SCRATCH = 64 << 20 };

struct judge {
    struct arena *a;
    const struct ical_comp *cal;
    struct occur_query q; /* from, until are set for each range */
    struct buf *scratch;
    enum status st; /* the first fault; then all matches are false */
};

static void judge_fault(struct judge *j, enum status st)
{
    if (j->st == OK)
        j->st = st;
}

static struct occur_query range_query(const struct judge *j, const struct time_range *range)
{
    struct occur_query q = j->q;
    q.from = range->from;
    q.until = range->until;
    return q;
}

/* ---- properties ---- */
static bool param_matches(struct judge *j, const struct cal_param_filter *f, const struct line *prop)
{
    const struct line_param *param = line_param(prop, f->name);
    if (f->absent || !param)
        return f->absent == !param;
    if (!f->text)
        return true;
    for (size_t i = 0; i < param->value_count; i++)
        if (text_match_value(f->text, param->values[i], j->scratch))
            return true;
    return false;
}

static bool overlaps(const struct time_range *r, int64_t start, int64_t end)
{
    if (end <= start) /* an instant */
        return start >= r->from && start < r->until;
    return start < r->until && end > r->from;
}

static int64_t plus(int64_t t, int64_t seconds)
{
    int64_t sum;
    return __builtin_add_overflow(t, seconds, &sum) ? INT64_MAX : sum;
}

/* The end of a period: "start/end" or "start/duration". */
static bool period_end(struct judge *j, struct line *prop, struct str text, int64_t start, int64_t *end)
{
    struct caldur d;
    unsigned flags = 0;
    if (caldur_parse(text, &d) == OK) {
        *end = plus(start, d.days * DAY + d.seconds);
        return true;
    }
    prop->value = text;
    struct occur_query q = j->q;
    return occur_time(j->a, j->cal, prop, &q, end, &flags) == OK;
}

/* One value of a list. A date is the whole day in the query's zone. What is no time matches no range. */
static bool value_overlaps(struct judge *j, const struct line *prop, struct str value,
                           const struct time_range *r)
{
    struct line one = *prop;
    struct str rest = value;
    struct occur_query q = j->q;
    int64_t start, end;
    unsigned flags = 0;
    if (!str_split(&rest, '/', &one.value) || occur_time(j->a, j->cal, &one, &q, &start, &flags) != OK)
        return false;
    end = flags & OCCUR_ALLDAY ? plus(start, DAY) : start;
    if (rest.p && !period_end(j, &one, rest, start, &end))
        return false;
    return overlaps(r, start, end);
}

static bool prop_in_range(struct judge *j, const struct line *prop, const struct time_range *r)
{
    struct str rest = prop->value, value;
    while (str_split(&rest, ',', &value))
        if (value_overlaps(j, prop, value, r))
            return true;
    return false;
}

/* All tests of a prop-filter must hold for one and the same property. */
static bool line_matches(struct judge *j, const struct cal_prop_filter *f, const struct line *prop)
{
    for (const struct cal_param_filter *p = f->params; p; p = p->next)
        if (!param_matches(j, p, prop))
            return false;
    if (f->range)
        return prop_in_range(j, prop, f->range);
    if (!f->text)
        return true;
    struct str value = prop->value;
    if (str_chr(value, '\\', 0) != SIZE_MAX) {
        value = text_unescape(j->a, value);
        if (!value.p) {
            judge_fault(j, j->a->st);
            return false;
        }
    }
    return text_match_value(f->text, value, j->scratch);
}

static bool prop_matches(struct judge *j, const struct cal_prop_filter *f, const struct ical_comp *c)
{
    const struct line *prop = ical_prop(c, f->name);
    if (f->absent)
        return !prop;
    for (; prop; prop = ical_prop_next(prop, f->name))
        if (line_matches(j, f, prop))
            return true;
    return false;
}

/* ---- components ---- */
static bool comp_matches(struct judge *j, const struct cal_comp_filter *f, const struct ical_comp *parent);

static bool tests_hold(struct judge *j, const struct cal_comp_filter *f, const struct ical_comp *c)
{
    for (const struct cal_prop_filter *p = f->props; p; p = p->next)
        if (!prop_matches(j, p, c))
            return false;
    for (const struct cal_comp_filter *child = f->comps; child; child = child->next)
        if (!comp_matches(j, child, c))
            return false;
    return j->st == OK;
}

struct instance_search {
    struct judge *j;
    const struct cal_comp_filter *filter;
};

static bool is_wanted(void *ctx, const struct ical_comp *c)
{
    struct instance_search *s = ctx;
    return str_caseeq(c->name, s->filter->name) && tests_hold(s->j, s->filter, c);
}

/* Components with instances: a series may have no end, so that only those are walked whose component meets the other tests. */
static bool instances_match(struct judge *j, const struct cal_comp_filter *f)
{
    bool found = false;
    struct instance_search s = {j, f};
    struct occur_query q = range_query(j, f->range);
    enum status st = occur_any(j->a, j->cal, &q, is_wanted, &s, &found);
    if (st != OK)
        judge_fault(j, st);
    return found && j->st == OK;
}

/* RFC 7953 section 3.1: without DTSTART or an end, open on that side. */
static bool availability_overlaps(struct judge *j, const struct ical_comp *c, const struct time_range *r)
{
    const struct line *start = ical_prop(c, STR("DTSTART")), *end = ical_prop(c, STR("DTEND"));
    const struct line *duration = ical_prop(c, STR("DURATION"));
    int64_t from = INT64_MIN, until = INT64_MAX;
    struct occur_query q = j->q;
    struct caldur d;
    unsigned flags = 0;
    if (start && occur_time(j->a, j->cal, start, &q, &from, &flags) != OK)
        return false;
    if (end && occur_time(j->a, j->cal, end, &q, &until, &flags) != OK)
        return false;
    if (!end && duration && start && caldur_parse(duration->value, &d) == OK)
        until = plus(from, d.days * DAY + d.seconds);
    return overlaps(r, from, until);
}

static bool range_holds(struct judge *j, const struct cal_comp_filter *f, const struct ical_comp *c)
{
    bool hit = false;
    if (!f->range)
        return true;
    if (str_caseeq(f->name, STR("VAVAILABILITY")))
        return availability_overlaps(j, c, f->range);
    struct occur_query q = range_query(j, f->range);
    enum status st = occur_alarm_overlaps(j->a, j->cal, c, &q, &hit);
    if (st != OK)
        judge_fault(j, st);
    return st == OK && hit;
}

static bool comp_matches(struct judge *j, const struct cal_comp_filter *f, const struct ical_comp *parent)
{
    const struct ical_comp *c = ical_child(parent, f->name);
    if (f->absent || !c)
        return f->absent == !c;
    if (f->range && !parent->parent && !str_caseeq(f->name, STR("VAVAILABILITY")))
        return instances_match(j, f);
    for (; c && j->st == OK; c = ical_child_next(c, f->name))
        if (tests_hold(j, f, c) && range_holds(j, f, c))
            return true;
    return false;
}

enum status cal_filter_match(struct arena *a, const struct cal_filter *f, const struct ical_comp *cal,
                             const struct tz *zone, struct tz_cache *zones, size_t max_instances, bool *match)
{
    SCOPED_BUF(scratch, SCRATCH);
    struct judge j = {a, cal, {INT64_MIN, INT64_MAX, zone, zones, max_instances}, &scratch, OK};
    *match = !f->root.absent && tests_hold(&j, &f->root, cal);
    if (j.st == OK && scratch.st != OK)
        j.st = scratch.st;
    return j.st;
}
