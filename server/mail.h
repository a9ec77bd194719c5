/* server/mail.h: mail in the serving process: the front of the line protocols (server/line.h), their engines (mailcore/), and what becomes
 * of recipients and messages in directory and store. */
#ifndef SCAMBIO_SERVER_MAIL_H
#define SCAMBIO_SERVER_MAIL_H

#include "core/worker.h"
#include "directory/directory.h"
#include "server/line.h"
#include "server/listen.h"

struct mail;

/* Loop, pool, store and directory outlive it. */
enum status mail_new(const struct conf *conf, struct loop *loop, struct worker_pool *pool,
                     struct directory *dir, struct mail **out);
/* Only when mail_busy says no, and after pool and store have ended what they had. NULL is allowed. */
void mail_free(struct mail *m);

/* A certificate for TLS, with the configuration that says how it is spoken. INVALID: `why`; the old one stays. */
enum status mail_certify(struct mail *m, const struct conf *conf, struct str certificate, struct str key,
                         struct buf *why);
/* SIGHUP: for connections that come from now on. */
enum status mail_reload(struct mail *m, const struct conf *conf);

bool mail_serves(enum listener_role role);
enum status mail_listen(struct mail *m, int fd, enum listener_role role);
void mail_unlisten(struct mail *m);

/* Says good-bye to all; true once nobody is left. To be called again until then. */
bool mail_drain(struct mail *m);
bool mail_busy(struct mail *m);

#endif
