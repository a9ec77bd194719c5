/* tests/unit/test_content_types.c: every profile, every type of item: out and back nothing changes, and one change at the device is one
 * change in the store. The items are made from seeds. */
#include "syncml/phone.h"
#include "tests/unit/content_fixture.h"

enum { SEEDS = 300 };

static struct phones *phones;

static int setup(void **state)
{
    SCOPED_BUF(mistakes, 1 << 16);
    return phones_new(NULL, &phones, &mistakes) == OK ? content_setup(state) : -1;
}

static int teardown(void **state)
{
    phones_free(phones);
    return content_teardown(state);
}

/* ---- items from seeds ---- */

struct seed {
    uint64_t state;
    struct buf *out;
    unsigned token;
};

static unsigned pick(struct seed *s, unsigned n)
{
    s->state = s->state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (unsigned)(s->state >> 33) % n;
}

/* A text with a word in it that is nowhere else; a title is one line. */
static void text(struct seed *s, const char *head)
{
    bool title = str_eq(str_c(head), STR("SUMMARY:"));
    static const char *const tails[] = {
        "",        " caf\xc3\xa9", "\\, with a comma", "\\; and more", " \xe2\x82\xac 5",
        " = 100%", " \\\\ back",   "\\nsecond line"};
    buf_addf(s->out, "%sQ%uZ%s\r\n", head, 100 + s->token++, tails[pick(s, COUNT_OF(tails) - title)]);
}

static bool maybe(struct seed *s)
{
    return pick(s, 3) > 0;
}

static void card(struct seed *s)
{
    static const char *const tels[] = {"TEL;TYPE=CELL", "TEL;TYPE=HOME",  "TEL;TYPE=WORK,FAX",
                                       "TEL;TYPE=WORK", "TEL;TYPE=PAGER", "TEL;TYPE=HOME,FAX"};
    buf_addz(s->out, "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:seed-card\r\nFN:Anna Rossi\r\nN:Rossi;Anna;;;\r\n");
    for (size_t i = 0; i < COUNT_OF(tels); i++)
        if (maybe(s))
            buf_addf(s->out, "%s:+39 02 %u\r\n", tels[i], 100000 + pick(s, 900000));
    if (maybe(s))
        text(s, "TITLE:");
    if (maybe(s))
        text(s, "NOTE:");
    if (maybe(s))
        buf_addf(s->out, "ORG:Acme%u;Sales\r\n", pick(s, 100));
    if (maybe(s))
        buf_addf(s->out, "EMAIL;TYPE=WORK:a%u@example.test\r\n", pick(s, 1000));
    if (maybe(s))
        buf_addf(s->out, "EMAIL;TYPE=HOME:b%u@example.test\r\n", pick(s, 1000));
    if (maybe(s))
        buf_addz(s->out, "ADR;TYPE=HOME:;;Via Roma 1;Milano;MI;20100;Italia\r\n");
    if (maybe(s))
        buf_addz(s->out, "ADR;TYPE=WORK:;;Corso 2\\, scala B;Torino;;;\r\n");
    if (maybe(s))
        buf_addz(s->out, "URL:https://example.test/~anna\r\n");
    if (maybe(s))
        buf_addf(s->out, "BDAY:%u-04-12\r\n", 1950 + pick(s, 60));
    if (maybe(s))
        buf_addz(s->out, "CATEGORIES:Friends,Work\r\n");
    if (maybe(s))
        buf_addz(s->out,
                 "PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAAEBAQEBAQEBAQEBAQ==\r\n");
    if (maybe(s))
        buf_addz(s->out, "X-SOCIAL;X-USER=a:https://example.test/social\r\n");
    if (maybe(s))
        buf_addz(s->out, "NICKNAME:Annina\r\nIMPP:xmpp:anna@example.test\r\nGEO:45.4;9.2\r\n");
    buf_addz(s->out, "END:VCARD\r\n");
}

