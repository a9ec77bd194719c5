/* syncml/content_merge_time.c: when an item is: start, end, rule and exceptions belong together. What the device changed is said in
 * the stored object's own way: its zone, DTEND or DURATION. Instances that were moved stay, unless the rule has no such
 * instance any more. */
#include "syncml/content_int.h"

struct span {
    struct merge *m;
    struct extent old, known, fresh;
    struct when start;        /* as it will be stored */
    struct ical_comp *before; /* the stored component as it was; only if there are overrides */
};

/* ---- start and end ---- */

static void put_when(struct merge *m, struct str name, const struct when *w)
{
    struct line *l = comp_prop(m->to, name);
    if (!l) {
        merge_add(m, when_line(m->x, name, w));
        return;
    }
    merge_touch(m, l);
    when_put(m->x, l, w);
}

static void drop_named(struct merge *m, struct str name)
{
    struct line *l = comp_prop(m->to, name);
    if (l)
        merge_drop(m, l);
}

static bool removes(const struct merge *m, struct str name)
{
    return merge_removes(m, prop_rule(MEDIA_CALENDAR, name), name);
}

/* In the way of what is stored there, where both are times or both are dates. */
static struct when in_form(struct ctx *x, const struct when *w, bool has, const struct when *like)
{
    return has && w->is_date == like->is_date ? when_as(x, w, like) : *w;
}

static void merge_start(struct span *s)
{
    struct merge *m = s->m;
    s->start = s->old.start;
    if (!s->fresh.has_start) {
        if (s->known.has_start && s->old.has_start && ical_kind_of(m->to->name) == ICAL_VTODO &&
            removes(m, STR("DTSTART")))
            drop_named(m, STR("DTSTART"));
        return;
    }
    if (s->known.has_start && s->old.has_start && when_same(&s->known.start, &s->fresh.start))
        return;
    s->start = in_form(m->x, &s->fresh.start, s->old.has_start, &s->old.start);
    put_when(m, STR("DTSTART"), &s->start);
    m->moved = true;
}

static int64_t length(const struct extent *e)
{
    return e->end.is_date ? e->end.civil - e->start.civil : e->end.utc - e->start.utc;
}

static void put_end(struct span *s, struct str name, const struct when *like)
{
    struct merge *m = s->m;
    struct when end = in_form(m->x, &s->fresh.end, like != NULL, like ? like : &s->fresh.end);
    drop_named(m, STR("DURATION"));
    put_when(m, name, &end);
    m->moved = true;
}

static void merge_event_end(struct span *s)
{
    struct merge *m = s->m;
    struct when old_end;
    bool dtend = when_of(m->x, m->old->root, m->to, STR("DTEND"), &old_end);
    bool duration = ical_prop(m->to, STR("DURATION")) != NULL;
    bool turned = s->fresh.start.is_date != s->known.start.is_date; /* all-day, or not any more */
    if (!s->fresh.has_start || !s->known.has_start)
        return;
    if (!s->fresh.has_end &&
        (doc_is_broken(m->fresh, STR("DTEND")) || doc_is_broken(m->fresh, STR("DURATION"))))
        return;
    if (turned) {
        drop_named(m, STR("DURATION"));
        if (s->fresh.has_end)
            put_end(s, STR("DTEND"), NULL);
        else
            drop_named(m, STR("DTEND"));
        return;
    }
    bool same = when_same(&s->known.end, &s->fresh.end), as_long = length(&s->known) == length(&s->fresh);
    if (dtend ? same : as_long)
        return;
    if (!dtend && !duration && !s->fresh.has_end)
        return;
    put_end(s, STR("DTEND"), dtend ? &old_end : &s->start);
}

static void merge_due(struct span *s)
{
    struct merge *m = s->m;
    struct when old_due;
    bool due = when_of(m->x, m->old->root, m->to, STR("DUE"), &old_due);
    if (s->fresh.has_end) {
        if (!s->known.has_end || !when_same(&s->known.end, &s->fresh.end))
            put_end(s, STR("DUE"), due ? &old_due : s->old.has_start ? &s->old.start : NULL);
    } else if (s->known.has_end && removes(m, STR("DUE"))) {
        drop_named(m, STR("DUE"));
        drop_named(m, STR("DURATION"));
        m->moved = true;
    }
}

/* ---- the rule ---- */

static void drop_all(struct merge *m, struct str name)
{
    for (struct line *l = m->to->props; l; l = l->next)
        if (str_caseeq(l->name, name))
            merge_drop(m, l);
}

