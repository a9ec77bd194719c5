/* formats/ical.c: looking at the tree, and writing it. */
#include "formats/ical.h"

#include "core/scoped.h"

static const struct {
    enum ical_kind kind;
    struct str name;
} kinds[] = {
    {ICAL_VEVENT, STR_INIT("VEVENT")},
    {ICAL_VTODO, STR_INIT("VTODO")},
    {ICAL_VJOURNAL, STR_INIT("VJOURNAL")},
    {ICAL_VFREEBUSY, STR_INIT("VFREEBUSY")},
    {ICAL_VAVAILABILITY, STR_INIT("VAVAILABILITY")},
};

enum ical_kind ical_kind_of(struct str component_name)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (str_caseeq(kinds[i].name, component_name))
            return kinds[i].kind;
    return 0;
}

struct str ical_kind_name(enum ical_kind kind)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (kinds[i].kind == kind)
            return kinds[i].name;
    return STR_NONE;
}

static const struct line *prop_from(const struct line *l, struct str name)
{
    while (l && !str_caseeq(l->name, name))
        l = l->next;
    return l;
}

const struct line *ical_prop(const struct ical_comp *c, struct str name)
{
    return prop_from(c->props, name);
}

const struct line *ical_prop_next(const struct line *l, struct str name)
{
    return prop_from(l->next, name);
}

static const struct ical_comp *child_from(const struct ical_comp *c, struct str name)
{
    while (c && !str_caseeq(c->name, name))
        c = c->next;
    return c;
}

const struct ical_comp *ical_child(const struct ical_comp *c, struct str name)
{
    return child_from(c->children, name);
}

const struct ical_comp *ical_child_next(const struct ical_comp *c, struct str name)
{
    return child_from(c->next, name);
}

void ical_add_prop(struct ical_comp *c, struct line *l)
{
    struct line **at = &c->props;
    while (*at)
        at = &(*at)->next;
    *at = l;
}

void ical_add_child(struct ical_comp *parent, struct ical_comp *child)
{
    struct ical_comp **at = &parent->children;
    while (*at)
        at = &(*at)->next;
    *at = child;
    child->parent = parent;
}

/* Nests as deep as the parser let the object be. */
struct ical_comp *ical_copy(struct arena *a, const struct ical_comp *from, struct ical_comp *parent)
{
    struct ical_comp *to = ARENA_NEW(a, struct ical_comp);
    if (!to)
        return NULL;
    *to = (struct ical_comp){.name = from->name, .props = from->props, .parent = parent, .raw = from->raw};
    struct ical_comp **tail = &to->children;
    for (const struct ical_comp *c = from->children; c; c = c->next) {
        *tail = ical_copy(a, c, to);
        if (!*tail)
            return NULL;
        tail = &(*tail)->next;
    }
    return to;
}

static void write_edge(struct buf *out, struct str edge, const struct ical_comp *c)
{
    buf_add(out, edge);
    buf_add(out, c->name);
    buf_add(out, STR("\r\n"));
}

static void write_head(struct buf *out, const struct ical_comp *c)
{
    write_edge(out, STR("BEGIN:"), c);
    for (const struct line *l = c->props; l; l = l->next)
        line_write(out, l);
}

void ical_write(struct buf *out, const struct ical_comp *c)
{
    const struct ical_comp *at = c;
    write_head(out, at);
    for (;;) {
        if (at->children) {
            at = at->children;
            write_head(out, at);
            continue;
        }
        write_edge(out, STR("END:"), at);
        while (at != c && !at->next) {
            at = at->parent;
            write_edge(out, STR("END:"), at);
        }
        if (at == c)
            return;
        at = at->next;
        write_head(out, at);
    }
}
