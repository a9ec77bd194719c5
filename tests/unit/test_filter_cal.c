/* Calendar filters: the calendar of a small office, and which of its objects each query finds; what a filter
 * must not say; and the tables of RFC 4791 section 9.9, row by row. */
#include "tests/unit/filter_fixture.h"

#define VEVENT(inside)   "<C:comp-filter name=\"VEVENT\">" inside "</C:comp-filter>"
#define VTODO(inside)    "<C:comp-filter name=\"VTODO\">" inside "</C:comp-filter>"
#define RANGE(from, to)  "<C:time-range start=\"" from "\" end=\"" to "\"/>"
#define TEXT(text)       "<C:text-match>" text "</C:text-match>"
#define PROP(name, test) "<C:prop-filter name=\"" name "\">" test "</C:prop-filter>"
#define ABSENT           "<C:is-not-defined/>"

#define ROME                                                                                                 \
    "BEGIN:VTIMEZONE\nTZID:Europe/"                                                                          \
    "Rome\nBEGIN:STANDARD\nDTSTART:19701025T030000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\n"                  \
    "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\nEND:STANDARD\nBEGIN:DAYLIGHT\nDTSTART:"                        \
    "19700329T020000\nTZOFFSETFROM:+0100\n"                                                                  \
    "TZOFFSETTO:+0200\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\nEND:DAYLIGHT\nEND:VTIMEZONE\n"

static const struct object {
    const char *name, *text;
} office[] = {
    {"once", ROME "BEGIN:VEVENT\nUID:once\nDTSTAMP:20260101T080000Z\nDTSTART;TZID=Europe/"
                  "Rome:20260102T120000\nDURATION:PT1H\n"
                  "SUMMARY:Pranzo con Nicolò\\, Straße 5\nEND:VEVENT\n"},
    {"daily", ROME
     "BEGIN:VEVENT\nUID:daily\nDTSTAMP:20260101T080000Z\nDTSTART;TZID=Europe/"
     "Rome:20260102T120000\nDURATION:PT1H\n"
     "RRULE:FREQ=DAILY;COUNT=5\nSUMMARY:Standup\nEND:VEVENT\n"
     "BEGIN:VEVENT\nUID:daily\nDTSTAMP:20260101T080000Z\nRECURRENCE-ID;TZID=Europe/Rome:20260104T120000\n"
     "DTSTART;TZID=Europe/Rome:20260104T140000\nDURATION:PT1H\nSUMMARY:Standup, later\nLOCATION:Sala "
     "B\nEND:VEVENT\n"
     "BEGIN:VEVENT\nUID:daily\nDTSTAMP:20260101T080000Z\nRECURRENCE-ID;TZID=Europe/Rome:20260106T120000\n"
     "DTSTART;TZID=Europe/Rome:20260110T120000\nDURATION:PT1H\nSUMMARY:Moved far\nEND:VEVENT\n"},
    {"guests", ROME
     "BEGIN:VEVENT\nUID:guests\nDTSTAMP:20260101T080000Z\nDTSTART;TZID=Europe/"
     "Rome:20260104T100000\nDURATION:PT1H\n"
     "ORGANIZER:mailto:carol@example.test\nATTENDEE;PARTSTAT=ACCEPTED;ROLE=CHAIR:mailto:carol@example.test\n"
     "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:bob@example.test\nSTATUS:TENTATIVE\nCATEGORIES:WORK,URGENT\n"
     "SUMMARY:Review\nX-ROOM;X-FLOOR=2:North\nEND:VEVENT\n"},
    {"alarm", "BEGIN:VTODO\nUID:alarm\nDTSTAMP:20260101T080000Z\nDTSTART:20260106T110000Z\nDUE:"
              "20260106T120000Z\nSUMMARY:Call\n"
              "STATUS:NEEDS-ACTION\nBEGIN:VALARM\nACTION:AUDIO\nTRIGGER;RELATED=START:-PT10M\nEND:"
              "VALARM\nEND:VTODO\n"},
    {"overdue", "BEGIN:VTODO\nUID:overdue\nDTSTAMP:20260101T080000Z\nDUE:20260105T120000Z\nSUMMARY:"
                "Pay\nSTATUS:NEEDS-ACTION\n"
                "BEGIN:VALARM\nACTION:DISPLAY\nDESCRIPTION:Pay\nTRIGGER;VALUE=DATE-TIME:"
                "20260104T090000Z\nEND:VALARM\nEND:VTODO\n"},
    {"done", "BEGIN:VTODO\nUID:done\nDTSTAMP:20260101T080000Z\nCOMPLETED:20260103T170000Z\nSUMMARY:"
             "Sent\nSTATUS:COMPLETED\nEND:VTODO\n"},
    {"dropped",
     "BEGIN:VTODO\nUID:dropped\nDTSTAMP:20260101T080000Z\nSUMMARY:Dropped\nSTATUS:CANCELLED\nEND:VTODO\n"},
    {"busy", "BEGIN:VFREEBUSY\nUID:busy\nDTSTAMP:20260101T080000Z\nFREEBUSY;FBTYPE=BUSY:20260102T100000Z/"
             "20260102T120000Z,"
             "20260103T100000Z/PT2H\nEND:VFREEBUSY\n"},
    {"diary", "BEGIN:VJOURNAL\nUID:diary\nDTSTAMP:20260101T080000Z\nDTSTART;VALUE=DATE:20260105\nSUMMARY:"
              "Diario\nCLASS:PRIVATE\n"
              "END:VJOURNAL\n"},
};

