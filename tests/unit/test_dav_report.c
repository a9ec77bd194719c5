/* The reports about calendars as requests: calendar-query, calendar-multiget, free-busy-query; what others see of private events. */
#include "tests/unit/dav_world.h"

#define CAL       "/dav/calendars/alice@example.test/calendar/"
#define BOB_CAL   "/dav/calendars/bob@example.test/calendar/"
#define ALICE     "alice@example.test"
#define BOB       "bob@example.test"
#define CAROL     "carol@example.test"
#define NAMESPACE "xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\""

static struct world w;

static void put(const char *path, const char *user, const char *name, const char *lines)
{
    SCOPED_EXCHANGE(x) =
        askf(&w, user,
             "PUT %s%s\nContent-Type: text/calendar\n\nBEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//test//EN\n"
             "%sEND:VCALENDAR\n",
             path, name, lines);
    assert_answer(x, 201, NULL);
}

#define EVENT(uid, start, more)                                                                              \
    "BEGIN:VEVENT\nUID:" uid "\nDTSTAMP:20260101T080000Z\nDTSTART:" start                                    \
    "\nDURATION:PT1H\nSUMMARY:Event " uid "\n" more "END:VEVENT\n"

static int setup(void **state)
{
    (void)state;
    world_start(&w, 1, NULL);
    put(CAL, ALICE, "one.ics", EVENT("one", "20260105T100000Z", ""));
    put(CAL, ALICE, "weekly.ics", EVENT("weekly", "20260106T100000Z", "RRULE:FREQ=WEEKLY\n"));
    put(CAL, ALICE, "late.ics", EVENT("late", "20270301T100000Z", ""));
    put(CAL, ALICE, "floating.ics", EVENT("floating", "20260701T100000", ""));
    put(CAL, ALICE, "secret.ics",
        EVENT("secret", "20260105T150000Z", "CLASS:PRIVATE\nLOCATION:hidden place\n"));
    put(CAL, ALICE, "free.ics", EVENT("free", "20260105T180000Z", "TRANSP:TRANSPARENT\n"));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_stop(&w);
    return 0;
}

static struct exchange *query(const char *user, const char *path, const char *depth, const char *inside)
{
    return askf(&w, user,
                "REPORT %s\nDepth: %s\nContent-Type: text/xml\n\n<C:calendar-query " NAMESPACE
                "><D:prop><D:getetag/></D:prop>%s"
                "</C:calendar-query>",
                path, depth, inside);
}

#define FILTER(inside) "<C:filter><C:comp-filter name=\"VCALENDAR\">" inside "</C:comp-filter></C:filter>"
#define EVENTS(inside) FILTER("<C:comp-filter name=\"VEVENT\">" inside "</C:comp-filter>")

static size_t responses(const struct exchange *x)
{
    size_t n = 0;
    struct str body = answer_body(x);
    for (size_t at = str_find(body, STR("<D:response>"), 0); at != SIZE_MAX;
         at = str_find(body, STR("<D:response>"), at + 1))
        n++;
    return n;
}

static void finds_events_of_a_week(void **state)
{
    (void)state;
    SCOPED_EXCHANGE(x) =
        query(ALICE, CAL, "1", EVENTS("<C:time-range start=\"20260105T000000Z\" end=\"20260112T000000Z\"/>"));
    assert_answer(x, 207, CAL "one.ics");
    assert_answer(x, 207, CAL "weekly.ics");
    assert_int_equal(responses(x), 4);
    SCOPED_EXCHANGE(far) =
        query(ALICE, CAL, "1", EVENTS("<C:time-range start=\"20330103T000000Z\" end=\"20330110T000000Z\"/>"));
    assert_answer(far, 207, CAL "weekly.ics");
    assert_int_equal(responses(far), 1);
    SCOPED_EXCHANGE(all) = query(ALICE, CAL, "1", EVENTS(""));
    assert_int_equal(responses(all), 6);
    SCOPED_EXCHANGE(none) = query(ALICE, CAL, "1", FILTER("<C:comp-filter name=\"VTODO\"/>"));
    assert_answer(none, 207, NULL);
    assert_int_equal(responses(none), 0);
}

