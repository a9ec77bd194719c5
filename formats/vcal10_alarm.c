/* formats/vcal10_alarm.c: AALARM, DALARM, MALARM and PALARM ("when;snooze;repeats;what") as VALARM, and back. */
#include "formats/vcal10_int.h"
#include "formats/vcard_int.h"

static const struct kind {
    struct str v1, action;
} kinds[] = {
    {STR_INIT("DALARM"), STR_INIT("DISPLAY")},
    {STR_INIT("AALARM"), STR_INIT("AUDIO")},
    {STR_INIT("MALARM"), STR_INIT("EMAIL")},
    {STR_INIT("PALARM"), STR_INIT("PROCEDURE")},
};

enum { PART_WHEN, PART_SNOOZE, PART_REPEAT, PART_WHAT, PART_NOTE, PARTS };

static struct str action_of(struct str name)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (str_caseeq(kinds[i].v1, name))
            return kinds[i].action;
    return STR_NONE;
}

/* The parts of the value, unescaped; the last takes the rest. */
static void split(struct arena *a, struct str value, struct str part[PARTS])
{
    for (size_t i = 0; i < PARTS; i++)
        part[i] = STR_NONE;
    for (size_t i = 0; i < PARTS && text_split(&value, ';', &part[i]); i++)
        part[i] = str_trim(versit_unescape(a, part[i], true));
}

static struct line *add(struct arena *a, struct ical_comp *c, struct str name, struct str value)
{
    struct line *l = ARENA_NEW(a, struct line);
    if (!l)
        return NULL;
    *l = (struct line){.name = name, .value = value};
    ical_add_prop(c, l);
    return l;
}

static void add_text(struct arena *a, struct ical_comp *c, struct str name, struct str text)
{
    SCOPED_BUF(b, text.n * 2 + 1);
    text_escape(&b, text);
    add(a, c, name, arena_str(a, buf_view(&b)));
}

void vcal10_duration(struct buf *b, int64_t seconds)
{
    int64_t n = seconds < 0 ? -seconds : seconds;
    buf_addz(b, seconds < 0 ? "-P" : "P");
    if (n % VCAL10_DAY == 0 && n) {
        buf_addf(b, "%lldD", (long long)(n / VCAL10_DAY));
        return;
    }
    if (n / VCAL10_DAY)
        buf_addf(b, "%lldD", (long long)(n / VCAL10_DAY));
    buf_addc(b, 'T');
    n %= VCAL10_DAY;
    if (n / 3600)
        buf_addf(b, "%dH", (int)(n / 3600));
    if (n / 60 % 60)
        buf_addf(b, "%dM", (int)(n / 60 % 60));
    if (n % 60 || !n)
        buf_addf(b, "%dS", (int)(n % 60));
}

/* TRIGGER: relative when there is something to be relative to, so that moving the event moves its alarm. */
static bool add_trigger(struct arena *a, struct ical_comp *c, struct str when, const struct vcal10_base *base,
                        const int64_t *utc)
{
    struct caldur d;
    SCOPED_BUF(b, 64);
    struct line *l;
    if (!utc) {
        if (caldur_parse(when, &d) != OK)
            return false;
        l = add(a, c, STR("TRIGGER"), when);
        return l != NULL;
    }
    if (base->has) {
        vcal10_duration(&b, *utc - (base->end ? base->stop : base->start));
    } else {
        struct caltime t = caltime_from_seconds(*utc);
        t.is_utc = true;
        caltime_write(&b, &t);
    }
    l = add(a, c, STR("TRIGGER"), arena_str(a, buf_view(&b)));
    if (l && !base->has)
        vcard_param_set(a, l, STR("VALUE"), STR("DATE-TIME"));
    else if (l && base->end)
        vcard_param_set(a, l, STR("RELATED"), STR("END"));
    return l != NULL;
}

static void add_repeat(struct arena *a, struct ical_comp *c, struct str snooze, struct str repeat)
{
    struct caldur d;
    uint64_t n;
    if (caldur_parse(snooze, &d) != OK || !str_u64(repeat, &n) || n == 0 || n > 1000)
        return;
    add(a, c, STR("DURATION"), snooze);
    add(a, c, STR("REPEAT"), repeat);
}

/* The sound, program or address. What is no URI is kept under a name of its own. */
static void add_what(struct arena *a, struct ical_comp *c, const struct line *l, struct str what)
{
    struct str type = line_param1(l, STR("TYPE")), where = line_param1(l, STR("VALUE"));
    struct line *made = NULL;
    if (str_caseeq(where, STR("CONTENT-ID")) || str_caseeq(where, STR("CID"))) {
        if (str_starts(what, STR("<")) && str_ends(what, STR(">")))
            what = str_slice(what, 1, what.n - 2);
        made = add(a, c, STR("ATTACH"), JOIN(a, STR("cid:"), what));
    } else if (what.n && (str_caseeq(where, STR("URL")) || vcard_has_scheme(what))) {
        made = add(a, c, STR("ATTACH"), what);
    } else if (what.n) {
        SCOPED_BUF(b, what.n * 2 + 1);
        text_escape(&b, what);
        made = add(a, c, STR("X-VCAL-CONTENT"), arena_str(a, buf_view(&b)));
    }
    if (made && type.n)
        vcard_param_set(a, made, STR("X-TYPE"), type);
}

