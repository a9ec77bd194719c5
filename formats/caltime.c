/* formats/caltime.c: dates, times, durations and offsets of iCalendar. */
#include "formats/caltime.h"

enum { DAY = 86400 };
/* Longer than the calendar of four-digit years; keeps every sum far from overflow. */
static const int64_t LONGEST_DAYS = 4000000;

/* The algorithms count from 0000-03-01, so that the leap day is the last of its year. */
int64_t days_from_civil(int year, int month, int day)
{
    int64_t y = year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

void civil_from_days(int64_t days, int *year, int *month, int *day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t doe = days - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    *day = (int)(doy - (153 * mp + 2) / 5 + 1);
    *month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *year = (int)(yoe + era * 400 + (*month <= 2));
}

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int days_in_month(int year, int month)
{
    static const signed char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

int weekday_of(int64_t days)
{
    int64_t r = (days + 3) % 7; /* 1970-01-01 was a Thursday */
    return (int)(r < 0 ? r + 7 : r);
}

int64_t caltime_seconds(const struct caltime *t)
{
    return days_from_civil(t->year, t->month, t->day) * DAY + t->hour * 3600 + t->minute * 60 + t->second;
}

struct caltime caltime_from_seconds(int64_t seconds)
{
    static const int64_t least = -62167219200LL, most = 253402300799LL; /* 0000-01-01, 9999-12-31T23:59:59 */
    struct caltime t = {0};
    if (seconds < least)
        seconds = least;
    if (seconds > most)
        seconds = most;
    int64_t days = seconds / DAY - (seconds % DAY < 0);
    int rest = (int)(seconds - days * DAY);
    civil_from_days(days, &t.year, &t.month, &t.day);
    t.hour = rest / 3600;
    t.minute = rest / 60 % 60;
    t.second = rest % 60;
    return t;
}

/* n digits at s; -1 when there is anything else. */
static int digits(struct str s, size_t at, size_t n)
{
    int value = 0;
    for (size_t i = at; i < at + n; i++) {
        if (i >= s.n || !ascii_digit(s.p[i]))
            return -1;
        value = value * 10 + (s.p[i] - '0');
    }
    return value;
}

enum status caltime_parse(struct str s, struct caltime *out)
{
    struct caltime t = {.year = digits(s, 0, 4), .month = digits(s, 4, 2), .day = digits(s, 6, 2)};
    if (t.year < 0 || t.month < 1 || t.month > 12 || t.day < 1 || t.day > days_in_month(t.year, t.month))
        return INVALID;
    t.is_date = s.n == 8;
    if (!t.is_date) {
        t.is_utc = s.n == 16 && ascii_upper(s.p[15]) == 'Z';
        if ((s.n != 15 && !t.is_utc) || ascii_upper(s.p[8]) != 'T')
            return INVALID;
        t.hour = digits(s, 9, 2);
        t.minute = digits(s, 11, 2);
        t.second = digits(s, 13, 2);
        if (t.hour < 0 || t.hour > 23 || t.minute < 0 || t.minute > 59 || t.second < 0 || t.second > 60)
            return INVALID;
        if (t.second == 60)
            t.second = 59;
    }
    *out = t;
    return OK;
}

static void put_digits(char *p, int value, int n)
{
    for (int i = n - 1; i >= 0; i--, value /= 10)
        p[i] = (char)('0' + value % 10);
}

void caltime_write(struct buf *out, const struct caltime *t)
{
    char text[16];
    put_digits(text, t->year, 4);
    put_digits(text + 4, t->month, 2);
    put_digits(text + 6, t->day, 2);
    text[8] = 'T';
    put_digits(text + 9, t->hour, 2);
    put_digits(text + 11, t->minute, 2);
    put_digits(text + 13, t->second, 2);
    text[15] = 'Z';
    buf_add(out, str_n(text, t->is_date ? 8 : t->is_utc ? 16 : 15));
}

/* A number at the start of *s; false when there is none or it is absurd. */
static bool take_number(struct str *s, int64_t *out)
{
    size_t n = 0;
    int64_t value = 0;
    for (; n < s->n && ascii_digit(s->p[n]); n++) {
        value = value * 10 + (s->p[n] - '0');
        if (value > LONGEST_DAYS * DAY)
            return false;
    }
    *s = str_from(*s, n);
    *out = value;
    return n > 0;
}

static bool add_part(struct caldur *d, bool time, char unit, int64_t n)
{
    static const struct {
        char unit;
        bool time;
        int days, seconds;
    } units[] = {
        {'W', false, 7, 0}, {'D', false, 1, 0}, {'H', true, 0, 3600}, {'M', true, 0, 60}, {'S', true, 0, 1}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (units[i].unit != unit || units[i].time != time)
            continue;
        if (n > LONGEST_DAYS * DAY / (units[i].seconds ? units[i].seconds : DAY))
            return false;
        d->days += n * units[i].days;
        d->seconds += n * units[i].seconds;
        return d->days <= LONGEST_DAYS && d->seconds <= LONGEST_DAYS * DAY;
    }
    return false;
}

enum status caldur_parse(struct str s, struct caldur *out)
{
    struct caldur d = {0};
    bool negative = s.n && s.p[0] == '-', time = false, any = false;
    if (s.n && (s.p[0] == '-' || s.p[0] == '+'))
        s = str_from(s, 1);
    if (!s.n || ascii_upper(s.p[0]) != 'P')
        return INVALID;
    s = str_from(s, 1);
    while (s.n) {
        int64_t n;
        if (!time && ascii_upper(s.p[0]) == 'T') {
            time = true;
            s = str_from(s, 1);
            continue;
        }
        if (!take_number(&s, &n) || !s.n || !add_part(&d, time, ascii_upper(s.p[0]), n))
            return INVALID;
        s = str_from(s, 1);
        any = true;
    }
    if (!any)
        return INVALID;
    *out = negative ? (struct caldur){-d.days, -d.seconds} : d;
    return OK;
}

enum status caloffset_parse(struct str s, int *seconds)
{
    bool negative = s.n && s.p[0] == '-';
    if (s.n && (s.p[0] == '-' || s.p[0] == '+'))
        s = str_from(s, 1);
    int hour = digits(s, 0, 2), minute = digits(s, 2, 2), second = s.n == 6 ? digits(s, 4, 2) : 0;
    if ((s.n != 4 && s.n != 6) || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
        second > 59)
        return INVALID;
    *seconds = (hour * 3600 + minute * 60 + second) * (negative ? -1 : 1);
    return OK;
}
