/* Sessions that are resumed (225) by a device that forgot what it had not told yet, or whose last session is not the one on record. */
#include "tests/unit/syncml_rig.h"

static struct rig rig;
static struct dev d;

enum { CARDS = 12 };

static void put_card(int i, const char *tel)
{
    char uid[32], name[32];
    snprintf(uid, sizeof uid, "srv%d", i);
    snprintf(name, sizeof name, "Srv%dx", i);
    store_card(&rig, uid, name, tel);
}

/* A session up to the first of our messages with Adds; they need several. */
static void play_half(int code)
{
    struct sml_out o;
    int at = 0;
    size_t offset = 0;
    d.max_msg = 2600;
    dev_start(&d);
    dev_begin(&d, &o);
    dev_alert(&d, &o, code);
    assert_true(dev_send(&d, &o, true));
    dev_take(&d);
    dev_begin(&d, &o);
    dev_say(&d, &o);
    assert_true(dev_fill(&d, &o, &at, &offset));
    assert_true(dev_send(&d, &o, true));
    dev_take(&d);
    d.max_msg = 100000;
}

/* What came was answered for, and its Maps were to come later: the user breaks off (224). */
static void break_off(void)
{
    struct sml_out o;
    rig_start(&rig, NULL);
    dev_init(&d, &rig, "IMEI:1");
    dev_card(&d, NULL, "Ann", "+39 111");
    assert_true(dev_sync(&d, 201));
    for (int i = 0; i < CARDS; i++)
        put_card(i, "+39 222");
    play_half(200);
    assert_true(d.adds > 1 && d.adds < CARDS);
    assert_non_null(dev_holds(&d, "Srv0x"));
    struct sml_command *c = dev_command(&d, SML_ALERT, 0);
    c->data = STR("224");
    dev_begin(&d, &o);
    d.no_maps = true;
    dev_say(&d, &o);
    d.no_maps = false;
    assert_true(sml_add(&o, c));
    assert_true(dev_send(&d, &o, false));
    assert_int_equal(dev_status(&d, "Alert", 0), 200);
    assert_null(dev_got(&d, SML_SYNC, 0));
}

/* Both sides are the same, and what is changed here replaces what the device has. */
static void judge_of(int count)
{
    assert_true(dev_sync(&d, 200));
    assert_int_equal(dev_count(&d), count);
    assert_int_equal(cards(&rig, NULL), count);
    put_card(0, "+39 333");
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.alert_status, 200);
    assert_int_equal(d.adds + d.deletes, 0);
    assert_int_equal(d.replaces, 1);
    assert_non_null(dev_holds(&d, "+39 333"));
    assert_int_equal(dev_count(&d), count);
    dev_free(&d);
    rig_stop(&rig);
}

static void judge(void)
{
    judge_of(CARDS + 1);
}

/* The session ends well, and yet nobody knows what some items are called there: the next one asks. */
static void test_forgotten_maps(void **state)
{
    (void)state;
    break_off();
    assert_true(dev_sync(&d, 225));
    assert_int_equal(d.alert_status, 200);
    assert_int_equal(d.mode, 200);
    assert_int_equal(dev_count(&d), CARDS + 1);
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.alert_status, 508);
    assert_int_equal(d.adds + d.deletes, 0);
    judge();
}

/* One of them was changed meanwhile: as an Add it would be there twice. */
static void test_forgotten_and_changed(void **state)
{
    (void)state;
    break_off();
    put_card(0, "+39 444");
    assert_true(dev_sync(&d, 225));
    assert_int_equal(d.alert_status, 200);
    assert_int_equal(dev_count(&d), CARDS + 1);
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.alert_status, 508);
    assert_int_equal(d.adds + d.deletes, 0);
    assert_int_equal(d.replaces, 1);
    assert_non_null(dev_holds(&d, "+39 444"));
    judge();
}