static void assert_found_(struct filter_fixture *f, const char *filter, const char *wanted, int line)
{
    SCOPED_BUF(found, 1000);
    for (size_t i = 0; i < COUNT_OF(office); i++) {
        if (!fixture_matches(f, filter, office[i].text, "Europe/Rome"))
            continue;
        if (found.n)
            buf_addc(&found, ' ');
        buf_addz(&found, office[i].name);
    }
    assert_str_(buf_view(&found), wanted, __FILE__, line);
}
#define assert_found(filter, wanted) assert_found_(*state, filter, wanted, __LINE__)

static void finds_by_kind(void **state)
{
    assert_found("", "once daily guests alarm overdue done dropped busy diary");
    assert_found(VEVENT(""), "once daily guests");
    assert_found("<C:comp-filter name=\"vevent\"/>", "once daily guests");
    assert_found(VEVENT(ABSENT), "alarm overdue done dropped busy diary");
    assert_found(VEVENT("") VTODO(""), "");
    assert_found("<C:comp-filter name=\"VTIMEZONE\"/>", "once daily guests");
    assert_found("<C:comp-filter name=\"VTIMEZONE\">" PROP("TZID", TEXT("europe/rome")) "</C:comp-filter>",
                 "once daily guests");
    assert_found("<C:comp-filter name=\"X-THING\"/>", "");
    assert_found("<C:comp-filter name=\"X-THING\">" ABSENT "</C:comp-filter>" VTODO(""),
                 "alarm overdue done dropped");
    assert_found(PROP("PRODID", TEXT("-//TEST//")),
                 "once daily guests alarm overdue done dropped busy diary");
    assert_found(PROP("METHOD", ""), "");
    assert_found(PROP("METHOD", ABSENT), "once daily guests alarm overdue done dropped busy diary");
}

static void finds_by_time(void **state)
{
    assert_found(VEVENT(RANGE("20260104T000000Z", "20260105T000000Z")), "daily guests");
    assert_found(VEVENT(RANGE("20260104T110000Z", "20260104T120000Z")),
                 ""); /* 12:00 in Rome, from where the override moved */
    assert_found(VEVENT(RANGE("20260104T130000Z", "20260104T140000Z")), "daily");
    assert_found(VEVENT(RANGE("20260106T000000Z", "20260107T000000Z")), "");
    assert_found(VEVENT(RANGE("20260110T000000Z", "20260111T000000Z")), "daily");
    assert_found(VEVENT("<C:time-range start=\"20260103T000000Z\"/>"), "daily guests");
    assert_found(VEVENT("<C:time-range end=\"20260103T000000Z\"/>"), "once daily");
    assert_found(VTODO(RANGE("20260106T000000Z", "20260107T000000Z")), "alarm dropped");
    assert_found(VTODO(RANGE("20260103T000000Z", "20260104T000000Z")), "done dropped");
    assert_found(
        "<C:comp-filter name=\"VFREEBUSY\">" RANGE("20260103T110000Z", "20260103T113000Z") "</C:comp-filter>",
        "busy");
    assert_found(
        "<C:comp-filter name=\"VFREEBUSY\">" RANGE("20260103T120000Z", "20260103T130000Z") "</C:comp-filter>",
        "");
    assert_found(
        "<C:comp-filter name=\"VJOURNAL\">" RANGE("20260104T230000Z", "20260104T233000Z") "</C:comp-filter>",
        "diary");
    assert_found(
        "<C:comp-filter name=\"VJOURNAL\">" RANGE("20260105T230000Z", "20260105T233000Z") "</C:comp-filter>",
        "");
}

