/* Tests of throttling: windows, addresses, accounts, the bounded table; and the gate of password hashes. */
#include "tests/unit/test.h"

#include "directory/hash_gate.h"
#include "directory/throttle.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

static const struct throttle_limits limits = {.address = 5, .account = 3, .window = 100};

#define A     STR("192.0.2.1")
#define B     STR("192.0.2.2")
#define ALICE STR("alice@example.test")
#define BOB   STR("bob@example.test")

static struct throttle *fresh(void)
{
    struct throttle *t;
    assert_ok(throttle_new(&t));
    return t;
}

static void failures_make_the_address_wait(void **state)
{
    (void)state;
    struct throttle *t = fresh();
    for (int i = 0; i < 3; i++) {
        assert_int_equal(throttle_wait(t, &limits, A, ALICE, 1000 + i), 0);
        throttle_failed(t, &limits, A, ALICE, 1000 + i);
    }
    assert_int_equal(throttle_wait(t, &limits, A, ALICE, 1010),
                     90); /* until the first is older than the window */
    assert_int_equal(throttle_wait(t, &limits, A, BOB, 1010), 0); /* another account from there */
    assert_int_equal(throttle_wait(t, &limits, B, ALICE, 1010),
                     0); /* Alice from elsewhere: never locked out */
    throttle_failed(t, &limits, A, BOB, 1010);
    throttle_failed(t, &limits, A, BOB, 1010);
    assert_int_equal(throttle_wait(t, &limits, A, STR("carol"), 1010), 90); /* five from the address */
    assert_int_equal(throttle_wait(t, &limits, A, ALICE, 1100), 0);
    throttle_free(t);
}

static void a_window_ends(void **state)
{
    (void)state;
    struct throttle *t = fresh();
    for (int i = 0; i < 10; i++) {
        throttle_failed(t, &limits, A, ALICE, 1000 + 100 * i);
        assert_int_equal(throttle_wait(t, &limits, A, ALICE, 1000 + 100 * i), 0);
    }
    throttle_failed(t, &limits, B, ALICE, 5000);
    assert_int_equal(throttle_wait(t, &limits, B, ALICE, 10), 0); /* the clock was set back */
    throttle_free(t);
}

static void a_good_password_forgives_its_account_only(void **state)
{
    (void)state;
    struct throttle *t = fresh();
    throttle_failed(t, &limits, A, ALICE, 1000);
    throttle_failed(t, &limits, A, ALICE, 1000);
    throttle_good(t, A, ALICE);
    throttle_failed(t, &limits, A, ALICE, 1000);
    throttle_failed(t, &limits, A, ALICE, 1000);
    assert_int_equal(throttle_wait(t, &limits, A, ALICE, 1000), 0);
    throttle_failed(t, &limits, A, BOB, 1000);
    assert_int_equal(throttle_wait(t, &limits, A, BOB, 1000), 100); /* five in all from the address */
    throttle_free(t);
}