/* One RDATE of the device, in the way of the start. */
static struct line *date_line(struct span *s, const struct line *from)
{
    struct ctx *x = s->m->x;
    SCOPED_BUF(out, from->value.n * 2 + 64);
    struct str rest = from->value, one;
    struct when w;
    while (str_split(&rest, ',', &one)) {
        if (!when_read(x, s->m->fresh->root, from, one, &w))
            continue;
        w = in_form(x, &w, true, &s->start);
        buf_addz(&out, out.n ? "," : "");
        buf_add(&out, when_text(x, &w));
    }
    struct line *l = when_line(x, from->name, &s->start);
    if (l)
        l->value = arena_str(x->a, buf_view(&out));
    return out.n ? l : NULL;
}

static void take_rules(struct span *s)
{
    struct merge *m = s->m;
    int64_t days = s->fresh.has_start
                       ? (civil_midnight(s->start.civil) - civil_midnight(s->fresh.start.civil)) / CONTENT_DAY
                       : 0;
    drop_all(m, STR("RRULE"));
    drop_all(m, STR("EXRULE"));
    drop_all(m, STR("RDATE"));
    m->moved = true;
    for (const struct line *l = m->says->props; l; l = l->next) {
        struct line *made = NULL;
        if (str_caseeq(l->name, STR("RRULE")) || str_caseeq(l->name, STR("EXRULE")))
            made = line_new(m->x->a, l->name,
                            rule_moved(m->x, l->value, days >= -1 && days <= 1 ? (int)days : 0,
                                       &s->fresh.start, &s->start));
        else if (str_caseeq(l->name, STR("RDATE")))
            made = date_line(s, l);
        if (made)
            merge_add(m, made);
    }
}

/* From another day on the rule may name other days: then its text counts, and not how it goes on from the start. */
static bool same_rules(const struct span *s)
{
    const struct merge *m = s->m;
    if (s->known.has_start && s->fresh.has_start &&
        civil_midnight(s->known.start.civil) != civil_midnight(s->fresh.start.civil))
        return rules_spelled_same(m->x, m->has, m->says);
    return rules_same(m->x, m->known->root, m->has, m->fresh->root, m->says);
}

static void merge_rules(struct span *s)
{
    struct merge *m = s->m;
    if (same_rules(s) || (m->patch && !rules_same(m->x, m->old->root, m->to, m->known->root, m->has)))
        return;
    if (comp_recurs(m->says)) {
        take_rules(s);
    } else if (removes(m, STR("RRULE"))) {
        take_rules(s);
        drop_all(m, STR("EXDATE"));
    }
}

/* ---- exceptions ---- */

struct exceptions {
    int64_t *at;
    struct when *when;
    size_t count, cap, cap2;
};

/* An exception as its instance: of a set of dates the day, of times the instant (of a date: at the set's time on that day). */
static int64_t exception_key(const struct extent *e, const struct when *w)
{
    if (!e->has_start || w->is_date == e->start.is_date)
        return w->is_date ? w->civil : w->utc;
    if (e->start.is_date)
        return civil_midnight(tz_to_local(e->start.zone, w->utc));
    return tz_to_utc(e->start.zone, w->civil + civil_time(e->start.civil));
}

