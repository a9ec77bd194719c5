/* Any bytes as an object: what is taken is written and read again as the same tree, and what its check says stays the
 * same; its instances lie in the range that was asked for, and inside its span; expanded there are as many components as
 * instances and nothing recurs; masked, split and merged it is still the object that it was. */
#include "formats/occur.h"

#include <stdlib.h>

static const struct ical_limits limits = {.line = {.line = 64 << 10, .lines = 2000, .params = 50},
                                          .depth = 6,
                                          .components = 200,
                                          .attendees = 100,
                                          .overrides = 100,
                                          .instances = 500,
                                          .min_time = -62135596800LL,
                                          .max_time = 253402300799LL};
static struct tz_cache *zones;

static void must(bool holds)
{
    if (!holds)
        abort();
}

static struct str text_of(struct arena *a, const struct ical_comp *c)
{
    SCOPED_BUF(b, 16 << 20);
    ical_write(&b, c);
    must(b.st == OK);
    return arena_str(a, buf_view(&b));
}

static struct ical_comp *written_and_read(struct arena *a, const struct ical_comp *cal)
{
    struct ical_limits wide = limits;
    struct ical_comp *again;
    struct ical_problem problem;
    wide.line = (struct line_limits){1 << 20, 4000, 300};
    struct str once = text_of(a, cal);
    must(ical_parse(a, once, &wide, &again, &problem) == OK);
    must(str_eq(text_of(a, again), once));
    return again;
}

struct seen {
    const struct occur_query *q;
    const struct occur_span *span;
    size_t count;
};

static bool on_instance(void *ctx, const struct occur *o)
{
    struct seen *s = ctx;
    s->count++;
    must(o->comp != NULL);
    if (o->flags & OCCUR_INFINITE)
        return true;
    must(o->end >= o->start);
    must(o->start < s->q->until && (o->end > s->q->from || (o->end == o->start && o->start >= s->q->from)));
    must(o->start >= s->span->first && (s->span->last == INT64_MAX || o->end <= s->span->last));
    return true;
}

static size_t kinds_in(const struct ical_comp *cal)
{
    size_t n = 0;
    for (const struct ical_comp *c = cal->children; c; c = c->next)
        n += ical_kind_of(c->name) != 0;
    return n;
}

static struct ical_comp *read_back(struct arena *a, struct str text)
{
    struct ical_limits wide = limits;
    struct ical_comp *cal;
    struct ical_problem problem;
    wide.line = (struct line_limits){1 << 20, 1000000, 300};
    wide.components = 100000;
    must(ical_parse(a, arena_str(a, text), &wide, &cal, &problem) == OK);
    return cal;
}

static void expand(struct arena *a, const struct ical_comp *cal, const struct occur_query *q,
                   size_t instances)
{
    struct ical_comp *made;
    enum status st = occur_expand(a, cal, q, &made);
    must(st == OK || a->st != OK);
    if (st != OK)
        return;
    made = read_back(a, text_of(a, made));
    must(kinds_in(made) == instances && !ical_child(made, STR("VTIMEZONE")));
    for (const struct ical_comp *c = made->children; c; c = c->next)
        must(!ical_prop(c, STR("RRULE")) && !ical_prop(c, STR("RDATE")) && !ical_prop(c, STR("EXDATE")));
    st = occur_limit_set(a, cal, q, &made);
    must(st == OK ? kinds_in(made) <= kinds_in(cal) : a->st != OK);
    st = occur_limit_freebusy(a, cal, q, &made);
    must(st == OK ? kinds_in(made) == kinds_in(cal) : a->st != OK);
}

static void busy(struct arena *a, const struct ical_comp *cal, const struct occur_query *q)
{
    struct busy_list list = {.arena = a};
    SCOPED_BUF(out, 4 << 20);
    enum status st = busy_collect(&list, cal, q);
    must(st == OK || st == TOO_MANY || st < OK || st == TOO_LARGE);
    if (st != OK)
        return;
    busy_write(&out, &list, q->from, q->until, q->from);
    must(out.st == OK && kinds_in(read_back(a, buf_view(&out))) == 1);
}

static void walk(struct arena *a, const struct ical_comp *cal)
{
    static const int64_t begin = 1767225600, horizon = 1893456000; /* 2026, 2030 */
    struct occur_span span;
    enum status st = occur_span(a, cal, zones, horizon, &span);
    must(st == OK || a->st != OK);
    const struct occur_query queries[] = {{begin, begin + 7 * 86400, NULL, zones, limits.instances},
                                          {-62135596800LL, horizon, NULL, zones, limits.instances}};
    for (size_t i = 0; i < COUNT_OF(queries) && st == OK; i++) {
        struct seen seen = {&queries[i], &span, 0};
        st = occur_each(a, cal, &queries[i], on_instance, &seen);
        must(st == OK || st == TOO_MANY || a->st != OK);
        must(seen.count <= limits.instances);
        if (st == OK)
            expand(a, cal, &queries[i], seen.count);
        if (st == OK && a->st == OK)
            busy(a, cal, &queries[i]);
        st = st == TOO_MANY ? OK : st;
    }
}

struct pieces {
    struct arena *arena;
    struct str uid;
    size_t components, objects;
};

static enum status on_object(void *ctx, struct str uid, struct str text)
{
    struct pieces *p = ctx;
    p->objects++;
    p->components += kinds_in(read_back(p->arena, text));
    must(str_eq(uid, p->uid));
    return OK;
}

/* Of an object that passed its check. */
static void rework(struct arena *a, const struct ical_comp *cal, const struct ical_info *info,
                   struct str text)
{
    struct ical_info masked;
    struct ical_problem problem;
    struct pieces p = {a, info->uid, 0, 0};
    struct ical_merge m;
    SCOPED_BUF(out, 16 << 20);
    must(ical_mask(a, cal, &out) == OK);
    must(ical_check(a, read_back(a, buf_view(&out)), &limits, &masked, &problem) == OK);
    must(str_eq(masked.uid, info->uid) && masked.kind == info->kind && !masked.alarms);
    must(ical_split(a, text, &limits, on_object, &p, &problem) == OK);
    must(p.objects == 1 && p.components == kinds_in(cal));
    buf_clear(&out);
    ical_merge_begin(&m, a, &out, STR("name, of it"), STR("#ff0000"));
    must(ical_merge_add(&m, text, &limits) == OK && ical_merge_add(&m, text, &limits) == OK);
    ical_merge_end(&m);
    must(kinds_in(read_back(a, buf_view(&out))) == 2 * kinds_in(cal));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SCOPED_ARENA(a, 256 << 20);
    struct ical_comp *cal;
    struct ical_problem problem, second;
    struct ical_info info, info2;
    if (!zones)
        must(tz_cache_new("/usr/share/zoneinfo", &zones) == OK);
    enum status st = ical_parse(&a, str_n(data, size), &limits, &cal, &problem);
    must(st == OK || (st > OK && problem.fault != ICAL_OK && problem.text.n));
    if (st != OK)
        return 0;
    struct ical_comp *again = written_and_read(&a, cal);
    st = ical_check(&a, cal, &limits, &info, &problem);
    must(st == OK || (problem.fault != ICAL_OK && problem.text.n));
    must(ical_check(&a, again, &limits, &info2, &second) == st && second.fault == problem.fault);
    must(info2.kind == info.kind && info2.class == info.class && str_eq(info2.uid, info.uid));
    if (st != OK)
        return 0;
    rework(&a, cal, &info, str_n(data, size));
    walk(&a, cal);
    return 0;
}
