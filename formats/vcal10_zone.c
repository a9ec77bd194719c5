/* formats/vcal10_zone.c: TZ and DAYLIGHT of vCalendar 1.0 (an offset, and when summer time begins and ends, year by year) as a zone of
 * the system, and a zone as such lines. Several zones may agree with the lines: the account's own is taken when it is among them. */
#include "formats/vcal10_int.h"

enum { MOST_LINES = 40, YEARS = 5, HOUR = 3600, MARGIN = 36 * HOUR, HALF_YEAR = 182 * VCAL10_DAY };

/* Zones of many people, one for each way to change the clocks; of those that agree the first is taken. */
static const struct str usual[] = {
    STR_INIT("Europe/Berlin"),       STR_INIT("Europe/London"),
    STR_INIT("Europe/Helsinki"),     STR_INIT("Europe/Moscow"),
    STR_INIT("Europe/Istanbul"),     STR_INIT("America/New_York"),
    STR_INIT("America/Chicago"),     STR_INIT("America/Denver"),
    STR_INIT("America/Los_Angeles"), STR_INIT("America/Phoenix"),
    STR_INIT("America/Anchorage"),   STR_INIT("Pacific/Honolulu"),
    STR_INIT("America/Halifax"),     STR_INIT("America/St_Johns"),
    STR_INIT("America/Mexico_City"), STR_INIT("America/Bogota"),
    STR_INIT("America/Caracas"),     STR_INIT("America/Santiago"),
    STR_INIT("America/Sao_Paulo"),   STR_INIT("America/Argentina/Buenos_Aires"),
    STR_INIT("Atlantic/Azores"),     STR_INIT("Africa/Lagos"),
    STR_INIT("Africa/Cairo"),        STR_INIT("Africa/Johannesburg"),
    STR_INIT("Africa/Nairobi"),      STR_INIT("Asia/Jerusalem"),
    STR_INIT("Asia/Tehran"),         STR_INIT("Asia/Dubai"),
    STR_INIT("Asia/Kabul"),          STR_INIT("Asia/Karachi"),
    STR_INIT("Asia/Kolkata"),        STR_INIT("Asia/Kathmandu"),
    STR_INIT("Asia/Dhaka"),          STR_INIT("Asia/Yangon"),
    STR_INIT("Asia/Bangkok"),        STR_INIT("Asia/Shanghai"),
    STR_INIT("Asia/Tokyo"),          STR_INIT("Australia/Perth"),
    STR_INIT("Australia/Darwin"),    STR_INIT("Australia/Adelaide"),
    STR_INIT("Australia/Brisbane"),  STR_INIT("Australia/Sydney"),
    STR_INIT("Pacific/Auckland"),
};

struct summer { /* UTC */
    int64_t begin, end;
    int offset;
};

struct known { /* what the lines say */
    bool has_offset, has_summers, no_summer;
    int offset; /* without summer time */
    struct summer summers[MOST_LINES];
    size_t count;
};

/* "+01", "-0930", "-9", "+05:30": seconds. */
static bool read_offset(struct str s, int *seconds)
{
    uint64_t n;
    s = str_trim(s);
    bool negative = str_starts(s, STR("-"));
    if (negative || str_starts(s, STR("+")))
        s = str_from(s, 1);
    size_t colon = str_chr(s, ':', 0);
    uint64_t minutes = 0;
    if (colon != SIZE_MAX) {
        if (!str_u64(str_from(s, colon + 1), &minutes))
            return false;
        s = str_slice(s, 0, colon);
    }
    if (!str_u64(s, &n) || s.n > 4)
        return false;
    if (s.n > 2) {
        minutes = n % 100;
        n /= 100;
    }
    *seconds = (int)(n * HOUR + minutes * 60) * (negative ? -1 : 1);
    return n <= 15 && minutes < 60;
}

/* TRUE;+02;20260329T020000;20261025T030000;CET;CEST. Local times: of winter to begin, of summer to end. */
static void read_summer(struct known *k, struct str value)
{
    struct str part[4] = {STR_NONE, STR_NONE, STR_NONE, STR_NONE};
    struct vcal10_stamp begin, end;
    int offset;
    for (size_t i = 0; i < COUNT_OF(part) && str_split(&value, ';', &part[i]); i++)
        part[i] = str_trim(part[i]);
    if (str_caseeq(part[0], STR("FALSE"))) {
        k->no_summer = true;
        return;
    }
    if (!str_caseeq(part[0], STR("TRUE")) || !read_offset(part[1], &offset) || k->count == MOST_LINES ||
        !vcal10_stamp_read(part[2], &begin) || !vcal10_stamp_read(part[3], &end))
        return;
    int winter = k->has_offset ? k->offset : offset - HOUR;
    k->summers[k->count++] = (struct summer){begin.civil - (begin.is_utc ? 0 : winter),
                                             end.civil - (end.is_utc ? 0 : offset), offset};
    k->has_summers = true;
}