/* One was deleted meanwhile: the slow sync does not bring it back. */
static void test_forgotten_and_deleted(void **state)
{
    (void)state;
    break_off();
    store_delete(&rig, "addressbooks/alice@example.test/contacts/srv1.vcf");
    assert_true(dev_sync(&d, 225));
    assert_int_equal(d.alert_status, 200);
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.alert_status, 508);
    assert_int_equal(d.deletes, 1);
    assert_null(dev_holds(&d, "Srv1x"));
    put_card(1, "+39 222");
    judge();
}

/* One was deleted meanwhile and made again under its UID: the device gets it again, and then loses the copy that it had. */
static void test_forgotten_and_made_again(void **state)
{
    (void)state;
    for (int changed = 0; changed < 2; changed++) {
        break_off();
        store_delete(&rig, "addressbooks/alice@example.test/contacts/srv1.vcf");
        put_card(1, "+39 222");
        assert_true(dev_sync(&d, 225));
        assert_int_equal(d.alert_status, 200);
        if (changed)
            put_card(1, "+39 555");
        assert_true(dev_sync(&d, 200));
        assert_int_equal(d.alert_status, 508);
        judge();
    }
}

/* The Maps that were due are told when the session is resumed. */
static void tell_late(void)
{
    struct sml_out o;
    char maps[sizeof d.maps];
    int n = d.map_count;
    memcpy(maps, d.maps, sizeof maps);
    dev_start(&d);
    dev_begin(&d, &o);
    dev_alert(&d, &o, 225);
    memcpy(d.maps, maps, sizeof maps);
    d.map_count = n;
    dev_say(&d, &o);
    assert_true(dev_send(&d, &o, true));
    assert_int_equal(dev_status(&d, "Alert", 0), 200);
    int at = 0;
    size_t offset = 0;
    dev_take(&d);
    dev_begin(&d, &o);
    dev_say(&d, &o);
    assert_true(dev_fill(&d, &o, &at, &offset));
    assert_true(dev_send(&d, &o, true)); /* it is on record with the Sync */
    assert_true(dev_sync(&d, 225));
}

/* A device that remembers tells its Maps when it resumes: nothing is asked for. */
static void test_remembered(void **state)
{
    (void)state;
    break_off();
    tell_late();
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.alert_status, 200);
    assert_int_equal(d.adds + d.replaces + d.deletes, 0);
    judge();
}

/* It remembers Maps, but a slow sync makes an end of them, also one of which the server sees no more than its Alert. */
static void test_remembered_no_longer(void **state)
{
    (void)state;
    break_off();
    tell_late();
    assert_true(dev_sync(&d, 200));
    for (int i = CARDS; i < 2 * CARDS; i++)
        put_card(i, "+39 222");
    play_half(200);
    assert_true(d.adds > 1 && d.adds < CARDS);
    d.cut = 2;
    d.cut_before = true;
    assert_false(dev_sync(&d, 201));
    d.cut = 0;
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.alert_status, 508);
    judge_of(2 * CARDS + 1);
}

/* A two-way sync broke off, then a slow one before its first change came: going on means the slow one, which is not on record. */
static void test_begun_since(void **state)
{
    (void)state;
    for (int alone = 0; alone < 2; alone++) {
        break_off();
        if (!alone) {
            d.cut = 2;
            d.cut_before = true;
            assert_false(dev_sync(&d, 201));
            d.cut = 0;
        }
        assert_true(dev_sync(&d, 225));
        assert_int_equal(d.alert_status, alone ? 200 : 508);
        assert_int_equal(d.mode, alone ? 200 : 201);
        judge();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forgotten_maps),        cmocka_unit_test(test_forgotten_and_changed),
        cmocka_unit_test(test_forgotten_and_deleted), cmocka_unit_test(test_remembered),
        cmocka_unit_test(test_begun_since),           cmocka_unit_test(test_forgotten_and_made_again),
        cmocka_unit_test(test_remembered_no_longer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
