/* syncml/content_adapt_cal.c: one component of a stored object as a device takes it: its way of times, the alarms that it has, and
 * instances that were moved as events of their own where it has no RECURRENCE-ID. */
#include "syncml/content_int.h"

static const struct str uid_mark = STR_INIT("-recur-");

/* ---- names ---- */

struct str part_uid(struct ctx *x, struct str uid, struct str recur_id)
{
    return str_joined(x->a, uid, uid_mark, recur_id);
}

bool part_uid_split(struct str made, struct str *uid, struct str *recur_id)
{
    struct caltime t;
    for (size_t at = made.n; at-- > 0 && made.n - at <= 24;) {
        if (!str_starts(str_from(made, at), uid_mark))
            continue;
        *uid = str_slice(made, 0, at);
        *recur_id = str_from(made, at + uid_mark.n);
        return uid->n && caltime_parse(*recur_id, &t) == OK;
    }
    return false;
}

/* ---- times ---- */

/* How the device says a time; false: as it is. */
static bool device_form(struct ctx *x, const struct when *w, struct when *form)
{
    enum phone_time time = x->s->phone->time;
    *form = (struct when){.zone = x->local};
    if (time == PHONE_UTC) {
        if (x->s->phone->zones || when_floats(w))
            return false;
        *form = (struct when){.zone = tz_utc(), .is_utc = true};
    }
    return true;
}

static struct when for_device(struct ctx *x, const struct when *w)
{
    struct when form;
    return device_form(x, w, &form) ? when_as(x, w, &form) : *w;
}

static void list_for_device(struct ctx *x, const struct ical_comp *cal, struct line *l)
{
    SCOPED_BUF(out, l->value.n + (l->value.n / 8 + 1) * 20);
    struct str rest = l->value, one;
    struct when w, first = {0};
    while (str_split(&rest, ',', &one)) {
        struct str period = one, start = STR_NONE;
        str_split(&period, '/', &start);
        if (!when_read(x, cal, l, start, &w))
            continue;
        w = for_device(x, &w);
        if (!first.zone)
            first = w;
        buf_addz(&out, out.n ? "," : "");
        buf_add(&out, when_text(x, &w));
        if (period.p) {
            buf_addc(&out, '/');
            buf_add(&out, str_trim(period));
        }
    }
    if (first.zone)
        when_put(x, l, &first);
    l->value = arena_str(x->a, buf_view(&out));
}

static void times_for_device(struct ctx *x, const struct ical_comp *cal, struct ical_comp *c)
{
    static const struct str single[] = {STR_INIT("DTSTART"), STR_INIT("DTEND"), STR_INIT("DUE"),
                                        STR_INIT("RECURRENCE-ID")};
    struct when was, is, w;
    bool started = when_of(x, cal, c, STR("DTSTART"), &was);
    is = started ? for_device(x, &was) : was;
    int64_t days = started ? (civil_midnight(is.civil) - civil_midnight(was.civil)) / CONTENT_DAY : 0;
    for (struct line *l = c->props; l; l = l->next) {
        for (size_t i = 0; i < COUNT_OF(single); i++)
            if (str_caseeq(l->name, single[i]) && when_read(x, cal, l, l->value, &w)) {
                w = for_device(x, &w);
                when_put(x, l, &w);
            }
        if (str_caseeq(l->name, STR("EXDATE")) || str_caseeq(l->name, STR("RDATE")))
            list_for_device(x, cal, l);
        if (started && (str_caseeq(l->name, STR("RRULE")) || str_caseeq(l->name, STR("EXRULE"))))
            l->value = rule_moved(x, l->value, days >= -1 && days <= 1 ? (int)days : 0, &was, &is);
    }
}

static struct str zulu_list(struct ctx *x, struct str list)
{
    SCOPED_BUF(out, list.n * 2 + 2);
    struct str one;
    while (str_split(&list, ',', &one)) {
        buf_addz(&out, out.n ? "," : "");
        buf_add(&out, one);
        buf_addz(&out, one.n == 15 ? "Z" : "");
    }
    return arena_str(x->a, buf_view(&out));
}

