/* server/line_conn.c: one connection: what came goes to the engine, what the engine said to the socket, until one of them has to wait.
 *
 * `pump` is called whenever something may have changed, and does all that can be done now. All of it is on the thread's loop. */
#include "server/line_inside.h"

#include "core/clock.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum {
    ROUNDS = 64,          /* of one connection before the others have their turn */
    PROGRESS = 16 * 1024, /* so much output taken is worth another wait */
    LINGER_US = 2 * 1000000,
    GOODBYE_US = 5 * 1000000, /* for the last words to one who is late */
    KEEP_OUT = 1024,          /* bytes of an empty output that stay */
};

enum step {
    STEP_ON,   /* something was done: look again */
    STEP_WAIT, /* for an event or a timer */
    STEP_TLS,  /* a handshake is wanted */
    STEP_DEFLATE,
    STEP_CLOSE, /* all was said */
    STEP_LOST,  /* the connection is broken */
};

static void pump(struct line_conn *c);

/* ---- the end ---- */
static void unlink_conn(struct line_conn *c)
{
    *c->at = c->next;
    if (c->next)
        c->next->at = c->at;
}

static void release(struct line_conn *c)
{
    if (c->engine)
        c->engine->ops->free(c->engine);
    buf_free(&c->kept);
    line_settings_put(c->settings);
    unlink_conn(c);
    free(c);
}

static void close_socket(struct line_conn *c)
{
    struct loop *loop = c->thread->loop;
    loop_cancel(loop, &c->timer);
    loop_cancel(loop, &c->again);
    if (c->watch.fd < 0)
        return;
    loop_remove(loop, &c->watch);
    line_secure_free(c->secure);
    c->secure = NULL;
    line_deflate_free(c->deflate);
    c->deflate = NULL;
    http_conns_closed(c->thread->front->conns, c->watch.fd);
    close(c->watch.fd);
    c->watch.fd = -1;
}

/* A job that is under way keeps the engine, until it calls `resumed`. */
static void destroy(struct line_conn *c)
{
    close_socket(c);
    if (c->engine && (c->engine->wants & LINE_WANT_RESUME)) {
        c->engine->gone = true;
        c->phase = PHASE_GONE;
        return;
    }
    release(c);
}

static void watch(struct line_conn *c, uint32_t events)
{
    if (events != c->events && loop_change(c->thread->loop, &c->watch, events) == OK)
        c->events = events;
}

static void expire_in(struct line_conn *c, int64_t us)
{
    c->deadline = clock_mono_us() + us;
    loop_arm(c->thread->loop, &c->timer, us);
}

/* Closing with input unread would throw away what the peer has not read yet: so it is waited for, shortly. */
static void linger(struct line_conn *c)
{
    if (c->secure)
        line_secure_bye(c->secure);
    if (c->ended || shutdown(c->watch.fd, SHUT_WR) != 0) {
        destroy(c);
        return;
    }
    c->engine->ops->free(c->engine);
    c->engine = NULL;
    buf_free(&c->kept);
    c->phase = PHASE_LINGER;
    watch(c, EPOLLIN);
    expire_in(c, LINGER_US);
}

