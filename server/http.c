/* server/http.c: the HTTP front: threads that drive daemons of the library (plain and TLS) without sockets of their own, and
 * acceptors on the loop that hand them connections in turn, so that limits, proxies and the supervisor's sockets are
 * ours. */
#include "server/http_mhd.h"

#include "core/clock.h"
#include "core/log.h"
#include "server/metrics.h"
#include "server/tls.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/resource.h>

enum {
    ACCEPT_BATCH = 64,
    ACCEPT_PAUSE_US = 100 * 1000, /* when descriptors have run out */
    REAP_EVERY_US = 500 * 1000,
    THREAD_STACK = 2 << 20, /* XML and calendar objects are walked on it */
    POOL_SPARE =
        5 * 1024, /* of a connection's memory, beside the largest head: the library's own, and our head */
    BODY_ROOM = 256 << 20,
    DEADLINE_SPARE_S = 30, /* the library's own time-out is only the second line */
};

struct acceptor {
    struct loop_watch watch;
    struct loop_timer pause;
    struct http_front *front;
    bool tls;
    struct acceptor *next;
};

/* ---- settings that SIGHUP changes ---- */
struct proxies *proxies_get(struct http_front *f)
{
    pthread_mutex_lock(&f->lock);
    struct proxies *p = f->proxies;
    atomic_fetch_add(&p->refs, 1);
    pthread_mutex_unlock(&f->lock);
    return p;
}

void proxies_put(struct proxies *p)
{
    if (p && atomic_fetch_sub(&p->refs, 1) == 1)
        free(p);
}

static struct proxies *proxies_load(const struct conf *conf)
{
    size_t count;
    const struct str *list = conf_list(conf, CONF_HTTP_TRUSTED_PROXIES, &count);
    struct proxies *p = calloc(1, sizeof *p + count * sizeof *p->network);
    if (!p)
        return NULL;
    p->refs = 1;
    for (size_t i = 0; i < count; i++)
        if (net_parse_network(list[i], &p->network[p->count]))
            p->count++;
    return p;
}

enum status http_front_reload(struct http_front *f, const struct conf *conf)
{
    struct proxies *fresh = proxies_load(conf);
    if (!fresh)
        return E_MEMORY;
    atomic_store(&f->idle_us, conf_int(conf, CONF_LIMITS_HTTP_IDLE) * 1000000);
    atomic_store(&f->rate, conf_int(conf, CONF_LIMITS_HTTP_RATE));
    atomic_store(&f->body_limit, (size_t)conf_int(conf, CONF_LIMITS_HTTP_BODY));
    atomic_store(&f->response_limit, (size_t)conf_int(conf, CONF_LIMITS_RESPONSE_SIZE));
    http_conns_limits(f->conns, (size_t)conf_int(conf, CONF_LIMITS_HTTP_CONNECTIONS),
                      (size_t)conf_int(conf, CONF_LIMITS_HTTP_CONNECTIONS_ADDRESS));
    pthread_mutex_lock(&f->lock);
    struct proxies *old = f->proxies;
    f->proxies = fresh;
    pthread_mutex_unlock(&f->lock);
    proxies_put(old);
    return OK;
}

/* ---- the library's side ---- */
static void on_connection(void *cls, struct MHD_Connection *mhd, void **socket_context,
                          enum MHD_ConnectionNotificationCode what)
{
    struct http_front *f = cls;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    int fd = info->connect_fd;
    if (what == MHD_CONNECTION_NOTIFY_STARTED)
        *socket_context = http_conns_started(f->conns, fd);
    else
        http_conns_closed(f->conns, fd);
}

/* Paths are decoded by us, segment by segment: here nothing is changed. */
static size_t leave_escapes(void *cls, struct MHD_Connection *mhd, char *s)
{
    (void)cls;
    (void)mhd;
    return strlen(s);
}

