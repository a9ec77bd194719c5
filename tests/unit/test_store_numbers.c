/* Numbers and ids are counted in the transaction, and written at its end: none is given twice, whatever is undone, and nobody sees a row
 * that is behind. */
#include "store/rows.h"
#include "tests/unit/store_fixture.h"

enum { ACCOUNTS = 10 };

static struct fixture f;
static int64_t accounts[ACCOUNTS]; /* in one shard, each at its number `base` */
static int64_t base;

static enum status make_accounts(void *ctx, struct tx *tx)
{
    (void)ctx;
    enum status st = OK;
    for (int i = 0; i < ACCOUNTS && st == OK; i++) {
        accounts[i] = 64 * (1000 + i);
        st = tx_account_create(tx, accounts[i], true, STR("en"));
    }
    return st;
}

/* What is in the rows. */
static struct account row_of(int64_t account)
{
    struct account out = {0};
    SCOPED_READ(tx, f.store);
    assert_ok(account_get(tx, account, &out));
    return out;
}
static int64_t next_id(void)
{
    int64_t n = 0;
    SCOPED_READ(tx, f.store);
    assert_ok(DB_GET_INT(tx_db(tx, accounts[0]), &n, "SELECT next FROM counter WHERE name = 'id'"));
    return n;
}

static int setup(void **state)
{
    (void)state;
    fixture_start(&f, 1);
    assert_ok(fixture_write(&f, 64, make_accounts, NULL));
    base = row_of(accounts[0]).seq;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_end(&f);
    return 0;
}

static enum status write_now(enum status (*fn)(void *ctx, struct tx *tx))
{
    return fixture_write(&f, accounts[0], fn, NULL);
}

/* ---- one closure ---- */

static enum status take_some(void *ctx, struct tx *tx)
{
    int64_t n = 0, id = 0, first = 0;
    (void)ctx;
    for (int i = 1; i <= 3; i++) {
        assert_ok(tx_seq_next(tx, accounts[0], &n));
        assert_int_equal(n, base + i);
        assert_ok(tx_new_id(tx, 0, 0, &id));
        assert_int_equal(id % 64, 0);
    }
    assert_ok(tx_ids_take(tx, 0, 10, &first));
    assert_int_equal(first, id / 64 + 1);
    assert_ok(tx_seq_take(tx, accounts[0], 5, &first));
    assert_int_equal(first, base + 4);
    assert_ok(account_charge(tx, accounts[0], 2, 100, &n));
    assert_int_equal(n, base + 9);
    return OK;
}

static void they_follow_each_other(void **state)
{
    (void)state;
    int64_t ids = next_id();
    for (int i = 0; i < 2; i++, base += 9)
        assert_ok(write_now(take_some));
    struct account a = row_of(accounts[0]);
    assert_int_equal(a.seq, base);
    assert_int_equal(a.used_items, 4);
    assert_int_equal(a.used_bytes, 200);
    assert_int_equal(next_id(), ids + 26);
}

static enum status take_and_fail(void *ctx, struct tx *tx)
{
    enum status st = take_some(ctx, tx);
    return st == OK ? PRECONDITION : st;
}

static void a_closure_that_fails_takes_none(void **state)
{
    (void)state;
    int64_t ids = next_id();
    assert_status(write_now(take_and_fail), PRECONDITION);
    assert_int_equal(row_of(accounts[0]).seq, base);
    assert_int_equal(next_id(), ids);
    assert_ok(write_now(take_some));
    assert_int_equal(next_id(), ids + 13);
}

/* ---- steps that are undone ---- */

static enum status step_that_fails(void *ctx, struct tx *tx)
{
    int64_t n, id;
    int64_t *seen = ctx;
    assert_ok(account_charge(tx, accounts[0], 1, 1000, &seen[0]));
    assert_ok(tx_new_id(tx, 0, 0, &seen[1]));
    assert_ok(tx_seq_next(tx, accounts[1], &n)); /* one that nobody had before */
    assert_ok(tx_settle(tx));                    /* and all of it was in the rows */
    assert_ok(tx_seq_next(tx, accounts[0], &n));
    assert_ok(tx_new_id(tx, 0, 0, &id));
    return INVALID;
}

static enum status step_that_holds(void *ctx, struct tx *tx)
{
    int64_t *seen = ctx;
    enum status st = account_charge(tx, accounts[0], 1, 10, &seen[0]);
    return st == OK ? tx_new_id(tx, 0, 0, &seen[1]) : st;
}

