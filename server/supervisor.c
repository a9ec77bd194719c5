/* server/supervisor.c: reads, binds, forks, watches. It never looks at a byte that a client sent. */
#include "server/supervisor.h"

#include "core/clock.h"
#include "core/file.h"
#include "core/log.h"
#include "core/loop.h"
#include "directory/login_cache.h"
#include "mailcore/delivery/intake.h"
#include "server/channel.h"
#include "server/listen.h"
#include "server/notify.h"
#include "server/sandbox.h"
#include "server/serve.h"
#include "server/tls.h"
#include "syncml/syncml.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum {
    PEM_MAX = 1 << 20,
    TEXT_MAX = 1 << 20,
    DEATHS = 5,
    DEATH_WINDOW_US = 60 * 1000 * 1000,
    FIRST_PAUSE_US = 50 * 1000,
    LONGEST_PAUSE_US = 30 * 1000 * 1000,
    STOP_WAIT_US = 9500 * 1000,
};

struct supervisor {
    const char *conf_path;
    struct conf *conf;
    struct listeners listeners;
    struct buf certificate, key;
    void *login_memory;
    struct set_aside *aside;
    struct loop *loop;
    struct loop_watch signals, channel;
    struct loop_timer again, kill;
    int lock; /* held as long as we live */
    pid_t child;
    bool ready, stopping;
    int64_t death[DEATHS]; /* the last ones, in a ring */
    size_t deaths;
    int64_t pause_us;
    int exit_status;
};

static void start_child(struct supervisor *s);

static void complain(const char *what, const struct buf *why)
{
    struct str rest = buf_view(why), line;
    while (str_split(&rest, '\n', &line))
        if (line.n)
            dprintf(2, "scambio: %s%.*s\n", what, STR_ARG(line));
}

/* ---- reading ---- */
static enum status read_conf(const char *path, struct conf **out, struct buf *why)
{
    enum status st = conf_load(path, out, why);
    if (st != OK && !why->n)
        buf_addf(why, "%s: %s", path, status_text(st));
    return st;
}

static enum status read_pair(const struct conf *conf, struct buf *certificate, struct buf *key,
                             struct buf *why)
{
    bool made;
    if (!listeners_tls(conf))
        return OK;
    enum status st = tls_read(conf, certificate, key, &made, why);
    if (st == OK && made)
        log_warning("no certificate is configured: a self-signed one was made in %.*s/tls; clients will ask "
                    "whether to "
                    "trust it",
                    STR_ARG(conf_str(conf, CONF_SERVER_DATA)));
    return st;
}

static void log_from(const struct conf *conf)
{
    log_setup((enum log_level)conf_int(conf, CONF_LOG_LEVEL), conf_int(conf, CONF_LOG_FORMAT) == 1, 2);
}

/* ---- the child ---- */
static void run_child(struct supervisor *s, int channel)
{
    struct serve serve = {
        .conf = s->conf,
        .conf_path = s->conf_path,
        .listeners = &s->listeners,
        .certificate = s->certificate.n ? buf_view(&s->certificate) : STR_NONE,
        .key = s->key.n ? buf_view(&s->key) : STR_NONE,
        .login_memory = s->login_memory,
        .aside = s->aside,
        .channel = channel,
    };
    close(s->lock);
    close(s->signals.fd);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    loop_free(s->loop);
    _exit(serve_run(&serve));
}

static void say_ready(struct supervisor *s)
{
    if (!s->ready)
        dprintf(2, "scambio: ready\n");
    s->ready = true;
    notify_service("READY=1");
}

static void on_channel(struct loop_watch *w, uint32_t events)
{
    struct supervisor *s = CONTAINER_OF(w, struct supervisor, channel);
    char what = 0;
    (void)events;
    if (read(w->fd, &what, 1) <= 0) {
        loop_remove(s->loop, w);
        close(w->fd);
        w->fd = -1;
        return;
    }
    say_ready(s); /* after a start, and after a reload */
}

static void start_child(struct supervisor *s)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        log_error("cannot start the serving process: %m");
        loop_arm(s->loop, &s->again, LONGEST_PAUSE_US);
        return;
    }
    s->child = fork();
    if (s->child == 0) {
        close(pair[0]);
        run_child(s, pair[1]);
    }
    close(pair[1]);
    if (s->child < 0) {
        log_error("cannot start the serving process: %m");
        close(pair[0]);
        loop_arm(s->loop, &s->again, LONGEST_PAUSE_US);
        return;
    }
    s->channel = (struct loop_watch){.fd = pair[0], .fn = on_channel};
    loop_add(s->loop, &s->channel, EPOLLIN);
}

static void start_again(struct loop_timer *t)
{
    start_child(CONTAINER_OF(t, struct supervisor, again));
}