static void gives_the_data(void **state)
{
    (void)state;
    SCOPED_EXCHANGE(x) = askf(
        &w, ALICE,
        "REPORT " CAL "\nDepth: 1\n\n<C:calendar-query " NAMESPACE
        "><D:prop><D:getetag/><C:calendar-data><C:expand "
        "start=\"20260105T000000Z\" end=\"20260120T000000Z\"/></C:calendar-data></D:prop>" EVENTS(
            "<C:prop-filter name=\"SUMMARY\"><C:text-match>weekly</C:text-match></C:prop-filter>") "</"
                                                                                                   "C:"
                                                                                                   "calendar-"
                                                                                                   "query>");
    assert_answer(x, 207, "RECURRENCE-ID:20260113T100000Z");
    assert_not_in(x, "RRULE");
    assert_int_equal(responses(x), 1);
}

static void counts_depth_from_what_is_asked(void **state)
{
    (void)state;
    SCOPED_EXCHANGE(zero) = query(ALICE, CAL, "0", EVENTS(""));
    assert_answer(zero, 207, NULL);
    assert_int_equal(responses(zero), 0);
    SCOPED_EXCHANGE(item) = query(ALICE, CAL "one.ics", "0", EVENTS(""));
    assert_int_equal(responses(item), 1);
    SCOPED_EXCHANGE(other) = query(ALICE, CAL "one.ics", "0", EVENTS("<C:prop-filter name=\"RRULE\"/>"));
    assert_int_equal(responses(other), 0);
    SCOPED_EXCHANGE(home) = query(ALICE, "/dav/calendars/alice@example.test/", "infinity", EVENTS(""));
    assert_int_equal(responses(home), 6);
    SCOPED_EXCHANGE(children) = query(ALICE, "/dav/calendars/alice@example.test/", "1", EVENTS(""));
    assert_int_equal(responses(children), 0);
    SCOPED_EXCHANGE(absent) = query(ALICE, "/dav/calendars/alice@example.test/nothing/", "1", EVENTS(""));
    assert_answer(absent, 404, NULL);
}

static void judges_floating_times_in_the_right_zone(void **state)
{
    (void)state;
#define JULY EVENTS("<C:time-range start=\"20260701T080000Z\" end=\"20260701T090000Z\"/>")
    SCOPED_EXCHANGE(utc) = query(ALICE, CAL, "1", JULY);
    assert_int_equal(responses(utc), 0);
    SCOPED_EXCHANGE(by_id) = query(ALICE, CAL, "1", JULY "<C:timezone-id>Europe/Rome</C:timezone-id>");
    assert_int_equal(responses(by_id), 1);
    SCOPED_EXCHANGE(by_text) = query(
        ALICE, CAL, "1",
        JULY "<C:timezone>BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//test//EN\nBEGIN:VTIMEZONE\nTZID:Ours\n"
             "BEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0200\nEND:STANDARD\n"
             "END:VTIMEZONE\nEND:VCALENDAR\n</C:timezone>");
    assert_int_equal(responses(by_text), 1);
    SCOPED_EXCHANGE(bad_id) = query(ALICE, CAL, "1", JULY "<C:timezone-id>Europe/Nowhere</C:timezone-id>");
    assert_answer(bad_id, 403, "valid-timezone");
    SCOPED_EXCHANGE(bad_text) = query(ALICE, CAL, "1", JULY "<C:timezone>BEGIN:VCALENDAR</C:timezone>");
    assert_answer(bad_text, 403, "valid-calendar-data");
}

