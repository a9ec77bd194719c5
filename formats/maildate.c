/* formats/maildate.c: dates of messages, by hand: no locale, no time zone of the machine. */
#include "formats/maildate.h"
#include "formats/caltime.h"
#include "formats/header.h"

enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };

static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

static const struct {
    struct str name;
    int hours;
} zones[] = {
    {STR_INIT("UT"), 0},   {STR_INIT("GMT"), 0},  {STR_INIT("EST"), -5}, {STR_INIT("EDT"), -4},
    {STR_INIT("CST"), -6}, {STR_INIT("CDT"), -5}, {STR_INIT("MST"), -7}, {STR_INIT("MDT"), -6},
    {STR_INIT("PST"), -8}, {STR_INIT("PDT"), -7}, {STR_INIT("CET"), 1},  {STR_INIT("CEST"), 2},
};

static int month_of(struct str s)
{
    for (int i = 0; i < 12 && s.n >= 3; i++)
        if (str_caseeq(str_slice(s, 0, 3), str_c(months[i])))
            return i + 1;
    return 0;
}

/* The next word of the date that is not a comment or a comma. */
static bool word(struct str *rest, struct str *out)
{
    struct header_token t;
    while (header_token(rest, ",", &t))
        if (t.kind == HEADER_ATOM) {
            *out = t.text;
            return true;
        }
    return false;
}

static bool number(struct str s, uint64_t least, uint64_t most, int64_t *out)
{
    uint64_t n;
    if (!str_u64(s, &n) || n < least || n > most)
        return false;
    *out = (int64_t)n;
    return true;
}

/* "9:30" or "09:30:00" as seconds of the day. */
static bool time_of(struct str s, int64_t *out)
{
    struct str part;
    int64_t values[3] = {0, 0, 0};
    static const uint64_t most[3] = {23, 59, 60};
    size_t n = 0;
    for (; n < 3 && str_split(&s, ':', &part); n++)
        if (!number(part, 0, most[n], &values[n]))
            return false;
    *out = values[0] * HOUR + values[1] * MINUTE + values[2];
    return n >= 2 && !s.n;
}

static int32_t zone_of(struct str s)
{
    int64_t hm;
    if (s.n == 5 && (s.p[0] == '+' || s.p[0] == '-') && number(str_from(s, 1), 0, 9959, &hm) && hm % 100 < 60)
        return (int32_t)((hm / 100 * HOUR + hm % 100 * MINUTE) * (s.p[0] == '-' ? -1 : 1));
    for (size_t i = 0; i < COUNT_OF(zones); i++)
        if (str_caseeq(s, zones[i].name))
            return zones[i].hours * HOUR;
    return 0;
}

/* RFC 5322 section 4.3: 00–49 are of this century, 50–99 and three digits of the last. */
static int64_t full_year(int64_t year, size_t digits)
{
    if (digits >= 4)
        return year;
    return year + (digits == 2 && year < 50 ? 2000 : 1900);
}

enum status maildate_parse(struct str value, struct maildate *out)
{
    struct str w, zone;
    int64_t day, year, seconds;
    int month;
    if (!word(&value, &w))
        return INVALID;
    if (!ascii_digit(w.p[0]) && !word(&value, &w)) /* the weekday */
        return INVALID;
    if (!number(w, 1, 31, &day) || !word(&value, &w) || !(month = month_of(w)))
        return INVALID;
    if (!word(&value, &w) || !number(w, 0, 9999, &year) || w.n < 2)
        return INVALID;
    year = full_year(year, w.n);
    if (!word(&value, &w) || !time_of(w, &seconds))
        return INVALID;
    out->offset = word(&value, &zone) ? zone_of(zone) : 0;
    out->at = days_from_civil((int)year, month, (int)day) * DAY + seconds - out->offset;
    return OK;
}

void maildate_write(struct buf *out, struct maildate date)
{
    int64_t local = date.at + date.offset, number = (local >= 0 ? local : local - (DAY - 1)) / DAY;
    int year, month, day;
    int64_t seconds = local - number * DAY, weekday = ((number + 4) % 7 + 7) % 7;
    int32_t zone = date.offset < 0 ? -date.offset : date.offset;
    civil_from_days(number, &year, &month, &day);
    buf_addf(out, "%s, %02d %s %04d %02d:%02d:%02d %c%02d%02d", days[weekday], day, months[month - 1], year,
             (int)(seconds / HOUR), (int)(seconds / MINUTE % 60), (int)(seconds % 60),
             date.offset < 0 ? '-' : '+', zone / HOUR, zone / MINUTE % 60);
}