/* ---- deaths ---- */
static int64_t pause_after_death(struct supervisor *s)
{
    int64_t now = clock_mono_us();
    bool often = s->deaths >= DEATHS && now - s->death[s->deaths % DEATHS] < DEATH_WINDOW_US;
    s->death[s->deaths++ % DEATHS] = now;
    if (!often)
        s->pause_us = 0;
    else if (s->pause_us < LONGEST_PAUSE_US)
        s->pause_us = s->pause_us ? s->pause_us * 2 : 1000 * 1000;
    if (s->pause_us > LONGEST_PAUSE_US)
        s->pause_us = LONGEST_PAUSE_US;
    return s->pause_us ? s->pause_us : FIRST_PAUSE_US;
}

static void log_death(struct supervisor *s, int status, int64_t pause)
{
    size_t in_hand = set_aside_died(s->aside);
    char how[64];
    if (WIFSIGNALED(status))
        snprintf(how, sizeof how, "by signal %d", WTERMSIG(status));
    else
        snprintf(how, sizeof how, "with status %d", WEXITSTATUS(status));
    log_error("the serving process ended %s with %zu requests in hand; it starts again in %.1f s", how,
              in_hand, (double)pause / 1e6);
}

static void child_ended(struct supervisor *s, int status)
{
    s->child = 0;
    loop_cancel(s->loop, &s->kill);
    if (s->channel.fd >= 0) {
        loop_remove(s->loop, &s->channel);
        close(s->channel.fd);
        s->channel.fd = -1;
    }
    bool cannot = WIFEXITED(status) && WEXITSTATUS(status) == SERVE_CANNOT_START;
    if (s->stopping || (cannot && !s->ready)) {
        s->exit_status = s->stopping && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
        loop_stop(s->loop);
        return;
    }
    int64_t pause = cannot ? LONGEST_PAUSE_US : pause_after_death(s);
    log_death(s, status, pause);
    loop_arm(s->loop, &s->again, pause);
}

static void reap_children(struct supervisor *s)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        if (pid == s->child)
            child_ended(s, status);
}

/* ---- SIGHUP ---- */
static bool send_reload(struct supervisor *s, struct str text)
{
    struct serve_reload message = {.count = (uint32_t)s->listeners.count, .certified = s->certificate.n > 0};
    int fds[RELOAD_LISTENERS + LISTENERS_MAX] = {
        [RELOAD_CONF] = channel_memory(text),
        [RELOAD_CERTIFICATE] = channel_memory(buf_view(&s->certificate)),
        [RELOAD_KEY] = channel_memory(buf_view(&s->key)),
    };
    for (size_t i = 0; i < s->listeners.count; i++) {
        message.listener[i] = s->listeners.at[i];
        fds[RELOAD_LISTENERS + i] = s->listeners.at[i].fd;
    }
    bool ok = channel_send(s->channel.fd, str_n(&message, sizeof message), fds,
                           RELOAD_LISTENERS + s->listeners.count);
    for (int i = 0; i < RELOAD_LISTENERS; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    return ok;
}

/* Everything is read and opened first; only then does anything change. */
static enum status take_new(struct supervisor *s, struct buf *text, struct buf *why)
{
    struct conf *fresh = NULL;
    struct buf certificate = BUF_INIT(PEM_MAX), key = BUF_INIT(PEM_MAX);
    struct listeners next = {.count = 0};
    enum status st = file_read(str_c(s->conf_path), TEXT_MAX, text, why);
    if (st == OK)
        st = conf_parse(buf_view(text), s->conf_path, &fresh, why);
    if (st == OK && !str_eq(conf_str(fresh, CONF_SERVER_DATA), conf_str(s->conf, CONF_SERVER_DATA))) {
        buf_addz(why, "server.data has changed: this needs a restart");
        st = INVALID;
    }
    if (st == OK)
        st = syncml_check(fresh, why);
    if (st == OK)
        st = intake_check(fresh, why);
    if (st == OK)
        st = read_pair(fresh, &certificate, &key, why);
    if (st == OK)
        st = listeners_open(fresh, &s->listeners, &next, why);
    if (st != OK) {
        conf_unref(fresh);
        buf_free(&certificate);
        buf_free(&key);
        return st;
    }
    conf_unref(s->conf);
    buf_free(&s->certificate);
    buf_free(&s->key);
    s->conf = fresh;
    s->certificate = certificate;
    s->key = key;
    s->listeners = next;
    return OK;
}

static void reload(struct supervisor *s)
{
    char state[64];
    SCOPED_BUF(text, TEXT_MAX);
    SCOPED_BUF(why, TEXT_MAX);
    snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)clock_mono_us());
    notify_service(state);
    if (take_new(s, &text, &why) != OK) {
        struct str rest = buf_view(&why), line;
        while (str_split(&rest, '\n', &line))
            if (line.n)
                log_error("reload: %.*s", STR_ARG(line));
        log_error("reload: everything stays as it was");
        notify_service("READY=1");
        return;
    }
    log_from(s->conf);
    if (s->channel.fd >= 0 && !send_reload(s, buf_view(&text)))
        log_error("reload: the serving process does not take it: %m");
}

