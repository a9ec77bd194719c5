/* formats/ical_check.c: is a parsed object a calendar object resource (RFC 4791 section 4.1), with times and
 * rules that can be understood, inside the bounds? Everything here is refused with the line at fault; what is
 * merely odd and harmless (no PRODID, DTEND beside DURATION, an end before the start) is taken as other
 * servers take it. */
#include "formats/ical.h"
#include "formats/rrule.h"

#include "core/scoped.h"

struct check {
    struct arena *arena;
    const struct ical_limits *limits;
    struct ical_info *info;
    struct ical_problem *problem;
    const struct line *once[8]; /* properties that one component has at most once, by their row in `rows` */
    size_t rules;
};

enum { MOST_RULES = 32 }; /* RRULE and EXRULE lines of one component */

static enum status fail(struct check *c, enum status st, enum ical_fault fault, const struct line *l,
                        const char *what)
{
    c->problem->fault = fault;
    if (l)
        c->problem->text = arena_strf(c->arena, "line %zu: %.*s: %s", l->number, STR_ARG(l->name), what);
    else
        c->problem->text = str_c(what);
    return c->arena->st < 0 ? c->arena->st : st;
}

static enum status check_time(struct check *c, const struct line *l, struct str value)
{
    struct caltime t;
    if (caltime_parse(str_trim(value), &t) != OK)
        return fail(c, INVALID, ICAL_SYNTAX, l, "not a date or time");
    int64_t seconds = caltime_seconds(&t);
    if (seconds < c->limits->min_time)
        return fail(c, INVALID, ICAL_MIN_DATE, l, "too early");
    if (seconds > c->limits->max_time)
        return fail(c, INVALID, ICAL_MAX_DATE, l, "too late");
    return OK;
}

static enum status check_single(struct check *c, const struct line *l)
{
    return check_time(c, l, l->value);
}

/* EXDATE and RDATE: a list; of a period its start, and an end that is a time or a duration. */
static enum status check_list(struct check *c, const struct line *l)
{
    struct str rest = l->value, one;
    while (str_split(&rest, ',', &one)) {
        struct str end = str_trim(one), start;
        if (!end.n)
            continue;
        str_split(&end, '/', &start);
        struct caldur d;
        enum status st = check_time(c, l, start);
        if (st == OK && end.p && caldur_parse(end, &d) != OK)
            st = check_time(c, l, end);
        if (st != OK)
            return st;
    }
    return OK;
}

static enum status check_rule(struct check *c, const struct line *l)
{
    struct rrule *rule;
    struct str why;
    if (++c->rules > MOST_RULES)
        return fail(c, TOO_MANY, ICAL_INSTANCES, l, "too many rules");
    enum status st = rrule_parse(c->arena, l->value, &rule, &why);
    if (st != INVALID)
        return st;
    c->problem->fault = ICAL_SYNTAX;
    c->problem->text =
        arena_strf(c->arena, "line %zu: %.*s: %.*s", l->number, STR_ARG(l->name), STR_ARG(why));
    return INVALID;
}

static enum status check_duration(struct check *c, const struct line *l)
{
    struct caldur d;
    return caldur_parse(str_trim(l->value), &d) == OK ? OK
                                                      : fail(c, INVALID, ICAL_SYNTAX, l, "not a duration");
}

static enum status check_uid(struct check *c, const struct line *l)
{
    if (!str_trim(l->value).n)
        return fail(c, INVALID, ICAL_OBJECT, l, "empty");
    if (c->info->uid.p && !str_eq(c->info->uid, l->value))
        return fail(c, INVALID, ICAL_OBJECT, l, "another UID in one object");
    c->info->uid = l->value;
    return OK;
}

static enum status check_class(struct check *c, const struct line *l)
{
    struct str v = str_trim(l->value);
    enum ical_class class = str_caseeq(v, STR("PUBLIC")) ? ICAL_PUBLIC
                            : str_caseeq(v, STR("CONFIDENTIAL"))
                                ? ICAL_CONFIDENTIAL
                                : ICAL_PRIVATE; /* RFC 5545: unknown is private */
    if (class > c->info->class)
        c->info->class = class;
    return OK;
}

static enum status check_attendee(struct check *c, const struct line *l)
{
    (void)c;
    (void)l;
    return OK;
}

enum { ROW_UID, ROW_DTSTART, ROW_RID, ROW_DTEND, ROW_DUE, ROW_DURATION, ROW_CLASS, ROW_ONCE };

static const struct row {
    struct str name;
    int once; /* index into check.once, or ROW_ONCE: any number of times */
    bool recurs;
    enum status (*check)(struct check *c, const struct line *l);
} rows[] = {
    {STR_INIT("UID"), ROW_UID, false, check_uid},
    {STR_INIT("DTSTART"), ROW_DTSTART, false, check_single},
    {STR_INIT("RECURRENCE-ID"), ROW_RID, false, check_single},
    {STR_INIT("DTEND"), ROW_DTEND, false, check_single},
    {STR_INIT("DUE"), ROW_DUE, false, check_single},
    {STR_INIT("DURATION"), ROW_DURATION, false, check_duration},
    {STR_INIT("CLASS"), ROW_CLASS, false, check_class},
    {STR_INIT("EXDATE"), ROW_ONCE, false, check_list},
    {STR_INIT("RDATE"), ROW_ONCE, true, check_list},
    {STR_INIT("RRULE"), ROW_ONCE, true, check_rule},
    {STR_INIT("EXRULE"), ROW_ONCE, false, check_rule},
    {STR_INIT("ATTENDEE"), ROW_ONCE, false, check_attendee},
};

