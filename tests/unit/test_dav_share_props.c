/* Tests of PROPPATCH on a shared collection: some properties are the grantee's own, others the owner's; whatever mixture is asked for is
 * set as a whole or not at all. With one shard and with three, where the two sides are in different databases. */
#include "tests/unit/dav_shards.h"

#define HERS "/dav/calendars/alice@example.test/calendar/"
#define HIS  "/dav/calendars/bob@example.test/alice-calendar/"
#define NS                                                                                                   \
    "xmlns:D=\"DAV:\" xmlns:A=\"http://apple.com/ns/ical/\" xmlns:X=\"urn:x\" "                              \
    "xmlns:C=\"urn:ietf:params:xml:ns:caldav\" xmlns:CS=\"http://calendarserver.org/ns/\""

static void share(const char *privilege)
{
    SCOPED_EXCHANGE(x) =
        askf(&w, ALICE,
             "ACL " HERS "\n\n<D:acl xmlns:D=\"DAV:\"><D:ace><D:principal><D:href>/dav/principals/" BOB
             "/</D:href></D:principal><D:grant><D:privilege><D:%s/></D:privilege></D:grant></D:ace></D:acl>",
             privilege);
    assert_answer(x, 200, NULL);
}

static struct exchange *set(const char *user, const char *where, const char *props)
{
    return askf(&w, user,
                "PROPPATCH %s\n\n<D:propertyupdate " NS
                "><D:set><D:prop>%s</D:prop></D:set></D:propertyupdate>",
                where, props);
}

/* All three as this user sees them: absent ones are an empty element in the propstat 404. */
static void sees(const char *user, const char *where, const char *name, const char *color, const char *tag)
{
    SCOPED_EXCHANGE(x) = askf(&w, user,
                              "PROPFIND %s\nDepth: 0\n\n<D:propfind " NS
                              "><D:prop><D:displayname/><A:calendar-color/><X:tag/></D:prop></D:propfind>",
                              where);
    const char *const values[] = {name, color, tag};
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        char part[128];
        snprintf(part, sizeof part, ">%s</", values[i] ? values[i] : "");
        if (values[i])
            assert_answer(x, 207, part);
    }
    if (!tag)
        assert_not_in(x, "</X:tag>");
}

/* The property's propstat has that status. */
static void status_of(const struct exchange *x, const char *prop, const char *status)
{
    struct str body = answer_body(x);
    size_t at = str_find(body, str_c(prop), 0), end;
    assert_true(at != SIZE_MAX);
    end = str_find(body, STR("</D:status>"), at);
    assert_true(end != SIZE_MAX);
    struct str found = str_slice(body, at, end - at);
    if (str_find(found, str_c(status), 0) == SIZE_MAX)
        print_error("%s: wanted %s in %.*s\n", prop, status, STR_ARG(found));
    assert_true(str_find(found, str_c(status), 0) != SIZE_MAX);
}

static void fill(int shards)
{
    world_start(&w, shards, "[limits]\nproperties = 10\n");
    SCOPED_EXCHANGE(hers) =
        set(ALICE, HERS, "<D:displayname>Work</D:displayname><A:calendar-color>#111111</A:calendar-color>");
    assert_answer(hers, 207, "200 OK");
}

static void both_sides_are_set(void **state)
{
    (void)state;
    share("write");
    SCOPED_EXCHANGE(x) = set(BOB, HIS,
                             "<D:displayname>Hers</D:displayname><X:tag>one</X:tag>"
                             "<A:calendar-color>#222222</A:calendar-color>");
    assert_answer(x, 207, NULL);
    status_of(x, "D:displayname", "200 OK");
    status_of(x, ":tag", "200 OK");
    status_of(x, "A:calendar-color", "200 OK");
    sees(BOB, HIS, "Hers", "#222222", "one");
    sees(ALICE, HERS, "Work", "#111111", "one");
}

