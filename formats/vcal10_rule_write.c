/* formats/vcal10_rule_write.c: an RRULE as a recurrence rule of vCalendar 1.0, exactly or not at all.
 *
 * 1.0 has no BYMONTH beside days, so the months that a rule allows must come at a constant distance from the start's month ("MP6 1+ SU"),
 * no week numbers, no days counted from the year's end, and of BYSETPOS only what is a numbered weekday in disguise. */
#include "formats/occur_int.h"
#include "formats/rrule_int.h"
#include "formats/vcal10_int.h"

enum {
    MOST_STEPS = 20000,
    MOST_TIMES = 24,
    ALL_MONTHS = 0x1FFE,
    ALL_DAYS = 0x7F,
    YEAR = 366 * 86400,
    SAFE_DAY = 28
};

static const char *const weekdays[7] = {"MO", "TU", "WE", "TH", "FR", "SA", "SU"};

struct writing {
    struct arena *arena;
    struct rrule rule; /* a copy, normalized */
    const struct rrule *whole;
    const struct caltime *start;
    const struct tz *zone;
    int weekday; /* of the start */
    struct buf *out;
    bool several; /* an interval holds more than one occurrence, or may hold none: counts are ambiguous */
    struct str *why;
};

static enum status no(struct writing *w, const char *what)
{
    *w->why = arena_strf(w->arena, "vCalendar 1.0 has no %s", what);
    return w->arena->st < 0 ? w->arena->st : UNSUPPORTED;
}

static unsigned count_bits(uint64_t set)
{
    return (unsigned)__builtin_popcountll(set);
}

/* ---- what stands in the way, and what is something else in disguise ---- */

static bool has_yearday_last(const struct rrule *r)
{
    for (size_t i = 0; i < RRULE_WORDS; i++)
        if (r->yearday.minus[i])
            return true;
    return false;
}

/* BYDAY=MO;BYSETPOS=2 in months is 2MO. */
static enum status resolve_setpos(struct writing *w)
{
    struct rrule *r = &w->rule;
    bool months = r->freq == RRULE_MONTHLY || (r->freq == RRULE_YEARLY && count_bits(r->month) == 1);
    if (!r->has_setpos)
        return OK;
    for (size_t i = 0; i < RRULE_WORDS; i++)
        if ((i ? r->setpos.plus[i] | r->setpos.minus[i] : (r->setpos.plus[0] | r->setpos.minus[0]) >> 6) != 0)
            return no(w, "position past the fifth");
    if (!months || count_bits(r->weekday) != 1 || r->has_nth || r->monthday || r->monthday_last ||
        r->has_yearday || r->hour || r->minute || r->second)
        return no(w, "BYSETPOS of several days");
    int day = __builtin_ctz(r->weekday);
    r->nth[day] = r->setpos.plus[0];
    r->nth_last[day] = r->setpos.minus[0];
    r->has_nth = true;
    r->weekday = 0;
    r->has_setpos = false;
    return OK;
}

/* Hours and minutes that are only the start's say nothing. */
static enum status resolve_times(struct writing *w)
{
    struct rrule *r = &w->rule;
    const struct caltime *s = w->start;
    if (r->second && r->second != UINT64_C(1) << s->second)
        return no(w, "BYSECOND");
    r->second = 0;
    if (r->freq < RRULE_HOURLY && r->minute) /* they would be limits */
        return no(w, "BYMINUTE in such a rule");
    if (r->freq < RRULE_DAILY && r->hour)
        return no(w, "BYHOUR in such a rule");
    if ((!r->hour || r->hour == UINT32_C(1) << s->hour) &&
        (!r->minute || r->minute == UINT64_C(1) << s->minute))
        r->hour = 0, r->minute = 0;
    if (!r->hour && !r->minute)
        return OK;
    if ((r->freq != RRULE_DAILY && r->freq != RRULE_WEEKLY) || s->is_date || s->second)
        return no(w, "times of day in such a rule");
    r->hour = r->hour ? r->hour : UINT32_C(1) << s->hour;
    r->minute = r->minute ? r->minute : UINT64_C(1) << s->minute;
    return count_bits(r->hour) * count_bits(r->minute) <= MOST_TIMES ? OK : no(w, "so many times of day");
}

static bool has_month_days(const struct rrule *r)
{
    return r->monthday || r->monthday_last;
}

static bool has_date_parts(const struct rrule *r)
{
    return r->month || r->week || r->week_last || has_month_days(r) || r->has_yearday || r->has_nth;
}

