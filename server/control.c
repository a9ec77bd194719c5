/* server/control.c: the server's side of the control socket. */
#include "server/control.h"

#include "core/log.h"
#include "server/channel.h"
#include "server/commands.h"
#include "server/metrics.h"

#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { FRAME_WAIT_S = 10, ARGS_MAX = 4096, COMMAND_STACK = 2 << 20 };

struct control {
    struct loop *loop;
    struct store *store;
    struct directory *dir;
    pthread_mutex_t lock; /* of conf */
    struct conf *conf;
    struct loop_watch watch;
    bool listening;
    _Atomic int running;
};

struct session { /* one caller */
    struct control *control;
    int fd;
    int fds[CONTROL_FILES + 4];
    size_t fd_count;
    struct conf *conf;
};

/* ---- frames ---- */
static bool read_exactly(struct session *s, char *p, size_t n)
{
    while (n) {
        int fds[CHANNEL_FDS];
        size_t count;
        ssize_t got = channel_receive(s->fd, p, n, fds, &count);
        for (size_t i = 0; i < count; i++) {
            if (s->fd_count < COUNT_OF(s->fds))
                s->fds[s->fd_count++] = fds[i];
            else
                close(fds[i]);
        }
        if (got <= 0)
            return false;
        p += got;
        n -= (size_t)got;
    }
    return true;
}

static json_t *read_frame(struct session *s)
{
    uint32_t length;
    if (!read_exactly(s, (char *)&length, sizeof length))
        return NULL;
    length = ntohl(length);
    if (length == 0 || length > CONTROL_FRAME)
        return NULL;
    char *text = malloc(length);
    json_t *frame = text && read_exactly(s, text, length) ? json_loadb(text, length, 0, NULL) : NULL;
    free(text);
    return frame;
}

static void answer(struct session *s, int status)
{
    char frame[64];
    int n = snprintf(frame + 4, sizeof frame - 4, "{\"exit\": %d}", status);
    uint32_t length = htonl((uint32_t)n);
    memcpy(frame, &length, sizeof length);
    channel_send(s->fd, str_n(frame, (size_t)n + 4), NULL, 0);
}

/* ---- a command ---- */
/* An array of strings as argv, borrowed from the frame; NULL when it is something else. */
static char **strings(const json_t *array, size_t *count)
{
    *count = json_array_size(array);
    char **out = *count <= ARGS_MAX ? calloc(*count + 1, sizeof *out) : NULL;
    for (size_t i = 0; out && i < *count; i++) {
        const char *text = json_string_value(json_array_get(array, i));
        if (!text) {
            free(out);
            return NULL;
        }
        out[i] = unconst(text);
    }
    return out;
}

static int run_call(struct session *s, const json_t *frame)
{
    size_t argc, names, files = (size_t)json_integer_value(json_object_get(frame, "files"));
    bool out = json_is_true(json_object_get(frame, "out"));
    if (s->fd_count != 3 + files + out)
        return 2;
    char **argv = strings(json_object_get(frame, "argv"), &argc);
    char **file_names = strings(json_object_get(frame, "names"), &names);
    int status = 2;
    if (argv && file_names && argc && names == files) {
        struct command_call call = {
            .store = s->control->store,
            .dir = s->control->dir,
            .conf = s->conf,
            .json = json_is_true(json_object_get(frame, "json")),
            .terminal = json_is_true(json_object_get(frame, "terminal")),
            .in = s->fds[0],
            .out = s->fds[1],
            .err = s->fds[2],
            .files = s->fds + 3,
            .file_names = file_names,
            .file_count = files,
            .out_file = out ? s->fds[3 + files] : -1,
        };
        status = command_run(&call, (int)argc, argv);
    }
    free(argv);
    free(file_names);
    return status;
}

static void serve_session(struct session *s)
{
    json_t *frame = read_frame(s);
    while (frame && json_is_true(json_object_get(frame, "more"))) {
        json_decref(frame);
        frame = read_frame(s);
    }
    if (!frame)
        return;
    metrics_add(METRIC_COMMANDS, 1);
    answer(s, run_call(s, frame));
    json_decref(frame);
}

static void *session_main(void *arg)
{
    struct session *s = arg;
    struct control *c = s->control;
    serve_session(s);
    for (size_t i = 0; i < s->fd_count; i++)
        close(s->fds[i]);
    close(s->fd);
    conf_unref(s->conf);
    free(s);
    atomic_fetch_sub(&c->running, 1);
    return NULL;
}

/* ---- callers ---- */
static bool may(int fd)
{
    struct ucred who;
    socklen_t length = sizeof who;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &length) == 0 &&
           (who.uid == 0 || who.uid == geteuid());
}

static bool start_session(struct control *c, int fd)
{
    struct timeval wait = {.tv_sec = FRAME_WAIT_S};
    pthread_attr_t attributes;
    pthread_t thread;
    struct session *s = may(fd) && atomic_load(&c->running) < CONTROL_COMMANDS ? calloc(1, sizeof *s) : NULL;
    if (!s)
        return false;
    s->control = c;
    s->fd = fd;
    pthread_mutex_lock(&c->lock);
    s->conf = conf_ref(c->conf);
    pthread_mutex_unlock(&c->lock);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, COMMAND_STACK);
    atomic_fetch_add(&c->running, 1);
    bool ok = pthread_create(&thread, &attributes, session_main, s) == 0;
    pthread_attr_destroy(&attributes);
    if (!ok) {
        atomic_fetch_sub(&c->running, 1);
        conf_unref(s->conf);
        free(s);
    }
    return ok;
}

static void on_caller(struct loop_watch *w, uint32_t events)
{
    struct control *c = CONTAINER_OF(w, struct control, watch);
    (void)events;
    int fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0 && !start_session(c, fd))
        close(fd);
}

enum status control_listen(struct control *c, int fd)
{
    c->watch = (struct loop_watch){.fd = fd, .fn = on_caller};
    enum status st = loop_add(c->loop, &c->watch, EPOLLIN);
    c->listening = st == OK;
    return st;
}

void control_unlisten(struct control *c)
{
    if (c->listening)
        loop_remove(c->loop, &c->watch);
    c->listening = false;
}

void control_reload(struct control *c, struct conf *conf)
{
    pthread_mutex_lock(&c->lock);
    struct conf *old = c->conf;
    c->conf = conf_ref(conf);
    pthread_mutex_unlock(&c->lock);
    conf_unref(old);
}

bool control_idle(struct control *c)
{
    return atomic_load(&c->running) == 0;
}

enum status control_new(struct loop *loop, struct store *store, struct directory *dir, struct conf *conf,
                        struct control **out)
{
    struct control *c = calloc(1, sizeof *c);
    if (!c)
        return E_MEMORY;
    c->loop = loop;
    c->store = store;
    c->dir = dir;
    c->conf = conf_ref(conf);
    pthread_mutex_init(&c->lock, NULL);
    *out = c;
    return OK;
}

void control_free(struct control *c)
{
    if (!c)
        return;
    control_unlisten(c);
    conf_unref(c->conf);
    pthread_mutex_destroy(&c->lock);
    free(c);
}
