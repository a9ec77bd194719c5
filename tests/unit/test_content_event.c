/* tests/unit/test_content_event.c: events as text/calendar 2.0, out and back: what a device did not touch stays byte for byte,
 * what it touched changes alone. */
#include "tests/unit/content_fixture.h"

static const char zone_text[] =
    "BEGIN:VTIMEZONE\nTZID:Europe/Rome\n"
    "BEGIN:STANDARD\nDTSTART:19701025T030000\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\n"
    "TZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nEND:STANDARD\n"
    "BEGIN:DAYLIGHT\nDTSTART:19700329T020000\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\n"
    "TZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nEND:DAYLIGHT\nEND:VTIMEZONE\n";

static const char rich[] =
    "BEGIN:VEVENT\nUID:rich-1\nDTSTAMP:20250101T000000Z\nCREATED:20240101T000000Z\nSEQUENCE:2\n"
    "DTSTART;TZID=Europe/Rome:20260105T100000\nDTEND;TZID=Europe/Rome:20260105T113000\n"
    "RRULE:FREQ=WEEKLY;BYDAY=MO,WE;COUNT=10\nEXDATE;TZID=Europe/Rome:20260107T100000\n"
    "SUMMARY;LANGUAGE=en:Team\\, weekly\nDESCRIPTION:Line one\\nLine two\nLOCATION:Room 4\n"
    "CATEGORIES:Work,Team\nCLASS:PRIVATE\nTRANSP:OPAQUE\nPRIORITY:5\nGEO:45.4;9.2\n"
    "ORGANIZER;CN=Anna:mailto:anna@example.test\n"
    "ATTENDEE;CN=Bruno;PARTSTAT=ACCEPTED;X-NUM=3:mailto:bruno@example.test\n"
    "ATTACH:https://example.test/agenda.pdf\nX-EXTRA;X-P=1:kept\n"
    "BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT15M\nDESCRIPTION:Soon\nX-ALARM:9\nEND:VALARM\n"
    "END:VEVENT\n";

static const char moved[] =
    "BEGIN:VEVENT\nUID:rich-1\nDTSTAMP:20250101T000000Z\n"
    "RECURRENCE-ID;TZID=Europe/Rome:20260112T100000\n"
    "DTSTART;TZID=Europe/Rome:20260112T150000\nDTEND;TZID=Europe/Rome:20260112T160000\n"
    "SUMMARY:Team\\, moved\nEND:VEVENT\n";

static struct str rich_event(struct arena *a)
{
    return calendar_text(a, arena_strf(a, "%s%s", zone_text, rich).p);
}

static struct str series(struct arena *a)
{
    return calendar_text(a, arena_strf(a, "%s%s%s", zone_text, rich, moved).p);
}

static void test_untouched(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 26);
    struct str stored = rich_event(&a), out = exported(&a, CONTENT_ICAL20, stored, "");
    assert_holds(out, "TZID:Europe/Rome");
    assert_holds(out, "COUNT=10");
    assert_unchanged(&a, CONTENT_ICAL20, out, stored, "");
    phone.zones = false;
    out = exported(&a, CONTENT_ICAL20, stored, "");
    assert_holds(out, "DTSTART:20260105T090000Z");
    assert_lacks(out, "VTIMEZONE");
    assert_unchanged(&a, CONTENT_ICAL20, out, stored, "");
    phone.time = PHONE_LOCAL;
    out = exported(&a, CONTENT_ICAL20, stored, "");
    assert_holds(out, "DTSTART:20260105T100000\r");
    assert_unchanged(&a, CONTENT_ICAL20, out, stored, "");
    phone.time = PHONE_LOCAL_AS_UTC;
    out = exported(&a, CONTENT_ICAL20, stored, "");
    assert_holds(out, "DTSTART:20260105T100000Z");
    assert_unchanged(&a, CONTENT_ICAL20, out, stored, "");
}

