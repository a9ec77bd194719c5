/* SIF-E, SIF-T and SIF-N: fields, times, reminders, states, notes. Rules are in test_sif_rule.c. */
#include "tests/unit/sif_fixture.h"

#define ROME "Europe/Rome"

static void check_read(enum ical_kind kind, const char *zone, const char *inner, const char *wanted)
{
    SCOPED_ARENA(a, 1 << 20);
    assert_str(sif_read(&a, kind, inner, zone), wanted);
}

/* What a Funambol client for Outlook sends of a meeting. */
static void test_event_from_outlook(void **state)
{
    (void)state;
    check_read(
        ICAL_VEVENT, ROME,
        "<SIFVersion>1.0</SIFVersion><Subject>Review &amp; plan</Subject><Body>one\r\ntwo, three</Body>"
        "<Start>20260105T080000Z</Start><End>20260105T093000Z</End><AllDayEvent>0</AllDayEvent>"
        "<BillingInformation/><BusyStatus>1</BusyStatus><Categories>Work, Travel</Categories>"
        "<Companies>ACME</Companies><Importance>2</Importance><IsRecurring>0</IsRecurring>"
        "<Location> Room 5 </Location><MeetingStatus>0</MeetingStatus><Mileage>100</Mileage>"
        "<NoAging>0</NoAging><ReminderMinutesBeforeStart>15</ReminderMinutesBeforeStart>"
        "<ReminderSet>1</ReminderSet><ReminderSoundFile/><ReplyTime/><Sensitivity>2</Sensitivity>"
        "<SomethingNew>x</SomethingNew>",
        "BEGIN:VEVENT\n"
        "DTSTART;TZID=Europe/Rome:20260105T090000\n"
        "DTEND;TZID=Europe/Rome:20260105T103000\n"
        "SUMMARY:Review & plan\n"
        "DESCRIPTION:one\\ntwo\\, three\n"
        "LOCATION:Room 5\n"
        "CATEGORIES:Work,Travel\n"
        "CLASS:PRIVATE\n"
        "PRIORITY:1\n"
        "X-SIF-COMPANIES:ACME\n"
        "X-SIF-MILEAGE:100\n"
        "X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE\n"
        "BEGIN:VALARM\n"
        "ACTION:DISPLAY\n"
        "DESCRIPTION:Review & plan\n"
        "TRIGGER:-PT15M\n"
        "END:VALARM\n"
        "END:VEVENT\n");
}

