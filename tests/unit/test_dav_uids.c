/* Tests of UIDs: each is once in a collection, and a resource keeps its own for life (RFC 4791 section 5.3.2.1, RFC 6352 section
 * 6.3.2.1), whichever of PUT, POST, COPY and MOVE tries otherwise. Calendars and address books, with one shard and with three. */
#include "tests/unit/dav_shards.h"

struct place { /* a kind of collection, and how its objects look */
    const char *home, *collection, *other, *suffix, *head, *tail, *element;
};

static const struct place places[] = {
    {"/dav/calendars/", "calendar", "other", ".ics",
     "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:"
     "20260105T100000Z\r\n",
     "END:VEVENT\r\nEND:VCALENDAR\r\n", "C:no-uid-conflict"},
    {"/dav/addressbooks/", "contacts", "other", ".vcf",
     "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Somebody\r\nN:Somebody;;;;\r\n", "END:VCARD\r\n",
     "CR:no-uid-conflict"},
};

/* One request about an item; with a UID the object that has it is the body. */
static struct exchange *item(const struct place *p, const char *method, const char *user,
                             const char *collection, const char *name, const char *header, const char *uid)
{
    SCOPED_BUF(text, 4096);
    buf_addf(&text, "%s %s%s/%s/%s%s\n%s\n", method, p->home, user, collection, name, *name ? p->suffix : "",
             header);
    if (uid)
        buf_addf(&text, "%sUID:%s\r\n%s", p->head, uid, p->tail);
    return ask(&w, user, buf_view(&text));
}

static void expect_item(const struct place *p, const char *method, const char *collection, const char *name,
                        const char *header, const char *uid, int status, const char *part)
{
    SCOPED_EXCHANGE(x) = item(p, method, ALICE, collection, name, header, uid);
    assert_answer(x, status, part);
}

/* 409, the precondition, and the item that stands in the way. */
static void refused(const struct place *p, const char *method, const char *collection, const char *name,
                    const char *header, const char *uid, const char *culprit_collection, const char *culprit)
{
    char part[256];
    snprintf(part, sizeof part, "<%s><D:href>%s%s/%s/%s%s</D:href></%s>", p->element, p->home, ALICE,
             culprit_collection, culprit, p->suffix, p->element);
    expect_item(p, method, collection, name, header, uid, 409, part);
}

#define EACH_PLACE(p)                                                                                        \
    (void)state;                                                                                             \
    for (const struct place *p = places; p < places + COUNT_OF(places); p++)

static void fill(int shards)
{
    world_start(&w, shards, NULL);
    SCOPED_EXCHANGE(cal) = ask(&w, ALICE, STR("MKCALENDAR /dav/calendars/" ALICE "/other/\n\n"));
    assert_answer(cal, 201, NULL);
    SCOPED_EXCHANGE(book) =
        ask(&w, ALICE,
            STR("MKCOL /dav/addressbooks/" ALICE
                "/other/\n\n<mkcol xmlns=\"DAV:\"><set><prop><resourcetype><collection/><C:addressbook "
                "xmlns:C=\"urn:ietf:params:xml:ns:carddav\"/></resourcetype></prop></set></mkcol>"));
    assert_answer(book, 201, NULL);
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        expect_item(&places[i], "PUT", places[i].collection, "one", "", "uid-1", 201, NULL);
        expect_item(&places[i], "PUT", places[i].collection, "two", "", "uid-2", 201, NULL);
        expect_item(&places[i], "PUT", "other", "one", "", "uid-1", 201, NULL);
        expect_item(&places[i], "PUT", "other", "three", "", "uid-3", 201, NULL);
    }
}

static void a_uid_is_once_in_a_collection(void **state)
{
    EACH_PLACE(p)
    {
        refused(p, "PUT", p->collection, "new", "", "uid-1", p->collection, "one");
        refused(p, "PUT", p->collection, "new", "If-None-Match: *\n", "uid-1", p->collection, "one");
        refused(p, "POST", p->collection, "", "", "uid-1", p->collection, "one");
        expect_item(p, "GET", p->collection, "new", "", NULL, 404, NULL);
        expect_item(p, "PUT", p->collection, "one", "", "uid-1", 204, NULL);
    }
}

