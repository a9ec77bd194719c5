/* syncml/content_object.c: a whole stored object out of what a device sent for the first time, and the stamps of one that changed. */
#include "core/clock.h"
#include "syncml/content_int.h"

struct str uid_random(struct arena *a)
{
    unsigned char b[16];
    random_bytes(b, sizeof b);
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    SCOPED_BUF(hex, 64);
    buf_hex(&hex, str_n(b, sizeof b));
    const char *h = buf_c(&hex);
    return arena_strf(a, "%.8s-%.4s-%.4s-%.4s-%.12s", h, h + 8, h + 12, h + 16, h + 20);
}

/* ---- cards ---- */

static struct str first_part(struct str value)
{
    struct str rest = value, one = STR("");
    (void)text_split(&rest, ';', &one);
    return str_trim(one);
}

/* "Given Family" of N; STR_NONE when it says nothing. */
static struct str name_of_n(struct ctx *x, const struct line *n)
{
    static const size_t order[] = {3, 1, 2, 0, 4}; /* prefix given additional family suffix */
    struct str parts[5] = {STR_NONE}, rest = n->value, one;
    for (size_t i = 0; i < 5 && text_split(&rest, ';', &one); i++)
        parts[i] = str_trim(one);
    SCOPED_BUF(out, n->value.n + 8);
    for (size_t i = 0; i < COUNT_OF(order); i++) {
        struct str part = parts[order[i]];
        if (!part.n)
            continue;
        buf_addz(&out, out.n ? " " : "");
        buf_add(&out, part);
    }
    return out.n ? arena_str(x->a, buf_view(&out)) : STR_NONE;
}

/* vCard wants FN: of the name, or whatever there is. */
static struct str formatted_name(struct ctx *x, const struct ical_comp *c)
{
    static const struct str others[] = {STR_INIT("ORG"), STR_INIT("NICKNAME"), STR_INIT("EMAIL"),
                                        STR_INIT("TEL")};
    const struct line *n = ical_prop(c, STR("N"));
    struct str name = n ? name_of_n(x, n) : STR_NONE;
    for (size_t i = 0; i < COUNT_OF(others) && !name.n; i++) {
        const struct line *l = ical_prop(c, others[i]);
        name = l ? first_part(l->value) : STR_NONE;
    }
    return name.n ? name : STR("");
}

static struct str stamp(struct ctx *x, enum vcard_version version)
{
    struct caltime t = caltime_from_seconds(x->s->now);
    if (version == VCARD_4_0)
        return arena_strf(x->a, "%04d%02d%02dT%02d%02d%02dZ", t.year, t.month, t.day, t.hour, t.minute,
                          t.second);
    return arena_strf(x->a, "%04d-%02d-%02dT%02d:%02d:%02dZ", t.year, t.month, t.day, t.hour, t.minute,
                      t.second);
}

enum status card_settle(struct ctx *x, struct doc *i, struct str uid)
{
    struct ical_comp *c = i->root;
    struct line *fn = comp_prop(c, STR("FN"));
    for (struct line **p = &c->props; *p;) { /* what says nothing, and what says that twice */
        bool empty = !str_trim((*p)->value).n && !str_caseeq((*p)->name, STR("FN"));
        if (empty || str_caseeq((*p)->name, STR("UID")) || str_caseeq((*p)->name, STR("REV")) ||
            str_caseeq((*p)->name, STR("PRODID")))
            *p = (*p)->next;
        else
            p = &(*p)->next;
    }
    comp_set(x->a, c, STR("UID"), uid);
    comp_set(x->a, c, STR("REV"), stamp(x, i->version));
    if (!fn || !str_trim(fn->value).n)
        comp_set(x->a, c, STR("FN"), formatted_name(x, c));
    return x->a->st;
}

/* FN was made of N: it goes where N goes, unless the device says one. */
static void follow_name(struct merge *m, struct str old_n, struct str old_fn)
{
    struct ctx *x = m->x;
    const struct prop_rule *r = prop_rule(MEDIA_VCARD, STR("FN"));
    struct line *n = comp_prop(m->to, STR("N")), *fn = comp_prop(m->to, STR("FN"));
    if (!n || !fn || ical_prop(m->says, STR("FN")) || str_eq(n->value, old_n))
        return;
    struct line was = {.value = old_n}, made = {.value = STR_NONE}, now = {.value = old_fn};
    made.value = name_of_n(x, &was);
    struct str name = name_of_n(x, n);
    if (!name.p || !made.value.p || !str_eq(prop_key(x, m->old, r, &made), prop_key(x, m->old, r, &now)))
        return;
    merge_touch(m, fn);
    fn->value = name;
}

static struct str value_of(const struct ical_comp *c, struct str name)
{
    const struct line *l = ical_prop(c, name);
    return l ? l->value : STR_NONE;
}

enum status merge_card(struct merge *m)
{
    struct ctx *x = m->x;
    struct str n = value_of(m->to, STR("N")), fn = value_of(m->to, STR("FN"));
    enum status st = merge_props(m);
    if (st != OK)
        return st;
    follow_name(m, n, fn);
    if (m->changed)
        comp_set(x->a, m->to, STR("REV"), stamp(x, m->old->version));
    if (m->changed && !comp_prop(m->to, STR("FN")))
        comp_set(x->a, m->to, STR("FN"), formatted_name(x, m->to));
    return x->a->st;
}

/* ---- calendars ---- */

