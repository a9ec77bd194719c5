/* Every character of Unicode through i;unicode-casemap, against libicu's data: RFC 5051 section 2 takes the titlecase mapping and the
 * decomposition (of any kind, in full) from UnicodeData.txt, and nothing else. */
#include "tests/unit/test.h"

#include "core/fold.h"

#include <stdio.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

enum { UNITS = 64, BYTES = 4 * UNITS };

/* What the RFC makes of one character, from libicu. */
static struct str expected(const UNormalizer2 *nfkd, UChar32 c, char out[BYTES])
{
    UErrorCode error = U_ZERO_ERROR;
    UChar units[UNITS];
    int32_t n, bytes;
    UChar32 title = u_totitle(c); /* the simple mapping, as in UnicodeData.txt */
    n = unorm2_getDecomposition(nfkd, title, units, UNITS, &error);
    if (n < 0) {
        n = 0;
        U16_APPEND_UNSAFE(units, n, title);
    }
    u_strToUTF8(out, BYTES, &bytes, units, n, &error);
    assert_true(U_SUCCESS(error));
    return str_n(out, (size_t)bytes);
}

static void every_character_is_as_the_rfc_says(void **state)
{
    UErrorCode error = U_ZERO_ERROR;
    const UNormalizer2 *nfkd = unorm2_getNFKDInstance(&error);
    size_t wrong = 0, changed = 0;
    (void)state;
    assert_true(U_SUCCESS(error));
    for (UChar32 c = 0; c <= UCHAR_MAX_VALUE; c++) {
        char in[4], want[BYTES];
        int32_t n = 0;
        if (U_IS_SURROGATE(c) || !u_isdefined(c))
            continue;
        U8_APPEND_UNSAFE((unsigned char *)in, n, c);
        SCOPED_BUF(got, BYTES);
        struct str one = str_n(in, (size_t)n), text = expected(nfkd, c, want);
        fold_unicode(&got, one);
        changed += !str_eq(text, one);
        if (!str_eq(buf_view(&got), text) && wrong++ < 40)
            print_error("U+%04X: %.*s, not %.*s\n", (unsigned)c, STR_ARG(buf_view(&got)), STR_ARG(text));
    }
    assert_int_equal(wrong, 0);
    assert_true(changed > 15000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_character_is_as_the_rfc_says)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
