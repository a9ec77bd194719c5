/* tests/unit/test_store_writer.c: opening, the lock, group commit: many writers, one failing alone, order,
 * limits. */
#include "core/clock.h"
#include "store/internal.h"
#include "tests/unit/store_fixture.h"

enum { MAIN = STORE_MAIN };

static enum status count_rows(struct fixture *f, int64_t *n)
{
    SCOPED_READ(tx, f->store);
    return DB_GET_INT(tx_db(tx, MAIN), n, "SELECT count(*) FROM setting " DB_SCAN "WHERE key LIKE 'test%'");
}

struct setting {
    const char *key;
    enum status after;
    int runs;
};

static enum status add_setting(void *ctx, struct tx *tx)
{
    struct setting *s = ctx;
    s->runs++;
    enum status st =
        DB_RUN(tx_wdb(tx, MAIN), "INSERT INTO setting(key, value) VALUES(?1, 'x')", db_text(str_c(s->key)));
    return st != OK ? st : s->after;
}

static void reopening_keeps_epoch_and_rows(void **state)
{
    (void)state;
    struct fixture f;
    int64_t n;
    fixture_start(&f, 3);
    char epoch[17] = {0};
    assert_int_equal(store_epoch(f.store).n, 16);
    memcpy(epoch, store_epoch(f.store).p, 16);
    assert_ok(fixture_write(&f, MAIN, add_setting, &(struct setting){.key = "test1"}));
    fixture_reopen(&f);
    assert_str(store_epoch(f.store), epoch);
    assert_ok(count_rows(&f, &n));
    assert_int_equal(n, 1);
    fixture_end(&f);
}

static void shards_are_fixed_at_creation(void **state)
{
    (void)state;
    struct fixture f;
    fixture_start(&f, 3);
    f.shards = 1;
    fixture_reopen(&f);
    assert_int_equal(f.store->shards, 3);
    fixture_end(&f);
}

static void second_owner_is_refused(void **state)
{
    (void)state;
    struct fixture f;
    struct store *second;
    fixture_start(&f, 1);
    struct store_config c = fixture_config(&f);
    SCOPED_BUF(why, 4096);
    assert_status(store_open(&c, &second, &why), E_BUSY);
    assert_true(str_find(buf_view(&why), STR("another scambio process"), 0) != SIZE_MAX);
    assert_null(second);
    fixture_end(&f);
}

static void newer_schema_is_refused(void **state)
{
    (void)state;
    struct fixture f;
    SCOPED_BUF(why, 4096);
    SCOPED_BUF(path, 4096);
    struct db *db;
    fixture_start(&f, 1);
    store_close(f.store);
    f.store = NULL;
    buf_addf(&path, "%s/shard-00.db", f.dir);
    assert_ok(db_open(buf_c(&path), 0, 64, &db, &why));
    assert_ok(DB_RUN(db, "UPDATE setting SET value = '99' WHERE key = 'schema'"));
    db_close(db);
    struct store_config c = fixture_config(&f);
    assert_status(store_open(&c, &f.store, &why), E_UNAVAILABLE);
    fixture_end(&f);
}

static void an_answer_rolls_back_alone(void **state)
{
    (void)state;
    struct fixture f;
    int64_t n;
    fixture_start(&f, 1);
    struct setting good = {.key = "test1"}, bad = {.key = "test2", .after = PRECONDITION};
    assert_ok(fixture_write(&f, MAIN, add_setting, &good));
    assert_status(fixture_write(&f, MAIN, add_setting, &bad), PRECONDITION);
    assert_status(fixture_write(&f, MAIN, add_setting, &good), EXISTS);
    assert_ok(count_rows(&f, &n));
    assert_int_equal(n, 1);
    assert_int_equal(bad.runs, 1);
    fixture_end(&f);
}

static void a_shard_that_is_not_there(void **state)
{
    (void)state;
    struct fixture f;
    fixture_start(&f, 1);
    assert_status(fixture_write(&f, 64 + 5, add_setting, &(struct setting){.key = "test1"}), NOT_FOUND);
    assert_status(fixture_write(&f, 64 + 31, add_setting, &(struct setting){.key = "test1"}), NOT_FOUND);
    SCOPED_READ(tx, f.store);
    int64_t n;
    assert_status(DB_GET_INT(tx_db(tx, 64 + 5), &n, "SELECT 1"), NOT_FOUND);
    fixture_end(&f);
}

