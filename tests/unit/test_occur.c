/* tests/unit/test_occur.c: recurrence sets in UTC: rules, RDATE, EXDATE, overrides, daylight saving; the overlap tables
 * of RFC 4791 section 9.9; spans; alarms; bounds. */
#include "tests/unit/occur_fixture.h"

#include "core/clock.h"

#define EV(props) "BEGIN:VEVENT\nUID:1\n" props "END:VEVENT\n"
#define TD(props) "BEGIN:VTODO\nUID:1\n" props "END:VTODO\n"
#define ROME      ";TZID=Europe/Rome:"

struct row {
    const char *object, *zone, *from, *until;
    const char *wanted; /* start, "/end" unless an instant, "!" for an override */
};

static bool write_one(void *ctx, const struct occur *o)
{
    struct buf *out = ctx;
    buf_addz(out, out->n ? " " : "");
    if (o->flags & OCCUR_INFINITE) {
        buf_addz(out, "always");
        return true;
    }
    put_time(out, o->start);
    if (o->end != o->start) {
        buf_addc(out, '/');
        put_time(out, o->end);
    }
    buf_addz(out, o->flags & OCCUR_OVERRIDE ? "!" : "");
    return true;
}

static void check(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        SCOPED_ARENA(a, 4 << 20);
        SCOPED_BUF(out, 1 << 16);
        const struct occur_query q = query(rows[i].zone, rows[i].from, rows[i].until);
        const struct ical_comp *cal = object(&a, rows[i].object);
        assert_ok(occur_each(&a, cal, &q, write_one, &out));
        if (!str_eq(buf_view(&out), str_c(rows[i].wanted)))
            print_error("row %zu\n%s", i, rows[i].object);
        assert_str(buf_view(&out), rows[i].wanted);
    }
}
#define CHECK(rows) check((rows), sizeof(rows) / sizeof *(rows))

static void test_sets(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {EV("DTSTART:20260101T100000Z\nDTEND:20260101T110000Z\n"), NULL, NULL, NULL,
         "20260101T100000Z/20260101T110000Z"},
        /* DTSTART counts, whether the rule matches it or not */
        {EV("DTSTART:20260101T100000Z\nRRULE:FREQ=WEEKLY;BYDAY=FR;COUNT=3\n"), NULL, NULL, NULL,
         "20260101T100000Z 20260102T100000Z 20260109T100000Z"},
        {EV("DTSTART:20260101T100000Z\nRRULE:FREQ=DAILY;COUNT=3\nRRULE:FREQ=DAILY;INTERVAL=2;COUNT=3\n"),
         NULL, NULL, NULL, "20260101T100000Z 20260102T100000Z 20260103T100000Z 20260105T100000Z"},
        {EV("DTSTART:20260101T100000Z\nRDATE:20260105T100000Z,20260103T100000Z\nRDATE:20260103T100000Z\n"),
         NULL, NULL, NULL, "20260101T100000Z 20260103T100000Z 20260105T100000Z"},
        {EV("DTSTART:20260101T100000Z\nDURATION:PT1H\n"
            "RDATE;VALUE=PERIOD:20260103T100000Z/PT3H,20260104T100000Z/20260104T120000Z\n"),
         NULL, NULL, NULL,
         "20260101T100000Z/20260101T110000Z 20260103T100000Z/20260103T130000Z "
         "20260104T100000Z/20260104T120000Z"},
        {EV("DTSTART:20260101T100000Z\nRRULE:FREQ=DAILY;COUNT=5\nEXDATE:20260102T100000Z,20260104T100000Z\n"),
         NULL, NULL, NULL, "20260101T100000Z 20260103T100000Z 20260105T100000Z"},
        /* EXDATE by instant in another zone, by date, floating */
        {EV("DTSTART" ROME "20260101T100000\nRRULE:FREQ=DAILY;COUNT=5\nEXDATE:20260102T090000Z\n"
            "EXDATE;VALUE=DATE:20260103\nEXDATE:20260104T100000\n"),
         NULL, NULL, NULL, "20260101T090000Z 20260105T090000Z"},
        {EV("DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE:20260102T000000Z\n"), NULL, NULL,
         NULL, "20260101/20260102 20260103/20260104"},
        /* endless and far away; UNTIL */
        {EV("DTSTART:19700101T100000Z\nRRULE:FREQ=DAILY\n"), NULL, "20260101", "20260103",
         "20260101T100000Z 20260102T100000Z"},
        {EV("DTSTART" ROME "20260101T100000\nRRULE:FREQ=DAILY;UNTIL=20260103T090000Z\n"), NULL, NULL, NULL,
         "20260101T090000Z 20260102T090000Z 20260103T090000Z"},
        {EV("DTSTART" ROME "20260101T100000\nRRULE:FREQ=DAILY;UNTIL=20260102\n"), NULL, NULL, NULL,
         "20260101T090000Z 20260102T090000Z"},
        /* a long instance that began before the range */
        {EV("DTSTART:20260101T000000Z\nDURATION:P10D\nRRULE:FREQ=YEARLY\n"), NULL, "20300108", "20300109",
         "20300101/20300111"},
    };
    CHECK(rows);
}

