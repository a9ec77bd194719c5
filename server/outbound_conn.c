/* server/outbound_conn.c: one connection to a mail server: its socket, TLS and timers around the engine of mailcore/relay/relay.h.
 *
 * It goes through the destination's addresses until one takes a connection, greets, and lets us begin; then it carries attempt after
 * attempt. When TLS fails that was only offered, the same address is tried without (RFC 7435). */
#include "server/outbound_inside.h"

#include "core/clock.h"
#include "core/log.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

enum {
    SCRATCH = 16 * 1024,
    OUT_MOST = 1 << 20,
    OUT_LOW = 16 * 1024,
    PUSH = 64 * 1024,
    ROUNDS = 64,
    PROGRESS = 16 * 1024,
    QUIT_SECONDS = 5,
};

enum phase { PHASE_CONNECT, PHASE_OPEN, PHASE_HANDSHAKE };

struct conn {
    struct outbound *o;
    struct dest *dest;
    struct conn *next;
    struct outbound_settings *settings;
    struct arena arena;
    struct target *targets; /* copies of the destination's */
    size_t target_count, target;
    struct loop_watch watch;
    struct loop_timer timer, again;
    struct relay relay;
    struct line_secure *secure;
    struct buf out, why;
    size_t sent, progress, turn;
    uint32_t blocked;
    enum phase phase;
    enum relay_event event;
    struct attempt *attempt;
    size_t mails;
    bool without_tls, ready; /* ready: it got as far as to take mail */
};

static void pump(struct conn *c);
static void connect_next(struct conn *c);
static void react(struct conn *c);

struct conn *conn_next(const struct conn *c)
{
    return c->next;
}

/* ---- the end ---- */
static void close_socket(struct conn *c)
{
    loop_cancel(c->o->loop, &c->timer);
    loop_cancel(c->o->loop, &c->again);
    line_secure_free(c->secure);
    c->secure = NULL;
    if (c->watch.fd < 0)
        return;
    loop_remove(c->o->loop, &c->watch);
    close(c->watch.fd);
    c->watch.fd = -1;
}

static void destroy(struct conn *c)
{
    struct outbound *o = c->o;
    struct dest *d = c->dest;
    struct conn **at = &d->conns;
    close_socket(c);
    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    d->conn_count--;
    o->connection_count--;
    if (c->attempt)
        c->attempt->conn = NULL; /* it looks for another when it is ready */
    relay_free(&c->relay);
    buf_free(&c->out);
    buf_free(&c->why);
    outbound_settings_put(c->settings);
    arena_free(&c->arena);
    free(c);
    outbound_less(o);
}

static const struct target *target_of(const struct conn *c)
{
    return &c->targets[c->target];
}

/* Another address, or nobody can be reached. */
static void give_up_target(struct conn *c, const char *why)
{
    struct dest *d = c->dest;
    close_socket(c);
    buf_clear(&c->why);
    buf_addz(&c->why, why);
    if (c->ready || c->o->stopping) {
        destroy(c);
        dest_work(d);
        return;
    }
    c->target++;
    c->without_tls = false;
    if (c->target < c->target_count && c->target < TRIES_MOST) {
        connect_next(c);
        return;
    }
    SCOPED_BUF(text, 1024);
    SCOPED_BUF(host, 256);
    buf_add(&text, buf_view(&c->why));
    buf_add(&host, c->targets[c->target - 1].host);
    bool last = d->conn_count == 1;
    destroy(c);
    if (last)
        dest_block(
            d, &(struct outcome){.status = STR("4.4.1"), .host = buf_view(&host), .text = buf_view(&text)},
            MAIL_LATER);
    else
        dest_work(d);
}

/* The engine has ended, or the socket. */
static void lost(struct conn *c, const char *why)
{
    if (c->relay.state != RELAY_OVER)
        relay_lost(&c->relay, str_c(why));
    SCOPED_BUF(text, sizeof c->relay.why);
    buf_addz(&text, c->relay.why[0] ? c->relay.why : why);
    give_up_target(c, buf_c(&text));
}

