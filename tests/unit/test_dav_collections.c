/* Tests of collections over DAV: MKCOL and MKCALENDAR, COPY, MOVE, DELETE; with one shard and with three. */
#include "tests/unit/dav_world.h"

#define ALICE "alice@example.test"
#define HOME  "/dav/calendars/alice@example.test/"
#define BOOKS "/dav/addressbooks/alice@example.test/"
#define MKCOL(props)                                                                                         \
    "<D:mkcol xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\" "                                   \
    "xmlns:CR=\"urn:ietf:params:xml:ns:carddav\"><D:set><D:prop>" props "</D:prop></D:set></D:mkcol>"
#define CALENDAR "<D:resourcetype><D:collection/><C:calendar/></D:resourcetype>"
#define BOOK     "<D:resourcetype><D:collection/><CR:addressbook/></D:resourcetype>"

static struct world w;

static int start_one(void **state)
{
    (void)state;
    world_start(&w, 1, NULL);
    return 0;
}

static int start_three(void **state)
{
    (void)state;
    world_start(&w, 3, NULL);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    world_stop(&w);
    return 0;
}

static void put_event(const char *user, const char *path, const char *uid, int status)
{
    SCOPED_EXCHANGE(x) =
        askf(&w, user,
             "PUT %s\n\nBEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:%s\r\n"
             "DTSTAMP:20260101T000000Z\r\nDTSTART:20260105T100000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
             path, uid);
    assert_answer(x, status, NULL);
}

static void expect(const char *user, const char *request, int status, const char *part)
{
    SCOPED_EXCHANGE(x) = ask(&w, user, str_c(request));
    assert_answer(x, status, part);
}

static void makes_what_the_home_holds(void **state)
{
    (void)state;
    expect(ALICE, "MKCALENDAR " HOME "plain/\n\n", 201, NULL);
    expect(ALICE, "MKCALENDAR " HOME "plain/\n\n", 405, "<D:resource-must-be-null/>");
    expect(ALICE,
           "PROPFIND " HOME
           "plain/\nDepth: 0\n\n<propfind xmlns=\"DAV:\"><prop><C:supported-calendar-component-set "
           "xmlns:C=\"urn:ietf:params:xml:ns:caldav\"/></prop></propfind>",
           207, "<C:comp name=\"VTODO\"/>");
    expect(ALICE, "MKCOL " HOME "extended/\n\n" MKCOL(CALENDAR "<D:displayname>E</D:displayname>"), 201,
           NULL);
    expect(ALICE, "MKCOL " BOOKS "friends/\n\n" MKCOL(BOOK), 201, NULL);
    expect(ALICE, "MKCOL " HOME "bare/\n\n", 403, "<D:valid-resourcetype/>");
    expect(ALICE, "MKCOL " HOME "book/\n\n" MKCOL(BOOK), 403, "<D:valid-resourcetype/>");
    expect(ALICE, "MKCOL " BOOKS "cal/\n\n" MKCOL(CALENDAR), 403, "<D:valid-resourcetype/>");
    expect(ALICE, "MKCALENDAR " BOOKS "cal/\n\n", 403, "addressbook-collection-location-ok");
    expect(ALICE, "MKCALENDAR " HOME "calendar/inner\n\n", 403, "<C:calendar-collection-location-ok/>");
    expect(ALICE, "MKCALENDAR " HOME "inbox/\n\n", 403, "<C:calendar-collection-location-ok/>");
    expect(ALICE, "MKCALENDAR /dav/calendars/nobody@example.test/x/\n\n", 409, NULL);
    expect(ALICE, "MKCALENDAR /dav/calendars/bob@example.test/x/\n\n", 403, "<D:bind/>");
}