static void test_daylight(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {EV("DTSTART" ROME "20260328T100000\nRRULE:FREQ=DAILY;COUNT=2\n"), NULL, NULL, NULL,
         "20260328T090000Z 20260329T080000Z"},
        /* days of a DURATION are nominal, hours exact; DTEND gives an exact duration */
        {EV("DTSTART" ROME "20260328T100000\nDURATION:P1D\n"), NULL, NULL, NULL,
         "20260328T090000Z/20260329T080000Z"},
        {EV("DTSTART" ROME "20260328T100000\nDURATION:PT24H\n"), NULL, NULL, NULL,
         "20260328T090000Z/20260329T090000Z"},
        {EV("DTSTART" ROME "20260327T100000\nDTEND" ROME "20260328T100000\nRRULE:FREQ=DAILY;COUNT=2\n"), NULL,
         NULL, NULL, "20260327T090000Z/20260328T090000Z 20260328T090000Z/20260329T090000Z"},
        /* the gap: once, by the offset before it */
        {EV("DTSTART" ROME "20260328T023000\nRRULE:FREQ=DAILY;COUNT=3\n"), NULL, NULL, NULL,
         "20260328T013000Z 20260329T013000Z 20260330T003000Z"},
        {EV("DTSTART" ROME "20260329T013000\nRRULE:FREQ=HOURLY;COUNT=4\n"), NULL, NULL, NULL,
         "20260329T003000Z 20260329T013000Z 20260329T023000Z"},
        /* all-day and floating in the query's zone */
        {EV("DTSTART;VALUE=DATE:20260329\n"), "Europe/Rome", NULL, NULL, "20260328T230000Z/20260329T220000Z"},
        {EV("DTSTART;VALUE=DATE:20260328\nDTEND;VALUE=DATE:20260330\n"), "Europe/Rome", NULL, NULL,
         "20260327T230000Z/20260329T220000Z"},
        {EV("DTSTART:20260701T120000\n"), "America/New_York", NULL, NULL, "20260701T160000Z"},
        {EV("DTSTART;TZID=Nowhere:20260701T120000\n"), "America/New_York", NULL, NULL, "20260701T160000Z"},
        /* the object's own zone, for a name that the system does not know */
        {"BEGIN:VTIMEZONE\nTZID:Mine\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0300\n"
         "TZOFFSETTO:+0300\nEND:STANDARD\nEND:VTIMEZONE\n" EV("DTSTART;TZID=Mine:20260701T120000\n"),
         NULL, NULL, NULL, "20260701T090000Z"},
    };
    CHECK(rows);
}

#define DAILY "DTSTART:20260101T100000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=4\n"

