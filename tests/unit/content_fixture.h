/* tests/unit/content_fixture.h: settings, and the ways of asking the content conversion that the tests share. */
#ifndef SCAMBIO_TESTS_UNIT_CONTENT_FIXTURE_H
#define SCAMBIO_TESTS_UNIT_CONTENT_FIXTURE_H

#include "formats/tz.h"
#include "syncml/content.h"
#include "tests/unit/test.h"

static struct tz_cache *zones;
static struct phone phone;
static struct content_limits limits;
static struct content_settings settings;

enum { NOW = 1767225600 }; /* 2026-01-01 */

static inline int content_setup(void **state)
{
    (void)state;
    phone = (struct phone){.profile = STR("test"), .time = PHONE_UTC, .zones = true, .priorities = 9};
    limits =
        (struct content_limits){.ical = ical_default_limits, .vcard = vcard_default_limits, .size = 1 << 20};
    settings =
        (struct content_settings){.phone = &phone, .zone = STR("Europe/Rome"), .limits = &limits, .now = NOW};
    if (tz_cache_new("/usr/share/zoneinfo", &zones) != OK)
        return -1;
    settings.zones = zones;
    return 0;
}

static inline int content_teardown(void **state)
{
    (void)state;
    tz_cache_free(zones);
    return 0;
}

static inline struct str calendar_text(struct arena *a, const char *inner)
{
    SCOPED_BUF(b, 1 << 20);
    buf_addz(&b, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\n");
    for (; *inner; inner++) {
        if (*inner == '\n')
            buf_addc(&b, '\r');
        buf_addc(&b, *inner);
    }
    buf_addz(&b, "END:VCALENDAR\r\n");
    return arena_str(a, buf_view(&b));
}

static inline struct str exported(struct arena *a, enum content_type type, struct str stored,
                                  const char *part)
{
    struct str out;
    assert_ok(content_export(a, &settings, content_media(type), stored, str_c(part), type, &out));
    return out;
}

static inline struct content_in imported(struct arena *a, enum content_type type, struct str data,
                                         struct str stored, const char *part)
{
    struct content_in in;
    enum status st =
        content_import(a, &settings, type, data, stored, str_c(part), STR("made-uid"), CONTENT_DEVICE, &in);
    if (st != OK)
        fail_msg("%d: %.*s", st, STR_ARG(in.why));
    return in;
}

static inline bool holds(struct str text, const char *part)
{
    return str_find(text, str_c(part), 0) != SIZE_MAX;
}

static inline void assert_holds_(struct str text, const char *part, bool wanted, const char *file, int line)
{
    if (holds(text, part) == wanted)
        return;
    print_error("%s \"%s\" in\n%.*s\n", wanted ? "missing" : "unwanted", part, STR_ARG(text));
    _fail(file, line);
}
#define assert_holds(text, part) assert_holds_((text), (part), true, __FILE__, __LINE__)
#define assert_lacks(text, part) assert_holds_((text), (part), false, __FILE__, __LINE__)

/* The text with one piece replaced, as a person at the device would. */
static inline struct str edited(struct arena *a, struct str text, const char *from, const char *to)
{
    size_t at = str_find(text, str_c(from), 0);
    if (at == SIZE_MAX)
        fail_msg("no \"%s\" in\n%.*s", from, STR_ARG(text));
    struct str rest = str_from(text, at + strlen(from));
    return arena_strf(a, "%.*s%s%.*s", (int)at, text.p, to, STR_ARG(rest));
}

static inline void assert_unchanged_(struct arena *a, enum content_type type, struct str data,
                                     struct str stored, const char *part, const char *file, int line)
{
    struct content_in in = imported(a, type, data, stored, part);
    if (in.unchanged && str_eq(in.body, stored))
        return;
    print_error("stored\n%.*s\nsent\n%.*s\nbecame\n%.*s\n", STR_ARG(stored), STR_ARG(data), STR_ARG(in.body));
    _fail(file, line);
}
#define assert_unchanged(a, type, data, stored, part)                                                        \
    assert_unchanged_((a), (type), (data), (stored), (part), __FILE__, __LINE__)

#endif
