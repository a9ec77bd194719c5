/* formats/sif_rule_read.c: Outlook's recurrence pattern as an RRULE.
 *
 * A pattern counts days in the client's local time, an old client's by the days of UTC: then weekdays and days move by one where
 * the start does. */
#include "formats/sif_int.h"

#include "core/scoped.h"

enum { DAY = 86400, QUARTER = 900, FARTHEST = 15 * 3600 /* of a zone from UTC */ };

static const char *const names[7] = {"MO", "TU", "WE", "TH", "FR", "SA", "SU"}; /* as weekday_of counts */

int sif_mask_of(int weekday)
{
    return 1 << (weekday + 1) % 7;
}

int sif_mask_moved(int mask, int days)
{
    int by = (days + 7) % 7;
    return (mask << by | mask >> (7 - by)) & SIF_ALL_DAYS;
}

static int number_or(const struct sif_in *in, const char *name, int most, int other)
{
    int64_t n = sif_number(in, name, most);
    return n > 0 ? (int)n : other;
}

/* Does the pattern take the day? By its weekday or its number, whatever the week. */
static bool takes(const struct sif_pattern *p, int64_t day)
{
    int y, m, d;
    civil_from_days(day, &y, &m, &d);
    if (p->type == SIF_MONTHLY || p->type == SIF_YEARLY)
        return d == p->day;
    return p->type == SIF_DAILY || (p->mask & sif_mask_of(weekday_of(day)));
}

/* From the days that the pattern counts to those of our local time: -1, 0, 1. */
static int shift_of(const struct sif_in *in, const struct sif_pattern *p, const struct sif_time *start)
{
    struct sif_time pattern;
    int64_t ours = sif_day(start->civil), theirs = ours;
    if (start->is_date || !start->came_utc)
        return 0;
    if (sif_time(in, "PatternStartDate", &pattern) && !pattern.is_date && !pattern.came_utc) {
        int64_t offset = pattern.civil - start->utc;
        if (offset % QUARTER == 0 && offset <= FARTHEST && offset >= -FARTHEST)
            theirs = sif_day(pattern.civil);
    } else if (!takes(p, ours) && takes(p, sif_day(start->utc))) {
        theirs = sif_day(start->utc);
    }
    return (int)(ours - theirs);
}

