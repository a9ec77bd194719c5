/* mailcore/smtp_client_int.h: what the files of the SMTP client share. */
#ifndef SCAMBIO_MAILCORE_SMTP_CLIENT_INT_H
#define SCAMBIO_MAILCORE_SMTP_CLIENT_INT_H

#include "mailcore/smtp_client.h"

enum client_offer {
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
enum client_event client_over(struct smtp_client *c, const char *why);
/* All recipients that have no result yet. The mail is done. */
void client_fail_rest(struct smtp_client *c, enum mail_outcome outcome, const char *status,
                      struct str reason);

/* Replies to MAIL, RCPT and DATA; one that comes before the end of the text; those behind it. */
enum client_event client_on_envelope(struct smtp_client *c, struct buf *out);
enum client_event client_on_early_reply(struct smtp_client *c, struct buf *out);
enum client_event client_on_end(struct smtp_client *c, struct buf *out);

#endif
