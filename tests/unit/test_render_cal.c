/* calendar-data: what a client asked for of an object, and that it gets this and no more. */
#include "dav/render.h"
#include "tests/unit/filter_fixture.h"

#define DATA(inside)    "<C:calendar-data xmlns:C=\"urn:ietf:params:xml:ns:caldav\">" inside "</C:calendar-data>"
#define RANGE(from, to) " start=\"" from "\" end=\"" to "\""

static const char series[] =
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VTIMEZONE\r\nTZID:Europe/"
    "Rome\r\nBEGIN:STANDARD\r\n"
    "DTSTART:19701025T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY="
    "-1SU\r\nEND:STANDARD\r\n"
    "BEGIN:DAYLIGHT\r\nDTSTART:19700329T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\n"
    "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n"
    "BEGIN:VEVENT\r\nUID:s\r\nDTSTAMP:20260101T080000Z\r\nDTSTART;TZID=Europe/"
    "Rome:20260102T120000\r\nDURATION:PT1H\r\n"
    "RRULE:FREQ=DAILY;COUNT=5\r\nSUMMARY:Tom & \"Jerry\" "
    "<3\r\nBEGIN:VALARM\r\nACTION:AUDIO\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\nEND:VEVENT\r\n"
    "BEGIN:VEVENT\r\nUID:s\r\nDTSTAMP:20260101T080000Z\r\nRECURRENCE-ID;TZID=Europe/Rome:20260104T120000\r\n"
    "DTSTART;TZID=Europe/Rome:20260104T140000\r\nDURATION:PT1H\r\nSUMMARY:Later\r\nEND:VEVENT\r\n"
    "BEGIN:VEVENT\r\nUID:s\r\nDTSTAMP:20260101T080000Z\r\nRECURRENCE-ID;TZID=Europe/Rome:20260106T120000\r\n"
    "DTSTART;TZID=Europe/"
    "Rome:20260106T140000\r\nDURATION:PT1H\r\nSUMMARY:Last\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

static enum status parse(struct filter_fixture *f, const char *data, struct cal_render **out)
{
    return cal_render_parse(&f->arena, data ? fixture_xml(f, data) : NULL, out, &f->why);
}

/* The text that a client reads from the element. */
static struct str render_with(struct filter_fixture *f, struct cal_render *r, const char *body)
{
    struct render_env env = {&ical_default_limits, &vcard_default_limits, NULL, f->zones};
    SCOPED_BUF(out, 1 << 20);
    assert_ok(cal_render_write(&f->arena, r, &env, str_c(body), NULL, &out));
    assert_ok(out.st);
    struct str whole = arena_strf(&f->arena, "<x xmlns:C=\"urn:ietf:params:xml:ns:caldav\">%.*s</x>",
                                  STR_ARG(buf_view(&out)));
    struct xml_node *root = fixture_xml(f, whole.p);
    struct xml_node *data = xml_child(root, NS_CALDAV, "calendar-data");
    assert_non_null(data);
    assert_null(xml_sibling(data));
    return xml_text(&f->arena, data);
}

static struct str render(struct filter_fixture *f, const char *data, const char *body)
{
    struct cal_render *r;
    assert_ok(parse(f, data, &r));
    return render_with(f, r, body);
}

static size_t occurrences(struct str text, const char *needle)
{
    size_t count = 0;
    for (size_t at = str_find(text, str_c(needle), 0); at != SIZE_MAX;
         at = str_find(text, str_c(needle), at + 1))
        count++;
    return count;
}

static void folds_anew_what_was_cut_inside_a_character(void **state)
{
    struct filter_fixture *f = *state;
    static const char cut[] =
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//EN\r\nBEGIN:VEVENT\r\nUID:1\r\n"
        "DTSTART:20260105T100000Z\r\nSUMMARY:caf\xC3\r\n \xA9\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    assert_true(str_find(render(f, DATA(""), cut), STR("SUMMARY:caf\xC3\xA9\r\n"), 0) != SIZE_MAX);
}

