/* server/serve.c: the serving process. One thread runs the loop (accepting, deadlines, signals, the channel); the HTTP library
 * and the worker pool have theirs. */
#include "server/serve.h"

#include "core/clock.h"
#include "core/log.h"
#include "core/loop.h"
#include "directory/login_cache.h"
#include "server/channel.h"
#include "server/control.h"
#include "server/mail.h"
#include "server/metrics.h"
#include "server/outbound.h"
#include "server/routes.h"
#include "server/sandbox.h"
#include "server/tls.h"

#include <malloc.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

enum {
    DRAIN_EVERY_US = 20 * 1000,
    DRAIN_MOST_US = 8 * 1000 * 1000, /* SIGTERM promises ten seconds */
    WORKER_BACKLOG = 4096,
    CONF_MAX = 1 << 20,
    PEM_MAX = 1 << 20,
};

struct process {
    struct serve *start;
    struct conf *conf;
    struct loop *loop;
    struct store *store;
    struct login_cache *logins;
    struct directory *dir;
    struct worker_pool *pool;
    struct routes *routes;
    struct http_front *front;
    struct mail *mail;
    struct outbound *outbound;
    struct control *control;
    struct loop_watch signals, channel;
    struct loop_timer drain;
    int64_t drain_since; /* 0: serving */
};

static void log_from(const struct conf *conf)
{
    log_setup((enum log_level)conf_int(conf, CONF_LOG_LEVEL), conf_int(conf, CONF_LOG_FORMAT) == 1, 2);
}

/* ---- the end ---- */
static void drain_more(struct loop_timer *t)
{
    struct process *p = CONTAINER_OF(t, struct process, drain);
    bool late = clock_mono_us() - p->drain_since > DRAIN_MOST_US;
    bool empty = http_front_drain(p->front);
    empty = outbound_drain(p->outbound) && empty;
    empty = mail_drain(p->mail) && empty && control_idle(p->control);
    if (empty || late) {
        if (late)
            log_warning("stopping although requests are still in hand");
        loop_stop(p->loop);
        return;
    }
    loop_arm(p->loop, t, DRAIN_EVERY_US);
}

static void start_drain(struct process *p)
{
    if (p->drain_since)
        return;
    p->drain_since = clock_mono_us();
    http_front_unlisten(p->front);
    mail_unlisten(p->mail);
    control_unlisten(p->control);
    p->drain.fn = drain_more;
    drain_more(&p->drain);
}

static void on_signal(struct loop_watch *w, uint32_t events)
{
    struct process *p = CONTAINER_OF(w, struct process, signals);
    struct signalfd_siginfo info;
    (void)events;
    if (read(w->fd, &info, sizeof info) == (ssize_t)sizeof info && info.ssi_signo == SIGTERM)
        start_drain(p);
}

/* ---- listening ---- */
static enum status listen_all(struct process *p, struct listeners *l)
{
    enum status st = OK;
    http_front_unlisten(p->front);
    mail_unlisten(p->mail);
    control_unlisten(p->control);
    for (size_t i = 0; i < l->count && st == OK; i++) {
        if (l->at[i].role == LISTENER_CONTROL)
            st = control_listen(p->control, l->at[i].fd);
        else if (mail_serves(l->at[i].role))
            st = mail_listen(p->mail, l->at[i].fd, l->at[i].role);
        else
            st = http_front_listen(p->front, l->at[i].fd, l->at[i].role == LISTENER_HTTPS);
    }
    return st;
}

/* ---- SIGHUP, as the supervisor passes it on ---- */
static enum status use_certificate(struct process *p, const struct conf *conf, struct str certificate,
                                   struct str key, struct buf *why)
{
    enum status st = mail_certify(p->mail, conf, certificate, key, why);
    return st == OK ? tls_use(certificate, key, why) : st;
}

static enum status take_certificate(struct process *p, const struct conf *conf, int certificate, int key,
                                    struct buf *why)
{
    SCOPED_BUF(c, PEM_MAX);
    SCOPED_BUF(k, PEM_MAX);
    enum status st = channel_content(certificate, PEM_MAX, &c);
    if (st == OK)
        st = channel_content(key, PEM_MAX, &k);
    return st == OK ? use_certificate(p, conf, buf_view(&c), buf_view(&k), why) : st;
}

static enum status apply(struct process *p, struct conf *fresh, struct buf *why)
{
    enum status st = directory_reload(p->dir, fresh);
    if (st == OK)
        st = routes_reload(p->routes, fresh);
    if (st == OK)
        st = http_front_reload(p->front, fresh);
    if (st == OK)
        st = mail_reload(p->mail, fresh);
    if (st == OK)
        st = outbound_reload(p->outbound, fresh, why);
    if (st != OK) {
        buf_addz(why, why->n ? "" : status_text(st));
        return st;
    }
    control_reload(p->control, fresh);
    conf_unref(p->conf);
    p->conf = conf_ref(fresh);
    log_from(fresh);
    return OK;
}

static enum status reload(struct process *p, const struct serve_reload *message, const int *fds,
                          struct buf *why)
{
    SCOPED_BUF(text, CONF_MAX);
    struct conf *fresh = NULL;
    enum status st = channel_content(fds[RELOAD_CONF], CONF_MAX, &text);
    if (st == OK)
        st = conf_parse(buf_view(&text), p->start->conf_path, &fresh, why);
    if (st == OK && message->certified)
        st = take_certificate(p, fresh, fds[RELOAD_CERTIFICATE], fds[RELOAD_KEY], why);
    if (st == OK)
        st = apply(p, fresh, why);
    conf_unref(fresh);
    if (st != OK)
        return st;
    struct listeners next = {.count = message->count};
    for (size_t i = 0; i < next.count; i++) {
        next.at[i] = message->listener[i];
        next.at[i].fd = fds[RELOAD_LISTENERS + i];
    }
    st = listen_all(p, &next);
    for (size_t i = 0; i < p->start->listeners->count; i++)
        close(p->start->listeners->at[i].fd);
    *p->start->listeners = next;
    return st;
}

