/* tests/unit/test_sml_wbxml.c: WBXML byte by byte: what old and new devices write, what ours looks like, and what is refused. */
#include "tests/unit/test.h"

#include "tests/unit/sml_fixture.h"

static const struct sml_limits limits = {.size = 1 << 20, .depth = 32, .nodes = 20000, .commands = 2000};

/* Hex digits, and texts between quotes: "03 'abc' 00". */
static void put(struct buf *out, const char *spec)
{
    static const char digits[] = "0123456789ABCDEF";
    for (const char *p = spec; *p; p++) {
        if (*p == '\'') {
            while (*++p != '\'')
                buf_addc(out, *p);
        } else if (*p != ' ') {
            const char *high = strchr(digits, *p), *low = strchr(digits, *++p);
            assert_true(high && low);
            buf_addc(out, (char)((high - digits) << 4 | (low - digits)));
        }
    }
}

/* SyncHdr with a session id, and what else is given; then the body. */
#define HEADER "02 A401 6A 00 "
#define HDR    "6C 71 03 '1.2' 00 01 72 03 'SyncML/1.2' 00 01 65 03 '7' 00 01 01 "

static enum status read_spec(struct arena *a, const char *spec, struct sml_message *m, struct str *why)
{
    SCOPED_BUF(b, 1 << 20);
    put(&b, spec);
    return sml_read(a, SML_WBXML, arena_str(a, buf_view(&b)), &limits, m, why);
}

static void reads(struct arena *a, const char *spec, struct sml_message *m)
{
    struct str why;
    enum status st = read_spec(a, spec, m, &why);
    if (st != OK)
        fail_msg("%s: %.*s", spec, STR_ARG(why));
}

/* ---- what comes ---- */

/* The beginning of a real client's message. */
static void test_a_message(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    struct sml_message m;
    reads(&a,
          HEADER
          "6D 6C 71 03 '1.2' 00 01 72 03 'SyncML/1.2' 00 01 65 03 '5' 00 01 5B 03 '1' 00 01"
          "6E 57 03 'http://h/s' 00 01 01 67 57 03 'dev' 00 01 56 03 'bob' 00 01 01"
          "4E 5A 00 01 47 03 'b64' 00 01 53 03 'syncml:auth-md5' 00 01 01 00 00 4F 03 'Zz8=' 00 01 01"
          "5A 00 01 4C 03 '150000' 00 01 55 03 '4000000' 00 01 01 00 00 01"
          "6B 46 4B 03 '1' 00 01 4F 03 '201' 00 01 54 6E 57 03 'card' 00 01 01 67 57 03 './card' 00 01 01"
          "5A 00 01 45 4F 03 '20261124T020738Z' 00 01 01 01 01 01 00 00 12 01 01",
          &m);
    assert_int_equal(m.version, SML_1_2);
    assert_str(m.source_name, "bob");
    assert_str(m.cred.type, "syncml:auth-md5");
    assert_str(m.cred.data, "Zz8=");
    assert_int_equal(m.meta.max_obj, 4000000);
    assert_str(m.commands->items->meta.next, "20261124T020738Z");
    assert_null(m.commands->items->meta.last.p);
    assert_true(m.final);
}