static void test_event_times(void **state)
{
    (void)state;
    static const struct {
        const char *zone, *inner, *start, *end; /* end NULL: none */
    } rows[] = {
        {ROME, "<Start>20260705T080000Z</Start><End>20260705T090000Z</End>",
         ";TZID=Europe/Rome:20260705T100000", ";TZID=Europe/Rome:20260705T110000"},
        {ROME, "<Start>20260705T080000</Start><End>20260705T090000</End>",
         ";TZID=Europe/Rome:20260705T080000", ";TZID=Europe/Rome:20260705T090000"},
        {NULL, "<Start>20260705T080000Z</Start>", ":20260705T080000Z", NULL},
        {NULL, "<Start>20260705T080000</Start>", ":20260705T080000", NULL},
        {"UTC", "<Start>20260705T080000</Start>", ":20260705T080000Z", NULL},
        /* of the two hours of 2026-10-25 that are called 02:30 the second is said in UTC */
        {ROME, "<Start>20261025T003000Z</Start>", ";TZID=Europe/Rome:20261025T023000", NULL},
        {ROME, "<Start>20261025T013000Z</Start>", ":20261025T013000Z", NULL},
        {ROME, "<Start>2026-07-05T10:00:00.000Z</Start>", ";TZID=Europe/Rome:20260705T120000", NULL},
        {ROME, "<Start>2026-07-05 10:00</Start>", ";TZID=Europe/Rome:20260705T100000", NULL},
        /* no length, or a negative one */
        {ROME, "<Start>20260705T080000Z</Start><End>20260705T080000Z</End>",
         ";TZID=Europe/Rome:20260705T100000", NULL},
        {ROME, "<Start>20260705T080000Z</Start><End>20260704T080000Z</End>",
         ";TZID=Europe/Rome:20260705T100000", NULL},
        /* days: the last one is in it */
        {ROME, "<Start>2026-07-05</Start><End>2026-07-06</End><AllDayEvent>1</AllDayEvent>",
         ";VALUE=DATE:20260705", ";VALUE=DATE:20260707"},
        {ROME, "<Start>20260705</Start><End>20260705</End>", ";VALUE=DATE:20260705", ";VALUE=DATE:20260706"},
        {ROME, "<Start>20260705T000000</Start><End>20260706T235900</End><AllDayEvent>1</AllDayEvent>",
         ";VALUE=DATE:20260705", ";VALUE=DATE:20260707"},
        {ROME, "<Start>20260705T000000</Start><End>20260706T000000</End><AllDayEvent>1</AllDayEvent>",
         ";VALUE=DATE:20260705", ";VALUE=DATE:20260706"},
        {ROME, "<Start>20260704T220000Z</Start><End>20260705T215959Z</End><AllDayEvent>1</AllDayEvent>",
         ";VALUE=DATE:20260705", ";VALUE=DATE:20260706"},
        {ROME, "<Start>2026-07-05</Start><AllDayEvent>1</AllDayEvent>", ";VALUE=DATE:20260705",
         ";VALUE=DATE:20260706"},
        {ROME, "<Start>2026-07-05</Start><End>2026-07-01</End>", ";VALUE=DATE:20260705",
         ";VALUE=DATE:20260706"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        SCOPED_ARENA(a, 1 << 20);
        struct str end = rows[i].end ? arena_strf(&a, "DTEND%s\n", rows[i].end) : STR("");
        struct str wanted =
            arena_strf(&a, "BEGIN:VEVENT\nDTSTART%s\n%.*sEND:VEVENT\n", rows[i].start, STR_ARG(end));
        assert_str(sif_read(&a, ICAL_VEVENT, rows[i].inner, rows[i].zone), wanted.p);
    }
}

static void test_refuses(void **state)
{
    (void)state;
    static const struct xml_limits small = {.size = 200, .depth = 4, .nodes = 8};
    static const struct {
        const char *text, *why;
        enum status st;
    } rows[] = {
        {"<appointment><Subject>x</Subject></appointment>", "<Start> is missing or no time", INVALID},
        {"<appointment><Start>soon</Start></appointment>", "<Start> is missing or no time", INVALID},
        {"<appointment><Start>45010101T000000Z</Start></appointment>", "<Start> is missing or no time",
         INVALID},
        {"<task/>", "<task> where <appointment> is wanted", INVALID},
        {"BEGIN:VEVENT", NULL, INVALID},
        {"", NULL, INVALID},
        {"<!DOCTYPE a [<!ENTITY b 'c'>]><appointment/>", NULL, INVALID},
        {"<appointment><a/><b/><c/><d/><e/><f/><g/><h/><i/></appointment>", NULL, TOO_MANY},
        {"<appointment><a><b><c><d/></c></b></a></appointment>", NULL, TOO_MANY},
    };
    SCOPED_ARENA(a, 1 << 20);
    struct sif_settings s = {.xml = &small};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct ical_comp *c;
        struct str why;
        assert_status(sif_read_calendar(&a, ICAL_VEVENT, str_c(rows[i].text), &s, &c, &why), rows[i].st);
        assert_null(c);
        assert_true(why.n);
        if (rows[i].why)
            assert_str(why, rows[i].why);
    }
    struct ical_comp *c;
    struct str why;
    assert_status(sif_read_calendar(&a, ICAL_VFREEBUSY, STR("<task/>"), &s, &c, &why), UNSUPPORTED);
    SCOPED_BUF(b, 1000);
    struct ical_comp none = {.name = STR("VEVENT")}, other = {.name = STR("VFREEBUSY")};
    assert_status(sif_write_calendar(&b, &a, &none, &s), INVALID);
    assert_status(sif_write_calendar(&b, &a, &other, &s), UNSUPPORTED);
}