static void gives_the_stored_octets(void **state)
{
    struct filter_fixture *f = *state;
    struct cal_render *r;
    assert_str(render(f, NULL, series), series);
    assert_str(render(f, DATA(""), series), series);
    assert_str(render(f,
                      "<C:calendar-data xmlns:C=\"urn:ietf:params:xml:ns:caldav\" "
                      "content-type=\"text/calendar\" version=\"2.0\"/>",
                      series),
               series);
    assert_ok(parse(f, DATA(""), &r));
    assert_true(cal_render_verbatim(r));
    /* what can not be parsed is still given as it is */
    assert_str(
        render(f, DATA("<C:comp name=\"VCALENDAR\"><C:comp name=\"VEVENT\"/></C:comp>"), "no calendar"),
        "no calendar");
}

static void picks_components_and_properties(void **state)
{
    struct filter_fixture *f = *state;
    static const char wanted[] =
        DATA("<C:comp name=\"VCALENDAR\"><C:prop name=\"VERSION\"/><C:comp name=\"VEVENT\">"
             "<C:prop name=\"SUMMARY\"/><C:prop name=\"dtstart\"/><C:prop "
             "name=\"RECURRENCE-ID\"/></C:comp></C:comp>");
    assert_str(
        render(f, wanted, series),
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nDTSTART;TZID=Europe/Rome:20260102T120000\r\n"
        "SUMMARY:Tom & \"Jerry\" <3\r\nEND:VEVENT\r\n"
        "BEGIN:VEVENT\r\nRECURRENCE-ID;TZID=Europe/Rome:20260104T120000\r\nDTSTART;TZID=Europe/"
        "Rome:20260104T140000\r\n"
        "SUMMARY:Later\r\nEND:VEVENT\r\n"
        "BEGIN:VEVENT\r\nRECURRENCE-ID;TZID=Europe/Rome:20260106T120000\r\nDTSTART;TZID=Europe/"
        "Rome:20260106T140000\r\n"
        "SUMMARY:Last\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
}

static void leaves_values_out(void **state)
{
    struct filter_fixture *f = *state;
    struct str got =
        render(f,
               DATA("<C:comp name=\"VCALENDAR\"><C:prop name=\"VERSION\"/><C:comp name=\"VEVENT\">"
                    "<C:prop name=\"DTSTART\" novalue=\"yes\"/><C:prop name=\"UID\" "
                    "novalue=\"no\"/></C:comp></C:comp>"),
               series);
    assert_int_equal(occurrences(got, "DTSTART;TZID=Europe/Rome:\r\n"), 3);
    assert_int_equal(occurrences(got, "UID:s\r\n"), 3);
}

static void gives_whole_components(void **state)
{
    struct filter_fixture *f = *state;
    /* an empty comp is all of it; a list of properties alone leaves the alarms out; allcomp brings them */
    struct str got =
        render(f, DATA("<C:comp name=\"VCALENDAR\"><C:comp name=\"VTIMEZONE\"/></C:comp>"), series);
    assert_int_equal(occurrences(got, "BEGIN:DAYLIGHT"), 1);
    assert_int_equal(occurrences(got, "BEGIN:VEVENT"), 0);
    assert_int_equal(occurrences(got, "PRODID"), 1);
    got = render(
        f,
        DATA("<C:comp name=\"VCALENDAR\"><C:allprop/><C:comp name=\"VEVENT\"><C:allprop/></C:comp></C:comp>"),
        series);
    assert_int_equal(occurrences(got, "BEGIN:VALARM"), 0);
    assert_int_equal(occurrences(got, "RRULE"), 1);
    got = render(f,
                 DATA("<C:comp name=\"VCALENDAR\"><C:comp name=\"VEVENT\"><C:prop "
                      "name=\"UID\"/><C:allcomp/></C:comp></C:comp>"),
                 series);
    assert_int_equal(
        occurrences(got, "BEGIN:VALARM\r\nACTION:AUDIO\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\nEND:VEVENT\r\n"), 1);
    assert_int_equal(occurrences(got, "SUMMARY"), 0);
    got = render(f, DATA("<C:comp name=\"VCALENDAR\"><C:allprop/><C:allcomp/></C:comp>"), series);
    assert_str(got, series);
}

static void expands(void **state)
{
    struct filter_fixture *f = *state;
    struct str got = render(f, DATA("<C:expand" RANGE("20260103T000000Z", "20260105T000000Z") "/>"), series);
    assert_int_equal(occurrences(got, "BEGIN:VEVENT"), 2);
    assert_int_equal(occurrences(got, "DTSTART:20260103T110000Z"), 1);
    assert_int_equal(occurrences(got, "RECURRENCE-ID:20260103T110000Z"), 1);
    assert_int_equal(occurrences(got, "DTSTART:20260104T130000Z"), 1);
    assert_int_equal(occurrences(got, "RECURRENCE-ID:20260104T110000Z"), 1);
    assert_int_equal(occurrences(got, "RRULE") + occurrences(got, "VTIMEZONE") + occurrences(got, "TZID"), 0);
    got = render(
        f,
        DATA("<C:comp name=\"VCALENDAR\"><C:comp name=\"VEVENT\"><C:prop name=\"SUMMARY\"/></C:comp></C:comp>"
             "<C:expand" RANGE("20260104T000000Z", "20260105T000000Z") "/>"),
        series);
    assert_int_equal(occurrences(got, "BEGIN:VEVENT\r\nSUMMARY:Later\r\nEND:VEVENT\r\n"), 1);
    assert_int_equal(occurrences(got, "BEGIN:VEVENT"), 1);
}

static void limits_the_recurrence_set(void **state)
{
    struct filter_fixture *f = *state;
    struct str got =
        render(f, DATA("<C:limit-recurrence-set" RANGE("20260104T000000Z", "20260105T000000Z") "/>"), series);
    assert_int_equal(occurrences(got, "BEGIN:VEVENT"), 2);
    assert_int_equal(occurrences(got, "RRULE:FREQ=DAILY;COUNT=5"), 1);
    assert_int_equal(occurrences(got, "SUMMARY:Later"), 1);
    assert_int_equal(occurrences(got, "SUMMARY:Last"), 0);
}

static void limits_free_busy(void **state)
{
    struct filter_fixture *f = *state;
    static const char busy[] =
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//"
        "EN\r\nBEGIN:VFREEBUSY\r\nUID:b\r\nDTSTAMP:20260101T080000Z\r\n"
        "FREEBUSY:20260102T100000Z/20260102T120000Z\r\nFREEBUSY:20260103T100000Z/PT2H\r\nEND:VFREEBUSY\r\n"
        "END:VCALENDAR\r\n";
    struct str got =
        render(f, DATA("<C:limit-freebusy-set" RANGE("20260103T000000Z", "20260104T000000Z") "/>"), busy);
    assert_int_equal(occurrences(got, "20260103T100000Z/PT2H"), 1);
    assert_int_equal(occurrences(got, "20260102T100000Z"), 0);
}

static void leaves_known_zones_out(void **state)
{
    struct filter_fixture *f = *state;
    struct cal_render *r;
    assert_ok(parse(f, DATA(""), &r));
    cal_render_omit_zones(r);
    struct str got = render_with(f, r, series);
    assert_int_equal(occurrences(got, "VTIMEZONE"), 0);
    assert_int_equal(occurrences(got, "BEGIN:VEVENT"), 3);
    assert_int_equal(occurrences(got, "TZID=Europe/Rome"), 5);
    /* a zone that nobody else knows by its name stays */
    struct str other = STR("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//"
                           "EN\r\nBEGIN:VTIMEZONE\r\nTZID:Our own\r\nBEGIN:STANDARD\r\n"
                           "DTSTART:19700101T000000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0100\r\nEND:"
                           "STANDARD\r\nEND:VTIMEZONE\r\n"
                           "BEGIN:VEVENT\r\nUID:o\r\nDTSTAMP:20260101T080000Z\r\nDTSTART;TZID=Our "
                           "own:20260101T100000\r\nEND:VEVENT\r\n"
                           "END:VCALENDAR\r\n");
    assert_str(render_with(f, r, other.p), other.p);
}

static void refuses_what_it_can_not_give(void **state)
{
    struct filter_fixture *f = *state;
    struct cal_render *r;
#define TYPED(attrs) "<C:calendar-data xmlns:C=\"urn:ietf:params:xml:ns:caldav\" " attrs "/>"
    assert_status(parse(f, TYPED("content-type=\"application/calendar+json\""), &r), UNSUPPORTED);
    assert_status(parse(f, TYPED("content-type=\"text/calendar\" version=\"1.0\""), &r), UNSUPPORTED);
    static const char *const wrong[] = {
        DATA("<C:expand/>"),
        DATA("<C:expand start=\"20260101T000000Z\"/>"),
        DATA("<C:expand" RANGE("20260102T000000Z", "20260101T000000Z") "/>"),
        DATA("<C:expand" RANGE("20260101T000000", "20260102T000000") "/>"),
        DATA("<C:expand" RANGE("20260101T000000Z", "20260102T000000Z") "/><C:limit-recurrence-set" RANGE(
            "20260101T000000Z", "20260102T000000Z") "/>"),
        DATA("<C:comp name=\"VEVENT\"/>"),
        DATA("<C:comp/>"),
        DATA("<C:comp name=\"VCALENDAR\"><C:prop/></C:comp>"),
        DATA("<C:comp name=\"VCALENDAR\"/><C:comp name=\"VCALENDAR\"/>"),
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_status(parse(f, wrong[i], &r), INVALID);
}

static void says_when_an_object_has_too_many_instances(void **state)
{
    struct filter_fixture *f = *state;
    struct ical_limits few = ical_default_limits;
    few.instances = 3;
    struct render_env env = {&few, &vcard_default_limits, NULL, f->zones};
    struct cal_render *r;
    SCOPED_BUF(out, 1 << 20);
    assert_ok(parse(f, DATA("<C:expand" RANGE("20260101T000000Z", "20260201T000000Z") "/>"), &r));
    assert_status(cal_render_write(&f->arena, r, &env, str_c(series), NULL, &out), TOO_MANY);
    assert_int_equal(out.n, 0);
}

static void tells_its_times(void **state)
{
    struct filter_fixture *f = *state;
    struct cal_render *r;
    int64_t first, last;
    assert_ok(parse(f, DATA(""), &r));
    assert_false(cal_render_times(r, &first, &last));
    assert_ok(
        parse(f,
              DATA("<C:expand" RANGE("20260103T000000Z", "20260105T000000Z") "/><C:limit-freebusy-set" RANGE(
                  "20260104T000000Z", "20260106T000000Z") "/>"),
              &r));
    assert_true(cal_render_times(r, &first, &last));
    assert_int_equal(last - first, 3 * 86400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_stored_octets),
        cmocka_unit_test(folds_anew_what_was_cut_inside_a_character),
        cmocka_unit_test(picks_components_and_properties),
        cmocka_unit_test(leaves_values_out),
        cmocka_unit_test(gives_whole_components),
        cmocka_unit_test(expands),
        cmocka_unit_test(limits_the_recurrence_set),
        cmocka_unit_test(limits_free_busy),
        cmocka_unit_test(leaves_known_zones_out),
        cmocka_unit_test(refuses_what_it_can_not_give),
        cmocka_unit_test(says_when_an_object_has_too_many_instances),
        cmocka_unit_test(tells_its_times),
    };
    return cmocka_run_group_tests(tests, filter_setup, filter_teardown);
}
