/* mailcore/pop3/pop3.h: the server's side of POP3 (RFC 1939) with CAPA (2449), STLS (2595), AUTH (5034), response codes (2449, 3206) and UTF8
 * (6856), as an engine without sockets (mailcore/line.h).
 *
 * A session sees the messages that were there when it logged in. What it deletes goes at QUIT, all of it or none. The ops do what needs
 * directory and store: each starts something and returns, and its end is pop3_resume on the thread of the connection's loop, at once or
 * later. */
#ifndef SCAMBIO_MAILCORE_POP3_POP3_H
#define SCAMBIO_MAILCORE_POP3_POP3_H

#include "mailcore/sasl.h"

struct pop3;

struct pop3_limits {
    size_t line;        /* a command, CR LF included (RFC 2449: 255) */
    unsigned errors;    /* wrong commands before the session ends */
    unsigned attempts;  /* failed log-ins before it does */
    int command_s;      /* for the next command (RFC 1939: ten minutes at least) */
    int plain_password; /* a password without TLS: 0 never, 1 from this machine, 2 always */
    bool tls;           /* STLS can be served */
};

struct pop3_message {
    int64_t uid, size;
    bool deleted, read; /* in this session */
};

struct pop3_login {       /* the strings end with the call */
    struct str mechanism; /* of SASL; STR_NONE: USER and PASS */
    struct str authorize, user, password;
    const struct sasl_proof *proof; /* SCRAM: `given` instead of a password */
};

/* What becomes of the messages at QUIT; arrays of the engine. */
struct pop3_update {
    const int64_t *deleted, *read; /* UIDs, ascending; what is deleted is not in `read` */
    size_t deleted_count, read_count;
};

struct pop3_ops {
    void (*auth)(void *ctx, struct pop3 *s, const struct pop3_login *login);
    void (*open)(void *ctx, struct pop3 *s); /* pop3_set_messages, then resume */
    /* At most `room` bytes of a message from an offset: pop3_set_text, then resume. A failure at offset 0 is the answer to the command, behind
     * it the end of the session. */
    void (*read)(void *ctx, struct pop3 *s, int64_t uid, int64_t from, size_t room);
    void (*update)(void *ctx, struct pop3 *s, const struct pop3_update *update);
    void (*end)(void *ctx, struct pop3 *s); /* the session is over; NULL */
    /* As in struct sasl_world. NULL: no SCRAM. */
    enum status (*verifier)(void *ctx, const struct line_peer *peer, struct str user,
                            struct scram_verifier *out);
};

struct pop3_reply {
    bool ok;
    const char *code; /* "SYS/TEMP", "IN-USE", "AUTH", …; NULL: none */
    struct str text;  /* one line, for people; empty: the engine's own words */
};

/* Limits and ops outlive it. E_MEMORY. */
enum status pop3_new(const struct pop3_limits *limits, const struct pop3_ops *ops, void *ctx,
                     const struct line_peer *peer, struct line_engine **out);

void pop3_resume(struct pop3 *s, const struct pop3_reply *reply);
/* In `open`: by UID, ascending; copied. E_MEMORY: resume with a failure. */
enum status pop3_set_messages(struct pop3 *s, int64_t uidvalidity, const struct pop3_message *messages,
                              size_t count);
/* In `read`: the bytes, copied; fewer than asked for end the message. */
void pop3_set_text(struct pop3 *s, struct str text);

/* By UID; from the end of `open` on, for as long as the session lasts. What is deleted of them is the engine's. */
const struct pop3_message *pop3_messages(const struct pop3 *s, size_t *count);
const struct line_peer *pop3_peer(const struct pop3 *s);
struct line_engine *pop3_engine(struct pop3 *s);
bool pop3_secure(const struct pop3 *s);
void **pop3_slot(struct pop3 *s); /* a pointer of the ops' own */

#endif
