/* server/mail.c: which service is behind which listener, with the settings of now. */
#include "server/mail.h"

#include "core/log.h"
#include "mailcore/imap/service.h"
#include "server/mail_inside.h"

enum { WORKER_BACKLOG = 16384 };

static const struct mail_service *const services[LISTENER_ROLES] = {
    [LISTENER_SMTP] = &mail_mx,
    [LISTENER_SUBMISSION] = &mail_submission,
    [LISTENER_SUBMISSIONS] = &mail_submissions,
    [LISTENER_LMTP] = &mail_lmtp,
    [LISTENER_IMAP] = &mail_imap,
    [LISTENER_IMAPS] = &mail_imaps,
    [LISTENER_POP3] = &mail_pop3,
    [LISTENER_POP3S] = &mail_pop3s,
};

static struct line_engine *make(void *ctx, const struct line_peer *peer)
{
    struct mail_maker *k = ctx;
    struct mail *m = k->m;
    pthread_mutex_lock(&m->lock);
    struct line_engine *e = services[k->role]->make(m, m->settings[k->role], peer);
    pthread_mutex_unlock(&m->lock);
    return e;
}

bool mail_serves(enum listener_role role)
{
    return services[role] != NULL;
}

enum status mail_listen(struct mail *m, int fd, enum listener_role role)
{
    struct line_service service = {
        .make = make, .ctx = &m->makers[role], .busy = services[role]->busy, .tls = services[role]->tls};
    m->makers[role] = (struct mail_maker){m, role};
    return line_front_listen(m->front, fd, &service);
}

void mail_unlisten(struct mail *m)
{
    line_front_unlisten(m->front);
}

/* All or nothing. */
static enum status load(struct mail *m, const struct conf *conf)
{
    void *fresh[LISTENER_ROLES] = {0};
    enum status st = OK;
    for (size_t i = 0; st == OK && i < LISTENER_ROLES; i++)
        if (services[i])
            st = services[i]->load(m, conf, &fresh[i]);
    pthread_mutex_lock(&m->lock);
    for (size_t i = 0; st == OK && i < LISTENER_ROLES; i++) {
        void *old = m->settings[i];
        m->settings[i] = fresh[i];
        fresh[i] = old;
    }
    pthread_mutex_unlock(&m->lock);
    for (size_t i = 0; i < LISTENER_ROLES; i++)
        if (services[i])
            services[i]->drop(fresh[i]);
    return st;
}

enum status mail_reload(struct mail *m, const struct conf *conf)
{
    SCOPED_BUF(why, 4096);
    enum status st = intake_reload(m->intake, conf, &why);
    if (st == INVALID)
        log_error("%s: mail goes on with what it had", buf_c(&why));
    if (st == OK)
        st = line_front_reload(m->front, conf);
    return st == OK ? load(m, conf) : st;
}

enum status mail_certify(struct mail *m, const struct conf *conf, struct str certificate, struct str key,
                         struct buf *why)
{
    enum status st = line_keys_use(m->keys, conf, certificate, key, why);
    return st == OK ? load(m, conf) : st;
}

enum status mail_new(const struct conf *conf, struct loop *loop, struct directory *dir, struct mail **out)
{
    struct mail *m = calloc(1, sizeof *m);
    if (!m)
        return E_MEMORY;
    m->base = (struct mail_base){.store = directory_store(dir), .dir = dir};
    pthread_mutex_init(&m->lock, NULL);
    SCOPED_BUF(why, 4096);
    enum status st =
        worker_start((int)conf_int(conf, CONF_LIMITS_MAIL_THREADS), WORKER_BACKLOG, &m->base.pool);
    if (st == OK)
        st = intake_new(&m->base, conf, &m->intake, &why);
    m->base.intake = m->intake;
    if (why.n && st != OK)
        log_error("%s", buf_c(&why));
    if (st == OK)
        st = imap_service_new(&m->base, &m->imap);
    if (st == OK)
        st = line_keys_new(&m->keys);
    if (st == OK)
        st = load(m, conf);
    if (st == OK)
        st = line_front_start(conf, loop, m->keys, &m->front);
    if (st == OK)
        *out = m;
    else
        mail_free(m);
    return st;
}

void mail_rest(struct mail *m)
{
    worker_stop(m->base.pool);
    m->base.pool = NULL;
}

void mail_free(struct mail *m)
{
    if (!m)
        return;
    mail_rest(m);
    line_front_stop(m->front);
    line_keys_free(m->keys);
    intake_free(m->intake);
    imap_service_free(m->imap);
    for (size_t i = 0; i < LISTENER_ROLES; i++)
        if (services[i])
            services[i]->drop(m->settings[i]);
    pthread_mutex_destroy(&m->lock);
    free(m);
}

const struct mail_base *mail_base_of(const struct mail *m)
{
    return &m->base;
}

bool mail_drain(struct mail *m)
{
    return line_front_drain(m->front);
}

bool mail_busy(struct mail *m)
{
    return line_front_count(m->front) > 0;
}
