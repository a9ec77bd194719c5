/* formats/sif_rule_write.c: an RRULE as Outlook's recurrence pattern.
 *
 * The pattern counts days in local time, the object perhaps in another zone: then weekdays and days move by one where the start does.
 * What a pattern cannot say makes no pattern: one that recurs wrongly is worse than one that does not. */
#include "formats/rrule_int.h"
#include "formats/sif_int.h"

enum {
    DAY = 86400,
    SAFE_DAY = 28,       /* days up to this one are in every month */
    MOST_COUNTED = 5000, /* occurrences that are walked to say when the last one is */
    MOST_YEARS = 1000,
};

/* The one bit of a set; 0: none or several. */
static int single(uint64_t set)
{
    return set && !(set & (set - 1)) ? __builtin_ctzll(set) : 0;
}

/* A position that Instance can say: 1..4, -1. 0: none. */
static int position(uint64_t plus, uint64_t minus)
{
    int n = single(plus);
    if (n >= 1 && n < SIF_LAST && !minus)
        return n;
    return !plus && single(minus) == 1 ? SIF_LAST : 0;
}

static int setpos_of(const struct rrule *r)
{
    for (size_t i = 1; i < RRULE_WORDS; i++)
        if (r->setpos.plus[i] || r->setpos.minus[i])
            return 0;
    return position(r->setpos.plus[0], r->setpos.minus[0]);
}

static int weekdays_of(const struct rrule *r)
{
    int mask = 0;
    for (int i = 0; i < 7; i++)
        if (r->weekday & 1U << i)
            mask |= sif_mask_of(i);
    return mask;
}

/* "2MO": which day and which one; other numbers beside it: false. */
static bool nth_of(const struct rrule *r, struct sif_pattern *p)
{
    for (int i = 0; i < 7; i++) {
        if (!r->nth[i] && !r->nth_last[i])
            continue;
        if (p->mask)
            return false;
        p->mask = sif_mask_of(i);
        p->instance = position(r->nth[i], r->nth_last[i]);
    }
    return p->instance > 0;
}

/* The day of the month, by number or by weekday; `own`: the start's, when the rule has none. */
static bool month_days(const struct rrule *r, int own, struct sif_pattern *p)
{
    bool numbered = r->monthday || r->monthday_last;
    if (r->has_nth)
        return !r->weekday && !numbered && !r->has_setpos && nth_of(r, p);
    if (r->weekday) {
        p->mask = weekdays_of(r);
        p->instance = r->has_setpos ? setpos_of(r) : 0;
        return !numbered && p->instance > 0;
    }
    if (r->has_setpos)
        return false;
    if (r->monthday_last) {
        p->mask = SIF_ALL_DAYS;
        p->instance = SIF_LAST;
        return !r->monthday && single(r->monthday_last) == 1;
    }
    p->day = r->monthday ? single(r->monthday) : own;
    return p->day > 0;
}

static bool daily(const struct rrule *r, const struct caltime *start, struct sif_pattern *p)
{
    (void)start;
    p->type = SIF_DAILY;
    if (r->weekday) { /* each working day */
        p->type = SIF_WEEKLY;
        p->mask = weekdays_of(r);
    }
    return !r->month && !r->monthday && !r->monthday_last && !r->has_setpos &&
           (!r->weekday || r->interval == 1);
}

static bool weekly(const struct rrule *r, const struct caltime *start, struct sif_pattern *p)
{
    p->type = SIF_WEEKLY;
    p->mask = r->weekday ? weekdays_of(r) : sif_mask_of(weekday_of(sif_day(caltime_seconds(start))));
    /* a pattern does not say with which day weeks begin: it matters when the days are on both sides of that one */
    unsigned before = (1U << r->wkst) - 1;
    bool split = r->interval > 1 && (r->weekday & before) && (r->weekday & ~before);
    return !r->month && !r->monthday && !r->monthday_last && !r->has_setpos && !split;
}

static bool monthly(const struct rrule *r, const struct caltime *start, struct sif_pattern *p)
{
    bool said = month_days(r, start->day, p);
    p->type = p->mask ? SIF_MONTHLY_NTH : SIF_MONTHLY;
    return said && !r->month;
}

/* Outlook has every year; every second year it calls every 24th month. */
static bool yearly(const struct rrule *r, const struct caltime *start, struct sif_pattern *p)
{
    bool bare = !r->monthday && !r->monthday_last && !r->weekday && !r->has_nth;
    bool said = month_days(r, start->day, p);
    p->month = r->month ? single(r->month) : start->month;
    p->type = p->mask ? SIF_YEARLY_NTH : SIF_YEARLY;
    if (p->interval > 1) {
        p->type -= SIF_YEARLY - SIF_MONTHLY;
        p->interval *= 12;
        said = said && p->interval <= 12 * MOST_YEARS && p->month == start->month;
    }
    return said && p->month > 0 && (r->month || bare);
}

static bool pattern_of(const struct rrule *r, const struct moment *start, int shift, struct sif_pattern *p)
{
    static bool (*const by_frequency[])(const struct rrule *, const struct caltime *,
                                        struct sif_pattern *) = {
        [RRULE_DAILY] = daily, [RRULE_WEEKLY] = weekly, [RRULE_MONTHLY] = monthly, [RRULE_YEARLY] = yearly};
    struct caltime t = caltime_from_seconds(start->civil);
    *p = (struct sif_pattern){.interval = r->interval};
    if (r->freq < RRULE_DAILY || r->second || r->minute || r->hour || r->week || r->week_last ||
        r->has_yearday)
        return false;
    if (!by_frequency[r->freq](r, &t, p))
        return false;
    if (!shift)
        return true;
    if (p->type == SIF_WEEKLY)
        p->mask = sif_mask_moved(p->mask, shift);
    if (p->day) {
        p->day += shift;
        return p->day >= 1 && p->day <= SAFE_DAY && p->day - shift >= 1 && p->day - shift <= SAFE_DAY;
    }
    return p->type == SIF_WEEKLY || p->type == SIF_DAILY;
}

