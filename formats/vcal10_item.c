/* formats/vcal10_item.c: one VEVENT or VTODO of vCalendar 1.0 as a component of iCalendar. First what its times mean (which zone, whole
 * days or not), then its properties in their order. */
#include "formats/vcal10_int.h"
#include "formats/vcard_int.h"

enum { MOST_ALARMS = 50, MOST_ONCE = 40, MINUTE = 60 };

struct item {
    struct vcal10_reading *r;
    struct arena *arena;
    const struct vcal10_item *in;
    struct ical_comp *out;
    struct line **tail;
    struct ical_comp **alarms;
    size_t alarm_count;
    const struct tz *zone; /* NULL: none */
    bool task, allday, anniversary;
    bool has_start, has_end, has_due;
    struct vcal10_stamp start, end, due;
    int64_t end_day; /* civil, exclusive: of whole days */
    const struct vcal10_prop *once[MOST_ONCE];
    size_t once_count;
    struct str *why;
};

static enum status fail(struct item *x, const struct line *l, const char *what)
{
    *x->why = arena_strf(x->arena, "line %zu: %.*s: %s", l->number, STR_ARG(l->name), what);
    return x->arena->st < 0 ? x->arena->st : INVALID;
}

/* ---- times ---- */

/* Is it a moment, not a time of the place? */
static bool is_moment(const struct item *x, const struct vcal10_stamp *s)
{
    return s->is_utc && x->r->o->time != VCAL10_LOCAL_AS_UTC;
}

static int64_t local(const struct item *x, const struct vcal10_stamp *s)
{
    return is_moment(x, s) && x->zone ? tz_to_local(x->zone, s->civil) : s->civil;
}

static int64_t utc(const struct item *x, const struct vcal10_stamp *s)
{
    return !is_moment(x, s) && x->zone ? tz_to_utc(x->zone, s->civil) : s->civil;
}

static bool is_midnight(int64_t civil)
{
    return civil % VCAL10_DAY == 0;
}

static int64_t day_of(int64_t civil)
{
    return civil - (civil % VCAL10_DAY + VCAL10_DAY) % VCAL10_DAY;
}

/* The day that is meant: a midnight is written of that day, whether it says Z or not. */
static int64_t meant_day(const struct item *x, const struct vcal10_stamp *s)
{
    return is_midnight(s->civil) ? s->civil : day_of(local(x, s));
}

static bool stamp_of(struct item *x, struct str name, struct vcal10_stamp *out)
{
    for (const struct line *l = x->in->lines; l; l = l->next)
        if (str_caseeq(l->name, name) && vcal10_stamp_read(l->value, out))
            return true;
    return false;
}

static struct str value_of(const struct item *x, struct str name)
{
    for (const struct line *l = x->in->lines; l; l = l->next)
        if (str_caseeq(l->name, name))
            return str_trim(l->value);
    return STR_NONE;
}

/* Does the item say that it is of whole days? */
static bool marked(struct item *x)
{
    static const struct str marks[] = {STR_INIT("X-FUNAMBOL-ALLDAY"), STR_INIT("X-BLUETOOTH-ALLDAYEVENT"),
                                       STR_INIT("X-MICROSOFT-CDO-ALLDAYEVENT")};
    struct str type = value_of(x, STR("X-EPOCAGENDAENTRYTYPE"));
    x->anniversary = str_caseeq(type, STR("ANNIVERSARY"));
    if (x->task)
        return false;
    if (x->anniversary || str_caseeq(type, STR("EVENT")))
        return true;
    for (size_t i = 0; i < COUNT_OF(marks); i++) {
        struct str value = value_of(x, marks[i]);
        if (str_eq(value, STR("1")) || str_caseeq(value, STR("TRUE")))
            return true;
    }
    return false;
}

/* The first midnight that is no part of an event of whole days any more. */
static int64_t day_after(const struct item *x, const struct vcal10_stamp *s)
{
    int64_t civil = local(x, s);
    if (s->t24 || is_midnight(civil))
        return s->t24 ? s->civil : civil;
    return day_of(civil) + VCAL10_DAY;
}

static bool ends_a_day(const struct item *x)
{
    int64_t civil = local(x, &x->end), rest = (civil % VCAL10_DAY + VCAL10_DAY) % VCAL10_DAY;
    return x->end.t24 || rest == 0 || rest == VCAL10_DAY - 1 || rest == VCAL10_DAY - MINUTE;
}