/* What a real client does to an item that nobody touched. */
static void test_rewritten(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 26);
    struct str stored = rich_event(&a);
    struct str sent = calendar_text(
        &a, "BEGIN:VEVENT\nPRIORITY:5\nCATEGORIES:Team\nCATEGORIES:Work\nUID:rich-1\nLAST-MODIFIED:"
            "20260201T000000Z\n"
            "DTSTART:20260105T090000Z\nDURATION:PT1H30M\nRRULE:FREQ=WEEKLY;INTERVAL=1;UNTIL=20260204T090000Z;"
            "BYDAY=WE,MO\n"
            "EXDATE:20260107T090000Z\nSUMMARY:Team\\, weekly  \nDESCRIPTION:Line one\\NLine "
            "two\\n\nLOCATION:Room 4\n"
            "CLASS:PRIVATE\nSTATUS:CONFIRMED\n"
            "BEGIN:VALARM\nTRIGGER;VALUE=DATE-TIME:20260105T084500Z\nACTION:AUDIO\nEND:VALARM\nEND:VEVENT\n");
    struct content_in in = imported(&a, CONTENT_ICAL20, sent, stored, "");
    assert_holds(in.body, "STATUS:CONFIRMED");
    sent = edited(&a, sent, "STATUS:CONFIRMED\r\n", "");
    assert_unchanged(&a, CONTENT_ICAL20, sent, stored, "");
}

static void test_one_change(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 26);
    struct str stored = rich_event(&a), out = exported(&a, CONTENT_ICAL20, stored, "");
    struct content_in in =
        imported(&a, CONTENT_ICAL20, edited(&a, out, "LOCATION:Room 4", "LOCATION:Room 5"), stored, "");
    assert_false(in.unchanged);
    assert_false(in.differs);
    assert_str(in.uid, "rich-1");
    assert_holds(in.body, "LOCATION:Room 5");
    assert_holds(in.body, "LAST-MODIFIED:20260101T000000Z");
    assert_holds(in.body, "SEQUENCE:2\r");
    const char *kept[] = {"X-EXTRA;X-P=1:kept",
                          "X-ALARM:9",
                          "PARTSTAT=ACCEPTED;X-NUM=3",
                          "ORGANIZER;CN=Anna",
                          "SUMMARY;LANGUAGE=en:Team\\, weekly",
                          "COUNT=10",
                          "GEO:45.4;9.2",
                          "TRIGGER:-PT15M",
                          "CREATED:20240101T000000Z",
                          "CATEGORIES:Work,Team",
                          "BEGIN:VTIMEZONE"};
    for (size_t i = 0; i < COUNT_OF(kept); i++)
        assert_holds(in.body, kept[i]);
}

static void test_moved_time(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 26);
    struct str stored = rich_event(&a);
    phone.zones = false;
    struct str sent = exported(&a, CONTENT_ICAL20, stored, "");
    sent = edited(&a, sent, "DTSTART:20260105T090000Z", "DTSTART:20260105T100000Z");
    sent = edited(&a, sent, "DTEND:20260105T103000Z", "DTEND:20260105T113000Z");
    struct content_in in = imported(&a, CONTENT_ICAL20, sent, stored, "");
    assert_holds(in.body, "DTSTART;TZID=Europe/Rome:20260105T110000");
    assert_holds(in.body, "DTEND;TZID=Europe/Rome:20260105T123000");
    assert_holds(in.body, "COUNT=10");
    assert_holds(in.body, "SEQUENCE:3");
    assert_holds(in.body, "TRIGGER:-PT15M");
}

