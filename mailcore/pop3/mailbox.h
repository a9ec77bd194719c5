/* mailcore/pop3/mailbox.h: POP3 over the store: a session is at its user's INBOX.
 *
 * Sessions share a mailbox with each other and with IMAP, and nobody is locked out: a UID never means another message, a session that
 * asks for what another has expunged is told so, and QUIT removes by UID what is still there. Reading is done on the worker
 * pool, a few messages ahead of a client that takes one after the other. */
#ifndef SCAMBIO_MAILCORE_POP3_MAILBOX_H
#define SCAMBIO_MAILCORE_POP3_MAILBOX_H

#include "core/conf.h"
#include "mailcore/mail.h"
#include "mailcore/pop3/pop3.h"

struct pop3_settings {
    struct pop3_limits limits;
    size_t ahead; /* bytes of messages that are read in one go */
};

/* `tls`: STLS can be served. */
void pop3_settings_from(const struct conf *conf, bool tls, struct pop3_settings *out);

/* An engine with its ops; the settings are copied, the base outlives it. E_MEMORY. */
enum status pop3_mailbox_new(const struct mail_base *base, const struct pop3_settings *settings,
                             const struct line_peer *peer, struct line_engine **out);

#endif
