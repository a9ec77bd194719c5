/* syncml/tree_xml.c: reading XML into the tree, over formats/xml.h.
 *
 * XML is read the lenient way (struct xml_limits): CRLF in text stays, bytes that are no UTF-8 stay, a document type without
 * declarations of its own is skipped. Data that holds foreign XML unescaped is taken as the text that it is. */
#include "syncml/node.h"

#include "formats/xml.h"

enum { INNER_GROWTH = 8 };

/* Data with elements that are none of ours: their text, for a content type that is XML itself. */
static bool is_foreign(const struct xml_node *n)
{
    const struct xml_node *first = xml_first(n);
    return first && sml_tag_of(n->name.name) == TAG_DATA && sml_tag_of(first->name.name) == TAG_NONE;
}

static struct str foreign_text(struct sml_builder *b, const struct xml_node *n)
{
    SCOPED_BUF(text, b->limits->size);
    xml_inner(&text, n);
    struct str s = arena_str(b->arena, buf_view(&text));
    if (text.st != OK || !s.p)
        sml_fail(b, text.st ? text.st : E_MEMORY, STR("the message needs too much memory"));
    return s;
}

/* The first text node: an element without child elements has one at most. */
static struct str own_text(const struct xml_node *n)
{
    return n->children && !n->children->name.name.p ? n->children->text : STR("");
}

static void build(struct sml_builder *b, const struct xml_node *top)
{
    const struct xml_node *n = top;
    while (n && b->st == OK) {
        const struct xml_node *first = NULL;
        sml_open(b, sml_tag_of(n->name.name), n->name.name);
        if (is_foreign(n))
            sml_close(b, foreign_text(b, n));
        else if (!(first = xml_first(n)))
            sml_close(b, own_text(n));
        if (first) {
            n = first;
            continue;
        }
        const struct xml_node *sibling = NULL;
        while (n != top && !(sibling = xml_sibling(n))) {
            n = n->parent;
            sml_close(b, STR_NONE);
        }
        n = sibling;
    }
}

enum status sml_xml_read(struct arena *a, struct str body, const struct sml_limits *limits,
                         struct sml_source *source, struct sml_node **root, struct str *why)
{
    struct xml_node *document;
    *root = NULL;
    if (body.n > limits->size) {
        *why = STR("the message is too large");
        return TOO_LARGE;
    }
    enum status st = xml_decode(a, source->charset, &body, &source->recoded, why);
    if (st != OK)
        return st;
    /* text nodes and white space count there too */
    const struct xml_limits wide = {.size = body.n,
                                    .depth = limits->depth,
                                    .nodes = limits->nodes > SIZE_MAX / 4 ? SIZE_MAX : limits->nodes * 4,
                                    .lenient = true,
                                    .decoded = true};
    st = xml_parse(a, body, &wide, &document, why);
    if (st != OK)
        return st;
    source->xmlns = document->name.ns.n > 0;
    struct sml_builder b = {.arena = a, .limits = limits};
    build(&b, document);
    *why = b.why;
    if (b.st == OK)
        *root = b.root;
    return b.st;
}

const struct sml_node *sml_devinf_in(struct arena *a, struct str data, const struct sml_limits *limits)
{
    struct sml_node *root = NULL;
    struct sml_source source = {0};
    struct str why, text = str_trim(data);
    enum status st = INVALID;
    /* a string table can make much of little, and a message can hold many of them */
    struct sml_limits inner = *limits;
    if (data.n < limits->size / INNER_GROWTH)
        inner.size = data.n * INNER_GROWTH;
    if (str_starts(text, STR("<")) || str_starts(text, STR("\xef\xbb\xbf<")))
        st = sml_xml_read(a, text, &inner, &source, &root, &why);
    else if (data.n && data.p[0] >= 1 && data.p[0] <= 3)
        st = wbxml_read(a, data, &inner, &source, &root, &why);
    return st == OK && root && root->tag == TAG_DEVINF ? root : NULL;
}
