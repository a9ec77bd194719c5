/* Seeded objects that SIF can say whole go out and come back line by line; what any element soup is read as stays the same from then on. */
#include "tests/unit/sif_fixture.h"

#include "core/clock.h"

enum { ROUNDS = 4000 };

static unsigned below(unsigned n)
{
    return (unsigned)(random_u64() % n);
}

static const char *any(const char *const *words, size_t count)
{
    return words[below((unsigned)count)];
}
#define ANY(...)                                                                                             \
    any((const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

/* Escaped TEXT without spaces at its ends. */
static const char *text(void)
{
    return ANY("x", "Anna", "a\\, b", "semi\\;colon", "<tag> & \"quotes\"", "\xc3\xa9t\xc3\xa9 \xe2\x82\xac",
               "1", "two  spaces", "back\\\\slash", "\xf0\x9f\x8e\x82");
}
static const char *body(void)
{
    return below(2) ? text() : ANY("line\\nline", "\\n first", "last\\n\\n", " indented", "tab\\n\tb");
}

static int compare(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* The lines of a text, sorted: SIF has an order of its own. */
static struct str sorted(struct arena *a, struct str s)
{
    struct str lines[200], rest = s, one;
    size_t n = 0;
    while (str_split(&rest, '\n', &one) && n < COUNT_OF(lines)) {
        one = str_trim(one);
        if (one.n)
            lines[n++] = one;
    }
    qsort(lines, n, sizeof *lines, compare);
    SCOPED_BUF(b, ROOM);
    for (size_t i = 0; i < n; i++) {
        buf_add(&b, lines[i]);
        buf_addc(&b, '\n');
    }
    return arena_str(a, buf_view(&b));
}

static void assert_same(struct arena *a, struct str got, struct str wanted, struct str through)
{
    if (!str_eq(sorted(a, got), sorted(a, wanted)))
        fail_msg("got\n%.*s\nwanted\n%.*s\nthrough\n%.*s", STR_ARG(sorted(a, got)),
                 STR_ARG(sorted(a, wanted)), STR_ARG(through));
}

/* Unfolded, so that lines can be sorted. */
static struct str unfolded(struct arena *a, struct str s)
{
    SCOPED_BUF(b, ROOM);
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\r')
            continue;
        if (s.p[i] == '\n' && i + 1 < s.n && s.p[i + 1] == ' ')
            i++;
        else
            buf_addc(&b, s.p[i]);
    }
    return arena_str(a, buf_view(&b));
}

static struct str again(struct arena *a, enum ical_kind kind, struct str xml, const struct sif_settings *s)
{
    struct ical_comp *c;
    struct str why;
    if (sif_read_calendar(a, kind, xml, s, &c, &why) != OK)
        fail_msg("%.*s\n%.*s", STR_ARG(why), STR_ARG(xml));
    return unfolded(a, component_text(a, c));
}

/* ---- cards ---- */

static void test_cards(void **state)
{
    (void)state;
    random_seed(3);
    for (int i = 0; i < ROUNDS; i++) {
        SCOPED_ARENA(a, 4 << 20);
        SCOPED_BUF(b, ROOM);
        buf_addf(&b, "FN:Mr %s\n", text()); /* another name than the company's, which sorts */
        if (below(2))
            buf_addf(&b, "N:%s;%s;%s;%s;%s\n", ANY("Last", ""), text(), below(2) ? text() : "",
                     ANY("Dr.", ""), ANY("Jr.", ""));
        static const char *const single[] = {
            "TITLE:%s\n",
            "ROLE:%s\n",
            "X-EVOLUTION-SPOUSE:%s\n",
            "X-EVOLUTION-MANAGER:%s\n",
            "ORG:%s\n",
            "X-EVOLUTION-ASSISTANT:%s\n",
            "X-HOBBY:%s\n",
            "X-SIF-CHILDREN:%s\n",
            "X-PHONETIC-LAST-NAME:%s\n",
            "TEL;TYPE=HOME;TYPE=VOICE:%s\n",
            "TEL;TYPE=WORK;TYPE=VOICE:%s\n",
            "TEL;TYPE=VOICE:%s\n",
            "TEL;TYPE=CELL;TYPE=VOICE:%s\n",
            "TEL;TYPE=CELL;TYPE=HOME;TYPE=VOICE:%s\n",
            "TEL;TYPE=FAX:%s\n",
            "TEL;TYPE=FAX;TYPE=HOME:%s\n",
            "TEL;TYPE=FAX;TYPE=WORK:%s\n",
            "TEL;TYPE=PAGER:%s\n",
            "TEL;TYPE=CAR;TYPE=VOICE:%s\n",
            "TEL;TYPE=X-EVOLUTION-RADIO;TYPE=VOICE:%s\n",
            "TEL;TYPE=PREF;TYPE=VOICE:%s\n",
            "ADR;TYPE=HOME:;;%s;;;;\n",
            "ADR;TYPE=WORK:box;;%s;City;St;1;IT\n",
            "ADR:;;;;;;%s\n",
            "LABEL;TYPE=WORK:%s\n",
            "EMAIL;TYPE=INTERNET:%s\n",
            "X-SIF-MILEAGE:%s\n",
        };
        for (size_t k = 0; k < COUNT_OF(single); k++) {
            const char *percent = strstr(single[k], "%s");
            if (below(3))
                continue;
            buf_add(&b, str_n(single[k], (size_t)(percent - single[k])));
            buf_addz(&b, text());
            buf_addz(&b, percent + 2);
        }
        if (below(2))
            buf_addf(&b, "NOTE:%s\n", body());
        buf_addz(&b, ANY("", "BDAY:1985-04-12\n", "X-ANNIVERSARY:2010-02-28\nBDAY:1999-12-31\n"));
        buf_addz(&b, ANY("", "CLASS:PRIVATE\n", "CLASS;X-SIF=PERSONAL:PRIVATE\n", "CLASS:CONFIDENTIAL\n"));
        buf_addz(&b, ANY("", "CATEGORIES:A\n", "CATEGORIES:A,B b\n"));
        buf_addz(&b, ANY("", "NICKNAME:Jim\n", "NICKNAME:Jim,Jimmy\n"));
        buf_addz(&b,
                 ANY("", "PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQ\n", "PHOTO;ENCODING=b;TYPE=GIF:R0lGODdh\n"));
        buf_addz(&b, ANY("", "URL:http://a.test/?b;c,d\n", "URL;TYPE=HOME:http://a.test\n", "IMPP:im:bob\n"));
        buf_addz(&b, ANY("", "X-GENDER:F\n", "X-GENDER:M\nX-SIF-IMPORTANCE:2\n"));
        struct str card = arena_strf(&a, "BEGIN:VCARD\nVERSION:3.0\n%.*sEND:VCARD\n", STR_ARG(buf_view(&b)));
        struct vcard *c, *back;
        struct vcard_problem problem;
        struct str why;
        SCOPED_BUF(xml, ROOM);
        SCOPED_BUF(out, ROOM);
        struct sif_settings s = in_zone("Europe/Rome");
        assert_ok(vcard_parse(&a, card, &vcard_default_limits, &c, &problem));
        assert_ok(sif_write_contact(&xml, &a, c));
        assert_ok(sif_read_contact(&a, buf_view(&xml), &s, &back, &why));
        vcard_write(&out, back, NULL, false);
        assert_same(&a, unfolded(&a, buf_view(&out)), card, buf_view(&xml));
    }
}

/* ---- events, tasks, notes ---- */

struct start {
    int64_t day;
    int y, m, d;
};

/* A rule that a pattern says and the start obeys, as the reader writes it. */
static void add_rule(struct buf *b, const struct start *t, const char *until)
{
    static const char *const days[] = {"MO", "TU", "WE", "TH", "FR", "SA", "SU"};
    const char *day = days[weekday_of(t->day)];
    int n = (t->d - 1) / 7 + 1;
    const char *interval = ANY("", "", ";INTERVAL=2", ";INTERVAL=17");
    switch (below(8)) {
    case 0:
        buf_addf(b, "RRULE:FREQ=DAILY%s", interval);
        break;
    case 1:
        buf_addf(b, "RRULE:FREQ=WEEKLY%s;BYDAY=%s", interval, day);
        break;
    case 2:
        buf_addf(b, "RRULE:FREQ=WEEKLY%s;BYDAY=MO,TU,WE,TH,FR,SA,SU", interval);
        break;
    case 3:
        buf_addf(b, "RRULE:FREQ=MONTHLY%s;BYMONTHDAY=%d", interval, t->d);
        break;
    case 4:
        buf_addf(b, "RRULE:FREQ=MONTHLY%s;BYDAY=%d%s", interval, n == 5 ? -1 : n, day);
        break;
    case 5:
        buf_addf(b, "RRULE:FREQ=YEARLY;BYMONTH=%d;BYMONTHDAY=%d", t->m, t->d);
        break;
    case 6:
        buf_addf(b, "RRULE:FREQ=YEARLY;BYMONTH=%d;BYDAY=%d%s", t->m, n == 5 ? -1 : n, day);
        break;
    default:
        buf_addf(b, "RRULE:FREQ=MONTHLY%s;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=%s", interval, ANY("1", "2", "-1"));
        break;
    }
    switch (below(3)) {
    case 0:
        buf_addf(b, ";COUNT=%u", 1 + below(500));
        break;
    case 1:
        buf_addf(b, ";UNTIL=%s", until);
        break;
    default:
        break;
    }
    buf_addz(b, "\n");
}

static void add_common(struct buf *b)
{
    if (below(4))
        buf_addf(b, "SUMMARY:%s\n", text());
    if (below(2))
        buf_addf(b, "DESCRIPTION:%s\n", body());
    buf_addz(b, ANY("", "CATEGORIES:A,B\n", "CATEGORIES:Work\n"));
}

static void add_work(struct buf *b)
{
    buf_addz(b, ANY("", "CLASS:PRIVATE\n", "CLASS;X-SIF=PERSONAL:PRIVATE\n", "CLASS:CONFIDENTIAL\n"));
    buf_addz(b, ANY("", "PRIORITY:1\n", "PRIORITY:9\n"));
    buf_addz(b, ANY("", "X-SIF-MILEAGE:10 km\n"));
}

static struct start random_start(void)
{
    struct start t = {.day = days_from_civil(2020, 1, 1) + below(4000)};
    civil_from_days(t.day, &t.y, &t.m, &t.d);
    return t;
}

static const char *subject_of(struct arena *a, const struct buf *b)
{
    struct str s = buf_view(b);
    size_t at = str_find(s, STR("SUMMARY:"), 0);
    if (at == SIZE_MAX)
        return "Reminder";
    return arena_str(a, str_slice(s, at + 8, str_chr(s, '\n', at) - at - 8)).p;
}

static void add_event(struct arena *a, struct buf *b, const char *zone)
{
    struct start t = random_start(), end = {.day = t.day + 1 + below(3)};
    int hour = (int)below(24), minute = (int)below(60);
    civil_from_days(end.day, &end.y, &end.m, &end.d);
    bool recurs = below(2);
    const char *until, *form;
    if (below(3) == 0) {
        form = arena_strf(a, ";VALUE=DATE:%04d%02d%02d", t.y, t.m, t.d).p;
        until = arena_strf(a, "%04d0107", t.y + 1).p;
        buf_addf(b, "DTSTART%s\nDTEND;VALUE=DATE:%04d%02d%02d\n", form, end.y, end.m, end.d);
    } else {
        form =
            arena_strf(a, ";TZID=%s:%04d%02d%02dT%02d%02d00", zone, t.y, t.m, t.d, 4 + hour % 19, minute).p;
        /* the start's hour on the 7th of January, in UTC */
        int64_t last = days_from_civil(t.y + 1, 1, 7) * 86400 + (4 + hour % 19) * 3600 + minute * 60;
        struct caltime u = caltime_from_seconds(tz_to_utc(tz_find(zones, str_c(zone)), last));
        u.is_utc = true;
        SCOPED_BUF(w, 40);
        caltime_write(&w, &u);
        until = arena_str(a, buf_view(&w)).p;
        buf_addf(b, "DTSTART%s\n", form);
        if (below(4))
            buf_addf(b, "DTEND;TZID=%s:%04d%02d%02dT%02d%02d00\n", zone, end.y, end.m, end.d, 4 + hour % 19,
                     minute);
    }
    if (recurs)
        add_rule(b, &t, until);
    if (recurs && below(2))
        buf_addf(b, "EXDATE%s\n", form);
    add_common(b);
    add_work(b);
    buf_addz(b, ANY("", "LOCATION:Room 1\n", "STATUS:CANCELLED\n"));
    buf_addz(b, ANY("", "TRANSP:TRANSPARENT\n", "X-MICROSOFT-CDO-BUSYSTATUS:OOF\n",
                    "X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE\n"));
    if (below(2))
        buf_addf(b, "BEGIN:VALARM\nACTION:DISPLAY\nDESCRIPTION:%s\nTRIGGER:%s\nEND:VALARM\n",
                 subject_of(a, b), ANY("PT0M", "-PT5M", "-PT2H", "-P1D", "-PT1501M"));
}

static void add_task(struct arena *a, struct buf *b, const char *zone)
{
    (void)zone;
    struct start t = random_start();
    bool starts = below(2);
    if (starts)
        buf_addf(b, "DTSTART;VALUE=DATE:%04d%02d%02d\n", t.y, t.m, t.d);
    if (below(2))
        buf_addf(b, "DUE;VALUE=DATE:%04d%02d%02d\n", t.y, t.m, t.d);
    if (starts && below(2))
        add_rule(b, &t, arena_strf(a, "%04d0107", t.y + 1).p);
    add_common(b);
    add_work(b);
    buf_addz(b, ANY("", "STATUS:IN-PROCESS\nPERCENT-COMPLETE:40\n", "STATUS;X-SIF=WAITING:NEEDS-ACTION\n",
                    "STATUS;X-SIF=DEFERRED:NEEDS-ACTION\n", "STATUS:COMPLETED\nPERCENT-COMPLETE:100\n"));
    buf_addz(b, ANY("", "X-SIF-OWNER:Anna\n", "X-SIF-TOTALWORK:60\n"));
    if (below(2))
        buf_addf(b,
                 "BEGIN:VALARM\nACTION:DISPLAY\nDESCRIPTION:%s\nTRIGGER;VALUE=DATE-TIME:20260524T060000Z\n"
                 "END:VALARM\n",
                 subject_of(a, b));
}

static void add_note(struct arena *a, struct buf *b, const char *zone)
{
    (void)a;
    static const char *const titles[] = {"Title", "a\\, b", "\xc3\xa9t\xc3\xa9"};
    if (below(4))
        buf_addf(b, "SUMMARY:%s\n", titles[below(COUNT_OF(titles))]);
    if (b->n && below(2))
        buf_addf(b, "DESCRIPTION:%s\n", ANY("text", "more\\ntext", "\\nafter an empty line", "Tit"));
    buf_addz(b, ANY("", "CATEGORIES:A,B\n"));
    buf_addz(b, ANY("", "COLOR:blue\n", "COLOR:white\nX-SIF-WIDTH:166\n"));
    if (below(2))
        buf_addf(b, "DTSTART;TZID=%s:20260105T091500\n", zone);
}

static void check_kind(enum ical_kind kind, const char *name,
                       void (*add)(struct arena *a, struct buf *b, const char *zone))
{
    random_seed((uint64_t)kind);
    for (int i = 0; i < ROUNDS; i++) {
        SCOPED_ARENA(a, 4 << 20);
        SCOPED_BUF(b, ROOM);
        const char *zone = ANY("Europe/Rome", "America/New_York", "Asia/Tokyo", "Australia/Adelaide");
        struct sif_settings s = in_zone(zone);
        s.local = below(2);
        add(&a, &b, zone);
        struct str text = arena_strf(&a, "BEGIN:%s\n%.*sEND:%s\n", name, STR_ARG(buf_view(&b)), name);
        struct str xml = sif_write(&a, object(&a, text.p), &s);
        assert_same(&a, again(&a, kind, xml, &s), text, xml);
    }
}

static void test_events(void **state)
{
    (void)state;
    check_kind(ICAL_VEVENT, "VEVENT", add_event);
}
static void test_tasks(void **state)
{
    (void)state;
    check_kind(ICAL_VTODO, "VTODO", add_task);
}
static void test_notes(void **state)
{
    (void)state;
    check_kind(ICAL_VJOURNAL, "VJOURNAL", add_note);
}

/* ---- any elements ---- */

static struct str soup(struct arena *a, const char *root)
{
    SCOPED_BUF(b, ROOM);
    buf_addf(&b, "<%s>", root);
    buf_addf(&b, "<Start>%s</Start>",
             ANY("2026-01-31", "20260131T233000Z", "20260131T003000", "19700101T000000Z"));
    for (unsigned i = below(25); i; i--) {
        const char *name =
            ANY("End", "AllDayEvent", "IsRecurring", "RecurrenceType", "Interval", "MonthOfYear",
                "DayOfMonth", "DayOfWeekMask", "Instance", "PatternStartDate", "PatternEndDate", "NoEndDate",
                "Occurrences", "ReminderSet", "ReminderMinutesBeforeStart", "ReminderTime", "BusyStatus",
                "Status", "Complete", "PercentComplete", "DateCompleted", "StartDate", "DueDate",
                "Sensitivity", "Importance", "Subject", "Body", "Categories", "Color", "Date",
                "MeetingStatus", "FileAs", "FirstName", "LastName", "Photo", "Birthday",
                "HomeTelephoneNumber", "Email2Address", "Gender", "HomeAddressStreet");
        const char *value =
            ANY("1", "1", "1", "0", "2", "3", "5", "6", "12", "62", "127", "2026-02-28", "20260301T120000Z",
                "20261025T013000Z", "20260331T100000", "45010101", "-1", "99999999999999999999", "abc",
                "a, b; c", "AAAA", "&lt;&#13;\n&gt;", " ", "\xc3\xa9\nb");
        if (below(12) == 0)
            buf_addf(&b,
                     "<Exceptions><ExcludeDate>%s</ExcludeDate><IncludeDate>%s</IncludeDate></Exceptions>",
                     value, value);
        buf_addf(&b, "<%s>%s</%s>", name, value, name);
    }
    buf_addf(&b, "</%s>", root);
    return arena_str(a, buf_view(&b));
}

static void test_soup(void **state)
{
    (void)state;
    static const struct {
        enum ical_kind kind;
        const char *root;
    } kinds[] = {{ICAL_VEVENT, "appointment"}, {ICAL_VTODO, "task"}, {ICAL_VJOURNAL, "note"}};
    random_seed(11);
    for (int i = 0; i < ROUNDS; i++) {
        SCOPED_ARENA(a, 4 << 20);
        size_t k = below(COUNT_OF(kinds));
        struct str xml = soup(&a, kinds[k].root), why, texts[3];
        const char *zone = ANY("Europe/Rome", "America/New_York", "UTC", NULL);
        struct sif_settings s = in_zone(zone);
        s.local = below(2);
        for (size_t n = 0; n < COUNT_OF(texts); n++) {
            struct ical_comp *c;
            SCOPED_BUF(b, ROOM);
            assert_ok(sif_read_calendar(&a, kinds[k].kind, xml, &s, &c, &why));
            assert_ok(sif_write_calendar(&b, &a, c, &s));
            texts[n] = component_text(&a, c);
            xml = arena_str(&a, buf_view(&b));
        }
        assert_same(&a, unfolded(&a, texts[2]), unfolded(&a, texts[1]), xml);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cards), cmocka_unit_test(test_events), cmocka_unit_test(test_tasks),
        cmocka_unit_test(test_notes), cmocka_unit_test(test_soup),
    };
    return cmocka_run_group_tests(tests, zones_setup, zones_teardown);
}
