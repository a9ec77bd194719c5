/* The protocol's rules, message by message. */
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

/* Ann and Bob on both sides, as LUIDs 1 and 2. */
static void acquaint(void)
{
    dev_card(&d, NULL, "Ann", "111");
    dev_card(&d, NULL, "Bob", "222");
    assert_true(dev_sync(&d, 201));
}

/* Logged in, and the database alerted: the changes may come. */
static void open_session(int code)
{
    struct sml_out o;
    dev_start(&d);
    dev_begin(&d, &o);
    dev_alert(&d, &o, code);
    assert_true(dev_send(&d, &o, true));
    dev_take(&d);
}

/* One message with one Sync that holds `change`. */
static void send_change(struct sml_command *change, bool final)
{
    struct sml_out o;
    struct sml_command sync = {.cmd = SML_SYNC,
                               .target = str_c(d.db),
                               .source = str_c(d.source),
                               .meta = rig_no_meta,
                               .changes = -1};
    dev_begin(&d, &o);
    dev_say(&d, &o);
    assert_true(sml_sync_begin(&o, &sync));
    for (struct sml_command *next; change; change = next) {
        next = change->next;
        change->next = NULL;
        assert_true(sml_add(&o, change));
    }
    sml_sync_end(&o);
    assert_true(dev_send(&d, &o, final));
}

static struct sml_command *card(enum sml_cmd cmd, const char *luid, const char *name)
{
    struct sml_command *c = dev_command(&d, cmd, 1);
    c->items->source = arena_str(&d.a, str_c(luid));
    c->meta.type = STR("text/vcard");
    if (cmd != SML_DELETE)
        c->items->data = arena_strf(
            &d.a, "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:%s\r\nN:%s;;;;\r\nTEL:1\r\nEND:VCARD\r\n", name, name);
    return c;
}

static struct sml_command *chain(struct sml_command *a, struct sml_command *b)
{
    a->next = b;
    return a;
}

/* ---- commands ---- */

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

static struct sml_command *wrap(enum sml_cmd cmd, struct sml_command *children)
{
    struct sml_command *c = dev_command(&d, cmd, 0);
    c->children = children;
    return c;
}

static void test_atomic(void **state)
{
    (void)state;
    acquaint();
    open_session(200);
    struct sml_command *bad = card(SML_ADD, "11", "X");
    bad->items->data = STR("this is no card");
    send_change(
        chain(wrap(SML_ATOMIC, chain(card(SML_ADD, "10", "Rolled"), chain(bad, card(SML_DELETE, "1", "")))),
              wrap(SML_ATOMIC, chain(card(SML_ADD, "20", "Whole"), card(SML_DELETE, "2", "")))),
        true);
    assert_int_equal(dev_status(&d, "Atomic", 0), 507);
    assert_int_equal(dev_status(&d, "Add", 0), 216);
    assert_int_equal(dev_status(&d, "Add", 1), 415);
    assert_int_equal(dev_status(&d, "Delete", 0), 216);
    assert_int_equal(dev_status(&d, "Atomic", 1), 200);
    assert_int_equal(dev_status(&d, "Add", 2), 201);
    assert_int_equal(dev_status(&d, "Delete", 1), 200);
    assert_int_equal(cards(&rig, "Rolled"), 0);
    assert_int_equal(cards(&rig, "Ann"), 1);
    assert_int_equal(cards(&rig, "Bob"), 0);
    assert_int_equal(cards(&rig, "Whole"), 1);
}

