/* tests/unit/test_line_front.c: the front of the line protocols over real sockets, with the SMTP engine behind it: TLS both ways, PROXY
 * header, limits, times, work that ends later, clients that go away, drain. */
#include "core/clock.h"
#include "core/worker.h"
#include "server/line.h"
#include "server/proxy.h"
#include "server/tls.h"
#include "tests/unit/smtp_play.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/un.h>

struct world {
    struct loop *loop;
    pthread_t thread;
    struct worker_pool *pool;
    struct line_keys *keys;
    struct line_front *front;
    struct conf *conf;
    struct smtp_settings *settings;
    int listener, port;
    pthread_mutex_t lock;
    struct buf mails; /* "peer user text\n" of each */
    atomic_int jobs, sessions;
    bool slow;
};

/* ---- ops: on the worker pool, back on the connection's loop ---- */
struct task {
    struct job job;
    struct loop_post post;
    struct world *w;
    struct smtp *s;
    int code;
};

static void task_back(struct loop_post *p)
{
    struct task *t = CONTAINER_OF(p, struct task, post);
    struct smtp *s = t->s;
    struct smtp_reply reply = {t->code, t->code < 300 ? NULL : "5.7.8", STR("no")};
    atomic_fetch_sub(&t->w->jobs, 1);
    free(t);
    smtp_resume(s, &reply);
}

static void task_run(struct job *job)
{
    struct task *t = CONTAINER_OF(job, struct task, job);
    usleep(t->w->slow ? 200 * 1000 : 1000);
    loop_post(smtp_engine(t->s)->loop, &t->post);
}

static void later(struct world *w, struct smtp *s, int code)
{
    struct task *t = calloc(1, sizeof *t);
    *t = (struct task){.job.fn = task_run, .post.fn = task_back, .w = w, .s = s, .code = code};
    atomic_fetch_add(&w->jobs, 1);
    if (worker_submit(w->pool, &t->job) != OK)
        abort();
}

static void on_auth(void *ctx, struct smtp *s, const struct smtp_login *login)
{
    bool good = str_eq(login->user, STR("alice")) && str_eq(login->password, STR("secret"));
    smtp_set_user(s, STR("alice"));
    later(ctx, s, good ? 235 : 535);
}

static void on_mail(void *ctx, struct smtp *s)
{
    later(ctx, s, 250);
}

static void on_rcpt(void *ctx, struct smtp *s, struct smtp_recipient *r)
{
    (void)r;
    later(ctx, s, 250);
}

static void on_message(void *ctx, struct smtp *s, const struct smtp_message *m)
{
    struct world *w = ctx;
    char text[4096] = "";
    size_t n = (size_t)smtp_spool_size(m->text);
    n = n < sizeof text - 1 ? n : sizeof text - 1;
    if (smtp_spool_read(m->text, 0, text, n) != OK)
        abort();
    pthread_mutex_lock(&w->lock);
    buf_addc(&w->mails, '[');
    net_text(&w->mails, &smtp_client(s)->peer.address);
    buf_addf(&w->mails, "|%.*s|%s|%s]\n", STR_ARG(smtp_client(s)->user),
             smtp_engine(s)->tls ? smtp_engine(s)->tls->version : "plain", text);
    pthread_mutex_unlock(&w->lock);
    later(w, s, 250);
}

static void on_end(void *ctx, struct smtp *s)
{
    (void)s;
    atomic_fetch_sub(&((struct world *)ctx)->sessions, 1);
}

static const struct smtp_ops ops = {NULL, on_auth, on_mail, on_rcpt, NULL, on_message, on_end};

static struct line_engine *make(void *ctx, const struct line_peer *peer)
{
    struct world *w = ctx;
    struct line_engine *e = NULL;
    if (smtp_new(w->settings, &ops, w, peer, &e) != OK)
        return NULL;
    atomic_fetch_add(&w->sessions, 1);
    return e;
}

/* ---- a server ---- */
static void *loop_main(void *arg)
{
    loop_run(arg);
    return NULL;
}