static void test_rule_change(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 26);
    struct str stored = series(&a), sent = exported(&a, CONTENT_ICAL20, stored, "");
    assert_lacks(sent, "RECURRENCE-ID");
    struct content_in in = imported(&a, CONTENT_ICAL20, edited(&a, sent, "COUNT=10", "COUNT=12"), stored, "");
    assert_holds(in.body, "COUNT=12");
    assert_holds(in.body, "RECURRENCE-ID;TZID=Europe/Rome:20260112T100000");
    in = imported(&a, CONTENT_ICAL20, edited(&a, sent, "BYDAY=MO,WE", "BYDAY=WE"), stored, "");
    assert_lacks(in.body, "RECURRENCE-ID"); /* Monday 12 is no instance any more */
    in = imported(&a, CONTENT_ICAL20, edited(&a, sent, "RRULE:FREQ=WEEKLY;BYDAY=MO,WE;COUNT=10\r\n", ""),
                  stored, "");
    assert_lacks(in.body, "RRULE:FREQ=WEEKLY");
    assert_lacks(in.body, "EXDATE");
}

static void test_parts(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 26);
    struct str stored = series(&a), *ids;
    size_t n;
    assert_ok(content_parts(&a, &settings, MEDIA_CALENDAR, stored, CONTENT_ICAL20, &ids, &n));
    assert_int_equal(n, 2);
    assert_str(ids[0], "");
    assert_str(ids[1], "20260112T090000Z");
    struct str part = exported(&a, CONTENT_ICAL20, stored, "20260112T090000Z");
    assert_holds(part, "RECURRENCE-ID");
    assert_lacks(part, "COUNT=10");
    assert_unchanged(&a, CONTENT_ICAL20, part, stored, "20260112T090000Z");
    struct content_in in = imported(&a, CONTENT_ICAL20, edited(&a, part, "moved", "moved again"), stored, "");
    assert_str(in.recur_id, "20260112T090000Z");
    assert_holds(in.body, "SUMMARY:Team\\, moved again");
    assert_holds(in.body, "X-EXTRA;X-P=1:kept");
    struct str out;
    assert_status(
        content_export(&a, &settings, MEDIA_CALENDAR, stored, STR("20260113T090000Z"), CONTENT_ICAL20, &out),
        NOT_FOUND);
}

static void test_join(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 26);
    struct str stored = rich_event(&a);
    struct str part =
        calendar_text(&a, "BEGIN:VEVENT\nUID:rich-1\nRECURRENCE-ID:20260112T090000Z\n"
                          "DTSTART:20260112T140000Z\nDTEND:20260112T150000Z\nSUMMARY:Later\nEND:VEVENT\n");
    struct content_in in = imported(&a, CONTENT_ICAL20, part, stored, "");
    assert_str(in.recur_id, "20260112T090000Z");
    assert_holds(in.body, "RECURRENCE-ID;TZID=Europe/Rome:20260112T100000");
    assert_holds(in.body, "COUNT=10");
    struct content_in alone = imported(&a, CONTENT_ICAL20, part, STR_NONE, "");
    assert_str(alone.uid, "rich-1");
    assert_holds(alone.body, "RECURRENCE-ID:20260112T090000Z");
    struct str master = exported(&a, CONTENT_ICAL20, stored, "");
    in = imported(&a, CONTENT_ICAL20, master, alone.body, "");
    assert_str(in.recur_id, "");
    assert_holds(in.body, "RECURRENCE-ID");
    assert_holds(in.body, "COUNT=10");
    assert_true(str_find(in.body, STR("COUNT=10"), 0) < str_find(in.body, STR("RECURRENCE-ID"), 0));
}

static void test_without(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 26);
    struct str stored = series(&a), out;
    assert_ok(content_without(&a, &settings, stored, STR("20260112T090000Z"), &out));
    assert_lacks(out, "RECURRENCE-ID");
    assert_holds(out, "EXDATE;TZID=Europe/Rome:20260112T100000");
    assert_status(content_without(&a, &settings, stored, STR(""), &out), NOT_FOUND);
}