static struct known read_lines(const struct line *lines)
{
    struct known k = {.has_offset = false};
    for (const struct line *l = lines; l; l = l->next)
        if (str_caseeq(l->name, STR("TZ")))
            k.has_offset = read_offset(l->value, &k.offset);
    for (const struct line *l = lines; l; l = l->next)
        if (str_caseeq(l->name, STR("DAYLIGHT")))
            read_summer(&k, l->value);
    return k;
}

/* Around each change the zone must be as the lines say; the day itself is left out, since devices are inexact there. */
static bool agrees(const struct known *k, const struct tz *z, int64_t near)
{
    int now = tz_offset(z, near), later = tz_offset(z, near + HALF_YEAR), winter = now < later ? now : later;
    if (!k->has_summers) {
        if (k->no_summer && now != later)
            return false;
        return !k->has_offset || winter == k->offset;
    }
    for (size_t i = 0; i < k->count; i++) {
        const struct summer *s = &k->summers[i];
        int before = tz_offset(z, s->begin - MARGIN), after = tz_offset(z, s->end + MARGIN);
        if (tz_offset(z, s->begin + MARGIN) != s->offset || tz_offset(z, s->end - MARGIN) != s->offset ||
            before != after || before == s->offset || (k->has_offset && before != k->offset))
            return false;
    }
    return true;
}

/* "Etc/GMT-1" is an hour east. */
static const struct tz *constant(struct tz_cache *zones, const struct known *k)
{
    SCOPED_BUF(name, 20);
    if (!k->has_offset || k->has_summers || k->offset % HOUR)
        return NULL;
    if (k->offset == 0)
        return tz_utc();
    buf_addf(&name, "Etc/GMT%+d", -k->offset / HOUR);
    return tz_find(zones, buf_view(&name));
}

const struct tz *vcal10_zone_find(struct tz_cache *zones, const struct tz *own, const struct line *lines,
                                  int64_t near)
{
    const struct known k = read_lines(lines);
    if (!zones || (!k.has_offset && !k.has_summers) || (own && agrees(&k, own, near)))
        return own;
    for (size_t i = 0; i < COUNT_OF(usual); i++) {
        const struct tz *z = tz_find(zones, usual[i]);
        if (z && agrees(&k, z, near))
            return z;
    }
    const struct tz *z = constant(zones, &k);
    return z ? z : own;
}

/* ---- writing ---- */

static void put_offset(struct buf *b, int seconds)
{
    int n = seconds < 0 ? -seconds : seconds;
    buf_addf(b, "%c%02d", seconds < 0 ? '-' : '+', n / HOUR);
    if (n % HOUR)
        buf_addf(b, "%02d", n / 60 % 60);
}

static void put_time(struct buf *b, int64_t utc)
{
    struct caltime t = caltime_from_seconds(utc);
    t.is_utc = true;
    caltime_write(b, &t);
}

/* The second at which the offset becomes what it is at `until`; it is another one at `from`, a day before. */
static int64_t change(const struct tz *z, int64_t from, int64_t until)
{
    int after = tz_offset(z, until);
    while (until - from > 1) {
        int64_t middle = from + (until - from) / 2;
        if (tz_offset(z, middle) == after)
            until = middle;
        else
            from = middle;
    }
    return until;
}

static void write_one(struct buf *out, const struct versit_write *o, struct str name, struct str value)
{
    versit_write_line(out, o, &(struct versit_out){.name = name, .value = value});
}

void vcal10_zone_write(struct buf *out, const struct versit_write *o, const struct tz *zone, int64_t from)
{
    SCOPED_BUF(value, 200);
    struct caltime t = caltime_from_seconds(from);
    int64_t at = days_from_civil(t.year, 1, 1) * VCAL10_DAY, begin = 0;
    int now = tz_offset(zone, at), later = tz_offset(zone, at + HALF_YEAR),
        winter = now < later ? now : later;
    bool summer = false, any = false;
    put_offset(&value, winter);
    write_one(out, o, STR("TZ"), buf_view(&value));
    for (int day = 0; day < (YEARS + 1) * 366; day++, at += VCAL10_DAY) {
        int next = tz_offset(zone, at + VCAL10_DAY);
        if (next == now)
            continue;
        int64_t when = change(zone, at, at + VCAL10_DAY);
        if (summer && next == winter) {
            buf_clear(&value);
            buf_addz(&value, "TRUE;");
            put_offset(&value, now);
            buf_addc(&value, ';');
            put_time(&value, begin);
            buf_addc(&value, ';');
            put_time(&value, when);
            buf_addz(&value, ";;");
            write_one(out, o, STR("DAYLIGHT"), buf_view(&value));
            any = true;
        }
        summer = now == winter && next > winter && day < YEARS * 366;
        begin = when;
        now = next;
    }
    if (!any)
        write_one(out, o, STR("DAYLIGHT"), STR("FALSE"));
}