/* T000000Z .. T240000Z: the days that they say, whatever "Z" means elsewhere. */
static bool literal_days(const struct item *x)
{
    return x->end.t24 && is_midnight(x->start.civil);
}

static void event_days(struct item *x, bool mark)
{
    int64_t start = local(x, &x->start);
    x->allday = mark || x->start.is_date || (x->has_end && literal_days(x)) ||
                (x->has_end && is_midnight(start) && ends_a_day(x) && local(x, &x->end) > start);
    if (!x->allday)
        return;
    bool literal =
        x->start.is_date || (x->has_end && literal_days(x)) || (mark && is_midnight(x->start.civil));
    int64_t first = literal ? day_of(x->start.civil) : day_of(start), last = first + VCAL10_DAY;
    if (x->has_end)
        last = literal && is_midnight(x->end.civil) ? x->end.civil : day_after(x, &x->end);
    x->end_day = last > first ? last : first + VCAL10_DAY;
    x->start = (struct vcal10_stamp){.civil = first, .is_date = true};
}

/* A task's times are days when all of them are midnights. */
static void task_days(struct item *x)
{
    bool start = !x->has_start || x->start.is_date || is_midnight(local(x, &x->start));
    bool due = !x->has_due || x->due.is_date || x->due.t24 || is_midnight(local(x, &x->due));
    x->allday = (x->has_start || x->has_due) && start && due;
    if (!x->allday)
        return;
    if (x->has_start)
        x->start = (struct vcal10_stamp){.civil = local(x, &x->start), .is_date = true};
    if (x->has_due) /* the day that ends at T240000 is the day before */
        x->due = (struct vcal10_stamp){.civil = day_of(local(x, &x->due) - x->due.t24), .is_date = true};
}

static void find_times(struct item *x)
{
    const struct vcal10_read *o = x->r->o;
    const struct tz *own = o->zones && o->zone.n ? tz_find(o->zones, o->zone) : NULL;
    bool tz = value_of(x, STR("TZ")).p || value_of(x, STR("DAYLIGHT")).p;
    bool mark = marked(x);
    x->has_start = stamp_of(x, STR("DTSTART"), &x->start);
    x->has_end = !x->task && stamp_of(x, STR("DTEND"), &x->end);
    x->has_due = x->task && stamp_of(x, STR("DUE"), &x->due);
    int64_t near = x->has_start ? x->start.civil : x->has_due ? x->due.civil : o->now;
    x->zone = vcal10_zone_find(o->zones, own, tz ? x->in->lines : x->r->head, near);
    if (x->has_start || x->has_due)
        x->r->earliest = near < x->r->earliest ? near : x->r->earliest;
    if (x->task)
        task_days(x);
    else if (x->has_start)
        event_days(x, mark);
}

/* ---- properties ---- */

static struct line *add(struct item *x, struct str name, struct str value)
{
    struct line *l = ARENA_NEW(x->arena, struct line);
    if (!l)
        return NULL;
    *l = (struct line){.name = name, .value = value};
    *x->tail = l;
    x->tail = &l->next;
    return l;
}

static struct line *add_buf(struct item *x, struct str name, struct buf *value)
{
    if (value->st != OK && x->arena->st == OK)
        x->arena->st = value->st;
    return add(x, name, arena_str(x->arena, buf_view(value)));
}

static void use_zone(struct item *x)
{
    struct vcal10_reading *r = x->r;
    for (size_t i = 0; i < r->zone_count; i++)
        if (r->zones[i] == x->zone)
            return;
    if (r->zone_count < VCAL10_ZONES)
        r->zones[r->zone_count++] = x->zone;
}

/* Appends the time in the zone and returns true, or as a moment and returns false. A moment that the zone's clock shows twice stays one. */
static bool put_time(struct item *x, struct buf *b, const struct vcal10_stamp *s)
{
    int64_t civil = local(x, s);
    bool in_zone = x->zone && x->zone != tz_utc() && tz_to_utc(x->zone, civil) == utc(x, s);
    struct caltime t = caltime_from_seconds(in_zone ? civil : x->zone ? utc(x, s) : s->civil);
    t.is_utc = !in_zone && (x->zone || is_moment(x, s));
    if (x->zone && !in_zone && !is_moment(x, s)) { /* a time that the zone's clock skips: as it is written */
        t = caltime_from_seconds(s->civil);
        in_zone = x->zone != tz_utc();
        t.is_utc = !in_zone;
    }
    caltime_write(b, &t);
    return in_zone;
}

