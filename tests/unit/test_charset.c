/* Character sets of devices: both directions, what is no character, what a set has not, whole texts. */
#include "tests/unit/test.h"

#include "formats/charset.h"

static struct str decoded(struct arena *a, enum charset cs, struct str bytes)
{
    struct str out;
    assert_ok(charset_decode(a, cs, bytes, &out));
    assert_true(str_utf8(out));
    return out;
}

static void names(void **state)
{
    (void)state;
    assert_int_equal(charset_find(STR("utf-8")), CHARSET_UTF8);
    assert_int_equal(charset_find(STR(" \"ISO-8859-1\" ")), CHARSET_LATIN1);
    assert_int_equal(charset_find(STR("latin1")), CHARSET_LATIN1);
    assert_int_equal(charset_find(STR("Windows-1252")), CHARSET_CP1252);
    assert_int_equal(charset_find(STR("UTF-8//TRANSLIT")), CHARSET_NONE);
    assert_int_equal(charset_find(STR("../../x")), CHARSET_NONE);
    assert_int_equal(charset_find(STR("")), CHARSET_NONE);
    for (int i = 1; i < CHARSET_COUNT; i++)
        assert_int_equal(charset_find(charset_name((enum charset)i)), i);
}

static void to_utf8(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    assert_str(decoded(&a, CHARSET_LATIN1, STR("M\xfcller")), "Müller");
    assert_str(decoded(&a, CHARSET_LATIN1, STR("5 \x80")), "5 €"); /* meant as windows-1252 */
    assert_str(decoded(&a, CHARSET_CP1252, STR("\x93q\x94 \x81")), "“q” \xef\xbf\xbd");
    assert_str(decoded(&a, CHARSET_ASCII, STR("a\xfc")), "a\xef\xbf\xbd");
    assert_str(decoded(&a, CHARSET_UTF8, STR("\xc3\xbc\xc3")), "ü\xef\xbf\xbd");
    assert_str(decoded(&a, CHARSET_NONE, STR("\xc3\xbc")), "ü");
    assert_str(decoded(&a, CHARSET_CP1251, STR("\xcc\xee\xf1\xea\xe2\xe0")), "Москва");
    assert_str(decoded(&a, CHARSET_SJIS, STR("\x93\xfa\x96\x7b")), "日本");
    assert_str(decoded(&a, CHARSET_SJIS, STR("a\x93")), "a\xef\xbf\xbd");
    assert_str(decoded(&a, CHARSET_UTF16, STR("\xff\xfe\x41\x00\xac\x20")), "A€");
    assert_str(decoded(&a, CHARSET_UTF16, str_n("\0A \xac", 4)), "A€");
    assert_str(decoded(&a, CHARSET_UTF16LE, STR("A\0\0\xd8")), "A\xef\xbf\xbd");
    assert_str(decoded(&a, CHARSET_UTF8, STR_NONE), "");
}

static void guessed(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    struct str out;
    assert_ok(charset_guess(&a, CHARSET_LATIN1, STR("\xc3\xbc"), &out));
    assert_str(out, "ü");
    assert_ok(charset_guess(&a, CHARSET_LATIN1, STR("\xfc"), &out));
    assert_str(out, "ü");
    assert_ok(charset_whole(&a, str_n("B\0E\0", 4), &out));
    assert_str(out, "BE");
    assert_ok(charset_whole(&a, str_n("\xfe\xff\0B\0E", 6), &out));
    assert_str(out, "BE");
    assert_ok(charset_whole(&a, str_n("\0B\0E", 4), &out));
    assert_str(out, "BE");
    assert_ok(charset_whole(&a,
                            STR("\xef\xbb\xbf"
                                "BEGIN"),
                            &out));
    assert_str(out, "BEGIN");
    assert_ok(charset_whole(&a, STR("M\xfc"), &out));
    assert_str(out, "M\xfc");
}

static void assert_encoded(enum charset cs, const char *text, struct str wanted)
{
    SCOPED_BUF(out, 1000);
    charset_encode(&out, cs, str_c(text));
    assert_ok(out.st);
    assert_int_equal(out.n, wanted.n);
    assert_memory_equal(out.p, wanted.p, wanted.n);
}

static void from_utf8(void **state)
{
    (void)state;
    assert_encoded(CHARSET_LATIN1, "Müller", STR("M\xfcller"));
    assert_encoded(CHARSET_LATIN1, "“5 €” – č", STR("\"5 EUR\" - ?"));
    assert_encoded(CHARSET_CP1252, "“5 €” č",
                   STR("\x93"
                       "5 \x80\x94 ?"));
    assert_encoded(CHARSET_CP1251, "Москва ü", STR("\xcc\xee\xf1\xea\xe2\xe0 ?"));
    assert_encoded(CHARSET_UTF8, "č", STR("\xc4\x8d"));
    assert_encoded(CHARSET_JIS, "日x", STR("\x1b$BF|\x1b(Bx"));
    assert_encoded(CHARSET_JIS, "日č本", STR("\x1b$BF|\x1b(B?\x1b$BK\\\x1b(B"));
    assert_encoded(CHARSET_UTF16LE, "A", STR("A\0"));
    assert_true(charset_holds(CHARSET_LATIN1, STR("ü")));
    assert_false(charset_holds(CHARSET_LATIN1, STR("€")));
    assert_false(charset_holds(CHARSET_LATIN1, STR("\xc2\x85"))); /* a control is no text */
    assert_true(charset_holds(CHARSET_CP1252, STR("€")));
    assert_false(charset_holds(CHARSET_CP1251, STR("ü")));
}

static void cutting(void **state)
{
    (void)state;
    assert_str(charset_cut(STR("äöü"), 2), "äö");
    assert_str(charset_cut(STR("äöü"), 3), "äöü");
    assert_str(charset_cut(STR("äöü"), 0), "");
    assert_int_equal(charset_length(STR("a€𝄞")), 3);
}

/* Any bytes in any set: valid UTF-8 of at most three times the length comes out, and what the set holds comes back. */
static void any_bytes(void **state)
{
    (void)state;
    uint32_t seed = 20260105;
    for (int round = 0; round < 4000; round++) {
        SCOPED_ARENA(a, 1 << 20);
        char bytes[40];
        size_t n = 0;
        for (; n < (size_t)round % sizeof bytes; n++)
            bytes[n] = (char)((seed = seed * 1664525 + 1013904223) >> 24);
        enum charset cs = (enum charset)(1 + round % (CHARSET_COUNT - 1));
        struct str text = decoded(&a, cs, str_n(bytes, n)), again;
        assert_true(text.n <= n * 3);
        SCOPED_BUF(out, 10000);
        charset_encode(&out, cs, text);
        assert_ok(out.st);
        if (cs == CHARSET_UTF16 || !charset_holds(cs, text))
            continue;
        again = decoded(&a, cs, buf_view(&out));
        if (!str_eq(again, text))
            fail_msg("%s: %.*s is not %.*s", charset_name(cs).p, STR_ARG(again), STR_ARG(text));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),     cmocka_unit_test(to_utf8), cmocka_unit_test(guessed),
        cmocka_unit_test(from_utf8), cmocka_unit_test(cutting), cmocka_unit_test(any_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