static void finds_by_properties(void **state)
{
    assert_found(VEVENT(PROP("UID", TEXT("GUESTS"))), "guests");
    assert_found(VEVENT(PROP("UID", "<C:text-match collation=\"i;octet\">GUESTS</C:text-match>")), "");
    assert_found(VEVENT(PROP("SUMMARY", "<C:text-match collation=\"i;octet\">Standup</C:text-match>")),
                 "daily");
    assert_found(VEVENT(PROP("SUMMARY", TEXT("nicolò, stra"))), "once"); /* unescaped */
    assert_found(VEVENT(PROP("SUMMARY", TEXT("NICOLÒ"))), "");
    assert_found(
        VEVENT(PROP("SUMMARY", "<C:text-match collation=\"i;unicode-casemap\">NICOLÒ</C:text-match>")),
        "once");
    assert_found(VEVENT(PROP("SUMMARY", "<C:text-match collation=\"default\">REVIEW</C:text-match>")),
                 "guests");
    assert_found(VEVENT(PROP("SUMMARY", "<C:text-match negate-condition=\"yes\">e</C:text-match>")), "daily");
    assert_found(VEVENT(PROP("SUMMARY", "<C:text-match negate-condition=\"no\">e</C:text-match>")),
                 "once daily guests");
    assert_found(VEVENT(PROP("LOCATION", "")), "daily");
    assert_found(VEVENT(PROP("LOCATION", ABSENT)), "once daily guests"); /* daily: its master has none */
    assert_found(VEVENT(PROP("STATUS", ABSENT)), "once daily");
    assert_found(VEVENT(PROP("CATEGORIES", TEXT("urgent"))), "guests");
    assert_found(VTODO(PROP("COMPLETED", ABSENT)
                           PROP("STATUS", "<C:text-match negate-condition=\"yes\">CANCELLED</C:text-match>")),
                 "alarm overdue");
    assert_found(VTODO(PROP("COMPLETED", RANGE("20260103T000000Z", "20260104T000000Z"))), "done");
    assert_found(VTODO(PROP("DUE", "<C:time-range end=\"20260106T120000Z\"/>")), "overdue");
    assert_found("<C:comp-filter name=\"VJOURNAL\">" PROP(
                     "DTSTART", RANGE("20260104T220000Z", "20260105T000000Z")) "</C:comp-filter>",
                 "diary");
    assert_found("<C:comp-filter name=\"VFREEBUSY\">" PROP(
                     "FREEBUSY", RANGE("20260103T113000Z", "20260103T114000Z")) "</C:comp-filter>",
                 "busy");
    assert_found("<C:comp-filter name=\"VFREEBUSY\">" PROP(
                     "FREEBUSY", RANGE("20260102T120000Z", "20260103T100000Z")) "</C:comp-filter>",
                 "");
}

#define PARAM(name, test) "<C:param-filter name=\"" name "\">" test "</C:param-filter>"

static void finds_by_parameters(void **state)
{
    assert_found(VEVENT(PROP("ATTENDEE", PARAM("PARTSTAT", TEXT("needs-action")))), "guests");
    assert_found(VEVENT(PROP("ATTENDEE", TEXT("bob@example.test") PARAM("PARTSTAT", TEXT("NEEDS-ACTION")))),
                 "guests");
    /* one attendee must meet all of it */
    assert_found(VEVENT(PROP("ATTENDEE", TEXT("carol@example.test") PARAM("PARTSTAT", TEXT("NEEDS-ACTION")))),
                 "");
    assert_found(VEVENT(PROP("ATTENDEE", TEXT("bob@") PARAM("ROLE", ABSENT))), "guests");
    assert_found(VEVENT(PROP("ATTENDEE", TEXT("carol@") PARAM("ROLE", ABSENT))), "");
    assert_found(VEVENT(PROP("ATTENDEE", PARAM("ROLE", "") PARAM("PARTSTAT", ""))), "guests");
    assert_found(VEVENT(PROP("X-ROOM", PARAM("x-floor", TEXT("2")))), "guests");
    assert_found(
        VEVENT(PROP("ATTENDEE",
                    PARAM("PARTSTAT", "<C:text-match negate-condition=\"yes\">ACCEPTED</C:text-match>"))),
        "guests");
    assert_found(VEVENT(PROP("DTSTART", PARAM("TZID", TEXT("rome")))), "once daily guests");
}

#define VALARM(inside) "<C:comp-filter name=\"VALARM\">" inside "</C:comp-filter>"

static void finds_by_alarms(void **state)
{
    assert_found(VTODO(VALARM("")), "alarm overdue");
    assert_found(VTODO(VALARM(ABSENT)), "done dropped");
    assert_found(VTODO(VALARM(PROP("ACTION", TEXT("AUDIO")))), "alarm");
    assert_found(VTODO(VALARM(RANGE("20260106T103000Z", "20260106T110000Z"))), "alarm");
    assert_found(VTODO(VALARM(RANGE("20260106T105000Z", "20260106T105001Z"))), "alarm");
    assert_found(VTODO(VALARM(RANGE("20260106T105001Z", "20260106T110000Z"))), "");
    assert_found(VTODO(VALARM(RANGE("20260104T000000Z", "20260105T000000Z"))), "overdue");
    assert_found(VTODO(VALARM(PROP("ACTION", TEXT("AUDIO")) RANGE("20260104T000000Z", "20260105T000000Z"))),
                 "");
}

