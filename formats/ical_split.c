/* formats/ical_split.c: one .ics of many objects into calendar object resources. Components are written as they came;
 * around them goes a VCALENDAR of our own with the VTIMEZONEs that they name. */
#include "core/hash.h"
#include "core/scoped.h"
#include "formats/ical.h"

struct piece {      /* one component that belongs to an object */
    struct str uid; /* made from the content when `made` */
    bool made;
    size_t order, group; /* in the file; that of the first with this UID */
    const struct ical_comp *comp;
};

struct zone {
    struct str tzid;
    size_t order;  /* of two with one name the first counts */
    size_t needed; /* number of the last object that it was written for, from 1 */
    const struct ical_comp *comp;
};

struct split {
    struct arena *arena;
    const struct ical_limits *limits;
    struct ical_problem *problem;
    struct piece *pieces;
    size_t count, cap;
    struct zone *zones; /* sorted by name once all is read */
    size_t zone_count, zone_cap;
};

/* ---- reading ---- */

/* A UID that the same content gets again. */
static struct str content_uid(struct arena *a, struct str raw)
{
    unsigned char hash[SHA256_SIZE];
    SCOPED_BUF(text, 64);
    sha256(raw, hash);
    buf_hex(&text, str_n(hash, 16));
    return arena_str(a, buf_view(&text));
}

static enum status add_piece(struct split *s, const struct ical_comp *c)
{
    const struct line *l = ical_prop(c, STR("UID"));
    struct piece *more = arena_grow(s->arena, s->pieces, s->count, &s->cap, s->count + 1, sizeof *more);
    if (!more)
        return s->arena->st;
    s->pieces = more;
    struct piece *p = &more[s->count];
    *p = (struct piece){.uid = l ? l->value : STR_NONE, .order = s->count, .comp = c};
    p->made = !str_trim(p->uid).n;
    if (p->made)
        p->uid = content_uid(s->arena, c->raw);
    s->count++;
    return s->arena->st;
}

static enum status add_zone(struct split *s, const struct ical_comp *c)
{
    const struct line *tzid = ical_prop(c, STR("TZID"));
    if (!tzid)
        return OK;
    struct zone *more =
        arena_grow(s->arena, s->zones, s->zone_count, &s->zone_cap, s->zone_count + 1, sizeof *more);
    if (!more)
        return s->arena->st;
    s->zones = more;
    more[s->zone_count] = (struct zone){str_trim(tzid->value), s->zone_count, 0, c};
    s->zone_count++;
    return OK;
}

static enum status add_component(struct split *s, const struct ical_comp *c)
{
    if (ical_kind_of(c->name))
        return add_piece(s, c);
    return str_caseeq(c->name, STR("VTIMEZONE")) ? add_zone(s, c) : OK;
}

/* Cuts *rest behind the next line END:VCALENDAR. False at the end. */
static bool next_calendar(struct str *rest, struct str *one)
{
    static const struct str last = STR_INIT("END:VCALENDAR");
    struct str text = *rest;
    if (!str_trim(text).n)
        return false;
    for (size_t at = 0; at < text.n;) {
        size_t end = str_chr(text, '\n', at);
        end = end == SIZE_MAX ? text.n : end + 1;
        if (str_caseeq(str_trim(str_slice(text, at, end - at)), last) && !ascii_space(text.p[at])) {
            *one = str_slice(text, 0, end);
            *rest = str_from(text, end);
            return true;
        }
        at = end;
    }
    *one = text;
    *rest = str_from(text, text.n);
    return true;
}

static enum status read_all(struct split *s, struct str text)
{
    struct str one;
    while (next_calendar(&text, &one)) {
        struct ical_comp *cal;
        enum status st = ical_parse(s->arena, one, s->limits, &cal, s->problem);
        for (const struct ical_comp *c = st == OK ? cal->children : NULL; c && st == OK; c = c->next)
            st = add_component(s, c);
        if (st != OK)
            return st;
    }
    return OK;
}

/* ---- grouping ---- */

static int by_uid(const void *a, const void *b)
{
    const struct piece *x = a, *y = b;
    int order = str_cmp(x->uid, y->uid);
    return order ? order : (x->order > y->order) - (x->order < y->order);
}

