/* Tests of dav/path.c: what URLs name, and hrefs that come back as they were spelled. */
#include "tests/unit/test.h"

#include "dav/path.h"

static enum status parse(struct arena *a, const char *raw, struct dav_path *out)
{
    return dav_path_parse(a, str_c(raw), 64, out);
}

static void names_each_place(void **state)
{
    static const struct {
        const char *raw;
        enum dav_kind kind;
    } rows[] = {
        {"/dav", DAV_ROOT},
        {"/dav/", DAV_ROOT},
        {"/dav/principals/", DAV_PRINCIPALS},
        {"/dav/principals/a%40b.test/", DAV_PRINCIPAL},
        {"/dav/calendars", DAV_CALENDARS},
        {"/dav/calendars/a@b.test", DAV_CALENDAR_HOME},
        {"/dav/calendars/a@b.test/work/", DAV_CALENDAR},
        {"/dav/calendars/a@b.test/work/1.ics", DAV_CALENDAR_ITEM},
        {"/dav/addressbooks/", DAV_ADDRESSBOOKS},
        {"/dav/addressbooks/a@b.test/", DAV_ADDRESSBOOK_HOME},
        {"/dav/addressbooks/a@b.test/contacts", DAV_ADDRESSBOOK},
        {"/dav/addressbooks/a@b.test/contacts/x", DAV_ADDRESSBOOK_ITEM},
    };
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct dav_path p;
        assert_ok(parse(&a, rows[i].raw, &p));
        assert_int_equal(p.kind, rows[i].kind);
    }
}

static void refuses_what_names_nothing(void **state)
{
    static const struct {
        const char *raw;
        enum status st;
    } rows[] = {
        {"/", NOT_FOUND},
        {"/davx/", NOT_FOUND},
        {"/dav/elsewhere/", NOT_FOUND},
        {"/dav/principals/a@b.test/x", NOT_FOUND},
        {"/dav/calendars/a@b.test/work/1.ics/", NOT_FOUND},
        {"/dav/calendars/a@b.test/work/1.ics/more", NOT_FOUND},
        {"/dav/calendars//work/1.ics", NOT_FOUND},
        {"/dav/calendars/a@b.test/%2e%2e/1.ics", INVALID},
        {"/dav/calendars/a@b.test/../x", INVALID},
        {"/dav/calendars/a@b.test/./x", INVALID},
        {"/dav/calendars/a@b.test/a%2fb/x", INVALID},
        {"/dav/calendars/a@b.test/a%00b/x", INVALID},
        {"/dav/calendars/a@b.test/a%0ab/x", INVALID},
        {"/dav/calendars/a@b.test/a%ff/x", INVALID},
        {"/dav/calendars/a@b.test/a%4/x", INVALID},
    };
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct dav_path p;
        assert_status(parse(&a, rows[i].raw, &p), rows[i].st);
    }
}

static void bounds_a_segment(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    SCOPED_BUF(raw, 4096);
    struct dav_path p;
    buf_addz(&raw, "/dav/calendars/a@b.test/");
    for (int i = 0; i < 64; i++)
        buf_addz(&raw, "%41");
    assert_ok(parse(&a, buf_c(&raw), &p));
    assert_int_equal(p.slug.n, 64);
    buf_addc(&raw, 'x');
    assert_status(parse(&a, buf_c(&raw), &p), TOO_LARGE);
}

static void repeats_the_spelling(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    SCOPED_BUF(out, 4096);
    struct dav_path p;
    assert_ok(parse(&a, "/dav/calendars/a%40b.test/w%6frk/%2e1.ics", &p));
    assert_str(p.address, "a@b.test");
    assert_str(p.slug, "work");
    assert_str(p.name, ".1.ics");
    dav_href_write(&out, &p, STR("work"), STR(".1.ics"));
    assert_str(buf_view(&out), "/dav/calendars/a%40b.test/w%6frk/%2e1.ics");
    buf_clear(&out);
    dav_href_write(&out, &p, STR("work"), STR("caf\xc3\xa9 & co"));
    assert_str(buf_view(&out), "/dav/calendars/a%40b.test/w%6frk/caf%C3%A9%20%26%20co");
    buf_clear(&out);
    dav_href_write(&out, &p, STR_NONE, STR_NONE);
    assert_str(buf_view(&out), "/dav/calendars/a%40b.test/");
}

static void encodes_what_xml_would_escape(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    SCOPED_BUF(out, 4096);
    struct dav_path p;
    assert_ok(parse(&a, "/dav/calendars/o'b@b.test/a&b/<x>\"", &p));
    dav_href_write(&out, &p, p.slug, p.name);
    assert_str(buf_view(&out), "/dav/calendars/o%27b@b.test/a%26b/%3Cx%3E%22");
}

static void reads_hrefs_of_this_server_only(void **state)
{
    static const struct {
        const char *href;
        enum status st;
    } rows[] = {
        {"/dav/calendars/a@b.test/", OK},
        {"http://mail.b.test/dav/calendars/a@b.test/", OK},
        {"https://MAIL.b.test:443/dav/", OK},
        {"http://mail.b.test:8080/dav/", DENIED},
        {"http://other.test/dav/", DENIED},
        {"http://mail.b.test.evil.test/dav/", DENIED},
        {"dav/calendars/", INVALID},
        {"ftp://mail.b.test/dav/", INVALID},
        {"/dav/?x", INVALID},
        {"", INVALID},
    };
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct dav_path p;
        assert_status(dav_href_parse(&a, str_c(rows[i].href), STR("mail.b.test"), 64, &p), rows[i].st);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_each_place),
        cmocka_unit_test(refuses_what_names_nothing),
        cmocka_unit_test(bounds_a_segment),
        cmocka_unit_test(repeats_the_spelling),
        cmocka_unit_test(encodes_what_xml_would_escape),
        cmocka_unit_test(reads_hrefs_of_this_server_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
