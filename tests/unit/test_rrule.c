/* tests/unit/test_rrule.c: recurrence rules: the examples of RFC 5545 section 3.8.5.3, edges of each BY part,
 * and rules made to spin. */
#include "tests/unit/test.h"

#include "core/clock.h"
#include "formats/rrule.h"

struct row {
    const char *start, *rule;
    const char *wanted; /* "…" at the end: more follow */
};

/* Walks the rule and writes times as short as they can be told apart: the date, and the time when it is not
 * DTSTART's. */
static void walk(struct arena *a, const struct row *row, int64_t from, int most, struct buf *out)
{
    struct rrule *r;
    struct str why = STR_NONE;
    struct caltime start, until;
    struct rrule_iter *it;
    assert_ok(caltime_parse(str_c(row->start), &start));
    if (rrule_parse(a, str_c(row->rule), &r, &why) != OK)
        fail_msg("%s: %.*s", row->rule, STR_ARG(why));
    int64_t end = rrule_until(r, &until) ? caltime_seconds(&until) + (until.is_date ? 86399 : 0) : INT64_MAX,
            at;
    assert_ok(rrule_iter_new(a, r, &start, from, end, &it));
    int64_t last = INT64_MIN, first = caltime_seconds(&start);
    while (rrule_next(it, &at)) {
        assert_true(at > last);
        last = at;
        if (most-- == 0) {
            buf_addz(out, " ...");
            break;
        }
        struct caltime t = caltime_from_seconds(at);
        bool date = (at - first) % 86400 == 0;
        t.is_date = date;
        buf_addz(out, out->n ? " " : "");
        caltime_write(out, &t);
    }
}

static void check(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        SCOPED_ARENA(a, 1 << 20);
        SCOPED_BUF(out, 1 << 16);
        int most = 0; /* as many as are wanted */
        for (const char *p = rows[i].wanted; *p; p++)
            most += *p >= '0' && *p <= '9' && (p == rows[i].wanted || p[-1] == ' ');
        walk(&a, &rows[i], INT64_MIN, most, &out);
        if (!str_eq(buf_view(&out), str_c(rows[i].wanted)))
            print_error("%s %s\n", rows[i].start, rows[i].rule);
        assert_str(buf_view(&out), rows[i].wanted);
    }
}

#define T "19970902T090000"

