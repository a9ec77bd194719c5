/* tests/unit/test_tz.c: zones of the system and of VTIMEZONEs; gaps and folds; names; writing. */
#include "tests/unit/test.h"

#include "formats/caltime.h"
#include "formats/ical.h"
#include "formats/tz.h"

#include <pthread.h>
#include <time.h>

static struct tz_cache *cache;

static int setup(void **state)
{
    (void)state;
    return tz_cache_new("/usr/share/zoneinfo", &cache) == OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    tz_cache_free(cache);
    return 0;
}

static int64_t sec(const char *text)
{
    struct caltime t;
    assert_ok(caltime_parse(str_c(text), &t));
    return caltime_seconds(&t);
}

static const struct tz *find(const char *name)
{
    const struct tz *z = tz_find(cache, str_c(name));
    if (!z)
        fail_msg("no zone %s", name);
    return z;
}

static void test_local_to_utc(void **state)
{
    (void)state;
    static const struct {
        const char *zone, *local, *utc;
    } rows[] = {
        {"Europe/Rome", "20260701T120000", "20260701T100000Z"},
        {"Europe/Rome", "20260101T120000", "20260101T110000Z"},
        {"Europe/Rome", "20260329T015959", "20260329T005959Z"},
        {"Europe/Rome", "20260329T020000", "20260329T010000Z"}, /* gap: the offset before it */
        {"Europe/Rome", "20260329T023000", "20260329T013000Z"},
        {"Europe/Rome", "20260329T030000", "20260329T010000Z"},
        {"Europe/Rome", "20261025T023000", "20261025T003000Z"}, /* fold: the first */
        {"Europe/Rome", "20261025T030000", "20261025T020000Z"},
        {"Europe/Rome", "21050701T120000", "21050701T100000Z"}, /* behind the table: the rule */
        {"Europe/Rome", "21051201T120000", "21051201T110000Z"},
        {"Europe/Rome", "21050329T023000", "21050329T013000Z"},
        {"Europe/Rome", "00010101T000000", "00001231T231004Z"}, /* local mean time */
        {"America/New_York", "20070311T023000", "20070311T073000Z"},
        {"America/New_York", "20071104T013000", "20071104T053000Z"},
        {"America/Nuuk", "20260328T233000", "20260329T013000Z"},
        {"Australia/Lord_Howe", "20260115T120000", "20260115T010000Z"},
        {"Asia/Kolkata", "20260115T120000", "20260115T063000Z"},
        {"Pacific/Apia", "20111231T120000", "20111230T220000Z"},
        {"Pacific/Apia", "20111230T120000", "20111230T220000Z"}, /* a whole day was skipped */
        {"Africa/Casablanca", "20260115T120000", "20260115T110000Z"},
        {"UTC", "20260115T120000", "20260115T120000Z"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct tz *z = find(rows[i].zone);
        struct caltime got = caltime_from_seconds(tz_to_utc(z, sec(rows[i].local)));
        got.is_utc = true;
        SCOPED_BUF(text, 100);
        caltime_write(&text, &got);
        assert_str(buf_view(&text), rows[i].utc);
    }
}

/* Every zone against the C library, over a century and more. */
static void compare_zone(void *ctx, struct str name)
{
    size_t *count = ctx;
    char tz[64] = ":";
    if (name.n + 2 > sizeof tz || ++*count % 7) /* the C library's side is slow: every seventh */
        return;
    memcpy(tz + 1, name.p, name.n);
    setenv("TZ", tz, 1);
    tzset();
    const struct tz *z = tz_find(cache, name);
    assert_non_null(z);
    for (int64_t t = -2000000000; t < 5000000000; t += 1000003) {
        time_t at = (time_t)t;
        struct tm tm;
        localtime_r(&at, &tm);
        if (tz_offset(z, t) != tm.tm_gmtoff)
            fail_msg("%.*s at %lld: %d, libc %ld", STR_ARG(name), (long long)t, tz_offset(z, t),
                     tm.tm_gmtoff);
        int64_t back = tz_to_utc(z, tz_to_local(z, t));
        if (back != t && tz_to_local(z, back) != tz_to_local(z, t))
            fail_msg("%.*s: %lld came back as %lld", STR_ARG(name), (long long)t, (long long)back);
    }
}

static void test_all_zones(void **state)
{
    (void)state;
    size_t count = 0;
    tz_each(cache, compare_zone, &count);
    assert_true(count > 300);
}

static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *tzid, *name; /* NULL: unknown */
    } rows[] = {
        {"Europe/Rome", "Europe/Rome"},
        {"europe/rome", "Europe/Rome"},
        {"W. Europe Standard Time", "Europe/Berlin"},
        {"Romance Standard Time", "Europe/Paris"},
        {"us mountain standard time", "America/Phoenix"},
        {"/freeassociation.sourceforge.net/Europe/Rome", "Europe/Rome"},
        {"/freeassociation.sourceforge.net/Tzfile/America/Argentina/Buenos_Aires",
         "America/Argentina/Buenos_Aires"},
        {"/citadel.org/20070227_1/Europe/Rome", "Europe/Rome"},
        {"/mozilla.org/20050126_1/Pacific Standard Time", "America/Los_Angeles"},
        {"example.com/Europe/Rome", "Europe/Rome"},
        {"UTC", "UTC"},
        {"Z", "UTC"},
        {"Etc/GMT+5", "Etc/GMT+5"},
        {"Europe", NULL},
        {"", NULL},
        {"/", NULL},
        {"My Zone", NULL},
        {"../../etc/passwd", NULL},
        {"/etc/localtime", NULL},
        {"posix/Europe/Rome", NULL},
        {"Europe/../Europe/Rome", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct tz *z = tz_find(cache, str_c(rows[i].tzid));
        if (!rows[i].name != !z)
            fail_msg("\"%s\"", rows[i].tzid);
        if (z)
            assert_str(tz_name(z), rows[i].name);
    }
    assert_true(tz_cache_version(cache) > 202000);
    struct tz_cache *none = NULL;
    assert_status(tz_cache_new("/nonexistent", &none), NOT_FOUND);
    tz_cache_free(NULL);
}

