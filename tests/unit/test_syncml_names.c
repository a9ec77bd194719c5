/* Names that are longer than any device's, and answers that have hardly any room: the header is refused before anybody logs in, an item
 * gets its Status without its name, and no answer is larger than MaxMsgSize. */
#include "tests/unit/syncml_rig.h"

enum { HUGE_NAME = 100000 };

static struct rig rig;
static struct dev d;
static char huge[HUGE_NAME + 1];

static int setup(void **state)
{
    (void)state;
    rig_start(&rig, NULL);
    dev_init(&d, &rig, "IMEI:1");
    memset(huge, 'x', HUGE_NAME);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dev_free(&d);
    rig_stop(&rig);
    return 0;
}

/* ---- the header ---- */

static struct sml_message head_of(size_t max_msg)
{
    SCOPED_BUF(pair, 256);
    SCOPED_BUF(cred, 512);
    struct sml_message m = {.version = SML_1_2,
                            .session_id = STR("1"),
                            .msg_id = STR("1"),
                            .source = str_c(d.id),
                            .target = STR("http://mail.example.test/syncml"),
                            .meta = rig_no_meta};
    buf_addf(&pair, "alice@example.test:%s", rig.app);
    buf_base64(&cred, buf_view(&pair));
    m.cred = (struct sml_cred){STR("syncml:auth-basic"), STR("b64"), arena_str(&d.a, buf_view(&cred))};
    m.meta.max_msg = (int64_t)max_msg;
    return m;
}

static int send_head(const struct sml_message *m)
{
    struct sml_out o = {0};
    sml_begin(&o, &d.a, d.encoding, 0, m);
    dev_alert(&d, &o, 201);
    d.query[0] = 0;
    dev_send(&d, &o, true);
    return d.http;
}

static void test_header(void **state)
{
    (void)state;
    static const size_t texts[] = {
        offsetof(struct sml_message, session_id),  offsetof(struct sml_message, msg_id),
        offsetof(struct sml_message, source),      offsetof(struct sml_message, source_name),
        offsetof(struct sml_message, target),      offsetof(struct sml_message, target_name),
        offsetof(struct sml_message, resp_uri),    offsetof(struct sml_message, cred.type),
        offsetof(struct sml_message, cred.format), offsetof(struct sml_message, cred.data),
        offsetof(struct sml_message, meta.type),   offsetof(struct sml_message, meta.next),
    };
    for (int e = SML_XML; e <= SML_WBXML; e++)
        for (size_t i = 0; i < COUNT_OF(texts); i++) {
            dev_start(&d);
            d.encoding = (enum sml_encoding)e;
            struct sml_message m = head_of(16384);
            void *text = (char *)&m + texts[i];
            *(struct str *)text = str_n(huge, HUGE_NAME);
            assert_int_equal(send_head(&m), 400);
        }
    SCOPED_ARENA(a, 1 << 20);
    struct device device;
    struct login login;
    world_login(&rig.w, &a, "alice@example.test", &login);
    SCOPED_READ(tx, rig.w.store);
    assert_status(device_find(tx, &a, login.actor.id, str_c(d.id), &device), NOT_FOUND);
}

/* Long ones that are allowed, in each size of message: refused, or answered inside of it. */
static void test_room(void **state)
{
    (void)state;
    int refused = 0, answered = 0;
    for (int e = SML_XML; e <= SML_WBXML; e++)
        for (size_t max = 1024; max < 4096; max += 97)
            for (size_t n = 1; n <= 255; n += 63) {
                dev_start(&d);
                d.encoding = (enum sml_encoding)e;
                struct sml_message m = head_of(max);
                struct str name = str_n(huge, n);
                m.session_id = m.msg_id = m.source = name;
                m.target = arena_strf(&d.a, "http://%.*s/<&%.*s", STR_ARG(name), STR_ARG(name));
                d.largest = 0;
                int http = send_head(&m);
                assert_true(http == 200 || http == 413);
                assert_true(d.largest <= max);
                refused += http == 413;
                answered += http == 200 && dev_status(&d, "SyncHdr", 0) == 212;
            }
    assert_true(refused > 0 && answered > 0);
}

/* ---- items ---- */

static void add(struct sml_out *o, struct str luid)
{
    struct sml_command *c = dev_command(&d, SML_ADD, 1);
    c->items->source = luid;
    c->meta.type = STR("text/vcard");
    c->items->data = arena_strf(
        &d.a, "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:N%zu %.3s\r\nN:N;;;;\r\nEND:VCARD\r\n", luid.n, luid.p);
    assert_true(sml_add(o, c));
}

