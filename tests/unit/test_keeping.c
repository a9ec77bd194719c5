/* Tests of what keeps the store true: check, rebuild, background work, backup and restore. */
#include "tests/unit/test.h"

#include "core/clock.h"
#include "store/backup.h"
#include "store/db.h"
#include "store/doctor.h"
#include "store/former.h"
#include "store/item.h"
#include "store/principal.h"
#include "tests/unit/scratch.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

enum { DAY = 86400 };
static const int64_t NOW = 1780000000; /* 2026-05-28 */

struct world {
    struct scratch *x;
    int64_t account, calendar;
};

struct act {
    struct write w;
    struct world *world;
    struct arena arena;
    struct prepared prepared;
    struct item_put_result put;
    struct str name;
    int what;
};

enum { MAKE_USER, MAKE_ACCOUNT, PUT, DELETE, DELETE_COLLECTION, PURGE, FORGET_USER };

static enum status run(struct write *w, struct tx *tx)
{
    struct act *a = CONTAINER_OF(w, struct act, w);
    struct world *world = a->world;
    struct principal p = {
        .kind = PRINCIPAL_USER, .source = STR("local"), .name = STR("U"), .address = STR("u@example.test")};
    struct collection_new in = {.account = world->account, .kind = KIND_CALENDAR, .slug = STR("work")};
    enum status st;
    switch (a->what) {
    case MAKE_USER:
        st = tx_principal_create(tx, &p);
        world->account = p.id;
        return st;
    case MAKE_ACCOUNT:
        st = tx_account_create(tx, world->account, true, STR("en"));
        return st == OK ? tx_collection_create(tx, &actor_system, &in, &world->calendar) : st;
    case PUT:
        return tx_item_put(tx, &a->arena, &actor_system, world->calendar, a->name, &a->prepared, &a->put);
    case DELETE:
        return tx_item_delete(tx, &actor_system, world->calendar, a->name);
    case DELETE_COLLECTION:
        return tx_collection_delete(tx, &actor_system, world->calendar);
    case PURGE:
        return tx_account_purge(tx, world->account);
    default:
        return tx_principal_delete(tx, world->account);
    }
}

static enum status act(struct world *world, int what, const char *name)
{
    struct act a = {.world = world, .what = what, .name = str_c(name), .arena = ARENA_INIT(16 << 20)};
    a.w = (struct write){.run = run,
                         .account = what == MAKE_USER || what == FORGET_USER ? STORE_MAIN : world->account};
    enum status st = store_run(world->x->s, &a.w);
    arena_free(&a.arena);
    return st;
}

static int64_t put(struct world *world, const char *name, size_t filler, const char *rule)
{
    struct act a = {.world = world, .what = PUT, .name = str_c(name), .arena = ARENA_INIT(16 << 20)};
    struct prepare_problem problem;
    SCOPED_BUF(body, 4 << 20);
    buf_addf(&body,
             "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//"
             "EN\r\nBEGIN:VEVENT\r\nUID:%s\r\nDTSTAMP:20260101T000000Z\r\n"
             "DTSTART:20260601T100000Z\r\nDTEND:20260601T110000Z\r\n%s",
             name, rule);
    while (filler > body.n)
        buf_addz(&body, "COMMENT:a line that makes this object larger than a row of the database\r\n");
    buf_addz(&body, "END:VEVENT\r\nEND:VCALENDAR\r\n");
    assert_ok(prepare_calendar(world->x->s, &a.arena, buf_view(&body), &a.prepared, &problem));
    a.w = (struct write){.run = run, .account = world->account};
    assert_ok(store_run(world->x->s, &a.w));
    prepared_release(&a.prepared);
    arena_free(&a.arena);
    return a.put.seq;
}

static void begin(struct world *world, void **state)
{
    clock_set(NOW);
    *world = (struct world){.x = *state};
    assert_ok(act(world, MAKE_USER, NULL));
    assert_ok(act(world, MAKE_ACCOUNT, NULL));
}

static int down(void **state)
{
    clock_set(0);
    return scratch_down(state);
}

static void print_finding(void *ctx, struct str what, struct str where)
{
    (void)ctx;
    print_message("%.*s: %.*s\n", STR_ARG(what), STR_ARG(where));
}

static size_t findings(struct store *s)
{
    size_t n = 99;
    assert_ok(store_check(s, true, print_finding, NULL, &n));
    return n;
}

/* Runs SQL on a database of the closed store. */
static void meddle(struct world *world, const char *file, const char *sql)
{
    char path[128];
    struct db *db;
    store_close(world->x->s);
    snprintf(path, sizeof path, "%s/%s", world->x->dir, file);
    assert_ok(db_open(path, 0, 100, &db, NULL));
    assert_ok(db_script(db, sql));
    db_close(db);
    scratch_open(world->x);
}