static void discard(struct line_conn *c)
{
    ssize_t n;
    int rounds = 0;
    do
        n = recv(c->watch.fd, c->thread->scratch, sizeof c->thread->scratch, 0);
    while (n > 0 && ++rounds < ROUNDS);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        destroy(c);
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

static enum line_io receive_raw(struct line_conn *c, char *to, size_t room, size_t *got)
{
    if (c->secure)
        return line_secure_read(c->secure, to, room, got);
    ssize_t n = recv(c->watch.fd, to, room, 0);
    *got = n > 0 ? (size_t)n : 0;
    return plain(n, LINE_IO_READ);
}

static enum line_io transmit_raw(struct line_conn *c, struct str bytes, size_t *sent)
{
    if (c->secure)
        return line_secure_write(c->secure, bytes, sent);
    ssize_t n = send(c->watch.fd, bytes.p, bytes.n, MSG_NOSIGNAL);
    *sent = n > 0 ? (size_t)n : 0;
    return plain(n, LINE_IO_WRITE);
}

/* The socket is asked only when what it brought before is used up. */
static enum line_io receive(struct line_conn *c, char *to, size_t room, size_t *got)
{
    if (!c->deflate)
        return receive_raw(c, to, room, got);
    for (;;) {
        enum status st = line_deflate_get(c->deflate, to, room, got);
        if (st != OK)
            return st == GONE ? LINE_IO_END : LINE_IO_BROKEN;
        if (*got)
            return LINE_IO_DONE;
        size_t piece, n = 0;
        char *at = line_deflate_room(c->deflate, &piece);
        enum line_io io = receive_raw(c, at, piece, &n);
        if (io != LINE_IO_DONE)
            return io;
        line_deflate_got(c->deflate, n);
    }
}

/* Compressed bytes of before go first; *sent counts what the compressor took. */
static enum line_io transmit(struct line_conn *c, struct str bytes, size_t *sent)
{
    if (!c->deflate)
        return transmit_raw(c, bytes, sent);
    if (bytes.n && !line_deflate_waiting(c->deflate).n && line_deflate_put(c->deflate, bytes, sent) != OK)
        return LINE_IO_BROKEN;
    while (line_deflate_waiting(c->deflate).n) {
        size_t n = 0;
        enum line_io io = transmit_raw(c, line_deflate_waiting(c->deflate), &n);
        if (io != LINE_IO_DONE)
            return io;
        line_deflate_sent(c->deflate, n);
    }
    return LINE_IO_DONE;
}

static size_t unsent(const struct line_conn *c)
{
    size_t waiting = c->deflate ? line_deflate_waiting(c->deflate).n : 0;
    return c->engine->out.n - c->sent + waiting;
}

static void compact(struct line_conn *c)
{
    struct buf *out = &c->engine->out;
    if (c->sent < out->n / 2 + 1)
        return;
    memmove(out->p, out->p + c->sent, out->n - c->sent);
    buf_cut(out, out->n - c->sent);
    c->sent = 0;
    if (!out->n && out->cap > KEEP_OUT)
        buf_free(out);
}

/* Sends what the engine has said, as far as the socket takes it. */
static enum step flush(struct line_conn *c)
{
    struct buf *out = &c->engine->out;
    while (unsent(c) && !c->blocked) {
        size_t n = 0;
        enum line_io io = transmit(c, str_from(buf_view(out), c->sent), &n);
        c->sent += n;
        c->progress += n;
        compact(c);
        if (io == LINE_IO_READ || io == LINE_IO_WRITE) {
            c->blocked = io == LINE_IO_READ ? EPOLLIN : EPOLLOUT;
            break;
        }
        if (io != LINE_IO_DONE)
            return STEP_LOST;
    }
    return STEP_WAIT;
}

/* What the engine leaves is kept, at most LINE_INPUT bytes. */
static bool feed(struct line_conn *c, char *bytes, size_t n)
{
    struct str in = str_n(bytes, n);
    line_feed(c->engine, &in);
    bool taken = in.n < n;
    if (bytes == c->kept.p) {
        memmove(c->kept.p, in.p, in.n);
        buf_cut(&c->kept, in.n);
    } else {
        buf_clear(&c->kept);
        buf_add(&c->kept, in);
    }
    if (!c->kept.n)
        buf_free(&c->kept);
    return taken;
}

static enum step take_input(struct line_conn *c)
{
    char *scratch = c->thread->scratch;
    size_t kept = c->kept.n, got = 0;
    if (kept && feed(c, c->kept.p, kept))
        return STEP_ON;
    if (!line_ready(c->engine))
        return STEP_ON;
    if (kept >= LINE_INPUT)
        return STEP_LOST; /* an engine that takes nothing of so much */
    if (c->ended)
        return STEP_CLOSE;
    if (kept)
        memcpy(scratch, c->kept.p, kept);
    switch (receive(c, scratch + kept, LINE_INPUT - kept, &got)) {
    case LINE_IO_DONE:
        feed(c, scratch, kept + got);
        return c->kept.st == OK ? STEP_ON : STEP_LOST;
    case LINE_IO_END:
        c->ended = true;
        return STEP_ON;
    case LINE_IO_READ:
    case LINE_IO_WRITE:
        return STEP_WAIT;
    case LINE_IO_BROKEN:
    default:
        return STEP_LOST;
    }
}

/* ---- the pump ---- */
static enum step step(struct line_conn *c)
{
    struct line_engine *e = c->engine;
    if (e->wants & LINE_WANT_PAUSE)
        return STEP_WAIT;
    if (flush(c) == STEP_LOST)
        return STEP_LOST;
    if (e->wants & LINE_WANT_RESUME)
        return STEP_WAIT;
    if ((e->wants & LINE_WANT_ROOM) && !(e->wants & LINE_WANT_CLOSE) && e->out.n - c->sent <= LINE_OUT_LOW) {
        e->wants &= ~(unsigned)LINE_WANT_ROOM;
        e->ops->event(e, LINE_ROOM);
        return STEP_ON;
    }
    if (unsent(c) && !line_ready(e))
        return STEP_WAIT; /* for the peer to read */
    if (e->wants & LINE_WANT_CLOSE)
        return STEP_CLOSE;
    if (e->wants & LINE_WANT_TLS)
        return STEP_TLS;
    if (e->wants & LINE_WANT_DEFLATE)
        return STEP_DEFLATE;
    return take_input(c);
}

static uint32_t events_of(const struct line_conn *c)
{
    const struct line_engine *e = c->engine;
    if (e->wants & LINE_WANT_PAUSE)
        return e->wants & LINE_WANT_EARLY ? EPOLLIN : 0;
    return c->blocked | (line_ready(e) && !c->ended ? EPOLLIN : 0);
}

/* When the wait for the peer ends. A pause has its own end. */
static void set_timer(struct line_conn *c)
{
    struct line_engine *e = c->engine;
    if (e->wants & LINE_WANT_PAUSE) {
        if (!c->pausing)
            expire_in(c, (int64_t)e->pause_ms * 1000);
        c->pausing = true;
        return;
    }
    if (c->late)
        return;
    if (e->turn != c->turn || c->progress >= PROGRESS || !c->deadline) {
        c->turn = e->turn;
        c->progress = 0;
        c->deadline = clock_mono_us() + (int64_t)e->wait_s * 1000000;
    }
    if (!c->timer.slot || c->timer.due > c->deadline) /* one that is too early looks again */
        loop_arm(c->thread->loop, &c->timer, c->deadline - clock_mono_us());
}

/* Is there input that no event of the socket will tell of? */
static bool pending(const struct line_conn *c)
{
    return (c->secure && line_secure_pending(c->secure)) || (c->deflate && line_deflate_pending(c->deflate));
}

/* Everything said before is sent as it is. What came behind the command is of the new stream: it waits for the inflater. */
static enum step start_deflate(struct line_conn *c)
{
    size_t room;
    if (c->deflate || line_deflate_new(&c->deflate) != OK)
        return STEP_LOST;
    char *at = line_deflate_room(c->deflate, &room);
    memcpy(at, c->kept.p ? c->kept.p : "", c->kept.n); /* at most LINE_INPUT */
    line_deflate_got(c->deflate, c->kept.n);
    buf_free(&c->kept);
    c->engine->wants &= ~(unsigned)LINE_WANT_DEFLATE;
    c->engine->ops->event(c->engine, LINE_DEFLATED);
    return STEP_ON;
}

static void start_handshake(struct line_conn *c);

static void pump(struct line_conn *c)
{
    enum step s = STEP_ON;
    for (int round = 0; s == STEP_ON && round < ROUNDS; round++) {
        s = step(c);
        if (s == STEP_DEFLATE)
            s = start_deflate(c);
    }
    switch (s) {
    case STEP_ON:
    case STEP_WAIT:
        if (s == STEP_ON || (line_ready(c->engine) && pending(c)))
            loop_arm(c->thread->loop, &c->again, 0);
        watch(c, events_of(c));
        set_timer(c);
        break;
    case STEP_TLS:
        start_handshake(c);
        break;
    case STEP_CLOSE:
        linger(c);
        break;
    case STEP_DEFLATE: /* done in the loop */
    case STEP_LOST:
    default:
        destroy(c);
        break;
    }
}

static void on_resumed(struct line_engine *e)
{
    struct line_conn *c = e->connection;
    if (c->phase == PHASE_GONE)
        release(c);
    else
        pump(c);
}

static void on_again(struct loop_timer *t)
{
    pump(CONTAINER_OF(t, struct line_conn, again));
}

/* ---- beginning ---- */
static void open_engine(struct line_conn *c)
{
    c->engine = c->service.make(c->service.ctx, &c->peer);
    if (!c->engine) {
        destroy(c);
        return;
    }
    c->phase = PHASE_OPEN;
    c->engine->connection = c;
    c->engine->loop = c->thread->loop;
    c->engine->resumed = on_resumed;
    c->engine->tls = c->secure ? &c->tls : NULL;
    c->deadline = 0;
    loop_cancel(c->thread->loop, &c->timer);
    c->engine->ops->start(c->engine);
    pump(c);
}

static void handshake(struct line_conn *c)
{
    enum line_io io = line_secure_handshake(c->secure);
    if (io == LINE_IO_READ || io == LINE_IO_WRITE) {
        watch(c, io == LINE_IO_READ ? EPOLLIN : EPOLLOUT);
        return;
    }
    if (io != LINE_IO_DONE) {
        destroy(c);
        return;
    }
    line_secure_info(c->secure, &c->tls);
    if (!c->engine) {
        open_engine(c);
        return;
    }
    c->phase = PHASE_OPEN;
    c->engine->tls = &c->tls;
    c->engine->wants &= ~(unsigned)LINE_WANT_TLS;
    c->deadline = 0;
    loop_cancel(c->thread->loop, &c->timer);
    c->engine->ops->event(c->engine, LINE_SECURED);
    pump(c);
}

/* What came before it in the clear is forgotten (RFC 3207 section 4.2). */
static void start_handshake(struct line_conn *c)
{
    buf_free(&c->kept);
    if (line_secure_new(c->thread->front->keys, c->watch.fd, &c->secure) != OK) {
        destroy(c);
        return;
    }
    c->phase = PHASE_HANDSHAKE;
    expire_in(c, (int64_t)c->settings->handshake_s * 1000000);
    handshake(c);
}

static void begin(struct line_conn *c)
{
    if (c->service.tls)
        start_handshake(c);
    else
        open_engine(c);
}

/* Not a byte more than the header is read: what follows it may be TLS. */
static void read_proxy(struct line_conn *c)
{
    struct http_conns *conns = c->thread->front->conns;
    size_t used = 0;
    enum status st;
    while ((st = proxy_parse(buf_view(&c->kept), &used, &c->peer)) == TRUNCATED) {
        size_t want = used - c->kept.n;
        char *to = buf_reserve(&c->kept, want);
        ssize_t n = to ? recv(c->watch.fd, to, want, 0) : 0;
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n <= 0)
            break;
        buf_commit(&c->kept, (size_t)n);
    }
    buf_free(&c->kept);
    if (st != OK || !http_conns_admit(conns, c->watch.fd, &c->peer.address, !c->peer.address.bits, INT64_MAX))
        destroy(c);
    else
        begin(c);
}

