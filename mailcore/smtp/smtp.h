/* mailcore/smtp/smtp.h: the server's side of SMTP (RFC 5321), submission (RFC 6409) and LMTP (RFC 2033), as an engine without sockets
 * (mailcore/line.h). One table of commands says who may say what and when.
 *
 * What becomes of senders, recipients and messages is decided by a struct smtp_ops. Each of its functions starts something and
 * returns; its end is smtp_resume with the reply, on the thread of the connection's loop, at once or later. Until then the engine
 * waits and changes nothing, so that a worker may read client and envelope, and set `tag`s and answers:
 *
 *     connect ──► 220        mail ──► 250   rcpt ──► 250 (for each)   data ──► 354   message ──► 250, on disk
 *     auth ──► 235                          └──────────── any of them may refuse ───────────────┘
 *
 * A positive reply to `message` is a promise: the message is safe (RFC 5321 section 4.2.5). Strings of the envelope live until the
 * transaction ends, those of the client as long as the session. */
#ifndef SCAMBIO_MAILCORE_SMTP_SMTP_H
#define SCAMBIO_MAILCORE_SMTP_SMTP_H

#include "core/conf.h"
#include "mailcore/line.h"
#include "mailcore/sasl.h"
#include "mailcore/smtp/data.h"
#include "mailcore/smtp/path.h"
#include "mailcore/smtp/spool.h"
#include "mailcore/smtp/trace.h"

struct smtp;

/* Bits, for the tables that say where something is offered. */
enum smtp_role {
    SMTP_ROLE_MX = 1,          /* port 25: mail from elsewhere */
    SMTP_ROLE_SUBMISSION = 2,  /* port 587: own users, behind STARTTLS and AUTH */
    SMTP_ROLE_SUBMISSIONS = 4, /* port 465: the same in TLS from the first byte */
    SMTP_ROLE_LMTP = 8,        /* a mail server hands over for delivery */
    SMTP_ROLE_SUBMIT = SMTP_ROLE_SUBMISSION | SMTP_ROLE_SUBMISSIONS,
    SMTP_ROLE_SMTP = SMTP_ROLE_MX | SMTP_ROLE_SUBMIT,
    SMTP_ROLE_ALL = 15,
};

struct smtp_limits {
    uint64_t size;     /* bytes of a message */
    size_t memory;     /* of it kept in memory, before a file is made */
    size_t line;       /* a command, CR LF included; AUTH has its own (RFC 4954) */
    size_t recipients; /* of one message */
    unsigned errors;   /* replies of 4xx and 5xx, before 421 */
    unsigned commands; /* without a message between them, before 421 */
    unsigned attempts; /* failed log-ins, before 421 */
    unsigned hops;     /* Received fields: more is a loop */
    int command_s;     /* for the next command (RFC 5321 section 4.5.3.2.7) */
    int text_s;        /* for the next piece of a text */
    int greet_ms;      /* silence before the greeting; who speaks meanwhile is no mail server */
    int tarpit_ms;     /* before each error reply, once half of `errors` are used up */
    bool
        refuse_bare; /* a CR or LF alone in a text, or a NUL: 554; otherwise CR LF is made of it, and nothing */
    int plain_password; /* a password without TLS: 0 never, 1 from this machine, 2 always */
};

/* What sessions of one listener have in common; counted, immutable. */
struct smtp_settings;
/* `folder`: where large messages are kept while they come in. `tls`: STARTTLS can be served. E_MEMORY. */
enum status smtp_settings_new(const struct conf *conf, enum smtp_role role, const char *folder, bool tls,
                              struct smtp_settings **out);
/* The same from numbers, for tests. */
enum status smtp_settings_make(const struct smtp_limits *limits, enum smtp_role role, struct str hostname,
                               const char *folder, bool tls, struct smtp_settings **out);
struct smtp_settings *smtp_settings_ref(struct smtp_settings *s);
void smtp_settings_unref(struct smtp_settings *s); /* NULL is allowed */
/* Of the configuration alone. */
void smtp_limits_from(const struct conf *conf, struct smtp_limits *out);

struct smtp_client {
    enum smtp_role role;
    struct line_peer peer;
    struct str helo; /* what it calls itself; empty before EHLO */
    struct str user; /* who logged in, as smtp_set_user said; empty: nobody */
    bool extended;   /* EHLO or LHLO */
    bool secure;     /* TLS */
};

