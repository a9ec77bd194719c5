/* Messages in other character sets than UTF-8: what the XML declaration, Content-Type or the header of WBXML says, and where they err. */
#include "syncml/node.h"
#include "tests/unit/syncml_rig.h"

static const struct sml_limits limits = {.size = 1 << 20, .depth = 32, .nodes = 20000, .commands = 2000};

#define KATHE "K\xc3\xa4the"
#define EURO  "\xe2\x82\xac"

/* A message whose Source LocName and whose item's data are that text. */
#define MESSAGE(text)                                                                                        \
    "<SyncML><SyncHdr><VerDTD>1.1</VerDTD><VerProto>SyncML/1.1</VerProto><SessionID>1</SessionID>"           \
    "<MsgID>1</MsgID><Source><LocURI>IMEI:1</LocURI><LocName>" text                                          \
    "</LocName></Source></SyncHdr><SyncBody>"                                                                \
    "<Add><CmdID>1</CmdID><Item><Data>" text "</Data></Item></Add></SyncBody></SyncML>"
#define DECLARED(name, text) "<?xml version='1.0' encoding='" name "'?>" MESSAGE(text)

static void check(struct arena *a, enum sml_encoding encoding, const char *charset, struct str body,
                  const char *wanted, bool recoded)
{
    struct sml_message m;
    struct str why;
    enum status st = sml_read_as(a, encoding, charset ? str_c(charset) : STR_NONE, body, &limits, &m, &why);
    if (st != OK)
        fail_msg("%.*s", STR_ARG(why));
    assert_str(m.source_name, wanted);
    assert_str(m.commands->items->data, wanted);
    assert_int_equal(m.recoded, recoded);
}

