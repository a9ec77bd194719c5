/* tests/unit/test_sml_message.c: messages through both encodings and back; what devices do; what is refused. */
#include "tests/unit/test.h"

#include "tests/unit/sml_fixture.h"

static const struct sml_limits limits = {.size = 1 << 20, .depth = 32, .nodes = 20000, .commands = 2000};

static void read_ok(struct arena *a, enum sml_encoding encoding, struct str body, struct sml_message *m)
{
    struct str why;
    enum status st = sml_read(a, encoding, body, &limits, m, &why);
    if (st != OK)
        print_error("%.*s\n", STR_ARG(why));
    assert_ok(st);
}

#define HEAD(version)                                                                                        \
    "<SyncML xmlns='SYNCML:SYNCML" version "'><SyncHdr><VerDTD>" version                                     \
    "</VerDTD><VerProto>SyncML/" version                                                                     \
    "</VerProto><SessionID>7</SessionID><MsgID>2</MsgID><Target><LocURI>http://h/syncml</LocURI></Target>"   \
    "<Source><LocURI>IMEI:1</LocURI><LocName>bob</LocName></Source>"
#define TAIL          "</SyncBody></SyncML>"
#define MESSAGE(body) HEAD("1.2") "</SyncHdr><SyncBody>" body TAIL

/* Every command, with everything that it may hold. */
static const char everything[] = HEAD(
    "1.2") "<RespURI>http://h/syncml?s=1</RespURI><NoResp/><Cred><Meta><Format "
           "xmlns='syncml:metinf'>b64</Format>"
           "<Type xmlns='syncml:metinf'>syncml:auth-md5</Type></Meta><Data>Zz8=</Data></Cred>"
           "<Meta><MaxMsgSize xmlns='syncml:metinf'>20000</MaxMsgSize><MaxObjSize>4000000</MaxObjSize></Meta>"
           "</SyncHdr><SyncBody>"
           "<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><TargetRef>t</"
           "TargetRef>"
           "<TargetRef>u</TargetRef><SourceRef>s</SourceRef><Chal><Meta><Format>b64</Format>"
           "<Type>syncml:auth-md5</Type><NextNonce>bm9uY2U=</NextNonce></Meta></Chal><Data>212</Data>"
           "<Item><Data><Anchor "
           "xmlns='syncml:metinf'><Next>20261124T020738Z</Next></Anchor></Data></Item></Status>"
           "<Alert><CmdID>2</CmdID><Data>200</Data><Item><Target><LocURI>contacts</LocURI><Filter><Meta>"
           "<Type>text/x-vcard</Type></Meta><Field><Item><Meta><Type>x</Type></Meta><Data>N</Data></Item></"
           "Field>"
           "<Record><Item><Meta><Type>syncml:filtertype-cgi</Type></Meta><Data>&amp;SINCE&amp;EQ;2024</"
           "Data></Item>"
           "</Record><FilterType>EXCLUSIVE</FilterType></Filter></Target><Source><LocURI>./c</LocURI></"
           "Source>"
           "<Meta><Anchor xmlns='syncml:metinf'><Last>1</Last><Next>2</Next></Anchor></Meta></Item></Alert>"
           "<Put><CmdID>3</CmdID><Meta><Type>application/vnd.syncml-devinf+xml</Type></Meta><Item><Source>"
           "<LocURI>./devinf12</LocURI></Source><Data><DevInf xmlns='syncml:devinf'><VerDTD>1.2</VerDTD>"
           "<Man>M</Man><DevID>IMEI:1</DevID><DevTyp>phone</DevTyp><UTC/><DataStore><SourceRef>./c</"
           "SourceRef>"
           "<MaxObjSize>1</MaxObjSize><Rx-Pref><CTType>text/x-vcard</CTType><VerCT>2.1</VerCT></Rx-Pref>"
           "<SyncCap><SyncType>1</SyncType><SyncType>7</SyncType></SyncCap></DataStore></DevInf></Data></"
           "Item></Put>"
           "<Get><CmdID>4</CmdID><Meta><Type>application/vnd.syncml-devinf+xml</Type></Meta><Item><Target>"
           "<LocURI>./devinf12</LocURI><LocName>d</LocName></Target></Item></Get>"
           "<Results><CmdID>5</CmdID><MsgRef>1</MsgRef><CmdRef>4</CmdRef><Meta><Type>t</Type></Meta>"
           "<TargetRef>x</TargetRef><SourceRef>y</SourceRef><Item><Data>plain</Data></Item></Results>"
           "<Sync><CmdID>6</CmdID><NoResp/><Target><LocURI>contacts</LocURI></Target><Source><LocURI>./c</"
           "LocURI>"
           "</Source><Meta><Mem><FreeMem>1</FreeMem></Mem><EMI>e</EMI></Meta><NumberOfChanges>3</"
           "NumberOfChanges>"
           "<Add><CmdID>7</CmdID><NoResp/><Cred><Meta><Type>syncml:auth-basic</Type></Meta><Data>Yg==</"
           "Data></Cred>"
           "<Meta><Type>text/x-vcard</Type><Mark>draft</Mark><Version>v1</Version></Meta><Item><Source>"
           "<LocURI>1</LocURI></Source><SourceParent><LocURI>p</LocURI></SourceParent><TargetParent><LocURI>q"
           "</LocURI></TargetParent><Meta><Size>1234</Size></Meta><Data><![CDATA[BEGIN:VCARD\r\nN:<&\r\n]]></"
           "Data>"
           "<MoreData/></Item></Add>"
           "<Replace><CmdID>8</CmdID><Item><Target><LocURI>2</LocURI></Target><Data>a&#13;\nb]]&gt;&lt;c</"
           "Data></Item>"
           "<Item><Source><LocURI>3</LocURI></Source><Data>\n </Data></Item></Replace>"
           "<Delete><CmdID>9</CmdID><Archive/><SftDel/><Item><Target><LocURI>4</LocURI></Target></Item></"
           "Delete>"
           "<Copy><CmdID>10</CmdID><Item><Target><LocURI>5</LocURI></Target><Source><LocURI>6</LocURI></"
           "Source>"
           "</Item></Copy>"
           "<Move><CmdID>11</CmdID><Item><Source><LocURI>7</LocURI></Source></Item></Move>"
           "<Atomic><CmdID>12</CmdID><Meta><Type>a</Type></Meta><Add><CmdID>13</CmdID><Item><Source><LocURI>8"
           "</LocURI></Source></Item></Add><Sequence><CmdID>14</CmdID><Delete><CmdID>15</CmdID><Item><Target>"
           "<LocURI>9</LocURI></Target></Item></Delete></Sequence></Atomic></Sync>"
           "<Map><CmdID>16</CmdID><Target><LocURI>contacts</LocURI></Target><Source><LocURI>./c</LocURI></"
           "Source>"
           "<MapItem><Target><LocURI>g1</LocURI></Target><Source><LocURI>l1</LocURI></Source></MapItem>"
           "<MapItem><Target><LocURI>g2</LocURI></Target><Source><LocURI>l2</LocURI></Source></MapItem></Map>"
           "<Exec><CmdID>17</CmdID><Item><Target><LocURI>e</LocURI></Target></Item></Exec>"
           "<Search><CmdID>18</CmdID><Source><LocURI>s</LocURI></Source><Meta><Type>q</Type></Meta>"
           "<Data>x</Data></Search><Final/>" TAIL;

