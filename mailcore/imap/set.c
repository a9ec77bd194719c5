/* mailcore/imap/set.c: ranges are read in the order of the text, which is nearly always ascending; only otherwise they are
 * sorted. */
#include "mailcore/imap/set.h"

#include <stdlib.h>

/* seq-number: 0 stands for '*'. */
static bool read_number(struct str *rest, uint32_t *out)
{
    uint64_t n = 0;
    size_t i = 0;
    if (rest->n && rest->p[0] == '*') {
        *out = 0;
        *rest = str_from(*rest, 1);
        return true;
    }
    if (!rest->n || rest->p[0] == '0') /* nz-number */
        return false;
    for (; i < rest->n && ascii_digit(rest->p[i]) && n <= UINT32_MAX; i++)
        n = n * 10 + (uint64_t)(rest->p[i] - '0');
    if (!i || n > UINT32_MAX)
        return false;
    *out = (uint32_t)n;
    *rest = str_from(*rest, i);
    return true;
}

static void add_star(struct imap_set *set, uint32_t n)
{
    set->star = true;
    if (n && (!set->low || n < set->low))
        set->low = n;
    if (n > set->high)
        set->high = n;
}

static int compare(const void *left, const void *right)
{
    const struct imap_range *l = left, *r = right;
    return (l->first > r->first) - (l->first < r->first);
}

/* Makes one of ranges that meet or touch, in place; they are in order. */
static size_t merge(struct imap_range *ranges, size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        struct imap_range *last = n ? &ranges[n - 1] : NULL;
        if (last && (last->last == UINT32_MAX || ranges[i].first <= last->last + 1)) {
            if (ranges[i].last > last->last)
                last->last = ranges[i].last;
        } else {
            ranges[n++] = ranges[i];
        }
    }
    return n;
}

static bool in_order(const struct imap_range *ranges, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (ranges[i].first < ranges[i - 1].first)
            return false;
    return true;
}

/* One element: a number or a range, in either order. */
static bool read_range(struct str *rest, struct imap_range *out)
{
    if (!read_number(rest, &out->first))
        return false;
    out->last = out->first;
    if (!rest->n || rest->p[0] != ':')
        return true;
    *rest = str_from(*rest, 1);
    return read_number(rest, &out->last);
}

enum status imap_set_parse(struct arena *a, struct str text, size_t most, struct imap_set *out)
{
    struct imap_range *ranges = NULL;
    size_t count = 0, cap = 0;
    *out = (struct imap_set){0};
    if (str_eq(text, STR("$"))) {
        out->saved = true;
        return OK;
    }
    for (size_t seen = 0;; seen++) {
        struct imap_range r;
        if (!read_range(&text, &r))
            return INVALID;
        if (seen >= most)
            return TOO_MANY;
        if (!r.first || !r.last) {
            add_star(out, r.first ? r.first : r.last);
        } else {
            ranges = arena_grow(a, ranges, count, &cap, count + 1, sizeof *ranges);
            if (!ranges)
                return a->st;
            ranges[count++] = r.first <= r.last ? r : (struct imap_range){r.last, r.first};
        }
        if (!text.n)
            break;
        if (text.p[0] != ',')
            return INVALID;
        text = str_from(text, 1);
    }
    if (!in_order(ranges, count))
        qsort(ranges, count, sizeof *ranges, compare);
    out->ranges = ranges;
    out->count = merge(ranges, count);
    return OK;
}

enum status imap_set_resolve(struct arena *a, const struct imap_set *set, uint32_t largest,
                             struct imap_set *out)
{
    const struct imap_set from = *set; /* it may be `out` */
    *out = from;
    if (!from.star)
        return OK;
    out->star = false;
    out->low = out->high = 0;
    if (!largest)
        return OK;
    const struct imap_range star = {from.low && from.low < largest ? from.low : largest,
                                    from.high > largest ? from.high : largest};
    struct imap_range *ranges = ARENA_ARRAY(a, struct imap_range, from.count + 1);
    if (!ranges)
        return a->st;
    size_t n = 0, i = 0;
    while (i < from.count && from.ranges[i].first < star.first)
        ranges[n++] = from.ranges[i++];
    ranges[n++] = star;
    while (i < from.count)
        ranges[n++] = from.ranges[i++];
    out->ranges = ranges;
    out->count = merge(ranges, n);
    return OK;
}

bool imap_set_has(const struct imap_set *set, uint32_t number)
{
    size_t low = 0, high = set->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (set->ranges[middle].last < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low < set->count && set->ranges[low].first <= number;
}

uint64_t imap_set_size(const struct imap_set *set)
{
    uint64_t n = 0;
    for (size_t i = 0; i < set->count; i++)
        n += (uint64_t)set->ranges[i].last - set->ranges[i].first + 1;
    return n;
}

enum status imap_set_add(struct arena *a, struct imap_set_builder *b, uint32_t first, uint32_t last)
{
    if (b->count && b->ranges[b->count - 1].last + 1 == first) {
        b->ranges[b->count - 1].last = last;
        return OK;
    }
    struct imap_range *grown = arena_grow(a, b->ranges, b->count, &b->cap, b->count + 1, sizeof *b->ranges);
    if (!grown)
        return a->st;
    b->ranges = grown;
    b->ranges[b->count++] = (struct imap_range){first, last};
    return OK;
}

struct imap_set imap_set_built(const struct imap_set_builder *b)
{
    return (struct imap_set){.ranges = b->ranges, .count = b->count};
}

void imap_set_write(struct buf *out, const struct imap_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        if (i)
            buf_addc(out, ',');
        buf_u64(out, set->ranges[i].first);
        if (set->ranges[i].last == set->ranges[i].first)
            continue;
        buf_addc(out, ':');
        buf_u64(out, set->ranges[i].last);
    }
}