/* Local time behind a Z: what devices understand that take it so. */
static void say_zulu(struct ctx *x, struct ical_comp *c)
{
    static const struct str names[] = {STR_INIT("DTSTART"), STR_INIT("DTEND"), STR_INIT("DUE"),
                                       STR_INIT("EXDATE"),  STR_INIT("RDATE"), STR_INIT("RECURRENCE-ID")};
    for (struct line *l = c->props; l; l = l->next) {
        for (size_t i = 0; i < COUNT_OF(names); i++)
            if (str_caseeq(l->name, names[i]))
                l->value = zulu_list(x, l->value);
        if (str_caseeq(l->name, STR("RRULE")) || str_caseeq(l->name, STR("EXRULE")))
            l->value = rule_zulu(x, l->value, true);
    }
}

/* ---- alarms ---- */

static struct line *absolute_trigger(struct ctx *x, const struct extent *e, const struct line *trigger)
{
    struct caldur d;
    struct when at;
    bool end = line_param_has(trigger, STR("RELATED"), STR("END"));
    const struct when *from = end && e->has_end ? &e->end : &e->start;
    if (caldur_parse(str_trim(trigger->value), &d) != OK || !(e->has_start || (end && e->has_end)))
        return NULL;
    at = (struct when){.utc = from->utc + d.days * CONTENT_DAY + d.seconds, .zone = tz_utc(), .is_utc = true};
    at.civil = at.utc;
    struct line *l = when_line(x, STR("TRIGGER"), &at);
    if (l)
        line_param_set(x->a, l, STR("VALUE"), STR("DATE-TIME"));
    return l;
}

/* Of vCalendar 1.0 and SIF devices have one alarm; mail to others is not theirs to send. */
static void adapt_alarms(struct ctx *x, const struct extent *e, struct ical_comp *c)
{
    bool listed, some = false, holds = device_holds(x, STR("VALARM"), &listed),
                 standard = x->type == CONTENT_ICAL20;
    for (struct ical_comp **p = &c->children; *p;) {
        struct ical_comp *alarm = *p;
        const struct line *action = ical_prop(alarm, STR("ACTION"));
        struct line *trigger = comp_prop(alarm, STR("TRIGGER"));
        bool theirs = action && (str_caseeq(str_trim(action->value), STR("DISPLAY")) ||
                                 str_caseeq(str_trim(action->value), STR("AUDIO")));
        bool keep = str_caseeq(alarm->name, STR("VALARM"))
                        ? holds && trigger && (standard || (theirs && !some))
                        : standard;
        if (!keep) {
            *p = alarm->next;
            continue;
        }
        some = true;
        p = &alarm->next;
        struct line *made =
            standard && x->s->phone->alarms_utc && trigger ? absolute_trigger(x, e, trigger) : NULL;
        if (!made)
            continue;
        comp_drop(alarm, STR("TRIGGER"));
        ical_add_prop(alarm, made);
    }
}

/* ---- what is not the device's ---- */

/* One exception for each instance that is an event of its own there. */
static enum status except_overrides(struct ctx *x, const struct doc *stored, struct ical_comp *c)
{
    for (const struct ical_comp *o = stored->root->children; o; o = o->next) {
        struct when w, start;
        if (!ical_kind_of(o->name) || !when_of(x, stored->root, o, STR("RECURRENCE-ID"), &w))
            continue;
        if (when_of(x, stored->root, c, STR("DTSTART"), &start))
            (void)part_of_name(x, stored, part_name(x, stored->root, o), &w);
        struct line *l = when_line(x, STR("EXDATE"), &w);
        if (!l)
            return x->a->st;
        ical_add_prop(c, l);
    }
    return x->a->st;
}

static enum status stand_alone(struct ctx *x, const struct doc *stored, const struct ical_comp *part,
                               struct ical_comp *c)
{
    if (!ical_prop(part, STR("RECURRENCE-ID")))
        return except_overrides(x, stored, c);
    struct line *uid = comp_prop(c, STR("UID"));
    if (uid)
        uid->value = part_uid(x, uid->value, part_name(x, stored->root, part));
    comp_drop(c, STR("RECURRENCE-ID"));
    return x->a->st;
}