struct ical_comp *vcal10_alarm_read(struct arena *a, const struct line *l, const struct vcal10_base *base,
                                    const int64_t *utc)
{
    struct str part[PARTS], action = action_of(l->name);
    struct ical_comp *c = ARENA_NEW(a, struct ical_comp);
    split(a, l->value, part);
    if (!c || !action.n || !part[PART_WHEN].n)
        return NULL;
    c->name = STR("VALARM");
    add(a, c, STR("ACTION"), action);
    if (!add_trigger(a, c, part[PART_WHEN], base, utc))
        return NULL;
    add_repeat(a, c, part[PART_SNOOZE], part[PART_REPEAT]);
    if (str_eq(action, STR("DISPLAY"))) {
        add_text(a, c, STR("DESCRIPTION"), part[PART_WHAT]);
    } else if (str_eq(action, STR("EMAIL"))) {
        if (part[PART_WHAT].n)
            add(a, c, STR("ATTENDEE"), JOIN(a, STR("mailto:"), part[PART_WHAT]));
        add_text(a, c, STR("SUMMARY"), part[PART_NOTE]);
        add_text(a, c, STR("DESCRIPTION"), part[PART_NOTE]);
    } else {
        add_what(a, c, l, part[PART_WHAT]);
    }
    return c;
}

struct str vcal10_alarm_when(struct arena *a, const struct line *l)
{
    struct str part[PARTS];
    split(a, l->value, part);
    return part[PART_WHEN];
}

/* ---- back ---- */

static struct str prop_text(struct arena *a, const struct ical_comp *c, struct str name)
{
    const struct line *l = ical_prop(c, name);
    return l ? text_unescape(a, l->value) : STR_NONE;
}

static void put_what(struct arena *a, const struct ical_comp *alarm, struct str action, struct buf *b,
                     struct str params[2], size_t *count)
{
    const struct line *attach = ical_prop(alarm, STR("ATTACH")),
                      *content = ical_prop(alarm, STR("X-VCAL-CONTENT"));
    struct str type = STR_NONE;
    if (str_eq(action, STR("DISPLAY"))) {
        versit_escape(b, prop_text(a, alarm, STR("DESCRIPTION")), false);
    } else if (str_eq(action, STR("EMAIL"))) {
        const struct line *to = ical_prop(alarm, STR("ATTENDEE"));
        struct str address = to ? str_trim(to->value) : STR_NONE,
                   note = prop_text(a, alarm, STR("DESCRIPTION"));
        versit_escape(b, str_casestarts(address, STR("mailto:")) ? str_from(address, 7) : address, false);
        buf_addc(b, ';');
        versit_escape(b, note.n ? note : prop_text(a, alarm, STR("SUMMARY")), false);
    } else if (attach && !line_param(attach, STR("ENCODING"))) {
        bool cid = str_casestarts(attach->value, STR("cid:"));
        type = line_param1(attach, STR("X-TYPE"));
        params[(*count)++] = cid ? STR("VALUE=CONTENT-ID") : STR("VALUE=URL");
        if (cid)
            buf_addc(b, '<');
        versit_escape(b, cid ? str_from(attach->value, 4) : attach->value, false);
        if (cid)
            buf_addc(b, '>');
    } else if (content) {
        type = line_param1(content, STR("X-TYPE"));
        versit_escape(b, text_unescape(a, content->value), false);
    }
    if (versit_is_sayable(type))
        params[(*count)++] = JOIN(a, STR("TYPE="), type);
}

static bool repeats(const struct line *snooze, const struct line *repeat)
{
    struct caldur d;
    uint64_t n;
    return snooze && repeat && caldur_parse(str_trim(snooze->value), &d) == OK &&
           str_u64(str_trim(repeat->value), &n) && n;
}

void vcal10_alarm_write(struct arena *a, const struct ical_comp *alarm, struct str when,
                        const struct versit_write *o, bool epoc, bool twice, struct buf *out)
{
    const struct line *named = ical_prop(alarm, STR("ACTION")), *snooze = ical_prop(alarm, STR("DURATION")),
                      *repeat = ical_prop(alarm, STR("REPEAT"));
    struct str action = named ? str_trim(named->value) : STR("DISPLAY");
    bool again = repeats(snooze, repeat);
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        bool own = str_caseeq(action, kinds[i].action), sound = str_eq(kinds[i].action, STR("AUDIO"));
        bool also = twice && sound && str_caseeq(action, STR("DISPLAY"));
        if (!own && !also)
            continue;
        struct str params[3];
        size_t count = 0;
        SCOPED_BUF(value, 1 << 20);
        versit_escape(&value, when, false);
        buf_addc(&value, ';');
        buf_add(&value, again ? str_trim(snooze->value) : STR(""));
        buf_addc(&value, ';');
        buf_add(&value, again ? str_trim(repeat->value) : STR(""));
        buf_addc(&value, ';');
        if (own)
            put_what(a, alarm, kinds[i].action, &value, params, &count);
        if (epoc && sound && !count)
            params[count++] = STR("TYPE=X-EPOCSOUND");
        versit_write_line(
            out, o,
            &(struct versit_out){
                .name = kinds[i].v1, .params = params, .param_count = count, .value = buf_view(&value)});
    }
}
