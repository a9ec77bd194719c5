/* formats/rrule_iter.c: walks the occurrences of a rule.
 *
 * A candidate is an allowed day (bitmap of its year) with an allowed time of day (three masks). It is an
 * occurrence when its period (year, month, week, day, hour, minute or second number) is a multiple of
 * INTERVAL away from DTSTART's; otherwise the walk jumps to the next period that is. BYSETPOS picks by number
 * out of the candidates of a period, computed and never listed. */
#include "formats/rrule_int.h"

enum {
    DAY = 86400,
    CYCLE_YEARS = 400,    /* days, weekdays and weeks repeat exactly */
    EMPTY_STEPS = 5000,   /* periods without an occurrence, one after the other */
    EMPTY_SETPOS = 2000,  /* the same where BYSETPOS finds nothing */
    EMPTY_SMALL = 200000, /* the same for rules of hours, minutes and seconds */
    LAST_YEAR = 9999,
};

struct rrule_iter {
    struct rrule rule;               /* completed with what DTSTART implies */
    int64_t start, from, until, cur; /* civil seconds; cur: the next candidate is here or later */
    int64_t period0;
    int64_t left; /* COUNT: occurrences still to come; -1: no COUNT */
    bool first;   /* nothing has come out yet */
    struct rrule_year years[2];

    /* BYSETPOS: the candidates of the period in hand */
    bool open;
    int64_t period;
    int day_count, day[366]; /* relative to base */
    int64_t base, last_pos, total;
};

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* ---- periods ---- */

static int64_t unit_of(const struct rrule *r)
{
    return r->freq == RRULE_SECONDLY   ? 1
           : r->freq == RRULE_MINUTELY ? 60
           : r->freq == RRULE_HOURLY   ? 3600
                                       : DAY;
}

/* Days from a day that begins a week (by WKST) to day 0. */
static int64_t week_shift(const struct rrule *r)
{
    return (weekday_of(0) - r->wkst + 7) % 7;
}

static int64_t period_of(const struct rrule *r, int64_t at)
{
    int y, m, d;
    if (r->freq <= RRULE_DAILY)
        return floor_div(at, unit_of(r));
    if (r->freq == RRULE_WEEKLY)
        return floor_div(floor_div(at, DAY) + week_shift(r), 7);
    civil_from_days(floor_div(at, DAY), &y, &m, &d);
    return r->freq == RRULE_MONTHLY ? y * INT64_C(12) + m - 1 : y;
}

/* Civil seconds where the period begins; past the last year for one that is too far. */
static int64_t period_start(const struct rrule *r, int64_t period)
{
    if (r->freq <= RRULE_DAILY)
        return period * unit_of(r);
    if (r->freq == RRULE_WEEKLY)
        return (period * 7 - week_shift(r)) * DAY;
    int64_t year = r->freq == RRULE_MONTHLY ? floor_div(period, 12) : period;
    int64_t month = r->freq == RRULE_MONTHLY ? period - year * 12 : 0;
    if (year > LAST_YEAR)
        year = LAST_YEAR + 1;
    return days_from_civil((int)year, (int)month + 1, 1) * DAY;
}

/* The first period at or after `period` that INTERVAL allows. */
static int64_t align(const struct rrule_iter *it, int64_t period)
{
    int64_t off = (period - it->period0) % it->rule.interval;
    return off == 0 ? period : period + it->rule.interval - off;
}

/* ---- days ---- */

static const struct rrule_year *year_of(struct rrule_iter *it, int year)
{
    struct rrule_year *y = &it->years[year & 1];
    if (!y->length || y->year != year)
        rrule_year_days(&it->rule, year, y);
    return y;
}

static const struct rrule_year *year_with(struct rrule_iter *it, int64_t day)
{
    for (int i = 0; i < 2; i++)
        if (it->years[i].length && day >= it->years[i].first &&
            day < it->years[i].first + it->years[i].length)
            return &it->years[i];
    int y, m, d;
    civil_from_days(day, &y, &m, &d);
    return year_of(it, y);
}

static int next_bit(const uint64_t *words, int from)
{
    for (int i = from / 64; i < RRULE_WORDS; i++) {
        uint64_t w = words[i];
        if (i == from / 64)
            w &= UINT64_MAX << from % 64;
        if (w)
            return i * 64 + __builtin_ctzll(w);
    }
    return -1;
}

/* The first allowed day at or after `day`; false when there is none that matters. */
static bool next_day(struct rrule_iter *it, int64_t *day)
{
    int64_t end = floor_div(it->until, DAY);
    for (int tries = 0; tries <= CYCLE_YEARS && *day <= end; tries++) {
        const struct rrule_year *y = year_with(it, *day);
        if (y->year > LAST_YEAR)
            return false;
        int bit = y->any ? next_bit(y->days, (int)(*day - y->first)) : -1;
        if (bit >= 0) {
            *day = y->first + bit;
            return true;
        }
        *day = y->first + y->length;
    }
    return false;
}

