/* syncml/emit.h: elements written to a buffer as XML or as WBXML: the bottom of message_write.c and devinf_write.c.
 *
 * XML is without white space; what MetInf and DevInf define declares its namespace where it begins. WBXML is version 1.2, UTF-8, with
 * inline strings and an empty string table; only the public ids of 1.0 lie in the table, as its devices expect. */
#ifndef SCAMBIO_SYNCML_EMIT_H
#define SCAMBIO_SYNCML_EMIT_H

#include "syncml/node.h"

struct emit {
    struct buf *out;
    enum sml_encoding encoding;
    bool devinf;   /* a DevInf document: WBXML has its tokens in page 0 */
    bool plain;    /* XML: no namespaces */
    unsigned page; /* WBXML: in force */
    unsigned meta; /* XML: open elements of MetInf */
};

/* Prolog of XML, or header of WBXML, with the opened root: SyncML, or DevInf when e->devinf. */
void emit_document(struct emit *e, enum sml_version version);
void emit_open(struct emit *e, enum sml_tag tag);
void emit_close(struct emit *e, enum sml_tag tag);
void emit_empty(struct emit *e, enum sml_tag tag);                  /* Final, MoreData, NoResp, UTC … */
void emit_leaf(struct emit *e, enum sml_tag tag, struct str text);  /* nothing when there is no text */
void emit_number(struct emit *e, enum sml_tag tag, int64_t number); /* nothing when negative */
/* Like emit_leaf for Data: bytes pass unchanged. XML: CDATA where there is markup in it; bytes that are no UTF-8 are written as the
 * characters that ISO-8859-1 has for them, and what XML cannot say is left out. WBXML: OPAQUE unless it is printable ASCII. */
void emit_data(struct emit *e, enum sml_tag tag, struct str data);
/* How many bytes of `data` at most make emit_data's text no longer than `room`, without half a character or half a CRLF. */
size_t emit_fitting(enum sml_encoding encoding, struct str data, size_t room);
/* A tree, which is DevInf, as the content of the open element: in WBXML a document of its own in an OPAQUE. */
void emit_devinf(struct emit *e, const struct sml_node *tree, enum sml_version version);
/* What closing it takes in bytes, for accounts. */
size_t emit_close_size(const struct emit *e, enum sml_tag tag);

#endif
