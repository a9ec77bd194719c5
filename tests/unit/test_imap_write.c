/* tests/unit/test_imap_write.c: responses as clients expect them. */
#include "mailcore/imap/write.h"
#include "tests/unit/test.h"

static void test_words(void **state)
{
    (void)state;
    static const struct {
        const char *in, *astring, *string, *utf8;
    } rows[] = {
        {"a", "a", "\"a\"", "\"a\""},
        {"", "\"\"", "\"\"", "\"\""},
        {"nil", "\"nil\"", "\"nil\"", "\"nil\""},
        {"a]b", "a]b", "\"a]b\"", "\"a]b\""},
        {"a b", "\"a b\"", "\"a b\"", "\"a b\""},
        {"a\"\\", "\"a\\\"\\\\\"", "\"a\\\"\\\\\"", "\"a\\\"\\\\\""},
        {"a{5}", "\"a{5}\"", "\"a{5}\"", "\"a{5}\""},
        {"a\r\nb", "{4}\r\na\r\nb", "{4}\r\na\r\nb", "{4}\r\na\r\nb"},
        {"\xc3\xa8", "{2}\r\n\xc3\xa8", "{2}\r\n\xc3\xa8", "\"\xc3\xa8\""},
        {"\xe8", "{1}\r\n\xe8", "{1}\r\n\xe8", "{1}\r\n\xe8"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        SCOPED_BUF(b, 1000);
        imap_write_astring(&b, str_c(rows[i].in));
        assert_str(buf_view(&b), rows[i].astring);
        buf_clear(&b);
        imap_write_string(&b, str_c(rows[i].in), false);
        assert_str(buf_view(&b), rows[i].string);
        buf_clear(&b);
        imap_write_string(&b, str_c(rows[i].in), true);
        assert_str(buf_view(&b), rows[i].utf8);
    }
    SCOPED_BUF(b, 5000);
    imap_write_string(&b, STR_NONE, false);
    assert_str(buf_view(&b), "NIL");
    buf_clear(&b);
    imap_write_string(&b, STR("a\0b"), false);
    assert_true(str_eq(buf_view(&b), STR("~{3}\r\na\0b")));
    char text[1001];
    memset(text, 'x', sizeof text);
    buf_clear(&b);
    imap_write_string(&b, str_n(text, 1001), false);
    assert_true(str_starts(buf_view(&b), STR("{1001}\r\nxx")));
}

static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool utf8;
        const char *wanted;
    } rows[] = {
        {"INBOX", false, "INBOX"},
        {"Sent Items", false, "\"Sent Items\""},
        {"a&b", false, "a&-b"},
        {"a&b", true, "a&b"},
        {"caff\xc3\xa8", false, "caff&AOg-"},
        {"caff\xc3\xa8", true, "\"caff\xc3\xa8\""},
        {"a%b", false, "\"a%b\""},
        {"", false, "\"\""},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        SCOPED_BUF(b, 1000);
        imap_write_mailbox(&b, str_c(rows[i].name), rows[i].utf8);
        assert_str(buf_view(&b), rows[i].wanted);
    }
}

static void test_dates(void **state)
{
    (void)state;
    static const struct {
        struct maildate date;
        const char *wanted;
    } rows[] = {
        {{0, 0}, "\"01-Jan-1970 00:00:00 +0000\""},
        {{1795509000, 3600}, "\"24-Nov-2026 09:30:00 +0100\""},
        {{-1, -5400}, "\"31-Dec-1969 22:29:59 -0130\""},
        {{253402300799, 0}, "\"31-Dec-9999 23:59:59 +0000\""},
        {{253402300799, 3600}, "\"31-Dec-9999 23:59:59 +0100\""},
        {{INT64_MAX, INT32_MIN}, NULL},
        {{INT64_MIN, INT32_MAX}, NULL},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        SCOPED_BUF(b, 1000);
        imap_write_date_time(&b, rows[i].date);
        if (rows[i].wanted)
            assert_str(buf_view(&b), rows[i].wanted);
        assert_int_equal(b.n, 28);
    }
}

static struct imap_set set_of(struct arena *a, const char *text)
{
    struct imap_set set = {0};
    if (*text)
        assert_ok(imap_set_parse(a, str_c(text), 100, &set));
    return set;
}

static void test_search(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 16);
    SCOPED_BUF(b, 1000);
    struct imap_set found = set_of(&a, "2:4,4294967295"), none = {0};
    imap_write_search(&b, &found, 0);
    imap_write_search(&b, &found, 917162500);
    imap_write_search(&b, &none, 5);
    assert_str(buf_view(&b),
               "* SEARCH 2 3 4 4294967295\r\n* SEARCH 2 3 4 4294967295 (MODSEQ 917162500)\r\n* SEARCH\r\n");
    buf_clear(&b);
    struct imap_esearch e = {.tag = STR("a\"1"),
                             .returns =
                                 IMAP_RETURN_MIN | IMAP_RETURN_MAX | IMAP_RETURN_COUNT | IMAP_RETURN_ALL,
                             .found = found,
                             .count = 4,
                             .modseq = 9};
    imap_write_esearch(&b, &e);
    assert_str(buf_view(&b),
               "* ESEARCH (TAG \"a\\\"1\") MIN 2 MAX 4294967295 COUNT 4 ALL 2:4,4294967295 MODSEQ 9\r\n");
    buf_clear(&b);
    e.found = none;
    e.count = 0;
    e.uid = true;
    imap_write_esearch(&b, &e);
    assert_str(buf_view(&b), "* ESEARCH (TAG \"a\\\"1\") UID COUNT 0\r\n");
    buf_clear(&b);
    e = (struct imap_esearch){.tag = STR("b"),
                              .uid = true,
                              .returns = IMAP_RETURN_PARTIAL,
                              .found = found,
                              .page = {true, true, 1, 100},
                              .paged = found};
    imap_write_esearch(&b, &e);
    e.paged = none;
    e.page.from_end = false;
    imap_write_esearch(&b, &e);
    assert_str(buf_view(&b), "* ESEARCH (TAG \"b\") UID PARTIAL (-1:-100 2:4,4294967295)\r\n* ESEARCH (TAG "
                             "\"b\") UID PARTIAL (1:100 NIL)\r\n");
    buf_clear(&b);
    imap_write_vanished(&b, &found, true);
    imap_write_vanished(&b, &found, false);
    imap_write_vanished(&b, &none, false);
    assert_str(buf_view(&b), "* VANISHED (EARLIER) 2:4,4294967295\r\n* VANISHED 2:4,4294967295\r\n");
}