static void says_what_is_wrong_with_a_query(void **state)
{
    (void)state;
    static const struct {
        const char *inside, *element;
    } wrong[] = {
        {"", "valid-filter"},
        {FILTER("<C:comp-filter name=\"VALARM\"/>"), "valid-filter"},
        {EVENTS("<C:prop-filter name=\"SUMMARY\"><C:text-match "
                "collation=\"i;none\">x</C:text-match></C:prop-filter>"),
         "supported-collation"},
        {EVENTS("<C:something/>"), "supported-filter"},
        {EVENTS("<C:time-range start=\"00000101T000000Z\"/>"), "min-date-time"},
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        SCOPED_EXCHANGE(x) = query(ALICE, CAL, "1", wrong[i].inside);
        assert_answer(x, 403, wrong[i].element);
    }
    SCOPED_EXCHANGE(data) = askf(
        &w, ALICE,
        "REPORT " CAL "\nDepth: 1\n\n<C:calendar-query " NAMESPACE
        "><D:prop><C:calendar-data content-type=\"text/plain\"/></D:prop>" EVENTS("") "</C:calendar-query>");
    assert_answer(data, 403, "supported-calendar-data");
    SCOPED_EXCHANGE(unknown) =
        askf(&w, ALICE, "REPORT " CAL "\nDepth: 1\n\n<D:no-such-report " NAMESPACE "/>");
    assert_answer(unknown, 403, "supported-report");
    SCOPED_EXCHANGE(place) =
        askf(&w, ALICE,
             "REPORT /dav/\nDepth: 1\n\n<C:calendar-query " NAMESPACE ">" EVENTS("") "</C:calendar-query>");
    assert_answer(place, 403, "supported-report");
    SCOPED_EXCHANGE(stranger) = query(BOB, CAL, "1", EVENTS(""));
    assert_answer(stranger, 404, NULL);
}

static struct exchange *multiget(const char *user, const char *path, const char *hrefs)
{
    return askf(&w, user,
                "REPORT %s\n\n<C:calendar-multiget " NAMESPACE
                "><D:prop><D:getetag/><C:calendar-data/></D:prop>%s"
                "</C:calendar-multiget>",
                path, hrefs);
}

#define HREF(text) "<D:href>" text "</D:href>"
#define GONE(text) HREF(text) "<D:status>HTTP/1.1 404 Not Found</D:status>"

static void answers_each_href_as_it_is_spelled(void **state)
{
    (void)state;
    SCOPED_EXCHANGE(x) =
        multiget(ALICE, CAL,
                 HREF(CAL "one.ics") HREF("/dav/calendars/alice%40example.test/calendar/late%2eics")
                     HREF("http://mail.example.test" CAL "weekly.ics") HREF(CAL "none.ics") HREF(CAL)
                         HREF("http://elsewhere.test" CAL "one.ics") HREF(CAL "%00") HREF(BOB_CAL "x.ics")
                             HREF("/dav/calendars/alice@example.test/tasks/one.ics") HREF("a&amp;b"));
    assert_answer(x, 207, HREF(CAL "one.ics") "<D:propstat>");
    assert_answer(x, 207, "SUMMARY:Event one");
    assert_answer(x, 207, HREF("/dav/calendars/alice%40example.test/calendar/late%2eics") "<D:propstat>");
    assert_answer(x, 207, HREF("http://mail.example.test" CAL "weekly.ics") "<D:propstat>");
    assert_answer(x, 207, GONE(CAL "none.ics"));
    assert_answer(x, 207, GONE(CAL));
    assert_answer(x, 207,
                  HREF("http://elsewhere.test" CAL "one.ics") "<D:status>HTTP/1.1 403 Forbidden</D:status>");
    assert_answer(x, 207, HREF(CAL "%00") "<D:status>HTTP/1.1 400 Bad Request</D:status>");
    assert_answer(x, 207, GONE(BOB_CAL "x.ics"));
    assert_answer(x, 207, GONE("/dav/calendars/alice@example.test/tasks/one.ics"));
    assert_int_equal(responses(x), 10);
    SCOPED_EXCHANGE(home) =
        multiget(ALICE, "/dav/calendars/alice@example.test/", HREF(CAL "one.ics") HREF(BOB_CAL "x.ics"));
    assert_answer(home, 207, HREF(CAL "one.ics") "<D:propstat>");
    assert_answer(home, 207, GONE(BOB_CAL "x.ics"));
    SCOPED_EXCHANGE(none) = multiget(ALICE, CAL, "");
    assert_answer(none, 207, NULL);
    assert_int_equal(responses(none), 0);
}

