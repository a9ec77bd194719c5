/* mailcore/delivery/intake.h: how mail comes in: what SMTP, submission and LMTP decide about senders, recipients and messages, and where a
 * message goes: into mailboxes of here, into the queue for elsewhere.
 *
 *     MAIL ──► stages       RCPT ──► stages       message ──► stages ──► recipients become targets ──► one body, a commit for each
 *              (stages.c)            (stages.c)               (delivery.c)      (expand.c)             shard ──► the answer
 *
 * Everything that reads the store or waits runs on the worker pool. A positive answer leaves after all commits: what cannot be put into a
 * mailbox when other recipients have it already gets a row in the queue; only if that fails too, the sender is told to come again. */
#ifndef SCAMBIO_MAILCORE_DELIVERY_INTAKE_H
#define SCAMBIO_MAILCORE_DELIVERY_INTAKE_H

#include "mailcore/mail.h"
#include "mailcore/relay/opts.h"

struct intake;

/* The base outlives it. INVALID: the configuration, `why` says where. Makes the key of the rewritten senders when it is missing. */
enum status intake_new(const struct mail_base *base, const struct conf *conf, struct intake **out,
                       struct buf *why);
void intake_free(struct intake *in); /* NULL is allowed; nothing may be under way */
/* For mail that comes from now on. INVALID: everything stays as it was. */
enum status intake_reload(struct intake *in, const struct conf *conf, struct buf *why);
/* Reads what the configuration says of mail that comes in: INVALID, and `mistakes` says what is wrong. */
enum status intake_check(const struct conf *conf, struct buf *mistakes);

/* ctx: the struct intake. */
extern const struct smtp_ops intake_ops;

/* ---- mail that no session brought: notifications, and what the queue tries again ---- */
struct parcel {
    struct str sender;  /* "local@domain"; empty: the null path */
    struct str address; /* one recipient */
    struct rcpt_opts opts;
    struct envelope_opts envelope;
    struct str text; /* the whole message; trace fields of its recipient are added */
    bool local_only; /* an address elsewhere is UNSUPPORTED, not queued */
};
/* Blocks until it is committed: for workers, not for loops. OK: in the mailbox, at the members of a list, or in the queue. NOT_FOUND,
 * DENIED, OVER_QUOTA, TOO_MANY, TOO_LARGE: so will be the next time; GONE: it was delivered to this address before and is going in
 * circles; UNSUPPORTED; faults. */
enum status intake_deliver(struct intake *in, const struct parcel *p);

/* What a status means to a sender: code, enhanced code and words. */
struct smtp_reply intake_answer(const struct intake *in, enum status st);

#endif
