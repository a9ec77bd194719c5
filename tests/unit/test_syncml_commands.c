/* What each command of a device is answered, and what it does to the store. */
#include "tests/unit/syncml_one.h"

static void test_statuses_in_order(void **state)
{
    (void)state;
    acquaint();
    open_session(200);
    struct sml_command *bad = card(SML_ADD, "11", "X");
    bad->items->data = STR("this is no card");
    struct sml_command *odd = card(SML_ADD, "12", "Y");
    odd->meta.type = STR("image/jpeg");
    send_change(chain(card(SML_ADD, "10", "New"),
                      chain(bad, chain(odd, chain(card(SML_DELETE, "99", ""), card(SML_DELETE, "1", ""))))),
                true);
    assert_int_equal(dev_status(&d, "Sync", 0), 200);
    assert_int_equal(dev_status(&d, "Add", 0), 201);
    assert_int_equal(dev_status(&d, "Add", 1), 415);
    assert_int_equal(dev_status(&d, "Add", 2), 415);
    assert_int_equal(dev_status(&d, "Delete", 0), 211);
    assert_int_equal(dev_status(&d, "Delete", 1), 200);
    const struct sml_command *s = dev_got(&d, SML_STATUS, 0);
    assert_str(s->cmd_name, "SyncHdr");
    assert_str(s->cmd_ref, "0");
    for (int last = 0; s; s = s->next) {
        int64_t n;
        if (s->cmd != SML_STATUS)
            break;
        assert_true(str_i64(s->cmd_ref, &n));
        assert_true(n >= last);
        last = (int)n;
    }
    assert_int_equal(cards(&rig, NULL), 2);
    SCOPED_ARENA(a, 1 << 20);
    struct device device;
    store_device(&rig, &a, "IMEI:1", &device);
    assert_int_equal(device.failed, 2);
    assert_true(str_find(device.last_error, STR("item \"1"), 0) != SIZE_MAX);
}

static void test_unknown_luid(void **state)
{
    (void)state;
    acquaint();
    open_session(200);
    send_change(chain(card(SML_REPLACE, "77", "Stranger"), card(SML_ADD, "1", "Ann")), true);
    assert_int_equal(dev_status(&d, "Replace", 0), 201);
    assert_true(dev_status(&d, "Add", 0) == 201);
    assert_int_equal(cards(&rig, NULL), 3); /* the resent Add is a Replace */
}

static void test_same_luid_twice(void **state)
{
    (void)state;
    acquaint();
    open_session(200);
    send_change(
        chain(card(SML_ADD, "5", "Once"), chain(card(SML_REPLACE, "5", "Twice"), card(SML_DELETE, "2", ""))),
        true);
    assert_int_equal(dev_status(&d, "Add", 0), 201);
    assert_int_equal(dev_status(&d, "Replace", 0), 200);
    assert_int_equal(cards(&rig, NULL), 2);
    assert_int_equal(cards(&rig, "Twice"), 1);
}

static void test_delete_flavours(void **state)
{
    (void)state;
    acquaint();
    open_session(200);
    struct sml_command *archive = card(SML_DELETE, "1", ""), *soft = card(SML_DELETE, "2", "");
    archive->archive = true;
    soft->sft_del = true;
    send_change(chain(archive, soft), true);
    assert_int_equal(dev_status(&d, "Delete", 0), 210);
    assert_int_equal(dev_status(&d, "Delete", 1), 406);
    assert_int_equal(cards(&rig, NULL), 1);
}

static void test_refused(void **state)
{
    (void)state;
    acquaint();
    store_card(&rig, "carla", "Carla", "333");
    d.refuse = 420;
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.adds, 0);
    SCOPED_ARENA(a, 1 << 20);
    struct device device;
    store_device(&rig, &a, "IMEI:1", &device);
    assert_true(str_find(device.last_error, STR("420"), 0) != SIZE_MAX);
    d.refuse = 0;
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.mode, 200);
    assert_int_equal(d.adds, 1);
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.adds, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RULE(test_statuses_in_order), RULE(test_unknown_luid), RULE(test_same_luid_twice),
        RULE(test_delete_flavours),   RULE(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