/* ---- events ---- */
/* Someone who speaks before the greeting. */
static void early(struct line_conn *c)
{
    char byte;
    enum line_io io = plain(recv(c->watch.fd, &byte, 1, MSG_PEEK), LINE_IO_READ);
    if (io != LINE_IO_DONE) {
        if (io != LINE_IO_READ)
            destroy(c);
        return;
    }
    c->pausing = false;
    c->deadline = 0;
    c->engine->wants &= ~(unsigned)(LINE_WANT_PAUSE | LINE_WANT_EARLY);
    loop_cancel(c->thread->loop, &c->timer);
    c->engine->ops->event(c->engine, LINE_EARLY);
    pump(c);
}

static void on_open(struct line_conn *c, uint32_t events)
{
    if (events & (EPOLLHUP | EPOLLERR) && c->engine->wants & (LINE_WANT_RESUME | LINE_WANT_PAUSE)) {
        destroy(c); /* nobody is there for the answer */
        return;
    }
    if (c->pausing && (events & EPOLLIN)) {
        early(c);
        return;
    }
    if (events & (c->blocked | EPOLLHUP | EPOLLERR))
        c->blocked = 0;
    pump(c);
}

static void on_ready(struct loop_watch *w, uint32_t events)
{
    struct line_conn *c = CONTAINER_OF(w, struct line_conn, watch);
    switch (c->phase) {
    case PHASE_PROXY:
        read_proxy(c);
        break;
    case PHASE_HANDSHAKE:
        handshake(c);
        break;
    case PHASE_OPEN:
        on_open(c, events);
        break;
    case PHASE_LINGER:
        discard(c);
        break;
    case PHASE_GONE:
        break;
    }
}

