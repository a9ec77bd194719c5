/* Whole sessions: what each type of sync does to both sides. */
#include "tests/unit/syncml_rig.h"

static struct rig rig;

static int setup(void **state)
{
    (void)state;
    rig_start(&rig, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rig_stop(&rig);
    return 0;
}

static void test_first_and_empty(void **state)
{
    (void)state;
    static struct dev d;
    for (int e = 0; e < 2; e++) {
        char id[32];
        snprintf(id, sizeof id, "IMEI:%d", e);
        dev_init(&d, &rig, id);
        d.encoding = e ? SML_WBXML : SML_XML;
        char name[32];
        for (int i = 0; i < 3; i++) {
            snprintf(name, sizeof name, "Name%c%d", 'A' + e, i);
            dev_card(&d, NULL, name, "+39 555");
        }
        assert_true(dev_sync(&d, 201));
        assert_int_equal(d.alert_status, 200);
        assert_int_equal(d.final_status, 212);
        assert_int_equal(d.mode, 201);
        assert_int_equal(d.code_count, 3);
        for (int i = 0; i < 3; i++)
            assert_int_equal(d.codes[i], 201);
        assert_int_equal(d.adds, e ? 3 : 0); /* those of the first device */
        assert_int_equal(cards(&rig, NULL), e ? 6 : 3);
        int64_t seq = store_seq(&rig, KIND_ADDRESSBOOK, "contacts");
        assert_true(dev_sync(&d, 200));
        assert_int_equal(d.alert_status, 200);
        assert_int_equal(d.mode, 200);
        assert_int_equal(d.adds + d.replaces + d.deletes + d.code_count, 0);
        assert_int_equal(d.messages, 3);
        assert_int_equal(store_seq(&rig, KIND_ADDRESSBOOK, "contacts"), seq);
        dev_free(&d);
    }
}

/* Two devices and another client: what one writes all have after their next sync, and nothing comes back to who wrote it. */
static void test_both_ways(void **state)
{
    (void)state;
    static struct dev d, e;
    dev_init(&d, &rig, "IMEI:1");
    dev_init(&e, &rig, "IMEI:2");
    e.encoding = SML_WBXML;
    dev_card(&d, NULL, "Ann", "+39 111");
    assert_true(dev_sync(&d, 201));
    dev_card(&e, NULL, "Bob", "+39 222");
    assert_true(dev_sync(&e, 201));
    assert_int_equal(e.adds, 1);
    assert_non_null(dev_holds(&e, "Ann"));
    store_card(&rig, "carla", "Carla", "+39 333");
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.adds, 2);
    assert_int_equal(d.replaces + d.deletes, 0);
    assert_non_null(dev_holds(&d, "Bob"));
    assert_non_null(dev_holds(&d, "Carla"));
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.adds + d.replaces + d.deletes, 0);
    /* the device changes what the other client made: what it can not hold stays */
    dev_card(&d, dev_holds(&d, "Carla")->luid, "Carla", "+39 444");
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.code_count, 1);
    assert_int_equal(d.codes[0], 200);
    assert_int_equal(d.replaces, 0);
    assert_int_equal(cards(&rig, "+39 444"), 1);
    assert_int_equal(cards(&rig, "X-SECRET:kept"), 1);
    assert_int_equal(cards(&rig, "UID:carla"), 1);
    assert_true(dev_sync(&e, 200));
    assert_non_null(dev_holds(&e, "+39 444"));
    /* deletions, both ways */
    dev_delete(&e, dev_holds(&e, "Ann")->luid);
    assert_true(dev_sync(&e, 200));
    assert_int_equal(e.codes[0], 200);
    assert_int_equal(cards(&rig, "Ann"), 0);
    store_delete(&rig, "addressbooks/alice@example.test/contacts/carla.vcf");
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.deletes, 2);
    assert_int_equal(dev_count(&d), 1);
    assert_true(dev_sync(&e, 200));
    assert_int_equal(e.deletes, 1);
    assert_int_equal(dev_count(&e), 1);
    assert_int_equal(cards(&rig, NULL), 1);
    dev_free(&d);
    dev_free(&e);
}

/* A device that is known, with Ann and Bob on both sides. */
static void prepare(struct dev *d)
{
    dev_init(d, &rig, "IMEI:1");
    dev_card(d, NULL, "Ann", "+39 111");
    dev_card(d, NULL, "Bob", "+39 222");
    assert_true(dev_sync(d, 201));
}

static void test_one_way_from_client(void **state)
{
    (void)state;
    static struct dev d;
    prepare(&d);
    store_card(&rig, "carla", "Carla", "+39 333");
    dev_card(&d, "1", "Ann", "+39 112");
    assert_true(dev_sync(&d, 202));
    assert_int_equal(d.mode, 202);
    assert_int_equal(d.adds + d.replaces + d.deletes, 0);
    assert_int_equal(cards(&rig, "+39 112"), 1);
    assert_true(dev_sync(&d, 200)); /* what it did not want then is not lost */
    assert_int_equal(d.mode, 200);
    assert_int_equal(d.adds, 1);
    assert_int_equal(d.replaces, 0);
    dev_free(&d);
}