static void test_reads_everything(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 4 << 20);
    struct sml_message m;
    read_ok(&a, SML_XML, str_c(everything), &m);
    assert_int_equal(m.version, SML_1_2);
    assert_str(m.source_name, "bob");
    assert_str(m.cred.data, "Zz8=");
    assert_int_equal(m.meta.max_msg, 20000);
    assert_true(m.no_resp && m.final && !m.plain);
    const struct sml_command *c = m.commands;
    assert_int_equal(c->cmd, SML_STATUS);
    assert_int_equal(c->target_ref_count, 2);
    assert_str(c->chal.data, "bm9uY2U=");
    assert_str(c->items->next_anchor, "20261124T020738Z");
    assert_null(c->items->data.p);
    c = c->next;
    assert_str(c->items->filters->record, "&SINCE&EQ;2024");
    assert_str(c->items->filters->type, "EXCLUSIVE");
    assert_str(c->items->meta.last, "1");
    c = c->next;
    assert_non_null(c->items->inner);
    c = c->next->next->next;
    assert_int_equal(c->cmd, SML_SYNC);
    assert_int_equal(c->changes, 3);
    const struct sml_command *add = c->children;
    assert_str(add->items->data, "BEGIN:VCARD\r\nN:<&\r\n");
    assert_int_equal(add->items->meta.size, 1234);
    assert_true(add->items->more_data);
    assert_str(sml_item_type(add, add->items), "text/x-vcard");
    assert_ptr_equal(add->parent, c);
    const struct sml_command *replace = add->next;
    assert_str(replace->items->data, "a\r\nb]]><c");
    assert_str(replace->items->next->data, "\n ");
    const struct sml_command *atomic = replace->next->next->next->next;
    assert_int_equal(atomic->cmd, SML_ATOMIC);
    assert_int_equal(atomic->children->next->children->cmd, SML_DELETE);
    assert_null(atomic->next);
    c = c->next;
    assert_int_equal(c->cmd, SML_MAP);
    assert_str(c->items->next->source, "l2");
    assert_str(c->next->next->data, "x");
    assert_null(c->next->next->next);
}