static const char *const rules[] = {"FREQ=DAILY;COUNT=5",
                                    "FREQ=DAILY;INTERVAL=2;UNTIL=20260301T080000Z",
                                    "FREQ=WEEKLY",
                                    "FREQ=WEEKLY;BYDAY=MO,WE,FR;COUNT=20",
                                    "FREQ=MONTHLY;BYMONTHDAY=5",
                                    "FREQ=MONTHLY;BYDAY=1MO;COUNT=7",
                                    "FREQ=YEARLY",
                                    "FREQ=MONTHLY;BYDAY=-1FR",
                                    "FREQ=YEARLY;BYMONTH=3,9;BYDAY=2TU",
                                    "FREQ=HOURLY;INTERVAL=5;COUNT=3",
                                    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"};

static void times(struct seed *s)
{
    static const char *const ends[] = {"DTEND", "DURATION"};
    unsigned hour = pick(s, 23), form = pick(s, 4);
    bool duration = str_eq(str_c(ends[pick(s, 2)]), STR("DURATION"));
    if (form == 0) {
        buf_addz(s->out, "DTSTART;VALUE=DATE:20260105\r\n");
        if (maybe(s))
            buf_addf(s->out, "DTEND;VALUE=DATE:202601%02u\r\n", 6 + pick(s, 3));
        return;
    }
    const char *zone = form == 1   ? ""
                       : form == 2 ? ";TZID=Europe/Rome"
                                   : ";TZID=America/New_York",
               *z = form == 1 ? "Z" : "";
    buf_addf(s->out, "DTSTART%s:20260105T%02u3000%s\r\n", zone, hour, z);
    if (duration)
        buf_addz(s->out, "DURATION:PT45M\r\n");
    else
        buf_addf(s->out, "DTEND%s:20260105T%02u1500%s\r\n", zone, hour + 1, z);
}

static void begin_calendar(struct seed *s, const char *kind)
{
    buf_addf(s->out,
             "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:%s\r\nUID:seed-item\r\n"
             "DTSTAMP:20250101T000000Z\r\n",
             kind);
}

static void end_calendar(struct seed *s, const char *kind)
{
    buf_addf(s->out, "END:%s\r\nEND:VCALENDAR\r\n", kind);
}

static void common(struct seed *s)
{
    text(s, "SUMMARY:");
    if (maybe(s))
        text(s, "DESCRIPTION:");
    if (maybe(s))
        buf_addz(s->out, "CATEGORIES:Work,Home\r\n");
    if (maybe(s))
        buf_addf(s->out, "PRIORITY:%u\r\n", 1 + pick(s, 9));
    if (maybe(s))
        buf_addf(s->out, "CLASS:%s\r\n", pick(s, 2) ? "PRIVATE" : "CONFIDENTIAL");
    if (maybe(s))
        buf_addz(s->out, "X-OWN;X-P=1:kept\r\nURL:https://example.test/x\r\n");
}

static void event(struct seed *s)
{
    begin_calendar(s, "VEVENT");
    times(s);
    if (pick(s, 2))
        buf_addf(s->out, "RRULE:%s\r\n", rules[pick(s, COUNT_OF(rules))]);
    common(s);
    if (maybe(s))
        text(s, "LOCATION:");
    if (maybe(s))
        buf_addz(s->out, "TRANSP:TRANSPARENT\r\nSTATUS:TENTATIVE\r\n");
    if (maybe(s))
        buf_addz(s->out, "ORGANIZER;CN=Bo:mailto:bo@example.test\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:cy@"
                         "example.test\r\n");
    if (maybe(s))
        buf_addz(s->out, "BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT15M\r\nDESCRIPTION:Soon\r\nX-A:"
                         "1\r\nEND:VALARM\r\n");
    end_calendar(s, "VEVENT");
}

static void task(struct seed *s)
{
    begin_calendar(s, "VTODO");
    if (maybe(s))
        buf_addz(s->out, "DTSTART;VALUE=DATE:20260105\r\nDUE;VALUE=DATE:20260110\r\n");
    else if (maybe(s))
        buf_addz(s->out, "DUE;TZID=Europe/Rome:20260110T170000\r\n");
    common(s);
    if (maybe(s))
        buf_addz(s->out, "STATUS:COMPLETED\r\nCOMPLETED:20260107T100000Z\r\nPERCENT-COMPLETE:100\r\n");
    else if (maybe(s))
        buf_addz(s->out, "STATUS:IN-PROCESS\r\nPERCENT-COMPLETE:40\r\n");
    end_calendar(s, "VTODO");
}

static void note(struct seed *s)
{
    begin_calendar(s, "VJOURNAL");
    common(s);
    end_calendar(s, "VJOURNAL");
}

static const struct {
    enum content_type type;
    void (*make)(struct seed *s);
} makers[] = {
    {CONTENT_VCARD21, card}, {CONTENT_VCARD30, card}, {CONTENT_VCARD40, card}, {CONTENT_SIFC, card},
    {CONTENT_VCAL10, event}, {CONTENT_ICAL20, event}, {CONTENT_SIFE, event},   {CONTENT_VCAL10, task},
    {CONTENT_ICAL20, task},  {CONTENT_SIFT, task},    {CONTENT_ICAL20, note},  {CONTENT_PLAIN, note},
    {CONTENT_VNOTE, note},   {CONTENT_SIFN, note},
};

static struct str made(struct arena *a, size_t maker, unsigned seed)
{
    SCOPED_BUF(b, 1 << 16);
    struct seed s = {.state = seed * 2654435761ULL + maker, .out = &b};
    (void)pick(&s, 2);
    makers[maker].make(&s);
    return arena_str(a, buf_view(&b));
}

/* ---- what is asked of each ---- */

static const char *context; /* of a failure */

static void one_row(struct arena *a, size_t maker, struct str stored)
{
    struct str out;
    enum content_type type = makers[maker].type;
    enum status st = content_export(a, &settings, content_media(type), stored, STR(""), type, &out);
    if (st == UNSUPPORTED)
        return; /* before the device's first year */
    if (st != OK)
        fail_msg("%s: %d of\n%.*s", context, st, STR_ARG(stored));
    struct content_in in;
    st = content_import(a, &settings, type, out, stored, STR(""), STR_NONE, CONTENT_DEVICE, &in);
    if (st != OK)
        fail_msg("%s: %d %.*s of\n%.*s", context, st, STR_ARG(in.why), STR_ARG(out));
    if (!in.unchanged || !str_eq(in.body, stored))
        fail_msg("%s: stored\n%.*s\nsent\n%.*s\nbecame\n%.*s", context, STR_ARG(stored), STR_ARG(out),
                 STR_ARG(in.body));
    struct content_peek peek;
    uint64_t key;
    bool same;
    assert_ok(content_peek(a, &settings, type, out, &peek));
    assert_ok(content_key(a, &settings, content_media(type), stored, STR(""), &key));
    assert_ok(content_same(a, &settings, type, out, stored, STR(""), &same));
    if (peek.key != key || !key || !same)
        fail_msg("%s: %s\n%.*s\nis not\n%.*s", context, same ? "key" : "same", STR_ARG(out), STR_ARG(stored));
}

struct rows {
    struct arena *arena;
    size_t maker;
    struct str stored;
};

static void each_row(void *ctx, const struct phone *row)
{
    struct rows *r = ctx;
    SCOPED_ARENA(a, 1 << 26);
    phone = *row;
    context =
        arena_strf(&a, "%.*s %.*s", STR_ARG(row->profile), STR_ARG(content_mime(makers[r->maker].type))).p;
    one_row(&a, r->maker, r->stored);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t maker = 0; maker < COUNT_OF(makers); maker++)
        for (unsigned seed = 0; seed < 6; seed++) {
            SCOPED_ARENA(a, 1 << 20);
            struct rows r = {&a, maker, made(&a, maker, seed)};
            phones_each(phones, each_row, &r);
        }
}