static const struct row *row_of(struct str name)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (str_caseeq(rows[i].name, name))
            return &rows[i];
    return NULL;
}

static enum status check_props(struct check *c, const struct ical_comp *comp)
{
    size_t attendees = 0;
    for (const struct line *l = comp->props; l; l = l->next) {
        const struct row *row = row_of(l->name);
        if (!row)
            continue;
        if (row->once != ROW_ONCE) {
            if (c->once[row->once])
                return fail(c, INVALID, ICAL_SYNTAX, l, "twice in one component");
            c->once[row->once] = l;
        }
        if (row->check == check_attendee && ++attendees > c->limits->attendees)
            return fail(c, TOO_MANY, ICAL_ATTENDEES, l, "too many attendees");
        c->info->recurs |= row->recurs;
        enum status st = row->check(c, l);
        if (st != OK)
            return st;
    }
    return OK;
}

static enum status check_component(struct check *c, const struct ical_comp *comp, enum ical_kind kind)
{
    if (c->info->kind && c->info->kind != kind)
        return fail(c, INVALID, ICAL_OBJECT, NULL, "components of more than one type in one object");
    c->info->kind = kind;
    if (c->info->components++ > c->limits->overrides)
        return fail(c, TOO_MANY, ICAL_INSTANCES, NULL, "too many overridden instances");
    memset(c->once, 0, sizeof c->once);
    c->rules = 0;
    enum status st = check_props(c, comp);
    if (st != OK)
        return st;
    if (!c->once[ROW_UID])
        return fail(c, INVALID, ICAL_OBJECT, NULL, "a component without UID");
    if (kind == ICAL_VEVENT && !c->once[ROW_DTSTART])
        return fail(c, INVALID, ICAL_SYNTAX, NULL, "a VEVENT without DTSTART");
    c->info->alarms |= ical_child(comp, STR("VALARM")) != NULL;
    return OK;
}

struct rid {
    struct str value, tzid;
};

static int compare_rids(const void *a, const void *b)
{
    const struct rid *x = a, *y = b;
    int order = str_cmp(x->value, y->value);
    return order ? order : str_cmp(x->tzid, y->tzid);
}

/* At most one component without RECURRENCE-ID, and no two with the same. */
static enum status check_set(struct check *c, const struct ical_comp *cal)
{
    if (c->info->components < 2)
        return OK;
    struct rid *rids = ARENA_ARRAY(c->arena, struct rid, c->info->components);
    if (!rids)
        return c->arena->st;
    size_t n = 0;
    for (const struct ical_comp *comp = cal->children; comp; comp = comp->next) {
        if (!ical_kind_of(comp->name))
            continue;
        const struct line *l = ical_prop(comp, STR("RECURRENCE-ID"));
        rids[n++] = l ? (struct rid){str_trim(l->value), line_param1(l, STR("TZID"))}
                      : (struct rid){STR(""), STR("")};
    }
    qsort(rids, n, sizeof *rids, compare_rids);
    for (size_t i = 1; i < n; i++)
        if (compare_rids(&rids[i - 1], &rids[i]) == 0)
            return fail(c, INVALID, ICAL_OBJECT, NULL,
                        rids[i].value.n ? "two components with one RECURRENCE-ID"
                                        : "two components without RECURRENCE-ID");
    return OK;
}

static enum status check_calendar(struct check *c, const struct ical_comp *cal)
{
    const struct line *method = ical_prop(cal, STR("METHOD")), *version = ical_prop(cal, STR("VERSION"));
    const struct line *scale = ical_prop(cal, STR("CALSCALE"));
    if (method)
        return fail(c, INVALID, ICAL_OBJECT, method, "not allowed in a stored object");
    if (version && str_find(version->value, STR("2.0"), 0) == SIZE_MAX)
        return fail(c, INVALID, ICAL_SYNTAX, version, "not iCalendar 2.0");
    if (scale && !str_caseeq(str_trim(scale->value), STR("GREGORIAN")))
        return fail(c, INVALID, ICAL_SYNTAX, scale, "not GREGORIAN");
    return OK;
}

enum status ical_check(struct arena *a, const struct ical_comp *cal, const struct ical_limits *limits,
                       struct ical_info *info, struct ical_problem *problem)
{
    struct check c = {.arena = a, .limits = limits, .info = info, .problem = problem};
    *info = (struct ical_info){0};
    *problem = (struct ical_problem){ICAL_OK, STR_NONE};
    enum status st = check_calendar(&c, cal);
    const struct ical_comp *unknown = NULL;
    for (const struct ical_comp *comp = cal->children; st == OK && comp; comp = comp->next) {
        enum ical_kind kind = ical_kind_of(comp->name);
        if (kind)
            st = check_component(&c, comp, kind);
        else if (!str_caseeq(comp->name, STR("VTIMEZONE")))
            unknown = comp;
    }
    if (st != OK)
        return st;
    if (!info->kind && unknown)
        return fail(&c, UNSUPPORTED, ICAL_COMPONENT, NULL, "a component of an unknown type");
    if (!info->kind)
        return fail(&c, INVALID, ICAL_OBJECT, NULL, "no component in the object");
    return check_set(&c, cal);
}