/* XML → write → read, in every version and both encodings, says the same. */
static void test_round_trips(void **state)
{
    (void)state;
    for (enum sml_version version = SML_1_0; version <= SML_1_2; version++)
        for (enum sml_encoding encoding = SML_XML; encoding <= SML_WBXML; encoding++) {
            SCOPED_ARENA(a, 4 << 20);
            struct sml_message m, again;
            struct sml_out o;
            read_ok(&a, SML_XML, str_c(everything), &m);
            m.version = version;
            enum status st = sml_write_message(&o, &a, encoding, 0, &m);
            assert_ok(st);
            read_ok(&a, encoding, buf_view(&o.buf), &again);
            const char *what = sml_message_differs(&m, &again);
            if (what)
                fail_msg("version %d, encoding %d: %s", version, encoding, what);
            assert_str(m.commands->next->cmd_id, "2");
            buf_free(&o.buf);
        }
}

/* ---- what devices do ---- */

static void read_body(struct arena *a, const char *body, struct sml_message *m)
{
    SCOPED_BUF(b, 1 << 20);
    buf_addz(&b, body);
    read_ok(a, SML_XML, arena_str(a, buf_view(&b)), m);
}

static void test_any_order(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    struct sml_message m;
    read_body(
        &a,
        "<?xml version=\"1.0\"?>\r\n<!DOCTYPE SyncML PUBLIC \"-//SYNCML//DTD SyncML 1.1//EN\" \"x.dtd\">\r\n"
        "<SyncML>\r\n <SyncBody><Final/><Alert><Item><Data>d</Data><Source><LocName>n</LocName><LocURI> "
        "./c\r\n"
        "</LocURI></Source><What><Data>no</Data></What><Target/></Item><Data> 201 </Data><CmdID>1</CmdID>"
        "</Alert><Unknown><Alert/></Unknown></SyncBody><SyncHdr><Source><LocURI>s</LocURI></Source>"
        "<Meta><MetInf><MaxMsgSize>5000</MaxMsgSize></MetInf></Meta><Cred><Data> eA== </Data><Meta/></Cred>"
        "<Target><LocURI>t</LocURI></Target><MsgID>1</MsgID><SessionID>2</SessionID><VerProto>syncml/1.1"
        "</VerProto></SyncHdr></SyncML>\r\n<!-- end -->\r\n",
        &m);
    assert_true(m.plain && m.final);
    assert_int_equal(m.version, SML_1_1);
    assert_null(m.source_name.p);
    assert_int_equal(m.meta.max_msg, 5000);
    assert_str(m.cred.data, "eA==");
    assert_str(m.commands->data, "201");
    assert_str(m.commands->items->source, "./c");
    assert_str(m.commands->items->source_name, "n");
    assert_int_equal(m.commands->items->target.n, 0);
    assert_str(m.commands->items->data, "d");
    assert_null(m.commands->next);
}

/* Namespaces: none, prefixed, wrong, DevInf's on everything. */
static void test_namespaces(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "<SyncML><SyncHdr><Meta><MaxObjSize>8</MaxObjSize></Meta></SyncHdr></SyncML>",
        "<s:SyncML xmlns:s='SYNCML:SYNCML1.2'><s:SyncHdr><s:Meta><m:MaxObjSize xmlns:m='syncml:metinf'>8"
        "</m:MaxObjSize></s:Meta></s:SyncHdr></s:SyncML>",
        "<SyncML xmlns='syncml:devinf'><SyncHdr><Meta xmlns='x'><MaxObjSize xmlns=''>8</MaxObjSize></Meta>"
        "</SyncHdr></SyncML>",
        "<SYNCML><synchdr><META a='b'><MaxObjsize>8</MaxObjsize></META></synchdr></SYNCML>",
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        SCOPED_ARENA(a, 1 << 20);
        struct sml_message m;
        read_body(&a, texts[i], &m);
        assert_int_equal(m.meta.max_obj, 8);
        assert_int_equal(m.plain, i == 0 || i == 3);
    }
}

