/* Sessions: who is in which, what opens and ends one, and what is asked for in it. */
#include "tests/unit/syncml_one.h"

static void test_resent(void **state)
{
    (void)state;
    struct sml_out o;
    dev_start(&d);
    dev_begin(&d, &o);
    dev_alert(&d, &o, 201);
    assert_ok(sml_end(&o, true));
    dev_post(&d, buf_view(&o.buf));
    struct str first = arena_str(&d.a, d.in.resp_uri);
    assert_true(first.n > 0);
    dev_post(&d, buf_view(&o.buf)); /* the answer was lost */
    assert_true(str_eq(first, d.in.resp_uri));
    snprintf(d.query, sizeof d.query, "%.*s", STR_ARG(str_from(first, str_chr(first, '?', 0))));
    buf_free(&o.buf);
    dev_take(&d);
    struct sml_command sync = {.cmd = SML_SYNC,
                               .target = str_c(d.db),
                               .source = str_c(d.source),
                               .meta = rig_no_meta,
                               .changes = -1};
    dev_begin(&d, &o);
    dev_say(&d, &o);
    assert_true(sml_sync_begin(&o, &sync));
    assert_true(sml_add(&o, card(SML_ADD, "1", "Ann")));
    sml_sync_end(&o);
    assert_ok(sml_end(&o, true));
    for (int i = 0; i < 3; i++) {
        dev_post(&d, buf_view(&o.buf));
        assert_int_equal(dev_status(&d, "Add", 0), 201);
        assert_str(d.in.msg_id, "2");
    }
    assert_int_equal(cards(&rig, NULL), 1);
    buf_free(&o.buf);
}

static void test_newer_session(void **state)
{
    (void)state;
    char old[80];
    struct sml_out o;
    acquaint();
    open_session(200);
    snprintf(old, sizeof old, "%s", d.query);
    open_session(200); /* the device has begun anew */
    assert_string_not_equal(old, d.query);
    char now[80];
    snprintf(now, sizeof now, "%s", d.query);
    snprintf(d.query, sizeof d.query, "%s", old);
    dev_begin(&d, &o);
    assert_true(dev_send(&d, &o, false));
    assert_int_equal(dev_status(&d, "SyncHdr", 0), 407);
    snprintf(d.query, sizeof d.query, "%s", now);
    dev_begin(&d, &o);
    assert_true(dev_send(&d, &o, false));
    assert_int_equal(dev_status(&d, "SyncHdr", 0), 212);
}

static void test_two_devices_same_session(void **state)
{
    (void)state;
    static struct dev e;
    struct sml_out o;
    open_session(201);
    dev_init(&e, &rig, "IMEI:2");
    dev_start(&e);
    e.session = d.session;
    dev_begin(&e, &o);
    dev_alert(&e, &o, 201);
    assert_true(dev_send(&e, &o, true));
    assert_int_equal(dev_status(&e, "Alert", 0), 200);
    send_change(card(SML_ADD, "1", "Ann"), true);
    assert_int_equal(dev_status(&d, "Add", 0), 201);
    dev_free(&e);
}

static void test_not_logged_in(void **state)
{
    (void)state;
    struct sml_out o;
    dev_start(&d);
    d.no_cred = true;
    dev_begin(&d, &o);
    dev_alert(&d, &o, 201);
    assert_true(dev_send(&d, &o, true));
    assert_int_equal(dev_status(&d, "SyncHdr", 0), 407);
    assert_int_equal(dev_status(&d, "Alert", 0), 407);
    assert_false(d.in.resp_uri.n);
    const struct sml_command *s = dev_got(&d, SML_STATUS, 0);
    assert_true(s->chal.type.n > 0);
    d.no_cred = false;
    char app[64];
    snprintf(app, sizeof app, "%s", rig.app);
    snprintf(rig.app, sizeof rig.app, "wrong");
    dev_start(&d);
    dev_begin(&d, &o);
    dev_alert(&d, &o, 201);
    assert_true(dev_send(&d, &o, true));
    assert_int_equal(dev_status(&d, "SyncHdr", 0), 401);
    assert_int_equal(dev_status(&d, "Alert", 0), 401);
    snprintf(rig.app, sizeof rig.app, "%s", app);
    assert_true(dev_sync(&d, 201));
}

