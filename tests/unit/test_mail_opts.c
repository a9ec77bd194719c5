/* tests/unit/test_mail_opts.c: what a sender asked for, as the queue keeps it: written, read, written again. */
#include "mailcore/relay/opts.h"
#include "tests/unit/test.h"

static void test_envelope(void **state)
{
    (void)state;
    static const struct {
        struct envelope_opts opts;
        const char *text;
    } cases[] = {
        {{0}, ""},
        {{.body = SMTP_BODY_8BITMIME}, "BODY=8BITMIME"},
        {{.body = SMTP_BODY_BINARYMIME, .ret = SMTP_RETURN_HEADERS}, "BODY=BINARYMIME RET=HDRS"},
        {{.ret = SMTP_RETURN_FULL, .envid = STR_INIT("a+b c=")}, "RET=FULL ENVID=a+2Bb+20c+3D"},
        {{.utf8 = true, .require_tls = true}, "SMTPUTF8 REQUIRETLS"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        SCOPED_BUF(text, 4096);
        SCOPED_BUF(again, 4096);
        SCOPED_ARENA(a, 1 << 16);
        struct envelope_opts got;
        envelope_opts_write(&text, &cases[i].opts);
        assert_ok(text.st);
        assert_str(buf_view(&text), cases[i].text);
        assert_ok(envelope_opts_read(&a, buf_view(&text), &got));
        assert_int_equal(got.body, cases[i].opts.body);
        assert_int_equal(got.ret, cases[i].opts.ret);
        assert_int_equal(got.utf8, cases[i].opts.utf8);
        assert_int_equal(got.require_tls, cases[i].opts.require_tls);
        assert_true(str_eq(got.envid, cases[i].opts.envid));
        envelope_opts_write(&again, &got);
        assert_str(buf_view(&again), cases[i].text);
    }
}

static void test_recipient(void **state)
{
    (void)state;
    static const struct {
        struct rcpt_opts opts;
        const char *text;
    } cases[] = {
        {{0}, ""},
        {{.notify = SMTP_NOTIFY_NEVER}, "NOTIFY=NEVER"},
        {{.notify = SMTP_NOTIFY_SUCCESS | SMTP_NOTIFY_FAILURE | SMTP_NOTIFY_DELAY},
         "NOTIFY=SUCCESS,FAILURE,DELAY"},
        {{.notify = SMTP_NOTIFY_DELAY, .orcpt = STR_INIT("utf-8;\303\250+x@b")},
         "NOTIFY=DELAY ORCPT=utf-8;+C3+A8+2Bx@b"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        SCOPED_BUF(text, 4096);
        SCOPED_ARENA(a, 1 << 16);
        struct rcpt_opts got;
        rcpt_opts_write(&text, &cases[i].opts);
        assert_ok(text.st);
        assert_str(buf_view(&text), cases[i].text);
        assert_ok(rcpt_opts_read(&a, buf_view(&text), &got));
        assert_int_equal(got.notify, cases[i].opts.notify);
        assert_true(str_eq(got.orcpt, cases[i].opts.orcpt));
    }
}

static void test_broken(void **state)
{
    (void)state;
    static const char *const envelope[] = {"BODY=X",     "BODY", "RET=ALL",    "ENVID=a+2",
                                           "SMTPUTF8=1", "=",    "RET=FULL\tX"},
                             *const rcpt[] = {"NOTIFY=", "NOTIFY=NEVER,X", "ORCPT=+zz"};
    struct envelope_opts e;
    struct rcpt_opts r;
    SCOPED_ARENA(a, 1 << 16);
    for (size_t i = 0; i < COUNT_OF(envelope); i++)
        assert_status(envelope_opts_read(&a, str_c(envelope[i]), &e), E_CORRUPT);
    for (size_t i = 0; i < COUNT_OF(rcpt); i++)
        assert_status(rcpt_opts_read(&a, str_c(rcpt[i]), &r), E_CORRUPT);
    assert_ok(envelope_opts_read(&a, STR_NONE, &e));
    assert_ok(envelope_opts_read(&a, STR("LATER=1 RET=FULL"), &e));
    assert_int_equal(e.ret, SMTP_RETURN_FULL);
    SCOPED_ARENA(small, 8);
    assert_status(rcpt_opts_read(&small, STR("ORCPT=rfc822;a@b"), &r), TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_envelope), cmocka_unit_test(test_recipient),
                                       cmocka_unit_test(test_broken)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
