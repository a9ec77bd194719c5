/* formats/sif_event.c: SIF-E and VEVENT. */
#include "formats/sif_int.h"

#include "core/scoped.h"

enum { DAY = 86400, LAST_MINUTE = 86340 /* 23:59:00 */, MINUTE = 60, DEFAULT_REMINDER = 15 };

static const struct sif_choice meetings[] = {
    {STR_INIT("0"), STR_INIT("CONFIRMED"), STR_INIT("")},
    {STR_INIT("5"), STR_INIT("CANCELLED"), STR_INIT("")},
    {STR_NONE, STR_NONE, STR_NONE},
};

static const struct sif_row rows[] = {
    SIF_TEXT("Subject", "SUMMARY"),
    SIF_BODY("Body", "DESCRIPTION"),
    SIF_TEXT("Location", "LOCATION"),
    SIF_LIST("Categories", "CATEGORIES"),
    SIF_CHOICE("Sensitivity", "CLASS", sif_sensitivity),
    SIF_PRIORITY("Importance"),
    SIF_CHOICE("MeetingStatus", "STATUS", meetings),
    SIF_TEXT("BillingInformation", "X-SIF-BILLINGINFORMATION"),
    SIF_TEXT("Companies", "X-SIF-COMPANIES"),
    SIF_TEXT("Mileage", "X-SIF-MILEAGE"),
    SIF_KEPT("NoAging", "X-SIF-NOAGING"),
    SIF_TEXT("ReminderSoundFile", "X-SIF-REMINDERSOUNDFILE"),
};

/* ---- BusyStatus: free, tentative, busy, out of office ---- */

#define BUSY "X-MICROSOFT-CDO-BUSYSTATUS"

static const struct {
    struct str sif, transparency, busy; /* what is empty is not stored */
} busies[] = {
    {STR_INIT("2"), STR_INIT(""), STR_INIT("")}, /* also when nothing is said */
    {STR_INIT("0"), STR_INIT("TRANSPARENT"), STR_INIT("")},
    {STR_INIT("1"), STR_INIT(""), STR_INIT("TENTATIVE")},
    {STR_INIT("3"), STR_INIT(""), STR_INIT("OOF")},
};

static void transparency_read(struct sif_in *in)
{
    struct str s = sif_value(in, "BusyStatus");
    for (size_t i = 0; i < COUNT_OF(busies); i++) {
        if (!str_eq(s, busies[i].sif))
            continue;
        if (busies[i].transparency.n)
            sif_add(in, "TRANSP", busies[i].transparency);
        if (busies[i].busy.n)
            sif_add(in, BUSY, busies[i].busy);
    }
}

static void transparency_write(struct sif_out *out)
{
    const struct line *transp = sif_prop(out, "TRANSP"), *busy = sif_prop(out, BUSY);
    struct str t = transp ? str_trim(transp->value) : STR_NONE, b = busy ? str_trim(busy->value) : STR_NONE;
    size_t found = 0;
    for (size_t i = 1; i < COUNT_OF(busies); i++)
        if (busies[i].busy.n ? str_caseeq(b, busies[i].busy) : str_caseeq(t, busies[i].transparency))
            found = i;
    sif_leaf(out, "BusyStatus", busies[found].sif);
}

/* ---- Start, End, AllDayEvent ---- */

static void as_date(struct sif_time *t)
{
    t->civil = sif_day(t->civil) * DAY;
    t->is_date = true;
    t->is_utc = false;
}

/* An all-day event ends with its last day: a date, or 23:59 of it; a midnight behind the start is the day after. */
static void days_read(struct sif_in *in, struct sif_time *start, struct sif_time *end, bool has_end)
{
    int64_t clock = has_end ? end->civil - sif_day(end->civil) * DAY : 0;
    bool behind =
        has_end && !end->is_date && clock < LAST_MINUTE && sif_day(end->civil) > sif_day(start->civil);
    as_date(start);
    if (has_end)
        as_date(end);
    if (!has_end || end->civil < start->civil)
        *end = *start;
    if (!behind)
        end->civil += DAY;
    sif_add_time(in, "DTSTART", start);
    sif_add_time(in, "DTEND", end);
}

