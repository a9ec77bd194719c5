/* server/mail_inside.h: between the life of mail (server/mail.c) and the services at its listeners (server/mail_*.c). */
#ifndef SCAMBIO_SERVER_MAIL_INSIDE_H
#define SCAMBIO_SERVER_MAIL_INSIDE_H

#include "mailcore/delivery/intake.h"
#include "mailcore/mail.h"
#include "mailcore/smtp/smtp.h"
#include "server/mail.h"

#include <pthread.h>

struct mail;

/* What the connections of one role are made by. */
struct mail_maker {
    struct mail *m;
    enum listener_role role;
};

struct mail {
    struct mail_base base;
    struct intake *intake;
    struct imap_service *imap;
    struct line_keys *keys;
    struct line_front *front;
    struct mail_maker makers[LISTENER_ROLES];
    pthread_mutex_t lock;           /* of what follows */
    void *settings[LISTENER_ROLES]; /* of the current configuration; the services' */
};

/* What is served at the listeners of a role. */
struct mail_service {
    /* Settings from a configuration, for connections that come from now on; given back by `drop`. */
    enum status (*load)(const struct mail *m, const struct conf *conf, void **settings);
    void (*drop)(void *settings); /* NULL is allowed */
    /* An engine, which keeps a reference to the settings of its own; NULL: out of memory. */
    struct line_engine *(*make)(struct mail *m, void *settings, const struct line_peer *peer);
    struct str busy; /* what is said to one connection too many, with CR LF */
    bool tls;        /* from the first byte */
};

extern const struct mail_service mail_imap, mail_imaps; /* server/mail_imap.c */
extern const struct mail_service mail_mx, mail_submission, mail_submissions,
    mail_lmtp;                                          /* server/mail_smtp.c */
extern const struct mail_service mail_pop3, mail_pop3s; /* server/mail_pop3.c */

/* For users of the directory: ctx is the struct mail. */
extern const struct smtp_ops mail_delivery;

#endif
