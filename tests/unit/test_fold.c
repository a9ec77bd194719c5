/* Tests of the collations i;ascii-casemap and i;unicode-casemap. */
#include "tests/unit/test.h"

#include "core/fold.h"

static void unicode_folds(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"", ""},
        {"Hello, World 1", "HELLO, WORLD 1"},
        {"Nicol\xc3\xb2", "NICOLO\xcc\x80"},
        {"NICOL\xc3\x92", "NICOLO\xcc\x80"},
        {"nicolo\xcc\x80", "NICOLO\xcc\x80"},
        {"stra\xc3\x9f"
         "e",
         "STRA\xc3\x9f"
         "E"},                                    /* ß stays: it is not "ss" */
        {"\xef\xac\x81ne", "fiNE"},               /* the ligature fi has no titlecase of one character */
        {"\xc7\x86", "Dz\xcc\x8c"},               /* dž: titlecase Dž, decomposed: the RFC's example */
        {"\xc7\x84", "Dz\xcc\x8c"},               /* DŽ */
        {"\xd0\xb6\xd0\x96", "\xd0\x96\xd0\x96"}, /* Cyrillic */
        {"\xce\xb1\xce\xac", "\xce\x91\xce\x91\xcc\x81"}, /* Greek with tonos */
        {"\xe2\x84\xa6", "\xce\xa9"},                     /* Ohm sign is Omega */
        {"\xf0\x9f\x8e\x82", "\xf0\x9f\x8e\x82"},
        {"caf\xe9", "caf\xe9"}, /* not UTF-8: as it is */
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        SCOPED_BUF(b, 100);
        fold_unicode(&b, str_c(cases[i].in));
        assert_str(buf_view(&b), cases[i].out);
    }
}

static void ascii_folds(void **state)
{
    (void)state;
    SCOPED_BUF(b, 100);
    fold_ascii(&b, STR("aZ[{\xc3\xb2"));
    assert_str(buf_view(&b), "AZ[{\xc3\xb2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(unicode_folds), cmocka_unit_test(ascii_folds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
