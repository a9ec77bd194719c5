/* XML in and out: what is refused, namespaces, dead properties that stand alone. */
#include "tests/unit/test.h"

#include "formats/xml.h"

static const struct xml_limits limits = {.size = 1 << 20, .depth = 64, .nodes = 10000};

static struct xml_node *parse(struct arena *a, const char *text)
{
    struct xml_node *root;
    struct str why;
    enum status st = xml_parse(a, str_c(text), &limits, &root, &why);
    if (st != OK)
        print_error("%s: %.*s\n", text, STR_ARG(why));
    assert_ok(st);
    return root;
}

static void refused(struct str text, enum status wanted)
{
    SCOPED_ARENA(a, 1 << 22);
    struct xml_node *root;
    struct str why;
    assert_status(xml_parse(&a, text, &limits, &root, &why), wanted);
    assert_null(root);
    assert_true(why.n > 0);
}

static void test_tree(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    struct xml_node *root =
        parse(&a, "<?xml version='1.0'?><!-- c --><D:propfind xmlns:D='DAV:' xmlns:C='urn:ietf:params:"
                  "xml:ns:caldav'><D:prop a='1 &amp; &#50;'><D:getetag/><!-- x --><C:calendar-data/>"
                  "<none/></D:prop></D:propfind>");
    assert_true(xml_is(root, NS_DAV, "propfind"));
    struct xml_node *prop = xml_child(root, NS_DAV, "prop");
    assert_str(xml_attr(prop, "a"), "1 & 2");
    assert_null(xml_attr(prop, "b").p);
    struct xml_node *n = xml_first(prop);
    assert_true(xml_is(n, NS_DAV, "getetag"));
    n = xml_sibling(n);
    assert_true(xml_is(n, NS_CALDAV, "calendar-data"));
    assert_ptr_equal(n, xml_child(prop, NS_CALDAV, NULL));
    n = xml_sibling(n);
    assert_true(xml_is(n, "", "none"));
    assert_null(xml_sibling(n));
    assert_null(xml_child(prop, NS_DAV, "nothing"));
    assert_null(xml_child(NULL, NS_DAV, "nothing"));
}

static void test_text(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    struct xml_node *root = parse(&a, "<a>one &lt;<!-- no -->two<![CDATA[<&>]]><b>th<c/>ree</b>!</a>");
    assert_str(xml_text(&a, root), "one <two<&>three!");
    assert_str(root->children->text, "one <two<&>");
    assert_str(xml_text(&a, parse(&a, "<a/>")), "");
    assert_str(xml_text(&a, parse(&a, "<a>\xc3\xa8 x</a>")), "\xc3\xa8 x");
    assert_null(xml_text(&a, NULL).p);
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "   ",
        "<a>",
        "<a></b>",
        "<a/><b/>",
        "text",
        "<a>&foo;</a>",
        "<a b='1' b='2'/>",
        "<p:a/>",
        "<a xmlns:b=''/>",
        "<!DOCTYPE a><a/>",
        "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
        "<!DOCTYPE a SYSTEM 'http://127.0.0.1:9/x.dtd'><a/>",
        "<!DOCTYPE a [<!ENTITY l 'lol'><!ENTITY m '&l;&l;&l;&l;&l;&l;&l;&l;'>]><a>&m;&m;</a>",
        "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>",
        "<a><!DOCTYPE a></a>",
        "<a>\x01</a>",
        "<a>&#0;</a>",
        "<a>\xff</a>",
        "<a>\xed\xa0\x80</a>",
        "<?xml version='1.0' encoding='utf-7'?><a/>",
        "<?xml version='1.0' encoding='ebcdic-us'?><a/>",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        refused(str_c(bad[i]), INVALID);
    refused(STR("<a>\0</a>"), INVALID);
    refused(STR("\xff\xfe<"), INVALID);
}

static void repeat(struct buf *b, const char *text, size_t times)
{
    for (size_t i = 0; i < times; i++)
        buf_addz(b, text);
}

static void test_limits(void **state)
{
    (void)state;
    SCOPED_BUF(b, 4 << 20);
    repeat(&b, "<a>", 10000);
    repeat(&b, "</a>", 10000);
    refused(buf_view(&b), TOO_MANY);
    buf_clear(&b);
    repeat(&b, "<a>", limits.depth);
    repeat(&b, "</a>", limits.depth);
    SCOPED_ARENA(a, 1 << 20);
    parse(&a, buf_c(&b));
    buf_clear(&b);
    buf_addz(&b, "<a>");
    repeat(&b, "<b/>", limits.nodes);
    buf_addz(&b, "</a>");
    refused(buf_view(&b), TOO_MANY);
    buf_clear(&b);
    buf_addz(&b, "<a ");
    for (int i = 0; i < 50000; i++)
        buf_addf(&b, "a%d='' ", i);
    buf_addz(&b, "/>");
    refused(buf_view(&b), TOO_MANY);
    buf_clear(&b);
    for (int i = 0; i < 60; i++)
        buf_addf(&b, "<a xmlns:a%d='u' xmlns:b%d='u' xmlns:c%d='u' xmlns:d%d='u' xmlns:e%d='u'>", i, i, i, i,
                 i);
    repeat(&b, "</a>", 60);
    refused(buf_view(&b), TOO_MANY);
    buf_clear(&b);
    buf_addz(&b, "<a>");
    repeat(&b, "x", limits.size);
    buf_addz(&b, "</a>");
    refused(buf_view(&b), TOO_LARGE);
}

