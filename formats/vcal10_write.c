/* formats/vcal10_write.c: one VEVENT or VTODO as a vCalendar 1.0, in the ways that a device wants it. */
#include "formats/rrule.h"
#include "formats/vcal10_int.h"

enum { PARAMS = 12, SAMPLES = 520, WEEK = 7 * VCAL10_DAY };

struct writing {
    struct arena *arena;
    const struct ical_comp *comp;
    const struct vcal10_write *o;
    struct buf *out;
    unsigned notes;
    struct occur_query query;
    struct occur_ctx x;
    const struct tz *device;
    bool task, has_start, has_end;
    struct moment start, end; /* DTSTART; DTEND or DUE, also of a DURATION */
    int64_t moved;            /* seconds that year_min moves the whole */
};

/* ---- times in the device's way ---- */

static void put_time(const struct writing *w, struct buf *b, int64_t utc)
{
    bool local = w->o->time != VCAL10_UTC;
    struct caltime t = caltime_from_seconds(local ? tz_to_local(w->device, utc) : utc);
    t.is_utc = w->o->time != VCAL10_LOCAL;
    caltime_write(b, &t);
}

/* A day: its midnight, or the day itself. `last`: the last moment of an event that ends with it. */
static void put_day(const struct writing *w, struct buf *b, int64_t civil, bool last)
{
    struct caltime t = caltime_from_seconds(civil);
    t.is_date = true;
    if (w->o->allday == VCAL10_ALLDAY_DATE || (w->o->allday == VCAL10_ALLDAY_T24 && !w->task))
        caltime_write(b, &t);
    if (w->o->allday == VCAL10_ALLDAY_DATE)
        return;
    if (w->o->allday == VCAL10_ALLDAY_T24 && !w->task)
        buf_add(b, last ? STR("T240000Z") : STR("T000000Z"));
    else
        put_time(w, b, tz_to_utc(w->device, civil + (last ? VCAL10_DAY - 1 : 0)));
}

static void put_moment(const struct writing *w, struct buf *b, const struct moment *m)
{
    if (m->is_date)
        put_day(w, b, m->civil + w->moved, false);
    else
        put_time(w, b, m->utc + w->moved);
}

static void write_value(struct writing *w, struct str name, struct buf *value)
{
    versit_write_line(w->out, &w->o->text, &(struct versit_out){.name = name, .value = buf_view(value)});
}

static const struct line *prop(const struct writing *w, const char *name)
{
    return ical_prop(w->comp, str_c(name));
}

static bool read_moment(struct writing *w, const char *name, struct moment *out)
{
    const struct line *l = prop(w, name);
    return l && moment_read(&w->x, l, l->value, out) == OK;
}

/* The end that the component says in one of its ways; an event of days without one has a day. */
static void find_end(struct writing *w)
{
    const struct line *l = prop(w, "DURATION");
    struct caldur d;
    w->has_end = read_moment(w, w->task ? "DUE" : "DTEND", &w->end);
    if (w->has_end && w->has_start &&
        w->end.is_date != w->start.is_date) /* nonsense: as if there were none */
        w->has_end = false;
    if (!w->has_end && w->has_start && l && caldur_parse(str_trim(l->value), &d) == OK) {
        w->end = w->start;
        w->end.utc = moment_add(&w->start, w->start.civil, &d);
        w->end.civil = w->start.civil + d.days * VCAL10_DAY + (w->start.is_date ? 0 : d.seconds);
        w->has_end = true;
    }
    if (w->task || !w->has_start)
        return;
    if (!w->has_end)
        w->end = w->start;
    w->has_end = true;
    if (w->start.is_date && w->end.civil <= w->start.civil) {
        w->end.civil = w->start.civil + VCAL10_DAY;
        w->end.utc = moment_utc(&w->start, w->end.civil);
    }
}

static void find_times(struct writing *w)
{
    w->has_start = read_moment(w, "DTSTART", &w->start);
    find_end(w);
}

static void write_times(struct writing *w)
{
    SCOPED_BUF(b, 64);
    if (w->has_start) {
        put_moment(w, &b, &w->start);
        write_value(w, STR("DTSTART"), &b);
    }
    if (!w->has_end)
        return;
    buf_clear(&b);
    if (w->task && w->end.is_date && w->o->due_local_midnight) {
        struct caltime t = caltime_from_seconds(w->end.civil + w->moved);
        caltime_write(&b, &t);
    } else if (!w->task && w->end.is_date) {
        bool last = w->o->allday == VCAL10_ALLDAY_2359 || w->o->allday == VCAL10_ALLDAY_T24;
        put_day(w, &b, w->end.civil + w->moved - (last ? VCAL10_DAY : 0), last);
    } else {
        put_moment(w, &b, &w->end);
    }
    write_value(w, w->task ? STR("DUE") : STR("DTEND"), &b);
}