struct blocking {
    struct write write;
    int64_t device;
    enum device_state state; /* 0: forgotten */
};
static enum status run_blocking(struct write *w, struct tx *tx)
{
    const struct blocking *b = CONTAINER_OF(w, struct blocking, write);
    return b->state ? tx_device_state(tx, b->device, b->state) : tx_device_forget(tx, b->device);
}
static void set_state(enum device_state state)
{
    SCOPED_ARENA(a, 1 << 20);
    struct device device;
    store_device(&rig, &a, d.id, &device);
    struct blocking b = {{.run = run_blocking, .account = device.account}, device.id, state};
    assert_ok(store_run(rig.w.store, &b.write));
}

/* Who blocks a device does not wait for the end of its session; what it sends is refused, and nothing of it is done. */
static void refused_amid(enum device_state state, int header)
{
    acquaint();
    open_session(200);
    send_change(card(SML_ADD, "10", "Before"), false);
    int64_t seq = store_seq(&rig, KIND_ADDRESSBOOK, "contacts");
    set_state(state);
    send_change(chain(card(SML_ADD, "11", "After"), card(SML_DELETE, "1", "")), true);
    assert_int_equal(dev_status(&d, "SyncHdr", 0), header);
    assert_int_equal(dev_status(&d, "Sync", 0), header);
    assert_int_equal(dev_status(&d, "Add", 0), 0);
    assert_null(dev_got(&d, SML_SYNC, 0));
    assert_false(d.in.resp_uri.n);
    assert_int_equal(store_seq(&rig, KIND_ADDRESSBOOK, "contacts"), seq);
    assert_int_equal(cards(&rig, "After"), 0);
    d.status_count = 0;
    send_change(card(SML_ADD, "11", "After"), true); /* the session is gone, too */
    assert_int_equal(dev_status(&d, "SyncHdr", 0), 407);
}

static void test_blocked(void **state)
{
    (void)state;
    refused_amid(DEVICE_BLOCKED, 403);
    open_session(200);
    assert_int_equal(dev_status(&d, "SyncHdr", 0), 403);
    set_state(DEVICE_ACTIVE);
    open_session(200);
    send_change(chain(card(SML_ADD, "10", "Before"), card(SML_ADD, "11", "After")), true);
    assert_int_equal(dev_status(&d, "Add", 0), 201);
    assert_int_equal(cards(&rig, "Before"), 1);
    assert_int_equal(cards(&rig, "After"), 1);
}

static void test_forgotten(void **state)
{
    (void)state;
    refused_amid(0, 407);
    open_session(200);
    assert_int_equal(dev_status(&d, "Alert", 0), 508);
}

/* One that sends its password with each message, and not to the session's address. */
static void test_blocked_without_cookie(void **state)
{
    (void)state;
    struct sml_out o;
    acquaint();
    open_session(200);
    set_state(DEVICE_BLOCKED);
    d.query[0] = 0;
    d.msg = 0; /* the rig sends them with the first */
    dev_begin(&d, &o);
    assert_true(sml_add(&o, card(SML_ADD, "11", "After")));
    assert_true(dev_send(&d, &o, false));
    assert_int_equal(dev_status(&d, "SyncHdr", 0), 403);
}

static void test_versions(void **state)
{
    (void)state;
    static const enum sml_version versions[] = {SML_1_0, SML_1_1, SML_1_2};
    for (size_t i = 0; i < COUNT_OF(versions); i++)
        for (int e = 0; e < 2; e++) {
            d.version = versions[i];
            d.encoding = e ? SML_WBXML : SML_XML;
            snprintf(d.id, sizeof d.id, "IMEI:%zu-%d", i, e);
            dev_card(&d, NULL, i ? "One" : "Two", e ? "1" : "2");
            assert_true(dev_sync(&d, 201));
            assert_int_equal(d.in.version, versions[i]);
            assert_true(dev_sync(&d, 200));
            assert_int_equal(d.mode, 200);
        }
}

