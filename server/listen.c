/* server/listen.c: binding, and taking over what is bound. */
#include "server/listen.h"

#include "core/log.h"
#include "core/net.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/un.h>

enum { BACKLOG = 1024, FIRST_PASSED = 3 };

const struct listener_row listener_rows[LISTENER_ROLES] = {
    [LISTENER_HTTP] = {"http", CONF_LISTEN_HTTP, false, false},
    [LISTENER_HTTPS] = {"https", CONF_LISTEN_HTTPS, true, false},
    [LISTENER_SMTP] = {"smtp", CONF_LISTEN_SMTP, true, true},
    [LISTENER_SUBMISSION] = {"submission", CONF_LISTEN_SUBMISSION, true, true},
    [LISTENER_SUBMISSIONS] = {"submissions", CONF_LISTEN_SUBMISSIONS, true, true},
    [LISTENER_LMTP] = {"lmtp", CONF_LISTEN_LMTP, false, true},
    [LISTENER_IMAP] = {"imap", CONF_LISTEN_IMAP, true, true},
    [LISTENER_IMAPS] = {"imaps", CONF_LISTEN_IMAPS, true, true},
    [LISTENER_POP3] = {"pop3", CONF_LISTEN_POP3, true, true},
    [LISTENER_POP3S] = {"pop3s", CONF_LISTEN_POP3S, true, true},
};

bool listeners_tls(const struct conf *conf)
{
    for (size_t i = 0; i < COUNT_OF(listener_rows); i++)
        if (listener_rows[i].tls && conf_has(conf, listener_rows[i].key))
            return true;
    return false;
}

bool listeners_mail(const struct conf *conf)
{
    for (size_t i = 0; i < COUNT_OF(listener_rows); i++)
        if (listener_rows[i].mail && conf_has(conf, listener_rows[i].key))
            return true;
    return false;
}

struct place { /* a socket address, from its text */
    struct sockaddr_storage sa;
    socklen_t length;
    const char *path; /* of a local socket */
};

struct str control_path(const struct conf *conf, struct arena *a)
{
    return arena_strf(a, "%.*s/control.sock", STR_ARG(conf_str(conf, CONF_SERVER_DATA)));
}

static bool parse_local(const char *path, struct place *out)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    size_t n = strlen(path);
    if (n >= sizeof un.sun_path)
        return false;
    memcpy(un.sun_path, path, n + 1);
    memcpy(&out->sa, &un, sizeof un);
    out->length = sizeof un;
    out->path = path;
    return true;
}

static bool parse_place(const char *where, struct place *out)
{
    struct net_address address;
    uint64_t port;
    struct str s = str_c(where);
    *out = (struct place){0};
    if (str_starts(s, STR("unix:")))
        return parse_local(where + 5, out);
    size_t colon = s.n;
    while (colon && s.p[colon - 1] != ':')
        colon--;
    if (!colon || !str_u64(str_from(s, colon), &port) || port > 65535 ||
        !net_parse(str_slice(s, 0, colon - 1), &address))
        return false;
    out->length = net_to_sockaddr(&address, (int)port, &out->sa);
    return true;
}

