/* formats/occur_alarm.c: when alarms go off (RFC 5545 section 3.8.6.3), and whether that is in a range. */
#include "formats/occur_int.h"

struct alarm {
    struct occur_ctx *x;
    const struct ical_comp *comp; /* whose instances count */
    struct caldur offset, pause;
    bool from_end, found;
    int64_t repeats;
};

/* One of the times at, at + pause, … (`repeats` times more) in the range: computed, however many there are. */
static bool rings(const struct alarm *al, int64_t at)
{
    const struct occur_query *q = al->x->query;
    int64_t step = al->pause.days * OCCUR_DAY + al->pause.seconds;
    if (at < q->from && step > 0 && al->repeats > 0) {
        int64_t gap, n = INT64_MAX, add;
        if (!__builtin_sub_overflow(q->from, at, &gap))
            n = gap / step + (gap % step != 0);
        if (n > al->repeats || __builtin_mul_overflow(n, step, &add))
            return false;
        at = time_add(at, add);
    }
    return q->from <= at && q->until > at;
}

static bool on_instance(void *ctx, const struct instance *i)
{
    struct alarm *al = ctx;
    if (!i->part->has_start)
        return true;
    const struct moment *m = &i->part->start;
    int64_t civil = al->from_end ? tz_to_local(m->zone, i->end) : i->civil;
    int64_t base = al->from_end ? i->end : i->start;
    int64_t at = al->offset.days ? moment_add(m, civil, &al->offset) : base + al->offset.seconds;
    al->found = rings(al, at);
    return !al->found;
}

static void read_repeats(const struct ical_comp *c, struct alarm *al)
{
    const struct line *repeat = ical_prop(c, STR("REPEAT")), *duration = ical_prop(c, STR("DURATION"));
    uint64_t n;
    if (!repeat || !duration || !str_u64(str_trim(repeat->value), &n) ||
        caldur_parse(str_trim(duration->value), &al->pause) != OK)
        return;
    al->repeats = n > INT32_MAX ? INT32_MAX : (int64_t)n;
}

static int64_t magnitude(const struct caldur *d)
{
    int64_t seconds = d->days * OCCUR_DAY + d->seconds;
    return seconds < 0 ? -seconds : seconds;
}

/* Instances that may ring in the range: those around it, by as much as the alarm is away from its instance. */
static enum status walk(struct occur_ctx *x, struct alarm *al)
{
    struct occur_set set;
    int64_t late, reach = magnitude(&al->offset);
    if (__builtin_mul_overflow(magnitude(&al->pause), al->repeats, &late))
        late = INT64_MAX;
    enum status st = set_read(x, &set);
    if (st != OK)
        return st;
    const struct part *part = set.master && set.master->comp == al->comp ? set.master : NULL;
    for (size_t i = 0; i < set.override_count && !part; i++)
        part = set.overrides[i]->comp == al->comp ? set.overrides[i] : NULL;
    if (!part)
        return OK;
    int64_t from = late == INT64_MAX ? INT64_MIN : time_add(time_add(x->query->from, -late), -reach);
    return set_walk_part(&set, part, from, time_add(x->query->until, reach), on_instance, al);
}

enum status occur_alarm_overlaps(struct arena *a, const struct ical_comp *cal, const struct ical_comp *alarm,
                                 const struct occur_query *q, bool *overlaps)
{
    struct occur_ctx x;
    struct moment m;
    struct alarm al = {.x = &x, .comp = alarm->parent};
    const struct line *trigger = ical_prop(alarm, STR("TRIGGER"));
    enum status st = OK;
    *overlaps = false;
    if (!trigger)
        return OK;
    occur_begin(&x, a, cal, q);
    read_repeats(alarm, &al);
    if (caldur_parse(str_trim(trigger->value), &al.offset) == OK) {
        al.from_end = line_param_has(trigger, STR("RELATED"), STR("END"));
        st = walk(&x, &al);
    } else if (moment_read(&x, trigger, trigger->value, &m) == OK) {
        al.found = rings(&al, m.utc);
    }
    *overlaps = al.found;
    return al.found ? OK : st == OK ? a->st : st;
}