static void test_overrides(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {EV(DAILY) EV("RECURRENCE-ID:20260102T100000Z\nDTSTART:20260120T100000Z\n"), NULL, NULL, "20260110",
         "20260101T100000Z/20260101T110000Z 20260103T100000Z/20260103T110000Z "
         "20260104T100000Z/20260104T110000Z"},
        {EV(DAILY) EV("RECURRENCE-ID:20260102T100000Z\nDTSTART:20260120T100000Z\n"), NULL, "20260110", NULL,
         "20260120T100000Z!"},
        {EV(DAILY) EV("RECURRENCE-ID;VALUE=DATE:20260102\nDTSTART:20260120T100000Z\n"), NULL, "20260102",
         "20260103", ""},
        /* alone, without a master */
        {EV("RECURRENCE-ID:20260102T100000Z\nDTSTART:20260120T100000Z\n")
             EV("RECURRENCE-ID:20260103T100000Z\nDTSTART:20260103T100000Z\n"),
         NULL, NULL, NULL, "20260120T100000Z! 20260103T100000Z!"},
        /* from the second on two hours later and half as long; the third is excepted by itself */
        {EV(DAILY) EV(
             "RECURRENCE-ID;RANGE=THISANDFUTURE:20260102T100000Z\nDTSTART:20260102T120000Z\nDURATION:PT30M\n")
             EV("RECURRENCE-ID:20260103T100000Z\nDTSTART:20260103T080000Z\n"),
         NULL, NULL, NULL,
         "20260102T120000Z/20260102T123000Z! 20260103T080000Z! 20260101T100000Z/20260101T110000Z "
         "20260104T120000Z/20260104T123000Z!"},
        /* moved far, and found where it went */
        {EV(DAILY) EV("RECURRENCE-ID;RANGE=THISANDFUTURE:20260102T100000Z\nDTSTART:20260402T100000Z\n"), NULL,
         "20260403", "20260404", "20260403T100000Z!"},
        {EV("DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=DAILY;COUNT=3\n")
             EV("RECURRENCE-ID;VALUE=DATE:20260102\nDTSTART:20260102T100000Z\n"),
         NULL, NULL, NULL, "20260102T100000Z! 20260101/20260102 20260103/20260104"},
    };
    CHECK(rows);
}

struct overlap {
    const char *object, *from, *until;
    bool wanted;
};

static bool found_one(void *ctx, const struct occur *o)
{
    (void)o;
    *(bool *)ctx = true;
    return false;
}

/* Each row of the tables at its edges. N: noon, a second before, a second after. */
#define N         "20260101T120000"
#define N_        "20260101T115959"
#define N1        "20260101T120001"
#define L         "20260101T130000"
#define L1        "20260101T130001"
#define L_        "20260101T125959"
#define FB(props) "BEGIN:VFREEBUSY\nUID:1\n" props "END:VFREEBUSY\n"
#define JO(props) "BEGIN:VJOURNAL\nUID:1\n" props "END:VJOURNAL\n"