/* Does somebody answer at the local socket? A file without a server is left over from one that was killed. */
static bool is_alive(const struct place *p)
{
    SCOPED(scoped_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return fd >= 0 && (connect(fd, (const struct sockaddr *)&p->sa, p->length) == 0 || errno == EAGAIN);
}

static int bind_place(const struct place *p, enum listener_role role)
{
    int one = 1;
    int fd = socket(p->sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (p->sa.ss_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    if (p->path && !is_alive(p))
        unlink(p->path);
    mode_t mask = umask(role == LISTENER_CONTROL ? 0177 : 0111);
    int bound = bind(fd, (const struct sockaddr *)&p->sa, p->length);
    umask(mask);
    if (bound == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static bool same_place(int fd, const struct place *p)
{
    struct sockaddr_storage sa = {0};
    socklen_t length = sizeof sa;
    if (getsockname(fd, (struct sockaddr *)&sa, &length) != 0 || sa.ss_family != p->sa.ss_family)
        return false;
    if (sa.ss_family == AF_UNIX) {
        struct sockaddr_un a, b;
        memcpy(&a, &sa, sizeof a);
        memcpy(&b, &p->sa, sizeof b);
        return strncmp(a.sun_path, b.sun_path, sizeof a.sun_path) == 0;
    }
    struct net_address bound, wanted;
    net_of_sockaddr((struct sockaddr *)&sa, &bound);
    net_of_sockaddr((const struct sockaddr *)&p->sa, &wanted);
    return net_equal(&bound, &wanted) &&
           net_port((struct sockaddr *)&sa) == net_port((const struct sockaddr *)&p->sa);
}

/* sd_listen_fds(3): descriptors 3… of the process that LISTEN_PID names. */
static int passed_by_systemd(const struct place *p)
{
    const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
    uint64_t n;
    if (!pid || !count || !str_u64(str_c(pid), &n) || n != (uint64_t)getpid() || !str_u64(str_c(count), &n))
        return -1;
    for (int fd = FIRST_PASSED; fd < FIRST_PASSED + (int)n && n < LISTENERS_MAX; fd++) {
        int taken = same_place(fd, p) ? fcntl(fd, F_DUPFD_CLOEXEC, FIRST_PASSED) : -1;
        if (taken < 0)
            continue;
        fcntl(taken, F_SETFL, fcntl(taken, F_GETFL) | O_NONBLOCK);
        return taken;
    }
    return -1;
}

static int taken_over(struct listeners *old, enum listener_role role, const char *where)
{
    for (size_t i = 0; old && i < old->count; i++)
        if (old->at[i].fd >= 0 && old->at[i].role == role && strcmp(old->at[i].where, where) == 0)
            return fcntl(old->at[i].fd, F_DUPFD_CLOEXEC, FIRST_PASSED);
    return -1;
}

static enum status add(struct listeners *out, struct listeners *old, enum listener_role role,
                       struct str where, struct buf *why)
{
    struct place p;
    struct listener *l = &out->at[out->count];
    if (out->count == LISTENERS_MAX || where.n >= sizeof l->where) {
        buf_addf(why, "cannot listen on %.*s: too many addresses, or too long", STR_ARG(where));
        return INVALID;
    }
    *l = (struct listener){.role = role};
    memcpy(l->where, where.p, where.n);
    if (!parse_place(l->where, &p)) {
        buf_addf(why, "cannot listen on %.*s: this is no address", STR_ARG(where));
        return INVALID;
    }
    l->fd = taken_over(old, role, l->where);
    if (l->fd < 0)
        l->fd = passed_by_systemd(&p);
    if (l->fd < 0)
        l->fd = bind_place(&p, role);
    if (l->fd < 0) {
        buf_addf(why, "cannot listen on %.*s: %m", STR_ARG(where));
        return E_UNAVAILABLE;
    }
    out->count++;
    return OK;
}

static enum status add_list(struct listeners *out, struct listeners *old, enum listener_role role,
                            const struct conf *conf, enum conf_key key, struct buf *why)
{
    size_t count;
    const struct str *list = conf_list(conf, key, &count);
    enum status st = OK;
    for (size_t i = 0; i < count && st == OK; i++)
        st = add(out, old, role, list[i], why);
    return st;
}

/* Closes without removing files: the same places go on under other descriptors. */
static void close_all(struct listeners *l)
{
    for (size_t i = 0; i < l->count; i++)
        if (l->at[i].fd >= 0)
            close(l->at[i].fd);
    l->count = 0;
}

static bool has(const struct listeners *l, const char *where)
{
    for (size_t i = 0; i < l->count; i++)
        if (strcmp(l->at[i].where, where) == 0)
            return true;
    return false;
}

enum status listeners_open(const struct conf *conf, struct listeners *old, struct listeners *out,
                           struct buf *why)
{
    SCOPED_ARENA(a, 16 * 1024);
    struct str control = control_path(conf, &a);
    out->count = 0;
    enum status st = OK;
    for (size_t i = 0; st == OK && i < COUNT_OF(listener_rows); i++)
        if (listener_rows[i].name)
            st = add_list(out, old, (enum listener_role)i, conf, listener_rows[i].key, why);
    if (st == OK)
        st = add(out, old, LISTENER_CONTROL, arena_strf(&a, "unix:%.*s", STR_ARG(control)), why);
    if (st != OK) {
        close_all(out);
        return st;
    }
    for (size_t i = 0; old && i < old->count; i++)
        if (has(out, old->at[i].where)) {
            close(old->at[i].fd);
            old->at[i].fd = -1;
        }
    if (old)
        listeners_close(old);
    return OK;
}

void listeners_close(struct listeners *l)
{
    for (size_t i = 0; i < l->count; i++)
        if (l->at[i].fd >= 0 && str_starts(str_c(l->at[i].where), STR("unix:")))
            unlink(l->at[i].where + 5);
    close_all(l);
}
