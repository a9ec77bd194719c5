/* tests/unit/test_route.c: ways, the order of hosts, waits, what is kept of a result, and who is told of it. */
#include "core/clock.h"
#include "mailcore/relay/route.h"
#include "tests/unit/test.h"

static void ways(void **state)
{
    static const struct {
        const char *text;
        bool good;
        enum route_kind kind;
        bool lmtp;
        const char *host;
        int port;
    } rows[] = {
        {"mail.test:587", true, ROUTE_HOST, false, "mail.test", 587},
        {"mail.test", true, ROUTE_HOST, false, "mail.test", 25},
        {"smtp:192.0.2.1", true, ROUTE_HOST, false, "192.0.2.1", 25},
        {"[2001:db8::1]:26", true, ROUTE_HOST, false, "2001:db8::1", 26},
        {"lmtp:h:24", true, ROUTE_HOST, true, "h", 24},
        {"lmtp:unix:/run/l", true, ROUTE_UNIX, true, "/run/l", 25},
        {"unix:/run/l", false},
        {"lmtp:unix:run", false},
        {"", false},
        {":25", false},
        {"h:0", false},
        {"h:65536", false},
        {"h:25x", false},
        {"[::1", false},
        {"[::1]25", false},
        {"a b", false},
        {"2001:db8::1", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct route r;
        bool good = route_parse(str_c(rows[i].text), 25, &r);
        if (good != rows[i].good)
            fail_msg("%s", rows[i].text);
        if (!good)
            continue;
        assert_int_equal(r.kind, rows[i].kind);
        assert_int_equal(r.lmtp, rows[i].lmtp);
        assert_int_equal(r.port, rows[i].port);
        assert_str(r.host, rows[i].host);
    }
}

static void hosts_in_order(void **state)
{
    int first = 0;
    (void)state;
    for (int i = 0; i < 200; i++) {
        struct mx_host h[] = {{20, STR("c")}, {10, STR("a")}, {10, STR("b")}, {30, STR("d")}};
        size_t n = 4;
        assert_int_equal(mx_order(h, &n, STR("us")), MX_HOSTS);
        assert_int_equal(n, 4);
        first += h[0].name.p[0] == 'a';
        assert_true(h[0].preference == 10 && h[1].preference == 10 && !str_eq(h[0].name, h[1].name));
        assert_str(h[2].name, "c");
        assert_str(h[3].name, "d");
    }
    assert_in_range(first, 50, 150); /* equal ones share */
}

static void hosts_that_are_none(void **state)
{
    (void)state;
    size_t n = 1;
    struct mx_host null[] = {{0, STR(".")}};
    assert_int_equal(mx_order(null, &n, STR("us")), MX_NULL);
    struct mx_host best[] = {{10, STR("US")}, {20, STR("b")}};
    n = 2;
    assert_int_equal(mx_order(best, &n, STR("us")), MX_LOOP);
    struct mx_host second[] = {{20, STR("us")}, {20, STR("c")}, {10, STR("a")}, {30, STR("d")}};
    n = 4;
    assert_int_equal(mx_order(second, &n, STR("us")), MX_HOSTS);
    assert_int_equal(n, 1); /* only what is better than we are (RFC 5321 section 5.1) */
    assert_str(second[0].name, "a");
}

static void waits_grow(void **state)
{
    const struct retry r = {300, 14400};
    static const int64_t wanted[] = {300, 300, 600, 1200, 2400, 4800, 9600, 14400, 14400};
    (void)state;
    for (int64_t i = 0; i < (int64_t)COUNT_OF(wanted); i++) {
        assert_int_equal(retry_wait(&r, i, 0), wanted[i]);
        for (uint64_t k = 0; k < 50; k++)
            assert_in_range(retry_wait(&r, i, k * 7919), wanted[i] - wanted[i] / 8, wanted[i]);
    }
    assert_int_equal(retry_wait(&r, INT64_MAX, 0), 14400);
    assert_true(retry_wait(&(struct retry){1, 1}, 1, UINT64_MAX) >= 0);
}

static void results_come_back(void **state)
{
    static const struct outcome all[] = {
        {STR_INIT("5.1.1"), STR_INIT("mx.test"), false, false, STR_INIT("550 5.1.1 no: such user")},
        {STR_INIT("4.4.1"), STR_NONE, false, true, STR_INIT("dead")},
        {STR_INIT("2.0.0"), STR_INIT("mx.test"), true, true, STR_INIT("")},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        struct outcome o;
        SCOPED_BUF(text, 1024);
        outcome_write(&text, &all[i]);
        outcome_read(buf_view(&text), &o);
        assert_true(str_eq(o.status, all[i].status) && str_eq(o.text, all[i].text) &&
                    str_eq(o.host, all[i].host));
        assert_true(o.notifies == all[i].notifies && o.warned == all[i].warned);
    }
    struct outcome o;
    outcome_read(STR("by hand: x"), &o);
    assert_str(o.status, "4.0.0");
    assert_str(o.text, "by hand: x");
    outcome_read(STR_NONE, &o);
    assert_int_equal(o.text.n, 0);
}

static void who_is_told(void **state)
{
    (void)state;
    assert_int_equal(notice_of(MAIL_SENT, true, false, false, 0), NOTICE_NONE);
    assert_int_equal(notice_of(MAIL_SENT, true, false, false, NOTIFY_SUCCESS), NOTICE_RELAYED);
    assert_int_equal(notice_of(MAIL_SENT, true, true, false, NOTIFY_SUCCESS), NOTICE_DELIVERED);
    assert_int_equal(notice_of(MAIL_SENT, true, false, true, NOTIFY_SUCCESS), NOTICE_NONE);
    assert_int_equal(notice_of(MAIL_REFUSED, false, false, false, 0), NOTICE_FAILED);
    assert_int_equal(notice_of(MAIL_REFUSED, false, false, false, NOTIFY_SUCCESS), NOTICE_NONE);
    assert_int_equal(notice_of(MAIL_REFUSED, false, false, false, NOTIFY_NEVER), NOTICE_NONE);
    assert_int_equal(notice_of(MAIL_LATER, false, false, false, 0), NOTICE_DELAYED);
    assert_int_equal(notice_of(MAIL_LATER, false, false, false, NOTIFY_FAILURE), NOTICE_NONE);
    assert_int_equal(notice_of(MAIL_LATER, true, false, false, NOTIFY_FAILURE), NOTICE_FAILED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ways),
        cmocka_unit_test(hosts_in_order),
        cmocka_unit_test(hosts_that_are_none),
        cmocka_unit_test(waits_grow),
        cmocka_unit_test(results_come_back),
        cmocka_unit_test(who_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
