/* The set-up help: languages, what it shows of the server, the profile, and input that is not to be trusted. */
#include "tests/unit/test.h"

#include "clients/setup_int.h"

static int finished;

static void on_finish(struct http_txn *t)
{
    (void)t;
    finished++;
}

static const struct http_ops ops = {.finish = on_finish};

struct asked {
    struct http_txn t;
    struct http_header language;
};

static void ask(struct asked *q, const char *method, const char *path, const char *query, const char *host,
                const char *accept)
{
    static const char text[] = "[server]\nhostname = mail.example.test\ndata = /tmp\ndomains = "
                               "example.test\n[listen]\nhttp = 127.0.0.1:80\n";
    struct conf *conf;
    SCOPED_BUF(mistakes, 1000);
    assert_ok(conf_parse(str_c(text), "test", &conf, &mistakes));
    *q = (struct asked){.language = {STR("Accept-Language"), str_c(accept)}};
    q->t = (struct http_txn){.arena = ARENA_INIT(1 << 20), .ops = &ops};
    q->t.req = (struct http_request){.method = str_c(method),
                                     .path = str_c(path),
                                     .query = str_c(query),
                                     .scheme = STR("https"),
                                     .host = str_c(host),
                                     .headers = &q->language,
                                     .header_count = accept ? 1 : 0};
    q->t.resp.body = BUF_INIT(1 << 20);
    q->t.resp.file = -1;
    finished = 0;
    setup_handle(conf, &q->t);
    assert_int_equal(finished, 1);
    conf_unref(conf);
}

static void done(struct asked *q)
{
    buf_free(&q->t.resp.body);
    arena_free(&q->t.arena);
}

static bool contains(const struct asked *q, const char *text)
{
    return str_find(buf_view(&q->t.resp.body), str_c(text), 0) != SIZE_MAX;
}

static struct str header(const struct asked *q, const char *name)
{
    for (size_t i = 0; i < q->t.resp.header_count; i++)
        if (str_caseeq(q->t.resp.headers[i].name, str_c(name)))
            return q->t.resp.headers[i].value;
    return STR_NONE;
}

static void test_languages(void **state)
{
    (void)state;
    static const struct {
        const char *accept, *tag;
    } rows[] = {
        {NULL, "en"},
        {"it", "it"},
        {"it-IT,it;q=0.9,en;q=0.5", "it"},
        {"en;q=0.4, it;q=0.5", "it"},
        {"fr, de", "en"},
        {"fr,it;q=0.1", "it"},
        {"IT-ch", "it"},
        {"it;q=0, en", "en"},
        {"it;q=0,*", "en"},
        {"", "en"},
        {";;,,;q=", "en"},
        {"en;q=0.9,it;q=0.95", "it"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_str(setup_language_of(str_c(rows[i].accept))->tag, rows[i].tag);
}

/* No text may be missing in a language, and both explain the same clients. */
static void test_tables(void **state)
{
    (void)state;
    for (size_t i = 0; i < setup_language_count; i++) {
        const struct setup_language *l = &setup_languages[i];
        for (size_t k = 0; k < TEXT_COUNT; k++)
            assert_true(l->texts[k].n > 0 && str_utf8(l->texts[k]));
        assert_int_equal(l->guide_count, setup_languages[0].guide_count);
        for (size_t k = 0; k < l->guide_count; k++) {
            size_t steps = 0, first = 0;
            while (steps < SETUP_STEPS && l->guides[k].steps[steps].p)
                steps++;
            while (first < SETUP_STEPS && setup_languages[0].guides[k].steps[first].p)
                first++;
            assert_int_equal(steps, first);
            assert_true(str_eq(l->guides[k].id, setup_languages[0].guides[k].id));
        }
    }
}

static void test_page(void **state)
{
    (void)state;
    struct asked q;
    ask(&q, "GET", "/setup", NULL, "dav.example.test:8443", "it");
    assert_int_equal(q.t.resp.status, 200);
    assert_str(header(&q, "Content-Type"), "text/html; charset=utf-8");
    assert_str(header(&q, "Content-Language"), "it");
    assert_true(contains(&q, "<html lang=\"it\">") && contains(&q, "rubrica") && contains(&q, "<svg"));
    assert_true(contains(&q, "<code>https://dav.example.test:8443/</code>"));
    assert_true(contains(&q, "<code>https://dav.example.test:8443/dav/</code>"));
    assert_true(contains(&q, "href=\"davx5://dav.example.test:8443/dav/\""));
    assert_true(contains(&q, "<code>8443</code>"));
    assert_false(contains(&q, "<script"));
    assert_false(contains(&q, "{server}") || contains(&q, "{port}"));
    assert_true(str_find(header(&q, "Content-Security-Policy"), STR("default-src 'none'"), 0) != SIZE_MAX);
    done(&q);
    ask(&q, "GET", "/setup/", "lang=en", "dav.example.test", "it");
    assert_true(contains(&q, "<html lang=\"en\">") && contains(&q, "<code>443</code>"));
    done(&q);
    ask(&q, "HEAD", "/", NULL, "dav.example.test", NULL);
    assert_true(contains(&q, "href=\"/setup\"") && contains(&q, "Scambio"));
    done(&q);
}

static void test_hosts_are_not_trusted(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "\"><script>", "a b", "x'y", "a:b:c", "\xc3\xa8.test", "[::1]\""};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct asked q;
        ask(&q, "GET", "/setup", NULL, bad[i], NULL);
        assert_true(contains(&q, "<code>https://mail.example.test/</code>"));
        assert_false(contains(&q, "<script"));
        done(&q);
    }
    struct asked q;
    ask(&q, "GET", "/setup", NULL, "[::1]:8443", NULL);
    assert_true(contains(&q, "<code>https://[::1]:8443/</code>") && contains(&q, "<code>[::1]</code>"));
    done(&q);
}

