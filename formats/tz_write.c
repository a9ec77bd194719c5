/* formats/tz_write.c: a short VTIMEZONE for a zone: only what matters from a given time on. What the zone's
 * rule says for the years to come is written as RRULE, single changes each as an observance of its own. */
#include "formats/tz_int.h"

#include "core/buf.h"
#include "formats/caltime.h"
#include "formats/line.h"

enum { DAY = 86400, MOST_SINGLE = 400 };

static void write_value(struct buf *out, struct str name, struct str value)
{
    struct line l = {.name = name, .value = value};
    line_write(out, &l);
}

static void write_offset(struct buf *out, struct str name, int offset)
{
    SCOPED_BUF(text, 16);
    int n = offset < 0 ? -offset : offset;
    buf_addf(&text, "%c%02d%02d", offset < 0 ? '-' : '+', n / 3600, n / 60 % 60);
    if (n % 60)
        buf_addf(&text, "%02d", n % 60);
    write_value(out, name, buf_view(&text));
}

/* One observance: at the local time `local` (by the offset before), from `from` to `to`. */
static void write_observance(struct buf *out, int64_t local, int from, const struct tz_kind *to,
                             struct str rule)
{
    bool daylight = to->dst ? to->offset >= from : false;
    SCOPED_BUF(start, 32);
    struct caltime t = caltime_from_seconds(local);
    caltime_write(&start, &t);
    struct str name = daylight ? STR("DAYLIGHT") : STR("STANDARD");
    write_value(out, STR("BEGIN"), name);
    write_value(out, STR("DTSTART"), buf_view(&start));
    if (rule.n)
        write_value(out, STR("RRULE"), rule);
    write_offset(out, STR("TZOFFSETFROM"), from);
    write_offset(out, STR("TZOFFSETTO"), to->offset);
    if (to->abbreviation[0])
        write_value(out, STR("TZNAME"), str_c(to->abbreviation));
    write_value(out, STR("END"), name);
}

/* BYMONTHDAY=8,9,…: where a change's hour pushes it to another day ("Sunday at -1:00"). */
static void add_monthdays(struct buf *out, int from, int until)
{
    for (int n = from; n <= until; n++)
        buf_addf(out, "%s%d", n == from ? ";BYMONTHDAY=" : ",", n);
}

/* The yearly rule of a change, as RRULE; false when RFC 5545 cannot say it. */
static bool rule_text(struct buf *out, const struct tz_date *d)
{
    static const char *const days[] = {"SU", "MO", "TU", "WE", "TH", "FR", "SA"};
    int shift = d->time / DAY - (d->time % DAY < 0);
    if (d->form != 'M')
        return false;
    const char *day = days[((d->day + shift) % 7 + 7) % 7];
    buf_addf(out, "FREQ=YEARLY;BYMONTH=%d;BYDAY=", d->month);
    if (shift == 0) {
        buf_addf(out, "%d%s", d->week == 5 ? -1 : d->week, day);
        return true;
    }
    buf_addz(out, day);
    int first = d->week == 5 ? -7 + shift : 7 * (d->week - 1) + 1 + shift, last = first + 6;
    add_monthdays(out, first, last);
    return d->week == 5 ? last < 0 && first >= -28 : first > 0 && last <= 28;
}

/* From which onset of the table on everything is as the rule says: z->n when nothing is. */
static size_t regime(const struct tz *z)
{
    size_t i = z->n;
    while (i > 0 && z->rule && z->rule->yearly) {
        int64_t at[2];
        bool to_daylight;
        int year, month, day;
        civil_from_days(z->at[i - 1] / DAY, &year, &month, &day);
        tz_rule_onsets(z->rule, year, at, &to_daylight);
        bool first = z->at[i - 1] == at[0], daylight = first == to_daylight;
        const struct tz_kind *kind = daylight ? &z->rule->daylight : &z->rule->standard;
        if ((!first && z->at[i - 1] != at[1]) || z->offset[i] != kind->offset)
            break;
        i--;
    }
    return i;
}

static void write_single(struct buf *out, const struct tz *z, size_t i)
{
    write_observance(out, z->at[i] + z->offset[i], z->offset[i], &z->kinds[z->kind[i + 1]], STR_NONE);
}

/* The two onsets i and i + 1 as yearly rules; false when they cannot be said so (nothing is written then). */
static bool write_yearly(struct buf *out, const struct tz *z, size_t i)
{
    SCOPED_BUF(start, 200);
    SCOPED_BUF(end, 200);
    if (i + 1 >= z->n || !rule_text(&start, &z->rule->start) || !rule_text(&end, &z->rule->end))
        return false;
    for (size_t k = i; k < i + 2; k++) {
        bool daylight = z->offset[k + 1] == z->rule->daylight.offset;
        write_observance(out, z->at[k] + z->offset[k], z->offset[k],
                         daylight ? &z->rule->daylight : &z->rule->standard,
                         daylight ? buf_view(&start) : buf_view(&end));
    }
    return true;
}

enum status tz_write_vtimezone(struct buf *out, const struct tz *z, struct str tzid, int64_t from,
                               int64_t until)
{
    size_t i = 0, rule_from = regime(z);
    while (i < z->n && z->at[i] <= from)
        i++;
    buf_add(out, STR("BEGIN:VTIMEZONE\r\n"));
    write_value(out, STR("TZID"), tzid);
    if (i == 0) { /* what holds before the first change */
        int64_t start = from < 0 ? days_from_civil(1601, 1, 1) * DAY : 0;
        write_observance(out, start, z->offset[0], &z->kinds[z->kind[0]], STR_NONE);
    } else {
        i--; /* the change that led into what holds at `from` */
    }
    for (size_t written = 0; i < z->n && (written == 0 || z->at[i] < until) && written < MOST_SINGLE;
         i++, written++) {
        if (i >= rule_from && write_yearly(out, z, i))
            break;
        write_single(out, z, i);
    }
    buf_add(out, STR("END:VTIMEZONE\r\n"));
    return out->st;
}
