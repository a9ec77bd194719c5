/* Tests of server/set_aside: two deaths set a request aside, a good end clears it. */
#include "tests/unit/test.h"

#include "server/set_aside.h"

static bool mark(struct set_aside *s, const char *what, int *handle)
{
    struct str parts[] = {STR("alice@example.test"), STR("PUT"), STR("/dav/x.ics"), str_c(what)};
    bool bad;
    *handle = set_aside_mark(s, parts, 4, &bad);
    return bad;
}

static void two_deaths_set_a_request_aside(void **state)
{
    (void)state;
    struct set_aside *s = set_aside_new();
    int a, b;
    assert_non_null(s);
    for (int death = 0; death < 2; death++) {
        assert_false(mark(s, "killer", &a));
        assert_true(a >= 0);
        assert_false(mark(s, "innocent", &b));
        if (death == 1)
            set_aside_unmark(s, b);
        assert_int_equal(set_aside_died(s), death == 1 ? 1 : 2);
    }
    assert_true(mark(s, "killer", &a));
    assert_int_equal(a, -1);
    assert_false(mark(s, "innocent", &b));
    set_aside_free(s);
}

static void a_good_end_clears_the_suspicion(void **state)
{
    (void)state;
    struct set_aside *s = set_aside_new();
    int a;
    for (int round = 0; round < 5; round++) {
        assert_false(mark(s, "unlucky", &a));
        assert_int_equal(set_aside_died(s), 1);
        assert_false(mark(s, "unlucky", &a));
        set_aside_unmark(s, a);
    }
    set_aside_free(s);
}

static void a_full_table_watches_no_more(void **state)
{
    (void)state;
    struct set_aside *s = set_aside_new();
    int a = 0;
    for (int i = 0; i < 256; i++)
        assert_false(mark(s, "same", &a));
    assert_true(a >= 0);
    assert_false(mark(s, "same", &a));
    assert_int_equal(a, -1);
    assert_int_equal(set_aside_died(s), 256);
    assert_false(mark(s, "same", &a)); /* one death, however many there were */
    assert_int_equal(set_aside_died(s), 1);
    assert_true(mark(s, "same", &a));
    set_aside_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_deaths_set_a_request_aside),
        cmocka_unit_test(a_good_end_clears_the_suspicion),
        cmocka_unit_test(a_full_table_watches_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
