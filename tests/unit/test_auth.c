/* Tests of log-in: the cache, throttling, app passwords, states, master users; and of what counts at once. */
#include "tests/unit/store_fixture.h"

#include "core/clock.h"
#include "directory/credential.h"
#include "directory/directory.h"
#include "directory/internal.h"
#include "directory/login_cache.h"

#include <pthread.h>

struct world {
    struct fixture f;
    struct conf *conf;
    struct directory *d;
    void *block;
    struct login_cache *cache;
    int64_t alice, bob;
};

#define NOW 1800000000

struct seed {
    struct write w;
    const char *address, *password;
    int64_t id;
};

static enum status seed_run(struct write *w, struct tx *tx)
{
    struct seed *s = CONTAINER_OF(w, struct seed, w);
    struct principal p = {.kind = PRINCIPAL_USER,
                          .source = STR("local"),
                          .name = STR("Some Body"),
                          .state = PRINCIPAL_ACTIVE,
                          .lang = STR("en"),
                          .address = str_c(s->address)};
    SCOPED_BUF(data, CREDENTIAL_BYTES);
    enum status st = tx_principal_create(tx, &p);
    s->id = p.id;
    if (st == OK && s->password)
        st = password_make(str_c(s->password), &data);
    struct credential c = {
        .kind = CREDENTIAL_ARGON2, .scope = SCOPE_ALL, .label = STR(""), .data = buf_view(&data)};
    return st == OK && s->password ? tx_credential_add(tx, p.id, &c) : st;
}

static int64_t seed(struct world *w, const char *address, const char *password)
{
    struct seed s = {.w = {.run = seed_run, .bytes = 100}, .address = address, .password = password};
    assert_ok(directory_write(w->d, &s.w));
    return s.id;
}

static void open_directory(struct world *w)
{
    SCOPED_BUF(why, 4096);
    struct directory_config config = {.conf = w->conf, .cache = w->cache};
    if (directory_open(w->f.store, &config, &w->d, &why) != OK)
        fail_msg("%s", buf_c(&why));
}

static void start(struct world *w, const char *extra)
{
    SCOPED_BUF(text, 4096);
    SCOPED_BUF(why, 4096);
    *w = (struct world){0};
    fixture_start(&w->f, 1);
    buf_addf(&text, "[server]\nhostname = mail.example.test\ndata = /d\ndomains = example.test\n%s", extra);
    assert_ok(conf_parse(buf_view(&text), "t", &w->conf, &why));
    w->block = aligned_alloc(4096, LOGIN_CACHE_BYTES);
    memset(w->block, 0, LOGIN_CACHE_BYTES);
    assert_ok(login_cache_open(w->block, &w->cache));
    open_directory(w);
    clock_set(NOW);
    w->alice = seed(w, "alice@example.test", "secret");
    w->bob = seed(w, "bob@example.test", NULL);
}

static void stop(struct world *w)
{
    directory_close(w->d);
    login_cache_close(w->cache);
    free(w->block);
    conf_unref(w->conf);
    fixture_end(&w->f);
    clock_set(0);
}

/* As a front does it: *cached says that auth_try decided. */
static enum status login_from(struct world *w, const char *user, const char *password, const char *peer,
                              enum scope scope, bool *cached, struct login *out, struct arena *a)
{
    struct auth_request req = {.user = str_c(user),
                               .password = str_c(password),
                               .peer = str_c(peer),
                               .scope = scope,
                               .secure = true};
    req.honours_read_only = strcmp(peer, "unsafe") != 0;
    enum status st = auth_try(w->d, &req, a, out, cached);
    return *cached ? st : auth_verify(w->d, &req, a, out);
}

static enum status login(struct world *w, const char *user, const char *password, bool *cached)
{
    SCOPED_ARENA(a, 1 << 20);
    struct login l;
    return login_from(w, user, password, "192.0.2.1", SCOPE_DAV, cached, &l, &a);
}

