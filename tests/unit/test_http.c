/* Tests of core/http: headers, percent-encoding, dates. */
#include "tests/unit/test.h"

#include "core/clock.h"
#include "core/http.h"

static void headers_are_found_and_joined(void **state)
{
    (void)state;
    const struct http_header headers[] = {
        {STR_INIT("Host"), STR_INIT("example.test")},
        {STR_INIT("If-Match"), STR_INIT("\"a\"")},
        {STR_INIT("if-match"), STR_INIT("\"b\", \"c\"")},
    };
    struct http_txn t = {.req = {.headers = headers, .header_count = 3}, .arena = ARENA_INIT(10000)};
    assert_str(http_get(&t.req, STR("IF-MATCH")), "\"a\"");
    assert_null(http_get(&t.req, STR("If")).p);
    assert_str(http_get_list(&t, STR("If-Match")), "\"a\", \"b\", \"c\"");
    assert_str(http_get_list(&t, STR("host")), "example.test");
    assert_null(http_get_list(&t, STR("Accept")).p);
    arena_free(&t.arena);
}

static void no_value_splits_a_header(void **state)
{
    (void)state;
    struct http_txn t = {.arena = ARENA_INIT(100000)};
    http_set(&t, STR("Location"), STR("/a\r\nSet-Cookie: x=1"));
    http_setf(&t, STR("DAV"), "%d\t%s\x7f", 1, "3");
    assert_str(t.resp.headers[0].value, "/aSet-Cookie: x=1");
    assert_str(t.resp.headers[1].value, "1\t3");
    for (int i = 0; i < 40; i++)
        http_setf(&t, STR("X"), "%d", i);
    assert_int_equal(t.resp.header_count, 42);
    assert_str(t.resp.headers[41].value, "39");
    arena_free(&t.arena);
}

static void escapes_are_decoded_strictly(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 10000);
    struct str out;
    assert_ok(http_unescape(&a, STR("a%20b+c%2b%c3%B2"), false, &out));
    assert_str(out, "a b+c+\xc3\xb2");
    static const char *const bad[] = {"%", "%4", "%zz", "a%00b", "a%2fb", "%c3", "%ff", "%%41"};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_status(http_unescape(&a, str_c(bad[i]), false, &out), INVALID);
    assert_status(http_unescape(&a, str_n("a\0b", 3), false, &out), INVALID);
    assert_ok(http_unescape(&a, STR("a%2Fb"), true, &out));
    assert_str(out, "a/b");
    assert_ok(http_unescape(&a, STR(""), true, &out));
    assert_int_equal(out.n, 0);

    SCOPED_BUF(b, 100);
    http_escape(&b, STR("a b/c@d~\xc3\xb2%"), "/@");
    assert_str(buf_view(&b), "a%20b/c@d~%C3%B2%25");
}

static void dates_round_trip(void **state)
{
    (void)state;
    clock_set(1700000000); /* 2023 */
    int64_t t;
    assert_true(http_parse_date(STR("Sun, 06 Nov 1994 08:49:37 GMT"), &t));
    assert_int_equal(t, 784111777);
    assert_true(http_parse_date(STR("Sunday, 06-Nov-94 08:49:37 GMT"), &t));
    assert_int_equal(t, 784111777);
    assert_true(http_parse_date(STR("Sun Nov  6 08:49:37 1994"), &t));
    assert_int_equal(t, 784111777);
    assert_true(http_parse_date(STR("Saturday, 01-Jan-50 00:00:00 GMT"), &t));
    assert_int_equal(t, 2524608000);
    SCOPED_BUF(b, 100);
    http_date(&b, 784111777);
    assert_str(buf_view(&b), "Sun, 06 Nov 1994 08:49:37 GMT");
    static const char *const bad[] = {
        "",
        "Sun",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT x",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "1994-11-06T08:49:37Z",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(http_parse_date(str_c(bad[i]), &t));
    clock_set(0);
}

static void reasons_are_known(void **state)
{
    (void)state;
    assert_string_equal(http_reason(207), "Multi-Status");
    assert_string_equal(http_reason(299), "Unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_are_found_and_joined),
        cmocka_unit_test(no_value_splits_a_header),
        cmocka_unit_test(escapes_are_decoded_strictly),
        cmocka_unit_test(dates_round_trip),
        cmocka_unit_test(reasons_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