static void test_namespaces_go_out_of_scope(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    SCOPED_BUF(b, 1 << 20);
    buf_addz(&b, "<a>");
    repeat(&b, "<p:b xmlns:p='u' xmlns:q='v'/>", 1000);
    buf_addz(&b, "</a>");
    parse(&a, buf_c(&b));
}

static void test_arena_too_small(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 4096);
    SCOPED_BUF(b, 1 << 20);
    buf_addz(&b, "<a>");
    repeat(&b, "<bbbbbbbbbbbbbbbbbbbbbbbb>x</bbbbbbbbbbbbbbbbbbbbbbbb>", 1000);
    buf_addz(&b, "</a>");
    struct xml_node *root;
    struct str why;
    assert_status(xml_parse(&a, buf_view(&b), &limits, &root, &why), TOO_LARGE);
    assert_null(root);
}

static void test_encodings(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    struct xml_node *root;
    struct str why;
    assert_str(xml_text(&a, parse(&a, "\xef\xbb\xbf<a>\xc3\xa8</a>")), "\xc3\xa8");
    assert_str(xml_text(&a, parse(&a, "<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe8</a>")), "\xc3\xa8");
    struct str little = STR("\xff\xfe<\0a\0>\0\xe8\0\x3d\xd8\x00\xde<\0/\0a\0>\0");
    assert_ok(xml_parse(&a, little, &limits, &root, &why));
    assert_str(xml_text(&a, root), "\xc3\xa8\xf0\x9f\x98\x80");
    struct str big = STR("\xfe\xff\0<\0?\0x\0m\0l\0 \0v\0e\0r\0s\0i\0o\0n\0=\0'\0001\0.\0000\0'\0 "
                         "\0e\0n\0c\0o\0d\0i\0n\0g\0=\0'"
                         "\0u\0t\0f\0-\0001\0006\0'\0?\0>\0<\0a\0/\0>");
    assert_ok(xml_parse(&a, big, &limits, &root, &why));
}

static void inner_is(const char *text, const char *wanted)
{
    SCOPED_ARENA(a, 1 << 20);
    SCOPED_BUF(b, 1 << 16);
    xml_inner(&b, parse(&a, text));
    assert_str(buf_view(&b), wanted);
}

static void test_inner(void **state)
{
    (void)state;
    inner_is("<p>a &amp; b &lt; c\r\n\xc3\xa8&#13;]]&gt;</p>", "a &amp; b &lt; c\n\xc3\xa8&#13;]]&gt;");
    inner_is("<p xmlns:D='DAV:'><D:href>x</D:href></p>", "<D:href xmlns:D=\"DAV:\">x</D:href>");
    inner_is("<p xmlns='u'><a><b/></a></p>", "<a xmlns=\"u\"><b/></a>");
    inner_is("<p xmlns='u'><a><b xmlns=''/></a></p>", "<a xmlns=\"u\"><b xmlns=\"\"/></a>");
    inner_is("<p xmlns:x='u' xmlns:y='v'><x:a y:k='&quot;&lt;&#10;'><x:b x:k='1' y:k='2'/></x:a></p>",
             "<x:a xmlns:x=\"u\" xmlns:y=\"v\" y:k=\"&quot;&lt;&#10;\"><x:b x:k=\"1\" y:k=\"2\"/></x:a>");
    inner_is("<p xmlns:x='u'><x:a><x:a xmlns:x='w'><x:c/></x:a></x:a></p>",
             "<x:a xmlns:x=\"u\"><x:a xmlns:x=\"w\"><x:c/></x:a></x:a>");
    inner_is("<p/>", "");
}

static void test_lang(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    SCOPED_BUF(b, 1 << 16);
    struct xml_node *root =
        parse(&a, "<D:prop xmlns:D='DAV:' xml:lang='it'><D:x><D:y xml:lang='en'>z</D:y></D:x></D:prop>");
    struct xml_node *x = xml_first(root);
    assert_str(x->lang, "it");
    assert_str(xml_first(x)->lang, "en");
    xml_inner(&b, x);
    assert_str(buf_view(&b), "<?lang it?><D:y xmlns:D=\"DAV:\" xml:lang=\"en\">z</D:y>");
    SCOPED_BUF(out, 1 << 16);
    xml_property(&out, x->name, buf_view(&b));
    assert_str(buf_view(&out), "<D:x xml:lang=\"it\"><D:y xmlns:D=\"DAV:\" xml:lang=\"en\">z</D:y></D:x>");
}