static void a_log_in_is_hashed_once(void **state)
{
    (void)state;
    struct world w;
    bool cached;
    start(&w, "");
    SCOPED_ARENA(a, 1 << 20);
    struct login l;
    assert_ok(login_from(&w, "Alice@Example.TEST", "secret", "::1", SCOPE_DAV, &cached, &l, &a));
    assert_false(cached);
    assert_true(l.actor.id == w.alice);
    assert_str(l.address, "alice@example.test");
    assert_str(l.name, "Some Body");
    assert_true(l.credential == 0 && !l.actor.read_only && !l.actor.system);
    assert_ok(login_from(&w, "Alice@Example.TEST", "secret", "::1", SCOPE_DAV, &cached, &l, &a));
    assert_true(cached);
    assert_true(l.actor.id == w.alice);
    assert_str(l.address, "alice@example.test");
    assert_ok(login(&w, "alice", "secret", &cached)); /* another spelling is another entry */
    assert_false(cached);
    clock_set(NOW + 3601); /* auth.cache_time is an hour */
    assert_ok(login(&w, "alice", "secret", &cached));
    assert_false(cached);
    stop(&w);
}

static void wrong_ones_are_refused(void **state)
{
    (void)state;
    struct world w;
    bool cached;
    start(&w, "");
    static char long_one[2000];
    memset(long_one, 'x', sizeof long_one - 1);
    const char *const cases[][2] = {
        {"alice@example.test", "Secret"},
        {"nobody@example.test", "secret"},
        {"bob@example.test", "secret"},
        {"bob@example.test", ""},
        {"", "secret"},
        {"\x01", "secret"},
        {"alice@example.test", long_one},
        {long_one, "secret"},
        {"alice@elsewhere.test", "secret"},
        {"alice*alice", "secret"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        SCOPED_ARENA(a, 1 << 20);
        struct login l;
        SCOPED_BUF(peer, 32);
        buf_addf(&peer, "192.0.2.%zu", i);
        enum status st = login_from(&w, cases[i][0], cases[i][1], buf_c(&peer), SCOPE_DAV, &cached, &l, &a);
        assert_true(st == UNAUTHENTICATED || st == DENIED);
    }
    struct auth_request plain = {
        .user = STR("alice"), .password = STR("secret"), .peer = STR("x"), .scope = SCOPE_DAV};
    SCOPED_ARENA(a, 1 << 20);
    struct login l;
    assert_status(auth_try(w.d, &plain, &a, &l, &cached), DENIED);
    assert_true(cached);
    stop(&w);
}

static void survives_the_process(void **state)
{
    (void)state;
    struct world w;
    bool cached;
    start(&w, "");
    assert_ok(login(&w, "alice", "secret", &cached));
    assert_status(login(&w, "alice", "wrong", &cached), UNAUTHENTICATED);
    directory_close(w.d);
    login_cache_close(w.cache);
    assert_ok(login_cache_open(w.block, &w.cache));
    open_directory(&w);
    assert_ok(login(&w, "alice", "secret", &cached));
    assert_true(cached);
    assert_status(login(&w, "alice", "wrong", &cached), UNAUTHENTICATED);
    assert_false(cached); /* wrong ones are judged anew */
    stop(&w);
}

struct change {
    struct write w;
    int64_t id;
    const char *password;
    enum principal_state state;
};

static enum status change_run(struct write *w, struct tx *tx)
{
    const struct change *c = CONTAINER_OF(w, struct change, w);
    SCOPED_BUF(data, CREDENTIAL_BYTES);
    if (c->state)
        return tx_principal_update(tx, c->id, STR_NONE, c->state, STR_NONE);
    enum status st = tx_credential_remove_kind(tx, c->id, CREDENTIAL_ARGON2);
    if (st == OK)
        st = password_make(str_c(c->password), &data);
    struct credential row = {
        .kind = CREDENTIAL_ARGON2, .scope = SCOPE_ALL, .label = STR(""), .data = buf_view(&data)};
    return st == OK ? tx_credential_add(tx, c->id, &row) : st;
}

static void change(struct world *w, int64_t id, const char *password, enum principal_state state)
{
    struct change c = {
        .w = {.run = change_run, .bytes = 100}, .id = id, .password = password, .state = state};
    assert_ok(directory_write(w->d, &c.w));
}

static void changes_count_at_once(void **state)
{
    (void)state;
    struct world w;
    bool cached;
    start(&w, "");
    assert_ok(login(&w, "alice", "secret", &cached));
    assert_status(login(&w, "alice", "newer", &cached), UNAUTHENTICATED);
    change(&w, w.alice, "newer", 0);
    assert_status(login(&w, "alice", "secret", &cached), UNAUTHENTICATED);
    assert_ok(login(&w, "alice", "newer", &cached)); /* though it was remembered as wrong */
    change(&w, w.alice, NULL, PRINCIPAL_DISABLED);
    assert_status(login(&w, "alice", "newer", &cached), DENIED);
    change(&w, w.alice, NULL, PRINCIPAL_ACTIVE);
    assert_ok(login(&w, "alice", "newer", &cached));
    change(&w, w.alice, NULL, PRINCIPAL_DELETED);
    assert_true(login(&w, "alice", "newer", &cached) > 0);
    stop(&w);
}

static void app_passwords_have_scope_and_end(void **state)
{
    (void)state;
    struct world w;
    bool cached;
    start(&w, "");
    SCOPED_BUF(password, 100);
    SCOPED_ARENA(a, 1 << 20);
    struct login l;
    assert_status(app_password_add(w.d, w.bob, STR(""), SCOPE_DAV, 0, &password), INVALID);
    assert_status(app_password_add(w.d, w.bob, STR("x"), 0, 0, &password), INVALID);
    assert_status(app_password_add(w.d, w.bob, STR("x"), SCOPE_DAV, NOW, &password), INVALID);
    assert_ok(app_password_add(w.d, w.bob, STR("phone"), SCOPE_DAV, NOW + 5000, &password));
    const char *text = buf_c(&password);
    assert_ok(login_from(&w, "bob", text, "::1", SCOPE_DAV, &cached, &l, &a));
    assert_false(cached);
    assert_true(l.actor.id == w.bob && l.credential != 0);
    assert_ok(login_from(&w, "bob", text, "::1", SCOPE_DAV, &cached, &l, &a));
    assert_true(cached);
    assert_status(login_from(&w, "bob", text, "::1", SCOPE_MAIL, &cached, &l, &a), DENIED);
    assert_true(login_from(&w, "alice", text, "::1", SCOPE_DAV, &cached, &l, &a) > 0); /* it is Bob's */
    clock_set(NOW + 4999);
    assert_ok(login_from(&w, "bob", text, "::1", SCOPE_DAV, &cached, &l, &a));
    clock_set(NOW + 5000);
    assert_true(login_from(&w, "bob", text, "::1", SCOPE_DAV, &cached, &l, &a) > 0);
    buf_clear(&password);
    assert_ok(app_password_add(w.d, w.bob, STR("tablet"), SCOPE_ALL, 0, &password));
    text = buf_c(&password);
    assert_ok(login_from(&w, "bob", text, "::2", SCOPE_MAIL, &cached, &l, &a));

    struct credential *rows;
    size_t count;
    struct tx *tx = store_read(w.f.store);
    assert_ok(app_password_list(w.d, tx, &a, w.bob, &rows, &count));
    store_read_end(tx);
    assert_int_equal(count, 2);
    assert_str(rows[0].label, "phone");
    assert_str(rows[1].label, "tablet");
    assert_true(memmem(rows[0].data.p, rows[0].data.n, text, 4) == NULL);
    assert_status(app_password_revoke(w.d, w.alice, rows[1].id), NOT_FOUND);
    assert_ok(app_password_revoke(w.d, w.bob, rows[1].id));
    assert_true(login_from(&w, "bob", text, "::2", SCOPE_MAIL, &cached, &l, &a) > 0);
    assert_status(app_password_revoke(w.d, w.bob, rows[1].id), NOT_FOUND);
    stop(&w);
}

static void guessing_is_throttled(void **state)
{
    (void)state;
    struct world w;
    bool cached;
    SCOPED_ARENA(a, 1 << 20);
    struct login l;
    start(&w, "[auth]\nfailures_account = 3\nfailures_address = 5\nfailure_window = 100\n");
    const char *const guesses[] = {"a", "b", "c"};
    assert_ok(login_from(&w, "alice@example.test", "secret", "192.0.2.1", SCOPE_DAV, &cached, &l, &a));
    for (size_t i = 0; i < 3; i++)
        assert_status(login(&w, "alice", guesses[i], &cached), UNAUTHENTICATED);
    assert_status(login(&w, "alice", "d", &cached), THROTTLED);
    assert_true(cached);
    struct auth_request req = {.user = STR("alice"),
                               .password = STR("d"),
                               .peer = STR("192.0.2.1"),
                               .scope = SCOPE_DAV,
                               .secure = true};
    assert_int_equal(auth_retry_after(w.d, &req), 100);
    assert_status(login(&w, "alice", "secret", &cached),
                  THROTTLED); /* not verified before from this spelling */
    /* verified before: answered from the cache, whatever happens around it */
    assert_ok(login_from(&w, "alice@example.test", "secret", "192.0.2.1", SCOPE_DAV, &cached, &l, &a));
    assert_true(cached);
    /* and from elsewhere it always works */
    assert_ok(login_from(&w, "alice", "secret", "192.0.2.2", SCOPE_DAV, &cached, &l, &a));
    clock_set(NOW + 100);
    assert_ok(login(&w, "alice", "secret", &cached));
    stop(&w);
}

static void the_same_wrong_password_counts_by_itself(void **state)
{
    (void)state;
    struct world w;
    bool cached;
    start(&w, "[auth]\nfailures_account = 3\nfailure_window = 100\n");
    assert_status(login(&w, "alice", "old", &cached), UNAUTHENTICATED);
    assert_false(cached);
    for (int i = 0; i < 3; i++) {
        assert_status(login(&w, "alice", "old", &cached), UNAUTHENTICATED);
        assert_true(cached); /* no hash */
    }
    assert_status(login(&w, "alice", "old", &cached), THROTTLED);
    struct auth_request req = {.user = STR("alice"),
                               .password = STR("old"),
                               .peer = STR("192.0.2.1"),
                               .scope = SCOPE_DAV,
                               .secure = true};
    assert_int_equal(auth_retry_after(w.d, &req), 100);
    assert_ok(login(&w, "alice", "secret", &cached)); /* the device beside it is not harmed */
    stop(&w);
}

static void masters_read_only(void **state)
{
    (void)state;
    struct world w;
    bool cached;
    SCOPED_ARENA(a, 1 << 20);
    struct login l;
    start(&w, "[auth]\nmaster_users = Backup@example.test\n");
    seed(&w, "backup@example.test", "master key");
    assert_status(login_from(&w, "bob*backup", "master key", "unsafe", SCOPE_DAV, &cached, &l, &a), DENIED);
    clock_set(NOW + 1000); /* when that refusal is forgotten */
    assert_ok(login_from(&w, "bob*backup", "master key", "::1", SCOPE_DAV, &cached, &l, &a));
    assert_true(l.actor.id == w.bob && l.actor.read_only);
    assert_str(l.address, "bob@example.test");
    assert_ok(login_from(&w, "bob@example.test*backup@example.test", "master key", "::1", SCOPE_DAV, &cached,
                         &l, &a));
    assert_true(login_from(&w, "bob*alice", "secret", "::1", SCOPE_DAV, &cached, &l, &a) > 0);
    assert_true(login_from(&w, "bob*backup", "secret", "::1", SCOPE_DAV, &cached, &l, &a) > 0);
    assert_true(login_from(&w, "nobody*backup", "master key", "::1", SCOPE_DAV, &cached, &l, &a) > 0);
    assert_ok(login_from(&w, "backup", "master key", "::2", SCOPE_DAV, &cached, &l, &a));
    assert_false(l.actor.read_only);
    stop(&w);
}

static void reload_takes_effect_or_leaves_all_as_it_was(void **state)
{
    (void)state;
    struct world w;
    SCOPED_BUF(why, 4096);
    struct conf *next;
    SCOPED_ARENA(a, 1 << 16);
    struct str out;
    start(&w, "");
    assert_ok(conf_parse(STR("[server]\nhostname = h.other.test\ndata = /d\ndomains = other.test\n"), "t",
                         &next, &why));
    assert_ok(directory_reload(w.d, next));
    conf_unref(next);
    assert_ok(address_normalise(directory_domains(w.d), &a, STR("x"), &out));
    assert_str(out, "x@other.test");
    assert_ok(conf_parse(
        STR("[server]\nhostname = h\ndata = /d\n[auth]\ndirectories = ad\n[directory ad]\ntype = paper\n"),
        "t", &next, &why));
    assert_status(directory_reload(w.d, next), INVALID);
    conf_unref(next);
    assert_str(directory_domains(w.d)->own[0], "other.test");
    stop(&w);
}

struct storm {
    struct world *w;
    int failed;
};

static void *log_in_often(void *arg)
{
    struct storm *s = arg;
    bool cached;
    for (int i = 0; i < 40; i++)
        s->failed += login(s->w, "alice", "secret", &cached) != OK;
    return NULL;
}

static void many_at_once_are_one_hash_or_two(void **state)
{
    (void)state;
    enum { THREADS = 8 };
    struct world w;
    struct storm storms[THREADS];
    pthread_t threads[THREADS];
    start(&w, "");
    for (int i = 0; i < THREADS; i++) {
        storms[i] = (struct storm){.w = &w};
        assert_int_equal(pthread_create(&threads[i], NULL, log_in_often, &storms[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(storms[i].failed, 0);
    }
    stop(&w);
}

/* Printed for the record; only an order of magnitude is asserted, since the sanitizers slow it down. */
static void a_cached_log_in_costs_microseconds(void **state)
{
    (void)state;
    enum { ROUNDS = 20000 };
    struct world w;
    bool cached = true;
    start(&w, "");
    int64_t before = clock_mono_us();
    assert_ok(login(&w, "alice", "secret", &cached));
    int64_t hash = clock_mono_us() - before;
    SCOPED_ARENA(a, 1 << 20);
    struct login l;
    struct auth_request req = {.user = STR("alice"),
                               .password = STR("secret"),
                               .peer = STR("192.0.2.1"),
                               .scope = SCOPE_DAV,
                               .secure = true};
    before = clock_mono_us();
    for (int i = 0; i < ROUNDS; i++) {
        arena_reset(&a);
        assert_true(auth_try(w.d, &req, &a, &l, &cached) == OK && cached);
    }
    int64_t total = clock_mono_us() - before;
    print_message("verified in %lld us; cached auth_try %.2f us\n", (long long)hash, (double)total / ROUNDS);
    assert_true(total / ROUNDS < 100);
    stop(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_in_is_hashed_once),
        cmocka_unit_test(wrong_ones_are_refused),
        cmocka_unit_test(survives_the_process),
        cmocka_unit_test(changes_count_at_once),
        cmocka_unit_test(app_passwords_have_scope_and_end),
        cmocka_unit_test(guessing_is_throttled),
        cmocka_unit_test(the_same_wrong_password_counts_by_itself),
        cmocka_unit_test(masters_read_only),
        cmocka_unit_test(reload_takes_effect_or_leaves_all_as_it_was),
        cmocka_unit_test(many_at_once_are_one_hash_or_two),
        cmocka_unit_test(a_cached_log_in_costs_microseconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