/* The time range and the other tests of a comp-filter meet in one component of the set. */
static void judges_each_component_of_a_set(void **state)
{
    assert_found(VEVENT(RANGE("20260104T000000Z", "20260105T000000Z") PROP("SUMMARY", TEXT("later"))),
                 "daily");
    assert_found(VEVENT(RANGE("20260103T000000Z", "20260104T000000Z") PROP("SUMMARY", TEXT("later"))), "");
    assert_found(VEVENT(RANGE("20260103T000000Z", "20260104T000000Z") PROP("LOCATION", ABSENT)), "daily");
    assert_found(VEVENT(RANGE("20260104T000000Z", "20260105T000000Z") PROP("LOCATION", ABSENT)), "guests");
    assert_found(VEVENT(RANGE("20260110T000000Z", "20260111T000000Z") PROP("SUMMARY", TEXT("standup"))), "");
}

#define START(from) "<C:time-range start=\"" from "\"/>"
#define END(to)     "<C:time-range end=\"" to "\"/>"
#define ALARM(test) "<C:comp-filter name=\"VALARM\">" test "</C:comp-filter>"

/* An endless series of which only one moved instance has what is looked for: the others are not walked for ever. */
static void open_ranges_end(void **state)
{
    static const char series[] =
        "BEGIN:VEVENT\nUID:m\nDTSTAMP:20260101T080000Z\nDTSTART:19700101T000000Z\nDURATION:PT1M\n"
        "RRULE:FREQ=MINUTELY\nSUMMARY:Tick\nEND:VEVENT\n"
        "BEGIN:VEVENT\nUID:m\nDTSTAMP:20260101T080000Z\nRECURRENCE-ID:20260102T000000Z\n"
        "DTSTART:20260103T000000Z\nDURATION:PT1M\nSUMMARY:Tock\nBEGIN:VALARM\nACTION:AUDIO\n"
        "TRIGGER:-PT10M\nEND:VALARM\nEND:VEVENT\n";
    static const struct {
        const char *filter;
        bool match;
    } rows[] = {
        {VEVENT(START("20260101T000000Z")), true},
        {VEVENT(START("22000101T000000Z")), true},
        {VEVENT(END("19700101T000000Z")), false},
        {VEVENT(END("19700101T000001Z")), true},
        {VEVENT(START("20260101T000000Z") PROP("SUMMARY", TEXT("Tock"))), true},
        {VEVENT(START("20260103T000000Z") PROP("SUMMARY", TEXT("Tock"))), true},
        {VEVENT(START("20260103T000100Z") PROP("SUMMARY", TEXT("Tock"))), false},
        {VEVENT(END("20260103T000001Z") PROP("SUMMARY", TEXT("Tock"))), true},
        {VEVENT(END("20260103T000000Z") PROP("SUMMARY", TEXT("Tock"))), false},
        {VEVENT(END("20260103T000000Z") PROP("SUMMARY", TEXT("Tick"))), true},
        {VEVENT(ALARM(START("20260102T235000Z"))), true},
        {VEVENT(ALARM(START("20260102T235001Z"))), false},
        {VEVENT(ALARM(END("20260102T235001Z"))), true},
        {VEVENT(ALARM(END("20260102T235000Z"))), false},
        {VEVENT(START("20260101T000000Z") ALARM(START("20260102T235001Z"))), false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (fixture_matches(*state, rows[i].filter, series, NULL) != rows[i].match)
            fail_msg("%s: not %d", rows[i].filter, rows[i].match);
    }
}

static const struct {
    const char *inside;
    enum status st;
} wrong[] = {
    {"<C:comp-filter name=\"VALARM\"/>", INVALID},
    {VTODO(VEVENT("")), INVALID},
    {"<C:comp-filter name=\"VCALENDAR\"/>", INVALID},
    {"<C:comp-filter/>", INVALID},
    {PROP("", ""), INVALID},
    {"<C:comp-filter name=\"VTIMEZONE\">" RANGE("20260101T000000Z", "20260102T000000Z") "</C:comp-filter>",
     INVALID},
    {RANGE("20260101T000000Z", "20260102T000000Z"), INVALID},
    {VEVENT(PROP("SUMMARY", RANGE("20260101T000000Z", "20260102T000000Z"))), INVALID},
    {VEVENT(RANGE("20260101T000000Z", "20260102T000000Z") RANGE("20260101T000000Z", "20260102T000000Z")),
     INVALID},
    {VEVENT("<C:time-range/>"), INVALID},
    {VEVENT(RANGE("20260102T000000Z", "20260102T000000Z")), INVALID},
    {VEVENT(RANGE("20260103T000000Z", "20260102T000000Z")), INVALID},
    {VEVENT(RANGE("20260101T000000", "20260102T000000Z")), INVALID},
    {VEVENT(RANGE("20260101", "20260102T000000Z")), INVALID},
    {VEVENT(RANGE("20261301T000000Z", "20270102T000000Z")), INVALID},
    {VEVENT(ABSENT PROP("UID", "")), INVALID},
    {VEVENT(PROP("UID", "") ABSENT), INVALID},
    {VEVENT(PROP("UID", ABSENT TEXT("x"))), INVALID},
    {VEVENT(PROP("UID", TEXT("x") TEXT("y"))), INVALID},
    {VEVENT(PROP("UID", PARAM("X", ABSENT TEXT("x")))), INVALID},
    {VEVENT(PROP("UID", "<C:text-match negate-condition=\"maybe\">x</C:text-match>")), INVALID},
    {VEVENT(PROP("UID", "<C:text-match collation=\"i;klingon\">x</C:text-match>")), BAD_COLLATION},
    {VEVENT("<C:comp-without-name/>"), UNSUPPORTED},
    {VEVENT(PROP("UID", "<C:other/>")), UNSUPPORTED},
};

static void refuses_what_means_nothing(void **state)
{
    struct filter_fixture *f = *state;
    struct cal_filter *out;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        f->why = STR_NONE;
        enum status st = fixture_filter(f, wrong[i].inside, &out);
        if (st != wrong[i].st || !f->why.n)
            print_error("%s: %d\n", wrong[i].inside, (int)st);
        assert_status(st, wrong[i].st);
        assert_true(f->why.n > 0);
    }
    static const char *const roots[] = {
        "<C:filter xmlns:C=\"urn:ietf:params:xml:ns:caldav\"/>",
        "<C:filter xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><C:comp-filter name=\"VEVENT\"/></C:filter>",
        "<C:filter xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><C:comp-filter "
        "name=\"VCALENDAR\"/><C:comp-filter name=\"VCALENDAR\"/>"
        "</C:filter>",
        "<C:filter xmlns:C=\"DAV:\"><C:comp-filter name=\"VCALENDAR\"/></C:filter>",
    };
    for (size_t i = 0; i < COUNT_OF(roots); i++)
        assert_status(cal_filter_parse(&f->arena, fixture_xml(f, roots[i]), &out, &f->why), INVALID);
    assert_status(cal_filter_parse(&f->arena, NULL, &out, &f->why), INVALID);
}

