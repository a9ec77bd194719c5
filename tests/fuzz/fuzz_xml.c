/* Any bytes: the parser answers within its limits, and what it took is written by xml_inner so that it reads
 * back as the same tree. The lenient way takes at least as much. */
#include "formats/xml.h"

#include <stdlib.h>

static const struct xml_limits limits = {.size = 64 << 10, .depth = 32, .nodes = 4000};

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void same_attrs(const struct xml_attr *a, const struct xml_attr *b)
{
    for (; a && b; a = a->next, b = b->next) {
        must(str_eq(a->name.ns, b->name.ns) && str_eq(a->name.name, b->name.name));
        must(str_eq(a->prefix, b->prefix) && str_eq(a->value, b->value));
    }
    must(!a && !b);
}

static void same(const struct xml_node *a, const struct xml_node *b)
{
    for (; a && b; a = a->next, b = b->next) {
        must(!a->name.name.p == !b->name.name.p);
        must(str_eq(a->name.ns, b->name.ns) && str_eq(a->name.name, b->name.name));
        must(str_eq(a->prefix, b->prefix) && str_eq(a->text, b->text) && str_eq(a->lang, b->lang));
        same_attrs(a->attrs, b->attrs);
        same(a->children, b->children);
    }
    must(!a && !b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SCOPED_ARENA(a, 16 << 20);
    struct xml_node *root, *again;
    struct str why;
    enum status st = xml_parse(&a, str_n(data, size), &limits, &root, &why);
    must(st == OK ? root != NULL : root == NULL && why.n);
    const struct xml_limits lenient = {.size = 64 << 10, .depth = 32, .nodes = 8000, .lenient = true};
    enum status other = xml_parse(&a, str_n(data, size), &lenient, &again, &why);
    must(other == OK ? again != NULL : again == NULL && why.n);
    if (st != OK)
        return 0;
    must(other == OK); /* what is taken strictly is taken leniently */
    SCOPED_BUF(inner, 16 << 20);
    SCOPED_BUF(whole, 16 << 20);
    xml_inner(&inner, root);
    xml_property(&whole, (struct xml_name){STR("urn:wrap"), STR("w")}, buf_view(&inner));
    const struct xml_limits wide = {.size = 16 << 20, .depth = 33, .nodes = 8000};
    must(xml_parse(&a, buf_view(&whole), &wide, &again, &why) == OK);
    same(root->children, again->children);
    return 0;
}
