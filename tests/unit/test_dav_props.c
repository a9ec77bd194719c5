/* Tests of properties over DAV: PROPFIND in its forms, PROPPATCH whole or not at all. */
#include "tests/unit/dav_world.h"

#define ALICE "alice@example.test"
#define HOME  "/dav/calendars/alice@example.test/"
#define CAL   HOME "calendar/"

#define PATCH(ops)                                                                                           \
    "<D:propertyupdate xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\" xmlns:X=\"urn:x\">" ops    \
    "</D:propertyupdate>"
#define FIND(props)                                                                                          \
    "<D:propfind xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\" "                                \
    "xmlns:X=\"urn:x\"><D:prop>" props "</D:prop></D:propfind>"

static struct world w;

static int start(void **state)
{
    (void)state;
    world_start(&w, 1, "[limits]\nproperties = 12\nproperty_size = 1K\n");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    world_stop(&w);
    return 0;
}

static void refuses_infinity_above_collections(void **state)
{
    (void)state;
    static const char *const places[] = {"/dav/", "/dav/principals/", "/dav/calendars/", HOME};
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        SCOPED_EXCHANGE(deep) = askf(&w, ALICE, "PROPFIND %s\nDepth: infinity\n\n", places[i]);
        assert_answer(deep, 403, "<D:propfind-finite-depth/>");
        SCOPED_EXCHANGE(absent) = askf(&w, ALICE, "PROPFIND %s\n\n", places[i]);
        assert_answer(absent, 403, "<D:propfind-finite-depth/>");
    }
    SCOPED_EXCHANGE(inside) = ask(&w, ALICE, STR("PROPFIND " CAL "\nDepth: infinity\n\n"));
    assert_answer(inside, 207, CAL "</D:href>");
}

static void lists_only_ones_own_principal_and_homes(void **state)
{
    (void)state;
    static const char *const places[] = {"/dav/principals/", "/dav/calendars/", "/dav/addressbooks/"};
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        SCOPED_EXCHANGE(x) =
            askf(&w, ALICE, "PROPFIND %s\nDepth: 1\n\n" FIND("<D:resourcetype/>"), places[i]);
        assert_answer(x, 207, "alice@example.test/</D:href>");
        assert_not_in(x, "bob@example.test");
    }
    SCOPED_EXCHANGE(root) = ask(&w, ALICE, STR("PROPFIND /dav/\nDepth: 1\n\n" FIND("<D:resourcetype/>")));
    assert_answer(root, 207, "<D:href>/dav/addressbooks/</D:href>");
}

static void tells_names_and_all(void **state)
{
    (void)state;
    SCOPED_EXCHANGE(set) = ask(&w, ALICE,
                               STR("PROPPATCH " CAL "\n\n" PATCH(
                                   "<D:set><D:prop><X:note>of <X:b>mine</X:b></X:note></D:prop></D:set>")));
    assert_answer(set, 207, "200 OK");
    SCOPED_EXCHANGE(all) = ask(
        &w, ALICE,
        STR("PROPFIND " CAL
            "\nDepth: 0\n\n<propfind xmlns=\"DAV:\"><allprop/><include><sync-token/></include></propfind>"));
    assert_answer(all, 207, "<D:displayname>Calendar</D:displayname>");
    assert_answer(all, 207, "mine</X:b>");
    assert_answer(all, 207, "<D:sync-token>urn:scambio:sync:");
    assert_not_in(all, "supported-privilege-set"); /* RFC 3744 section 5.3 and its like: not in allprop */
    SCOPED_EXCHANGE(empty) = ask(&w, ALICE, STR("PROPFIND " CAL "\nDepth: 0\n\n"));
    assert_answer(empty, 207, "<D:displayname>Calendar</D:displayname>");
    SCOPED_EXCHANGE(names) =
        ask(&w, ALICE, STR("PROPFIND " CAL "\nDepth: 0\n\n<propfind xmlns=\"DAV:\"><propname/></propfind>"));
    assert_answer(names, 207, "<D:displayname></D:displayname>");
    assert_answer(names, 207, "supported-calendar-component-set");
    assert_answer(names, 207, "urn:x");
    assert_not_in(names, "mine");
    SCOPED_EXCHANGE(both) =
        ask(&w, ALICE,
            STR("PROPFIND " CAL "\nDepth: 0\n\n<propfind xmlns=\"DAV:\"><propname/><allprop/></propfind>"));
    assert_answer(both, 400, NULL);
}

