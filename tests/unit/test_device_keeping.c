/* tests/unit/test_device_keeping.c: what background work, doctor, backup and restore do with SyncML devices. */
#include "core/clock.h"
#include "store/backup.h"
#include "store/db.h"
#include "store/device.h"
#include "store/doctor.h"
#include "tests/unit/store_world.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { DAY = 86400, MANY = 9000 };
static const int64_t NOW = 1780000000;

struct setup { /* what a device knows: an anchor on a collection, and LUIDs */
    struct world *w;
    int64_t account, device, collection, seq, seen, item;
    const char *devid;
    int luids;
    bool partial, blocked;
};

static enum status do_luids(const struct setup *s, struct tx *tx)
{
    enum status st = OK;
    for (int i = 0; i < s->luids && st == OK; i++) {
        char name[32];
        snprintf(name, sizeof name, "%d", i);
        struct luid l = {.luid = str_c(name), .item = s->item, .recur_id = str_c(name)};
        st = tx_luid_put(tx, s->device, STR("calendar"), &l);
    }
    return st;
}

static enum status do_setup(void *ctx, struct tx *tx)
{
    struct setup *s = ctx;
    struct device d = {0};
    enum status st = tx_device_open(tx, &s->w->arena, s->account, str_c(s->devid), &d);
    s->device = d.id;
    d.seen = s->seen ? s->seen : d.seen;
    d.devinf = STR("<DevInf/>");
    if (st == OK)
        st = tx_device_update(tx, &d);
    if (st == OK && s->blocked)
        st = tx_device_state(tx, d.id, DEVICE_BLOCKED);
    struct anchor an = {.db = STR("calendar"), .epoch = store_epoch(s->w->f.store)};
    if (st == OK)
        st = tx_anchor_put(tx, d.id, &an);
    if (st == OK && s->collection)
        st = tx_anchor_seq_put(tx, d.id, an.db, s->collection, s->seq);
    struct partial p = {.size = 3, .data = STR("abc")};
    if (st == OK && s->partial)
        st = tx_partial_put(tx, d.id, an.db, &p);
    return st == OK ? do_luids(s, tx) : st;
}

static int64_t set_up(struct world *w, struct setup s)
{
    s.w = w;
    assert_ok(fixture_write(&w->f, s.account, do_setup, &s));
    return s.device;
}

static void begin(struct world *w, int shards)
{
    clock_set(NOW);
    world_start(w, shards);
}

static void end(struct world *w)
{
    world_end(w);
    clock_set(0);
}
#define SCOPED_WORLD(name, shards)                                                                           \
    SCOPED(end) struct world name = {0};                                                                     \
    begin(&name, shards)

static void print_finding(void *ctx, struct str what, struct str where)
{
    (void)ctx;
    print_message("%.*s: %.*s\n", STR_ARG(what), STR_ARG(where));
}

static size_t findings(struct world *w)
{
    size_t n = 99;
    assert_ok(store_check(w->f.store, false, print_finding, NULL, &n));
    return n;
}

static int64_t count_in(struct world *w, int shard, const char *sql)
{
    char path[128], text[256];
    struct db *db;
    int64_t n = -1;
    snprintf(path, sizeof path, "%s/shard-%02d.db", w->f.dir, shard);
    snprintf(text, sizeof text, DB_SCAN "%s", sql);
    assert_ok(db_open(path, DB_READER, 100, &db, NULL));
    assert_ok(db_get_int(db, text, NULL, 0, &n));
    db_close(db);
    return n;
}

static void meddle(struct world *w, const char *sql)
{
    char path[128];
    struct db *db;
    store_close(w->f.store);
    w->f.store = NULL;
    snprintf(path, sizeof path, "%s/shard-00.db", w->f.dir);
    assert_ok(db_open(path, 0, 100, &db, NULL));
    assert_ok(db_script(db, sql));
    db_close(db);
    fixture_open(&w->f);
}

/* ---- purge ---- */
static enum status do_purge(void *ctx, struct tx *tx)
{
    return tx_account_purge(tx, *(int64_t *)ctx);
}

static void a_purged_account_takes_its_devices_along(void **state)
{
    (void)state;
    SCOPED_WORLD(w, 1);
    set_up(&w, (struct setup){.account = w.alice, .devid = "a", .luids = MANY, .item = 64, .partial = true});
    set_up(&w, (struct setup){.account = w.alice, .devid = "b"});
    set_up(&w, (struct setup){.account = w.bob, .devid = "c", .luids = 2, .item = 64, .partial = true});
    assert_ok(fixture_write(&w.f, w.alice, do_purge, &w.alice));
    assert_ok(store_maintain(w.f.store, NOW + 1));
    static const struct {
        const char *sql;
        int64_t left;
    } tables[] = {{"SELECT count(*) FROM device", 1},  {"SELECT count(*) FROM devinf", 1},
                  {"SELECT count(*) FROM anchor", 1},  {"SELECT count(*) FROM luid", 2},
                  {"SELECT count(*) FROM partial", 1}, {"SELECT count(*) FROM partial_piece", 1}};
    for (size_t i = 0; i < COUNT_OF(tables); i++)
        assert_int_equal(count_in(&w, 0, tables[i].sql), tables[i].left);
    struct account a;
    SCOPED_READ(tx, w.f.store);
    assert_status(account_get(tx, w.alice, &a), NOT_FOUND);
}

