/* server/line.c: accepting on the process's loop, threads that own connections, and limits. */
#include "server/line.h"

#include "core/log.h"
#include "server/line_inside.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>

enum { ACCEPT_BATCH = 64, ACCEPT_PAUSE_US = 100 * 1000, THREADS_MOST = 64 };

struct line_acceptor {
    struct loop_watch watch;
    struct loop_timer pause;
    struct line_front *front;
    struct line_service service;
    struct line_acceptor *next;
};

/* ---- settings that SIGHUP changes ---- */
struct line_settings *line_settings_get(struct line_front *f)
{
    pthread_mutex_lock(&f->lock);
    struct line_settings *s = f->settings;
    atomic_fetch_add(&s->refs, 1);
    pthread_mutex_unlock(&f->lock);
    return s;
}

void line_settings_put(struct line_settings *s)
{
    if (s && atomic_fetch_sub(&s->refs, 1) == 1)
        free(s);
}

enum status line_front_reload(struct line_front *f, const struct conf *conf)
{
    size_t count;
    const struct str *list = conf_list(conf, CONF_MAIL_PROXIES, &count);
    struct line_settings *fresh = calloc(1, sizeof *fresh + count * sizeof *fresh->proxy);
    if (!fresh)
        return E_MEMORY;
    fresh->refs = 1;
    fresh->handshake_s = (int)conf_int(conf, CONF_LIMITS_MAIL_HANDSHAKE);
    for (size_t i = 0; i < count; i++)
        if (net_parse_network(list[i], &fresh->proxy[fresh->count]))
            fresh->count++;
    http_conns_limits(f->conns, (size_t)conf_int(conf, CONF_LIMITS_MAIL_CONNECTIONS),
                      (size_t)conf_int(conf, CONF_LIMITS_MAIL_CONNECTIONS_ADDRESS));
    pthread_mutex_lock(&f->lock);
    struct line_settings *old = f->settings;
    f->settings = fresh;
    pthread_mutex_unlock(&f->lock);
    line_settings_put(old);
    return OK;
}

/* ---- accepting ---- */
static void resume_accepting(struct loop_timer *t)
{
    struct line_acceptor *a = CONTAINER_OF(t, struct line_acceptor, pause);
    loop_change(a->front->loop, &a->watch, EPOLLIN);
}

static void turn_away(struct line_acceptor *a, int fd)
{
    struct str busy = a->service.tls ? STR_NONE : a->service.busy;
    if (busy.n) {
        ssize_t n = send(fd, busy.p, busy.n, MSG_DONTWAIT | MSG_NOSIGNAL);
        (void)n; /* a courtesy: a fresh socket has room for it */
    }
    close(fd);
}

/* Balancers are counted by who is behind them, once that is known; local sockets only against the whole. */
static void hand_over(struct line_acceptor *a, int fd, const struct sockaddr *sa)
{
    struct line_front *f = a->front;
    struct line_peer peer = {.port = net_port(sa)};
    struct line_settings *settings = line_settings_get(f);
    net_of_sockaddr(sa, &peer.address);
    bool exempt = !peer.address.bits || net_in_any(&peer.address, settings->proxy, settings->count);
    if (!http_conns_admit(f->conns, fd, &peer.address, exempt, INT64_MAX)) {
        line_settings_put(settings);
        turn_away(a, fd);
        return;
    }
    int one = 1;
    if (peer.address.bits)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    line_conn_open(&f->thread[f->next++ % f->threads], fd, &peer, &a->service, settings);
}

static void accept_some(struct loop_watch *w, uint32_t events)
{
    struct line_acceptor *a = CONTAINER_OF(w, struct line_acceptor, watch);
    (void)events;
    for (int i = 0; i < ACCEPT_BATCH; i++) {
        struct sockaddr_storage from = {0};
        socklen_t length = sizeof from;
        int fd = accept4(w->fd, (struct sockaddr *)&from, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            hand_over(a, fd, (struct sockaddr *)&from);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            log_warning("mail: cannot accept: %m: raise the limit of open files");
            loop_change(a->front->loop, w, 0);
            loop_arm(a->front->loop, &a->pause, ACCEPT_PAUSE_US);
        }
        if (errno != ECONNABORTED && errno != EINTR)
            return;
    }
}

