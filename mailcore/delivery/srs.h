/* mailcore/delivery/srs.h: the Sender Rewriting Scheme (Mengwong, Wayner: "SRS", 2003): mail that is sent on gets a sender of ours, which
 * says whose bounces it is for:
 *
 *     SRS0=HASH=DAY=their.domain=local@our.domain                   sent on by us
 *     SRS1=HASH=first.domain==HASH=DAY=their.domain=local@…         by us, after somebody did so already
 *
 * The hash is keyed, so that only what we wrote leads anywhere, and only for some weeks. */
#ifndef SCAMBIO_MAILCORE_DELIVERY_SRS_H
#define SCAMBIO_MAILCORE_DELIVERY_SRS_H

#include "core/buf.h"

enum { SRS_KEY = 32, SRS_DAYS = 21 };

/* Appends the local part for a sender. TOO_LARGE: it would be longer than a local part may be (RFC 5321 section 4.5.3.1.1). */
enum status srs_write(struct buf *out, const unsigned char key[SRS_KEY], struct str local, struct str domain,
                      int64_t now);

bool srs_is(struct str local);
/* Appends the address behind it, "local@domain". INVALID: we did not write it, or too long ago. */
enum status srs_read(struct buf *out, const unsigned char key[SRS_KEY], struct str local, int64_t now);

#endif
