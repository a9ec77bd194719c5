/* mailcore/imap/utf7.h: names of mailboxes in modified UTF-7 (RFC 3501 section 5.1.3), for clients that have enabled neither
 * UTF8=ACCEPT nor IMAP4rev2. Strict: each name has one form, and what is none is refused, so that no two spellings mean one
 * mailbox. */
#ifndef SCAMBIO_MAILCORE_IMAP_UTF7_H
#define SCAMBIO_MAILCORE_IMAP_UTF7_H

#include "core/buf.h"

/* Appends the name in UTF-8. False: it is no modified UTF-7; what out holds is of no use then. */
bool imap_utf7_decode(struct buf *out, struct str name);

/* Appends UTF-8 in modified UTF-7. False: it is no UTF-8. */
bool imap_utf7_encode(struct buf *out, struct str utf8);

#endif