static void test_seeds(void **state)
{
    (void)state;
    for (size_t maker = 0; maker < COUNT_OF(makers); maker++)
        for (unsigned seed = 0; seed < SEEDS; seed++) {
            SCOPED_ARENA(a, 1 << 26);
            phone = *phone_named(phones, seed % 2 ? STR("generic") : STR("nokia"));
            phone.time = seed % 3;
            context =
                arena_strf(&a, "seed %u of %zu, %.*s", seed, maker, STR_ARG(content_mime(makers[maker].type)))
                    .p;
            one_row(&a, maker, made(&a, maker, seed));
        }
}

/* The lines but those that say when it was changed. */
static struct str without_stamps(struct arena *a, struct str body)
{
    static const char *const stamps[] = {"DTSTAMP:", "LAST-MODIFIED:", "REV:", "SEQUENCE:"};
    SCOPED_BUF(b, body.n + 1);
    struct str rest = body, line;
    while (str_split(&rest, '\n', &line)) {
        bool stamp = false;
        for (size_t i = 0; i < COUNT_OF(stamps); i++)
            stamp |= str_starts(line, str_c(stamps[i]));
        if (stamp)
            continue;
        buf_add(&b, line);
        buf_addc(&b, '\n');
    }
    return arena_str(a, buf_view(&b));
}

