/* formats/xml.h: XML in and out, for DAV and whoever else reads it: libxml2's room.
 *
 * Reading makes a light tree in an arena; namespaces are resolved, comments and processing instructions dropped. Refused: DTDs,
 * entities beyond the five, anything past the limits of depth, nodes and size, not well-formed input. Writing goes straight
 * to a buffer with the prefixes of a fixed table (D, C, CR, CS, A) and declares others where they occur. */
#ifndef SCAMBIO_FORMATS_XML_H
#define SCAMBIO_FORMATS_XML_H

#include "core/arena.h"
#include "core/buf.h"

#define NS_DAV     "DAV:"
#define NS_CALDAV  "urn:ietf:params:xml:ns:caldav"
#define NS_CARDDAV "urn:ietf:params:xml:ns:carddav"
#define NS_CS      "http://calendarserver.org/ns/"
#define NS_APPLE   "http://apple.com/ns/ical/"

struct xml_name {
    struct str ns, name;
};

struct xml_attr {
    struct xml_name name;
    struct str prefix; /* as written; STR_NONE without */
    struct str value;
    struct xml_attr *next;
};

struct xml_node {
    struct xml_name name; /* of an element; name.name.p == NULL: a text node */
    struct str prefix;    /* as written, kept for dead properties (RFC 4918 section 4.3); STR_NONE without */
    struct str text;      /* text nodes: the text; never two of them side by side */
    struct str lang;      /* xml:lang in force; STR_NONE without */
    struct xml_attr *attrs;
    struct xml_node *children, *next, *parent;
};

enum { XML_MOST_ATTRIBUTES = 255 };

struct xml_limits {
    size_t size, depth, nodes;
    size_t
        attributes; /* of one element, namespace declarations included, up to XML_MOST_ATTRIBUTES; 0: 128 */
    size_t namespaces; /* declarations in scope; 0: 256 */
    /* For devices that write XML by hand. In text, CR and CRLF stay what they are (XML 1.0 section 2.11 makes them LF), and so do
     * control characters and bytes that are no UTF-8; "&" and "]]>" may stand for themselves; a document type without declarations
     * of its own is skipped; the text may be in any set of charset.h. */
    bool lenient;
    bool decoded; /* lenient: xml_decode was called already */
};

/* The bytes as UTF-8, the lenient way: by the byte order mark, what the transport says (`charset`, STR_NONE), the declaration, in this
 * order, but never what the bytes are not. What is not UTF-8 and says nothing stays as it is. *recoded: it was another set, and
 * *text is in the arena. INVALID: a set that is not known (*why); a fault of the arena. */
enum status xml_decode(struct arena *a, struct str charset, struct str *text, bool *recoded, struct str *why);

/* INVALID (not well-formed, DTD, entity, an encoding but UTF-8, UTF-16, ISO-8859-1, US-ASCII), TOO_LARGE, TOO_MANY (nodes, depth,
 * attributes of an element, namespaces in scope); *why says what (and which bound) and where, in the arena or static. Thread-safe. */
enum status xml_parse(struct arena *a, struct str text, const struct xml_limits *limits,
                      struct xml_node **root, struct str *why);

bool xml_is(const struct xml_node *n, const char *ns, const char *name);
/* First child element of that name, and the next sibling of that name. NULL ns or name: any. */
struct xml_node *xml_child(const struct xml_node *n, const char *ns, const char *name);
struct xml_node *xml_next(const struct xml_node *n, const char *ns, const char *name);
struct xml_node *xml_first(const struct xml_node *n);            /* first child element of any name */
struct xml_node *xml_sibling(const struct xml_node *n);          /* next element of any name */
struct str xml_attr(const struct xml_node *n, const char *name); /* without namespace; STR_NONE */
struct str xml_text(struct arena *a, const struct xml_node *n);  /* all text below, joined */

/* Can it be the local name of an element (an NCName)? For names that come from elsewhere than a parsed name. */
bool xml_is_name(struct str name);

/* The children of n as XML text that stands alone (every namespace declared where it is used first, prefixes kept): how
 * dead properties are kept. When xml:lang is in force on n, the text begins with the instruction <?lang TAG?>, which xml_property
 * turns into the attribute again. */
void xml_inner(struct buf *out, const struct xml_node *n);
/* <P:name>value</P:name> for a value made by xml_inner, with its xml:lang; <P:name/> of an empty one. */
void xml_property(struct buf *out, struct xml_name name, struct str value);

/* ---- writing ---- */
/* & < > " and CR; characters that XML forbids are left out, what is not UTF-8 becomes U+FFFD. */
void xml_escape(struct buf *out, struct str s);
void xml_begin(struct buf *out, const char *root_ns,
               const char *root); /* prolog and root with all prefixes declared */
/* <P:name>, </P:name>, <P:name/> and <P:name>text</P:name> for a namespace; one that is not in the table is declared there. */
void xml_open(struct buf *out, const char *ns, const char *name);
void xml_close(struct buf *out, const char *ns, const char *name);
void xml_empty(struct buf *out, const char *ns, const char *name);
void xml_leaf(struct buf *out, const char *ns, const char *name, struct str text);
void xml_open_name(struct buf *out, struct xml_name name); /* any namespace, from data */
void xml_close_name(struct buf *out, struct xml_name name);
void xml_empty_name(struct buf *out, struct xml_name name);

#endif