static void the_uid_behind_a_url_stays(void **state)
{
    EACH_PLACE(p)
    {
        refused(p, "PUT", p->collection, "one", "", "uid-new", p->collection, "one");
        refused(p, "PUT", p->collection, "one", "If-Match: *\n", "uid-new", p->collection, "one");
        refused(p, "PUT", p->collection, "one", "", "uid-2", p->collection, "two"); /* who has it is named */
        expect_item(p, "GET", p->collection, "one", "", NULL, 200, "UID:uid-1\r\n");
        expect_item(p, "DELETE", p->collection, "one", "", NULL, 204, NULL); /* then the URL is free again */
        expect_item(p, "PUT", p->collection, "one", "", "uid-new", 201, NULL);
        expect_item(p, "DELETE", p->collection, "one", "", NULL, 204, NULL);
        expect_item(p, "PUT", p->collection, "one", "", "uid-1", 201, NULL);
    }
}

static void copy_and_move_keep_to_it(void **state)
{
    EACH_PLACE(p)
    {
        static const char *const methods[] = {"COPY", "MOVE"};
        char same[128], taken[128], over[128];
        snprintf(same, sizeof same, "Destination: %s%s/other/one%s\n", p->home, ALICE, p->suffix);
        snprintf(taken, sizeof taken, "Destination: %s%s/other/new%s\n", p->home, ALICE, p->suffix);
        snprintf(over, sizeof over, "Destination: %s%s/other/three%s\n", p->home, ALICE, p->suffix);
        for (size_t i = 0; i < COUNT_OF(methods); i++) {
            refused(p, methods[i], p->collection, "one", taken, NULL, "other", "one");
            refused(p, methods[i], p->collection, "two", over, NULL, "other", "three");
            expect_item(p, "GET", "other", "three", "", NULL, 200, "UID:uid-3\r\n");
            expect_item(p, methods[i], p->collection, "one", same, NULL, 204, NULL);
            expect_item(p, "GET", "other", "one", "", NULL, 200, "UID:uid-1\r\n");
        }
        expect_item(p, "GET", p->collection, "one", "", NULL, 404, NULL);
    }
}

/* The same into another user's, who is in another shard where there are three. */
static void nor_do_shares_get_around_it(void **state)
{
    EACH_PLACE(p)
    {
        char acl[768], over[128], conflict[256];
        snprintf(acl, sizeof acl,
                 "ACL %s%s/%s/\n\n<D:acl xmlns:D=\"DAV:\"><D:ace><D:principal><D:href>/dav/principals/%s/"
                 "</D:href></D:principal><D:grant><D:privilege><D:all/></D:privilege></D:grant></D:ace>"
                 "</D:acl>",
                 p->home, BOB, p->collection, ALICE);
        SCOPED_EXCHANGE(share) = ask(&w, BOB, str_c(acl));
        assert_answer(share, 200, NULL);
        SCOPED_EXCHANGE(his) = item(p, "PUT", BOB, p->collection, "his", "", "uid-his");
        assert_answer(his, 201, NULL);
        snprintf(over, sizeof over, "Destination: %s%s/bob-%s/his%s\n", p->home, ALICE, p->collection,
                 p->suffix);
        snprintf(conflict, sizeof conflict, "bob-%s", p->collection);
        refused(p, "COPY", p->collection, "two", over, NULL, conflict, "his");
        refused(p, "MOVE", p->collection, "two", over, NULL, conflict, "his");
        expect_item(p, "GET", p->collection, "two", "", NULL, 200, "UID:uid-2\r\n");
        SCOPED_EXCHANGE(still) = item(p, "GET", BOB, p->collection, "his", "", NULL);
        assert_answer(still, 200, "UID:uid-his\r\n");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_uid_is_once_in_a_collection),
        cmocka_unit_test(the_uid_behind_a_url_stays),
        cmocka_unit_test(copy_and_move_keep_to_it),
        cmocka_unit_test(nor_do_shares_get_around_it),
    };
    int failed = cmocka_run_group_tests_name("one shard", tests, start_one, stop);
    return failed + cmocka_run_group_tests_name("three shards", tests, start_three, stop);
}