static void test_sequence_copy_exec(void **state)
{
    (void)state;
    acquaint();
    open_session(200);
    struct sml_command *copy = dev_command(&d, SML_COPY, 1);
    copy->items->source = STR("1");
    copy->items->target = STR("30");
    send_change(
        chain(wrap(SML_SEQUENCE, chain(card(SML_ADD, "10", "One"), card(SML_REPLACE, "10", "Two"))), copy),
        true);
    assert_int_equal(dev_status(&d, "Sequence", 0), 200);
    assert_int_equal(dev_status(&d, "Replace", 0), 200);
    assert_int_equal(dev_status(&d, "Copy", 0), 201);
    assert_int_equal(cards(&rig, NULL), 4);
    assert_int_equal(cards(&rig, "Ann"), 2);
    struct sml_out o;
    dev_begin(&d, &o);
    assert_true(sml_add(&o, dev_command(&d, SML_EXEC, 1)));
    assert_true(sml_add(&o, dev_command(&d, SML_SEARCH, 0)));
    assert_true(dev_send(&d, &o, false));
    assert_int_equal(dev_status(&d, "Exec", 0), 406);
    assert_int_equal(dev_status(&d, "Search", 0), 406);
}

static void test_no_resp(void **state)
{
    (void)state;
    acquaint();
    open_session(200);
    struct sml_command *quiet = card(SML_ADD, "10", "Quiet");
    quiet->no_resp = true;
    send_change(chain(quiet, card(SML_ADD, "11", "Loud")), false);
    assert_int_equal(dev_status(&d, "Add", 0), 201);
    assert_int_equal(dev_status(&d, "Add", 1), 0);
    assert_int_equal(cards(&rig, NULL), 4);
}

/* ---- sessions ---- */

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

/* ---- bounds ---- */

static void test_too_large(void **state)
{
    (void)state;
    acquaint();
    open_session(200);
    struct sml_command *huge = card(SML_ADD, "10", "Huge");
    huge->meta.size = 1LL << 30;
    huge->items->more_data = true;
    send_change(huge, false);
    assert_int_equal(dev_status(&d, "Add", 0), 413);
    for (int i = 0; i < 3; i++) {
        huge = card(SML_ADD, "10", "Huge");
        huge->items->more_data = true;
        send_change(huge, false);
        assert_int_equal(dev_status(&d, "Add", 0), 413);
    }
    send_change(card(SML_ADD, "11", "Small"), false);
    assert_int_equal(dev_status(&d, "Add", 0), 201);
    struct sml_command *none = card(SML_ADD, "12", "Sizeless");
    none->items->more_data = true;
    send_change(none, false);
    assert_int_equal(dev_status(&d, "Add", 0), 411);
}

static void test_sizes(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 100, 1024, (size_t)INT64_MAX, (size_t)1 << 62};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        d.max_msg = sizes[i];
        open_session(201);
        assert_int_equal(d.http, 200);
        assert_int_equal(dev_status(&d, "SyncHdr", 0), 212);
    }
}

static void test_chunks(void **state)
{
    (void)state;
    acquaint();
    open_session(200);
    struct sml_command *whole = card(SML_ADD, "10", "Piecemeal"), *c;
    struct str text = whole->items->data;
    c = card(SML_ADD, "10", "");
    c->meta.size = (int64_t)text.n;
    c->items->data = str_slice(text, 0, 20);
    c->items->more_data = true;
    send_change(c, false);
    assert_int_equal(dev_status(&d, "Add", 0), 213);
    c = card(SML_ADD, "10", "");
    c->items->data = str_from(text, 20);
    send_change(c, false);
    assert_int_equal(dev_status(&d, "Add", 0), 201);
    assert_int_equal(cards(&rig, "Piecemeal"), 1);
    /* another size than announced */
    c = card(SML_ADD, "11", "");
    c->meta.size = (int64_t)text.n + 5;
    c->items->data = str_slice(text, 0, 20);
    c->items->more_data = true;
    send_change(c, false);
    c = card(SML_ADD, "11", "");
    c->items->data = str_from(text, 20);
    send_change(c, false);
    assert_int_equal(dev_status(&d, "Add", 0), 424);
    /* another object before the end */
    c = card(SML_ADD, "12", "");
    c->meta.size = (int64_t)text.n;
    c->items->data = str_slice(text, 0, 20);
    c->items->more_data = true;
    send_change(c, false);
    send_change(card(SML_ADD, "13", "Other"), false);
    assert_int_equal(dev_status(&d, "Add", 0), 201);
    const struct sml_command *alert = dev_got(&d, SML_ALERT, 0);
    assert_non_null(alert);
    assert_str(alert->data, "223");
}

