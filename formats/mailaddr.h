/* formats/mailaddr.h: address lists of header fields (RFC 5322 section 3.4, with the obsolete forms of 4.4): From, To, Cc, …
 *
 * Reads whatever comes: what is no address becomes one without a domain, so that a client still shows it. Linear in the
 * field, whatever is nested. Envelope addresses of SMTP are stricter and not read here. */
#ifndef SCAMBIO_FORMATS_MAILADDR_H
#define SCAMBIO_FORMATS_MAILADDR_H

#include "core/arena.h"

enum mailaddr_kind {
    MAILADDR_BOX,         /* a mailbox */
    MAILADDR_GROUP,       /* a group begins: name */
    MAILADDR_GROUP_CLOSE, /* it ends */
};

struct mailaddr {
    enum mailaddr_kind kind;
    struct str
        name; /* display name, encoded words as they are; without one the comment behind the address. Or STR_NONE */
    struct str route;  /* "@a,@b" of an obsolete source route, or STR_NONE */
    struct str local;  /* without quotes; may be empty */
    struct str domain; /* as written, comments and blanks left out; empty when there is none */
    struct mailaddr *next;
};

/* The list in order, NULL of an empty field; what is behind `most` addresses is left out. Strings live in the arena.
 * E_MEMORY, TOO_LARGE: the arena is out. */
enum status mailaddr_parse(struct arena *a, struct str value, size_t most, struct mailaddr **out);

#endif