/* ---- time ---- */
static int64_t wait_of(const struct conn *c)
{
    const struct outbound_settings *s = c->settings;
    if (c->o->stopping && c->relay.state == RELAY_QUIT)
        return 1;
    switch (c->relay.state) {
    case RELAY_IDLE:
        return c->attempt ? s->command_timeout : s->idle;
    case RELAY_TEXT:
    case RELAY_CHUNK:
        return s->text_timeout;
    case RELAY_END:
        return s->end_timeout;
    case RELAY_QUIT:
        return QUIT_SECONDS;
    case RELAY_HANDSHAKE:
        return s->connect_timeout;
    case RELAY_GREETING:
    case RELAY_EHLO:
    case RELAY_HELO:
    case RELAY_STARTTLS:
    case RELAY_AUTH:
    case RELAY_AUTH_USER:
    case RELAY_AUTH_PASSWORD:
    case RELAY_ENVELOPE:
    case RELAY_RESET:
    case RELAY_OVER:
    default:
        return s->command_timeout;
    }
}

/* A byte now and then is no progress: a turn of the engine is, or so much text taken. */
static void set_timer(struct conn *c)
{
    size_t turn = (size_t)c->relay.state * 1000003 + c->relay.answered * 17 + c->relay.final + c->mails * 31 +
                  (c->attempt ? 7 : 0) + c->relay.mail_answered;
    if (turn == c->turn && c->progress < PROGRESS && c->timer.slot)
        return;
    c->turn = turn;
    c->progress = 0;
    loop_arm(c->o->loop, &c->timer, wait_of(c) * 1000000);
}

static void quit(struct conn *c)
{
    relay_quit(&c->relay, &c->out);
    c->event = RELAY_READ;
    if (c->relay.state == RELAY_OVER)
        c->event = RELAY_CLOSED;
}

static void on_timer(struct loop_timer *t)
{
    struct conn *c = CONTAINER_OF(t, struct conn, timer);
    if (c->phase == PHASE_CONNECT) {
        give_up_target(c, "the connection is not answered in time");
    } else if (c->phase == PHASE_HANDSHAKE) {
        lost(c, "TLS takes too long");
    } else if (c->relay.state == RELAY_IDLE && !c->attempt) {
        quit(c);
        pump(c);
    } else {
        lost(c, "the server does not answer in time");
    }
}

/* ---- the socket ---- */
static enum line_io plain(ssize_t n, enum line_io wait)
{
    if (n > 0)
        return LINE_IO_DONE;
    if (n == 0)
        return LINE_IO_END;
    return errno == EAGAIN || errno == EINTR ? wait : LINE_IO_BROKEN;
}

static enum line_io receive(struct conn *c, char *to, size_t room, size_t *got)
{
    if (c->secure)
        return line_secure_read(c->secure, to, room, got);
    ssize_t n = recv(c->watch.fd, to, room, 0);
    *got = n > 0 ? (size_t)n : 0;
    return plain(n, LINE_IO_READ);
}

static enum line_io transmit(struct conn *c, struct str bytes, size_t *sent)
{
    if (c->secure)
        return line_secure_write(c->secure, bytes, sent);
    ssize_t n = send(c->watch.fd, bytes.p, bytes.n, MSG_NOSIGNAL);
    *sent = n > 0 ? (size_t)n : 0;
    return plain(n, LINE_IO_WRITE);
}

static bool flush(struct conn *c)
{
    while (c->out.n > c->sent && !c->blocked) {
        size_t n = 0;
        enum line_io io = transmit(c, str_from(buf_view(&c->out), c->sent), &n);
        if (io == LINE_IO_READ || io == LINE_IO_WRITE) {
            c->blocked = io == LINE_IO_READ ? EPOLLIN : EPOLLOUT;
            return true;
        }
        if (io != LINE_IO_DONE)
            return false;
        c->sent += n;
        c->progress += n;
    }
    if (c->sent == c->out.n) {
        buf_clear(&c->out);
        c->sent = 0;
    }
    return true;
}

/* ---- the pump ---- */
enum step { STEP_ON, STEP_WAIT, STEP_GONE };

static void start_handshake(struct conn *c);

