/* tests/unit/test_mime.c: the parts of messages, what IMAP says of them, and what is stored of it. */
#include "formats/mime.h"
#include "formats/mime_structure.h"
#include "formats/mime_type.h"
#include "formats/mime_word.h"
#include "tests/unit/test.h"

static const struct mime_limits limits = {.parts = 1000, .depth = 50, .addresses = 100, .field = 64 << 10};

#define PART(type, body) "Content-Type: " type "\r\n\r\n" body

static void scan(struct arena *a, const char *text, struct mime_map *map)
{
    assert_status(mime_scan(a, str_c(text), &limits, map), OK);
    assert_true(map->count > 0);
}

/* The structure, without extension data unless `extended`. */
static void assert_structure(const char *text, bool extended, const char *want)
{
    SCOPED_ARENA(a, 1 << 20);
    SCOPED_BUF(b, 1 << 16);
    struct mime_map map;
    scan(&a, text, &map);
    assert_status(mime_structure(&a, str_c(text), &map, &limits, extended, &b), OK);
    assert_str(buf_view(&b), want);
}

static const char mixed[] =
    "Subject: x\r\nContent-Type: multipart/mixed; boundary=\"b 1\"\r\n\r\npreamble\r\n"
    "--b 1\r\n" PART("text/plain; charset=utf-8", "one\r\ntwo") "\r\n--b 1\r\n" PART(
        "multipart/alternative; boundary=i",
        "--i\r\n" PART(
            "text/html",
            "<p>\r\n") "\r\n--i--\r\nepilogue") "\r\n--b 1 \r\nContent-Type: message/rfc822\r\n\r\nFrom: "
                                                "a@b\r\nSubject: in\r\n\r\nbody\r\n"
                                                "\r\n--b 1--\r\nepilogue\r\n--b 1\r\nno part\r\n";

static void test_structures(void **state)
{
    (void)state;
    assert_structure("Subject: x\r\n\r\none\r\ntwo\r\n", false,
                     "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 10 2)");
    assert_structure(
        PART("TEXT/Html; charset=\"utf-8\"; x=a", ""), true,
        "(\"TEXT\" \"Html\" (\"charset\" \"utf-8\" \"x\" \"a\") NIL NIL \"7bit\" 0 0 NIL NIL NIL NIL)");
    assert_structure("Content-Type: image/png\r\nContent-ID: <i@x>\r\nContent-Description: A\r\n picture\r\n"
                     "Content-Transfer-Encoding: BASE64\r\nContent-MD5: q==\r\nContent-Disposition: "
                     "attachment;\r\n filename=\"a \\\"b\\\".png\"\r\n"
                     "Content-Language: de, en\r\nContent-Location: http://x/\r\n\r\nAAAA",
                     true,
                     "(\"image\" \"png\" NIL \"<i@x>\" \"A picture\" \"BASE64\" 4 \"q==\" "
                     "(\"attachment\" (\"filename\" \"a \\\"b\\\".png\")) (\"de\" \"en\") \"http://x/\")");
    assert_structure(mixed, false,
                     "((\"text\" \"plain\" (\"charset\" \"utf-8\") NIL NIL \"7bit\" 8 1)"
                     "((\"text\" \"html\" NIL NIL NIL \"7bit\" 5 1) \"alternative\")"
                     "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 32 "
                     "(NIL \"in\" ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) "
                     "NIL NIL NIL NIL NIL) "
                     "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 6 1) 4) \"mixed\")");
    /* multiparts without parts, without a boundary, digests */
    assert_structure(PART("multipart/mixed; boundary=x", "nothing\r\n"), false,
                     "((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0) \"mixed\")");
    assert_structure(
        PART("multipart/digest; boundary=x", "--x\r\n\r\nSubject: d\r\n\r\nb\r\n--x--"), false,
        "((\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 15 (NIL \"d\" NIL NIL NIL NIL NIL NIL NIL NIL) "
        "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 1 0) 2) \"digest\")");
    assert_structure(PART("nonsense", "x"), false,
                     "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 1 0)");
}