static enum status with_steps(void *ctx, struct tx *tx)
{
    int64_t n, id, failed[2], held[2];
    (void)ctx;
    assert_ok(account_charge(tx, accounts[0], 1, 5, &n));
    assert_ok(tx_new_id(tx, 0, 0, &id));
    for (int i = 1; i <= 3; i++) {
        assert_status(tx_nested(tx, step_that_fails, failed), INVALID);
        assert_ok(tx_nested(tx, step_that_holds, held));
        assert_int_equal(failed[0], n + i);
        assert_int_equal(held[0], n + i); /* its rows are gone: it is free again */
        assert_int_equal(failed[1], id + i * 64);
        assert_int_equal(held[1], id + i * 64);
    }
    return OK;
}

static void a_step_that_is_undone_gives_back(void **state)
{
    (void)state;
    assert_ok(write_now(with_steps));
    struct account a = row_of(accounts[0]);
    assert_int_equal(a.seq, base + 4);
    assert_int_equal(a.used_items, 4);
    assert_int_equal(a.used_bytes, 35);
    assert_int_equal(row_of(accounts[1]).seq, base);
}

/* ---- many accounts, and rows that are read amid it ---- */

static enum status all_in_turn(void *ctx, struct tx *tx)
{
    (void)ctx;
    for (int round = 1; round <= 3; round++)
        for (int i = 0; i < ACCOUNTS; i++) {
            int64_t n;
            assert_ok(account_charge(tx, accounts[i], 1, i, &n));
            assert_int_equal(n, base + round);
        }
    return OK;
}

static void more_accounts_than_are_held(void **state)
{
    (void)state;
    assert_true((int)ACCOUNTS > (int)LINES_MOST);
    assert_ok(write_now(all_in_turn));
    for (int i = 0; i < ACCOUNTS; i++) {
        struct account a = row_of(accounts[i]);
        assert_int_equal(a.seq, base + 3);
        assert_int_equal(a.used_items, 3);
        assert_int_equal(a.used_bytes, 3 * i);
    }
}

static enum status look_between(void *ctx, struct tx *tx)
{
    struct account a;
    int64_t n;
    (void)ctx;
    assert_ok(account_charge(tx, accounts[0], 1, 70, &n));
    assert_ok(account_get(tx, accounts[0], &a));
    assert_int_equal(a.seq, n);
    assert_int_equal(a.used_bytes, 70);
    assert_ok(tx_account_quota(tx, accounts[0], 100));
    assert_ok(account_charge(tx, accounts[0], 1, 30, &n));
    assert_status(account_charge(tx, accounts[0], 1, 1, &n), OVER_QUOTA);
    assert_ok(account_charge(tx, accounts[0], -1, -1, &n)); /* less is always possible */
    assert_ok(tx_account_quota(tx, accounts[0], 0));
    return account_charge(tx, accounts[0], 1, 1000, &n);
}

static void rows_are_not_behind(void **state)
{
    (void)state;
    assert_ok(write_now(look_between));
    struct account a = row_of(accounts[0]);
    assert_int_equal(a.quota, 0);
    assert_int_equal(a.used_bytes, 1100);
    assert_int_equal(a.used_items, 3);
}

static enum status take_of_the_dead(void *ctx, struct tx *tx)
{
    int64_t n;
    (void)ctx;
    assert_ok(tx_seq_next(tx, accounts[0], &n));
    assert_ok(tx_account_purge(tx, accounts[0]));
    return tx_seq_next(tx, accounts[0], &n);
}

static void who_is_gone_has_no_numbers(void **state)
{
    (void)state;
    assert_status(write_now(take_of_the_dead), NOT_FOUND);
}

static enum status take_wrongly(void *ctx, struct tx *tx)
{
    int64_t n;
    (void)ctx;
    assert_status(tx_seq_take(tx, accounts[0], 0, &n), E_INTERNAL);
    assert_status(tx_ids_take(tx, 0, 0, &n), E_INTERNAL);
    assert_status(tx_new_id(tx, SLOT_MAIN, 0, &n), E_INTERNAL);
    assert_status(tx_seq_next(tx, 64 * 5000, &n), NOT_FOUND);
    return OK;
}

static void nothing_is_taken_wrongly(void **state)
{
    (void)state;
    int64_t n;
    assert_ok(write_now(take_wrongly));
    assert_int_equal(row_of(accounts[0]).seq, base);
    SCOPED_READ(tx, f.store);
    assert_status(tx_seq_next(tx, accounts[0], &n), E_INTERNAL);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(they_follow_each_other),
        CASE(a_closure_that_fails_takes_none),
        CASE(a_step_that_is_undone_gives_back),
        CASE(more_accounts_than_are_held),
        CASE(rows_are_not_behind),
        CASE(who_is_gone_has_no_numbers),
        CASE(nothing_is_taken_wrongly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