static void bounds_what_it_takes(void **state)
{
    struct filter_fixture *f = *state;
    struct cal_filter *out;
    SCOPED_BUF(many, 1 << 20);
    buf_addz(&many, "<C:comp-filter name=\"VEVENT\">");
    for (int i = 0; i < 300; i++)
        buf_addz(&many, "<C:prop-filter name=\"SUMMARY\"/>");
    buf_addz(&many, "</C:comp-filter>");
    assert_status(fixture_filter(f, buf_c(&many), &out), UNSUPPORTED);
    buf_clear(&many);
    for (int i = 0; i < 20; i++)
        buf_addz(&many, "<C:comp-filter name=\"X-DEEP\">");
    for (int i = 0; i < 20; i++)
        buf_addz(&many, "</C:comp-filter>");
    assert_status(fixture_filter(f, buf_c(&many), &out), UNSUPPORTED);
}

static void tells_what_indexes_can_narrow(void **state)
{
    struct filter_fixture *f = *state;
    struct cal_filter *out;
    unsigned kinds;
    int64_t from, until;
    assert_ok(fixture_filter(f, VEVENT(RANGE("20260104T000000Z", "20260105T000000Z")), &out));
    cal_filter_bounds(out, &kinds, &from, &until);
    assert_true(cal_filter_is_range(out) && !cal_filter_is_kind(out));
    assert_int_equal(kinds, ICAL_VEVENT);
    assert_int_equal(from, 1767484800);
    assert_int_equal(until, 1767484800 + 86400);
    assert_true(cal_filter_times(out, &from, &until));
    assert_int_equal(until - from, 86400);
    assert_ok(fixture_filter(f, VTODO(PROP("DUE", "<C:time-range end=\"20260105T000000Z\"/>")), &out));
    cal_filter_bounds(out, &kinds, &from, &until);
    assert_int_equal(kinds, ICAL_VTODO);
    assert_true(from == INT64_MIN && until == INT64_MAX);
    assert_false(cal_filter_is_range(out) || cal_filter_is_kind(out));
    assert_ok(fixture_filter(f, VTODO(""), &out));
    assert_true(cal_filter_is_kind(out) && !cal_filter_is_range(out));
    assert_false(cal_filter_times(out, &from, &until));
    assert_ok(fixture_filter(f, VTODO(ABSENT), &out));
    cal_filter_bounds(out, &kinds, &from, &until);
    assert_int_equal(kinds, 0);
    assert_false(cal_filter_is_kind(out));
    assert_ok(fixture_filter(f, VTODO("") VEVENT(""), &out));
    cal_filter_bounds(out, &kinds, &from, &until);
    assert_true(from >= until);
    /* two ranges of one kind: an object may meet each with another instance, so that they must not be
     * intersected */
    assert_ok(fixture_filter(f,
                             VEVENT(RANGE("20260104T000000Z", "20260105T000000Z"))
                                 VEVENT("<C:time-range start=\"20260110T000000Z\"/>"),
                             &out));
    cal_filter_bounds(out, &kinds, &from, &until);
    assert_true(from < until && from == 1767484800);
    assert_found(VEVENT(RANGE("20260104T000000Z", "20260105T000000Z"))
                     VEVENT("<C:time-range start=\"20260110T000000Z\"/>"),
                 "daily");
}

