/* Tests of the cache of verified log-ins: finds, forgets, survives its process and torn writes, keeps what
 * matters. */
#include "tests/unit/test.h"

#include "directory/login_cache.h"

#include <pthread.h>

static const struct login_entry good = {.principal = 96, .credential = 7, .version = 42, .expires = 2000};

static void *new_block(void)
{
    void *p = aligned_alloc(4096, LOGIN_CACHE_BYTES);
    assert_non_null(p);
    memset(p, 0, LOGIN_CACHE_BYTES);
    return p;
}

static void finds_what_was_put(void **state)
{
    (void)state;
    struct login_cache *c;
    struct login_entry e;
    assert_ok(login_cache_open(NULL, &c));
    struct login_tag tag = login_cache_tag(c, STR("alice"), STR("secret"), 1);
    assert_false(login_cache_find(c, tag, 1000, &e));
    login_cache_put(c, tag, 1000, &good);
    assert_true(login_cache_find(c, tag, 1999, &e));
    assert_int_equal(e.principal, 96);
    assert_int_equal(e.credential, 7);
    assert_int_equal(e.version, 42);
    assert_false(e.wrong);
    assert_false(login_cache_find(c, tag, 2000, &e)); /* expired */
    assert_false(login_cache_find(c, login_cache_tag(c, STR("alice"), STR("secret"), 2), 1000, &e));
    assert_false(login_cache_find(c, login_cache_tag(c, STR("alic"), STR("esecret"), 1), 1000, &e));
    login_cache_drop(c, tag);
    assert_false(login_cache_find(c, tag, 1000, &e));
    login_cache_put(c, tag, 1000, &good);
    login_cache_clear(c);
    assert_false(login_cache_find(c, tag, 1000, &e));
    login_cache_close(c);
}

static void oversized_log_ins_are_never_cached(void **state)
{
    (void)state;
    struct login_cache *c;
    struct login_entry e;
    static char big[4000];
    assert_ok(login_cache_open(NULL, &c));
    struct login_tag tag = login_cache_tag(c, STR("alice"), str_n(big, sizeof big), 1);
    login_cache_put(c, tag, 1000, &good);
    assert_false(login_cache_find(c, tag, 1000, &e));
    login_cache_close(c);
}

static void survives_its_process(void **state)
{
    (void)state;
    struct login_cache *c;
    struct login_entry e;
    void *block = new_block();
    assert_ok(login_cache_open(block, &c));
    login_cache_put(c, login_cache_tag(c, STR("alice"), STR("secret"), 1), 1000, &good);
    login_cache_close(c);
    assert_ok(login_cache_open(block, &c)); /* the same memory: key and entries are there */
    assert_true(login_cache_find(c, login_cache_tag(c, STR("alice"), STR("secret"), 1), 1000, &e));
    assert_int_equal(e.version, 42);
    login_cache_close(c);
    assert_null(memmem(block, LOGIN_CACHE_BYTES, "secret", 6)); /* and the password is not */
    free(block);
}

static void a_block_that_is_none_is_begun_anew(void **state)
{
    (void)state;
    struct login_cache *c;
    struct login_entry e;
    unsigned char *block = new_block();
    assert_ok(login_cache_open(block, &c));
    login_cache_put(c, login_cache_tag(c, STR("alice"), STR("secret"), 1), 1000, &good);
    login_cache_close(c);
    block[20] ^= 1; /* a bit of the key: nothing below can be believed */
    assert_ok(login_cache_open(block, &c));
    assert_false(login_cache_find(c, login_cache_tag(c, STR("alice"), STR("secret"), 1), 1000, &e));
    login_cache_put(c, login_cache_tag(c, STR("alice"), STR("secret"), 1), 1000, &good);
    assert_true(login_cache_find(c, login_cache_tag(c, STR("alice"), STR("secret"), 1), 1000, &e));
    login_cache_close(c);
    memset(block, 0xa5, LOGIN_CACHE_BYTES);
    assert_ok(login_cache_open(block, &c));
    assert_false(login_cache_find(c, login_cache_tag(c, STR("alice"), STR("secret"), 1), 1000, &e));
    login_cache_close(c);
    free(block);
}