/* ---- times of day ---- */

/* The first allowed time of day at or after `tod`, or -1. */
static int next_time(const struct rrule *r, int tod)
{
    int h = tod / 3600, m = tod / 60 % 60, s = tod % 60;
    uint64_t seconds = r->second >> s, minutes, hours;
    if (r->hour >> h & 1) {
        if (r->minute >> m & 1 && seconds)
            return h * 3600 + m * 60 + s + __builtin_ctzll(seconds);
        minutes = m < 59 ? r->minute >> (m + 1) : 0;
        if (minutes)
            return h * 3600 + (m + 1 + __builtin_ctzll(minutes)) * 60 + __builtin_ctzll(r->second);
    }
    hours = h < 23 ? r->hour >> (h + 1) : 0;
    if (!hours)
        return -1;
    return (h + 1 + __builtin_ctzll(hours)) * 3600 + __builtin_ctzll(r->minute) * 60 +
           __builtin_ctzll(r->second);
}

static int pick_bit(uint64_t set, int64_t n)
{
    while (n-- > 0)
        set &= set - 1;
    return __builtin_ctzll(set);
}

/* ---- completing the rule ---- */

static void imply_days(struct rrule *r, const struct caltime *start)
{
    bool days = r->monthday || r->monthday_last || r->has_yearday || r->weekday || r->has_nth;
    unsigned weekday = 1U << weekday_of(days_from_civil(start->year, start->month, start->day));
    if (days || r->freq < RRULE_WEEKLY)
        return;
    if (r->freq == RRULE_WEEKLY || r->week || r->week_last) {
        r->weekday = weekday;
        return;
    }
    r->monthday = UINT64_C(1) << start->day;
    if (r->freq == RRULE_YEARLY && !r->month)
        r->month = 1U << start->month;
}

/* A part that the frequency is finer than limits; one that it is coarser than comes from DTSTART. */
static void imply_times(struct rrule *r, const struct caltime *start)
{
    static const uint64_t sixty = (UINT64_C(1) << 60) - 1;
    if (start->is_date) { /* RFC 5545: BYSECOND, BYMINUTE, BYHOUR are ignored with a DATE */
        r->hour = 1;
        r->minute = r->second = 1;
        return;
    }
    if (!r->hour)
        r->hour = r->freq >= RRULE_DAILY ? 1U << start->hour : (1U << 24) - 1;
    if (!r->minute)
        r->minute = r->freq >= RRULE_HOURLY ? UINT64_C(1) << start->minute : sixty;
    if (!r->second)
        r->second = r->freq >= RRULE_MINUTELY ? UINT64_C(1) << start->second : sixty;
}

enum status rrule_iter_new(struct arena *a, const struct rrule *r, const struct caltime *dtstart,
                           int64_t from, int64_t until, struct rrule_iter **out)
{
    struct rrule_iter *it = ARENA_NEW(a, struct rrule_iter);
    if (!it)
        return a->st;
    static const int64_t last = 253402300799LL;
    it->rule = *r;
    it->start = caltime_seconds(dtstart);
    it->until = until < last ? until : last;
    it->from = r->count || from < it->start ? it->start : from;
    it->left = r->count ? r->count : -1;
    it->first = true;
    if (dtstart->is_date && r->freq < RRULE_DAILY) /* no meaning: DTSTART stays alone */
        it->until = INT64_MIN;
    if (it->from > it->until)
        it->left = 0;
    imply_days(&it->rule, dtstart);
    imply_times(&it->rule, dtstart);
    it->period0 = period_of(&it->rule, it->start);
    it->cur = it->left ? it->from : it->start;
    *out = it;
    return OK;
}

/* ---- walking ---- */

static bool next_plain(struct rrule_iter *it, int64_t *at)
{
    const struct rrule *r = &it->rule;
    for (int steps = r->freq >= RRULE_DAILY ? EMPTY_STEPS : EMPTY_SMALL; steps > 0;) {
        int64_t day = floor_div(it->cur, DAY), found = day;
        if (!next_day(it, &found))
            return false;
        int tod = next_time(r, found == day ? (int)(it->cur - day * DAY) : 0);
        if (tod < 0) {
            it->cur = (found + 1) * DAY;
            continue;
        }
        int64_t candidate = found * DAY + tod, period = period_of(r, candidate), wanted = align(it, period);
        if (wanted == period) {
            it->cur = candidate + 1;
            *at = candidate;
            return candidate <= it->until;
        }
        it->cur = period_start(r, wanted);
        steps--;
    }
    return false;
}

