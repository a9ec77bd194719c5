/* Tests of store/mend.c and of what store_check says about it: mounts against grants, accounts against users, and jobs in main.db
 * that a crash leaves behind. */
#include "store/doctor.h"
#include "store/rows.h"
#include "tests/unit/store_world.h"

static const int shard_counts[] = {1, 3};

#define EACH_WORLD(w)                                                                                        \
    (void)state;                                                                                             \
    for (size_t round_ = 0; round_ < COUNT_OF(shard_counts); round_++)                                       \
        for (struct world w, *once_ = (world_start(&w, shard_counts[round_]), &w); once_;                    \
             world_end(&w), once_ = NULL)

struct findings {
    size_t count;
    struct buf text;
};

static void see(void *ctx, struct str what, struct str where)
{
    struct findings *f = ctx;
    f->count++;
    buf_addf(&f->text, "%.*s: %.*s\n", STR_ARG(what), STR_ARG(where));
}

/* How many findings there are, each containing `what`. */
static size_t findings(struct world *w, const char *what)
{
    size_t count;
    struct findings f = {.text = BUF_INIT(1 << 20)};
    assert_ok(store_check(w->f.store, true, see, &f, &count));
    struct str rest = buf_view(&f.text), line;
    while (str_split(&rest, '\n', &line))
        if (line.n && str_find(line, str_c(what), 0) == SIZE_MAX)
            fail_msg("%.*s", STR_ARG(line));
    assert_int_equal(count, f.count);
    buf_free(&f.text);
    return count;
}

static void mend(struct world *w)
{
    assert_ok(store_rebuild(w->f.store, 0, NULL, NULL));
    assert_int_equal(findings(w, "nothing"), 0);
}

struct sql {
    const char *text;
    int64_t a, b; /* bound, when they are given */
    int64_t where;
};

static enum status run_sql(void *ctx, struct tx *tx)
{
    const struct sql *q = ctx;
    const struct db_value values[] = {db_int(q->a), db_int(q->b)};
    return db_run(tx_wdb(tx, q->where), q->text, values, q->a ? 2 : 0);
}

static void damage(struct world *w, struct sql q)
{
    assert_ok(fixture_write(&w->f, q.where, run_sql, &q));
}

static bool has(struct world *w, int64_t account, int64_t collection)
{
    struct mount *list;
    size_t count;
    bool found = false;
    SCOPED_READ(tx, w->f.store);
    assert_ok(mount_list(tx, &w->arena, account, &list, &count));
    for (size_t i = 0; i < count; i++)
        found = found || list[i].collection == collection;
    return found;
}

static int64_t shared_calendar(struct world *w, int64_t who)
{
    struct acl_entry grant = {who, RIGHTS_READ};
    int64_t cal = world_find(w, &w->as_alice, w->alice, "calendar");
    assert_ok(acl_share(w->f.store, &w->as_alice, cal, &grant, 1));
    return cal;
}

/* ---- mounts against grants ---- */

static void a_grant_without_mount_is_found_and_mended(void **state)
{
    EACH_WORLD(w)
    {
        int64_t cal = shared_calendar(&w, PRINCIPAL_ANYONE);
        assert_int_equal(findings(&w, "nothing"), 0);
        damage(&w,
               (struct sql){"DELETE FROM mount WHERE account = ?1 AND collection = ?2", w.bob, cal, w.bob});
        assert_int_equal(
            findings(&w, "a grant without its mount: alice@example.test/calendar for bob@example.test"), 1);
        mend(&w);
        assert_true(has(&w, w.bob, cal) && has(&w, w.carol, cal));
    }
}

static void a_mount_without_grant_is_found_and_mended(void **state)
{
    EACH_WORLD(w)
    {
        int64_t cal = shared_calendar(&w, w.bob);
        damage(&w, (struct sql){"DELETE FROM acl WHERE collection = ?2 AND ?1", 1, cal, cal});
        assert_int_equal(findings(&w, "a mount without its grant"), 1);
        mend(&w);
        assert_false(has(&w, w.bob, cal));
    }
}

static void a_mount_of_what_is_gone_is_found_and_mended(void **state)
{
    EACH_WORLD(w)
    {
        int64_t cal = shared_calendar(&w, w.bob);
        damage(&w, (struct sql){"UPDATE collection SET gone = 1 WHERE id = ?2 AND ?1", 1, cal, cal});
        damage(&w, (struct sql){"UPDATE account SET used_items = 0, used_bytes = 0 WHERE id = ?1 AND ?2",
                                w.alice, 1, w.alice});
        assert_int_equal(findings(&w, "a mount without its grant"), 1);
        mend(&w);
    }
}

/* Who is disabled or deleted for now keeps what is shared with him, under his own names; who is deleted for good does not. */
static enum status set_state(void *ctx, struct tx *tx)
{
    const struct op *op = ctx;
    return tx_principal_update(tx, op->id, STR_NONE, (enum principal_state)op->kind, STR_NONE);
}

