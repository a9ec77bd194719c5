/* tests/unit/test_imap_list.c: patterns of LIST. */
#include "mailcore/imap/list.h"
#include "tests/unit/test.h"

#include <time.h>

enum { NO = 0, NAME = IMAP_LIST_NAME, BELOW = IMAP_LIST_BELOW };

static void test_match(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *name;
        unsigned wanted;
    } rows[] = {
        {"*", "a", NAME | BELOW},
        {"*", "a/b/c", NAME | BELOW},
        {"*", "", NAME | BELOW},
        {"%", "a", NAME},
        {"%", "a/b", NO},
        {"%/%", "a", BELOW},
        {"%/%", "a/b", NAME},
        {"%/%", "a/b/c", NO},
        {"a/%", "a", BELOW},
        {"a/%", "a/", NAME},
        {"a/%", "b", NO},
        {"a", "a", NAME},
        {"a", "A", NO},
        {"a", "ab", NO},
        {"ab", "a", NO},
        {"", "", NAME},
        {"", "a", NO},
        {"a*", "a/b", NAME | BELOW},
        {"*b", "a/b", NAME | BELOW},
        {"*b", "a/c", BELOW},
        {"%b", "a/b", NO},
        {"%*", "a/b", NAME | BELOW},
        {"*%", "a/b", NAME | BELOW},
        {"%%", "ab", NAME},
        {"%%", "a/b", NO},
        {"%a%", "banana", NAME},
        {"*a%b*", "xx/a/ab/b", NAME | BELOW},
        {"*a%b", "xxa/ab", NAME | BELOW},
        {"*a%b", "a/b", BELOW},
        {"%a/%", "aa/x", NAME},
        {"a*c*e", "abcde", NAME | BELOW},
        {"a*c*e", "abcd", BELOW},
        {"INBOX", "INBOX", NAME},
        {"inbox", "INBOX", NAME},
        {"InB%", "INBOX", NAME},
        {"inbox/x", "INBOX/x", NAME},
        {"inbox/x", "INBOX/X", NO},
        {"inbox", "INBOXES", NO},
        {"inboxes", "inboxes", NAME},
        {"Entw&APw-rfe", "Entw&APw-rfe", NAME},
        {"\xc3\xbc%", "\xc3\xbc\xc3\xa4", NAME},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        SCOPED_ARENA(a, 1 << 20);
        struct imap_pattern *p;
        assert_status(imap_pattern_new(&a, str_c(rows[i].pattern), '/', 1000, &p), OK);
        for (int twice = 0; twice < 2; twice++)
            if (imap_pattern_match(p, str_c(rows[i].name)) != rows[i].wanted)
                fail_msg("\"%s\" with \"%s\"", rows[i].pattern, rows[i].name);
    }
}

/* By the definition, without a care for time. */
static bool plain(struct str p, struct str s)
{
    if (!p.n)
        return !s.n;
    if (p.p[0] != '*' && p.p[0] != '%')
        return s.n && s.p[0] == p.p[0] && plain(str_from(p, 1), str_from(s, 1));
    for (size_t i = 0;; i++) {
        if (plain(str_from(p, 1), str_from(s, i)))
            return true;
        if (i >= s.n || (p.p[0] == '%' && s.p[i] == '/'))
            return false;
    }
}

static void test_against_definition(void **state)
{
    (void)state;
    uint32_t seed = 3;
    size_t matched = 0;
    for (int round = 0; round < 20000; round++) {
        char pattern[100], name[100];
        size_t pn = 0, nn = 0, filler = round % 3 ? 0 : 60; /* over the border of a word too */
        for (size_t i = 0; i < filler; i++)
            pattern[pn++] = name[nn++] = 'x';
        for (int i = 0; i < 8; i++) {
            seed = seed * 1103515245 + 12345;
            if ((seed >> 16) % 8 < 7)
                pattern[pn++] = "ab/*%*%a"[(seed >> 20) % 8];
            if ((seed >> 24) % 8 < 7)
                name[nn++] = "aab/"[(seed >> 28) % 4];
        }
        SCOPED_ARENA(a, 1 << 20);
        struct imap_pattern *p;
        assert_status(imap_pattern_new(&a, str_n(pattern, pn), '/', 1000, &p), OK);
        bool wanted = plain(str_n(pattern, pn), str_n(name, nn));
        matched += wanted;
        bool got = (imap_pattern_match(p, str_n(name, nn)) & IMAP_LIST_NAME) != 0;
        if (got != wanted)
            fail_msg("\"%.*s\" with \"%.*s\"", (int)pn, pattern, (int)nn, name);
    }
    assert_in_range(matched, 1000, 19000);
}

/* Patterns that make others try everything: a thousand comparisons of 1000 bytes in well under a second. */
static void test_hostile(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    char pattern[1001], name[1001];
    for (size_t i = 0; i < 1000; i++)
        pattern[i] = i % 2 ? 'a' : i % 4 ? '*' : '%';
    memset(name, 'a', 1000);
    name[999] = 'b';
    struct imap_pattern *p;
    assert_status(imap_pattern_new(&a, str_n(pattern, 1000), '/', 1000, &p), OK);
    clock_t began = clock();
    for (int i = 0; i < 1000; i++)
        assert_int_equal(imap_pattern_match(p, str_n(name, 1000)) & IMAP_LIST_NAME, 0);
    assert_true(clock() - began < 5 * CLOCKS_PER_SEC);
    assert_status(imap_pattern_new(&a, str_n(pattern, 1001), '/', 1000, &p), TOO_LARGE);
}

static void test_join(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 16);
    assert_str(imap_list_join(&a, STR(""), STR("*"), '/'), "*");
    assert_str(imap_list_join(&a, STR("a/"), STR("%"), '/'), "a/%");
    assert_str(imap_list_join(&a, STR("a/"), STR("/%"), '/'), "a/%");
    assert_str(imap_list_join(&a, STR("a"), STR("b"), '/'), "ab");
    assert_str(imap_list_join(&a, STR("a"), STR(""), '/'), "a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_match),
        cmocka_unit_test(test_against_definition),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_join),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
