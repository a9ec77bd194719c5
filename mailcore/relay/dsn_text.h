/* mailcore/relay/dsn_text.h: the sentences of delivery status notifications, a table for each language. */
#ifndef SCAMBIO_MAILCORE_RELAY_DSN_TEXT_H
#define SCAMBIO_MAILCORE_RELAY_DSN_TEXT_H

#include "mailcore/relay/dsn.h"

enum { DSN_REASONS = 24 };

struct dsn_sentences {
    const char *tag;                  /* RFC 5646 */
    const char *subject[DSN_ACTIONS]; /* ASCII */
    const char *from;                 /* the host's name follows */
    const char *outcome[DSN_ACTIONS]; /* addresses follow */
    const char *host_said;            /* a host's name follows */
    const char *until;                /* a date follows */
    const char *message_below, *header_below;
    struct dsn_reason {
        const char *status; /* subject and detail of RFC 3463: "1.1"; or the subject alone: "1." */
        const char *text;
    } reasons[DSN_REASONS]; /* details before their subject */
};

const struct dsn_sentences *dsn_sentences(enum dsn_language language);

/* What an enhanced status code means, in a sentence; NULL: nothing is known of it. */
const char *dsn_reason(const struct dsn_sentences *say, struct str status);

#endif
