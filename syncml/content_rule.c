/* syncml/content_rule.c: recurrence rules: said for another zone's days, and compared by what they mean. Devices write COUNT as UNTIL,
 * leave out what the start implies, and order the parts as they like. */
#include "formats/occur.h"
#include "formats/rrule.h"
#include "syncml/content_int.h"

enum { MOST_COMPARED = 300, MOST_PARTS = 20 };

static const struct str weekdays[7] = {STR_INIT("MO"), STR_INIT("TU"), STR_INIT("WE"), STR_INIT("TH"),
                                       STR_INIT("FR"), STR_INIT("SA"), STR_INIT("SU")};

bool comp_recurs(const struct ical_comp *c)
{
    return ical_prop(c, STR("RRULE")) || ical_prop(c, STR("RDATE"));
}

/* ---- other days, other zone ---- */

/* "MO,TU" → "SU,MO". False where a number stands before the day: that cannot be said for the day before or after. */
static bool days_moved(struct buf *out, struct str list, int days)
{
    struct str one;
    size_t from = out->n;
    while (str_split(&list, ',', &one)) {
        int day = -1;
        for (int i = 0; i < 7; i++)
            if (str_caseeq(str_trim(one), weekdays[i]))
                day = i;
        if (day < 0)
            return false;
        if (out->n > from)
            buf_addc(out, ',');
        buf_add(out, weekdays[((day + days) % 7 + 7) % 7]);
    }
    return true;
}

/* Month days where none of them leaves the month. */
static bool monthdays_moved(struct buf *out, struct str list, int days)
{
    struct str one;
    size_t from = out->n;
    while (str_split(&list, ',', &one)) {
        int64_t n;
        if (!str_i64(str_trim(one), &n) || n + days < 1 || n + days > 28)
            return false;
        if (out->n > from)
            buf_addc(out, ',');
        buf_i64(out, n + days);
    }
    return true;
}

static void put_until(struct ctx *x, struct buf *out, struct str value, const struct when *from,
                      const struct when *like)
{
    struct when until;
    if (!when_read(x, NULL, NULL, value, &until)) {
        buf_add(out, value);
        return;
    }
    if (until.is_date && !like->is_date) {
        until.is_date = false; /* the whole day, where the start is */
        until.civil += CONTENT_DAY - 1;
        until.zone = from->zone;
        until.utc = tz_to_utc(from->zone, until.civil);
    } else if (!until.is_utc && !until.is_date) { /* local time, where the start is */
        until.utc = tz_to_utc(from->zone, until.civil);
    }
    if (like->is_date) {
        if (!until.is_date)
            until.civil = tz_to_local(x->local, until.utc);
        until.is_date = true;
        until.is_utc = false;
    } else if (when_floats(like)) {
        until.civil = tz_to_local(x->local, until.utc);
        until.is_utc = false;
    } else { /* RFC 5545: UTC where the start has a zone */
        until.civil = until.utc;
        until.is_utc = true;
    }
    buf_add(out, when_text(x, &until));
}

struct str rule_moved(struct ctx *x, struct str rule, int days, const struct when *from,
                      const struct when *like)
{
    SCOPED_BUF(out, rule.n + 64);
    SCOPED_BUF(list, rule.n + 64);
    struct str rest = str_trim(rule), part;
    while (str_split(&rest, ';', &part)) {
        struct str value = str_trim(part), name = STR_NONE;
        str_split(&value, '=', &name);
        if (!str_trim(name).n)
            continue;
        if (out.n)
            buf_addc(&out, ';');
        buf_add(&out, str_trim(name));
        buf_addc(&out, '=');
        buf_clear(&list);
        bool day = str_caseeq(name, STR("BYDAY")), monthday = str_caseeq(name, STR("BYMONTHDAY"));
        if (str_caseeq(name, STR("UNTIL")))
            put_until(x, &out, value, from, like);
        else if (days && ((day && days_moved(&list, value, days)) ||
                          (monthday && monthdays_moved(&list, value, days))))
            buf_add(&out, buf_view(&list));
        else
            buf_add(&out, value);
    }
    return out.st == OK ? arena_str(x->a, buf_view(&out)) : rule;
}

