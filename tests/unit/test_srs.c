/* tests/unit/test_srs.c: senders that are rewritten lead back, and what we did not write leads nowhere; and the counters of an hour. */
#include "mailcore/delivery/rate.h"
#include "mailcore/delivery/srs.h"
#include "tests/unit/test.h"

enum { DAY = 86400 };
static const unsigned char key[SRS_KEY] = "0123456789abcdef0123456789abcde", other[SRS_KEY] = "another";
static const int64_t now = (int64_t)20000 * DAY;

static void reads(struct str local, int64_t when, enum status st, const char *wanted)
{
    SCOPED_BUF(out, 1024);
    assert_status(srs_read(&out, key, local, when), st);
    assert_str(buf_view(&out), wanted);
}

static void test_there_and_back(void **state)
{
    (void)state;
    SCOPED_BUF(local, 1024);
    SCOPED_BUF(upper, 1024);
    SCOPED_BUF(out, 1024);
    assert_ok(srs_write(&local, key, STR("anna=x"), STR("far.test"), now));
    assert_true(str_starts(buf_view(&local), STR("SRS0=")) && srs_is(buf_view(&local)));
    for (size_t i = 0; i < local.n; i++)
        buf_addc(&upper, ascii_upper(local.p[i]));
    reads(buf_view(&local), now, OK, "anna=x@far.test");
    reads(buf_view(&upper), now + 21 * DAY, OK, "ANNA=X@FAR.TEST");
    reads(buf_view(&local), now + 22 * DAY, INVALID, "");
    reads(buf_view(&local), now - DAY, INVALID, "");
    assert_status(srs_read(&out, other, buf_view(&local), now), INVALID);
    for (size_t i = 5; i < local.n; i++) { /* no byte of it can be another */
        char was = local.p[i];
        local.p[i] = was == 'q' ? 'z' : 'q';
        reads(buf_view(&local), now, INVALID, "");
        local.p[i] = was;
    }
}

static void test_again(void **state)
{
    (void)state;
    SCOPED_BUF(local, 1024);
    SCOPED_BUF(third, 1024);
    assert_ok(srs_write(&local, key, STR("SRS0=abcd=xy=far.test=anna"), STR("second.test"), now));
    assert_true(str_starts(buf_view(&local), STR("SRS1=")));
    reads(buf_view(&local), now, OK, "SRS0=abcd=xy=far.test=anna@second.test");
    assert_ok(
        srs_write(&third, key, STR("SRS1=zzzz=second.test==abcd=xy=far.test=anna"), STR("third.test"), now));
    reads(buf_view(&third), now, OK, "SRS0=abcd=xy=far.test=anna@second.test");
}

static void test_not_ours(void **state)
{
    (void)state;
    static const char *const cases[] = {"",
                                        "SRS0",
                                        "SRS0=",
                                        "SRS0=a=b=c=d",
                                        "SRS1=a=b=c",
                                        "srs2=a=b=c=d",
                                        "anna",
                                        "SRS0=====",
                                        "SRS0=aaaaaaaa=aa=far.test=anna"};
    SCOPED_BUF(out, 1024);
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        reads(str_c(cases[i]), now, INVALID, "");
    assert_status(srs_write(&out, key, STR("a-local-part-that-is-quite-long"),
                            STR("a-domain-that-is-quite-long.test"), now),
                  TOO_LARGE);
    assert_int_equal(out.n, 0);
}

static void test_rates(void **state)
{
    (void)state;
    struct rates *r;
    assert_ok(rates_new(&r));
    for (int i = 0; i < 10; i++)
        assert_true(rate_take(r, RATE_ACCOUNT_MESSAGES, 7, 10, 36000));
    assert_false(rate_take(r, RATE_ACCOUNT_MESSAGES, 7, 10, 36000));
    assert_true(rate_take(r, RATE_ACCOUNT_RECIPIENTS, 7, 10, 36000));
    assert_true(rate_take(r, RATE_ACCOUNT_MESSAGES, 8, 10, 36000));
    assert_true(rate_take(r, RATE_ACCOUNT_MESSAGES, 7, 0, 36000));
    assert_false(rate_take(r, RATE_ACCOUNT_MESSAGES, 7, 10, 39600)); /* all of them were in the last hour */
    assert_true(rate_take(r, RATE_ACCOUNT_MESSAGES, 7, 10, 39600 + 1800));
    assert_true(rate_take(r, RATE_ACCOUNT_MESSAGES, 7, 1, 39600 + 7200));
    for (uint64_t i = 0; i < 100000; i++) /* more than there is room for */
        assert_true(rate_take(r, RATE_ADDRESS_MESSAGES, i, 1, 50000));
    rates_free(r);
    struct net_address a, b, c;
    assert_true(net_parse(STR("2001:db8::1"), &a) && net_parse(STR("2001:db8::2"), &b) &&
                net_parse(STR("2001:db8:0:1::1"), &c));
    assert_true(rate_of_address(&a) == rate_of_address(&b) && rate_of_address(&a) != rate_of_address(&c));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_again),
                                       cmocka_unit_test(test_not_ours), cmocka_unit_test(test_rates)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