static void readers_can_not_write(void **state)
{
    (void)state;
    struct fixture f;
    fixture_start(&f, 1);
    struct tx *tx = store_read(f.store);
    assert_true(DB_RUN(tx_db(tx, MAIN), "DELETE FROM setting WHERE key = 'epoch'") < 0);
    assert_status(DB_RUN(tx_wdb(tx, MAIN), "DELETE FROM setting WHERE key = 'epoch'"), E_UNAVAILABLE);
    store_read_end(tx);
    fixture_end(&f);
}

static void a_reader_sees_one_moment(void **state)
{
    (void)state;
    struct fixture f;
    int64_t before, during;
    fixture_start(&f, 1);
    struct tx *tx = store_read(f.store);
    assert_ok(DB_GET_INT(tx_db(tx, MAIN), &before, "SELECT count(*) FROM setting " DB_SCAN));
    assert_ok(fixture_write(&f, MAIN, add_setting, &(struct setting){.key = "test1"}));
    assert_ok(DB_GET_INT(tx_db(tx, MAIN), &during, "SELECT count(*) FROM setting " DB_SCAN));
    assert_int_equal(before, during);
    store_read_end(tx);
    fixture_end(&f);
}

/* ---- many writers ---- */

enum { THREADS = 16, EACH = 40 };

struct many {
    struct fixture *f;
    int number, acknowledged;
};

static void *many_main(void *arg)
{
    struct many *m = arg;
    for (int i = 0; i < EACH; i++) {
        char key[32];
        snprintf(key, sizeof key, "test-%d-%d", m->number, i);
        enum status want = i % 5 == 4 ? DENIED : OK;
        struct setting s = {.key = key, .after = want};
        if (fixture_write(m->f, MAIN, add_setting, &s) == want && want == OK)
            m->acknowledged++;
    }
    return NULL;
}

static void many_writers_share_commits(void **state)
{
    (void)state;
    struct fixture f;
    struct many many[THREADS];
    pthread_t thread[THREADS];
    int64_t n;
    fixture_start(&f, 1);
    struct store_stats before, stats;
    store_stats(f.store, &before); /* a new store has work of its own */
    for (int i = 0; i < THREADS; i++) {
        many[i] = (struct many){.f = &f, .number = i};
        assert_int_equal(pthread_create(&thread[i], NULL, many_main, &many[i]), 0);
    }
    int acknowledged = 0;
    for (int i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
        acknowledged += many[i].acknowledged;
    }
    assert_int_equal(acknowledged, THREADS * EACH * 4 / 5);
    assert_ok(count_rows(&f, &n));
    assert_int_equal(n, acknowledged);
    store_stats(f.store, &stats);
    assert_int_equal(stats.writes - before.writes, THREADS * EACH);
    assert_true(stats.commits - before.commits < THREADS * EACH / 2); /* several writes a commit */
    assert_true(stats.group_largest > 1);
    fixture_end(&f);
}

/* ---- asynchronous: order and the queue's limit ---- */

struct slow {
    struct write write;
    pthread_mutex_t *gate;
    atomic_int *order, *finished;
    int at;
};

static enum status slow_run(struct write *w, struct tx *tx)
{
    struct slow *s = CONTAINER_OF(w, struct slow, write);
    (void)tx;
    pthread_mutex_lock(s->gate); /* the test holds it: the writer stands still */
    pthread_mutex_unlock(s->gate);
    return OK;
}

static void slow_done(struct write *w)
{
    struct slow *s = CONTAINER_OF(w, struct slow, write);
    s->at = atomic_fetch_add(s->order, 1);
    atomic_fetch_add(s->finished, 1);
}

static void a_full_queue_answers_busy(void **state)
{
    (void)state;
    struct fixture f = {.shards = 1};
    snprintf(f.dir, sizeof f.dir, "/tmp/scambio-store.XXXXXX");
    assert_non_null(mkdtemp(f.dir));
    struct store_config c = fixture_config(&f);
    c.queue_limit = 4;
    SCOPED_BUF(why, 4096);
    assert_ok(store_open(&c, &f.store, &why));
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    atomic_int order = 0, finished = 0;
    struct slow slow[8];
    pthread_mutex_lock(&gate);
    for (int i = 0; i < 8; i++) {
        slow[i] = (struct slow){
            .write = {.run = slow_run, .done = slow_done, .account = MAIN}, &gate, &order, &finished, -1};
        store_submit(f.store, &slow[i].write);
    }
    int busy = 0;
    for (int i = 0; i < 8; i++)
        busy += slow[i].write.status == E_BUSY;
    pthread_mutex_unlock(&gate);
    assert_true(busy >= 3 && busy <= 4); /* one or none had left the queue already */
    while (atomic_load(&finished) < 8)
        usleep(1000);
    for (int i = 1; i < 4; i++)
        assert_true(slow[i].at > slow[i - 1].at);
    fixture_end(&f);
}

