/* mailcore/smtp_client.h: the sending side of SMTP and LMTP (RFC 5321, 2033), an engine without a socket: it is given what the server
 * said and writes what is to be said.
 *
 *   smtp_client_init          before the greeting
 *   smtp_client_read          what came; appends what is to be sent, and says what the connection is to do:
 *                               CLIENT_READ    send what is there, wait for more
 *                               CLIENT_TLS     send, begin the TLS handshake, then smtp_client_secured
 *                               CLIENT_PULL    send; when it is nearly gone, smtp_client_push for more of the message
 *                               CLIENT_READY   give it a mail by smtp_client_send, or smtp_client_quit
 *                               CLIENT_CLOSED  close; what had no answer got one through `result` (a temporary failure)
 *   smtp_client_lost          the connection broke, timed out, or its handshake failed
 *
 * One connection carries mail after mail. Each recipient of each mail gets exactly one result; "sent" only after the server has taken
 * the message. A server that closes or stalls behind the end of a message may have it: it is sent again, never lost. */
#ifndef SCAMBIO_MAILCORE_SMTP_CLIENT_H
#define SCAMBIO_MAILCORE_SMTP_CLIENT_H

#include "core/buf.h"
#include "mailcore/smtp_data.h"
#include "mailcore/smtp_reply.h"

enum client_tls {
    CLIENT_TLS_NEVER, /* not even when it is offered; or the connection is secure already */
    CLIENT_TLS_OFFERED /* opportunistic (RFC 7435) */,
    CLIENT_TLS_ALWAYS, /* DANE, MTA-STS, REQUIRETLS, or configured: no mail without */
};

struct smtp_client_config { /* the strings are the caller's, as long as the engine lives */
    struct str hostname;    /* of EHLO */
    bool lmtp;
    enum client_tls tls;
    bool secure;               /* TLS from the first byte */
    struct str user, password; /* AUTH; STR_NONE: none */
    bool auth_in_clear;        /* also without TLS */
};

enum client_event { CLIENT_READ, CLIENT_TLS, CLIENT_PULL, CLIENT_READY, CLIENT_CLOSED };

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

enum client_state {
    CLIENT_GREETING,
    CLIENT_EHLO,
    CLIENT_HELO,
    CLIENT_STARTTLS,
    CLIENT_HANDSHAKE,
    CLIENT_AUTH,
    CLIENT_AUTH_USER,
    CLIENT_AUTH_PASSWORD,
    CLIENT_IDLE,
    CLIENT_ENVELOPE,
    CLIENT_TEXT,
    CLIENT_CHUNK,
    CLIENT_END,
    CLIENT_RESET,
    CLIENT_QUIT,
    CLIENT_OVER,
};

struct smtp_client { /* the engine's; read only `state`, `offers` and `why` */
    struct smtp_client_config config;
    enum client_state state;
    unsigned offers; /* of enum client_offer in the .c file */
    uint64_t size_limit;
    bool secure, authenticated;
    struct smtp_reply reply;
    struct mail *mail;
    size_t asked, answered; /* RCPT commands sent, and replies to them */
    bool mail_answered, data_asked, global;
    size_t taken; /* recipients that the server took */
    size_t final; /* LMTP: replies behind the message */
    struct smtp_dots dots;
    char why[512]; /* of CLIENT_CLOSED, for the log */
};

void smtp_client_init(struct smtp_client *c, const struct smtp_client_config *config);
void smtp_client_free(struct smtp_client *c);

enum client_event smtp_client_read(struct smtp_client *c, struct str in, struct buf *out);
enum client_event smtp_client_secured(struct smtp_client *c, struct buf *out);
/* Only at CLIENT_READY. The event is CLIENT_READY again when the server lacks what the mail needs: the results have been called. */
enum client_event smtp_client_send(struct smtp_client *c, struct mail *m, struct buf *out);
/* At CLIENT_PULL: appends up to about `room` bytes. */
enum client_event smtp_client_push(struct smtp_client *c, size_t room, struct buf *out);
void smtp_client_quit(struct smtp_client *c, struct buf *out);
void smtp_client_lost(struct smtp_client *c, struct str why);

#endif