/* A device without RECURRENCE-ID: the instance is an event of its own, the series has an exception there. */
static void test_no_recurrence_id(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 26);
    static const struct phone_field fields[] = {{STR_INIT("DTSTART"), 0}, {STR_INIT("DTEND"), 0},
                                                {STR_INIT("SUMMARY"), 0}, {STR_INIT("RRULE"), 0},
                                                {STR_INIT("EXDATE"), 0},  {STR_INIT("UID"), 0}};
    phone.fields = fields;
    phone.field_count = COUNT_OF(fields);
    struct str stored = series(&a), master = exported(&a, CONTENT_ICAL20, stored, "");
    struct str part = exported(&a, CONTENT_ICAL20, stored, "20260112T090000Z");
    assert_holds(master, "20260112T100000");
    assert_lacks(master, "LOCATION");
    assert_lacks(part, "RECURRENCE-ID");
    assert_unchanged(&a, CONTENT_ICAL20, master, stored, "");
    assert_unchanged(&a, CONTENT_ICAL20, part, stored, "20260112T090000Z");
    assert_unchanged(&a, CONTENT_ICAL20, part, stored, ""); /* its UID tells */
    struct content_in in =
        imported(&a, CONTENT_ICAL20, edited(&a, master, "Team\\, weekly", "Team"), stored, "");
    assert_holds(in.body, "LOCATION:Room 4");
    assert_holds(in.body, "BEGIN:VALARM");
    assert_holds(in.body, "SUMMARY;LANGUAGE=en:Team\r");
    assert_holds(in.body, "RECURRENCE-ID");
    assert_lacks(in.body, "EXDATE;TZID=Europe/Rome:20260112T100000");
}

static void test_allday(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 26);
    struct str stored =
        calendar_text(&a, "BEGIN:VEVENT\nUID:day\nDTSTAMP:20250101T000000Z\nDTSTART;VALUE=DATE:20260105\n"
                          "SUMMARY:Holiday\nEND:VEVENT\n");
    struct str out = exported(&a, CONTENT_ICAL20, stored, "");
    assert_unchanged(&a, CONTENT_ICAL20, out, stored, "");
    struct str sent = edited(&a, out, "DTSTART;VALUE=DATE:20260105",
                             "DTSTART;VALUE=DATE:20260105\r\nDTEND;VALUE=DATE:20260106");
    assert_unchanged(&a, CONTENT_ICAL20, sent, stored, "");
    sent = edited(&a, sent, "DTEND;VALUE=DATE:20260106", "DTEND;VALUE=DATE:20260108");
    struct content_in in = imported(&a, CONTENT_ICAL20, sent, stored, "");
    assert_holds(in.body, "DTSTART;VALUE=DATE:20260105");
    assert_holds(in.body, "DTEND;VALUE=DATE:20260108");
}

static void test_new(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 26);
    phone.time = PHONE_LOCAL;
    struct str sent = calendar_text(
        &a, "METHOD:PUBLISH\nBEGIN:VEVENT\nDTSTART:20260105T100000\nDTEND:20260105T110000\nSUMMARY:New\n"
            "DTSTAMP:19700101T000000Z\nX-OWN:1\nLOCATION:\n"
            "BEGIN:VALARM\nTRIGGER:-PT5M\nEND:VALARM\nEND:VEVENT\n");
    struct content_in in = imported(&a, CONTENT_ICAL20, sent, STR_NONE, "");
    assert_true(in.made_uid);
    assert_str(in.uid, "made-uid");
    assert_holds(in.body, "UID:made-uid");
    assert_holds(in.body, "DTSTART;TZID=Europe/Rome:20260105T100000");
    assert_holds(in.body, "BEGIN:VTIMEZONE");
    assert_holds(in.body, "DTSTAMP:20260101T000000Z");
    assert_holds(in.body, "ACTION:DISPLAY");
    assert_holds(in.body, "X-OWN:1");
    assert_lacks(in.body, "METHOD");
    assert_lacks(in.body, "LOCATION");
    assert_unchanged(&a, CONTENT_ICAL20, exported(&a, CONTENT_ICAL20, in.body, ""), in.body, "");
}