/* The same SessionID, said in every way that WBXML has. */
static void test_ways_to_say_it(void **state)
{
    (void)state;
    static const char *const specs[] = {
        "01 A401 6A 00 6D " HDR "01",                                     /* WBXML 1.1 */
        "03 A401 6A 00 6D " HDR "01",                                     /* 1.3 */
        "03 01 6A 00 6D " HDR "01",                                       /* unknown public id */
        "02 9F51 6A 00 6D " HDR "01",                                     /* binary id of 1.0 */
        "02 00 00 6A 1D '-//SYNCML//DTD SyncML 1.0//EN' 6D " HDR "01",    /* textual id without NUL */
        "02 00 00 6A 1E '-//SYNCML//DTD SyncML 1.0//EN' 00 6D " HDR "01", /* with NUL */
        "02 A401 00 00 6D " HDR "01",                                     /* character set not told */
        "02 A401 03 00 6D " HDR "01",                                     /* US-ASCII */
        "02 8481808000 6A 00 6D " HDR "01",                               /* a very large public id */
        HEADER "00 00 6D " HDR "01",                                      /* page 0 told first */
        HEADER "6D 6C 65 03 '7' 00 01 01 01",                             /* nothing else */
        HEADER "6D 6C 65 C3 01 '7' 01 01 01",                             /* OPAQUE */
        HEADER "6D 6C 65 02 37 01 01 01",                                 /* ENTITY */
        "02 A401 6A 04 'x7' 00 'y' 6D 6C 65 83 01 01 01 01",              /* STR_T */
        "02 A401 6A 02 'x7' 6D 6C 65 83 01 01 01 01",                     /* STR_T without NUL */
        "02 A401 6A 0A 'SessionID' 00 6D 6C 44 00 03 '7' 00 01 01 01",    /* LITERAL_C */
        "02 A401 6A 0A 'sessionid' 00 6D 6C 44 00 03 '7' 00 01 01 01",    /* in small letters */
        "02 A401 6A 0A 'SessionID' 00 6D 6C C4 00 04 00 85 03 'v' 00 01 03 '7' 00 01 01 01", /* LITERAL_AC */
        "02 A401 6A 02 'x' 00 6D 6C 84 00 05 03 'v' 00 01 65 03 '7' 00 01 01 01",            /* LITERAL_A */
        "02 A401 6A 02 'x' 00 6D 6C 04 00 65 03 '7' 00 01 01 01",                            /* LITERAL */
        "02 A401 6A 01 'x' ED 05 03 'SYNCML:SYNCML1.2' 00 C3 02 0000 83 00 00 01 06 02 41 01 6C 65 03 '7' 00 "
        "01 01 01",
        HEADER "6D 43 05 03 'pi' 00 01 6C 65 03 '7' 00 01 01 01",                          /* PI */
        HEADER "43 05 01 6D 6C 65 03 '7' 00 01 01 01",                                     /* PI in front */
        HEADER "6D 40 'ext' 00 80 05 C0 C1 C2 6C 65 40 'x' 00 03 '7' 00 82 8100 01 01 01", /* EXT */
        HEADER "6D 6C 00 09 45 03 'what' 00 46 01 01 00 00 65 03 '7' 00 01 01 01",         /* unknown page */
        HEADER "6D 6C 7F 03 'what' 00 01 30 65 03 '7' 00 01 01 01", /* unknown tokens */
        HEADER "6D 6C 65 03 ' 7' 0D0A 00 01 01 01",                 /* white space */
        HEADER "6D 6C 65 03 '7' 00 01 01 01 'junk behind'",
    };
    for (size_t i = 0; i < COUNT_OF(specs); i++) {
        SCOPED_ARENA(a, 1 << 20);
        struct sml_message m;
        reads(&a, specs[i], &m);
        if (!str_eq(m.session_id, STR("7")))
            fail_msg("%s: %.*s", specs[i], STR_ARG(m.session_id));
    }
}

static void test_text_in_pieces(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    struct sml_message m;
    reads(&a,
          "02 A401 6A 03 'tab' 6D 6C 65 03 'a' 00 02 8169 02 C12C 02 87E709 C3 02 000A 83 01 03 00 01 01 01",
          &m);
    assert_true(str_eq(m.session_id, STR("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x8e\x89\0\nab")));
}

/* DevInf inside of a Put: its own document, with or without the right public id; Nokia's is 1.1's in 1.2. */
static void test_devinf_inside(void **state)
{
    (void)state;
    static const char *const ids[] = {"02 9203 6A 00 ",
                                      "02 A403 6A 00 ",
                                      "01 9F54 6A 00 ",
                                      "03 01 6A 00 ",
                                      "02 00 00 6A 1D '-//SYNCML//DTD DevInf 1.0//EN' ",
                                      "02 A401 6A 00 "};
    static const char body[] = "4A 65 03 '1.1' 00 01 51 03 'Nokia' 00 01 49 03 'IMEI:1' 00 01 28"
                               "47 5D 03 './C' 00 01 5C 03 '9' 00 01 01 01";
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        SCOPED_ARENA(a, 1 << 20);
        SCOPED_BUF(inner, 1000);
        SCOPED_BUF(whole, 2000);
        struct sml_message m;
        struct devinf d;
        struct str why;
        put(&inner, ids[i]);
        put(&inner, body);
        put(&whole, HEADER "6D " HDR "6B 5F 54 67 57 03 './devinf12' 00 01 01 4F C3");
        buf_addc(&whole, (char)inner.n);
        buf_add(&whole, buf_view(&inner));
        put(&whole, "01 01 01 01 01");
        assert_ok(sml_read(&a, SML_WBXML, buf_view(&whole), &limits, &m, &why));
        assert_non_null(m.commands->items->inner);
        assert_ok(devinf_read(&a, m.commands->items->inner, &d, &why));
        assert_str(d.man, "Nokia");
        assert_true(d.utc);
        assert_str(d.stores->source, "./C");
        assert_ok(devinf_parse(&a, buf_view(&inner), &limits, &d, &why));
        assert_str(d.devid, "IMEI:1");
    }
}

