/* Tests of what one broken object may spoil: nothing but itself. One large text is gone from the disk, another is no calendar any
 * more; what reads or copies the whole collection leaves them out, and what can say so says so. With one shard and with three. */
#include "core/log.h"
#include "tests/unit/dav_shards.h"

#include <dirent.h>
#include <fcntl.h>

#define HERS "/dav/calendars/alice@example.test/calendar/"
#define HIS  "/dav/calendars/bob@example.test/alice-calendar/"
#define ACL                                                                                                  \
    "ACL " HERS "\n\n<D:acl "                                                                                \
    "xmlns:D=\"DAV:\"><D:ace><D:principal><D:href>/dav/principals/bob@example.test/</D:href></D:principal>"  \
    "<D:grant><D:privilege><D:read/></D:privilege></D:grant></D:ace></D:acl>"
#define BODIES                                                                                               \
    "<prop><getetag/><C:calendar-data/></prop>"                                                              \
    "<C:filter><C:comp-filter name=\"VCALENDAR\"><C:comp-filter name=\"VEVENT\">"                            \
    "<C:prop-filter name=\"SUMMARY\"><C:text-match>t</C:text-match></C:prop-filter></C:comp-filter>"         \
    "</C:comp-filter></C:filter>"

/* A large text is a file of its own below blobs/. */
static void put(const char *name, const char *more, size_t filler)
{
    SCOPED_BUF(text, 1 << 20);
    buf_addf(&text, "PUT " HERS "%s.ics\n\nBEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n", name);
    buf_addf(&text, "BEGIN:VEVENT\r\nUID:%s\r\nDTSTAMP:20260101T000000Z\r\n", name);
    buf_addf(&text, "DTSTART:20260105T100000Z\r\nSUMMARY:the %s\r\n%s", name, more);
    for (size_t i = 0; i < filler; i++)
        buf_addf(&text, "COMMENT:%s %zu fills a file of its own, line after line\r\n", name, i);
    buf_addz(&text, "END:VEVENT\r\nEND:VCALENDAR\r\n");
    SCOPED_EXCHANGE(x) = ask(&w, ALICE, buf_view(&text));
    assert_answer(x, 201, NULL);
}

static bool holds(const char *path, const char *word)
{
    static char text[1 << 20];
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t n = fread(text, 1, sizeof text, f);
    fclose(f);
    return str_find(str_n(text, n), str_c(word), 0) != SIZE_MAX;
}

static void overwrite(const char *path)
{
    FILE *f = fopen(path, "r+b");
    assert_non_null(f);
    assert_int_equal(fputs("this is no calendar any more", f) < 0, 0);
    assert_int_equal(fclose(f), 0);
}

/* Removes the file of the object with that word, or makes it no calendar. */
static void damage(const char *word, bool gone)
{
    size_t found = 0;
    for (int i = 0; i < 256; i++) {
        char folder[128];
        snprintf(folder, sizeof folder, "%s/blobs/%02x", w.dir, i);
        DIR *d = opendir(folder);
        assert_non_null(d);
        for (struct dirent *e; (e = readdir(d));) {
            char path[512];
            snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
            if (e->d_name[0] == '.' || !holds(path, word))
                continue;
            found++;
            if (gone)
                assert_int_equal(unlink(path), 0);
            else
                overwrite(path);
        }
        closedir(d);
    }
    assert_int_equal(found, 1);
}

static void fill(int shards)
{
    world_start(&w, shards, NULL);
    put("whole", "", 0);
    put("missing", "", 2000);
    put("mangled", "", 2000);
    put("secret", "CLASS:PRIVATE\r\n", 2000);
    damage("UID:missing", true);
    damage("UID:mangled", false);
    damage("UID:secret", true);
    expect(ALICE, ACL, 200, NULL);
}

