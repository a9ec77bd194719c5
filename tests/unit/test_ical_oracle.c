/* tests/unit/test_ical_oracle.c: our rules and zones beside libical's, over thousands of generated rules. libical is an
 * oracle only where it is known to be right: no BYSETPOS with several times of day, no rules that it never returns from,
 * and BYWEEKNO only with BYDAY. */
#include "tests/unit/test.h"

#include "formats/caltime.h"
#include "formats/ical.h"
#include "formats/rrule.h"
#include "formats/tz.h"

#include <libical/ical.h>

enum { RULES = 2000, MOST = 40 };

static uint32_t seed = 20261124;

static unsigned below(unsigned n)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % n;
}

static bool chance(unsigned percent)
{
    return below(100) < percent;
}

/* ";NAME=…" of one to three distinct ascending numbers. */
static void add_list(struct buf *b, const char *name, int least, int most, bool negative)
{
    int count = 1 + (int)below(3), at = least;
    buf_addf(b, ";%s=", name);
    for (int i = 0; i < count && at <= most; i++) {
        unsigned room = (unsigned)(most - at + 1) / (unsigned)(count - i);
        at += (int)below(room ? room : 1);
        buf_addf(b, "%s%s%d", i ? "," : "", negative && chance(25) ? "-" : "", at);
        at++;
    }
}

static void add_days(struct buf *b, bool numbers)
{
    static const char *const days[] = {"MO", "TU", "WE", "TH", "FR", "SA", "SU"};
    unsigned mask = 1 + below(127);
    const char *sep = ";BYDAY=";
    for (int i = 0; i < 7; i++) {
        if (!(mask >> i & 1))
            continue;
        buf_addz(b, sep);
        if (numbers)
            buf_addf(b, "%s%u", chance(40) ? "-" : "", 1 + below(5));
        buf_addz(b, days[i]);
        sep = ",";
    }
}

static void yearly(struct buf *b)
{
    switch (below(6)) {
    case 0:
        add_list(b, "BYMONTH", 1, 12, false);
        break;
    case 1:
        add_list(b, "BYMONTH", 1, 12, false);
        add_days(b, chance(60));
        break;
    case 2:
        add_list(b, "BYYEARDAY", 1, 366, true);
        break;
    case 3:
        add_list(b, "BYWEEKNO", 2, 51, true); /* at the edges of the year libical thinks otherwise */
        add_days(b, false);
        break;
    case 4:
        add_list(b, "BYMONTH", 1, 12, false);
        add_list(b, "BYMONTHDAY", 1, 31, true);
        break;
    default:
        break;
    }
}

static void monthly(struct buf *b)
{
    switch (below(4)) {
    case 0:
        add_list(b, "BYMONTHDAY", 1, 31, true);
        break;
    case 1:
        add_days(b, true);
        break;
    case 2:
        add_days(b, false);
        if (chance(50))
            buf_addf(b, ";BYSETPOS=%s%u", chance(50) ? "-" : "", 1 + below(4));
        break;
    default:
        break;
    }
}

static void make_rule(struct buf *b)
{
    static const char *const names[] = {"YEARLY", "MONTHLY", "WEEKLY", "DAILY"};
    unsigned freq = below(4);
    buf_addf(b, "FREQ=%s", names[freq]);
    if (chance(50))
        buf_addf(b, ";INTERVAL=%u", 1 + below(5));
    if (freq == 0)
        yearly(b);
    else if (freq == 1)
        monthly(b);
    else if (freq == 2 && chance(70))
        add_days(b, false);
    else if (freq == 3 && chance(30))
        add_list(b, "BYMONTH", 1, 12, false);
    if (freq == 2 && chance(30))
        buf_addz(b, ";WKST=SU");
}

static void ours(struct arena *a, struct str rule, const struct caltime *start, struct buf *out)
{
    struct rrule *r;
    struct str why;
    struct rrule_iter *it;
    int64_t at;
    assert_ok(rrule_parse(a, rule, &r, &why));
    assert_ok(rrule_iter_new(a, r, start, INT64_MIN, days_from_civil(2060, 1, 1) * 86400, &it));
    for (int n = 0; n < MOST && rrule_next(it, &at); n++) {
        struct caltime t = caltime_from_seconds(at);
        caltime_write(out, &t);
        buf_addc(out, ' ');
    }
}

static void theirs(const char *rule, const struct caltime *start, struct buf *out)
{
    struct icaltimetype begin = icaltime_null_time(), at;
    begin.year = start->year;
    begin.month = start->month;
    begin.day = start->day;
    begin.hour = start->hour;
    begin.minute = start->minute;
    begin.second = start->second;
    struct icalrecurrencetype r = icalrecurrencetype_from_string(rule);
    icalrecur_iterator *it = icalrecur_iterator_new(r, begin);
    assert_non_null(it);
    for (int n = 0; n < MOST; n++) {
        at = icalrecur_iterator_next(it);
        if (icaltime_is_null_time(at) || at.year >= 2060)
            break;
        struct caltime t = {at.year, at.month, at.day, at.hour, at.minute, at.second, false, false};
        caltime_write(out, &t);
        buf_addc(out, ' ');
    }
    icalrecur_iterator_free(it);
}