/* What is opaque and no DevInf stays data. */
static void test_data_stays(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    struct sml_message m;
    reads(&a,
          HEADER "6D " HDR
                 "6B 5F 54 4F C3 05 02 A403 6A FF 01 01 01 45 54 4F C3 04 E9 00 0D 0A 01 01 01 01 01",
          &m);
    assert_null(m.commands->items->inner);
    assert_true(str_eq(m.commands->items->data, str_n("\x02\xa4\x03\x6a\xff", 5)));
    assert_true(str_eq(m.commands->next->items->data, str_n("\xe9\0\r\n", 4)));
}

/* ---- what is refused ---- */

static const struct {
    const char *spec;
    enum status st;
    const char *why;
} bad[] = {
    {"", INVALID, "byte 0: the message ends too early"},
    {"02", INVALID, "ends too early"},
    {"02 A4", INVALID, "ends too early"},
    {"00 A401 6A 00 6D 01", INVALID, "byte 0: neither WBXML"},
    {"04 A401 6A 00 6D 01", INVALID, "byte 0: neither WBXML"},
    {"'<SyncML/>'", INVALID, "byte 0: neither WBXML"},
    {HEADER, INVALID, "ends too early"},
    {HEADER "6D", INVALID, "ends too early"},
    {HEADER "2D", INVALID, "without SyncHdr"},
    {HEADER "6D 6C", INVALID, "ends too early"},
    {HEADER "6D 6C 65 03 'x'", INVALID, "a string without an end"},
    {HEADER "6D 01", INVALID, "without SyncHdr"},
    {HEADER "6C 01", INVALID, "root is not SyncML"},
    {HEADER "4A 01", INVALID, "root is not SyncML"},
    {HEADER "01", INVALID, "outside of the root"},
    {HEADER "03 'x' 00 6D 01", INVALID, "outside of the root"},
    {"02 FFFFFFFF7F 6A 00 6D 01", INVALID, "more than 32 bits"},
    {"02 808080808000 6A 00 6D 01", INVALID, "more than 32 bits"},
    {"02 9080808000 6A 00 6D 01", INVALID, "more than 32 bits"},
    {"02 A401 6A 05 6D 01", INVALID, "goes past the end"},
    {"02 A401 6A 8FFFFFFF7F 6D 01", INVALID, "goes past the end"},
    {"02 A401 8769 00 6D 01", INVALID, "1001 (MIBenum) is not known"}, /* UCS-4 */
    {"02 A401 8774 00 6D 01", INVALID, "1012 (MIBenum) is not known"}, /* UTF-7 */
    {HEADER "6D 6C 65 83 00 01 01 01", INVALID, "outside of the string table"},
    {"02 A401 6A 01 00 6D 6C 65 83 01 01 01 01", INVALID, "outside of the string table"},
    {"02 A401 6A 01 00 6D 6C 65 83 8FFFFFFF7F 01 01 01", INVALID, "outside of the string table"},
    {HEADER "6D 44 00 01 01", INVALID, "outside of the string table"},
    {HEADER "6D 6C 65 C3 05 '123'", INVALID, "goes past the end"},
    {HEADER "6D 6C 65 C3 8FFFFFFF7F '123'", INVALID, "goes past the end"},
    {HEADER "6D 6C 65 02 00 01 01 01", INVALID, "no character"},
    {HEADER "6D 6C 65 02 83B000 01 01 01", INVALID, "no character"},     /* U+D800 */
    {HEADER "6D 6C 65 02 C48000 01 01 01", INVALID, "no character"},     /* U+110000 */
    {HEADER "6D 6C 65 02 8880808000 01 01 01", INVALID, "no character"}, /* 2^31 */
    {HEADER "6D 6C 65 02 9080808000 01 01 01", INVALID, "32 bits"},      /* 2^32 */
    {HEADER "ED 05 01", INVALID, "ends too early"},
    {HEADER "ED 05", INVALID, "ends too early"},
    {HEADER "ED 05 43 01 01", INVALID, "attributes do not have"},
    {HEADER "ED 05 83 00 01 01", INVALID, "outside of the string table"},
    {HEADER "43 05", INVALID, "ends too early"},
    {HEADER "00", INVALID, "ends too early"},
    {HEADER "6D 40 'x'", INVALID, "without an end"},
};

