/* tests/unit/test_sml_devinf.c: device information as devices send it, and as we write it. */
#include "tests/unit/test.h"

#include "syncml/devinf.h"

static const struct sml_limits limits = {.size = 1 << 20, .depth = 32, .nodes = 20000, .commands = 2000};

static void parse(struct arena *a, const char *text, struct devinf *d)
{
    struct str why;
    enum status st = devinf_parse(a, str_c(text), &limits, d, &why);
    if (st != OK)
        print_error("%.*s\n", STR_ARG(why));
    assert_ok(st);
}

/* 1.1: one flat CTCap under DevInf, where what follows belongs to what comes before. */
static const char flat[] =
    "<?xml version='1.0'?><DevInf xmlns='syncml:devinf'>\r\n<VerDTD>1.1</VerDTD><Man>NOKIA</Man><Mod> 6600 "
    "</Mod>"
    "<SwV>v 5.27.0</SwV><DevID>IMEI:004400</DevID><DevTyp>phone</DevTyp><SupportLargeObjs/><DataStore>"
    "<SourceRef>./C:Contacts.cdb</SourceRef><DisplayName>Contacts</DisplayName><MaxGUIDSize>8</MaxGUIDSize>"
    "<Rx-Pref><CTType>text/x-vcard</CTType><VerCT>2.1</VerCT></Rx-Pref><Rx><CTType>text/vcard</CTType>"
    "<VerCT>3.0</VerCT></Rx><Tx-Pref><CTType>text/x-vcard</CTType><VerCT>2.1</VerCT></Tx-Pref>"
    "<SyncCap><SyncType>1</SyncType><SyncType>2</SyncType><SyncType>7</SyncType><SyncType>x-odd</SyncType>"
    "<SyncType>99</SyncType></SyncCap></DataStore>"
    "<CTCap><CTType>text/x-vcard</CTType><PropName>BEGIN</PropName><ValEnum>VCARD</ValEnum>"
    "<PropName>TEL</PropName><Size>50</Size><ParamName>TYPE</ParamName><ValEnum>HOME</ValEnum><ValEnum>CELL</"
    "ValEnum>"
    "<ParamName>PREF</ParamName><PropName>N</PropName><DataType>chr</DataType><Size>60</Size>"
    "<CTType>text/x-vcalendar</CTType><PropName>SUMMARY</PropName></CTCap></DevInf>";

static void test_flat(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    struct devinf d;
    parse(&a, flat, &d);
    assert_str(d.version, "1.1");
    assert_str(d.mod, "6600");
    assert_true(d.large_objects && !d.utc && !d.number_of_changes);
    assert_null(d.oem.p);
    const struct devinf_store *s = d.stores;
    assert_str(s->display, "Contacts");
    assert_int_equal(s->max_guid, 8);
    assert_int_equal(s->sync_types, 1 << 1 | 1 << 2 | 1 << 7);
    assert_str(s->rx_pref.version, "2.1");
    assert_str(s->rx->type, "text/vcard");
    assert_null(s->rx->next);
    assert_null(s->tx);
    assert_null(s->next);
    assert_null(s->caps);
    const struct devinf_cap *c = d.caps;
    assert_str(c->type.type, "text/x-vcard");
    const struct devinf_prop *p = c->props;
    assert_str(p->values->text, "VCARD");
    assert_int_equal(p->size, -1);
    p = p->next;
    assert_str(p->name, "TEL");
    assert_int_equal(p->size, 50);
    assert_str(p->params->values->next->text, "CELL");
    assert_str(p->params->next->name, "PREF");
    assert_null(p->values);
    p = p->next;
    assert_int_equal(p->size, 60);
    assert_null(p->next);
    assert_str(c->next->props->name, "SUMMARY");
    assert_null(c->next->next);
}

