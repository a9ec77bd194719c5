/* tests/unit/test_mail_header.c: fields of a header, their tokens, addresses, dates and subjects. */
#include "formats/header.h"
#include "formats/mailaddr.h"
#include "formats/maildate.h"
#include "formats/mailsubject.h"
#include "tests/unit/test.h"

static void test_fields(void **state)
{
    (void)state;
    struct str rest = STR(
        "From: a@b\r\nno field\r\nSubject : one\r\n two\r\n\tthree\r\n: no name\r\nX-E:\n\r\nBody: no\r\n");
    struct header_field f;
    assert_int_equal(header_size(rest), rest.n - STR("Body: no\r\n").n);
    assert_str(header_find(rest, STR("x-e")), "");
    assert_null(header_find(rest, STR("Body")).p);
    assert_true(header_next(&rest, &f));
    assert_str(f.name, "From");
    assert_str(f.value, " a@b");
    assert_str(f.raw, "From: a@b\r\n");
    assert_true(header_next(&rest, &f));
    assert_str(f.name, "Subject");
    SCOPED_BUF(b, 100);
    header_unfold(&b, f.value);
    assert_str(buf_view(&b), "one two\tthree");
    assert_true(header_next(&rest, &f));
    assert_false(header_next(&rest, &f));
    assert_str(rest, "\r\nBody: no\r\n");
}

static void test_tokens(void **state)
{
    (void)state;
    struct str rest = STR("a.b (x (y\\)) z)\"q\\\"r\" [1.2]<c>(open");
    static const struct {
        enum header_kind kind;
        const char *text;
        bool apart;
    } want[] = {{HEADER_ATOM, "a.b", false},      {HEADER_COMMENT, "x (y\\)) z", true},
                {HEADER_QUOTED, "q\\\"r", false}, {HEADER_LITERAL, "[1.2]", true},
                {HEADER_SPECIAL, "<", false},     {HEADER_ATOM, "c", false},
                {HEADER_SPECIAL, ">", false},     {HEADER_COMMENT, "open", false}};
    struct header_token t;
    for (size_t i = 0; i < COUNT_OF(want); i++) {
        assert_true(header_token(&rest, "<>", &t));
        assert_int_equal(t.kind, want[i].kind);
        assert_str(t.text, want[i].text);
        assert_int_equal(t.apart, want[i].apart);
    }
    assert_false(header_token(&rest, "<>", &t));
}

/* Every address as "name|route|local|domain", groups as "name:" and ";". */
static void assert_addresses(const char *value, const char *want)
{
    SCOPED_ARENA(a, 1 << 20);
    SCOPED_BUF(b, 1 << 16);
    struct mailaddr *m;
    assert_status(mailaddr_parse(&a, str_c(value), 100, &m), OK);
    for (; m; m = m->next) {
        if (b.n)
            buf_addc(&b, ' ');
        if (m->kind == MAILADDR_BOX)
            buf_addf(&b, "%.*s|%.*s|%.*s|%.*s", STR_ARG(m->name), STR_ARG(m->route), STR_ARG(m->local),
                     STR_ARG(m->domain));
        else if (m->kind == MAILADDR_GROUP)
            buf_addf(&b, "%.*s:", STR_ARG(m->name));
        else
            buf_addc(&b, ';');
    }
    assert_str(buf_view(&b), want);
}

