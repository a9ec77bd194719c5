/* server/mail.h: mail in the serving process: the front of the line protocols (server/line.h), their engines (mailcore/), and what becomes
 * of recipients and messages in directory and store. */
#ifndef SCAMBIO_SERVER_MAIL_H
#define SCAMBIO_SERVER_MAIL_H

#include "core/worker.h"
#include "directory/directory.h"
#include "server/line.h"
#include "server/listen.h"

struct mail;
struct mail_base;

/* Loop, store and directory outlive it. It has workers of its own: a command keeps one until its commit is on disk. */
enum status mail_new(const struct conf *conf, struct loop *loop, struct directory *dir, struct mail **out);
/* Ends the workers, when what they had is done; the store still stands. */
void mail_rest(struct mail *m);
/* Only when mail_busy says no, and after the store has ended what it had. NULL is allowed. */
void mail_free(struct mail *m);

/* A certificate for TLS, with the configuration that says how it is spoken. INVALID: `why`; the old one stays. */
enum status mail_certify(struct mail *m, const struct conf *conf, struct str certificate, struct str key,
                         struct buf *why);
/* SIGHUP: for connections that come from now on. */
enum status mail_reload(struct mail *m, const struct conf *conf);

/* What the mail protocols work with. */
const struct mail_base *mail_base_of(const struct mail *m);

bool mail_serves(enum listener_role role);
enum status mail_listen(struct mail *m, int fd, enum listener_role role);
void mail_unlisten(struct mail *m);

/* Says good-bye to all; true once nobody is left. To be called again until then. */
bool mail_drain(struct mail *m);
bool mail_busy(struct mail *m);

#endif