static void addresses_are_grouped(void **state)
{
    (void)state;
    static const struct {
        const char *one, *other;
        bool same;
    } cases[] = {
        {"2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true},
        {"2001:db8:1:2::1", "2001:db8:1:3::1", false},
        {"::ffff:192.0.2.7", "192.0.2.7", true},
        {"::ffff:192.0.2.7", "::ffff:192.0.2.8", false},
        {"fe80::1%eth0", "fe80::2%eth1", true},
        {"192.0.2.1", "192.0.2.2", false},
        {"unix", "unix", true},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct throttle *t = fresh();
        for (int k = 0; k < 5; k++)
            throttle_failed(t, &limits, str_c(cases[i].one), ALICE, 1000);
        assert_int_equal(throttle_wait(t, &limits, str_c(cases[i].other), BOB, 1000) > 0, cases[i].same);
        throttle_free(t);
    }
}

static void an_account_gets_hot_from_many_addresses(void **state)
{
    (void)state;
    struct throttle *t = fresh();
    SCOPED_BUF(peer, 64);
    for (int i = 0; i < 3 * THROTTLE_HOT_FACTOR; i++) {
        assert_false(throttle_hot(t, &limits, ALICE, 1000));
        buf_clear(&peer);
        buf_addf(&peer, "198.51.100.%d", i);
        throttle_failed(t, &limits, buf_view(&peer), ALICE, 1000);
    }
    assert_true(throttle_hot(t, &limits, ALICE, 1000));
    assert_false(throttle_hot(t, &limits, BOB, 1000));
    assert_int_equal(throttle_wait(t, &limits, A, ALICE, 1000), 0); /* hot, and still not refused */
    assert_false(throttle_hot(t, &limits, ALICE, 1100));
    throttle_free(t);
}

/* A flood of one-time addresses does not wash away the counter of the one that matters. */
static void the_table_is_bounded_and_keeps_the_worst(void **state)
{
    (void)state;
    struct throttle *t = fresh();
    SCOPED_BUF(peer, 64);
    for (int i = 0; i < 5; i++)
        throttle_failed(t, &limits, A, ALICE, 1000);
    for (int i = 0; i < 50000; i++) {
        buf_clear(&peer);
        buf_addf(&peer, "2001:db8:%x:%x::1", i / 65536, i % 65536);
        throttle_failed(t, &limits, buf_view(&peer), buf_view(&peer), 1001);
    }
    assert_true(throttle_wait(t, &limits, A, ALICE, 1002) > 0);
    throttle_free(t);
}

/* ---- the gate ---- */

struct crowd {
    struct hash_gate *gate;
    atomic_int inside, most, hot_inside, hot_most, refused, entered;
};

struct visitor {
    struct crowd *crowd;
    bool hot;
};

static void raise_to(atomic_int *most, int value)
{
    int seen = atomic_load(most);
    while (value > seen && !atomic_compare_exchange_weak(most, &seen, value))
        ;
}

static void *visit(void *arg)
{
    const struct visitor *v = arg;
    struct crowd *c = v->crowd;
    for (int i = 0; i < 20; i++) {
        if (hash_gate_enter(c->gate, v->hot) != OK) {
            atomic_fetch_add(&c->refused, 1);
            continue;
        }
        raise_to(&c->most, atomic_fetch_add(&c->inside, 1) + 1);
        if (v->hot)
            raise_to(&c->hot_most, atomic_fetch_add(&c->hot_inside, 1) + 1);
        nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
        if (v->hot)
            atomic_fetch_sub(&c->hot_inside, 1);
        atomic_fetch_sub(&c->inside, 1);
        atomic_fetch_add(&c->entered, 1);
        hash_gate_leave(c->gate, v->hot);
    }
    return NULL;
}

static void the_gate_bounds_hashes(void **state)
{
    (void)state;
    enum { VISITORS = 12 };
    struct crowd c = {0};
    struct visitor visitors[VISITORS];
    pthread_t threads[VISITORS];
    assert_ok(hash_gate_new(2, &c.gate));
    for (int i = 0; i < VISITORS; i++) {
        visitors[i] = (struct visitor){&c, i % 3 != 0};
        assert_int_equal(pthread_create(&threads[i], NULL, visit, &visitors[i]), 0);
    }
    for (int i = 0; i < VISITORS; i++)
        pthread_join(threads[i], NULL);
    assert_true(atomic_load(&c.most) <= 2);
    assert_int_equal(atomic_load(&c.hot_most), 1);
    assert_int_equal(atomic_load(&c.entered) + atomic_load(&c.refused), VISITORS * 20);
    assert_true(atomic_load(&c.entered) >= 4 * 20); /* those that are not hot always got in */
    hash_gate_free(c.gate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failures_make_the_address_wait),
        cmocka_unit_test(a_window_ends),
        cmocka_unit_test(a_good_password_forgives_its_account_only),
        cmocka_unit_test(addresses_are_grouped),
        cmocka_unit_test(an_account_gets_hot_from_many_addresses),
        cmocka_unit_test(the_table_is_bounded_and_keeps_the_worst),
        cmocka_unit_test(the_gate_bounds_hashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
