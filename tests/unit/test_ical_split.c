/* tests/unit/test_ical_split.c: files of many objects taken apart, and put together. */
#include "tests/unit/test.h"

#include "formats/ical.h"

#define CAL(inner) "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\n" inner "END:VCALENDAR\r\n"
#define EVENT(uid, more)                                                                                     \
    "BEGIN:VEVENT\r\nUID:" uid "\r\nDTSTART;TZID=A:20260101T100000\r\n" more "END:VEVENT\r\n"
#define ZONE(name)                                                                                           \
    "BEGIN:VTIMEZONE\r\nTZID:" name "\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"                      \
    "TZOFFSETFROM:+0100\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"

struct got {
    struct buf *out;
    size_t count, stop_at;
};

static enum status on_object(void *ctx, struct str uid, struct str text)
{
    struct got *g = ctx;
    buf_add(g->out, uid);
    buf_addc(g->out, '\n');
    buf_add(g->out, text);
    return ++g->count == g->stop_at ? OVER_QUOTA : OK;
}

static enum status split(struct arena *a, const char *text, struct got *g)
{
    struct ical_problem problem;
    return ical_split(a, str_c(text), &ical_default_limits, on_object, g, &problem);
}

static void test_split(void **state)
{
    (void)state;
    static const struct {
        const char *text, *wanted;
    } rows[] = {
        /* groups by UID in the order of the file; zones that are named, once */
        {CAL("METHOD:PUBLISH\r\nX-WR-CALNAME:x\r\n" ZONE("A") ZONE("B") EVENT("1", "") EVENT("2", "")
                 EVENT("1", "RECURRENCE-ID;TZID=A:20260102T100000\r\n")),
         "1\n" CAL(ZONE("A") EVENT("1", "") EVENT("1", "RECURRENCE-ID;TZID=A:20260102T100000\r\n")) "2\n" CAL(
             ZONE("A") EVENT("2", ""))},
        {CAL(EVENT("1", "")) "\r\n" CAL(EVENT("2", "")), "1\n" CAL(EVENT("1", "")) "2\n" CAL(EVENT("2", ""))},
        {CAL(ZONE("A")), ""},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        SCOPED_ARENA(a, 1 << 20);
        SCOPED_BUF(out, 1 << 16);
        struct got g = {.out = &out};
        assert_ok(split(&a, rows[i].text, &g));
        assert_str(buf_view(&out), rows[i].wanted);
    }
}

static void test_split_stops(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    SCOPED_BUF(out, 1 << 16);
    struct got g = {.out = &out, .stop_at = 1};
    assert_status(split(&a, CAL(EVENT("1", "") EVENT("2", "")), &g), OVER_QUOTA);
    assert_int_equal(g.count, 1);
    assert_status(split(&a, CAL(EVENT("1", "")) "BEGIN:VCALENDAR\r\n", &g), INVALID);
}

/* Without a UID, or with an empty one: the same twice, and the text has it. */
static void test_split_makes_uid(void **state)
{
    (void)state;
    static const char *const texts[] = {
        CAL("BEGIN:VEVENT\r\nDTSTART:20260101T100000Z\r\nEND:VEVENT\r\n"),
        CAL("BEGIN:VEVENT\r\nUID:\r\nDTSTART:20260101T100000Z\r\nEND:VEVENT\r\n")};
    for (size_t i = 0; i < 2; i++) {
        SCOPED_ARENA(a, 1 << 20);
        SCOPED_BUF(once, 1 << 16);
        SCOPED_BUF(twice, 1 << 16);
        struct got g = {.out = &once}, h = {.out = &twice};
        assert_ok(split(&a, texts[i], &g));
        assert_ok(split(&a, texts[i], &h));
        assert_str(buf_view(&once), buf_c(&twice));
        struct str rest = buf_view(&once), uid;
        assert_true(str_split(&rest, '\n', &uid) && uid.n == 32);
        struct ical_comp *cal;
        struct ical_info info;
        struct ical_problem problem;
        assert_ok(ical_parse(&a, rest, &ical_default_limits, &cal, &problem));
        assert_ok(ical_check(&a, cal, &ical_default_limits, &info, &problem));
        assert_true(str_eq(info.uid, uid));
    }
}

static void test_merge(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    SCOPED_BUF(out, 1 << 16);
    struct ical_merge m;
    ical_merge_begin(&m, &a, &out, STR("Work, mine"), STR("#FF0000"));
    assert_ok(ical_merge_add(&m, STR(CAL(ZONE("A") EVENT("1", ""))), &ical_default_limits));
    assert_ok(ical_merge_add(&m, STR(CAL(ZONE("A") ZONE("B") EVENT("2", ""))), &ical_default_limits));
    assert_status(ical_merge_add(&m, STR("BEGIN:VCARD"), &ical_default_limits), INVALID);
    ical_merge_end(&m);
    assert_str(buf_view(&out),
               "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Scambio//EN\r\nNAME:Work\\, mine\r\n"
               "X-WR-CALNAME:Work\\, mine\r\nX-APPLE-CALENDAR-COLOR:#FF0000\r\n" ZONE("A") EVENT("1", "")
                   ZONE("B") EVENT("2", "") "END:VCALENDAR\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_split_stops),
        cmocka_unit_test(test_split_makes_uid),
        cmocka_unit_test(test_merge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
