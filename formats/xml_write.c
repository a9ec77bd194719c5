/* formats/xml_write.c: XML out, straight to a buffer: answers with the fixed prefixes, and trees as text that
 * stands alone. */
#include "formats/xml.h"

#define LANG_BEGIN "<?lang "
#define LANG_END   "?>"

static const struct {
    struct str ns, prefix;
} prefixes[] = {
    {STR_INIT(NS_DAV), STR_INIT("D")},      {STR_INIT(NS_CALDAV), STR_INIT("C")},
    {STR_INIT(NS_CARDDAV), STR_INIT("CR")}, {STR_INIT(NS_CS), STR_INIT("CS")},
    {STR_INIT(NS_APPLE), STR_INIT("A")},
};

/* ---- escaping ---- */

/* How many bytes of a character that XML allows begin at s[at]; 0 when none does, and then *bad says how many
 * are bad. */
static size_t allowed(struct str s, size_t at, size_t *bad)
{
    unsigned char c = (unsigned char)s.p[at];
    *bad = 1;
    if (c < 0x80)
        return c >= 0x20 || c == '\t' || c == '\n' || c == '\r';
    size_t n = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    struct str character = str_slice(s, at, n);
    if (!str_utf8(character))
        return 0;
    if (str_eq(character, STR("\xef\xbf\xbe")) || str_eq(character, STR("\xef\xbf\xbf"))) {
        *bad = 3;
        return 0;
    }
    return n;
}

static struct str reference(char c, bool attribute)
{
    switch (c) {
    case '&':
        return STR("&amp;");
    case '<':
        return STR("&lt;");
    case '>':
        return STR("&gt;");
    case '"':
        return STR("&quot;");
    case '\r':
        return STR("&#13;");
    case '\n':
        return attribute ? STR("&#10;") : STR_NONE;
    case '\t':
        return attribute ? STR("&#9;") : STR_NONE;
    default:
        return STR_NONE;
    }
}

static void escape(struct buf *out, struct str s, bool attribute)
{
    size_t done = 0, at = 0;
    while (at < s.n) {
        char c = s.p[at];
        if (c >= 0x20 && c < 0x7f && c != '&' && c != '<' && c != '>' && c != '"') {
            at++;
            continue;
        }
        size_t bad, n = allowed(s, at, &bad);
        struct str instead = n == 1 ? reference(c, attribute) : STR_NONE;
        if (n && !instead.p) {
            at += n;
            continue;
        }
        buf_add(out, str_slice(s, done, at - done));
        if (instead.p)
            buf_add(out, instead);
        else if ((unsigned char)c >= 0x80 && bad == 1)
            buf_add(out, STR("\xef\xbf\xbd"));
        at += n ? n : bad;
        done = at;
    }
    buf_add(out, str_from(s, done));
}

void xml_escape(struct buf *out, struct str s)
{
    escape(out, s, false);
}

/* ---- answers ---- */

static struct str prefix_of(struct str ns)
{
    for (size_t i = 0; i < COUNT_OF(prefixes); i++)
        if (str_eq(ns, prefixes[i].ns))
            return prefixes[i].prefix;
    return ns.n ? STR("X") : STR_NONE; /* X is declared on each element that uses it */
}

static void qualified(struct buf *out, struct xml_name name)
{
    struct str prefix = prefix_of(name.ns);
    if (prefix.n) {
        buf_add(out, prefix);
        buf_addc(out, ':');
    }
    buf_add(out, name.name);
}

static void begin_tag(struct buf *out, struct xml_name name)
{
    buf_addc(out, '<');
    qualified(out, name);
    if (str_eq(prefix_of(name.ns), STR("X"))) {
        buf_add(out, STR(" xmlns:X=\""));
        escape(out, name.ns, true);
        buf_addc(out, '"');
    }
}

void xml_open_name(struct buf *out, struct xml_name name)
{
    begin_tag(out, name);
    buf_addc(out, '>');
}

void xml_close_name(struct buf *out, struct xml_name name)
{
    buf_add(out, STR("</"));
    qualified(out, name);
    buf_addc(out, '>');
}

void xml_empty_name(struct buf *out, struct xml_name name)
{
    begin_tag(out, name);
    buf_add(out, STR("/>"));
}

void xml_open(struct buf *out, const char *ns, const char *name)
{
    xml_open_name(out, (struct xml_name){str_c(ns), str_c(name)});
}

void xml_close(struct buf *out, const char *ns, const char *name)
{
    xml_close_name(out, (struct xml_name){str_c(ns), str_c(name)});
}

void xml_empty(struct buf *out, const char *ns, const char *name)
{
    xml_empty_name(out, (struct xml_name){str_c(ns), str_c(name)});
}

