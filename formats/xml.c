/* formats/xml.c: reading XML: the only file that knows libxml2.
 *
 * The text is made UTF-8 first and scanned once for what must never reach the library: document types (and
 * with them every entity), and elements with so many attributes that its duplicate check, which is quadratic,
 * would take seconds. Then libxml2's SAX2 interface builds our tree in the arena and is stopped at the first
 * limit that is passed. */
#include "formats/xml.h"
#include "formats/xml_decode.h"
#include "formats/xml_shelter.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/tree.h>
#include <pthread.h>

enum {
    ATTRIBUTES = 128, /* where the limits say nothing */
    NAMESPACES = 256, /* the same; libxml2 searches them one after the other */
    NS_CACHE = 8,
    WHY_MAX = 200,
};

struct builder {
    struct arena *arena;
    const struct xml_limits *limits;
    xmlParserCtxtPtr ctxt;
    struct xml_node *root, *at; /* at: the element that is open */
    struct xml_node *last;      /* its last child so far */
    struct buf text;            /* characters since the last tag */
    const struct xml_shelter *shelter;
    struct buf declared; /* a byte for each open element: how many namespaces it declares */
    size_t nodes, scope; /* scope: namespace declarations in force */
    enum status st;
    struct str why;
    struct {
        const xmlChar *p; /* libxml2 interns: the same pointer is the same namespace */
        struct str ns;
    } cache[NS_CACHE];
    size_t cached;
};

/* ---- before libxml2: the dangerous parts ---- */

static enum status check_characters(struct str text)
{
    return str_utf8(text) && memchr(text.p, 0, text.n) == NULL ? OK : INVALID;
}

/* From behind '<' to behind the '>' of a tag; counts what could be attributes. */
static size_t skip_tag(struct str s, size_t at, size_t *attributes)
{
    char quote = 0;
    *attributes = 0;
    for (; at < s.n; at++) {
        char c = s.p[at];
        if (quote) {
            quote = c == quote ? 0 : quote;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '=') {
            ++*attributes;
        } else if (c == '>') {
            return at + 1;
        }
    }
    return s.n;
}

static size_t lines_until(struct str s, size_t at)
{
    size_t n = 1;
    for (size_t i = 0; i < at; i++)
        n += s.p[i] == '\n';
    return n;
}

static enum status screen(struct arena *a, struct str s, size_t most, struct str *why)
{
    static const struct {
        struct str begin, end;
    } skipped[] = {{STR_INIT("!--"), STR_INIT("-->")},
                   {STR_INIT("![CDATA["), STR_INIT("]]>")},
                   {STR_INIT("?"), STR_INIT("?>")}};
    for (size_t at = 0; (at = str_chr(s, '<', at)) != SIZE_MAX;) {
        struct str rest = str_from(s, ++at);
        size_t end = 0;
        for (size_t i = 0; i < COUNT_OF(skipped) && !end; i++)
            if (str_starts(rest, skipped[i].begin))
                end = str_find(rest, skipped[i].end, skipped[i].begin.n);
        if (end) {
            at = end == SIZE_MAX ? s.n : at + end;
            continue;
        }
        if (str_starts(rest, STR("!"))) {
            *why = STR("document type declarations and entities are not taken");
            return INVALID;
        }
        size_t attributes, tag = at;
        at = skip_tag(s, at, &attributes);
        if (attributes > most) {
            *why =
                arena_strf(a, "line %zu: an element has more than %zu attributes", lines_until(s, tag), most);
            return TOO_MANY;
        }
    }
    return OK;
}

/* ---- the tree ---- */

static void stop(struct builder *b, enum status st, struct str why)
{
    if (b->st == OK) {
        b->st = st;
        b->why = why;
    }
    xmlStopParser(b->ctxt);
}

static void stop_many(struct builder *b, const char *what, size_t most)
{
    SCOPED_BUF(text, WHY_MAX);
    buf_addf(&text, "line %d: more than %zu %s", b->ctxt->input ? b->ctxt->input->line : 0, most, what);
    stop(b, TOO_MANY, arena_str(b->arena, buf_view(&text)));
}

static void stop_memory(struct builder *b)
{
    stop(b, b->arena->st ? b->arena->st : E_MEMORY, STR("the document needs too much memory"));
}

static struct str copy(struct builder *b, const xmlChar *s)
{
    struct str out = arena_str(b->arena, str_c((const char *)s));
    if (s && !out.p)
        stop_memory(b);
    return out;
}