/* RFC 5689 section 3.3: all or none; what failed is named, the rest depends on it. */
static void makes_nothing_when_a_property_fails(void **state)
{
    (void)state;
    expect(ALICE,
           "MKCOL " HOME
           "fails/\n\n" MKCOL(CALENDAR "<D:displayname>E</D:displayname><D:getetag>1</D:getetag>"),
           403, "<D:cannot-modify-protected-property/>");
    expect(
        ALICE,
        "MKCOL " HOME "fails/\n\n" MKCOL(
            CALENDAR
            "<C:calendar-timezone-id>Mars/Crater</C:calendar-timezone-id><D:displayname>E</D:displayname>"),
        403, "424 Failed Dependency");
    expect(ALICE,
           "MKCOL " HOME
           "fails/\n\n" MKCOL(CALENDAR "<C:supported-calendar-component-set><C:comp "
                                       "name=\"VNONSENSE\"/></C:supported-calendar-component-set>"),
           403, "<C:supported-calendar-component/>");
    expect(ALICE, "PROPFIND " HOME "fails/\nDepth: 0\n\n", 404, NULL);
}

static void moves_and_copies_items(void **state)
{
    (void)state;
    put_event(ALICE, HOME "calendar/1.ics", "u1", 201);
    expect(ALICE,
           "COPY " HOME "calendar/1.ics\nDestination: http://mail.example.test" HOME "extended/1.ics\n\n",
           201, NULL);
    expect(ALICE, "GET " HOME "extended/1.ics\n\n", 200, "UID:u1");
    expect(ALICE, "COPY " HOME "calendar/1.ics\nDestination: " HOME "extended/1.ics\nOverwrite: F\n\n", 412,
           NULL);
    expect(ALICE, "COPY " HOME "calendar/1.ics\nDestination: " HOME "extended/1.ics\n\n", 204, NULL);
    expect(ALICE, "COPY " HOME "calendar/1.ics\nDestination: " HOME "extended/2.ics\n\n", 409,
           HOME "extended/1.ics</D:href>");
    expect(ALICE, "MOVE " HOME "calendar/1.ics\nDestination: " HOME "plain/m.ics\n\n", 201, NULL);
    expect(ALICE, "GET " HOME "calendar/1.ics\n\n", 404, NULL);
    expect(ALICE, "GET " HOME "plain/m.ics\n\n", 200, "UID:u1");
    expect(ALICE, "MOVE " HOME "plain/m.ics\nDestination: " HOME "plain/m.ics\n\n", 403, NULL);
    expect(ALICE, "MOVE " HOME "plain/m.ics\nDestination: " HOME "none/m.ics\n\n", 409, NULL);
    expect(ALICE, "MOVE " HOME "plain/m.ics\nDestination: http://elsewhere.test/x\n\n", 502, NULL);
    expect(ALICE, "MOVE " HOME "plain/m.ics\nDestination: " BOOKS "contacts/m.ics\n\n", 403,
           "<CR:supported-address-data/>");
    expect(ALICE, "MOVE " HOME "plain/m.ics\nDestination: " HOME "tasks/m.ics\n\n", 403,
           "<C:supported-calendar-component/>");
    expect(ALICE, "MOVE " HOME "plain/m.ics\n\n", 400, NULL);
    expect(ALICE, "MOVE " HOME "plain/m.ics\nDestination: " HOME "plain/n.ics\nOverwrite: perhaps\n\n", 400,
           NULL);
    expect(ALICE, "MOVE " HOME "plain/m.ics\nDestination: " HOME "plain/n.ics\nIf-Match: \"x\"\n\n", 412,
           NULL);
    expect(ALICE, "MOVE " HOME "plain/none.ics\nDestination: " HOME "plain/n.ics\n\n", 404, NULL);
    expect(ALICE, "MOVE " HOME "plain/m.ics\nDestination: /dav/calendars/bob@example.test/calendar/m.ics\n\n",
           409, NULL);
    expect(ALICE, "GET " HOME "plain/m.ics\n\n", 200, "UID:u1");
}

