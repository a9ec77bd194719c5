/* mailcore/mail.h: what the ops of the mail protocols work with. One for the process; all of it outlives every connection. */
#ifndef SCAMBIO_MAILCORE_MAIL_H
#define SCAMBIO_MAILCORE_MAIL_H

#include "core/worker.h"
#include "directory/directory.h"

struct intake;

struct mail_base {
    struct store *store;
    struct directory *dir;
    struct worker_pool *pool;
    struct intake *intake; /* mailcore/delivery/intake.h: takes mail that no session brought */
    /* Called after a commit that put mail into the queue, on any thread; must not block. NULL: nobody waits for it. */
    void (*queued)(void *ctx);
    void *queued_ctx;
};

#endif