static int by_group(const void *a, const void *b)
{
    const struct piece *x = a, *y = b;
    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

static int by_tzid(const void *a, const void *b)
{
    const struct zone *x = a, *y = b;
    int order = str_cmp(x->tzid, y->tzid);
    return order ? order : (x->order > y->order) - (x->order < y->order);
}

static void group(struct split *s)
{
    if (s->zone_count > 1)
        qsort(s->zones, s->zone_count, sizeof *s->zones, by_tzid);
    if (s->count > 1)
        qsort(s->pieces, s->count, sizeof *s->pieces, by_uid);
    for (size_t i = 0; i < s->count; i++)
        s->pieces[i].group =
            i && str_eq(s->pieces[i].uid, s->pieces[i - 1].uid) ? s->pieces[i - 1].group : s->pieces[i].order;
    if (s->count > 1)
        qsort(s->pieces, s->count, sizeof *s->pieces, by_group);
}

/* ---- writing ---- */

static void add_raw(struct buf *out, struct str raw)
{
    buf_add(out, raw);
    if (!str_ends(raw, STR("\n")))
        buf_addz(out, "\r\n");
}

static struct zone *find_zone(const struct split *s, struct str tzid)
{
    size_t low = 0, high = s->zone_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (str_cmp(s->zones[middle].tzid, tzid) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < s->zone_count && str_eq(s->zones[low].tzid, tzid) ? &s->zones[low] : NULL;
}

/* The zones that a component names and that were not written for this object yet. */
static void write_zones(struct split *s, const struct ical_comp *c, size_t object, struct buf *out)
{
    for (const struct line *l = c->props; l; l = l->next) {
        struct str tzid = line_param1(l, STR("TZID"));
        struct zone *z = tzid.n ? find_zone(s, str_trim(tzid)) : NULL;
        if (!z || z->needed == object)
            continue;
        z->needed = object;
        add_raw(out, z->comp->raw);
    }
    for (const struct ical_comp *inner = c->children; inner; inner = inner->next)
        write_zones(s, inner, object, out);
}

static void write_piece(const struct piece *p, struct buf *out)
{
    struct str raw = p->comp->raw;
    size_t first = str_chr(raw, '\n', 0);
    if (!p->made || first == SIZE_MAX) {
        add_raw(out, raw);
        return;
    }
    buf_add(out, str_slice(raw, 0, first + 1));
    buf_addz(out, "UID:");
    buf_add(out, p->uid);
    buf_addz(out, "\r\n");
    for (struct str rest = str_from(raw, first + 1), line; rest.n;
         buf_add(out, line)) { /* without an empty UID */
        size_t end = str_chr(rest, '\n', 0);
        line = str_slice(rest, 0, end == SIZE_MAX ? rest.n : end + 1);
        rest = str_from(rest, line.n);
        if (str_caseeq(str_trim(line), STR("UID:")))
            line = STR("");
    }
}

static enum status emit(struct split *s, const struct piece *pieces, size_t n, size_t max, ical_object_fn fn,
                        void *ctx)
{
    SCOPED_BUF(out, max);
    buf_addz(&out, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n");
    const struct line *product = ical_prop(pieces->comp->parent, STR("PRODID"));
    struct line own = {.name = STR("PRODID"), .value = product ? product->value : STR("-//Scambio//EN")};
    line_write(&out, &own);
    for (size_t i = 0; i < n; i++)
        write_zones(s, pieces[i].comp, pieces->group + 1, &out);
    for (size_t i = 0; i < n; i++)
        write_piece(&pieces[i], &out);
    buf_addz(&out, "END:VCALENDAR\r\n");
    if (out.st != OK)
        return out.st;
    return s->arena->st != OK ? s->arena->st : fn(ctx, pieces->uid, buf_view(&out));
}

enum status ical_split(struct arena *a, struct str text, const struct ical_limits *limits, ical_object_fn fn,
                       void *ctx, struct ical_problem *problem)
{
    struct split s = {.arena = a, .limits = limits, .problem = problem};
    *problem = (struct ical_problem){ICAL_OK, STR_NONE};
    enum status st = read_all(&s, text);
    if (st != OK)
        return st;
    group(&s);
    for (size_t i = 0, n; i < s.count && st == OK; i += n) {
        for (n = 1; i + n < s.count && s.pieces[i + n].group == s.pieces[i].group;)
            n++;
        st = emit(&s, &s.pieces[i], n, text.n * 2 + 4096, fn, ctx);
    }
    return st;
}
