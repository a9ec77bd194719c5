/* formats/expand.c: CALDAV:expand (RFC 4791 section 9.6.5): each instance in a range as a component of its own, with
 * times in UTC and nothing left that recurs or needs a zone. */
#include "formats/occur_int.h"

struct expand {
    struct occur_ctx *x;
    struct arena *arena;
    struct ical_comp *out, *last; /* the calendar made, and its newest component */
    bool full;                    /* out of memory: arena->st says why */
};

/* A component in the making. */
struct making {
    struct arena *arena;
    const struct instance *i;
    struct ical_comp *comp;
    struct line **tail;
};

static struct line *put(struct making *m, const struct line *l)
{
    struct line *copy = *m->tail = ARENA_NEW(m->arena, struct line);
    if (!copy)
        return NULL;
    *copy = *l;
    copy->next = NULL;
    m->tail = &copy->next;
    return copy;
}

/* A time of the instance: a date stays one, local time without a zone stays local, everything else is UTC. */
static bool put_time(struct making *m, struct str name, const struct moment *like, int64_t utc)
{
    struct caltime t = caltime_from_seconds(like->floating ? tz_to_local(like->zone, utc) : utc);
    t.is_date = like->is_date;
    t.is_utc = !like->floating;
    SCOPED_BUF(text, 32);
    caltime_write(&text, &t);
    struct line l = {.name = name, .value = arena_str(m->arena, buf_view(&text))};
    if (!l.value.p)
        return false;
    if (t.is_date) {
        static const struct str date = STR_INIT("DATE");
        struct line_param *p = ARENA_NEW(m->arena, struct line_param);
        struct str *value = ARENA_NEW(m->arena, struct str);
        if (!p || !value)
            return false;
        *value = date;
        *p = (struct line_param){STR("VALUE"), value, 1, NULL};
        l.params = p;
    }
    return put(m, &l) != NULL;
}

/* ---- what becomes of each property ---- */

static bool drop(struct making *m, const struct line *l)
{
    (void)m;
    (void)l;
    return true;
}

static bool start(struct making *m, const struct line *l)
{
    const struct instance *i = m->i;
    const struct part *p = i->part;
    if (!p->has_start || p->due_only)
        return put(m, l) != NULL;
    return put_time(m, STR("DTSTART"), &p->start, i->start) &&
           (!i->rid_like || put_time(m, STR("RECURRENCE-ID"), i->rid_like, i->rid_utc)) &&
           (!i->period || put_time(m, STR("DTEND"), &p->start, i->end));
}

static bool end(struct making *m, const struct line *l)
{
    const struct instance *i = m->i;
    const struct part *p = i->part;
    if (i->period)
        return true;
    if (p->due_only)
        return put_time(m, l->name, &p->start, i->start) &&
               (!i->rid_like || put_time(m, STR("RECURRENCE-ID"), i->rid_like, i->rid_utc));
    if (p->extent != EXTENT_EXACT)
        return put(m, l) != NULL;
    return put_time(m, l->name, &p->start, i->end);
}

/* Days of a duration are nominal, and in UTC they would be 24 hours each: where that matters, the end is said. */
static bool duration(struct making *m, const struct line *l)
{
    const struct instance *i = m->i;
    const struct part *p = i->part;
    if (i->period)
        return true;
    if (p->extent != EXTENT_NOMINAL || !p->nominal.days || p->start.floating)
        return put(m, l) != NULL;
    return put_time(m, p->kind == ICAL_VTODO ? STR("DUE") : STR("DTEND"), &p->start, i->end);
}

static bool (*action_of(struct str name))(struct making *m, const struct line *l)
{
    static const struct {
        struct str name;
        bool (*action)(struct making *m, const struct line *l);
    } rows[] = {
        {STR_INIT("DTSTART"), start}, {STR_INIT("DTEND"), end},          {STR_INIT("DUE"), end},
        {STR_INIT("RRULE"), drop},    {STR_INIT("EXRULE"), drop},        {STR_INIT("RDATE"), drop},
        {STR_INIT("EXDATE"), drop},   {STR_INIT("RECURRENCE-ID"), drop}, {STR_INIT("DURATION"), duration},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (str_caseeq(rows[i].name, name))
            return rows[i].action;
    return NULL;
}

static bool make_props(struct making *m, const struct ical_comp *from)
{
    for (const struct line *l = from->props; l; l = l->next) {
        bool (*action)(struct making * m, const struct line *l) = action_of(l->name);
        if (!(action ? action(m, l) : put(m, l) != NULL))
            return false;
    }
    return true;
}

static struct ical_comp *make_component(struct expand *e, const struct instance *i)
{
    const struct ical_comp *from = i->part->comp;
    struct ical_comp *to = ARENA_NEW(e->arena, struct ical_comp);
    if (!to)
        return NULL;
    *to = (struct ical_comp){.name = from->name, .parent = e->out};
    struct making m = {e->arena, i, to, &to->props};
    struct ical_comp **tail = &to->children;
    if (!make_props(&m, from))
        return NULL;
    for (const struct ical_comp *c = from->children; c; c = c->next) {
        *tail = ical_copy(e->arena, c, to);
        if (!*tail)
            return NULL;
        tail = &(*tail)->next;
    }
    return to;
}

static bool on_instance(void *ctx, const struct instance *i, const struct occur *o)
{
    struct expand *e = ctx;
    (void)o;
    struct ical_comp *made = make_component(e, i);
    if (!made) {
        e->full = true;
        return false;
    }
    if (e->last)
        e->last->next = made;
    else
        e->out->children = made;
    e->last = made;
    return true;
}

enum status occur_expand(struct arena *a, const struct ical_comp *cal, const struct occur_query *q,
                         struct ical_comp **out)
{
    struct occur_ctx x;
    struct occur_set set;
    struct expand e = {.x = &x, .arena = a, .out = ARENA_NEW(a, struct ical_comp)};
    if (!e.out)
        return a->st;
    *e.out = (struct ical_comp){.name = cal->name, .props = cal->props};
    occur_begin(&x, a, cal, q);
    enum status st = set_read(&x, &set);
    if (st == OK)
        st = set_each(&set, on_instance, &e);
    if (st != OK || e.full)
        return e.full ? a->st : st;
    *out = e.out;
    return OK;
}
