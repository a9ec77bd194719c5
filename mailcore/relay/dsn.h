/* mailcore/relay/dsn.h: what the sender is told of his message: delivery status notifications (RFC 3464, 6522; of addresses beyond ASCII RFC
 * 6533), in English or Italian.
 *
 * A notification is a multipart/report: a text for people, the same for programs, and the message or its header. It is sent with the
 * null path as its sender, so that none ever answers another. */
#ifndef SCAMBIO_MAILCORE_RELAY_DSN_H
#define SCAMBIO_MAILCORE_RELAY_DSN_H

#include "core/arena.h"
#include "core/buf.h"

enum dsn_action { DSN_FAILED, DSN_DELAYED, DSN_DELIVERED, DSN_RELAYED, DSN_EXPANDED, DSN_ACTIONS };
enum dsn_language { DSN_ENGLISH, DSN_ITALIAN, DSN_LANGUAGES };

struct dsn_recipient {
    struct str address;  /* where it was to go */
    struct str original; /* ORCPT: "rfc822;addr", xtext undone; STR_NONE: none was given */
    enum dsn_action action;
    struct str status;     /* RFC 3463: "5.1.1" */
    struct str remote;     /* the host that said so; STR_NONE: we did */
    struct str diagnostic; /* its reply, or our reason; STR_NONE: none */
    int64_t tried;         /* when it was tried last, seconds since 1970; 0: never */
    int64_t until;         /* DSN_DELAYED: how long it will be tried */
};

struct dsn {
    struct str hostname; /* ours */
    struct str sender;   /* whom it is for: the envelope's sender */
    struct str envid;    /* ENVID, xtext undone; STR_NONE: none was given */
    enum dsn_language language;
    int64_t arrived, now; /* seconds since 1970 */
    const struct dsn_recipient *recipients;
    size_t count;
    struct str message; /* the original, or at least its header */
    bool whole;         /* send it back in full (RET=FULL), not its header alone */
};

/* "it", "it-IT", … of a user's language; anything else is English. */
enum dsn_language dsn_language(struct str tag);

/* Appends the notification as a whole message, lines ending in CR LF. See out->st. */
void dsn_write(struct buf *out, const struct dsn *d);

#endif