/* 1.2: nested, in another order, with elements that nobody knows. */
static const char nested[] =
    "<DevInf><DataStore><LocName>n</LocName><MaxObjSize>1</MaxObjSize><SyncCap><SyncType>1</SyncType></"
    "SyncCap>"
    "<CTCap><CTType>text/x-vcard</CTType><VerCT>2.1</VerCT><Property><PropName>TEL</PropName><MaxOccur>4</"
    "MaxOccur>"
    "<MaxSize>50</MaxSize><NoTruncate/><ValEnum>a</ValEnum><PropParam><ParamName>TYPE</ParamName>"
    "<ValEnum>HOME</ValEnum></PropParam></Property><Property><PropName>N</PropName></Property></CTCap>"
    "<CTCap><CTType>text/vcard</CTType><VerCT>3.0</VerCT></CTCap><SupportHierarchicalSync/>"
    "<Filter-Rx><CTType>syncml:filtertype-cgi</CTType><VerCT>1.0</VerCT></Filter-Rx>"
    "<FilterCap><CTType>text/x-vcard</CTType><VerCT>2.1</VerCT><FilterKeyword>LUID</FilterKeyword>"
    "<FilterKeyword>SINCE</FilterKeyword><PropName>TEL</PropName></FilterCap><SourceRef>c</SourceRef></"
    "DataStore>"
    "<DataStore/><Unknown><Man>no</Man></Unknown><SupportNumberOfChanges/><UTC/><DevId>d</DevId>"
    "<VerDTD>1.2</VerDTD></DevInf>";

static void test_nested(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    struct devinf d;
    parse(&a, nested, &d);
    assert_str(d.devid, "d");
    assert_null(d.man.p);
    assert_true(d.utc && d.number_of_changes && !d.large_objects);
    const struct devinf_store *s = d.stores;
    assert_str(s->source, "c");
    assert_int_equal(s->max_guid, -1);
    assert_true(s->hierarchical);
    const struct devinf_prop *p = s->caps->props;
    assert_int_equal(p->max_occur, 4);
    assert_int_equal(p->size, 50);
    assert_true(p->no_truncate);
    assert_str(p->params->values->text, "HOME");
    assert_str(p->next->name, "N");
    assert_int_equal(p->next->size, -1);
    assert_str(s->caps->next->type.version, "3.0");
    assert_null(s->caps->next->props);
    assert_str(s->filter_rx->type, "syncml:filtertype-cgi");
    assert_str(s->filters->keywords->next->text, "SINCE");
    assert_str(s->filters->props->text, "TEL");
    assert_non_null(s->next);
    assert_null(s->next->source.p);
    assert_int_equal(s->next->sync_types, 0);
}

static void written(const char *text, enum sml_version version, const char *wanted)
{
    SCOPED_ARENA(a, 1 << 20);
    SCOPED_BUF(b, 1 << 16);
    struct devinf d;
    parse(&a, text, &d);
    devinf_write_xml(&b, &a, &d, version);
    assert_ok(b.st);
    assert_str(buf_view(&b), wanted);
}

/* The order of the DTD of each version, and nothing empty but what is a flag. */
static void test_written(void **state)
{
    (void)state;
    written(
        flat, SML_1_1,
        "<DevInf xmlns='syncml:devinf'><VerDTD>1.1</VerDTD><Man>NOKIA</Man><Mod>6600</Mod><SwV>v 5.27.0</SwV>"
        "<DevID>IMEI:004400</DevID><DevTyp>phone</DevTyp><SupportLargeObjs/><DataStore><SourceRef>./"
        "C:Contacts.cdb"
        "</SourceRef><DisplayName>Contacts</DisplayName><MaxGUIDSize>8</MaxGUIDSize><Rx-Pref><CTType>text/"
        "x-vcard"
        "</CTType><VerCT>2.1</VerCT></Rx-Pref><Rx><CTType>text/vcard</CTType><VerCT>3.0</VerCT></Rx><Tx-Pref>"
        "<CTType>text/x-vcard</CTType><VerCT>2.1</VerCT></Tx-Pref><SyncCap><SyncType>1</SyncType><SyncType>2"
        "</SyncType><SyncType>7</SyncType></SyncCap></DataStore><CTCap><CTType>text/x-vcard</"
        "CTType><PropName>BEGIN"
        "</PropName><ValEnum>VCARD</ValEnum><PropName>TEL</PropName><DataType>chr</DataType><Size>50</Size>"
        "<ParamName>TYPE</ParamName><ValEnum>HOME</ValEnum><ValEnum>CELL</ValEnum><ParamName>PREF</ParamName>"
        "<PropName>N</PropName><DataType>chr</DataType><Size>60</Size><CTType>text/x-vcalendar</CTType>"
        "<PropName>SUMMARY</PropName></CTCap></DevInf>");
    written(
        nested, SML_1_2,
        "<DevInf "
        "xmlns='syncml:devinf'><VerDTD>1.2</VerDTD><DevID>d</DevID><UTC/><SupportNumberOfChanges/><DataStore>"
        "<SourceRef>c</SourceRef><CTCap><CTType>text/x-vcard</CTType><VerCT>2.1</"
        "VerCT><Property><PropName>TEL"
        "</PropName><MaxOccur>4</MaxOccur><MaxSize>50</MaxSize><NoTruncate/><ValEnum>a</ValEnum><PropParam>"
        "<ParamName>TYPE</ParamName><ValEnum>HOME</ValEnum></PropParam></Property><Property><PropName>N</"
        "PropName>"
        "</Property></CTCap><CTCap><CTType>text/vcard</CTType><VerCT>3.0</VerCT></"
        "CTCap><SupportHierarchicalSync/>"
        "<SyncCap><SyncType>1</SyncType></SyncCap><Filter-Rx><CTType>syncml:filtertype-cgi</"
        "CTType><VerCT>1.0</VerCT>"
        "</Filter-Rx><FilterCap><CTType>text/x-vcard</CTType><VerCT>2.1</VerCT><FilterKeyword>LUID</"
        "FilterKeyword>"
        "<FilterKeyword>SINCE</FilterKeyword><PropName>TEL</PropName></FilterCap></DataStore></DevInf>");
    written("<DevInf><UTC/><SupportLargeObjs/><DevID>d</DevID></DevInf>", SML_1_0,
            "<DevInf xmlns='syncml:devinf'><VerDTD>1.0</VerDTD><DevID>d</DevID></DevInf>");
}

