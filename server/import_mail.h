/* server/import_mail.h: `scambio import` of mail: mbox files, single messages, and the messages of a Maildir.
 *
 * A message that its mailbox has already, byte for byte, is left out: an import that was cut off goes on when it is run again. Messages
 * go through the writer many at a time; of an mbox one message and a piece of the file are in memory, and some that wait. */
#ifndef SCAMBIO_SERVER_IMPORT_MAIL_H
#define SCAMBIO_SERVER_IMPORT_MAIL_H

#include "server/command.h"

struct mail_import;

struct mail_import_counts {
    size_t added, unchanged, failed;
};

/* For one account, with the rights and the quota of its user; `mailbox` is where mail goes (STR_NONE: INBOX), made when it is missing. The
 * string and the call outlive it. */
enum status mail_import_new(struct command_call *c, int64_t account, struct str mailbox,
                            struct mail_import **out);
/* Waits for what is under way. NULL is allowed. */
void mail_import_free(struct mail_import *m, struct mail_import_counts *out);

/* Is a text that begins so an mbox or a message? */
bool mail_import_knows(struct str begin);

/* A file from its descriptor, of which `begin` was read already. `name` is for messages and, in a Maildir ("cur/…", ".Sent/cur/…:2,S"), for
 * mailbox and flags. Faults only: what is wrong with a message is said and counted. */
enum status mail_import_file(struct mail_import *m, const char *name, int fd, struct str begin);

#endif
