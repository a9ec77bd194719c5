/* formats/freebusy.c: busy times out of objects, and VFREEBUSY out of busy times (RFC 4791 section 7.10). */
#include "core/scoped.h"
#include "formats/occur_int.h"

static const struct {
    enum busy_kind kind;
    struct str name;
} kinds[] = {
    {BUSY, STR_INIT("BUSY")},
    {BUSY_TENTATIVE, STR_INIT("BUSY-TENTATIVE")},
    {BUSY_UNAVAILABLE, STR_INIT("BUSY-UNAVAILABLE")},
};

/* ---- collecting ---- */

static enum status add(struct busy_list *list, int64_t start, int64_t end, enum busy_kind kind)
{
    if (end <= start)
        return OK; /* an instant takes nobody's time */
    struct busy *more =
        arena_grow(list->arena, list->items, list->count, &list->cap, list->count + 1, sizeof *more);
    if (!more)
        return list->arena->st;
    list->items = more;
    more[list->count++] = (struct busy){start, end, kind};
    return OK;
}

static bool value_is(const struct ical_comp *c, struct str name, struct str value)
{
    const struct line *l = ical_prop(c, name);
    return l && str_caseeq(str_trim(l->value), value);
}

struct collecting {
    struct busy_list *list;
    enum status st;
};

static bool on_event(void *ctx, const struct occur *o)
{
    struct collecting *c = ctx;
    if (value_is(o->comp, STR("TRANSP"), STR("TRANSPARENT")) ||
        value_is(o->comp, STR("STATUS"), STR("CANCELLED")))
        return true;
    bool tentative = value_is(o->comp, STR("STATUS"), STR("TENTATIVE"));
    c->st = add(c->list, o->start, o->end, tentative ? BUSY_TENTATIVE : BUSY);
    return c->st == OK;
}

/* FREE is no busy time; RFC 5545: a type that is not known counts as BUSY. */
static bool busy_type(const struct line *l, enum busy_kind *out)
{
    struct str type = line_param1(l, STR("FBTYPE"));
    *out = BUSY;
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (str_caseeq(type, kinds[i].name))
            *out = kinds[i].kind;
    return !str_caseeq(type, STR("FREE"));
}

static enum status collect_periods(struct occur_ctx *x, struct busy_list *list, const struct ical_comp *c)
{
    for (const struct line *l = ical_prop(c, STR("FREEBUSY")); l; l = ical_prop_next(l, STR("FREEBUSY"))) {
        enum busy_kind kind;
        if (!busy_type(l, &kind))
            continue;
        struct str rest = l->value, one;
        while (str_split(&rest, ',', &one)) {
            struct occur p = {0};
            if (!period_read(x, l, one, &p.start, &p.end) ||
                !bounds_overlap(&p, x->query->from, x->query->until))
                continue;
            enum status st = add(list, p.start, p.end, kind);
            if (st != OK)
                return st;
        }
    }
    return x->arena->st;
}

enum status busy_collect(struct busy_list *list, const struct ical_comp *cal, const struct occur_query *q)
{
    SCOPED_ARENA(scratch, list->arena->max); /* what the walk needs is not kept with the list */
    struct occur_ctx x;
    struct collecting c = {list, OK};
    occur_begin(&x, &scratch, cal, q);
    const struct ical_comp *own = cal->children;
    for (; own; own = own->next) {
        enum status st = ical_kind_of(own->name) == ICAL_VFREEBUSY ? collect_periods(&x, list, own) : OK;
        if (st != OK)
            return st;
    }
    if (!ical_child(cal, STR("VEVENT")))
        return OK;
    enum status st = occur_each(&scratch, cal, q, on_event, &c);
    return c.st != OK ? c.st : st;
}

/* ---- writing ---- */

static int by_kind(const void *a, const void *b)
{
    const struct busy *x = a, *y = b;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    return (x->start > y->start) - (x->start < y->start);
}

static int by_start(const void *a, const void *b)
{
    const struct busy *x = a, *y = b;
    return x->start != y->start ? (x->start > y->start) - (x->start < y->start) : by_kind(a, b);
}

/* Cut to the range; those of one kind that touch become one. */
static void merge(struct busy_list *list, int64_t from, int64_t until)
{
    size_t kept = 0;
    if (list->count > 1)
        qsort(list->items, list->count, sizeof *list->items, by_kind);
    for (size_t i = 0; i < list->count; i++) {
        struct busy b = list->items[i], *last = kept ? &list->items[kept - 1] : NULL;
        b.start = b.start < from ? from : b.start;
        b.end = b.end > until ? until : b.end;
        if (b.end <= b.start)
            continue;
        if (!last || last->kind != b.kind || last->end < b.start)
            list->items[kept++] = b;
        else if (last->end < b.end)
            last->end = b.end;
    }
    list->count = kept;
    if (kept > 1)
        qsort(list->items, kept, sizeof *list->items, by_start);
}

static void write_utc(struct buf *out, int64_t at)
{
    struct caltime t = caltime_from_seconds(at);
    t.is_utc = true;
    caltime_write(out, &t);
}

static void write_time(struct buf *out, const char *name, int64_t at)
{
    if (at == INT64_MIN || at == INT64_MAX)
        return;
    buf_addf(out, "%s:", name);
    write_utc(out, at);
    buf_addz(out, "\r\n");
}

static void write_period(struct buf *out, const struct busy *b)
{
    buf_addz(out, "FREEBUSY;FBTYPE=");
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (kinds[i].kind == b->kind)
            buf_add(out, kinds[i].name);
    buf_addc(out, ':');
    write_utc(out, b->start);
    buf_addc(out, '/');
    write_utc(out, b->end);
    buf_addz(out, "\r\n");
}

void busy_write(struct buf *out, struct busy_list *list, int64_t from, int64_t until, int64_t now)
{
    merge(list, from, until);
    buf_addz(out,
             "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Scambio//EN\r\nBEGIN:VFREEBUSY\r\nUID:freebusy-");
    buf_i64(out, now);
    buf_addc(out, '-');
    buf_i64(out, from);
    buf_addz(out, "\r\n");
    write_time(out, "DTSTAMP", now);
    write_time(out, "DTSTART", from);
    write_time(out, "DTEND", until);
    for (size_t i = 0; i < list->count; i++)
        write_period(out, &list->items[i]);
    buf_addz(out, "END:VFREEBUSY\r\nEND:VCALENDAR\r\n");
}
