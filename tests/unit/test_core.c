/* Tests of core/: views, buffers, arenas. */
#include "tests/unit/test.h"

#include "core/clock.h"
#include "core/hash.h"

static void str_splits_and_parses(void **state)
{
    (void)state;
    struct str rest = STR("a,,b"), head;
    assert_true(str_split(&rest, ',', &head));
    assert_str(head, "a");
    assert_true(str_split(&rest, ',', &head));
    assert_str(head, "");
    assert_true(str_split(&rest, ',', &head));
    assert_str(head, "b");
    assert_false(str_split(&rest, ',', &head));

    uint64_t u;
    assert_true(str_u64(STR("18446744073709551615"), &u));
    assert_true(u == UINT64_MAX);
    assert_false(str_u64(STR("18446744073709551616"), &u));
    assert_false(str_u64(STR(""), &u));
    assert_false(str_u64(STR("1x"), &u));
    assert_true(str_caseeq(STR("Vevent"), STR("VEVENT")));
    assert_int_equal(str_find(STR("hello"), STR("lo"), 0), 3);
}

static void str_judges_utf8(void **state)
{
    (void)state;
    assert_true(str_utf8(STR("Nicol\xc3\xb2 \xf0\x9f\x8e\x82")));
    assert_false(str_utf8(STR("\xc0\xaf")));         /* overlong */
    assert_false(str_utf8(STR("\xed\xa0\x80")));     /* surrogate */
    assert_false(str_utf8(STR("\xf4\x90\x80\x80"))); /* past U+10FFFF */
    assert_false(str_utf8(STR("ok\xc3")));           /* cut */
    assert_false(str_utf8(STR("eight by eight \xc3 and on")));
    assert_true(str_utf8(STR("eight by eight \xc3\xa8 and on")));
}

static void buf_keeps_its_maximum(void **state)
{
    (void)state;
    SCOPED_BUF(b, 8);
    buf_addz(&b, "12345678");
    assert_ok(b.st);
    buf_addc(&b, '9');
    assert_status(b.st, TOO_LARGE);
    assert_str(buf_view(&b), "12345678");
    buf_clear(&b);
    buf_addf(&b, "%d-%s", 42, "x");
    assert_string_equal(buf_c(&b), "42-x");
}

static void buf_base64_round_trips(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}};
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        SCOPED_BUF(b, 64);
        buf_base64(&b, str_c(pairs[i][0]));
        assert_str(buf_view(&b), pairs[i][1]);
        buf_clear(&b);
        assert_true(buf_unbase64(&b, str_c(pairs[i][1])));
        assert_str(buf_view(&b), pairs[i][0]);
    }
    SCOPED_BUF(b, 64);
    assert_false(buf_unbase64(&b, STR("Zg=")));
    assert_false(buf_unbase64(&b, STR("Z===")));
    assert_false(buf_unbase64(&b, STR("Zg==Zg==")));
    assert_false(buf_unbase64(&b, STR("Z*==")));
}

static void arena_is_bounded_and_aligned(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 10000);
    char *one = arena_alloc(&a, 1), *two = arena_alloc(&a, 1);
    assert_non_null(one);
    assert_int_equal((uintptr_t)two % _Alignof(max_align_t), 0);
    assert_null(arena_alloc(&a, 20000));
    assert_status(a.st, TOO_LARGE);
    arena_reset(&a);
    assert_str(arena_str(&a, STR("copy")), "copy");
    assert_null(arena_array(&a, SIZE_MAX, 16));
}

static void seed_repeats(void **state)
{
    (void)state;
    random_seed(7);
    uint64_t first = random_u64();
    random_seed(7);
    assert_true(first == random_u64());
    random_seed(0);
    clock_set(1000);
    assert_int_equal(clock_now(), 1000);
    clock_set(0);
    assert_true(clock_now() > 1700000000);
}

static void sha256_knows_abc(void **state)
{
    (void)state;
    unsigned char hash[SHA256_SIZE];
    SCOPED_BUF(b, 64);
    sha256(STR("abc"), hash);
    buf_hex(&b, str_n(hash, sizeof hash));
    assert_str(buf_view(&b), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(str_splits_and_parses),
        cmocka_unit_test(str_judges_utf8),
        cmocka_unit_test(buf_keeps_its_maximum),
        cmocka_unit_test(buf_base64_round_trips),
        cmocka_unit_test(arena_is_bounded_and_aligned),
        cmocka_unit_test(seed_repeats),
        cmocka_unit_test(sha256_knows_abc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
