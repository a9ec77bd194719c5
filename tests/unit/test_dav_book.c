/* The reports about address books as requests: addressbook-query with its limit, addressbook-multiget, versions of cards. */
#include "tests/unit/dav_world.h"

#define BOOK      "/dav/addressbooks/alice@example.test/contacts/"
#define HOME      "/dav/addressbooks/alice@example.test/"
#define ALICE     "alice@example.test"
#define NAMESPACE "xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:carddav\""

static struct world w;

static void put(const char *name, const char *card)
{
    SCOPED_EXCHANGE(x) = askf(&w, ALICE, "PUT " BOOK "%s\nContent-Type: text/vcard\n\n%s", name, card);
    assert_answer(x, 201, NULL);
}

static int setup(void **state)
{
    (void)state;
    world_start(&w, 1, NULL);
    put("nicolo.vcf", "BEGIN:VCARD\nVERSION:3.0\nUID:nicolo\nFN:Nicolò "
                      "Rossi\nN:Rossi;Nicolò;;;\nEMAIL;TYPE=WORK:nick@example.test\n"
                      "TEL;TYPE=CELL:+39 02 1\nNICKNAME:Nick\nEND:VCARD\n");
    put("maria.vcf", "BEGIN:VCARD\nVERSION:3.0\nUID:maria\nFN:Maria "
                     "Rossini\nN:Rossini;Maria;;;\nEMAIL;TYPE=HOME:maria@home.test\n"
                     "EMAIL;TYPE=WORK:maria@example.test\nEND:VCARD\n");
    put("four.vcf",
        "BEGIN:VCARD\nVERSION:4.0\nUID:four\nFN:Vier Vier\nEMAIL;PREF=1:vier@example.test\nEND:VCARD\n");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_stop(&w);
    return 0;
}

static struct exchange *query(const char *path, const char *depth, const char *inside)
{
    return askf(&w, ALICE,
                "REPORT %s\nDepth: %s\n\n<C:addressbook-query " NAMESPACE
                "><D:prop><D:getetag/></D:prop>%s</C:addressbook-query>",
                path, depth, inside);
}

static size_t responses(const struct exchange *x)
{
    size_t n = 0;
    struct str body = answer_body(x);
    for (size_t at = str_find(body, STR("<D:response>"), 0); at != SIZE_MAX;
         at = str_find(body, STR("<D:response>"), at + 1))
        n++;
    return n;
}

#define FILTER(test, inside) "<C:filter test=\"" test "\">" inside "</C:filter>"
#define PROP(name, inside)   "<C:prop-filter name=\"" name "\">" inside "</C:prop-filter>"
#define TEXT(text)           "<C:text-match>" text "</C:text-match>"

static void finds_cards(void **state)
{
    (void)state;
    static const struct {
        const char *filter;
        size_t found;
    } queries[] = {
        {"<C:filter/>", 3},
        {FILTER("anyof", PROP("FN", TEXT("rossi"))), 2},
        {FILTER("anyof", PROP("FN", TEXT("NICOLÒ"))), 1},
        {FILTER("anyof", PROP("FN", "<C:text-match match-type=\"equals\">maria rossini</C:text-match>")), 1},
        {FILTER("anyof", PROP("FN", "<C:text-match match-type=\"starts-with\">ross</C:text-match>")), 0},
        {FILTER("anyof", PROP("FN", "<C:text-match negate-condition=\"yes\">rossi</C:text-match>")), 1},
        {FILTER("anyof", PROP("FN", TEXT("maria")) PROP("EMAIL", TEXT("nick"))), 2},
        {FILTER("allof", PROP("FN", TEXT("rossi")) PROP("EMAIL", TEXT("nick"))), 1},
        {FILTER("anyof", PROP("NICKNAME", "<C:is-not-defined/>")), 2},
        {FILTER("anyof", PROP("TEL", "")), 1},
        {FILTER("anyof", PROP("EMAIL", "<C:param-filter name=\"TYPE\">" TEXT("home") "</C:param-filter>")),
         1},
        {FILTER("anyof", PROP("FN", "<C:text-match collation=\"i;octet\">rossi</C:text-match>")), 0},
    };
    for (size_t i = 0; i < COUNT_OF(queries); i++) {
        SCOPED_EXCHANGE(x) = query(BOOK, "1", queries[i].filter);
        assert_answer(x, 207, NULL);
        if (responses(x) != queries[i].found)
            print_error("%s\n", queries[i].filter);
        assert_int_equal(responses(x), queries[i].found);
    }
    SCOPED_EXCHANGE(zero) = query(BOOK, "0", "<C:filter/>");
    assert_int_equal(responses(zero), 0);
    SCOPED_EXCHANGE(home) = query(HOME, "infinity", "<C:filter/>");
    assert_int_equal(responses(home), 3);
    SCOPED_EXCHANGE(one) = query(BOOK "maria.vcf", "0", FILTER("anyof", PROP("FN", TEXT("rossi"))));
    assert_int_equal(responses(one), 1);
}

