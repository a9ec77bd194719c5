/* Tests of server/http_rules and core/net: what is refused, who the client is, ranges, gzip, Basic. */
#include "tests/unit/test.h"

#include "server/http_rules.h"

#define H(name_, value_)                                                                                     \
    {                                                                                                        \
        STR_INIT(name_), STR_INIT(value_)                                                                    \
    }

static int judge(struct str method, const char *target, const char *version,
                 const struct http_header *headers, size_t count)
{
    struct http_framing framing;
    const char *why;
    struct http_head head = {method, str_c(target), str_c(version), headers, count};
    return http_judge(&head, &framing, &why);
}

static void smuggling_forms_are_refused(void **state)
{
    (void)state;
    static const struct {
        int wanted;
        const char *version;
        struct http_header headers[3];
    } cases[] = {
        {0, "HTTP/1.1", {H("Host", "a")}},
        {0, "HTTP/1.0", {H("X", "a")}},
        {505, "HTTP/2.0", {H("Host", "a")}},
        {400, "HTTP/1.1", {H("X", "a")}},
        {400, "HTTP/1.1", {H("Host", "a"), H("Host", "a")}},
        {400, "HTTP/1.1", {H("Host", "a/b")}},
        {0, "HTTP/1.1", {H("Host", "a"), H("Content-Length", "5")}},
        {0, "HTTP/1.1", {H("Host", "a"), H("Content-Length", "5"), H("Content-Length", "5")}},
        {400, "HTTP/1.1", {H("Host", "a"), H("Content-Length", "5"), H("Content-Length", "6")}},
        {400, "HTTP/1.1", {H("Host", "a"), H("Content-Length", "5, 5")}},
        {400, "HTTP/1.1", {H("Host", "a"), H("Content-Length", "-1")}},
        {400, "HTTP/1.1", {H("Host", "a"), H("Content-Length", "0x5")}},
        {400, "HTTP/1.1", {H("Host", "a"), H("Content-Length", "99999999999999999999")}},
        {400, "HTTP/1.1", {H("Host", "a"), H("Content-Length", "5"), H("Transfer-Encoding", "chunked")}},
        {0, "HTTP/1.1", {H("Host", "a"), H("Transfer-Encoding", "Chunked")}},
        {400, "HTTP/1.0", {H("Host", "a"), H("Transfer-Encoding", "chunked")}},
        {400, "HTTP/1.1", {H("Host", "a"), H("Transfer-Encoding", "gzip, chunked")}},
        {400, "HTTP/1.1", {H("Host", "a"), H("Transfer-Encoding", "xchunked")}},
        {400,
         "HTTP/1.1",
         {H("Host", "a"), H("Transfer-Encoding", "chunked"), H("Transfer-Encoding", "chunked")}},
        {400, "HTTP/1.1", {H("Host", "a"), H("Content-Length ", "5")}},
        {400, "HTTP/1.1", {H("Host", "a"), H("X", "a\rb")}},
        {400, "HTTP/1.1", {H("Host", "a"), H("X", "a\nb")}},
        {400, "HTTP/1.1", {H("Host", "a"), H("", "b")}},
        {417, "HTTP/1.1", {H("Host", "a"), H("Expect", "200-ok")}},
        {0, "HTTP/1.1", {H("Host", "a"), H("Expect", "100-Continue")}},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        size_t n = 0;
        while (n < 3 && cases[i].headers[n].name.p)
            n++;
        int got = judge(STR("GET"), "/", cases[i].version, cases[i].headers, n);
        if (got != cases[i].wanted)
            fail_msg("case %zu: %d, wanted %d", i, got, cases[i].wanted);
    }
}

static void targets_and_methods_are_checked(void **state)
{
    (void)state;
    static const struct http_header host[] = {H("Host", "a")};
    static const char *const bad[] = {"", "dav/", "/a b", "/a#b", "/a\x01", "ftp://x/"};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(judge(STR("GET"), bad[i], "HTTP/1.1", host, 1), 400);
    assert_int_equal(judge(STR("PROPFIND"), "/\xc3\xb2", "HTTP/1.1", host, 1), 0);
    assert_int_equal(judge(STR("G ET"), "/", "HTTP/1.1", host, 1), 400);
    assert_int_equal(judge(STR(""), "/", "HTTP/1.1", host, 1), 400);

    struct str path, query;
    http_split_target(STR("/a/b?x=1?2"), &path, &query);
    assert_str(path, "/a/b");
    assert_str(query, "x=1?2");
    http_split_target(STR("http://host:80/a"), &path, &query);
    assert_str(path, "/a");
    assert_null(query.p);
    http_split_target(STR("https://host?q"), &path, &query);
    assert_str(path, "/");
    assert_str(query, "q");
}

static void ranges_follow_the_rfc(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        enum http_range wanted;
        uint64_t from, length;
    } cases[] = {
        {"bytes=0-0", HTTP_RANGE_PART, 0, 1},
        {"bytes=10-", HTTP_RANGE_PART, 10, 90},
        {"bytes=-10", HTTP_RANGE_PART, 90, 10},
        {"bytes=-1000", HTTP_RANGE_PART, 0, 100},
        {"bytes=50-1000", HTTP_RANGE_PART, 50, 50},
        {"bytes=100-", HTTP_RANGE_UNSATISFIABLE, 0, 0},
        {"bytes=-0", HTTP_RANGE_UNSATISFIABLE, 0, 0},
        {"bytes=5-4", HTTP_RANGE_WHOLE, 0, 100},
        {"bytes=0-1,3-4", HTTP_RANGE_WHOLE, 0, 100},
        {"items=0-1", HTTP_RANGE_WHOLE, 0, 100},
        {"bytes=-", HTTP_RANGE_WHOLE, 0, 100},
        {"bytes=x-1", HTTP_RANGE_WHOLE, 0, 100},
        {"bytes=18446744073709551616-", HTTP_RANGE_WHOLE, 0, 100},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint64_t from, length;
        enum http_range got = http_range(str_c(cases[i].header), 100, &from, &length);
        if (got != cases[i].wanted ||
            (got != HTTP_RANGE_UNSATISFIABLE && (from != cases[i].from || length != cases[i].length)))
            fail_msg("%s: %d %llu+%llu", cases[i].header, (int)got, (unsigned long long)from,
                     (unsigned long long)length);
    }
}

