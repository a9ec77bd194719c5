/* server/export_mail.h: `scambio export` of one mailbox, as an mbox. */
#ifndef SCAMBIO_SERVER_EXPORT_MAIL_H
#define SCAMBIO_SERVER_EXPORT_MAIL_H

#include "server/command.h"

/* Writes the mailbox to fd; what cannot be read is named, left out, and counted in *broken. NOT_FOUND: there is none of that name.
 * E_TIMEOUT: nobody reads. */
enum status mail_export(struct command_call *c, int64_t account, struct str mailbox, int fd, size_t *broken);

#endif
