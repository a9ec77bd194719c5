/* tests/unit/test_caltime.c: dates, times, durations, offsets. */
#include "tests/unit/test.h"

#include "formats/caltime.h"

static void test_days(void **state)
{
    (void)state;
    assert_int_equal(days_from_civil(1970, 1, 1), 0);
    assert_int_equal(days_from_civil(2000, 3, 1), 11017);
    assert_int_equal(days_from_civil(1, 1, 1), -719162);
    assert_int_equal(weekday_of(0), 3);
    assert_int_equal(weekday_of(days_from_civil(2026, 11, 24)), 1);
    int64_t day = days_from_civil(0, 1, 1), end = days_from_civil(9999, 12, 31);
    int y = 0, m = 1, d = 1, weekday = weekday_of(day);
    for (; day <= end; day++) { /* every day of ten thousand years */
        int yy, mm, dd;
        civil_from_days(day, &yy, &mm, &dd);
        if (yy != y || mm != m || dd != d || days_from_civil(y, m, d) != day || weekday_of(day) != weekday)
            fail();
        weekday = (weekday + 1) % 7;
        if (++d > days_in_month(y, m)) {
            d = 1;
            y += m == 12;
            m = m == 12 ? 1 : m + 1;
        }
    }
}

static void test_times(void **state)
{
    (void)state;
    static const struct {
        const char *text, *again; /* again NULL: INVALID */
        int64_t seconds;
    } rows[] = {
        {"19700101", "19700101", 0},
        {"19700101T000001Z", "19700101T000001Z", 1},
        {"20261124t093000", "20261124T093000", 1795512600},
        {"20161231T235960Z", "20161231T235959Z", 1483228799},
        {"00000101", "00000101", -62167219200},
        {"99991231T235959", "99991231T235959", 253402300799},
        {"20240229", "20240229", 1709164800},
        {"20230229", NULL, 0},
        {"20231301", NULL, 0},
        {"20230100", NULL, 0},
        {"2023010", NULL, 0},
        {"20230101T", NULL, 0},
        {"20230101T240000", NULL, 0},
        {"20230101T006000", NULL, 0},
        {"20230101T000061", NULL, 0},
        {"20230101T000000z1", NULL, 0},
        {"20230101 000000", NULL, 0},
        {"2023-01-01", NULL, 0},
        {"", NULL, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct caltime t;
        assert_status(caltime_parse(str_c(rows[i].text), &t), rows[i].again ? OK : INVALID);
        if (!rows[i].again)
            continue;
        SCOPED_BUF(out, 100);
        caltime_write(&out, &t);
        assert_str(buf_view(&out), rows[i].again);
        assert_int_equal(caltime_seconds(&t), rows[i].seconds);
        struct caltime back = caltime_from_seconds(rows[i].seconds);
        back.is_date = t.is_date;
        back.is_utc = t.is_utc;
        assert_memory_equal(&back, &t, sizeof t);
    }
    struct caltime low = caltime_from_seconds(INT64_MIN), high = caltime_from_seconds(INT64_MAX);
    assert_int_equal(low.year, 0);
    assert_int_equal(high.year, 9999);
}

static void test_durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum status st;
        int64_t days, seconds;
    } rows[] = {
        {"P1W", OK, 7, 0},
        {"-P1W", OK, -7, 0},
        {"P1DT2H", OK, 1, 7200},
        {"+PT15M", OK, 0, 900},
        {"-PT15M", OK, 0, -900},
        {"P15DT5H0M20S", OK, 15, 18020},
        {"PT0S", OK, 0, 0},
        {"P0D", OK, 0, 0},
        {"PT36H", OK, 0, 129600},
        {"pt1h30m", OK, 0, 5400},
        {"P1W2D", OK, 9, 0},
        {"P1Y", INVALID, 0, 0},
        {"P1M", INVALID, 0, 0},
        {"P", INVALID, 0, 0},
        {"PT", INVALID, 0, 0},
        {"PT1D", INVALID, 0, 0},
        {"P1H", INVALID, 0, 0},
        {"1H", INVALID, 0, 0},
        {"P1", INVALID, 0, 0},
        {"", INVALID, 0, 0},
        {"P99999999999999999999D", INVALID, 0, 0},
        {"P9999999W", INVALID, 0, 0},
        {"PT1H2", INVALID, 0, 0},
        {"PTT1H", INVALID, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct caldur d = {0};
        assert_status(caldur_parse(str_c(rows[i].text), &d), rows[i].st);
        assert_int_equal(d.days, rows[i].days);
        assert_int_equal(d.seconds, rows[i].seconds);
    }
}

static void test_offsets(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum status st;
        int seconds;
    } rows[] = {
        {"+0100", OK, 3600},    {"-073000", OK, -27000}, {"+004956", OK, 2996}, {"-0000", OK, 0},
        {"0530", OK, 19800},    {"+01", INVALID, 0},     {"+2400", INVALID, 0}, {"+0060", INVALID, 0},
        {"+01:00", INVALID, 0}, {"", INVALID, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int seconds = 0;
        assert_status(caloffset_parse(str_c(rows[i].text), &seconds), rows[i].st);
        assert_int_equal(seconds, rows[i].seconds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_days),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_offsets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