/* ---- tombstones ---- */
struct graves { /* alice's calendar, of which something was deleted */
    int64_t calendar, before;
};

static struct graves bury(struct world *w)
{
    struct graves g = {.calendar = world_find(w, &w->as_alice, w->alice, "calendar")};
    int64_t tasks = world_find(w, &w->as_alice, w->alice, "tasks");
    assert_ok(world_put(w, &w->as_alice, g.calendar, "a.ics", "uid-a", "BODY A"));
    struct op task = world_put_op(w, &w->as_alice, tasks, "t.ics", "uid-t", "BODY T");
    task.kind = ICAL_VTODO;
    op_prepare(&task);
    assert_ok(world_run(&task, tasks, op_put));
    g.before = world_get(w, g.calendar).seq;
    assert_ok(world_delete(w, &w->as_alice, g.calendar, "a.ics"));
    assert_ok(world_delete(w, &w->as_alice, tasks, "t.ics"));
    return g;
}

static int64_t graves_after(struct world *w, int days)
{
    assert_ok(store_maintain(w->f.store, NOW + days * (int64_t)DAY));
    return count_in(w, store_shard_of(w->alice), "SELECT count(*) FROM tombstone");
}

static enum status no_change(void *ctx, const struct item_change *change)
{
    (void)ctx, (void)change;
    return OK;
}

static enum status changes_since(struct world *w, const struct graves *g)
{
    SCOPED_READ(tx, w->f.store);
    return item_changes(tx, &actor_system, g->calendar, g->before, 0, no_change, NULL);
}

static void devices_keep_what_they_have_not_seen(void **state)
{
    (void)state;
    SCOPED_WORLD(w, 3);
    struct graves g = bury(&w);
    struct setup phone = {.account = w.bob, /* in another shard: the calendar is shared */
                          .devid = "phone",
                          .collection = g.calendar,
                          .seq = g.before,
                          .seen = NOW + 5 * DAY};
    assert_int_not_equal(store_shard_of(w.alice), store_shard_of(w.bob));
    set_up(&w, phone);
    phone.account = w.carol; /* has come further, and is as needed */
    phone.seq++;
    set_up(&w, phone);
    assert_int_equal(graves_after(&w, 89), 2);
    assert_int_equal(graves_after(&w, 91), 1); /* nobody needs that of the tasks */
    assert_ok(changes_since(&w, &g));
    assert_int_equal(graves_after(&w, 94), 1);
    assert_int_equal(graves_after(&w, 96), 0); /* the phone was not seen in the time */
    assert_status(changes_since(&w, &g), BAD_TOKEN);
    assert_int_equal(findings(&w), 0);
}

static void only_devices_that_need_them_keep_them(void **state)
{
    (void)state;
    SCOPED_WORLD(w, 1);
    struct graves g = bury(&w);
    struct setup phone = {.account = w.alice,
                          .devid = "blocked",
                          .collection = g.calendar,
                          .seq = g.before,
                          .seen = NOW + 90 * DAY,
                          .blocked = true};
    set_up(&w, phone);
    phone.blocked = false;
    phone.devid = "done";
    phone.seq += 2; /* the task took a number in between */
    set_up(&w, phone);
    assert_int_equal(graves_after(&w, 91), 0);
}

static void none_is_kept_for_ever(void **state)
{
    (void)state;
    SCOPED_WORLD(w, 1);
    struct graves g = bury(&w);
    set_up(&w, (struct setup){.account = w.alice,
                              .devid = "phone",
                              .collection = g.calendar,
                              .seq = g.before,
                              .seen = NOW + 300LL * DAY});
    assert_int_equal(graves_after(&w, 179), 1);
    assert_int_equal(graves_after(&w, 181), 0);
    assert_status(changes_since(&w, &g), BAD_TOKEN);
}

static void many_that_are_kept_do_not_hide_others(void **state)
{
    (void)state;
    SCOPED_WORLD(w, 1);
    int64_t calendar = world_find(&w, &w.as_alice, w.alice, "calendar"), work;
    assert_ok(world_create(&w, &w.as_alice, w.alice, KIND_CALENDAR, "work", &work));
    set_up(&w, (struct setup){
                   .account = w.alice, .devid = "phone", .collection = calendar, .seen = NOW + 90 * DAY});
    for (int i = 0; i < 900; i++) { /* more than two slices, all in the same second */
        char name[32];
        snprintf(name, sizeof name, "%d.ics", i);
        assert_ok(world_put(&w, &w.as_alice, calendar, name, name, name));
        assert_ok(world_delete(&w, &w.as_alice, calendar, name));
    }
    assert_ok(world_put(&w, &w.as_alice, work, "a.ics", "a", "a"));
    assert_ok(world_delete(&w, &w.as_alice, work, "a.ics"));
    assert_int_equal(graves_after(&w, 1), 901);
    assert_int_equal(graves_after(&w, 91), 900);
    assert_int_equal(graves_after(&w, 181), 0);
}