/* ---- stopping ---- */
static void kill_child(struct loop_timer *t)
{
    struct supervisor *s = CONTAINER_OF(t, struct supervisor, kill);
    log_error("the serving process does not end; it is killed");
    if (s->child > 0)
        kill(s->child, SIGKILL);
}

static void stop(struct supervisor *s)
{
    if (s->stopping)
        return;
    s->stopping = true;
    notify_service("STOPPING=1");
    loop_cancel(s->loop, &s->again);
    if (s->child <= 0) {
        loop_stop(s->loop);
        return;
    }
    kill(s->child, SIGTERM);
    s->kill.fn = kill_child;
    loop_arm(s->loop, &s->kill, STOP_WAIT_US);
}

static void on_signal(struct loop_watch *w, uint32_t events)
{
    struct supervisor *s = CONTAINER_OF(w, struct supervisor, signals);
    struct signalfd_siginfo info;
    (void)events;
    while (read(w->fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGCHLD)
            reap_children(s);
        else if (info.ssi_signo == SIGHUP && !s->stopping)
            reload(s);
        else if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
            stop(s);
    }
}

/* ---- the beginning ---- */
static enum status lock_data(struct supervisor *s, struct buf *why)
{
    SCOPED_BUF(path, 4096);
    buf_addf(&path, "%.*s/supervisor.lock", STR_ARG(conf_str(s->conf, CONF_SERVER_DATA)));
    s->lock = open(buf_c(&path), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->lock < 0) {
        buf_addf(why, "%s: %m", buf_c(&path));
        return E_IO;
    }
    if (flock(s->lock, LOCK_EX | LOCK_NB) == 0) {
        if (ftruncate(s->lock, 0) != 0 || dprintf(s->lock, "%ld\n", (long)getpid()) < 0)
            log_warning("%s: %m", buf_c(&path));
        return OK;
    }
    char pid[32] = "";
    ssize_t n = pread(s->lock, pid, sizeof pid - 1, 0);
    buf_addf(why, "%.*s is in use by a server that runs already (process %.*s)",
             STR_ARG(conf_str(s->conf, CONF_SERVER_DATA)),
             STR_ARG(str_trim(str_n(pid, n > 0 ? (size_t)n : 0))));
    return E_BUSY;
}

static enum status share_memory(struct supervisor *s)
{
    int fd = memfd_create("scambio-logins", MFD_CLOEXEC);
    if (fd >= 0 && ftruncate(fd, LOGIN_CACHE_BYTES) == 0)
        s->login_memory = mmap(NULL, LOGIN_CACHE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd >= 0)
        close(fd);
    s->aside = set_aside_new();
    if (s->login_memory == MAP_FAILED)
        s->login_memory = NULL;
    return s->login_memory && s->aside ? OK : E_MEMORY;
}

static enum status watch_signals(struct supervisor *s)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    s->signals = (struct loop_watch){signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), on_signal};
    return loop_add(s->loop, &s->signals, EPOLLIN);
}

static enum status prepare(struct supervisor *s, struct buf *why)
{
    enum status st = read_conf(s->conf_path, &s->conf, why);
    if (st != OK)
        return st;
    log_from(s->conf);
    st = data_folder(s->conf, why);
    if (st == OK)
        st = lock_data(s, why);
    if (st == OK)
        st = read_pair(s->conf, &s->certificate, &s->key, why);
    if (st == OK)
        st = listeners_open(s->conf, NULL, &s->listeners, why);
    if (st == OK)
        st = share_memory(s);
    if (st == OK)
        st = loop_new(&s->loop);
    return st == OK ? watch_signals(s) : st;
}

int supervisor_run(const char *conf_path)
{
    struct supervisor s = {
        .conf_path = conf_path,
        .certificate = BUF_INIT(PEM_MAX),
        .key = BUF_INIT(PEM_MAX),
        .channel = {.fd = -1},
        .signals = {.fd = -1},
        .again = {.fn = start_again},
        .lock = -1,
    };
    SCOPED_BUF(why, TEXT_MAX);
    enum status st = prepare(&s, &why);
    if (st == OK) {
        sandbox_limits(s.conf);
        start_child(&s);
        loop_run(s.loop);
    } else {
        s.exit_status = 1;
        if (!why.n)
            buf_addz(&why, status_text(st));
        complain("", &why);
    }
    listeners_close(&s.listeners);
    loop_free(s.loop);
    set_aside_free(s.aside);
    if (s.login_memory)
        munmap(s.login_memory, LOGIN_CACHE_BYTES);
    buf_free(&s.certificate);
    buf_free(&s.key);
    conf_unref(s.conf);
    if (s.signals.fd >= 0)
        close(s.signals.fd);
    if (s.lock >= 0)
        close(s.lock);
    return s.exit_status;
}
