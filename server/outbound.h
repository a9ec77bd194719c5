/* server/outbound.h: mail goes out: what is due in the queue (store/queue.h) is brought to the servers of its recipients.
 *
 * A thread with a loop of its own finds what is due, groups it by destination, asks DNS, holds the connections with their engines
 * (mailcore/relay/relay.h), and writes down what each recipient's attempt came to. A recipient is claimed on disk before he is tried, and
 * his result is on disk before anything else is done with him: a server that is killed in between tries him again. Reading
 * messages, notifications and delivery to users of here are done by workers. */
#ifndef SCAMBIO_SERVER_OUTBOUND_H
#define SCAMBIO_SERVER_OUTBOUND_H

#include "core/conf.h"
#include "mailcore/mail.h"

struct outbound;

/* Starts the thread. What the base names outlives it. INVALID: `why` says what is wrong in [relay] or [transport]. */
enum status outbound_new(const struct conf *conf, const struct mail_base *base, struct outbound **out,
                         struct buf *why);
/* What the configuration says of mail that goes out: INVALID, and `mistakes` says what is wrong. */
enum status outbound_check(const struct conf *conf, struct buf *mistakes);
/* Only when outbound_busy says no, and after pool and store have ended what they had. NULL is allowed. */
void outbound_free(struct outbound *o);

/* SIGHUP: for attempts that begin from now on. INVALID: all stays as it was. */
enum status outbound_reload(struct outbound *o, const struct conf *conf, struct buf *why);

/* Begins nothing more, and gives what is under way a little time; true once nothing is. To be called again until then. */
bool outbound_drain(struct outbound *o);
bool outbound_busy(struct outbound *o);

#endif
