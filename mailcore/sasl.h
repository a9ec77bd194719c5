/* mailcore/sasl.h: the server's side of SASL (RFC 4422) for all mail protocols: mechanisms as rows of a table, messages in base64 as
 * SMTP, POP3 and IMAP carry them.
 *
 * A mechanism ends with SASL_CHECK: name and password are there, and the caller asks the directory. A protocol says which may
 * be used: those whose password crosses the wire only where the connection is safe. */
#ifndef SCAMBIO_MAILCORE_SASL_H
#define SCAMBIO_MAILCORE_SASL_H

#include "core/buf.h"

enum sasl_result {
    SASL_CHALLENGE, /* `challenge` (base64) goes to the client, which answers with another message */
    SASL_CHECK,     /* authorize, user and password are set */
    SASL_MALFORMED, /* no base64, or not what the mechanism defines */
    SASL_CANCELLED, /* "*" */
};

struct sasl;

struct sasl_mechanism {
    struct str name;
    bool plain;        /* the password crosses the wire */
    bool client_first; /* an empty challenge asks for the first message */
    enum sasl_result (*step)(struct sasl *x, struct str message, struct buf *challenge);
};

struct sasl {
    const struct sasl_mechanism *mechanism; /* NULL: nothing under way */
    int round;
    struct buf authorize, user, password; /* authorize: empty, or who the user wants to act as */
};

/* The mechanism of a name, in any case; NULL: there is none. */
const struct sasl_mechanism *sasl_find(struct str name);
/* Row by row for announcing; NULL at the end. */
const struct sasl_mechanism *sasl_mechanism(size_t i);

/* `initial`: the initial response as sent, "=" for an empty one; STR_NONE: there was none. */
enum sasl_result sasl_begin(struct sasl *x, const struct sasl_mechanism *mechanism, struct str initial,
                            struct buf *challenge);
/* The next line of the client, without its end. */
enum sasl_result sasl_next(struct sasl *x, struct str line, struct buf *challenge);
/* Forgets the exchange and wipes what was secret. */
void sasl_end(struct sasl *x);

#endif