static void put_day(struct buf *b, int64_t civil)
{
    struct caltime t = caltime_from_seconds(civil);
    t.is_date = true;
    caltime_write(b, &t);
}

static void add_time(struct item *x, struct str name, const struct vcal10_stamp *s)
{
    SCOPED_BUF(b, 32);
    bool zone = false;
    if (s->is_date)
        put_day(&b, s->civil);
    else
        zone = put_time(x, &b, s);
    struct line *l = add_buf(x, name, &b);
    if (l && s->is_date)
        vcard_param_set(x->arena, l, STR("VALUE"), STR("DATE"));
    if (!l || !zone)
        return;
    vcard_param_set(x->arena, l, STR("TZID"), tz_name(x->zone));
    use_zone(x);
}

static enum status do_time(struct item *x, const struct line *l)
{
    struct vcal10_stamp s;
    if (!vcal10_stamp_read(l->value, &s))
        return fail(x, l, "not a date or time");
    if (str_caseeq(l->name, STR("DTSTART"))) {
        add_time(x, STR("DTSTART"), &x->start);
    } else if (str_caseeq(l->name, STR("DUE"))) {
        if (x->task)
            add_time(x, STR("DUE"), &x->due);
    } else if (str_caseeq(l->name, STR("DTEND"))) {
        if (x->allday && !x->task)
            add_time(x, STR("DTEND"), &(struct vcal10_stamp){.civil = x->end_day, .is_date = true});
        else if (!x->task && (!x->has_start || utc(x, &x->end) > utc(x, &x->start)))
            add_time(x, STR("DTEND"), &x->end);
    } else if (x->allday || s.is_date) {
        add_time(x, l->name, &(struct vcal10_stamp){.civil = meant_day(x, &s), .is_date = true});
    } else {
        add_time(x, l->name, &s);
    }
    return OK;
}

static void do_record(struct item *x, const struct vcal10_prop *prop, const struct line *l)
{
    struct vcal10_stamp s;
    SCOPED_BUF(b, 32);
    if (!vcal10_stamp_read(l->value, &s))
        return;
    struct caltime t = caltime_from_seconds(utc(x, &s));
    t.is_utc = true;
    caltime_write(&b, &t);
    add_buf(x, prop->v2, &b);
}

/* Devices that write only the day of an exception mean the occurrence of that day. */
static void complete(const struct item *x, struct vcal10_stamp *s)
{
    if (!x->has_start || x->allday)
        return;
    bool moment = is_moment(x, s);
    int64_t start = moment ? utc(x, &x->start) : local(x, &x->start);
    if (!s->is_date && (!is_midnight(s->civil) || is_midnight(start)))
        return;
    int64_t civil = local(x, &x->start), own = local(x, s);
    if (!s->is_date &&
        own - day_of(own) == civil - day_of(civil)) /* a midnight elsewhere, and the very time here */
        return;
    *s = (struct vcal10_stamp){.civil = day_of(s->civil) + civil - day_of(civil)};
    if (!x->zone && is_moment(x, &x->start))
        s->is_utc = true;
}

/* Cuts at a semicolon, as 1.0 has it, or at a comma, as many write. */
static bool next_time(struct str *rest, struct str *one)
{
    if (!rest->p)
        return false;
    for (size_t i = 0; i < rest->n; i++)
        if (rest->p[i] == ',' || rest->p[i] == ';') {
            *one = str_slice(*rest, 0, i);
            *rest = str_from(*rest, i + 1);
            return true;
        }
    *one = *rest;
    *rest = STR_NONE;
    return true;
}