static void put_now(struct ctx *x, struct ical_comp *c, struct str name)
{
    struct when now = when_now(x);
    struct line *l = comp_set(x->a, c, name, STR_NONE);
    if (l)
        when_put(x, l, &now);
}

struct ical_comp *component_new(struct ctx *x, const struct ical_comp *from, struct ical_comp *root,
                                struct str uid, const struct when *rid)
{
    static const struct str ours[] = {
        STR_INIT("UID"),           STR_INIT("DTSTAMP"), STR_INIT("LAST-MODIFIED"), STR_INIT("SEQUENCE"),
        STR_INIT("RECURRENCE-ID"), STR_INIT("METHOD"),  STR_INIT("PRODID")};
    struct ical_comp *c = comp_copy(x->a, from, root);
    struct when created;
    if (!c)
        return NULL;
    for (size_t i = 0; i < COUNT_OF(ours); i++)
        comp_drop(c, ours[i]);
    for (struct line **p = &c->props; *p;) {
        if (!str_trim((*p)->value).n)
            *p = (*p)->next;
        else
            p = &(*p)->next;
    }
    struct line *at = comp_prop(c, STR("CREATED"));
    if (at && (!when_read(x, NULL, NULL, at->value, &created) || !created.is_utc || created.utc > x->s->now))
        comp_drop(c, STR("CREATED"));
    comp_set(x->a, c, STR("UID"), uid);
    put_now(x, c, STR("DTSTAMP"));
    put_now(x, c, STR("LAST-MODIFIED"));
    if (rid) {
        struct line *l = when_line(x, STR("RECURRENCE-ID"), rid);
        if (l)
            ical_add_prop(c, l);
        comp_drop(c, STR("RRULE"));
        comp_drop(c, STR("RDATE"));
        comp_drop(c, STR("EXDATE"));
        comp_drop(c, STR("EXRULE"));
    }
    struct ical_comp *alarms = c->children, **tail = &c->children;
    *tail = NULL;
    for (const struct ical_comp *a = alarms; a; a = a->next) {
        bool alarm = str_caseeq(a->name, STR("VALARM"));
        if (alarm && !ical_prop(a, STR("TRIGGER")))
            continue;
        *tail = alarm ? alarm_make(x, c, a, true, 0) : comp_copy(x->a, a, c);
        if (!*tail)
            return NULL;
        tail = &(*tail)->next;
    }
    return x->a->st == OK ? c : NULL;
}

enum status calendar_new(struct ctx *x, struct doc *out)
{
    struct ical_comp *root = ARENA_NEW(x->a, struct ical_comp);
    if (!root)
        return x->a->st;
    *root = (struct ical_comp){.name = STR("VCALENDAR")};
    comp_set(x->a, root, STR("VERSION"), STR("2.0"));
    comp_set(x->a, root, STR("PRODID"), STR("-//Scambio//EN"));
    *out = (struct doc){.media = MEDIA_CALENDAR, .root = root};
    return x->a->st;
}

/* A task that is not done any more has no time at which it was, and the other way round. */
static void settle_task(struct merge *m)
{
    struct ctx *x = m->x;
    struct line *status = comp_prop(m->to, STR("STATUS")), *completed = comp_prop(m->to, STR("COMPLETED"));
    struct line *percent = comp_prop(m->to, STR("PERCENT-COMPLETE"));
    const struct line *says = ical_prop(m->says, STR("STATUS"));
    bool done = says ? str_caseeq(str_trim(says->value), STR("COMPLETED")) : completed != NULL;
    bool told = says || completed || ical_prop(m->has, STR("COMPLETED"));
    if (!m->changed || !told)
        return;
    if (!done) {
        if (completed)
            merge_drop(m, completed);
        if (percent && str_eq(str_trim(percent->value), STR("100")))
            merge_drop(m, percent);
        if (!says && status && str_caseeq(str_trim(status->value), STR("COMPLETED"))) {
            merge_touch(m, status);
            status->value = STR("NEEDS-ACTION");
        }
    } else if (!says && (!status || !str_caseeq(str_trim(status->value), STR("COMPLETED")))) {
        merge_touch(m, status);
        comp_set(x->a, m->to, STR("STATUS"), STR("COMPLETED"));
    }
    merge_sweep(m);
}

/* RFC 5545 section 3.8.7: when it was changed; and the revision, where somebody counts them. */
static void put_stamps(struct merge *m)
{
    struct line *sequence = comp_prop(m->to, STR("SEQUENCE"));
    uint64_t n = 0;
    put_now(m->x, m->to, STR("DTSTAMP"));
    put_now(m->x, m->to, STR("LAST-MODIFIED"));
    if (!m->moved || (!sequence && !ical_prop(m->to, STR("ORGANIZER"))))
        return;
    if (sequence && (!str_u64(str_trim(sequence->value), &n) || n >= INT32_MAX))
        return;
    comp_set(m->x->a, m->to, STR("SEQUENCE"), arena_strf(m->x->a, "%llu", (unsigned long long)n + 1));
}

enum status merge_calendar(struct merge *m)
{
    enum status st = merge_is_note(m) ? merge_note(m) : OK;
    if (st == OK)
        st = merge_props(m);
    if (st == OK)
        st = merge_span(m);
    if (st == OK)
        st = merge_alarms(m);
    if (st != OK)
        return st;
    if (ical_kind_of(m->to->name) == ICAL_VTODO && !m->patch)
        settle_task(m);
    if (m->changed)
        put_stamps(m);
    return m->x->a->st;
}
