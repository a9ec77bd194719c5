/* syncml/content_local.c: a device's times in the store's terms. Some write local time without saying where, or say Z and mean local
 * time (the readers of the older formats know that by themselves). A value that is no time is dropped, so that one bad property
 * does not cost the item. */
#include "formats/rrule.h"
#include "syncml/content_int.h"

static const struct str time_props[] = {
    STR_INIT("DTSTART"), STR_INIT("DTEND"),         STR_INIT("DUE"),     STR_INIT("EXDATE"),
    STR_INIT("RDATE"),   STR_INIT("RECURRENCE-ID"), STR_INIT("DTSTAMP"), STR_INIT("COMPLETED"),
};
enum { LOCAL_PROPS = 6 }; /* of them; the others are UTC always */

static size_t time_prop(struct str name)
{
    size_t i = 0;
    while (i < COUNT_OF(time_props) && !str_caseeq(name, time_props[i]))
        i++;
    return i;
}

static struct when meant(struct ctx *x, const struct when *w, bool named)
{
    struct when form = when_local_form(x), made = *w;
    enum phone_time time = x->s->phone->time;
    if (w->is_date || x->type != CONTENT_ICAL20) /* the readers of the other types have done it */
        return made;
    if (w->is_utc && time == PHONE_LOCAL_AS_UTC) {
        made = form;
        made.civil = w->civil;
        made.utc = tz_to_utc(made.zone, made.civil);
    } else if (when_floats(w) && (named || time != PHONE_UTC)) { /* named: a TZID that nobody knows */
        made = form;
        made.utc = w->utc;
        made.civil = tz_to_local(made.zone, made.utc);
    }
    return made;
}

bool doc_is_broken(const struct doc *i, struct str name)
{
    for (const struct broken *b = i->broken; b; b = b->next)
        if (str_caseeq(b->name, name))
            return true;
    return false;
}

static void note_broken(struct ctx *x, struct doc *i, struct str name)
{
    struct broken *b = doc_is_broken(i, name) ? NULL : ARENA_NEW(x->a, struct broken);
    if (!b)
        return;
    *b = (struct broken){name, i->broken};
    i->broken = b;
}

/* A list with the first value's form: TZID stands once before all of them. False: nothing of it is a time. */
static bool localise_list(struct ctx *x, const struct ical_comp *cal, struct line *l)
{
    SCOPED_BUF(out, l->value.n + (l->value.n / 8 + 1) * 20);
    bool named = line_param(l, STR("TZID")) != NULL;
    struct str rest = l->value, one;
    struct when form = {0};
    while (str_split(&rest, ',', &one)) {
        struct str period = one, start = STR_NONE;
        struct when w;
        str_split(&period, '/', &start);
        if (!when_read(x, cal, l, start, &w))
            continue;
        w = meant(x, &w, named);
        if (!form.zone)
            form = w;
        w = when_as(x, &w, &form);
        if (w.is_date != form.is_date)
            continue;
        if (out.n)
            buf_addc(&out, ',');
        buf_add(&out, when_text(x, &w));
        struct caldur d;
        if (period.p && caldur_parse(str_trim(period), &d) == OK) {
            buf_addc(&out, '/');
            buf_add(&out, str_trim(period));
        }
    }
    if (!out.n)
        return false;
    when_put(x, l, &form);
    l->value = arena_str(x->a, buf_view(&out));
    return l->value.p != NULL;
}

static bool localise_single(struct ctx *x, const struct ical_comp *cal, struct line *l, bool utc)
{
    struct when w;
    if (!when_read(x, cal, l, l->value, &w))
        return false;
    struct when made = meant(x, &w, line_param(l, STR("TZID")) != NULL);
    if (utc && !made.is_date) {
        struct when now = when_now(x);
        made = when_as(x, &made, &now);
    }
    when_put(x, l, &made);
    return true;
}

/* Windows Mobile says a day by its local midnight. */
static void find_due_date(struct ctx *x, const struct ical_comp *cal, struct ical_comp *c)
{
    static const struct str names[] = {STR_INIT("DUE"), STR_INIT("DTSTART")};
    if (x->type != CONTENT_ICAL20 || ical_kind_of(c->name) != ICAL_VTODO || !x->s->phone->due_local_midnight)
        return;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct when w, form = when_local_form(x);
        struct line *l = comp_prop(c, names[i]);
        if (!l || !when_read(x, cal, l, l->value, &w) || w.is_date)
            continue;
        w = when_as(x, &w, &form);
        if (civil_time(w.civil))
            continue;
        w = (struct when){.civil = w.civil, .zone = x->local, .is_date = true};
        when_put(x, l, &w);
    }
}

