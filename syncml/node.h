/* syncml/node.h: the tree that a message is between bytes and structs, the same from XML and from WBXML.
 *
 * An element is known by its NAME alone: SyncML, MetInf and DevInf share one list of tags, so that a missing or wrong xmlns, or
 * a wrong code page of a literal, does no harm. What is not in the list has TAG_NONE and is there to be skipped. An element holds
 * text or children; text beside children is white space and is dropped. Text is bytes as they came, also such as are not UTF-8.
 *
 * A tree lives in the arena or points into the bytes that it was read from. */
#ifndef SCAMBIO_SYNCML_NODE_H
#define SCAMBIO_SYNCML_NODE_H

#include "syncml/message.h"

enum sml_tag { /* in the order of their names without case: sml_tag_of searches by halving */
               TAG_NONE,
               TAG_ADD,
               TAG_ALERT,
               TAG_ANCHOR,
               TAG_ARCHIVE,
               TAG_ATOMIC,
               TAG_CHAL,
               TAG_CMD,
               TAG_CMDID,
               TAG_CMDREF,
               TAG_COPY,
               TAG_CORRELATOR,
               TAG_CRED,
               TAG_CTCAP,
               TAG_CTTYPE,
               TAG_DATA,
               TAG_DATASTORE,
               TAG_DATATYPE,
               TAG_DELETE,
               TAG_DEVID,
               TAG_DEVINF,
               TAG_DEVTYP,
               TAG_DISPLAYNAME,
               TAG_DSMEM,
               TAG_EMI,
               TAG_EXEC,
               TAG_EXT,
               TAG_FIELD,
               TAG_FIELDLEVEL,
               TAG_FILTER,
               TAG_FILTER_RX,
               TAG_FILTERCAP,
               TAG_FILTERKEYWORD,
               TAG_FILTERTYPE,
               TAG_FINAL,
               TAG_FORMAT,
               TAG_FREEID,
               TAG_FREEMEM,
               TAG_FWV,
               TAG_GET,
               TAG_HWV,
               TAG_ITEM,
               TAG_LANG,
               TAG_LAST,
               TAG_LOCNAME,
               TAG_LOCURI,
               TAG_MAN,
               TAG_MAP,
               TAG_MAPITEM,
               TAG_MARK,
               TAG_MAXGUIDSIZE,
               TAG_MAXID,
               TAG_MAXMEM,
               TAG_MAXMSGSIZE,
               TAG_MAXOBJSIZE,
               TAG_MAXOCCUR,
               TAG_MAXSIZE,
               TAG_MEM,
               TAG_META,
               TAG_METINF,
               TAG_MOD,
               TAG_MOREDATA,
               TAG_MOVE,
               TAG_MSGID,
               TAG_MSGREF,
               TAG_NEXT,
               TAG_NEXTNONCE,
               TAG_NORESP,
               TAG_NORESULTS,
               TAG_NOTRUNCATE,
               TAG_NUMBEROFCHANGES,
               TAG_OEM,
               TAG_PARAMNAME,
               TAG_PROPERTY,
               TAG_PROPNAME,
               TAG_PROPPARAM,
               TAG_PUT,
               TAG_RECORD,
               TAG_REPLACE,
               TAG_RESPURI,
               TAG_RESULTS,
               TAG_RX,
               TAG_RX_PREF,
               TAG_SEARCH,
               TAG_SEQUENCE,
               TAG_SESSIONID,
               TAG_SFTDEL,
               TAG_SHAREDMEM,
               TAG_SIZE,
               TAG_SOURCE,
               TAG_SOURCEPARENT,
               TAG_SOURCEREF,
               TAG_STATUS,
               TAG_SUPPORTHIERARCHICALSYNC,
               TAG_SUPPORTLARGEOBJS,
               TAG_SUPPORTNUMBEROFCHANGES,
               TAG_SWV,
               TAG_SYNC,
               TAG_SYNCBODY,
               TAG_SYNCCAP,
               TAG_SYNCHDR,
               TAG_SYNCML,
               TAG_SYNCTYPE,
               TAG_TARGET,
               TAG_TARGETPARENT,
               TAG_TARGETREF,
               TAG_TX,
               TAG_TX_PREF,
               TAG_TYPE,
               TAG_UTC,
               TAG_VALENUM,
               TAG_VERCT,
               TAG_VERDTD,
               TAG_VERPROTO,
               TAG_VERSION,
               TAG_XNAM,
               TAG_XVAL,
               TAG_COUNT
};