/* ---- pieces ---- */

static void put_times(struct writing *w)
{
    for (unsigned hour = 0; hour < 24; hour++)
        for (unsigned minute = 0; minute < 60; minute++)
            if (w->rule.hour >> hour & 1 && w->rule.minute >> minute & 1)
                buf_addf(w->out, " %02u%02u", hour, minute);
    w->several = w->several || w->rule.hour;
}

static void put_weekdays(struct writing *w, unsigned set)
{
    for (int i = 0; i < 7; i++)
        if (set >> i & 1U) {
            buf_addf(w->out, " %s", weekdays[i]);
            put_times(w);
        }
    w->several = w->several || count_bits(set) > 1;
}

static void put_bits(struct writing *w, uint64_t plus, uint64_t minus)
{
    for (int n = 1; n < 64; n++)
        if (plus >> n & 1)
            buf_addf(w->out, " %d", n);
    for (int n = 63; n > 0; n--)
        if (minus >> n & 1)
            buf_addf(w->out, " %d-", n);
    w->several = w->several || count_bits(plus) + count_bits(minus) > 1;
}

/* "MP1 1+ MO TU 1- FR" */
static enum status put_positions(struct writing *w, int64_t interval)
{
    const struct rrule *r = &w->rule;
    size_t count = 0;
    buf_addf(w->out, "MP%d", (int)interval);
    for (int n = -5; n <= 5; n++) {
        bool said = false;
        for (int i = 0; i < 7; i++) {
            if (n == 0 || !((n < 0 ? r->nth_last[i] : r->nth[i]) >> (n < 0 ? -n : n) & 1))
                continue;
            if (!said)
                buf_addf(w->out, " %d%c", n < 0 ? -n : n, n < 0 ? '-' : '+');
            said = true;
            buf_addf(w->out, " %s", weekdays[i]);
            count++;
        }
        w->several = w->several || (said && (n == 5 || n == -5));
    }
    w->several = w->several || count > 1;
    return OK;
}

static bool past_fifth(const struct rrule *r)
{
    for (int i = 0; i < 7; i++)
        if ((r->nth[i] | r->nth_last[i]) >> 6)
            return true;
    return false;
}

/* Every k months from the start's on: which k gives just these months of every year? 0: none does. */
static int64_t month_step(const struct writing *w, unsigned months)
{
    static const int steps[] = {1, 2, 3, 4, 6, 12};
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        unsigned set = 0;
        for (int m = 0; m < 12; m += steps[i])
            set |= 1U << ((w->start->month - 1 + m) % 12 + 1);
        if (set == months)
            return steps[i];
    }
    return 0;
}

/* ---- by frequency ---- */

static enum status minutes(struct writing *w, int64_t each)
{
    const struct rrule *r = &w->rule;
    if (has_date_parts(r) || r->weekday || r->hour || r->minute || w->start->is_date ||
        r->interval > 9999 / each)
        return no(w, "such rule of minutes");
    buf_addf(w->out, "M%d", (int)(r->interval * each));
    return OK;
}

static enum status weekly(struct writing *w, unsigned set)
{
    const struct rrule *r = &w->rule;
    int64_t start = days_from_civil(w->start->year, w->start->month, w->start->day);
    if (r->month || r->week || r->week_last || has_month_days(r) || r->has_yearday || r->has_nth)
        return no(w, "such rule of weeks");
    set = set ? set : 1U << w->weekday;
    /* weeks begin on Monday in what we read back: does it matter here? */
    int64_t monday = start - w->weekday, own = start - (w->weekday - r->wkst + 7) % 7;
    for (int i = 0; i < 7 && r->interval > 1; i++)
        if (set >> i & 1U && monday + i != own + (i - r->wkst + 7) % 7)
            return no(w, "week that begins on another day than Monday");
    buf_addf(w->out, "W%d", (int)r->interval);
    put_weekdays(w, set);
    return OK;
}

static enum status daily(struct writing *w)
{
    const struct rrule *r = &w->rule;
    if (has_date_parts(r))
        return no(w, "such rule of days");
    if (r->weekday && r->interval == 1)
        return weekly(w, r->weekday);
    if (r->weekday)
        return no(w, "weekdays in a rule of days");
    buf_addf(w->out, "D%d", (int)r->interval);
    put_times(w);
    return OK;
}