#define DATA_OF(data) MESSAGE("<Add><Item><Data>" data "</Data></Item></Add>")

/* What is in Data comes out byte for byte. */
static void test_data_is_kept(void **state)
{
    (void)state;
    static const struct {
        const char *text, *data;
    } rows[] = {
        {DATA_OF("a"), "a"},
        {DATA_OF(" a\r\n b\n\tc\r"), " a\r\n b\n\tc\r"},
        {DATA_OF("<![CDATA[a\r\nb<&>]] >]]>"), "a\r\nb<&>]] >"},
        {DATA_OF("<![CDATA[a]]]]><![CDATA[>b]]>"), "a]]>b"},
        {DATA_OF("x<![CDATA[a]]>y&lt;&amp;&#13;&#xe9;<!-- c -->z"), "xay<&\r\xc3\xa9z"},
        {DATA_OF("AT&T, R&D; &unknown; & ]]> a&#;b"), "AT&T, R&D; &unknown; & ]]> a&#;b"},
        {DATA_OF("caf\xe9 \xa4\x80"), "caf\xe9 \xa4\x80"},
        {DATA_OF("<![CDATA[caf\xe9\r\n\x01\x1f]]>"), "caf\xe9\r\n\x01\x1f"},
        {DATA_OF("\xef\xb7\x90\xc4\x8d\r\xef\xb7\x91"), "\xef\xb7\x90\xc4\x8d\r\xef\xb7\x91"},
        {DATA_OF("<contact><FirstName a='1'>x&lt;</FirstName></contact>"),
         "<contact xmlns=\"SYNCML:SYNCML1.2\"><FirstName a=\"1\">x&lt;</FirstName></contact>"},
        {"<?xml version='1.0' encoding='ISO-8859-1'?>" DATA_OF("caf\xe9"), "caf\xc3\xa9"},
        {"<?xml version='1.0' encoding='GB2312'?>" DATA_OF("\xc4\xe3"), "\xe4\xbd\xa0"},
        {"\xef\xbb\xbf" DATA_OF("\xe4\xbd\xa0"), "\xe4\xbd\xa0"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        SCOPED_ARENA(a, 1 << 20);
        struct sml_message m;
        read_body(&a, rows[i].text, &m);
        assert_str(m.commands->items->data, rows[i].data);
    }
}

/* And goes out so that it comes in again as it was, in both encodings. */
static void test_data_round_trips(void **state)
{
    (void)state;
    static const struct {
        struct str data, in_xml; /* STR_NONE: the same */
    } rows[] = {
        {STR_INIT("a"), {NULL, 0}},
        {STR_INIT("a<b&c>"), {NULL, 0}},
        {STR_INIT("]]>"), {NULL, 0}},
        {STR_INIT("<]]>&]]]>\r\n"), {NULL, 0}},
        {STR_INIT("]]"), {NULL, 0}},
        {STR_INIT("\r\n\r\r\n\n \t"), {NULL, 0}},
        {STR_INIT("\xc3\xa9\xf0\x9f\x8e\x89"), {NULL, 0}},
        {STR_INIT("caf\xe9"), STR_INIT("caf\xc3\xa9")},
        {STR_INIT("a\0b\x01"
                  "c"),
         STR_INIT("abc")},
        {STR_INIT("]]\x01>"), STR_INIT("]]>")},
        {STR_INIT("\xef\xb7\x90\xef\xbf\xbfx"), STR_INIT("\xef\xb7\x90x")},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        for (enum sml_encoding encoding = SML_XML; encoding <= SML_WBXML; encoding++) {
            SCOPED_ARENA(a, 1 << 20);
            struct sml_message m, again;
            struct sml_out o;
            read_body(&a, DATA_OF("x"), &m);
            m.commands->items->data = rows[i].data;
            assert_ok(sml_write_message(&o, &a, encoding, 0, &m));
            read_ok(&a, encoding, buf_view(&o.buf), &again);
            struct str wanted = encoding == SML_XML && rows[i].in_xml.p ? rows[i].in_xml : rows[i].data;
            if (!str_eq(again.commands->items->data, wanted))
                fail_msg("row %zu, encoding %d: %.*s", i, encoding, STR_ARG(again.commands->items->data));
            buf_free(&o.buf);
        }
}

static void test_base64(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    struct sml_message m;
    struct str data;
    read_body(
        &a,
        MESSAGE(
            "<Add><Meta><Format>b64</Format><Type>text/x-s4j-sifc</Type></Meta><Item><Data>PGE\r\n+</Data>"
            "</Item><Item><Meta><Format>chr</Format></Meta><Data>PGE+</Data></Item>"
            "<Item><Data>!</Data></Item></Add>"),
        &m);
    const struct sml_command *c = m.commands;
    assert_ok(sml_item_data(&a, c, c->items, &data));
    assert_str(data, "<a>");
    assert_ok(sml_item_data(&a, c, c->items->next, &data));
    assert_str(data, "PGE+");
    assert_status(sml_item_data(&a, c, c->items->next->next, &data), INVALID);
}

/* DevInf as elements, in CDATA, escaped, and what is none. */
static void test_devinf_inside(void **state)
{
    (void)state;
    static const char *const datas[] = {
        "<DevInf><Man>M</Man></DevInf>",
        "\r\n <DevInf xmlns='syncml:devinf'><Man> M </Man></DevInf>\r\n",
        "<![CDATA[<?xml version='1.0'?><DevInf xmlns='syncml:devinf'><Man>M</Man></DevInf>]]>",
        "&lt;DevInf>&lt;Man>M&lt;/Man>&lt;/DevInf>",
    };
    for (size_t i = 0; i < COUNT_OF(datas); i++) {
        SCOPED_ARENA(a, 1 << 20);
        SCOPED_BUF(b, 10000);
        struct sml_message m;
        struct devinf d;
        struct str why;
        buf_addf(
            &b,
            MESSAGE("<Put><Item><Source><LocURI>./devinf12</LocURI></Source><Data>%s</Data></Item></Put>"),
            datas[i]);
        read_body(&a, buf_c(&b), &m);
        assert_ok(devinf_read(&a, m.commands->items->inner, &d, &why));
        assert_str(d.man, "M");
    }
    SCOPED_ARENA(a, 1 << 20);
    struct sml_message m;
    read_body(&a, MESSAGE("<Put><Item><Data><![CDATA[<DevInf><Man></DevInf>]]></Data></Item></Put>"), &m);
    assert_null(m.commands->items->inner);
    read_body(&a, MESSAGE("<Put><Item><Data><![CDATA[<Other/>]]></Data></Item></Put>"), &m);
    assert_null(m.commands->items->inner);
    assert_str(m.commands->items->data, "<Other/>");
}

static void test_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
    } rows[] = {{"0", 0},
                {" 20000\r\n", 20000},
                {"2147483647", 2147483647},
                {"9223372036854775807", INT64_MAX},
                {"9223372036854775808", INT64_MAX},
                {"99999999999999999999999999", INT64_MAX},
                {"-1", -1},
                {"", -1},
                {"1k", -1},
                {"99999999999999999999999999x", -1}};
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(sml_number(str_c(rows[i].text)), rows[i].value);
}