/* ---- RFC 4791 section 9.9, with the times in minutes of one hour: "10:MM" ---- */
static const struct {
    const char *kind, *props;
    int from, until; /* minutes after 2026-01-05 10:00 UTC */
    bool overlaps;
} table[] = {
    /* VEVENT with DTEND: start < DTEND and end > DTSTART */
    {"VEVENT", "DTSTART:20260105T101000Z\nDTEND:20260105T102000Z\n", 0, 10, false},
    {"VEVENT", "DTSTART:20260105T101000Z\nDTEND:20260105T102000Z\n", 0, 11, true},
    {"VEVENT", "DTSTART:20260105T101000Z\nDTEND:20260105T102000Z\n", 19, 30, true},
    {"VEVENT", "DTSTART:20260105T101000Z\nDTEND:20260105T102000Z\n", 20, 30, false},
    {"VEVENT", "DTSTART:20260105T101000Z\nDTEND:20260105T102000Z\n", 12, 13, true},
    /* with DURATION */
    {"VEVENT", "DTSTART:20260105T101000Z\nDURATION:PT10M\n", 19, 30, true},
    {"VEVENT", "DTSTART:20260105T101000Z\nDURATION:PT10M\n", 20, 30, false},
    {"VEVENT", "DTSTART:20260105T101000Z\nDURATION:PT0S\n", 10, 11, true},
    {"VEVENT", "DTSTART:20260105T101000Z\nDURATION:PT0S\n", 11, 12, false},
    {"VEVENT", "DTSTART:20260105T101000Z\nDURATION:PT0S\n", 9, 10, false},
    /* an instant */
    {"VEVENT", "DTSTART:20260105T101000Z\n", 10, 11, true},
    {"VEVENT", "DTSTART:20260105T101000Z\n", 9, 10, false},
    {"VEVENT", "DTSTART:20260105T101000Z\n", 11, 12, false},
    /* a day: until the next midnight */
    {"VEVENT", "DTSTART;VALUE=DATE:20260105\n", 0, 1, true},
    {"VEVENT", "DTSTART;VALUE=DATE:20260104\n", 0, 1, false},
    {"VEVENT", "DTSTART;VALUE=DATE:20260106\n", 0, 1, false},
    {"VEVENT", "DTSTART;VALUE=DATE:20260104\nDTEND;VALUE=DATE:20260106\n", 0, 1, true},
    {"VEVENT", "DTSTART;VALUE=DATE:20260103\nDURATION:P2D\n", 0, 1, false},
    {"VEVENT", "DTSTART;VALUE=DATE:20260103\nDURATION:P3D\n", 0, 1, true},
    /* VTODO, DTSTART and DURATION: start <= end of it and (end > DTSTART or end >= end of it) */
    {"VTODO", "DTSTART:20260105T101000Z\nDURATION:PT10M\n", 20, 30, true},
    {"VTODO", "DTSTART:20260105T101000Z\nDURATION:PT10M\n", 21, 30, false},
    {"VTODO", "DTSTART:20260105T101000Z\nDURATION:PT10M\n", 0, 10, false},
    {"VTODO", "DTSTART:20260105T101000Z\nDURATION:PT10M\n", 0, 11, true},
    /* DTSTART and DUE: (start < DUE or start <= DTSTART) and (end > DTSTART or end >= DUE) */
    {"VTODO", "DTSTART:20260105T101000Z\nDUE:20260105T102000Z\n", 19, 30, true},
    {"VTODO", "DTSTART:20260105T101000Z\nDUE:20260105T102000Z\n", 20, 30, false},
    {"VTODO", "DTSTART:20260105T101000Z\nDUE:20260105T102000Z\n", 0, 10, false},
    {"VTODO", "DTSTART:20260105T101000Z\nDUE:20260105T101000Z\n", 10, 20, true},
    {"VTODO", "DTSTART:20260105T101000Z\nDUE:20260105T101000Z\n", 0, 10, true},
    /* DTSTART alone: start <= DTSTART and end > DTSTART */
    {"VTODO", "DTSTART:20260105T101000Z\n", 10, 20, true},
    {"VTODO", "DTSTART:20260105T101000Z\n", 11, 20, false},
    {"VTODO", "DTSTART:20260105T101000Z\n", 0, 10, false},
    /* DUE alone: start < DUE and end >= DUE */
    {"VTODO", "DUE:20260105T101000Z\n", 10, 20, false},
    {"VTODO", "DUE:20260105T101000Z\n", 9, 10, true},
    {"VTODO", "DUE:20260105T101000Z\n", 0, 9, false},
    /* COMPLETED and CREATED */
    {"VTODO", "COMPLETED:20260105T102000Z\nCREATED:20260105T101000Z\n", 20, 30, true},
    {"VTODO", "COMPLETED:20260105T102000Z\nCREATED:20260105T101000Z\n", 21, 30, false},
    {"VTODO", "COMPLETED:20260105T102000Z\nCREATED:20260105T101000Z\n", 0, 10, true},
    {"VTODO", "COMPLETED:20260105T102000Z\nCREATED:20260105T101000Z\n", 0, 9, false},
    {"VTODO", "COMPLETED:20260105T102000Z\n", 20, 30, true},
    {"VTODO", "COMPLETED:20260105T102000Z\n", 10, 20, true},
    {"VTODO", "COMPLETED:20260105T102000Z\n", 10, 19, false},
    {"VTODO", "COMPLETED:20260105T102000Z\n", 21, 30, false},
    /* CREATED alone: end > CREATED */
    {"VTODO", "CREATED:20260105T101000Z\n", 40, 50, true},
    {"VTODO", "CREATED:20260105T101000Z\n", 0, 10, false},
    {"VTODO", "CREATED:20260105T101000Z\n", 0, 11, true},
    /* nothing: always */
    {"VTODO", "", 0, 1, true},
    /* VJOURNAL */
    {"VJOURNAL", "DTSTART:20260105T101000Z\n", 10, 11, true},
    {"VJOURNAL", "DTSTART:20260105T101000Z\n", 11, 12, false},
    {"VJOURNAL", "DTSTART;VALUE=DATE:20260105\n", 0, 1, true},
    {"VJOURNAL", "DTSTART;VALUE=DATE:20260104\n", 0, 1, false},
    {"VJOURNAL", "", 0, 1, false},
    /* VFREEBUSY: start <= DTEND and end > DTSTART, or by its periods */
    {"VFREEBUSY", "DTSTART:20260105T101000Z\nDTEND:20260105T102000Z\n", 20, 30, true},
    {"VFREEBUSY", "DTSTART:20260105T101000Z\nDTEND:20260105T102000Z\n", 21, 30, false},
    {"VFREEBUSY", "DTSTART:20260105T101000Z\nDTEND:20260105T102000Z\n", 0, 10, false},
    {"VFREEBUSY", "FREEBUSY:20260105T101000Z/PT10M\n", 19, 30, true},
    {"VFREEBUSY", "FREEBUSY:20260105T101000Z/PT10M\n", 20, 30, false},
    {"VFREEBUSY", "", 0, 1, false},
};