static void test_one_way_from_server(void **state)
{
    (void)state;
    static struct dev d;
    prepare(&d);
    store_card(&rig, "carla", "Carla", "+39 333");
    assert_true(dev_sync(&d, 204));
    assert_int_equal(d.mode, 204);
    assert_int_equal(d.adds, 1);
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.adds + d.replaces + d.deletes, 0);
    dev_free(&d);
}

static void test_refresh_from_client(void **state)
{
    (void)state;
    static struct dev d;
    prepare(&d);
    store_card(&rig, "carla", "Carla", "+39 333");
    dev_card(&d, "1", "Ann", "+39 112");
    assert_true(dev_sync(&d, 203));
    assert_int_equal(d.mode, 203);
    assert_int_equal(cards(&rig, NULL), 2);
    assert_int_equal(cards(&rig, "Carla"), 0);
    assert_int_equal(cards(&rig, "+39 112"), 1);
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.mode, 200);
    assert_int_equal(d.adds + d.replaces + d.deletes, 0);
    dev_free(&d);
}

/* What was done here since the last sync is undone: the device has changed nothing, and yet it is what counts. */
static void test_refresh_undoes(void **state)
{
    (void)state;
    static struct dev d;
    prepare(&d);
    store_card(&rig, "carla", "Carla", "+39 333");
    store_card(&rig, "dora", "Dora", "+39 444");
    assert_true(dev_sync(&d, 200));
    assert_int_equal(dev_count(&d), 4);
    store_card(&rig, "carla", "Carla", "+39 999");
    store_delete(&rig, "addressbooks/alice@example.test/contacts/dora.vcf");
    assert_true(dev_sync(&d, 203));
    assert_int_equal(d.mode, 203);
    assert_int_equal(cards(&rig, "+39 333"), 1);
    assert_int_equal(cards(&rig, "+39 999"), 0);
    assert_int_equal(cards(&rig, "Dora"), 1);
    assert_int_equal(cards(&rig, NULL), 4);
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.mode, 200);
    assert_int_equal(d.adds + d.replaces + d.deletes, 0);
    assert_int_equal(dev_count(&d), 4);
    dev_free(&d);
}

static void test_refresh_from_server(void **state)
{
    (void)state;
    static struct dev d;
    prepare(&d);
    dev_card(&d, "1", "Wrong", "+39 999");
    assert_true(dev_sync(&d, 205));
    assert_int_equal(d.mode, 205);
    assert_int_equal(d.adds, 2);
    assert_int_equal(dev_count(&d), 2);
    assert_int_equal(cards(&rig, "Wrong"), 0);
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.mode, 200);
    assert_int_equal(d.adds + d.replaces + d.deletes, 0);
    assert_int_equal(cards(&rig, NULL), 2);
    dev_free(&d);
}

/* A one-way sync whose anchors are lost deletes nothing of ours unasked. */
static void test_one_way_lost(void **state)
{
    (void)state;
    static struct dev d;
    store_card(&rig, "carla", "Carla", "+39 333");
    dev_init(&d, &rig, "IMEI:1");
    dev_card(&d, NULL, "Ann", "+39 111");
    assert_true(dev_sync(&d, 202));
    assert_int_equal(d.alert_status, 508);
    assert_int_equal(d.mode, 203);
    assert_int_equal(cards(&rig, NULL), 2);
    dev_free(&d);
}

/* Whatever is lost of the anchors, nothing is doubled. */
static void test_slow(void **state)
{
    (void)state;
    static struct dev d;
    prepare(&d);
    store_card(&rig, "carla", "Carla", "+39 333");
    snprintf(d.last, sizeof d.last, "nonsense"); /* the device's anchor is another */
    dev_card(&d, "1", "Ann", "+39 112");
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.alert_status, 508);
    assert_int_equal(d.mode, 201);
    assert_int_equal(d.adds, 1);
    assert_int_equal(dev_count(&d), 3);
    assert_int_equal(cards(&rig, NULL), 3);
    assert_int_equal(cards(&rig, "+39 112"), 1);
    assert_true(dev_sync(&d, 201)); /* the user wants it so */
    assert_int_equal(d.adds + d.replaces + d.deletes, 0);
    assert_int_equal(cards(&rig, NULL), 3);
    /* the device was reset, and has other LUIDs for the same people */
    snprintf(d.items[0].luid, sizeof d.items[0].luid, "2");
    snprintf(d.items[1].luid, sizeof d.items[1].luid, "3");
    snprintf(d.items[2].luid, sizeof d.items[2].luid, "1");
    assert_true(dev_sync(&d, 201));
    assert_int_equal(d.adds + d.replaces + d.deletes, 0);
    assert_int_equal(cards(&rig, NULL), 3);
    assert_true(dev_sync(&d, 200));
    dev_card(&d, "3", "Bob", "+39 223");
    assert_true(dev_sync(&d, 200));
    assert_int_equal(cards(&rig, "+39 223"), 1);
    assert_int_equal(cards(&rig, "+39 222"), 0);
    /* another device with the same people */
    snprintf(d.id, sizeof d.id, "IMEI:9");
    assert_true(dev_sync(&d, 201));
    assert_int_equal(d.adds + d.replaces + d.deletes, 0);
    assert_int_equal(cards(&rig, NULL), 3);
    dev_free(&d);
}