static const struct ical_comp *parse_zone(struct arena *a, struct str text)
{
    SCOPED_BUF(cal, 1 << 20);
    buf_addf(&cal, "BEGIN:VCALENDAR\r\n%.*sEND:VCALENDAR\r\n", STR_ARG(text));
    struct ical_comp *root;
    struct ical_problem problem;
    if (ical_parse(a, arena_str(a, buf_view(&cal)), &ical_default_limits, &root, &problem) != OK)
        fail_msg("%.*s", STR_ARG(problem.text));
    return ical_child(root, STR("VTIMEZONE"));
}

/* As Thunderbird writes Europe/Rome: seconds in offsets, RDATE lists, rules with UNTIL. */
static const char history[] =
    "BEGIN:VTIMEZONE\r\nTZID:Europe/Rome\r\nX-TZINFO:Europe/Rome[2025b]\r\n"
    "BEGIN:STANDARD\r\nTZOFFSETTO:+004956\r\nTZOFFSETFROM:+004956\r\nTZNAME:LMT\r\nDTSTART:"
    "18660101T000000\r\n"
    "RDATE:18660101T000000\r\nEND:STANDARD\r\n"
    "BEGIN:STANDARD\r\nTZOFFSETTO:+0100\r\nTZOFFSETFROM:+004956\r\nTZNAME:CET\r\nDTSTART:18931031T230000\r\n"
    "RDATE:18931031T230000\r\nEND:STANDARD\r\n"
    "BEGIN:DAYLIGHT\r\nTZOFFSETTO:+0200\r\nTZOFFSETFROM:+0100\r\nTZNAME:CEST\r\nDTSTART:19160604T000000\r\n"
    "RDATE:19160604T000000,19170401T000000\r\nEND:DAYLIGHT\r\n"
    "BEGIN:STANDARD\r\nTZOFFSETTO:+0100\r\nTZOFFSETFROM:+0200\r\nTZNAME:CET\r\nDTSTART:19161001T000000\r\n"
    "RDATE:19161001T000000,19170930T000000\r\nEND:STANDARD\r\n"
    "BEGIN:DAYLIGHT\r\nTZOFFSETTO:+0200\r\nTZOFFSETFROM:+0100\r\nTZNAME:CEST\r\nDTSTART:19810329T020000\r\n"
    "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\nEND:DAYLIGHT\r\n"
    "BEGIN:STANDARD\r\nTZOFFSETTO:+0100\r\nTZOFFSETFROM:+0200\r\nTZNAME:CET\r\nDTSTART:19810927T030000\r\n"
    "RRULE:FREQ=YEARLY;BYMONTH=9;BYDAY=-1SU;UNTIL=19950924T010000Z\r\nEND:STANDARD\r\n"
    "BEGIN:STANDARD\r\nTZOFFSETTO:+0100\r\nTZOFFSETFROM:+0200\r\nTZNAME:CET\r\nDTSTART:19961027T030000\r\n"
    "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nEND:STANDARD\r\n"
    "END:VTIMEZONE\r\n";