static bool times_read(struct sif_in *in, struct sif_time *start)
{
    struct sif_time end;
    if (!sif_time(in, "Start", start) && !sif_time(in, "PatternStartDate", start))
        return false;
    bool has_end = sif_time(in, "End", &end);
    if (start->is_date || sif_flag(in, "AllDayEvent")) {
        days_read(in, start, &end, has_end);
        return true;
    }
    sif_add_time(in, "DTSTART", start);
    if (has_end && !end.is_date && sif_time_utc(in, &end) > sif_time_utc(in, start))
        sif_add_time(in, "DTEND", &end);
    return true;
}

/* The end in UTC; of an all-day event in civil seconds, behind its last day. */
static int64_t end_of(struct sif_out *out, const struct moment *start)
{
    struct moment m;
    struct caldur d;
    int64_t none = start->is_date ? start->civil + DAY : start->utc, end = none;
    const struct line *duration = sif_prop(out, "DURATION");
    if (sif_moment(out, sif_prop(out, "DTEND"), &m))
        end = start->is_date ? m.civil : m.utc;
    else if (duration && caldur_parse(str_trim(duration->value), &d) == OK)
        end = start->is_date ? time_add(start->civil, time_add(d.days * DAY, d.seconds))
                             : moment_add(start, start->civil, &d);
    return end > none ? end : none;
}

static void times_write(struct sif_out *out, const struct moment *start, int64_t end)
{
    sif_leaf_moment(out, "Start", start);
    if (start->is_date)
        sif_leaf_date(out, "End", sif_day(end - 1));
    else if (start->floating && !out->zone)
        sif_leaf_local(out, "End", start->civil + (end - start->utc));
    else
        sif_leaf_utc(out, "End", end);
    sif_leaf(out, "AllDayEvent", start->is_date ? STR("1") : STR("0"));
}

/* ---- reminder: minutes before the start ---- */

static void reminder_read(struct sif_in *in, struct ical_comp *c)
{
    int64_t minutes = sif_number(in, "ReminderMinutesBeforeStart", INT32_MAX / MINUTE);
    struct str trigger;
    if (!sif_flag(in, "ReminderSet"))
        return;
    if (minutes < 0)
        minutes = DEFAULT_REMINDER;
    long long m = (long long)minutes;
    if (m && m % 1440 == 0)
        trigger = arena_strf(in->arena, "-P%lldD", m / 1440);
    else if (m && m % 60 == 0)
        trigger = arena_strf(in->arena, "-PT%lldH", m / 60);
    else
        trigger = arena_strf(in->arena, m ? "-PT%lldM" : "PT%lldM", m);
    sif_alarm_add(in, c, NULL, trigger);
}

static void reminder_write(struct sif_out *out, const struct ical_comp *c, const struct moment *start,
                           int64_t end)
{
    struct sif_alarm alarm;
    int64_t minutes = -1, end_utc = start->is_date ? moment_utc(start, end) : end;
    if (sif_alarm_find(out, c, start, &end_utc, &alarm) && alarm.before >= 0)
        minutes = (alarm.before + MINUTE - 1) / MINUTE;
    sif_leaf(out, "ReminderSet", minutes >= 0 ? STR("1") : STR("0"));
    sif_leaf_number(out, "ReminderMinutesBeforeStart", minutes >= 0 ? minutes : DEFAULT_REMINDER);
}

enum status sif_event_read(struct sif_in *in, struct ical_comp *c, struct str *why)
{
    struct sif_time start;
    if (!times_read(in, &start)) {
        *why = STR("<Start> is missing or no time");
        return INVALID;
    }
    sif_read_rows(in, rows, COUNT_OF(rows));
    transparency_read(in);
    sif_rule_read(in, &start);
    reminder_read(in, c);
    return OK;
}

enum status sif_event_write(struct sif_out *out, const struct ical_comp *c)
{
    struct moment start;
    if (!sif_moment(out, sif_prop(out, "DTSTART"), &start))
        return INVALID;
    if (!sif_day_exists(sif_day(start.utc) - 1) || !sif_day_exists(sif_day(start.utc) + 1))
        return UNSUPPORTED;
    int64_t end = end_of(out, &start);
    times_write(out, &start, end);
    sif_write_rows(out, rows, COUNT_OF(rows));
    transparency_write(out);
    reminder_write(out, c, &start, end);
    sif_rule_write(out, c, &start, true);
    return OK;
}