/* Bad properties cost themselves, not the item. */
static void test_broken(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 26);
    struct str stored = rich_event(&a);
    struct str sent =
        edited(&a, exported(&a, CONTENT_ICAL20, stored, ""), "LOCATION:Room 4",
               "LOCATION:Room 6\r\nthis is no line\r\nDUE:never\r\nRRULE:FREQ=NEVER\r\nX-BAD;=:");
    struct content_in in = imported(&a, CONTENT_ICAL20, sent, stored, "");
    assert_holds(in.body, "LOCATION:Room 6");
    assert_holds(in.body, "COUNT=10");
    sent = calendar_text(&a, "BEGIN:VEVENT\nSUMMARY:Caf\xe9\nDTSTART:20260105T100000Z\nEND:VEVENT\n");
    in = imported(&a, CONTENT_ICAL20, sent, STR_NONE, "");
    assert_holds(in.body, "SUMMARY:Caf\xc3\xa9");
    struct content_in none;
    assert_status(content_import(&a, &settings, CONTENT_ICAL20, STR("rubbish"), STR_NONE, STR(""), STR_NONE,
                                 CONTENT_DEVICE, &none),
                  INVALID);
    assert_true(none.why.n > 0);
    sent = calendar_text(&a, "BEGIN:VEVENT\nSUMMARY:Never\nEND:VEVENT\n");
    assert_status(content_import(&a, &settings, CONTENT_ICAL20, sent, STR_NONE, STR(""), STR_NONE,
                                 CONTENT_DEVICE, &none),
                  INVALID);
}

static void test_both(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 26);
    struct str stored = rich_event(&a), sent = exported(&a, CONTENT_ICAL20, stored, "");
    struct content_in in;
    sent = edited(&a, sent, "LOCATION:Room 4\r\n", "URL:https://example.test/\r\n");
    sent = edited(&a, sent, "CATEGORIES:Work,Team", "CATEGORIES:Team,Phone");
    assert_ok(
        content_import(&a, &settings, CONTENT_ICAL20, sent, stored, STR(""), STR_NONE, CONTENT_BOTH, &in));
    assert_holds(in.body, "LOCATION:Room 4");
    assert_holds(in.body, "URL:https://example.test/");
    assert_holds(in.body, "CATEGORIES:Work,Team,Phone");
    assert_true(in.differs);
}

static void test_alarm(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 26);
    struct str stored = rich_event(&a), sent = exported(&a, CONTENT_ICAL20, stored, "");
    struct content_in in = imported(&a, CONTENT_ICAL20, edited(&a, sent, "-PT15M", "-PT30M"), stored, "");
    assert_holds(in.body, "TRIGGER:-PT30M");
    assert_holds(in.body, "X-ALARM:9");
    sent = edited(
        &a, sent,
        "BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT15M\r\nDESCRIPTION:Soon\r\nX-ALARM:9\r\nEND:VALARM\r\n",
        "");
    in = imported(&a, CONTENT_ICAL20, sent, stored, "");
    assert_lacks(in.body, "VALARM");
}

static void test_task(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 26);
    struct str stored =
        calendar_text(&a, "BEGIN:VTODO\nUID:task\nDTSTAMP:20250101T000000Z\nSUMMARY:Write\n"
                          "DUE;TZID=Europe/Rome:20260110T170000\nPRIORITY:3\nX-KEEP:1\nEND:VTODO\n");
    struct str out = exported(&a, CONTENT_ICAL20, stored, "");
    assert_unchanged(&a, CONTENT_ICAL20, out, stored, "");
    struct content_in in =
        imported(&a, CONTENT_ICAL20,
                 edited(&a, out, "PRIORITY:3", "PRIORITY:3\r\nCOMPLETED:20260108T100000Z"), stored, "");
    assert_holds(in.body, "STATUS:COMPLETED");
    assert_holds(in.body, "X-KEEP:1");
    out = exported(&a, CONTENT_ICAL20, in.body, "");
    out = edited(&a, out, "COMPLETED:20260108T100000Z\r\n", "");
    out = edited(&a, out, "STATUS:COMPLETED", "STATUS:NEEDS-ACTION");
    struct content_in again = imported(&a, CONTENT_ICAL20, out, in.body, "");
    assert_lacks(again.body, "COMPLETED");
    phone.due_local_midnight = true;
    phone.priorities = 3;
    stored = calendar_text(&a, "BEGIN:VTODO\nUID:task\nDTSTAMP:20250101T000000Z\nSUMMARY:Write\n"
                               "DUE;VALUE=DATE:20260110\nPRIORITY:7\nEND:VTODO\n");
    out = exported(&a, CONTENT_ICAL20, stored, "");
    assert_holds(out, "PRIORITY:3");
    assert_unchanged(&a, CONTENT_ICAL20, edited(&a, out, "DUE;VALUE=DATE:20260110", "DUE:20260109T230000Z"),
                     stored, "");
}