static enum step take_input(struct conn *c)
{
    char scratch[SCRATCH];
    size_t n = 0;
    switch (receive(c, scratch, sizeof scratch, &n)) {
    case LINE_IO_DONE: {
        enum relay_event e = relay_read(&c->relay, str_n(scratch, n), &c->out);
        if (e != RELAY_READ || c->event != RELAY_PULL)
            c->event = e;
        if (c->relay.state != RELAY_TEXT && c->relay.state != RELAY_CHUNK && c->event == RELAY_PULL)
            c->event = RELAY_READ;
        return STEP_ON;
    }
    case LINE_IO_READ:
    case LINE_IO_WRITE:
        return STEP_WAIT;
    case LINE_IO_END:
    case LINE_IO_BROKEN:
    default:
        lost(c, "the server has closed the connection");
        return STEP_GONE;
    }
}

static enum step step(struct conn *c)
{
    if (!flush(c)) {
        lost(c, "the connection broke");
        return STEP_GONE;
    }
    if (c->event == RELAY_CLOSED) {
        lost(c, "closed");
        return STEP_GONE;
    }
    if (c->event == RELAY_TLS) {
        if (c->out.n)
            return STEP_WAIT;
        start_handshake(c);
        return STEP_GONE;
    }
    if (c->event == RELAY_READY) {
        c->event = RELAY_READ;
        react(c);
        return STEP_ON;
    }
    if (c->event == RELAY_PULL && c->out.n - c->sent < OUT_LOW) {
        c->event = relay_push(&c->relay, PUSH, &c->out);
        return c->out.st == OK ? STEP_ON : (lost(c, "no memory"), STEP_GONE);
    }
    return take_input(c);
}

static void pump(struct conn *c)
{
    enum step s = STEP_ON;
    for (int round = 0; s == STEP_ON && round < ROUNDS; round++)
        s = step(c);
    if (s == STEP_GONE)
        return;
    if (s == STEP_ON || (c->secure && line_secure_pending(c->secure)))
        loop_arm(c->o->loop, &c->again, 0);
    loop_change(c->o->loop, &c->watch, EPOLLIN | c->blocked);
    set_timer(c);
}

static void on_again(struct loop_timer *t)
{
    struct conn *c = CONTAINER_OF(t, struct conn, again);
    if (c->phase == PHASE_OPEN)
        pump(c);
}

/* ---- TLS ---- */
static void handshake(struct conn *c)
{
    enum line_io io = line_secure_handshake(c->secure);
    if (io == LINE_IO_READ || io == LINE_IO_WRITE) {
        loop_change(c->o->loop, &c->watch, io == LINE_IO_READ ? EPOLLIN : EPOLLOUT);
        return;
    }
    if (io == LINE_IO_DONE) {
        c->phase = PHASE_OPEN;
        c->event = relay_secured(&c->relay, &c->out);
        pump(c);
        return;
    }
    SCOPED_BUF(why, 512);
    line_secure_why(c->secure, &why);
    if (c->settings->tls == TLS_OFFERED && !c->without_tls) {
        log_info("mail: %.*s: %s: it is tried without TLS", STR_ARG(target_of(c)->host), buf_c(&why));
        close_socket(c);
        c->without_tls = true;
        connect_next(c);
        return;
    }
    lost(c, buf_c(&why));
}

static void start_handshake(struct conn *c)
{
    bool verify = c->settings->tls == TLS_VERIFIED;
    c->phase = PHASE_HANDSHAKE;
    c->blocked = 0;
    loop_arm(c->o->loop, &c->timer, c->settings->connect_timeout * 1000000);
    if (line_secure_connect(c->settings->trust, c->watch.fd, target_of(c)->host, verify, &c->secure) != OK)
        lost(c, "TLS cannot be begun");
    else
        handshake(c);
}