struct str rule_zulu(struct ctx *x, struct str rule, bool zulu)
{
    SCOPED_BUF(out, rule.n + 2);
    struct str rest = rule, part;
    while (str_split(&rest, ';', &part)) {
        struct str bare = str_trim(part);
        bool until = str_casestarts(bare, STR("UNTIL=")) && bare.n >= 21;
        if (until && str_ends(bare, STR("Z")))
            bare.n--;
        buf_addz(&out, out.n ? ";" : "");
        buf_add(&out, bare);
        buf_addz(&out, until && zulu ? "Z" : "");
    }
    return out.st == OK ? arena_str(x->a, buf_view(&out)) : rule;
}

/* ---- meaning ---- */

struct series {
    int64_t at[MOST_COMPARED];
    size_t count;
    bool more;
};

static bool on_instance(void *ctx, const struct occur *o)
{
    struct series *s = ctx;
    if (s->count == MOST_COMPARED) {
        s->more = true;
        return false;
    }
    s->at[s->count++] = o->recurrence_id;
    return true;
}

/* A calendar with the component's times alone, in which it recurs. */
static struct ical_comp *times_only(struct ctx *x, const struct ical_comp *cal, const struct ical_comp *c,
                                    bool exceptions)
{
    static const struct str kept[] = {STR_INIT("DTSTART"), STR_INIT("DUE"), STR_INIT("RRULE"),
                                      STR_INIT("RDATE"), STR_INIT("EXRULE")};
    struct ical_comp *made = ARENA_NEW(x->a, struct ical_comp), *event = ARENA_NEW(x->a, struct ical_comp);
    if (!made || !event)
        return NULL;
    *made = (struct ical_comp){.name = STR("VCALENDAR")};
    *event = (struct ical_comp){.name = STR("VEVENT"), .parent = made};
    bool due = !ical_prop(c, STR("DTSTART"));
    struct line **tail = &event->props;
    for (const struct line *l = c->props; l; l = l->next) {
        bool keep = exceptions && str_caseeq(l->name, STR("EXDATE"));
        for (size_t i = 0; i < COUNT_OF(kept); i++)
            keep |= (i != 1 || due) && str_caseeq(l->name, kept[i]);
        if (!keep)
            continue;
        *tail = line_copy(x->a, l);
        if (!*tail)
            return NULL;
        if (str_caseeq(l->name, STR("DUE")))
            (*tail)->name = STR("DTSTART");
        tail = &(*tail)->next;
    }
    struct ical_comp **child = &made->children;
    for (const struct ical_comp *z = cal->children; z; z = z->next) {
        if (!str_caseeq(z->name, STR("VTIMEZONE")))
            continue;
        *child = ical_copy(x->a, z, made);
        if (!*child)
            return NULL;
        child = &(*child)->next;
    }
    *child = event;
    return made;
}

static bool series_of(struct ctx *x, const struct ical_comp *cal, const struct ical_comp *c, struct series *s)
{
    struct ical_comp *made = times_only(x, cal, c, false);
    struct occur_query q = {.from = INT64_MIN,
                            .until = INT64_MAX,
                            .zone = x->local,
                            .zones = x->s->zones,
                            .max_instances = MOST_COMPARED + 1};
    struct when start;
    s->count = 0;
    s->more = false;
    if (!made)
        return false;
    const struct ical_comp *event = ical_child(made, STR("VEVENT"));
    if (!when_of(x, cal, event, STR("DTSTART"), &start) || occur_each(x->a, made, &q, on_instance, s) != OK)
        return false;
    for (size_t i = 0; i < s->count; i++) /* as the clock on the wall goes there */
        s->at[i] = tz_to_local(start.zone, s->at[i]) - start.civil;
    return true;
}

