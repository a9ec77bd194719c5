/* tests/unit/test_expand.c: expand, limit-recurrence-set, limit-freebusy-set, free-busy, and masking. */
#include "tests/unit/occur_fixture.h"

#define EV(props) "BEGIN:VEVENT\nUID:1\n" props "END:VEVENT\n"
#define ROME      ";TZID=Europe/Rome:"

typedef enum status (*transform_fn)(struct arena *a, const struct ical_comp *cal, const struct occur_query *q,
                                    struct ical_comp **out);

struct row {
    const char *object, *zone, *from, *until;
    const char
        *wanted; /* the components' lines, with '|' for the line end; BEGIN and END of VCALENDAR left out */
};

/* Text without the calendar's own lines, and '|' for CRLF. */
static void shorten(struct str text, struct buf *out)
{
    static const char *const own[] = {"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN", "END:VCALENDAR",
                                      "PRODID:-//Scambio//EN"};
    struct str line;
    while (str_split(&text, '\n', &line)) {
        line = str_trim(line);
        bool skip = line.n == 0;
        for (size_t i = 0; i < sizeof own / sizeof *own; i++)
            skip |= str_eq(line, str_c(own[i]));
        if (skip)
            continue;
        buf_add(out, line);
        buf_addc(out, '|');
    }
}

static void check(transform_fn transform, const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        SCOPED_ARENA(a, 4 << 20);
        SCOPED_BUF(text, 1 << 16);
        SCOPED_BUF(out, 1 << 16);
        struct ical_comp *made;
        const struct occur_query q = query(rows[i].zone, rows[i].from, rows[i].until);
        assert_ok(transform(&a, object(&a, rows[i].object), &q, &made));
        ical_write(&text, made);
        shorten(buf_view(&text), &out);
        assert_str(buf_view(&out), rows[i].wanted);
    }
}
#define CHECK(transform, rows) check((transform), (rows), sizeof(rows) / sizeof *(rows))

static void test_expand(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {EV("DTSTART" ROME "20260101T100000\nDTEND" ROME "20260101T110000\nSUMMARY:x\n"), NULL, NULL, NULL,
         "BEGIN:VEVENT|UID:1|DTSTART:20260101T090000Z|DTEND:20260101T100000Z|SUMMARY:x|END:VEVENT|"},
        {EV("DTSTART" ROME "20260328T100000\nRRULE:FREQ=DAILY\nEXDATE" ROME "20260330T100000\n"
            "BEGIN:VALARM\nTRIGGER:-PT5M\nEND:VALARM\n"),
         NULL, "20260328", "20260331",
         "BEGIN:VEVENT|UID:1|DTSTART:20260328T090000Z|RECURRENCE-ID:20260328T090000Z|"
         "BEGIN:VALARM|TRIGGER:-PT5M|END:VALARM|END:VEVENT|"
         "BEGIN:VEVENT|UID:1|DTSTART:20260329T080000Z|RECURRENCE-ID:20260329T080000Z|"
         "BEGIN:VALARM|TRIGGER:-PT5M|END:VALARM|END:VEVENT|"},
        /* no zone left; dates stay dates */
        {"BEGIN:VTIMEZONE\nTZID:Europe/Rome\nEND:VTIMEZONE\n" EV(
             "DTSTART;VALUE=DATE:20260101\nDTEND;VALUE=DATE:20260103\nRRULE:FREQ=MONTHLY;COUNT=2\n"),
         "Europe/Rome", "20260201", NULL,
         "BEGIN:VEVENT|UID:1|DTSTART;VALUE=DATE:20260201|RECURRENCE-ID;VALUE=DATE:20260201|"
         "DTEND;VALUE=DATE:20260203|END:VEVENT|"},
        /* floating stays floating; a nominal day over the change of clocks is said as an end */
        {EV("DTSTART:20260101T100000\nDURATION:P1D\n"), "Europe/Rome", NULL, NULL,
         "BEGIN:VEVENT|UID:1|DTSTART:20260101T100000|DURATION:P1D|END:VEVENT|"},
        {EV("DTSTART" ROME "20260328T100000\nDURATION:P1D\n"), NULL, NULL, NULL,
         "BEGIN:VEVENT|UID:1|DTSTART:20260328T090000Z|DTEND:20260329T080000Z|END:VEVENT|"},
        {EV("DTSTART:20260101T100000Z\nRRULE:FREQ=DAILY;COUNT=2\n")
             EV("RECURRENCE-ID" ROME "20260102T110000\nDTSTART:20260105T100000Z\nSUMMARY:moved\n"),
         NULL, "20260102", NULL,
         "BEGIN:VEVENT|UID:1|DTSTART:20260105T100000Z|RECURRENCE-ID:20260102T100000Z|SUMMARY:moved|END:"
         "VEVENT|"},
        {EV("DTSTART:20260101T100000Z\nDURATION:PT1H\nRDATE;VALUE=PERIOD:20260103T100000Z/PT2H\n"), NULL,
         "20260103", NULL,
         "BEGIN:VEVENT|UID:1|DTSTART:20260103T100000Z|RECURRENCE-ID:20260103T100000Z|DTEND:20260103T120000Z|"
         "END:VEVENT|"},
        {"BEGIN:VTODO\nUID:1\nDUE" ROME "20260101T100000\nEND:VTODO\n", NULL, NULL, NULL,
         "BEGIN:VTODO|UID:1|DUE:20260101T090000Z|END:VTODO|"},
        {EV("DTSTART:20260101T100000Z\n"), NULL, "20270101", NULL, ""},
    };
    CHECK(occur_expand, rows);
}