static void closing_runs_what_waits(void **state)
{
    (void)state;
    struct fixture f;
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    atomic_int order = 0, finished = 0;
    struct slow slow[50];
    fixture_start(&f, 1);
    for (int i = 0; i < 50; i++) {
        slow[i] = (struct slow){.write = {.run = slow_run, .done = slow_done, .account = i * 64 + 63},
                                &gate,
                                &order,
                                &finished,
                                -1};
        store_submit(f.store, &slow[i].write);
    }
    store_close(f.store);
    f.store = NULL;
    assert_int_equal(atomic_load(&finished), 50);
    for (int i = 0; i < 50; i++)
        assert_ok(slow[i].write.status);
    fixture_end(&f);
}

/* ---- ids ---- */

static enum status take_id(void *ctx, struct tx *tx)
{
    return tx_new_id(tx, 0, 0, ctx);
}

static enum status take_id_and_fail(void *ctx, struct tx *tx)
{
    enum status st = tx_new_id(tx, 0, 0, ctx);
    return st != OK ? st : PRECONDITION;
}

static void ids_never_repeat(void **state)
{
    (void)state;
    struct fixture f;
    int64_t a, b, c;
    fixture_start(&f, 1);
    assert_ok(fixture_write(&f, PRINCIPAL_SYSTEM, take_id, &a));
    assert_status(fixture_write(&f, PRINCIPAL_SYSTEM, take_id_and_fail, &b), PRECONDITION);
    fixture_reopen(&f);
    assert_ok(fixture_write(&f, PRINCIPAL_SYSTEM, take_id, &c));
    assert_true(c > a && a >= 16 * 64);
    assert_int_equal(store_shard_of(c), 0);
    fixture_end(&f);
}

static enum status write_megabyte(void *ctx, struct tx *tx)
{
    const struct buf *text = ctx;
    return DB_RUN(tx_wdb(tx, MAIN), "INSERT OR REPLACE INTO setting(key, value) VALUES('test', ?1)",
                  db_text(buf_view(text)));
}

/* One client reads and writes by turns. The log is begun anew when he was told of his write: what he reads then is long over
 * when he waits for the next one. */
static void a_kept_snapshot_holds_no_log(void **state)
{
    (void)state;
    enum { WRITES = 100, MEGABYTE = 1 << 20, SLOWEST_US = 5 * 1000 * 1000 };
    struct fixture f;
    int64_t n, slowest = 0;
    SCOPED_BUF(text, MEGABYTE);
    fixture_start(&f, 1);
    for (size_t i = 0; i < MEGABYTE; i++)
        buf_addc(&text, 'x');
    for (int i = 0; i < WRITES && slowest < SLOWEST_US; i++) {
        int64_t began = clock_mono_us();
        assert_ok(fixture_write(&f, MAIN, write_megabyte, &text));
        if (clock_mono_us() - began > slowest)
            slowest = clock_mono_us() - began;
        assert_ok(count_rows(&f, &n));
    }
    assert_true(slowest < SLOWEST_US);
    fixture_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reopening_keeps_epoch_and_rows), cmocka_unit_test(shards_are_fixed_at_creation),
        cmocka_unit_test(second_owner_is_refused),        cmocka_unit_test(newer_schema_is_refused),
        cmocka_unit_test(an_answer_rolls_back_alone),     cmocka_unit_test(a_shard_that_is_not_there),
        cmocka_unit_test(readers_can_not_write),          cmocka_unit_test(a_reader_sees_one_moment),
        cmocka_unit_test(many_writers_share_commits),     cmocka_unit_test(a_full_queue_answers_busy),
        cmocka_unit_test(closing_runs_what_waits),        cmocka_unit_test(ids_never_repeat),
        cmocka_unit_test(a_kept_snapshot_holds_no_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
