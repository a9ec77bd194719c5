/* Both sides changed the same item: each policy of the configuration, and updates against deletions. */
#include "tests/unit/syncml_rig.h"

static struct rig rig;
static struct dev d;

/* Carla on both sides; then 888 on the device and 999 here. */
static void begin(const char *policy)
{
    char extra[64];
    snprintf(extra, sizeof extra, "[syncml]\nconflict = %s\n", policy);
    rig_start(&rig, extra);
    dev_init(&d, &rig, "IMEI:1");
    dev_card(&d, NULL, "Ann", "+39 111");
    store_card(&rig, "carla", "Carla", "+39 333");
    assert_true(dev_sync(&d, 201));
    assert_int_equal(d.adds, 1);
}

static void both_change(void)
{
    store_card(&rig, "carla", "Carla", "+39 999");
    dev_card(&d, dev_holds(&d, "Carla")->luid, "Carla", "+39 888");
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.code_count, 1);
}

/* After another sync both sides are the same, and nothing goes back and forth. */
static void end(int here, int there, int people)
{
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.alert_status, 200);
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.adds + d.replaces + d.deletes + d.code_count, 0);
    assert_int_equal(cards(&rig, "+39 999"), here);
    assert_int_equal(cards(&rig, "+39 888"), there);
    assert_int_equal(dev_holds(&d, "+39 999") != NULL, here);
    assert_int_equal(dev_holds(&d, "+39 888") != NULL, there);
    assert_int_equal(cards(&rig, NULL), people);
    assert_int_equal(dev_count(&d), people);
    dev_free(&d);
    rig_stop(&rig);
}

static void test_client(void **state)
{
    (void)state;
    begin("client");
    both_change();
    assert_int_equal(d.codes[0], 208);
    end(0, 1, 2);
}

static void test_server(void **state)
{
    (void)state;
    begin("server");
    both_change();
    assert_int_equal(d.codes[0], 419);
    assert_int_equal(d.replaces, 1);
    end(1, 0, 2);
}

static void test_merge(void **state)
{
    (void)state;
    begin("merge");
    both_change();
    assert_int_equal(d.codes[0], 207);
    assert_int_equal(cards(&rig, NULL), 2);
    assert_true(dev_sync(&d, 200));
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.adds + d.replaces + d.deletes + d.code_count, 0);
    assert_int_equal(dev_holds(&d, "+39 999") != NULL, cards(&rig, "+39 999"));
    assert_int_equal(dev_holds(&d, "+39 888") != NULL, cards(&rig, "+39 888"));
    dev_free(&d);
    rig_stop(&rig);
}

#define NOTED                                                                                                \
    "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:carla\r\nFN:Carla Test\r\nN:Carla;Test;;;\r\n"                        \
    "TEL;TYPE=CELL:%s\r\nNOTE:%s\r\n%sEND:VCARD\r\n"

static void put_noted(const char *tel, const char *note)
{
    SCOPED_EXCHANGE(x) = askf(&rig.w, "alice@example.test",
                              "PUT /dav/addressbooks/alice@example.test/contacts/carla.vcf\n"
                              "Content-Type: text/vcard\n\n" NOTED,
                              tel, note, "X-SECRET:kept\r\n");
    assert_int_equal(x->t.resp.status, 204);
}

/* The device changes one field, another client the other: what nobody touched on one side is no change of that side. */
static void test_merge_fields(void **state)
{
    (void)state;
    begin("merge");
    put_noted("+39 333", "uno");
    assert_true(dev_sync(&d, 200));
    put_noted("+39 333", "due");
    dev_add(&d, dev_holds(&d, "uno")->luid, NOTED, "+39 888", "uno", "");
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.codes[0], 207);
    assert_int_equal(d.replaces, 1);
    assert_int_equal(cards(&rig, "+39 888") + cards(&rig, "NOTE:due") + cards(&rig, "X-SECRET:kept"), 3);
    assert_int_equal(cards(&rig, "+39 333") + cards(&rig, "NOTE:uno"), 0);
    assert_non_null(dev_holds(&d, "NOTE:due"));
    /* and again on what came of it */
    put_noted("+39 888", "tre");
    dev_add(&d, dev_holds(&d, "due")->luid, NOTED, "+39 777", "due", "");
    assert_true(dev_sync(&d, 200));
    assert_int_equal(cards(&rig, "+39 777") + cards(&rig, "NOTE:tre"), 2);
    assert_int_equal(cards(&rig, "+39 888") + cards(&rig, "NOTE:due"), 0);
    end(0, 0, 2);
}

static void test_duplicate(void **state)
{
    (void)state;
    begin("duplicate");
    both_change();
    assert_int_equal(d.codes[0], 209);
    end(1, 1, 3);
}