/* Two that are the same on the device stay two here, also after a slow sync without any LUID. */
static void test_slow_twins(void **state)
{
    (void)state;
    static struct dev d;
    dev_init(&d, &rig, "IMEI:1");
    dev_card(&d, NULL, "Ann", "+39 111");
    dev_card(&d, NULL, "Ann", "+39 111");
    assert_true(dev_sync(&d, 201));
    assert_int_equal(cards(&rig, NULL), 2);
    snprintf(d.id, sizeof d.id, "IMEI:2");
    assert_true(dev_sync(&d, 201));
    assert_int_equal(cards(&rig, NULL), 2);
    assert_int_equal(d.adds, 0);
    dev_free(&d);
}

static void test_small_messages(void **state)
{
    (void)state;
    static struct dev d, e;
    char name[32];
    dev_init(&d, &rig, "IMEI:1");
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "Name%d", i);
        dev_card(&d, NULL, name, "+39 555");
    }
    d.max_msg = 2048;
    assert_true(dev_sync(&d, 201));
    assert_true(d.largest <= 2048);
    assert_int_equal(d.code_count, 40);
    assert_int_equal(cards(&rig, NULL), 40);
    dev_init(&e, &rig, "IMEI:2");
    e.max_msg = 2048;
    e.encoding = SML_WBXML;
    dev_card(&e, NULL, "Own", "1"); /* says which type it takes */
    assert_true(dev_sync(&e, 201));
    assert_true(e.largest <= 2048);
    assert_int_equal(e.adds, 40);
    assert_true(e.messages > 5);
    assert_true(dev_sync(&e, 200));
    assert_int_equal(e.adds + e.replaces + e.deletes, 0);
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.adds, 1);
    dev_free(&d);
    dev_free(&e);
}

/* A device that answers for messages, never for single items: what it has got is not sent again. */
static void test_no_item_statuses(void **state)
{
    (void)state;
    static struct dev d;
    prepare(&d);
    d.no_item_statuses = true;
    store_card(&rig, "carla", "Carla", "+39 333");
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.adds, 1);
    store_card(&rig, "carla", "Carla", "+39 444");
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.replaces, 1);
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.adds + d.replaces + d.deletes, 0);
    store_delete(&rig, "addressbooks/alice@example.test/contacts/carla.vcf");
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.deletes, 1);
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.adds + d.replaces + d.deletes, 0);
    dev_free(&d);
}

static void delete_carla(struct dev *d)
{
    if (d->msg == 2)
        store_delete(&rig, "addressbooks/alice@example.test/contacts/carla.vcf");
}

/* Deleted when a slow sync has matched it already, and before ours is sent; the session is whole, or cut behind that. */
static void test_deleted_amid_slow(void **state)
{
    static struct dev d;
    for (int cut = 2; cut < 9; cut++) {
        teardown(state);
        setup(state);
        dev_init(&d, &rig, "IMEI:1");
        store_card(&rig, "carla", "Carla", "+39 333");
        assert_true(dev_sync(&d, 201));
        for (int i = 0; i < 10; i++) {
            char name[32];
            snprintf(name, sizeof name, "Name%d", i);
            dev_card(&d, NULL, name, "+39 555");
        }
        d.max_msg = 1500;
        d.after = delete_carla;
        d.cut = cut > 2 ? cut : 0;
        bool whole = dev_sync(&d, 201);
        d.after = NULL;
        d.cut = 0;
        assert_int_equal(cards(&rig, "Carla"), 0);
        if (!whole)
            assert_true(dev_sync(&d, 200));
        assert_true(dev_sync(&d, 200));
        assert_int_equal(cards(&rig, "Carla"), 0);
        assert_null(dev_holds(&d, "Carla"));
        dev_free(&d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_first_and_empty, setup, teardown),
        cmocka_unit_test_setup_teardown(test_both_ways, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_way_from_client, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_way_from_server, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refresh_from_client, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refresh_undoes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refresh_from_server, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_way_lost, setup, teardown),
        cmocka_unit_test_setup_teardown(test_slow, setup, teardown),
        cmocka_unit_test_setup_teardown(test_slow_twins, setup, teardown),
        cmocka_unit_test_setup_teardown(test_small_messages, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_item_statuses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_deleted_amid_slow, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