static void test_tables(void **state)
{
    (void)state;
    static const struct overlap rows[] = {
        {EV("DTSTART:" N "Z\nDTEND:" L "Z\n"), L, NULL, false},
        {EV("DTSTART:" N "Z\nDTEND:" L "Z\n"), L_, NULL, true},
        {EV("DTSTART:" N "Z\nDTEND:" L "Z\n"), NULL, N, false},
        {EV("DTSTART:" N "Z\nDTEND:" L "Z\n"), NULL, N1, true},
        {EV("DTSTART:" N "Z\nDURATION:PT0S\n"), N, L, true},
        {EV("DTSTART:" N "Z\nDURATION:PT0S\n"), N1, L, false},
        {EV("DTSTART:" N "Z\n"), N, N1, true},
        {EV("DTSTART:" N "Z\n"), N_, N, false},
        {EV("DTSTART;VALUE=DATE:20260101\n"), "20260102", NULL, false},
        {EV("DTSTART;VALUE=DATE:20260101\n"), "20260101T235959", NULL, true},
        /* VTODO: DTSTART and DURATION count both edges of the end */
        {TD("DTSTART:" N "Z\nDURATION:PT1H\n"), L, NULL, true},
        {TD("DTSTART:" N "Z\nDURATION:PT1H\n"), L1, NULL, false},
        {TD("DTSTART:" N "Z\nDURATION:PT1H\n"), NULL, N, false},
        {TD("DTSTART:" N "Z\nDURATION:PT0S\n"), NULL, N, true},
        {TD("DTSTART:" N "Z\nDUE:" L "Z\n"), L, NULL, false},
        {TD("DTSTART:" N "Z\nDUE:" L "Z\n"), L_, NULL, true},
        {TD("DTSTART:" N "Z\nDUE:" N "Z\n"), N, NULL, true},
        {TD("DTSTART:" N "Z\nDUE:" N "Z\n"), NULL, N, true},
        {TD("DTSTART:" N "Z\nDUE:" N "Z\n"), NULL, N_, false},
        {TD("DTSTART:" N "Z\n"), N, NULL, true},
        {TD("DTSTART:" N "Z\n"), NULL, N, false},
        {TD("DUE:" N "Z\n"), N, NULL, false},
        {TD("DUE:" N "Z\n"), N_, NULL, true},
        {TD("DUE:" N "Z\n"), NULL, N, true},
        {TD("DUE:" N "Z\n"), NULL, N_, false},
        {TD("CREATED:" N "Z\nCOMPLETED:" L "Z\n"), L, NULL, true},
        {TD("CREATED:" N "Z\nCOMPLETED:" L "Z\n"), L1, NULL, false},
        {TD("CREATED:" N "Z\nCOMPLETED:" L "Z\n"), NULL, N, true},
        {TD("CREATED:" N "Z\nCOMPLETED:" L "Z\n"), NULL, N_, false},
        {TD("COMPLETED:" N "Z\n"), N, NULL, true},
        {TD("COMPLETED:" N "Z\n"), NULL, N, true},
        {TD("COMPLETED:" N "Z\n"), N1, NULL, false},
        {TD("CREATED:" N "Z\n"), "20990101", NULL, true},
        {TD("CREATED:" N "Z\n"), NULL, N, false},
        {TD(""), "20990101", "20990102", true},
        {JO("DTSTART:" N "Z\n"), N, N1, true},
        {JO("DTSTART:" N "Z\n"), N1, NULL, false},
        {JO("DTSTART;VALUE=DATE:20260101\n"), "20260101T235959", NULL, true},
        {JO(""), NULL, NULL, false},
        {FB("DTSTART:" N "Z\nDTEND:" L "Z\n"), L, NULL, true},
        {FB("DTSTART:" N "Z\nDTEND:" L "Z\n"), L1, NULL, false},
        {FB("DTSTART:" N "Z\nDTEND:" L "Z\n"), NULL, N, false},
        {FB("FREEBUSY:" N "Z/" L "Z,20260105T000000Z/PT1H\n"), L, "20260105", false},
        {FB("FREEBUSY:" N "Z/" L "Z,20260105T000000Z/PT1H\n"), L, "20260106", true},
        {FB("FREEBUSY:" N "Z/" L "Z\n"), L_, NULL, true},
        {FB(""), NULL, NULL, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        SCOPED_ARENA(a, 4 << 20);
        const struct occur_query q = query(NULL, rows[i].from, rows[i].until);
        bool found = false;
        assert_ok(occur_each(&a, object(&a, rows[i].object), &q, found_one, &found));
        if (found != rows[i].wanted)
            fail_msg("row %zu, from %s until %s\n%s", i, rows[i].from ? rows[i].from : "-",
                     rows[i].until ? rows[i].until : "-", rows[i].object);
    }
}

static void test_alarms(void **state)
{
    (void)state;
#define AL(props) "BEGIN:VALARM\n" props "END:VALARM\n"
    static const struct overlap rows[] = {
        {EV("DTSTART:" N "Z\nDTEND:" L "Z\n" AL("TRIGGER:-PT15M\n")), "20260101T114500", "20260101T114501",
         true},
        {EV("DTSTART:" N "Z\nDTEND:" L "Z\n" AL("TRIGGER:-PT15M\n")), "20260101T114501", NULL, false},
        {EV("DTSTART:" N "Z\nDTEND:" L "Z\n" AL("TRIGGER:-PT15M\n")), NULL, "20260101T114500", false},
        {EV("DTSTART:" N "Z\nDTEND:" L "Z\n" AL("TRIGGER;RELATED=END:PT0S\n")), L, L1, true},
        {EV("DTSTART:" N "Z\n" AL("TRIGGER;VALUE=DATE-TIME:20250101T000000Z\n")), "20250101", "20250102",
         true},
        {EV("DTSTART:" N "Z\n" AL("TRIGGER:PT0S\nREPEAT:3\nDURATION:PT1H\n")), "20260101T143000",
         "20260101T150001", true},
        {EV("DTSTART:" N "Z\n" AL("TRIGGER:PT0S\nREPEAT:3\nDURATION:PT1H\n")), "20260101T150001", NULL,
         false},
        {EV("DTSTART:" N "Z\n" AL("TRIGGER:PT0S\nREPEAT:3\nDURATION:PT1H\n")), "20260101T143000",
         "20260101T150000", false},
        {EV("DTSTART:" N "Z\nRRULE:FREQ=DAILY\n" AL("TRIGGER:-P1D\n")), "20300505T120000", "20300505T120001",
         true},
        {EV("DTSTART:" N "Z\nRRULE:FREQ=DAILY\n" AL("TRIGGER:-P1D\n")), "20300505T120001", "20300506T120000",
         false},
        {TD("DUE:" N "Z\n" AL("TRIGGER;RELATED=END:-PT1H\n")), "20260101T110000", "20260101T110001", true},
        {EV("DTSTART:" N "Z\n" AL("ACTION:AUDIO\n")), NULL, NULL, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        SCOPED_ARENA(a, 4 << 20);
        const struct occur_query q = query(NULL, rows[i].from, rows[i].until);
        const struct ical_comp *cal = object(&a, rows[i].object);
        bool found = false;
        assert_ok(occur_alarm_overlaps(&a, cal, ical_child(cal->children, STR("VALARM")), &q, &found));
        if (found != rows[i].wanted)
            fail_msg("row %zu\n%s", i, rows[i].object);
    }
}

static void test_spans(void **state)
{
    (void)state;
    static const struct {
        const char *object, *first, *last; /* last NULL: INT64_MAX */
        bool recurs, endless;
    } rows[] = {
        {EV("DTSTART:20260101T100000Z\nDTEND:20260101T110000Z\n"), "20260101T100000", "20260101T110000",
         false, false},
        {EV(DAILY), "20260101T100000", "20260104T110000", true, false},
        {EV("DTSTART:20260101T100000Z\nRRULE:FREQ=DAILY\n"), "20260101T100000", NULL, true, true},
        {EV("DTSTART:20260101T100000Z\nRRULE:FREQ=DAILY;UNTIL=20990101\n"), "20260101T100000", NULL, true,
         false},
        {EV("DTSTART;VALUE=DATE:20260102\n"), "20260101T100000", "20260103T140000", false, false},
        {EV(DAILY) EV("RECURRENCE-ID:20260102T100000Z\nDTSTART:20200101T100000Z\n"), "20200101T100000",
         "20260104T110000", true, false},
        /* an override that is about no instance ends nothing */
        {EV(DAILY) EV("RECURRENCE-ID:soon\nDTSTART:20450101T100000Z\n"), "20260101T100000", "20450101T100000",
         true, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        SCOPED_ARENA(a, 4 << 20);
        struct occur_span span;
        assert_ok(occur_span(&a, object(&a, rows[i].object), zones, utc("20300101", 0), &span));
        assert_int_equal(span.first, utc(rows[i].first, 0));
        assert_int_equal(span.last, utc(rows[i].last, INT64_MAX));
        assert_int_equal(span.recurs, rows[i].recurs);
        assert_int_equal(span.endless, rows[i].endless);
    }
}

static bool count_one(void *ctx, const struct occur *o)
{
    (void)o;
    ++*(size_t *)ctx;
    return true;
}

/* Nothing takes long: far ranges are jumped to, what has too much says so. */
static void test_bounds(void **state)
{
    (void)state;
    static const struct {
        const char *object, *from, *until;
        enum status st;
        size_t count;
    } rows[] = {
        {EV("DTSTART:19700101T000000Z\nRRULE:FREQ=SECONDLY\n"), "20260101T000000", "20260101T000010", OK, 10},
        {EV("DTSTART:19700101T000000Z\nRRULE:FREQ=SECONDLY\n"), NULL, NULL, TOO_MANY, 100},
        {EV("DTSTART:19700101T000000Z\nRRULE:FREQ=SECONDLY;COUNT=2000000000\n"), "20260101", "20260102",
         TOO_MANY, 0},
        {EV("DTSTART:19700101T000000Z\nRRULE:FREQ=SECONDLY;BYYEARDAY=366;BYHOUR=1\n"), "20260101", "20260102",
         OK, 0},
        {EV("DTSTART:19700101T000000Z\nDURATION:P9999D\nRRULE:FREQ=YEARLY\n"), "20260101", "20260102", OK,
         28},
        {EV("DTSTART:99991231T235959Z\nDURATION:P3999999D\nRRULE:FREQ=YEARLY\n"), NULL, NULL, OK, 1},
        {EV("DTSTART:00000101T000000Z\nRRULE:FREQ=DAILY\n"), NULL, "00000104", OK, 3},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        SCOPED_ARENA(a, 4 << 20);
        size_t count = 0;
        int64_t before = clock_mono_us();
        const struct occur_query q = query(NULL, rows[i].from, rows[i].until);
        assert_int_equal(occur_each(&a, object(&a, rows[i].object), &q, count_one, &count), rows[i].st);
        assert_int_equal(count, rows[i].count);
        assert_true(clock_mono_us() - before < 2000000);
    }
}

struct accepted {
    struct str summary; /* of the component that is accepted; STR_NONE: any */
    size_t asked;
};

static bool has_summary(void *ctx, const struct ical_comp *c)
{
    struct accepted *a = ctx;
    const struct line *l = ical_prop(c, STR("SUMMARY"));
    a->asked++;
    return !a->summary.p || (l && str_eq(l->value, a->summary));
}

#define PART(lines) "BEGIN:VEVENT\nUID:1\n" lines "END:VEVENT\n"

/* A series without end, in ranges without end: nothing is too much to say whether there is an instance. */
static void test_any(void **state)
{
    (void)state;
    static const char series[] =
        PART("DTSTART:20000101T000000Z\nDURATION:PT30S\nRRULE:FREQ=MINUTELY\nSUMMARY:first\n")
            PART("RECURRENCE-ID:20100101T000000Z\nDTSTART:20110101T000000Z\nDURATION:PT1H\nSUMMARY:moved\n")
                PART("RECURRENCE-ID;RANGE=THISANDFUTURE:20200101T000000Z\nDTSTART:20210101T000000Z\nDURATION:"
                     "PT10S\nSUMMARY:later\n")
                    PART("RECURRENCE-ID;RANGE=THISANDFUTURE:20300101T000000Z\nDTSTART:"
                         "20300101T000015Z\nDURATION:PT5S\nSUMMARY:last\n");
    static const char never[] =
        PART("DTSTART;VALUE=DATE:20000101\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30\nSUMMARY:x\n");
    static const struct {
        const char *object, *summary, *from, *until;
        bool found;
    } rows[] = {
        {series, "first", NULL, "20000101T000001", true},
        {series, "first", NULL, "20000101", false},
        {series, "first", "20191231T235915", NULL, true},
        {series, "first", "20200101", NULL, false},
        {series, "moved", NULL, "20110101", false},
        {series, "moved", NULL, "20110102", true},
        {series, "moved", "20110101T005959", NULL, true},
        {series, "moved", "20110101T010000", NULL, false},
        {series, "later", NULL, "20210101", false},
        {series, "later", NULL, "20210101T000001", true},
        {series, "later", "20301231T235905", NULL, true},
        {series, "later", "20310102", NULL, false},
        {series, "last", NULL, "20300101T000015", false},
        {series, "last", NULL, "20300101T000016", true},
        {series, "last", "20990101", NULL, true},
        {series, "last", "20990101T000020", "20990101T000115", false},
        {series, "last", "20990101T000020", "20990101T000116", true},
        {series, "none", NULL, NULL, false},
        {never, "x", "20000102", NULL, false},
        {never, "x", NULL, "20000102", true},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        SCOPED_ARENA(a, 4 << 20);
        struct accepted accepted = {str_c(rows[i].summary), 0};
        bool found = false;
        int64_t before = clock_mono_us();
        const struct occur_query q = query(NULL, rows[i].from, rows[i].until);
        assert_ok(occur_any(&a, object(&a, rows[i].object), &q, has_summary, &accepted, &found));
        if (found != rows[i].found)
            print_error("row %zu: %s\n", i, rows[i].summary);
        assert_int_equal(found, rows[i].found);
        assert_true(clock_mono_us() - before < 500000);
    }
}

/* Thousands of EXDATEs, out of order: all of them hold. */
static void test_many_exceptions(void **state)
{
    (void)state;
    enum { MANY = 5000 };
    SCOPED_ARENA(a, 16 << 20);
    SCOPED_BUF(text, 1 << 20);
    buf_addz(&text, "BEGIN:VEVENT\nUID:1\nDTSTART:20000101T100000Z\nRRULE:FREQ=DAILY;COUNT=5003\nEXDATE:");
    for (int64_t i = MANY; i > 0; i--) {
        struct caltime t = caltime_from_seconds(utc("20000101T100000", 0) + i * 86400);
        t.is_utc = true;
        caltime_write(&text, &t);
        buf_addz(&text, i > 1 ? "," : "\nEND:VEVENT\n");
    }
    size_t count = 0;
    const struct occur_query q = query(NULL, NULL, NULL);
    assert_ok(occur_each(&a, object(&a, buf_c(&text)), &q, count_one, &count));
    assert_int_equal(count, 3);
}

static void test_times(void **state)
{
    (void)state;
    static const struct {
        const char *line, *zone, *wanted;
        unsigned flags;
    } rows[] = {
        {"DTSTART:20260701T120000Z\n", NULL, "20260701T120000", 0},
        {"DTSTART" ROME "20260701T120000\n", NULL, "20260701T100000", 0},
        {"DTSTART:20260701T120000\n", "Europe/Rome", "20260701T100000", OCCUR_FLOATING},
        {"DTSTART;VALUE=DATE:20260701\n", "Europe/Rome", "20260630T220000", OCCUR_FLOATING | OCCUR_ALLDAY},
        {"DTSTART:soon\n", NULL, NULL, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        SCOPED_ARENA(a, 1 << 20);
        const struct occur_query q = query(rows[i].zone, NULL, NULL);
        const struct ical_comp *cal = object(&a, rows[i].line);
        int64_t at = 0;
        unsigned flags = 0;
        const struct line *l = ical_prop(cal, STR("DTSTART"));
        assert_int_equal(occur_time(&a, cal, l, &q, &at, &flags), rows[i].wanted ? OK : INVALID);
        assert_int_equal(at, utc(rows[i].wanted, 0));
        assert_int_equal(flags, rows[i].flags);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sets),
        cmocka_unit_test(test_daylight),
        cmocka_unit_test(test_overrides),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_alarms),
        cmocka_unit_test(test_spans),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_any),
        cmocka_unit_test(test_many_exceptions),
        cmocka_unit_test(test_times),
    };
    return cmocka_run_group_tests(tests, zones_setup, zones_teardown);
}