/* The day of the last start, in the days of the rule; INT64_MAX: none, or not known. */
static int64_t last_day(struct sif_out *out, const struct rrule *r, const struct moment *start)
{
    int64_t clock = start->civil - sif_day(start->civil) * DAY, last = start->civil;
    struct rrule_iter *it;
    if (!r->count) {
        int64_t end = rule_end(r, start);
        return end == INT64_MAX ? end : end < start->civil ? sif_day(start->civil) : sif_day(end - clock);
    }
    struct caltime t = caltime_from_seconds(start->civil);
    if (r->count > MOST_COUNTED || rrule_iter_new(out->arena, r, &t, INT64_MIN, INT64_MAX, &it) != OK)
        return INT64_MAX;
    while (rrule_next(it, &last))
        ;
    return sif_day(last);
}

static void pattern_write(struct sif_out *out, const struct sif_pattern *p)
{
    sif_leaf_number(out, "RecurrenceType", p->type);
    sif_leaf_number(out, "Interval", p->interval);
    sif_leaf_number(out, "MonthOfYear", p->month);
    sif_leaf_number(out, "DayOfMonth", p->day);
    sif_leaf_number(out, "DayOfWeekMask", p->mask);
    sif_leaf_number(out, "Instance", p->instance);
}

static void range_write(struct sif_out *out, const struct rrule *r, const struct moment *start, int shift,
                        bool dates)
{
    int64_t local = sif_local(out, start), clock = local - sif_day(local) * DAY,
            last = last_day(out, r, start);
    dates ? sif_leaf_date(out, "PatternStartDate", sif_day(local))
          : sif_leaf_local(out, "PatternStartDate", local);
    sif_leaf(out, "NoEndDate", rrule_is_endless(r) ? STR("1") : STR("0"));
    if (last == INT64_MAX)
        sif_leaf(out, "PatternEndDate", STR_NONE);
    else if (dates)
        sif_leaf_date(out, "PatternEndDate", last + shift);
    else
        sif_leaf_local(out, "PatternEndDate", (last + shift) * DAY + clock);
    sif_leaf_number(out, "Occurrences", r->count);
}

/* A date that is left out or added, in the way of the start. */
static void exception_write(struct sif_out *out, const char *name, const struct line *l, struct str value,
                            const struct moment *start)
{
    struct moment m;
    struct str rest = value, one; /* of a period its start */
    str_split(&rest, '/', &one);
    if (moment_read(&out->times, l, one, &m) != OK)
        return;
    if (start->is_date) {
        sif_leaf_date(out, name, sif_day(sif_local(out, &m)));
        return;
    }
    if (m.is_date) {
        int64_t civil = m.civil + (start->civil - sif_day(start->civil) * DAY);
        m = *start;
        m.civil = civil;
        m.utc = moment_utc(start, civil);
    }
    sif_leaf_moment(out, name, &m);
}

static void list_write(struct sif_out *out, const char *name, const char *property,
                       const struct moment *start)
{
    for (const struct line *l = out->props; l; l = l->next) {
        struct str rest = l->value, one;
        while (str_caseeq(l->name, str_c(property)) && str_split(&rest, ',', &one))
            exception_write(out, name, l, one, start);
    }
}

/* The instances that have a component of their own. */
static void overrides_write(struct sif_out *out, const struct ical_comp *c, const struct moment *start)
{
    const struct line *uid = ical_prop(c, STR("UID"));
    for (const struct ical_comp *o = c->parent && uid ? c->parent->children : NULL; o; o = o->next) {
        const struct line *rid = ical_prop(o, STR("RECURRENCE-ID")), *same = ical_prop(o, STR("UID"));
        if (o != c && rid && same && str_caseeq(o->name, c->name) && str_eq(same->value, uid->value))
            exception_write(out, "ExcludeDate", rid, rid->value, start);
    }
}

/* The only rule of a master; NULL: there is none, or several. */
static const struct rrule *rule_of(struct sif_out *out, const struct ical_comp *c)
{
    const struct line *l = ical_prop(c, STR("RRULE"));
    struct rrule *r;
    struct str why;
    if (!l || ical_prop_next(l, STR("RRULE")) || ical_prop(c, STR("EXRULE")) ||
        ical_prop(c, STR("RECURRENCE-ID")))
        return NULL;
    return rrule_parse(out->arena, l->value, &r, &why) == OK ? r : NULL;
}

void sif_rule_write(struct sif_out *out, const struct ical_comp *c, const struct moment *start,
                    bool exceptions)
{
    struct sif_pattern p;
    const struct rrule *r = start ? rule_of(out, c) : NULL;
    int shift = r ? (int)(sif_day(sif_local(out, start)) - sif_day(start->civil)) : 0;
    if (!r || !pattern_of(r, start, shift, &p)) {
        sif_leaf(out, "IsRecurring", STR("0"));
        return;
    }
    sif_leaf(out, "IsRecurring", STR("1"));
    pattern_write(out, &p);
    range_write(out, r, start, shift, start->is_date || !exceptions);
    if (!exceptions)
        return;
    buf_add(out->buf, STR("<Exceptions>\n"));
    list_write(out, "ExcludeDate", "EXDATE", start);
    overrides_write(out, c, start);
    list_write(out, "IncludeDate", "RDATE", start);
    buf_add(out->buf, STR("</Exceptions>\n"));
}
