/* Notifications on their way to a device: how programs are run and what their end means, what is no URL, gateways that misbehave. */
#include "tests/unit/test.h"

#include "server/push.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST = 8192 };

static const struct push example = {.package = STR_INIT("\x01\x02 package"),
                                    .media = STR_INIT("application/vnd.syncml.notification"),
                                    .devid = STR_INIT("IMEI:1/2 é"),
                                    .user = STR_INIT("alice@example.test"),
                                    .model = STR_INIT("Nokia E51"),
                                    .seconds = 1};

/* ---- programs ---- */

static enum status run(const char *command, struct buf *why)
{
    buf_clear(why);
    return push_command(str_c(command), &example, why);
}

static void test_program(void **state)
{
    (void)state;
    char dir[] = "/tmp/push-XXXXXX", script[64], text[512];
    SCOPED_BUF(why, 4096);
    SCOPED_BUF(command, 4096);
    assert_non_null(mkdtemp(dir));
    snprintf(script, sizeof script, "%s/script", dir);
    FILE *f = fopen(script, "w");
    assert_non_null(f);
    fprintf(f, "cat > %s/out; for a; do echo \"<$a>\" >> %s/out; done", dir, dir);
    fclose(f);
    buf_addf(&command, "  sh   %s a;b $HOME ", script);
    assert_ok(run(buf_c(&command), &why));
    snprintf(script, sizeof script, "%s/out", dir);
    f = fopen(script, "r");
    assert_non_null(f);
    size_t n = fread(text, 1, sizeof text, f);
    fclose(f);
    assert_str(str_n(text, n), "\x01\x02 package<a;b>\n<$HOME>\n<IMEI:1/2 é>\n<alice@example.test>\n"
                               "<application/vnd.syncml.notification>\n<Nokia E51>\n");
    unlink(script);
    snprintf(script, sizeof script, "%s/script", dir);
    unlink(script);
    rmdir(dir);
}

static void test_programs_that_fail(void **state)
{
    (void)state;
    SCOPED_BUF(why, 4096);
    SCOPED_BUF(many, 4096);
    assert_status(run("false", &why), E_UNAVAILABLE);
    assert_str(buf_view(&why), "false: exit status 1");
    assert_status(run("/nowhere/at/all", &why), E_UNAVAILABLE);
    assert_true(str_starts(buf_view(&why), STR("/nowhere/at/all: No such file")));
    assert_status(run("   ", &why), INVALID);
    for (int i = 0; i < 29; i++)
        buf_addz(&many, "true ");
    assert_status(run(buf_c(&many), &why), INVALID);
    assert_status(run("perl -esleep(60)", &why), E_TIMEOUT);
    assert_str(buf_view(&why), "perl: it took too long and was killed");
}

/* ---- gateways ---- */

struct gateway {
    int listener, port;
    const char *answer; /* NULL: none, the connection stays */
    char request[REQUEST];
    size_t n;
    pthread_t thread;
};

static void *serve(void *arg)
{
    struct gateway *g = arg;
    int fd = accept(g->listener, NULL, NULL);
    ssize_t got;
    while (!memmem(g->request, g->n, "package", 7) &&
           (got = recv(fd, g->request + g->n, REQUEST - 1 - g->n, 0)) > 0)
        g->n += (size_t)got;
    if (g->answer)
        (void)!write(fd, g->answer, strlen(g->answer));
    else
        sleep(2);
    close(fd);
    return NULL;
}

static void gateway_open(struct gateway *g, const char *answer)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof at;
    *g = (struct gateway){.listener = socket(AF_INET, SOCK_STREAM, 0), .answer = answer};
    assert_int_equal(bind(g->listener, (struct sockaddr *)(void *)&at, n), 0);
    assert_int_equal(listen(g->listener, 1), 0);
    getsockname(g->listener, (struct sockaddr *)(void *)&at, &n);
    g->port = ntohs(at.sin_port);
    assert_int_equal(pthread_create(&g->thread, NULL, serve, g), 0);
}

