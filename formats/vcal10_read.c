/* formats/vcal10_read.c: the text of a vCalendar 1.0 into its components, and what stands around them in iCalendar: VCALENDAR and the
 * VTIMEZONEs that are referred to. */
#include "formats/vcal10_int.h"

enum { ZONE_YEARS = 20 };

struct parse {
    struct vcal10_reading *r;
    const struct ical_limits *limits;
    struct ical_problem *problem;
    size_t depth, components, attendees;
    struct str open[2]; /* VCALENDAR, VEVENT: what their END must say */
    struct vcal10_item *items, **item_tail, *item;
    struct line *head, **head_tail, **tail;
    bool ended, other; /* the text is of version 2.0 */
};

static enum status fail(struct parse *p, enum status st, enum ical_fault fault, const char *what,
                        struct str name)
{
    struct arena *a = p->r->arena;
    p->problem->fault = fault;
    p->problem->text =
        arena_strf(a, "line %zu: %s%.*s", p->r->reader.number, what, STR_ARG(str_slice(name, 0, 60)));
    return a->st < 0 ? a->st : st;
}

static enum status begin(struct parse *p, struct str name)
{
    if (p->depth == 0 && (!str_caseeq(name, STR("VCALENDAR")) || p->ended))
        return fail(p, INVALID, p->ended ? ICAL_OBJECT : ICAL_SYNTAX, "a VCALENDAR expected, not ", name);
    if (p->depth >= p->limits->depth)
        return fail(p, TOO_MANY, ICAL_SYNTAX, "components nest too deep", STR_NONE);
    if (++p->components > p->limits->components)
        return fail(p, TOO_MANY, ICAL_INSTANCES, "too many components", STR_NONE);
    bool known = ical_kind_of(name) == ICAL_VEVENT || ical_kind_of(name) == ICAL_VTODO;
    if (p->depth == 1 && known) {
        p->item = ARENA_NEW(p->r->arena, struct vcal10_item);
        if (!p->item)
            return p->r->arena->st;
        p->item->name = ical_kind_name(ical_kind_of(name));
        *p->item_tail = p->item;
        p->item_tail = &p->item->next;
        p->tail = &p->item->lines;
        p->attendees = 0;
    }
    if (p->depth < COUNT_OF(p->open))
        p->open[p->depth] = name;
    p->depth++;
    return OK;
}

static enum status end(struct parse *p, struct str name)
{
    if (!p->depth)
        return fail(p, INVALID, ICAL_SYNTAX, "END without BEGIN: ", name);
    p->depth--;
    if (p->depth < COUNT_OF(p->open) && !str_caseeq(p->open[p->depth], name))
        return fail(p, INVALID, ICAL_SYNTAX, "END does not fit its BEGIN: ", name);
    if (p->depth == 1)
        p->item = NULL;
    p->ended = p->depth == 0;
    return OK;
}

static enum status version(struct parse *p, struct str value)
{
    p->other = str_eq(value, STR("2.0"));
    if (!p->other && !str_eq(value, STR("1.0")))
        return fail(p, UNSUPPORTED, ICAL_SYNTAX, "only versions 1.0 and 2.0 are taken, not ", value);
    return OK;
}

static enum status property(struct parse *p, struct line *l)
{
    if (!p->depth)
        return fail(p, INVALID, ICAL_SYNTAX, "a property outside of VCALENDAR: ", l->name);
    if (p->depth == 1 && str_caseeq(l->name, STR("VERSION")))
        return version(p, str_trim(l->value));
    if (p->depth == 1) {
        *p->head_tail = l;
        p->head_tail = &l->next;
    } else if (p->depth == 2 && p->item) {
        if (str_caseeq(l->name, STR("ATTENDEE")) && ++p->attendees > p->limits->attendees)
            return fail(p, TOO_MANY, ICAL_ATTENDEES, "too many attendees", STR_NONE);
        *p->tail = l;
        p->tail = &l->next;
    } /* what is inside of something else is not of 1.0 */
    return OK;
}

