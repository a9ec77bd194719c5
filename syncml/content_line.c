/* syncml/content_line.c: changing properties: each change is made on a copy, since trees share what they did not change. */
#include "syncml/content_int.h"

struct line *line_new(struct arena *a, struct str name, struct str value)
{
    struct line *l = ARENA_NEW(a, struct line);
    if (l)
        *l = (struct line){.name = name, .value = value};
    return l;
}

struct line *line_copy(struct arena *a, const struct line *l)
{
    struct line *copy = ARENA_NEW(a, struct line);
    if (!copy)
        return NULL;
    *copy = *l;
    copy->next = NULL;
    copy->raw = STR_NONE;
    struct line_param **tail = &copy->params;
    *tail = NULL;
    for (const struct line_param *p = l->params; p; p = p->next) {
        struct line_param *one = ARENA_NEW(a, struct line_param);
        if (!one)
            return NULL;
        *one = *p;
        one->next = NULL;
        *tail = one;
        tail = &one->next;
    }
    return copy;
}

void line_param_remove(struct line *l, struct str name)
{
    for (struct line_param **p = &l->params; *p;) {
        if (str_caseeq((*p)->name, name))
            *p = (*p)->next;
        else
            p = &(*p)->next;
    }
}

static void param_add(struct arena *a, struct line *l, struct str name, struct str value)
{
    struct line_param *one = ARENA_NEW(a, struct line_param), **tail = &l->params;
    struct str *values = ARENA_NEW(a, struct str);
    if (!one || !values)
        return;
    *values = value;
    *one = (struct line_param){.name = name, .values = values, .value_count = 1};
    while (*tail)
        tail = &(*tail)->next;
    *tail = one;
}

void line_param_set(struct arena *a, struct line *l, struct str name, struct str value)
{
    line_param_remove(l, name);
    param_add(a, l, name, value);
}

void line_param_take(struct arena *a, struct line *l, const struct line_param *from)
{
    struct line_param *one = ARENA_NEW(a, struct line_param), **tail = &l->params;
    line_param_remove(l, from->name);
    if (!one)
        return;
    *one = *from;
    one->next = NULL;
    while (*tail)
        tail = &(*tail)->next;
    *tail = one;
}

void line_type_add(struct arena *a, struct line *l, struct str type)
{
    if (!line_param_has(l, STR("TYPE"), type))
        param_add(a, l, STR("TYPE"), type);
}

/* The parameter's values without one; true when none is left. */
static bool values_without(struct arena *a, struct line_param *p, struct str type)
{
    struct str *left = NULL, rest, head;
    size_t n = 0, cap = 0;
    for (size_t i = 0; i < p->value_count; i++) {
        rest = p->values[i];
        while (str_split(&rest, ',', &head)) {
            if (str_caseeq(str_trim(head), type))
                continue;
            struct str *more = arena_grow(a, left, n, &cap, n + 1, sizeof *left);
            if (!more)
                return false;
            left = more;
            left[n++] = head;
        }
    }
    p->values = left;
    p->value_count = n;
    return n == 0;
}

void line_type_remove(struct arena *a, struct line *l, struct str type)
{
    for (struct line_param **p = &l->params; *p;) {
        bool bare = !(*p)->value_count && str_caseeq((*p)->name, type); /* "TEL;HOME:" */
        if (bare || (str_caseeq((*p)->name, STR("TYPE")) && values_without(a, *p, type)))
            *p = (*p)->next;
        else
            p = &(*p)->next;
    }
}

/* Nests as deep as the parser let the object be. */
struct ical_comp *comp_copy(struct arena *a, const struct ical_comp *from, struct ical_comp *parent)
{
    struct ical_comp *to = ARENA_NEW(a, struct ical_comp);
    if (!to)
        return NULL;
    *to = (struct ical_comp){.name = from->name, .parent = parent};
    struct line **tail = &to->props;
    for (const struct line *l = from->props; l; l = l->next) {
        *tail = line_copy(a, l);
        if (!*tail)
            return NULL;
        tail = &(*tail)->next;
    }
    struct ical_comp **children = &to->children;
    for (const struct ical_comp *c = from->children; c; c = c->next) {
        *children = comp_copy(a, c, to);
        if (!*children)
            return NULL;
        children = &(*children)->next;
    }
    return to;
}

void comp_drop(struct ical_comp *c, struct str name)
{
    for (struct line **p = &c->props; *p;) {
        if (str_caseeq((*p)->name, name))
            *p = (*p)->next;
        else
            p = &(*p)->next;
    }
}

void comp_unlink(struct ical_comp *c, const struct line *l)
{
    for (struct line **p = &c->props; *p; p = &(*p)->next)
        if (*p == l) {
            *p = l->next;
            return;
        }
}

void comp_remove_child(struct ical_comp *parent, const struct ical_comp *child)
{
    for (struct ical_comp **p = &parent->children; *p; p = &(*p)->next)
        if (*p == child) {
            *p = child->next;
            return;
        }
}

struct line *comp_prop(struct ical_comp *c, struct str name)
{
    for (struct line *l = c->props; l; l = l->next)
        if (str_caseeq(l->name, name))
            return l;
    return NULL;
}

struct line *comp_set(struct arena *a, struct ical_comp *c, struct str name, struct str value)
{
    struct line *l = comp_prop(c, name);
    if (!l) {
        l = line_new(a, name, value);
        if (l)
            ical_add_prop(c, l);
        return l;
    }
    l->value = value;
    l->raw = STR_NONE;
    return l;
}

void comp_touch(struct ical_comp *c)
{
    for (; c; c = c->parent)
        c->raw = STR_NONE;
}

struct str text_value(struct arena *a, struct str text)
{
    SCOPED_BUF(b, text.n * 2 + 1);
    text_escape(&b, text);
    return arena_str(a, buf_view(&b));
}

struct str str_joined(struct arena *a, struct str first, struct str second, struct str third)
{
    char *p = arena_alloc(a, first.n + second.n + third.n + 1), *at = p;
    const struct str parts[] = {first, second, third};
    for (size_t i = 0; p && i < COUNT_OF(parts); i++) {
        if (parts[i].n)
            memcpy(at, parts[i].p, parts[i].n);
        at += parts[i].n;
    }
    return p ? str_n(p, (size_t)(at - p)) : STR_NONE;
}