static void test_rfc(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {T, "FREQ=DAILY;COUNT=10",
         "19970902 19970903 19970904 19970905 19970906 19970907 19970908 19970909 19970910 19970911"},
        {T, "FREQ=DAILY;UNTIL=19970905T000000Z", "19970902 19970903 19970904"},
        {T, "FREQ=DAILY;INTERVAL=2", "19970902 19970904 19970906 ..."},
        {T, "FREQ=DAILY;INTERVAL=10;COUNT=5", "19970902 19970912 19970922 19971002 19971012"},
        {"19980101T090000", "FREQ=YEARLY;UNTIL=19980103T140000Z;BYMONTH=1;BYDAY=SU,MO,TU,WE,TH,FR,SA",
         "19980101 19980102 19980103"},
        {"19980101T090000", "FREQ=DAILY;UNTIL=19980103T140000Z;BYMONTH=1", "19980101 19980102 19980103"},
        {T, "FREQ=WEEKLY;COUNT=10",
         "19970902 19970909 19970916 19970923 19970930 19971007 19971014 19971021 19971028 19971104"},
        {T, "FREQ=WEEKLY;INTERVAL=2;WKST=SU", "19970902 19970916 19970930 19971014 19971028 19971111 ..."},
        {T, "FREQ=WEEKLY;COUNT=10;WKST=SU;BYDAY=TU,TH",
         "19970902 19970904 19970909 19970911 19970916 19970918 19970923 19970925 19970930 19971002"},
        {"19970901T090000", "FREQ=WEEKLY;INTERVAL=2;UNTIL=19970920T000000Z;WKST=SU;BYDAY=MO,WE,FR",
         "19970901 19970903 19970905 19970915 19970917 19970919"},
        {T, "FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH",
         "19970902 19970904 19970916 19970918 19970930 19971002 19971014 19971016"},
        {"19970905T090000", "FREQ=MONTHLY;COUNT=10;BYDAY=1FR",
         "19970905 19971003 19971107 19971205 19980102 19980206 19980306 19980403 19980501 19980605"},
        {"19970905T090000", "FREQ=MONTHLY;UNTIL=19971224T000000Z;BYDAY=1FR",
         "19970905 19971003 19971107 19971205"},
        {"19970907T090000", "FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU",
         "19970907 19970928 19971102 19971130 19980104 19980125 19980301 19980329 19980503 19980531"},
        {"19970922T090000", "FREQ=MONTHLY;COUNT=6;BYDAY=-2MO",
         "19970922 19971020 19971117 19971222 19980119 19980216"},
        {"19970928T090000", "FREQ=MONTHLY;BYMONTHDAY=-3",
         "19970928 19971029 19971128 19971229 19980129 19980226 ..."},
        {T, "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=2,15",
         "19970902 19970915 19971002 19971015 19971102 19971115 19971202 19971215 19980102 19980115"},
        {"19970930T090000", "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1",
         "19970930 19971001 19971031 19971101 19971130 19971201 19971231 19980101 19980131 19980201"},
        {"19970910T090000", "FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15",
         "19970910 19970911 19970912 19970913 19970914 19970915 19990310 19990311 19990312 19990313"},
        {T, "FREQ=MONTHLY;INTERVAL=2;BYDAY=TU",
         "19970902 19970909 19970916 19970923 19970930 19971104 19971111 19971118 19971125 19980106 ..."},
        {"19970610T090000", "FREQ=YEARLY;COUNT=10;BYMONTH=6,7",
         "19970610 19970710 19980610 19980710 19990610 19990710 20000610 20000710 20010610 20010710"},
        {"19970310T090000", "FREQ=YEARLY;INTERVAL=2;COUNT=10;BYMONTH=1,2,3",
         "19970310 19990110 19990210 19990310 20010110 20010210 20010310 20030110 20030210 20030310"},
        {"19970101T090000", "FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200",
         "19970101 19970410 19970719 20000101 20000409 20000718 20030101 20030410 20030719 20060101"},
        {"19970519T090000", "FREQ=YEARLY;BYDAY=20MO", "19970519 19980518 19990517 ..."},
        {"19970512T090000", "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "19970512 19980511 19990517 ..."},
        {"19970313T090000", "FREQ=YEARLY;BYMONTH=3;BYDAY=TH",
         "19970313 19970320 19970327 19980305 19980312 19980319 19980326 19990304 ..."},
        {"19970605T090000", "FREQ=YEARLY;BYDAY=TH;BYMONTH=6,7,8",
         "19970605 19970612 19970619 19970626 19970703 ..."},
        {T, "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "19980213 19980313 19981113 19990813 20001013 ..."},
        {"19970913T090000", "FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13",
         "19970913 19971011 19971108 19971213 19980110 19980207 19980307 19980411 19980509 19980613 ..."},
        {"19961105T090000", "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
         "19961105 20001107 20041102 ..."},
        {"19970904T090000", "FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", "19970904 19971007 19971106"},
        {"19970929T090000", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2",
         "19970929 19971030 19971127 19971230 19980129 19980226 19980330 ..."},
        {T, "FREQ=HOURLY;INTERVAL=3;UNTIL=19970902T170000Z", "19970902 19970902T120000 19970902T150000"},
        {T, "FREQ=MINUTELY;INTERVAL=15;COUNT=6",
         "19970902 19970902T091500 19970902T093000 19970902T094500 19970902T100000 19970902T101500"},
        {T, "FREQ=MINUTELY;INTERVAL=90;COUNT=4", "19970902 19970902T103000 19970902T120000 19970902T133000"},
        {T, "FREQ=DAILY;BYHOUR=9,16;BYMINUTE=0,20",
         "19970902 19970902T092000 19970902T160000 19970902T162000 19970903 ..."},
        {T, "FREQ=MINUTELY;INTERVAL=20;BYHOUR=9,16",
         "19970902 19970902T092000 19970902T094000 19970902T160000 "
         "19970902T162000 19970902T164000 19970903 ..."},
        {"19970805T090000", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO",
         "19970805 19970810 19970819 19970824"},
        {"19970805T090000", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU",
         "19970805 19970817 19970819 19970831"},
        {"20070115T090000", "FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5",
         "20070115 20070130 20070215 20070315 20070330"},
    };
    check(rows, sizeof rows / sizeof *rows);
}

static void test_edges(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"20000229", "FREQ=YEARLY", "20000229 20040229 20080229 ..."},
        {"20960229", "FREQ=YEARLY;COUNT=2", "20960229 21040229"},
        {"20260131", "FREQ=MONTHLY", "20260131 20260331 20260531 20260731 ..."},
        {"20260101", "FREQ=DAILY;UNTIL=20260103", "20260101 20260102 20260103"},
        {"20260101", "FREQ=DAILY;UNTIL=20260103;BYHOUR=5;BYMINUTE=6", "20260101 20260102 20260103"},
        {"20260101", "FREQ=HOURLY", ""},
        {"20260101T000000", "FREQ=YEARLY;BYYEARDAY=-1,366", "20261231 20271231 20281231 ..."},
        {"20240101T000000", "FREQ=YEARLY;BYYEARDAY=366", "20241231 20281231 ..."},
        {"20240101T000000", "FREQ=YEARLY;BYYEARDAY=-366", "20240101 20280101 ..."},
        {"20260101T000000", "FREQ=YEARLY;BYWEEKNO=53;BYDAY=TH", "20261231 20321230 ..."},
        {"20260101T000000", "FREQ=YEARLY;BYWEEKNO=-1;BYDAY=TH", "20261231 20271230 20281228 ..."},
        {"20240101T000000", "FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO", "20240101 20241230 20251229 20270104 ..."},
        {"20260514T000000", "FREQ=YEARLY;BYWEEKNO=20", "20260514 20270520 ..."}, /* the weekday of DTSTART */
        {"20260101T000000", "FREQ=YEARLY;BYWEEKNO=1;WKST=SU;BYDAY=SU",
         "20260104 20270103 20280102 20281231 ..."},
        {"20260101T000000", "FREQ=YEARLY;BYDAY=-1FR", "20261225 20271231 ..."},
        {"20260101T000000", "FREQ=YEARLY;BYDAY=53TH", "20261231 20321230 ..."},
        {"20260101T000000", "FREQ=YEARLY;BYMONTH=2;BYDAY=1MO,-1MO",
         "20260202 20260223 20270201 20270222 ..."},
        {"20260101T000000", "FREQ=MONTHLY;BYDAY=5SA", "20260131 20260530 20260829 20261031 ..."},
        {"20260101T080000", "FREQ=DAILY;BYHOUR=8,20;BYSETPOS=-1;COUNT=3", "20260101T200000 20260102T200000"},
        {"20260101T080000", "FREQ=MONTHLY;BYDAY=MO,TU;BYHOUR=8,20;BYSETPOS=2,-1",
         "20260105T200000 20260127T200000 20260202T200000 20260224T200000 ..."},
        {"20260101T080000", "FREQ=HOURLY;BYMINUTE=0,20,40;BYSETPOS=2", "20260101T082000 20260101T092000 ..."},
        {"20260101T080000", "FREQ=MINUTELY;BYSECOND=0,30;BYSETPOS=-1", "20260101T080030 20260101T080130 ..."},
        {"20260107T080000", "FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=1", "20260112 20260119 ..."},
        {"20260101T080000", "FREQ=WEEKLY;BYDAY=2MO",
         "20260105 20260112 ..."}, /* the number means nothing here */
        {"20260101T080000", "freq=weekly;byday=mo;", "20260105 20260112 ..."},
        {"20260101T080000", "FREQ=DAILY;BYMONTHDAY=31;BYMONTH=1,3", "20260131 20260331 20270131 ..."},
        {"20260101T080000", "FREQ=SECONDLY;INTERVAL=45;COUNT=3", "20260101 20260101T080045 20260101T080130"},
        {"20260101T080000", "FREQ=SECONDLY;BYSECOND=0,60;COUNT=3",
         "20260101 20260101T080059 20260101T080100"},
        {"20260101T080000", "FREQ=SECONDLY;BYYEARDAY=366;BYHOUR=1;COUNT=3",
         "20281231T010000 20281231T010001"},
        {"20260101T080000", "FREQ=HOURLY;INTERVAL=24;BYHOUR=8", "20260101 20260102 ..."},
        {"20260101T080000", "FREQ=HOURLY;INTERVAL=36;BYDAY=MO",
         "20260105T200000 20260119 20260126T200000 ..."},
        {"20260105T080000", "FREQ=DAILY;COUNT=3;BYDAY=TU",
         "20260106 20260113"}, /* DTSTART was one of the three */
        {"20260105T080000", "FREQ=DAILY;COUNT=1;BYDAY=TU", ""},
        {"99991230", "FREQ=DAILY", "99991230 99991231"},
        {"00000101T000000", "FREQ=YEARLY;INTERVAL=3000", "00000101 30000101 60000101 90000101"},
        {"20260101", "FREQ=YEARLY;INTERVAL=2147483647", "20260101"},
        {"20260101", "FREQ=DAILY;INTERVAL=2147483647", "20260101"},
        {"20260101T080000", "FREQ=DAILY;X-FOO=1;RSCALE=GREGORIAN;SKIP=OMIT", "20260101 ..."},
    };
    check(rows, sizeof rows / sizeof *rows);
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const rules[] = {
        "",
        "DAILY",
        "COUNT=3",
        "FREQ=FORTNIGHTLY",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=-1",
        "FREQ=DAILY;INTERVAL=99999999999999999999",
        "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;COUNT=3;UNTIL=20260101",
        "FREQ=DAILY;UNTIL=tomorrow",
        "FREQ=DAILY;FREQ=DAILY",
        "FREQ=DAILY;BYDAY=XX",
        "FREQ=DAILY;BYDAY=",
        "FREQ=MONTHLY;BYDAY=0MO",
        "FREQ=MONTHLY;BYDAY=54MO",
        "FREQ=DAILY;BYHOUR=24",
        "FREQ=DAILY;BYHOUR=-1",
        "FREQ=DAILY;BYMINUTE=60",
        "FREQ=DAILY;BYSECOND=61",
        "FREQ=MONTHLY;BYMONTHDAY=0",
        "FREQ=MONTHLY;BYMONTHDAY=32",
        "FREQ=YEARLY;BYYEARDAY=367",
        "FREQ=YEARLY;BYWEEKNO=54",
        "FREQ=YEARLY;BYMONTH=13",
        "FREQ=YEARLY;BYMONTH=-1",
        "FREQ=YEARLY;BYMONTH=5L",
        "FREQ=YEARLY;BYSETPOS=0",
        "FREQ=YEARLY;BYSETPOS=1,,2",
        "FREQ=YEARLY;RSCALE=CHINESE",
        "FREQ=YEARLY;SKIP=FORWARD",
        "FREQ=YEARLY;WKST=1",
        "FREQ=YEARLY;BYEASTER=1",
    };
    SCOPED_ARENA(a, 1 << 20);
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        struct rrule *r;
        struct str why = STR_NONE;
        if (rrule_parse(&a, str_c(rules[i]), &r, &why) != INVALID)
            fail_msg("accepted: %s", rules[i]);
        assert_true(why.n > 0);
    }
}

