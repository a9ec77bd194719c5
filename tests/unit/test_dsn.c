/* tests/unit/test_dsn.c: delivery status notifications as people and programs read them. */
#include "formats/header.h"
#include "formats/mime.h"
#include "formats/mime_word.h"
#include "mailcore/relay/dsn.h"
#include "tests/unit/test.h"

static const struct mime_limits limits = {.parts = 100, .depth = 10, .addresses = 10, .field = 65536};
static const char *const original = "From: a@example.test\r\nMessage-ID: <1@x>\r\nSubject: s\r\n\r\nbody\r\n";

static struct dsn sample(const struct dsn_recipient *r, size_t n)
{
    return (struct dsn){.hostname = STR("mail.example.test"),
                        .sender = STR("anna@example.test"),
                        .arrived = 1700000000,
                        .now = 1700000600,
                        .recipients = r,
                        .count = n,
                        .message = str_c(original)};
}

struct parts {
    struct str head, text, status, message;
    struct str status_head, message_head;
};

static struct parts cut(struct arena *a, struct str report)
{
    struct mime_map map;
    assert_status(mime_scan(a, report, &limits, &map), OK);
    assert_int_equal(map.parts[0].kind, MIME_MULTIPART);
    const struct mime_part *text = mime_child(&map, map.parts, 1), *status = mime_child(&map, map.parts, 2),
                           *message = mime_child(&map, map.parts, 3);
    assert_non_null(message);
    assert_null(mime_child(&map, map.parts, 4));
    return (struct parts){.head = mime_head(report, map.parts),
                          .text = mime_body(report, text),
                          .status = mime_body(report, status),
                          .message = mime_body(report, message),
                          .status_head = mime_head(report, status),
                          .message_head = mime_head(report, message)};
}

static void has(struct str in, const char *what)
{
    if (str_find(in, str_c(what), 0) == SIZE_MAX)
        fail_msg("\"%s\" is missing in: %.*s", what, STR_ARG(in));
}

static void lacks(struct str in, const char *what)
{
    if (str_find(in, str_c(what), 0) != SIZE_MAX)
        fail_msg("\"%s\" is in: %.*s", what, STR_ARG(in));
}

static void test_failed(void **state)
{
    (void)state;
    const struct dsn_recipient r[] = {
        {.address = STR("bob@b.test"),
         .original = STR("rfc822;Bob@b.test"),
         .action = DSN_FAILED,
         .status = STR("5.1.1"),
         .remote = STR("mx.b.test"),
         .diagnostic = STR("550 5.1.1 unknown"),
         .tried = 1700000500},
        {.address = STR("carl@c.test"), .action = DSN_DELAYED, .status = STR("4.4.1"), .until = 1700400000}};
    struct dsn d = sample(r, 2);
    d.envid = STR("env 1");
    SCOPED_ARENA(a, 1 << 20);
    SCOPED_BUF(out, 1 << 20);
    dsn_write(&out, &d);
    assert_status(out.st, OK);
    struct parts p = cut(&a, buf_view(&out));
    assert_str(str_trim(header_find(p.head, STR("To"))), "<anna@example.test>");
    assert_str(str_trim(header_find(p.head, STR("Subject"))), "Your message was not delivered");
    assert_str(str_trim(header_find(p.head, STR("In-Reply-To"))), "<1@x>");
    assert_str(str_trim(header_find(p.head, STR("Auto-Submitted"))), "auto-replied");
    assert_str(str_trim(header_find(p.head, STR("Date"))), "Tue, 14 Nov 2023 22:23:20 +0000");
    has(p.text, "There is no such mailbox.");
    has(p.text, "You need not send it again");
    assert_str(p.status, "Original-Envelope-Id: env 1\r\nReporting-MTA: dns;mail.example.test\r\n"
                         "Arrival-Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n\r\n"
                         "Original-Recipient: rfc822;Bob@b.test\r\nFinal-Recipient: rfc822;bob@b.test\r\n"
                         "Action: failed\r\nStatus: 5.1.1\r\nRemote-MTA: dns;mx.b.test\r\n"
                         "Diagnostic-Code: smtp;550 5.1.1 unknown\r\n"
                         "Last-Attempt-Date: Tue, 14 Nov 2023 22:21:40 +0000\r\n\r\n"
                         "Final-Recipient: rfc822;carl@c.test\r\nAction: delayed\r\nStatus: 4.4.1\r\n"
                         "Will-Retry-Until: Sun, 19 Nov 2023 13:20:00 +0000\r\n");
    assert_str(str_trim(header_find(p.message_head, STR("Content-Type"))), "text/rfc822-headers");
    lacks(p.message, "body");
    for (size_t i = 0; i < out.n; i++)
        assert_true((unsigned char)buf_c(&out)[i] < 0x80);
}