static void test_write(void **state)
{
    (void)state;
    SCOPED_BUF(b, 1 << 16);
    xml_begin(&b, NS_DAV, "multistatus");
    xml_leaf(&b, NS_DAV, "href", STR("/a&b"));
    xml_open(&b, NS_CALDAV, "x");
    xml_empty(&b, NS_CS, "getctag");
    xml_close(&b, NS_CALDAV, "x");
    struct xml_name odd = {STR("urn:\"odd\""), STR("n")}, none = {STR(""), STR("m")};
    xml_open_name(&b, odd);
    xml_close_name(&b, odd);
    xml_empty_name(&b, none);
    xml_property(&b, odd, STR(""));
    xml_close(&b, NS_DAV, "multistatus");
    SCOPED_ARENA(a, 1 << 20);
    struct xml_node *root = parse(&a, buf_c(&b));
    assert_true(xml_is(root, NS_DAV, "multistatus"));
    assert_str(xml_text(&a, xml_child(root, NS_DAV, "href")), "/a&b");
    assert_non_null(xml_child(xml_child(root, NS_CALDAV, "x"), NS_CS, "getctag"));
    assert_non_null(xml_next(xml_child(root, "urn:\"odd\"", "n"), "urn:\"odd\"", "n"));
    assert_non_null(xml_child(root, "", "m"));
}

static void test_escape(void **state)
{
    (void)state;
    SCOPED_BUF(b, 1 << 16);
    xml_escape(&b, STR("a\x01\x0b\x7f\r\n\t<>&\"'\xef\xbf\xbe\xef\xbf\xbf\xe2\x82\xac"));
    assert_str(buf_view(&b), "a\x7f&#13;\n\t&lt;&gt;&amp;&quot;'\xe2\x82\xac");
    buf_clear(&b);
    xml_escape(&b, STR("\xffx\xe2\x82"));
    assert_str(buf_view(&b), "\xef\xbf\xbdx\xef\xbf\xbd\xef\xbf\xbd");
}

/* What devices write that is no XML, and only the lenient way takes; and what it takes otherwise than the strict one. */
static void test_lenient(void **state)
{
    (void)state;
    static const struct {
        const char *text, *lenient, *strict; /* NULL: refused */
    } rows[] = {
        {"<a>x\r\ny\rz\n</a>", "x\r\ny\rz\n", "x\ny\nz\n"},
        {"<a><![CDATA[x\r\n]]>\r\n<!-- \r\n --></a>\r\n", "x\r\n\r\n", "x\n\n"},
        {"<?xml version='1.0'?>\r\n<a\r\nb='\r\n'>x</a\r\n>\r\n", "x", "x"},
        {"<a>R&D</a>", "R&D", NULL},
        {"<a>&lt;&#38;&#x26;&apos;&quot;&gt;&amp;</a>", "<&&'\">&", "<&&'\">&"},
        {"<a>&nbsp;&#;&#x;&</a>", "&nbsp;&#;&#x;&", NULL},
        {"<a>]]></a>", "]]>", NULL},
        {"<a>\x01\x1b\xff\xe9\xc3</a>", "\x01\x1b\xff\xe9\xc3", NULL},
        {"<a><![CDATA[\xe9&&]]></a>", "\xe9&&", NULL},
        {"<a>\xef\xb7\x90\xc4\x8d\r\xef\xbf\xbf</a>", "\xef\xb7\x90\xc4\x8d\r\xef\xbf\xbf", NULL},
        {"<!DOCTYPE a PUBLIC 'x' 'y'><a>x</a>", "x", NULL},
        {"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", NULL, NULL},
        {"<a><!DOCTYPE a>x</a>", NULL, NULL},
        {"<a b='\xff'/>", NULL, NULL},
        {"<\xff/>", NULL, NULL},
        {"<?xml version='1.0' encoding='koi8-r'?><a>\xc1</a>", "\xd0\xb0", NULL},
        {"<?xml version='1.0' encoding='utf-7'?><a>x</a>", NULL, NULL},
        {"<a/></a>", NULL, NULL},
        {"<a>&#1;</a>", NULL, NULL},
    };
    struct xml_limits lenient = limits;
    lenient.lenient = true;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        for (int way = 0; way < 2; way++) {
            SCOPED_ARENA(a, 1 << 20);
            struct xml_node *root;
            struct str why;
            const char *wanted = way ? rows[i].lenient : rows[i].strict;
            enum status st = xml_parse(&a, str_c(rows[i].text), way ? &lenient : &limits, &root, &why);
            if ((st == OK) != (wanted != NULL))
                fail_msg("row %zu, %s: %.*s", i, way ? "lenient" : "strict", STR_ARG(why));
            if (wanted)
                assert_str(xml_text(&a, root), wanted);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tree),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_namespaces_go_out_of_scope),
        cmocka_unit_test(test_arena_too_small),
        cmocka_unit_test(test_encodings),
        cmocka_unit_test(test_lenient),
        cmocka_unit_test(test_inner),
        cmocka_unit_test(test_lang),
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_escape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