/* Jumping must show what walking from DTSTART shows. */
static void test_jump(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"20160105T090000", "FREQ=WEEKLY;INTERVAL=3;BYDAY=TU,SA", NULL},
        {"20160105T090000", "FREQ=DAILY;INTERVAL=11", NULL},
        {"20160131T090000", "FREQ=MONTHLY;INTERVAL=5;BYMONTHDAY=-1", NULL},
        {"20160105T090000", "FREQ=MONTHLY;BYDAY=MO,TU;BYHOUR=1,23;BYSETPOS=3,-1", NULL},
        {"20160229T090000", "FREQ=YEARLY", NULL},
        {"20160105T090000", "FREQ=HOURLY;INTERVAL=7", NULL},
        {"20160105T090000", "FREQ=YEARLY;BYWEEKNO=1,52,53;BYDAY=SU,MO", NULL},
        {"20160105T090000", "FREQ=WEEKLY;BYDAY=MO,WE,SU;BYSETPOS=-1;WKST=WE", NULL},
    };
    struct caltime t = {.year = 2026, .month = 3, .day = 4, .hour = 5};
    int64_t from = caltime_seconds(&t);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        SCOPED_ARENA(a, 1 << 20);
        SCOPED_BUF(jumped, 1 << 16);
        walk(&a, &rows[i], from, 20, &jumped);
        struct rrule *r;
        struct str why;
        struct caltime start;
        struct rrule_iter *it;
        int64_t at;
        SCOPED_BUF(walked, 1 << 16);
        assert_ok(caltime_parse(str_c(rows[i].start), &start));
        assert_ok(rrule_parse(&a, str_c(rows[i].rule), &r, &why));
        assert_ok(rrule_iter_new(&a, r, &start, INT64_MIN, INT64_MAX, &it));
        for (int n = 0; n < 20 && rrule_next(it, &at);) {
            if (at < from)
                continue;
            struct caltime c = caltime_from_seconds(at);
            c.is_date = (at - caltime_seconds(&start)) % 86400 == 0;
            buf_addz(&walked, n++ ? " " : "");
            caltime_write(&walked, &c);
        }
        buf_addz(&walked, " ...");
        assert_str(buf_view(&jumped), buf_c(&walked));
    }
}