static void on_channel(struct loop_watch *w, uint32_t events)
{
    struct process *p = CONTAINER_OF(w, struct process, channel);
    struct serve_reload message = {0};
    int fds[CHANNEL_FDS];
    size_t count;
    (void)events;
    ssize_t n = channel_receive(w->fd, &message, sizeof message, fds, &count);
    if (n <= 0) {
        loop_remove(p->loop, w);
        start_drain(p);
        return;
    }
    SCOPED_BUF(why, 4096);
    enum status st = INVALID;
    bool whole = n == (ssize_t)sizeof message && message.count <= LISTENERS_MAX &&
                 count == RELOAD_LISTENERS + message.count;
    if (whole && !p->drain_since)
        st = reload(p, &message, fds, &why);
    for (size_t i = 0; i < count && (i < RELOAD_LISTENERS || st != OK); i++)
        close(fds[i]);
    if (st == OK)
        log_info("configuration and certificates are reloaded");
    else
        log_error("reload: %s: everything stays as it was", why.n ? buf_c(&why) : status_text(st));
    metrics_add(METRIC_RELOADS, 1);
    char done = SERVE_RELOADED;
    channel_send(w->fd, str_n(&done, 1), NULL, 0);
}

/* ---- the beginning ---- */
static enum status watch(struct process *p)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error, not a death */
    signal(SIGINT, SIG_IGN);  /* Ctrl-C is the supervisor's */
    signal(SIGHUP, SIG_IGN);
    p->signals = (struct loop_watch){signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), on_signal};
    p->channel = (struct loop_watch){p->start->channel, on_channel};
    enum status st = loop_add(p->loop, &p->signals, EPOLLIN);
    return st == OK ? loop_add(p->loop, &p->channel, EPOLLIN) : st;
}

static enum status start_tls(struct process *p, struct buf *why)
{
    enum status st = tls_configure(p->conf, why);
    if (st == OK && p->start->certificate.p)
        st = tls_use(p->start->certificate, p->start->key, why);
    return st;
}

static enum status open_all(struct process *p, struct buf *why)
{
    int threads = (int)sysconf(_SC_NPROCESSORS_ONLN) + 2;
    struct directory_config config = {.conf = p->conf};
    enum status st = loop_new(&p->loop);
    if (st == OK)
        st = watch(p);
    if (st == OK)
        st = start_tls(p, why);
    if (st == OK)
        st = serve_open_store(p->conf, &p->store, why);
    if (st == OK)
        st = login_cache_open(p->start->login_memory, &p->logins);
    config.cache = p->logins;
    if (st == OK)
        st = directory_open(p->store, &config, &p->dir, why);
    if (st == OK)
        st = worker_start(threads, WORKER_BACKLOG, &p->pool);
    if (st == OK)
        st = routes_new(p->store, p->dir, p->conf, p->start->aside, &p->routes);
    if (st == OK)
        st = http_front_start(p->conf, p->loop, p->pool, routes_service(p->routes), &p->front);
    if (st == OK)
        st = mail_new(p->conf, p->loop, p->dir, &p->mail);
    if (st == OK && p->start->certificate.p)
        st = mail_certify(p->mail, p->conf, p->start->certificate, p->start->key, why);
    if (st == OK)
        st = outbound_new(p->conf, mail_base_of(p->mail), &p->outbound, why);
    if (st == OK)
        st = control_new(p->loop, p->store, p->dir, p->conf, &p->control);
    if (st == OK)
        st = listen_all(p, p->start->listeners);
    return st;
}

static void close_all(struct process *p)
{
    control_free(p->control);
    http_front_stop(p->front);
    worker_stop(p->pool);
    mail_rest(p->mail);
    routes_free(p->routes);
    directory_close(p->dir);
    login_cache_close(p->logins);
    store_close(p->store);
    mail_free(p->mail); /* now that no write will call back */
    outbound_free(p->outbound);
    loop_free(p->loop);
    conf_unref(p->conf);
}

/* What a request frees is used again by the next: given back to the system each time, all of it is faulted in anew page by page, which
 * costs a large sync a fifth of its time. A thread keeps so much at most. */
static void keep_memory(void)
{
    enum { KEEP = 16 << 20, MAPPED = 1 << 20 };
    mallopt(M_TRIM_THRESHOLD, KEEP);
    mallopt(M_MMAP_THRESHOLD, MAPPED);
}

int serve_run(struct serve *start)
{
    struct process p = {.start = start, .conf = conf_ref(start->conf)};
    SCOPED_BUF(why, 4096);
    log_from(p.conf);
    keep_memory();
    enum status st = sandbox_user(p.conf, &why);
    if (st == OK && geteuid() == 0)
        log_warning("serving as root: name a user of its own in [server] user");
    if (st == OK)
        st = sandbox_enter(p.conf, &why);
    if (st == OK)
        st = open_all(&p, &why);
    if (st != OK) {
        log_error("cannot start: %s", why.n ? buf_c(&why) : status_text(st));
        return SERVE_CANNOT_START;
    }
    char ready = SERVE_READY;
    channel_send(start->channel, str_n(&ready, 1), NULL, 0);
    loop_run(p.loop);
    if (http_front_busy(p.front) || mail_busy(p.mail) || outbound_busy(p.outbound) ||
        !control_idle(p.control)) {
        store_close(p.store); /* what was acknowledged is on disk; threads that hang die with the process */
        return 0;
    }
    close_all(&p);
    return 0;
}
