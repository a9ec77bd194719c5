/* tests/unit/test_log.c: lines whole and in order, held or not; what clients send cannot make a line. */
#include "core/log.h"
#include "tests/unit/test.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static int make_file(void)
{
    char name[] = "/tmp/scambio-log-XXXXXX";
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    unlink(name);
    return fd;
}

/* The lines so far, without their times. */
static struct str read_lines(int fd, struct buf *out)
{
    SCOPED_BUF(all, 4 << 20);
    off_t n = lseek(fd, 0, SEEK_CUR);
    char *to = buf_reserve(&all, (size_t)n + 1);
    assert_int_equal(pread(fd, to, (size_t)n, 0), n);
    buf_commit(&all, (size_t)n);
    struct str rest = buf_view(&all), line;
    buf_clear(out);
    while (rest.n && str_split(&rest, '\n', &line)) {
        assert_true(line.n > 25 && line.p[23] == 'Z' && line.p[24] == ' ');
        buf_add(out, str_from(line, 25));
        buf_addc(out, '\n');
    }
    return buf_view(out);
}

static void test_held(void **state)
{
    (void)state;
    int fd = make_file();
    SCOPED_BUF(lines, 4 << 20);
    log_setup(LOG_LEVEL_INFO, false, fd);
    log_info("one");
    assert_str(read_lines(fd, &lines), "info one\n");
    log_hold(true);
    log_info("two");
    log_event(LOG_LEVEL_INFO, "three", &(struct log_field){"a", STR("b")}, 1);
    assert_str(read_lines(fd, &lines), "info one\n");
    log_flush();
    assert_str(read_lines(fd, &lines), "info one\ninfo two\ninfo three a=b\n");
    log_info("four");
    log_warning("five"); /* takes with it what came before */
    assert_str(read_lines(fd, &lines), "info one\ninfo two\ninfo three a=b\ninfo four\nwarning five\n");
    log_info("six");
    log_hold(false);
    log_info("seven");
    assert_true(str_ends(read_lines(fd, &lines), STR("warning five\ninfo six\ninfo seven\n")));
    log_setup(LOG_LEVEL_INFO, false, 2);
    close(fd);
}

/* However much is said between two flushes, it is all there, in order. */
static void test_much(void **state)
{
    (void)state;
    int fd = make_file();
    SCOPED_BUF(lines, 4 << 20);
    SCOPED_BUF(wanted, 4 << 20);
    log_setup(LOG_LEVEL_INFO, false, fd);
    log_hold(true);
    for (int i = 0; i < 5000; i++) {
        log_info("line %d of many", i);
        buf_addf(&wanted, "info line %d of many\n", i);
    }
    log_hold(false);
    assert_true(str_eq(read_lines(fd, &lines), buf_view(&wanted)));
    log_setup(LOG_LEVEL_INFO, false, 2);
    close(fd);
}

static void *say(void *arg)
{
    log_hold(true);
    for (int i = 0; i < 2000; i++) {
        log_info("%s", (const char *)arg);
        if (i % 7 == 0)
            log_flush();
    }
    log_hold(false);
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    static char one[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", two[] = "bbbbbbbbbbbbbbbbb";
    int fd = make_file();
    SCOPED_BUF(lines, 4 << 20);
    pthread_t a, b;
    size_t ones = 0, twos = 0;
    fcntl(fd, F_SETFL, O_APPEND); /* as a log is opened */
    log_setup(LOG_LEVEL_INFO, false, fd);
    pthread_create(&a, NULL, say, one);
    pthread_create(&b, NULL, say, two);
    pthread_join(a, NULL);
    pthread_join(b, NULL);
    struct str rest = read_lines(fd, &lines), line;
    while (rest.n && str_split(&rest, '\n', &line)) {
        ones += str_eq(line, STR("info aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
        twos += str_eq(line, STR("info bbbbbbbbbbbbbbbbb"));
    }
    assert_int_equal(ones, 2000);
    assert_int_equal(twos, 2000);
    log_setup(LOG_LEVEL_INFO, false, 2);
    close(fd);
}

static void test_hostile(void **state)
{
    (void)state;
    int fd = make_file();
    SCOPED_BUF(lines, 1 << 20);
    log_setup(LOG_LEVEL_INFO, false, fd);
    log_event(LOG_LEVEL_INFO, "x", &(struct log_field){"a", STR("b\nc \x1b[0m\xff")}, 1);
    log_info("%s", "d\re");
    assert_str(read_lines(fd, &lines), "info x a=\"b\\x0ac \\x1b[0m?\"\ninfo d\\x0de\n");
    log_setup(LOG_LEVEL_INFO, false, 2);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_held), cmocka_unit_test(test_much),
                                       cmocka_unit_test(test_threads), cmocka_unit_test(test_hostile)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
