/* syncml/content_merge_alarm.c: alarms, told one from another by how long before the start they ring, whether that is said in absolute
 * time or not. What a stored alarm has beside its time stays. */
#include "syncml/content_int.h"

enum { MOST_ALARMS = 64 };

struct alarm {
    struct ical_comp *comp;
    int64_t offset; /* seconds from the start */
    struct alarm *old, *fresh;
    bool taken;
};

struct alarms {
    struct alarm items[MOST_ALARMS];
    size_t count;
};

static bool offset_of(struct ctx *x, const struct doc *i, const struct extent *e,
                      const struct ical_comp *alarm, int64_t *offset)
{
    const struct line *l = ical_prop(alarm, STR("TRIGGER"));
    struct caldur d;
    struct when at;
    if (!l)
        return false;
    const struct when *start = e->has_start ? &e->start : &e->end;
    if (caldur_parse(str_trim(l->value), &d) == OK) {
        bool end = line_param_has(l, STR("RELATED"), STR("END")) && e->has_end;
        *offset = d.days * CONTENT_DAY + d.seconds + (end ? e->end.utc - start->utc : 0);
        return true;
    }
    if (!when_read(x, i->root, l, l->value, &at) || !(e->has_start || e->has_end))
        return false;
    *offset = at.utc - start->utc;
    return true;
}

static void collect(struct ctx *x, const struct doc *i, const struct ical_comp *c, struct alarms *out)
{
    struct extent e;
    extent_read(x, i->root, c, &e);
    for (struct ical_comp *a = c->children; a && out->count < MOST_ALARMS; a = a->next) {
        struct alarm *one = &out->items[out->count];
        *one = (struct alarm){.comp = a};
        if (str_caseeq(a->name, STR("VALARM")) && offset_of(x, i, &e, a, &one->offset))
            out->count++;
    }
}

/* The known alarms with those that they came from, and with those that came back; by time, then (of the stored) by order. */
static void pair(struct alarms *known, struct alarms *old, struct alarms *fresh)
{
    for (size_t i = 0; i < known->count; i++) {
        struct alarm *k = &known->items[i];
        for (size_t j = 0; j < old->count && !k->old; j++)
            if (!old->items[j].taken && old->items[j].offset == k->offset)
                k->old = &old->items[j];
        if (k->old)
            k->old->taken = true;
        for (size_t j = 0; j < fresh->count && !k->fresh; j++)
            if (!fresh->items[j].taken && fresh->items[j].offset == k->offset)
                k->fresh = &fresh->items[j];
        if (k->fresh)
            k->fresh->taken = true;
    }
}

static void pair_rest(struct alarms *known, struct alarms *fresh, bool with_fresh, struct alarms *old)
{
    size_t j = 0;
    for (size_t i = 0; i < known->count; i++) {
        struct alarm *k = &known->items[i];
        if (with_fresh ? k->fresh != NULL : k->old != NULL)
            continue;
        struct alarms *other = with_fresh ? fresh : old;
        while (j < other->count && other->items[j].taken)
            j++;
        if (j == other->count)
            return;
        other->items[j].taken = true;
        if (with_fresh)
            k->fresh = &other->items[j];
        else
            k->old = &other->items[j];
    }
}

static struct str duration_text(struct arena *a, int64_t seconds)
{
    const char *sign = seconds < 0 ? "-" : "";
    long long n = seconds < 0 ? -seconds : seconds;
    if (n % CONTENT_DAY == 0 && n)
        return arena_strf(a, "%sP%lldD", sign, n / CONTENT_DAY);
    if (n % 3600 == 0 && n)
        return arena_strf(a, "%sPT%lldH", sign, n / 3600);
    return n % 60 == 0 ? arena_strf(a, "%sPT%lldM", sign, n / 60) : arena_strf(a, "%sPT%lldS", sign, n);
}

/* The stored alarm rings at the device's time now. */
static void move(struct merge *m, struct ical_comp *alarm, int64_t offset)
{
    merge_touch(m, NULL);
    comp_touch(alarm);
    comp_drop(alarm, STR("TRIGGER"));
    comp_drop(alarm, STR("ACKNOWLEDGED"));
    struct line *l = line_new(m->x->a, STR("TRIGGER"), duration_text(m->x->a, offset));
    if (l)
        ical_add_prop(alarm, l);
}

/* As RFC 5545 wants it: ACTION, and of a text to show DESCRIPTION. */
struct ical_comp *alarm_make(struct ctx *x, struct ical_comp *parent, const struct ical_comp *from,
                             bool absolute, int64_t offset)
{
    struct ical_comp *made = comp_copy(x->a, from, parent);
    if (!made)
        return NULL;
    const struct line *action = ical_prop(made, STR("ACTION")), *summary = ical_prop(parent, STR("SUMMARY"));
    bool audio = action && str_caseeq(str_trim(action->value), STR("AUDIO"));
    if (!absolute) {
        comp_drop(made, STR("TRIGGER"));
        struct line *l = line_new(x->a, STR("TRIGGER"), duration_text(x->a, offset));
        if (l)
            ical_add_prop(made, l);
    }
    if (!action)
        comp_set(x->a, made, STR("ACTION"), STR("DISPLAY"));
    if (!audio && !ical_prop(made, STR("DESCRIPTION")))
        comp_set(x->a, made, STR("DESCRIPTION"), summary ? summary->value : STR("Reminder"));
    return x->a->st == OK ? made : NULL;
}

enum status merge_alarms(struct merge *m)
{
    struct ctx *x = m->x;
    struct alarms *all = ARENA_ARRAY(x->a, struct alarms, 3);
    if (!all)
        return x->a->st;
    struct alarms *old = &all[0], *known = &all[1], *fresh = &all[2];
    bool removes = merge_removes(m, prop_rule(MEDIA_CALENDAR, STR("VALARM")), STR("VALARM"));
    collect(x, m->old, m->to, old);
    collect(x, m->known, m->has, known);
    collect(x, m->fresh, m->says, fresh);
    pair(known, old, fresh);
    pair_rest(known, fresh, false, old);
    if (m->how == CONTENT_DEVICE)
        pair_rest(known, fresh, true, old);
    for (size_t i = 0; i < known->count; i++) {
        struct alarm *k = &known->items[i];
        if (!k->old || (!k->fresh && !removes) || (m->patch && k->old->offset != k->offset))
            continue;
        if (k->fresh && k->fresh->offset != k->offset) {
            move(m, k->old->comp, k->fresh->offset);
        } else if (!k->fresh) {
            merge_touch(m, NULL);
            comp_remove_child(m->to, k->old->comp);
        }
    }
    for (size_t i = 0; i < fresh->count; i++) {
        bool there = fresh->items[i].taken;
        for (size_t j = 0; j < old->count && !there; j++)
            there = old->items[j].offset == fresh->items[i].offset;
        if (there)
            continue;
        merge_touch(m, NULL);
        struct ical_comp *made = alarm_make(x, m->to, fresh->items[i].comp, false, fresh->items[i].offset);
        if (made)
            ical_add_child(m->to, made);
    }
    return x->a->st;
}