/* Days of months, each `step` months from the start's. */
static enum status month_days(struct writing *w, int64_t step)
{
    struct rrule *r = &w->rule;
    if (!step)
        return no(w, "months at such distances");
    if (r->weekday && (r->has_nth || has_month_days(r)))
        return no(w, "weekdays beside other days of a month");
    if (r->has_nth && has_month_days(r))
        return no(w, "numbered weekdays beside other days of a month");
    if (r->weekday) { /* every Sunday of the month is the first, the second … the fifth */
        for (int i = 0; i < 7; i++)
            r->nth[i] = r->weekday >> i & 1U ? 0x3E : 0;
        r->has_nth = true;
    }
    if (r->has_nth)
        return past_fifth(r) ? no(w, "sixth weekday of a month") : put_positions(w, step);
    uint64_t days = has_month_days(r) ? r->monthday : UINT64_C(1) << w->start->day;
    buf_addf(w->out, "MD%d", (int)step);
    put_bits(w, days, r->monthday_last);
    w->several = w->several || (days | r->monthday_last) >> (SAFE_DAY + 1);
    return OK;
}

static enum status monthly(struct writing *w)
{
    const struct rrule *r = &w->rule;
    if (r->week || r->week_last || r->has_yearday)
        return no(w, "such rule of months");
    if (r->month && r->interval > 1)
        return no(w, "months of a year in a rule of months");
    return month_days(w, r->month ? month_step(w, r->month) : r->interval);
}

static enum status year_days(struct writing *w)
{
    const struct rrule *r = &w->rule;
    unsigned count = 0;
    if (r->month || has_month_days(r) || r->has_nth || r->weekday || has_yearday_last(r))
        return no(w, "such days of a year");
    buf_addf(w->out, "YD%d", (int)r->interval);
    for (int n = 1; n <= 366; n++)
        if (r->yearday.plus[n / 64] >> n % 64 & 1) {
            buf_addf(w->out, " %d", n);
            count++;
        }
    w->several = w->several || count > 1 || r->yearday.plus[366 / 64] >> 366 % 64 & 1;
    return OK;
}

static enum status yearly(struct writing *w)
{
    struct rrule *r = &w->rule;
    bool same_day =
        r->monthday == UINT64_C(1) << w->start->day && !r->monthday_last && !r->has_nth && !r->weekday;
    unsigned months = r->month;
    if (r->week || r->week_last)
        return no(w, "week numbers");
    if (r->has_yearday)
        return year_days(w);
    if (same_day) {
        months = months ? months : ALL_MONTHS;
        r->monthday = 0;
    }
    if (!has_month_days(r) && !r->has_nth && !r->weekday) {
        months = months ? months : 1U << w->start->month;
        buf_addf(w->out, "YM%d", (int)r->interval);
        put_bits(w, months, 0);
        w->several = w->several || w->start->day > SAFE_DAY;
        return OK;
    }
    if (!months && r->has_nth)
        return no(w, "numbered weekday of a year");
    if (!months && r->weekday && !has_month_days(r))
        return r->interval == 1 ? weekly(w, r->weekday) : no(w, "weekdays of some years");
    months = months ? months : ALL_MONTHS;
    if (r->interval == 1)
        return month_days(w, month_step(w, months));
    if (months != 1U << w->start->month || r->interval > 9999 / 12)
        return no(w, "months at such distances");
    return month_days(w, r->interval * 12);
}

static enum status by_frequency(struct writing *w)
{
    switch (w->rule.freq) {
    case RRULE_MINUTELY:
        return minutes(w, 1);
    case RRULE_HOURLY:
        return minutes(w, 60);
    case RRULE_DAILY:
        return daily(w);
    case RRULE_WEEKLY:
        return weekly(w, w->rule.weekday);
    case RRULE_MONTHLY:
        return monthly(w);
    case RRULE_YEARLY:
        return yearly(w);
    case RRULE_SECONDLY:
        break;
    }
    return no(w, "seconds");
}

/* ---- the end ---- */

/* The last occurrence at or before `until`, looked for from `from` on; false when there is none. TOO_MANY: too far away. */
static enum status last_of(struct writing *w, int64_t from, int64_t until, int64_t *last, bool *found)
{
    struct rrule_iter *it;
    enum status st = rrule_iter_new(w->arena, w->whole, w->start, from, until, &it);
    int64_t at;
    *found = false;
    if (st != OK)
        return st;
    for (size_t steps = 0; rrule_next(it, &at); steps++) {
        if (steps == MOST_STEPS)
            return TOO_MANY;
        *last = at;
        *found = true;
    }
    return OK;
}