static int by_key(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static enum status exceptions_of(struct ctx *x, const struct doc *i, const struct ical_comp *c,
                                 const struct extent *e, struct exceptions *out)
{
    *out = (struct exceptions){0};
    for (const struct line *l = c->props; l; l = l->next) {
        struct str rest = str_caseeq(l->name, STR("EXDATE")) ? l->value : STR_NONE, one;
        struct when w;
        while (str_split(&rest, ',', &one)) {
            if (!when_read(x, i->root, l, one, &w))
                continue;
            int64_t *at = arena_grow(x->a, out->at, out->count, &out->cap, out->count + 1, sizeof *at);
            struct when *when =
                arena_grow(x->a, out->when, out->count, &out->cap2, out->count + 1, sizeof *when);
            if (!at || !when)
                return x->a->st;
            out->at = at;
            out->when = when;
            at[out->count] = exception_key(e, &w);
            when[out->count++] = w;
        }
    }
    return OK;
}

static int64_t *sorted(struct arena *a, const struct exceptions *e)
{
    int64_t *copy = ARENA_ARRAY(a, int64_t, e->count);
    if (copy && e->count) {
        memcpy(copy, e->at, e->count * sizeof *copy);
        qsort(copy, e->count, sizeof *copy, by_key);
    }
    return copy;
}

static bool listed(const int64_t *keys, size_t n, int64_t key)
{
    return n && bsearch(&key, keys, n, sizeof *keys, by_key);
}

/* The stored line without the exceptions that the device took back. */
static void thin(struct span *s, struct line *l, const int64_t *known, size_t nk, const int64_t *fresh,
                 size_t nf)
{
    struct merge *m = s->m;
    SCOPED_BUF(out, l->value.n + 1);
    struct str rest = l->value, one;
    bool gone = false;
    struct when w;
    while (str_split(&rest, ',', &one)) {
        if (when_read(m->x, m->old->root, l, one, &w)) {
            int64_t key = exception_key(&s->old, &w);
            if (listed(known, nk, key) && !listed(fresh, nf, key)) {
                gone = true;
                continue;
            }
        }
        buf_addz(&out, out.n ? "," : "");
        buf_add(&out, one);
    }
    if (!gone)
        return;
    if (!out.n) {
        merge_drop(m, l);
        return;
    }
    merge_touch(m, l);
    l->value = arena_str(m->x->a, buf_view(&out));
}

static enum status merge_exceptions(struct span *s)
{
    struct merge *m = s->m;
    struct ctx *x = m->x;
    struct exceptions old, known, fresh;
    enum status st = exceptions_of(x, m->old, m->to, &s->old, &old);
    if (st == OK)
        st = exceptions_of(x, m->known, m->has, &s->known, &known);
    if (st == OK)
        st = exceptions_of(x, m->fresh, m->says, &s->fresh, &fresh);
    if (st != OK)
        return st;
    int64_t *ko = sorted(x->a, &old), *kk = sorted(x->a, &known), *kf = sorted(x->a, &fresh);
    if (!ko || !kk || !kf)
        return x->a->st;
    bool taken_back = m->how == CONTENT_DEVICE && (fresh.count || removes(m, STR("EXDATE")));
    for (struct line *l = taken_back ? m->to->props : NULL; l; l = l->next)
        if (str_caseeq(l->name, STR("EXDATE")))
            thin(s, l, kk, known.count, kf, fresh.count);
    for (size_t i = 0; i < fresh.count; i++) {
        if (listed(kk, known.count, fresh.at[i]) || listed(ko, old.count, fresh.at[i]))
            continue;
        struct when w = in_form(x, &fresh.when[i], s->old.has_start, &s->start);
        merge_add(m, when_line(x, STR("EXDATE"), &w));
        m->moved = true;
    }
    return x->a->st;
}

/* ---- overrides ---- */

static bool has_overrides(const struct merge *m)
{
    if (ical_prop(m->to, STR("RECURRENCE-ID")))
        return false;
    for (const struct ical_comp *c = m->old->root->children; c; c = c->next)
        if (ical_kind_of(c->name) && ical_prop(c, STR("RECURRENCE-ID")))
            return true;
    return false;
}

/* An override whose instance was there and is not any more is gone with it. */
static void drop_overrides(struct span *s)
{
    struct merge *m = s->m;
    struct ical_comp *root = m->old->root;
    for (struct ical_comp *c = root->children, *next; c; c = next) {
        struct when w;
        next = c->next;
        if (!ical_kind_of(c->name) || !when_of(m->x, root, c, STR("RECURRENCE-ID"), &w))
            continue;
        if (rules_hit(m->x, root, s->before, &w) && !rules_hit(m->x, root, m->to, &w))
            comp_remove_child(root, c);
    }
}

static bool same_extent(const struct extent *a, const struct extent *b)
{
    return a->has_start == b->has_start && a->has_end == b->has_end &&
           (!a->has_start || when_same(&a->start, &b->start)) && (!a->has_end || when_same(&a->end, &b->end));
}

static void merge_extent(struct span *s)
{
    enum ical_kind kind = ical_kind_of(s->m->to->name);
    s->start = s->old.start;
    if (s->m->patch && !same_extent(&s->old, &s->known))
        return; /* the device moved it: start and end belong together */
    merge_start(s);
    if (kind == ICAL_VEVENT)
        merge_event_end(s);
    else if (kind == ICAL_VTODO)
        merge_due(s);
}

enum status merge_span(struct merge *m)
{
    struct span s = {.m = m};
    struct ctx *x = m->x;
    extent_read(x, m->old->root, m->to, &s.old);
    extent_read(x, m->known->root, m->has, &s.known);
    extent_read(x, m->fresh->root, m->says, &s.fresh);
    if (has_overrides(m)) {
        s.before = comp_copy(x->a, m->to, m->old->root);
        if (!s.before)
            return x->a->st;
    }
    merge_extent(&s);
    enum status st = OK;
    if (!ical_prop(m->to, STR("RECURRENCE-ID"))) {
        merge_rules(&s);
        merge_sweep(m);
        st = merge_exceptions(&s);
    }
    merge_sweep(m);
    if (s.before && m->moved && !m->patch)
        drop_overrides(&s);
    return st == OK ? x->a->st : st;
}
