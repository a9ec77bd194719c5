/* tests/unit/test_imap_url.c: IMAP URLs of CATENATE: what each part means, and what is none. */
#include "mailcore/imap/url.h"
#include "tests/unit/test.h"

static void parts_are_read(void **state)
{
    SCOPED_ARENA(a, 1 << 20);
    struct imap_url u;
    (void)state;
    assert_int_equal(
        imap_url_parse(&a, STR("/a%20b/c;UIDVALIDITY=5/;UID=7/;SECTION=1.2.MIME/;PARTIAL=3.4"), &u), OK);
    assert_true(str_eq(u.mailbox, STR("a b/c")));
    assert_int_equal(u.uid_validity, 5);
    assert_int_equal(u.uid, 7);
    assert_int_equal(u.section.depth, 2);
    assert_int_equal(u.section.part[1], 2);
    assert_int_equal(u.section.text, IMAP_SECTION_MIME);
    assert_true(u.partial);
    assert_int_equal(u.offset, 3);
    assert_int_equal(u.octets, 4);
    assert_int_equal(imap_url_parse(&a, STR("/;uid=4294967295/;partial=9"), &u), OK);
    assert_null(u.mailbox.p);
    assert_int_equal(u.uid, UINT32_MAX);
    assert_int_equal(u.octets, 0);
}

static void others_are_none(void **state)
{
    static const char *const bad[] = {"",
                                      "/",
                                      "x",
                                      "/x",
                                      "/x/;UID=0",
                                      "/x/;UID=4294967296",
                                      "/x/;UID=1/",
                                      "/x/;UID=1/;SECTION=MIME",
                                      "/x/;UID=1/;SECTION=1..2",
                                      "/x/;UID=1/;SECTION=HEADER.1",
                                      "/x/;UID=1/;SECTION=0",
                                      "/x/;UID=1/;PARTIAL=1.0",
                                      "/x/;UID=1/;PARTIAL=-1",
                                      "/x/;UID=1/;PARTIAL=1/;SECTION=1",
                                      "/x;UIDVALIDITY=0/;UID=1",
                                      "/x;y/;UID=1",
                                      "/%ff/;UID=1",
                                      "/%0/;UID=1",
                                      "imap://h/x/;UID=1"};
    SCOPED_ARENA(a, 1 << 20);
    struct imap_url u;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(imap_url_parse(&a, str_c(bad[i]), &u), INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_read),
        cmocka_unit_test(others_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