static void test_profile(void **state)
{
    (void)state;
    struct asked q, again, other;
    const char *path = "/setup/scambio.mobileconfig";
    ask(&q, "GET", path, "user=Alice%40Example.test", "dav.example.test:8443", NULL);
    assert_int_equal(q.t.resp.status, 200);
    assert_true(str_starts(header(&q, "Content-Type"), STR("application/x-apple-aspen-config")));
    assert_true(contains(&q, "<key>CalDAVUsername</key><string>alice@example.test</string>"));
    assert_true(contains(&q, "<key>CardDAVUsername</key><string>alice@example.test</string>"));
    assert_true(
        contains(&q, "<key>CardDAVPrincipalURL</key><string>/dav/principals/alice@example.test/</string>"));
    assert_true(contains(&q, "<key>CalDAVHostName</key><string>dav.example.test</string>"));
    assert_true(contains(&q, "<key>CalDAVPort</key><integer>8443</integer>"));
    assert_true(contains(&q, "<key>CalDAVUseSSL</key><true/>"));
    ask(&again, "GET", path, "user=alice@example.test", "dav.example.test:8443", NULL);
    assert_true(str_eq(buf_view(&q.t.resp.body), buf_view(&again.t.resp.body)));
    ask(&other, "GET", path, "user=bob@example.test", "dav.example.test:8443", NULL);
    const struct str mark = STR("<key>PayloadUUID</key><string>");
    struct str a = buf_view(&q.t.resp.body), b = buf_view(&other.t.resp.body);
    size_t in_a = str_find(a, mark, 0) + mark.n, in_b = str_find(b, mark, 0) + mark.n;
    assert_false(str_eq(str_slice(a, in_a, 36), str_slice(b, in_b, 36)));
    assert_int_equal(str_slice(a, in_a, 37).p[36], '<');
    done(&q);
    done(&again);
    done(&other);
    ask(&q, "GET", path, NULL, "dav.example.test", NULL);
    assert_int_equal(q.t.resp.status, 200);
    assert_false(contains(&q, "Username") || contains(&q, "PrincipalURL"));
    done(&q);
}

static void test_users_are_not_trusted(void **state)
{
    (void)state;
    static const char *const bad[] = {"user=%3Cb%3E@x.test", "user=a%00@x.test", "user=%ff@x.test",
                                      "user=a%40b%40c",      "user=@x.test",     "user=a%0a@x.test",
                                      "user=a%2fb@x.test",   "user=%zz"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct asked q;
        ask(&q, "GET", "/setup/scambio.mobileconfig", bad[i], "dav.example.test", NULL);
        assert_int_equal(q.t.resp.status, 400);
        assert_false(contains(&q, "<plist") || contains(&q, "<b>"));
        done(&q);
    }
}

static void test_others(void **state)
{
    (void)state;
    struct asked q;
    ask(&q, "POST", "/setup", NULL, "h", NULL);
    assert_int_equal(q.t.resp.status, 405);
    assert_str(header(&q, "Allow"), "GET, HEAD");
    done(&q);
    ask(&q, "GET", "/setup/nothing", NULL, "h", NULL);
    assert_int_equal(q.t.resp.status, 404);
    done(&q);
}

static void test_qr(void **state)
{
    (void)state;
    SCOPED_BUF(b, 1 << 20);
    assert_ok(setup_qr(&b, STR("https://dav.example.test/"), STR("a\"b")));
    assert_true(str_starts(buf_view(&b), STR("<svg ")) && str_ends(buf_view(&b), STR("</svg>")));
    assert_true(str_find(buf_view(&b), STR("viewBox=\"0 0 33 33\""), 0) !=
                SIZE_MAX); /* version 2: 25 and the margin */
    assert_true(str_find(buf_view(&b), STR("M4 4h7v1h-7z"), 0) != SIZE_MAX); /* the first finder pattern */
    assert_true(str_find(buf_view(&b), STR("a&quot;b"), 0) != SIZE_MAX);
    assert_status(setup_qr(&b, STR(""), STR("")), INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_languages), cmocka_unit_test(test_tables),
        cmocka_unit_test(test_page),      cmocka_unit_test(test_hosts_are_not_trusted),
        cmocka_unit_test(test_profile),   cmocka_unit_test(test_users_are_not_trusted),
        cmocka_unit_test(test_others),    cmocka_unit_test(test_qr),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
