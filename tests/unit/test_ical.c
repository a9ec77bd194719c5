/* tests/unit/test_ical.c: parsing, checking and writing of calendar objects; and hostile ones. */
#include "tests/unit/test.h"

#include "core/clock.h"
#include "formats/ical.h"

#define CAL(inner) "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\n" inner "END:VCALENDAR\r\n"
#define EVENT(more)                                                                                          \
    "BEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260101T100000Z\r\n" more "END:"          \
    "VEVENT\r\n"

static void test_round_trip(void **state)
{
    (void)state;
    static const char text[] =
        CAL("BEGIN:VTIMEZONE\r\nTZID:X\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"
            "TZOFFSETFROM:+0100\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n" EVENT(
                "ATTENDEE;CN=\"A, B\":mailto:a@example.test\r\nX-A.B:dotted\r\n"
                "BEGIN:VALARM\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\n"));
    SCOPED_ARENA(a, 1 << 20);
    struct ical_comp *cal;
    struct ical_problem problem;
    assert_ok(ical_parse(&a, str_c(text), &ical_default_limits, &cal, &problem));
    SCOPED_BUF(out, 1 << 16);
    ical_write(&out, cal);
    assert_str(buf_view(&out), text);
    const struct ical_comp *event = ical_child(cal, STR("vevent"));
    assert_non_null(event);
    assert_ptr_equal(event->parent, cal);
    assert_null(ical_child_next(event, STR("VEVENT")));
    assert_str(ical_prop(event, STR("uid"))->value, "1");
    assert_str(ical_prop(event, STR("X-A.B"))->value, "dotted");
    assert_null(ical_prop_next(ical_prop(event, STR("UID")), STR("UID")));
    assert_true(str_starts(event->raw, STR("BEGIN:VEVENT\r\n")) &&
                str_ends(event->raw, STR("END:VEVENT\r\n")));
}

static void test_syntax(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum status st;
        enum ical_fault fault;
        const char *why;
    } rows[] = {
        {"", INVALID, ICAL_SYNTAX, "line 0: no VCALENDAR"},
        {"BEGIN:VCARD\r\nEND:VCARD\r\n", INVALID, ICAL_SYNTAX, "line 1: VCALENDAR expected, not VCARD"},
        {"X:1\r\n" CAL(""), INVALID, ICAL_SYNTAX, "line 1: a property outside of VCALENDAR: X"},
        {CAL("") "X:1\r\n", INVALID, ICAL_SYNTAX, "line 5: a property outside of VCALENDAR: X"},
        {CAL("") CAL(""), INVALID, ICAL_OBJECT, "line 5: a second VCALENDAR"},
        {"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n", INVALID, ICAL_SYNTAX, "line 2: not closed: BEGIN:VEVENT"},
        {"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VCALENDAR\r\n", INVALID, ICAL_SYNTAX,
         "line 3: END does not fit its BEGIN: VCALENDAR"},
        {"END:VCALENDAR\r\n", INVALID, ICAL_SYNTAX, "line 1: END without BEGIN: VCALENDAR"},
        {CAL("oops\r\n"), INVALID, ICAL_SYNTAX, "line 4: a colon is missing"},
        {CAL("X:\xFF\r\n"), INVALID, ICAL_SYNTAX, "line 4: not UTF-8: X"},
        {CAL("X:a\rb\r\n"), INVALID, ICAL_SYNTAX, "line 4: a control character: X"},
        {CAL("BEGIN:\r\n"), INVALID, ICAL_SYNTAX, "line 4: BEGIN without a name"},
        {CAL("BEGIN:VCALENDAR\r\n"), INVALID, ICAL_SYNTAX, "line 4: a VCALENDAR inside of another"},
        {"\xEF\xBB\xBF" CAL("") "\r\n\r\n", OK, ICAL_OK, ""},
        {"begin:vcalendar\nend:VCALENDAR", OK, ICAL_OK, ""},
    };
    SCOPED_ARENA(a, 1 << 20);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ical_comp *cal;
        struct ical_problem problem;
        assert_status(ical_parse(&a, str_c(rows[i].text), &ical_default_limits, &cal, &problem), rows[i].st);
        assert_int_equal(problem.fault, rows[i].fault);
        assert_str(problem.text, rows[i].why);
    }
}

struct check_row {
    const char *text;
    enum status st;
    enum ical_fault fault;
};

static void check_rows(const struct check_row *rows, size_t count, const struct ical_limits *limits)
{
    for (size_t i = 0; i < count; i++) {
        SCOPED_ARENA(a, 1 << 20);
        struct ical_comp *cal;
        struct ical_problem problem;
        struct ical_info info;
        assert_ok(ical_parse(&a, str_c(rows[i].text), limits, &cal, &problem));
        enum status st = ical_check(&a, cal, limits, &info, &problem);
        if (st != rows[i].st || problem.fault != rows[i].fault || (st != OK && !problem.text.n))
            print_error("row %zu: %.*s\n", i, STR_ARG(problem.text));
        assert_status(st, rows[i].st);
        assert_int_equal(problem.fault, rows[i].fault);
        assert_true(st == OK || problem.text.n > 0);
    }
}