/* One line for the times of the zone (or days), another for moments that the zone cannot say. */
static enum status do_times(struct item *x, const struct line *l)
{
    SCOPED_BUF(first, x->r->reader.limits->line * 2 + 64);
    SCOPED_BUF(second, x->r->reader.limits->line * 2 + 64);
    SCOPED_BUF(text, 32);
    struct str rest = l->value, one;
    bool zone = false;
    while (next_time(&rest, &one)) {
        struct vcal10_stamp s;
        if (!str_trim(one).n)
            continue;
        if (!vcal10_stamp_read(one, &s))
            return fail(x, l, "not a list of times");
        buf_clear(&text);
        bool in_zone = true;
        complete(x, &s);
        if (x->allday)
            put_day(&text, meant_day(x, &s));
        else
            in_zone = put_time(x, &text, &s);
        zone = zone || (in_zone && !x->allday);
        struct buf *b = in_zone ? &first : &second;
        if (b->n)
            buf_addc(b, ',');
        buf_add(b, buf_view(&text));
    }
    if (first.n) {
        struct line *made = add_buf(x, l->name, &first);
        if (made && x->allday)
            vcard_param_set(x->arena, made, STR("VALUE"), STR("DATE"));
        else if (made && zone)
            vcard_param_set(x->arena, made, STR("TZID"), tz_name(x->zone));
        if (zone)
            use_zone(x);
    }
    if (second.n)
        add_buf(x, l->name, &second);
    return OK;
}

static enum status do_rule(struct item *x, const struct line *l)
{
    struct str rrule, why;
    if (!x->has_start) {
        x->r->notes |= VCAL10_RULE_LEFT_OUT;
        return OK;
    }
    struct caltime start = caltime_from_seconds(x->start.is_date ? x->start.civil : local(x, &x->start));
    start.is_date = x->start.is_date;
    start.is_utc = !start.is_date && !x->zone && is_moment(x, &x->start);
    enum status st = vcal10_rule_read(x->arena, l->value, &start, x->zone,
                                      x->r->o->time == VCAL10_LOCAL_AS_UTC, &rrule, &why);
    if (st == OK)
        add(x, l->name, rrule);
    else if (st == UNSUPPORTED || st == INVALID)
        x->r->notes |= VCAL10_RULE_LEFT_OUT;
    return st < OK ? st : OK;
}

static enum status do_alarm(struct item *x, const struct line *l)
{
    struct vcal10_base base = {.has = x->has_start || x->has_due, .end = !x->has_start};
    struct vcal10_stamp s;
    struct str when = vcal10_alarm_when(x->arena, l);
    if (!when.n)
        return OK;
    if (x->alarm_count == MOST_ALARMS)
        return fail(x, l, "too many alarms");
    bool absolute = vcal10_stamp_read(when, &s) && !s.is_date;
    int64_t at = absolute ? utc(x, &s) : 0;
    base.start = utc(x, &x->start);
    base.stop = utc(x, &x->due);
    struct ical_comp *c = vcal10_alarm_read(x->arena, l, &base, absolute ? &at : NULL);
    if (!c)
        return x->arena->st;
    x->alarms[x->alarm_count++] = c;
    return OK;
}

/* Parameters that mean the same in both: the language, and X-. */
static void keep_params(struct arena *a, const struct line *from, struct line *to)
{
    for (const struct line_param *p = from->params; to && p; p = p->next)
        if ((str_casestarts(p->name, STR("X-")) || str_caseeq(p->name, STR("LANGUAGE"))) && p->value_count &&
            !line_param(to, p->name))
            vcard_param_set(a, to, p->name, p->values[0]);
}

static void do_priority(struct item *x, const struct line *l)
{
    static const char *const three[] = {"0", "1", "5", "9"};
    uint64_t n;
    if (!str_u64(str_trim(l->value), &n) || n == 0 || n > 9)
        return;
    if (x->r->o->priorities == 3)
        add(x, STR("PRIORITY"), n <= 3 ? str_c(three[n]) : STR("9"));
    else
        add(x, STR("PRIORITY"), str_trim(l->value));
}

static void do_transp(struct item *x, const struct line *l)
{
    struct str v = str_trim(l->value);
    uint64_t n;
    if (x->task)
        return;
    if (str_u64(v, &n))
        add(x, STR("TRANSP"), n ? STR("TRANSPARENT") : STR("OPAQUE"));
    else if (str_caseeq(v, STR("TRANSPARENT")) || str_caseeq(v, STR("OPAQUE")))
        add(x, STR("TRANSP"), v);
}

