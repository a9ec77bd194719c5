/* Any bytes as a TZif file, as a POSIX rule and as a VTIMEZONE: a zone that comes out answers for every time, its offsets
 * are less than 26 hours, local times come back as far as they exist, and what it writes is read as the same zone. */
#include "formats/ical.h"
#include "formats/tz_int.h"

#include <stdlib.h>

static const struct ical_limits limits = {.line = {.line = 64 << 10, .lines = 2000, .params = 50},
                                          .depth = 6,
                                          .components = 200,
                                          .attendees = 100,
                                          .overrides = 100,
                                          .instances = 500};
static const int64_t begin = 1767225600; /* 2026 */

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void ask(const struct tz *z)
{
    static const int64_t times[] = {INT64_MIN, -62135596800, -2000000000, 0,
                                    begin,     4102444800,   7258118400,  INT64_MAX};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        int offset = tz_offset(z, times[i]);
        must(offset > -26 * 3600 && offset < 26 * 3600);
        int64_t local = tz_to_local(z, times[i]), back = tz_to_utc(z, local);
        must(times[i] == INT64_MIN || times[i] == INT64_MAX || local == times[i] + offset);
        must(back - times[i] < 3 * 86400 || times[i] == INT64_MIN);
        (void)tz_to_utc(z, times[i]);
    }
}

static const struct ical_comp *parse(struct arena *a, struct str text)
{
    SCOPED_BUF(cal, 4 << 20);
    struct ical_comp *root;
    struct ical_problem problem;
    buf_add(&cal, STR("BEGIN:VCALENDAR\r\n"));
    buf_add(&cal, text);
    buf_add(&cal, STR("\r\nEND:VCALENDAR\r\n"));
    if (ical_parse(a, arena_str(a, buf_view(&cal)), &limits, &root, &problem) != OK)
        return NULL;
    return ical_child(root, STR("VTIMEZONE"));
}

static void write_and_read(struct arena *a, const struct tz *z)
{
    SCOPED_BUF(text, 4 << 20);
    const struct tz *again;
    must(tz_write_vtimezone(&text, z, STR("Zone"), begin, begin + 20 * 365 * 86400) == OK);
    const struct ical_comp *c = parse(a, buf_view(&text));
    must(c && tz_from_vtimezone(a, c, 4000, &again) == OK);
    ask(again);
    for (int month = 0; month < 24; month++) {
        int64_t t = begin + month * 31 * INT64_C(86400) + 43200;
        must(tz_offset(again, t) == tz_offset(z, t));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SCOPED_ARENA(a, 64 << 20);
    struct str bytes = str_n(data, size);
    const struct tz *z;
    struct tz_rule rule;
    if (tz_rule_parse(bytes, &rule) == OK && rule.yearly) {
        int64_t at[2];
        bool to_daylight;
        for (int year = 1970; year < 2400; year += 13) {
            tz_rule_onsets(&rule, year, at, &to_daylight);
            must(at[0] <= at[1]);
        }
    }
    if (tz_file_parse(&a, STR("Zone"), bytes, &z) == OK)
        ask(z);
    const struct ical_comp *c = parse(&a, bytes);
    if (c && tz_from_vtimezone(&a, c, 500, &z) == OK) {
        ask(z);
        if (z->n < 100)
            write_and_read(&a, z);
    }
    return 0;
}
