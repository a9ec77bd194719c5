/* Fuzzes what is made of calendar objects. Properties: every instance that is found overlaps the range and is within
 * the bound; the span holds every instance; an expanded object parses and names no zone; a masked one parses and has
 * no guests; busy times lie in the range and are written as a valid object; what is split can be merged. */
#include "core/scoped.h"
#include "formats/occur.h"

enum { MOST = 500 };
static const int64_t FROM = 1767225600, UNTIL = 1767225600 + 40 * 86400; /* 2026-01-01 and 40 days on */

static const struct ical_limits limits = {
    .line = {.line = 1 << 16, .lines = 10000, .params = 100},
    .depth = 8,
    .components = 500,
    .attendees = 100,
    .overrides = 200,
    .instances = MOST,
    .min_time = -62135596800LL,
    .max_time = 253402300799LL,
};

static struct tz_cache *zones;

static void require(bool condition)
{
    if (!condition)
        abort();
}

struct seen {
    int64_t from, until;
    size_t count;
    const struct occur_span *span;
};

static bool on_instance(void *ctx, const struct occur *o)
{
    struct seen *s = ctx;
    require(++s->count <= MOST && o->comp);
    if (o->flags & OCCUR_INFINITE)
        return true;
    require(o->end >= o->start);
    require(o->start < s->until && (o->end > s->from || (o->end == o->start && o->start >= s->from)));
    if (s->span)
        require(o->start >= s->span->first && (s->span->last == INT64_MAX || o->end <= s->span->last));
    return true;
}

struct of_comp {
    const struct ical_comp *comp;
    bool hit;
};

static bool on_comp(void *ctx, const struct occur *o)
{
    struct of_comp *s = ctx;
    s->hit |= o->comp == s->comp;
    return true;
}

static bool is_comp(void *ctx, const struct ical_comp *c)
{
    return c == ((struct of_comp *)ctx)->comp;
}

/* Whether a component has an instance in the range: the same by looking at all, and by looking for one. */
static void any(struct arena *a, const struct ical_comp *cal)
{
    struct occur_query q = {.from = FROM, .until = UNTIL, .zones = zones, .max_instances = MOST};
    int most = 8;
    for (const struct ical_comp *c = cal->children; c && most-- > 0; c = c->next) {
        struct of_comp s = {c, false};
        bool found;
        if (occur_each(a, cal, &q, on_comp, &s) == OK && occur_any(a, cal, &q, is_comp, &s, &found) == OK)
            require(found == s.hit);
    }
}

static void walk(struct arena *a, const struct ical_comp *cal)
{
    struct occur_span span;
    bool spans = occur_span(a, cal, zones, UNTIL, &span) == OK;
    struct seen s = {FROM, UNTIL, 0, spans ? &span : NULL};
    struct occur_query q = {.from = FROM, .until = UNTIL, .zones = zones, .max_instances = MOST};
    (void)occur_each(a, cal, &q, on_instance, &s);
    struct seen all = {INT64_MIN, INT64_MAX, 0, NULL};
    q.from = INT64_MIN;
    q.until = INT64_MAX;
    (void)occur_each(a, cal, &q, on_instance, &all);
    bool hit;
    for (const struct ical_comp *c = cal->children; c; c = c->next) {
        const struct ical_comp *alarm = ical_child(c, STR("VALARM"));
        if (alarm)
            (void)occur_alarm_overlaps(a, cal, alarm, &q, &hit);
    }
}

static bool parses(struct arena *a, const struct buf *text, bool valid)
{
    struct ical_comp *cal;
    struct ical_problem problem;
    struct ical_info info;
    enum status st = ical_parse(a, buf_view(text), &limits, &cal, &problem);
    if (st == OK && valid)
        st = ical_check(a, cal, &ical_default_limits, &info, &problem);
    return st == OK || st == TOO_LARGE || st == TOO_MANY || st < 0;
}

static void transform(struct arena *a, const struct ical_comp *cal)
{
    const struct occur_query q = {.from = FROM, .until = UNTIL, .zones = zones, .max_instances = 50};
    struct ical_comp *made;
    SCOPED_BUF(text, 4 << 20);
    if (occur_expand(a, cal, &q, &made) == OK && made->children) {
        ical_write(&text, made);
        require(text.st != OK || parses(a, &text, false));
        require(!ical_child(made, STR("VTIMEZONE")));
    }
    buf_clear(&text);
    if (occur_limit_set(a, cal, &q, &made) == OK && occur_limit_freebusy(a, made, &q, &made) == OK)
        ical_write(&text, made);
    require(!text.n || text.st != OK || parses(a, &text, false));
    buf_clear(&text);
    if (ical_mask(a, cal, &text) == OK)
        require(parses(a, &text, false) && str_find(buf_view(&text), STR("\nATTENDEE"), 0) == SIZE_MAX);
}

static void busy(struct arena *a, const struct ical_comp *cal)
{
    const struct occur_query q = {.from = FROM, .until = UNTIL, .zones = zones, .max_instances = 50};
    struct busy_list list = {.arena = a};
    SCOPED_BUF(text, 4 << 20);
    if (busy_collect(&list, cal, &q) != OK)
        return;
    busy_write(&text, &list, FROM, UNTIL, FROM);
    for (size_t i = 0; i < list.count; i++)
        require(list.items[i].start >= FROM && list.items[i].end <= UNTIL &&
                list.items[i].start < list.items[i].end);
    require(parses(a, &text, true));
}

static enum status on_object(void *ctx, struct str uid, struct str text)
{
    struct ical_merge *m = ctx;
    require(str_trim(uid).n > 0);
    enum status st = ical_merge_add(m, text, &limits);
    require(st != INVALID);
    return st;
}

static void split(struct arena *a, struct str in)
{
    SCOPED_BUF(whole, 4 << 20);
    struct ical_merge m;
    struct ical_problem problem;
    ical_merge_begin(&m, a, &whole, STR("x"), STR_NONE);
    (void)ical_split(a, in, &limits, on_object, &m, &problem);
    ical_merge_end(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_n(data, size);
    SCOPED_ARENA(a, 16 << 20);
    struct ical_comp *cal;
    struct ical_info info;
    struct ical_problem problem;
    if (!zones)
        require(tz_cache_new("/usr/share/zoneinfo", &zones) == OK);
    split(&a, in);
    arena_reset(&a);
    if (ical_parse(&a, in, &limits, &cal, &problem) != OK)
        return 0;
    walk(&a, cal); /* unchecked ones too: what was stored under other rules must not hurt */
    any(&a, cal);
    if (ical_check(&a, cal, &limits, &info, &problem) != OK)
        return 0;
    transform(&a, cal);
    busy(&a, cal);
    return 0;
}
