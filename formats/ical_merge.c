/* formats/ical_merge.c: one VCALENDAR out of many stored objects, component by component as they came. */
#include "formats/ical.h"

enum { MOST_TZIDS = 4096 }; /* remembered; a zone met behind that many is written again, which is allowed */

static void write_value(struct buf *out, struct str name, struct str text)
{
    SCOPED_BUF(value, text.n * 2 + 1);
    text_escape(&value, text);
    struct line l = {.name = name, .value = buf_view(&value)};
    line_write(out, &l);
}

void ical_merge_begin(struct ical_merge *m, struct arena *a, struct buf *out, struct str name,
                      struct str color)
{
    *m = (struct ical_merge){.arena = a, .out = out};
    buf_addz(out, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Scambio//EN\r\n");
    if (name.n) { /* RFC 7986, and what was used before it */
        write_value(out, STR("NAME"), name);
        write_value(out, STR("X-WR-CALNAME"), name);
    }
    if (color.n)
        write_value(out, STR("X-APPLE-CALENDAR-COLOR"), color);
}

/* True when the zone was not seen before; then it is from now on. The names are kept sorted. */
static bool new_zone(struct ical_merge *m, struct str tzid)
{
    size_t low = 0, high = m->tzid_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = str_cmp(m->tzids[middle], tzid);
        if (order == 0)
            return false;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (m->tzid_count >= MOST_TZIDS)
        return true;
    struct str *more =
        arena_grow(m->arena, m->tzids, m->tzid_count, &m->tzid_cap, m->tzid_count + 1, sizeof *more);
    struct str kept = more ? arena_str(m->arena, tzid) : STR_NONE;
    if (!kept.p)
        return true;
    m->tzids = more;
    memmove(&more[low + 1], &more[low], (m->tzid_count - low) * sizeof *more);
    more[low] = kept;
    m->tzid_count++;
    return true;
}

static bool wanted(struct ical_merge *m, const struct ical_comp *c)
{
    if (!str_caseeq(c->name, STR("VTIMEZONE")))
        return true;
    const struct line *tzid = ical_prop(c, STR("TZID"));
    return tzid && new_zone(m, str_trim(tzid->value));
}

enum status ical_merge_add(struct ical_merge *m, struct str text, const struct ical_limits *limits)
{
    SCOPED_ARENA(scratch, m->arena->max);
    struct ical_comp *cal;
    struct ical_problem problem;
    enum status st = ical_parse(&scratch, text, limits, &cal, &problem);
    if (st != OK)
        return st;
    for (const struct ical_comp *c = cal->children; c; c = c->next) {
        if (!wanted(m, c))
            continue;
        buf_add(m->out, c->raw);
        if (!str_ends(c->raw, STR("\n")))
            buf_addz(m->out, "\r\n");
    }
    return m->arena->st != OK ? m->arena->st : m->out->st;
}

void ical_merge_end(struct ical_merge *m)
{
    buf_addz(m->out, "END:VCALENDAR\r\n");
}