static void do_raw(struct item *x, const struct vcal10_prop *prop, const struct line *l)
{
    struct str v = str_trim(l->value);
    uint64_t n;
    SCOPED_BUF(b, v.n * 2 + 1);
    if (!str_caseeq(prop->v1, STR("URL")) && !str_u64(v, &n)) /* the others are numbers */
        return;
    versit_opaque_read(&b, v);
    keep_params(x->arena, l, add_buf(x, prop->v2, &b));
}

static void do_upper(struct item *x, const struct vcal10_prop *prop, const struct line *l)
{
    struct str v = str_trim(l->value);
    SCOPED_BUF(b, v.n + 1);
    if (!versit_is_sayable(v))
        return;
    for (size_t i = 0; i < v.n; i++)
        buf_addc(&b, ascii_upper(v.p[i]));
    add_buf(x, prop->v2, &b);
}

static void do_attach(struct item *x, const struct line *l, bool base64)
{
    struct str where = line_param1(l, STR("VALUE")), v = str_trim(l->value);
    SCOPED_BUF(b, v.n * 2 + 8);
    if (base64) {
        struct line *made = add(x, STR("ATTACH"), l->value);
        if (made) {
            vcard_param_set(x->arena, made, STR("ENCODING"), STR("BASE64"));
            vcard_param_set(x->arena, made, STR("VALUE"), STR("BINARY"));
        }
        keep_params(x->arena, l, made);
        return;
    }
    bool cid = str_caseeq(where, STR("CONTENT-ID")) || str_caseeq(where, STR("CID"));
    if (cid && str_starts(v, STR("<")) && str_ends(v, STR(">")))
        v = str_slice(v, 1, v.n - 2);
    if (cid)
        buf_add(&b, STR("cid:"));
    versit_opaque_read(&b, v);
    keep_params(x->arena, l, add_buf(x, STR("ATTACH"), &b));
}

static void do_person(struct item *x, const struct line *l)
{
    struct line *made = add(x, l->name, l->value);
    if (!made)
        return;
    made->params = l->params;
    vcal10_person_read(x->arena, made);
}

static void do_text(struct item *x, const struct vcal10_prop *prop, const struct line *l)
{
    struct str v = l->value;
    const struct vcal10_read *o = x->r->o;
    SCOPED_BUF(b, v.n * 2 + 16);
    bool categories = str_caseeq(prop->v1, STR("CATEGORIES"));
    if (prop->form == VCAL10_TEXTS)
        versit_list_read(x->arena, &b, v, true, categories && o->categories_x);
    else if (prop->form == VCAL10_OPAQUE)
        versit_opaque_read(&b, v);
    else if (prop->form == VCAL10_GEO && !versit_swap(&b, v, ',', ';'))
        return;
    else if (prop->form == VCAL10_TEXT)
        text_escape(&b, versit_unescape(x->arena, v, false));
    if (!b.n)
        return;
    struct line *made = add_buf(x, prop->v2.n ? prop->v2 : l->name, &b);
    if (made && prop->form == VCAL10_OPAQUE)
        made->params = l->params;
    else
        keep_params(x->arena, l, made);
}

/* Of what 2.0 has only once the first counts. */
static bool again(struct item *x, const struct vcal10_prop *prop)
{
    static const struct str many[] = {STR_INIT("RELATED-TO"), STR_INIT("ATTENDEE"), STR_INIT("ATTACH"),
                                      STR_INIT("EXDATE"),     STR_INIT("RDATE"),    STR_INIT("EXRULE"),
                                      STR_INIT("RRULE")};
    if (!prop->v2.n || prop->form == VCAL10_TEXTS)
        return false;
    for (size_t i = 0; i < COUNT_OF(many); i++)
        if (str_eq(prop->v2, many[i]))
            return false;
    for (size_t i = 0; i < x->once_count; i++)
        if (x->once[i] == prop)
            return true;
    if (x->once_count < MOST_ONCE)
        x->once[x->once_count++] = prop;
    return false;
}

