/* tests/unit/test_sml_message.c: messages through both encodings and back; bytes as they stand on the wire; what full messages do. */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_everything),
        cmocka_unit_test(test_round_trips),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