/* ---- connecting ---- */
static void opened(struct conn *c)
{
    static const enum relay_tls how[] = {[TLS_NEVER] = RELAY_TLS_NEVER,
                                         [TLS_OFFERED] = RELAY_TLS_OFFERED,
                                         [TLS_ALWAYS] = RELAY_TLS_ALWAYS,
                                         [TLS_VERIFIED] = RELAY_TLS_ALWAYS};
    const struct outbound_settings *s = c->settings;
    bool local = c->dest->route.kind == ROUTE_UNIX;
    bool login = s->has_relay && c->dest->route.kind == ROUTE_HOST &&
                 str_eq(c->dest->route.host, s->relay.host) && c->dest->route.port == s->relay.port;
    struct relay_config config = {
        .hostname = s->hostname,
        .lmtp = c->dest->route.lmtp,
        .tls = c->without_tls || local ? RELAY_TLS_NEVER : how[s->tls],
        .user = login ? s->user : STR_NONE,
        .password = login ? s->password : STR_NONE,
        .auth_in_clear = net_loopback(&target_of(c)->address),
    };
    relay_free(&c->relay);
    relay_init(&c->relay, &config);
    c->phase = PHASE_OPEN;
    c->event = RELAY_READ;
    c->turn = 0;
    buf_clear(&c->out);
    c->sent = 0;
    loop_cancel(c->o->loop, &c->timer);
    pump(c);
}

static void connected(struct conn *c)
{
    int error = 0;
    socklen_t n = sizeof error;
    if (getsockopt(c->watch.fd, SOL_SOCKET, SO_ERROR, &error, &n) == 0 && !error) {
        opened(c);
        return;
    }
    give_up_target(c, strerrordesc_np(error));
}

static void on_ready(struct loop_watch *w, uint32_t events)
{
    struct conn *c = CONTAINER_OF(w, struct conn, watch);
    switch (c->phase) {
    case PHASE_CONNECT:
        connected(c);
        break;
    case PHASE_HANDSHAKE:
        handshake(c);
        break;
    case PHASE_OPEN:
    default:
        if (events & (c->blocked | EPOLLHUP | EPOLLERR))
            c->blocked = 0;
        pump(c);
        break;
    }
}

static socklen_t address_of(const struct conn *c, struct sockaddr_storage *out)
{
    const struct route *r = &c->dest->route;
    if (r->kind != ROUTE_UNIX)
        return net_to_sockaddr(&target_of(c)->address, r->kind == ROUTE_MX ? c->settings->port : r->port,
                               out);
    struct sockaddr_un u = {.sun_family = AF_UNIX};
    memcpy(u.sun_path, r->host.p, r->host.n < sizeof u.sun_path ? r->host.n : sizeof u.sun_path - 1);
    memcpy(out, &u, sizeof u);
    return sizeof u;
}

static bool bind_source(const struct conn *c, int family)
{
    const struct net_address *source = &c->settings->source[family == AF_INET6];
    struct sockaddr_storage from;
    if (family == AF_UNIX || !source->bits)
        return true;
    socklen_t n = net_to_sockaddr(source, 0, &from);
    return bind(c->watch.fd, (struct sockaddr *)&from, n) == 0;
}

/* NULL: it is under way. */
static const char *try_connect(struct conn *c)
{
    struct sockaddr_storage to = {0};
    socklen_t n = address_of(c, &to);
    c->watch =
        (struct loop_watch){socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on_ready};
    if (c->watch.fd < 0)
        return "no socket can be had";
    if (loop_add(c->o->loop, &c->watch, EPOLLOUT) != OK) {
        close(c->watch.fd);
        c->watch.fd = -1;
        return "no memory";
    }
    if (!bind_source(c, to.ss_family))
        return "relay.source is no address of this machine";
    if (connect(c->watch.fd, (struct sockaddr *)&to, n) != 0 && errno != EINPROGRESS && errno != EAGAIN)
        return strerrordesc_np(errno);
    return NULL;
}

static void connect_now(struct loop_timer *t)
{
    struct conn *c = CONTAINER_OF(t, struct conn, timer);
    c->timer.fn = on_timer;
    const char *why = try_connect(c);
    if (why)
        give_up_target(c, why);
    else
        loop_arm(c->o->loop, &c->timer, c->settings->connect_timeout * 1000000);
}

/* From the loop, so that a list of dead addresses is no recursion. */
static void connect_next(struct conn *c)
{
    c->phase = PHASE_CONNECT;
    c->blocked = 0;
    c->timer.fn = connect_now;
    loop_arm(c->o->loop, &c->timer, 0);
}

