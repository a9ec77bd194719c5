/* mailcore/imap/object_id.h: identifiers of OBJECTID (RFC 8474) as they are written in answers and in search keys, without parentheses. */
#ifndef SCAMBIO_MAILCORE_IMAP_OBJECT_ID_H
#define SCAMBIO_MAILCORE_IMAP_OBJECT_ID_H

#include "core/buf.h"
#include "core/hash.h"

/* The same for messages of equal bytes, wherever they lie. */
void imap_write_email_id(struct buf *out, const unsigned char etag[SHA256_SIZE]);
void imap_write_thread_id(struct buf *out, int64_t thread);

#endif