static int64_t number(struct world *world, const char *file, const char *sql)
{
    char path[128], text[256];
    struct db *db;
    int64_t n = -1;
    snprintf(text, sizeof text, DB_SCAN "%s", sql);
    snprintf(path, sizeof path, "%s/%s", world->x->dir, file);
    assert_ok(db_open(path, DB_READER, 100, &db, NULL));
    assert_ok(db_get_int(db, text, NULL, 0, &n));
    db_close(db);
    return n;
}

/* The shard's file of the account: tests run with one shard and with three. */
static const char *shard_file(const struct world *world)
{
    static char name[16];
    snprintf(name, sizeof name, "shard-%02d.db", store_shard_of(world->account));
    return name;
}

/* ---- check ---- */
static void a_sound_store_has_no_findings(void **state)
{
    struct world w;
    begin(&w, state);
    put(&w, "a.ics", 0, "");
    put(&w, "b.ics", 100000, "RRULE:FREQ=DAILY\r\n");
    put(&w, "c.ics", 0, "");
    assert_ok(act(&w, DELETE, "c.ics"));
    assert_int_equal(findings(w.x->s), 0);
}

static void each_fault_is_found(void **state)
{
    static const char *const faults[] = {
        "DELETE FROM entry WHERE uid = 1",
        "DELETE FROM item WHERE uid = 1",
        "UPDATE content SET refs = refs + 1",
        "UPDATE body SET data = x'00'",
        "UPDATE body SET data = replace(data, 'VEVENT', 'VeVENT')",
        "UPDATE item SET etag = zeroblob(32)",
        "UPDATE collection SET total = total + 1",
        "UPDATE collection SET uidnext = 1",
        "UPDATE collection SET seq = 0 WHERE total > 0",
        "UPDATE account SET seq = 1",
        "UPDATE account SET used_bytes = 7",
        "UPDATE counter SET next = 1",
        "DELETE FROM span",
        "DELETE FROM occ",
        "UPDATE span SET first = first + 1",
        "INSERT INTO prop VALUES(9999, 'n', 'x', 'y')",
        "INSERT INTO acl VALUES(9999, 160, 1)",
        "UPDATE item SET obj_uid = 'other'",
        "INSERT INTO former VALUES(1, 1, 999, 1)",
    };
    struct world w;
    begin(&w, state);
    for (size_t i = 0; i < COUNT_OF(faults); i++) {
        put(&w, "a.ics", 0, "");
        assert_int_equal(findings(w.x->s), 0);
        meddle(&w, shard_file(&w), faults[i]);
        if (findings(w.x->s) == 0)
            fail_msg("not found: %s", faults[i]);
        scratch_down(state);
        scratch_up(state);
        begin(&w, state);
    }
}

static void a_changed_file_is_found(void **state)
{
    struct world w;
    begin(&w, state);
    put(&w, "big.ics", 100000, "");
    char command[256];
    for (int i = 0; i < 256; i++) { /* one byte of the only blob */
        snprintf(command, sizeof command, "%s/blobs/%02x", w.x->dir, i);
        DIR *d = opendir(command);
        for (struct dirent *e; d && (e = readdir(d));)
            if (e->d_name[0] != '.') {
                int fd = openat(dirfd(d), e->d_name, O_WRONLY);
                assert_int_equal(pwrite(fd, "X", 1, 5000), 1);
                close(fd);
            }
        closedir(d);
    }
    assert_int_equal(findings(w.x->s), 1);
}

static void rebuild_mends_what_is_derived(void **state)
{
    struct world w;
    begin(&w, state);
    put(&w, "a.ics", 0, "RRULE:FREQ=WEEKLY\r\n");
    put(&w, "b.ics", 0, "");
    meddle(&w, shard_file(&w),
           "DELETE FROM occ; DELETE FROM span WHERE recurs = 1; UPDATE collection SET total = 77;"
           "UPDATE account SET used_items = 5; UPDATE content SET refs = 9;"
           "INSERT INTO occ VALUES(1, 1, 1, 12345, 1, 1)");
    assert_true(findings(w.x->s) > 4);
    assert_ok(store_rebuild(w.x->s, 0, NULL, NULL));
    assert_int_equal(findings(w.x->s), 0);
}

/* ---- background work ---- */
static enum status no_change(void *ctx, const struct item_change *change)
{
    (void)ctx, (void)change;
    return OK;
}