static void overlaps_as_the_tables_say(void **state)
{
    struct filter_fixture *f = *state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        int from = table[i].from, until = table[i].until;
        struct str filter =
            arena_strf(&f->arena,
                       "<C:comp-filter name=\"%s\"><C:time-range start=\"20260105T10%02d00Z\" "
                       "end=\"20260105T10%02d00Z\"/></C:comp-filter>",
                       table[i].kind, from, until);
        struct str object = arena_strf(&f->arena, "BEGIN:%s\nUID:x\nDTSTAMP:20260101T000000Z\n%sEND:%s\n",
                                       table[i].kind, table[i].props, table[i].kind);
        bool got = fixture_matches(f, filter.p, object.p, NULL);
        if (got != table[i].overlaps)
            print_error("row %zu: %s %s[%d,%d) gives %d\n", i, table[i].kind, table[i].props, from, until,
                        got);
        assert_int_equal(got, table[i].overlaps);
    }
}

static void floats_in_the_zone_of_the_query(void **state)
{
    struct filter_fixture *f = *state;
    static const char local[] =
        "BEGIN:VEVENT\nUID:f\nDTSTAMP:20260101T000000Z\nDTSTART:20260705T100000\nDURATION:PT1H\nEND:VEVENT\n";
    static const char day[] =
        "BEGIN:VEVENT\nUID:f\nDTSTAMP:20260101T000000Z\nDTSTART;VALUE=DATE:20260705\nEND:VEVENT\n";
    static const char eight[] = VEVENT(RANGE("20260705T080000Z", "20260705T090000Z"));
    static const char ten[] = VEVENT(RANGE("20260705T100000Z", "20260705T110000Z"));
    static const char evening[] = VEVENT(RANGE("20260704T220000Z", "20260704T230000Z"));
    assert_true(fixture_matches(f, eight, local, "Europe/Rome"));
    assert_false(fixture_matches(f, ten, local, "Europe/Rome"));
    assert_true(fixture_matches(f, ten, local, NULL));
    assert_false(fixture_matches(f, eight, local, NULL));
    assert_true(fixture_matches(f, evening, day, "Europe/Rome"));
    assert_false(fixture_matches(f, evening, day, NULL));
    assert_true(fixture_matches(f, VEVENT(PROP("DTSTART", RANGE("20260704T223000Z", "20260704T230000Z"))),
                                day, "Europe/Rome"));
    assert_false(fixture_matches(f, VEVENT(PROP("DTSTART", RANGE("20260704T223000Z", "20260704T230000Z"))),
                                 day, NULL));
    assert_true(fixture_matches(f, VEVENT(PROP("DTSTART", RANGE("20260705T080000Z", "20260705T080001Z"))),
                                local, "Europe/Rome"));
}