static void leaves_zones_out_when_asked(void **state)
{
    (void)state;
    put(CAL, ALICE, "rome.ics",
        "BEGIN:VTIMEZONE\nTZID:Europe/"
        "Rome\nBEGIN:STANDARD\nDTSTART:19701025T030000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nEND:STANDARD\n"
        "END:VTIMEZONE\nBEGIN:VEVENT\nUID:rome\nDTSTAMP:20260101T080000Z\nDTSTART;TZID=Europe/"
        "Rome:20280105T100000\nEND:VEVENT\n");
    static const char body[] =
        "<C:calendar-multiget " NAMESPACE
        "><D:prop><C:calendar-data/></D:prop>" HREF(CAL "rome.ics") "</C:calendar-multiget>";
    SCOPED_EXCHANGE(with) = askf(&w, ALICE, "REPORT " CAL "\nCalDAV-Timezones: T\n\n%s", body);
    assert_answer(with, 207, "BEGIN:VTIMEZONE");
    SCOPED_EXCHANGE(without) = askf(&w, ALICE, "REPORT " CAL "\nCalDAV-Timezones: F\n\n%s", body);
    assert_answer(without, 207, "TZID=Europe/Rome");
    assert_not_in(without, "BEGIN:VTIMEZONE");
    SCOPED_EXCHANGE(gone) = askf(&w, ALICE, "DELETE " CAL "rome.ics\n\n");
    assert_answer(gone, 204, NULL);
}

static void share(const char *with, unsigned rights)
{
    SCOPED_ARENA(a, 1 << 20);
    struct principal owner, other;
    struct collection c;
    struct acl_entry entry = {.rights = rights};
    {
        SCOPED_READ(tx, w.store);
        assert_ok(directory_find(w.directory, tx, &a, STR(ALICE), &owner));
        assert_ok(directory_find(w.directory, tx, &a, str_c(with), &other));
        assert_ok(collection_find(tx, &a, &actor_system, owner.id, KIND_CALENDAR, STR("calendar"), &c));
    }
    entry.principal = other.id;
    assert_ok(acl_share(w.store, &actor_system, c.id, &entry, rights ? 1 : 0));
}

static void hides_private_events_from_others(void **state)
{
    (void)state;
    share(BOB, RIGHTS_READ);
    SCOPED_EXCHANGE(x) = multiget(BOB, CAL, HREF(CAL "secret.ics") HREF(CAL "one.ics"));
    assert_answer(x, 207, "SUMMARY:Event one");
    assert_answer(x, 207, "DTSTART:20260105T150000Z");
    assert_not_in(x, "hidden place");
    assert_not_in(x, "Event secret");
    SCOPED_EXCHANGE(mine) = multiget(ALICE, CAL, HREF(CAL "secret.ics"));
    assert_answer(mine, 207, "hidden place");
    /* the text can not be guessed by asking for it either */
    static const char guess[] =
        EVENTS("<C:prop-filter name=\"LOCATION\"><C:text-match>hidden</C:text-match></C:prop-filter>");
    SCOPED_EXCHANGE(guessed) = query(BOB, CAL, "1", guess);
    assert_int_equal(responses(guessed), 0);
    SCOPED_EXCHANGE(known) = query(ALICE, CAL, "1", guess);
    assert_int_equal(responses(known), 1);
    SCOPED_EXCHANGE(time) =
        query(BOB, CAL, "1", EVENTS("<C:time-range start=\"20260105T150000Z\" end=\"20260105T160000Z\"/>"));
    assert_int_equal(responses(time), 1);
    share(BOB, RIGHTS_MANAGE);
    SCOPED_EXCHANGE(managed) = multiget(BOB, CAL, HREF(CAL "secret.ics"));
    assert_answer(managed, 207, "hidden place");
    share(BOB, 0);
}

