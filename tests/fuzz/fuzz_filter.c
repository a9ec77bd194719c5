/* A filter and an object, with a NUL between them: judging stays in its bounds, says the same twice, and agrees with what the filter
 * tells the store's indexes to look for. */
#include "dav/filter.h"

#include <stdlib.h>

static const struct xml_limits xml = {.size = 64 << 10, .depth = 32, .nodes = 4000};

static struct tz_cache *zones(void)
{
    static struct tz_cache *cache;
    if (!cache && tz_cache_new("/usr/share/zoneinfo", &cache) != OK)
        abort();
    return cache;
}

static void must(bool holds)
{
    if (!holds)
        abort();
}

static bool has_kind(const struct ical_comp *cal, unsigned kinds)
{
    for (const struct ical_comp *c = cal->children; c; c = c->next)
        if ((unsigned)ical_kind_of(c->name) & kinds)
            return true;
    return false;
}

static void judge(struct arena *a, const struct cal_filter *f, const struct ical_comp *cal,
                  const struct tz *zone)
{
    bool match = false, again = false;
    unsigned kinds;
    int64_t from, until;
    enum status st = cal_filter_match(a, f, cal, zone, zones(), 200, &match);
    must(cal_filter_match(a, f, cal, zone, zones(), 200, &again) == st);
    if (st != OK)
        return;
    must(match == again);
    cal_filter_bounds(f, &kinds, &from, &until);
    if (match)
        must(from < until && (kinds == 0 || has_kind(cal, kinds)));
    if (cal_filter_is_kind(f))
        must(match == has_kind(cal, kinds));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = str_n(data, size), filter;
    SCOPED_ARENA(a, 64 << 20);
    struct xml_node *root;
    struct cal_filter *f;
    struct ical_comp *cal;
    struct ical_problem problem;
    struct str why = STR_NONE;
    if (!str_split(&rest, '\0', &filter) || xml_parse(&a, filter, &xml, &root, &why) != OK)
        return 0;
    enum status st = cal_filter_parse(&a, root, &f, &why);
    must(st == OK || st == INVALID || st == UNSUPPORTED || st == BAD_COLLATION || st < 0);
    must(st <= OK || why.n);
    if (st == OK && rest.p && ical_parse(&a, rest, &ical_default_limits, &cal, &problem) == OK)
        judge(&a, f, cal, tz_utc());
    return 0;
}
