/* mailcore/imap/append.h: messages that a client adds, from what the command says to rows: APPEND and REPLACE. */
#ifndef SCAMBIO_MAILCORE_IMAP_APPEND_H
#define SCAMBIO_MAILCORE_IMAP_APPEND_H

#include "mailcore/imap/cmd.h"

/* ---- catenate.c ---- */
/* Appends the parts of a message (RFC 4469), of at most `out->max` bytes. INVALID: a URL names nothing, and the code says which. */
enum status imap_catenate(struct imap_call *c, const struct imap_append_message *m, struct buf *out);

#endif