static void test_status(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 16);
    SCOPED_BUF(b, 1000);
    struct imap_set from = set_of(&a, "1:2"), to = set_of(&a, "7:8");
    imap_write_status(&b, STR("a1"), "OK", "READ-WRITE", "done");
    imap_write_status(&b, STR_NONE, "BYE", NULL, "bye");
    imap_write_fault(&b, STR("x"), &(struct imap_fault){.why = "what"});
    imap_write_fault(&b, STR("x"), &(struct imap_fault){.no = true, .code = "LIMIT", .why = "much"});
    assert_str(buf_view(&b), "a1 OK [READ-WRITE] done\r\n* BYE bye\r\nx BAD what\r\nx NO [LIMIT] much\r\n");
    buf_clear(&b);
    imap_write_copyuid(&b, 4294967295, &from, &to);
    imap_write_appenduid(&b, 5, &to);
    assert_str(buf_view(&b), "[COPYUID 4294967295 1:2 7:8] [APPENDUID 5 7:8] ");
    buf_clear(&b);
    const struct imap_status_values v = {
        .messages = 1, .uid_next = 3, .append_limit = 7, .mailbox_id = STR("M1")};
    imap_write_mailbox_status(&b, STR("a b"),
                              IMAP_STATUS_MESSAGES | IMAP_STATUS_UIDNEXT | IMAP_STATUS_APPENDLIMIT |
                                  IMAP_STATUS_MAILBOXID,
                              &v, false);
    imap_write_mailbox_status(&b, STR("INBOX"), IMAP_STATUS_MAILBOXID, &v, false);
    assert_str(buf_view(&b), "* STATUS \"a b\" (MESSAGES 1 UIDNEXT 3 APPENDLIMIT NIL MAILBOXID (M1))\r\n* "
                             "STATUS INBOX (MAILBOXID (M1))\r\n");
}

static void test_list(void **state)
{
    (void)state;
    SCOPED_BUF(b, 1000);
    struct imap_list_line l = {.name = "LIST",
                               .attributes = IMAP_ATTR_HASCHILDREN | IMAP_USE_SENT,
                               .delimiter = '/',
                               .mailbox = STR("caff\xc3\xa8")};
    imap_write_list(&b, &l, false);
    l = (struct imap_list_line){
        .name = "LSUB", .mailbox = STR("a"), .old_name = STR("b c"), .child_subscribed = true};
    imap_write_list(&b, &l, true);
    assert_str(buf_view(&b), "* LIST (\\HasChildren \\Sent) \"/\" caff&AOg-\r\n"
                             "* LSUB () NIL a (\"CHILDINFO\" (\"SUBSCRIBED\") \"OLDNAME\" (\"b c\"))\r\n");
}

static void test_fetch(void **state)
{
    (void)state;
    SCOPED_BUF(b, 1000);
    static const uint32_t part[] = {1, 2};
    const struct str keyword = STR("$Junk");
    const struct imap_flags flags = {IMAP_SEEN | IMAP_RECENT, &keyword, 1}, plain = {0};
    const struct imap_fetch_item item = {.kind = IMAP_FETCH_BODY_SECTION,
                                         .peek = true,
                                         .partial = true,
                                         .offset = 5,
                                         .octets = 9,
                                         .section = {.part = part, .depth = 2, .text = IMAP_SECTION_MIME}};
    struct imap_fetch_writer w = imap_fetch_begin(&b, 4, false);
    imap_fetch_number(&w, "UID", 9);
    imap_fetch_flags(&w, &flags);
    imap_fetch_modseq(&w, 12);
    imap_fetch_name(&w, &item);
    imap_write_literal(&b, STR("xyz"));
    imap_fetch_date(&w, "SAVEDATE", NULL);
    imap_fetch_date(&w, "INTERNALDATE", &(struct maildate){0, 0});
    imap_fetch_text(&w, "EMAILID", STR("(M1)"));
    imap_fetch_end(&w);
    assert_str(buf_view(&b), "* 4 FETCH (UID 9 FLAGS (\\Seen \\Recent $Junk) MODSEQ (12) BODY[1.2.MIME]<5> "
                             "{3}\r\nxyz SAVEDATE NIL "
                             "INTERNALDATE \"01-Jan-1970 00:00:00 +0000\" EMAILID (M1))\r\n");
    buf_clear(&b);
    w = imap_fetch_begin(&b, 9, true);
    imap_fetch_flags(&w, &plain);
    imap_fetch_end(&w);
    assert_str(buf_view(&b), "* 9 UIDFETCH (FLAGS ())\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),  cmocka_unit_test(test_names),  cmocka_unit_test(test_dates),
        cmocka_unit_test(test_search), cmocka_unit_test(test_status), cmocka_unit_test(test_list),
        cmocka_unit_test(test_fetch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