static void library_log(void *cls, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
static void library_log(void *cls, const char *format, va_list args)
{
    char text[512];
    (void)cls;
    vsnprintf(text, sizeof text, format, args);
    log_debug("http: %.*s", STR_ARG(str_trim(str_c(text))));
}

static struct MHD_Daemon *start_daemon(struct http_front *f, bool tls, const struct conf *conf)
{
    unsigned flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME |
                     MHD_USE_ERROR_LOG | (tls ? MHD_USE_TLS : 0);
    unsigned timeout = (unsigned)conf_int(conf, CONF_LIMITS_HTTP_IDLE) + DEADLINE_SPARE_S;
    struct MHD_OptionItem options[6] = {{MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, NULL}};
    int n = 1;
    if (tls) {
        options[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_CERT_CALLBACK, 0, tls_library_callback()};
        options[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0, unconst(tls_priorities())};
    }
    options[n] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
    /* our limit on connections is the one that counts */
    unsigned most = (unsigned)conf_int(conf, CONF_LIMITS_HTTP_CONNECTIONS) * 2 + 64;
    return MHD_start_daemon(
        flags, 0, NULL, NULL, exchange_step, f, MHD_OPTION_EXTERNAL_LOGGER, library_log, NULL,
        MHD_OPTION_NOTIFY_COMPLETED, exchange_end, f, MHD_OPTION_NOTIFY_CONNECTION, on_connection, f,
        MHD_OPTION_URI_LOG_CALLBACK, exchange_begin, f, MHD_OPTION_UNESCAPE_CALLBACK, leave_escapes, NULL,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, f->header_limit + POOL_SPARE, MHD_OPTION_CONNECTION_LIMIT, most,
        MHD_OPTION_CONNECTION_TIMEOUT, timeout, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
}

static void not_taken(void *ctx, int fd)
{
    struct http_front *f = ctx;
    http_conns_closed(f->conns, fd);
}

static enum status start_threads(struct http_front *f, bool tls, const struct conf *conf)
{
    enum status st = OK;
    for (size_t i = 0; i < f->threads && st == OK; i++) {
        struct MHD_Daemon *daemon = start_daemon(f, tls, conf);
        st = daemon ? http_thread_start(daemon, THREAD_STACK, not_taken, f, &f->thread[tls][i])
                    : E_UNAVAILABLE;
    }
    return st;
}

/* ---- accepting ---- */
static void resume_accepting(struct loop_timer *t)
{
    struct acceptor *a = CONTAINER_OF(t, struct acceptor, pause);
    loop_change(a->front->loop, &a->watch, EPOLLIN);
}

static void hand_over(struct acceptor *a, int fd, const struct sockaddr *sa)
{
    struct http_front *f = a->front;
    struct net_address peer;
    net_of_sockaddr(sa, &peer);
    struct proxies *p = proxies_get(f);
    bool exempt = net_in_any(&peer, p->network, p->count);
    proxies_put(p);
    if (!http_conns_admit(f->conns, fd, &peer, exempt, clock_mono_us() + atomic_load(&f->idle_us))) {
        close(fd);
        metrics_add(METRIC_CONNECTIONS_REFUSED, 1);
        return;
    }
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct http_thread *thread = f->thread[a->tls][f->turn++ % f->threads];
    http_conns_at(f->conns, fd)->thread = thread;
    if (http_thread_give(thread, fd) != OK) {
        http_conns_closed(f->conns, fd);
        close(fd);
        metrics_add(METRIC_CONNECTIONS_REFUSED, 1);
        return;
    }
    metrics_add(METRIC_CONNECTIONS, 1);
}

static void accept_some(struct loop_watch *w, uint32_t events)
{
    struct acceptor *a = CONTAINER_OF(w, struct acceptor, watch);
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
            log_warning("http: cannot accept: %m: raise the limit of open files");
            loop_change(a->front->loop, w, 0);
            loop_arm(a->front->loop, &a->pause, ACCEPT_PAUSE_US);
        }
        if (errno != ECONNABORTED && errno != EINTR)
            return;
    }
}