enum status line_front_listen(struct line_front *f, int fd, const struct line_service *service)
{
    struct line_acceptor *a = calloc(1, sizeof *a);
    if (!a)
        return E_MEMORY;
    *a = (struct line_acceptor){
        .watch = {.fd = fd, .fn = accept_some}, .front = f, .service = *service, .next = f->acceptors};
    a->pause.fn = resume_accepting;
    enum status st = loop_add(f->loop, &a->watch, EPOLLIN);
    if (st != OK) {
        free(a);
        return st;
    }
    f->acceptors = a;
    return OK;
}

void line_front_unlisten(struct line_front *f)
{
    while (f->acceptors) {
        struct line_acceptor *a = f->acceptors;
        f->acceptors = a->next;
        loop_remove(f->loop, &a->watch);
        loop_cancel(f->loop, &a->pause);
        free(a);
    }
}

/* ---- threads ---- */
static void *thread_main(void *arg)
{
    struct line_thread *t = arg;
    loop_run(t->loop);
    return NULL;
}

static void drain_posted(struct loop_post *p)
{
    struct line_thread *t = CONTAINER_OF(p, struct line_thread, drain);
    line_conns_drain(t);
    atomic_store(&t->asked, false);
}

static enum status thread_start(struct line_thread *t, struct line_front *f)
{
    t->front = f;
    t->drain.fn = drain_posted;
    enum status st = loop_new(&t->loop);
    if (st == OK && pthread_create(&t->thread, NULL, thread_main, t) != 0)
        st = E_MEMORY;
    t->started = st == OK;
    return st;
}

static size_t descriptors(void)
{
    struct rlimit limit;
    enum { MOST = 1 << 20 };
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > MOST)
        return MOST;
    return (size_t)limit.rlim_cur;
}

static size_t thread_count(const struct conf *conf)
{
    int64_t threads = conf_int(conf, CONF_MAIL_THREADS);
    if (threads <= 0)
        threads = sysconf(_SC_NPROCESSORS_ONLN);
    return threads < 1 ? 1 : threads > THREADS_MOST ? THREADS_MOST : (size_t)threads;
}

enum status line_front_start(const struct conf *conf, struct loop *loop, struct line_keys *keys,
                             struct line_front **out)
{
    size_t threads = thread_count(conf);
    struct line_front *f = calloc(1, sizeof *f + threads * sizeof *f->thread);
    if (!f)
        return E_MEMORY;
    f->loop = loop;
    f->keys = keys;
    pthread_mutex_init(&f->lock, NULL);
    enum status st = http_conns_new(descriptors(), &f->conns);
    if (st == OK)
        st = line_front_reload(f, conf);
    for (; st == OK && f->threads < threads; f->threads++)
        st = thread_start(&f->thread[f->threads], f);
    if (st == OK)
        *out = f;
    else
        line_front_stop(f);
    return st;
}

size_t line_front_count(struct line_front *f)
{
    return http_conns_count(f->conns);
}

bool line_front_drain(struct line_front *f)
{
    for (size_t i = 0; i < f->threads; i++) {
        struct line_thread *t = &f->thread[i];
        if (!atomic_exchange(&t->asked, true))
            loop_post(t->loop, &t->drain);
    }
    return line_front_count(f) == 0;
}

void line_front_stop(struct line_front *f)
{
    if (!f)
        return;
    line_front_unlisten(f);
    for (size_t i = 0; i < f->threads; i++) {
        struct line_thread *t = &f->thread[i];
        if (t->started) {
            loop_stop(t->loop);
            pthread_join(t->thread, NULL);
        }
        line_conns_free(t);
        loop_free(t->loop);
    }
    http_conns_free(f->conns);
    line_settings_put(f->settings);
    pthread_mutex_destroy(&f->lock);
    free(f);
}