static bool good_rule(struct ctx *x, struct str text)
{
    struct rrule *r;
    struct str why;
    return rrule_parse(x->a, text, &r, &why) == OK;
}

/* Rules follow the start where it went: other days, another way of UNTIL. */
static void localise_rules(struct ctx *x, struct doc *i, struct ical_comp *c, const struct when *was,
                           const struct when *is)
{
    int64_t days = (civil_midnight(is->civil) - civil_midnight(was->civil)) / CONTENT_DAY;
    bool zulu = x->type == CONTENT_ICAL20 && x->s->phone->time == PHONE_LOCAL_AS_UTC && !was->is_date;
    struct when from = zulu ? *is : *was;
    for (struct line **p = &c->props; *p;) {
        struct line *l = *p;
        bool rule = str_caseeq(l->name, STR("RRULE")) || str_caseeq(l->name, STR("EXRULE"));
        if (rule) {
            if (zulu)
                l->value = rule_zulu(x, l->value, false);
            l->value = rule_moved(x, l->value, days >= -1 && days <= 1 ? (int)days : 0, &from, is);
            l->raw = STR_NONE;
        }
        if (rule && !good_rule(x, l->value)) {
            note_broken(x, i, l->name);
            *p = l->next;
        } else {
            p = &l->next;
        }
    }
    if (!comp_recurs(c) && !doc_is_broken(i, STR("RRULE"))) { /* exceptions from nothing */
        comp_drop(c, STR("EXDATE"));
        comp_drop(c, STR("EXRULE"));
    }
}

/* Durations that are none, and what may stand once but stands twice. */
static void drop_wrong(struct ctx *x, struct doc *i, struct ical_comp *c)
{
    static const struct str once[] = {STR_INIT("UID"),           STR_INIT("DTSTART"), STR_INIT("DTEND"),
                                      STR_INIT("RECURRENCE-ID"), STR_INIT("DUE"),     STR_INIT("DURATION"),
                                      STR_INIT("CLASS")};
    bool seen[COUNT_OF(once)] = {false};
    for (struct line **p = &c->props; *p;) {
        struct line *l = *p;
        struct caldur d;
        bool drop = str_caseeq(l->name, STR("DURATION")) && caldur_parse(str_trim(l->value), &d) != OK;
        if (drop)
            note_broken(x, i, l->name);
        drop |= str_caseeq(l->name, STR("UID")) && !str_trim(l->value).n;
        for (size_t k = 0; k < COUNT_OF(once) && !drop; k++) {
            if (!str_caseeq(l->name, once[k]))
                continue;
            drop = seen[k];
            seen[k] = true;
        }
        if (drop)
            *p = l->next;
        else
            p = &l->next;
    }
}

static void localise_comp(struct ctx *x, struct doc *i, struct ical_comp *c)
{
    const struct ical_comp *cal = i->root;
    struct when was, is;
    drop_wrong(x, i, c);
    bool started = when_of(x, cal, c, STR("DTSTART"), &was);
    for (struct line **p = &c->props; *p;) {
        struct line *l = *p;
        size_t which = time_prop(l->name);
        bool list = str_caseeq(l->name, STR("EXDATE")) || str_caseeq(l->name, STR("RDATE"));
        bool keep = which == COUNT_OF(time_props) ||
                    (list ? localise_list(x, cal, l) : localise_single(x, cal, l, which >= LOCAL_PROPS));
        if (keep) {
            p = &l->next;
        } else {
            note_broken(x, i, l->name);
            *p = l->next;
        }
    }
    find_due_date(x, cal, c);
    if (started && when_of(x, cal, c, STR("DTSTART"), &is))
        localise_rules(x, i, c, &was, &is);
    else
        localise_rules(x, i, c, &(struct when){.zone = x->local}, &(struct when){.zone = x->local});
}

void doc_localise(struct ctx *x, struct doc *i)
{
    if (i->media != MEDIA_CALENDAR)
        return;
    for (struct ical_comp *c = i->root->children; c; c = c->next)
        if (ical_kind_of(c->name))
            localise_comp(x, i, c);
}