static void stops_at_the_limit(void **state)
{
    (void)state;
    SCOPED_EXCHANGE(x) = query(BOOK, "1", "<C:filter/><C:limit><C:nresults>2</C:nresults></C:limit>");
    assert_answer(x, 207, "<D:href>" BOOK "</D:href><D:status>HTTP/1.1 507");
    assert_answer(x, 207, "number-of-matches-within-limits");
    assert_int_equal(responses(x), 3);
    SCOPED_EXCHANGE(exact) = query(BOOK, "1", "<C:filter/><C:limit><C:nresults>3</C:nresults></C:limit>");
    assert_not_in(exact, "507");
    assert_int_equal(responses(exact), 3);
    SCOPED_EXCHANGE(wrong) = query(BOOK, "1", "<C:filter/><C:limit><C:nresults>some</C:nresults></C:limit>");
    assert_answer(wrong, 400, NULL);
}

static void says_what_is_wrong_with_a_query(void **state)
{
    (void)state;
    SCOPED_EXCHANGE(collation) =
        query(BOOK, "1", FILTER("anyof", PROP("FN", "<C:text-match collation=\"i;none\">x</C:text-match>")));
    assert_answer(collation, 403, "supported-collation");
    SCOPED_EXCHANGE(data) = askf(&w, ALICE,
                                 "REPORT " BOOK "\nDepth: 1\n\n<C:addressbook-query " NAMESPACE
                                 "><D:prop><C:address-data version=\"2.1\"/></D:prop>"
                                 "<C:filter/></C:addressbook-query>");
    assert_answer(data, 403, "supported-address-data");
}

static struct exchange *multiget(const char *data, const char *hrefs)
{
    return askf(&w, ALICE,
                "REPORT " BOOK "\n\n<C:addressbook-multiget " NAMESPACE
                "><D:prop><D:getetag/>%s</D:prop>%s</C:addressbook-multiget>",
                data, hrefs);
}

static void gives_the_version_asked_for(void **state)
{
    (void)state;
    SCOPED_EXCHANGE(x) =
        multiget("<C:address-data/>", "<D:href>" BOOK "four.vcf</D:href><D:href>" BOOK "maria.vcf</D:href>"
                                      "<D:href>" BOOK "none.vcf</D:href>");
    assert_answer(x, 207, "FN:Vier Vier");
    assert_not_in(x, "VERSION:4.0");
    assert_answer(x, 207, "<D:href>" BOOK "none.vcf</D:href><D:status>HTTP/1.1 404");
    assert_int_equal(responses(x), 3);
    SCOPED_EXCHANGE(four) = multiget(
        "<C:address-data content-type=\"text/vcard\" version=\"4.0\"><C:prop name=\"FN\"/></C:address-data>",
        "<D:href>" BOOK "maria.vcf</D:href>");
    assert_answer(four, 207, "version=\"4.0\"");
    assert_answer(four, 207, "FN:Maria Rossini");
    assert_not_in(four, "EMAIL");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_cards),
        cmocka_unit_test(stops_at_the_limit),
        cmocka_unit_test(says_what_is_wrong_with_a_query),
        cmocka_unit_test(gives_the_version_asked_for),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
