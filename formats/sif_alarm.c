/* formats/sif_alarm.c: the one reminder that SIF has, and VALARM. */
#include "formats/sif_int.h"

enum { DAY = 86400 };

void sif_alarm_add(struct sif_in *in, struct ical_comp *c, const char *value, struct str trigger)
{
    struct ical_comp *alarm = ARENA_NEW(in->arena, struct ical_comp);
    if (!alarm)
        return;
    alarm->name = STR("VALARM");
    struct sif_in inner = *in;
    inner.tail = &alarm->props;
    struct str subject = sif_value(in, "Subject");
    sif_add(&inner, "ACTION", STR("DISPLAY"));
    sif_add_text(&inner, "DESCRIPTION", subject.n ? subject : STR("Reminder"));
    struct line *l = sif_add(&inner, "TRIGGER", trigger);
    if (value)
        sif_param(&inner, l, "VALUE", str_c(value));
    ical_add_child(c, alarm);
}

/* False: the trigger is none. */
static bool trigger_read(struct sif_out *out, const struct line *l, const struct moment *start,
                         const int64_t *end, struct sif_alarm *alarm)
{
    struct caldur d;
    struct moment m, from = *start;
    if (caldur_parse(str_trim(l->value), &d) != OK) {
        if (!sif_moment(out, l, &m) || m.is_date)
            return false;
        *alarm = (struct sif_alarm){.at = m.utc, .before = start->utc - m.utc};
        return true;
    }
    if (!line_param_has(l, STR("RELATED"), STR("END"))) { /* a day is 1440 minutes, whatever the clock does */
        alarm->at = moment_add(start, start->civil, &d);
        alarm->before = -time_add(d.days * DAY, d.seconds);
        return true;
    }
    if (!end)
        return false;
    from.civil = tz_to_local(start->zone, *end);
    alarm->at = moment_add(&from, from.civil, &d);
    alarm->before = start->utc - alarm->at;
    return true;
}

bool sif_alarm_find(struct sif_out *out, const struct ical_comp *c, const struct moment *start,
                    const int64_t *end, struct sif_alarm *found)
{
    for (const struct ical_comp *a = ical_child(c, STR("VALARM")); a; a = ical_child_next(a, STR("VALARM"))) {
        const struct line *action = ical_prop(a, STR("ACTION")), *trigger = ical_prop(a, STR("TRIGGER"));
        bool shown = action && (str_caseeq(str_trim(action->value), STR("DISPLAY")) ||
                                str_caseeq(str_trim(action->value), STR("AUDIO")));
        if (shown && trigger && trigger_read(out, trigger, start, end, found))
            return true;
    }
    return false;
}