static void test_xml(void **state)
{
    (void)state;
    static const struct {
        const char *charset, *body, *wanted;
        bool recoded;
    } rows[] = {
        {NULL, DECLARED("ISO-8859-1", "K\xe4the"), KATHE, true},
        {NULL, DECLARED("windows-1252", "\x80 K\xe4the"), EURO " " KATHE, true},
        {NULL, DECLARED("Windows-1251", "\xcc\xe8\xf0"), "\xd0\x9c\xd0\xb8\xd1\x80", true},
        {NULL, DECLARED("GB2312", "\xc4\xe3\xba\xc3"), "\xe4\xbd\xa0\xe5\xa5\xbd", true},
        {NULL, DECLARED("Shift_JIS", "\x93\xfa\x96\x7b"), "\xe6\x97\xa5\xe6\x9c\xac", true},
        {"ISO-8859-1", MESSAGE("K\xe4the"), KATHE, true},
        {"\"windows-1252\"", MESSAGE("\x80"), EURO, true},
        {"UTF-8", DECLARED("UTF-8", KATHE), KATHE, false},
        {"us-ascii", MESSAGE("Kate"), "Kate", false},
        /* wrong labels */
        {NULL, DECLARED("ISO-8859-1", KATHE), KATHE, false},
        {"ISO-8859-1", DECLARED("UTF-8", KATHE), KATHE, false},
        {"UTF-8", DECLARED("ISO-8859-1", "K\xe4the"), KATHE, true},
        {NULL, DECLARED("UTF-16", KATHE), KATHE, false},
        {NULL, DECLARED("US-ASCII", KATHE), KATHE, false},
        /* none at all: as it came */
        {NULL, MESSAGE("K\xe4the"), "K\xe4the", false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        SCOPED_ARENA(a, 1 << 20);
        check(&a, SML_XML, rows[i].charset, str_c(rows[i].body), rows[i].wanted, rows[i].recoded);
    }
}

/* With and without a byte order mark, in both orders. */
static void test_utf16(void **state)
{
    (void)state;
    static const char text[] = "<?xml version='1.0' encoding='UTF-16'?>" MESSAGE("K\xe4the");
    for (int big = 0; big < 2; big++)
        for (int mark = 0; mark < 2; mark++) {
            SCOPED_ARENA(a, 1 << 20);
            SCOPED_BUF(body, 1 << 16);
            if (mark)
                buf_add(&body, big ? STR("\xfe\xff") : STR("\xff\xfe"));
            for (size_t i = 0; i + 1 < sizeof text; i++) {
                buf_addc(&body, big ? 0 : text[i]);
                buf_addc(&body, big ? text[i] : 0);
            }
            check(&a, SML_XML, mark ? "utf-16" : NULL, buf_view(&body), KATHE, true);
        }
}

static void refused(enum sml_encoding encoding, const char *charset, struct str body, const char *name)
{
    SCOPED_ARENA(a, 1 << 20);
    struct sml_message m;
    struct str why;
    assert_status(sml_read_as(&a, encoding, charset ? str_c(charset) : STR_NONE, body, &limits, &m, &why),
                  INVALID);
    assert_true(str_find(why, str_c(name), 0) != SIZE_MAX);
    assert_true(str_find(why, STR("send UTF-8"), 0) != SIZE_MAX);
}

/* ---- WBXML: a number before the string table; 1.2, SyncML 1.1 ---- */

static void wbxml(struct buf *out, uint32_t mib, struct str text, bool wide, bool opaque)
{
    static const char numbers[] = {0x02, (char)0x9f, 0x53};
    const struct str name = {wide ? "\0I\0M\0E\0I" : "IMEI", wide ? 8 : 4};
    struct {
        unsigned char token;
        struct str text;
    } parts[] = {{0x6d, STR_NONE}, {0x6c, STR_NONE}, {0x67, STR_NONE}, /* SyncML, SyncHdr, Source */
                 {0x57, name},     {0x01, STR_NONE}, {0x56, text},     /* LocURI, LocName */
                 {0x01, STR_NONE}, {0x01, STR_NONE}, {0x01, STR_NONE}, /* /LocName, /Source, /SyncHdr */
                 {0x6b, STR_NONE}, {0x45, STR_NONE}, {0x54, STR_NONE}, /* SyncBody, Add, Item */
                 {0x4f, text},     {0x01, STR_NONE}, {0x01, STR_NONE}, /* Data, /Data, /Item */
                 {0x01, STR_NONE}, {0x01, STR_NONE}, {0x01, STR_NONE}};
    buf_add(out, str_n(numbers, sizeof numbers));
    if (mib >= 128)
        buf_addc(out, (char)(0x80 | mib >> 7));
    buf_addc(out, (char)(mib & 0x7f));
    buf_addc(out, 0);
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        buf_addc(out, (char)parts[i].token);
        if (!parts[i].text.p)
            continue;
        bool bytes = opaque && parts[i].token == 0x4f;
        buf_addc(out, bytes ? (char)0xc3 : 0x03);
        if (bytes)
            buf_addc(out, (char)parts[i].text.n);
        buf_add(out, parts[i].text);
        if (!bytes)
            buf_add(out, wide ? STR("\0\0") : STR("\0"));
    }
}