static void leaves_out_what_is_unknown_when_asked(void **state)
{
    (void)state;
    SCOPED_EXCHANGE(full) =
        ask(&w, ALICE, STR("PROPFIND " CAL "\nDepth: 0\n\n" FIND("<D:displayname/><X:none/>")));
    assert_answer(full, 207, "404 Not Found");
    SCOPED_EXCHANGE(brief) =
        ask(&w, ALICE, STR("PROPFIND " CAL "\nDepth: 0\nBrief: t\n\n" FIND("<D:displayname/><X:none/>")));
    assert_answer(brief, 207, "displayname");
    assert_not_in(brief, "404");
    SCOPED_EXCHANGE(noroot) =
        ask(&w, ALICE,
            STR("PROPFIND " HOME
                "\nDepth: 1\nPrefer: return=minimal, depth-noroot\n\n" FIND("<D:displayname/>")));
    assert_answer(noroot, 207, CAL "</D:href>");
    assert_not_in(noroot, HOME "</D:href>");
}

static void changes_all_or_nothing(void **state)
{
    (void)state;
    SCOPED_EXCHANGE(mixed) =
        ask(&w, ALICE,
            STR("PROPPATCH " CAL
                "\n\n" PATCH("<D:set><D:prop><X:kept>1</X:kept><D:getetag>x</D:getetag></D:prop></D:set>")));
    assert_answer(mixed, 207, "424 Failed Dependency");
    assert_answer(mixed, 207, "<D:cannot-modify-protected-property/>");
    SCOPED_EXCHANGE(none) = ask(&w, ALICE, STR("PROPFIND " CAL "\nDepth: 0\n\n" FIND("<X:kept/>")));
    assert_answer(none, 207, "404 Not Found");
    static const char *const protected[] = {"<D:resourcetype><D:collection/></D:resourcetype>",
                                            "<D:sync-token>1</D:sync-token>",
                                            "<D:owner/>",
                                            "<D:acl/>",
                                            "<C:supported-calendar-component-set/>",
                                            "<D:current-user-privilege-set/>",
                                            "<C:max-resource-size>1</C:max-resource-size>"};
    for (size_t i = 0; i < COUNT_OF(protected); i++) {
        SCOPED_EXCHANGE(x) = askf(
            &w, ALICE, "PROPPATCH " CAL "\n\n" PATCH("<D:set><D:prop>%s</D:prop></D:set>"), protected[i]);
        assert_answer(x, 207, "<D:cannot-modify-protected-property/>");
    }
    SCOPED_EXCHANGE(type) = ask(&w, ALICE, STR("PROPFIND " CAL "\nDepth: 0\n\n" FIND("<D:resourcetype/>")));
    assert_answer(type, 207, "<C:calendar/>");
}

static void applies_in_order(void **state)
{
    (void)state;
    SCOPED_EXCHANGE(x) =
        ask(&w, ALICE,
            STR("PROPPATCH " CAL
                "\n\n" PATCH("<D:set><D:prop><X:o>1</X:o></D:prop></D:set><D:remove><D:prop><X:o/></D:prop>"
                             "</D:remove><D:set><D:prop><X:o>3</X:o></D:prop></D:set>")));
    assert_answer(x, 207, "200 OK");
    SCOPED_EXCHANGE(get) = ask(&w, ALICE, STR("PROPFIND " CAL "\nDepth: 0\n\n" FIND("<X:o/>")));
    assert_answer(get, 207, ">3</");
    SCOPED_EXCHANGE(remove) =
        ask(&w, ALICE,
            STR("PROPPATCH " CAL "\n\n" PATCH("<D:remove><D:prop><X:o/><X:never/></D:prop></D:remove>")));
    assert_answer(remove, 207, "200 OK");
    SCOPED_EXCHANGE(gone) = ask(&w, ALICE, STR("PROPFIND " CAL "\nDepth: 0\n\n" FIND("<X:o/>")));
    assert_answer(gone, 207, "404 Not Found");
}

