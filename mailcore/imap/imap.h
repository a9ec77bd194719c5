/* mailcore/imap/imap.h: the server's side of IMAP (RFC 9051, 3501) as an engine without sockets (mailcore/line.h): greeting, log-in, STARTTLS,
 * what concerns the session alone, and the order of commands. What concerns mail is decided by a struct imap_ops.
 *
 *     start ──► not authenticated ──LOGIN, AUTHENTICATE──► authenticated ◄──SELECT, CLOSE──► selected
 *                    ▲  └── STARTTLS                            │                              │
 *                    └───────────────────── UNAUTHENTICATE ──────┴──────────────────────────────┘      LOGOUT from anywhere
 *
 * Each op starts something and returns; its end is imap_done, on the thread of the connection's loop, at once or later. Until then the
 * engine takes no input, and the command with all its strings stays. Untagged responses go to imap_answers before that. */
#ifndef SCAMBIO_MAILCORE_IMAP_IMAP_H
#define SCAMBIO_MAILCORE_IMAP_IMAP_H

#include "mailcore/imap/parse.h"
#include "mailcore/line.h"
#include "mailcore/sasl.h"

struct imap;

enum imap_enabled { /* what a client has asked for by ENABLE (RFC 5161), and what ops offer */
                    IMAP_ENABLED_CONDSTORE = 1,
                    IMAP_ENABLED_QRESYNC = 2,
                    IMAP_ENABLED_UTF8 = 4,
                    IMAP_ENABLED_REV2 = 8,
                    IMAP_ENABLED_UIDONLY = 16,
};

struct imap_bounds {
    struct imap_limits before, after; /* log-in */
    size_t arena;                     /* bytes that a parsed command may take */
    size_t out;                       /* bytes of answers that wait to be sent */
    unsigned errors;                  /* commands answered with BAD in a row, before BYE */
    unsigned attempts;                /* failed log-ins, before BYE */
    int login_s, idle_s;              /* for the next command, before and after log-in */
    int plain_password;               /* a password without TLS: 0 never, 1 from this machine, 2 always */
};

/* What sessions of one listener have in common; counted, immutable. */
struct imap_settings;
/* `tls`: STARTTLS can be served. TOO_LARGE: the host name; E_MEMORY. */
enum status imap_settings_make(const struct imap_bounds *bounds, struct str hostname, bool tls,
                               struct imap_settings **out);
struct imap_settings *imap_settings_ref(struct imap_settings *s);
void imap_settings_unref(struct imap_settings *s); /* NULL is allowed */

struct imap_credentials {
    struct str mechanism; /* "LOGIN" of the command too */
    struct str authorize; /* empty: as the user himself */
    struct str user, password;
    const struct sasl_proof *proof; /* SCRAM: `given` instead of a password */
};

struct imap_ops {
    const char *
        capabilities; /* what the ops serve, with blanks between; announced behind the log-in. NULL: nothing more */
    unsigned enables; /* of enum imap_enabled */
    /* Ends with imap_done: "OK" logs in, "NO" counts as a failure. Credentials are valid during the call only. */
    void (*login)(void *ctx, struct imap *s, const struct imap_credentials *who);
    /* As in struct sasl_world. NULL: no SCRAM. */
    enum status (*verifier)(void *ctx, const struct line_peer *peer, struct str user,
                            struct scram_verifier *out);
    /* Every command that the engine does not answer itself. NOOP and CHECK come too, for what is new. */
    void (*command)(void *ctx, struct imap *s, const struct imap_command *command);
    /* IDLE began or ended; between the two the ops may write to imap_answers whenever the loop is theirs. NULL: not offered. */
    void (*idle)(void *ctx, struct imap *s, bool on);
    /* Nobody is logged in any more (UNAUTHENTICATE): what hangs at the slot is of no use. NULL is allowed. */
    void (*leave)(void *ctx, struct imap *s);
    void (*end)(void *ctx, struct imap *s); /* the session is over; NULL is allowed */
};

/* The engine of one connection. It refers to the settings; ops and ctx outlive it. E_MEMORY. */
enum status imap_new(struct imap_settings *settings, const struct imap_ops *ops, void *ctx,
                     const struct line_peer *peer, struct line_engine **out);

/* Ends what an op began: "OK", "NO" or "BAD", a response code without brackets or NULL, and words for people. */
void imap_done(struct imap *s, const char *status, const char *code, const char *text);
/* Instead of imap_done: what is in imap_answers is a piece. When most of it is sent, `command` is called again with the same command. */
void imap_more(struct imap *s);
/* Instead of imap_done: the session cannot go on; says BYE and closes. */
void imap_end(struct imap *s, const char *why);
/* Before imap_done: IMAP_SELECTED or IMAP_AUTHENTICATED. */
void imap_set_state(struct imap *s, enum imap_state state);
/* Something has made CONDSTORE active without ENABLE (RFC 7162 section 3.1). */
void imap_enable(struct imap *s, unsigned bits);

struct buf *imap_answers(struct imap *s);
enum imap_state imap_state(const struct imap *s);
unsigned imap_enabled(const struct imap *s);
const struct line_peer *imap_peer(const struct imap *s);
struct line_engine *imap_engine(struct imap *s);
void **imap_slot(struct imap *s); /* a pointer of the ops' own */

#endif
