/* tests/unit/test_relay_reply.c: replies as servers write them, and what is said of them. */
#include "mailcore/relay/reply.h"
#include "tests/unit/test.h"

static void test_replies(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        enum status st;
        int code;
        const char *status, *line, *left;
    } cases[] = {
        {"250 ok\r\n", OK, 250, "2.0.0", "250 ok", ""},
        {"250 2.1.5 fine\r\n220 next", OK, 250, "2.1.5", "250 2.1.5 fine", "220 next"},
        {"250\r\n", OK, 250, "2.0.0", "250", ""},
        {"250 ok\n", OK, 250, "2.0.0", "250 ok", ""},
        {"550-5.1.1 no\r\n550 5.1.1 such\r\n", OK, 550, "5.1.1", "550 5.1.1 no 5.1.1 such", ""},
        {"550 4.1.1 no\r\n", OK, 550, "5.0.0", "550 4.1.1 no", ""},
        {"550 5.1.1234 no\r\n", OK, 550, "5.0.0", "550 5.1.1234 no", ""},
        {"550 5.123.456\r\n", OK, 550, "5.123.456", "550 5.123.456", ""},
        {"550 a\x01\x1b[31m\r\n", OK, 550, "5.0.0", "550 a  [31m", ""},
        {"250-a\r\n", NOT_FOUND, 0, NULL, NULL, ""},
        {"250 a", NOT_FOUND, 0, NULL, NULL, ""},
        {"250-a\r\n251 b\r\n", INVALID, 0, NULL, NULL, ""},
        {"250_a\r\n", INVALID, 0, NULL, NULL, ""},
        {"150 a\r\n", INVALID, 0, NULL, NULL, ""},
        {"600 a\r\n", INVALID, 0, NULL, NULL, ""},
        {"hello\r\n", INVALID, 0, NULL, NULL, ""},
        {"\r\n", INVALID, 0, NULL, NULL, ""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct relay_reply r = {0};
        struct str in = str_c(cases[i].in);
        SCOPED_BUF(line, 4096);
        char status[12];
        assert_status(relay_reply_read(&r, &in), cases[i].st);
        assert_str(in, cases[i].left);
        if (cases[i].st == OK) {
            relay_reply_status(&r, status);
            relay_reply_line(&r, &line);
            assert_int_equal(r.code, cases[i].code);
            assert_string_equal(status, cases[i].status);
            assert_str(buf_view(&line), cases[i].line);
        }
        relay_reply_free(&r);
    }
}

/* One is forgotten before the next. */
static void test_again(void **state)
{
    (void)state;
    struct relay_reply r = {0};
    struct str in = STR("550-5.1.1 a\r\n550 b\r\n250 c\r\n");
    SCOPED_BUF(line, 4096);
    assert_status(relay_reply_read(&r, &in), OK);
    relay_reply_clear(&r);
    assert_status(relay_reply_read(&r, &in), OK);
    relay_reply_line(&r, &line);
    assert_str(buf_view(&line), "250 c");
    relay_reply_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_replies), cmocka_unit_test(test_again)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