static void test_newest(void **state)
{
    (void)state;
    begin("newest");
    store_card(&rig, "carla", "Carla", "+39 999");
    dev_add(&d, dev_holds(&d, "Carla")->luid,
            "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Carla "
            "Test\r\nN:Carla;Test;;;\r\nTEL;TYPE=CELL:+39 888\r\nREV:19990101T000000Z\r\n"
            "END:VCARD\r\n");
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.codes[0], 419);
    end(1, 0, 2);
    begin("newest");
    store_card(&rig, "carla", "Carla", "+39 999");
    dev_add(&d, dev_holds(&d, "Carla")->luid,
            "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Carla Test\r\nN:Carla;Test;;;\r\nTEL;TYPE=CELL:+39 888\r\n"
            "REV:2099-01-01T00:00:00Z\r\nEND:VCARD\r\n");
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.codes[0], 208);
    end(0, 1, 2);
}

/* What the device cannot hold was changed here: that is no conflict. */
static void test_invisible(void **state)
{
    (void)state;
    begin("server");
    SCOPED_EXCHANGE(x) =
        askf(&rig.w, "alice@example.test",
             "PUT /dav/addressbooks/alice@example.test/contacts/carla.vcf\n"
             "Content-Type: text/vcard\n\nBEGIN:VCARD\nVERSION:3.0\nUID:carla\nFN:Carla Test\n"
             "N:Carla;Test;;;\nTEL;TYPE=CELL:+39 333\nX-SECRET:kept\nPRODID:another\nEND:VCARD\n");
    assert_int_equal(x->t.resp.status, 204);
    dev_card(&d, dev_holds(&d, "Carla")->luid, "Carla", "+39 888");
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.codes[0], 200);
    end(0, 1, 2);
}

static void test_delete_against_update(void **state)
{
    (void)state;
    begin("client");
    store_card(&rig, "carla", "Carla", "+39 999");
    dev_delete(&d, dev_holds(&d, "Carla")->luid);
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.codes[0], 419);
    assert_int_equal(d.adds, 1);
    end(1, 0, 2);
}

static void test_update_against_delete(void **state)
{
    (void)state;
    begin("server");
    store_delete(&rig, "addressbooks/alice@example.test/contacts/carla.vcf");
    dev_card(&d, dev_holds(&d, "Carla")->luid, "Carla", "+39 888");
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.codes[0], 201);
    assert_int_equal(d.deletes, 0);
    end(0, 1, 2);
}

/* Deleted here, and changed on two devices: it comes back once, whole, under its UID and its name. */
static void test_revived_once(void **state)
{
    (void)state;
    static struct dev e;
    begin("merge");
    dev_init(&e, &rig, "IMEI:2");
    e.encoding = SML_WBXML;
    assert_true(dev_sync(&e, 201));
    store_delete(&rig, "addressbooks/alice@example.test/contacts/carla.vcf");
    dev_card(&d, dev_holds(&d, "Carla")->luid, "Carla", "+39 888");
    dev_card(&e, dev_holds(&e, "Carla")->luid, "Carla", "+39 999");
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.codes[0], 201);
    assert_int_equal(d.deletes + d.adds, 0);
    assert_int_equal(cards(&rig, "UID:carla"), 1);
    assert_int_equal(cards(&rig, "X-SECRET:kept"), 1);
    assert_true(dev_sync(&e, 200));
    assert_int_equal(e.codes[0], 207);
    assert_int_equal(e.deletes + e.adds, 0);
    SCOPED_EXCHANGE(x) =
        askf(&rig.w, "alice@example.test", "GET /dav/addressbooks/alice@example.test/contacts/carla.vcf\n\n");
    assert_int_equal(x->t.resp.status, 200);
    assert_true(dev_sync(&d, 200));
    assert_true(dev_sync(&e, 200));
    assert_int_equal(e.adds + e.replaces + e.deletes, 0);
    assert_int_equal(dev_count(&e), 2);
    dev_free(&e);
    end(1, 1, 2);
}

/* A copy of it that nobody changed does not bring it back, even when the device sends all that it has. */
static void test_gone_stays_gone(void **state)
{
    (void)state;
    begin("merge");
    store_delete(&rig, "addressbooks/alice@example.test/contacts/carla.vcf");
    strcpy(d.last, "nothing that we know");
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.alert_status, 508);
    assert_int_equal(d.deletes, 1);
    end(0, 0, 1);
}

static void test_delete_against_delete(void **state)
{
    (void)state;
    begin("merge");
    store_delete(&rig, "addressbooks/alice@example.test/contacts/carla.vcf");
    dev_delete(&d, dev_holds(&d, "Carla")->luid);
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.codes[0], 200);
    assert_int_equal(d.deletes, 0);
    end(0, 0, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_client),
        cmocka_unit_test(test_server),
        cmocka_unit_test(test_merge),
        cmocka_unit_test(test_merge_fields),
        cmocka_unit_test(test_duplicate),
        cmocka_unit_test(test_newest),
        cmocka_unit_test(test_invisible),
        cmocka_unit_test(test_delete_against_update),
        cmocka_unit_test(test_update_against_delete),
        cmocka_unit_test(test_revived_once),
        cmocka_unit_test(test_gone_stays_gone),
        cmocka_unit_test(test_delete_against_delete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
