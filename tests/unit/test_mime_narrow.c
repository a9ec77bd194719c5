/* tests/unit/test_mime_narrow.c: messages made fit for 7 bits: nothing of their content changes. */
#include "formats/header.h"
#include "formats/mime.h"
#include "formats/mime_encode.h"
#include "formats/mime_narrow.h"
#include "formats/mime_word.h"
#include "tests/unit/test.h"

static const struct mime_limits limits = {.parts = 100, .depth = 5, .addresses = 10, .field = 65536};

static void test_encodings(void **state)
{
    (void)state;
    static const struct {
        const char *text, *quoted;
    } cases[] = {
        {"a=b\r\n", "a=3Db\r\n"},
        {"caff\xc3\xa8\n", "caff=C3=A8\r\n"},
        {"x \r\ny\t", "x=20\r\ny=09"},
        {"a\rb", "a=0Db"},
        {"", ""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        SCOPED_BUF(out, 1000);
        mime_quoted_encode(&out, str_c(cases[i].text));
        assert_str(buf_view(&out), cases[i].quoted);
    }
    /* of every length around a line: it comes back, and no line is longer than 76 */
    for (size_t n = 60; n < 240; n++) {
        char text[240];
        SCOPED_BUF(out, 4096);
        SCOPED_BUF(lines, 4096);
        SCOPED_BUF(back, 4096);
        for (size_t i = 0; i < n; i++)
            text[i] = i % 7 == 3 ? '=' : (char)('a' + i % 26);
        mime_quoted_encode(&out, str_n(text, n));
        mime_quoted_decode(&back, buf_view(&out));
        assert_true(str_eq(buf_view(&back), str_n(text, n)));
        mime_base64_encode(&lines, str_n(text, n));
        buf_clear(&back);
        mime_base64_decode(&back, buf_view(&lines));
        assert_true(str_eq(buf_view(&back), str_n(text, n)));
        struct str both[] = {buf_view(&out), buf_view(&lines)}, line;
        for (size_t k = 0; k < COUNT_OF(both); k++)
            while (str_split(&both[k], '\n', &line))
                assert_true(str_trim(line).n <= 76);
    }
}

#define MULTI                                                                                                \
    "From: a@b\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n"                        \
    "Content-Transfer-Encoding: 8bit\r\n\r\npr\xc3\xa9\r\n--x\r\n"

static void test_narrow(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {
        /* nothing to do, but for what is said of it */
        {"Subject: a\r\n\r\nb\r\n", "Subject: a\r\n\r\nb\r\n"},
        {"Content-Transfer-Encoding: 8bit\r\nSubject: a\r\n\r\nb\r\n", "Subject: a\r\n\r\nb\r\n"},
        {"Content-Transfer-Encoding: base64\r\n\r\nYQ==\r\n",
         "Content-Transfer-Encoding: base64\r\n\r\nYQ==\r\n"},
        /* a text, declared or not */
        {"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: "
         "8bit\r\n\r\n\xc3\xa8\r\n",
         "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: "
         "quoted-printable\r\n\r\n"
         "=C3=A8\r\n"},
        {"Subject: a\r\n\r\n\xc3\xa8\r\n",
         "Subject: a\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
         "Content-Transfer-Encoding: quoted-printable\r\n\r\n=C3=A8\r\n"},
        {"Subject: a\r\n\r\n\xe8\r\n",
         "Subject: a\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=unknown-8bit\r\n"
         "Content-Transfer-Encoding: quoted-printable\r\n\r\n=E8\r\n"},
        /* parts, of which some need it */
        {MULTI "Content-Type: image/png\r\nContent-Transfer-Encoding: "
               "binary\r\n\r\n\x89PNG\r\n--x\r\n\r\nplain\r\n--x--\r\n",
         "From: a@b\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; "
         "boundary=x\r\n\r\npr\?\?\r\n--x\r\n"
         "Content-Type: image/png\r\nContent-Transfer-Encoding: "
         "base64\r\n\r\niVBORw==\r\n\r\n--x\r\n\r\nplain\r\n--x--\r\n"},
        /* a message in a message */
        {"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\nSubject: "
         "in\r\n\r\n\xc3\xa8\r\n",
         "Content-Type: message/rfc822\r\n\r\nSubject: in\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; "
         "charset=utf-8\r\nContent-Transfer-Encoding: "
         "quoted-printable\r\n\r\n=C3=A8\r\n"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        SCOPED_ARENA(a, 1 << 20);
        SCOPED_BUF(out, 1 << 16);
        assert_status(mime_narrow(&a, str_c(cases[i].in), &limits, &out), OK);
        assert_str(buf_view(&out), cases[i].out);
    }
}

/* A line of more than 998 bytes is no line for a server. */
static void test_long_line(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    SCOPED_BUF(in, 1 << 16);
    SCOPED_BUF(out, 1 << 16);
    SCOPED_BUF(back, 1 << 16);
    buf_addz(&in, "Subject: a\r\n\r\n");
    for (int i = 0; i < 999; i++)
        buf_addc(&in, 'x');
    buf_addz(&in, "\r\n");
    assert_status(mime_narrow(&a, buf_view(&in), &limits, &out), OK);
    struct str rest = buf_view(&out), line, body = str_from(rest, header_size(rest));
    mime_quoted_decode(&back, body);
    assert_true(str_eq(buf_view(&back), str_from(buf_view(&in), 14)));
    while (str_split(&rest, '\n', &line))
        assert_true(line.n <= 998);
}

/* What is nested too deep cannot be encoded, and is refused. */
static void test_too_deep(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    SCOPED_BUF(in, 1 << 16);
    SCOPED_BUF(out, 1 << 16);
    for (int i = 0; i < 10; i++)
        buf_addf(&in, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i);
    buf_addz(&in, "\r\n\xc3\xa8\r\n");
    assert_status(mime_narrow(&a, buf_view(&in), &limits, &out), UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_encodings), cmocka_unit_test(test_narrow),
                                       cmocka_unit_test(test_long_line), cmocka_unit_test(test_too_deep)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