static struct str copy_ns(struct builder *b, const xmlChar *uri)
{
    if (!uri)
        return STR("");
    for (size_t i = 0; i < NS_CACHE; i++)
        if (b->cache[i].p == uri)
            return b->cache[i].ns;
    struct str ns = copy(b, uri);
    b->cache[b->cached].p = uri;
    b->cache[b->cached].ns = ns;
    b->cached = (b->cached + 1) % NS_CACHE;
    return ns;
}

static struct xml_node *append(struct builder *b)
{
    struct xml_node *n = ARENA_NEW(b->arena, struct xml_node);
    if (!n) {
        stop_memory(b);
        return NULL;
    }
    if (++b->nodes > b->limits->nodes) {
        stop_many(b, "elements, texts and attributes", b->limits->nodes);
        return NULL;
    }
    n->parent = b->at;
    if (b->at)
        n->lang = b->at->lang;
    if (b->last)
        b->last->next = n;
    else if (b->at)
        b->at->children = n;
    b->last = n;
    return n;
}

static void flush_text(struct builder *b)
{
    if (!b->text.n || !b->at)
        return;
    struct xml_node *n = append(b);
    xml_unshelter(b->shelter, &b->text);
    if (n)
        n->text = arena_str(b->arena, buf_view(&b->text));
    if (n && !n->text.p)
        stop_memory(b);
    buf_clear(&b->text);
}

static void add_attributes(struct builder *b, struct xml_node *n, int count, const xmlChar **attrs)
{
    struct xml_attr **end = &n->attrs;
    for (int i = 0; i < count; i++, attrs += 5) { /* local name, prefix, URI, value, end of value */
        struct xml_attr *a = ARENA_NEW(b->arena, struct xml_attr);
        if (!a) {
            stop_memory(b);
            return;
        }
        a->name = (struct xml_name){copy_ns(b, attrs[2]), copy(b, attrs[0])};
        a->prefix = copy(b, attrs[1]);
        a->value = arena_str(b->arena, str_n(attrs[3], (size_t)(attrs[4] - attrs[3])));
        if (!a->value.p) {
            stop_memory(b);
            return;
        }
        if (str_eq(a->prefix, STR("xml")) && str_eq(a->name.name, STR("lang")))
            n->lang = a->value.n ? a->value : STR_NONE;
        *end = a;
        end = &a->next;
    }
}

static void on_start(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int ns_count,
                     const xmlChar **namespaces, int attr_count, int defaulted, const xmlChar **attrs)
{
    struct builder *b = ((xmlParserCtxtPtr)ctx)->_private;
    (void)namespaces;
    (void)defaulted; /* defaults come from document types, which are refused */
    if (b->st != OK)
        return;
    if (b->declared.n >= b->limits->depth) {
        stop_many(b, "elements in one another", b->limits->depth);
        return;
    }
    buf_addc(&b->declared, (char)ns_count); /* at most XML_MOST_ATTRIBUTES */
    b->scope += (size_t)ns_count;
    if (b->scope > b->limits->namespaces) {
        stop_many(b, "namespaces declared at once", b->limits->namespaces);
        return;
    }
    flush_text(b);
    struct xml_node *n = append(b);
    if (!n)
        return;
    n->name = (struct xml_name){copy_ns(b, uri), copy(b, name)};
    n->prefix = copy(b, prefix);
    add_attributes(b, n, attr_count, attrs);
    b->nodes += (size_t)attr_count;
    if (!b->root)
        b->root = n;
    b->at = n;
    b->last = NULL;
}

static void on_end(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    xmlParserCtxtPtr ctxt = ctx;
    struct builder *b = ctxt->_private;
    (void)name;
    (void)prefix;
    (void)uri;
    if (b->st != OK || !b->at || !b->declared.n)
        return;
    flush_text(b);
    b->last = b->at;
    b->at = b->at->parent;
    b->scope -= (unsigned char)b->declared.p[b->declared.n - 1];
    buf_cut(&b->declared, b->declared.n - 1);
}

static void on_text(void *ctx, const xmlChar *text, int n)
{
    struct builder *b = ((xmlParserCtxtPtr)ctx)->_private;
    if (b->st != OK)
        return;
    buf_add(&b->text, str_n(text, (size_t)n));
    if (b->text.st != OK)
        stop(b, b->text.st, STR("the document needs too much memory"));
}

/* Neither can come after screen(): the second lock on the door. */
static void on_doctype(void *ctx, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
    (void)name;
    (void)external;
    (void)system;
    stop(((xmlParserCtxtPtr)ctx)->_private, INVALID, STR("document type declarations are not taken"));
}

static void on_reference(void *ctx, const xmlChar *name)
{
    (void)name;
    stop(((xmlParserCtxtPtr)ctx)->_private, INVALID, STR("entities are not taken"));
}