/* Moves the start to where the rule has its first occurrence: from one that the rule does not match, libical goes wrong
 * (WEEKLY;INTERVAL=5;BYDAY=SU from a Tuesday skips four weeks). False when there is none. */
static bool synchronize(const char *rule, struct caltime *start)
{
    SCOPED_ARENA(a, 1 << 20);
    SCOPED_BUF(first, 1 << 14);
    ours(&a, str_c(rule), start, &first);
    return first.n && caltime_parse(str_slice(buf_view(&first), 0, 15), start) == OK;
}

static bool same(const char *rule, const struct caltime *start)
{
    SCOPED_ARENA(a, 1 << 20);
    SCOPED_BUF(x, 1 << 14);
    SCOPED_BUF(y, 1 << 14);
    ours(&a, str_c(rule), start, &x);
    theirs(rule, start, &y);
    bool equal = str_eq(buf_view(&x), buf_view(&y));
    if (!equal)
        print_error("%04d%02d%02d %s\nours   %s\ntheirs %s\n", start->year, start->month, start->day, rule,
                    buf_c(&x), buf_c(&y));
    return equal;
}

static void test_rules(void **state)
{
    (void)state;
    int compared = 0;
    for (int i = 0; i < RULES; i++) {
        SCOPED_BUF(rule, 1000);
        struct caltime start = {2020 + (int)below(6),
                                1 + (int)below(12),
                                1 + (int)below(28),
                                (int)below(24),
                                (int)below(60),
                                0,
                                false,
                                false};
        make_rule(&rule);
        if (!synchronize(buf_c(&rule), &start))
            continue;
        compared++;
        if (chance(40))
            buf_addf(&rule, ";COUNT=%u", 1 + below(30));
        if (!same(buf_c(&rule), &start))
            fail();
    }
    assert_true(compared > RULES * 3 / 4);
}

/* The system's zones, both from 2000 (before, libical has Europe/London on summer time in December 1977) to 2036. */
static void test_zones(void **state)
{
    (void)state;
    static const char *const names[] = {"Europe/Rome", "America/New_York", "Asia/Kolkata", "Australia/Sydney",
                                        "Asia/Tokyo",  "Pacific/Auckland", "Europe/London"};
    struct tz_cache *cache;
    assert_ok(tz_cache_new("/usr/share/zoneinfo", &cache));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct tz *z = tz_find(cache, str_c(names[i]));
        icaltimezone *theirs_zone = icaltimezone_get_builtin_timezone(names[i]);
        assert_non_null(z);
        assert_non_null(theirs_zone);
        for (int64_t t = 946684800; t < 2090000000; t += 5000011) {
            struct caltime c = caltime_from_seconds(t);
            struct icaltimetype tt = icaltime_null_time();
            tt.year = c.year;
            tt.month = c.month;
            tt.day = c.day;
            tt.hour = c.hour;
            tt.minute = c.minute;
            tt.second = c.second;
            int daylight;
            int offset = icaltimezone_get_utc_offset_of_utc_time(theirs_zone, &tt, &daylight);
            if (offset != tz_offset(z, t))
                fail_msg("%s at %lld: ours %d, theirs %d", names[i], (long long)t, tz_offset(z, t), offset);
        }
    }
    tz_cache_free(cache);
    icaltimezone_free_builtin_timezones();
}

/* What we write, libical reads: the same components, properties and texts. */
static void test_parse(void **state)
{
    (void)state;
    static const char text[] =
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//"
        "EN\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\n"
        "DTSTART;TZID=Europe/Rome:20260101T100000\r\n"
        "SUMMARY:a long line with commas\\, semicolons\\; and caf\xC3\xA9s\\, so that it is folded by us "
        "somewhere "
        "in the middle of it all "
        "\xF0\x9F\x8E\x89\xF0\x9F\x8E\x89\xF0\x9F\x8E\x89\xF0\x9F\x8E\x89\xF0\x9F\x8E\x89\r\n"
        "ATTENDEE;CN=\"Doe, J\";ROLE=CHAIR:mailto:j@example.test\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    SCOPED_ARENA(a, 1 << 20);
    SCOPED_BUF(out, 1 << 14);
    struct ical_comp *cal;
    struct ical_problem problem;
    assert_ok(ical_parse(&a, str_c(text), &ical_default_limits, &cal, &problem));
    ical_write(&out, cal);
    icalcomponent *c = icalparser_parse_string(buf_c(&out));
    assert_non_null(c);
    assert_int_equal(icalcomponent_count_errors(c), 0);
    icalcomponent *event = icalcomponent_get_first_component(c, ICAL_VEVENT_COMPONENT);
    const struct ical_comp *own = ical_child(cal, STR("VEVENT"));
    assert_str(text_unescape(&a, ical_prop(own, STR("SUMMARY"))->value), icalcomponent_get_summary(event));
    icalproperty *attendee = icalcomponent_get_first_property(event, ICAL_ATTENDEE_PROPERTY);
    icalparameter *cn = icalproperty_get_first_parameter(attendee, ICAL_CN_PARAMETER);
    assert_str(line_param1(ical_prop(own, STR("ATTENDEE")), STR("CN")), icalparameter_get_cn(cn));
    icalcomponent_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_zones),
        cmocka_unit_test(test_parse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