/* ---- doctor ---- */
static void each_fault_is_found(void **state)
{
    (void)state;
    static const char *const faults[] = {
        "UPDATE device SET account = 99",
        "DELETE FROM device",
        "UPDATE anchor_seq SET seq = 999999",
        "UPDATE partial SET bytes = 2",
        "DELETE FROM partial",
        "DELETE FROM partial_piece",
        "UPDATE luid SET item = item + 6400",                        /* never existed */
        "UPDATE anchor_seq SET seq = seq + 2 WHERE db = 'calendar'", /* past the deletion of what it still names */
        "UPDATE counter SET next = 1",
    };
    for (size_t i = 0; i < COUNT_OF(faults); i++) {
        SCOPED_WORLD(w, 1);
        int64_t calendar = world_find(&w, &w.as_alice, w.alice, "calendar");
        struct item item;
        assert_ok(world_put(&w, &w.as_alice, calendar, "a.ics", "uid-a", "BODY A"));
        assert_ok(world_item(&w, &w.as_alice, calendar, "a.ics", &item));
        set_up(&w, (struct setup){.account = w.alice,
                                  .devid = "phone",
                                  .collection = calendar,
                                  .seq = item.seq,
                                  .item = item.id,
                                  .luids = 1,
                                  .partial = true});
        assert_ok(world_delete(&w, &w.as_alice, calendar, "a.ics"));
        assert_ok(world_put(&w, &w.as_alice, calendar, "b.ics", "uid-b", "BODY B"));
        assert_int_equal(findings(&w), 0);
        meddle(&w, faults[i]);
        if (findings(&w) == 0)
            fail_msg("not found: %s", faults[i]);
    }
}

/* Its next sync is a slow one: what it still has then is compared. */
static void what_is_behind_the_horizon_is_no_fault(void **state)
{
    (void)state;
    SCOPED_WORLD(w, 1);
    int64_t calendar = world_find(&w, &w.as_alice, w.alice, "calendar");
    struct item item;
    assert_ok(world_put(&w, &w.as_alice, calendar, "a.ics", "uid-a", "BODY A"));
    assert_ok(world_item(&w, &w.as_alice, calendar, "a.ics", &item));
    set_up(&w, (struct setup){.account = w.alice,
                              .devid = "phone",
                              .collection = calendar,
                              .seq = item.seq,
                              .item = item.id,
                              .luids = 1});
    assert_ok(world_delete(&w, &w.as_alice, calendar, "a.ics"));
    assert_int_equal(graves_after(&w, 200), 0);
    assert_int_equal(findings(&w), 0);
}

/* ---- backup and restore ---- */
static void a_restored_store_has_another_epoch_than_its_anchors(void **state)
{
    (void)state;
    SCOPED_WORLD(w, 1);
    char path[80];
    struct backup_report report;
    SCOPED_BUF(why, 1000);
    int64_t id = set_up(&w, (struct setup){.account = w.alice, .devid = "phone", .partial = true});
    snprintf(path, sizeof path, "%s-backup", w.f.dir);
    assert_int_equal(mkdir(path, 0700), 0);
    int fd = open(path, O_RDONLY | O_DIRECTORY);
    assert_ok(store_backup(w.f.store, fd, &report, &why));
    store_close(w.f.store);
    w.f.store = NULL;
    nftw(w.f.dir, fixture_remove, 16, FTW_DEPTH | FTW_PHYS);
    assert_ok(store_restore(fd, w.f.dir, &report, &why));
    fixture_open(&w.f);
    close(fd);
    nftw(path, fixture_remove, 16, FTW_DEPTH | FTW_PHYS);
    struct device d;
    struct anchor an;
    SCOPED_READ(tx, w.f.store);
    assert_ok(device_get(tx, &w.arena, id, &d));
    assert_int_equal(d.next_guid, 65537); /* those given out after the backup are not given again */
    assert_ok(anchor_get(tx, &w.arena, id, STR("calendar"), &an));
    assert_int_equal(an.epoch.n, store_epoch(w.f.store).n);
    assert_false(str_eq(an.epoch, store_epoch(w.f.store)));
    assert_int_equal(findings(&w), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_purged_account_takes_its_devices_along),
        cmocka_unit_test(devices_keep_what_they_have_not_seen),
        cmocka_unit_test(only_devices_that_need_them_keep_them),
        cmocka_unit_test(none_is_kept_for_ever),
        cmocka_unit_test(many_that_are_kept_do_not_hide_others),
        cmocka_unit_test(each_fault_is_found),
        cmocka_unit_test(what_is_behind_the_horizon_is_no_fault),
        cmocka_unit_test(a_restored_store_has_another_epoch_than_its_anchors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
