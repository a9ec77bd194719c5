/* CARDDAV:filter: what is refused, what matches, what the index may narrow. */
#include "tests/unit/test.h"

#include "dav/filter.h"

static const char card_text[] =
    "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:u1\r\nFN:Nicol\xc3\xb2 Rossi\\, jr\r\nN:Rossi;Nicol\xc3\xb2;;;\r\n"
    "item1.EMAIL;TYPE=INTERNET,home:Nico@Example.test\r\nEMAIL;TYPE=work:office@example.test\r\n"
    "TEL:+39055\r\nEND:VCARD\r\n";

static enum status parse(struct arena *a, const char *filter, struct card_filter **f, struct str *why)
{
    static const struct xml_limits limits = {1 << 20, 32, 10000};
    SCOPED_BUF(b, 1 << 20);
    buf_addf(&b, "<filter xmlns='" NS_CARDDAV "' %s</filter>", filter);
    struct xml_node *root;
    assert_ok(xml_parse(a, buf_view(&b), &limits, &root, why));
    return card_filter_parse(a, root, f, why);
}

static void test_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *filter;
        enum status st;
    } rows[] = {
        {"test='some'>", INVALID},
        {"><prop-filter/>", INVALID},
        {"><comp-filter name='x'/>", UNSUPPORTED},
        {"><prop-filter name='FN' test='x'/>", INVALID},
        {"><prop-filter name='FN'><is-not-defined/><text-match>x</text-match></prop-filter>", INVALID},
        {"><prop-filter name='FN'><text-match>x</text-match><is-not-defined/></prop-filter>", INVALID},
        {"><prop-filter name='FN'><time-range/></prop-filter>", UNSUPPORTED},
        {"><prop-filter name='FN'><text-match collation='i;klingon'>x</text-match></prop-filter>",
         BAD_COLLATION},
        {"><prop-filter name='FN'><text-match match-type='sounds'>x</text-match></prop-filter>", INVALID},
        {"><prop-filter name='FN'><param-filter/></prop-filter>", INVALID},
        {"><prop-filter name='FN'><param-filter "
         "name='X'><is-not-defined/><is-not-defined/></param-filter></prop-filter>",
         INVALID},
    };
    SCOPED_ARENA(a, 1 << 22);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct card_filter *f;
        struct str why = STR_NONE;
        assert_status(parse(&a, rows[i].filter, &f, &why), rows[i].st);
        assert_true(why.n > 0);
    }
    struct card_filter *f;
    struct str why;
    assert_status(card_filter_parse(&a, NULL, &f, &why), INVALID);
    SCOPED_BUF(many, 1 << 20);
    buf_addc(&many, '>');
    for (int i = 0; i < 300; i++)
        buf_addz(&many, "<prop-filter name='FN'/>");
    assert_status(parse(&a, buf_c(&many), &f, &why), UNSUPPORTED);
}

static void test_matches(void **state)
{
    (void)state;
    static const struct {
        const char *filter;
        bool match;
    } rows[] = {
        {">", true},
        {"test='allof'>", true},
        {"><prop-filter name='fn'/>", true},
        {"><prop-filter name='NOTE'/>", false},
        {"><prop-filter name='NOTE'><is-not-defined/></prop-filter>", true},
        {"><prop-filter name='FN'><is-not-defined/></prop-filter>", false},
        {"><prop-filter name='FN'><text-match>nicolo</text-match></prop-filter>", true},
        {"><prop-filter name='FN'><text-match>ROSSI, JR</text-match></prop-filter>", true},
        {"><prop-filter name='FN'><text-match collation='i;ascii-casemap'>nicolo</text-match></prop-filter>",
         false},
        {"><prop-filter name='FN'><text-match collation='i;octet'>nicol</text-match></prop-filter>", false},
        {"><prop-filter name='FN'><text-match match-type='equals'>rossi</text-match></prop-filter>", false},
        {"><prop-filter name='FN'><text-match match-type='starts-with'>NICO</text-match></prop-filter>",
         true},
        {"><prop-filter name='FN'><text-match match-type='ends-with'>jr</text-match></prop-filter>", true},
        {"><prop-filter name='FN'><text-match negate-condition='yes'>rossi</text-match></prop-filter>",
         false},
        {"><prop-filter name='EMAIL'><text-match "
         "match-type='equals'>office@example.test</text-match></prop-filter>",
         true},
        {"><prop-filter name='item1.EMAIL'><text-match>office</text-match></prop-filter>", false},
        {"><prop-filter name='item1.EMAIL'><text-match>nico</text-match></prop-filter>", true},
        {"><prop-filter name='EMAIL' "
         "test='allof'><text-match>example</text-match><text-match>nico</text-match></prop-filter>",
         true},
        {"><prop-filter name='EMAIL' "
         "test='allof'><text-match>office</text-match><text-match>nico</text-match></prop-filter>",
         false},
        {"><prop-filter name='EMAIL'><text-match>zzz</text-match><text-match>nico</text-match></prop-filter>",
         true},
        {"><prop-filter name='EMAIL'><param-filter name='type'/></prop-filter>", true},
        {"><prop-filter name='TEL'><param-filter name='TYPE'/></prop-filter>", false},
        {"><prop-filter name='TEL'><param-filter name='TYPE'><is-not-defined/></param-filter></prop-filter>",
         true},
        {"><prop-filter name='EMAIL'><param-filter name='TYPE'><text-match "
         "match-type='equals'>HOME</text-match>"
         "</param-filter></prop-filter>",
         true},
        {"><prop-filter name='EMAIL' test='allof'><text-match>office</text-match><param-filter "
         "name='TYPE'><text-match>home"
         "</text-match></param-filter></prop-filter>",
         false},
        {"><prop-filter name='NOTE'/><prop-filter name='FN'/>", true},
        {"test='allof'><prop-filter name='NOTE'/><prop-filter name='FN'/>", false},
        {"test='allof'><prop-filter name='TEL'/><prop-filter name='FN'/>", true},
    };
    SCOPED_ARENA(a, 1 << 22);
    struct vcard *card;
    struct vcard_problem problem;
    assert_ok(vcard_parse(&a, str_c(card_text), &vcard_default_limits, &card, &problem));
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct card_filter *f;
        struct str why = STR_NONE;
        bool match;
        assert_ok(parse(&a, rows[i].filter, &f, &why));
        assert_ok(card_filter_match(&a, f, card, &match));
        if (match != rows[i].match)
            print_error("%s\n", rows[i].filter);
        assert_int_equal(match, rows[i].match);
    }
}