static enum status sync_since(struct world *w, int64_t since)
{
    SCOPED_READ(tx, w->x->s);
    return item_changes(tx, &actor_system, w->calendar, since, 0, no_change, NULL);
}

static void deletions_end_with_their_days(void **state)
{
    struct world w;
    begin(&w, state);
    int64_t token = put(&w, "a.ics", 0, "");
    put(&w, "b.ics", 0, "");
    assert_ok(act(&w, DELETE, "b.ics"));
    assert_ok(store_maintain(w.x->s, NOW + 13 * DAY));
    assert_int_equal(number(&w, shard_file(&w), "SELECT count(*) FROM tombstone WHERE content IS NOT NULL"),
                     1);
    assert_ok(store_maintain(w.x->s, NOW + 15 * DAY));
    assert_int_equal(number(&w, shard_file(&w), "SELECT count(*) FROM tombstone WHERE content IS NOT NULL"),
                     0);
    assert_int_equal(number(&w, shard_file(&w), "SELECT count(*) FROM content"), 1);
    assert_ok(sync_since(&w, token));
    assert_ok(store_maintain(w.x->s, NOW + 91 * DAY));
    assert_int_equal(number(&w, shard_file(&w), "SELECT count(*) FROM tombstone"), 0);
    assert_status(sync_since(&w, token), BAD_TOKEN);
    assert_int_equal(findings(w.x->s), 0);
}

static int64_t formers(struct world *w)
{
    assert_int_equal(findings(w->x->s), 0);
    return number(w, shard_file(w), "SELECT count(*) FROM former");
}

/* A text that is overwritten is kept while a device knows the item by it, and as long as deleted ones are. */
static void texts_of_devices_are_kept(void **state)
{
    static const char luid[] =
        "INSERT INTO luid SELECT 1, 'calendar', e.uid, e.item, '', e.seq, 0, zeroblob(16)"
        " FROM entry e";
    struct world w;
    struct str body;
    int64_t at;
    begin(&w, state);
    put(&w, "a.ics", 0, "");
    int64_t second = put(&w, "a.ics", 0, "LOCATION:two\r\n");
    assert_int_equal(formers(&w), 0); /* nobody has the first */
    meddle(&w, shard_file(&w), luid);
    int64_t third = put(&w, "a.ics", 0, "LOCATION:three\r\n");
    assert_int_equal(formers(&w), 1);
    put(&w, "a.ics", 0, "LOCATION:four\r\n"); /* the device may have the third */
    assert_int_equal(formers(&w), 2);
    int64_t item = number(&w, shard_file(&w), "SELECT max(item) FROM former");
    {
        SCOPED_ARENA(a, 1 << 20);
        SCOPED_READ(tx, w.x->s);
        assert_status(former_body(tx, &a, item, second - 1, &at, &body), NOT_FOUND);
        assert_ok(former_body(tx, &a, item, second, &at, &body));
        assert_int_equal(at, second);
        assert_true(str_find(body, STR("LOCATION:two"), 0) != SIZE_MAX);
        assert_ok(former_body(tx, &a, item, third - 1, &at, &body));
        assert_int_equal(at, second);
        assert_ok(former_body(tx, &a, item, third + 9, &at, &body));
        assert_int_equal(at, third);
    }
    meddle(&w, shard_file(&w), "UPDATE content SET refs = 9");
    assert_ok(store_rebuild(w.x->s, 0, NULL, NULL));
    assert_ok(store_maintain(w.x->s, NOW + 13 * DAY));
    assert_int_equal(formers(&w), 2);
    assert_ok(store_maintain(w.x->s, NOW + 15 * DAY));
    assert_int_equal(formers(&w), 0);
    assert_int_equal(number(&w, shard_file(&w), "SELECT count(*) FROM content"), 1);
    /* and with what holds it */
    meddle(&w, shard_file(&w), "UPDATE luid SET seen_seq = 1000");
    put(&w, "a.ics", 0, "LOCATION:five\r\n");
    assert_int_equal(formers(&w), 1);
    assert_ok(act(&w, DELETE, "a.ics"));
    assert_int_equal(formers(&w), 1);
    assert_ok(act(&w, PURGE, NULL));
    assert_ok(store_maintain(w.x->s, NOW + 1));
    assert_int_equal(number(&w, shard_file(&w), "SELECT count(*) FROM former"), 0);
    assert_int_equal(number(&w, shard_file(&w), "SELECT count(*) FROM content"), 0);
}