static void test_wbxml(void **state)
{
    (void)state;
    static const struct {
        uint32_t mib;
        const char *charset;
        struct str text;
        const char *wanted;
        bool wide, recoded;
    } rows[] = {
        {106, NULL, STR_INIT(KATHE), KATHE, false, false},
        {106, "ISO-8859-1", STR_INIT(KATHE), KATHE, false, false},
        {3, NULL, STR_INIT("K\xe4the"), "K\xe4the", false, false},
        {4, NULL, STR_INIT("K\xe4the"), KATHE, false, true},
        {4, NULL, STR_INIT(KATHE), KATHE, false, false}, /* a wrong label */
        {2252, NULL, STR_INIT("\x80"), EURO, false, true},
        {2025, NULL, STR_INIT("\xc4\xe3"), "\xe4\xbd\xa0", false, true},
        {1013, NULL, STR_INIT("\0K\0\xe4\0t\0h\0e"), KATHE, true, true},
        {1015, NULL, STR_INIT("\x01\0\0A"),
         "\xc4\x80"
         "A",
         true, true},
        {0, "iso-8859-1", STR_INIT("K\xe4the"), KATHE, false, true},
        {0, NULL, STR_INIT("K\xe4the"), "K\xe4the", false, false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        SCOPED_ARENA(a, 1 << 20);
        SCOPED_BUF(body, 1 << 16);
        wbxml(&body, rows[i].mib, rows[i].text, rows[i].wide, false);
        check(&a, SML_WBXML, rows[i].charset, buf_view(&body), rows[i].wanted, rows[i].recoded);
    }
}

/* Bytes are nobody's text. */
static void test_opaque(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    SCOPED_BUF(body, 1 << 16);
    struct sml_message m;
    struct str why;
    wbxml(&body, 4, STR("K\xe4the"), false, true);
    assert_ok(sml_read(&a, SML_WBXML, buf_view(&body), &limits, &m, &why));
    assert_str(m.source_name, KATHE);
    assert_str(m.commands->items->data, "K\xe4the");
}

static void test_unknown(void **state)
{
    (void)state;
    SCOPED_BUF(body, 1 << 16);
    SCOPED_BUF(silent, 1 << 16);
    refused(SML_XML, NULL, STR(DECLARED("x-klingon", "a")), "x-klingon");
    refused(SML_XML, "x-klingon", STR(MESSAGE("a")), "x-klingon");
    wbxml(&body, 1012, STR("a"), false, false);
    refused(SML_WBXML, NULL, buf_view(&body), "1012");
    wbxml(&silent, 0, STR("a"), false, false);
    refused(SML_WBXML, "x-klingon", buf_view(&silent), "x-klingon");
}

static void test_content_type(void **state)
{
    (void)state;
    static const struct {
        const char *type, *charset;
    } rows[] = {{"application/vnd.syncml+xml", NULL},
                {"application/vnd.syncml+xml; charset=UTF-8", "UTF-8"},
                {"application/vnd.syncml+xml;version=1; Charset = \"iso-8859-1\" ; x=y", "iso-8859-1"},
                {"application/vnd.syncml+xml; charset", NULL},
                {"application/vnd.syncml+xml; charset=", ""},
                {"", NULL}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct str got = sml_charset_of(str_c(rows[i].type));
        if (rows[i].charset)
            assert_str(got, rows[i].charset);
        else
            assert_null(got.p);
    }
}

/* ---- all the way ---- */

/* A phone that sends everything in ISO-8859-1: its cards say so themselves too. */
static void test_card(void **state)
{
    (void)state;
    struct rig rig;
    struct dev d;
    rig_start(&rig, NULL);
    dev_init(&d, &rig, "IMEI:1");
    struct sml_out o;
    SCOPED_BUF(body, 1 << 16);
    dev_start(&d);
    dev_begin(&d, &o);
    dev_alert(&d, &o, 201);
    assert_true(dev_send(&d, &o, true));
    dev_take(&d);
    dev_begin(&d, &o);
    dev_say(&d, &o);
    struct sml_command sync = {.cmd = SML_SYNC,
                               .target = STR("contacts"),
                               .source = STR("./contacts"),
                               .meta = rig_no_meta,
                               .changes = -1};
    assert_true(sml_sync_begin(&o, &sync));
    struct dev_item item = {.luid = "1",
                            .data =
                                (char[]){"BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=ISO-8859-1:Meyer;K#the\r\n"
                                         "NOTE:gr#n\r\nEND:VCARD\r\n"}};
    d.type = "text/x-vcard";
    assert_true(sml_add(&o, dev_change(&d, SML_ADD, &item)));
    sml_sync_end(&o);
    assert_ok(sml_end(&o, true));
    buf_add(&body, STR("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>"));
    buf_add(&body, str_from(buf_view(&o.buf), str_find(buf_view(&o.buf), STR("?>"), 0) + 2));
    buf_free(&o.buf);
    for (size_t i = 0; i < body.n; i++)
        if (body.p[i] == '#')
            body.p[i] = (char)0xe4;
    dev_post(&d, buf_view(&body));
    assert_int_equal(d.http, 200);
    assert_int_equal(dev_status(&d, "Add", 0), 201);
    assert_int_equal(cards(&rig, "Meyer;" KATHE), 1);
    assert_int_equal(cards(&rig, "gr\xc3\xa4n"), 1);
    dev_free(&d);
    rig_stop(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_xml),    cmocka_unit_test(test_utf16),   cmocka_unit_test(test_wbxml),
        cmocka_unit_test(test_opaque), cmocka_unit_test(test_unknown), cmocka_unit_test(test_content_type),
        cmocka_unit_test(test_card),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
