/* The reports about who is who: expand-property, principal-match, principal-property-search, acl-principal-prop-set. */
#include "formats/xml.h"
#include "tests/unit/dav_world.h"

#define ALICE     "alice@example.test"
#define BOB       "bob@example.test"
#define PRINCIPAL "/dav/principals/alice@example.test/"
#define HOME      "/dav/calendars/alice@example.test/"

static struct world w;

static int setup(void **state)
{
    (void)state;
    world_start(&w, 1, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_stop(&w);
    return 0;
}

static struct exchange *report(const char *user, const char *path, const char *body)
{
    return askf(&w, user, "REPORT %s\nDepth: 0\n\n%s", path, body);
}

static size_t count(const struct exchange *x, const char *text)
{
    size_t n = 0;
    struct str body = answer_body(x), needle = str_c(text);
    for (size_t at = str_find(body, needle, 0); at != SIZE_MAX; at = str_find(body, needle, at + 1))
        n++;
    return n;
}

static void well_formed(const struct exchange *x)
{
    static const struct xml_limits limits = {.size = 64 << 20, .depth = 100, .nodes = 1000000};
    SCOPED_ARENA(a, 64 << 20);
    struct xml_node *root;
    struct str why;
    assert_ok(xml_parse(&a, answer_body(x), &limits, &root, &why));
}

static void expands_what_hrefs_name(void **state)
{
    (void)state;
    SCOPED_EXCHANGE(x) = report(
        ALICE, HOME "calendar/",
        "<D:expand-property xmlns:D=\"DAV:\"><D:property name=\"owner\"><D:property name=\"displayname\"/>"
        "<D:property name=\"no-such\" namespace=\"urn:x\"/></D:property><D:property name=\"displayname\"/>"
        "<D:property name=\"missing\"/></D:expand-property>");
    assert_answer(x, 207, "<D:owner><D:response><D:href>/dav/principals/alice");
    assert_answer(x, 207, "<D:displayname>Alice Example</D:displayname>");
    assert_int_equal(count(x, "404 Not Found"), 2);
    well_formed(x);
    SCOPED_EXCHANGE(brief) =
        askf(&w, ALICE,
             "REPORT " HOME
             "calendar/\nBrief: t\n\n<D:expand-property xmlns:D=\"DAV:\"><D:property name=\"missing\"/>"
             "</D:expand-property>");
    assert_not_in(brief, "404");
    SCOPED_EXCHANGE(nameless) =
        report(ALICE, PRINCIPAL, "<D:expand-property xmlns:D=\"DAV:\"><D:property/></D:expand-property>");
    assert_answer(nameless, 400, NULL);
    SCOPED_EXCHANGE(members) =
        askf(&w, ALICE,
             "REPORT " HOME "\nDepth: 1\n\n<D:expand-property xmlns:D=\"DAV:\"><D:property name=\"owner\">"
             "<D:property name=\"displayname\"/></D:property></D:expand-property>");
    assert_int_equal(count(members, "Alice Example"), 4); /* the home and its three collections */
    well_formed(members);
}

/* An href that leads back to where it came from must end. */
static void expands_to_a_bounded_depth(void **state)
{
    (void)state;
    SCOPED_BUF(body, 4 << 20);
    buf_addz(&body, "<D:expand-property xmlns:D=\"DAV:\">");
    for (int i = 0; i < 40; i++)
        buf_addz(&body, "<D:property name=\"principal-URL\">");
    for (int i = 0; i < 40; i++)
        buf_addz(&body, "</D:property>");
    buf_addz(&body, "</D:expand-property>");
    SCOPED_EXCHANGE(x) = report(ALICE, PRINCIPAL, buf_c(&body));
    assert_answer(x, 207, NULL);
    well_formed(x);
    assert_true(count(x, "<D:response>") > 2 && count(x, "<D:response>") < 10);
    /* and so must one that fans out: 30 properties in 30 in 30 in 30 */
    buf_clear(&body);
    buf_addz(&body, "<D:expand-property xmlns:D=\"DAV:\">");
    for (int i = 0; i < 3; i++)
        buf_addz(&body, "<D:property name=\"principal-URL\">");
    for (int i = 0; i < 30000; i++)
        buf_addz(&body, "<D:property name=\"principal-URL\"><D:property name=\"displayname\"/></D:property>");
    for (int i = 0; i < 3; i++)
        buf_addz(&body, "</D:property>");
    buf_addz(&body, "</D:expand-property>");
    SCOPED_EXCHANGE(wide) = report(ALICE, PRINCIPAL, buf_c(&body));
    assert_answer(wide, 507, "number-of-matches-within-limits");
}

static void tells_who_one_is(void **state)
{
    (void)state;
    static const char self[] =
        "<D:principal-match xmlns:D=\"DAV:\"><D:self/><D:prop><D:displayname/></D:prop></D:principal-match>";
    SCOPED_EXCHANGE(x) = report(ALICE, "/dav/principals/", self);
    assert_answer(x, 207, "<D:displayname>Alice Example</D:displayname>");
    assert_int_equal(count(x, "<D:response>"), 1);
    static const char owner[] =
        "<D:principal-match "
        "xmlns:D=\"DAV:\"><D:principal-property><D:owner/></D:principal-property></D:principal-match>";
    SCOPED_EXCHANGE(owned) = report(ALICE, HOME, owner);
    assert_int_equal(count(owned, "<D:response>"), 3);
    SCOPED_EXCHANGE(neither) = report(ALICE, HOME, "<D:principal-match xmlns:D=\"DAV:\"/>");
    assert_answer(neither, 400, NULL);
}

#define SEARCH(attrs, clauses)                                                                               \
    "<D:principal-property-search xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\" "               \
    "xmlns:S=\"http://calendarserver.org/ns/\" " attrs ">" clauses                                           \
    "<D:prop><D:displayname/></D:prop></D:principal-property-search>"
#define CLAUSE(prop, text)                                                                                   \
    "<D:property-search><D:prop>" prop "</D:prop><D:match>" text "</D:match></D:property-search>"

static void finds_principals(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        const char *found; /* initials */
    } searches[] = {
        {SEARCH("", CLAUSE("<D:displayname/>", "ALICE")), "A"},
        {SEARCH("", CLAUSE("<D:displayname/>", "example")), "ABC"},
        {SEARCH("", CLAUSE("<D:displayname/>", "nobody")), ""},
        {SEARCH("", CLAUSE("<S:email-address-set/>", "bob@")), "B"},
        {SEARCH("", CLAUSE("<C:calendar-user-address-set/>", "mailto:carol@example.test")), "C"},
        {SEARCH("", CLAUSE("<C:calendar-user-address-set/>", "/dav/principals/bob")), "B"},
        {SEARCH("", CLAUSE("<C:calendar-user-type/>", "INDIVIDUAL")), "ABC"},
        {SEARCH("", CLAUSE("<C:calendar-user-type/>", "ROOM")), ""},
        {SEARCH("", CLAUSE("<D:displayname/>", "alice") CLAUSE("<S:email-address-set/>", "bob")), ""},
        {SEARCH("test=\"allof\"",
                CLAUSE("<D:displayname/>", "example") CLAUSE("<S:email-address-set/>", "bob")),
         "B"},
        {SEARCH("test=\"anyof\"",
                CLAUSE("<D:displayname/>", "alice") CLAUSE("<S:email-address-set/>", "bob")),
         "AB"},
        {SEARCH("test=\"anyof\"", CLAUSE("<D:displayname/>", "alice") CLAUSE("<D:getetag/>", "x")), "A"},
        {SEARCH("", CLAUSE("<D:getetag/>", "x")), ""},
        {SEARCH("", "<D:property-search><D:prop><D:displayname/></D:prop><D:match "
                    "match-type=\"starts-with\">example</D:match>"
                    "</D:property-search>"),
         ""},
    };
    static const char *const names[] = {"Alice Example", "Bob Example", "Carol Example"};
    for (size_t i = 0; i < COUNT_OF(searches); i++) {
        SCOPED_EXCHANGE(x) = report(BOB, "/dav/principals/", searches[i].body);
        assert_answer(x, 207, NULL);
        for (size_t n = 0; n < COUNT_OF(names); n++) {
            bool wanted = strchr(searches[i].found, names[n][0]) != NULL;
            if (count(x, names[n]) != wanted)
                print_error("%s: %s\n", searches[i].body, names[n]);
            assert_int_equal(count(x, names[n]), wanted);
        }
    }
    SCOPED_EXCHANGE(none) = report(BOB, "/dav/principals/", SEARCH("", ""));
    assert_answer(none, 400, NULL);
    SCOPED_EXCHANGE(elsewhere) = report(
        BOB, HOME, SEARCH("", CLAUSE("<D:displayname/>", "alice") "<D:apply-to-principal-collection-set/>"));
    assert_answer(elsewhere, 207, "Alice Example");
    SCOPED_EXCHANGE(limited) = report(
        BOB, "/dav/principals/",
        SEARCH("", CLAUSE("<D:displayname/>", "example") "<D:limit><D:nresults>2</D:nresults></D:limit>"));
    assert_answer(limited, 207, "507");
    assert_int_equal(count(limited, " Example</D:displayname>"), 2);
}