static void test_expand_bounded(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    struct ical_comp *made;
    const struct occur_query q = query(NULL, NULL, NULL);
    const struct ical_comp *cal = object(&a, EV("DTSTART:20260101T100000Z\nRRULE:FREQ=SECONDLY\n"));
    assert_status(occur_expand(&a, cal, &q, &made), TOO_MANY);
}

#define MASTER         "BEGIN:VEVENT|UID:1|DTSTART:20260101T100000Z|RRULE:FREQ=DAILY|END:VEVENT|"
#define SET(overrides) EV("DTSTART:20260101T100000Z\nRRULE:FREQ=DAILY\n") overrides

static void test_limit_set(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {SET(EV("RECURRENCE-ID:20260102T100000Z\nDTSTART:20260102T120000Z\n")), NULL, "20260105", "20260106",
         MASTER},
        {SET(EV("RECURRENCE-ID:20260102T100000Z\nDTSTART:20260105T120000Z\n")), NULL, "20260105", "20260106",
         MASTER "BEGIN:VEVENT|UID:1|RECURRENCE-ID:20260102T100000Z|DTSTART:20260105T120000Z|END:VEVENT|"},
        {SET(EV("RECURRENCE-ID:20260105T100000Z\nDTSTART:20260102T120000Z\n")), NULL, "20260105", "20260106",
         MASTER "BEGIN:VEVENT|UID:1|RECURRENCE-ID:20260105T100000Z|DTSTART:20260102T120000Z|END:VEVENT|"},
        {SET(EV("RECURRENCE-ID;RANGE=THISANDFUTURE:20260102T100000Z\nDTSTART:20260102T120000Z\n")), NULL,
         "20260105", "20260106",
         MASTER
         "BEGIN:VEVENT|UID:1|RECURRENCE-ID;RANGE=THISANDFUTURE:20260102T100000Z|DTSTART:20260102T120000Z|"
         "END:VEVENT|"},
        {"BEGIN:VTIMEZONE\nTZID:X\nEND:VTIMEZONE\n" EV("DTSTART:20260101T100000Z\n"), NULL, "20270101", NULL,
         "BEGIN:VTIMEZONE|TZID:X|END:VTIMEZONE|BEGIN:VEVENT|UID:1|DTSTART:20260101T100000Z|END:VEVENT|"},
    };
    CHECK(occur_limit_set, rows);
}

static void test_limit_freebusy(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"BEGIN:VFREEBUSY\nUID:1\nFREEBUSY:20260101T100000Z/PT1H,20260102T100000Z/20260102T110000Z\n"
         "FREEBUSY;FBTYPE=BUSY-TENTATIVE:20260101T120000Z/PT1H\nEND:VFREEBUSY\n",
         NULL, "20260102", NULL,
         "BEGIN:VFREEBUSY|UID:1|FREEBUSY:20260102T100000Z/20260102T110000Z|END:VFREEBUSY|"},
        {EV("DTSTART:20260101T100000Z\n"), NULL, "20260102", NULL,
         "BEGIN:VEVENT|UID:1|DTSTART:20260101T100000Z|END:VEVENT|"},
    };
    CHECK(occur_limit_freebusy, rows);
}