static void certify(struct world *w, const char *host)
{
    SCOPED_BUF(certificate, 64 * 1024);
    SCOPED_BUF(key, 64 * 1024);
    SCOPED_BUF(why, 1000);
    assert_ok(tls_self_signed(str_c(host), clock_now(), &certificate, &key));
    if (line_keys_use(w->keys, w->conf, buf_view(&certificate), buf_view(&key), &why) != OK)
        fail_msg("%s", buf_c(&why));
    assert_status(line_keys_use(w->keys, w->conf, buf_view(&key), buf_view(&key), &why), INVALID);
    assert_true(line_keys_ready(w->keys));
}

static int listen_somewhere(int *port)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in bound;
    socklen_t length = sizeof bound;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof in), 0);
    assert_int_equal(listen(fd, 64), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&bound, &length), 0);
    *port = ntohs(bound.sin_port);
    return fd;
}

static void world_up(struct world *w, const char *conf, enum smtp_role role, bool slow)
{
    SCOPED_BUF(text, 4096);
    SCOPED_BUF(why, 4096);
    *w = (struct world){.mails = BUF_INIT(1 << 20), .slow = slow};
    pthread_mutex_init(&w->lock, NULL);
    buf_addf(&text, "[server]\nhostname = mx.example.test\ndata = /tmp/x\n[smtp]\ntarpit = 0\n%s", conf);
    if (conf_parse(buf_view(&text), "test", &w->conf, &why) != OK)
        fail_msg("%s", buf_c(&why));
    assert_ok(loop_new(&w->loop));
    assert_ok(worker_start(2, 1000, &w->pool));
    assert_ok(line_keys_new(&w->keys));
    assert_false(line_keys_ready(w->keys));
    certify(w, "mx.example.test");
    assert_ok(smtp_settings_new(w->conf, role, "/tmp", true, &w->settings));
    assert_ok(line_front_start(w->conf, w->loop, w->keys, &w->front));
    w->listener = listen_somewhere(&w->port);
    struct line_service service = {make, w, STR("421 4.7.0 too many connections\r\n"),
                                   role == SMTP_ROLE_SUBMISSIONS};
    assert_ok(line_front_listen(w->front, w->listener, &service));
    assert_int_equal(pthread_create(&w->thread, NULL, loop_main, w->loop), 0);
}

static void until_zero(atomic_int *what)
{
    for (int i = 0; i < 500 && atomic_load(what) > 0; i++)
        usleep(10 * 1000);
    assert_int_equal(atomic_load(what), 0);
}

static void world_down(struct world *w)
{
    loop_stop(w->loop);
    pthread_join(w->thread, NULL);
    worker_stop(w->pool);
    line_front_stop(w->front);
    assert_int_equal(atomic_load(&w->sessions), 0);
    assert_int_equal(atomic_load(&w->jobs), 0);
    smtp_settings_unref(w->settings);
    line_keys_free(w->keys);
    conf_unref(w->conf);
    loop_free(w->loop);
    close(w->listener);
    buf_free(&w->mails);
    pthread_mutex_destroy(&w->lock);
}

static void assert_mails(struct world *w, const char *wanted)
{
    pthread_mutex_lock(&w->lock);
    SCOPED_BUF(got, 1 << 20);
    buf_add(&got, buf_view(&w->mails));
    pthread_mutex_unlock(&w->lock);
    assert_str(buf_view(&got), wanted);
}

/* ---- a client ---- */
struct client {
    int fd;
    SSL_CTX *ctx;
    SSL *ssl;
};

static struct client dial(struct world *w)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    in.sin_port = htons((uint16_t)w->port);
    struct client c = {.fd = socket(AF_INET, SOCK_STREAM, 0)};
    struct timeval wait = {10, 0};
    setsockopt(c.fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    assert_int_equal(connect(c.fd, (struct sockaddr *)&in, sizeof in), 0);
    return c;
}

static void put_n(struct client *c, const void *p, size_t n)
{
    if (c->ssl)
        assert_int_equal(SSL_write(c->ssl, p, (int)n), n);
    else
        assert_int_equal(send(c->fd, p, n, MSG_NOSIGNAL), n);
}

static void put(struct client *c, const char *text)
{
    put_n(c, text, strlen(text));
}