/* Rules that never yield, or nearly so: each must end in milliseconds. */
static void test_never(void **state)
{
    (void)state;
    static const char *const rules[] = {
        "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=30;BYHOUR=1",
        "FREQ=HOURLY;BYMONTH=4;BYMONTHDAY=31",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30,31",
        "FREQ=WEEKLY;BYMONTH=2;BYMONTHDAY=31;BYDAY=MO",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=7",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYDAY=MO;BYSETPOS=366",
        "FREQ=YEARLY;BYWEEKNO=20;BYMONTH=1",
        "FREQ=YEARLY;BYYEARDAY=1;BYMONTH=2",
        "FREQ=MINUTELY;BYSETPOS=100",
        "FREQ=SECONDLY;BYSETPOS=2",
        "FREQ=HOURLY;BYMINUTE=1,2;BYSETPOS=-3",
        "FREQ=SECONDLY;INTERVAL=60;BYSECOND=1",
        "FREQ=SECONDLY;INTERVAL=3600;BYMINUTE=1,2,3;BYSECOND=1",
        "FREQ=MINUTELY;INTERVAL=1440;BYHOUR=5",
        "FREQ=HOURLY;INTERVAL=24;BYHOUR=5",
        "FREQ=DAILY;INTERVAL=7;BYDAY=TU",
        "FREQ=DAILY;INTERVAL=14;BYDAY=TU;BYSETPOS=1",
        "FREQ=SECONDLY;INTERVAL=604800;BYDAY=TU",
        "FREQ=SECONDLY;INTERVAL=7;BYDAY=TU;BYHOUR=0;BYMINUTE=0;BYSECOND=3",
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        struct row row = {"20260105T080000", rules[i], NULL}; /* a Monday */
        SCOPED_ARENA(a, 1 << 20);
        SCOPED_BUF(out, 1 << 16);
        int64_t begin = clock_mono_us();
        walk(&a, &row, INT64_MIN, 3, &out);
        if (out.n && i + 1 < sizeof rules / sizeof *rules)
            fail_msg("%s: %s", rules[i], buf_c(&out));
        if (clock_mono_us() - begin > 1000000) /* 10 ms without sanitizers and load */
            fail_msg("%s took %lld us", rules[i], (long long)(clock_mono_us() - begin));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc),  cmocka_unit_test(test_edges), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_jump), cmocka_unit_test(test_never),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
