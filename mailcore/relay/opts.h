/* mailcore/relay/opts.h: what a sender asked for along with his message (RFC 3461, 6152, 6531, 8689), as it stands in the queue: in
 * queue_entry.opts and queue_rcpt.opts (store/queue.h).
 *
 * The text is that of the SMTP parameters, "BODY=8BITMIME RET=FULL ENVID=a+2Bb", each at most once and only when it says something:
 * nothing asked for is the empty text. Words that a later version writes are skipped. */
#ifndef SCAMBIO_MAILCORE_RELAY_OPTS_H
#define SCAMBIO_MAILCORE_RELAY_OPTS_H

#include "core/arena.h"
#include "mailcore/smtp/smtp.h"

struct envelope_opts {
    enum smtp_body body; /* as the message is, not only as it was announced */
    enum smtp_return ret;
    struct str envid; /* decoded; STR_NONE: not said */
    bool utf8;        /* SMTPUTF8 */
    bool require_tls; /* REQUIRETLS */
};

struct rcpt_opts {
    unsigned notify;  /* of enum smtp_notify, 0: not said */
    struct str orcpt; /* "rfc822;addr", decoded; STR_NONE: not said */
};

/* Appends the text; see out->st. */
void envelope_opts_write(struct buf *out, const struct envelope_opts *o);
void rcpt_opts_write(struct buf *out, const struct rcpt_opts *o);

/* Strings go into the arena. STR_NONE is the empty text. E_CORRUPT: no such text; E_MEMORY; TOO_LARGE: the arena is. */
enum status envelope_opts_read(struct arena *a, struct str text, struct envelope_opts *out);
enum status rcpt_opts_read(struct arena *a, struct str text, struct rcpt_opts *out);

#endif