static void end_pause(struct line_conn *c)
{
    c->pausing = false;
    c->deadline = 0;
    c->engine->wants &= ~(unsigned)(LINE_WANT_PAUSE | LINE_WANT_EARLY);
    c->engine->ops->event(c->engine, LINE_CONTINUE);
    pump(c);
}

static void on_timer(struct loop_timer *t)
{
    struct line_conn *c = CONTAINER_OF(t, struct line_conn, timer);
    int64_t left = c->deadline - clock_mono_us();
    if (left > 0) {
        loop_arm(c->thread->loop, t, left);
    } else if (c->phase != PHASE_OPEN) {
        destroy(c);
    } else if (c->pausing) {
        end_pause(c);
    } else if (c->engine->wants & LINE_WANT_RESUME) {
        c->deadline = 0; /* it is our turn */
        set_timer(c);
    } else if (c->late || unsent(c)) {
        destroy(c);
    } else {
        c->late = true;
        c->engine->ops->event(c->engine, LINE_LATE);
        expire_in(c, GOODBYE_US);
        pump(c);
    }
}

/* ---- life ---- */
static bool is_proxy(const struct line_conn *c)
{
    return net_in_any(&c->peer.address, c->settings->proxy, c->settings->count);
}

static void opened(struct loop_post *p)
{
    struct line_conn *c = CONTAINER_OF(p, struct line_conn, post);
    struct line_thread *t = c->thread;
    c->next = t->first;
    c->at = &t->first;
    if (c->next)
        c->next->at = &c->next;
    t->first = c;
    c->events = EPOLLIN;
    if (loop_add(t->loop, &c->watch, EPOLLIN) != OK) {
        destroy(c);
        return;
    }
    c->phase = PHASE_PROXY;
    if (is_proxy(c))
        expire_in(c, (int64_t)c->settings->handshake_s * 1000000);
    else
        begin(c);
}

