/* Tests of addresses: one spelling, domains and their aliases, names in many scripts. */
#include "tests/unit/test.h"

#include "core/fold_name.h"
#include "directory/address.h"

static struct conf *conf_of(const char *text)
{
    struct conf *c = NULL;
    SCOPED_BUF(mistakes, 4096);
    if (conf_parse(str_c(text), "t", &c, &mistakes) != OK)
        fail_msg("%s", buf_c(&mistakes));
    return c;
}

#define SERVER "[server]\nhostname = mail.example.test\ndata = /d\n"

static void one_spelling(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"alice@example.test", "alice@example.test"},
        {"Alice@EXAMPLE.Test", "alice@example.test"},
        {"ALICE", "alice@example.test"},
        {"bob@example.org", "bob@example.test"}, /* an alias domain */
        {"bob@M\xc3\x9cnchen.example", "bob@xn--mnchen-3ya.example"},
        {"bob@XN--MNCHEN-3YA.example", "bob@xn--mnchen-3ya.example"},
        {"NICOL\xc3\x92@example.test", "nicol\xc3\xb2@example.test"},
        {"nicolo\xcc\x80@example.test", "nicol\xc3\xb2@example.test"}, /* decomposed */
        {"a@b@example.test", "a@b@example.test"},                      /* the last @ divides */
        {"a+tag@example.test", "a+tag@example.test"},
        {"", NULL},
        {"@example.test", NULL},
        {"alice@", NULL},
        {"alice@.test", NULL},
        {"alice@example..test", NULL},
        {"alice@example.test.", NULL},
        {"alice@-example.test", NULL},
        {"alice@exa_mple.test", NULL},
        {"alice@exa mple.test", NULL},
        {"alice@[127.0.0.1]", NULL},
        {"alice@xn--\xff.test", NULL},
        {"alice@xn--a.test", NULL}, /* no punycode of anything */
        {"al\rice@example.test", NULL},
        {"al\xffice@example.test", NULL},
        {"alice@example.test\n", NULL},
        {"1234567890123456789012345678901234567890123456789012345678901234@example.test",
         "1234567890123456789012345678901234567890123456789012345678901234@example.test"},
        {"12345678901234567890123456789012345678901234567890123456789012345@example.test", NULL},
    };
    struct conf *c = conf_of(
        SERVER "domains = Example.TEST, example.org\n[domains]\nexample.org = alias of example.test\n");
    SCOPED_ARENA(a, 1 << 20);
    SCOPED_BUF(why, 1000);
    struct domains d;
    assert_ok(domains_load(c, &a, &d, &why));
    assert_int_equal(d.own_count, 1);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str out;
        enum status st = address_normalise(&d, &a, str_c(cases[i].in), &out);
        if (st != (cases[i].out ? OK : INVALID))
            print_error("case %zu: %s\n", i, cases[i].in);
        assert_status(st, cases[i].out ? OK : INVALID);
        if (cases[i].out)
            assert_str(out, cases[i].out);
    }
    struct str out;
    assert_status(address_normalise(&d, &a, str_n("a\0b@example.test", 16), &out), INVALID);
    assert_true(domain_is_own(&d, STR("example.test")));
    assert_true(domain_is_own(&d, STR("example.org")));
    assert_false(domain_is_own(&d, STR("example.net")));
    conf_unref(c);
}

static void domains_have_a_default(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    SCOPED_BUF(why, 1000);
    struct domains d;
    struct str out;
    struct conf *c = conf_of(SERVER);
    assert_ok(domains_load(c, &a, &d, &why));
    assert_true(d.any);
    assert_ok(address_normalise(&d, &a, STR("alice"), &out));
    assert_str(out, "alice@example.test");
    conf_unref(c);
    c = conf_of("[server]\nhostname = localhost\ndata = /d\n");
    assert_ok(domains_load(c, &a, &d, &why));
    assert_str(d.own[0], "localhost");
    conf_unref(c);
    c = conf_of(SERVER "domains = a.test, b.test\n");
    assert_ok(domains_load(c, &a, &d, &why));
    assert_status(address_normalise(&d, &a, STR("alice"), &out), INVALID); /* which one? */
    conf_unref(c);
}

static void bad_domains_are_named(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {SERVER "domains = a.test, b c\n", "'b c' is not a domain"},
        {SERVER "[domains]\na..b = alias of a.test\n", "'a..b' is not a domain"},
        {SERVER "[domains]\na.test = alias of -\n", "'-' is not a domain"},
        {SERVER "[domains]\na.test = alias of b.test\nb.test = alias of c.test\n", "is an alias itself"},
        {"[server]\nhostname = a b\ndata = /d\n", "[server] hostname: 'a b' is not a domain"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        SCOPED_ARENA(a, 1 << 20);
        SCOPED_BUF(why, 1000);
        struct domains d;
        struct conf *c = conf_of(cases[i][0]);
        assert_status(domains_load(c, &a, &d, &why), INVALID);
        if (!strstr(buf_c(&why), cases[i][1]))
            fail_msg("case %zu: %s", i, buf_c(&why));
        conf_unref(c);
    }
}

static void new_addresses_are_sober(void **state)
{
    (void)state;
    static const char *const good[] = {"a@b.test", "a.b-c_d@b.test", "nicol\xc3\xb2@b.test", "o'neil@b.test"};
    static const char *const bad[] = {
        "a",          "@b.test",    ".a@b.test",    "a.@b.test",   "a..b@b.test",
        "a/b@b.test", "a*@b.test",  "a+b@b.test",   "a b@b.test",  "a%40@b.test",
        "a@b@b.test", "a:b@b.test", "\"a\"@b.test", "a\xff@b.test"};
    for (size_t i = 0; i < COUNT_OF(good); i++)
        assert_true(address_usable(str_c(good[i])));
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(address_usable(str_c(bad[i])));
}

static void passwords_fold_to_one_form(void **state)
{
    (void)state;
    SCOPED_BUF(one, 100);
    SCOPED_BUF(two, 100);
    fold_password(&one, STR("Citt\xc3\xa0\xc2\xa0x"));  /* composed, no-break space */
    fold_password(&two, STR("Citta\xcc\x80\xc2\xa0x")); /* decomposed */
    assert_str(buf_view(&one), "Citt\xc3\xa0 x");
    assert_str(buf_view(&two), "Citt\xc3\xa0 x");
    buf_clear(&one);
    fold_password(&one, STR("\xff\xfe bytes"));
    assert_str(buf_view(&one), "\xff\xfe bytes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_spelling),
        cmocka_unit_test(domains_have_a_default),
        cmocka_unit_test(bad_domains_are_named),
        cmocka_unit_test(new_addresses_are_sober),
        cmocka_unit_test(passwords_fold_to_one_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