/* ---- recurrence ---- */

static bool recurs(const struct writing *w)
{
    return w->o->rules != VCAL10_RULES_NONE && !prop(w, "RECURRENCE-ID") && w->has_start &&
           (prop(w, "RRULE") || prop(w, "RDATE"));
}

static struct caltime start_of(const struct writing *w)
{
    struct caltime t = caltime_from_seconds(w->start.civil);
    t.is_date = w->start.is_date;
    return t;
}

/* Does the device's clock keep its distance from the object's as long as the rule goes on (or for ten years)? */
static bool keeps_distance(const struct writing *w, int64_t until)
{
    int distance = tz_offset(w->device, w->start.utc) - tz_offset(w->start.zone, w->start.utc);
    int64_t t = w->start.utc;
    for (size_t i = 0; i < SAMPLES && t <= until; i++, t += WEEK)
        if (tz_offset(w->device, t) - tz_offset(w->start.zone, t) != distance)
            return false;
    return true;
}

static void put_rule_end(const struct writing *w, struct buf *b, const struct caltime *end)
{
    int64_t civil = caltime_seconds(end);
    buf_addc(b, ' ');
    if (w->start.is_date)
        put_day(w, b, civil, false);
    else
        put_time(w, b, tz_to_utc(w->start.zone, civil));
}

static enum status write_rule(struct writing *w, struct str name, const struct line *l, bool first)
{
    struct vcal10_rule rule;
    struct str why;
    struct caltime start = start_of(w);
    bool days = w->start.is_date || w->start.floating;
    int64_t shown = days ? w->start.civil : tz_to_local(w->device, w->start.utc);
    int64_t day = shown - (shown % VCAL10_DAY + VCAL10_DAY) % VCAL10_DAY,
            own = w->start.civil - (w->start.civil % VCAL10_DAY + VCAL10_DAY) % VCAL10_DAY;
    int shift = (int)((day - own) / VCAL10_DAY);
    if (!first && str_eq(name, STR("RRULE")))
        return UNSUPPORTED;
    enum status st = vcal10_rule_write_shifted(w->arena, l->value, &start, days ? NULL : w->start.zone, shift,
                                               shown != w->start.civil, &rule, &why);
    if (st != OK)
        return st == INVALID ? UNSUPPORTED : st;
    int64_t until = rule.has_end && !days ? tz_to_utc(w->start.zone, caltime_seconds(&rule.end)) : INT64_MAX;
    if (!days && w->start.zone != w->device && !keeps_distance(w, until)) {
        if (w->o->rules == VCAL10_RULES_EXACT)
            return UNSUPPORTED;
        w->notes |= VCAL10_RULE_NEAR;
    }
    SCOPED_BUF(b, 8192);
    buf_add(&b, rule.text);
    if (rule.has_end)
        put_rule_end(w, &b, &rule.end);
    write_value(w, name, &b);
    return b.st;
}

static enum status put_list(struct writing *w, struct buf *b, const struct line *l)
{
    struct str rest = l->value, one;
    while (str_split(&rest, ',', &one)) {
        struct moment m;
        if (!str_trim(one).n)
            continue;
        if (str_chr(one, '/', 0) != SIZE_MAX || moment_read(&w->x, l, one, &m) != OK)
            return UNSUPPORTED;               /* a period has a length of its own */
        if (m.is_date && !w->start.is_date) { /* the occurrence of that day */
            m = (struct moment){.civil = m.civil + (w->start.civil % VCAL10_DAY + VCAL10_DAY) % VCAL10_DAY,
                                .zone = w->start.zone};
            m.utc = moment_utc(&w->start, m.civil);
        } else if (!m.is_date && w->start.is_date) {
            m = (struct moment){.civil = m.civil - (m.civil % VCAL10_DAY + VCAL10_DAY) % VCAL10_DAY,
                                .is_date = true,
                                .zone = m.zone};
        }
        if (b->n)
            buf_addc(b, ';');
        if (m.is_date)
            put_day(w, b, m.civil, false);
        else
            put_time(w, b, m.utc);
    }
    return OK;
}

