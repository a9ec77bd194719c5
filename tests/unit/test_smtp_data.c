/* tests/unit/test_smtp_data.c: the end of DATA, dots, and everything that looks like an end and is none. */
#include "mailcore/smtp/data.h"
#include "tests/unit/test.h"

/* Reads it in pieces of `piece` bytes; the rest that was not taken comes back. */
static struct str read_in(struct smtp_data *d, struct str in, size_t piece, struct buf *out)
{
    while (in.n && !d->ended) {
        struct str part = str_slice(in, 0, piece);
        size_t before = part.n;
        smtp_data_read(d, &part, out);
        in = str_from(in, before - part.n);
        if (part.n)
            break;
    }
    return in;
}

static void test_ends(void **state)
{
    (void)state;
    static const struct {
        const char *in, *text, *rest;
        unsigned faults;
    } cases[] = {
        {".\r\n", "", "", 0},
        {"a\r\n.\r\nQUIT\r\n", "a\r\n", "QUIT\r\n", 0},
        {"..a\r\n.\r\n", ".a\r\n", "", 0},
        {".a\r\n...\r\n.\r\n", "a\r\n..\r\n", "", 0},
        {"a\nb\r\n.\r\n", "a\r\nb\r\n", "", SMTP_BARE_LF},
        {"a\rb\r\n.\r\n", "a\r\nb\r\n", "", SMTP_BARE_CR},
        {"a\r\r\n.\r\n", "a\r\n\r\n", "", SMTP_BARE_CR},
        {".\rx\r\n.\r\n", "\r\nx\r\n", "", SMTP_BARE_CR},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        for (size_t piece = 1; piece < 20; piece++) {
            SCOPED_BUF(out, 1000);
            struct smtp_data d = {.max = 1000};
            struct str rest = read_in(&d, str_c(cases[i].in), piece, &out);
            assert_true(d.ended);
            assert_str(buf_view(&out), cases[i].text);
            assert_str(rest, cases[i].rest);
            assert_int_equal(d.faults, cases[i].faults);
            assert_int_equal(d.size, out.n);
        }
}

/* None of these ends the text: the mail that hides behind it stays content, on the way in and on the way out again. */
static void test_smuggling(void **state)
{
    (void)state;
    static const struct str ends[] = {
        STR_INIT("\n.\n"),       STR_INIT("\n.\r\n"),     STR_INIT("\r.\r\n"),       STR_INIT("\r\n.\n"),
        STR_INIT("\r.\r"),       STR_INIT("\r\n.\r"),     STR_INIT("\n.\r"),         STR_INIT("\r.\n"),
        STR_INIT("\r\n\0.\r\n"), STR_INIT("\r\n.\r\r\n"), STR_INIT("\r\r\n.\r\r\n"), STR_INIT("\n\n.\r\n"),
        STR_INIT("\r\n.\0\r\n"), STR_INIT("\r\n.\x85"),
    };
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        SCOPED_BUF(in, 1000);
        SCOPED_BUF(text, 1000);
        SCOPED_BUF(sent, 1000);
        SCOPED_BUF(again, 1000);
        buf_add(&in, STR("one"));
        buf_add(&in, ends[i]);
        buf_add(&in, STR("MAIL FROM:<evil@x>\r\nRCPT TO:<you@x>\r\nDATA\r\ntwo\r\n.\r\nNOOP\r\n"));
        struct smtp_data d = {.max = 1000};
        struct str rest = buf_view(&in);
        smtp_data_read(&d, &rest, &text);
        assert_true(d.ended);
        assert_str(rest, "NOOP\r\n");
        smtp_data_write(&sent, buf_view(&text));
        for (size_t at = 0; (at = str_find(buf_view(&sent), STR("\n"), at)) != SIZE_MAX; at++)
            assert_true(at > 0 && sent.p[at - 1] == '\r');
        assert_int_equal(str_find(buf_view(&sent), STR("\r\n.\r\n"), 0), sent.n - 5);
        struct smtp_data back = {.max = 1000};
        rest = buf_view(&sent);
        smtp_data_read(&back, &rest, &again);
        assert_true(back.ended && rest.n == 0 && back.faults == 0);
        assert_true(str_eq(buf_view(&again), buf_view(&text)));
    }
}

static void test_bounds(void **state)
{
    (void)state;
    SCOPED_BUF(out, 1000);
    struct smtp_data d = {.max = 5};
    struct str in = STR("123456789\r\n.\r\nx");
    smtp_data_read(&d, &in, &out);
    assert_true(d.ended);
    assert_int_equal(d.size, 11);
    assert_str(buf_view(&out), "12345");
    assert_str(in, "x");
    struct smtp_data high = {.max = 100};
    in = STR("a\xc3\xa8");
    smtp_data_read(&high, &in, &out);
    assert_true(high.eight_bit && !high.ended);
}

static void test_written(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"", ".\r\n"},
                                           {"a", "a\r\n.\r\n"},
                                           {"a\r\n", "a\r\n.\r\n"},
                                           {".\r\n..", "..\r\n...\r\n.\r\n"},
                                           {"a\n.b\rc", "a\r\n..b\r\nc\r\n.\r\n"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        SCOPED_BUF(out, 1000);
        smtp_data_write(&out, str_c(cases[i][0]));
        assert_str(buf_view(&out), cases[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_smuggling),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