static void keeps_markup_and_text_apart(void **state)
{
    (void)state;
    SCOPED_EXCHANGE(set) = ask(&w, ALICE,
                               STR("PROPPATCH " CAL "\n\n" PATCH(
                                   "<D:set><D:prop><X:m xml:lang=\"it\">a &lt;b&gt; &amp; <![CDATA[<c>]]>"
                                   "<y xmlns=\"urn:y\" z=\"&quot;\">\xc3\xa8</y></X:m></D:prop></D:set>")));
    assert_answer(set, 207, "200 OK");
    SCOPED_EXCHANGE(get) = ask(&w, ALICE, STR("PROPFIND " CAL "\nDepth: 0\n\n" FIND("<X:m/>")));
    assert_answer(get, 207, "a &lt;b&gt; &amp; &lt;c&gt;");
    assert_answer(get, 207, "\xc3\xa8");
}

static void keeps_both_names_of_a_time_zone_in_line(void **state)
{
    static const char zone[] =
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VTIMEZONE\nTZID:America/New_York\nBEGIN:STANDARD\n"
        "DTSTART:20071104T020000\nTZOFFSETFROM:-0400\nTZOFFSETTO:-0500\nEND:STANDARD\nEND:VTIMEZONE\nEND:"
        "VCALENDAR\n";
    (void)state;
    SCOPED_EXCHANGE(id) = ask(
        &w, ALICE,
        STR("PROPPATCH " CAL "\n\n" PATCH(
            "<D:set><D:prop><C:calendar-timezone-id>Europe/Rome</C:calendar-timezone-id></D:prop></D:set>")));
    assert_answer(id, 207, "200 OK");
    SCOPED_EXCHANGE(text) =
        ask(&w, ALICE, STR("PROPFIND " CAL "\nDepth: 0\n\n" FIND("<C:calendar-timezone/>")));
    assert_answer(text, 207, "TZID:Europe/Rome");
    SCOPED_EXCHANGE(set) =
        askf(&w, ALICE,
             "PROPPATCH " CAL
             "\n\n" PATCH("<D:set><D:prop><C:calendar-timezone>%s</C:calendar-timezone></D:prop></D:set>"),
             zone);
    assert_answer(set, 207, "200 OK");
    SCOPED_EXCHANGE(both) =
        ask(&w, ALICE,
            STR("PROPFIND " CAL "\nDepth: 0\n\n" FIND("<C:calendar-timezone/><C:calendar-timezone-id/>")));
    assert_answer(both, 207, "<C:calendar-timezone-id>America/New_York</C:calendar-timezone-id>");
    assert_answer(both, 207, "DTSTART:20071104T020000");
    SCOPED_EXCHANGE(unknown) = ask(
        &w, ALICE,
        STR("PROPPATCH " CAL "\n\n" PATCH(
            "<D:set><D:prop><C:calendar-timezone-id>Mars/Crater</C:calendar-timezone-id></D:prop></D:set>")));
    assert_answer(unknown, 207, "<C:valid-timezone/>");
    SCOPED_EXCHANGE(bad) =
        ask(&w, ALICE,
            STR("PROPPATCH " CAL "\n\n" PATCH(
                "<D:set><D:prop><C:calendar-timezone>no zone</C:calendar-timezone></D:prop></D:set>")));
    assert_answer(bad, 207, "<C:valid-calendar-data/>");
    SCOPED_EXCHANGE(remove) = ask(
        &w, ALICE,
        STR("PROPPATCH " CAL "\n\n" PATCH("<D:remove><D:prop><C:calendar-timezone/></D:prop></D:remove>")));
    assert_answer(remove, 207, "200 OK");
    SCOPED_EXCHANGE(none) =
        ask(&w, ALICE,
            STR("PROPFIND " CAL "\nDepth: 0\n\n" FIND("<C:calendar-timezone/><C:calendar-timezone-id/>")));
    assert_not_in(none, "200 OK</D:status></D:propstat><D:propstat><D:prop></D:prop>");
    assert_not_in(none, "New_York");
}

