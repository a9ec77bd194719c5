/* Log-ins as a whole phone meets them: message by message, over the engine. The verdicts by themselves are in test_syncml_auth.c. */
#include "core/log.h"
#include "tests/unit/syncml_stall.h"

/* A first message with an Alert: the SyncHdr's Status. */
static int knock(void)
{
    struct sml_out o;
    dev_start(&d);
    dev_begin(&d, &o);
    dev_alert(&d, &o, 201);
    dev_send(&d, &o, true);
    return dev_status(&d, "SyncHdr", 0);
}

/* ---- MAC ---- */

static int next(void)
{
    struct sml_out o;
    dev_begin(&d, &o);
    dev_say(&d, &o);
    dev_send(&d, &o, false);
    return dev_status(&d, "SyncHdr", 0);
}

/* Each message over the nonce that the answer before told, over many messages and sessions. */
static void test_mac(void **state)
{
    (void)state;
    d.mac = true;
    assert_int_equal(knock(), 401);
    for (int session = 0; session < 3; session++) {
        assert_int_equal(knock(), 200);
        for (int i = 0; i < 5; i++) {
            char before[sizeof d.nonce];
            memcpy(before, d.nonce, sizeof before);
            assert_int_equal(next(), 200);
            assert_memory_not_equal(before, d.nonce, d.nonce_bytes);
        }
    }
    dev_card(&d, NULL, "Ann", "1");
    assert_true(dev_sync(&d, 201));
    assert_int_equal(cards(&rig, "Ann Test"), 1);
}

/* A message that does not prove itself ends the session, and the phone's next nonce is still good. */
static void test_mac_wrong(void **state)
{
    (void)state;
    struct sml_out o;
    char good[sizeof d.nonce];
    d.mac = true;
    knock();
    assert_int_equal(knock(), 200);
    assert_int_equal(next(), 200);
    memcpy(good, d.nonce, sizeof good);
    d.nonce[0] ^= 1;
    assert_int_equal(next(), 401);
    assert_memory_equal(d.nonce, good, d.nonce_bytes); /* it is told again */
    d.mac = false;
    dev_begin(&d, &o);
    assert_true(dev_send(&d, &o, false));
    assert_true(dev_status(&d, "SyncHdr", 0) >= 400);
    d.mac = true;
    memcpy(d.nonce, good, sizeof good);
    assert_int_equal(knock(), 200);
}

/* ---- guessing ---- */

/* How often it stands in the log. */
static int logged(const char *path, const char *what)
{
    static char text[1 << 16];
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = 0;
    int count = 0;
    for (const char *at = text; (at = strstr(at, what)); at++)
        count++;
    return count;
}

/* A failure is one line in the log, and counts for every protocol; who has failed too often is told to come later, whatever he sends. */
static void test_throttled(void **state)
{
    bool mac = *state != NULL;
    char good[sizeof rig.app], path[] = "/tmp/scambio-log-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    log_setup(LOG_LEVEL_WARNING, false, fd);
    snprintf(good, sizeof good, "%s", rig.app);
    d.mac = mac;
    if (mac)
        knock(); /* for a nonce */
    for (int i = 1; i <= 10; i++) {
        snprintf(rig.app, sizeof rig.app, "wrong-%d", i);
        assert_int_equal(knock(), 401);
        assert_int_equal(dev_status(&d, "Alert", 0), 401);
        assert_int_equal(logged(path, "login-failed"), i);
    }
    snprintf(rig.app, sizeof rig.app, "%s", good);
    assert_int_equal(knock(), 503);
    assert_int_equal(d.http, 200);
    assert_int_equal(dev_status(&d, "Alert", 0), 503);
    assert_true(d.retry_after > 0 && d.retry_after <= 300);
    assert_false(d.in.resp_uri.n);
    assert_int_equal(logged(path, "login-failed"), 10);
    SCOPED_ARENA(a, 1 << 20);
    struct login login;
    bool decided;
    struct auth_request dav = {.user = STR("alice@example.test"),
                               .password = str_c(good),
                               .peer = STR("127.0.0.1"),
                               .scope = SCOPE_DAV,
                               .secure = true};
    assert_status(auth_try(rig.w.directory, &dav, &a, &login, &decided), THROTTLED);
    dav.peer = STR("192.0.2.1"); /* from elsewhere nobody is held up */
    assert_status(auth_try(rig.w.directory, &dav, &a, &login, &decided), OK);
    log_setup(LOG_LEVEL_WARNING, false, 2);
    close(fd);
    unlink(path);
}

/* And failures elsewhere hold up phones. */
static void test_throttled_elsewhere(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    struct login login;
    for (int i = 0; i < 10; i++) {
        struct auth_request dav = {.user = STR("alice@example.test"),
                                   .password = arena_strf(&a, "wrong-%d", i),
                                   .peer = STR("127.0.0.1"),
                                   .scope = SCOPE_DAV,
                                   .secure = true};
        assert_status(auth_verify(rig.w.directory, &dav, &a, &login), UNAUTHENTICATED);
    }
    assert_int_equal(knock(), 503);
    assert_true(d.retry_after > 0);
}

/* ---- two sessions of one device at once ---- */

/* The newer one has to wait only while the older is inside of a request; then it wins. */
static void test_busy(void **state)
{
    (void)state;
    struct stall s = {0};
    struct dev newer;
    struct sml_out o;
    dev_card(&d, NULL, "Older", "2");
    assert_int_equal(knock(), 212);
    dev_take(&d);
    stall_begin(&s);
    dev_init(&newer, &rig, d.id);
    newer.session = 100;
    dev_start(&newer);
    dev_begin(&newer, &o);
    assert_true(dev_send(&newer, &o, true));
    assert_int_equal(dev_status(&newer, "SyncHdr", 0), 417);
    stall_end(&s);
    assert_int_equal(dev_status(&d, "Add", 0), 201);
    dev_card(&newer, NULL, "Ann", "1");
    assert_true(dev_sync(&newer, 201));
    assert_int_equal(next(), 407); /* the older one is over */
    dev_free(&newer);
}

static int setup_mac(void **state)
{
    setup(state);
    *state = &rig;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RULE(test_mac),
        RULE(test_mac_wrong),
        RULE(test_throttled),
        cmocka_unit_test_setup_teardown(test_throttled, setup_mac, teardown),
        RULE(test_throttled_elsewhere),
        RULE(test_busy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
