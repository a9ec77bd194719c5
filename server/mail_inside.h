/* server/mail_inside.h: between the life of mail (server/mail.c) and what becomes of a message (server/mail_deliver.c). */
#ifndef SCAMBIO_SERVER_MAIL_INSIDE_H
#define SCAMBIO_SERVER_MAIL_INSIDE_H

#include "mailcore/smtp/smtp.h"
#include "server/mail.h"

#include <pthread.h>

struct mail {
    struct worker_pool *pool;
    struct directory *dir;
    struct line_keys *keys;
    struct line_front *front;
    pthread_mutex_t lock;       /* of what follows */
    struct smtp_settings *lmtp; /* of the current configuration */
};

/* For users of the directory: ctx is the struct mail. */
extern const struct smtp_ops mail_delivery;

#endif
