/* tests/unit/test_store_fault.c: a full disk, a broken disk and no memory in the k-th write of a group: the others are unharmed,
 * each write gets its own answer, and the store goes on. The faults come from below SQLite. */
#include "core/log.h"
#include "store/internal.h"
#include "tests/unit/faulty_vfs.h"
#include "tests/unit/store_fixture.h"

#include <fcntl.h>

enum { GROUP = 6, MAIN = STORE_MAIN, BULK = 1 << 20 };

struct member { /* one write of the group */
    struct write write;
    int number, runs;
    void (*trouble)(struct member *m, struct tx *tx); /* NULL: a good one */
    bool once;                                        /* trouble only at the first run */
    enum status seen;                                 /* what the trouble's statement answered */
    atomic_int *finished;
};

/* More than the writer's cache holds: pages are written in the middle of the transaction. */
static enum status write_much(struct member *m, struct tx *tx)
{
    enum status st = OK;
    for (int i = 0; i < 8 && st == OK; i++)
        st = DB_RUN(tx_wdb(tx, MAIN),
                    "INSERT INTO setting(key, value) VALUES('bulk-' || ?1 || '-' || ?2, zeroblob(?3))",
                    db_int(m->number), db_int(i), db_int(BULK));
    return st;
}

static void disk_full(struct member *m, struct tx *tx)
{
    faulty_arm(FAULTY_WRITE, SQLITE_FULL, -1);
    m->seen = write_much(m, tx);
}

static void disk_broken(struct member *m, struct tx *tx)
{
    faulty_arm(FAULTY_WRITE, SQLITE_IOERR_WRITE, -1);
    m->seen = write_much(m, tx);
}

static void disk_unreadable(struct member *m, struct tx *tx)
{
    int64_t n;
    m->seen = write_much(m, tx); /* so that the cache holds other pages */
    faulty_arm(FAULTY_READ, SQLITE_IOERR_READ, -1);
    if (m->seen == OK)
        m->seen = DB_GET_INT(tx_wdb(tx, MAIN), &n,
                             "SELECT sum(length(hex(value))) FROM setting " DB_SCAN "WHERE key LIKE 'old-%'");
}

static void no_memory(struct member *m, struct tx *tx)
{
    faulty.no_memory = 1;
    m->seen = write_much(m, tx);
}

static enum status bulk_step(void *ctx, struct tx *tx)
{
    return write_much(ctx, tx);
}

static void nested_disk_full(struct member *m, struct tx *tx)
{
    faulty_arm(FAULTY_WRITE, SQLITE_FULL, -1);
    m->seen = tx_nested(tx, bulk_step, m);
}

/* A closure that goes on after the step took the transaction with it: what it writes must not be committed by itself. */
static void nested_and_stubborn(struct member *m, struct tx *tx)
{
    nested_disk_full(m, tx);
    faulty_disarm();
    assert_status(m->seen, E_FULL);
    m->seen = DB_RUN(tx_wdb(tx, MAIN), "INSERT INTO setting(key, value) VALUES('bulk-after', 'x')");
}

/* The fault strikes when the group commits. */
static void commit_fails(struct member *m, struct tx *tx)
{
    (void)tx;
    m->seen = OK;
    faulty_arm(FAULTY_SYNC, SQLITE_IOERR_FSYNC, 1);
}

static enum status member_run(struct write *w, struct tx *tx)
{
    struct member *m = CONTAINER_OF(w, struct member, write);
    int64_t id = 0;
    m->runs++;
    enum status st = tx_new_id(tx, SLOT_MAIN, MAIN, &id);
    if (st == OK)
        st = DB_RUN(tx_wdb(tx, MAIN), "INSERT INTO setting(key, value) VALUES('member-' || ?1, ?2)",
                    db_int(m->number), db_int(id));
    if (st != OK || !m->trouble || (m->once && m->runs > 1))
        return st;
    m->trouble(m, tx);
    if (m->trouble != commit_fails)
        faulty_disarm();
    return m->seen;
}

static void member_done(struct write *w)
{
    atomic_fetch_add(CONTAINER_OF(w, struct member, write)->finished, 1);
}

/* Holds the writer until the group stands in its queue. */
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static enum status gate_run(struct write *w, struct tx *tx)
{
    (void)w, (void)tx;
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    return OK;
}

static void run_group(struct fixture *f, struct member members[GROUP])
{
    atomic_int finished = 0;
    struct member first = {.write = {.run = gate_run, .done = member_done, .account = MAIN},
                           .finished = &finished};
    pthread_mutex_lock(&gate);
    store_submit(f->store, &first.write);
    for (int i = 0; i < GROUP; i++) {
        members[i].write = (struct write){.run = member_run, .done = member_done, .account = MAIN};
        members[i].number = i;
        members[i].finished = &finished;
        store_submit(f->store, &members[i].write);
    }
    usleep(60000); /* past group_us: the gate's own group ends, ours begins whole */
    pthread_mutex_unlock(&gate);
    while (atomic_load(&finished) < GROUP + 1)
        usleep(1000);
}

static int64_t count(struct fixture *f, const char *pattern)
{
    int64_t n = -1;
    SCOPED_READ(tx, f->store);
    assert_ok(DB_GET_INT(tx_db(tx, MAIN), &n, "SELECT count(*) FROM setting " DB_SCAN "WHERE key LIKE ?1",
                         db_text(str_c(pattern))));
    return n;
}