static void follows_recurrence(void **state)
{
    struct filter_fixture *f = *state;
    /* Mondays at 09:00 in Rome, without end, without the one of 2026-03-30 (the first in summer time) */
    static const char weekly[] =
        "BEGIN:VEVENT\nUID:w\nDTSTAMP:20260101T000000Z\nDTSTART;TZID=Europe/Rome:20260105T090000\n"
        "DURATION:PT30M\nRRULE:FREQ=WEEKLY\nEXDATE;TZID=Europe/Rome:20260330T090000\n"
        "RDATE;TZID=Europe/Rome:20260401T150000\nBEGIN:VALARM\nACTION:DISPLAY\nDESCRIPTION:x\n"
        "TRIGGER:-PT15M\nREPEAT:1\nDURATION:PT5M\nEND:VALARM\nEND:VEVENT\n";
    assert_true(fixture_matches(f, VEVENT(RANGE("20260323T080000Z", "20260323T081000Z")), weekly, NULL));
    assert_false(fixture_matches(f, VEVENT(RANGE("20260330T000000Z", "20260331T000000Z")), weekly, NULL));
    assert_true(fixture_matches(f, VEVENT(RANGE("20260401T130000Z", "20260401T131000Z")), weekly, NULL));
    assert_true(fixture_matches(f, VEVENT(RANGE("20260406T070000Z", "20260406T071000Z")), weekly, NULL));
    assert_false(fixture_matches(f, VEVENT(RANGE("20260406T080000Z", "20260406T090000Z")), weekly, NULL));
    assert_true(fixture_matches(f, VEVENT(RANGE("20500103T080000Z", "20500103T081000Z")), weekly, NULL));
    assert_false(fixture_matches(f, VEVENT(RANGE("20251229T000000Z", "20260105T080000Z")), weekly, NULL));
    assert_true(
        fixture_matches(f, VEVENT(VALARM(RANGE("20260323T074500Z", "20260323T074600Z"))), weekly, NULL));
    assert_true(
        fixture_matches(f, VEVENT(VALARM(RANGE("20260323T075000Z", "20260323T075100Z"))), weekly, NULL));
    assert_false(
        fixture_matches(f, VEVENT(VALARM(RANGE("20260323T075100Z", "20260323T090000Z"))), weekly, NULL));
    assert_false(
        fixture_matches(f, VEVENT(VALARM(RANGE("20260330T000000Z", "20260331T000000Z"))), weekly, NULL));
    assert_true(fixture_matches(f, VEVENT(PROP("RDATE", RANGE("20260401T120000Z", "20260401T140000Z"))),
                                weekly, NULL));
}

static void judges_availability(void **state)
{
    struct filter_fixture *f = *state;
#define AVAILABLE                                                                                            \
    "<C:comp-filter name=\"VAVAILABILITY\">" RANGE("20260105T100000Z", "20260105T110000Z") "</"              \
                                                                                           "C:comp-filter>"
    assert_true(fixture_matches(
        f, AVAILABLE, "BEGIN:VAVAILABILITY\nUID:a\nDTSTAMP:20260101T000000Z\nEND:VAVAILABILITY\n", NULL));
    assert_true(fixture_matches(
        f, AVAILABLE,
        "BEGIN:VAVAILABILITY\nUID:a\nDTSTAMP:20260101T000000Z\nDTSTART:20260105T103000Z\nEND:VAVAILABILITY\n",
        NULL));
    assert_false(fixture_matches(
        f, AVAILABLE,
        "BEGIN:VAVAILABILITY\nUID:a\nDTSTAMP:20260101T000000Z\nDTSTART:20260105T110000Z\nEND:VAVAILABILITY\n",
        NULL));
    assert_false(fixture_matches(
        f, AVAILABLE,
        "BEGIN:VAVAILABILITY\nUID:a\nDTSTAMP:20260101T000000Z\nDTSTART:20260105T090000Z\nDURATION:PT1H\n"
        "END:VAVAILABILITY\n",
        NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_by_kind),
        cmocka_unit_test(finds_by_time),
        cmocka_unit_test(finds_by_properties),
        cmocka_unit_test(finds_by_parameters),
        cmocka_unit_test(finds_by_alarms),
        cmocka_unit_test(judges_each_component_of_a_set),
        cmocka_unit_test(open_ranges_end),
        cmocka_unit_test(refuses_what_means_nothing),
        cmocka_unit_test(bounds_what_it_takes),
        cmocka_unit_test(tells_what_indexes_can_narrow),
        cmocka_unit_test(overlaps_as_the_tables_say),
        cmocka_unit_test(floats_in_the_zone_of_the_query),
        cmocka_unit_test(follows_recurrence),
        cmocka_unit_test(judges_availability),
    };
    return cmocka_run_group_tests(tests, filter_setup, filter_teardown);
}
