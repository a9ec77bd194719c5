/* Tests of core/loop: order of timers, removal within a round, work posted by other threads. */
#include "tests/unit/test.h"

#include "core/loop.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/socket.h>

struct fixture {
    struct loop *loop;
    struct loop_timer timer[5];
    struct loop_watch watch[2];
    struct loop_post post;
    int order[5], count, called;
};

static struct fixture f;

static int setup(void **state)
{
    (void)state;
    memset(&f, 0, sizeof f);
    return loop_new(&f.loop) == OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    loop_free(f.loop);
    return 0;
}

static void note_timer(struct loop_timer *t)
{
    f.order[f.count++] = (int)(t - f.timer);
    if (f.count == 4)
        loop_stop(f.loop);
}

static void timers_run_in_order_of_time(void **state)
{
    (void)state;
    static const int delays_ms[] = {30, 10, 20, 5, 1};
    for (int i = 0; i < 5; i++) {
        f.timer[i].fn = note_timer;
        assert_ok(loop_arm(f.loop, &f.timer[i], delays_ms[i] * 1000));
    }
    loop_cancel(f.loop, &f.timer[2]);
    loop_cancel(f.loop, &f.timer[2]);
    assert_ok(loop_arm(f.loop, &f.timer[4], 15000)); /* moved */
    loop_run(f.loop);
    static const int wanted[] = {3, 1, 4, 0};
    assert_memory_equal(f.order, wanted, sizeof wanted);
}

static void remove_both(struct loop_watch *w, uint32_t events)
{
    (void)w;
    assert_true(events & EPOLLIN);
    f.called++;
    loop_remove(f.loop, &f.watch[0]);
    loop_remove(f.loop, &f.watch[1]);
    loop_stop(f.loop);
}

static void a_removed_watch_is_not_called_in_the_same_round(void **state)
{
    (void)state;
    int pair[2][2];
    for (int i = 0; i < 2; i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair[i]), 0);
        f.watch[i] = (struct loop_watch){.fd = pair[i][0], .fn = remove_both};
        assert_ok(loop_add(f.loop, &f.watch[i], EPOLLIN));
        assert_int_equal(write(pair[i][1], "x", 1), 1);
    }
    loop_run(f.loop);
    assert_int_equal(f.called, 1);
    for (int i = 0; i < 4; i++)
        close(pair[i / 2][i % 2]);
}

static void count_post(struct loop_post *p)
{
    (void)p;
    f.called++;
}

static void *other_thread(void *arg)
{
    loop_post(f.loop, arg);
    loop_stop(f.loop);
    return NULL;
}

static void posted_work_runs_before_the_end(void **state)
{
    (void)state;
    pthread_t thread;
    f.post.fn = count_post;
    assert_int_equal(pthread_create(&thread, NULL, other_thread, &f.post), 0);
    loop_run(f.loop);
    pthread_join(thread, NULL);
    assert_int_equal(f.called, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(timers_run_in_order_of_time, setup, teardown),
        cmocka_unit_test_setup_teardown(a_removed_watch_is_not_called_in_the_same_round, setup, teardown),
        cmocka_unit_test_setup_teardown(posted_work_runs_before_the_end, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
