/* server/http_request.c: an exchange from its first line to its last byte, as the library calls for it. */
#include "server/http_mhd.h"

#include "core/clock.h"
#include "core/log.h"

enum {
    HEADERS_MAX = 200,
    ARENA_SPARE = 1 << 20,    /* beside the largest answer: the request's own strings */
    DISCARD_MAX = 256 * 1024, /* of a body that nobody wants; who sends more is cut off */
};

static void op_suspend(struct http_txn *t)
{
    struct exchange *x = CONTAINER_OF(t, struct exchange, txn);
    x->suspended = true;
    MHD_suspend_connection(x->mhd);
}

static void op_finish(struct http_txn *t)
{
    struct exchange *x = CONTAINER_OF(t, struct exchange, txn);
    x->slice = http_complete(t);
    x->completed = true;
    x->state = EXCHANGE_FINISHED;
    if (x->suspended)
        http_thread_resume(x->conn->thread, x->mhd); /* from here on x is the connection's thread's */
}

static void run_deferred(struct job *job)
{
    struct exchange *x = CONTAINER_OF(job, struct exchange, job);
    log_request(x->txn.req.id);
    x->deferred(&x->txn);
    log_request(0);
}

static void answer_busy(struct http_txn *t)
{
    http_plain(t, 503, "The server is busy; try again in a moment.");
    http_set(t, STR("Retry-After"), STR("2"));
}

static void op_defer(struct http_txn *t, void (*fn)(struct http_txn *t))
{
    struct exchange *x = CONTAINER_OF(t, struct exchange, txn);
    x->deferred = fn;
    x->job.fn = run_deferred;
    http_suspend(t);
    if (worker_submit(x->front->pool, &x->job) != OK) {
        answer_busy(t);
        http_finish(t);
    }
}

static const struct http_ops front_ops = {.suspend = op_suspend, .finish = op_finish, .defer = op_defer};

void *exchange_begin(void *cls, const char *target, struct MHD_Connection *mhd)
{
    struct http_front *f = cls;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct exchange *x = info && info->socket_context ? calloc(1, sizeof *x) : NULL;
    if (!x)
        return NULL;
    x->front = f;
    x->mhd = mhd;
    x->conn = info->socket_context;
    x->began = clock_mono_us();
    x->txn = (struct http_txn){
        .req = {.id = atomic_fetch_add(&f->next_id, 1)},
        .resp = {.file = -1, .body = BUF_INIT(atomic_load(&f->response_limit))},
        .arena = ARENA_INIT(atomic_load(&f->response_limit) + ARENA_SPARE),
        .ops = &front_ops,
    };
    x->target = arena_str(&x->txn.arena, str_c(target));
    atomic_fetch_add(&f->in_hand, 1);
    return x;
}

struct collecting {
    struct http_header *at;
    size_t count;
    bool too_many;
};

static enum MHD_Result collect_header(void *cls, enum MHD_ValueKind kind, const char *key, size_t key_size,
                                      const char *value, size_t value_size)
{
    struct collecting *c = cls;
    (void)kind;
    if (c->count == HEADERS_MAX) {
        c->too_many = true;
        return MHD_NO;
    }
    if (c->at)
        c->at[c->count] =
            (struct http_header){str_n(key, key_size), value ? str_n(value, value_size) : STR("")};
    c->count++;
    return MHD_YES;
}

/* The library's memory holds names and values as long as the request lasts. */
static bool read_headers(struct exchange *x)
{
    struct collecting c = {0};
    MHD_get_connection_values_n(x->mhd, MHD_HEADER_KIND, collect_header, &c);
    c.at = ARENA_ARRAY(&x->txn.arena, struct http_header, c.count + 1);
    c.count = 0;
    if (!c.at || c.too_many)
        return false;
    MHD_get_connection_values_n(x->mhd, MHD_HEADER_KIND, collect_header, &c);
    x->txn.req.headers = c.at;
    x->txn.req.header_count = c.count;
    return true;
}

