/* Outlook's recurrence patterns and RRULE: each type both ways, ends, zones that shift the days, exceptions, and what no pattern says. */
#include "tests/unit/sif_fixture.h"

#define ROME "Europe/Rome"

/* ---- a pattern as a rule ---- */

static void check_rule(const char *zone, const char *start, const char *pattern, const char *wanted)
{
    SCOPED_ARENA(a, 1 << 20);
    struct str text =
        sif_read(&a, ICAL_VEVENT,
                 arena_strf(&a, "<Start>%s</Start><IsRecurring>1</IsRecurring>%s", start, pattern).p, zone);
    size_t at = str_find(text, STR("\nRRULE:"), 0), end = at == SIZE_MAX ? at : str_chr(text, '\n', at + 7);
    struct str rule = at == SIZE_MAX ? STR("none") : str_slice(text, at + 7, end - at - 7);
    if (!str_eq(rule, str_c(wanted)))
        print_error("%s %s\n", start, pattern);
    assert_str(rule, wanted);
}

#define TYPE(t) "<RecurrenceType>" #t "</RecurrenceType>"

static void test_reads_types(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *rule;
    } rows[] = {
        /* 20260105 is a Monday */
        {TYPE(0) "<Interval>3</Interval><NoEndDate>1</NoEndDate>", "FREQ=DAILY;INTERVAL=3"},
        {TYPE(0) "<Interval>0</Interval><DayOfWeekMask>0</DayOfWeekMask>", "FREQ=DAILY"},
        {TYPE(1) "<Interval>2</Interval><DayOfWeekMask>10</DayOfWeekMask>",
         "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE"},
        {TYPE(1) "<DayOfWeekMask>127</DayOfWeekMask>", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU"},
        {TYPE(1), "FREQ=WEEKLY;BYDAY=MO"},
        {TYPE(2) "<DayOfMonth>5</DayOfMonth>", "FREQ=MONTHLY;BYMONTHDAY=5"},
        {TYPE(2) "<Interval>24</Interval>", "FREQ=MONTHLY;INTERVAL=24;BYMONTHDAY=5"},
        {TYPE(3) "<DayOfWeekMask>2</DayOfWeekMask><Instance>1</Instance>", "FREQ=MONTHLY;BYDAY=1MO"},
        {TYPE(3) "<DayOfWeekMask>64</DayOfWeekMask><Instance>5</Instance>", "FREQ=MONTHLY;BYDAY=-1SA"},
        {TYPE(3) "<DayOfWeekMask>62</DayOfWeekMask><Instance>5</Instance>",
         "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"},
        {TYPE(3) "<DayOfWeekMask>127</DayOfWeekMask><Instance>5</Instance>", "FREQ=MONTHLY;BYMONTHDAY=-1"},
        {TYPE(3), "FREQ=MONTHLY;BYDAY=1MO"},
        {TYPE(5) "<Interval>12</Interval><MonthOfYear>1</MonthOfYear><DayOfMonth>5</DayOfMonth>",
         "FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=5"},
        {TYPE(5) "<MonthOfYear>2</MonthOfYear><DayOfMonth>30</DayOfMonth>",
         "FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=5"},
        {TYPE(6) "<Interval>1</Interval><MonthOfYear>1</MonthOfYear><DayOfWeekMask>2</DayOfWeekMask>"
                 "<Instance>1</Instance>",
         "FREQ=YEARLY;BYMONTH=1;BYDAY=1MO"},
        {TYPE(4), "none"},
        {TYPE(7), "none"},
        {TYPE(-1), "none"},
        {TYPE(1) "<DayOfWeekMask>128</DayOfWeekMask><Interval>x</Interval>", "FREQ=WEEKLY;BYDAY=MO"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check_rule(ROME, "20260105T080000Z", rows[i].pattern, rows[i].rule);
}

static void test_reads_ends(void **state)
{
    (void)state;
    static const struct {
        const char *zone, *start, *range, *rule;
    } rows[] = {
        {ROME, "20260105T080000Z", "<NoEndDate>1</NoEndDate><Occurrences>0</Occurrences>", "FREQ=DAILY"},
        {ROME, "20260105T080000Z",
         "<NoEndDate>0</NoEndDate><Occurrences>10</Occurrences>"
         "<PatternEndDate>20260114T090000</PatternEndDate>",
         "FREQ=DAILY;COUNT=10"},
        {ROME, "20260705T080000Z",
         "<PatternEndDate>20260714T100000</PatternEndDate><Occurrences>0</Occurrences>",
         "FREQ=DAILY;UNTIL=20260714T080000Z"},
        {ROME, "20260705T080000Z", "<PatternEndDate>2026-07-14</PatternEndDate>",
         "FREQ=DAILY;UNTIL=20260714T080000Z"},
        {ROME, "20260705T080000Z", "<PatternEndDate>20260714T235959</PatternEndDate>",
         "FREQ=DAILY;UNTIL=20260714T080000Z"},
        /* the last midnight of July 14th in Rome */
        {ROME, "20260705T080000Z", "<PatternEndDate>20260713T220000Z</PatternEndDate>",
         "FREQ=DAILY;UNTIL=20260714T080000Z"},
        {ROME, "20260705T080000Z", "<PatternEndDate>20250101T000000</PatternEndDate>",
         "FREQ=DAILY;UNTIL=20260705T080000Z"},
        {ROME, "2026-07-05", "<PatternEndDate>2026-07-14</PatternEndDate>", "FREQ=DAILY;UNTIL=20260714"},
        {NULL, "20260705T080000", "<PatternEndDate>2026-07-14</PatternEndDate>",
         "FREQ=DAILY;UNTIL=20260714T080000"},
        {NULL, "20260705T080000Z", "<PatternEndDate>2026-07-14</PatternEndDate>",
         "FREQ=DAILY;UNTIL=20260714T080000Z"},
        {ROME, "20260705T080000Z", "<PatternEndDate>45010101T000000</PatternEndDate>", "FREQ=DAILY"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        SCOPED_ARENA(a, 1 << 20);
        check_rule(rows[i].zone, rows[i].start, arena_strf(&a, TYPE(0) "%s", rows[i].range).p, rows[i].rule);
    }
}

/* Monday 22:30 in New York is Tuesday 03:30 in UTC and 04:30 in Rome. */
static void test_reads_other_days(void **state)
{
    (void)state;
    static const struct {
        const char *zone, *pattern, *rule;
    } rows[] = {
        /* an old client says Tuesday, since it is one in UTC */
        {"America/New_York", TYPE(1) "<DayOfWeekMask>4</DayOfWeekMask>", "FREQ=WEEKLY;BYDAY=MO"},
        {"America/New_York", TYPE(1) "<DayOfWeekMask>2</DayOfWeekMask>", "FREQ=WEEKLY;BYDAY=MO"},
        {"America/New_York", TYPE(2) "<DayOfMonth>6</DayOfMonth>", "FREQ=MONTHLY;BYMONTHDAY=5"},
        /* a client in New York, an account in Rome: its local time is in PatternStartDate */
        {ROME,
         TYPE(1) "<DayOfWeekMask>2</DayOfWeekMask><PatternStartDate>20260105T223000</PatternStartDate>"
                 "<PatternEndDate>20260119T223000</PatternEndDate>",
         "FREQ=WEEKLY;BYDAY=TU;UNTIL=20260120T033000Z"},
        {ROME,
         TYPE(1) "<DayOfWeekMask>65</DayOfWeekMask><PatternStartDate>20260105T223000</PatternStartDate>",
         "FREQ=WEEKLY;BYDAY=MO,SU"},
        /* no offset from UTC that a zone could have */
        {ROME, TYPE(1) "<DayOfWeekMask>4</DayOfWeekMask><PatternStartDate>20260101T223000</PatternStartDate>",
         "FREQ=WEEKLY;BYDAY=TU"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check_rule(rows[i].zone, "20260106T033000Z", rows[i].pattern, rows[i].rule);
}

static void test_reads_exceptions(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    assert_str(
        sif_read(
            &a, ICAL_VEVENT,
            "<Start>20260105T080000Z</Start><IsRecurring>1</IsRecurring>" TYPE(
                0) "<Exceptions>"
                   "<ExcludeDate>20260106T080000Z</ExcludeDate><IncludeDate>20260201T110000Z</IncludeDate>"
                   "<ExcludeDate>2026-01-07</ExcludeDate><ExcludeDate/><ExcludeDate>never</ExcludeDate>"
                   "</Exceptions>",
            ROME),
        "BEGIN:VEVENT\nDTSTART;TZID=Europe/Rome:20260105T090000\nRRULE:FREQ=DAILY\n"
        "EXDATE;TZID=Europe/Rome:20260106T090000\nRDATE;TZID=Europe/Rome:20260201T120000\n"
        "EXDATE;TZID=Europe/Rome:20260107T090000\nEND:VEVENT\n");
    assert_str(sif_read(&a, ICAL_VEVENT,
                        "<Start>2026-01-05</Start><End>2026-01-05</End><IsRecurring>1</IsRecurring>" TYPE(
                            0) "<Exceptions><ExcludeDate>20260105T230000Z</ExcludeDate></Exceptions>",
                        ROME),
               "BEGIN:VEVENT\nDTSTART;VALUE=DATE:20260105\nDTEND;VALUE=DATE:20260106\nRRULE:FREQ=DAILY\n"
               "EXDATE;VALUE=DATE:20260106\nEND:VEVENT\n");
    assert_str(
        sif_read(&a, ICAL_VTODO, "<DueDate>2026-01-05</DueDate><IsRecurring>1</IsRecurring>" TYPE(1), ROME),
        "BEGIN:VTODO\nDTSTART;VALUE=DATE:20260105\nDUE;VALUE=DATE:20260105\nRRULE:FREQ=WEEKLY;BYDAY=MO\n"
        "END:VTODO\n");
}

/* ---- a rule as a pattern ---- */

static void check_pattern(const char *zone, const char *props, const char *wanted)
{
    SCOPED_ARENA(a, 1 << 20);
    struct sif_settings s = in_zone(zone);
    const struct ical_comp *cal = object(&a, arena_strf(&a, "BEGIN:VEVENT\n%sEND:VEVENT\n", props).p);
    assert_elements(&a, sif_write(&a, cal, &s), wanted);
}

#define AT "DTSTART;TZID=Europe/Rome:20260105T090000\nRRULE:"

static void test_writes_types(void **state)
{
    (void)state;
    static const struct {
        const char *rule, *wanted;
    } rows[] = {
        {"FREQ=DAILY;INTERVAL=2", "RecurrenceType=0|Interval=2|DayOfWeekMask=0|NoEndDate=1|Occurrences=0"},
        {"FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", "RecurrenceType=1|Interval=1|DayOfWeekMask=62"},
        {"FREQ=WEEKLY", "RecurrenceType=1|DayOfWeekMask=2|DayOfMonth=0"},
        {"FREQ=WEEKLY;BYDAY=SU,SA;WKST=SU", "RecurrenceType=1|DayOfWeekMask=65"},
        {"FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;WKST=SU", "RecurrenceType=1|Interval=2|DayOfWeekMask=10"},
        {"FREQ=MONTHLY", "RecurrenceType=2|DayOfMonth=5|DayOfWeekMask=0"},
        {"FREQ=MONTHLY;BYMONTHDAY=5;INTERVAL=3", "RecurrenceType=2|DayOfMonth=5|Interval=3"},
        {"FREQ=MONTHLY;BYDAY=1MO", "RecurrenceType=3|DayOfWeekMask=2|Instance=1|DayOfMonth=0"},
        {"FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1", "RecurrenceType=3|DayOfWeekMask=2|Instance=1"},
        {"FREQ=MONTHLY;BYDAY=-1FR", "RecurrenceType=3|DayOfWeekMask=32|Instance=5"},
        {"FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "RecurrenceType=3|DayOfWeekMask=62|Instance=5"},
        {"FREQ=MONTHLY;BYMONTHDAY=-1", "RecurrenceType=3|DayOfWeekMask=127|Instance=5"},
        {"FREQ=YEARLY", "RecurrenceType=5|Interval=1|MonthOfYear=1|DayOfMonth=5"},
        {"FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=5", "RecurrenceType=5|MonthOfYear=1|DayOfMonth=5"},
        {"FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", "RecurrenceType=6|MonthOfYear=3|DayOfWeekMask=1|Instance=5"},
        {"FREQ=YEARLY;INTERVAL=2", "RecurrenceType=2|Interval=24|DayOfMonth=5|MonthOfYear=1"},
        {"FREQ=YEARLY;INTERVAL=2;BYMONTH=1;BYDAY=1MO",
         "RecurrenceType=3|Interval=24|DayOfWeekMask=2|Instance=1"},
    };
    SCOPED_ARENA(a, 1 << 20);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check_pattern(ROME, arena_strf(&a, AT "%s\n", rows[i].rule).p,
                      arena_strf(&a,
                                 "IsRecurring=1|PatternStartDate=20260105T090000|Start=20260105T080000Z|%s",
                                 rows[i].wanted)
                          .p);
}

static void test_writes_no_pattern(void **state)
{
    (void)state;
    static const char *const rules[] = {
        "FREQ=HOURLY",
        "FREQ=DAILY;BYMONTH=1",
        "FREQ=DAILY;INTERVAL=2;BYDAY=MO,TU",
        "FREQ=DAILY;BYHOUR=9,12",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=SU",
        "FREQ=WEEKLY;BYMONTH=1",
        "FREQ=MONTHLY;BYMONTHDAY=1,15",
        "FREQ=MONTHLY;BYMONTHDAY=-2",
        "FREQ=MONTHLY;BYDAY=MO",
        "FREQ=MONTHLY;BYDAY=1MO,3MO",
        "FREQ=MONTHLY;BYDAY=1MO,1TU",
        "FREQ=MONTHLY;BYDAY=5MO",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1,3",
        "FREQ=MONTHLY;BYDAY=MO;BYMONTHDAY=13",
        "FREQ=MONTHLY;BYMONTH=2",
        "FREQ=YEARLY;BYMONTH=1,7",
        "FREQ=YEARLY;BYMONTHDAY=5",
        "FREQ=YEARLY;BYDAY=1MO",
        "FREQ=YEARLY;BYYEARDAY=5",
        "FREQ=YEARLY;BYWEEKNO=2",
        "FREQ=YEARLY;INTERVAL=2;BYMONTH=3",
        "FREQ=DAILY\nRRULE:FREQ=MONTHLY",
        "FREQ=DAILY\nRECURRENCE-ID:20260105T080000Z",
        "nonsense",
    };
    SCOPED_ARENA(a, 1 << 20);
    for (size_t i = 0; i < COUNT_OF(rules); i++)
        check_pattern(ROME, arena_strf(&a, AT "%s\n", rules[i]).p,
                      "IsRecurring=0|RecurrenceType=-|Exceptions=-");
}

static void test_writes_ends(void **state)
{
    (void)state;
    static const struct {
        const char *props, *wanted;
    } rows[] = {
        {AT "FREQ=DAILY;COUNT=10\n", "NoEndDate=0|Occurrences=10|PatternEndDate=20260114T090000"},
        {AT "FREQ=DAILY;COUNT=6000\n", "NoEndDate=0|Occurrences=6000|PatternEndDate="},
        {AT "FREQ=DAILY;UNTIL=20260114T080000Z\n",
         "NoEndDate=0|Occurrences=0|PatternEndDate=20260114T090000"},
        {AT "FREQ=DAILY;UNTIL=20260114T075959Z\n", "PatternEndDate=20260113T090000"},
        {AT "FREQ=DAILY;UNTIL=20260114T225959Z\n", "PatternEndDate=20260114T090000"},
        {AT "FREQ=DAILY;UNTIL=20250101T000000Z\n", "PatternEndDate=20260105T090000"},
        {"DTSTART;VALUE=DATE:20260105\nRRULE:FREQ=DAILY;UNTIL=20260114\n",
         "PatternStartDate=2026-01-05|PatternEndDate=2026-01-14"},
        {"DTSTART;VALUE=DATE:20260105\nRRULE:FREQ=WEEKLY;COUNT=2\n",
         "PatternEndDate=2026-01-12|Occurrences=2"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check_pattern(ROME, rows[i].props, rows[i].wanted);
}

/* The rule's days are those of its own zone. */
static void test_writes_other_days(void **state)
{
    (void)state;
    static const struct {
        const char *rule, *wanted;
    } rows[] = {
        {"FREQ=WEEKLY;BYDAY=MO,SA;UNTIL=20260120T033000Z",
         "IsRecurring=1|DayOfWeekMask=5|PatternStartDate=20260106T043000|PatternEndDate=20260120T043000"},
        {"FREQ=MONTHLY;BYMONTHDAY=5", "IsRecurring=1|DayOfMonth=6"},
        {"FREQ=DAILY", "IsRecurring=1|RecurrenceType=0"},
        {"FREQ=YEARLY", "IsRecurring=1|MonthOfYear=1|DayOfMonth=6"},
        {"FREQ=MONTHLY;BYMONTHDAY=31", "IsRecurring=0"},
        {"FREQ=MONTHLY;BYDAY=1MO", "IsRecurring=0"},
    };
    SCOPED_ARENA(a, 1 << 20);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check_pattern(
            ROME, arena_strf(&a, "DTSTART;TZID=America/New_York:20260105T223000\nRRULE:%s\n", rows[i].rule).p,
            rows[i].wanted);
    /* eastwards of the account's zone: a day back */
    check_pattern("America/New_York", "DTSTART:20260106T033000Z\nRRULE:FREQ=WEEKLY;BYDAY=TU,SU\n",
                  "DayOfWeekMask=66|PatternStartDate=20260105T223000");
}

static void test_writes_exceptions(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    struct sif_settings s = in_zone(ROME);
    const struct ical_comp *cal = object(
        &a, "BEGIN:VEVENT\nUID:1\nDTSTART;TZID=Europe/Rome:20260105T090000\nRRULE:FREQ=DAILY\n"
            "EXDATE;TZID=Europe/Rome:20260106T090000,20260107T090000\nEXDATE;VALUE=DATE:20260108\n"
            "RDATE;VALUE=PERIOD:20260201T110000Z/PT1H\nEXDATE:junk\nEND:VEVENT\n"
            "BEGIN:VEVENT\nUID:1\nRECURRENCE-ID:20260109T080000Z\nDTSTART:20260109T100000Z\nEND:VEVENT\n"
            "BEGIN:VEVENT\nUID:2\nRECURRENCE-ID:20260110T080000Z\nDTSTART:20260109T100000Z\nEND:VEVENT\n"
            "BEGIN:VTODO\nUID:1\nRECURRENCE-ID:20260111T080000Z\nEND:VTODO\n");
    assert_elements(
        &a, sif_write(&a, cal, &s),
        "Exceptions=\n<ExcludeDate>20260106T080000Z</ExcludeDate>\n"
        "<ExcludeDate>20260107T080000Z</ExcludeDate>\n<ExcludeDate>20260108T080000Z</ExcludeDate>\n"
        "<ExcludeDate>20260109T080000Z</ExcludeDate>\n<IncludeDate>20260201T110000Z</IncludeDate>\n");
    /* the override alone is an event of its own */
    SCOPED_BUF(b, ROOM);
    assert_ok(sif_write_calendar(&b, &a, cal->children->next, &s));
    assert_elements(&a, buf_view(&b), "Start=20260109T100000Z|IsRecurring=0");
    check_pattern(
        ROME,
        "DTSTART;VALUE=DATE:20260105\nRRULE:FREQ=DAILY\nEXDATE;VALUE=DATE:20260106\n"
        "EXDATE:20260107T230000Z\n",
        "Exceptions=\n<ExcludeDate>2026-01-06</ExcludeDate>\n<ExcludeDate>2026-01-08</ExcludeDate>\n");
    check_pattern(
        NULL, "DTSTART:20260105T090000\nRRULE:FREQ=DAILY\nEXDATE:20260106T090000\n",
        "Exceptions=\n<ExcludeDate>20260106T090000</ExcludeDate>\n|PatternStartDate=20260105T090000");
}

static void test_writes_tasks(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    struct sif_settings s = in_zone(ROME);
    const struct ical_comp *cal =
        object(&a, "BEGIN:VTODO\nDTSTART:20260105T233000Z\nRRULE:FREQ=WEEKLY;COUNT=3\nEND:VTODO\n");
    assert_elements(&a, sif_write(&a, cal, &s),
                    "StartDate=2026-01-06|IsRecurring=1|DayOfWeekMask=4|PatternStartDate=2026-01-06"
                    "|PatternEndDate=2026-01-20|Occurrences=3|Exceptions=-");
    cal = object(&a, "BEGIN:VTODO\nRRULE:FREQ=DAILY\nEND:VTODO\n");
    assert_elements(&a, sif_write(&a, cal, &s), "StartDate=|IsRecurring=0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_types),       cmocka_unit_test(test_reads_ends),
        cmocka_unit_test(test_reads_other_days),  cmocka_unit_test(test_reads_exceptions),
        cmocka_unit_test(test_writes_types),      cmocka_unit_test(test_writes_no_pattern),
        cmocka_unit_test(test_writes_ends),       cmocka_unit_test(test_writes_other_days),
        cmocka_unit_test(test_writes_exceptions), cmocka_unit_test(test_writes_tasks),
    };
    return cmocka_run_group_tests(tests, zones_setup, zones_teardown);
}