static enum status do_line(struct item *x, struct line *l)
{
    const struct versit_line *v = CONTAINER_OF(l, struct versit_line, line);
    const struct vcal10_prop *prop = vcal10_prop_of(l->name, true);
    if (!str_trim(l->value).n || again(x, prop)) /* "DESCRIPTION:" is how some say that there is none */
        return OK;
    bool base64 = v->encoding == VERSIT_BASE64;
    if (base64 && prop->form != VCAL10_ATTACH && versit_unbase64(&x->r->reader, v, &l->value) != OK)
        return fail(x, l, "not base64");
    switch (prop->form) {
    case VCAL10_TEXT:
    case VCAL10_TEXTS:
    case VCAL10_OPAQUE:
    case VCAL10_GEO:
        do_text(x, prop, l);
        break;
    case VCAL10_RAW:
        do_raw(x, prop, l);
        break;
    case VCAL10_UPPER:
        do_upper(x, prop, l);
        break;
    case VCAL10_STATUS: {
        struct str word = vcal10_status(l->value, x->task, true);
        if (word.n && (x->task || !x->r->o->drop_status))
            add(x, STR("STATUS"), word);
        break;
    }
    case VCAL10_TRANSP:
        do_transp(x, l);
        break;
    case VCAL10_PRIORITY:
        do_priority(x, l);
        break;
    case VCAL10_ATTACH:
        do_attach(x, l, base64);
        break;
    case VCAL10_PERSON:
        do_person(x, l);
        break;
    case VCAL10_TIME:
        return do_time(x, l);
    case VCAL10_RECORD:
        do_record(x, prop, l);
        break;
    case VCAL10_TIMES:
        return do_times(x, l);
    case VCAL10_RULE:
        return do_rule(x, l);
    case VCAL10_ALARM:
        return do_alarm(x, l);
    case VCAL10_DROPPED:
        break;
    }
    return x->arena->st;
}

/* ---- the whole ---- */

static struct str prop_value(const struct ical_comp *c, struct str name)
{
    const struct line *l = ical_prop(c, name);
    return l ? l->value : STR_NONE;
}

/* Many devices write one alarm twice, as what shows and what sounds: that is one. */
static bool is_echo(const struct item *x, const struct ical_comp *sound)
{
    static const struct str same[] = {STR_INIT("TRIGGER"), STR_INIT("DURATION"), STR_INIT("REPEAT")};
    if (!str_eq(prop_value(sound, STR("ACTION")), STR("AUDIO")) || ical_prop(sound, STR("ATTACH")) ||
        ical_prop(sound, STR("X-VCAL-CONTENT")))
        return false;
    for (size_t i = 0; i < x->alarm_count; i++) {
        const struct ical_comp *c = x->alarms[i];
        bool equal = str_eq(prop_value(c, STR("ACTION")), STR("DISPLAY"));
        for (size_t k = 0; equal && k < COUNT_OF(same); k++)
            equal = str_eq(prop_value(c, same[k]), prop_value(sound, same[k]));
        if (equal)
            return true;
    }
    return false;
}

static void add_stamp(struct item *x)
{
    struct str when = prop_value(x->out, STR("LAST-MODIFIED"));
    SCOPED_BUF(b, 32);
    if (!when.n)
        when = prop_value(x->out, STR("CREATED"));
    if (!when.n && x->r->o->now) {
        struct caltime t = caltime_from_seconds(x->r->o->now);
        t.is_utc = true;
        caltime_write(&b, &t);
        when = arena_str(x->arena, buf_view(&b));
    }
    if (when.n)
        add(x, STR("DTSTAMP"), when);
}

enum status vcal10_item_read(struct vcal10_reading *r, const struct vcal10_item *in, struct ical_comp **out,
                             struct str *why)
{
    struct item x = {.r = r, .arena = r->arena, .in = in, .why = why};
    x.out = ARENA_NEW(r->arena, struct ical_comp);
    x.alarms = ARENA_ARRAY(r->arena, struct ical_comp *, MOST_ALARMS);
    if (!x.out || !x.alarms)
        return r->arena->st;
    x.out->name = in->name;
    x.tail = &x.out->props;
    x.task = str_eq(in->name, STR("VTODO"));
    find_times(&x);
    for (struct line *l = in->lines, *next; l; l = next) {
        next = l->next;
        enum status st = do_line(&x, l);
        if (st != OK)
            return st;
    }
    if (x.anniversary && x.allday)
        add(&x, STR("X-EPOCAGENDAENTRYTYPE"), STR("ANNIVERSARY"));
    add_stamp(&x);
    for (size_t i = 0; i < x.alarm_count; i++)
        if (!is_echo(&x, x.alarms[i]))
            ical_add_child(x.out, x.alarms[i]);
    *out = x.out;
    return r->arena->st;
}