static void test_vtimezone(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    const struct tz *z, *rome = find("Europe/Rome");
    assert_ok(tz_from_vtimezone(&a, parse_zone(&a, str_c(history)), 1000, &z));
    assert_str(tz_name(z), "Europe/Rome");
    assert_int_equal(tz_offset(z, sec("18500101T000000")), 2996);
    assert_int_equal(tz_offset(z, sec("18800101T000000")), 2996);
    assert_int_equal(tz_offset(z, sec("19000101T000000")), 3600);
    assert_int_equal(tz_offset(z, sec("19170701T000000")), 7200);
    assert_int_equal(tz_offset(z, sec("19171101T000000")), 3600);
    for (int64_t t = sec("19810101T000000"); t < sec("20990101T000000"); t += 86400 * 3 + 1234)
        if (tz_offset(z, t) != tz_offset(rome, t))
            fail_msg("differs at %lld", (long long)t);
    assert_int_equal(tz_to_utc(z, sec("20260329T023000")), sec("20260329T013000Z"));
    assert_int_equal(tz_to_utc(z, sec("20261025T023000")), sec("20261025T003000Z"));
}

static void test_bad_vtimezone(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 8 << 20);
    const struct tz *z;
    static const char *const bad[] = {
        "BEGIN:VTIMEZONE\r\nTZID:X\r\nEND:VTIMEZONE\r\n",
        "BEGIN:VTIMEZONE\r\nTZID:X\r\nBEGIN:STANDARD\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n",
        "BEGIN:VTIMEZONE\r\nTZID:X\r\nBEGIN:STANDARD\r\nDTSTART:x\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:"
        "VTIMEZONE\r\n",
        "BEGIN:VTIMEZONE\r\nTZID:X\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETTO:one\r\nEND:"
        "STANDARD\r\n"
        "END:VTIMEZONE\r\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_status(tz_from_vtimezone(&a, parse_zone(&a, str_c(bad[i])), 100, &z), INVALID);
    /* a rule of seconds is cut off, and the zone still answers */
    assert_ok(
        tz_from_vtimezone(&a,
                          parse_zone(&a, STR("BEGIN:VTIMEZONE\r\nTZID:X\r\nBEGIN:STANDARD\r\n"
                                             "DTSTART:19700101T000000\r\nTZOFFSETTO:+0100\r\n"
                                             "RRULE:FREQ=SECONDLY\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n")),
                          1000, &z));
    assert_int_equal(tz_to_utc(z, sec("20260101T120000")), sec("20260101T110000"));
}