static void test_offsets(void **state)
{
    (void)state;
    static const struct {
        uint32_t numbers[3];
        size_t count;
        const char *body;
    } cases[] = {
        {{1}, 1, "one\r\ntwo"},
        {{2, 1}, 2, "<p>\r\n"},
        {{3, 1}, 2, "body\r\n"},
        {{3}, 1, "From: a@b\r\nSubject: in\r\n\r\nbody\r\n"},
    };
    static const uint32_t none[][3] = {{4, 0, 0}, {1, 1, 0}, {2, 2, 0}, {2, 1, 1}, {3, 1, 1}, {0, 0, 0}};
    static const size_t none_n[] = {1, 2, 2, 3, 3, 1};
    SCOPED_ARENA(a, 1 << 20);
    struct mime_map map;
    scan(&a, mixed, &map);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct mime_part *p = mime_section(&map, cases[i].numbers, cases[i].count);
        assert_non_null(p);
        assert_str(mime_body(str_c(mixed), p), cases[i].body);
    }
    for (size_t i = 0; i < COUNT_OF(none); i++)
        assert_null(mime_section(&map, none[i], none_n[i]));
    assert_ptr_equal(mime_section(&map, NULL, 0), map.parts);
    const uint32_t one = 1;
    scan(&a, "A: b\r\n\r\nx", &map);
    assert_ptr_equal(mime_section(&map, &one, 1), map.parts);
}

static void test_boundaries(void **state)
{
    (void)state;
    /* a boundary that begins like an outer one; the outer one ends the inner multipart; header without an empty line */
    static const char text[] =
        PART("multipart/mixed; boundary=a",
             "--a\n" PART("multipart/mixed; boundary=ab", "--ab\nX: y\n\nin\n--a\nX: z\n--a--\n"));
    SCOPED_ARENA(a, 1 << 20);
    struct mime_map map;
    scan(&a, text, &map);
    assert_int_equal(map.count, 4);
    assert_int_equal(map.parts[2].depth, 2);
    assert_str(mime_body(str_c(text), &map.parts[2]), "in");
    assert_int_equal(map.parts[3].depth, 1);
    assert_str(mime_head(str_c(text), &map.parts[3]), "X: z\n");
    assert_int_equal(map.parts[3].body_n, 0);
}

static void test_packed(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    SCOPED_BUF(b, 1 << 16);
    struct mime_map map;
    struct mime_pack pack;
    scan(&a, mixed, &map);
    const struct str text = str_c(mixed);
    assert_status(mime_pack(&a, text, &map, &limits, &b), OK);
    assert_status(b.st, OK);
    assert_status(mime_unpack(&a, buf_view(&b), text.n, &pack), OK);
    assert_int_equal(pack.map.count, map.count);
    assert_memory_equal(pack.map.parts, map.parts, map.count * sizeof *map.parts);
    assert_str(pack.envelope, "(NIL \"x\" NIL NIL NIL NIL NIL NIL NIL NIL)");
    assert_true(str_starts(pack.structure, STR("((\"text\"")));
    for (size_t n = 0; n < b.n; n++)
        assert_status(mime_unpack(&a, str_slice(buf_view(&b), 0, n), text.n, &pack), E_CORRUPT);
    assert_status(mime_unpack(&a, buf_view(&b), text.n - 40, &pack), E_CORRUPT);
}

static void test_envelope(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    SCOPED_BUF(b, 1 << 16);
    const struct str head =
        STR("Date: Tue, 24 Nov 2026 09:30:00 +0100\r\nSubject: Caff\xc3\xa8 \"doppio\"\r\nFrom: A "
            "<a@b>\r\nSender:\r\n"
            "To: G: c@d;\r\nMessage-ID: <1@x>\r\nIn-Reply-To: <0@x>\r\nFrom: second@x\r\n\r\n");
    assert_status(mime_envelope(&a, head, &limits, &b), OK);
    assert_str(buf_view(&b), "(\"Tue, 24 Nov 2026 09:30:00 +0100\" {15}\r\nCaff\xc3\xa8 \"doppio\" ((\"A\" "
                             "NIL \"a\" \"b\")) ((\"A\" NIL \"a\" \"b\")) "
                             "((\"A\" NIL \"a\" \"b\")) ((NIL NIL \"G\" NIL)(NIL NIL \"c\" \"d\")(NIL NIL "
                             "NIL NIL)) NIL NIL \"<0@x>\" \"<1@x>\")");
}

