/* store/prepare.c: what a new body means, worked out before the writer's turn: UID, kind, index rows, hash, blob. */
#include "store/prepare.h"

#include "core/clock.h"
#include "formats/occur.h"
#include "store/blob.h"

enum { YEAR = 365 * 86400, EXPAND_BACK = YEAR, EXPAND_AHEAD = 3 * YEAR, FLOATING_MARGIN = 14 * 3600 };

/* ---- occurrences into weeks ---- */

struct weeks {
    struct arena *arena;
    struct occ_row *rows;
    size_t count, cap;
    struct occ_row longs; /* OCC_LONG, when `has_longs` */
    bool has_longs, always;
    enum status st;
};

static bool weeks_add(struct weeks *w, int64_t week, int64_t start, int64_t end, unsigned flags)
{
    struct occ_row *grown = arena_grow(w->arena, w->rows, w->count, &w->cap, w->count + 1, sizeof *w->rows);
    if (!grown) {
        w->st = w->arena->st;
        return false;
    }
    w->rows = grown;
    grown[w->count++] = (struct occ_row){week, start, end, flags};
    return true;
}

static void add_long(struct weeks *w, int64_t start, int64_t end, unsigned flags)
{
    if (!w->has_longs)
        w->longs = (struct occ_row){OCC_LONG, start, end, 0};
    w->has_longs = true;
    w->longs.start = start < w->longs.start ? start : w->longs.start;
    w->longs.end = end > w->longs.end ? end : w->longs.end;
    w->longs.flags |= flags;
}

static bool on_occurrence(void *ctx, const struct occur *o)
{
    struct weeks *w = ctx;
    bool local = (o->flags & (OCCUR_FLOATING | OCCUR_ALLDAY)) != 0;
    int64_t start, end;
    if (o->flags & OCCUR_INFINITE) {
        w->always = true;
        return true;
    }
    /* Local times are judged in the zone of the query, which can be 14 hours away. */
    if (__builtin_sub_overflow(o->start, local ? FLOATING_MARGIN : 0, &start) ||
        __builtin_add_overflow(o->end, local ? FLOATING_MARGIN : 0, &end) || end - start > OCC_LONG_AFTER) {
        add_long(w, o->start, o->end, o->flags);
        return true;
    }
    for (int64_t week = occ_week(start); week <= occ_week(end); week++)
        if (!weeks_add(w, week, start, end, o->flags))
            return false;
    return true;
}

static int by_week(const void *a, const void *b)
{
    const struct occ_row *x = a, *y = b;
    return (x->week > y->week) - (x->week < y->week);
}

/* One row a week: first start, last end. */
static void weeks_merge(struct weeks *w)
{
    size_t kept = 0;
    if (w->count > 1)
        qsort(w->rows, w->count, sizeof *w->rows, by_week);
    for (size_t i = 0; i < w->count; i++) {
        struct occ_row *r = &w->rows[i], *last = kept ? &w->rows[kept - 1] : NULL;
        if (!last || last->week != r->week) {
            w->rows[kept++] = *r;
            continue;
        }
        last->start = r->start < last->start ? r->start : last->start;
        last->end = r->end > last->end ? r->end : last->end;
        last->flags |= r->flags;
    }
    w->count = kept;
}

/* ---- what is expanded ---- */

struct window {
    int64_t from, until;
};

static struct window window_of(const struct occur_span *span, int64_t now)
{
    struct window w = {INT64_MIN, INT64_MAX};
    if (!span->recurs)
        return w;
    if (span->first < now - EXPAND_BACK)
        w.from = now - EXPAND_BACK;
    if (span->endless || span->last > now + EXPAND_AHEAD)
        w.until = now + EXPAND_AHEAD;
    return w;
}

/* Every query judges the object: it has no time of its own, or its rule has too many instances to keep. */
static enum status judge_always(struct weeks *w, struct prepared *out)
{
    w->count = 0;
    w->has_longs = false;
    out->until_done = INT64_MAX;
    return weeks_add(w, OCC_LATER, INT64_MIN, INT64_MAX, 0) ? OK : w->st;
}

static enum status add_lists(struct weeks *w, const struct occur_span *span, struct window window,
                             struct prepared *out)
{
    bool ok = true;
    if (w->has_longs)
        ok = weeks_add(w, OCC_LONG, w->longs.start, w->longs.end, w->longs.flags);
    if (window.from != INT64_MIN)
        ok = ok && weeks_add(w, OCC_EARLIER, window.from, span->first, 0);
    if (window.until != INT64_MAX)
        ok = ok && weeks_add(w, OCC_LATER, window.until, INT64_MAX, 0);
    out->until_done = window.until;
    return ok ? OK : w->st;
}