static xmlEntityPtr on_entity(void *ctx, const xmlChar *name)
{
    (void)ctx;
    return xmlGetPredefinedEntity(name);
}

static void on_error(void *ctx, xmlErrorPtr e)
{
    struct builder *b = ((xmlParserCtxtPtr)ctx)->_private;
    if (b->st != OK || e->level < XML_ERR_ERROR || e->code == XML_WAR_NS_URI)
        return; /* a namespace is an opaque name: it need not be a good URI */
    b->st = e->code == XML_ERR_NO_MEMORY ? E_MEMORY : INVALID;
    struct str text = str_trim(str_slice(str_c(e->message), 0, WHY_MAX));
    b->why = arena_strf(b->arena, "line %d: %.*s", e->line, STR_ARG(text));
    xmlStopParser(b->ctxt);
}

static void init_library(void)
{
    xmlInitParser();
}

static enum status run(struct builder *b, struct str text)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, init_library);
    b->ctxt = xmlNewParserCtxt();
    if (!b->ctxt)
        return E_MEMORY;
    b->ctxt->_private = b;
    *b->ctxt->sax = (xmlSAXHandler){
        .initialized = XML_SAX2_MAGIC,
        .startElementNs = on_start,
        .endElementNs = on_end,
        .characters = on_text,
        .cdataBlock = on_text,
        .ignorableWhitespace = on_text,
        .internalSubset = on_doctype,
        .reference = on_reference,
        .getEntity = on_entity,
        .serror = on_error,
    };
    /* HUGE: the limits are ours, not the library's. NOENT: without it "&amp;" in an attribute arrives as
     * "&#38;"; there are no entities that it could fetch or expand. */
    int options =
        XML_PARSE_NONET | XML_PARSE_HUGE | XML_PARSE_IGNORE_ENC | XML_PARSE_NOENT | XML_PARSE_NOCDATA;
    xmlDocPtr doc = xmlCtxtReadMemory(b->ctxt, text.p, (int)text.n, NULL, NULL, options);
    xmlFreeDoc(doc);
    if (b->st == OK && (!b->ctxt->wellFormed || !b->root || b->at)) {
        b->st = INVALID;
        b->why = STR("not well-formed XML");
    }
    xmlFreeParserCtxt(b->ctxt);
    return b->st;
}

enum status xml_parse(struct arena *a, struct str text, const struct xml_limits *limits,
                      struct xml_node **root, struct str *why)
{
    struct xml_limits own = *limits;
    if (!own.attributes || own.attributes > XML_MOST_ATTRIBUTES)
        own.attributes = own.attributes ? XML_MOST_ATTRIBUTES : ATTRIBUTES;
    if (!own.namespaces)
        own.namespaces = NAMESPACES;
    *root = NULL;
    *why = STR_NONE;
    if (text.n > limits->size || text.n > INT32_MAX / 4) {
        *why = arena_strf(a, "the document has more than %zu bytes", limits->size);
        return TOO_LARGE;
    }
    SCOPED_BUF(room, text.n * 2 + 4);
    SCOPED_BUF(sheltered, text.n * 3 * XML_SHELTER_GROWTH + 4);
    struct xml_shelter shelter = {{0}};
    bool recoded;
    enum status st = !text.n            ? INVALID
                     : !limits->lenient ? xml_decode_strict(&text, &room)
                     : !limits->decoded ? xml_decode(a, STR_NONE, &text, &recoded, why)
                                        : OK;
    if (st == OK && limits->lenient)
        st = xml_shelter(&shelter, &text, &sheltered);
    if (st == OK)
        st = check_characters(text);
    if (st != OK) {
        if (!why->p)
            *why = STR("not XML in UTF-8");
        return st;
    }
    st = screen(a, text, own.attributes, why);
    if (st != OK)
        return st;
    struct builder b = {.arena = a,
                        .limits = &own,
                        .shelter = &shelter,
                        .text = BUF_INIT(text.n),
                        .declared = BUF_INIT(limits->depth)};
    st = run(&b, text);
    if (st == OK && b.declared.st != OK)
        st = b.declared.st;
    buf_free(&b.text);
    buf_free(&b.declared);
    *why = b.why;
    if (st == OK)
        *root = b.root;
    return st;
}

bool xml_is_name(struct str name)
{
    SCOPED_BUF(text, 1024);
    buf_add(&text, name);
    return name.n && text.st == OK && !memchr(name.p, 0, name.n) &&
           xmlValidateNCName((const xmlChar *)buf_c(&text), 0) == 0;
}
