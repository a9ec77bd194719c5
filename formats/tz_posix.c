/* formats/tz_posix.c: the POSIX TZ string at the end of a TZif file: what holds after its last onset. */
#include "formats/tz_int.h"

#include "formats/caltime.h"

enum { DAY = 86400 };

static bool take_name(struct str *s, char *out)
{
    size_t n = 0, skip = 0;
    if (s->n && s->p[0] == '<') {
        n = str_chr(*s, '>', 0);
        if (n == SIZE_MAX)
            return false;
        *s = str_from(*s, 1);
        n--;
        skip = 1;
    } else {
        while (n < s->n && ascii_alpha(s->p[n]))
            n++;
    }
    if (n < 1 || n >= TZ_ABBREVIATION)
        return false;
    memcpy(out, s->p, n);
    out[n] = 0;
    *s = str_from(*s, n + skip);
    return true;
}

static bool take_number(struct str *s, int most, int *out)
{
    size_t n = 0;
    int value = 0;
    while (n < s->n && n < 4 && ascii_digit(s->p[n]))
        value = value * 10 + (s->p[n++] - '0');
    *s = str_from(*s, n);
    *out = value;
    return n && value <= most;
}

static bool take_char(struct str *s, char c)
{
    if (!s->n || s->p[0] != c)
        return false;
    *s = str_from(*s, 1);
    return true;
}

/* [+-]hh[:mm[:ss]], up to a week as RFC 8536 allows. */
static bool take_time(struct str *s, int *out)
{
    int h, m = 0, sec = 0;
    bool negative = take_char(s, '-');
    if (!negative)
        take_char(s, '+');
    if (!take_number(s, 167, &h))
        return false;
    if (take_char(s, ':') && (!take_number(s, 59, &m) || (take_char(s, ':') && !take_number(s, 59, &sec))))
        return false;
    *out = (h * 3600 + m * 60 + sec) * (negative ? -1 : 1);
    return true;
}

static bool take_date(struct str *s, struct tz_date *out)
{
    *out = (struct tz_date){.form = 'N', .time = 2 * 3600};
    bool ok;
    if (take_char(s, 'M')) {
        out->form = 'M';
        ok = take_number(s, 12, &out->month) && take_char(s, '.') && take_number(s, 5, &out->week) &&
             take_char(s, '.') && take_number(s, 6, &out->day) && out->month && out->week;
    } else {
        if (take_char(s, 'J'))
            out->form = 'J';
        ok = take_number(s, 365, &out->day) && (out->form == 'N' || out->day);
    }
    return ok && (!take_char(s, '/') || take_time(s, &out->time));
}

enum status tz_rule_parse(struct str text, struct tz_rule *out)
{
    struct tz_rule r = {0};
    int west;
    if (!take_name(&text, r.standard.abbreviation) || !take_time(&text, &west) || west > DAY || west < -DAY)
        return INVALID;
    r.standard.offset = -west;
    if (text.n) {
        if (!take_name(&text, r.daylight.abbreviation))
            return INVALID;
        r.yearly = r.daylight.dst = true;
        r.daylight.offset = r.standard.offset + 3600;
        if (text.n && text.p[0] != ',') {
            if (!take_time(&text, &west) || west > DAY || west < -DAY)
                return INVALID;
            r.daylight.offset = -west;
        }
        if (!take_char(&text, ',') || !take_date(&text, &r.start) || !take_char(&text, ',') ||
            !take_date(&text, &r.end))
            return INVALID;
    }
    if (text.n)
        return INVALID;
    *out = r;
    return OK;
}

/* Local seconds of the change. */
static int64_t date_in(const struct tz_date *d, int year)
{
    int64_t day = days_from_civil(year, 1, 1);
    if (d->form == 'N') {
        day += d->day;
    } else if (d->form == 'J') {
        day += d->day - 1 + (d->day >= 60 && days_in_month(year, 2) == 29);
    } else {
        int64_t first = days_from_civil(year, d->month, 1);
        int sunday0 = (weekday_of(first) + 1) % 7; /* POSIX counts from Sunday */
        day = first + (d->day - sunday0 + 7) % 7 + 7 * (d->week - 1);
        if (day >= first + days_in_month(year, d->month))
            day -= 7;
    }
    return day * DAY + d->time;
}

void tz_rule_onsets(const struct tz_rule *r, int year, int64_t at[2], bool *to_daylight)
{
    int64_t start = date_in(&r->start, year) - r->standard.offset,
            end = date_in(&r->end, year) - r->daylight.offset;
    *to_daylight = start <= end;
    at[0] = *to_daylight ? start : end;
    at[1] = *to_daylight ? end : start;
}