static enum status write_list(struct writing *w, const char *name)
{
    SCOPED_BUF(b, 1 << 20);
    enum status st = OK;
    for (const struct line *l = prop(w, name); l && st == OK; l = ical_prop_next(l, str_c(name)))
        st = put_list(w, &b, l);
    if (st == OK && b.n)
        write_value(w, str_c(name), &b);
    return st != OK ? st : b.st;
}

static enum status write_recurrence(struct writing *w)
{
    static const char *const rules[] = {"RRULE", "EXRULE"};
    enum status st = OK;
    if (!recurs(w)) {
        if (prop(w, "RRULE") || prop(w, "RDATE"))
            w->notes |= VCAL10_RULE_LEFT_OUT;
        return OK;
    }
    for (size_t i = 0; i < COUNT_OF(rules); i++) {
        bool first = true;
        for (const struct line *l = prop(w, rules[i]); l && st == OK;
             l = ical_prop_next(l, str_c(rules[i])), first = false)
            st = write_rule(w, str_c(rules[i]), l, first);
    }
    if (st == OK)
        st = write_list(w, "RDATE");
    return st == OK ? write_list(w, "EXDATE") : st;
}

/* ---- year_min ---- */

/* The first occurrence in that year or later: what the device sees of the rule from then on is the same. */
static bool first_from(struct writing *w, int64_t from, int64_t *found)
{
    const struct line *l = prop(w, "RRULE");
    struct rrule *r;
    struct rrule_iter *it;
    struct str why;
    struct caltime start = start_of(w);
    if (!recurs(w) || !l || rrule_parse(w->arena, l->value, &r, &why) != OK || rrule_has_count(r))
        return false;
    return rrule_iter_new(w->arena, r, &start, from, rule_end(r, &w->start), &it) == OK &&
           rrule_next(it, found);
}

static void clamp(struct writing *w)
{
    const struct moment *first = w->has_start ? &w->start : &w->end;
    struct caltime t = caltime_from_seconds(first->civil);
    int64_t civil;
    if ((!w->has_start && !w->has_end) || t.year >= w->o->year_min)
        return;
    w->notes |= VCAL10_CLAMPED;
    if (!first_from(w, days_from_civil(w->o->year_min, 1, 1) * VCAL10_DAY, &civil)) {
        t.year = w->o->year_min;
        if (t.day > days_in_month(t.year, t.month))
            t.day = days_in_month(t.year, t.month);
        civil = caltime_seconds(&t);
    }
    w->moved = first->is_date ? civil - first->civil : moment_utc(first, civil) - first->utc;
}

/* ---- properties ---- */

static size_t params_of(struct writing *w, const struct line *l, struct str params[PARAMS])
{
    size_t count = 0;
    for (const struct line_param *p = l->params; p && count < PARAMS; p = p->next) {
        bool known = str_casestarts(p->name, STR("X-")) || str_caseeq(p->name, STR("LANGUAGE"));
        if (!known || p->value_count != 1 || !versit_is_sayable(p->values[0]))
            continue;
        struct str one = arena_strf(w->arena, "%.*s=%.*s", STR_ARG(p->name), STR_ARG(p->values[0]));
        if (one.p)
            params[count++] = one;
    }
    return count;
}

static void put_priority(const struct writing *w, struct buf *b, struct str value)
{
    uint64_t n;
    if (!str_u64(str_trim(value), &n) || n == 0 || n > 9)
        return;
    if (w->o->priorities == 3)
        n = n < 5 ? 1 : n == 5 ? 2 : 3;
    buf_u64(b, n);
}

static void put_record(struct writing *w, struct buf *b, const struct line *l)
{
    struct moment m;
    if (moment_read(&w->x, l, l->value, &m) != OK)
        return;
    struct caltime t = caltime_from_seconds(m.utc);
    if (t.year >= w->o->year_min)
        put_time(w, b, m.utc);
}

static void put_text(struct writing *w, struct buf *b, struct str value, size_t size, bool cut)
{
    struct str text = text_unescape(w->arena, value);
    versit_escape_text(b, size && cut ? charset_cut(text, size) : text);
}