enum smtp_notify {
    SMTP_NOTIFY_NEVER = 1,
    SMTP_NOTIFY_SUCCESS = 2,
    SMTP_NOTIFY_FAILURE = 4,
    SMTP_NOTIFY_DELAY = 8
};
enum smtp_body { SMTP_BODY_7BIT, SMTP_BODY_8BITMIME, SMTP_BODY_BINARYMIME };
enum smtp_return { SMTP_RETURN_ANY, SMTP_RETURN_FULL, SMTP_RETURN_HEADERS };

/* `enhanced`: "2.1.5"; NULL is for a 2xx only, whose words are then the engine's own. Codes of `answer`: 0, nothing was said. */
struct smtp_reply {
    int code;
    const char *enhanced;
    struct str text; /* one line; what does not belong into one is replaced */
};

struct smtp_recipient {
    struct smtp_path path;
    unsigned notify;              /* of enum smtp_notify, 0: not said */
    struct str orcpt_type, orcpt; /* decoded; STR_NONE: not said */
    int64_t tag;                  /* of the ops: what the address means to them */
    struct smtp_reply answer;     /* LMTP: of this recipient, by smtp_answer */
};

struct smtp_envelope {
    struct smtp_path sender; /* both parts empty: the null path */
    uint64_t size;           /* as announced, 0: not said */
    enum smtp_body body;
    enum smtp_return ret;
    struct str envid; /* decoded; STR_NONE: not said */
    struct str auth;  /* decoded AUTH= of a client that is trusted to say it, "<>" included; STR_NONE */
    bool utf8;        /* SMTPUTF8 */
    bool require_tls; /* REQUIRETLS */
    struct smtp_recipient *recipient;
    size_t count; /* recipients that were accepted */
};

struct smtp_message {
    uint64_t id;     /* also in its Received field, for logs */
    struct str head; /* the fields that this server puts on top */
    const struct smtp_spool *text;
    const struct smtp_scan *scan;
    bool eight_bit;
};

struct smtp_login {
    struct str mechanism;
    struct str authorize; /* empty: as the user himself */
    struct str user, password;
    const struct sasl_proof *proof; /* SCRAM: `given` instead of a password */
};

struct smtp_ops {
    void (*connect)(void *ctx, struct smtp *s); /* NULL: everybody is greeted */
    void (*auth)(void *ctx, struct smtp *s, const struct smtp_login *login);
    void (*mail)(void *ctx, struct smtp *s);                           /* the sender of smtp_envelope */
    void (*rcpt)(void *ctx, struct smtp *s, struct smtp_recipient *r); /* accepted with a 2xx */
    void (*data)(void *ctx, struct smtp *s); /* before the text; NULL: it may come */
    void (*message)(void *ctx, struct smtp *s, const struct smtp_message *m);
    void (*end)(void *ctx, struct smtp *s); /* the session is over: give back what hangs at its slot; NULL */
    /* As in struct sasl_world. NULL: no SCRAM. */
    enum status (*verifier)(void *ctx, const struct line_peer *peer, struct str user,
                            struct scram_verifier *out);
};

/* The engine of one connection. It refers to the settings; ops and ctx outlive it. E_MEMORY. */
enum status smtp_new(struct smtp_settings *settings, const struct smtp_ops *ops, void *ctx,
                     const struct line_peer *peer, struct line_engine **out);

/* Ends what an op began. 2xx accepts (for `data` too: the engine says 354 itself), all else refuses; 421 closes.
 * The reply is copied. */
void smtp_resume(struct smtp *s, const struct smtp_reply *reply);
/* The answer of one recipient over LMTP, before smtp_resume; without one he gets the message's. The text is copied. */
void smtp_answer(struct smtp *s, size_t recipient, int code, const char *enhanced, struct str text);
/* In `auth`, before a 235. */
void smtp_set_user(struct smtp *s, struct str user);

const struct smtp_client *smtp_client(const struct smtp *s);
const struct smtp_envelope *smtp_envelope(const struct smtp *s);
struct line_engine *smtp_engine(struct smtp *s);
void **smtp_slot(struct smtp *s); /* a pointer of the ops' own */

#endif
