/* formats/tz.c: conversions between UTC and local time on a zone's table. */
#include "formats/tz_int.h"

#include "formats/caltime.h"

enum { DAY = 86400, NEARBY = 16 };
static const int64_t FAR = 400000000000; /* past every four-digit year; keeps sums in range */

static const int32_t utc_offset[1] = {0};
static const uint8_t utc_kind[1] = {0};
static const struct tz_kind utc_kinds[1] = {{0, false, "UTC"}};
static const struct tz utc = {
    .name = STR_INIT("UTC"), .offset = utc_offset, .kind = utc_kind, .kinds = utc_kinds};

const struct tz *tz_utc(void)
{
    return &utc;
}

struct str tz_name(const struct tz *z)
{
    return z->name;
}

static int64_t clamp(int64_t t)
{
    return t < -FAR ? -FAR : t > FAR ? FAR : t;
}

struct view { /* onsets near a time: a zone's table, or some made from its rule */
    const int64_t *at;
    const int32_t *offset;
    size_t n;
};

struct made {
    int64_t at[6];
    int32_t offset[7];
};

/* Behind the table the rule tells: its onsets of the year before, of this and of the next. */
static struct view view_at(const struct tz *z, int64_t t, struct made *made)
{
    if (!z->rule || !z->rule->yearly || (z->n && t < z->at[z->n - 1] + 2 * DAY))
        return (struct view){z->at, z->offset, z->n};
    int year, month, day;
    civil_from_days(t / DAY - (t % DAY < 0), &year, &month, &day);
    for (int i = 0; i < 3; i++) {
        bool to_daylight;
        tz_rule_onsets(z->rule, year - 1 + i, &made->at[i * 2], &to_daylight);
        int daylight = z->rule->daylight.offset, standard = z->rule->standard.offset;
        made->offset[i * 2] = to_daylight ? standard : daylight;
        made->offset[i * 2 + 1] = to_daylight ? daylight : standard;
        made->offset[i * 2 + 2] = made->offset[i * 2];
    }
    return (struct view){made->at, made->offset, 6};
}

/* How many onsets are at or before t: the index into offset[]. */
static size_t position(const struct view *v, int64_t t)
{
    size_t low = 0, high = v->n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (v->at[middle] <= t)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int tz_offset(const struct tz *z, int64_t t)
{
    struct made made;
    t = clamp(t);
    struct view v = view_at(z, t, &made);
    return v.offset[position(&v, t)];
}

int64_t tz_to_local(const struct tz *z, int64_t t)
{
    t = clamp(t);
    return t + tz_offset(z, t);
}

int64_t tz_to_utc(const struct tz *z, int64_t local)
{
    struct made made;
    local = clamp(local);
    struct view v = view_at(z, local, &made);
    if (!v.n)
        return local - v.offset[0];
    int64_t gap = INT64_MIN;
    size_t i = position(&v, local - 26 * 3600);
    for (size_t tries = 0; tries < NEARBY;
         tries++, i++) { /* spans in order: the first that holds it is the answer */
        int64_t t = local - v.offset[i];
        if ((i == 0 || t >= v.at[i - 1]) && (i == v.n || t < v.at[i]))
            return t;
        if (i == v.n)
            break;
        if (gap == INT64_MIN && t >= v.at[i] && local - v.offset[i + 1] < v.at[i])
            gap = t;
    }
    return gap != INT64_MIN ? gap : local - v.offset[position(&v, local)];
}

static int compare_onsets(const void *a, const void *b)
{
    const struct tz_onset *x = a, *y = b;
    return (x->at > y->at) - (x->at < y->at);
}

enum status tz_build(struct arena *a, struct str name, struct tz_onset *onsets, size_t n, uint8_t first,
                     const struct tz_kind *kinds, const struct tz_rule *rule, const struct tz **out)
{
    struct tz *z = ARENA_NEW(a, struct tz);
    int64_t *at = ARENA_ARRAY(a, int64_t, n);
    int32_t *offset = ARENA_ARRAY(a, int32_t, n + 1);
    uint8_t *kind = ARENA_ARRAY(a, uint8_t, n + 1);
    if (!z || !at || !offset || !kind)
        return a->st;
    if (n > 1)
        qsort(onsets, n, sizeof *onsets, compare_onsets);
    size_t used = 0;
    kind[0] = first;
    for (size_t i = 0; i < n; i++) {
        if (used && at[used - 1] == clamp(onsets[i].at))
            used--;
        at[used] = clamp(onsets[i].at);
        kind[++used] = onsets[i].kind;
    }
    for (size_t i = 0; i <= used; i++)
        offset[i] = kinds[kind[i]].offset;
    *z = (struct tz){name, used, at, offset, kind, kinds, rule};
    *out = z;
    return OK;
}
