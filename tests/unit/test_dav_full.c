/* Tests of no room: over quota (RFC 4331) and on a full disk, PUT, POST, COPY and MOVE answer 507 with the precondition that says why,
 * nothing is changed, and what needs no room goes on. With one shard and with three. */
#include "core/log.h"
#include "store/db.h"
#include "tests/unit/dav_shards.h"
#include "tests/unit/faulty_vfs.h"

#include <fcntl.h>

#define HERS  "/dav/calendars/alice@example.test/calendar/"
#define OTHER "/dav/calendars/alice@example.test/other/"
#define HIS   "/dav/calendars/bob@example.test/calendar/"
#define MOUNT "/dav/calendars/bob@example.test/alice-calendar/"

/* A request whose body is an event of about `size` bytes. */
static void with_event(const char *user, const char *request, const char *uid, size_t size, int status,
                       const char *part)
{
    SCOPED_BUF(text, 1 << 20);
    buf_addf(&text,
             "%s\nContent-Type: text/calendar\n\nBEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT"
             "\r\nUID:%s\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260105T100000Z\r\n",
             request, uid);
    while (text.n < size)
        buf_addz(&text, "COMMENT:a line that takes room and says nothing else\r\n");
    buf_addz(&text, "END:VEVENT\r\nEND:VCALENDAR\r\n");
    SCOPED_EXCHANGE(x) = ask(&w, user, buf_view(&text));
    assert_answer(x, status, part);
}

static void fill(int shards)
{
    world_start(&w, shards, NULL);
    expect(ALICE, "MKCALENDAR " OTHER "\n\n", 201, NULL);
    expect(
        ALICE,
        "ACL " HERS
        "\n\n<D:acl xmlns:D=\"DAV:\"><D:ace><D:principal><D:href>/dav/principals/bob@example.test/</D:href>"
        "</D:principal><D:grant><D:privilege><D:all/></D:privilege></D:grant></D:ace></D:acl>",
        200, NULL);
    with_event(ALICE, "PUT " HERS "a.ics", "a", 4000, 201, NULL);
    with_event(ALICE, "PUT " HERS "b.ics", "b", 4000, 201, NULL);
    with_event(BOB, "PUT " HIS "his.ics", "his", 4000, 201, NULL);
}

#define OVER "<D:quota-not-exceeded/>"

static void nobody_goes_over_his_quota(void **state)
{
    (void)state;
    world_room(&w, ALICE, 1000);
    with_event(ALICE, "PUT " HERS "c.ics", "c", 4000, 507, OVER);
    with_event(ALICE, "POST " HERS, "c", 4000, 507, OVER);
    with_event(ALICE, "PUT " HERS "a.ics", "a", 9000, 507, OVER);
    expect(ALICE, "COPY " HERS "a.ics\nDestination: " OTHER "a.ics\n\n", 507, OVER);
    expect(ALICE, "COPY " HERS "\nDestination: /dav/calendars/alice@example.test/third/\n\n", 507, OVER);
    expect(ALICE, "GET " OTHER "a.ics\n\n", 404, NULL);
    expect(ALICE, "PROPFIND /dav/calendars/alice@example.test/third/\nDepth: 0\n\n", 404, NULL);
    expect(ALICE,
           "PROPFIND " HERS "\nDepth: 0\n\n<propfind xmlns=\"DAV:\"><prop><quota-available-bytes/></prop>"
           "</propfind>",
           207, "<D:quota-available-bytes>1000</D:quota-available-bytes>");
    with_event(ALICE, "PUT " HERS "c.ics", "c", 500, 201, NULL); /* what fits is taken */
    expect(ALICE, "DELETE " HERS "c.ics\n\n", 204, NULL);
}