static struct exchange *freebusy(const char *user, const char *path, const char *inside)
{
    return askf(&w, user, "REPORT %s\nDepth: 1\n\n<C:free-busy-query " NAMESPACE ">%s</C:free-busy-query>",
                path, inside);
}

#define MONDAY "<C:time-range start=\"20260105T000000Z\" end=\"20260107T000000Z\"/>"

static void tells_when_somebody_is_busy(void **state)
{
    (void)state;
    SCOPED_EXCHANGE(x) = freebusy(ALICE, CAL, MONDAY);
    assert_answer(x, 200, "BEGIN:VFREEBUSY");
    assert_answer(x, 200, "20260105T100000Z/");
    assert_answer(x, 200, "20260105T150000Z/"); /* private is busy too */
    assert_answer(x, 200, "20260106T100000Z/");
    assert_not_in(x, "20260105T180000Z");
    assert_not_in(x, "Event");
    assert_str(answer_header(x, "Content-Type"), "text/calendar; charset=utf-8");
    SCOPED_EXCHANGE(home) = freebusy(ALICE, "/dav/calendars/alice@example.test/", MONDAY);
    assert_answer(home, 200, "20260105T100000Z/");
    SCOPED_EXCHANGE(open) = freebusy(ALICE, CAL, "<C:time-range start=\"20260105T000000Z\"/>");
    assert_answer(open, 400, NULL);
    SCOPED_EXCHANGE(none) = freebusy(ALICE, CAL, "");
    assert_answer(none, 400, NULL);
}

static void needs_only_the_right_to_ask(void **state)
{
    (void)state;
    SCOPED_EXCHANGE(no) = freebusy(BOB, CAL, MONDAY);
    assert_answer(no, 404, NULL);
    share(BOB, RIGHTS_FREEBUSY);
    SCOPED_EXCHANGE(x) = freebusy(BOB, CAL, MONDAY);
    assert_answer(x, 200, "20260105T150000Z/");
    SCOPED_EXCHANGE(home) = freebusy(BOB, "/dav/calendars/alice@example.test/", MONDAY);
    assert_answer(home, 200, "20260105T150000Z/");
    SCOPED_EXCHANGE(read) = query(BOB, CAL, "1", EVENTS(""));
    assert_answer(read, 403, "need-privileges");
    share(BOB, RIGHT_LOOKUP);
    SCOPED_EXCHANGE(looks) = freebusy(BOB, CAL, MONDAY);
    assert_answer(looks, 403, "read-free-busy");
    share(BOB, 0);
}