static void bounds_what_is_kept(void **state)
{
    (void)state;
    SCOPED_BUF(value, 8192);
    for (int i = 0; i < 2000; i++)
        buf_addc(&value, 'x');
    SCOPED_EXCHANGE(large) =
        askf(&w, ALICE, "PROPPATCH " CAL "\n\n" PATCH("<D:set><D:prop><X:l>%s</X:l></D:prop></D:set>"),
             buf_c(&value));
    assert_answer(large, 413, NULL);
    int refused = 0;
    for (int i = 0; i < 14; i++) {
        SCOPED_EXCHANGE(x) = askf(
            &w, ALICE, "PROPPATCH " HOME "notes/\n\n" PATCH("<D:set><D:prop><X:n%d/></D:prop></D:set>"), i);
        assert_int_equal(x->t.resp.status, 207);
        refused += str_find(answer_body(x), STR("507 Insufficient Storage"), 0) != SIZE_MAX;
    }
    assert_int_equal(refused, 2);
}

static void items_have_properties_of_their_own(void **state)
{
    (void)state;
    SCOPED_EXCHANGE(put) =
        ask(&w, ALICE,
            STR("PUT " CAL "p.ics\n\nBEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:p\r\n"
                "DTSTAMP:20260101T000000Z\r\nDTSTART:20260105T100000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"));
    assert_answer(put, 201, NULL);
    SCOPED_EXCHANGE(set) =
        ask(&w, ALICE,
            STR("PROPPATCH " CAL "p.ics\n\n" PATCH(
                "<D:set><D:prop><X:tag>red</X:tag><D:displayname>P</D:displayname></D:prop></D:set>")));
    assert_answer(set, 207, "200 OK");
    SCOPED_EXCHANGE(move) = ask(&w, ALICE, STR("MOVE " CAL "p.ics\nDestination: " CAL "q.ics\n\n"));
    assert_answer(move, 201, NULL);
    SCOPED_EXCHANGE(get) = ask(&w, ALICE,
                               STR("PROPFIND " CAL "q.ics\nDepth: 0\n\n" FIND(
                                   "<X:tag/><D:displayname/><D:getcontentlength/><D:creationdate/>")));
    assert_answer(get, 207, ">red</");
    assert_answer(get, 207, "<D:displayname>P</D:displayname>");
    assert_not_in(get, "404");
}

static void leaves_others_alone(void **state)
{
    (void)state;
    SCOPED_EXCHANGE(home) = ask(&w, ALICE,
                                STR("PROPPATCH /dav/calendars/bob@example.test/\n\n" PATCH(
                                    "<D:set><D:prop><X:a>1</X:a></D:prop></D:set>")));
    assert_answer(home, 403, "<D:write-properties/>");
    SCOPED_EXCHANGE(name) = ask(&w, ALICE,
                                STR("PROPPATCH /dav/principals/alice@example.test/\n\n" PATCH(
                                    "<D:set><D:prop><D:displayname>Eve</D:displayname></D:prop></D:set>")));
    assert_answer(name, 207, "<D:cannot-modify-protected-property/>");
    SCOPED_EXCHANGE(own) = ask(&w, ALICE,
                               STR("PROPPATCH /dav/principals/alice@example.test/\n\n" PATCH(
                                   "<D:set><D:prop><X:a>secret</X:a></D:prop></D:set>")));
    assert_answer(own, 207, "200 OK");
    SCOPED_EXCHANGE(read) =
        ask(&w, "bob@example.test",
            STR("PROPFIND /dav/principals/alice@example.test/\nDepth: 0\n\n" FIND("<X:a/>")));
    assert_answer(read, 207, "404 Not Found");
    assert_not_in(read, "secret");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_infinity_above_collections),
        cmocka_unit_test(lists_only_ones_own_principal_and_homes),
        cmocka_unit_test(tells_names_and_all),
        cmocka_unit_test(leaves_out_what_is_unknown_when_asked),
        cmocka_unit_test(changes_all_or_nothing),
        cmocka_unit_test(applies_in_order),
        cmocka_unit_test(keeps_markup_and_text_apart),
        cmocka_unit_test(keeps_both_names_of_a_time_zone_in_line),
        cmocka_unit_test(bounds_what_is_kept),
        cmocka_unit_test(items_have_properties_of_their_own),
        cmocka_unit_test(leaves_others_alone),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