/* Every single byte of the entry changed in turn, as a write that was cut off leaves it: absent, or (its
 * expiry's own bytes excepted by the check too) never another answer. */
static void torn_entries_count_as_absent(void **state)
{
    (void)state;
    struct login_cache *c;
    struct login_entry e;
    unsigned char *block = new_block(), *at = NULL;
    assert_ok(login_cache_open(block, &c));
    struct login_tag tag = login_cache_tag(c, STR("alice"), STR("secret"), 1);
    login_cache_put(c, tag, 1000, &good);
    for (size_t i = 4096; i < LOGIN_CACHE_BYTES && !at; i += 64)
        for (size_t k = 0; k < 64; k++)
            if (block[i + k]) {
                at = block + i;
                break;
            }
    assert_non_null(at);
    for (size_t k = 0; k < 64; k++) {
        for (int bit = 0; bit < 8; bit++) {
            at[k] ^= (unsigned char)(1U << bit);
            assert_false(login_cache_find(c, tag, 1000, &e));
            at[k] ^= (unsigned char)(1U << bit);
        }
    }
    assert_true(login_cache_find(c, tag, 1000, &e));
    login_cache_close(c);
    free(block);
}

static void wrong_passwords_displace_nobody(void **state)
{
    (void)state;
    enum { USERS = 2000, GUESSES = 60000 };
    struct login_cache *c;
    struct login_entry e, bad = {.wrong = true, .expires = 1030};
    SCOPED_BUF(name, 64);
    size_t kept = 0, before = 0;
    assert_ok(login_cache_open(NULL, &c));
    for (int i = 0; i < USERS; i++) {
        buf_clear(&name);
        buf_addf(&name, "user%d", i);
        login_cache_put(c, login_cache_tag(c, buf_view(&name), STR("x"), 1), 1000, &good);
    }
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < USERS; i++) {
            buf_clear(&name);
            buf_addf(&name, "user%d", i);
            *(pass ? &kept : &before) +=
                login_cache_find(c, login_cache_tag(c, buf_view(&name), STR("x"), 1), 1000, &e);
        }
        for (int i = 0; !pass && i < GUESSES; i++) {
            buf_clear(&name);
            buf_addf(&name, "guess%d", i);
            login_cache_put(c, login_cache_tag(c, STR("alice"), buf_view(&name), 1), 1000, &bad);
        }
    }
    assert_true(before == USERS);
    assert_true(kept == before);
    login_cache_close(c);
}

struct racer {
    struct login_cache *c;
    int id;
    bool bad;
};

static void *race(void *arg)
{
    struct racer *r = arg;
    for (int i = 0; i < 20000; i++) {
        char user[16] = {(char)('a' + i % 7)};
        struct login_tag tag = login_cache_tag(r->c, str_n(user, 1), STR("p"), 1);
        struct login_entry e = {.principal = i % 7 + 1,
                                .credential = i % 7 + 1,
                                .version = 5,
                                .expires = 9999},
                           got;
        if ((i + r->id) % 3 == 0)
            login_cache_put(r->c, tag, 1000, &e);
        if (login_cache_find(r->c, tag, 1000, &got) &&
            (got.principal != e.principal || got.credential != e.credential))
            r->bad = true;
    }
    return NULL;
}

static void threads_see_whole_entries(void **state)
{
    (void)state;
    struct login_cache *c;
    pthread_t threads[4];
    struct racer racers[4];
    assert_ok(login_cache_open(NULL, &c));
    for (int i = 0; i < 4; i++) {
        racers[i] = (struct racer){.c = c, .id = i};
        assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_false(racers[i].bad);
    }
    login_cache_close(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_was_put),           cmocka_unit_test(oversized_log_ins_are_never_cached),
        cmocka_unit_test(survives_its_process),         cmocka_unit_test(a_block_that_is_none_is_begun_anew),
        cmocka_unit_test(torn_entries_count_as_absent), cmocka_unit_test(wrong_passwords_displace_nobody),
        cmocka_unit_test(threads_see_whole_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
