/* tests/unit/test_imap_search.c: searches over messages: every key, and texts in pieces. */
#include "core/fold.h"
#include "formats/header.h"
#include "formats/mime.h"
#include "mailcore/imap/search.h"
#include "tests/unit/test.h"

static const struct imap_limits limits = {
    .line = 1 << 20, .literals = 10, .memory = 1 << 20, .depth = 20, .items = 200};

struct mail {
    struct str text;
    struct mime_map map;
    unsigned fields, bodies; /* how often they were asked for */
    const char *keyword;
    enum status fault;
};

static bool has_keyword(void *ctx, struct str name)
{
    const struct mail *m = ctx;
    return str_caseeq(name, str_c(m->keyword));
}

static enum status sent(void *ctx, struct maildate *out)
{
    struct mail *m = ctx;
    m->fields++;
    struct str value = header_find(m->text, STR("Date"));
    return value.p && maildate_parse(value, out) == OK ? OK : NOT_FOUND;
}

static enum status field(void *ctx, struct str name, struct imap_finder *f)
{
    struct mail *m = ctx;
    m->fields++;
    return m->fault != OK ? m->fault : imap_search_field(m->text, &m->map, name, 1 << 20, f);
}

static enum status body(void *ctx, struct imap_finder *f)
{
    struct mail *m = ctx;
    m->bodies++;
    return imap_search_body(m->text, &m->map, 1 << 20, f);
}

static const char letter[] = "From: =?utf-8?q?Nicol=C3=B2?= <nicolo@b.test>\r\n"
                             "To: a@b.test,\r\n c@d.test\r\n"
                             "Subject: =?iso-8859-1?q?Caff=E8?= =?iso-8859-1?q?_lungo?=\r\n"
                             "Date: Tue, 24 Nov 2026 23:30:00 -0500\r\n"
                             "X-Empty:\r\n"
                             "Content-Type: multipart/mixed; boundary=b\r\n"
                             "\r\n"
                             "preamble\r\n"
                             "--b\r\n"
                             "Content-Type: text/plain; charset=iso-8859-15\r\n"
                             "Content-Transfer-Encoding: quoted-printable\r\n"
                             "\r\n"
                             "costa cento =A4 in tut=\r\nto, Stra=DFe\r\n"
                             "--b\r\n"
                             "Content-Type: text/plain; charset=utf-8\r\n"
                             "Content-Transfer-Encoding: base64\r\n"
                             "\r\n"
                             "cGVyY2jDqSBubw==\r\n"
                             "--b\r\n"
                             "Content-Type: image/png; name=\"photo.png\"\r\n"
                             "\r\n"
                             "pixels\r\n"
                             "--b\r\n"
                             "Content-Type: message/rfc822\r\n"
                             "\r\n"
                             "Subject: inner words\r\n"
                             "\r\n"
                             "inner text\r\n"
                             "--b--\r\n";

enum { DAY = 86400 };

static enum status ask(const char *search, struct mail *mail, bool *matches)
{
    static const struct mime_limits mime = {.parts = 100, .depth = 20, .addresses = 100, .field = 10000};
    SCOPED_ARENA(a, 1 << 22);
    SCOPED_BUF(line, 1 << 20);
    buf_addf(&line, "a SEARCH %s", search);
    const struct imap_parse_args args = {.text = buf_view(&line), .limits = &limits, .state = IMAP_SELECTED};
    struct imap_command c;
    struct imap_fault fault;
    if (imap_parse(&a, &args, &c, &fault) != OK)
        fail_msg("%s: %s", search, fault.why);
    mail->text = str_c(letter);
    assert_ok(mime_scan(&a, mail->text, &mime, &mail->map));
    struct imap_set saved;
    assert_ok(imap_set_parse(&a, STR("50,70"), 10, &saved));
    const struct imap_search_world world = {
        .largest_number = 9, .largest_uid = 99, .saved = &saved, .now = 100 * DAY, .savedate = true};
    const struct imap_message m = {.number = 5,
                                   .uid = 50,
                                   .flags = IMAP_SEEN | IMAP_FLAGGED | IMAP_RECENT,
                                   .size = 1000,
                                   .modseq = 77,
                                   .received = {.at = 99 * DAY, .offset = -3600}, /* day 98 there */
                                   .saved = {.at = 99 * DAY + 5},
                                   .email_id = STR("M1"),
                                   .thread_id = STR("T1"),
                                   .ctx = mail,
                                   .keyword = has_keyword,
                                   .sent = sent,
                                   .field = field,
                                   .body = body};
    assert_ok(imap_search_prepare(&a, c.u.search.key, &world));
    return imap_search_match(c.u.search.key, &m, matches);
}

