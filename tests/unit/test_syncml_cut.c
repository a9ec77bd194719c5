/* Sessions cut off at each message, before or behind it: the next sessions bring both sides together, and nothing is lost or doubled. */
#include "tests/unit/syncml_rig.h"

static struct rig rig;

static void add_both(struct dev *d, int round)
{
    char name[64], uid[64];
    for (int i = 0; i < 6; i++) {
        snprintf(name, sizeof name, "Dev%dx%d", round, i);
        dev_card(d, NULL, name, "555");
        snprintf(name, sizeof name, "Srv%dx%d", round, i);
        snprintf(uid, sizeof uid, "srv%d-%d-%s", round, i, d->id + 5);
        store_card(&rig, uid, name, "666");
    }
}

/* Every person once on both sides. */
static void judge(struct dev *d, int round, bool first)
{
    char name[64];
    for (int r = first ? 0 : 1; r <= round; r++)
        for (int i = 0; i < 6; i++) {
            snprintf(name, sizeof name, "N:Dev%dx%d;", r, i);
            assert_int_equal(cards(&rig, name), 1);
            assert_non_null(dev_holds(d, name));
            snprintf(name, sizeof name, "N:Srv%dx%d;", r, i);
            assert_int_equal(cards(&rig, name), 1);
            assert_non_null(dev_holds(d, name));
        }
    if (dev_count(d) != cards(&rig, NULL))
        print_error("device %d, store %d\n", dev_count(d), cards(&rig, NULL));
    assert_int_equal(dev_count(d), cards(&rig, NULL));
}

struct way {
    bool before, adds_are_new, resume;
    size_t max_msg;
    enum sml_encoding encoding;
};

static void play(struct way way, bool slow)
{
    static struct dev d;
    for (int cut = 1; cut < 40; cut++) {
        bool whole;
        rig_start(&rig, NULL);
        dev_init(&d, &rig, "IMEI:1");
        d.encoding = way.encoding;
        d.adds_are_new = way.adds_are_new;
        add_both(&d, 0);
        if (!slow) {
            assert_true(dev_sync(&d, 201));
            add_both(&d, 1);
        }
        d.max_msg = way.max_msg;
        d.cut = cut;
        d.cut_before = way.before;
        whole = dev_sync(&d, slow ? 201 : 200);
        d.cut = 0;
        for (int i = 0; i < 2; i++)
            assert_true(dev_sync(&d, way.resume && i == 0 && !whole ? 225 : slow && i == 0 ? 201 : 200));
        judge(&d, slow ? 0 : 1, true);
        assert_true(dev_sync(&d, 200));
        assert_int_equal(d.alert_status, 200);
        assert_int_equal(d.adds + d.replaces + d.deletes, 0);
        dev_free(&d);
        rig_stop(&rig);
        if (whole)
            return;
    }
    fail_msg("the session never ended");
}

static void test_changes(void **state)
{
    (void)state;
    play((struct way){.max_msg = 100000, .adds_are_new = true}, false);
    play((struct way){.max_msg = 100000, .before = true, .adds_are_new = true}, false);
    play((struct way){.max_msg = 2600, .adds_are_new = true}, false);
    play((struct way){.max_msg = 2600, .before = true, .adds_are_new = true, .encoding = SML_WBXML}, false);
}

static void test_slow(void **state)
{
    (void)state;
    play((struct way){.max_msg = 100000, .adds_are_new = true}, true);
    play((struct way){.max_msg = 2600, .adds_are_new = true}, true);
    play((struct way){.max_msg = 2600, .before = true, .adds_are_new = true}, true);
}

static void test_resumed(void **state)
{
    (void)state;
    play((struct way){.max_msg = 2600, .adds_are_new = true, .resume = true}, false);
    play((struct way){.max_msg = 2600, .before = true, .adds_are_new = true, .resume = true}, true);
}

/* A device that had Adds of ours, and forgot in the broken session which they were: it is asked for all that it has. */
static void test_forgotten_maps(void **state)
{
    (void)state;
    play((struct way){.max_msg = 100000}, false);
    play((struct way){.max_msg = 2600}, false);
    play((struct way){.max_msg = 2600, .encoding = SML_WBXML}, true);
    play((struct way){.max_msg = 2600, .resume = true}, false);
    play((struct way){.max_msg = 2600, .resume = true}, true);
}

/* And what became of them meanwhile is told: one is deleted, one is changed. */
static void test_forgotten_and_changed(void **state)
{
    (void)state;
    static struct dev d;
    for (int late = 0; late < 2; late++) {
        rig_start(&rig, NULL);
        dev_init(&d, &rig, "IMEI:1");
        assert_true(dev_sync(&d, 201));
        add_both(&d, 0);
        d.cut = 3; /* it has our Adds; their Maps do not come */
        d.cut_before = true;
        d.no_maps = true;
        assert_false(dev_sync(&d, 200));
        d.no_maps = false;
        d.cut = 0;
        if (late) { /* a device that remembers them needs no slow sync */
            struct sml_out o;
            char guids[ITEMS_MOST][40], luids[ITEMS_MOST][40];
            int n = d.map_count;
            for (int i = 0; i < n; i++) {
                strcpy(guids[i], d.maps[i].guid);
                strcpy(luids[i], d.maps[i].luid);
            }
            dev_start(&d);
            dev_begin(&d, &o);
            dev_alert(&d, &o, 200);
            for (int i = 0; i < n; i++) {
                strcpy(d.maps[i].guid, guids[i]);
                strcpy(d.maps[i].luid, luids[i]);
            }
            d.map_count = n;
            dev_say(&d, &o);
            assert_true(dev_send(&d, &o, true));
            assert_int_equal(dev_status(&d, "Alert", 0), 200);
        }
        store_delete(&rig, "addressbooks/alice@example.test/contacts/srv0-0-1.vcf");
        store_card(&rig, "srv0-1-1", "Srv0x1", "777");
        assert_true(dev_sync(&d, 200));
        assert_int_equal(d.alert_status, late ? 200 : 508);
        assert_int_equal(d.adds, 0);
        assert_int_equal(d.deletes, 1);
        assert_int_equal(d.replaces, 1);
        assert_null(dev_holds(&d, "Srv0x0"));
        assert_non_null(dev_holds(&d, "777"));
        assert_int_equal(dev_count(&d), 11);
        assert_int_equal(cards(&rig, NULL), 11);
        dev_free(&d);
        rig_stop(&rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_slow),
        cmocka_unit_test(test_resumed),
        cmocka_unit_test(test_forgotten_maps),
        cmocka_unit_test(test_forgotten_and_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
