/* tests/unit/test_sml_oracle.c: our two encodings beside libwbxml2's conversion of one into the other, over random messages. It is an
 * oracle only where it is known to be right: it makes CR CR LF of CRLF and broken XML of "]]>" in Data, and drops white space around
 * text. */
#include "tests/unit/sml_random.h"

#include "tests/unit/sml_fixture.h"

#include <wbxml.h>

enum { MESSAGES = 400 };

static const struct sml_limits limits = {.size = 1 << 20, .depth = 32, .nodes = 20000, .commands = 2000};

static struct str to_xml(struct arena *a, struct str wbxml)
{
    WBXMLConvWBXML2XML *conv;
    WB_UTINY *out = NULL;
    WB_ULONG n = 0;
    assert_int_equal(wbxml_conv_wbxml2xml_create(&conv), WBXML_OK);
    wbxml_conv_wbxml2xml_set_gen_type(conv, WBXML_GEN_XML_CANONICAL);
    wbxml_conv_wbxml2xml_enable_preserve_whitespaces(conv);
    WBXMLError e = wbxml_conv_wbxml2xml_run(conv, unconst(wbxml.p), (WB_ULONG)wbxml.n, &out, &n);
    wbxml_conv_wbxml2xml_destroy(conv);
    if (e != WBXML_OK)
        fail_msg("libwbxml refuses ours: %s", (const char *)wbxml_errors_string(e));
    struct str s = arena_str(a, str_n(out, n));
    free(out);
    return s;
}

static struct str to_wbxml(struct arena *a, struct str xml, bool table)
{
    WBXMLConvXML2WBXML *conv;
    WB_UTINY *out = NULL;
    WB_ULONG n = 0;
    assert_int_equal(wbxml_conv_xml2wbxml_create(&conv), WBXML_OK);
    wbxml_conv_xml2wbxml_enable_preserve_whitespaces(conv);
    if (!table)
        wbxml_conv_xml2wbxml_disable_string_table(conv);
    WBXMLError e = wbxml_conv_xml2wbxml_run(conv, unconst(xml.p), (WB_ULONG)xml.n, &out, &n);
    wbxml_conv_xml2wbxml_destroy(conv);
    if (e != WBXML_OK)
        fail_msg("libwbxml refuses ours: %s\n%.*s", (const char *)wbxml_errors_string(e), STR_ARG(xml));
    struct str s = arena_str(a, str_n(out, n));
    free(out);
    return s;
}

static void compare(struct arena *a, enum sml_encoding encoding, struct str body,
                    const struct sml_message *wanted, unsigned number, struct str ours)
{
    struct sml_message m;
    struct str why;
    enum status st = sml_read(a, encoding, body, &limits, &m, &why);
    const char *what = st == OK ? sml_message_differs(wanted, &m) : "unreadable";
    struct str shown = encoding == SML_XML ? body : STR("");
    if (what)
        fail_msg("message %u, %s: %s %.*s\nours %.*s\ntheirs %.*s", number,
                 encoding == SML_XML ? "XML" : "WBXML", what, STR_ARG(why), STR_ARG(ours), STR_ARG(shown));
}

static void one(unsigned number, enum sml_version version)
{
    SCOPED_ARENA(a, 16 << 20);
    struct sml_random r = {.arena = &a,
                           .seed = number,
                           .alphabet = "abcXYZ012 ,;:=\"'/+<>&",
                           .filters = version == SML_1_2,
                           .move = version == SML_1_2,
                           .devinf = version == SML_1_2};
    struct sml_message m;
    struct sml_out xml, wbxml;
    sml_random_message(&r, version, &m);
    m.plain = false;
    assert_ok(sml_write_message(&xml, &a, SML_XML, 0, &m));
    assert_ok(sml_write_message(&wbxml, &a, SML_WBXML, 0, &m));
    struct str text = buf_view(&xml.buf), bytes = buf_view(&wbxml.buf);
    compare(&a, SML_XML, text, &m, number, text);
    compare(&a, SML_WBXML, bytes, &m, number, text);
    compare(&a, SML_XML, to_xml(&a, bytes), &m, number, text);
    compare(&a, SML_WBXML, to_wbxml(&a, text, false), &m, number, text);
    compare(&a, SML_WBXML, to_wbxml(&a, text, true), &m, number, text);
    buf_free(&xml.buf);
    buf_free(&wbxml.buf);
}

static void test_messages(void **state)
{
    (void)state;
    for (unsigned i = 0; i < MESSAGES; i++)
        one(i, i % 4 == 0 ? SML_1_0 : i % 4 == 1 ? SML_1_1 : SML_1_2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