static void test_keys(void **state)
{
    (void)state;
    static const struct {
        const char *search;
        bool wanted;
    } rows[] = {
        {"ALL", true},
        {"SEEN", true},
        {"UNSEEN", false},
        {"ANSWERED", false},
        {"NEW", false},
        {"OLD", false},
        {"RECENT FLAGGED", true},
        {"RECENT DELETED", false},
        {"KEYWORD $junk", true},
        {"UNKEYWORD $Junk", false},
        {"KEYWORD x", false},
        {"LARGER 999", true},
        {"LARGER 1000", false},
        {"SMALLER 1001", true},
        {"SMALLER 1000", false},
        {"5", true},
        {"1:4,6:*", false},
        {"*", false},
        {"UID 50", true},
        {"UID 1:49,51:*", false},
        {"UID 120:*", false},
        {"$", true},
        {"UID $", true},
        {"NOT $", false},
        {"MODSEQ 77", true},
        {"MODSEQ 78", false},
        {"EMAILID M1 THREADID T1", true},
        {"EMAILID m1", false},
        {"ON 9-Apr-1970", true}, /* day 98 */
        {"ON 10-Apr-1970", false},
        {"SINCE 9-Apr-1970", true},
        {"SINCE 10-Apr-1970", false},
        {"BEFORE 10-Apr-1970", true},
        {"BEFORE 9-Apr-1970", false},
        {"SAVEDON 10-Apr-1970", true},
        {"SAVEDBEFORE 10-Apr-1970", false},
        {"SAVEDATESUPPORTED", true},
        {"SENTON 24-Nov-2026", true},
        {"SENTON 25-Nov-2026", false},
        {"SENTSINCE 24-Nov-2026 SENTBEFORE 25-Nov-2026", true},
        {"OLDER 86400", true},
        {"OLDER 86401", false},
        {"YOUNGER 86400", true},
        {"YOUNGER 86399", false},
        {"YOUNGER 4294967295", true},
        {"OLDER 4294967295", false},
        {"FROM nicolo", true}, /* the accent follows as a character of its own */
        {"FROM \"NICOL\xc3\x92\"", true},
        {"FROM \"nicol\xc3\xb2 <\"", true},
        {"FROM bob", false},
        {"TO c@D.test", true},
        {"TO \"a@b.test, c\"", true},
        {"CC a", false},
        {"SUBJECT \"caff\xc3\xa8 LUNGO\"", true},
        {"SUBJECT caffe", true},
        {"SUBJECT latte", false},
        {"HEADER X-Empty \"\"", true},
        {"HEADER X-None \"\"", false},
        {"HEADER X-Empty a", false},
        {"HEADER subject LUNGO", true},
        {"BODY \"\"", true},
        {"BODY \"cento \xe2\x82\xac in TUTTO\"", true},
        {"BODY \"stra\xc3\x9f\"", true},
        {"BODY strasse", false},
        {"BODY \"perch\xc3\xa9\"", true},
        {"BODY perche", true},
        {"BODY pixels", false},
        {"BODY preamble", false},
        {"BODY photo.png", false},
        {"TEXT photo.png", true},
        {"BODY lungo", false},
        {"TEXT lungo", true},
        {"TEXT \"subject: caff\"", true},
        {"BODY \"inner text\"", true},
        {"BODY \"inner words\"", true},
        {"BODY \"e perch\"", false}, /* texts of two parts */
        {"OR UNSEEN BODY perche", true},
        {"OR UNSEEN ANSWERED", false},
        {"NOT OR UNSEEN ANSWERED", true},
        {"OR (SEEN DELETED) (FLAGGED NOT (UNSEEN))", true},
        {"FUZZY SUBJECT lungo", true},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct mail mail = {.keyword = "$Junk"};
        bool matches;
        assert_ok(ask(rows[i].search, &mail, &matches));
        if (matches != rows[i].wanted)
            fail_msg("%s", rows[i].search);
    }
}

/* What is dear is asked only where nothing else decides. */
static void test_order(void **state)
{
    (void)state;
    static const struct {
        const char *search;
        unsigned fields, bodies;
    } rows[] = {
        {"BODY x UNSEEN", 0, 0},
        {"BODY perche SUBJECT nothing", 1, 0},
        {"OR BODY x SEEN", 0, 0},
        {"BODY x SUBJECT lungo OR FROM a SEEN", 1, 1},
        {"NOT (BODY x UNSEEN) TEXT lungo", 1, 0},
        {"TEXT \"\"", 0, 0},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct mail mail = {.keyword = ""};
        bool matches;
        assert_ok(ask(rows[i].search, &mail, &matches));
        if (mail.fields != rows[i].fields || mail.bodies != rows[i].bodies)
            fail_msg("%s: %u fields, %u bodies", rows[i].search, mail.fields, mail.bodies);
    }
    struct mail mail = {.keyword = "", .fault = E_IO};
    bool matches;
    assert_status(ask("OR SUBJECT a BODY perche", &mail, &matches), E_IO);
}

/* A needle is found wherever the text is cut. */
static void test_pieces(void **state)
{
    (void)state;
    static const struct {
        const char *text, *needle;
        bool wanted;
    } rows[] = {
        {"abcabcabd", "abcabd", true},
        {"caff\xc3\xa8 e t\xc3\xa8", "\xc3\xa8 E", true},
        {"\xf0\x9f\x98\x80\xf0\x9f\x98\x81", "\xf0\x9f\x98\x81", true},
        {"\xf0\x9f\x98\x80\xf0\x9f\x98\x81", "\xf0\x9f\x98\x82", false},
        {"aaaaaaaaab", "aaab", true},
        {"aaaaaaaaab", "ab", true},
        {"aaaaaaaaab", "ba", false},
        {"x", "x", true},
        {"x", "", true},
        {"", "", true},
        {"", "x", false},
        {"ends in half a char \xc3", "\xc3", true},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        for (size_t piece = 1; piece < 12; piece++) {
            SCOPED_BUF(needle, 1000);
            fold_unicode(&needle, str_c(rows[i].needle));
            struct imap_finder f = imap_finder_new(buf_view(&needle));
            struct str rest = str_c(rows[i].text);
            while (rest.n) {
                assert_ok(imap_find(&f, str_slice(rest, 0, piece)));
                rest = str_from(rest, piece);
            }
            assert_ok(imap_find_end(&f));
            if (f.found != rows[i].wanted)
                fail_msg("\"%s\" in \"%s\" by %zu", rows[i].needle, rows[i].text, piece);
            imap_finder_free(&f);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