static void name_the_client(struct exchange *x)
{
    struct http_request *req = &x->txn.req;
    const union MHD_ConnectionInfo *tls = MHD_get_connection_info(x->mhd, MHD_CONNECTION_INFO_PROTOCOL);
    req->scheme = tls ? STR("https") : STR("http");
    struct proxies *p = proxies_get(x->front);
    struct net_address client = http_real_client(req, &x->conn->peer, p->network, p->count, &req->scheme);
    proxies_put(p);
    SCOPED_BUF(text, 64);
    net_text(&text, &client);
    req->peer = arena_str(&x->txn.arena, buf_view(&text));
    req->loopback = net_loopback(&client);
}

/* Refuses with an answer that is complete: the body is not read, and the connection ends behind it. */
static void refuse(struct exchange *x, int status, const char *why)
{
    http_plain(&x->txn, status, why);
    x->refused = true;
    x->state = EXCHANGE_FINISHED;
}

static void refuse_or_go_on(struct exchange *x)
{
    bool has_body = x->framing.chunked || x->framing.length;
    if (x->txn.resp.status == 0)
        x->state = EXCHANGE_READING;
    else
        x->state = EXCHANGE_FINISHED;
    x->refused = x->txn.resp.status != 0 && has_body;
}

static void run_verify(struct job *job)
{
    struct exchange *x = CONTAINER_OF(job, struct exchange, job);
    log_request(x->txn.req.id);
    x->front->service->verify(x->front->service->ctx, &x->txn);
    log_request(0);
    refuse_or_go_on(x);
    http_thread_resume(x->conn->thread, x->mhd);
}

static void verify(struct exchange *x)
{
    x->job.fn = run_verify;
    x->head_again = true;
    http_suspend(&x->txn);
    if (worker_submit(x->front->pool, &x->job) == OK)
        return;
    answer_busy(&x->txn);
    refuse_or_go_on(x);
    http_thread_resume(x->conn->thread, x->mhd);
}

static void check_body(struct exchange *x)
{
    size_t most =
        x->body_limit ? x->body_limit : DISCARD_MAX; /* none is wanted: a small one is thrown away */
    if (x->state == EXCHANGE_READING && x->framing.length > most)
        refuse(x, 413, "The body is larger than what is taken here.");
}

/* The head is there: everything that can be said before the body is read is said now. */
static void admit(struct exchange *x, const char *method, const char *version)
{
    struct http_request *req = &x->txn.req;
    struct http_front *f = x->front;
    const char *why;
    req->method = str_c(method);
    http_split_target(x->target, &req->path, &req->query);
    if (!read_headers(x)) {
        refuse(x, 431, "There are too many headers.");
        return;
    }
    name_the_client(x);
    struct http_head head = {req->method, x->target, str_c(version), req->headers, req->header_count};
    int status = http_judge(&head, &x->framing, &why);
    req->host = http_get(req, STR("Host"));
    if (status) {
        refuse(x, status, why);
        return;
    }
    atomic_store(&x->conn->phase, HTTP_WORKING);
    atomic_store(&x->conn->deadline, INT64_MAX);
    enum http_admission a = f->service->admit(f->service->ctx, &x->txn, &x->body_limit);
    size_t most = atomic_load(&f->body_limit);
    x->body_limit = x->body_limit < most ? x->body_limit : most;
    x->body = BUF_INIT(x->body_limit);
    refuse_or_go_on(x);
    check_body(x);
    if (a == HTTP_VERIFY && x->state == EXCHANGE_READING)
        verify(x);
}

/* Takes n bytes from what bodies may occupy together; false when there is no room. */
static bool hold(struct exchange *x, size_t n)
{
    size_t room = atomic_load(&x->front->body_room);
    do
        if (room < n)
            return false;
    while (!atomic_compare_exchange_weak(&x->front->body_room, &room, room - n));
    x->held += n;
    return true;
}

