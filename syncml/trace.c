/* syncml/trace.c: a message as indented XML for people, without what logs in. */
#include "syncml/node.h"

#include "formats/xml.h"

enum { INDENT = 2 };

/* Text below Cred, and the nonce of a Chal: with them and a digest passwords can be guessed. */
static bool is_secret(const struct sml_node *n)
{
    if (n->tag == TAG_NEXTNONCE)
        return true;
    return n->tag == TAG_DATA && n->parent && n->parent->tag == TAG_CRED;
}

static void line(struct buf *out, size_t depth)
{
    if (out->n)
        buf_addc(out, '\n');
    for (size_t i = 0; i < depth * INDENT; i++)
        buf_addc(out, ' ');
}

static void begin(struct buf *out, const struct sml_node *n, size_t depth)
{
    struct str name = n->tag ? sml_tag_name(n->tag) : xml_is_name(n->name) ? n->name : STR("unknown");
    line(out, depth);
    buf_addc(out, '<');
    buf_add(out, name);
}

static void end(struct buf *out, const struct sml_node *n)
{
    struct str name = n->tag ? sml_tag_name(n->tag) : xml_is_name(n->name) ? n->name : STR("unknown");
    buf_add(out, STR("</"));
    buf_add(out, name);
    buf_addc(out, '>');
}

static void write_text(struct buf *out, const struct sml_node *n)
{
    if (!n->text.n) {
        buf_add(out, STR("/>"));
        return;
    }
    buf_addc(out, '>');
    if (is_secret(n))
        buf_add(out, STR("***"));
    else
        xml_escape(out, n->text);
    end(out, n);
}

/* The DevInf that is the opaque data of a Put or Results. */
static const struct sml_node *inner_of(struct arena *a, const struct sml_node *n,
                                       const struct sml_limits *limits)
{
    const struct sml_node *item = n->tag == TAG_DATA ? n->parent : NULL;
    const struct sml_node *command = item && item->tag == TAG_ITEM ? item->parent : NULL;
    if (!command || (command->tag != TAG_PUT && command->tag != TAG_RESULTS) || !n->text.n)
        return NULL;
    return sml_devinf_in(a, n->text, limits);
}

static void write_tree(struct buf *out, const struct sml_node *top, size_t depth)
{
    const struct sml_node *n = top;
    while (n) {
        begin(out, n, depth);
        if (n->children) {
            buf_addc(out, '>');
            n = n->children;
            depth++;
            continue;
        }
        write_text(out, n);
        while (n != top && !n->next) {
            n = n->parent;
            line(out, --depth);
            end(out, n);
        }
        n = n == top ? NULL : n->next;
    }
}

/* Hangs what is inside of opaque data into the tree. */
static void open_inner(struct arena *a, struct sml_node *root, const struct sml_limits *limits)
{
    for (const struct sml_node *n = root; n; n = sml_step(n, root)) {
        const struct sml_node *inner = inner_of(a, n, limits);
        if (!inner)
            continue;
        struct sml_node *data = unconst(n), *child = unconst(inner);
        data->children = data->last = child;
        child->parent = data;
    }
}

enum status sml_trace(struct arena *a, enum sml_encoding encoding, struct str body,
                      const struct sml_limits *limits, struct buf *out)
{
    struct sml_node *root;
    struct sml_source source = {0};
    struct str why;
    enum status st = encoding == SML_XML ? sml_xml_read(a, body, limits, &source, &root, &why)
                                         : wbxml_read(a, body, limits, &source, &root, &why);
    if (st != OK)
        return st;
    open_inner(a, root, limits);
    write_tree(out, root, 0);
    buf_addc(out, '\n');
    return out->st;
}