/* Collects the candidates of the period that holds the first allowed day at or after cur. */
static bool open_period(struct rrule_iter *it, int *steps)
{
    const struct rrule *r = &it->rule;
    for (; *steps > 0; --*steps) {
        int64_t day = floor_div(it->cur, DAY), found = day;
        if (!next_day(it, &found))
            return false;
        int tod = next_time(r, found == day ? (int)(it->cur - day * DAY) : 0);
        if (tod < 0) { /* only what is finer than a day can have used the day up */
            it->cur = (found + 1) * DAY;
            continue;
        }
        int64_t period = period_of(r, found * DAY + tod), wanted = align(it, period);
        if (wanted != period) {
            it->cur = period_start(r, wanted);
            continue;
        }
        it->period = period;
        it->base = floor_div(period_start(r, period), DAY);
        int64_t end = r->freq < RRULE_DAILY ? it->base + 1 : floor_div(period_start(r, period + 1), DAY);
        it->day_count = 0;
        for (int64_t d = it->base; d < end; d++) {
            const struct rrule_year *y = year_with(it, d);
            if (next_bit(y->days, (int)(d - y->first)) == (int)(d - y->first))
                it->day[it->day_count++] = (int)(d - it->base);
        }
        it->open = true;
        it->last_pos = -1;
        return true;
    }
    return false;
}

/* How many candidates one day (or the part of it that is the period) has. */
static int64_t times_in_day(const struct rrule *r)
{
    int64_t h = __builtin_popcount(r->hour), m = __builtin_popcountll(r->minute),
            s = __builtin_popcountll(r->second);
    return r->freq == RRULE_SECONDLY   ? 1
           : r->freq == RRULE_MINUTELY ? s
           : r->freq == RRULE_HOURLY   ? m * s
                                       : h * m * s;
}

static int64_t candidate_at(const struct rrule_iter *it, int64_t n)
{
    const struct rrule *r = &it->rule;
    int64_t per_day = times_in_day(r), m = __builtin_popcountll(r->minute),
            s = __builtin_popcountll(r->second);
    int64_t start = period_start(r, it->period);
    if (r->freq == RRULE_SECONDLY)
        return start;
    if (r->freq == RRULE_MINUTELY)
        return start + pick_bit(r->second, n);
    int64_t seconds = pick_bit(r->second, n % s) + 60 * pick_bit(r->minute, n / s % m);
    if (r->freq == RRULE_HOURLY)
        return start + seconds;
    int64_t rest = n % per_day;
    return (it->base + it->day[n / per_day]) * DAY + pick_bit(r->hour, rest / (m * s)) * INT64_C(3600) +
           seconds;
}

/* The smallest position behind last_pos that BYSETPOS names; -1 when there is none. */
static int64_t next_pos(const struct rrule_iter *it, int64_t total)
{
    const struct rrule_signed *p = &it->rule.setpos;
    int64_t best = -1;
    int bit = it->last_pos + 2 < RRULE_WORDS * 64 ? next_bit(p->plus, (int)it->last_pos + 2)
                                                  : -1; /* bit n: index n-1 */
    if (bit > 0 && bit - 1 < total)
        best = bit - 1;
    int64_t back = total - it->last_pos - 1; /* bit n: index total-n, so the largest n <= back */
    for (int n = back > 366 ? 366 : (int)back; n > 0; n--) {
        if (p->minus[n / 64] >> n % 64 & 1) {
            if (best < 0 || total - n < best)
                best = total - n;
            break;
        }
    }
    return best;
}

static bool next_setpos(struct rrule_iter *it, int64_t *at)
{
    const struct rrule *r = &it->rule;
    for (int steps = EMPTY_SETPOS; steps > 0;) {
        if (!it->open && !open_period(it, &steps))
            return false;
        int64_t total = times_in_day(r) * it->day_count, pos = next_pos(it, total);
        if (pos < 0) {
            it->open = false;
            it->cur = period_start(r, align(it, it->period + 1));
            steps--;
            continue;
        }
        it->last_pos = pos;
        int64_t candidate = candidate_at(it, pos);
        if (candidate > it->until)
            return false;
        if (candidate >= it->from) {
            *at = candidate;
            return true;
        }
    }
    return false;
}

bool rrule_next(struct rrule_iter *it, int64_t *at)
{
    int64_t found;
    if (it->left == 0 || !(it->rule.has_setpos ? next_setpos(it, &found) : next_plain(it, &found))) {
        it->left = 0; /* also where nothing came for too long: the end stays the end */
        return false;
    }
    if (it->left > 0) {
        if (it->first && found != it->start && --it->left == 0) /* DTSTART was the first of COUNT */
            return false;
        it->left--;
    }
    it->first = false;
    *at = found;
    return true;
}