static void the_owners_refusal_stops_the_grantees(void **state)
{
    (void)state;
    share("read");
    SCOPED_EXCHANGE(x) = set(BOB, HIS,
                             "<D:displayname>Other</D:displayname><X:tag>two</X:tag>"
                             "<A:calendar-color>#333333</A:calendar-color>");
    assert_answer(x, 207, NULL);
    status_of(x, "D:displayname", "424 ");
    status_of(x, ":tag", "403 ");
    status_of(x, "A:calendar-color", "424 ");
    sees(BOB, HIS, "Hers", "#222222", "one");
    sees(ALICE, HERS, "Work", "#111111", "one");
    SCOPED_EXCHANGE(own) = set(BOB, HIS, "<A:calendar-color>#444444</A:calendar-color>");
    assert_answer(own, 207, "200 OK"); /* his own alone needs no right */
    sees(BOB, HIS, "Hers", "#444444", "one");
    sees(ALICE, HERS, "Work", "#111111", "one");
}

static void the_grantees_refusal_stops_the_owners(void **state)
{
    (void)state;
    static const char *const own[] = {
        "<A:calendar-order>1</A:calendar-order>",   "<A:refreshrate>PT1H</A:refreshrate>",
        "<A:autoprovisioned>1</A:autoprovisioned>", "<A:language-code>it</A:language-code>",
        "<A:location-code>IT</A:location-code>",    "<CS:subscribed-strip-alarms/>",
        "<CS:subscribed-strip-attachments/>",       "<CS:subscribed-strip-todos/>",
        "<C:calendar-alarm>x</C:calendar-alarm>",
    };
    share("write");
    for (size_t i = 0; i < COUNT_OF(own); i++) { /* with the colour, as many as he may have */
        SCOPED_EXCHANGE(x) = set(BOB, HIS, own[i]);
        assert_answer(x, 207, "200 OK");
    }
    static const char *const mixtures[] = {
        "<X:tag>three</X:tag><D:displayname>Other</D:displayname>"
        "<C:default-alarm-vevent-date>x</C:default-alarm-vevent-date>",
        "<D:displayname>Other</D:displayname><C:default-alarm-vevent-date>x</C:default-alarm-vevent-date>"
        "<X:tag>three</X:tag>",
    };
    for (size_t i = 0; i < COUNT_OF(mixtures); i++) {
        SCOPED_EXCHANGE(x) = set(BOB, HIS, mixtures[i]);
        assert_answer(x, 207, NULL);
        status_of(x, "C:default-alarm-vevent-date", "507 ");
        status_of(x, "D:displayname", "424 ");
        status_of(x, ":tag", "424 ");
        sees(BOB, HIS, "Hers", "#444444", "one");
        sees(ALICE, HERS, "Work", "#111111", "one");
    }
    SCOPED_EXCHANGE(guarded) = set(BOB, HIS,
                                   "<X:tag>three</X:tag><D:displayname>Other</D:displayname>"
                                   "<D:getetag>no</D:getetag>");
    status_of(guarded, "D:getetag", "403 ");
    status_of(guarded, ":tag", "424 ");
    sees(BOB, HIS, "Hers", "#444444", "one");
}

static void removing_is_mixed_too(void **state)
{
    (void)state;
    SCOPED_EXCHANGE(x) =
        ask(&w, BOB,
            STR("PROPPATCH " HIS "\n\n<D:propertyupdate " NS
                "><D:remove><D:prop><D:displayname/><X:tag/></D:prop></D:remove></D:propertyupdate>"));
    assert_answer(x, 207, "200 OK");
    sees(BOB, HIS, "Work (Alice Example)", "#444444", NULL); /* the owner's name again */
    sees(ALICE, HERS, "Work", "#111111", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_sides_are_set),
        cmocka_unit_test(the_owners_refusal_stops_the_grantees),
        cmocka_unit_test(the_grantees_refusal_stops_the_owners),
        cmocka_unit_test(removing_is_mixed_too),
    };
    int failed = cmocka_run_group_tests_name("one shard", tests, start_one, stop);
    return failed + cmocka_run_group_tests_name("three shards", tests, start_three, stop);
}
