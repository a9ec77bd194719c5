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
            dev_card(&d, NULL, name, "555");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_first_and_empty, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