/* Every rule of the component, each part in upper case, sorted: what is spelled alike needs no walk. */
static struct str rules_text(struct ctx *x, const struct ical_comp *c)
{
    SCOPED_BUF(out, 1 << 16);
    for (const struct line *l = c->props; l; l = l->next) {
        struct str parts[MOST_PARTS], rest = str_trim(l->value), one;
        size_t n = 0;
        if (!str_caseeq(l->name, STR("RRULE")) && !str_caseeq(l->name, STR("RDATE")) &&
            !str_caseeq(l->name, STR("EXRULE")))
            continue;
        while (n < MOST_PARTS && str_split(&rest, ';', &one)) {
            if (!one.n || str_caseeq(one, STR("INTERVAL=1")))
                continue;
            size_t at = n++;
            for (; at > 0 && str_cmp(one, parts[at - 1]) < 0; at--)
                parts[at] = parts[at - 1];
            parts[at] = one;
        }
        buf_add(&out, l->name);
        for (size_t i = 0; i < n; i++) {
            buf_addc(&out, ';');
            buf_add(&out, parts[i]);
        }
        buf_addc(&out, '\n');
    }
    for (size_t i = 0; i < out.n; i++)
        out.p[i] = ascii_upper(out.p[i]);
    return out.st == OK ? arena_str(x->a, buf_view(&out)) : STR_NONE;
}

bool rules_spelled_same(struct ctx *x, const struct ical_comp *a, const struct ical_comp *b)
{
    struct str text_a = rules_text(x, a), text_b = rules_text(x, b);
    return text_a.p && str_eq(text_a, text_b);
}

bool rules_same(struct ctx *x, const struct ical_comp *cal_a, const struct ical_comp *a,
                const struct ical_comp *cal_b, const struct ical_comp *b)
{
    if (comp_recurs(a) != comp_recurs(b))
        return false;
    if (!comp_recurs(a))
        return true;
    if (rules_spelled_same(x, a, b))
        return true;
    struct series *two = ARENA_ARRAY(x->a, struct series, 2);
    if (!two || !series_of(x, cal_a, a, &two[0]) || !series_of(x, cal_b, b, &two[1]))
        return false;
    return two[0].count == two[1].count && two[0].more == two[1].more &&
           memcmp(two[0].at, two[1].at, two[0].count * sizeof two[0].at[0]) == 0;
}

struct search {
    int64_t wanted, found;
    bool exact, is_date, hit;
};

static bool on_candidate(void *ctx, const struct occur *o)
{
    struct search *s = ctx;
    if (s->exact ? o->recurrence_id != s->wanted : o->start < s->wanted)
        return true;
    if (!s->hit || o->start < s->found)
        s->found = o->start;
    s->hit = true;
    return false;
}

bool rules_hit(struct ctx *x, const struct ical_comp *cal, const struct ical_comp *c, const struct when *w)
{
    struct ical_comp *made = times_only(x, cal, c, true);
    struct occur_query q = {
        .from = w->utc, .until = w->utc + 1, .zone = x->local, .zones = x->s->zones, .max_instances = 1000};
    struct search s = {.wanted = w->utc, .exact = true};
    if (w->is_date)
        q.until = w->utc + CONTENT_DAY;
    enum status st = made ? occur_each(x->a, made, &q, on_candidate, &s) : x->a->st;
    return s.hit || (st != OK && st != INVALID); /* what cannot be told is left as it is */
}

bool rules_first(struct ctx *x, const struct ical_comp *cal, const struct ical_comp *c, int64_t from,
                 int64_t *utc)
{
    struct ical_comp *made = times_only(x, cal, c, true);
    struct occur_query q = {
        .from = from, .until = INT64_MAX, .zone = x->local, .zones = x->s->zones, .max_instances = 1000};
    struct search s = {.wanted = from};
    if (made)
        (void)occur_each(x->a, made, &q, on_candidate, &s);
    *utc = s.found;
    return s.hit;
}