static void gone_collections_are_swept(void **state)
{
    struct world w;
    char name[32];
    begin(&w, state);
    for (int i = 0; i < 900; i++) { /* more than two slices */
        snprintf(name, sizeof name, "%d.ics", i);
        put(&w, name, 0, "");
    }
    assert_ok(act(&w, DELETE, "7.ics"));
    assert_ok(act(&w, DELETE_COLLECTION, NULL));
    assert_ok(store_maintain(w.x->s, NOW + DAY));
    assert_int_equal(number(&w, shard_file(&w), "SELECT count(*) FROM item"),
                     899); /* undelete could bring them back */
    assert_ok(store_maintain(w.x->s, NOW + 15 * DAY));
    assert_int_equal(number(&w, shard_file(&w), "SELECT count(*) FROM item"), 0);
    assert_int_equal(number(&w, shard_file(&w), "SELECT count(*) FROM content"), 0);
    assert_int_equal(number(&w, shard_file(&w), "SELECT count(*) FROM collection WHERE gone > 0"), 0);
    assert_int_equal(findings(w.x->s), 0);
}

static void purged_accounts_leave_nothing(void **state)
{
    struct world w;
    begin(&w, state);
    put(&w, "a.ics", 0, "");
    put(&w, "b.ics", 0, "");
    assert_ok(act(&w, DELETE, "b.ics"));
    assert_ok(act(&w, PURGE, NULL));
    assert_ok(act(&w, FORGET_USER, NULL));
    assert_ok(store_maintain(w.x->s, NOW + 1));
    const char *const tables[] = {"item",      "entry",      "content", "body",
                                  "tombstone", "collection", "occ",     "span"};
    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        char sql[64];
        snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", tables[i]);
        assert_int_equal(number(&w, shard_file(&w), sql), 0);
    }
    assert_int_equal(number(&w, shard_file(&w), "SELECT count(*) FROM account WHERE id <> 96"), 0);
    assert_int_equal(findings(w.x->s), 0);
}

static size_t blob_files(const struct world *w, const char *dir)
{
    size_t n = 0;
    for (int i = 0; i < 256; i++) {
        char path[160];
        snprintf(path, sizeof path, "%s/blobs/%02x", dir ? dir : w->x->dir, i);
        DIR *d = opendir(path);
        for (struct dirent *e; d && (e = readdir(d));)
            n += e->d_name[0] != '.';
        if (d)
            closedir(d);
    }
    return n;
}

static void unnamed_blobs_go_after_a_day(void **state)
{
    struct world w;
    begin(&w, state);
    put(&w, "big.ics", 100000, "");
    put(&w, "kept.ics", 100000, "RRULE:FREQ=DAILY\r\n");
    assert_ok(act(&w, DELETE, "big.ics"));
    assert_int_equal(blob_files(&w, NULL), 2);
    int64_t real = time(NULL); /* files have the real time */
    assert_ok(store_maintain(w.x->s, real + 20 * DAY > NOW + 20 * DAY ? real + 20 * DAY : NOW + 20 * DAY));
    assert_int_equal(blob_files(&w, NULL), 1);
    assert_int_equal(findings(w.x->s), 0);
}

/* ---- backup and restore ---- */
static int backup_dir(const struct world *w, char path[96])
{
    snprintf(path, 96, "%s-backup", w->x->dir);
    (void)mkdir(path, 0700);
    int fd = open(path, O_RDONLY | O_DIRECTORY);
    assert_true(fd >= 0);
    return fd;
}

static struct backup_report backup(struct world *w, int fd)
{
    struct backup_report r;
    SCOPED_BUF(why, 1000);
    if (store_backup(w->x->s, fd, &r, &why) != OK)
        fail_msg("backup: %s", buf_c(&why));
    return r;
}

static void restore_over(struct world *w, int fd)
{
    struct backup_report r;
    SCOPED_BUF(why, 1000);
    store_close(w->x->s);
    nftw(w->x->dir, scratch_remove, 16, FTW_DEPTH | FTW_PHYS);
    if (store_restore(fd, w->x->dir, &r, &why) != OK)
        fail_msg("restore: %s", buf_c(&why));
    scratch_open(w->x);
}

static void forget(const char *path, int fd)
{
    close(fd);
    nftw(path, scratch_remove, 16, FTW_DEPTH | FTW_PHYS);
}