static void says_what_can_be_searched(void **state)
{
    (void)state;
    SCOPED_EXCHANGE(x) =
        report(ALICE, "/dav/principals/", "<D:principal-search-property-set xmlns:D=\"DAV:\"/>");
    assert_answer(x, 200, "<D:principal-search-property><D:prop><D:displayname/></D:prop>");
    assert_answer(x, 200, "<C:calendar-user-address-set/>");
    well_formed(x);
}

static void tells_whom_an_acl_names(void **state)
{
    (void)state;
    static const char body[] =
        "<D:acl-principal-prop-set "
        "xmlns:D=\"DAV:\"><D:prop><D:displayname/></D:prop></D:acl-principal-prop-set>";
    SCOPED_ARENA(a, 1 << 20);
    struct principal alice, bob;
    struct collection c;
    {
        SCOPED_READ(tx, w.store);
        assert_ok(directory_find(w.directory, tx, &a, STR(ALICE), &alice));
        assert_ok(directory_find(w.directory, tx, &a, STR(BOB), &bob));
        assert_ok(collection_find(tx, &a, &actor_system, alice.id, KIND_CALENDAR, STR("calendar"), &c));
    }
    struct acl_entry entries[] = {{bob.id, RIGHTS_READ}, {PRINCIPAL_ANYONE, RIGHTS_FREEBUSY}};
    assert_ok(acl_share(w.store, &actor_system, c.id, entries, COUNT_OF(entries)));
    SCOPED_EXCHANGE(x) = report(ALICE, HOME "calendar/", body);
    assert_answer(x, 207, "Alice Example");
    assert_answer(x, 207, "Bob Example");
    assert_int_equal(count(x, "<D:response>"), 2);
    SCOPED_EXCHANGE(reader) = report(BOB, HOME "calendar/", body);
    assert_answer(reader, 403, "read-acl");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expands_what_hrefs_name),   cmocka_unit_test(expands_to_a_bounded_depth),
        cmocka_unit_test(tells_who_one_is),          cmocka_unit_test(finds_principals),
        cmocka_unit_test(says_what_can_be_searched), cmocka_unit_test(tells_whom_an_acl_names),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