/* Wherever it stands: some types say the title twice. */
static struct str edited_all(struct arena *a, struct str text, const char *from, const char *to)
{
    while (holds(text, from))
        text = edited(a, text, from, to);
    return text;
}

static bool change(struct arena *a, size_t maker, struct str stored, unsigned token)
{
    enum content_type type = makers[maker].type;
    const char *from = arena_strf(a, "Q%uZ", token).p, *to = arena_strf(a, "K%uZ", token).p;
    struct str out;
    if (content_export(a, &settings, content_media(type), stored, STR(""), type, &out) != OK ||
        !holds(out, from))
        return false;
    struct content_in in = imported(a, type, edited_all(a, out, from, to), stored, "");
    struct str wanted = without_stamps(a, edited(a, stored, from, to)), got = without_stamps(a, in.body);
    if (in.unchanged || in.differs || !str_eq(wanted, got))
        fail_msg("%s: %s%swanted\n%.*s\ngot\n%.*s", context, in.unchanged ? "unchanged, " : "",
                 in.differs ? "differs, " : "", STR_ARG(wanted), STR_ARG(got));
    return true;
}

static void test_changes(void **state)
{
    (void)state;
    for (size_t maker = 0; maker < COUNT_OF(makers); maker++) {
        size_t done = 0;
        for (unsigned seed = 0; seed < SEEDS; seed++) {
            SCOPED_ARENA(a, 1 << 26);
            phone = *phone_named(phones, seed % 2 ? STR("generic") : STR("siemens"));
            context =
                arena_strf(&a, "seed %u of %zu, %.*s", seed, maker, STR_ARG(content_mime(makers[maker].type)))
                    .p;
            struct str stored = made(&a, maker, seed);
            for (unsigned token = 100; token < 103; token++)
                if (holds(stored, arena_strf(&a, "Q%uZ", token).p))
                    done += change(&a, maker, stored, token);
        }
        assert_true(done > SEEDS / 3);
    }
}

/* What a device fills in for nothing is not stored. */
static void test_empty(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 26);
    struct content_in in =
        imported(&a, CONTENT_VCARD21,
                 STR("BEGIN:VCARD\r\nVERSION:2.1\r\nN:Rossi;Anna;;;\r\nTITLE:\r\nORG:;;;\r\n"
                     "ADR:;;;;;;\r\nPHOTO:\r\nGEO:;\r\nURL:\r\nEND:VCARD\r\n"),
                 STR_NONE, "");
    assert_holds(in.body, "N:Rossi;Anna");
    const char *gone[] = {"TITLE", "ORG", "ADR", "PHOTO", "GEO", "URL"};
    for (size_t i = 0; i < COUNT_OF(gone); i++)
        assert_lacks(in.body, gone[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rows, setup, teardown),
        cmocka_unit_test_setup_teardown(test_seeds, setup, teardown),
        cmocka_unit_test_setup_teardown(test_changes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_empty, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
