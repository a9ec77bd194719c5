/* tests/unit/occur_fixture.h: calendar objects from short texts, and time ranges. */
#ifndef SCAMBIO_TESTS_UNIT_OCCUR_FIXTURE_H
#define SCAMBIO_TESTS_UNIT_OCCUR_FIXTURE_H

#include "formats/occur.h"
#include "tests/unit/test.h"

static struct tz_cache *zones;

static inline int zones_setup(void **state)
{
    (void)state;
    return tz_cache_new("/usr/share/zoneinfo", &zones) == OK ? 0 : -1;
}

static inline int zones_teardown(void **state)
{
    (void)state;
    tz_cache_free(zones);
    return 0;
}

static inline struct ical_comp *object(struct arena *a, const char *inner)
{
    struct ical_comp *cal;
    struct ical_problem problem;
    struct str text =
        arena_strf(a, "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//test//EN\n%sEND:VCALENDAR\n", inner);
    if (ical_parse(a, text, &ical_default_limits, &cal, &problem) != OK)
        fail_msg("%.*s", STR_ARG(problem.text));
    return cal;
}

/* "20260101" or "20260101T100000", in UTC; NULL: `open`. */
static inline int64_t utc(const char *text, int64_t open)
{
    struct caltime t;
    if (!text)
        return open;
    if (caltime_parse(str_c(text), &t) != OK)
        fail_msg("%s", text);
    return caltime_seconds(&t);
}

static inline struct occur_query query(const char *zone, const char *from, const char *until)
{
    return (struct occur_query){.from = utc(from, INT64_MIN),
                                .until = utc(until, INT64_MAX),
                                .zone = zone ? tz_find(zones, str_c(zone)) : NULL,
                                .zones = zones,
                                .max_instances = 100};
}

static inline void put_time(struct buf *out, int64_t at)
{
    struct caltime t = caltime_from_seconds(at);
    t.is_utc = true;
    t.is_date = at % 86400 == 0;
    caltime_write(out, &t);
}

#endif