static void a_backup_comes_back_with_new_numbers(void **state)
{
    struct world w;
    char path[96], epoch[17];
    begin(&w, state);
    int64_t before = put(&w, "a.ics", 0, "");
    put(&w, "big.ics", 100000, "");
    int fd = backup_dir(&w, path);
    backup(&w, fd);
    put(&w, "lost.ics", 0, "");
    memcpy(epoch, store_epoch(w.x->s).p, 16);
    restore_over(&w, fd);
    assert_memory_not_equal(epoch, store_epoch(w.x->s).p, 16);
    assert_int_equal(findings(w.x->s), 0);
    SCOPED_ARENA(a, 1 << 20);
    {
        SCOPED_READ(tx, w.x->s);
        struct item item;
        struct str body;
        assert_ok(item_find(tx, &a, &actor_system, w.calendar, STR("big.ics"), &item));
        assert_ok(item_body_arena(tx, &a, &item, &body));
        assert_true(body.n > 100000);
        assert_status(item_find(tx, &a, &actor_system, w.calendar, STR("lost.ics"), &item), NOT_FOUND);
    }
    assert_true(put(&w, "new.ics", 0, "") > before + (INT64_C(1) << 32));
    assert_true(number(&w, shard_file(&w), "SELECT max(uid) FROM entry") > 1 << 20);
    assert_int_equal(findings(w.x->s), 0);
    forget(path, fd);
}

static void a_second_backup_writes_only_what_is_new(void **state)
{
    struct world w;
    char path[96], name[32];
    begin(&w, state);
    for (int i = 0; i < 400; i++) {
        snprintf(name, sizeof name, "%d.ics", i);
        put(&w, name, 3000, "");
    }
    put(&w, "big.ics", 100000, "");
    int fd = backup_dir(&w, path);
    struct backup_report first = backup(&w, fd), second = backup(&w, fd);
    assert_true(first.bytes > 1000000);
    assert_int_equal(second.bytes, 0);
    put(&w, "one-more.ics", 0, "");
    struct backup_report third = backup(&w, fd);
    assert_true(third.bytes > 0 && third.bytes < first.bytes / 3);
    restore_over(&w, fd);
    assert_int_equal(number(&w, shard_file(&w), "SELECT count(*) FROM item"), 402);
    assert_int_equal(findings(w.x->s), 0);
    forget(path, fd);
}

static void an_unfinished_backup_is_none(void **state)
{
    struct world w;
    char path[96], other[96];
    struct backup_report r;
    SCOPED_BUF(why, 1000);
    begin(&w, state);
    put(&w, "a.ics", 0, "");
    int fd = backup_dir(&w, path);
    backup(&w, fd);
    snprintf(other, sizeof other, "%s-target", w.x->dir);
    /* A later run that was cut off left a pack and no manifest: the earlier backup stands. */
    int pack = openat(fd, "pack-00000002", O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(pack, "half", 4), 4);
    close(pack);
    assert_ok(store_restore(fd, other, &r, &why));
    assert_status(store_restore(fd, other, &r, &why), EXISTS);
    nftw(other, scratch_remove, 16, FTW_DEPTH | FTW_PHYS);
    /* One changed byte anywhere is noticed before anything is written. */
    pack = openat(fd, "pack-00000001", O_WRONLY);
    assert_int_equal(pwrite(pack, "!", 1, 20000), 1);
    close(pack);
    assert_status(store_restore(fd, other, &r, &why), E_CORRUPT);
    char file[128];
    snprintf(file, sizeof file, "%s/main.db", other);
    assert_int_equal(access(file, F_OK), -1);
    assert_int_equal(unlinkat(fd, "manifest", 0), 0);
    assert_status(store_restore(fd, other, &r, &why), NOT_FOUND);
    nftw(other, scratch_remove, 16, FTW_DEPTH | FTW_PHYS);
    forget(path, fd);
}

static void another_store_is_refused(void **state)
{
    struct world w;
    char path[96];
    struct backup_report r;
    SCOPED_BUF(why, 1000);
    begin(&w, state);
    int fd = backup_dir(&w, path);
    backup(&w, fd);
    store_close(w.x->s);
    nftw(w.x->dir, scratch_remove, 16, FTW_DEPTH | FTW_PHYS);
    scratch_open(w.x);
    assert_status(store_backup(w.x->s, fd, &r, &why), EXISTS);
    forget(path, fd);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_up, down)
    const struct CMUnitTest tests[] = {
        TEST(a_sound_store_has_no_findings),
        TEST(each_fault_is_found),
        TEST(a_changed_file_is_found),
        TEST(rebuild_mends_what_is_derived),
        TEST(deletions_end_with_their_days),
        TEST(texts_of_devices_are_kept),
        TEST(gone_collections_are_swept),
        TEST(purged_accounts_leave_nothing),
        TEST(unnamed_blobs_go_after_a_day),
        TEST(a_backup_comes_back_with_new_numbers),
        TEST(a_second_backup_writes_only_what_is_new),
        TEST(an_unfinished_backup_is_none),
        TEST(another_store_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