/* ---- what is refused ---- */

static void refused(const char *text, enum status wanted, const char *why_part)
{
    SCOPED_ARENA(a, 32 << 20);
    struct sml_message m;
    struct str why;
    enum status st = sml_read(&a, SML_XML, str_c(text), &limits, &m, &why);
    if (st != wanted || str_find(why, str_c(why_part), 0) == SIZE_MAX)
        fail_msg("%.60s: %d, %.*s", text, st, STR_ARG(why));
}

static void test_refused(void **state)
{
    (void)state;
    refused("", INVALID, "");
    refused("<SyncML>", INVALID, "");
    refused("<SyncML/>", INVALID, "a message without SyncHdr");
    refused("<SyncHdr/>", INVALID, "the root is not SyncML");
    refused("<SyncML><SyncBody/></SyncML>", INVALID, "a message without SyncHdr");
    refused("<!DOCTYPE SyncML [<!ENTITY a 'aaaa'><!ENTITY b "
            "'&a;&a;&a;&a;'>]><SyncML><SyncHdr>&b;</SyncHdr></SyncML>",
            INVALID, "document type");
    refused(
        "<!DOCTYPE SyncML SYSTEM 'x' [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><SyncML><SyncHdr/></SyncML>",
        INVALID, "document type");
    refused("<SyncML><!DOCTYPE x><SyncHdr/></SyncML>", INVALID, "");
    refused("<SyncML><SyncHdr/></SyncML><SyncML/>", INVALID, "");
    refused("<SyncML><SyncHdr a=\"\xff\"/></SyncML>", INVALID, "");
    refused("<SyncML><SyncHdr>&#0;</SyncHdr></SyncML>", INVALID, "");
    refused("<SyncML><SyncHdr>&#x110000;</SyncHdr></SyncML>", INVALID, "");
    SCOPED_BUF(deep, 1 << 20);
    buf_addz(&deep, "<SyncML><SyncHdr/>");
    for (int i = 0; i < 10000; i++)
        buf_addz(&deep, "<Sync>");
    refused(buf_c(&deep), TOO_MANY, "nested");
    buf_clear(&deep);
    buf_addz(&deep, "<SyncML><SyncHdr/><SyncBody>");
    for (int i = 0; i < 2001; i++)
        buf_addz(&deep, "<Get/>");
    buf_addz(&deep, TAIL);
    refused(buf_c(&deep), TOO_MANY, "too many commands");
    buf_clear(&deep);
    for (int i = 0; i < 32; i++)
        buf_addf(&deep, "\xef\xb7%c", 0x90 + i);
    refused(buf_c(&deep), INVALID, "");
    SCOPED_ARENA(a, 1000);
    struct sml_message m;
    struct str why;
    assert_status(sml_read(&a, SML_XML, str_c(everything), &limits, &m, &why), TOO_LARGE);
    const struct sml_limits small = {.size = 10, .depth = 32, .nodes = 20000, .commands = 2000};
    SCOPED_ARENA(b, 1 << 20);
    assert_status(sml_read(&b, SML_XML, str_c(everything), &small, &m, &why), TOO_LARGE);
}