static void test_parameters(void **state)
{
    (void)state;
    static const struct {
        const char *params, *value;
    } cases[] = {
        {"name=a; NAME=b", "a"},
        {"name=\"a;b\"; x=y", "a;b"},
        {"x=y", NULL},
        {"name*=utf-8'it'caff%C3%A8", "caffè"},
        {"name*=iso-8859-1''caff%E8", "caffè"},
        {"name*1=two; name*0=one", "onetwo"},
        {"name*0*=utf-8''a%C3; name*1*=%A8; name*2=%20", "aè%20"},
        {"name*0=a; name*2=c", "a"},
        {"name=plain; name*=utf-8''%C3%A8", "è"},
        {"name=a b", "a"},
        {"name*=%41", "A"},
        {"name=", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        SCOPED_ARENA(a, 1 << 20);
        struct str got = mime_param(&a, str_c(cases[i].params), STR("name"));
        if (cases[i].value)
            assert_str(got, cases[i].value);
        else
            assert_null(got.p);
    }
}

static void test_words(void **state)
{
    (void)state;
    static const struct {
        const char *value, *text;
    } cases[] = {
        {" plain\r\n text", "plain text"},
        {"=?utf-8?Q?Caff=C3=A8_nero?=", "Caffè nero"},
        {"=?UTF-8?b?Q2FmZsOo?= e =?iso-8859-1*it?q?latt=E8?=", "Caffè e lattè"},
        {"=?utf-8?q?a?=\r\n =?utf-8?q?b?= c", "ab c"},
        {"=?utf-8?B?w6g=?= =?utf-8?B?w6g=?=", "èè"},
        {"=?utf-8?Q?=C3?= =?utf-8?Q?=A8?=", "è"},
        {"=?x-unknown?Q?a?=", "=?x-unknown?Q?a?="},
        {"=?utf-8?Q?never ends", "=?utf-8?Q?never ends"},
        {"a =?utf-8?Q?b?=c", "a bc"},
        {"caff\xe8", "caffè"},
        {"=?utf-8?Q?a=0D=0AX:_y?=", "a  X: y"},
        {"=?", "=?"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        SCOPED_ARENA(a, 1 << 20);
        SCOPED_BUF(b, 1 << 16);
        assert_status(mime_words(&a, str_c(cases[i].value), &b), OK);
        assert_str(buf_view(&b), cases[i].text);
    }
}

static void test_transfer(void **state)
{
    (void)state;
    SCOPED_BUF(b, 1 << 16);
    mime_quoted_decode(&b, STR("a=C3=A8 b =\r\nc  \r\nd=3d=\r\n=zz\nend"));
    assert_str(buf_view(&b), "a\xc3\xa8 b c\r\nd==zz\nend");
    buf_clear(&b);
    mime_base64_decode(&b, STR("Q2Fm\r\nZsOo\r\n !!YQ==YWI="));
    assert_str(buf_view(&b), "Caff\xc3\xa8"
                             "aab");
}

/* Hostile messages of twice the size take about twice the time; and the bounds hold. */
static void test_hostile(void **state)
{
    (void)state;
    static const struct {
        const char *head, *again;
        size_t parts_most;
    } cases[] = {
        {"Content-Type: multipart/mixed; boundary=x\r\n\r\n", "--x\r\n\r\na\r\n", 1000},
        {"Content-Type: multipart/mixed; boundary=x\r\n\r\n",
         "--x\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n", 1000},
        {"", "Content-Type: message/rfc822\r\n\r\n", 52},
        {"Content-Type: text/plain", "; a*1*=b", 1},
        {"To: ", "((", 1},
        {"To: ", "a@b,", 1},
        {"Subject: ", "=?utf-8?Q?", 1},
        {"Content-Type: multipart/mixed; boundary=-\r\n\r\n", "--\r\n", 1000},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        SCOPED_ARENA(a, 256 << 20);
        SCOPED_BUF(b, 64 << 20);
        SCOPED_BUF(out, 64 << 20);
        struct mime_map map;
        buf_addz(&b, cases[i].head);
        while (b.n < 2 << 20)
            buf_addz(&b, cases[i].again);
        assert_status(mime_scan(&a, buf_view(&b), &limits, &map), OK);
        assert_true(map.count <= cases[i].parts_most);
        assert_status(mime_pack(&a, buf_view(&b), &map, &limits, &out), OK);
        assert_status(out.st, OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_structures), cmocka_unit_test(test_offsets),  cmocka_unit_test(test_boundaries),
        cmocka_unit_test(test_packed),     cmocka_unit_test(test_envelope), cmocka_unit_test(test_parameters),
        cmocka_unit_test(test_words),      cmocka_unit_test(test_transfer), cmocka_unit_test(test_hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