static void test_freebusy(void **state)
{
    (void)state;
    static const char *const objects[] = {
        EV("DTSTART:20260101T090000Z\nDTEND:20260101T110000Z\n"), /* cut at the range's edge */
        EV("DTSTART:20260101T103000Z\nDTEND:20260101T120000Z\n"),
        EV("DTSTART:20260101T120000Z\nDTEND:20260101T123000Z\n"),
        EV("DTSTART:20260101T110000Z\nDTEND:20260101T130000Z\nSTATUS:TENTATIVE\n"),
        EV("DTSTART:20260101T140000Z\nDTEND:20260101T150000Z\nSTATUS:CANCELLED\n"),
        EV("DTSTART:20260101T140000Z\nDTEND:20260101T150000Z\nTRANSP:TRANSPARENT\n"),
        EV("DTSTART:20260101T160000Z\n"),
        EV("DTSTART:20251201T170000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY\n") EV(
            "RECURRENCE-ID:20260102T170000Z\nDTSTART:20260102T170000Z\nDURATION:PT1H\nTRANSP:TRANSPARENT\n"),
        "BEGIN:VFREEBUSY\nUID:2\nFREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20260101T200000Z/PT1H\n"
        "FREEBUSY;FBTYPE=FREE:20260101T210000Z/PT1H\nEND:VFREEBUSY\n",
        "BEGIN:VTODO\nUID:3\nDTSTART:20260101T190000Z\nDURATION:PT1H\nEND:VTODO\n",
    };
    SCOPED_ARENA(a, 4 << 20);
    struct busy_list list = {.arena = &a};
    const struct occur_query q = query(NULL, "20260101T100000", "20260103");
    for (size_t i = 0; i < sizeof objects / sizeof *objects; i++)
        assert_ok(busy_collect(&list, object(&a, objects[i]), &q));
    SCOPED_BUF(text, 1 << 16);
    SCOPED_BUF(out, 1 << 16);
    busy_write(&text, &list, q.from, q.until, utc("20260101", 0));
    shorten(buf_view(&text), &out);
    assert_str(buf_view(&out),
               "BEGIN:VFREEBUSY|UID:freebusy-1767225600-1767261600|DTSTAMP:20260101T000000Z|"
               "DTSTART:20260101T100000Z|DTEND:20260103T000000Z|"
               "FREEBUSY;FBTYPE=BUSY:20260101T100000Z/20260101T123000Z|"
               "FREEBUSY;FBTYPE=BUSY-TENTATIVE:20260101T110000Z/20260101T130000Z|"
               "FREEBUSY;FBTYPE=BUSY:20260101T170000Z/20260101T180000Z|"
               "FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20260101T200000Z/20260101T210000Z|END:VFREEBUSY|");
}

static void test_mask(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    SCOPED_BUF(text, 1 << 16);
    SCOPED_BUF(out, 1 << 16);
    const struct ical_comp *cal = object(
        &a,
        "X-WR-CALNAME:secret\nBEGIN:VTIMEZONE\nTZID:X\nX-NOTE:secret\nBEGIN:STANDARD\n"
        "DTSTART:19700101T000000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0100\nCOMMENT:secret\nEND:STANDARD\n"
        "END:VTIMEZONE\n" EV("DTSTART;TZID=X;X-P=secret:20260101T100000\nSUMMARY:secret\nCLASS:PRIVATE\n"
                             "LOCATION:secret\nRRULE:FREQ=DAILY\nATTENDEE:mailto:secret@example.test\n"
                             "BEGIN:VALARM\nDESCRIPTION:secret\nEND:VALARM\n") "BEGIN:X-NEW\nSUMMARY:secret\n"
                                                                               "END:X-NEW\n");
    assert_ok(ical_mask(&a, cal, &text));
    shorten(buf_view(&text), &out);
    assert_str(buf_view(&out),
               "BEGIN:VTIMEZONE|TZID:X|BEGIN:STANDARD|DTSTART:19700101T000000|TZOFFSETFROM:+0100|"
               "TZOFFSETTO:+0100|END:STANDARD|END:VTIMEZONE|BEGIN:VEVENT|UID:1|"
               "DTSTART;TZID=X:20260101T100000|CLASS:PRIVATE|RRULE:FREQ=DAILY|SUMMARY:Busy|END:VEVENT|");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expand),    cmocka_unit_test(test_expand_bounded),
        cmocka_unit_test(test_limit_set), cmocka_unit_test(test_limit_freebusy),
        cmocka_unit_test(test_freebusy),  cmocka_unit_test(test_mask),
    };
    return cmocka_run_group_tests(tests, zones_setup, zones_teardown);
}