#define OVERRIDE(rid)                                                                                        \
    "BEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260101T100000Z\r\nRECURRENCE-ID" rid "\r\nEND:VEVENT\r\n"

static void test_check(void **state)
{
    (void)state;
    static const struct check_row rows[] = {
        {CAL(EVENT("")), OK, ICAL_OK},
        {CAL(""), INVALID, ICAL_OBJECT},
        {CAL("METHOD:REQUEST\r\n" EVENT("")), INVALID, ICAL_OBJECT},
        {CAL("CALSCALE:CHINESE\r\n" EVENT("")), INVALID, ICAL_SYNTAX},
        {"BEGIN:VCALENDAR\r\nVERSION:1.0\r\n" EVENT("") "END:VCALENDAR\r\n", INVALID, ICAL_SYNTAX},
        {CAL("BEGIN:VPOLL\r\nUID:1\r\nEND:VPOLL\r\n"), UNSUPPORTED, ICAL_COMPONENT},
        {CAL("BEGIN:VEVENT\r\nDTSTART:20260101\r\nEND:VEVENT\r\n"), INVALID, ICAL_OBJECT},
        {CAL("BEGIN:VEVENT\r\nUID:\r\nDTSTART:20260101\r\nEND:VEVENT\r\n"), INVALID, ICAL_OBJECT},
        {CAL("BEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT\r\n"), INVALID, ICAL_SYNTAX},
        {CAL(EVENT("UID:1\r\n")), INVALID, ICAL_SYNTAX},
        {CAL(EVENT("DTSTART:20260101\r\n")), INVALID, ICAL_SYNTAX},
        {CAL(EVENT("") EVENT("")), INVALID, ICAL_OBJECT},
        {CAL(EVENT("") "BEGIN:VTODO\r\nUID:1\r\nEND:VTODO\r\n"), INVALID, ICAL_OBJECT},
        {CAL(EVENT("") "BEGIN:VEVENT\r\nUID:2\r\nDTSTART:20260101\r\nEND:VEVENT\r\n"), INVALID, ICAL_OBJECT},
        {CAL(OVERRIDE(":20260101T100000Z")), OK, ICAL_OK},
        {CAL(EVENT("") OVERRIDE(":20260101T100000Z") OVERRIDE(":20260102T100000Z")), OK, ICAL_OK},
        {CAL(EVENT("") OVERRIDE(":20260101T100000Z") OVERRIDE(":20260101T100000Z")), INVALID, ICAL_OBJECT},
        {CAL(EVENT("") OVERRIDE(":20260101T100000") OVERRIDE(";TZID=A:20260101T100000")), OK, ICAL_OK},
        {CAL(EVENT("DTEND:2026\r\n")), INVALID, ICAL_SYNTAX},
        {CAL(EVENT("DURATION:1 hour\r\n")), INVALID, ICAL_SYNTAX},
        {CAL(EVENT("DURATION:+P1DT2H\r\n")), OK, ICAL_OK},
        {CAL(EVENT("RRULE:FREQ=DAILY;COUNT=2\r\n")), OK, ICAL_OK},
        {CAL(EVENT("RRULE:FREQ=OFTEN\r\n")), INVALID, ICAL_SYNTAX},
        {CAL(EVENT("EXDATE:20260101T100000Z,20260102T100000Z\r\n")), OK, ICAL_OK},
        {CAL(EVENT("EXDATE:20260101T100000Z,soon\r\n")), INVALID, ICAL_SYNTAX},
        {CAL(EVENT("RDATE;VALUE=PERIOD:20260101T100000Z/PT1H,20260102T100000Z/20260102T110000Z\r\n")), OK,
         ICAL_OK},
        {CAL(EVENT("RDATE;VALUE=PERIOD:20260101T100000Z/later\r\n")), INVALID, ICAL_SYNTAX},
        {CAL(EVENT("DTEND:00000101\r\n")), INVALID, ICAL_MIN_DATE},
        {CAL("BEGIN:VTODO\r\nUID:1\r\nEND:VTODO\r\n"), OK, ICAL_OK},
        {CAL("BEGIN:VJOURNAL\r\nUID:1\r\nEND:VJOURNAL\r\n"), OK, ICAL_OK},
    };
    check_rows(rows, sizeof rows / sizeof *rows, &ical_default_limits);
}

