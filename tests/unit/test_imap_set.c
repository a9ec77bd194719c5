/* tests/unit/test_imap_set.c: sequence sets: read, merged, resolved, written. */
#include "mailcore/imap/set.h"
#include "tests/unit/test.h"

static void test_read(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        uint32_t largest;
        const char *out;
    } rows[] = {
        {"1", 9, "1"},
        {"4294967295", 9, "4294967295"},
        {"1:4294967295", 9, "1:4294967295"},
        {"4294967295:1", 9, "1:4294967295"},
        {"1,2,3", 9, "1:3"},
        {"3,2,1", 9, "1:3"},
        {"5:7,1:3,2:6", 9, "1:7"},
        {"1:2,4", 9, "1:2,4"},
        {"4294967295,4294967294", 9, "4294967294:4294967295"},
        {"4294967295,4294967295,1:4294967295", 9, "1:4294967295"},
        {"7,7,7", 9, "7"},
        {"*", 9, "9"},
        {"*", 0, ""},
        {"*:*", 9, "9"},
        {"1:*", 9, "1:9"},
        {"*:1", 9, "1:9"},
        {"1:*", 0, ""},
        {"12:*", 9, "9:12"},
        {"*:12,3:*", 9, "3:12"},
        {"2,*", 9, "2,9"},
        {"2,8,*", 9, "2,8:9"},
        {"20,*", 9, "9,20"},
        {"10,*", 9, "9:10"},
        {"5,1:*", 9, "1:9"},
        {"*", 4294967295, "4294967295"},
        {"1:2,4294967290:*", 4294967295, "1:2,4294967290:4294967295"},
        {"4294967295:*", 1, "1:4294967295"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        SCOPED_ARENA(a, 1 << 16);
        SCOPED_BUF(b, 1000);
        struct imap_set set, resolved;
        assert_status(imap_set_parse(&a, str_c(rows[i].in), 10, &set), OK);
        assert_false(set.saved);
        assert_status(imap_set_resolve(&a, &set, rows[i].largest, &resolved), OK);
        imap_set_write(&b, &resolved);
        assert_str(buf_view(&b), rows[i].out);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "0",
        "0:1",
        "1:0",
        "1:",
        ":1",
        ",",
        "1,",
        "1,,2",
        "a",
        "1a",
        "-1",
        "+1",
        "1 2",
        " 1",
        "1:2:3",
        "**",
        "*1",
        "1*",
        "$1",
        "1,$",
        "01",
        "00",
        "$,1",
        "4294967296",
        "1:4294967296",
        "99999999999999999999999",
        "18446744073709551617",
    };
    SCOPED_ARENA(a, 1 << 16);
    struct imap_set set;
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        if (imap_set_parse(&a, str_c(bad[i]), 10, &set) != INVALID)
            fail_msg("\"%s\" was taken", bad[i]);
    assert_status(imap_set_parse(&a, STR("1,2,3"), 2, &set), TOO_MANY);
    assert_status(imap_set_parse(&a, STR("*,*,*"), 2, &set), TOO_MANY);
    assert_status(imap_set_parse(&a, STR("$"), 0, &set), OK);
    assert_true(set.saved);
}

static void test_members(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 16);
    struct imap_set set, empty = {0};
    assert_status(imap_set_parse(&a, STR("4294967290:4294967295,1,10:20"), 10, &set), OK);
    static const uint32_t in[] = {1, 10, 15, 20, 4294967290, 4294967295}, out[] = {0, 2, 9, 21, 4294967289};
    for (size_t i = 0; i < COUNT_OF(in); i++)
        assert_true(imap_set_has(&set, in[i]));
    for (size_t i = 0; i < COUNT_OF(out); i++)
        assert_false(imap_set_has(&set, out[i]));
    assert_false(imap_set_has(&empty, 1));
    assert_int_equal(imap_set_size(&set), 1 + 11 + 6);
    assert_status(imap_set_parse(&a, STR("1:4294967295"), 10, &set), OK);
    assert_int_equal(imap_set_size(&set), 4294967295);
}

/* A set of many ranges in the worst order, against a table. */
static void test_many(void **state)
{
    (void)state;
    enum { MOST = 5000 };
    SCOPED_ARENA(a, 1 << 22);
    SCOPED_BUF(text, 1 << 20);
    static bool wanted[MOST + 200];
    uint32_t seed = 7;
    for (int i = 0; i < 2000; i++) {
        seed = seed * 1103515245 + 12345;
        uint32_t first = 1 + (seed >> 8) % MOST, last = first + (seed >> 24) % 3;
        buf_addf(&text, "%s%u:%u", i ? "," : "", last, first);
        for (uint32_t n = first; n <= last; n++)
            wanted[n] = true;
    }
    struct imap_set set;
    assert_status(imap_set_parse(&a, buf_view(&text), 2000, &set), OK);
    struct imap_set_builder b = {0};
    for (uint32_t n = 1; n < COUNT_OF(wanted); n++) {
        assert_int_equal(imap_set_has(&set, n), wanted[n]);
        if (wanted[n])
            assert_status(imap_set_add(&a, &b, n, n), OK);
    }
    struct imap_set built = imap_set_built(&b);
    SCOPED_BUF(one, 1 << 20);
    SCOPED_BUF(two, 1 << 20);
    imap_set_write(&one, &set);
    imap_set_write(&two, &built);
    assert_true(str_eq(buf_view(&one), buf_view(&two)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