static void put_value(struct writing *w, const struct vcal10_prop *p, const struct line *l, size_t size,
                      struct buf *b)
{
    bool categories = str_caseeq(p->v1, STR("CATEGORIES"));
    switch (p->form) {
    case VCAL10_TEXT:
        put_text(w, b, l->value, size, p->cut);
        return;
    case VCAL10_TEXTS:
        versit_list_write(w->arena, b, l->value, ';', categories && w->o->categories_x, size);
        return;
    case VCAL10_RAW:
    case VCAL10_OPAQUE:
        versit_opaque_write(b, l->value);
        return;
    case VCAL10_UPPER:
        buf_add(b, str_trim(l->value));
        return;
    case VCAL10_STATUS:
        buf_add(b, vcal10_status(l->value, w->task, false));
        return;
    case VCAL10_TRANSP:
        buf_add(b, str_caseeq(str_trim(l->value), STR("TRANSPARENT")) ? STR("1") : STR("0"));
        return;
    case VCAL10_PRIORITY:
        put_priority(w, b, l->value);
        return;
    case VCAL10_GEO:
        versit_swap(b, l->value, ';', ',');
        return;
    case VCAL10_RECORD:
        put_record(w, b, l);
        return;
    case VCAL10_ATTACH:
    case VCAL10_PERSON:
    case VCAL10_TIME:
    case VCAL10_TIMES:
    case VCAL10_RULE:
    case VCAL10_ALARM:
    case VCAL10_DROPPED:
        return; /* written elsewhere, or not at all */
    }
}

static void write_attach(struct writing *w, const struct line *l)
{
    struct str params[PARAMS + 1];
    size_t count = params_of(w, l, params);
    bool cid = str_casestarts(l->value, STR("cid:"));
    SCOPED_BUF(b, l->value.n * 2 + 8);
    struct versit_out line = {.name = STR("ATTACH"), .params = params};
    if (str_caseeq(line_param1(l, STR("ENCODING")), STR("BASE64"))) {
        SCOPED_BUF(bytes, l->value.n + 4);
        if (!buf_unbase64(&bytes, l->value) || bytes.st != OK)
            return;
        line.param_count = count;
        buf_base64(&b, buf_view(&bytes));
        line.value = buf_view(&b);
        versit_write_binary(w->out, &w->o->text, &line, STR("BASE64"));
        return;
    }
    params[count++] = cid ? STR("VALUE=CONTENT-ID") : STR("VALUE=URL");
    line.param_count = count;
    if (cid)
        buf_addc(&b, '<');
    versit_opaque_write(&b, cid ? str_from(l->value, 4) : l->value);
    if (cid)
        buf_addc(&b, '>');
    line.value = buf_view(&b);
    versit_write_line(w->out, &w->o->text, &line);
}

static void write_person(struct writing *w, const struct line *l)
{
    struct str params[PARAMS];
    struct versit_out line;
    SCOPED_BUF(b, 1 << 20);
    vcal10_person_write(w->arena, l, &line, params, PARAMS, &b);
    line.value = buf_view(&b);
    versit_write_line(w->out, &w->o->text, &line);
}

static void write_recurrence_id(struct writing *w, const struct line *l)
{
    struct moment m;
    SCOPED_BUF(b, 64);
    if (!w->o->recurrence_id || moment_read(&w->x, l, l->value, &m) != OK)
        return;
    if (m.is_date)
        put_day(w, &b, m.civil, false);
    else
        put_time(w, &b, m.utc);
    write_value(w, STR("RECURRENCE-ID"), &b);
}

static void write_property(struct writing *w, const struct line *l)
{
    const struct vcal10_prop *p = vcal10_prop_of(l->name, false);
    struct str name = p->v1.n ? p->v1 : l->name, params[PARAMS];
    size_t size = versit_size(&w->o->text, name);
    SCOPED_BUF(b, l->value.n * 2 + 64);
    if (p->form == VCAL10_ATTACH) {
        write_attach(w, l);
    } else if (p->form == VCAL10_PERSON) {
        write_person(w, l);
    } else if (str_caseeq(l->name, STR("RECURRENCE-ID"))) {
        write_recurrence_id(w, l);
    } else if (!line_param(l, STR("ENCODING"))) { /* what else is binary has no name in 1.0 */
        put_value(w, p, l, size, &b);
        if (b.st != OK && w->out->st == OK)
            w->out->st = b.st;
        bool text = p->form == VCAL10_TEXT || p->form == VCAL10_TEXTS || p->form == VCAL10_OPAQUE ||
                    p->form == VCAL10_RAW;
        if ((!b.n && !text) || (size && !p->cut && charset_length(buf_view(&b)) > size))
            return;
        if (p->form == VCAL10_DROPPED)
            return;
        struct versit_out line = {
            .name = name, .params = params, .param_count = params_of(w, l, params), .value = buf_view(&b)};
        versit_write_line(w->out, &w->o->text, &line);
    }
}