static void test_key(void **state)
{
    (void)state;
    static const struct {
        const char *filter, *key;
        int field, how;
    } rows[] = {
        {">", NULL, 0, 0},
        {"><prop-filter name='FN'/>", NULL, 0, 0},
        {"><prop-filter name='NOTE'><text-match>x</text-match></prop-filter>", NULL, 0, 0},
        {"><prop-filter name='FN'><text-match></text-match></prop-filter>", NULL, 0, 0},
        {"><prop-filter name='FN'><text-match negate-condition='yes'>x</text-match></prop-filter>", NULL, 0,
         0},
        {"><prop-filter name='FN'><text-match>\xc3\xa8x</text-match></prop-filter>", "E\xcc\x80X", VCARD_FN,
         TEXT_CONTAINS},
        {"><prop-filter name='EMAIL'><text-match collation='i;octet' "
         "match-type='equals'>a</text-match></prop-filter>",
         "A", VCARD_EMAIL, TEXT_EQUALS},
        {"><prop-filter name='FN'><text-match>a</text-match><text-match "
         "match-type='starts-with'>b</text-match></prop-filter>",
         "A|B", VCARD_FN, TEXT_STARTS},
        {"><prop-filter name='FN'><text-match>a</text-match><text-match "
         "negate-condition='yes'>b</text-match></prop-filter>",
         NULL, 0, 0},
        {"><prop-filter name='FN' test='allof'><text-match "
         "negate-condition='yes'>a</text-match><text-match>b</text-match>"
         "</prop-filter>",
         "B", VCARD_FN, TEXT_CONTAINS},
        {"><prop-filter name='FN'><text-match>a</text-match></prop-filter><prop-filter "
         "name='EMAIL'><text-match>b</text-match>"
         "</prop-filter>",
         "A|B", VCARD_EMAIL, TEXT_CONTAINS},
        {"><prop-filter name='FN'><text-match>a</text-match></prop-filter><prop-filter "
         "name='NOTE'><text-match>b</text-match></prop-filter>",
         NULL, 0, 0},
        {"test='allof'><prop-filter name='NOTE'/><prop-filter "
         "name='EMAIL'><text-match>b</text-match></prop-filter>",
         "B", VCARD_EMAIL, TEXT_CONTAINS},
        {"><prop-filter name='FN'><text-match>a</text-match><param-filter name='X'/></prop-filter>", NULL, 0,
         0},
    };
    SCOPED_ARENA(a, 1 << 22);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct card_filter *f;
        struct str why;
        size_t count;
        SCOPED_BUF(texts, 1000);
        assert_ok(parse(&a, rows[i].filter, &f, &why));
        const struct field_key *keys = card_filter_keys(f, &count);
        if (!keys != !rows[i].key)
            print_error("%s\n", rows[i].filter);
        assert_int_equal(keys != NULL, rows[i].key != NULL);
        assert_int_equal(count > 0, rows[i].key != NULL);
        for (size_t k = 0; k < count; k++) {
            if (k)
                buf_addc(&texts, '|');
            buf_add(&texts, keys[k].folded);
        }
        if (!count)
            continue;
        assert_str(buf_view(&texts), rows[i].key);
        assert_int_equal(keys[count - 1].field, rows[i].field);
        assert_int_equal(keys[count - 1].match, rows[i].how);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_matches),
        cmocka_unit_test(test_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
