/* formats/sif_task.c: SIF-T and VTODO. A task of Outlook begins and is due on days. */
#include "formats/sif_int.h"

#include "core/scoped.h"

enum { DAY = 86400, ALL = 100 };

/* Complete says the same as the status 2 and 100 percent. */
static const struct sif_choice states[] = {
    {STR_INIT("0"), STR_INIT("NEEDS-ACTION"), STR_INIT("")},
    {STR_INIT("1"), STR_INIT("IN-PROCESS"), STR_INIT("")},
    {STR_INIT("2"), STR_INIT("COMPLETED"), STR_INIT("")},
    {STR_INIT("3"), STR_INIT("NEEDS-ACTION"), STR_INIT("WAITING")},
    {STR_INIT("4"), STR_INIT("NEEDS-ACTION"), STR_INIT("DEFERRED")},
    {STR_INIT("4"), STR_INIT("CANCELLED"), STR_INIT("")},
    {STR_NONE, STR_NONE, STR_NONE},
};

static const struct sif_row rows[] = {
    SIF_TEXT("Subject", "SUMMARY"),
    SIF_BODY("Body", "DESCRIPTION"),
    SIF_LIST("Categories", "CATEGORIES"),
    SIF_CHOICE("Sensitivity", "CLASS", sif_sensitivity),
    SIF_PRIORITY("Importance"),
    SIF_KEPT("ActualWork", "X-SIF-ACTUALWORK"),
    SIF_TEXT("BillingInformation", "X-SIF-BILLINGINFORMATION"),
    SIF_TEXT("Companies", "X-SIF-COMPANIES"),
    SIF_TEXT("Mileage", "X-SIF-MILEAGE"),
    SIF_TEXT("Owner", "X-SIF-OWNER"),
    SIF_TEXT("ReminderSoundFile", "X-SIF-REMINDERSOUNDFILE"),
    SIF_KEPT("TeamTask", "X-SIF-TEAMTASK"),
    SIF_KEPT("TotalWork", "X-SIF-TOTALWORK"),
};
static const struct sif_row state = SIF_CHOICE("Status", "STATUS", states);

/* ---- how far it is ---- */

static void progress_read(struct sif_in *in)
{
    struct sif_time done;
    int64_t percent = sif_number(in, "PercentComplete", ALL);
    bool complete = sif_flag(in, "Complete") || sif_number(in, "Status", 4) == 2;
    if (complete)
        sif_add(in, "STATUS", STR("COMPLETED"));
    else
        sif_choice_read(in, &state);
    if (complete || percent > 0)
        sif_add(in, "PERCENT-COMPLETE", complete ? STR("100") : arena_strf(in->arena, "%d", (int)percent));
    if (!complete || !sif_time(in, "DateCompleted", &done))
        return;
    done.civil = sif_time_utc(in, &done);
    done.is_date = false;
    done.is_utc = true;
    sif_add_time(in, "COMPLETED", &done);
}

static void progress_write(struct sif_out *out)
{
    const struct line *status = sif_prop(out, "STATUS"), *percent = sif_prop(out, "PERCENT-COMPLETE"),
                      *done = sif_prop(out, "COMPLETED");
    struct moment m;
    int64_t n = 0;
    bool complete = status ? str_caseeq(str_trim(status->value), STR("COMPLETED")) : done != NULL;
    if (percent && (!str_i64(str_trim(percent->value), &n) || n < 0 || n > ALL))
        n = 0;
    if (complete && !status)
        sif_leaf(out, "Status", STR("2"));
    else
        sif_choice_write(out, &state);
    sif_leaf(out, "Complete", complete ? STR("1") : STR("0"));
    sif_leaf_number(out, "PercentComplete", complete ? ALL : n);
    if (complete && sif_moment(out, done, &m))
        sif_leaf_date(out, "DateCompleted", sif_day(sif_local(out, &m)));
    else
        sif_leaf(out, "DateCompleted", STR_NONE);
}

