/* Any bytes as SIF: what is read is a valid object and means the same when it is written and read again. Any object: what SIF says
 * of it stays as it is from then on. The first byte says which kind, which way, and how times are said. */
#include "formats/note.h"
#include "formats/sif.h"

#include <stdio.h>
#include <stdlib.h>

enum { SIZE = 8 << 20, KIND = 3, FROM_RFC = 4, LOCAL = 8, ZONE = 4 /* bits above */ };

static struct tz_cache *zones;

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void must_equal(struct str got, struct str wanted)
{
    if (str_eq(got, wanted))
        return;
    fprintf(stderr, "%.*s\nis not\n%.*s\n", STR_ARG(got), STR_ARG(wanted));
    abort();
}

/* ---- events, tasks, notes ---- */

static void check_valid(struct arena *a, struct ical_comp *c)
{
    struct ical_comp cal = {.name = STR("VCALENDAR")}, *copy = ical_copy(a, c, &cal);
    struct line uid = {.name = STR("UID"), .value = STR("1"), .next = copy->props};
    struct ical_info info;
    struct ical_problem problem;
    copy->props = &uid;
    cal.children = copy;
    enum status st = ical_check(a, &cal, &ical_default_limits, &info, &problem);
    must(st == OK || problem.fault == ICAL_MIN_DATE || problem.fault == ICAL_MAX_DATE);
}

static struct ical_comp *read_calendar(struct arena *a, enum ical_kind kind, struct str text,
                                       const struct sif_settings *s)
{
    struct ical_comp *c;
    struct str why;
    enum status st = sif_read_calendar(a, kind, text, s, &c, &why);
    must(st == OK ? c != NULL : c == NULL && (why.n || a->st < 0 || kind == ICAL_VJOURNAL));
    if (st == OK)
        check_valid(a, c);
    return c;
}

static struct str write_calendar(struct arena *a, const struct ical_comp *c, const struct sif_settings *s)
{
    SCOPED_BUF(b, SIZE);
    enum status st = sif_write_calendar(&b, a, c, s);
    if (st == INVALID || st == UNSUPPORTED)
        return STR_NONE;
    must(st == OK && str_utf8(buf_view(&b)));
    return arena_str(a, buf_view(&b));
}

static void calendar_stays(struct arena *a, enum ical_kind kind, struct str xml, const struct sif_settings *s)
{
    for (int i = 0; i < 2 && xml.p; i++) {
        const struct ical_comp *c = read_calendar(a, kind, xml, s);
        must(c != NULL);
        struct str again = write_calendar(a, c, s);
        must(again.p != NULL);
        if (i)
            must_equal(again, xml);
        xml = again;
    }
}

static void on_object(struct arena *a, struct str text, const struct sif_settings *s)
{
    struct ical_comp *cal;
    struct ical_problem problem;
    struct ical_info info;
    if (ical_parse(a, text, &ical_default_limits, &cal, &problem) != OK ||
        ical_check(a, cal, &ical_default_limits, &info, &problem) != OK)
        return;
    for (const struct ical_comp *c = cal->children; c; c = c->next)
        if (ical_kind_of(c->name))
            calendar_stays(a, ical_kind_of(c->name), write_calendar(a, c, s), s);
}

/* ---- cards ---- */

static struct str write_card(struct arena *a, const struct vcard *c)
{
    SCOPED_BUF(b, SIZE);
    must(sif_write_contact(&b, a, c) == OK && str_utf8(buf_view(&b)));
    return arena_str(a, buf_view(&b));
}

static struct vcard *read_card(struct arena *a, struct str text, const struct sif_settings *s)
{
    struct vcard *c;
    struct str why;
    enum status st = sif_read_contact(a, text, s, &c, &why);
    must(st == OK ? c != NULL && c->version == VCARD_3_0 : c == NULL && (why.n || a->st < 0));
    return c;
}

static void card_stays(struct arena *a, const struct vcard *c, const struct sif_settings *s)
{
    struct str xml = write_card(a, c);
    for (int i = 0; i < 2; i++) {
        const struct vcard *back = read_card(a, xml, s);
        must(back != NULL);
        struct str again = write_card(a, back);
        if (i)
            must_equal(again, xml);
        xml = again;
    }
}

static void on_card(struct arena *a, struct str text, const struct sif_settings *s)
{
    struct vcard *c;
    struct vcard_problem problem;
    if (vcard_parse(a, text, &vcard_default_limits, &c, &problem) == OK && c->version == VCARD_3_0)
        card_stays(a, c, s);
}

/* Text as a note comes back, but for line ends and control characters. */
static void on_note(struct arena *a, struct str text)
{
    struct ical_comp once = {.name = STR("VJOURNAL")}, again = {.name = STR("VJOURNAL")};
    SCOPED_BUF(first, SIZE);
    SCOPED_BUF(second, SIZE);
    if (note_read(a, text, &once) != OK) {
        must(!str_utf8(text));
        return;
    }
    must(note_write(&first, a, &once, STR("\n")) == OK && first.n <= text.n);
    must(note_read(a, buf_view(&first), &again) == OK);
    must(note_write(&second, a, &again, STR("\n")) == OK && str_eq(buf_view(&first), buf_view(&second)));
    bool plain = true;
    for (size_t i = 0; i < text.n; i++)
        plain = plain && ((unsigned char)text.p[i] >= 0x20 || text.p[i] == '\n' || text.p[i] == '\t');
    must(!plain || str_eq(buf_view(&first), text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum ical_kind kinds[] = {0, ICAL_VEVENT, ICAL_VTODO, ICAL_VJOURNAL};
    static const struct str names[] = {STR_INIT("Europe/Rome"), STR_INIT("America/New_York"),
                                       STR_INIT("Pacific/Kiritimati"), STR_INIT("")};
    static const struct xml_limits limits = {.size = SIZE, .depth = 16, .nodes = 4000};
    SCOPED_ARENA(a, 256 << 20);
    if (!zones)
        must(tz_cache_new("/usr/share/zoneinfo", &zones) == OK);
    if (!size)
        return 0;
    unsigned how = data[0];
    struct str text = str_n(data + 1, size - 1);
    struct sif_settings s = {
        .zone = tz_find(zones, names[how >> ZONE & 3]), .zones = zones, .local = how & LOCAL, .xml = &limits};
    if (how >> 7) {
        on_note(&a, text);
    } else if (how & FROM_RFC) {
        how &KIND ? on_object(&a, text, &s) : on_card(&a, text, &s);
    } else if (how & KIND) {
        struct ical_comp *c = read_calendar(&a, kinds[how & KIND], text, &s);
        if (c)
            calendar_stays(&a, kinds[how & KIND], write_calendar(&a, c, &s), &s);
    } else {
        struct vcard *c = read_card(&a, text, &s);
        if (c)
            card_stays(&a, c, &s);
    }
    return 0;
}
