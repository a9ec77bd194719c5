/* core/http_date.c: HTTP dates (RFC 9110 section 5.6.7): IMF-fixdate out; IMF-fixdate, RFC 850 and asctime
 * in. */
#include "core/clock.h"
#include "core/http.h"

#include <time.h>

static const char *const weekdays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                       "Thursday", "Friday", "Saturday"};
static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

static void add_number(struct buf *b, int value, int digits, char end)
{
    char text[8];
    text[digits] = end;
    for (int i = digits; i-- > 0; value /= 10)
        text[i] = (char)('0' + value % 10);
    buf_add(b, str_n(text, (size_t)digits + 1));
}

/* Without printf: nearly every answer carries one. */
void http_date(struct buf *b, int64_t seconds)
{
    struct tm tm;
    time_t t = (time_t)seconds;
    if (!gmtime_r(&t, &tm) || tm.tm_year < -1900 || tm.tm_year > 9999 - 1900)
        return;
    buf_add(b, str_slice(str_c(weekdays[tm.tm_wday]), 0, 3));
    buf_add(b, STR(", "));
    add_number(b, tm.tm_mday, 2, ' ');
    buf_add(b, str_c(months[tm.tm_mon]));
    buf_addc(b, ' ');
    add_number(b, tm.tm_year + 1900, 4, ' ');
    add_number(b, tm.tm_hour, 2, ':');
    add_number(b, tm.tm_min, 2, ':');
    add_number(b, tm.tm_sec, 2, ' ');
    buf_add(b, STR("GMT"));
}

/* The cursor's primitives: each takes its piece off *s or says false. */
static bool take(struct str *s, struct str literal)
{
    if (!str_starts(*s, literal))
        return false;
    *s = str_from(*s, literal.n);
    return true;
}

static bool take_digits(struct str *s, size_t n, int *out)
{
    uint64_t v;
    if (s->n < n || !str_u64(str_slice(*s, 0, n), &v))
        return false;
    *out = (int)v;
    *s = str_from(*s, n);
    return true;
}

static bool take_month(struct str *s, int *out)
{
    for (*out = 0; *out < (int)COUNT_OF(months); ++*out)
        if (take(s, str_c(months[*out])))
            return true;
    return false;
}

/* The long name before the short one: "Sun" begins "Sunday". */
static bool take_weekday(struct str *s, bool *whole)
{
    for (size_t i = 0; i < COUNT_OF(weekdays); i++) {
        *whole = take(s, str_c(weekdays[i]));
        if (*whole || take(s, str_slice(str_c(weekdays[i]), 0, 3)))
            return true;
    }
    return false;
}

static bool take_time(struct str *s, struct tm *tm)
{
    return take_digits(s, 2, &tm->tm_hour) && take(s, STR(":")) && take_digits(s, 2, &tm->tm_min) &&
           take(s, STR(":")) && take_digits(s, 2, &tm->tm_sec);
}

/* A two-digit year that would be more than 50 years ahead is of the past century. */
static int century(int two_digits)
{
    struct tm now;
    time_t t = (time_t)clock_now();
    gmtime_r(&t, &now);
    int year = now.tm_year / 100 * 100 + two_digits;
    return year > now.tm_year + 50 ? year - 100 : year;
}

static bool imf_fixdate(struct str s, struct tm *tm)
{
    bool ok = take(&s, STR(", ")) && take_digits(&s, 2, &tm->tm_mday) && take(&s, STR(" ")) &&
              take_month(&s, &tm->tm_mon) && take(&s, STR(" ")) && take_digits(&s, 4, &tm->tm_year) &&
              take(&s, STR(" ")) && take_time(&s, tm) && take(&s, STR(" GMT")) && s.n == 0;
    tm->tm_year -= 1900;
    return ok;
}

static bool rfc850_date(struct str s, struct tm *tm)
{
    bool ok = take(&s, STR(", ")) && take_digits(&s, 2, &tm->tm_mday) && take(&s, STR("-")) &&
              take_month(&s, &tm->tm_mon) && take(&s, STR("-")) && take_digits(&s, 2, &tm->tm_year) &&
              take(&s, STR(" ")) && take_time(&s, tm) && take(&s, STR(" GMT")) && s.n == 0;
    tm->tm_year = ok ? century(tm->tm_year) : 0;
    return ok;
}

static bool asctime_date(struct str s, struct tm *tm)
{
    bool ok = take(&s, STR(" ")) && take_month(&s, &tm->tm_mon) && take(&s, STR(" ")) &&
              (take(&s, STR(" ")) ? take_digits(&s, 1, &tm->tm_mday) : take_digits(&s, 2, &tm->tm_mday)) &&
              take(&s, STR(" ")) && take_time(&s, tm) && take(&s, STR(" ")) &&
              take_digits(&s, 4, &tm->tm_year) && s.n == 0;
    tm->tm_year -= 1900;
    return ok;
}

bool http_parse_date(struct str s, int64_t *seconds)
{
    struct tm tm = {0}, back;
    bool whole;
    s = str_trim(s);
    if (!take_weekday(&s, &whole))
        return false;
    bool ok = whole                     ? rfc850_date(s, &tm)
              : str_starts(s, STR(",")) ? imf_fixdate(s, &tm)
                                        : asctime_date(s, &tm);
    if (!ok || tm.tm_mday < 1 || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
        return false;
    bool leap = tm.tm_sec == 60; /* allowed by the grammar; the second before it stands for it */
    tm.tm_sec -= leap;
    int day = tm.tm_mday, month = tm.tm_mon;
    time_t t = timegm(&tm);
    if (!gmtime_r(&t, &back) || back.tm_mday != day || back.tm_mon != month) /* 31 Feb */
        return false;
    *seconds = t;
    return true;
}
