/* tests/unit/test_vnote.c: vNotes of phones, read and written. */
#include "formats/vnote.h"
#include "tests/unit/test.h"

#define NOTE(lines) "BEGIN:VNOTE\r\nVERSION:1.1\r\n" lines "END:VNOTE\r\n"

static enum status parse(struct arena *a, const char *text, struct vnote *n, struct str *why)
{
    const struct vnote_read ways = {.charset = CHARSET_NONE};
    return vnote_parse(a, str_c(text), &ways, n, why);
}

static void test_samples(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    struct vnote n;
    struct str why;
    assert_status(
        parse(&a,
              NOTE("BODY;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:caff=C3=A8=0D=0Alatte=\r\n e pane\r\n"
                   "DCREATED:20261124T093000Z\r\nCLASS:PRIVATE\r\nCATEGORIES:Home\r\nX-IRMC-LUID:0001\r\n"),
              &n, &why),
        OK);
    assert_str(n.body, "caffè\nlatte e pane");
    assert_str(n.created, "20261124T093000Z");
    assert_str(n.class, "PRIVATE");
    assert_str(n.categories, "Home");
    assert_str(n.uid, "0001");
    assert_null(n.summary.p);

    assert_status(parse(&a, NOTE("SUMMARY:Milk\r\nBODY;ENCODING=BASE64:TWlsaw==\r\n\r\n"), &n, &why), OK);
    assert_str(n.summary, "Milk");
    assert_str(n.body, "Milk");

    assert_status(parse(&a, NOTE("BODY;CHARSET=ISO-8859-1:caff\xE8\r\n"), &n, &why), OK);
    assert_str(n.body, "caffè");
}

static void test_refused(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    struct vnote n;
    struct str why;
    static const char *const bad[] = {"", "BODY:x\r\n", "BEGIN:VNOTE\r\nBODY:x\r\n",
                                      NOTE("BODY;ENCODING=BASE64:@@@\r\n\r\n"),
                                      "BEGIN:VCARD\r\nBODY:x\r\nEND:VCARD\r\n"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_status(parse(&a, bad[i], &n, &why), INVALID);
        assert_true(why.n > 0);
    }
}

static void test_out_and_back(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "",          "one",         "two\nlines", "semi;colon, comma \\ backslash",
        "naïve – €", "=3D equals=", " blanks ",   "trailing\n"};
    for (size_t i = 0; i < COUNT_OF(bodies); i++)
        for (int qp = 0; qp < 2; qp++) {
            SCOPED_ARENA(a, 1 << 20);
            SCOPED_BUF(out, 1 << 16);
            const struct versit_write ways = {
                .charset = CHARSET_UTF8, .qp_8bit = qp, .fold = qp, .empty = true};
            const struct vnote n = {
                .body = str_c(bodies[i]), .class = STR("PUBLIC"), .created = STR("20260101T000000Z")};
            struct vnote back;
            struct str why = STR("");
            vnote_write(&out, &n, &ways);
            assert_status(out.st, OK);
            assert_status(parse(&a, buf_c(&out), &back, &why), OK);
            assert_str(back.body, bodies[i]);
            assert_str(back.class, "PUBLIC");
            assert_str(back.created, "20260101T000000Z");
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_out_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
