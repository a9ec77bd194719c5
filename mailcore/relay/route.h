/* mailcore/relay/route.h: what is decided about mail that goes out, without a socket: which way a domain has, in which order its hosts are
 * tried (RFC 5321 section 5), when the next attempt is, and how an attempt's result is kept in the queue. */
#ifndef SCAMBIO_MAILCORE_RELAY_ROUTE_H
#define SCAMBIO_MAILCORE_RELAY_ROUTE_H

#include "mailcore/relay/relay.h"

/* ---- ways ---- */
enum route_kind {
    ROUTE_MX,   /* what DNS says of the domain */
    ROUTE_HOST, /* this host */
    ROUTE_UNIX, /* a local socket */
};
struct route {
    enum route_kind kind;
    bool lmtp;
    int port;
    struct str host; /* of ROUTE_HOST; of ROUTE_UNIX the path */
};
/* "host:port", "host", "[2001:db8::1]:port", each also behind "smtp:" or "lmtp:"; "lmtp:unix:/path". A view of the text. False: none of
 * these. */
bool route_parse(struct str text, int port, struct route *out);

/* ---- the hosts of a domain ---- */
struct mx_host {
    unsigned preference;
    struct str name;
};
enum mx_answer {
    MX_HOSTS,
    MX_NULL, /* the domain takes no mail (RFC 7505) */
    MX_LOOP, /* it is ours to deliver, and we do not know of it */
};
/* Sorts by preference, equal ones at random, and takes away ourselves and what is not better than we are. */
enum mx_answer mx_order(struct mx_host *hosts, size_t *count, struct str ourselves);

/* ---- time ---- */
struct retry {
    int64_t first, most; /* seconds: the wait after the first attempt, doubled from then on up to the most */
};
/* The wait after so many attempts that failed, less up to an eighth by `random`, so that what failed together does not come together. */
int64_t retry_wait(const struct retry *r, int64_t tries, uint64_t random);

/* ---- results, as queue_rcpt.last has them: "5.1.1 mx.example.org +notifies +warned: 550 5.1.1 no such user" ---- */
struct outcome {
    struct str status; /* enhanced code */
    struct str host;   /* who said so; STR_NONE: we did */
    bool notifies;     /* the next server took over to notify the sender */
    bool warned;       /* the sender was told of the delay */
    struct str text;
};
void outcome_write(struct buf *out, const struct outcome *o);
/* What was not written so is all text, with the status "4.0.0". */
void outcome_read(struct str last, struct outcome *out);

/* Is the sender told of it (RFC 3461 section 5)? `passed`: the next server does that. */
enum notice_kind { NOTICE_NONE, NOTICE_FAILED, NOTICE_DELAYED, NOTICE_RELAYED, NOTICE_DELIVERED };
enum notice_kind notice_of(enum mail_outcome outcome, bool final, bool local, bool passed, unsigned notify);

#endif