static enum status read_text(struct parse *p)
{
    struct versit_line *v;
    enum status st;
    while ((st = versit_next(&p->r->reader, &v)) == OK && !p->other) {
        struct line *l = &v->line;
        if (str_caseeq(l->name, STR("BEGIN")))
            st = begin(p, str_trim(l->value));
        else if (str_caseeq(l->name, STR("END")))
            st = end(p, str_trim(l->value));
        else
            st = property(p, l);
        if (st != OK)
            return st;
    }
    if (p->other)
        return OK;
    if (st != NOT_FOUND) {
        if (st > OK) {
            p->problem->fault = st == INVALID ? ICAL_SYNTAX : ICAL_SIZE;
            p->problem->text = p->r->reader.why;
        }
        return st;
    }
    if (p->depth || !p->ended)
        return fail(p, INVALID, ICAL_SYNTAX, p->depth ? "not closed: BEGIN:VCALENDAR" : "no VCALENDAR",
                    STR_NONE);
    return p->items ? OK : fail(p, INVALID, ICAL_OBJECT, "neither a VEVENT nor a VTODO", STR_NONE);
}

/* ---- the tree ---- */

static struct line *make_prop(struct arena *a, struct ical_comp *c, struct str name, struct str value)
{
    struct line *l = ARENA_NEW(a, struct line);
    if (!l)
        return NULL;
    *l = (struct line){.name = name, .value = value};
    ical_add_prop(c, l);
    return l;
}

/* The VTIMEZONE that tz_write_vtimezone writes, as a tree. */
static enum status add_zone(struct vcal10_reading *r, struct ical_comp *cal, const struct tz *z,
                            struct ical_problem *problem)
{
    SCOPED_BUF(text, 1 << 20);
    int64_t from = r->earliest - VCAL10_DAY;
    struct ical_comp *made;
    buf_add(&text, STR("BEGIN:VCALENDAR\r\n"));
    enum status st = tz_write_vtimezone(&text, z, tz_name(z), from, from + ZONE_YEARS * 366LL * VCAL10_DAY);
    buf_add(&text, STR("END:VCALENDAR\r\n"));
    if (st == OK && text.st != OK)
        st = text.st;
    if (st == OK)
        st = ical_parse(r->arena, arena_str(r->arena, buf_view(&text)), &ical_default_limits, &made, problem);
    if (st != OK)
        return st;
    ical_add_child(cal, made->children);
    return OK;
}

static enum status make_tree(struct parse *p, struct ical_comp **out)
{
    struct vcal10_reading *r = p->r;
    struct ical_comp *cal = ARENA_NEW(r->arena, struct ical_comp), *items = NULL, **tail = &items, *c;
    struct str why = STR_NONE;
    if (!cal)
        return r->arena->st;
    cal->name = STR("VCALENDAR");
    make_prop(r->arena, cal, STR("VERSION"), STR("2.0"));
    make_prop(r->arena, cal, STR("PRODID"), STR("-//Scambio//EN"));
    r->earliest = INT64_MAX;
    for (struct vcal10_item *i = p->items; i; i = i->next) {
        enum status st = vcal10_item_read(r, i, &c, &why);
        if (st != OK) {
            p->problem->fault = ICAL_SYNTAX;
            p->problem->text = why;
            return st;
        }
        c->parent = cal;
        *tail = c;
        tail = &c->next;
    }
    for (size_t i = 0; i < r->zone_count; i++) {
        enum status st = add_zone(r, cal, r->zones[i], p->problem);
        if (st != OK)
            return st;
    }
    ical_add_child(cal, items);
    *out = cal;
    return r->arena->st;
}

enum status vcal10_parse(struct arena *a, struct str text, const struct vcal10_read *o,
                         struct ical_comp **out, unsigned *notes, struct ical_problem *problem)
{
    struct vcal10_reading r = {.arena = a, .o = o};
    struct parse p = {.r = &r, .limits = o->limits ? o->limits : &ical_default_limits, .problem = problem};
    p.item_tail = &p.items;
    p.head_tail = &p.head;
    *out = NULL;
    *notes = 0;
    *problem = (struct ical_problem){ICAL_OK, STR_NONE};
    enum status st = versit_begin(&r.reader, a, text, o->charset, &p.limits->line);
    struct str whole = r.reader.rest;
    if (st == OK)
        st = read_text(&p);
    if (st == OK && p.other)
        return ical_parse(a, whole, p.limits, out, problem);
    r.head = p.head;
    if (st == OK)
        st = make_tree(&p, out);
    *notes = r.notes;
    return st;
}