static enum status post(struct gateway *g, const char *before, const char *after, struct buf *why)
{
    SCOPED_BUF(url, 4096);
    buf_addf(&url, "http://%s127.0.0.1:%d%s", before, g->port, after);
    buf_clear(why);
    enum status st = push_url(buf_view(&url), &example, why);
    pthread_join(g->thread, NULL);
    close(g->listener);
    return st;
}

static void test_gateway(void **state)
{
    (void)state;
    struct gateway g;
    SCOPED_BUF(why, 4096);
    SCOPED_BUF(want, 4096);
    gateway_open(&g, "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
    assert_ok(post(&g, "me:se%40cret@", "?to={device}&who={user}&{else}", &why));
    buf_addf(&want,
             "POST /?to=IMEI%%3A1%%2F2%%20%%C3%%A9&who=alice%%40example.test&{else} HTTP/1.1\r\n"
             "Host: 127.0.0.1:%d\r\nAuthorization: Basic bWU6c2VAY3JldA==\r\n"
             "User-Agent: Scambio/" SCAMBIO_VERSION
             "\r\nContent-Type: application/vnd.syncml.notification\r\n"
             "Content-Length: 10\r\nConnection: close\r\n\r\n\x01\x02 package",
             g.port);
    assert_str(str_n(g.request, g.n), buf_c(&want));
}

static void test_gateways_that_fail(void **state)
{
    (void)state;
    static const struct {
        const char *answer, *why;
        enum status st;
    } rows[] = {
        {"HTTP/1.1 404 Not Found\r\n\r\n", "127.0.0.1: it answers 404 Not Found", E_UNAVAILABLE},
        {"HTTP/1.0 302 Found\n", "127.0.0.1: it answers 302 Found", E_UNAVAILABLE},
        {"220 smtp ready\r\n", "127.0.0.1: what answers is not HTTP", E_UNAVAILABLE},
        {"HTTP/1.1", "127.0.0.1: what answers is not HTTP", E_UNAVAILABLE},
        {"", "127.0.0.1: what answers is not HTTP", E_UNAVAILABLE},
        {NULL, "127.0.0.1: no answer in time", E_TIMEOUT},
    };
    SCOPED_BUF(why, 4096);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct gateway g;
        gateway_open(&g, rows[i].answer);
        assert_status(post(&g, "", "/", &why), rows[i].st);
        assert_str(buf_view(&why), rows[i].why);
    }
    assert_status(push_url(STR("http://127.0.0.1:1/"), &example, &why), E_UNAVAILABLE);
}

/* Whom to trust is known before anything is sent. */
static void test_no_authorities(void **state)
{
    (void)state;
    struct push p = example;
    SCOPED_BUF(why, 4096);
    p.ca = STR("/nonexistent/ca.pem");
    assert_status(push_url(STR("https://127.0.0.1:1/"), &p, &why), INVALID);
    assert_true(str_starts(buf_view(&why), STR("notify_ca: ")));
    buf_clear(&why);
    p.ca = STR("/dev/null");
    assert_status(push_url(STR("https://127.0.0.1:1/"), &p, &why), INVALID);
    assert_str(buf_view(&why), "notify_ca: the file holds no certificate");
    assert_status(push_url(STR("http://127.0.0.1:1/"), &p, &why), E_UNAVAILABLE); /* it needs none */
}

static void test_no_urls(void **state)
{
    (void)state;
    static const char *const rows[] = {"",
                                       "ftp://127.0.0.1/",
                                       "127.0.0.1",
                                       "http://",
                                       "http:///x",
                                       "http://127.0.0.1:0/",
                                       "http://127.0.0.1:65536/",
                                       "http://127.0.0.1:x/",
                                       "http://127.0.0.1:000080/",
                                       "http://a%zz@127.0.0.1/",
                                       "http://[::1/",
                                       "http://[::1]x/",
                                       "http://127.0.0.1/a b",
                                       "http://127.0.0.1/\r\nX: y"};
    SCOPED_BUF(why, 1 << 16);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_status(push_url(str_c(rows[i]), &example, &why), INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_program),        cmocka_unit_test(test_programs_that_fail),
        cmocka_unit_test(test_gateway),        cmocka_unit_test(test_gateways_that_fail),
        cmocka_unit_test(test_no_authorities), cmocka_unit_test(test_no_urls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
