/* mailcore/login.h: log-in by name and password, for the ops of all mail protocols. */
#ifndef SCAMBIO_MAILCORE_LOGIN_H
#define SCAMBIO_MAILCORE_LOGIN_H

#include "core/loop.h"
#include "core/net.h"
#include "mailcore/line.h"
#include "mailcore/mail.h"
#include "mailcore/sasl.h"

struct mail_login {       /* the strings are needed during the call only */
    const char *protocol; /* for the log: "imap", … */
    const struct line_peer *peer;
    struct str authorize; /* empty, the user himself, or whom a master user wants to be */
    struct str user, password;
    const struct sasl_proof *proof; /* of SCRAM, instead of the password; NULL or not given: the password */
    bool read_only; /* the protocol keeps a master user from writing; otherwise he is refused */
};

/* OK: `who` is who logged in, valid during the call. UNAUTHENTICATED also for what must look like a wrong password; THROTTLED: there
 * were too many; a fault or E_BUSY: it cannot be said now. */
typedef void (*mail_login_fn)(void *ctx, enum status st, const struct login *who);

/* Calls `fn` once, on the thread of `loop`: at once when the cache knows, otherwise later. Failures are logged and counted. That the
 * connection may carry a password has been judged by the engine. */
void mail_login(const struct mail_base *base, struct loop *loop, const struct mail_login *in,
                mail_login_fn fn, void *ctx);

/* For struct sasl_world: auth_scram_find, from this peer; user STR_NONE: are there verifiers? UNSUPPORTED: there are none. */
enum status mail_verifier(const struct mail_base *base, const struct line_peer *peer, struct str user,
                          struct scram_verifier *out);

#endif
