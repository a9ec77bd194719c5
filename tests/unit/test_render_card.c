/* address-data: version 3.0 unless 4.0 is asked for, whatever is stored; and only the properties that were
 * named. */
#include "dav/render.h"
#include "tests/unit/test.h"

static const struct xml_limits limits = {.size = 1 << 20, .depth = 100, .nodes = 10000};
static struct arena arena;

static const char three[] =
    "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:three\r\nFN:Anna & "
    "Co\r\nN:Verdi;Anna;;;\r\nEMAIL;TYPE=WORK,PREF:anna@example.test\r\n"
    "item1.TEL;TYPE=CELL:+39 02 1\r\nitem1.X-ABLABEL:Milano\r\nNOTE:one\\ntwo\r\nEND:VCARD\r\n";
static const char four[] = "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:urn:uuid:4fbe8971-0bc3-424c-9c26-"
                           "36c3e1eff6b1\r\nFN:Bruno\r\nKIND:individual\r\n"
                           "EMAIL;PREF=1:bruno@example.test\r\nEND:VCARD\r\n";

static enum status parse(const char *attrs, const char *inside, struct card_render **out)
{
    struct str why,
        text = arena_strf(&arena,
                          "<R:address-data xmlns:R=\"urn:ietf:params:xml:ns:carddav\" %s>%s</R:address-data>",
                          attrs, inside);
    struct xml_node *root;
    assert_ok(xml_parse(&arena, text, &limits, &root, &why));
    return card_render_parse(&arena, root, out, &why);
}

static struct xml_node *render_node(struct card_render *r, const char *body)
{
    struct render_env env = {&ical_default_limits, &vcard_default_limits, NULL, NULL};
    struct str why;
    struct xml_node *root;
    SCOPED_BUF(out, 1 << 20);
    assert_ok(card_render_write(&arena, r, &env, str_c(body), &out));
    assert_ok(out.st);
    struct str whole = arena_strf(&arena, "<x xmlns:CR=\"urn:ietf:params:xml:ns:carddav\">%.*s</x>",
                                  STR_ARG(buf_view(&out)));
    assert_ok(xml_parse(&arena, whole, &limits, &root, &why));
    struct xml_node *data = xml_child(root, NS_CARDDAV, "address-data");
    assert_non_null(data);
    return data;
}

static struct str render(const char *attrs, const char *inside, const char *body)
{
    struct card_render *r;
    assert_ok(parse(attrs, inside, &r));
    return xml_text(&arena, render_node(r, body));
}

static bool has(struct str text, const char *needle)
{
    return str_find(text, str_c(needle), 0) != SIZE_MAX;
}

static void gives_the_stored_octets(void **state)
{
    (void)state;
    assert_str(render("", "", three), three);
    assert_str(render("version=\"3.0\"", "", three), three);
    assert_str(render("content-type=\"text/vcard\" version=\"4.0\"", "", four), four);
    struct card_render *r;
    struct str why;
    assert_ok(card_render_parse(&arena, NULL, &r, &why));
    assert_str(xml_text(&arena, render_node(r, three)), three);
}

static void converts_where_it_must(void **state)
{
    (void)state;
    struct str got = render("", "", four);
    assert_true(has(got, "VERSION:3.0") && has(got, "FN:Bruno") && has(got, "bruno@example.test"));
    assert_false(has(got, "VERSION:4.0") || has(got, "PREF=1"));
    got = render("version=\"4.0\"", "", three);
    assert_true(has(got, "VERSION:4.0") && has(got, "PREF=1") && has(got, "item1.TEL"));
    assert_false(has(got, "VERSION:3.0"));
}

static void says_which_version_it_is(void **state)
{
    (void)state;
    struct card_render *r;
    assert_ok(parse("version=\"4.0\"", "", &r));
    assert_str(xml_attr(render_node(r, three), "version"), "4.0");
    assert_ok(parse("", "", &r));
    assert_null(xml_attr(render_node(r, three), "version").p);
}

static void picks_properties(void **state)
{
    (void)state;
    struct str got = render("", "<R:prop name=\"EMAIL\"/><R:prop name=\"NOTE\" novalue=\"yes\"/>", three);
    assert_true(has(got, "VERSION:3.0\r\n") && has(got, "UID:three\r\n") && has(got, "FN:Anna & Co\r\n"));
    assert_true(has(got, "anna@example.test") && has(got, "NOTE:\r\n"));
    assert_false(has(got, "TEL") || has(got, "N:Verdi"));
    assert_str(render("", "<R:allprop/>", three), three);
    got = render("version=\"4.0\"", "<R:prop name=\"TEL\"/>", three);
    assert_true(has(got, "VERSION:4.0") && has(got, "+39"));
    assert_false(has(got, "EMAIL"));
}

/* Control characters are in stored cards, and would make the whole answer unreadable. */
static void stays_xml(void **state)
{
    (void)state;
    static const char dirty[] =
        "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:d\r\nFN:a\x0b\x01z\r\nN:;;;;\r\nNOTE:\xff\r\nEND:VCARD\r\n";
    assert_true(has(render("", "", dirty), "FN:az\r\n"));
}

static void refuses_what_it_can_not_give(void **state)
{
    (void)state;
    struct card_render *r;
    assert_status(parse("version=\"2.1\"", "", &r), UNSUPPORTED);
    assert_status(parse("content-type=\"application/vcard+json\" version=\"4.0\"", "", &r), UNSUPPORTED);
    assert_status(parse("", "<R:prop/>", &r), INVALID);
    struct render_env env = {&ical_default_limits, &vcard_default_limits, NULL, NULL};
    SCOPED_BUF(out, 1 << 20);
    assert_ok(parse("", "", &r));
    assert_status(
        card_render_write(&arena, r, &env, STR("BEGIN:VCARD\r\nVERSION:2.1\r\nEND:VCARD\r\n"), &out),
        UNSUPPORTED);
}

static int setup(void **state)
{
    (void)state;
    arena = ARENA_INIT(64 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static void folds_anew_what_was_cut_inside_a_character(void **state)
{
    (void)state;
    static const char cut[] =
        "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:u\r\nN:;;;;\r\nFN:caf\xC3\r\n \xA9\r\nEND:VCARD\r\n";
    assert_true(has(render("", "", cut), "FN:caf\xC3\xA9\r\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_stored_octets),
        cmocka_unit_test(converts_where_it_must),
        cmocka_unit_test(says_which_version_it_is),
        cmocka_unit_test(picks_properties),
        cmocka_unit_test(stays_xml),
        cmocka_unit_test(refuses_what_it_can_not_give),
        cmocka_unit_test(folds_anew_what_was_cut_inside_a_character),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