enum status adapt_year(struct ctx *x, const struct doc *stored, struct ical_comp *c)
{
    int year = x->s->phone->year_min;
    int64_t first, from = days_from_civil(year ? year : 1970, 1, 1) * CONTENT_DAY;
    struct extent e;
    extent_read(x, stored->root, c, &e);
    if (!year || !e.has_start || e.start.utc >= from)
        return OK;
    if (!comp_recurs(c) || !rules_first(x, stored->root, c, from, &first))
        return ctx_fail(x, UNSUPPORTED, "before the first year of the device");
    struct when start = e.start, end = e.end;
    start.utc = first;
    start.civil = tz_to_local(start.zone, first);
    end = when_plus(x, &end, first - e.start.utc);
    when_put(x, comp_prop(c, STR("DTSTART")), &start);
    struct line *l = comp_prop(c, STR("DTEND"));
    if (l)
        when_put(x, l, &end);
    return x->a->st;
}

static bool type_takes(enum content_type type, enum ical_kind kind)
{
    switch (type) {
    case CONTENT_ICAL20:
        return kind == ICAL_VEVENT || kind == ICAL_VTODO || kind == ICAL_VJOURNAL;
    case CONTENT_VCAL10:
        return kind == ICAL_VEVENT || kind == ICAL_VTODO;
    case CONTENT_SIFE:
        return kind == ICAL_VEVENT;
    case CONTENT_SIFT:
        return kind == ICAL_VTODO;
    case CONTENT_SIFN:
    case CONTENT_PLAIN:
    case CONTENT_VNOTE:
        return kind == ICAL_VJOURNAL;
    case CONTENT_NONE:
    case CONTENT_VCARD21:
    case CONTENT_VCARD30:
    case CONTENT_VCARD40:
    case CONTENT_SIFC:
    case CONTENT_TYPE_COUNT:
        break;
    }
    return false;
}

static struct ical_comp *calendar(struct ctx *x)
{
    struct ical_comp *root = ARENA_NEW(x->a, struct ical_comp);
    if (!root)
        return NULL;
    *root = (struct ical_comp){.name = STR("VCALENDAR")};
    comp_set(x->a, root, STR("VERSION"), STR("2.0"));
    comp_set(x->a, root, STR("PRODID"), STR("-//Scambio//EN"));
    return x->a->st == OK ? root : NULL;
}

enum status adapt_calendar(struct ctx *x, const struct doc *stored, const struct ical_comp *part,
                           struct doc *out)
{
    struct extent e;
    if (!type_takes(x->type, ical_kind_of(part->name)))
        return ctx_fail(x, UNSUPPORTED, "this type has no such component");
    *out = (struct doc){.media = MEDIA_CALENDAR, .root = calendar(x)};
    out->main = out->root ? comp_copy(x->a, part, out->root) : NULL;
    if (!out->main)
        return x->a->st;
    struct ical_comp *c = out->main;
    enum status st = holds_overrides(x) ? OK : stand_alone(x, stored, part, c);
    if (st == OK)
        st = adapt_year(x, stored, c);
    if (st != OK)
        return st;
    extent_read(x, stored->root, c, &e);
    adapt_alarms(x, &e, c);
    if (x->type == CONTENT_ICAL20) /* the writers of the other types do it */
        times_for_device(x, stored->root, c);
    if (x->s->phone->drop_status && ical_kind_of(c->name) == ICAL_VEVENT)
        comp_drop(c, STR("STATUS"));
    adapt_props(x, MEDIA_CALENDAR, c);
    out->root->children = c;
    st = zones_provide(x, out->root, stored->root);
    if (x->type == CONTENT_ICAL20 && x->s->phone->time == PHONE_LOCAL_AS_UTC)
        say_zulu(x, c);
    return st == OK ? x->a->st : st;
}