static bool pattern_read(const struct sif_in *in, const struct sif_time *start, struct sif_pattern *p,
                         int *shift)
{
    static const int lengths[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int y, m, d;
    int64_t day = sif_day(start->civil), type = sif_number(in, "RecurrenceType", SIF_TYPE_LAST);
    civil_from_days(day, &y, &m, &d);
    if (!sif_flag(in, "IsRecurring") || type < 0 || type == 4)
        return false;
    *p = (struct sif_pattern){
        .type = (int)type,
        .interval = number_or(in, "Interval", INT32_MAX, 1),
        .mask = number_or(in, "DayOfWeekMask", SIF_ALL_DAYS, sif_mask_of(weekday_of(day))),
        .day = number_or(in, "DayOfMonth", 31, d),
        .month = number_or(in, "MonthOfYear", 12, m),
        .instance = number_or(in, "Instance", SIF_LAST, (d - 1) / 7 + 1),
    };
    *shift = shift_of(in, p, start);
    p->mask = sif_mask_moved(p->mask, *shift);
    if (*shift || p->day > lengths[p->month - 1]) {
        p->day = d;
        p->month = m;
    }
    if (p->type >= SIF_YEARLY && p->interval % 12 == 0) /* Outlook counts months there */
        p->interval /= 12;
    return true;
}

static void add_days(struct buf *b, int mask)
{
    const char *separator = "";
    for (int i = 0; i < 7; i++) {
        if (!(mask & sif_mask_of(i)))
            continue;
        buf_addf(b, "%s%s", separator, names[i]);
        separator = ",";
    }
}

/* "first Monday", "last working day", "last day" */
static void add_nth(struct buf *b, const struct sif_pattern *p)
{
    int n = p->instance == SIF_LAST ? -1 : p->instance;
    if (p->mask == SIF_ALL_DAYS) {
        buf_addf(b, ";BYMONTHDAY=%d", n);
    } else if (p->mask & (p->mask - 1)) {
        buf_add(b, STR(";BYDAY="));
        add_days(b, p->mask);
        buf_addf(b, ";BYSETPOS=%d", n);
    } else {
        buf_addf(b, ";BYDAY=%d", n);
        add_days(b, p->mask);
    }
}

static void add_pattern(struct buf *b, const struct sif_pattern *p)
{
    static const char *const frequencies[] = {"DAILY", "WEEKLY", "MONTHLY", "MONTHLY",
                                              "",      "YEARLY", "YEARLY"};
    buf_addf(b, "FREQ=%s", frequencies[p->type]);
    if (p->interval > 1)
        buf_addf(b, ";INTERVAL=%lld", (long long)p->interval);
    if (p->type >= SIF_YEARLY)
        buf_addf(b, ";BYMONTH=%d", p->month);
    if (p->type == SIF_WEEKLY) {
        buf_add(b, STR(";BYDAY="));
        add_days(b, p->mask);
    } else if (p->type == SIF_MONTHLY || p->type == SIF_YEARLY) {
        buf_addf(b, ";BYMONTHDAY=%d", p->day);
    } else if (p->type != SIF_DAILY) {
        add_nth(b, p);
    }
}

/* PatternEndDate is the day of the last occurrence, whatever the hour that a client gives. */
static void add_end(struct sif_in *in, struct buf *b, const struct sif_time *start, int shift)
{
    struct sif_time end;
    int64_t count = sif_number(in, "Occurrences", INT32_MAX);
    if (sif_flag(in, "NoEndDate"))
        return;
    if (count > 0) {
        buf_addf(b, ";COUNT=%lld", (long long)count);
        return;
    }
    if (!sif_time(in, "PatternEndDate", &end))
        return;
    int64_t clock = start->civil - sif_day(start->civil) * DAY;
    struct sif_time until = *start;
    until.civil = (sif_day(end.civil) + (end.came_utc ? 0 : shift)) * DAY + clock;
    if (until.civil < start->civil)
        until.civil = start->civil;
    if (in->zone && !until.is_date) { /* with DTSTART;TZID the end is in UTC (RFC 5545 section 3.3.10) */
        until.civil = sif_time_utc(in, &until);
        until.is_utc = true;
    }
    buf_add(b, STR(";UNTIL="));
    buf_add(b, sif_time_text(in, &until));
}

static void dates_read(struct sif_in *in, const struct sif_time *start)
{
    const struct xml_node *list = xml_child(in->root, NULL, "Exceptions");
    int64_t clock = start->civil - sif_day(start->civil) * DAY;
    for (const struct xml_node *n = list ? xml_first(list) : NULL; n; n = xml_sibling(n)) {
        bool out = xml_is(n, NULL, "ExcludeDate");
        struct sif_time t;
        if ((!out && !xml_is(n, NULL, "IncludeDate")) ||
            !sif_time_of(in, str_trim(xml_text(in->arena, n)), &t))
            continue;
        if (start->is_date || t.is_date) {
            t.civil = sif_day(t.civil) * DAY + clock;
            t.is_date = start->is_date;
            t.is_utc = start->is_utc;
        }
        sif_add_time(in, out ? "EXDATE" : "RDATE", &t);
    }
}

void sif_rule_read(struct sif_in *in, const struct sif_time *start)
{
    struct sif_pattern p;
    int shift;
    SCOPED_BUF(b, 400);
    if (!pattern_read(in, start, &p, &shift))
        return;
    add_pattern(&b, &p);
    add_end(in, &b, start, shift);
    if (b.st < 0)
        in->arena->st = b.st;
    sif_add(in, "RRULE", arena_str(in->arena, buf_view(&b)));
    dates_read(in, start);
}