static void test_hash_and_key(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 26);
    unsigned char one[16], two[16];
    struct str stored = rich_event(&a), out = exported(&a, CONTENT_ICAL20, stored, "");
    struct content_peek peek;
    uint64_t key;
    bool same;
    assert_ok(content_hash(&a, &settings, CONTENT_ICAL20, out, one));
    assert_ok(content_hash(&a, &settings, CONTENT_ICAL20,
                           edited(&a, out, "CATEGORIES:Work,Team", "CATEGORIES:Team,Work"), two));
    assert_memory_equal(one, two, 16);
    assert_ok(content_hash(&a, &settings, CONTENT_ICAL20, edited(&a, out, "Room 4", "Room 5"), two));
    assert_memory_not_equal(one, two, 16);
    assert_ok(content_peek(&a, &settings, CONTENT_ICAL20, out, &peek));
    assert_ok(content_key(&a, &settings, MEDIA_CALENDAR, stored, STR(""), &key));
    assert_true(key && key == peek.key);
    assert_str(peek.uid, "rich-1");
    assert_int_equal(peek.kind, ICAL_VEVENT);
    assert_ok(content_same(&a, &settings, CONTENT_ICAL20, out, stored, STR(""), &same));
    assert_true(same);
    assert_ok(content_same(&a, &settings, CONTENT_ICAL20, edited(&a, out, "Room 4", "Room 5"), stored,
                           STR(""), &same));
    assert_false(same);
}

/* A device that fills an empty DESCRIPTION with the SUMMARY: neither does it come to be, nor is one that is like it lost. */
static void test_summary_echo(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 26);
    static const char echoed[] = "BEGIN:VEVENT\nUID:e\nDTSTART:20260105T090000Z\nSUMMARY:Team\\, weekly\n"
                                 "DESCRIPTION:Team\\, weekly\nGEO:;\nEND:VEVENT\n";
    struct str sent = calendar_text(&a, echoed);
    assert_holds(imported(&a, CONTENT_ICAL20, sent, STR_NONE, "").body, "DESCRIPTION:Team");
    struct str twice = imported(&a, CONTENT_ICAL20, sent, STR_NONE, "").body;
    assert_lacks(twice, "GEO");
    phone.summary_echo = true;
    struct str once = imported(&a, CONTENT_ICAL20, sent, STR_NONE, "").body;
    assert_lacks(once, "DESCRIPTION");
    assert_unchanged(&a, CONTENT_ICAL20, sent, once, "");
    assert_unchanged(&a, CONTENT_ICAL20, sent, twice, "");
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, content_setup, content_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_summary_echo), TEST(test_untouched),
        TEST(test_rewritten),    TEST(test_one_change),
        TEST(test_moved_time),   TEST(test_rule_change),
        TEST(test_parts),        TEST(test_join),
        TEST(test_without),      TEST(test_no_recurrence_id),
        TEST(test_allday),       TEST(test_new),
        TEST(test_broken),       TEST(test_both),
        TEST(test_alarm),        TEST(test_task),
        TEST(test_hash_and_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
