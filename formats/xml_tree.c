/* formats/xml_tree.c: finding one's way in a parsed tree. */
#include "formats/xml.h"

bool xml_is(const struct xml_node *n, const char *ns, const char *name)
{
    return n && n->name.name.p && (!name || str_eq(n->name.name, str_c(name))) &&
           (!ns || str_eq(n->name.ns, str_c(ns)));
}

static struct xml_node *from(struct xml_node *n, const char *ns, const char *name)
{
    while (n && !xml_is(n, ns, name))
        n = n->next;
    return n;
}

struct xml_node *xml_child(const struct xml_node *n, const char *ns, const char *name)
{
    return n ? from(n->children, ns, name) : NULL;
}

struct xml_node *xml_next(const struct xml_node *n, const char *ns, const char *name)
{
    return n ? from(n->next, ns, name) : NULL;
}

struct xml_node *xml_first(const struct xml_node *n)
{
    return xml_child(n, NULL, NULL);
}

struct xml_node *xml_sibling(const struct xml_node *n)
{
    return xml_next(n, NULL, NULL);
}

struct str xml_attr(const struct xml_node *n, const char *name)
{
    for (const struct xml_attr *a = n ? n->attrs : NULL; a; a = a->next)
        if (a->name.ns.n == 0 && str_eq(a->name.name, str_c(name)))
            return a->value;
    return STR_NONE;
}

/* The node behind n in document order, inside `top`. */
static const struct xml_node *step(const struct xml_node *n, const struct xml_node *top)
{
    if (n->children)
        return n->children;
    while (n != top && !n->next)
        n = n->parent;
    return n == top ? NULL : n->next;
}

struct str xml_text(struct arena *a, const struct xml_node *n)
{
    size_t size = 0;
    if (!n)
        return STR_NONE;
    if (!n->children)
        return n->name.name.p ? STR("") : n->text;
    if (!n->children->next && !n->children->name.name.p)
        return n->children->text;
    for (const struct xml_node *i = n; i; i = step(i, n))
        size += i->text.n;
    char *p = arena_alloc(a, size + 1);
    if (!p)
        return STR_NONE;
    size = 0;
    for (const struct xml_node *i = n; i; i = step(i, n)) {
        if (i->text.n)
            memcpy(p + size, i->text.p, i->text.n);
        size += i->text.n;
    }
    return str_n(p, size);
}