static void who_may_come_back_keeps_his_mounts(void **state)
{
    static const enum principal_state states[] = {PRINCIPAL_DISABLED, PRINCIPAL_DELETED};
    EACH_WORLD(w) for (size_t i = 0; i < COUNT_OF(states); i++)
    {
        int64_t cal = shared_calendar(&w, PRINCIPAL_ANYONE);
        struct op op = {.w = &w, .id = w.bob, .kind = (int)states[i]};
        assert_ok(world_run(&op, STORE_MAIN, set_state));
        assert_int_equal(findings(&w, "nothing"), 0);
        assert_ok(mounts_reconcile(w.f.store, cal));
        assert_ok(mounts_reconcile_account(w.f.store, w.bob));
        assert_true(has(&w, w.bob, cal));
    }
}

/* ---- users without account ---- */

static void a_user_without_account_is_found_and_mended(void **state)
{
    EACH_WORLD(w)
    {
        int64_t cal = shared_calendar(&w, PRINCIPAL_ANYONE);
        struct op op = {.w = &w, .name = STR("Dora"), .value = STR("dora@example.test")};
        assert_ok(world_run(&op, STORE_MAIN, op_principal));
        assert_int_equal(findings(&w, "a user without account: dora@example.test"), 1);
        mend(&w);
        struct actor dora = {.id = op.id};
        assert_true(world_find(&w, &dora, op.id, "contacts") > 0);
        assert_true(has(&w, op.id, cal));
    }
}

static enum status promised(void *ctx, struct tx *tx)
{
    static const struct account_plan plan = {.collections = false, .quota = 12345};
    struct op *op = ctx;
    int64_t job;
    enum status st = op_principal(op, tx);
    return st == OK ? tx_account_promise(tx, op->id, &plan, &job) : st;
}

static void a_promise_is_kept_at_the_next_start(void **state)
{
    EACH_WORLD(w)
    {
        int64_t cal = shared_calendar(&w, PRINCIPAL_ANYONE);
        struct op op = {.w = &w, .name = STR("Dora"), .value = STR("dora@example.test")};
        assert_ok(world_run(&op, STORE_MAIN, promised));
        assert_int_equal(findings(&w, "nothing"), 0); /* it is being made */
        fixture_reopen(&w.f);
        struct account account;
        struct actor dora = {.id = op.id};
        {
            SCOPED_READ(tx, w.f.store);
            assert_ok(account_get(tx, op.id, &account));
        }
        assert_int_equal(account.quota, 12345);
        assert_int_equal(world_find(&w, &dora, op.id, "calendar"), -NOT_FOUND);
        assert_true(has(&w, op.id, cal));
        damage(&w, (struct sql){"DELETE FROM mount WHERE account = ?1 AND ?2", op.id, 1, op.id});
        assert_int_equal(findings(&w, "a grant without its mount"),
                         1); /* the job is done and judged no more */
    }
}

static enum status join(void *ctx, struct tx *tx)
{
    struct op *op = ctx;
    int64_t job;
    enum status st = op_member(op, tx);
    return st == OK ? tx_mounts_due(tx, &job) : st;
}

static void a_new_member_gets_his_mounts_at_the_next_start(void **state)
{
    EACH_WORLD(w)
    {
        struct op op = {
            .w = &w, .name = STR("Staff"), .value = STR("staff@example.test"), .kind = PRINCIPAL_GROUP};
        assert_ok(world_run(&op, STORE_MAIN, op_principal));
        int64_t cal = shared_calendar(&w, op.id);
        op = (struct op){.w = &w, .from = op.id, .to = w.bob, .flag = true};
        assert_ok(world_run(&op, STORE_MAIN, join));
        assert_int_equal(findings(&w, "nothing"), 0);
        fixture_reopen(&w.f); /* by then at the latest: background work may have come to it before */
        assert_true(has(&w, w.bob, cal));
        assert_int_equal(findings(&w, "nothing"), 0);
    }
}

/* A store of the version before main.db had jobs is mended once, when it is migrated. */
static void an_older_store_is_mended_when_it_is_opened(void **state)
{
    EACH_WORLD(w)
    {
        int64_t cal = shared_calendar(&w, w.bob);
        damage(&w,
               (struct sql){"DELETE FROM mount WHERE account = ?1 AND collection = ?2", w.bob, cal, w.bob});
        damage(&w, (struct sql){"DROP TABLE xop", .where = STORE_MAIN});
        damage(&w, (struct sql){"DROP TABLE outside_member", .where = STORE_MAIN});
        damage(&w, (struct sql){"UPDATE setting SET value = '1' WHERE key = 'schema'", .where = STORE_MAIN});
        fixture_reopen(&w.f);
        assert_true(has(&w, w.bob, cal));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_grant_without_mount_is_found_and_mended),
        cmocka_unit_test(a_mount_without_grant_is_found_and_mended),
        cmocka_unit_test(a_mount_of_what_is_gone_is_found_and_mended),
        cmocka_unit_test(who_may_come_back_keeps_his_mounts),
        cmocka_unit_test(a_user_without_account_is_found_and_mended),
        cmocka_unit_test(a_promise_is_kept_at_the_next_start),
        cmocka_unit_test(a_new_member_gets_his_mounts_at_the_next_start),
        cmocka_unit_test(an_older_store_is_mended_when_it_is_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