/* ---- alarms ---- */

/* When it goes off, in the device's way; false when that cannot be told. */
static bool put_trigger(struct writing *w, const struct ical_comp *alarm, struct buf *b)
{
    const struct line *l = ical_prop(alarm, STR("TRIGGER"));
    struct caldur d;
    struct caltime t;
    int64_t utc;
    if (!l)
        return false;
    if (caldur_parse(str_trim(l->value), &d) == OK) {
        bool from_end = str_caseeq(line_param1(l, STR("RELATED")), STR("END")) || !w->has_start;
        const struct moment *base = from_end && w->has_end ? &w->end : &w->start;
        if (!w->has_start && !w->has_end)
            return false;
        if (w->o->alarms == VCAL10_ALARMS_RELATIVE && !from_end) {
            buf_add(b, str_trim(l->value));
            return true;
        }
        utc = moment_add(base, base->civil, &d) + w->moved;
    } else if (caltime_parse(str_trim(l->value), &t) == OK && !t.is_date) {
        utc = caltime_seconds(&t);
    } else {
        return false;
    }
    if (w->o->alarms == VCAL10_ALARMS_UTC) {
        t = caltime_from_seconds(utc);
        t.is_utc = true;
        caltime_write(b, &t);
    } else {
        put_time(w, b, utc);
    }
    return true;
}

static void write_alarms(struct writing *w)
{
    for (const struct ical_comp *c = ical_child(w->comp, STR("VALARM")); c;
         c = ical_child_next(c, STR("VALARM"))) {
        SCOPED_BUF(when, 1000);
        if (put_trigger(w, c, &when) && when.st == OK)
            vcal10_alarm_write(w->arena, c, buf_view(&when), &w->o->text, w->o->epoc, w->o->alarms_twice,
                               w->out);
    }
}

static void write_epoc(struct writing *w)
{
    const struct line *kept = prop(w, "X-EPOCAGENDAENTRYTYPE");
    bool days = w->has_start && w->start.is_date,
         anniversary = kept && str_caseeq(str_trim(kept->value), STR("ANNIVERSARY"));
    SCOPED_BUF(b, 32);
    buf_add(&b, w->task       ? STR("TODO")
                : !days       ? STR("APPOINTMENT")
                : anniversary ? STR("ANNIVERSARY")
                              : STR("EVENT"));
    write_value(w, STR("X-EPOCAGENDAENTRYTYPE"), &b);
}

/* ---- the whole ---- */

static enum status write_component(struct writing *w)
{
    struct str name = w->task ? STR("VTODO") : STR("VEVENT");
    buf_addf(w->out, "BEGIN:%.*s\r\n", STR_ARG(name));
    write_times(w);
    for (const struct line *l = w->comp->props; l; l = l->next)
        write_property(w, l);
    enum status st = write_recurrence(w);
    if (st != OK)
        return st;
    write_alarms(w);
    if (w->o->epoc)
        write_epoc(w);
    buf_addf(w->out, "END:%.*s\r\n", STR_ARG(name));
    return OK;
}

enum status vcal10_write(struct arena *a, const struct ical_comp *cal, const struct ical_comp *comp,
                         const struct vcal10_write *o, struct buf *out, unsigned *notes)
{
    struct writing w = {.arena = a, .comp = comp, .o = o, .out = out};
    enum ical_kind kind = ical_kind_of(comp->name);
    size_t before = out->n;
    *notes = 0;
    if (kind != ICAL_VEVENT && kind != ICAL_VTODO)
        return UNSUPPORTED;
    w.task = kind == ICAL_VTODO;
    w.device = o->zones && o->zone.n ? tz_find(o->zones, o->zone) : NULL;
    if (!w.device)
        w.device = tz_utc();
    w.query = (struct occur_query){.zone = w.device, .zones = o->zones};
    occur_begin(&w.x, a, cal, &w.query);
    find_times(&w);
    clamp(&w);
    buf_add(out, STR("BEGIN:VCALENDAR\r\nVERSION:1.0\r\n"));
    if (o->tz_properties)
        vcal10_zone_write(out, &o->text, w.device,
                          w.has_start ? w.start.utc + w.moved
                          : w.has_end ? w.end.utc + w.moved
                                      : 0);
    enum status st = write_component(&w);
    buf_add(out, STR("END:VCALENDAR\r\n"));
    *notes = w.notes;
    if (st != OK)
        buf_cut(out, before);
    return st != OK ? st : a->st != OK ? a->st : out->st;
}