/* ---- when ---- */

static void on_day(struct sif_time *t)
{
    t->civil = sif_day(t->civil) * DAY;
    t->is_date = true;
    t->is_utc = false;
}

static bool day_read(struct sif_in *in, const char *name, struct sif_time *t)
{
    if (!sif_time(in, name, t))
        return false;
    on_day(t);
    return true;
}

static void days_read(struct sif_in *in)
{
    struct sif_time start, due;
    bool recurs = sif_flag(in, "IsRecurring"), has_due = day_read(in, "DueDate", &due);
    bool has_start =
        day_read(in, "StartDate", &start) || (recurs && day_read(in, "PatternStartDate", &start));
    if (has_start && has_due && start.civil > due.civil)
        start = due;
    if (!has_start && has_due && recurs) { /* a rule needs a start */
        start = due;
        has_start = true;
    }
    if (has_start)
        sif_add_time(in, "DTSTART", &start);
    if (has_due)
        sif_add_time(in, "DUE", &due);
    if (has_start)
        sif_rule_read(in, &start);
}

static void day_write(struct sif_out *out, const char *name, const struct moment *m)
{
    if (m)
        sif_leaf_date(out, name, sif_day(sif_local(out, m)));
    else
        sif_leaf(out, name, STR_NONE);
}

/* DUE, or DTSTART and DURATION. */
static bool due_of(struct sif_out *out, const struct moment *start, struct moment *due)
{
    const struct line *duration = sif_prop(out, "DURATION");
    struct caldur d;
    if (sif_moment(out, sif_prop(out, "DUE"), due))
        return true;
    if (!start || !duration || caldur_parse(str_trim(duration->value), &d) != OK)
        return false;
    *due = *start;
    due->utc = moment_add(start, start->civil, &d);
    due->civil = tz_to_local(start->zone, due->utc);
    return true;
}

static void reminder_read(struct sif_in *in, struct ical_comp *c)
{
    struct sif_time t;
    if (!sif_flag(in, "ReminderSet") || !sif_time(in, "ReminderTime", &t))
        return;
    t.civil = sif_time_utc(in, &t);
    t.is_date = false;
    t.is_utc = true;
    sif_alarm_add(in, c, "DATE-TIME", sif_time_text(in, &t));
}

static void reminder_write(struct sif_out *out, const struct ical_comp *c, const struct moment *start,
                           const struct moment *due)
{
    struct moment none = {.zone = tz_utc()};
    const struct moment *from = start ? start : due ? due : &none;
    struct sif_alarm alarm;
    /* a task without any date has times of alarms, but nothing that they could be relative to */
    bool set =
        sif_alarm_find(out, c, from, due ? &due->utc : NULL, &alarm) && (from != &none || alarm.at > DAY);
    sif_leaf(out, "ReminderSet", set ? STR("1") : STR("0"));
    if (set)
        sif_leaf_utc(out, "ReminderTime", alarm.at);
    else
        sif_leaf(out, "ReminderTime", STR_NONE);
}

enum status sif_task_read(struct sif_in *in, struct ical_comp *c, struct str *why)
{
    (void)why;
    days_read(in);
    sif_read_rows(in, rows, COUNT_OF(rows));
    progress_read(in);
    reminder_read(in, c);
    return OK;
}

enum status sif_task_write(struct sif_out *out, const struct ical_comp *c)
{
    struct moment start, due;
    const struct moment *s = sif_moment(out, sif_prop(out, "DTSTART"), &start) ? &start : NULL,
                        *d = due_of(out, s, &due) ? &due : NULL;
    day_write(out, "StartDate", s);
    day_write(out, "DueDate", d);
    sif_write_rows(out, rows, COUNT_OF(rows));
    progress_write(out);
    reminder_write(out, c, s, d);
    sif_rule_write(out, c, s ? s : d, false);
    return OK;
}