/* A piece of the body. Once refused, what still comes is thrown away, up to a point. */
static enum MHD_Result take_piece(struct exchange *x, struct str piece)
{
    bool was_refused = x->refused;
    x->received += piece.n;
    if (!x->reading_since)
        x->reading_since = clock_mono_us();
    atomic_store(&x->conn->phase, HTTP_READING);
    atomic_store(&x->conn->deadline,
                 x->reading_since + atomic_load(&x->front->idle_us) +
                     (int64_t)(x->received / (uint64_t)atomic_load(&x->front->rate)) * 1000000);
    if (x->refused || x->body_limit == 0)
        return x->received > x->body_limit + DISCARD_MAX ? MHD_NO : MHD_YES;
    if (x->received > x->body_limit) {
        refuse(x, 413, "The body is larger than what is taken here.");
    } else if (!hold(x, piece.n)) {
        answer_busy(&x->txn);
        x->refused = true;
        x->state = EXCHANGE_FINISHED;
    } else {
        buf_add(&x->body, piece);
    }
    if (x->refused && !was_refused)
        buf_free(&x->body);
    return MHD_YES;
}

static enum MHD_Result handle(struct exchange *x)
{
    if (x->body.st != OK) {
        answer_busy(&x->txn);
        return exchange_answer(x);
    }
    x->txn.req.body = buf_view(&x->body);
    x->state = EXCHANGE_HANDLING;
    atomic_store(&x->conn->phase, HTTP_WORKING);
    atomic_store(&x->conn->deadline, INT64_MAX);
    x->front->service->run(x->front->service->ctx, &x->txn);
    if (x->suspended)
        return MHD_YES; /* x may be finished by now, and is looked at when the connection is resumed */
    return exchange_answer(x);
}

/* The library calls for the head, for each piece of the body, for its end, and again after a resume. */
static enum MHD_Result step(struct exchange *x, const char *method, const char *version, struct str piece)
{
    bool head = x->state == EXCHANGE_BEGUN || x->head_again;
    x->suspended = x->head_again = false;
    if (x->state == EXCHANGE_BEGUN)
        admit(x, method, version);
    if (head) /* an answer given now ends the connection, so only what has a body that is not wanted gets one */
        return x->suspended || !x->refused ? MHD_YES : exchange_answer(x);
    switch (x->state) {
    case EXCHANGE_READING:
        return piece.n ? take_piece(x, piece) : handle(x);
    case EXCHANGE_FINISHED:
        return piece.n ? take_piece(x, piece) : exchange_answer(x);
    case EXCHANGE_ANSWERED:
        return x->received + piece.n > DISCARD_MAX ? MHD_NO : MHD_YES;
    case EXCHANGE_BEGUN:
    case EXCHANGE_HANDLING:
    default:
        return MHD_NO;
    }
}

enum MHD_Result exchange_step(void *front, struct MHD_Connection *mhd, const char *url, const char *method,
                              const char *version, const char *upload, size_t *upload_size, void **cls)
{
    struct exchange *x = *cls;
    struct str piece = str_n(upload, *upload_size);
    (void)front;
    (void)mhd;
    (void)url;
    if (!x)
        return MHD_NO; /* out of memory at the first line */
    *upload_size = 0;
    log_request(x->txn.req.id);
    enum MHD_Result result = step(x, method, version, piece);
    log_request(0);
    return result;
}

void exchange_end(void *front, struct MHD_Connection *mhd, void **cls, enum MHD_RequestTerminationCode why)
{
    struct http_front *f = front;
    struct exchange *x = *cls;
    (void)mhd;
    if (!x)
        return;
    *cls = NULL;
    int64_t now = clock_mono_us();
    if (x->txn.req.method.p) {
        struct http_done done = {.sent = x->slice.length, .us = now - x->began};
        done.broken = why != MHD_REQUEST_TERMINATED_COMPLETED_OK;
        log_request(x->txn.req.id);
        f->service->done(f->service->ctx, &x->txn, &done);
        log_request(0);
    }
    atomic_store(&x->conn->phase, HTTP_WAITING);
    atomic_store(&x->conn->deadline, now + atomic_load(&f->idle_us));
    atomic_fetch_add(&f->body_room, x->held);
    if (x->txn.resp.file >= 0)
        close(x->txn.resp.file);
    buf_free(&x->body);
    buf_free(&x->txn.resp.body);
    arena_free(&x->txn.arena);
    free(x);
    atomic_fetch_sub(&f->in_hand, 1);
}