void xml_leaf(struct buf *out, const char *ns, const char *name, struct str text)
{
    xml_open(out, ns, name);
    xml_escape(out, text);
    xml_close(out, ns, name);
}

void xml_begin(struct buf *out, const char *root_ns, const char *root)
{
    struct xml_name name = {str_c(root_ns), str_c(root)};
    buf_add(out, STR("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"));
    begin_tag(out, name);
    for (size_t i = 0; i < COUNT_OF(prefixes); i++) {
        buf_add(out, STR(" xmlns:"));
        buf_add(out, prefixes[i].prefix);
        buf_add(out, STR("=\""));
        buf_add(out, prefixes[i].ns);
        buf_addc(out, '"');
    }
    buf_addc(out, '>');
}

/* ---- trees as text ---- */

/* Does `n`, by its own name or an attribute before `stop`, use the prefix? Then *ns is what it means there.
 */
static bool uses(const struct xml_node *n, const struct xml_attr *stop, struct str prefix, struct str *ns)
{
    if (str_eq(n->prefix, prefix)) {
        *ns = n->name.ns;
        return true;
    }
    for (const struct xml_attr *a = n->attrs; a != stop; a = a->next)
        if (a->prefix.n && str_eq(a->prefix, prefix)) {
            *ns = a->name.ns;
            return true;
        }
    return false;
}

/* Declares prefix = ns on the element n unless n itself or an ancestor below `top` has done so. `before`: the
 * attribute that needs it; NULL for the element's own name. */
static void declare(struct buf *out, const struct xml_node *n, const struct xml_node *top,
                    const struct xml_attr *before, struct str prefix, struct str ns)
{
    struct str meaning = STR("");
    if (str_eq(prefix, STR("xml")) || (before && uses(n, before, prefix, &meaning)))
        return;
    for (const struct xml_node *up = n->parent; up && up != top; up = up->parent)
        if (uses(up, NULL, prefix, &meaning))
            break;
    if (str_eq(meaning, ns))
        return;
    buf_add(out, prefix.n ? STR(" xmlns:") : STR(" xmlns"));
    buf_add(out, prefix);
    buf_add(out, STR("=\""));
    escape(out, ns, true);
    buf_addc(out, '"');
}

static void written_name(struct buf *out, struct str prefix, struct str name)
{
    if (prefix.n) {
        buf_add(out, prefix);
        buf_addc(out, ':');
    }
    buf_add(out, name);
}

static void begin_node(struct buf *out, const struct xml_node *n, const struct xml_node *top)
{
    if (!n->name.name.p) {
        escape(out, n->text, false);
        return;
    }
    buf_addc(out, '<');
    written_name(out, n->prefix, n->name.name);
    declare(out, n, top, NULL, n->prefix, n->name.ns);
    for (const struct xml_attr *a = n->attrs; a; a = a->next) {
        if (a->prefix.n)
            declare(out, n, top, a, a->prefix, a->name.ns);
        buf_addc(out, ' ');
        written_name(out, a->prefix, a->name.name);
        buf_add(out, STR("=\""));
        escape(out, a->value, true);
        buf_addc(out, '"');
    }
    buf_add(out, n->children ? STR(">") : STR("/>"));
}

static void end_node(struct buf *out, const struct xml_node *n)
{
    buf_add(out, STR("</"));
    written_name(out, n->prefix, n->name.name);
    buf_addc(out, '>');
}

void xml_inner(struct buf *out, const struct xml_node *top)
{
    if (top->lang.n) {
        buf_add(out, STR(LANG_BEGIN));
        escape(out, top->lang, true);
        buf_add(out, STR(LANG_END));
    }
    const struct xml_node *n = top->children;
    while (n) {
        begin_node(out, n, top);
        if (n->children) {
            n = n->children;
            continue;
        }
        while (n != top && !n->next) {
            n = n->parent;
            if (n != top)
                end_node(out, n);
        }
        n = n == top ? NULL : n->next;
    }
}

void xml_property(struct buf *out, struct xml_name name, struct str value)
{
    size_t end = str_starts(value, STR(LANG_BEGIN)) ? str_find(value, STR(LANG_END), 0) : SIZE_MAX;
    struct str lang = STR_NONE;
    if (end != SIZE_MAX) {
        lang = str_slice(value, sizeof LANG_BEGIN - 1, end - (sizeof LANG_BEGIN - 1));
        value = str_from(value, end + sizeof LANG_END - 1);
    }
    begin_tag(out, name);
    if (lang.n) {
        buf_add(out, STR(" xml:lang=\""));
        buf_add(out, lang);
        buf_addc(out, '"');
    }
    if (!value.n) {
        buf_add(out, STR("/>"));
        return;
    }
    buf_addc(out, '>');
    buf_add(out, value);
    xml_close_name(out, name);
}
