/* formats/ical_parse.c: content lines into a tree of components. The open components are a stack of at most
 * limits->depth frames, so hostile nesting costs neither the C stack nor more than one frame each. */
#include "formats/ical.h"

const struct ical_limits ical_default_limits = {
    .line = {.line = 4U << 20, .lines = 1000000, .params = 1000},
    .depth = 8,
    .components = 20000,
    .attendees = 100000,
    .overrides = 10000,
    .instances = 20000,
    .min_time = -62135596800LL, /* 0001-01-01T00:00:00Z */
    .max_time = 253402300799LL, /* 9999-12-31T23:59:59Z */
};

struct frame {
    struct ical_comp *comp;
    struct line **props;         /* where the next property is hung */
    struct ical_comp **children; /* likewise */
    size_t number;               /* line of its BEGIN */
    const char *begin;
};

struct parser {
    struct line_reader reader;
    const struct ical_limits *limits;
    struct frame *stack;
    size_t depth, components;
    struct ical_comp *root;
    struct ical_problem *problem;
};

static enum status fail(struct parser *p, enum status st, enum ical_fault fault, const char *what,
                        struct str name)
{
    struct arena *a = p->reader.arena;
    p->problem->fault = fault;
    p->problem->text =
        arena_strf(a, "line %zu: %s%.*s", p->reader.number, what, STR_ARG(str_slice(name, 0, 60)));
    return a->st < 0 ? a->st : st;
}

static enum status begin(struct parser *p, const struct line *l)
{
    struct str name = str_trim(l->value);
    if (p->depth == 0 && !str_caseeq(name, STR("VCALENDAR")))
        return fail(p, INVALID, ICAL_SYNTAX, "VCALENDAR expected, not ", name);
    if (p->depth == 0 && p->root)
        return fail(p, INVALID, ICAL_OBJECT, "a second VCALENDAR", STR_NONE);
    if (p->depth && str_caseeq(name, STR("VCALENDAR")))
        return fail(p, INVALID, ICAL_SYNTAX, "a VCALENDAR inside of another", STR_NONE);
    if (!name.n)
        return fail(p, INVALID, ICAL_SYNTAX, "BEGIN without a name", STR_NONE);
    if (p->depth >= p->limits->depth)
        return fail(p, TOO_MANY, ICAL_SYNTAX, "components nest too deep", STR_NONE);
    if (++p->components > p->limits->components)
        return fail(p, TOO_MANY, ICAL_INSTANCES, "too many components", STR_NONE);
    struct ical_comp *c = ARENA_NEW(p->reader.arena, struct ical_comp);
    if (!c)
        return p->reader.arena->st;
    c->name = name;
    if (p->depth) {
        struct frame *outer = &p->stack[p->depth - 1];
        c->parent = outer->comp;
        *outer->children = c;
        outer->children = &c->next;
    } else {
        p->root = c;
    }
    p->stack[p->depth++] = (struct frame){c, &c->props, &c->children, l->number, l->raw.p};
    return OK;
}

static enum status end(struct parser *p, const struct line *l)
{
    struct str name = str_trim(l->value);
    if (!p->depth)
        return fail(p, INVALID, ICAL_SYNTAX, "END without BEGIN: ", name);
    struct frame *f = &p->stack[p->depth - 1];
    if (!str_caseeq(name, f->comp->name))
        return fail(p, INVALID, ICAL_SYNTAX, "END does not fit its BEGIN: ", name);
    const char *after = p->reader.rest.p;
    f->comp->raw = str_n(f->begin, (size_t)(after - f->begin));
    p->depth--;
    return OK;
}

static enum status property(struct parser *p, struct line *l)
{
    if (!p->depth)
        return fail(p, INVALID, ICAL_SYNTAX, "a property outside of VCALENDAR: ", l->name);
    if (l->group.p) { /* iCalendar knows no groups: the dot belongs to the name */
        l->name = str_n(l->group.p, l->group.n + 1 + l->name.n);
        l->group = STR_NONE;
    }
    struct frame *f = &p->stack[p->depth - 1];
    *f->props = l;
    f->props = &l->next;
    return OK;
}

/* The line as it was cut, without its folds. */
static struct str unfolded(const struct line *l)
{
    const char *from = l->group.p ? l->group.p : l->name.p;
    return str_n(from, (size_t)(l->value.p + l->value.n - from));
}

static enum status one_line(struct parser *p, struct line *l)
{
    struct str text = unfolded(l);
    if (!str_utf8(text))
        return fail(p, INVALID, ICAL_SYNTAX, "not UTF-8: ", l->name);
    /* a lone CR would come back from XML as a line feed, and a NUL ends the text for many readers */
    if (str_chr(text, '\r', 0) != SIZE_MAX || str_chr(text, 0, 0) != SIZE_MAX)
        return fail(p, INVALID, ICAL_SYNTAX, "a control character: ", l->name);
    if (!l->group.p && str_caseeq(l->name, STR("BEGIN")))
        return begin(p, l);
    if (!l->group.p && str_caseeq(l->name, STR("END")))
        return end(p, l);
    return property(p, l);
}

static enum status reader_failed(struct parser *p, enum status st)
{
    if (st > 0) {
        p->problem->fault = st == INVALID ? ICAL_SYNTAX : ICAL_SIZE;
        p->problem->text = p->reader.why;
    }
    return st;
}

enum status ical_parse(struct arena *a, struct str text, const struct ical_limits *limits,
                       struct ical_comp **out, struct ical_problem *problem)
{
    struct parser p = {.limits = limits, .problem = problem};
    *problem = (struct ical_problem){ICAL_OK, STR_NONE};
    if (str_starts(text, STR("\xEF\xBB\xBF")))
        text = str_from(text, 3);
    p.reader = (struct line_reader){.rest = text, .arena = a, .limits = &limits->line};
    p.stack = ARENA_ARRAY(a, struct frame, limits->depth);
    if (!p.stack)
        return a->st;
    for (;;) {
        struct line *l;
        enum status st = line_next(&p.reader, &l);
        if (st == NOT_FOUND)
            break;
        if (st != OK)
            return reader_failed(&p, st);
        st = one_line(&p, l);
        if (st != OK)
            return st;
    }
    if (p.depth) {
        p.reader.number = p.stack[p.depth - 1].number;
        return fail(&p, INVALID, ICAL_SYNTAX, "not closed: BEGIN:", p.stack[p.depth - 1].comp->name);
    }
    if (!p.root)
        return fail(&p, INVALID, ICAL_SYNTAX, "no VCALENDAR", STR_NONE);
    *out = p.root;
    return OK;
}