/* Reads until the text is there, or the end. */
static void get(struct client *c, struct buf *got, const char *until)
{
    char piece[4096];
    while (!until || str_find(buf_view(got), str_c(until), 0) == SIZE_MAX) {
        ssize_t n = c->ssl ? SSL_read(c->ssl, piece, sizeof piece) : recv(c->fd, piece, sizeof piece, 0);
        if (n <= 0)
            break;
        buf_add(got, str_n(piece, (size_t)n));
    }
    if (until && str_find(buf_view(got), str_c(until), 0) == SIZE_MAX)
        fail_msg("\"%s\" did not come, but %.*s", until, STR_ARG(buf_view(got)));
}

static void expect(struct client *c, const char *until)
{
    SCOPED_BUF(got, 1 << 20);
    get(c, &got, until);
}

static void secure(struct client *c)
{
    c->ctx = SSL_CTX_new(TLS_client_method());
    c->ssl = SSL_new(c->ctx);
    SSL_set_fd(c->ssl, c->fd);
    assert_int_equal(SSL_connect(c->ssl), 1);
}

static void hang_up(struct client *c)
{
    SSL_free(c->ssl);
    SSL_CTX_free(c->ctx);
    close(c->fd);
}

/* ---- tests ---- */
static void test_plain(void **state)
{
    (void)state;
    struct world w;
    world_up(&w, "", SMTP_ROLE_MX, false);
    struct client c = dial(&w);
    SCOPED_BUF(got, 1 << 16);
    put(&c, "EHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\nhello\r\n.\r\n");
    put(&c, "MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\nagain\r\n.\r\nQUIT\r\n");
    get(&c, &got, NULL);
    assert_true(
        str_starts(buf_view(&got), STR("220 mx.example.test ESMTP Scambio\r\n250-mx.example.test\r\n")));
    assert_true(str_ends(buf_view(&got), STR("221 2.0.0 good-bye\r\n")));
    assert_mails(&w, "[127.0.0.1||plain|hello\r\n]\n[127.0.0.1||plain|again\r\n]\n");
    hang_up(&c);
    world_down(&w);
}

static void test_starttls(void **state)
{
    (void)state;
    struct world w;
    world_up(&w, "[auth]\nplaintext_without_tls = never\n", SMTP_ROLE_SUBMISSION, false);
    struct client c = dial(&w);
    SCOPED_BUF(got, 1 << 16);
    put(&c, "EHLO x\r\n");
    expect(&c, "250 ENHANCEDSTATUSCODES\r\n");
    put(&c, "STARTTLS\r\nNOOP\r\nMAIL FROM:<evil@x>\r\n"); /* what is behind it in the clear is not heard */
    expect(&c, "220 2.0.0 begin the handshake\r\n");
    secure(&c);
    put(&c, "EHLO x\r\nAUTH PLAIN AGFsaWNlAHNlY3JldA==\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n");
    put(&c, "secret\r\n.\r\nQUIT\r\n");
    get(&c, &got, NULL);
    assert_true(str_starts(buf_view(&got), STR("250-mx.example.test\r\n")));
    assert_true(str_find(buf_view(&got), STR("250-AUTH PLAIN LOGIN\r\n"), 0) != SIZE_MAX);
    assert_true(str_ends(buf_view(&got), STR("221 2.0.0 good-bye\r\n")));
    assert_mails(&w, "[127.0.0.1|alice|TLSv1.3|secret\r\n]\n");
    hang_up(&c);
    world_down(&w);
}

static void subject_of(struct client *c, char *out, size_t n)
{
    X509 *x = SSL_get1_peer_certificate(c->ssl);
    assert_non_null(x);
    X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, out, (int)n);
    X509_free(x);
}