/* Endless series and ranges that are open on one side: exact for a query, and no matter for free-busy. */
static void ranges_may_be_open(void **state)
{
    (void)state;
    static struct world own;
    static const struct {
        const char *range, *text;
        bool found;
    } rows[] = {
        {"start=\"20260101T000000Z\"", "Tick", true},   {"start=\"20900101T000000Z\"", "Tick", true},
        {"end=\"20200101T000000Z\"", "Tick", false},    {"end=\"20200101T000001Z\"", "Tick", true},
        {"start=\"20260101T000000Z\"", "Tock", true},   {"start=\"20260103T000100Z\"", "Tock", false},
        {"end=\"20260103T000000Z\"", "Tock", false},    {"end=\"20260103T000001Z\"", "Tock", true},
        {"start=\"20260101T000000Z\"", "Other", false},
    };
    world_start(&own, 1, NULL);
    SCOPED_EXCHANGE(put) =
        ask(&own, ALICE,
            STR("PUT " CAL "endless.ics\n\nBEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VEVENT\nUID:e\n"
                "DTSTAMP:20260101T000000Z\nDTSTART:20200101T000000Z\nDURATION:PT1M\nRRULE:FREQ=HOURLY\n"
                "SUMMARY:Tick\nEND:VEVENT\nBEGIN:VEVENT\nUID:e\nDTSTAMP:20260101T000000Z\n"
                "RECURRENCE-ID:20260102T000000Z\nDTSTART:20260103T000000Z\nDURATION:PT1M\nSUMMARY:Tock\n"
                "END:VEVENT\nEND:VCALENDAR\n"));
    assert_answer(put, 201, NULL);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        SCOPED_EXCHANGE(x) = askf(&own, ALICE,
                                  "REPORT " CAL "\nDepth: 1\n\n<C:calendar-query " NAMESPACE
                                  "><D:prop><D:getetag/></D:prop><C:filter><C:comp-filter name=\"VCALENDAR\">"
                                  "<C:comp-filter name=\"VEVENT\"><C:time-range %s/>"
                                  "<C:prop-filter name=\"SUMMARY\"><C:text-match>%s</C:text-match>"
                                  "</C:prop-filter></C:comp-filter></C:comp-filter></C:filter>"
                                  "</C:calendar-query>",
                                  rows[i].range, rows[i].text);
        assert_answer(x, 207, rows[i].found ? "endless.ics" : NULL);
        if (!rows[i].found)
            assert_not_in(x, "endless.ics");
    }
    static const struct {
        const char *range, *why;
        int status;
    } busy[] = {
        {"start=\"20260101T000000Z\"", "time-range: needs start and end", 400},
        {"end=\"20260101T000000Z\"", "time-range: needs start and end", 400},
        {"start=\"20260101T000000Z\" end=\"20990101T000000Z\"", "ask for a shorter one", 507},
        {"start=\"20260101T000000Z\" end=\"20260201T000000Z\"", "FREEBUSY", 200},
    };
    for (size_t i = 0; i < COUNT_OF(busy); i++) {
        SCOPED_EXCHANGE(x) = askf(&own, ALICE,
                                  "REPORT " CAL "\nDepth: 1\n\n<C:free-busy-query " NAMESPACE
                                  "><C:time-range %s/></C:free-busy-query>",
                                  busy[i].range);
        assert_answer(x, busy[i].status, busy[i].why);
    }
    world_stop(&own);
}

static void says_when_the_answer_is_too_large(void **state)
{
    (void)state;
    static struct world small;
    world_start(&small, 1, "[limits]\nreport_items = 100\n");
    for (int i = 0; i < 101; i++) {
        SCOPED_EXCHANGE(x) = askf(
            &small, ALICE,
            "PUT " CAL
            "%d.ics\nContent-Type: text/calendar\n\nBEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VEVENT\n"
            "UID:u%d\nDTSTAMP:20260101T000000Z\nDTSTART:20260105T100000Z\nEND:VEVENT\nEND:VCALENDAR\n",
            i, i);
        assert_answer(x, 201, NULL);
    }
    SCOPED_EXCHANGE(x) = askf(&small, ALICE,
                              "REPORT " CAL "\nDepth: 1\n\n<C:calendar-query " NAMESPACE
                              "><D:prop><D:getetag/></D:prop>" EVENTS("") "</C:calendar-query>");
    assert_answer(x, 507, "number-of-matches-within-limits");
    assert_not_in(x, "multistatus");
    world_stop(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_events_of_a_week),
        cmocka_unit_test(gives_the_data),
        cmocka_unit_test(counts_depth_from_what_is_asked),
        cmocka_unit_test(judges_floating_times_in_the_right_zone),
        cmocka_unit_test(says_what_is_wrong_with_a_query),
        cmocka_unit_test(answers_each_href_as_it_is_spelled),
        cmocka_unit_test(leaves_zones_out_when_asked),
        cmocka_unit_test(hides_private_events_from_others),
        cmocka_unit_test(tells_when_somebody_is_busy),
        cmocka_unit_test(needs_only_the_right_to_ask),
        cmocka_unit_test(ranges_may_be_open),
        cmocka_unit_test(says_when_the_answer_is_too_large),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