static void test_limits(void **state)
{
    (void)state;
    struct ical_limits limits = ical_default_limits;
    limits.attendees = 2;
    limits.overrides = 2;
    limits.min_time = 1735689600; /* 2025 */
    limits.max_time = 1798761599; /* 2026 */
    static const struct check_row rows[] = {
        {CAL(EVENT("ATTENDEE:a\r\nATTENDEE:b\r\n")), OK, ICAL_OK},
        {CAL(EVENT("ATTENDEE:a\r\nATTENDEE:b\r\nATTENDEE:c\r\n")), TOO_MANY, ICAL_ATTENDEES},
        {CAL(EVENT("") OVERRIDE(":20260101") OVERRIDE(":20260102")), OK, ICAL_OK},
        {CAL(EVENT("") OVERRIDE(":20260101") OVERRIDE(":20260102") OVERRIDE(":20260103")), TOO_MANY,
         ICAL_INSTANCES},
        {CAL(EVENT("DTEND:20261231T235959Z\r\n")), OK, ICAL_OK},
        {CAL(EVENT("DTEND:20270101T000000Z\r\n")), INVALID, ICAL_MAX_DATE},
        {CAL(EVENT("RDATE:20241231T000000Z\r\n")), INVALID, ICAL_MIN_DATE},
    };
    check_rows(rows, sizeof rows / sizeof *rows, &limits);
}

static void test_info(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    struct ical_comp *cal;
    struct ical_problem problem;
    struct ical_info info;
    static const char text[] =
        CAL(EVENT("CLASS:PRIVATE\r\nRRULE:FREQ=DAILY\r\nBEGIN:VALARM\r\nEND:VALARM\r\n")
                OVERRIDE(":20260102T100000Z\r\nCLASS:CONFIDENTIAL"));
    assert_ok(ical_parse(&a, str_c(text), &ical_default_limits, &cal, &problem));
    assert_ok(ical_check(&a, cal, &ical_default_limits, &info, &problem));
    assert_str(info.uid, "1");
    assert_int_equal(info.kind, ICAL_VEVENT);
    assert_int_equal(info.class, ICAL_CONFIDENTIAL);
    assert_int_equal(info.components, 2);
    assert_true(info.recurs && info.alarms);
    assert_str(ical_kind_name(ICAL_VTODO), "VTODO");
    assert_int_equal(ical_kind_of(STR("vjournal")), ICAL_VJOURNAL);
    assert_int_equal(ical_kind_of(STR("VTIMEZONE")), 0);
}

/* Parses what a peer would send to hurt; all of it in linear time. */
static void hostile(struct buf *text, enum status parse, enum status check)
{
    SCOPED_ARENA(a, 256 << 20);
    struct ical_comp *cal;
    struct ical_problem problem;
    struct ical_info info;
    int64_t start = clock_mono_us();
    assert_status(ical_parse(&a, buf_view(text), &ical_default_limits, &cal, &problem), parse);
    if (parse == OK)
        assert_status(ical_check(&a, cal, &ical_default_limits, &info, &problem), check);
    assert_true(parse == OK && check == OK ? !problem.text.n : problem.text.n > 0);
    assert_true(clock_mono_us() - start < 5000000); /* far under a second; the sanitizers and the load cost */
    buf_clear(text);
}

static void repeat(struct buf *out, const char *what, int times)
{
    for (int i = 0; i < times; i++)
        buf_addz(out, what);
}

static void test_hostile(void **state)
{
    (void)state;
    SCOPED_BUF(text, 64 << 20);
    repeat(&text, "BEGIN:VCALENDAR\r\n", 100000);
    hostile(&text, INVALID, OK);

    buf_addz(&text, "BEGIN:VCALENDAR\r\n");
    repeat(&text, "BEGIN:VEVENT\r\n", 100000);
    hostile(&text, TOO_MANY, OK);

    buf_addz(&text, "BEGIN:VCALENDAR\r\n");
    repeat(&text, "BEGIN:VEVENT\r\nEND:VEVENT\r\n", 100000);
    hostile(&text, TOO_MANY, OK);

    buf_addz(&text, "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260101\r\nSUMMARY:");
    repeat(&text, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n ", 130000);
    buf_addz(&text, "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
    hostile(&text, OK, OK);

    buf_addz(&text, "BEGIN:VCALENDAR\r\nSUMMARY:");
    repeat(&text, "a\r\n ", 5000000);
    hostile(&text, TOO_LARGE, OK);

    buf_addz(&text, "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260101\r\n");
    repeat(&text, "ATTENDEE;CN=x:mailto:x@example.test\r\n", 100001);
    buf_addz(&text, "END:VEVENT\r\nEND:VCALENDAR\r\n");
    hostile(&text, OK, TOO_MANY);

    buf_addz(&text, "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260101\r\nEXDATE:20260101");
    repeat(&text, ",20260101", 20000);
    buf_addz(&text, "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
    hostile(&text, OK, OK);

    buf_addz(&text, "BEGIN:VCALENDAR\r\nX");
    repeat(&text, ";A=\"b\"", 500000);
    hostile(&text, TOO_MANY, OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_syntax), cmocka_unit_test(test_check),
        cmocka_unit_test(test_limits),     cmocka_unit_test(test_info),   cmocka_unit_test(test_hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
