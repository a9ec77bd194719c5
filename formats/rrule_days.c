/* formats/rrule_days.c: which days of a year a rule lets through, as a bitmap. Each BY part makes its own
 * bitmap and they are intersected: that is what the table of RFC 5545 section 3.3.10 ("expand" and "limit")
 * comes to for days. */
#include "formats/rrule_int.h"

static void set_day(uint64_t *days, int n)
{
    days[n / 64] |= UINT64_C(1) << n % 64;
}

static void set_range(uint64_t *days, int from, int until)
{
    for (int n = from; n < until; n++)
        set_day(days, n);
}

static void intersect(struct rrule_year *y, const uint64_t *days)
{
    for (int i = 0; i < RRULE_WORDS; i++)
        y->days[i] &= days[i];
}

/* First day of each month, and at [12] the length of the year. */
static void month_starts(int year, int starts[13])
{
    starts[0] = 0;
    for (int m = 1; m <= 12; m++)
        starts[m] = starts[m - 1] + days_in_month(year, m);
}

static bool month_allowed(const struct rrule *r, int month)
{
    return !r->month || r->month >> month & 1;
}

static void by_month(const struct rrule *r, struct rrule_year *y, const int *starts)
{
    uint64_t days[RRULE_WORDS] = {0};
    for (int m = 1; m <= 12; m++)
        if (month_allowed(r, m))
            set_range(days, starts[m - 1], starts[m]);
    intersect(y, days);
}

static void by_monthday(const struct rrule *r, struct rrule_year *y, const int *starts)
{
    uint64_t days[RRULE_WORDS] = {0};
    for (int m = 1; m <= 12; m++) {
        int length = starts[m] - starts[m - 1];
        for (uint64_t set = month_allowed(r, m) ? r->monthday : 0; set; set &= set - 1)
            if (__builtin_ctzll(set) <= length)
                set_day(days, starts[m - 1] + __builtin_ctzll(set) - 1);
        for (uint64_t set = month_allowed(r, m) ? r->monthday_last : 0; set; set &= set - 1)
            if (__builtin_ctzll(set) <= length)
                set_day(days, starts[m] - __builtin_ctzll(set));
    }
    intersect(y, days);
}

static void by_yearday(const struct rrule *r, struct rrule_year *y)
{
    uint64_t days[RRULE_WORDS] = {0};
    for (int n = 1; n <= y->length; n++) {
        int back = y->length + 1 - n;
        if (r->yearday.plus[n / 64] >> n % 64 & 1 || r->yearday.minus[back / 64] >> back % 64 & 1)
            set_day(days, n - 1);
    }
    intersect(y, days);
}

/* The n-th weekdays, from either end, of the days [from, until) of the year. */
static void nth_weekdays(const struct rrule *r, const struct rrule_year *y, int from, int until,
                         uint64_t *days)
{
    int first = weekday_of(y->first + from), last = weekday_of(y->first + until - 1);
    for (int wd = 0; wd < 7; wd++) {
        int head = from + (wd - first + 7) % 7, tail = until - 1 - (last - wd + 7) % 7;
        for (uint64_t set = r->nth[wd]; set; set &= set - 1) {
            int day = head + 7 * (__builtin_ctzll(set) - 1);
            if (day < until)
                set_day(days, day);
        }
        for (uint64_t set = r->nth_last[wd]; set; set &= set - 1) {
            int day = tail - 7 * (__builtin_ctzll(set) - 1);
            if (day >= from)
                set_day(days, day);
        }
    }
}

/* BYDAY: numbers count in the month for MONTHLY rules and where BYMONTH is given, otherwise in the year. */
static void by_weekday(const struct rrule *r, struct rrule_year *y, const int *starts)
{
    uint64_t days[RRULE_WORDS] = {0};
    int first = weekday_of(y->first);
    for (int wd = 0; wd < 7; wd++)
        if (r->weekday >> wd & 1)
            for (int n = (wd - first + 7) % 7; n < y->length; n += 7)
                set_day(days, n);
    if (r->has_nth && (r->freq == RRULE_MONTHLY || r->month)) {
        for (int m = 1; m <= 12; m++)
            if (month_allowed(r, m))
                nth_weekdays(r, y, starts[m - 1], starts[m], days);
    } else if (r->has_nth) {
        nth_weekdays(r, y, 0, y->length, days);
    }
    intersect(y, days);
}

/* Day number on which week 1 of a year begins: the first week with four days in it (RFC 5545, WKST). */
static int64_t week_one(const struct rrule *r, int year)
{
    int64_t first = days_from_civil(year, 1, 1);
    int offset = (weekday_of(first) - r->wkst + 7) % 7; /* days of that week before January 1st */
    return first - offset + (offset > 3 ? 7 : 0);
}

/* Weeks belong to the year that holds most of them, so the edges of this year may be in its neighbours'
 * weeks. */
static void by_week(const struct rrule *r, struct rrule_year *y)
{
    uint64_t days[RRULE_WORDS] = {0};
    for (int year = y->year - 1; year <= y->year + 1; year++) {
        int64_t one = week_one(r, year);
        int weeks = (int)((week_one(r, year + 1) - one) / 7);
        for (int week = 1; week <= weeks; week++) {
            if (!(r->week >> week & 1) && !(r->week_last >> (weeks + 1 - week) & 1))
                continue;
            for (int64_t day = one + 7 * (week - 1) - y->first, end = day + 7; day < end; day++)
                if (day >= 0 && day < y->length)
                    set_day(days, (int)day);
        }
    }
    intersect(y, days);
}

void rrule_year_days(const struct rrule *r, int year, struct rrule_year *out)
{
    int starts[13];
    month_starts(year, starts);
    *out = (struct rrule_year){.year = year, .length = starts[12], .first = days_from_civil(year, 1, 1)};
    set_range(out->days, 0, 0);
    for (int i = 0; i < RRULE_WORDS; i++) {
        int left = out->length - i * 64;
        out->days[i] = left >= 64 ? UINT64_MAX : left > 0 ? (UINT64_C(1) << left) - 1 : 0;
    }
    if (r->month)
        by_month(r, out, starts);
    if (r->monthday || r->monthday_last)
        by_monthday(r, out, starts);
    if (r->has_yearday)
        by_yearday(r, out);
    if (r->weekday || r->has_nth)
        by_weekday(r, out, starts);
    if (r->week || r->week_last)
        by_week(r, out);
    for (int i = 0; i < RRULE_WORDS; i++)
        out->any |= out->days[i] != 0;
}
