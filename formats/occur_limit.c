/* formats/occur_limit.c: CALDAV:limit-recurrence-set and CALDAV:limit-freebusy-set (RFC 4791 sections 9.6.6, 9.6.7): the
 * object less what has nothing to do with a range. */
#include "formats/occur_int.h"

struct growing {
    struct arena *arena;
    struct ical_comp *comp;
    struct ical_comp **tail;
};

static bool start(struct growing *g, struct arena *a, const struct ical_comp *cal)
{
    struct ical_comp *c = ARENA_NEW(a, struct ical_comp);
    if (!c)
        return false;
    *c = (struct ical_comp){.name = cal->name, .props = cal->props};
    *g = (struct growing){a, c, &c->children};
    return true;
}

static struct ical_comp *add(struct growing *g, const struct ical_comp *c)
{
    struct ical_comp *copy = ical_copy(g->arena, c, g->comp);
    if (!copy)
        return NULL;
    *g->tail = copy;
    g->tail = &copy->next;
    return copy;
}

/* ---- overrides ---- */

/* Does the override change what the range shows? By where the instance is now, where it would have been, or by all
 * those behind it. */
static bool matters(struct occur_set *s, const struct part *p)
{
    struct occur_ctx *x = s->x;
    const struct part *m = s->master;
    struct instance i = {.part = p, .civil = p->start.civil, .start = p->start.utc, .rid_like = &p->rid};
    struct occur o;
    i.end = p->has_start ? part_end(p, i.civil, i.start) : 0;
    if (instance_bounds(x, &i, &o) && bounds_overlap(&o, x->query->from, x->query->until))
        return true;
    if (p->future && p->rid.utc < x->query->until)
        return true;
    if (!m || !m->has_start)
        return false;
    i.part = m;
    i.start = p->rid.utc;
    i.civil = tz_to_local(m->start.zone, i.start);
    if (p->rid.is_date && !m->start.is_date) { /* the instance of that day */
        int64_t tod = m->start.civil % OCCUR_DAY;
        i.civil = p->rid.civil + (tod < 0 ? tod + OCCUR_DAY : tod);
        i.start = moment_utc(&m->start, i.civil);
    }
    i.end = part_end(m, i.civil, i.start);
    return instance_bounds(x, &i, &o) && bounds_overlap(&o, x->query->from, x->query->until);
}

enum status occur_limit_set(struct arena *a, const struct ical_comp *cal, const struct occur_query *q,
                            struct ical_comp **out)
{
    struct occur_ctx x;
    struct occur_set set;
    struct growing g;
    occur_begin(&x, a, cal, q);
    enum status st = set_read(&x, &set);
    if (st != OK || !start(&g, a, cal))
        return st != OK ? st : a->st;
    for (const struct ical_comp *c = cal->children; c; c = c->next) {
        bool override = ical_kind_of(c->name) && ical_prop(c, STR("RECURRENCE-ID"));
        if (!override && !add(&g, c))
            return a->st;
    }
    for (size_t i = 0; i < set.override_count; i++) {
        const struct part *p = set.overrides[i];
        if (p->has_rid && matters(&set, p) && !add(&g, p->comp))
            return a->st;
    }
    *out = g.comp;
    return a->st;
}

/* ---- periods ---- */

/* The periods of the property that overlap the range; STR_NONE when there are none. */
static struct str periods_in_range(struct occur_ctx *x, const struct line *l)
{
    SCOPED_BUF(text, l->value.n + 1);
    struct str rest = l->value, one;
    while (str_split(&rest, ',', &one)) {
        struct occur p = {0};
        if (!period_read(x, l, one, &p.start, &p.end) || !bounds_overlap(&p, x->query->from, x->query->until))
            continue;
        buf_addz(&text, text.n ? "," : "");
        buf_add(&text, str_trim(one));
    }
    return text.n ? arena_str(x->arena, buf_view(&text)) : STR_NONE;
}

static enum status limit_periods(struct occur_ctx *x, struct ical_comp *c)
{
    const struct line *from = c->props;
    struct line **tail = &c->props;
    *tail = NULL;
    for (const struct line *l = from; l; l = l->next) {
        struct str value = l->value;
        if (str_caseeq(l->name, STR("FREEBUSY"))) {
            value = periods_in_range(x, l);
            if (x->arena->st != OK)
                return x->arena->st;
            if (!value.p)
                continue;
        }
        struct line *copy = *tail = ARENA_NEW(x->arena, struct line);
        if (!copy)
            return x->arena->st;
        *copy = *l;
        copy->value = value;
        copy->next = NULL;
        tail = &copy->next;
    }
    return OK;
}

enum status occur_limit_freebusy(struct arena *a, const struct ical_comp *cal, const struct occur_query *q,
                                 struct ical_comp **out)
{
    struct occur_ctx x;
    struct growing g;
    occur_begin(&x, a, cal, q);
    if (!start(&g, a, cal))
        return a->st;
    for (const struct ical_comp *c = cal->children; c; c = c->next) {
        struct ical_comp *copy = add(&g, c);
        enum status st = !copy                                     ? a->st
                         : ical_kind_of(c->name) == ICAL_VFREEBUSY ? limit_periods(&x, copy)
                                                                   : OK;
        if (st != OK)
            return st;
    }
    *out = g.comp;
    return a->st;
}
