/* Log-ins as a whole phone meets them: message by message, over the engine. The verdicts by themselves are in test_syncml_auth.c. */
#include "tests/unit/syncml_rig.h"

static struct rig rig;
static struct dev d;

static int setup(void **state)
{
    (void)state;
    rig_start(&rig, NULL);
    dev_init(&d, &rig, "IMEI:1");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dev_free(&d);
    rig_stop(&rig);
    return 0;
}

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_mac, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mac_wrong, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