static void a_calendar_is_given_without_what_is_broken(void **state)
{
    (void)state;
    expect(ALICE, "GET " HERS "whole.ics\n\n", 200, "UID:whole");
    expect(ALICE, "GET " HERS "missing.ics\n\n", 500, NULL);
    expect(ALICE, "GET " HERS "\n\n", 200, "UID:whole");
    expect(BOB, "GET " HIS "\n\n", 200, "UID:whole");
    SCOPED_EXCHANGE(x) = ask(&w, ALICE, STR("GET " HERS "\n\n"));
    assert_answer(x, 200, "END:VCALENDAR");
    assert_not_in(x, "missing");
    assert_not_in(x, "no calendar any more");
}

static void reports_say_which_one_is_broken(void **state)
{
    (void)state;
    static const char *const requests[] = {
        "REPORT " HERS "\nDepth: 1\n\n<C:calendar-query xmlns=\"DAV:\" "
        "xmlns:C=\"urn:ietf:params:xml:ns:caldav\">" BODIES "</C:calendar-query>",
        "REPORT " HERS "\nDepth: 0\n\n<sync-collection xmlns=\"DAV:\" "
        "xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><sync-token/><sync-level>1</sync-level>"
        "<prop><C:calendar-data/></prop></sync-collection>",
        "REPORT " HERS "\nDepth: 1\n\n<C:calendar-multiget xmlns=\"DAV:\" "
        "xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><prop><C:calendar-data/></prop><href>" HERS
        "missing.ics</href><href>" HERS "whole.ics</href></C:calendar-multiget>",
    };
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        SCOPED_EXCHANGE(x) = ask(&w, ALICE, str_c(requests[i]));
        assert_answer(x, 207, "UID:whole");
        assert_answer(x, 207, HERS "missing.ics</D:href><D:status>HTTP/1.1 500 Internal Server Error");
    }
    /* The masked text of a private one is made of the text. */
    expect(BOB, "PROPFIND " HIS "\nDepth: 1\n\n<propfind xmlns=\"DAV:\"><prop><getetag/></prop></propfind>",
           207, HIS "secret.ics</D:href><D:status>HTTP/1.1 500 Internal Server Error");
    expect(BOB, "PROPFIND " HIS "\nDepth: 1\n\n<propfind xmlns=\"DAV:\"><prop><getetag/></prop></propfind>",
           207, HIS "whole.ics</D:href><D:propstat>");
    expect(BOB,
           "REPORT " HIS "\nDepth: 1\n\n<C:free-busy-query xmlns:C=\"urn:ietf:params:xml:ns:caldav\">"
           "<C:time-range start=\"20260105T000000Z\" end=\"20260106T000000Z\"/></C:free-busy-query>",
           200, "FREEBUSY");
}

static void a_copy_leaves_out_what_is_broken(void **state)
{
    (void)state;
    expect(ALICE, "COPY " HERS "\nDestination: /dav/calendars/alice@example.test/hers/\n\n", 201, NULL);
    expect(ALICE, "GET /dav/calendars/alice@example.test/hers/whole.ics\n\n", 200, "UID:whole");
    expect(BOB, "COPY " HIS "\nDestination: /dav/calendars/bob@example.test/his/\n\n", 201, NULL);
    expect(BOB, "GET /dav/calendars/bob@example.test/his/whole.ics\n\n", 200, "UID:whole");
    expect(BOB, "GET /dav/calendars/bob@example.test/his/\n\n", 200, "UID:whole");
    expect(BOB, "GET /dav/calendars/bob@example.test/his/secret.ics\n\n", 404, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_calendar_is_given_without_what_is_broken),
        cmocka_unit_test(reports_say_which_one_is_broken),
        cmocka_unit_test(a_copy_leaves_out_what_is_broken),
    };
    log_setup(LOG_LEVEL_ERROR, false, open("/dev/null", O_WRONLY | O_CLOEXEC)); /* the damage is meant */
    int failed = cmocka_run_group_tests_name("one shard", tests, start_one, stop);
    return failed + cmocka_run_group_tests_name("three shards", tests, start_three, stop);
}