static void test_italian(void **state)
{
    (void)state;
    const struct dsn_recipient r = {
        .address = STR("bob@b.test"), .action = DSN_FAILED, .status = STR("5.2.2")};
    struct dsn d = sample(&r, 1);
    d.language = dsn_language(STR("it-IT"));
    d.whole = true;
    SCOPED_ARENA(a, 1 << 20);
    SCOPED_BUF(out, 1 << 20);
    SCOPED_BUF(text, 1 << 20);
    dsn_write(&out, &d);
    struct parts p = cut(&a, buf_view(&out));
    mime_quoted_decode(&text, p.text);
    has(buf_view(&text), "Non è stato possibile consegnare il messaggio a:");
    has(buf_view(&text), "La casella di posta è piena.");
    assert_str(str_trim(header_find(p.message_head, STR("Content-Type"))), "message/rfc822");
    assert_true(str_starts(p.message, str_c(original)) || str_starts(str_c(original), p.message));
    has(p.message, "body");
    struct str rest = p.text, line;
    while (str_split(&rest, '\n', &line))
        assert_true(line.n <= 77); /* RFC 2045 section 6.7: 76, and the CR */
}

static void test_global(void **state)
{
    (void)state;
    const struct dsn_recipient r = {
        .address = STR("nicolò@caffè.test"), .action = DSN_FAILED, .status = STR("5.6.7")};
    struct dsn d = sample(&r, 1);
    SCOPED_ARENA(a, 1 << 20);
    SCOPED_BUF(out, 1 << 20);
    dsn_write(&out, &d);
    struct parts p = cut(&a, buf_view(&out));
    assert_str(str_trim(header_find(p.status_head, STR("Content-Type"))), "message/global-delivery-status");
    assert_str(str_trim(header_find(p.message_head, STR("Content-Type"))), "message/global-headers");
    assert_str(str_trim(header_find(p.head, STR("Content-Transfer-Encoding"))), "8bit");
    has(p.status, "Final-Recipient: utf-8;nicolò@caffè.test\r\n");
}

/* What a hostile server says cannot become a field, a part, or another recipient. */
static void test_hostile(void **state)
{
    (void)state;
    const struct dsn_recipient r = {.address = STR("b@b.test\r\nAction: delivered"),
                                    .action = DSN_FAILED,
                                    .status = STR("5.0.0"),
                                    .remote = STR("mx\r\n\r\nFinal-Recipient: rfc822;x@y"),
                                    .diagnostic = STR("550 no\r\nBcc: all@example.test\r\n\r\n--x--\0\x01")};
    struct dsn d = sample(&r, 1);
    d.sender = STR("a@b\r\nBcc: c@d");
    d.message = STR("Message-ID: <1@x>\r\n y\r\nno header at all");
    SCOPED_ARENA(a, 1 << 20);
    SCOPED_BUF(out, 1 << 20);
    dsn_write(&out, &d);
    struct parts p = cut(&a, buf_view(&out));
    lacks(p.head, "\nBcc:");
    lacks(p.status, "\nBcc:");
    lacks(p.status, "\nAction: delivered");
    lacks(p.status, "\nFinal-Recipient: rfc822;x@y");
}

static void test_languages(void **state)
{
    (void)state;
    assert_int_equal(dsn_language(STR("IT")), DSN_ITALIAN);
    assert_int_equal(dsn_language(STR("it_IT")), DSN_ITALIAN);
    assert_int_equal(dsn_language(STR("italo")), DSN_ENGLISH);
    assert_int_equal(dsn_language(STR_NONE), DSN_ENGLISH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_failed), cmocka_unit_test(test_italian),
                                       cmocka_unit_test(test_global), cmocka_unit_test(test_hostile),
                                       cmocka_unit_test(test_languages)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