/* A large object goes on in the next session. */
static void test_chunks_resumed(void **state)
{
    (void)state;
    acquaint();
    open_session(200);
    struct sml_command *c;
    struct str text = card(SML_ADD, "10", "Piecemeal")->items->data;
    text = str_n(strndup(text.p, text.n), text.n);
    c = card(SML_ADD, "10", "");
    c->meta.size = (int64_t)text.n;
    c->items->data = str_slice(text, 0, 20);
    c->items->more_data = true;
    send_change(c, false);
    open_session(225);
    assert_int_equal(dev_status(&d, "Alert", 0), 200);
    c = card(SML_ADD, "10", "");
    c->items->data = str_from(text, 20);
    send_change(c, true);
    assert_int_equal(dev_status(&d, "Add", 0), 201);
    assert_int_equal(cards(&rig, "Piecemeal"), 1);
    free(unconst(text.p));
}

static void test_sent_in_chunks(void **state)
{
    (void)state;
    char *note = malloc(30001);
    memset(note, 'x', 30000);
    note[30000] = 0;
    acquaint();
    SCOPED_EXCHANGE(x) =
        askf(&rig.w, "alice@example.test",
             "PUT /dav/addressbooks/alice@example.test/contacts/big.vcf\nContent-Type: text/vcard\n\n"
             "BEGIN:VCARD\nVERSION:3.0\nUID:big\nFN:Big\nN:Big;;;;\nNOTE:%s\nEND:VCARD\n",
             note);
    assert_int_equal(x->t.resp.status, 201);
    store_card(&rig, "carla", "Carla", "333");
    d.max_msg = 8000;
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.adds, 2);
    assert_true(d.largest <= 8000);
    struct dev_item *big = dev_holds(&d, "N:Big");
    assert_non_null(big);
    assert_true(strlen(big->data) > 30000);
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.adds + d.replaces + d.deletes, 0);
    free(note);
}

static void test_max_obj(void **state)
{
    (void)state;
    char *note = malloc(30001);
    memset(note, 'x', 30000);
    note[30000] = 0;
    acquaint();
    SCOPED_EXCHANGE(x) =
        askf(&rig.w, "alice@example.test",
             "PUT /dav/addressbooks/alice@example.test/contacts/big.vcf\nContent-Type: text/vcard\n\n"
             "BEGIN:VCARD\nVERSION:3.0\nUID:big\nFN:Big\nN:Big;;;;\nNOTE:%s\nEND:VCARD\n",
             note);
    store_card(&rig, "carla", "Carla", "333");
    d.max_obj = 10000;
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.adds, 1);
    SCOPED_ARENA(a, 1 << 20);
    struct device device;
    store_device(&rig, &a, "IMEI:1", &device);
    assert_true(str_find(device.last_error, STR("larger"), 0) != SIZE_MAX);
    d.max_obj = 1000000; /* the device got more memory */
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.adds, 1);
    free(note);
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

#define RULE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RULE(test_statuses_in_order),
        RULE(test_unknown_luid),
        RULE(test_same_luid_twice),
        RULE(test_delete_flavours),
        RULE(test_atomic),
        RULE(test_sequence_copy_exec),
        RULE(test_no_resp),
        RULE(test_resent),
        RULE(test_newer_session),
        RULE(test_two_devices_same_session),
        RULE(test_not_logged_in),
        RULE(test_versions),
        RULE(test_devinf),
        RULE(test_devinf_asked),
        RULE(test_databases),
        RULE(test_combined),
        RULE(test_alerts),
        RULE(test_suspend),
        RULE(test_too_large),
        RULE(test_sizes),
        RULE(test_chunks),
        RULE(test_chunks_resumed),
        RULE(test_sent_in_chunks),
        RULE(test_max_obj),
        RULE(test_refused),
        RULE(test_many_messages),
        RULE(test_bad_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