static void test_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *value, *want;
    } cases[] = {
        {"", ""},
        {"a@b.c", "||a|b.c"},
        {"Mario Rossi <mario@example.test>", "Mario Rossi||mario|example.test"},
        {"\"Rossi, Mario\" <m@x>, b@y", "Rossi, Mario||m|x ||b|y"},
        {"Mario Q. Rossi <m@x>", "Mario Q. Rossi||m|x"},
        {"m@x (Mario)", "Mario||m|x"},
        {"m@x (a (nested) comment), n@y", "a (nested) comment||m|x ||n|y"},
        {"<@r1,@r2:m@x>", "|@r1,@r2|m|x"},
        {"<m@x>", "||m|x"},
        {"<>", "|||"},
        {"undisclosed-recipients:;", "undisclosed-recipients: ;"},
        {"A Group: a@b, C <c@d>; e@f", "A Group: ||a|b C||c|d ; ||e|f"},
        {"G: a@b", "G: ||a|b ;"},
        {"root", "||root|"},
        {"a@b; c@d", "||a|b ||c|d"},
        {"m@x <n@y>", "m@x||n|y"},
        {"\"a b\"@c", "||a b|c"},
        {"=?utf-8?q?Nicol=C3=B2?= Rossi <n@x>", "=?utf-8?q?Nicol=C3=B2?= Rossi||n|x"},
        {"a@[192.0.2.1]", "||a|[192.0.2.1]"},
        {"a @ b . c", "||a|b.c"},
        {",,a@b,,", "||a|b"},
        {"Name <a@b", "Name||a|b"},
        {"\"never closed <a@b>", "||never closed <a@b>|"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_addresses(cases[i].value, cases[i].want);
}

static void test_address_bounds(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 64 << 20);
    SCOPED_BUF(b, 8 << 20);
    struct mailaddr *m;
    size_t n = 0;
    for (int i = 0; i < 100000; i++)
        buf_add(&b, STR("a@b,"));
    assert_status(mailaddr_parse(&a, buf_view(&b), 50, &m), OK);
    for (; m; m = m->next)
        n++;
    assert_int_equal(n, 50);
    buf_clear(&b);
    for (int i = 0; i < 1000000; i++)
        buf_addc(&b, '(');
    assert_status(mailaddr_parse(&a, buf_view(&b), 50, &m), OK);
    assert_null(m);
}

static void test_dates(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        int64_t at;
        int32_t offset;
    } cases[] = {
        {"Tue, 24 Nov 2026 09:30:00 +0100", 1795509000, 3600},
        {"24 Nov 2026 08:30 GMT", 1795509000, 0},
        {"Tue,24 nov 26 3:30:00 EST (New York)", 1795509000, -18000},
        {"Thu, 1 Jan 1970 00:00:00 -0000", 0, 0},
        {"Tue 24 November 2026 08:30:00 XYZ", 1795509000, 0},
        {"1 Jan 99 00:00:00 +0000", 915148800, 0},
        {"Wed, 31 Dec 1969 23:59:59 +0000", -1, 0},
    };
    static const char *const bad[] = {
        "",           "yesterday",           "24 Foo 2026 00:00:00",       "32 Jan 2026 00:00:00",
        "1 Jan 2026", "1 Jan 2026 24:00:00", "Tue, 1 Jan 2026 10:00:00:00"};
    struct maildate d;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_status(maildate_parse(str_c(cases[i].value), &d), OK);
        assert_int_equal(d.at, cases[i].at);
        assert_int_equal(d.offset, cases[i].offset);
        SCOPED_BUF(b, 100);
        struct maildate again;
        maildate_write(&b, d);
        assert_status(maildate_parse(buf_view(&b), &again), OK);
        assert_int_equal(again.at, d.at);
        assert_int_equal(again.offset, d.offset);
        if (i == 0)
            assert_str(buf_view(&b), cases[0].value);
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_status(maildate_parse(str_c(bad[i]), &d), INVALID);
}

static void test_subjects(void **state)
{
    (void)state;
    static const struct {
        const char *subject, *base;
        bool reply;
    } cases[] = {
        {"Hello", "Hello", false},
        {"Re: Hello", "Hello", true},
        {"RE : Fwd: Hello", "Hello", true},
        {"[list] Re: Hello", "Hello", true},
        {"[list] Hello", "Hello", false},
        {"Re[2]: Hello", "Hello", true},
        {"Hello (fwd) (fwd)", "Hello", true},
        {"[Fwd: Re: Hello]", "Hello", true},
        {"[a][b]", "[b]", false},
        {"[fwd: [fwd: x]]", "x", true},
        {"Re:", "", true},
        {"", "", false},
        {"Reply: x", "Reply: x", false},
        {"fw: x", "x", true},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        bool reply;
        assert_str(mail_base_subject(str_c(cases[i].subject), &reply), cases[i].base);
        assert_int_equal(reply, cases[i].reply);
    }
}

static void test_ids(void **state)
{
    (void)state;
    struct str rest = STR("<a@b> text <c d@e>\r\n <f"), id;
    assert_true(mail_next_id(&rest, &id));
    assert_str(id, "a@b");
    assert_true(mail_next_id(&rest, &id));
    assert_str(id, "c d@e");
    assert_false(mail_next_id(&rest, &id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),    cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_addresses), cmocka_unit_test(test_address_bounds),
        cmocka_unit_test(test_dates),     cmocka_unit_test(test_subjects),
        cmocka_unit_test(test_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
