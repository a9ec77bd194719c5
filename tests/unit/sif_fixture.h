/* tests/unit/sif_fixture.h: SIF read into the text of a component or card, and such texts written as SIF. */
#ifndef SCAMBIO_TESTS_UNIT_SIF_FIXTURE_H
#define SCAMBIO_TESTS_UNIT_SIF_FIXTURE_H

#include "formats/sif.h"
#include "tests/unit/occur_fixture.h"

enum { ROOM = 1 << 20 };

static inline struct sif_settings in_zone(const char *zone)
{
    return (struct sif_settings){.zone = zone ? tz_find(zones, str_c(zone)) : NULL, .zones = zones};
}

static inline struct str component_text(struct arena *a, const struct ical_comp *c)
{
    SCOPED_BUF(b, ROOM);
    ical_write(&b, c);
    assert_int_equal(b.st, OK);
    return arena_str(a, buf_view(&b));
}

/* The inner elements of <appointment>, <task>, <note> as the text of a component, LF at the ends of its lines. */
static inline struct str sif_read(struct arena *a, enum ical_kind kind, const char *inner, const char *zone)
{
    const char *root = kind == ICAL_VEVENT ? "appointment" : kind == ICAL_VTODO ? "task" : "note";
    struct sif_settings s = in_zone(zone);
    struct ical_comp *c;
    struct str why;
    enum status st =
        sif_read_calendar(a, kind, arena_strf(a, "<%s>%s</%s>", root, inner, root), &s, &c, &why);
    if (st != OK)
        fail_msg("%s: %.*s", inner, STR_ARG(why));
    struct str text = component_text(a, c);
    SCOPED_BUF(b, ROOM);
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] != '\r')
            buf_addc(&b, text.p[i]);
    return arena_str(a, buf_view(&b));
}

/* The first component of an object as SIF. */
static inline struct str sif_write(struct arena *a, const struct ical_comp *cal, const struct sif_settings *s)
{
    SCOPED_BUF(b, ROOM);
    const struct ical_comp *c = cal->children;
    while (!ical_kind_of(c->name))
        c = c->next;
    assert_ok(sif_write_calendar(&b, a, c, s));
    return arena_str(a, buf_view(&b));
}

/* The text of an element, "" of an empty one, "-" of one that is not there. */
static inline struct str element(struct arena *a, struct str xml, const char *name)
{
    struct str open = arena_strf(a, "<%s>", name), empty = arena_strf(a, "<%s/>", name),
               close = arena_strf(a, "</%s>", name);
    size_t at = str_find(xml, open, 0), end = at == SIZE_MAX ? at : str_find(xml, close, at);
    if (end != SIZE_MAX)
        return str_slice(xml, at + open.n, end - at - open.n);
    return str_find(xml, empty, 0) == SIZE_MAX ? STR("-") : STR("");
}

/* "Name=value Other=value": each as it is in the XML. */
static inline void assert_elements(struct arena *a, struct str xml, const char *wanted)
{
    struct str rest = str_c(wanted), one;
    while (str_split(&rest, '|', &one)) {
        struct str name, value = one;
        str_split(&value, '=', &name);
        struct str got = element(a, xml, arena_str(a, name).p);
        if (!str_eq(got, value))
            fail_msg("%.*s is \"%.*s\" where \"%.*s\" is wanted in\n%.*s", STR_ARG(name), STR_ARG(got),
                     STR_ARG(value), STR_ARG(xml));
    }
}

#endif