enum wbxml_page { /* DevInf is a document of its own, where it is code page 0 */
                  PAGE_SYNCML,
                  PAGE_METINF,
                  PAGE_DEVINF,
                  PAGE_COUNT
};

struct sml_tag_row {
    struct str name;
    unsigned char token[PAGE_COUNT]; /* 0: not in that page */
};
const struct sml_tag_row *sml_tag_row(enum sml_tag tag);
struct str sml_tag_name(enum sml_tag tag);
enum sml_tag sml_tag_of(struct str name); /* case does not count: "DevId" is seen */

struct sml_node {
    enum sml_tag tag;
    struct str name; /* as it came; of an unknown token "" */
    struct str text; /* never absent; "" beside children */
    struct sml_node *children, *last, *next, *parent;
};

/* First child of that tag, and the next sibling of that tag; NULL: none, also of NULL. */
const struct sml_node *sml_child(const struct sml_node *n, enum sml_tag tag);
const struct sml_node *sml_next(const struct sml_node *n, enum sml_tag tag);
/* The node behind n in document order inside of `top`; NULL at the end. */
const struct sml_node *sml_step(const struct sml_node *n, const struct sml_node *top);
/* The same without going into n. */
const struct sml_node *sml_skip(const struct sml_node *n, const struct sml_node *top);
/* Text of the first child of that tag, without white space around it; STR_NONE when there is no such child. */
struct str sml_text(const struct sml_node *n, enum sml_tag tag);
/* A count or size: what is no number gives -1, what is over 2^63-1 gives that. */
int64_t sml_number(struct str text);

/* ---- building, for both readers and for what we write as a tree ---- */
struct sml_builder {
    struct arena *arena;
    const struct sml_limits *limits;
    struct sml_node *root, *at; /* at: the element that is open */
    size_t nodes, depth, text;
    enum status st;
    struct str why;
};
/* All do nothing after a failure. */
void sml_fail(struct sml_builder *b, enum status st, struct str why);
void sml_open(struct sml_builder *b, enum sml_tag tag, struct str name);
void sml_close(struct sml_builder *b, struct str text); /* text counts when no child came */

/* ---- reading ----
 * INVALID, TOO_LARGE, TOO_MANY with *why, or a fault. Text is UTF-8, also where the document is in another set; bytes under a label that is
 * not theirs stay as they came. */
struct sml_source {
    struct str charset; /* in: what Content-Type says; STR_NONE */
    bool recoded;       /* out: text was in another set */
    bool xmlns;         /* out: the root of XML declares a namespace */
};
enum status sml_xml_read(struct arena *a, struct str body, const struct sml_limits *limits,
                         struct sml_source *source, struct sml_node **root, struct str *why);
/* WBXML 1.1 to 1.3. The token of the root decides whether it is SyncML or DevInf: devices err in the public id. OPAQUE is bytes, and is
 * never converted. */
enum status wbxml_read(struct arena *a, struct str body, const struct sml_limits *limits,
                       struct sml_source *source, struct sml_node **root, struct str *why);
/* The DevInf that lies in `data`, as WBXML or as XML; NULL when there is none that can be read. */
const struct sml_node *sml_devinf_in(struct arena *a, struct str data, const struct sml_limits *limits);

#endif
