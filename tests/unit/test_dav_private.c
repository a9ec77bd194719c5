/* Tests of private items in a shared calendar: others see when, not what; and of the audit note. */
#include "tests/unit/dav_shards.h"

#define HERS "/dav/calendars/alice@example.test/calendar/"
#define HIS  "/dav/calendars/bob@example.test/alice-calendar/"

#define ACL(privileges)                                                                                      \
    "ACL " HERS "\n\n<D:acl "                                                                                \
    "xmlns:D=\"DAV:\"><D:ace><D:principal><D:href>/dav/principals/bob@example.test/</D:href></D:principal>"  \
    "<D:grant>" privileges "</D:grant></D:ace></D:acl>"
#define READ  "<D:privilege><D:read/></D:privilege>"
#define WRITE "<D:privilege><D:write/></D:privilege>"

static void fill(int shards)
{
    world_start(&w, shards, NULL);
    expect(
        ALICE,
        "PUT " HERS
        "private.ics\n\nBEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:private\r\n"
        "DTSTAMP:20260101T000000Z\r\nDTSTART:20260105T100000Z\r\nDTEND:20260105T110000Z\r\nCLASS:PRIVATE\r\n"
        "SUMMARY:Doctor\r\nLOCATION:Clinic\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        201, NULL);
    expect(ALICE,
           "PUT " HERS
           "open.ics\n\nBEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:open\r\n"
           "DTSTAMP:20260101T000000Z\r\nDTSTART:20260106T100000Z\r\nDTEND:20260106T110000Z\r\nSUMMARY:"
           "Market\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
           201, NULL);
}

static void shows_private_items_as_busy(void **state)
{
    (void)state;
    expect(ALICE, ACL(READ WRITE), 200, NULL);
    SCOPED_EXCHANGE(get) = ask(&w, BOB, STR("GET " HIS "private.ics\n\n"));
    assert_answer(get, 200, "UID:private");
    assert_answer(get, 200, "DTSTART:20260105T100000Z");
    assert_not_in(get, "Doctor");
    assert_not_in(get, "Clinic");
    SCOPED_EXCHANGE(hers) = ask(&w, ALICE, STR("GET " HERS "private.ics\n\n"));
    assert_answer(hers, 200, "Doctor");
    assert_false(str_eq(answer_header(hers, "ETag"), answer_header(get, "ETag")));
    /* what PROPFIND says of it is true of what GET gives */
    SCOPED_EXCHANGE(find) = ask(
        &w, BOB,
        STR("PROPFIND " HIS
            "\nDepth: 1\n\n<propfind xmlns=\"DAV:\"><prop><getetag/><getcontentlength/></prop></propfind>"));
    SCOPED_BUF(etag, 128);
    struct str tag = answer_header(get, "ETag");
    buf_add(&etag, tag);
    assert_answer(find, 207, buf_c(&etag));
    SCOPED_BUF(length, 128);
    buf_addf(&length, "<D:getcontentlength>%zu</D:getcontentlength>", answer_body(get).n);
    assert_answer(find, 207, buf_c(&length));
    SCOPED_EXCHANGE(all) = ask(&w, BOB, STR("GET " HIS "\n\n"));
    assert_answer(all, 200, "Market");
    assert_not_in(all, "Doctor");
    SCOPED_EXCHANGE(multiget) =
        ask(&w, BOB,
            STR("REPORT " HIS
                "\nDepth: 0\n\n<C:calendar-multiget xmlns=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\">"
                "<prop><C:calendar-data/></prop><href>" HIS "private.ics</href></C:calendar-multiget>"));
    assert_answer(multiget, 207, "UID:private");
    assert_not_in(multiget, "Doctor");
}

static void lets_nobody_change_what_he_may_not_see(void **state)
{
    (void)state;
    expect(ALICE, ACL(READ WRITE), 200, NULL);
    expect(BOB,
           "PUT " HIS
           "private.ics\n\nBEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:private\r\n"
           "DTSTAMP:20260101T000000Z\r\nDTSTART:20260105T100000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
           403, "need-privileges");
    expect(BOB, "DELETE " HIS "private.ics\n\n", 403, "need-privileges");
    expect(BOB, "MOVE " HIS "private.ics\nDestination: /dav/calendars/bob@example.test/calendar/p.ics\n\n",
           403, NULL);
    expect(BOB, "COPY " HIS "private.ics\nDestination: /dav/calendars/bob@example.test/calendar/p.ics\n\n",
           403, NULL);
    expect(BOB,
           "PROPPATCH " HIS
           "private.ics\n\n<propertyupdate xmlns=\"DAV:\"><set><prop><x/></prop></set></propertyupdate>",
           403, NULL);
    expect(BOB, "COPY " HIS "\nDestination: /dav/calendars/bob@example.test/copied/\n\n", 201, NULL);
    expect(BOB, "GET /dav/calendars/bob@example.test/copied/open.ics\n\n", 200, "Market");
    expect(BOB, "GET /dav/calendars/bob@example.test/copied/private.ics\n\n", 404, NULL);
    expect(ALICE, "GET " HERS "private.ics\n\n", 200, "Doctor");
}

static void shows_all_to_whom_it_is_granted(void **state)
{
    (void)state;
    expect(ALICE, ACL("<D:privilege><D:all/></D:privilege>"), 200, NULL);
    expect(BOB, "GET " HIS "private.ics\n\n", 200, "Doctor");
}

static void shows_busy_times_alone(void **state)
{
    (void)state;
    expect(ALICE,
           ACL("<D:privilege><C:read-free-busy xmlns:C=\"urn:ietf:params:xml:ns:caldav\"/></D:privilege>"),
           200, NULL);
    expect(BOB, "GET " HIS "open.ics\n\n", 403, NULL);
    expect(BOB, "GET " HIS "\n\n", 403, NULL);
    SCOPED_EXCHANGE(find) = ask(&w, BOB, STR("PROPFIND " HIS "\nDepth: 1\n\n"));
    assert_answer(find, 207, NULL);
    assert_not_in(find, "open.ics");
    expect(BOB,
           "REPORT " HIS "\nDepth: 1\n\n<C:free-busy-query "
           "xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><C:time-range start=\"20260105T000000Z\" "
           "end=\"20260107T000000Z\"/></C:free-busy-query>",
           200, "FREEBUSY");
}

static void the_owner_cannot_be_locked_out(void **state)
{
    (void)state;
    expect(ALICE,
           "ACL " HERS "\n\n<D:acl "
           "xmlns:D=\"DAV:\"><D:ace><D:principal><D:href>/dav/principals/alice@example.test/</"
           "D:href></D:principal>"
           "<D:grant>" READ "</D:grant></D:ace></D:acl>",
           200, NULL);
    expect(ALICE,
           "PROPFIND " HERS
           "\nDepth: 0\n\n<propfind xmlns=\"DAV:\"><prop><current-user-privilege-set/></prop></propfind>",
           207, "<D:all/>");
    expect(BOB, "ACL " HERS "\n\n<D:acl xmlns:D=\"DAV:\"/>", 404, NULL);
    expect(ALICE, "DELETE " HERS "\n\n", 204, NULL);
}

static void notes_access_to_what_is_anothers(void **state)
{
    (void)state;
    expect(ALICE, ACL(READ), 200, NULL);
    SCOPED_EXCHANGE(other) = ask(&w, BOB, STR("GET " HIS "open.ics\n\n"));
    assert_answer(other, 200, NULL);
    assert_true(str_find(other->t.audit, STR("collection"), 0) != SIZE_MAX);
    SCOPED_EXCHANGE(own) = ask(&w, ALICE, STR("GET " HERS "open.ics\n\n"));
    assert_false(own->t.audit.p != NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_private_items_as_busy),
        cmocka_unit_test(lets_nobody_change_what_he_may_not_see),
        cmocka_unit_test(shows_all_to_whom_it_is_granted),
        cmocka_unit_test(shows_busy_times_alone),
        cmocka_unit_test(notes_access_to_what_is_anothers),
        cmocka_unit_test(the_owner_cannot_be_locked_out),
    };
    int failed = cmocka_run_group_tests_name("one shard", tests, start_one, stop);
    return failed + cmocka_run_group_tests_name("three shards", tests, start_three, stop);
}
