/* tests/unit/test_imap_utf7.c: names of mailboxes in modified UTF-7: one form each. */
#include "mailcore/imap/utf7.h"
#include "tests/unit/test.h"

static void test_pairs(void **state)
{
    (void)state;
    static const struct {
        const char *utf7, *utf8;
    } rows[] = {
        {"", ""},
        {"INBOX", "INBOX"},
        {"a&-b", "a&b"},
        {"&-&-", "&&"},
        {"&-&AOg-", "&\xc3\xa8"},
        {"&AOg-&-", "\xc3\xa8&"},
        {"Entw&APw-rfe", "Entw\xc3\xbcrfe"},
        {"~peter/mail/&U,BTFw-/&ZeVnLIqe-",
         "~peter/mail/\xe5\x8f\xb0\xe5\x8c\x97/\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e"},
        {"&2D3eAA-", "\xf0\x9f\x98\x80"},
        {"&2AHcAA-", "\xf0\x90\x90\x80"},
        {"&2,,f,w-", "\xf4\x8f\xbf\xbf"},
        {"&,,8-", "\xef\xbf\xbf"},
        {"&AIA-", "\xc2\x80"},
        {"&AAE-", "\x01"},
        {"&B,8-", "\xdf\xbf"},
        {"&CAA-", "\xe0\xa0\x80"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        SCOPED_BUF(a, 1000);
        SCOPED_BUF(b, 1000);
        assert_true(imap_utf7_decode(&a, str_c(rows[i].utf7)));
        assert_str(buf_view(&a), rows[i].utf8);
        assert_true(imap_utf7_encode(&b, str_c(rows[i].utf8)));
        assert_str(buf_view(&b), rows[i].utf7);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "&",          "&AOg",  "a&",       "\xc3\xa8", "a\x01", "\x7f",     "&AGE-", /* 'a' */
        "&ACY-",                                                                     /* '&' */
        "&AOg-&AOg-", "&AOh-", "&AOgA-",   "&AO-",     "&A-",   "&AOg=-",   "&AOg A-",  "&AO/-",
        "&2D0-",      "&3gA-", "&2D3YPQ-", "&3gDYPQ-", "&AAA-", "&2D0AYQ-", "&AOgAYQ-", "&AOgAAAAAAA-",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        SCOPED_BUF(b, 1000);
        if (imap_utf7_decode(&b, str_c(bad[i])))
            fail_msg("\"%s\" was taken", bad[i]);
    }
    SCOPED_BUF(b, 1000);
    assert_false(imap_utf7_decode(&b, STR("a\0b")));
    assert_false(imap_utf7_encode(&b, STR("\xff")));
    assert_false(imap_utf7_encode(&b, STR("\xed\xa0\x80")));
}

/* Of all that is two to four base64 digits between '&' and '-': what is taken comes back the same. */
static void test_one_form(void **state)
{
    (void)state;
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";
    SCOPED_BUF(b, 100);
    SCOPED_BUF(back, 100);
    size_t taken = 0;
    for (unsigned i = 0; i < 64 * 64 * 64; i++) {
        char name[] = {'&', digits[i >> 12], digits[i >> 6 & 63], digits[i & 63], '-'};
        struct str s = str_n(name, sizeof name);
        buf_clear(&b);
        buf_clear(&back);
        if (!imap_utf7_decode(&b, s))
            continue;
        taken++;
        assert_true(imap_utf7_encode(&back, buf_view(&b)));
        assert_true(str_eq(buf_view(&back), s));
    }
    assert_int_equal(taken, 65536 - 1 - 95 - 2048); /* without NUL, what stands for itself, halves of pairs */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_one_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
