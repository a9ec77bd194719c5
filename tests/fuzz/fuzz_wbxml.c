/* Any bytes as WBXML: the properties of sml_property.h, of a message and of DevInf; and a tree is within the limits. */
#include "tests/fuzz/sml_property.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SCOPED_ARENA(a, 64 << 20);
    struct str body = str_n(data, size), why;
    struct sml_node *root;
    enum status st = wbxml_read(&a, body, &sml_narrow, &(struct sml_source){0}, &root, &why);
    sml_must(st >= 0 && (st == OK) == (root != NULL) && (st == OK) == !why.n, "a tree or a reason");
    size_t nodes = 0;
    for (const struct sml_node *n = root; n; n = sml_step(n, root)) {
        size_t depth = 0;
        for (const struct sml_node *up = n; up; up = up->parent)
            depth++;
        sml_must(++nodes <= sml_narrow.nodes && depth <= sml_narrow.depth, "limits");
        sml_must(n->text.p && n->name.p && (!n->children || !n->text.n), "text or children");
    }
    sml_property(SML_WBXML, body);
    sml_devinf_property(body);
    return 0;
}