static int64_t next_id(struct fixture *f)
{
    int64_t n = -1;
    SCOPED_READ(tx, f->store);
    assert_ok(DB_GET_INT(tx_db(tx, MAIN), &n, "SELECT next FROM counter WHERE name = 'id'"));
    return n;
}

/* Each of those that were written took an id, and no other did, however often they ran. */
static void assert_members(struct fixture *f, int64_t before, int n)
{
    int64_t ids = -1;
    assert_int_equal(count(f, "member-%"), n);
    assert_int_equal(next_id(f), before + n);
    SCOPED_READ(tx, f->store);
    assert_ok(DB_GET_INT(tx_db(tx, MAIN), &ids,
                         "SELECT count(DISTINCT value) FROM setting " DB_SCAN
                         "WHERE key LIKE 'member-%' AND value / 64 >= ?1",
                         db_int(before)));
    assert_int_equal(ids, n);
}

static enum status fill(void *ctx, struct tx *tx)
{
    (void)ctx;
    enum status st = OK;
    for (int i = 0; i < 8 && st == OK; i++)
        st = DB_RUN(tx_wdb(tx, MAIN), "INSERT INTO setting(key, value) VALUES('old-' || ?1, randomblob(?2))",
                    db_int(i), db_int(BULK));
    return st;
}

static enum status clean(void *ctx, struct tx *tx)
{
    (void)ctx;
    return DB_RUN(tx_wdb(tx, MAIN),
                  "DELETE FROM setting " DB_SCAN "WHERE key LIKE 'member-%' OR key LIKE 'bulk-%'");
}

static void assert_goes_on(struct fixture *f)
{
    assert_ok(fixture_write(f, MAIN, clean, NULL));
    assert_int_equal(count(f, "member-%"), 0);
    assert_int_equal(count(f, "old-%"), 8);
}

static void trouble_hits_only_its_own(void **state)
{
    static const struct {
        void (*trouble)(struct member *m, struct tx *tx);
        enum status wanted;
    } cases[] = {{disk_full, E_FULL},   {disk_broken, E_IO},        {disk_unreadable, E_IO},
                 {no_memory, E_MEMORY}, {nested_disk_full, E_FULL}, {nested_and_stubborn, E_UNAVAILABLE}};
    (void)state;
    struct fixture f;
    fixture_start(&f, 1);
    assert_ok(fixture_write(&f, MAIN, fill, NULL));
    for (size_t c = 0; c < COUNT_OF(cases); c++)
        for (int k = 0; k < GROUP; k++) {
            struct member members[GROUP] = {0};
            members[k].trouble = cases[c].trouble;
            int64_t before = next_id(&f);
            run_group(&f, members);
            for (int i = 0; i < GROUP; i++)
                assert_int_equal(members[i].write.status, i == k ? cases[c].wanted : OK);
            assert_members(&f, before, GROUP - 1);
            assert_int_equal(count(&f, "bulk-%"), 0);
            assert_goes_on(&f);
        }
    struct store_stats stats;
    store_stats(f.store, &stats);
    assert_true(stats.rerun > 2 * GROUP); /* whole transactions were lost, and their writes run again */
    fixture_end(&f);
}

static void trouble_that_passes_hits_nobody(void **state)
{
    static void (*const troubles[])(struct member * m, struct tx * tx) = {
        disk_full, disk_broken, disk_unreadable, nested_disk_full, commit_fails};
    (void)state;
    struct fixture f;
    fixture_start(&f, 1);
    assert_ok(fixture_write(&f, MAIN, fill, NULL));
    for (size_t c = 0; c < COUNT_OF(troubles); c++)
        for (int k = 0; k < GROUP; k += 2) {
            struct member members[GROUP] = {0};
            members[k].trouble = troubles[c];
            members[k].once = true;
            int64_t before = next_id(&f);
            run_group(&f, members);
            for (int i = 0; i < GROUP; i++)
                assert_ok(members[i].write.status);
            assert_members(&f, before, GROUP);
            assert_int_equal(count(&f, "bulk-%"), 0);
            assert_goes_on(&f);
        }
    fixture_end(&f);
}

static void a_disk_full_for_all_fails_all_and_recovers(void **state)
{
    (void)state;
    struct fixture f;
    fixture_start(&f, 1);
    assert_ok(fixture_write(&f, MAIN, fill, NULL));
    struct member members[GROUP] = {0};
    atomic_store(&faulty_everywhere, SQLITE_FULL);
    run_group(&f, members);
    for (int i = 0; i < GROUP; i++)
        assert_status(members[i].write.status, E_FULL);
    assert_int_equal(count(&f, "member-%"), 0); /* reading goes on */
    atomic_store(&faulty_everywhere, 0);
    memset(members, 0, sizeof members);
    run_group(&f, members);
    for (int i = 0; i < GROUP; i++)
        assert_ok(members[i].write.status);
    fixture_reopen(&f);
    assert_int_equal(count(&f, "member-%"), GROUP);
    fixture_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trouble_hits_only_its_own),
        cmocka_unit_test(trouble_that_passes_hits_nobody),
        cmocka_unit_test(a_disk_full_for_all_fails_all_and_recovers),
    };
    log_setup(LOG_LEVEL_ERROR, false, open("/dev/null", O_WRONLY | O_CLOEXEC)); /* the faults are meant */
    faulty_install();
    db_set_vfs("faulty");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
