/* tests/unit/test_smtp_path.c: paths and parameters of MAIL and RCPT. */
#include "mailcore/smtp/path.h"
#include "tests/unit/test.h"

enum { SENDER = SMTP_PATH_NULL, RECIPIENT = SMTP_PATH_POSTMASTER, UTF8 = SMTP_PATH_UTF8 };

static void test_paths(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        unsigned flags;
        const char *local, *domain, *rest, *written;
    } cases[] = {
        {"<a@b.test>", 0, "a", "b.test", "", "a@b.test"},
        {" <a@b> SIZE=1", 0, "a", "b", " SIZE=1", "a@b"},
        {"<>", SENDER, "", "", "", ""},
        {"<Postmaster>", RECIPIENT, "Postmaster", "", "", "Postmaster"},
        {"<@r1,@r2:a@b>", 0, "a", "b", "", "a@b"},
        {"<\"a b\\\"c\"@d>", 0, "a b\"c", "d", "", "\"a b\\\"c\"@d"},
        {"<\"\"@d>", 0, "", "d", "", "\"\"@d"},
        {"<a.b+c@[192.0.2.1]>", 0, "a.b+c", "[192.0.2.1]", "", "a.b+c@[192.0.2.1]"},
        {"<a@[IPv6:2001:db8::1]>", 0, "a", "[IPv6:2001:db8::1]", "", "a@[IPv6:2001:db8::1]"},
        {"<nicol\xc3\xb2@caff\xc3\xa8.test>", UTF8, "nicol\xc3\xb2", "caff\xc3\xa8.test", "",
         "nicol\xc3\xb2@caff\xc3\xa8.test"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        SCOPED_ARENA(a, 1 << 16);
        SCOPED_BUF(b, 1000);
        struct str rest = str_c(cases[i].in);
        struct smtp_path p;
        const char *why;
        assert_status(smtp_path_parse(&a, &rest, cases[i].flags, &p, &why), OK);
        assert_str(p.local, cases[i].local);
        assert_str(p.domain, cases[i].domain);
        assert_str(rest, cases[i].rest);
        smtp_path_write(&b, &p);
        assert_str(buf_view(&b), cases[i].written);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "a@b",
        "<a@b",
        "<a>",
        "<@b>",
        "<a@>",
        "<a..b@c>",
        "<.a@b>",
        "<a.@b>",
        "<a b@c>",
        "<a@b c>",
        "<a@-b>",
        "<a@b->",
        "<a@b..c>",
        "<a@[1.2.3]>",
        "<a@[IPv6:x]>",
        "<a@[192.0.2.1>",
        "<\"a@b>",
        "<\"a\n\"@b>",
        "<@r:a@b",
        "<@r",
        "<a@b\r\n>",
        "<nicol\xc3\xb2@b>",
        "<a@caff\xc3\xa8.test>",
        "<postmaster>",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        SCOPED_ARENA(a, 1 << 16);
        struct str rest = str_c(bad[i]);
        struct smtp_path p;
        const char *why;
        assert_status(smtp_path_parse(&a, &rest, 0, &p, &why), INVALID);
        assert_non_null(why);
    }
    SCOPED_ARENA(a, 1 << 16);
    struct str rest = STR("<\xff@b>");
    struct smtp_path p;
    const char *why;
    assert_status(smtp_path_parse(&a, &rest, UTF8, &p, &why), INVALID);
    char text[400] = "<";
    memset(text + 1, 'a', 65);
    strcpy(text + 66, "@b>");
    rest = str_c(text);
    assert_status(smtp_path_parse(&a, &rest, 0, &p, &why), INVALID);
    strcpy(text, "<a@");
    memset(text + 3, 'b', 300);
    strcpy(text + 303, ">");
    rest = str_c(text);
    assert_status(smtp_path_parse(&a, &rest, 0, &p, &why), INVALID);
}

static void test_parameters(void **state)
{
    (void)state;
    struct str rest = STR(" SIZE=100  BODY=8BITMIME SMTPUTF8 ");
    struct smtp_param p;
    assert_status(smtp_param_next(&rest, &p), OK);
    assert_str(p.key, "SIZE");
    assert_str(p.value, "100");
    assert_status(smtp_param_next(&rest, &p), OK);
    assert_str(p.value, "8BITMIME");
    assert_status(smtp_param_next(&rest, &p), OK);
    assert_str(p.key, "SMTPUTF8");
    assert_null(p.value.p);
    assert_status(smtp_param_next(&rest, &p), NOT_FOUND);
    static const char *const bad[] = {"SIZE=1", " =1", " SIZE=", " A=b=c", " -A=1", " A\t", " A=\x01"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        rest = str_c(bad[i]);
        assert_status(smtp_param_next(&rest, &p), INVALID);
    }
}

static void test_xtext(void **state)
{
    (void)state;
    SCOPED_BUF(b, 1000);
    SCOPED_BUF(back, 1000);
    xtext_encode(&b, STR("a+b=c d\x01"));
    assert_str(buf_view(&b), "a+2Bb+3Dc+20d+01");
    assert_true(xtext_decode(&back, buf_view(&b)));
    assert_str(buf_view(&back), "a+b=c d\x01");
    static const char *const bad[] = {"+", "+2", "+2b", "a b", "a=b", "+zz"};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(xtext_decode(&back, str_c(bad[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_parameters),
        cmocka_unit_test(test_xtext),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