/* What we write must be read by us as the same zone, from the given time on. */
static void write_and_read(void *ctx, struct str name)
{
    size_t *count = ctx;
    static const int64_t starts[] = {1767225600, 1500000000, 946684800, -1000000000};
    if (++*count % 11)
        return;
    const struct tz *z = tz_find(cache, name);
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        SCOPED_ARENA(a, 8 << 20);
        SCOPED_BUF(text, 1 << 20);
        const struct tz *again;
        int64_t from = starts[i], until = i == 3 ? 1000000000 : 4000000000;
        assert_ok(tz_write_vtimezone(&text, z, name, from, until));
        assert_ok(tz_from_vtimezone(&a, parse_zone(&a, buf_view(&text)), 2000, &again));
        for (int64_t t = from; t < until; t += 3000007)
            if (tz_offset(again, t) != tz_offset(z, t))
                fail_msg("%.*s from %lld differs at %lld:\n%s", STR_ARG(name), (long long)from, (long long)t,
                         buf_c(&text));
    }
}

static void test_write(void **state)
{
    (void)state;
    size_t count = 0;
    tz_each(cache, write_and_read, &count);
    SCOPED_BUF(text, 4096);
    assert_ok(tz_write_vtimezone(&text, find("Europe/Rome"), STR("Europe/Rome"), sec("20260101T000000"),
                                 INT64_MAX));
    assert_str(buf_view(&text),
               "BEGIN:VTIMEZONE\r\nTZID:Europe/Rome\r\n"
               "BEGIN:STANDARD\r\nDTSTART:20251026T030000\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\n"
               "TZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nTZNAME:CET\r\nEND:STANDARD\r\n"
               "BEGIN:DAYLIGHT\r\nDTSTART:20260329T020000\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\n"
               "TZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nTZNAME:CEST\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n");
    write_and_read(&(size_t){10}, STR("America/Nuuk"));
    write_and_read(&(size_t){10}, STR("Africa/Casablanca"));
    write_and_read(&(size_t){10}, STR("Europe/Dublin"));
    write_and_read(&(size_t){10}, STR("UTC"));
}

static void *use_cache(void *ctx)
{
    static const char *const names[] = {"Europe/Rome", "Asia/Tokyo", "America/Denver", "Africa/Cairo",
                                        "Asia/Gaza"};
    intptr_t wrong = 0;
    for (int i = 0; i < 2000; i++) {
        const struct tz *z = tz_find(ctx, str_c(names[i % 5]));
        wrong += !z || tz_to_local(z, tz_to_utc(z, 1700000000)) != 1700000000;
    }
    return (void *)wrong;
}

static void test_threads(void **state)
{
    (void)state;
    struct tz_cache *fresh;
    pthread_t threads[4];
    assert_ok(tz_cache_new("/usr/share/zoneinfo", &fresh));
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_cache, fresh), 0);
    for (int i = 0; i < 4; i++) {
        void *wrong;
        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
    tz_cache_free(fresh);
}

static void test_extremes(void **state)
{
    (void)state;
    const struct tz *z = find("Europe/Rome");
    assert_int_equal(tz_offset(z, INT64_MAX), tz_offset(z, INT64_MAX - 1));
    assert_true(tz_to_local(z, INT64_MIN) < tz_to_local(z, INT64_MAX));
    assert_true(tz_to_utc(z, INT64_MIN) < tz_to_utc(z, INT64_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_local_to_utc),  cmocka_unit_test(test_all_zones),
        cmocka_unit_test(test_names),         cmocka_unit_test(test_vtimezone),
        cmocka_unit_test(test_bad_vtimezone), cmocka_unit_test(test_write),
        cmocka_unit_test(test_threads),       cmocka_unit_test(test_extremes),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