static void test_implicit_tls_and_a_new_certificate(void **state)
{
    (void)state;
    struct world w;
    char name[100];
    world_up(&w, "", SMTP_ROLE_SUBMISSIONS, false);
    struct client old = dial(&w);
    secure(&old);
    expect(&old, "220 mx.example.test");
    subject_of(&old, name, sizeof name);
    assert_string_equal(name, "mx.example.test");
    certify(&w, "new.example.test");
    struct client fresh = dial(&w);
    secure(&fresh);
    subject_of(&fresh, name, sizeof name);
    assert_string_equal(name, "new.example.test");
    put(&old, "QUIT\r\n"); /* and the old connection goes on */
    expect(&old, "221 2.0.0 good-bye\r\n");
    hang_up(&old);
    hang_up(&fresh);
    struct client liar = dial(&w); /* no TLS at all */
    put(&liar, "EHLO x\r\n\r\n");
    SCOPED_BUF(got, 1000);
    get(&liar, &got, NULL);
    assert_int_equal(str_find(buf_view(&got), STR("250"), 0), SIZE_MAX);
    hang_up(&liar);
    until_zero(&w.sessions);
    world_down(&w);
}

static void test_ciphers(void **state)
{
    (void)state;
    struct world w;
    world_up(&w, "[tls]\nmin_version = 1.2\nciphers = TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384\n",
             SMTP_ROLE_SUBMISSIONS, false);
    struct client c = dial(&w);
    secure(&c);
    assert_string_equal(SSL_get_version(c.ssl), "TLSv1.2");
    assert_string_equal(SSL_CIPHER_standard_name(SSL_get_current_cipher(c.ssl)),
                        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384");
    hang_up(&c);
    world_down(&w);
    SCOPED_BUF(why, 1000);
    struct conf *conf;
    assert_ok(conf_parse(STR("[server]\nhostname = x\ndata = /x\n[tls]\nciphers = TLS_NO_SUCH\n"), "x", &conf,
                         &why));
    struct line_keys *keys;
    assert_ok(line_keys_new(&keys));
    assert_status(line_keys_use(keys, conf, STR("x"), STR("x"), &why), INVALID);
    assert_true(str_find(buf_view(&why), STR("TLS_NO_SUCH"), 0) != SIZE_MAX);
    line_keys_free(keys);
    conf_unref(conf);
}

static const unsigned char proxy_header[] = {
    13,  10, 13,  10, 0,   13, 10, 81, 85, 73,  84, 10, 0x21, 0x11, 0, 15,
    203, 0,  113, 9,  127, 0,  0,  1,  4,  210, 0,  25, 0xe0, 0,    0}; /* with an empty field behind the addresses */

static void test_proxy(void **state)
{
    (void)state;
    struct world w;
    world_up(&w, "greet_delay = 0\n[mail]\nproxies = 127.0.0.0/8\n", SMTP_ROLE_MX, false);
    struct client c = dial(&w);
    for (size_t i = 0; i < sizeof proxy_header; i++)
        put_n(&c, proxy_header + i, 1);
    put(&c, "EHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\nhello\r\n.\r\nQUIT\r\n");
    expect(&c, "221 2.0.0 good-bye\r\n");
    assert_mails(&w, "[203.0.113.9||plain|hello\r\n]\n");
    hang_up(&c);
    struct client liar = dial(&w);
    put(&liar, "EHLO x\r\n");
    SCOPED_BUF(got, 1000);
    get(&liar, &got, NULL);
    assert_int_equal(got.n, 0);
    hang_up(&liar);
    world_down(&w);
}

static void test_proxy_header(void **state)
{
    (void)state;
    struct line_peer peer = {.port = 1};
    size_t used = 0;
    unsigned char h[sizeof proxy_header];
    memcpy(h, proxy_header, sizeof h);
    for (size_t n = 0; n < sizeof h; n++) {
        assert_status(proxy_parse(str_n(h, n), &used, &peer), TRUNCATED);
        assert_true(n < 12 || (used > n && used <= sizeof h));
    }
    assert_ok(proxy_parse(str_n(h, sizeof h), &used, &peer));
    assert_int_equal(used, sizeof h);
    assert_int_equal(peer.port, 1234);
    SCOPED_BUF(text, 100);
    net_text(&text, &peer.address);
    assert_str(buf_view(&text), "203.0.113.9");
    h[12] = 0x20; /* LOCAL: the balancer speaks for itself */
    peer = (struct line_peer){.port = 1};
    assert_ok(proxy_parse(str_n(h, sizeof h), &used, &peer));
    assert_int_equal(peer.port, 1);
    h[12] = 0x11;
    assert_status(proxy_parse(str_n(h, sizeof h), &used, &peer), INVALID);
    h[12] = 0x22;
    assert_status(proxy_parse(str_n(h, sizeof h), &used, &peer), INVALID);
    h[12] = 0x21;
    h[13] = 0x21; /* IPv6 needs more */
    assert_status(proxy_parse(str_n(h, sizeof h), &used, &peer), INVALID);
    h[13] = 0x11;
    h[14] = 0xff;
    assert_status(proxy_parse(str_n(h, sizeof h), &used, &peer), INVALID);
    assert_status(proxy_parse(STR("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n"), &used, &peer), INVALID);
}

static void test_limits(void **state)
{
    (void)state;
    struct world w;
    world_up(&w, "[limits]\nmail_connections_address = 2\n", SMTP_ROLE_MX, false);
    struct client a = dial(&w), b = dial(&w);
    expect(&a, "220 ");
    expect(&b, "220 ");
    struct client c = dial(&w);
    SCOPED_BUF(got, 1000);
    get(&c, &got, NULL);
    assert_str(buf_view(&got), "421 4.7.0 too many connections\r\n");
    assert_int_equal(line_front_count(w.front), 2);
    hang_up(&a);
    until_zero(&w.jobs);
    for (int i = 0; i < 500 && line_front_count(w.front) > 1; i++)
        usleep(10 * 1000);
    struct client d = dial(&w);
    expect(&d, "220 ");
    hang_up(&b);
    hang_up(&c);
    hang_up(&d);
    until_zero(&w.sessions);
    world_down(&w);
}

/* A byte now and then does not help; a greeting is waited for; a handshake has its time. */
static void test_times(void **state)
{
    (void)state;
    struct world w;
    world_up(&w, "[limits]\nsmtp_idle = 1s\nmail_handshake = 1s\n", SMTP_ROLE_MX, false);
    struct client c = dial(&w), h = dial(&w);
    SCOPED_BUF(got, 1000);
    SCOPED_BUF(nothing, 1000);
    int64_t began = clock_mono_us();
    put(&h, "EHLO x\r\nSTARTTLS\r\n");
    for (int i = 0; i < 8; i++) {
        put(&c, "x");
        usleep(100 * 1000);
    }
    get(&c, &got, NULL);
    assert_str(buf_view(&got),
               "220 mx.example.test ESMTP Scambio\r\n421 4.4.2 nothing came for too long; good-bye\r\n");
    assert_in_range(clock_mono_us() - began, 900 * 1000, 5 * 1000 * 1000);
    get(&h, &nothing, NULL);
    assert_true(str_ends(buf_view(&nothing), STR("220 2.0.0 begin the handshake\r\n")));
    hang_up(&c);
    hang_up(&h);
    until_zero(&w.sessions);
    world_down(&w);
}

static void test_pregreet(void **state)
{
    (void)state;
    struct world w;
    world_up(&w, "greet_delay = 1s\n[mail]\nproxies = 127.0.0.0/8\n", SMTP_ROLE_MX, false);
    struct client c = dial(&w), polite = dial(&w);
    SCOPED_BUF(got, 1000);
    int64_t began = clock_mono_us();
    put_n(&polite, proxy_header, sizeof proxy_header);
    put_n(&c, proxy_header, sizeof proxy_header);
    put(&c, "EHLO x\r\n");
    get(&c, &got, NULL);
    assert_str(buf_view(&got), "554 5.5.1 wait for the greeting; good-bye\r\n");
    expect(&polite, "220 mx.example.test ESMTP Scambio\r\n");
    assert_in_range(clock_mono_us() - began, 900 * 1000, 5 * 1000 * 1000);
    hang_up(&c);
    hang_up(&polite);
    until_zero(&w.sessions);
    world_down(&w);
}

/* Clients that go while a decision is under way: the engine waits for it, the socket does not. */
static void test_gone_while_waiting(void **state)
{
    (void)state;
    struct world w;
    world_up(&w, "", SMTP_ROLE_MX, true);
    for (int i = 0; i < 20; i++) {
        struct client c = dial(&w);
        struct linger reset = {1, 0};
        put(&c, "EHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\n");
        expect(&c, "250 ENHANCEDSTATUSCODES\r\n");
        if (i & 1)
            setsockopt(c.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        hang_up(&c);
    }
    until_zero(&w.sessions);
    assert_int_equal(line_front_count(w.front), 0);
    world_down(&w);
}

/* One who writes and never reads is stopped by his own buffers. */
static void test_flood(void **state)
{
    (void)state;
    struct world w;
    world_up(&w, "[limits]\nsmtp_commands = 1000000\n", SMTP_ROLE_MX, false);
    struct client c = dial(&w);
    SCOPED_BUF(flood, 1 << 20);
    size_t sent = 0;
    while (flood.n < 60000)
        buf_addz(&flood, "HELP\r\n");
    for (int quiet = 0; quiet < 20 && sent < 64 << 20;) {
        ssize_t n = send(c.fd, flood.p, flood.n - flood.n % 6, MSG_DONTWAIT | MSG_NOSIGNAL);
        quiet = n > 0 ? 0 : quiet + 1;
        sent += n > 0 ? (size_t)n : 0;
        if (n <= 0)
            usleep(10 * 1000);
    }
    assert_true(sent < 32 << 20);
    hang_up(&c);
    until_zero(&w.sessions);
    world_down(&w);
}

static void test_drain(void **state)
{
    (void)state;
    struct world w;
    world_up(&w, "", SMTP_ROLE_MX, false);
    struct client idle = dial(&w), busy = dial(&w);
    SCOPED_BUF(got, 1000);
    expect(&idle, "220 ");
    put(&busy, "EHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n");
    expect(&busy, "354 ");
    assert_false(line_front_drain(w.front));
    get(&idle, &got, NULL);
    assert_str(buf_view(&got), "421 4.3.2 this server is going down; try again in a moment\r\n");
    put(&busy, "hello\r\n.\r\n"); /* what was begun is brought to its end */
    for (int i = 0; i < 500 && line_front_count(w.front) > 1; i++) {
        line_front_drain(w.front); /* one that is at work is asked again */
        usleep(10 * 1000);
    }
    expect(&busy, "421 4.3.2 ");
    assert_mails(&w, "[127.0.0.1||plain|hello\r\n]\n");
    hang_up(&idle);
    hang_up(&busy);
    bool empty = false;
    for (int i = 0; i < 500 && !empty; i++) {
        empty = line_front_drain(w.front);
        usleep(10 * 1000);
    }
    assert_true(empty);
    world_down(&w);
}

/* Everything at once, from several threads. */
static void *send_many(void *arg)
{
    struct world *w = arg;
    for (int i = 0; i < 20; i++) {
        struct client c = dial(w);
        if (i % 3 == 0) {
            put(&c, "EHLO x\r\nSTARTTLS\r\n");
            expect(&c, "220 2.0.0");
            secure(&c);
        }
        put(&c, "EHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\nm\r\n.\r\nQUIT\r\n");
        expect(&c, "221 2.0.0 good-bye\r\n");
        hang_up(&c);
    }
    return NULL;
}

static void test_many(void **state)
{
    (void)state;
    struct world w;
    pthread_t threads[8];
    world_up(&w, "[mail]\nthreads = 3\n", SMTP_ROLE_MX, false);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, send_many, &w), 0);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        pthread_join(threads[i], NULL);
    size_t mails = 0;
    for (size_t i = 0; i < w.mails.n; i++)
        mails += w.mails.p[i] == '[';
    assert_int_equal(mails, 20 * COUNT_OF(threads));
    until_zero(&w.sessions);
    world_down(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_starttls),
        cmocka_unit_test(test_implicit_tls_and_a_new_certificate),
        cmocka_unit_test(test_ciphers),
        cmocka_unit_test(test_proxy),
        cmocka_unit_test(test_proxy_header),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_pregreet),
        cmocka_unit_test(test_gone_while_waiting),
        cmocka_unit_test(test_flood),
        cmocka_unit_test(test_drain),
        cmocka_unit_test(test_many),
    };
    signal(SIGPIPE, SIG_IGN); /* as the serving process does: OpenSSL writes where nobody reads any more */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