static void renames_and_copies_collections(void **state)
{
    (void)state;
    put_event(ALICE, HOME "extended/3.ics", "u3", 201);
    expect(ALICE, "MOVE " HOME "extended/\nDestination: " HOME "renamed/\n\n", 201, NULL);
    expect(ALICE, "GET " HOME "renamed/3.ics\n\n", 200, "UID:u3");
    expect(ALICE, "GET " HOME "extended/3.ics\n\n", 404, NULL);
    expect(ALICE, "COPY " HOME "renamed/\nDestination: " HOME "copy/\n\n", 201, NULL);
    expect(ALICE, "GET " HOME "copy/3.ics\n\n", 200, "UID:u3");
    expect(ALICE, "PROPFIND " HOME "copy/\nDepth: 0\n\n", 207, "<D:displayname>E</D:displayname>");
    expect(ALICE, "COPY " HOME "renamed/\nDestination: " HOME "shallow/\nDepth: 0\n\n", 201, NULL);
    expect(ALICE, "GET " HOME "shallow/3.ics\n\n", 404, NULL);
    expect(ALICE, "COPY " HOME "renamed/\nDestination: " HOME "copy/\nOverwrite: F\n\n", 412, NULL);
    expect(ALICE, "COPY " HOME "renamed/\nDestination: " HOME "shallow/\n\n", 204, NULL);
    expect(ALICE, "GET " HOME "shallow/3.ics\n\n", 200, "UID:u3");
    expect(ALICE, "MOVE " HOME "renamed/\nDestination: " HOME "copy/\nDepth: 1\n\n", 400, NULL);
    expect(ALICE, "MOVE " HOME "renamed/\nDestination: /dav/calendars/bob@example.test/taken/\n\n", 403,
           NULL);
    expect(ALICE, "MOVE " HOME "renamed/\nDestination: " HOME "outbox/\n\n", 403,
           "<C:calendar-collection-location-ok/>");
    expect(ALICE, "DELETE " HOME "copy/\nDepth: 1\n\n", 400, NULL);
    expect(ALICE, "DELETE " HOME "copy/\n\n", 204, NULL);
    expect(ALICE, "GET " HOME "copy/3.ics\n\n", 404, NULL);
    expect(ALICE, "MKCALENDAR " HOME "copy/\n\n", 201, NULL);
}

#define BOBS "/dav/calendars/bob@example.test/"
#define ACL(privilege)                                                                                       \
    "<D:acl "                                                                                                \
    "xmlns:D=\"DAV:\"><D:ace><D:principal><D:href>/dav/principals/bob@example.test/</D:href></"              \
    "D:principal><D:grant><D:privilege>" privilege "</D:privilege></D:grant></D:ace></D:acl>"