void line_conn_open(struct line_thread *t, int fd, const struct line_peer *peer,
                    const struct line_service *service, struct line_settings *settings)
{
    struct line_conn *c = calloc(1, sizeof *c);
    if (!c) {
        http_conns_closed(t->front->conns, fd);
        line_settings_put(settings);
        close(fd);
        return;
    }
    *c = (struct line_conn){.thread = t,
                            .settings = settings,
                            .service = *service,
                            .peer = *peer,
                            .watch = {fd, on_ready},
                            .timer.fn = on_timer,
                            .again.fn = on_again,
                            .post.fn = opened,
                            .kept = BUF_INIT(LINE_INPUT)};
    loop_post(t->loop, &c->post);
}

static void drain(struct line_conn *c)
{
    if (c->phase == PHASE_GONE || c->told)
        return;
    if (c->phase != PHASE_OPEN) {
        destroy(c);
        return;
    }
    if (c->engine->wants & LINE_WANT_RESUME)
        return; /* asked again soon */
    c->told = true;
    c->engine->ops->event(c->engine, LINE_DRAIN);
    pump(c);
}

void line_conns_drain(struct line_thread *t)
{
    for (struct line_conn *c = t->first, *next; c; c = next) {
        next = c->next;
        drain(c);
    }
}

void line_conns_free(struct line_thread *t)
{
    for (struct line_conn *c = t->first, *next; c; c = next) {
        next = c->next;
        close_socket(c);
        release(c);
    }
}
