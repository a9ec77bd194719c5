/* tests/unit/filter_fixture.h: filters and calendar objects from short texts. */
#ifndef SCAMBIO_TESTS_UNIT_FILTER_FIXTURE_H
#define SCAMBIO_TESTS_UNIT_FILTER_FIXTURE_H

#include "dav/filter.h"
#include "tests/unit/test.h"

#define FILTER_OPEN  "<C:filter xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><C:comp-filter name=\"VCALENDAR\">"
#define FILTER_CLOSE "</C:comp-filter></C:filter>"

struct filter_fixture {
    struct arena arena;
    struct tz_cache *zones;
    struct str why;
};

static inline int filter_setup(void **state)
{
    static struct filter_fixture f;
    f.arena = ARENA_INIT(256 << 20);
    if (tz_cache_new("/usr/share/zoneinfo", &f.zones) != OK)
        return -1;
    *state = &f;
    return 0;
}

static inline int filter_teardown(void **state)
{
    struct filter_fixture *f = *state;
    tz_cache_free(f->zones);
    arena_free(&f->arena);
    return 0;
}

static inline struct xml_node *fixture_xml(struct filter_fixture *f, const char *text)
{
    static const struct xml_limits limits = {.size = 1 << 20, .depth = 100, .nodes = 10000};
    struct xml_node *root = NULL;
    enum status st = xml_parse(&f->arena, str_c(text), &limits, &root, &f->why);
    if (st != OK)
        print_error("%.*s in %s\n", STR_ARG(f->why), text);
    assert_ok(st);
    return root;
}

/* `inside`: what stands in the VCALENDAR comp-filter. */
static inline enum status fixture_filter(struct filter_fixture *f, const char *inside,
                                         struct cal_filter **out)
{
    struct str text = arena_strf(&f->arena, "%s%s%s", FILTER_OPEN, inside, FILTER_CLOSE);
    return cal_filter_parse(&f->arena, fixture_xml(f, text.p), out, &f->why);
}

/* `inside`: components, lines ended by '\n'. */
static inline struct ical_comp *fixture_object(struct filter_fixture *f, const char *inside)
{
    struct ical_comp *cal = NULL;
    struct ical_problem problem = {ICAL_OK, STR_NONE};
    struct str text =
        arena_strf(&f->arena, "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//test//EN\n%sEND:VCALENDAR\n", inside);
    enum status st = ical_parse(&f->arena, text, &ical_default_limits, &cal, &problem);
    if (st != OK)
        print_error("%.*s in %s\n", STR_ARG(problem.text), inside);
    assert_ok(st);
    return cal;
}

static inline bool fixture_matches(struct filter_fixture *f, const char *filter, const char *object,
                                   const char *zone)
{
    struct cal_filter *parsed = NULL;
    bool match = false;
    enum status st = fixture_filter(f, filter, &parsed);
    if (st != OK)
        print_error("%.*s in %s\n", STR_ARG(f->why), filter);
    assert_ok(st);
    const struct tz *tz = zone ? tz_find(f->zones, str_c(zone)) : NULL;
    assert_ok(cal_filter_match(&f->arena, parsed, fixture_object(f, object), tz, f->zones, 10000, &match));
    return match;
}

#endif