/* ---- names ---- */

static void test_names(void **state)
{
    (void)state;
    for (enum sml_cmd c = SML_NO_CMD + 1; c < SML_CMD_COUNT; c++)
        assert_int_equal(sml_cmd_of(sml_cmd_name(c)), c);
    assert_int_equal(sml_cmd_of(STR("")), SML_NO_CMD);
    assert_int_equal(sml_cmd_of(STR("Adds")), SML_NO_CMD);
    enum sml_encoding e = SML_XML;
    assert_true(sml_encoding_of(STR("application/vnd.syncml+wbxml; charset=UTF-8"), &e));
    assert_int_equal(e, SML_WBXML);
    assert_true(sml_encoding_of(STR(" Application/vnd.SyncML+XML "), &e));
    assert_int_equal(e, SML_XML);
    assert_false(sml_encoding_of(STR("application/xml"), &e));
    assert_false(sml_encoding_of(STR(""), &e));
    assert_false(sml_encoding_of(STR_NONE, &e));
}

static void test_trace(void **state)
{
    (void)state;
    for (enum sml_encoding encoding = SML_XML; encoding <= SML_WBXML; encoding++) {
        SCOPED_ARENA(a, 4 << 20);
        SCOPED_BUF(text, 1 << 20);
        struct sml_message m;
        struct sml_out o;
        read_ok(&a, SML_XML, str_c(everything), &m);
        assert_ok(sml_write_message(&o, &a, encoding, 0, &m));
        assert_ok(sml_trace(&a, encoding, buf_view(&o.buf), &limits, &text));
        struct str t = buf_view(&text);
        static const char *const secret[] = {"Zz8=", "Yg==", "bm9uY2U="};
        for (size_t i = 0; i < COUNT_OF(secret); i++)
            assert_int_equal(str_find(t, str_c(secret[i]), 0), SIZE_MAX);
        static const char *const wanted[] = {"<SyncML>\n  <SyncHdr>\n    <VerDTD>1.2</VerDTD>\n",
                                             "<NextNonce>***</NextNonce>",
                                             "<Data>***</Data>",
                                             "<Man>M</Man>",
                                             "BEGIN:VCARD&#13;\nN:&lt;&amp;",
                                             "  </SyncBody>\n</SyncML>\n"};
        for (size_t i = 0; i < COUNT_OF(wanted); i++)
            if (str_find(t, str_c(wanted[i]), 0) == SIZE_MAX)
                fail_msg("%s is not in\n%s", wanted[i], buf_c(&text));
        buf_free(&o.buf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_everything),
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_any_order),
        cmocka_unit_test(test_namespaces),
        cmocka_unit_test(test_data_is_kept),
        cmocka_unit_test(test_data_round_trips),
        cmocka_unit_test(test_base64),
        cmocka_unit_test(test_devinf_inside),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
