/* mailcore/relay/int.h: what the files of the SMTP client share. */
#ifndef SCAMBIO_MAILCORE_RELAY_INT_H
#define SCAMBIO_MAILCORE_RELAY_INT_H

#include "mailcore/relay/relay.h"

enum relay_offer {
    OFFER_PIPELINING = 1 << 0,
    OFFER_8BIT = 1 << 1,
    OFFER_BINARY = 1 << 2,
    OFFER_CHUNKING = 1 << 3,
    OFFER_UTF8 = 1 << 4,
    OFFER_DSN = 1 << 5,
    OFFER_STARTTLS = 1 << 6,
    OFFER_SIZE = 1 << 7,
    OFFER_REQUIRETLS = 1 << 8,
    OFFER_AUTH = 1 << 9,
    OFFER_PLAIN = 1 << 10,
    OFFER_LOGIN = 1 << 11,
};

/* The connection is over; what had no answer gets a temporary failure. */
enum relay_event relay_over(struct relay *c, const char *why);
/* All recipients that have no result yet. The mail is done. */
void relay_fail_rest(struct relay *c, enum mail_outcome outcome, const char *status, struct str reason);

/* Replies to MAIL, RCPT and DATA; one that comes before the end of the text; those behind it. */
enum relay_event relay_on_envelope(struct relay *c, struct buf *out);
enum relay_event relay_on_early_reply(struct relay *c, struct buf *out);
enum relay_event relay_on_end(struct relay *c, struct buf *out);

#endif