enum status http_front_listen(struct http_front *f, int fd, bool tls)
{
    struct acceptor *a = calloc(1, sizeof *a);
    if (!a)
        return E_MEMORY;
    *a = (struct acceptor){
        .watch = {.fd = fd, .fn = accept_some}, .front = f, .tls = tls, .next = f->acceptors};
    a->pause.fn = resume_accepting;
    enum status st = loop_add(f->loop, &a->watch, EPOLLIN);
    if (st != OK) {
        free(a);
        return st;
    }
    f->acceptors = a;
    return OK;
}

void http_front_unlisten(struct http_front *f)
{
    while (f->acceptors) {
        struct acceptor *a = f->acceptors;
        f->acceptors = a->next;
        loop_remove(f->loop, &a->watch);
        loop_cancel(f->loop, &a->pause);
        free(a);
    }
}

/* ---- life ---- */
static void reap(struct loop_timer *t)
{
    struct http_front *f = CONTAINER_OF(t, struct http_front, reaper);
    size_t n = http_conns_reap(f->conns, clock_mono_us(), atomic_load(&f->draining));
    if (n && !atomic_load(&f->draining))
        log_debug("http: %zu connections missed their deadline", n);
    metrics_add(METRIC_CONNECTIONS_TIMED_OUT, n);
    metrics_set(METRIC_CONNECTIONS_OPEN, http_conns_count(f->conns));
    loop_arm(f->loop, t, REAP_EVERY_US);
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
    int64_t threads = conf_int(conf, CONF_HTTP_THREADS);
    if (threads <= 0)
        threads = sysconf(_SC_NPROCESSORS_ONLN);
    return threads < 1 ? 1 : threads < HTTP_THREADS_MAX ? (size_t)threads : HTTP_THREADS_MAX;
}

static enum status front_open(struct http_front *f, const struct conf *conf)
{
    enum status st = http_conns_new(descriptors(), &f->conns);
    if (st == OK)
        st = http_front_reload(f, conf);
    if (st == OK)
        st = start_threads(f, false, conf);
    if (st == OK && tls_ready())
        st = start_threads(f, true, conf);
    if (st != OK)
        return st;
    f->reaper.fn = reap;
    return loop_arm(f->loop, &f->reaper, REAP_EVERY_US);
}

enum status http_front_start(const struct conf *conf, struct loop *loop, struct worker_pool *pool,
                             const struct http_service *service, struct http_front **out)
{
    struct http_front *f = calloc(1, sizeof *f);
    if (!f)
        return E_MEMORY;
    f->loop = loop;
    f->pool = pool;
    f->service = service;
    f->threads = thread_count(conf);
    f->header_limit = (size_t)conf_int(conf, CONF_LIMITS_HTTP_HEADER);
    f->body_room = BODY_ROOM;
    f->next_id = random_u64() >> 16 << 8; /* not the same numbers after every start */
    pthread_mutex_init(&f->lock, NULL);
    enum status st = front_open(f, conf);
    if (st == OK)
        *out = f;
    else
        http_front_stop(f);
    return st;
}

bool http_front_busy(struct http_front *f)
{
    return atomic_load(&f->in_hand) > 0;
}

bool http_front_drain(struct http_front *f)
{
    atomic_store(&f->draining, true);
    http_conns_reap(f->conns, clock_mono_us(), true);
    return http_conns_count(f->conns) == 0 && !http_front_busy(f);
}

void http_front_stop(struct http_front *f)
{
    if (!f)
        return;
    http_front_unlisten(f);
    loop_cancel(f->loop, &f->reaper);
    for (size_t i = 0; i < DAEMONS; i++)
        for (size_t k = 0; k < f->threads; k++)
            http_thread_stop(f->thread[i][k]);
    http_conns_free(f->conns);
    proxies_put(f->proxies);
    pthread_mutex_destroy(&f->lock);
    free(f);
}