static void test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        SCOPED_ARENA(a, 1 << 20);
        struct sml_message m;
        struct str why;
        enum status st = read_spec(&a, bad[i].spec, &m, &why);
        if (st != bad[i].st || !why.n || (bad[i].why && str_find(why, str_c(bad[i].why), 0) == SIZE_MAX))
            fail_msg("row %zu %s: %d, %.*s", i, bad[i].spec, st, STR_ARG(why));
    }
}

/* Every beginning of a whole message is refused, and nothing behind it is looked at (the sanitizer watches the exact copy). */
static void test_truncated(void **state)
{
    (void)state;
    SCOPED_BUF(b, 10000);
    put(&b,
        "02 A401 6A 08 'x' 00 'Final' 00 6D " HDR "6B 46 4B 02 31 01 4F 83 02 01 54 6E 57 C3 02 'ab' 01 01"
        "9A 05 83 00 01 01 01 44 02 01 01 01");
    for (size_t n = 0; n <= b.n; n++) {
        SCOPED_ARENA(a, 1 << 20);
        struct sml_message m;
        struct str why;
        char *exact = malloc(n ? n : 1);
        assert_non_null(exact);
        memcpy(exact, b.p, n);
        enum status st = sml_read(&a, SML_WBXML, str_n(exact, n), &limits, &m, &why);
        free(exact);
        assert_int_equal(st, n == b.n ? OK : INVALID);
    }
}

static enum status repeated(const char *head, const char *piece, size_t times, const char *tail,
                            const struct sml_limits *l, struct str *why, struct arena *a)
{
    SCOPED_BUF(b, 4 << 20);
    struct sml_message m;
    put(&b, head);
    for (size_t i = 0; i < times; i++)
        put(&b, piece);
    put(&b, tail);
    assert_ok(b.st);
    enum status st = sml_read(a, SML_WBXML, arena_str(a, buf_view(&b)), l, &m, why);
    return st;
}

static void test_limits(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 64 << 20);
    struct str why;
    const struct sml_limits small = {.size = 400, .depth = 8, .nodes = 50, .commands = 3};
    assert_status(repeated(HEADER "6D 6C", "6C", 10000, "", &limits, &why, &a), TOO_MANY);
    assert_str(why, "elements are nested too deeply");
    assert_status(repeated(HEADER "6D " HDR "6B", "2C", 30000, "01 01", &limits, &why, &a), TOO_MANY);
    assert_str(why, "too many elements");
    assert_status(repeated(HEADER "6D " HDR "6B", "05", 2001, "01 01", &limits, &why, &a), TOO_MANY);
    assert_str(why, "too many commands in one message");
    assert_ok(repeated(HEADER "6D " HDR "6B", "05", 2000, "01 01", &limits, &why, &a));
    assert_ok(repeated(HEADER "6D " HDR "6B", "05", 3, "01 01", &small, &why, &a));
    assert_status(repeated(HEADER "6D " HDR "6B", "05", 4, "01 01", &small, &why, &a), TOO_MANY);
    assert_ok(repeated(HEADER "6D " HDR, "", 0, "01", &small, &why, &a));
    assert_status(repeated(HEADER "6D " HDR, "2C", 400, "01", &small, &why, &a), TOO_LARGE);
    assert_str(why, "the message is too large");
    /* a string of the table, referred to again and again: 100 KB would be 100 MB of text */
    SCOPED_BUF(table, 1 << 20);
    buf_addz(&table, "02 A401 6A 8768 '");
    for (int i = 0; i < 1000; i++)
        buf_addc(&table, 'x');
    buf_addz(&table, "' 6D 6C");
    assert_status(repeated(buf_c(&table), "65 83 00 01", 10000, "01 01", &limits, &why, &a), TOO_LARGE);
    assert_status(repeated(buf_c(&table), "83 00", 10000, "01 01", &limits, &why, &a), TOO_LARGE);
    assert_str(why, "the text of all elements together is too large");
}

static void test_memory(void **state)
{
    (void)state;
    SCOPED_BUF(b, 1 << 20);
    put(&b, HEADER "6D " HDR "6B");
    for (int i = 0; i < 200; i++)
        put(&b, "46 4B 03 'a' 00 02 31 01 69 28 28 54 6E 57 03 'x' 00 01 01 01 01 01");
    put(&b, "01 01");
    bool done = false;
    for (size_t max = 1000; !done; max += 997) {
        SCOPED_ARENA(a, max);
        struct sml_message m;
        struct str why;
        enum status st = sml_read(&a, SML_WBXML, buf_view(&b), &limits, &m, &why);
        assert_true(st == OK || (st == TOO_LARGE && why.n));
        done = st == OK;
        assert_true(max < 1 << 20);
    }
}