static void test_limits(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    const struct ical_comp *cal = object(&a, "BEGIN:VEVENT\nDTSTART:20260105T090000Z\nEND:VEVENT\n");
    struct sif_settings s = in_zone(NULL);
    SCOPED_BUF(b, 300);
    assert_status(sif_write_calendar(&b, &a, cal->children, &s), TOO_LARGE);
    struct arena tight = ARENA_INIT(100);
    struct ical_comp *c;
    struct str why;
    assert_true(sif_read_calendar(&tight, ICAL_VEVENT,
                                  STR("<appointment><Start>2026-01-05</Start></appointment>"), &s, &c,
                                  &why) != OK);
    assert_null(c);
    arena_free(&tight);
}

static void test_event_for_outlook(void **state)
{
    (void)state;
    static const struct {
        const char *zone;
        bool local;
        const char *event, *wanted;
    } rows[] = {
        {ROME, false,
         "DTSTART;TZID=America/New_York:20260105T090000\nDURATION:PT1H30M\nSUMMARY:A <b>\nDESCRIPTION:x\\, "
         "y\\nz\n"
         "LOCATION:Room\nCATEGORIES:Work,A\\, "
         "B\nCATEGORIES:Home\nCLASS:CONFIDENTIAL\nPRIORITY:9\nX-SIF-MILEAGE:10\n",
         "Start=20260105T140000Z|End=20260105T153000Z|AllDayEvent=0|Subject=A &lt;b&gt;|Body=x, "
         "y\nz|Location=Room"
         "|Categories=Work, A, B, Home|Sensitivity=3|Importance=0|Mileage=10|BusyStatus=2|MeetingStatus=0"
         "|ReminderSet=0|IsRecurring=0|Companies=|NoAging="},
        {ROME, true,
         "DTSTART:20260105T090000Z\nDTEND:20260105T100000Z\nTRANSP:TRANSPARENT\nSTATUS:CANCELLED\n",
         "Start=20260105T100000|End=20260105T110000|BusyStatus=0|MeetingStatus=5|Subject=|Body=|Sensitivity=0"
         "|Importance=1"},
        {ROME, false, "DTSTART:20260105T090000\nDTEND:20260105T100000\nX-MICROSOFT-CDO-BUSYSTATUS:OOF\n",
         "Start=20260105T080000Z|End=20260105T090000Z|BusyStatus=3"},
        {NULL, false, "DTSTART:20260105T090000\nDTEND:20260105T100000\nTRANSP:OPAQUE\n",
         "Start=20260105T090000|End=20260105T100000|BusyStatus=2"},
        {NULL, false, "DTSTART;TZID=Europe/Rome:20260105T090000\n",
         "Start=20260105T080000Z|End=20260105T080000Z"},
        {ROME, false, "DTSTART;VALUE=DATE:20260105\nCLASS:X-SECRET\n",
         "Start=2026-01-05|End=2026-01-05|AllDayEvent=1|Sensitivity=2"},
        {ROME, true, "DTSTART;VALUE=DATE:20260105\nDTEND;VALUE=DATE:20260108\n",
         "Start=2026-01-05|End=2026-01-07"},
        {ROME, false, "DTSTART;VALUE=DATE:20260105\nDURATION:P1W\n", "Start=2026-01-05|End=2026-01-11"},
        {ROME, false, "DTSTART;VALUE=DATE:20260105\nDTEND;VALUE=DATE:20260101\n",
         "Start=2026-01-05|End=2026-01-05"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        SCOPED_ARENA(a, 1 << 20);
        struct sif_settings s = in_zone(rows[i].zone);
        s.local = rows[i].local;
        const struct ical_comp *cal =
            object(&a, arena_strf(&a, "BEGIN:VEVENT\n%sEND:VEVENT\n", rows[i].event).p);
        struct str xml = sif_write(&a, cal, &s);
        assert_true(str_starts(xml, STR("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<appointment>\n")));
        assert_true(str_ends(xml, STR("</appointment>\n")));
        assert_elements(&a, xml, rows[i].wanted);
    }
}

static void test_reminders(void **state)
{
    (void)state;
    static const struct {
        const char *alarm, *wanted;
    } rows[] = {
        {"ACTION:DISPLAY\nTRIGGER:-PT15M\n", "ReminderSet=1|ReminderMinutesBeforeStart=15"},
        {"ACTION:DISPLAY\nTRIGGER:PT0S\n", "ReminderSet=1|ReminderMinutesBeforeStart=0"},
        {"ACTION:AUDIO\nTRIGGER:-P1D\n", "ReminderSet=1|ReminderMinutesBeforeStart=1440"},
        {"ACTION:DISPLAY\nTRIGGER:-PT90S\n", "ReminderSet=1|ReminderMinutesBeforeStart=2"},
        {"ACTION:DISPLAY\nTRIGGER;RELATED=END:-PT2H\n", "ReminderSet=1|ReminderMinutesBeforeStart=60"},
        {"ACTION:DISPLAY\nTRIGGER;VALUE=DATE-TIME:20260105T070000Z\n",
         "ReminderSet=1|ReminderMinutesBeforeStart=60"},
        {"ACTION:DISPLAY\nTRIGGER:PT5M\n", "ReminderSet=0|ReminderMinutesBeforeStart=15"},
        {"ACTION:EMAIL\nTRIGGER:-PT5M\n", "ReminderSet=0"},
        {"ACTION:DISPLAY\nTRIGGER:nonsense\n", "ReminderSet=0"},
        {"ACTION:DISPLAY\n", "ReminderSet=0"},
        {"ACTION:EMAIL\nTRIGGER:-PT5M\nEND:VALARM\nBEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT7M\n",
         "ReminderSet=1|ReminderMinutesBeforeStart=7"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        SCOPED_ARENA(a, 1 << 20);
        struct sif_settings s = in_zone(ROME);
        const struct ical_comp *cal =
            object(&a, arena_strf(&a,
                                  "BEGIN:VEVENT\nDTSTART;TZID=Europe/Rome:20260105T090000\nDURATION:PT1H\n"
                                  "BEGIN:VALARM\n%sEND:VALARM\nEND:VEVENT\n",
                                  rows[i].alarm)
                           .p);
        assert_elements(&a, sif_write(&a, cal, &s), rows[i].wanted);
    }
    static const struct {
        const char *minutes, *trigger;
    } back[] = {{"0", "PT0M"},    {"1", "-PT1M"},   {"60", "-PT1H"},
                {"90", "-PT90M"}, {"1440", "-P1D"}, {"1500", "-PT25H"},
                {"", "-PT15M"},   {"-3", "-PT15M"}, {"99999999999", "-PT15M"}};
    for (size_t i = 0; i < COUNT_OF(back); i++) {
        SCOPED_ARENA(a, 1 << 20);
        struct str text = sif_read(&a, ICAL_VEVENT,
                                   arena_strf(&a,
                                              "<Start>20260105T080000Z</Start><ReminderSet>1</ReminderSet>"
                                              "<ReminderMinutesBeforeStart>%s</ReminderMinutesBeforeStart>",
                                              back[i].minutes)
                                       .p,
                                   ROME);
        struct str wanted = arena_strf(&a, "DESCRIPTION:Reminder\nTRIGGER:%s\n", back[i].trigger);
        assert_true(str_find(text, wanted, 0) != SIZE_MAX);
    }
}

static void test_task_read(void **state)
{
    (void)state;
    check_read(ICAL_VTODO, ROME,
               "<StartDate>2026-05-22</StartDate><ActualWork>0</ActualWork><Body>b</Body><Categories/>"
               "<Complete>0</Complete><DueDate>2026-05-24</DueDate><Importance>0</Importance>"
               "<PercentComplete>30</PercentComplete><ReminderSet>1</ReminderSet>"
               "<ReminderTime>20260524T060000Z</ReminderTime><Sensitivity>1</Sensitivity><Status>1</Status>"
               "<Subject>Tre</Subject><TeamTask>0</TeamTask><TotalWork>120</TotalWork><Owner>Anna</Owner>",
               "BEGIN:VTODO\n"
               "DTSTART;VALUE=DATE:20260522\n"
               "DUE;VALUE=DATE:20260524\n"
               "SUMMARY:Tre\n"
               "DESCRIPTION:b\n"
               "CLASS;X-SIF=PERSONAL:PRIVATE\n"
               "PRIORITY:9\n"
               "X-SIF-OWNER:Anna\n"
               "X-SIF-TOTALWORK:120\n"
               "STATUS:IN-PROCESS\n"
               "PERCENT-COMPLETE:30\n"
               "BEGIN:VALARM\n"
               "ACTION:DISPLAY\n"
               "DESCRIPTION:Tre\n"
               "TRIGGER;VALUE=DATE-TIME:20260524T060000Z\n"
               "END:VALARM\n"
               "END:VTODO\n");
    check_read(ICAL_VTODO, ROME,
               "<Subject>Done</Subject><Complete>1</Complete><DateCompleted>2026-05-23</DateCompleted>"
               "<Status>0</Status>",
               "BEGIN:VTODO\nSUMMARY:Done\nSTATUS:COMPLETED\nPERCENT-COMPLETE:100\n"
               "COMPLETED:20260522T220000Z\nEND:VTODO\n");
    /* due before it begins; local midnight in UTC */
    check_read(ICAL_VTODO, ROME,
               "<StartDate>20260524</StartDate><DueDate>20260521T220000Z</DueDate><Status>2</Status>",
               "BEGIN:VTODO\nDTSTART;VALUE=DATE:20260522\nDUE;VALUE=DATE:20260522\nSTATUS:COMPLETED\n"
               "PERCENT-COMPLETE:100\nEND:VTODO\n");
    check_read(ICAL_VTODO, NULL,
               "<Status>3</Status><PercentComplete>101</PercentComplete><ReminderSet>1</ReminderSet>",
               "BEGIN:VTODO\nSTATUS;X-SIF=WAITING:NEEDS-ACTION\nEND:VTODO\n");
}

static void test_task_write(void **state)
{
    (void)state;
    static const struct {
        const char *task, *wanted;
    } rows[] = {
        {"SUMMARY:x\nDTSTART;TZID=Europe/Rome:20260522T233000\nDUE:20260523T223000Z\n",
         "StartDate=2026-05-22|DueDate=2026-05-24|Complete=0|Status=0|PercentComplete=0|DateCompleted=|"
         "IsRecurring=0"
         "|ReminderSet=0|ReminderTime=|Subject=x|TeamTask=|ActualWork="},
        {"DTSTART;VALUE=DATE:20260522\nDURATION:P2D\n", "StartDate=2026-05-22|DueDate=2026-05-24"},
        {"STATUS:COMPLETED\nCOMPLETED:20260522T223000Z\nPERCENT-COMPLETE:40\n",
         "StartDate=|DueDate=|Complete=1|Status=2|PercentComplete=100|DateCompleted=2026-05-23"},
        {"COMPLETED:20260522T203000Z\n", "Complete=1|Status=2|PercentComplete=100|DateCompleted=2026-05-22"},
        {"STATUS:CANCELLED\nPERCENT-COMPLETE:oops\n", "Complete=0|Status=4|PercentComplete=0"},
        {"STATUS;X-SIF=WAITING:NEEDS-ACTION\nPERCENT-COMPLETE:25\n", "Status=3|PercentComplete=25"},
        {"STATUS:NEEDS-ACTION\n", "Status=0"},
        {"STATUS:IN-PROCESS\nPRIORITY:1\n", "Status=1|Importance=2"},
        {"DUE;VALUE=DATE:20260524\nBEGIN:VALARM\nACTION:DISPLAY\nTRIGGER;RELATED=END:-PT1H\nEND:VALARM\n",
         "ReminderSet=1|ReminderTime=20260523T210000Z"},
        {"BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER;VALUE=DATE-TIME:20260524T060000Z\nEND:VALARM\n",
         "ReminderSet=1|ReminderTime=20260524T060000Z"},
        {"BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT1H\nEND:VALARM\n", "ReminderSet=0|ReminderTime="},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        SCOPED_ARENA(a, 1 << 20);
        struct sif_settings s = in_zone(ROME);
        const struct ical_comp *cal =
            object(&a, arena_strf(&a, "BEGIN:VTODO\n%sEND:VTODO\n", rows[i].task).p);
        assert_elements(&a, sif_write(&a, cal, &s), rows[i].wanted);
    }
}

static void test_notes(void **state)
{
    (void)state;
    static const struct {
        const char *inner, *journal;
    } rows[] = {
        {"<Subject>Shopping</Subject><Body>Shopping\r\nMilk</Body><Categories>A,B</Categories><Color>1</"
         "Color>"
         "<Date>20260105T080000Z</Date><Height>200</Height><Left>0</Left>",
         "SUMMARY:Shopping\nDESCRIPTION:Milk\nDTSTART;TZID=Europe/"
         "Rome:20260105T090000\nCATEGORIES:A,B\nCOLOR:green\n"
         "X-SIF-HEIGHT:200\n"},
        {"<Body>Shopping\nMilk</Body><Color>3</Color>", "SUMMARY:Shopping\nDESCRIPTION:Milk\n"},
        {"<Subject>Title</Subject><Body>Other text</Body>", "SUMMARY:Title\nDESCRIPTION:Other text\n"},
        {"<Subject>Title</Subject><Body/>", "SUMMARY:Title\n"},
        {"<Subject>Sho</Subject><Body>Shopping</Body>", "SUMMARY:Sho\nDESCRIPTION:Shopping\n"},
        {"<Subject>0123456789012345678901234567890123456789</Subject>"
         "<Body>01234567890123456789012345678901234567890123\nrest</Body>",
         "SUMMARY:01234567890123456789012345678901234567890123\nDESCRIPTION:rest\n"},
        {"", ""},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        SCOPED_ARENA(a, 1 << 20);
        struct str wanted = arena_strf(&a, "BEGIN:VJOURNAL\n%sEND:VJOURNAL\n", rows[i].journal);
        assert_str(sif_read(&a, ICAL_VJOURNAL, rows[i].inner, ROME), wanted.p);
        struct sif_settings s = in_zone(ROME);
        struct str xml = sif_write(&a, object(&a, wanted.p), &s);
        struct str inner = str_slice(xml, str_find(xml, STR("<note>"), 0) + 6, xml.n);
        inner = str_slice(inner, 0, str_find(inner, STR("</note>"), 0));
        assert_str(sif_read(&a, ICAL_VJOURNAL, arena_str(&a, inner).p, ROME), wanted.p);
    }
    SCOPED_ARENA(a, 1 << 20);
    struct sif_settings s = in_zone(ROME);
    const struct ical_comp *cal = object(
        &a, "BEGIN:VJOURNAL\nSUMMARY:T\nDESCRIPTION:b\\nc\nCOLOR:turquoise\nDTSTART;VALUE=DATE:20260105\n"
            "END:VJOURNAL\n");
    assert_elements(&a, sif_write(&a, cal, &s), "Subject=T|Body=T\nb\nc|Color=3|Date=2026-01-05|Categories=");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_event_from_outlook),
        cmocka_unit_test(test_event_times),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_event_for_outlook),
        cmocka_unit_test(test_reminders),
        cmocka_unit_test(test_task_read),
        cmocka_unit_test(test_task_write),
        cmocka_unit_test(test_notes),
    };
    return cmocka_run_group_tests(tests, zones_setup, zones_teardown);
}