/* Kept as XML it says the same again; and as WBXML inside of a message. */
static void test_round_trip(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum sml_version version;
    } rows[] = {{flat, SML_1_1}, {nested, SML_1_2}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        SCOPED_ARENA(a, 1 << 20);
        SCOPED_BUF(kept, 1 << 16);
        SCOPED_BUF(again, 1 << 16);
        struct devinf d;
        struct str why;
        parse(&a, rows[i].text, &d);
        devinf_write_xml(&kept, &a, &d, rows[i].version);
        struct sml_item item = {.source = STR("./devinf12"),
                                .meta = {.size = -1, .max_msg = -1, .max_obj = -1},
                                .inner = devinf_tree(&a, &d, rows[i].version)};
        struct sml_command put = {.cmd = SML_PUT, .meta = item.meta, .changes = -1, .items = &item};
        struct sml_message head = {.version = rows[i].version, .meta = item.meta}, m;
        for (enum sml_encoding encoding = SML_XML; encoding <= SML_WBXML; encoding++) {
            struct sml_out o;
            sml_begin(&o, &a, encoding, 0, &head);
            assert_true(sml_add(&o, &put));
            assert_ok(sml_end(&o, true));
            assert_ok(sml_read(&a, encoding, buf_view(&o.buf), &limits, &m, &why));
            assert_ok(devinf_read(&a, m.commands->items->inner, &d, &why));
            buf_clear(&again);
            devinf_write_xml(&again, &a, &d, rows[i].version);
            assert_str(buf_view(&again), buf_c(&kept));
            buf_free(&o.buf);
        }
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"",  "<DevInf>",         "<Put/>",
                                        "x", "\x02\xa4\x03\x6a", "\x02\xa4\x03\x6a\x01"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        SCOPED_ARENA(a, 1 << 20);
        struct devinf d;
        struct str why;
        assert_status(devinf_parse(&a, str_c(texts[i]), &limits, &d, &why), INVALID);
        assert_true(why.n > 0);
        assert_null(d.stores);
    }
    SCOPED_ARENA(tiny, 4000);
    SCOPED_ARENA(empty, 8);
    struct devinf d, none = {.devid = STR("d")};
    struct str why;
    SCOPED_BUF(b, 1000);
    assert_status(devinf_parse(&tiny, str_c(flat), &limits, &d, &why), TOO_LARGE);
    assert_status(devinf_read(&tiny, NULL, &d, &why), INVALID);
    assert_null(devinf_tree(&empty, &none, SML_1_2));
    devinf_write_xml(&b, &empty, &none, SML_1_2);
    assert_int_equal(b.st, TOO_LARGE);
}

/* The arena may end anywhere. */
static void test_memory(void **state)
{
    (void)state;
    bool done = false;
    for (size_t max = 2000; !done; max += 101) {
        SCOPED_ARENA(a, max);
        struct devinf d;
        struct str why;
        enum status st = devinf_parse(&a, str_c(nested), &limits, &d, &why);
        assert_true(st == OK || (st == TOO_LARGE && why.n));
        done = st == OK;
        assert_true(max < 1 << 20);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flat),       cmocka_unit_test(test_nested),  cmocka_unit_test(test_written),
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_refused), cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