/* ---- what we write ---- */

static void writes(enum sml_version version, const char *spec)
{
    SCOPED_ARENA(a, 1 << 20);
    SCOPED_BUF(wanted, 10000);
    struct str ref = STR("./x");
    struct sml_item item = {
        .meta = {.size = -1, .max_msg = -1, .max_obj = -1}, .source = STR("1"), .data = STR("a\r\n")};
    struct sml_command status = {.cmd = SML_STATUS,
                                 .msg_ref = STR("1"),
                                 .data = STR("200"),
                                 .target_refs = &ref,
                                 .target_ref_count = 1,
                                 .changes = -1};
    struct sml_command add = {.cmd = SML_ADD,
                              .meta = {.type = STR("text/x-vcard"), .size = -1, .max_msg = -1, .max_obj = -1},
                              .items = &item,
                              .changes = -1};
    status.meta = item.meta;
    status.next = &add;
    struct sml_message m = {.version = version,
                            .session_id = STR("7"),
                            .msg_id = STR("1"),
                            .target = STR("d"),
                            .final = true,
                            .meta = {.size = -1, .max_msg = 9, .max_obj = -1},
                            .commands = &status};
    struct sml_out o;
    assert_ok(sml_write_message(&o, &a, SML_WBXML, 0, &m));
    put(&wanted, spec);
    SCOPED_BUF(x, 10000);
    SCOPED_BUF(y, 10000);
    buf_hex(&x, buf_view(&o.buf));
    buf_hex(&y, buf_view(&wanted));
    assert_str(buf_view(&x), buf_c(&y));
    buf_free(&o.buf);
}

#define REST                                                                                                 \
    "65 03 '7' 00 01 5B 03 '1' 00 01 6E 57 03 'd' 00 01 01 5A 00 01 4C 03 '9' 00 01 01 01 00 00 6B"          \
    "69 4B 03 '1' 00 01 5C 03 '1' 00 01 6F 03 './x' 00 01 4F 03 '200' 00 01 01"                              \
    "45 4B 03 '2' 00 01 5A 00 01 53 03 'text/x-vcard' 00 01 01 00 00 54 67 57 03 '1' 00 01 01"               \
    "4F C3 03 'a' 0D0A 01 01 01 12 01 01"

static void test_written_bytes(void **state)
{
    (void)state;
    writes(SML_1_0, "02 00 00 6A 1D '-//SYNCML//DTD SyncML 1.0//EN' 6D 6C 71 03 '1.0' 00 01 72 03 "
                    "'SyncML/1.0' 00 01" REST);
    writes(SML_1_1, "02 9F53 6A 00 6D 6C 71 03 '1.1' 00 01 72 03 'SyncML/1.1' 00 01" REST);
    writes(SML_1_2, "02 A401 6A 00 6D 6C 71 03 '1.2' 00 01 72 03 'SyncML/1.2' 00 01" REST);
}

static void test_tags(void **state)
{
    (void)state;
    for (enum sml_tag t = TAG_NONE + 1; t < TAG_COUNT; t++) {
        assert_int_equal(sml_tag_of(sml_tag_name(t)), t); /* so the table is in order */
        const struct sml_tag_row *row = sml_tag_row(t);
        unsigned any = 0;
        for (unsigned page = 0; page < PAGE_COUNT; page++) {
            any |= row->token[page];
            assert_true(row->token[page] == 0 || (row->token[page] >= 5 && row->token[page] < 0x40));
        }
        assert_true(any);
        for (enum sml_tag other = t + 1; other < TAG_COUNT; other++)
            for (unsigned page = 0; page < PAGE_COUNT; page++)
                assert_true(!row->token[page] || row->token[page] != sml_tag_row(other)->token[page] ||
                            (t == TAG_MAXSIZE && other == TAG_SIZE));
    }
    assert_int_equal(sml_tag_of(STR("devid")), TAG_DEVID);
    assert_int_equal(sml_tag_of(STR("Dev")), TAG_NONE);
    assert_int_equal(sml_tag_of(STR("")), TAG_NONE);
    assert_int_equal(sml_tag_of(STR("zzz")), TAG_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_message),      cmocka_unit_test(test_ways_to_say_it),
        cmocka_unit_test(test_text_in_pieces), cmocka_unit_test(test_devinf_inside),
        cmocka_unit_test(test_data_stays),     cmocka_unit_test(test_bad),
        cmocka_unit_test(test_truncated),      cmocka_unit_test(test_limits),
        cmocka_unit_test(test_memory),         cmocka_unit_test(test_written_bytes),
        cmocka_unit_test(test_tags),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