static void test_devinf(void **state)
{
    (void)state;
    struct sml_out o;
    static struct devinf_store store = {.source = STR_INIT("./contacts"), .max_guid = -1, .sync_types = 0xFE};
    static struct devinf info = {.version = STR_INIT("1.2"),
                                 .man = STR_INIT("ACME"),
                                 .mod = STR_INIT("Phone"),
                                 .devid = STR_INIT("IMEI:1"),
                                 .devtyp = STR_INIT("phone"),
                                 .stores = &store};
    store.rx_pref = store.tx_pref = (struct devinf_type){.type = STR("text/vcard"), .version = STR("3.0")};
    store_card(&rig, "carla", "Carla", "333");
    d.devinf = &info;
    dev_start(&d);
    dev_begin(&d, &o); /* a first package without Alert, as some send it */
    dev_put_devinf(&d, &o);
    struct sml_command *get = dev_command(&d, SML_GET, 1);
    get->meta.type = STR("application/vnd.syncml-devinf+xml");
    get->items->target = STR("./devinf12");
    assert_true(sml_add(&o, get));
    assert_true(dev_send(&d, &o, true));
    assert_int_equal(dev_status(&d, "Put", 0), 200);
    assert_int_equal(dev_status(&d, "Get", 0), 200);
    const struct sml_command *results = dev_got(&d, SML_RESULTS, 0);
    assert_non_null(results);
    struct devinf ours;
    struct str why;
    assert_ok(devinf_read(&d.a, results->items->inner, &ours, &why));
    assert_str(ours.man, "Scambio");
    assert_int_equal(ours.stores->sync_types, 0xFE);
    assert_str(ours.stores->rx_pref.version, "3.0"); /* what the device likes itself */
    assert_true(d.in.final);
    assert_null(dev_got(&d, SML_GET, 0));
    dev_take(&d);
    dev_begin(&d, &o);
    dev_say(&d, &o);
    dev_alert(&d, &o, 201);
    assert_true(dev_send(&d, &o, true));
    assert_int_equal(dev_status(&d, "Alert", 0), 200);
    assert_non_null(dev_got(&d, SML_ALERT, 0));
    dev_take(&d);
    send_change(NULL, true);
    const struct sml_command *sync = dev_got(&d, SML_SYNC, 0);
    assert_non_null(sync);
    assert_int_equal(sync->children->cmd, SML_ADD);
    assert_str(sync->children->meta.type, "text/vcard");
    SCOPED_ARENA(a, 1 << 20);
    struct device device;
    store_device(&rig, &a, "IMEI:1", &device);
    assert_str(device.man, "ACME");
}

/* Who does not say what it is is asked. */
static void test_devinf_asked(void **state)
{
    (void)state;
    open_session(201);
    const struct sml_command *get = dev_got(&d, SML_GET, 0);
    assert_non_null(get);
    assert_str(get->items->target, "./devinf12");
}

static void test_databases(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int code;
    } cases[] = {{"contacts", 200},
                 {"./contacts", 200},
                 {"card", 200},
                 {"Contacts", 200},
                 {"scard", 200},
                 {"calendar", 200},
                 {"./cal", 200},
                 {"events", 200},
                 {"tasks", 200},
                 {"todo", 200},
                 {"notes", 200},
                 {"memo", 200},
                 {"mail", 404},
                 {"", 200},
                 {"calendar/tasks", 200},
                 {"contacts/none", 404},
                 {"calendar?all", 200},
                 {"contacts/contacts", 200},
                 {"calendar?/dr(-30,90)", 200},
                 {"calendar?/dr(x,y)", 422}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        d.db = cases[i].name;
        open_session(201);
        if (dev_status(&d, "Alert", 0) != cases[i].code)
            print_error("%s\n", cases[i].name);
        assert_int_equal(dev_status(&d, "Alert", 0), cases[i].code);
    }
}

static void test_combined(void **state)
{
    (void)state;
    struct sml_out o;
    store_card(&rig, "carla", "Carla", "333");
    dev_start(&d);
    dev_begin(&d, &o);
    dev_alert(&d, &o, 201);
    struct sml_command sync = {.cmd = SML_SYNC,
                               .target = str_c(d.db),
                               .source = str_c(d.source),
                               .meta = rig_no_meta,
                               .changes = -1};
    assert_true(sml_sync_begin(&o, &sync));
    assert_true(sml_add(&o, card(SML_ADD, "1", "Ann")));
    sml_sync_end(&o);
    assert_true(dev_send(&d, &o, true));
    assert_int_equal(dev_status(&d, "Alert", 0), 200);
    assert_int_equal(dev_status(&d, "Add", 0), 201);
    assert_non_null(dev_got(&d, SML_ALERT, 0));
    assert_non_null(dev_got(&d, SML_SYNC, 0));
    assert_true(d.in.final);
    dev_take(&d);
    dev_begin(&d, &o);
    dev_say(&d, &o);
    assert_true(dev_send(&d, &o, true));
    assert_true(d.in.final);
    dev_settle(&d);
    d.items[0].state = ITEM_CLEAN; /* Carla */
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.mode, 200);
    assert_int_equal(d.adds, 0);
}

