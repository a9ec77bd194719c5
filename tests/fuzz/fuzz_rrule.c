/* A start, a line feed, a rule: occurrences ascend, none is before the start or behind the end, each has a time that the
 * calendar has, COUNT is kept, and a walk that begins later shows what the whole walk shows there. */
#include "formats/rrule.h"

#include <stdlib.h>

enum { MOST = 300 };

static void must(bool holds)
{
    if (!holds)
        abort();
}

static size_t walk(struct arena *a, const struct rrule *r, const struct caltime *start, int64_t from,
                   int64_t until, int64_t *out)
{
    struct rrule_iter *it;
    size_t n = 0;
    must(rrule_iter_new(a, r, start, from, until, &it) == OK);
    while (n < MOST && rrule_next(it, &out[n])) {
        must(out[n] >= caltime_seconds(start) && out[n] <= until && (n == 0 || out[n] > out[n - 1]));
        must(!start->is_date || out[n] % 86400 == 0);
        struct caltime t = caltime_from_seconds(out[n]);
        must(caltime_seconds(&t) == out[n]);
        n++;
    }
    if (n < MOST) { /* the end stays the end */
        int64_t at;
        must(!rrule_next(it, &at));
    }
    return n;
}

/* From the middle of what was seen. */
static void jump(struct arena *a, const struct rrule *r, const struct caltime *start, int64_t until,
                 const int64_t *all, size_t n)
{
    int64_t later[MOST];
    size_t middle = n / 2, m = walk(a, r, start, all[middle], until, later);
    must(m > 0);
    for (size_t i = 0; i < m && middle + i < n; i++)
        must(later[i] == all[middle + i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SCOPED_ARENA(a, 16 << 20);
    struct str rest = str_n(data, size), first;
    struct caltime start, until;
    struct rrule *r;
    struct str why = STR_NONE;
    int64_t all[MOST];
    if (!str_split(&rest, '\n', &first) || caltime_parse(first, &start) != OK)
        return 0;
    enum status st = rrule_parse(&a, rest, &r, &why);
    must(st == OK || (st == INVALID && why.n));
    if (st != OK)
        return 0;
    int64_t end = rrule_until(r, &until) ? caltime_seconds(&until) : INT64_MAX;
    size_t n = walk(&a, r, &start, INT64_MIN, end, all);
    must(rrule_is_endless(r) == (end == INT64_MAX && !rrule_has_count(r)));
    if (n && !rrule_has_count(r))
        jump(&a, r, &start, end, all, n);
    return 0;
}
