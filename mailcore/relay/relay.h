/* mailcore/relay/relay.h: the sending side of SMTP and LMTP (RFC 5321, 2033), an engine without a socket: it is given what the server
 * said and writes what is to be said.
 *
 *   relay_init    before the greeting
 *   relay_read    what came; appends what is to be sent, and says what the connection is to do:
 *                   RELAY_READ    send what is there, wait for more
 *                   RELAY_TLS     send, begin the TLS handshake, then relay_secured
 *                   RELAY_PULL    send; when it is nearly gone, relay_push for more of the message
 *                   RELAY_READY   give it a mail by relay_send, or relay_quit
 *                   RELAY_CLOSED  close; what had no answer got one through `result` (a temporary failure)
 *   relay_lost    the connection broke, timed out, or its handshake failed
 *
 * One connection carries mail after mail. Each recipient of each mail gets exactly one result; "sent" only after the server has taken
 * the message. A server that closes or stalls behind the end of a message may have it: it is sent again, never lost. */
#ifndef SCAMBIO_MAILCORE_RELAY_RELAY_H
#define SCAMBIO_MAILCORE_RELAY_RELAY_H

#include "core/buf.h"
#include "mailcore/relay/reply.h"
#include "mailcore/smtp/data.h"

enum relay_tls {
    RELAY_TLS_NEVER, /* not even when it is offered; or the connection is secure already */
    RELAY_TLS_OFFERED /* opportunistic (RFC 7435) */,
    RELAY_TLS_ALWAYS, /* DANE, MTA-STS, REQUIRETLS, or configured: no mail without */
};

struct relay_config {    /* the strings are the caller's, as long as the engine lives */
    struct str hostname; /* of EHLO */
    bool lmtp;
    enum relay_tls tls;
    bool secure;               /* TLS from the first byte */
    struct str user, password; /* AUTH; STR_NONE: none */
    bool auth_in_clear;        /* also without TLS */
};

enum relay_event { RELAY_READ, RELAY_TLS, RELAY_PULL, RELAY_READY, RELAY_CLOSED };

enum {                       /* what a mail needs of the server; what it lacks fails the mail for good */
       MAIL_8BIT = 1,        /* 8BITMIME (RFC 6152) */
       MAIL_BINARY = 2,      /* BINARYMIME, and so CHUNKING (RFC 3030) */
       MAIL_UTF8 = 4,        /* SMTPUTF8 (RFC 6531) */
       MAIL_REQUIRE_TLS = 8, /* REQUIRETLS (RFC 8689) */
};

enum { NOTIFY_NEVER = 1, NOTIFY_SUCCESS = 2, NOTIFY_FAILURE = 4, NOTIFY_DELAY = 8 }; /* RFC 3461 */

struct mail_recipient {
    struct str path;  /* local@domain as commands have it */
    struct str orcpt; /* "rfc822;addr", xtext undone; STR_NONE */
    unsigned notify;  /* 0: as if not given */
    int state;        /* the engine's */
};

enum mail_outcome { MAIL_SENT, MAIL_LATER, MAIL_REFUSED };

struct mail_result {
    enum mail_outcome outcome;
    const char *status; /* enhanced status code */
    struct str reply;   /* one line: the server's, or a reason of ours */
    bool remote;        /* the server said so */
    bool dsn;           /* the server took over to notify (RFC 3461 section 5.2.2) */
};

/* A mail on its way. Embedded in what the caller keeps of it; the strings live until the last result. */
struct mail {
    struct str sender; /* local@domain; empty: the null path */
    struct str envid;  /* xtext undone; STR_NONE */
    bool ret_full, ret_headers;
    unsigned needs;
    uint64_t size;
    struct mail_recipient *recipients;
    size_t count;
    /* The next bytes of the message, a view until the next call; empty at the end. STR_NONE: it cannot be read. */
    struct str (*next)(struct mail *m);
    /* Once for each recipient, in any order; then `done`, the engine's last touch of the mail. */
    void (*result)(struct mail *m, size_t recipient, const struct mail_result *r);
    void (*done)(struct mail *m);
};

enum relay_state {
    RELAY_GREETING,
    RELAY_EHLO,
    RELAY_HELO,
    RELAY_STARTTLS,
    RELAY_HANDSHAKE,
    RELAY_AUTH,
    RELAY_AUTH_USER,
    RELAY_AUTH_PASSWORD,
    RELAY_IDLE,
    RELAY_ENVELOPE,
    RELAY_TEXT,
    RELAY_CHUNK,
    RELAY_END,
    RELAY_RESET,
    RELAY_QUIT,
    RELAY_OVER,
};

struct relay { /* the engine's; read only `state`, `offers` and `why` */
    struct relay_config config;
    enum relay_state state;
    unsigned offers; /* of enum relay_offer in the .c file */
    uint64_t size_limit;
    bool secure, authenticated;
    struct relay_reply reply;
    struct mail *mail;
    size_t asked, answered; /* RCPT commands sent, and replies to them */
    bool mail_answered, data_asked, global;
    size_t taken; /* recipients that the server took */
    size_t final; /* LMTP: replies behind the message */
    struct smtp_dots dots;
    char why[512]; /* of RELAY_CLOSED, for the log */
};

void relay_init(struct relay *c, const struct relay_config *config);
void relay_free(struct relay *c);

enum relay_event relay_read(struct relay *c, struct str in, struct buf *out);
enum relay_event relay_secured(struct relay *c, struct buf *out);
/* Only at RELAY_READY: does the server offer what these needs (MAIL_…) ask for? */
bool relay_takes(const struct relay *c, unsigned needs);
/* Only at RELAY_READY. The event is RELAY_READY again when the server lacks what the mail needs: the results have been called. */
enum relay_event relay_send(struct relay *c, struct mail *m, struct buf *out);
/* At RELAY_PULL: appends up to about `room` bytes. */
enum relay_event relay_push(struct relay *c, size_t room, struct buf *out);
void relay_quit(struct relay *c, struct buf *out);
void relay_lost(struct relay *c, struct str why);

#endif