/* What is put into a shared calendar counts for its owner; what is taken out of it for the taker. */
static void the_owners_quota_counts(void **state)
{
    (void)state;
    world_room(&w, ALICE, 1000);
    world_room(&w, BOB, 1000000);
    with_event(BOB, "PUT " MOUNT "d.ics", "d", 4000, 507, OVER);
    expect(BOB, "COPY " HIS "his.ics\nDestination: " MOUNT "his.ics\n\n", 507, OVER);
    expect(BOB, "MOVE " HIS "his.ics\nDestination: " MOUNT "his.ics\n\n", 507, OVER);
    expect(BOB, "GET " HIS "his.ics\n\n", 200, "UID:his");
    expect(BOB, "GET " MOUNT "his.ics\n\n", 404, NULL);
    world_room(&w, BOB, 1000);
    expect(BOB, "MOVE " MOUNT "a.ics\nDestination: " HIS "a.ics\n\n", 507, OVER);
    expect(BOB, "COPY " MOUNT "\nDestination: /dav/calendars/bob@example.test/copy/\n\n", 507, OVER);
    expect(BOB, "PROPFIND /dav/calendars/bob@example.test/copy/\nDepth: 0\n\n", 404, NULL);
    expect(ALICE, "GET " HERS "a.ics\n\n", 200, "UID:a");
    world_room(&w, BOB, 20000);
    expect(BOB, "COPY " MOUNT "\nDestination: /dav/calendars/bob@example.test/copy/\n\n", 201, NULL);
    expect(BOB, "GET /dav/calendars/bob@example.test/copy/b.ics\n\n", 200, "UID:b");
    world_room(&w, BOB, 1000); /* the old copy makes room for the new one */
    expect(BOB, "COPY " MOUNT "\nDestination: /dav/calendars/bob@example.test/copy/\n\n", 204, NULL);
    expect(BOB, "DELETE /dav/calendars/bob@example.test/copy/\n\n", 204, NULL);
}

static void who_is_over_quota_may_tidy_up(void **state)
{
    (void)state;
    world_room(&w, ALICE, -3000);
    expect(ALICE, "MOVE " HERS "a.ics\nDestination: " OTHER "a.ics\n\n", 201, NULL);
    expect(ALICE, "MOVE " OTHER "a.ics\nDestination: " HERS "a.ics\n\n", 201, NULL);
    with_event(ALICE, "PUT " HERS "a.ics", "a", 3000, 204, NULL);
    with_event(ALICE, "PUT " HERS "a.ics", "a", 4000, 507, OVER);
    expect(ALICE, "DELETE " HERS "b.ics\n\n", 204, NULL);
    world_room(&w, ALICE, 1000000);
    with_event(ALICE, "PUT " HERS "a.ics", "a", 4000, 204, NULL);
    with_event(ALICE, "PUT " HERS "b.ics", "b", 4000, 201, NULL);
}

#define NO_SPACE "<D:sufficient-disk-space/>"

static void a_full_disk_is_507_too(void **state)
{
    (void)state;
    world_room(&w, ALICE, 1000000);
    world_room(&w, BOB, 1000000);
    atomic_store(&faulty_everywhere, SQLITE_FULL);
    with_event(ALICE, "PUT " HERS "e.ics", "e", 4000, 507, NO_SPACE);
    with_event(ALICE, "POST " HERS, "e", 4000, 507, NO_SPACE);
    expect(ALICE, "COPY " HERS "a.ics\nDestination: " OTHER "a.ics\n\n", 507, NO_SPACE);
    expect(ALICE, "MOVE " HERS "a.ics\nDestination: " OTHER "a.ics\n\n", 507, NO_SPACE);
    expect(BOB, "COPY " MOUNT "a.ics\nDestination: " HIS "a.ics\n\n", 507, NO_SPACE);
    expect(BOB, "MOVE " MOUNT "a.ics\nDestination: " HIS "a.ics\n\n", 507, NO_SPACE);
    expect(BOB, "COPY " MOUNT "\nDestination: /dav/calendars/bob@example.test/copy/\n\n", 507, NO_SPACE);
    expect(ALICE, "MKCALENDAR /dav/calendars/alice@example.test/third/\n\n", 507, NO_SPACE);
    expect(ALICE, "GET " HERS "a.ics\n\n", 200, "UID:a"); /* reading goes on */
    atomic_store(&faulty_everywhere, 0);
    with_event(ALICE, "PUT " HERS "e.ics", "e", 4000, 201, NULL);
    expect(BOB, "GET " HIS "a.ics\n\n", 404, NULL);
    expect(BOB, "MOVE " MOUNT "e.ics\nDestination: " HIS "e.ics\n\n", 201, NULL);
    expect(BOB, "DELETE " HIS "e.ics\n\n", 204, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_goes_over_his_quota),
        cmocka_unit_test(the_owners_quota_counts),
        cmocka_unit_test(who_is_over_quota_may_tidy_up),
        cmocka_unit_test(a_full_disk_is_507_too),
    };
    log_setup(LOG_LEVEL_ERROR, false, open("/dev/null", O_WRONLY | O_CLOEXEC)); /* the faults are meant */
    faulty_install();
    db_set_vfs("faulty");
    int failed = cmocka_run_group_tests_name("one shard", tests, start_one, stop);
    return failed + cmocka_run_group_tests_name("three shards", tests, start_three, stop);
}