static void test_alerts(void **state)
{
    (void)state;
    struct sml_out o;
    static const int codes[] = {222, 223, 100, 221, 999};
    static const int wanted[] = {200, 200, 200, 200, 406};
    open_session(201);
    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        dev_begin(&d, &o);
        struct sml_command *c = dev_command(&d, SML_ALERT, 0);
        c->data = arena_strf(&d.a, "%d", codes[i]);
        assert_true(sml_add(&o, c));
        assert_true(dev_send(&d, &o, false));
        assert_int_equal(dev_status(&d, "Alert", 0), wanted[i]);
    }
    for (int code = 206; code <= 210; code++) {
        open_session(code);
        int st = dev_status(&d, "Alert", 0);
        assert_true(st == 200 || st == 508);
        assert_true(d.mode >= 200 && d.mode <= 205);
    }
}

static void test_suspend(void **state)
{
    (void)state;
    struct sml_out o;
    acquaint();
    open_session(200);
    send_change(card(SML_ADD, "10", "New"), false);
    dev_begin(&d, &o);
    struct sml_command *c = dev_command(&d, SML_ALERT, 1);
    c->data = STR("224");
    assert_true(sml_add(&o, c));
    assert_true(dev_send(&d, &o, true));
    assert_int_equal(dev_status(&d, "Alert", 0), 200);
    assert_true(d.in.final);
    open_session(225);
    assert_int_equal(dev_status(&d, "Alert", 0), 200);
    send_change(card(SML_ADD, "10", "New"), true); /* its Status was lost */
    assert_int_equal(dev_status(&d, "Add", 0), 201);
    assert_int_equal(cards(&rig, "New"), 1);
    const struct sml_command *sync = dev_got(&d, SML_SYNC, 0);
    assert_non_null(sync);
    assert_null(sync->children);
    /* nothing to go on with */
    snprintf(d.id, sizeof d.id, "IMEI:7");
    open_session(225);
    assert_int_equal(dev_status(&d, "Alert", 0), 508);
    assert_int_equal(d.mode, 201);
}

static void test_many_messages(void **state)
{
    (void)state;
    struct sml_out o;
    rig_stop(&rig);
    rig_start(&rig, "[limits]\nsyncml_messages = 20\n");
    open_session(201);
    int n = 1, code = 212;
    for (; n < 40 && code == 212; n++) {
        dev_begin(&d, &o);
        assert_true(dev_send(&d, &o, false));
        code = dev_status(&d, "SyncHdr", 0);
    }
    assert_int_equal(n, 21);
    assert_int_equal(code, 403);
    dev_begin(&d, &o);
    assert_true(dev_send(&d, &o, false));
    assert_int_equal(dev_status(&d, "SyncHdr", 0), 407);
}

static void test_bad_bytes(void **state)
{
    (void)state;
    d.a = ARENA_INIT(1 << 20);
    dev_post(&d, STR("<SyncML>"));
    assert_int_equal(d.http, 400);
    dev_post(&d, STR(""));
    assert_int_equal(d.http, 400);
    d.encoding = SML_WBXML;
    dev_post(&d, STR("\x02\xa4\x01\x6a"));
    assert_int_equal(d.http, 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RULE(test_resent),
        RULE(test_newer_session),
        RULE(test_two_devices_same_session),
        RULE(test_not_logged_in),
        RULE(test_blocked),
        RULE(test_forgotten),
        RULE(test_blocked_without_cookie),
        RULE(test_versions),
        RULE(test_devinf),
        RULE(test_devinf_asked),
        RULE(test_databases),
        RULE(test_combined),
        RULE(test_alerts),
        RULE(test_suspend),
        RULE(test_many_messages),
        RULE(test_bad_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