static void test_luid(void **state)
{
    (void)state;
    struct sml_out o;
    struct sml_command sync = {.cmd = SML_SYNC,
                               .target = STR("contacts"),
                               .source = STR("./contacts"),
                               .meta = rig_no_meta,
                               .changes = -1};
    d.max_msg = 16384;
    dev_start(&d);
    dev_begin(&d, &o);
    dev_alert(&d, &o, 201);
    assert_true(dev_send(&d, &o, true));
    dev_take(&d);
    dev_begin(&d, &o);
    dev_say(&d, &o);
    assert_true(sml_sync_begin(&o, &sync));
    add(&o, STR("1"));
    add(&o, str_n(huge, HUGE_NAME));
    add(&o, STR("2"));
    add(&o, str_n(huge, 601));
    add(&o, str_n(huge, 599));
    sml_sync_end(&o);
    assert_true(dev_send(&d, &o, true));
    static const int codes[] = {201, 414, 201, 414, 201};
    for (size_t i = 0; i < COUNT_OF(codes); i++)
        assert_int_equal(dev_status(&d, "Add", (int)i), codes[i]);
    for (const struct sml_command *c = d.in.commands; c; c = c->next)
        for (size_t i = 0; i < c->source_ref_count; i++)
            assert_true(c->source_refs[i].n < 1024);
    assert_true(d.largest <= d.max_msg);
    assert_int_equal(cards(&rig, NULL), 3);
    SCOPED_ARENA(a, 1 << 20);
    struct device device;
    store_device(&rig, &a, "IMEI:1", &device);
    assert_int_equal(device.failed, 2);
    assert_true(str_find(device.last_error, STR("too long"), 0) != SIZE_MAX);
}

/* Names of commands and Alerts: each has its Status, and what is beside it goes on. */
static void test_alerts(void **state)
{
    (void)state;
    struct sml_out o;
    dev_start(&d);
    dev_begin(&d, &o);
    for (int i = 0; i < 4; i++) {
        struct sml_command *c = dev_command(&d, SML_ALERT, 1);
        c->data = STR("201");
        c->items->target = i == 0 ? str_n(huge, HUGE_NAME) : STR("tasks");
        c->items->source = i == 1 ? str_n(huge, HUGE_NAME) : STR("./tasks");
        c->items->meta.next = i == 2 ? str_n(huge, HUGE_NAME) : STR("1");
        c->items->meta.type = i == 3 ? str_n(huge, HUGE_NAME) : STR_NONE;
        assert_true(sml_add(&o, c));
    }
    dev_alert(&d, &o, 201);
    assert_true(dev_send(&d, &o, true));
    static const int codes[] = {414, 414, 400, 400, 200};
    for (size_t i = 0; i < COUNT_OF(codes); i++)
        assert_int_equal(dev_status(&d, "Alert", (int)i), codes[i]);
}

/* Statuses whose addresses fit into no message of the device come without them, and the session comes to its end. */
static void test_small(void **state)
{
    (void)state;
    char luid[600] = "";
    memset(luid, '&', 590);
    d.max_msg = 2000;
    d.encoding = SML_XML;
    dev_start(&d);
    struct sml_out o;
    struct sml_command sync = {.cmd = SML_SYNC,
                               .target = STR("contacts"),
                               .source = STR("./contacts"),
                               .meta = rig_no_meta,
                               .changes = -1};
    dev_begin(&d, &o);
    dev_alert(&d, &o, 201);
    assert_true(dev_send(&d, &o, true));
    dev_take(&d);
    for (int spin = 0; !d.got_final && spin < 10; spin++) {
        dev_begin(&d, &o);
        dev_say(&d, &o);
        assert_true(dev_send(&d, &o, true));
        dev_take(&d);
    }
    dev_begin(&d, &o);
    dev_say(&d, &o);
    assert_true(sml_sync_begin(&o, &sync));
    add(&o, str_c(luid));
    add(&o, STR("2"));
    sml_sync_end(&o);
    int added = 0;
    for (int spin = 0; spin < 12; spin++) {
        assert_true(dev_send(&d, &o, true));
        for (const struct sml_command *c = d.in.commands; c; c = c->next)
            added += c->cmd == SML_STATUS && str_eq(c->cmd_name, STR("Add")) && str_eq(c->data, STR("201"));
        dev_take(&d);
        if (d.got_final)
            break;
        dev_begin(&d, &o);
        dev_say(&d, &o);
    }
    assert_true(d.got_final);
    assert_int_equal(added, 2);
    assert_true(d.largest <= d.max_msg);
}

/* An Alert of ours that no message holds: the session is ended, not drawn out without an end. */
static void test_stuck(void **state)
{
    (void)state;
    char source[1000] = "";
    memset(source, '&', 900);
    d.source = source;
    d.max_msg = 2000;
    d.encoding = SML_XML;
    struct sml_out o;
    dev_start(&d);
    dev_begin(&d, &o);
    dev_alert(&d, &o, 201);
    assert_true(dev_send(&d, &o, true));
    int spin = 0;
    while (dev_status(&d, "SyncHdr", 0) == 212 && spin++ < 20) {
        assert_false(d.in.final);
        dev_begin(&d, &o);
        assert_true(dev_send(&d, &o, true));
        assert_true(d.largest <= d.max_msg);
    }
    assert_int_equal(dev_status(&d, "SyncHdr", 0), 413);
    dev_begin(&d, &o);
    assert_true(dev_send(&d, &o, true));
    assert_int_equal(dev_status(&d, "SyncHdr", 0), 407);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_header, setup, teardown),
        cmocka_unit_test_setup_teardown(test_room, setup, teardown),
        cmocka_unit_test_setup_teardown(test_luid, setup, teardown),
        cmocka_unit_test_setup_teardown(test_alerts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_small, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stuck, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
