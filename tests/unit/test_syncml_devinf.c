/* Device information over the engine: what we say of ourselves in the room that a device has, and what we go by of what it says. */
#include "tests/unit/syncml_one.h"

/* Asks for ours, with an Alert for each of the databases: the Status of the Get. What came is in *ours, all 0 when none did. */
static int ask_for(const char *const *databases, size_t count, struct devinf *ours)
{
    struct sml_out o;
    struct str why;
    int code = 0;
    *ours = (struct devinf){0};
    dev_start(&d);
    dev_begin(&d, &o);
    struct sml_command *get = dev_command(&d, SML_GET, 1);
    get->meta.type = STR("application/vnd.syncml-devinf+xml");
    get->items->target = STR("./devinf12");
    assert_true(sml_add(&o, get));
    for (size_t i = 0; i < count; i++) {
        d.db = databases[i];
        d.source = databases[i];
        dev_alert(&d, &o, 201);
    }
    for (int spin = 0; spin < 10; spin++) {
        assert_true(dev_send(&d, &o, true));
        assert_true(d.largest <= d.max_msg);
        code = code ? code : dev_status(&d, "Get", 0);
        const struct sml_command *results = dev_got(&d, SML_RESULTS, 0);
        if (results)
            assert_ok(devinf_read(&d.a, results->items->inner, ours, &why));
        dev_take(&d);
        if (d.got_final)
            break;
        dev_begin(&d, &o);
        dev_say(&d, &o);
    }
    assert_true(d.got_final);
    return code;
}

static size_t stores_in(const struct devinf *info)
{
    size_t n = 0;
    for (const struct devinf_store *s = info->stores; s; s = s->next)
        n++;
    return n;
}

static void test_whole(void **state)
{
    (void)state;
    struct devinf ours;
    static const char *const two[] = {"./card", "cal"};
    assert_int_equal(ask_for(two, 2, &ours), 200);
    assert_int_equal(stores_in(&ours), 4);
    assert_str(ours.stores->source, "./card"); /* as the device calls it */
    assert_str(ours.stores->next->source, "cal");
    for (const struct devinf_store *s = ours.stores; s; s = s->next) {
        assert_non_null(s->rx);
        assert_true(s->display.n > 0);
        assert_int_equal(s->max_guid, -1); /* devices alone have one */
    }
}

/* What filter.c takes is announced, in 1.2 alone. */
static void test_filters(void **state)
{
    (void)state;
    struct devinf ours;
    static const char *const one[] = {"calendar"};
    ask_for(one, 1, &ours);
    assert_str(ours.stores->filter_rx->type, "syncml:filtertype-cgi");
    const struct devinf_filter *f = ours.stores->filters;
    assert_non_null(f);
    assert_true(str_eq(f->type.type, ours.stores->rx_pref.type));
    assert_str(f->keywords->text, "SINCE");
    assert_str(f->keywords->next->text, "BEFORE");
    assert_str(f->props->text, "SUMMARY");
    d.version = SML_1_1;
    ask_for(one, 1, &ours);
    assert_null(ours.stores->filters);
    assert_null(ours.stores->filter_rx);
}

/* From what has room for everything down to what has room for nothing: the databases that are asked for are always there, or the Get
 * is refused. */
static void test_small(void **state)
{
    (void)state;
    static const char *const two[] = {"./contacts", "./tasks"};
    bool whole = false, part = false, none = false;
    for (int e = SML_XML; e <= SML_WBXML; e++)
        for (size_t max = 8000; max >= 1024; max -= 61) {
            struct devinf ours;
            d.encoding = (enum sml_encoding)e;
            d.max_msg = max;
            d.largest = 0;
            int code = ask_for(two, 2, &ours);
            size_t n = stores_in(&ours);
            assert_int_equal(code, n ? 200 : 413);
            assert_true(n == 0 || n == 2 || n == 4);
            if (n) {
                assert_str(ours.stores->source, "./contacts");
                assert_str(ours.stores->next->source, "./tasks");
                assert_true(ours.stores->rx_pref.type.n && ours.stores->tx_pref.type.n);
                assert_int_equal(ours.stores->sync_types, 0xFE);
            }
            whole |= n == 4;
            part |= n == 2;
            none |= n == 0;
        }
    assert_true(whole && part && none);
}

/* Before any Alert: those that the device's own DevInf names. */
static void test_without_alerts(void **state)
{
    (void)state;
    static struct devinf_store store = {.source = STR_INIT("./card"), .max_guid = 4, .sync_types = 0xFE};
    static struct devinf info = {.version = STR_INIT("1.2"),
                                 .man = STR_INIT("ACME"),
                                 .mod = STR_INIT("Phone"),
                                 .devid = STR_INIT("IMEI:1"),
                                 .devtyp = STR_INIT("phone"),
                                 .stores = &store};
    struct devinf ours;
    store.rx_pref = store.tx_pref = (struct devinf_type){.type = STR("text/vcard"), .version = STR("3.0")};
    d.devinf = &info;
    dev_card(&d, NULL, "Ann", "1");
    assert_true(dev_sync(&d, 201));
    d.max_msg = 1900;
    assert_int_equal(ask_for(NULL, 0, &ours), 200);
    assert_int_equal(stores_in(&ours), 1);
    assert_str(ours.stores->source, "contacts");
}

/* ---- MaxGUIDSize ---- */

static void test_guids(void **state)
{
    (void)state;
    char last[40] = "";
    for (int i = 0; i < 120; i++) {
        SCOPED_BUF(name, 64);
        buf_addf(&name, "n%03d", i);
        store_card(&rig, buf_c(&name), buf_c(&name), "1");
    }
    d.no_maps = true;
    assert_true(dev_sync(&d, 205));
    assert_int_equal(d.map_count, 120);
    for (int i = 0; i < d.map_count; i++) {
        assert_true(strlen(d.maps[i].guid) <= 2); /* 120 in base 36 */
        for (int k = 0; k < i; k++)
            assert_string_not_equal(d.maps[i].guid, d.maps[k].guid);
        snprintf(last, sizeof last, "%s", d.maps[i].guid);
    }
    assert_string_equal(last, "3c"); /* the 120th, from 1 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RULE(test_whole), RULE(test_filters), RULE(test_small), RULE(test_without_alerts), RULE(test_guids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