static enum status index_occurrences(struct store *s, struct arena *a, const struct ical_comp *cal,
                                     struct prepared *out)
{
    struct weeks weeks = {.arena = a};
    struct occur_span span;
    struct tz_cache *zones = store_zones(s);
    int64_t now = clock_now();
    if (!zones)
        return E_UNAVAILABLE;
    enum status st = occur_span(a, cal, zones, now + EXPAND_AHEAD, &span);
    if (st != OK)
        return st;
    struct window window = window_of(&span, now);
    struct occur_query query = {.from = window.from,
                                .until = window.until,
                                .zones = zones,
                                .max_instances = store_config_of(s)->ical.instances};
    st = occur_each(a, cal, &query, on_occurrence, &weeks);
    st = st == OK ? weeks.st : st;
    out->first = span.first;
    out->last = span.last;
    out->recurs = span.recurs;
    out->tzver = tz_cache_version(zones);
    if (st == TOO_MANY || (st == OK && weeks.always)) {
        st = judge_always(&weeks, out);
    } else if (st == OK) {
        weeks_merge(&weeks);
        st = add_lists(&weeks, &span, window, out);
    }
    out->occ = weeks.rows;
    out->occ_count = weeks.count;
    return st;
}

/* ---- calendars ---- */

static enum status derive_calendar(struct store *s, struct arena *a, struct str body, struct prepared *out,
                                   struct ical_problem *problem)
{
    const struct ical_limits *limits = &store_config_of(s)->ical;
    struct ical_comp *cal;
    struct ical_info info;
    enum status st = ical_parse(a, body, limits, &cal, problem);
    if (st == OK)
        st = ical_check(a, cal, limits, &info, problem);
    if (st != OK)
        return st;
    out->uid = info.uid;
    out->kind = (int)info.kind;
    out->class = (int)info.class;
    return index_occurrences(s, a, cal, out);
}

/* ---- cards ---- */

struct fields {
    struct arena *arena;
    struct field_row *rows;
    size_t count, cap;
};

static enum status on_field(void *ctx, enum vcard_field field, size_t n, struct str folded)
{
    struct fields *f = ctx;
    struct field_row *grown = arena_grow(f->arena, f->rows, f->count, &f->cap, f->count + 1, sizeof *f->rows);
    if (!grown)
        return f->arena->st;
    f->rows = grown;
    grown[f->count++] = (struct field_row){(int)field, (int)n, arena_str(f->arena, folded)};
    return f->arena->st;
}

static enum status derive_vcard(struct store *s, struct arena *a, struct str body, struct prepared *out,
                                struct vcard_problem *problem)
{
    struct fields fields = {.arena = a};
    struct vcard *card;
    struct vcard_info info;
    enum status st = vcard_parse(a, body, &store_config_of(s)->vcard, &card, problem);
    if (st == OK)
        st = vcard_check(a, card, &info, problem);
    if (st == OK)
        st = vcard_fields(a, card, on_field, &fields);
    if (st != OK)
        return st;
    out->uid = info.uid;
    out->kind = info.group ? 2 : 1;
    out->fields = fields.rows;
    out->field_count = fields.count;
    return OK;
}

/* ---- both ---- */

static enum status begin(struct store *s, enum media media, struct str body, struct prepared *out,
                         struct prepare_problem *problem)
{
    *problem = (struct prepare_problem){0};
    *out = (struct prepared){.media = media, .body = body, .store = s, .until_done = INT64_MAX};
    if (body.n <= store_config_of(s)->resource_size)
        return OK;
    problem->fault = ICAL_SIZE;
    problem->text = STR("the object is larger than the server takes");
    return TOO_LARGE;
}

static enum status finish(struct store *s, struct prepared *out)
{
    sha256(out->body, out->hash);
    if (out->body.n <= store_config_of(s)->inline_body)
        return OK;
    enum status st = blob_put(s, out->hash, out->body);
    out->is_file = st == OK;
    return st;
}

enum status prepare_calendar(struct store *s, struct arena *a, struct str body, struct prepared *out,
                             struct prepare_problem *problem)
{
    struct ical_problem found = {0};
    enum status st = begin(s, MEDIA_CALENDAR, body, out, problem);
    if (st != OK)
        return st;
    st = derive_calendar(s, a, body, out, &found);
    if (st == OK)
        return finish(s, out);
    problem->fault = found.fault != ICAL_OK ? found.fault : ICAL_SYNTAX;
    problem->text = found.text;
    return st;
}

enum status prepare_vcard(struct store *s, struct arena *a, struct str body, struct prepared *out,
                          struct prepare_problem *problem)
{
    struct vcard_problem found = {0};
    enum status st = begin(s, MEDIA_VCARD, body, out, problem);
    if (st != OK)
        return st;
    st = derive_vcard(s, a, body, out, &found);
    if (st == OK)
        return finish(s, out);
    problem->fault = found.size ? ICAL_SIZE : ICAL_SYNTAX;
    problem->text = found.text;
    return st;
}

enum status prepare_derived(struct store *s, struct arena *a, enum media media, struct str body,
                            struct prepared *out)
{
    struct ical_problem ical = {0};
    struct vcard_problem vcard = {0};
    *out = (struct prepared){.media = media, .body = body, .store = s, .until_done = INT64_MAX};
    return media == MEDIA_VCARD ? derive_vcard(s, a, body, out, &vcard)
                                : derive_calendar(s, a, body, out, &ical);
}

void prepared_release(struct prepared *p)
{
    if (p->is_file)
        blob_unpin(p->store, p->hash);
    p->is_file = false;
}