/* The time of the last occurrence, the start's when no other comes. */
static enum status find_last(struct writing *w, int64_t until, int64_t *last)
{
    static const int64_t windows[] = {YEAR, 12LL * YEAR};
    enum status st = OK;
    bool found = false;
    *last = caltime_seconds(w->start);
    for (size_t i = 0; until != INT64_MAX && i < COUNT_OF(windows) && !found; i++)
        if (until - windows[i] > *last) {
            st = last_of(w, until - windows[i], until, last, &found);
            if (st != OK)
                return st == TOO_MANY ? no(w, "end of so many occurrences") : st;
        }
    if (!found)
        st = last_of(w, INT64_MIN, until, last, &found);
    return st == TOO_MANY ? no(w, "end of so many occurrences") : st;
}

/* Does the rule give the start itself? */
static bool gives_start(struct writing *w)
{
    struct rrule_iter *it;
    int64_t at, start = caltime_seconds(w->start);
    return rrule_iter_new(w->arena, w->whole, w->start, INT64_MIN, start, &it) == OK && rrule_next(it, &at) &&
           at == start;
}

static enum status put_end(struct writing *w, struct vcal10_rule *out)
{
    const struct rrule *r = w->whole;
    struct moment start = {.civil = caltime_seconds(w->start),
                           .zone = w->zone ? w->zone : tz_utc(),
                           .is_date = w->start->is_date,
                           .floating = !w->zone && !w->start->is_utc};
    int64_t last;
    if (rrule_is_endless(r)) {
        buf_add(w->out, STR(" #0"));
        return OK;
    }
    if (r->count && !w->several && gives_start(w)) {
        buf_addf(w->out, " #%d", (int)r->count);
        return OK;
    }
    enum status st = find_last(w, rule_end(r, &start), &last);
    if (st != OK)
        return st;
    /* an end at midnight is read as that whole day, which matters when a day has several */
    bool day_has_several = w->rule.hour || w->rule.freq <= RRULE_HOURLY;
    out->has_end = true;
    out->end = caltime_from_seconds(last + day_has_several);
    return OK;
}

/* The weekdays of the rule `days` later. */
static void rotate(struct rrule *r, int days)
{
    unsigned set = 0;
    for (int i = 0; i < 7; i++)
        if (r->weekday >> i & 1U)
            set |= 1U << ((i + days) % 7 + 7) % 7;
    r->weekday = set;
    r->wkst = ((r->wkst + days) % 7 + 7) % 7;
}

enum status vcal10_rule_write_shifted(struct arena *a, struct str rrule, const struct caltime *start,
                                      const struct tz *zone, int days, bool moved, struct vcal10_rule *out,
                                      struct str *why)
{
    struct rrule *parsed;
    SCOPED_BUF(text, 4096);
    struct writing w = {.arena = a, .start = start, .zone = zone, .out = &text, .why = why};
    struct caltime shifted;
    *out = (struct vcal10_rule){.has_end = false};
    enum status st = rrule_parse(a, rrule, &parsed, why);
    if (st != OK)
        return st;
    w.rule = *parsed;
    w.whole = parsed;
    if (days) { /* said on another day than it is meant: daily and weekly rules go with it */
        bool moves = (parsed->freq == RRULE_DAILY || parsed->freq == RRULE_WEEKLY) &&
                     !has_date_parts(parsed) && !parsed->has_setpos;
        if (!moves || parsed->hour || parsed->minute)
            return no(&w, "rule that is said in another zone");
        rotate(&w.rule, days);
        shifted = caltime_from_seconds(caltime_seconds(start) + days * INT64_C(86400));
        shifted.is_date = start->is_date;
        w.start = &shifted;
    }
    w.weekday = weekday_of(days_from_civil(w.start->year, w.start->month, w.start->day));
    if (w.rule.interval > 9999)
        return no(&w, "interval of more than four digits");
    st = resolve_times(&w);
    if (st == OK && moved && w.rule.hour)
        st = no(&w, "times of day that are said in another zone");
    if (st == OK)
        st = resolve_setpos(&w);
    if (st == OK)
        st = by_frequency(&w);
    w.start = start;
    if (st == OK)
        st = put_end(&w, out);
    if (st != OK)
        return st;
    out->text = arena_str(a, buf_view(&text));
    return text.st != OK ? text.st : a->st;
}

enum status vcal10_rule_write(struct arena *a, struct str rrule, const struct caltime *start,
                              const struct tz *zone, struct vcal10_rule *out, struct str *why)
{
    return vcal10_rule_write_shifted(a, rrule, start, zone, 0, false, out, why);
}