/* Bob's account is in another shard when there are three. */
static void works_between_accounts(void **state)
{
    (void)state;
    static const char bob[] = "bob@example.test";
    expect(ALICE, "ACL " HOME "shallow/\n\n" ACL("<D:write/>"), 200, NULL);
    expect(bob, "GET " BOBS "alice-shallow/3.ics\n\n", 403, NULL); /* to write is not to read */
    expect(ALICE, "ACL " HOME "shallow/\n\n" ACL("<D:read/></D:privilege><D:privilege><D:write/>"), 200,
           NULL);
    expect(bob, "GET " BOBS "alice-shallow/3.ics\n\n", 200, "UID:u3");
    expect(bob, "COPY " BOBS "alice-shallow/3.ics\nDestination: " BOBS "calendar/c.ics\n\n", 201, NULL);
    expect(bob, "GET " BOBS "calendar/c.ics\n\n", 200, "UID:u3");
    expect(bob, "DELETE " BOBS "calendar/c.ics\n\n", 204, NULL);
    expect(bob, "MOVE " BOBS "alice-shallow/3.ics\nDestination: " BOBS "calendar/m.ics\n\n", 201, NULL);
    expect(bob, "GET " BOBS "calendar/m.ics\n\n", 200, "UID:u3");
    expect(ALICE, "GET " HOME "shallow/3.ics\n\n", 404, NULL);
    put_event(bob, BOBS "alice-shallow/b.ics", "ub", 201);
    expect(ALICE, "GET " HOME "shallow/b.ics\n\n", 200, "UID:ub");
    expect(bob, "COPY " BOBS "alice-shallow/\nDestination: " BOBS "mine/\n\n", 201, NULL);
    expect(bob, "GET " BOBS "mine/b.ics\n\n", 200, "UID:ub");
    expect(bob, "MOVE " BOBS "alice-shallow/\nDestination: " BOBS "stolen/\n\n", 403, NULL);
    expect(bob, "COPY " BOBS "mine/\nDestination: " HOME "planted/\n\n", 403, NULL);
    expect(bob,
           "PROPPATCH " BOBS
           "alice-shallow/\n\n<D:propertyupdate xmlns:D=\"DAV:\"><D:set><D:prop><A:calendar-color "
           "xmlns:A=\"http://apple.com/ns/ical/\">#111111FF</A:calendar-color><X:shared "
           "xmlns:X=\"urn:x\">both</X:shared>"
           "</D:prop></D:set></D:propertyupdate>",
           207, "200 OK");
    expect(ALICE, "PROPFIND " HOME "shallow/\nDepth: 0\n\n", 207, ">both<");
    SCOPED_EXCHANGE(hers) = ask(&w, ALICE, STR("PROPFIND " HOME "shallow/\nDepth: 0\n\n"));
    assert_not_in(hers, "#111111FF");
    expect(bob, "PROPFIND " BOBS "alice-shallow/\nDepth: 0\n\n", 207, "#111111FF");
    expect(ALICE, "ACL " HOME "shallow/\n\n<D:acl xmlns:D=\"DAV:\"/>", 200, NULL);
    expect(bob, "GET " BOBS "alice-shallow/b.ics\n\n", 404, NULL);
}

/* The old address leads to the same place, and is repeated in answers; what leads on from there is the new one. */
static void survives_a_rename_of_the_user(void **state)
{
    (void)state;
    static const char renamed[] = "alice.rossi@example.test";
    SCOPED_BUF(why, 1024);
    SCOPED_ARENA(a, 1 << 16);
    struct login login;
    put_event(ALICE, HOME "plain/r.ics", "ur", 201);
    world_login(&w, &a, ALICE, &login);
    assert_ok(user_rename(w.directory, login.actor.id, str_c(renamed), &why));
    expect(renamed, "GET " HOME "plain/r.ics\n\n", 200, "UID:ur");
    expect(renamed, "GET /dav/calendars/alice.rossi@example.test/plain/r.ics\n\n", 200, "UID:ur");
    SCOPED_EXCHANGE(old) =
        ask(&w, renamed,
            STR("PROPFIND " HOME "plain/\nDepth: 1\n\n<propfind xmlns=\"DAV:\"><prop><owner/>"
                "<current-user-principal/></prop></propfind>"));
    assert_answer(old, 207, "<D:href>" HOME "plain/r.ics</D:href>");
    assert_answer(old, 207, "<D:href>/dav/principals/alice.rossi@example.test/</D:href>");
    assert_not_in(old, "/dav/principals/alice@example.test/");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_what_the_home_holds), cmocka_unit_test(makes_nothing_when_a_property_fails),
        cmocka_unit_test(moves_and_copies_items),    cmocka_unit_test(renames_and_copies_collections),
        cmocka_unit_test(works_between_accounts),    cmocka_unit_test(survives_a_rename_of_the_user),
    };
    int failed = cmocka_run_group_tests_name("one shard", tests, start_one, stop);
    return failed + cmocka_run_group_tests_name("three shards", tests, start_three, stop);
}
