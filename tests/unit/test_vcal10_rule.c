/* Recurrence rules of vCalendar 1.0: each form read, each form written, what cannot be said; and rules of every kind there and back, by
 * their instances. */
#include "tests/unit/test.h"

#include "formats/rrule.h"
#include "formats/vcal10.h"

static struct tz_cache *zones;
static const struct tz *rome;

static struct caltime at(const char *text)
{
    struct caltime t;
    assert_ok(caltime_parse(str_c(text), &t));
    return t;
}

static void assert_read(const char *start, const char *rule, const char *wanted)
{
    SCOPED_ARENA(a, 4 << 20);
    struct str rrule, why = STR_NONE;
    struct caltime t = at(start);
    enum status st = vcal10_rule_read(&a, str_c(rule), &t, rome, false, &rrule, &why);
    if (st != OK)
        fail_msg("%s: %.*s", rule, STR_ARG(why));
    assert_str(rrule, wanted);
}

static void read_forms(void **state)
{
    (void)state;
    static const struct {
        const char *start, *rule, *rrule;
    } cases[] = {
        /* 2026-01-05 is a Monday */
        {"20260105T090000", "D1 #10", "FREQ=DAILY;COUNT=10"},
        {"20260105T090000", "D2 #0", "FREQ=DAILY;INTERVAL=2"},
        {"20260105T090000", "d1", "FREQ=DAILY;COUNT=2"},
        {"20260105T090000", "D1 0600 0930 1800 #0", NULL},
        {"20260105T090000", "D1 0600 1200 #0", "FREQ=DAILY;BYHOUR=6,12;BYMINUTE=0"},
        {"20260105T090000", "D1 20260110T090000", "FREQ=DAILY;UNTIL=20260110T080000Z"},
        {"20260105T090000", "D1 20260110T080000Z", "FREQ=DAILY;UNTIL=20260110T080000Z"},
        {"20260105T090000", "D1 20260110T000000", "FREQ=DAILY;UNTIL=20260110T225959Z"}, /* the day is meant */
        {"20260105T090000", "D1 20260110", "FREQ=DAILY;UNTIL=20260110T225959Z"},
        {"20260105T090000", "D1 2026-01-10T09:00:00", "FREQ=DAILY;UNTIL=20260110T080000Z"},
        {"20260105", "D1 20260110T000000", "FREQ=DAILY;UNTIL=20260110"},
        {"20260105", "D1 20260109T230000Z", "FREQ=DAILY;UNTIL=20260110"},
        {"20260105", "D1 20260110T000000Z", "FREQ=DAILY;UNTIL=20260110"},
        {"20260105", "D1 20260110T240000", "FREQ=DAILY;UNTIL=20260110"},
        {"20260105T090000", "D1 #3 20260110T090000", "FREQ=DAILY;COUNT=3"},
        {"20260105T090000", "D1 #30 20260110T090000", "FREQ=DAILY;UNTIL=20260110T080000Z"},
        {"20260105T090000", "W1 MO #0", "FREQ=WEEKLY;BYDAY=MO"},
        {"20260105T090000", "W2 MO WE$ FR #0", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE,FR"},
        {"20260105T090000", "W1 #4", "FREQ=WEEKLY;COUNT=4"},
        {"20260105T090000", "W1 TU 1200 TH 1200 #0", "FREQ=WEEKLY;BYDAY=TU,TH;BYHOUR=12;BYMINUTE=0"},
        {"20260105T090000", "MP1 2+ MO #0", "FREQ=MONTHLY;BYDAY=2MO"},
        {"20260105T090000", "MP2 1+ 1- FR #3", "FREQ=MONTHLY;INTERVAL=2;BYDAY=-1FR,1FR;COUNT=3"},
        {"20260105T090000", "MP2 1+ SU 1- SU #0", "FREQ=MONTHLY;INTERVAL=2;BYDAY=-1SU,1SU"},
        {"20260105T090000", "MP6 2+ MO TU WE #0", "FREQ=MONTHLY;INTERVAL=6;BYDAY=2MO,2TU,2WE"},
        {"20260112T090000", "MP1 #12", "FREQ=MONTHLY;BYDAY=2MO;COUNT=12"},
        {"20260112T090000", "MP1 1- #0", "FREQ=MONTHLY;BYDAY=-1MO"},
        {"20260105T090000", "MP12 2+ MO #0", "FREQ=MONTHLY;INTERVAL=12;BYDAY=2MO"},
        {"20260105T090000", "MD1 10+ #0", "FREQ=MONTHLY;BYMONTHDAY=10"},
        {"20260105T090000", "MD1 #0", "FREQ=MONTHLY"},
        {"20260105T090000", "MD1 2 15 #0", "FREQ=MONTHLY;BYMONTHDAY=2,15"},
        {"20260105T090000", "MD1 1 LD #0", "FREQ=MONTHLY;BYMONTHDAY=1,-1"},
        {"20260105T090000", "MD1 3- #0", "FREQ=MONTHLY;BYMONTHDAY=-3"},
        {"20260105T090000", "YM1 1 #0", "FREQ=YEARLY"},
        {"20260105T090000", "YM1 #0", "FREQ=YEARLY"},
        {"20260105T090000", "YM2 1 2 3 #0", "FREQ=YEARLY;INTERVAL=2;BYMONTH=1,2,3"},
        {"20260105T090000", "YD3 1 100 200 #0", "FREQ=YEARLY;INTERVAL=3;BYYEARDAY=1,100,200"},
        {"20260105T090000", "YD1 #0", "FREQ=YEARLY;BYYEARDAY=5"},
        {"20260105T090000", "YM1 6 9 #0 MP1 1+ 2+ SA SU #1", "FREQ=YEARLY;BYMONTH=6,9;BYDAY=1SA,1SU,2SA,2SU"},
        {"20260105T090000", "YM2 6 #3 MD1 12", "FREQ=YEARLY;INTERVAL=2;BYMONTH=6;BYMONTHDAY=12;COUNT=3"},
        {"20260105T090000", "M60 #12", "FREQ=MINUTELY;INTERVAL=60;COUNT=12"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        if (cases[i].rrule)
            assert_read(cases[i].start, cases[i].rule, cases[i].rrule);
}

static void read_refused(void **state)
{
    (void)state;
    static const struct {
        const char *start, *rule;
        enum status st;
    } cases[] = {
        {"20260105T090000", "", INVALID},
        {"20260105T090000", "X1", INVALID},
        {"20260105T090000", "D", INVALID},
        {"20260105T090000", "D0 #1", INVALID},
        {"20260105T090000", "D10000 #1", INVALID},
        {"20260105T090000", "#3", INVALID},
        {"20260105T090000", "W1 XX #0", INVALID},
        {"20260105T090000", "MD1 32 #0", INVALID},
        {"20260105T090000", "MP1 6+ MO", INVALID},
        {"20260105T090000", "MP1 MO #0", INVALID},
        {"20260105T090000", "YM1 13 #0", INVALID},
        {"20260105T090000", "YM1 3- #0", INVALID},
        {"20260105T090000", "YD1 367", INVALID},
        {"20260105T090000", "D1 #3 #4", INVALID},
        {"20260105T090000", "D1 #x", INVALID},
        {"20260105T090000", "D1 #0 20269999T000000", INVALID},
        {"20260105T090000", "D1 #3 0900", INVALID},
        {"20260105T090000", "D1 0600 0930 #0", UNSUPPORTED},
        {"20260105T090000", "D1 #5 M10 #6", UNSUPPORTED},
        {"20260105T090000", "MP6 1+ MO #5 D1 #5", UNSUPPORTED},
        {"20260105T090000", "YM1 6 #5 MD1 1 2", UNSUPPORTED},
        {"20260105T090000", "YM1 6 #0 MP2 1+ MO", UNSUPPORTED},
        {"20260105T090000", "YM1 6 #0 MP1 1+ MO D1 M1", UNSUPPORTED},
        {"20260105", "M60 #2", UNSUPPORTED},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        SCOPED_ARENA(a, 1 << 20);
        struct str rrule, why = STR_NONE;
        struct caltime t = at(cases[i].start);
        enum status st = vcal10_rule_read(&a, str_c(cases[i].rule), &t, rome, false, &rrule, &why);
        if (st != cases[i].st || !why.n)
            fail_msg("%s: %d, %.*s", cases[i].rule, st, STR_ARG(rrule));
    }
}

static void ends_in_other_ways(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    struct str rrule, why;
    struct caltime t = at("20260105T090000"), utc = at("20260105T090000Z");
    assert_ok(vcal10_rule_read(&a, STR("D1 20260110T090000Z"), &t, rome, true, &rrule,
                               &why)); /* local that says Z */
    assert_str(rrule, "FREQ=DAILY;UNTIL=20260110T080000Z");
    assert_ok(vcal10_rule_read(&a, STR("D1 20260110T090000"), &t, NULL, false, &rrule, &why)); /* floating */
    assert_str(rrule, "FREQ=DAILY;UNTIL=20260110T090000");
    assert_ok(vcal10_rule_read(&a, STR("D1 20260110T090000Z"), &utc, NULL, false, &rrule, &why));
    assert_str(rrule, "FREQ=DAILY;UNTIL=20260110T090000Z");
}

/* "rule" or "rule END", END as 20260110T090000 */
static enum status written(struct arena *a, const char *start, const char *rrule, struct str *text,
                           struct str *why)
{
    struct vcal10_rule rule;
    struct caltime t = at(start);
    enum status st = vcal10_rule_write(a, str_c(rrule), &t, rome, &rule, why);
    if (st != OK)
        return st;
    SCOPED_BUF(b, 1000);
    buf_add(&b, rule.text);
    if (rule.has_end) {
        buf_addc(&b, ' ');
        caltime_write(&b, &rule.end);
    }
    *text = arena_str(a, buf_view(&b));
    return OK;
}

static void write_forms(void **state)
{
    (void)state;
    static const struct {
        const char *start, *rrule, *rule;
    } cases[] = {
        {"20260105T090000", "FREQ=DAILY", "D1 #0"},
        {"20260105T090000", "FREQ=DAILY;INTERVAL=2;COUNT=5", "D2 #5"},
        {"20260105T090000", "FREQ=DAILY;UNTIL=20260110T120000Z", "D1 20260110T090000"},
        {"20260105T090000", "FREQ=DAILY;BYHOUR=6,12;BYMINUTE=0;UNTIL=20260110T120000Z",
         "D1 0600 1200 20260110T120001"},
        {"20260105T090000", "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", "W1 MO TU WE TH FR #0"},
        {"20260105T090000", "FREQ=WEEKLY", "W1 MO #0"},
        {"20260105T090000", "FREQ=WEEKLY;COUNT=3", "W1 MO #3"},
        {"20260105T090000", "FREQ=WEEKLY;BYDAY=MO,TH;COUNT=3", "W1 MO TH 20260112T090000"},
        {"20260106T090000", "FREQ=WEEKLY;BYDAY=MO;COUNT=3",
         "W1 MO 20260119T090000"}, /* the start is the first */
        {"20260105T090000", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR;WKST=MO", "W2 MO FR #0"},
        {"20260105T090000", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR;WKST=SU", "W2 MO FR #0"},
        {"20260105T090000", "FREQ=MONTHLY", "MD1 5 #0"},
        {"20260105T090000", "FREQ=MONTHLY;BYMONTHDAY=5,-1", "MD1 5 1- #0"},
        {"20260131T090000", "FREQ=MONTHLY;COUNT=3", "MD1 31 20260531T090000"},
        {"20260105T090000", "FREQ=MONTHLY;BYDAY=1MO", "MP1 1+ MO #0"},
        {"20260105T090000", "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1", "MP1 1+ MO #0"},
        {"20260105T090000", "FREQ=MONTHLY;BYDAY=MO,-1FR", NULL},
        {"20260105T090000", "FREQ=MONTHLY;BYDAY=1MO,1TU,-1FR;INTERVAL=2", "MP2 1- FR 1+ MO TU #0"},
        {"20260105T090000", "FREQ=MONTHLY;BYDAY=MO", "MP1 1+ MO 2+ MO 3+ MO 4+ MO 5+ MO #0"},
        {"20260105T090000", "FREQ=YEARLY", "YM1 1 #0"},
        {"20260105T090000", "FREQ=YEARLY;COUNT=7", "YM1 1 #7"},
        {"20260105T090000", "FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=5", "YM1 1 #0"},
        {"20260105T090000", "FREQ=YEARLY;BYMONTH=1,3;INTERVAL=2", "YM2 1 3 #0"},
        {"20260105T090000", "FREQ=YEARLY;BYMONTH=1;BYDAY=1MO", "MP12 1+ MO #0"},
        {"20260105T090000", "FREQ=YEARLY;BYMONTH=1,7;BYDAY=1MO", "MP6 1+ MO #0"},
        {"20260105T090000", "FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=6;INTERVAL=3", "MD36 6 #0"},
        {"20260105T090000", "FREQ=YEARLY;BYYEARDAY=5,100", "YD1 5 100 #0"},
        {"20260105T090000", "FREQ=YEARLY;BYDAY=MO", "W1 MO #0"},
        {"20260105T090000", "FREQ=HOURLY;INTERVAL=2;COUNT=3", "M120 #3"},
        {"20260105", "FREQ=DAILY;UNTIL=20260110", "D1 20260110T000000"},
        {"20260105T090000", "FREQ=DAILY;UNTIL=20250101", "D1 20260105T090000"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        SCOPED_ARENA(a, 16 << 20);
        struct str text, why = STR_NONE;
        enum status st = written(&a, cases[i].start, cases[i].rrule, &text, &why);
        if (!cases[i].rule) {
            assert_status(st, UNSUPPORTED);
            continue;
        }
        if (st != OK)
            fail_msg("%s: %.*s", cases[i].rrule, STR_ARG(why));
        assert_str(text, cases[i].rule);
    }
}

static void write_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "FREQ=SECONDLY",
        "FREQ=DAILY;BYMONTH=1",
        "FREQ=DAILY;INTERVAL=2;BYDAY=MO",
        "FREQ=DAILY;INTERVAL=10000",
        "FREQ=DAILY;BYHOUR=1,2,3,4,5;BYMINUTE=0,10,20,30,40,50",
        "FREQ=WEEKLY;BYMONTH=1",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;WKST=SU",
        "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1",
        "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
        "FREQ=MONTHLY;BYMONTH=1,2",
        "FREQ=MONTHLY;BYMONTH=2",
        "FREQ=MONTHLY;BYHOUR=1",
        "FREQ=MONTHLY;COUNT=30000;BYDAY=1MO,2MO",
        "FREQ=YEARLY;BYWEEKNO=20",
        "FREQ=YEARLY;BYDAY=20MO",
        "FREQ=YEARLY;BYYEARDAY=-1",
        "FREQ=YEARLY;BYMONTH=1,2;BYDAY=1MO",
        "FREQ=YEARLY;INTERVAL=2;BYDAY=MO",
        "FREQ=HOURLY;BYHOUR=9",
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        SCOPED_ARENA(a, 16 << 20);
        struct str text, why = STR_NONE;
        enum status st = written(&a, "20260105T090000", cases[i], &text, &why);
        if (st != UNSUPPORTED)
            fail_msg("%s: %d %.*s", cases[i], st, STR_ARG(text));
        assert_true(why.n > 0);
    }
    SCOPED_ARENA(a, 1 << 20);
    struct str text, why;
    assert_status(written(&a, "20260105T090000", "FREQ=NEVER", &text, &why), INVALID);
}

/* ---- there and back ---- */

enum { MOST = 400 };
static uint32_t seed;

static uint32_t draw(uint32_t n)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % n;
}

static void list(struct buf *b, const char *name, const char *const *items, uint32_t count, uint32_t most)
{
    buf_addf(b, ";%s=", name);
    for (uint32_t n = 1 + draw(most), i = 0; i < n; i++)
        buf_addf(b, "%s%s", i ? "," : "", items[draw(count)]);
}

static void numbers(struct buf *b, const char *name, uint32_t low, uint32_t high, bool negative,
                    uint32_t most)
{
    buf_addf(b, ";%s=", name);
    for (uint32_t n = 1 + draw(most), i = 0; i < n; i++)
        buf_addf(b, "%s%s%u", i ? "," : "", negative && draw(3) == 0 ? "-" : "", low + draw(high - low + 1));
}

static void random_rule(struct buf *b)
{
    static const char *const freqs[] = {"DAILY", "WEEKLY", "MONTHLY", "YEARLY", "HOURLY"},
                             *const days[] = {"MO", "TU", "WE", "TH", "FR", "SA", "SU"},
                             *const nth[] = {"1MO", "2TU", "-1FR", "5SA", "-5SU", "3WE", "4TH", "MO", "1FR"};
    uint32_t freq = draw(COUNT_OF(freqs));
    buf_addf(b, "FREQ=%s", freqs[freq]);
    if (draw(2))
        buf_addf(b, ";INTERVAL=%u", 1 + draw(5));
    if (freq < 2 && draw(3) == 0)
        list(b, "BYDAY", days, COUNT_OF(days), 4);
    if (freq >= 2 && freq < 4 && draw(3) == 0)
        list(b, "BYDAY", nth, COUNT_OF(nth), 3);
    if (draw(4) == 0 && freq >= 2)
        numbers(b, "BYMONTHDAY", 1, 31, true, 3);
    if (draw(4) == 0 && freq >= 2)
        numbers(b, "BYMONTH", 1, 12, false, 3);
    if (draw(8) == 0 && freq == 3)
        numbers(b, "BYYEARDAY", 1, 366, false, 3);
    if (draw(8) == 0)
        numbers(b, "BYSETPOS", 1, 3, true, 1);
    if (draw(8) == 0)
        numbers(b, "BYHOUR", 0, 23, false, 3);
    if (draw(8) == 0)
        numbers(b, "BYMINUTE", 0, 59, false, 2);
    if (draw(8) == 0)
        buf_addz(b, ";WKST=SU");
    uint32_t end = draw(4);
    if (end == 1)
        buf_addf(b, ";COUNT=%u", 1 + draw(30));
    else if (end == 2)
        buf_addf(b, ";UNTIL=%04u%02u%02uT%02u0000Z", 2026 + draw(4), 1 + draw(12), 1 + draw(28), draw(24));
}

/* The instances, the start among them, as local civil times. */
static size_t instances(struct arena *a, struct str rrule, const struct caltime *start, int64_t *out)
{
    struct rrule *r;
    struct rrule_iter *it;
    struct str why;
    struct caltime until;
    size_t n = 0;
    int64_t next, end = INT64_MAX;
    assert_ok(rrule_parse(a, rrule, &r, &why));
    if (rrule_until(r, &until))
        end = until.is_date ? caltime_seconds(&until) + 86399 : tz_to_local(rome, caltime_seconds(&until));
    assert_ok(rrule_iter_new(a, r, start, INT64_MIN, end, &it));
    out[n++] = caltime_seconds(start);
    while (n < MOST && rrule_next(it, &next))
        if (next != out[0])
            out[n++] = next;
    return n;
}

static void there_and_back(void **state)
{
    (void)state;
    static int64_t before[MOST], after[MOST];
    size_t said = 0;
    for (uint32_t round = 1; round < 30000; round++) {
        SCOPED_ARENA(a, 64 << 20);
        SCOPED_BUF(rule, 1000);
        struct str text, why = STR_NONE, back;
        seed = round * 2654435761U;
        struct caltime start =
            caltime_from_seconds(1767225600 + (int64_t)draw(1100) * 86400 + draw(96) * 900);
        start.is_date = draw(5) == 0;
        if (start.is_date)
            start.hour = start.minute = 0;
        random_rule(&rule);
        if (start.is_date && str_find(buf_view(&rule), STR("HOUR"), 0) != SIZE_MAX)
            continue;
        SCOPED_BUF(at_text, 20);
        caltime_write(&at_text, &start);
        enum status st = written(&a, buf_c(&at_text), buf_c(&rule), &text, &why);
        if (st == UNSUPPORTED)
            continue;
        assert_ok(st);
        said++;
        st = vcal10_rule_read(&a, text, &start, rome, false, &back, &why);
        if (st != OK)
            fail_msg("%s at %s: %.*s: %.*s", buf_c(&rule), buf_c(&at_text), STR_ARG(text), STR_ARG(why));
        size_t n = instances(&a, buf_view(&rule), &start, before), m = instances(&a, back, &start, after);
        for (size_t i = 0; n == m && i < n; i++)
            n = before[i] == after[i] ? n : 0;
        if (n != m)
            fail_msg("%s at %s: %.*s: %.*s", buf_c(&rule), buf_c(&at_text), STR_ARG(text), STR_ARG(back));
    }
    assert_true(said > 8000);
}

static int set_up(void **state)
{
    (void)state;
    if (tz_cache_new("/usr/share/zoneinfo", &zones) != OK)
        return -1;
    rome = tz_find(zones, STR("Europe/Rome"));
    return rome ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    tz_cache_free(zones);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_forms),  cmocka_unit_test(read_refused),  cmocka_unit_test(ends_in_other_ways),
        cmocka_unit_test(write_forms), cmocka_unit_test(write_refused), cmocka_unit_test(there_and_back),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