bool conn_open(struct dest *d)
{
    struct outbound *o = d->o;
    struct conn *c = calloc(1, sizeof *c);
    if (!c)
        return false;
    *c = (struct conn){.o = o,
                       .dest = d,
                       .next = d->conns,
                       .settings = outbound_settings_get(o->settings),
                       .arena = ARENA_INIT(64 * 1024),
                       .watch.fd = -1,
                       .again.fn = on_again,
                       .out = BUF_INIT(OUT_MOST),
                       .why = BUF_INIT(1024),
                       .target_count = d->found_count};
    c->targets = ARENA_ARRAY(&c->arena, struct target, d->found_count);
    for (size_t i = 0; c->targets && i < d->found_count; i++)
        c->targets[i] = (struct target){arena_str(&c->arena, d->found[i].host), d->found[i].address};
    if (!c->targets || c->arena.st != OK) {
        outbound_settings_put(c->settings);
        arena_free(&c->arena);
        free(c);
        return false;
    }
    d->conns = c;
    d->conn_count++;
    o->connection_count++;
    atomic_fetch_add(&o->open, 1);
    connect_next(c);
    return true;
}

size_t conn_opening(const struct dest *d)
{
    size_t n = 0;
    for (const struct conn *c = d->conns; c; c = c->next)
        n += !c->ready;
    return n;
}

/* ---- mail after mail ---- */

/* The server waits for a mail. */
static void react(struct conn *c)
{
    c->ready = true;
    if (c->attempt)
        return;
    bool worn = c->mails >= c->settings->connection_mails || c->o->stopping || c->settings != c->o->settings;
    struct attempt *a = worn ? NULL : dest_take(c->dest);
    if (a) {
        c->attempt = a;
        c->mails++;
        attempt_begin(a, c);
    } else if (worn || !c->settings->idle) {
        quit(c);
    }
}

bool conn_wake_idle(struct dest *d)
{
    for (struct conn *c = d->conns; c; c = c->next)
        if (c->ready && c->phase == PHASE_OPEN && c->relay.state == RELAY_IDLE && !c->attempt &&
            c->event == RELAY_READ) {
            struct attempt *before = d->first;
            react(c);
            if (c->relay.state == RELAY_QUIT)
                loop_arm(c->o->loop, &c->again, 0);
            else
                set_timer(c);
            if (d->first != before || c->attempt)
                return true;
        }
    return false;
}

static void on_result(struct mail *m, size_t i, const struct mail_result *r)
{
    struct attempt *a = CONTAINER_OF(m, struct attempt, mail);
    struct outcome o = {.status = str_c(r->status), .text = r->reply, .notifies = r->dsn};
    if (r->remote || r->outcome != MAIL_LATER)
        o.host = a->conn ? target_of(a->conn)->host : STR_NONE;
    attempt_result(a, a->mail_index[i], r->outcome, &o);
}

static void on_done(struct mail *m)
{
    struct attempt *a = CONTAINER_OF(m, struct attempt, mail);
    struct conn *c = a->conn;
    if (c)
        c->attempt = NULL;
    a->conn = NULL;
    attempt_end(a);
}

void conn_send(struct conn *c, struct attempt *a)
{
    a->mail.result = on_result;
    a->mail.done = on_done;
    c->event = relay_send(&c->relay, &a->mail, &c->out);
    pump(c);
}

void conn_free_again(struct conn *c)
{
    c->attempt = NULL;
    c->event = RELAY_READY;
    loop_arm(c->o->loop, &c->again, 0);
}

const struct relay *conn_relay(const struct conn *c)
{
    return &c->relay;
}

void conn_drain(struct conn *c, bool at_once)
{
    if (c->ready && c->phase == PHASE_OPEN && !at_once) {
        if (c->relay.state == RELAY_IDLE && !c->attempt) {
            quit(c);
            c->turn = 0;
            pump(c);
        }
        return;
    }
    if (c->phase == PHASE_OPEN || c->phase == PHASE_HANDSHAKE)
        lost(c, "the server stops");
    else
        give_up_target(c, "the server stops");
}
