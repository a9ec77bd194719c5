/* server/mail.c: which engine is behind which listener, with the settings of now. */
#include "server/mail.h"

#include "server/mail_inside.h"

static struct smtp_settings *settings_now(struct mail *m)
{
    pthread_mutex_lock(&m->lock);
    struct smtp_settings *s = smtp_settings_ref(m->lmtp);
    pthread_mutex_unlock(&m->lock);
    return s;
}

static struct line_engine *make_lmtp(void *ctx, const struct line_peer *peer)
{
    struct mail *m = ctx;
    struct smtp_settings *settings = settings_now(m);
    struct line_engine *e = NULL;
    if (smtp_new(settings, &mail_delivery, m, peer, &e) != OK)
        e = NULL;
    smtp_settings_unref(settings);
    return e;
}

static const struct {
    bool served, tls;
    struct line_engine *(*make)(void *ctx, const struct line_peer *peer);
    struct str busy;
} rows[LISTENER_ROLES] = {
    [LISTENER_LMTP] = {.served = true,
                       .make = make_lmtp,
                       .busy = STR_INIT("421 4.3.2 too many connections\r\n")},
};

bool mail_serves(enum listener_role role)
{
    return rows[role].served;
}

enum status mail_listen(struct mail *m, int fd, enum listener_role role)
{
    struct line_service service = {
        .make = rows[role].make, .ctx = m, .busy = rows[role].busy, .tls = rows[role].tls};
    return line_front_listen(m->front, fd, &service);
}

void mail_unlisten(struct mail *m)
{
    line_front_unlisten(m->front);
}

static enum status load(struct mail *m, const struct conf *conf)
{
    SCOPED_BUF(folder, 4096);
    struct smtp_settings *fresh = NULL;
    buf_add(&folder, conf_str(conf, CONF_SERVER_DATA));
    enum status st =
        smtp_settings_new(conf, SMTP_ROLE_LMTP, buf_c(&folder), line_keys_ready(m->keys), &fresh);
    if (st != OK)
        return st;
    pthread_mutex_lock(&m->lock);
    struct smtp_settings *old = m->lmtp;
    m->lmtp = fresh;
    pthread_mutex_unlock(&m->lock);
    smtp_settings_unref(old);
    return OK;
}

enum status mail_reload(struct mail *m, const struct conf *conf)
{
    enum status st = line_front_reload(m->front, conf);
    return st == OK ? load(m, conf) : st;
}

enum status mail_certify(struct mail *m, const struct conf *conf, struct str certificate, struct str key,
                         struct buf *why)
{
    enum status st = line_keys_use(m->keys, conf, certificate, key, why);
    return st == OK ? load(m, conf) : st;
}

enum status mail_new(const struct conf *conf, struct loop *loop, struct worker_pool *pool,
                     struct directory *dir, struct mail **out)
{
    struct mail *m = calloc(1, sizeof *m);
    if (!m)
        return E_MEMORY;
    m->pool = pool;
    m->dir = dir;
    pthread_mutex_init(&m->lock, NULL);
    enum status st = line_keys_new(&m->keys);
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

void mail_free(struct mail *m)
{
    if (!m)
        return;
    line_front_stop(m->front);
    line_keys_free(m->keys);
    smtp_settings_unref(m->lmtp);
    pthread_mutex_destroy(&m->lock);
    free(m);
}

bool mail_drain(struct mail *m)
{
    return line_front_drain(m->front);
}

bool mail_busy(struct mail *m)
{
    return line_front_count(m->front) > 0;
}
