/* server/http_thread.c: new connections come through a pipe, which wakes the thread and is its queue; NOTHING in it only wakes. The end of
 * the pipe ends the thread. */
#include "server/http_thread.h"

#include "core/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TAKE = 64, NOTHING = -1 };

struct http_thread {
    struct MHD_Daemon *daemon;
    pthread_t thread;
    _Atomic int resuming; /* who is between the connection's waking and ours */
    int take, give;       /* the pipe of descriptors */
    void (*closed)(void *ctx, int fd);
    void *ctx;
};

/* Who it is from is known to those who accepted it: the library needs some address, and gets none. */
static void add(struct http_thread *t, int fd)
{
    static const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
    if (MHD_add_connection(t->daemon, fd, &nobody, sizeof nobody) != MHD_YES)
        t->closed(t->ctx, fd);
}

/* False at the end of the pipe. Descriptors are written whole: less than PIPE_BUF at a time. */
static bool take_new(struct http_thread *t)
{
    int fds[TAKE];
    ssize_t n = read(t->take, fds, sizeof fds);
    for (size_t i = 0; n > 0 && i < (size_t)n / sizeof *fds; i++)
        if (fds[i] != NOTHING)
            add(t, fds[i]);
    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static int wait_ms(struct MHD_Daemon *daemon)
{
    MHD_UNSIGNED_LONG_LONG ms;
    if (MHD_get_timeout(daemon, &ms) != MHD_YES)
        return -1;
    return ms < INT_MAX ? (int)ms : INT_MAX;
}

static void *thread_main(void *arg)
{
    struct http_thread *t = arg;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(t->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    struct pollfd p[2] = {{.fd = t->take, .events = POLLIN}, {.fd = info->epoll_fd, .events = POLLIN}};
    bool open = true;
    log_hold(true);
    while (open) {
        log_flush();
        int n = poll(p, 2, wait_ms(t->daemon));
        if (n > 0 && p[0].revents)
            open = take_new(t);
        MHD_run(t->daemon);
    }
    log_hold(false);
    return NULL;
}

static enum status start(struct http_thread *t, size_t stack)
{
    pthread_attr_t attributes;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return E_UNAVAILABLE;
    t->take = ends[0];
    t->give = ends[1];
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, stack);
    int code = pthread_create(&t->thread, &attributes, thread_main, t);
    pthread_attr_destroy(&attributes);
    if (code == 0)
        return OK;
    close(ends[0]);
    close(ends[1]);
    return E_MEMORY;
}

enum status http_thread_start(struct MHD_Daemon *daemon, size_t stack, void (*closed)(void *ctx, int fd),
                              void *ctx, struct http_thread **out)
{
    struct http_thread *t = malloc(sizeof *t);
    if (t)
        *t = (struct http_thread){.daemon = daemon, .closed = closed, .ctx = ctx};
    enum status st = t ? start(t, stack) : E_MEMORY;
    if (st == OK) {
        *out = t;
        return OK;
    }
    MHD_stop_daemon(daemon);
    free(t);
    return st;
}

enum status http_thread_give(struct http_thread *t, int fd)
{
    ssize_t n;
    do
        n = write(t->give, &fd, sizeof fd);
    while (n < 0 && errno == EINTR);
    return n == sizeof fd ? OK : E_BUSY;
}

/* The count is raised while the connection is suspended still, when nobody stops the thread. */
void http_thread_resume(struct http_thread *t, struct MHD_Connection *mhd)
{
    atomic_fetch_add(&t->resuming, 1);
    MHD_resume_connection(mhd);
    (void)http_thread_give(t, NOTHING); /* no room: it has been woken */
    atomic_fetch_sub(&t->resuming, 1);
}

void http_thread_stop(struct http_thread *t)
{
    if (!t)
        return;
    while (atomic_load(&t->resuming) > 0)
        sched_yield();
    close(t->give);
    pthread_join(t->thread, NULL);
    close(t->take);
    MHD_stop_daemon(t->daemon);
    free(t);
}
