/* mailcore/sasl.h: the server's side of SASL (RFC 4422) for all mail protocols: mechanisms as rows of a table, messages in base64 as
 * SMTP, POP3 and IMAP carry them.
 *
 * A mechanism ends with SASL_CHECK: name and password are there, or name and what a proof of it came to (SCRAM), and the caller asks
 * the directory. A protocol says which may be used: those whose password crosses the wire only where the connection is safe. */
#ifndef SCAMBIO_MAILCORE_SASL_H
#define SCAMBIO_MAILCORE_SASL_H

#include "directory/credential.h"
#include "mailcore/line.h"

enum sasl_result {
    SASL_CHALLENGE, /* `challenge` (base64) goes to the client, which answers with another message */
    SASL_CHECK,     /* authorize, user and password are set; or `proof.given` instead of a password */
    SASL_MALFORMED, /* no base64, or not what the mechanism defines */
    SASL_CANCELLED, /* "*" */
};

struct sasl;

/* What the exchange is about, and where verifiers come from. */
struct sasl_world {
    const struct line_tls *tls; /* NULL: none */
    /* The verifier of a name (auth_scram_find), at once; STR_NONE: only, are there any? NULL: there are none. */
    enum status (*verifier)(void *ctx, struct str user, struct scram_verifier *out);
    void *ctx;
};

struct sasl_proof {
    bool given, good;
    struct scram_verifier judged;
};

struct sasl_mechanism {
    struct str name;
    bool scram;        /* needs verifiers … */
    bool bound;        /* … and TLS that it is bound to */
    bool plain;        /* the password crosses the wire */
    bool client_first; /* an empty challenge asks for the first message */
    enum sasl_result (*step)(struct sasl *x, struct str message, struct buf *challenge);
};

struct sasl {
    const struct sasl_mechanism *mechanism; /* NULL: nothing under way */
    int round;
    struct buf authorize, user, password; /* authorize: empty, or who the user wants to act as */
    struct sasl_world world;
    struct sasl_proof proof;
    struct buf header, bare,
        first; /* of SCRAM: gs2-header, client-first-message-bare, server-first-message */
};

/* The mechanism of a name, in any case; NULL: there is none, or it is not offered. */
const struct sasl_mechanism *sasl_find(struct str name, const struct sasl_world *world);
/* Row by row for announcing, if sasl_offers says so; NULL at the end. */
const struct sasl_mechanism *sasl_mechanism(size_t i);
bool sasl_offers(const struct sasl_mechanism *mechanism, const struct sasl_world *world);

/* `initial`: the initial response as sent, "=" for an empty one; STR_NONE: there was none. */
enum sasl_result sasl_begin(struct sasl *x, const struct sasl_mechanism *mechanism,
                            const struct sasl_world *world, struct str initial, struct buf *challenge);
/* The next line of the client, without its end. */
enum sasl_result sasl_next(struct sasl *x, struct str line, struct buf *challenge);
/* Forgets the exchange and wipes what was secret. */
void sasl_end(struct sasl *x);

/* ---- sasl_scram.c ---- */
enum sasl_result sasl_step_scram(struct sasl *x, struct str message, struct buf *challenge);

#endif