static void gzip_needs_the_clients_word(void **state)
{
    (void)state;
    assert_true(http_takes_gzip(STR("gzip, deflate, br")));
    assert_true(http_takes_gzip(STR("deflate;q=0.5, GZIP;q=0.001")));
    assert_true(http_takes_gzip(STR("*")));
    assert_false(http_takes_gzip(STR_NONE));
    assert_false(http_takes_gzip(STR("identity")));
    assert_false(http_takes_gzip(STR("gzip;q=0, *")));
    assert_false(http_takes_gzip(STR("gzip ; q=0.000")));
    assert_false(http_takes_gzip(STR("*;q=0")));
}

static void basic_is_decoded(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 10000);
    struct str user, password;
    assert_true(http_basic(&a, STR("Basic YWxpY2U6YTpi"), &user, &password));
    assert_str(user, "alice");
    assert_str(password, "a:b");
    assert_false(http_basic(&a, STR("Basic YWxpY2U="), &user, &password)); /* no colon */
    assert_false(http_basic(&a, STR("Bearer YWxpY2U6YTpi"), &user, &password));
    assert_false(http_basic(&a, STR("Basic !!!!"), &user, &password));
    assert_false(http_basic(&a, STR("Basic AGE6Yg=="), &user, &password)); /* NUL */
    assert_false(http_basic(&a, STR_NONE, &user, &password));
}

static const char *client_of(const struct http_header *headers, size_t count, const char *peer,
                             struct str *scheme)
{
    static char text[64];
    struct net_network trusted[2];
    assert_true(net_parse_network(STR("127.0.0.1/32"), &trusted[0]));
    assert_true(net_parse_network(STR("10.0.0.0/8"), &trusted[1]));
    struct http_request req = {.headers = headers, .header_count = count};
    struct net_address address, got;
    assert_true(net_parse(str_c(peer), &address));
    *scheme = STR("http");
    got = http_real_client(&req, &address, trusted, 2, scheme);
    SCOPED_BUF(b, sizeof text - 1);
    net_text(&b, &got);
    memcpy(text, buf_c(&b), b.n + 1);
    return text;
}

static void only_trusted_proxies_name_the_client(void **state)
{
    (void)state;
    static const struct http_header xff[] = {H("X-Forwarded-For", "6.6.6.6, 192.0.2.7"),
                                             H("X-Forwarded-For", "10.1.1.1"),
                                             H("X-Forwarded-Proto", "https")};
    static const struct http_header forwarded[] = {
        H("Forwarded", "for=\"[2001:db8::7]:99\";proto=https, for=10.2.2.2"),
        H("X-Forwarded-For", "6.6.6.6")};
    static const struct http_header hidden[] = {H("Forwarded", "for=6.6.6.6, for=_hidden")};
    struct str scheme;
    assert_string_equal(client_of(xff, 3, "127.0.0.1", &scheme), "192.0.2.7");
    assert_str(scheme, "https");
    assert_string_equal(client_of(xff, 3, "192.0.2.99", &scheme), "192.0.2.99");
    assert_str(scheme, "http");
    assert_string_equal(client_of(forwarded, 2, "::ffff:127.0.0.1", &scheme), "2001:db8::7");
    assert_str(scheme, "https");
    assert_string_equal(client_of(hidden, 1, "127.0.0.1", &scheme), "127.0.0.1");
    assert_string_equal(client_of(NULL, 0, "10.9.9.9", &scheme), "10.9.9.9");
}

static void networks_match_by_prefix(void **state)
{
    (void)state;
    static const struct {
        const char *network, *address;
        bool in;
    } cases[] = {
        {"192.0.2.0/24", "192.0.2.255", true},
        {"192.0.2.0/25", "192.0.2.128", false},
        {"0.0.0.0/0", "8.8.8.8", true},
        {"2001:db8::/33", "2001:db8:7fff::", true},
        {"2001:db8::/33", "2001:db8:8000::", false},
        {"::/0", "192.0.2.1", false},
        {"192.0.2.1", "::ffff:192.0.2.1", true},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct net_network n;
        struct net_address a;
        assert_true(net_parse_network(str_c(cases[i].network), &n));
        assert_true(net_parse(str_c(cases[i].address), &a));
        assert_int_equal(net_in(&a, &n), cases[i].in);
    }
    struct net_network n;
    assert_false(net_parse_network(STR("192.0.2.0/33"), &n));
    assert_false(net_parse_network(STR("localhost"), &n));
    struct net_address a;
    assert_true(net_parse(STR("127.8.9.1"), &a) && net_loopback(&a));
    assert_true(net_parse(STR("::1"), &a) && net_loopback(&a));
    assert_true(net_parse(STR("128.0.0.1"), &a) && !net_loopback(&a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(smuggling_forms_are_refused),
        cmocka_unit_test(targets_and_methods_are_checked),
        cmocka_unit_test(ranges_follow_the_rfc),
        cmocka_unit_test(gzip_needs_the_clients_word),
        cmocka_unit_test(basic_is_decoded),
        cmocka_unit_test(only_trusted_proxies_name_the_client),
        cmocka_unit_test(networks_match_by_prefix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
