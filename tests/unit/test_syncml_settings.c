/* What the configuration says of SyncML: the trace of sessions, profiles of devices, the largest object; and what a reload changes. */
#include "core/log.h"
#include "tests/unit/syncml_rig.h"

#include <dirent.h>

static struct rig rig;
static struct dev d;
static char dir[64];

static int setup(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/scambio-settings-XXXXXX");
    assert_non_null(mkdtemp(dir));
    rig_start(&rig, NULL);
    dev_init(&d, &rig, "IMEI:1");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dev_free(&d);
    rig_stop(&rig);
    nftw(dir, world_unlink, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}

/* As a reload does it: the same store and sessions. */
__attribute__((format(printf, 1, 2))) static enum status reload(const char *format, ...)
{
    SCOPED_BUF(text, 1 << 16);
    SCOPED_BUF(why, 1 << 16);
    va_list args;
    struct conf *conf;
    struct syncml *fresh = NULL;
    buf_addz(&text, "[server]\nhostname = mail.example.test\ndata = /d\n");
    va_start(args, format);
    buf_addv(&text, format, args);
    va_end(args);
    assert_ok(conf_parse(buf_view(&text), "t", &conf, &why));
    enum status checked = syncml_check(conf, &why), st = syncml_new(rig.sessions, conf, &fresh);
    assert_int_equal(checked, st);
    conf_unref(conf);
    if (st == OK) {
        syncml_free(rig.sml);
        rig.sml = fresh;
    }
    return st;
}

static void write_file(const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

/* ---- trace ---- */

/* All files of the folder, one behind the other; *count: how many. */
static struct str traces(const char *folder, struct arena *a, int *count)
{
    SCOPED_BUF(all, 8 << 20);
    struct dirent **list = NULL;
    int n = scandir(folder, &list, NULL, alphasort);
    *count = 0;
    for (int i = 0; i < n; i++) {
        char path[512], block[4096];
        snprintf(path, sizeof path, "%s/%s", folder, list[i]->d_name);
        FILE *f = list[i]->d_name[0] == '.' ? NULL : fopen(path, "r");
        for (size_t got; f && (got = fread(block, 1, sizeof block, f)) > 0;)
            buf_add(&all, str_n(block, got));
        *count += f != NULL;
        if (f)
            fclose(f);
        free(list[i]);
    }
    free(list);
    return arena_str(a, buf_view(&all));
}

static bool holds(struct str text, const char *what)
{
    return str_find(text, str_c(what), 0) != SIZE_MAX;
}

/* Nothing with which somebody could log in, in any coding. */
static void check_secrets(struct arena *a, struct str text)
{
    SCOPED_BUF(pair, 256);
    SCOPED_BUF(coded, 512);
    assert_false(holds(text, rig.app));
    buf_addf(&pair, "alice@example.test:%s", rig.app);
    buf_base64(&coded, buf_view(&pair));
    assert_true(str_find(text, buf_view(&coded), 0) == SIZE_MAX);
    buf_clear(&coded);
    buf_base64(&coded, str_n(d.nonce, d.nonce_bytes));
    if (d.nonce_bytes)
        assert_true(str_find(text, buf_view(&coded), 0) == SIZE_MAX);
    (void)a;
}

static void test_trace(void **state)
{
    (void)state;
    for (int e = SML_XML; e <= SML_WBXML; e++)
        for (int mac = 0; mac < 2; mac++) {
            SCOPED_ARENA(a, 16 << 20);
            char folder[96], name[32];
            int count;
            d.encoding = (enum sml_encoding)e;
            d.mac = mac;
            snprintf(d.id, sizeof d.id, "IMEI:%d-%d", e, mac);
            snprintf(folder, sizeof folder, "%s/trace-%d-%d", dir, e, mac); /* it is made */
            snprintf(name, sizeof name, "Trace%d%d", e, mac);
            assert_ok(reload("[syncml]\ntrace = %s\n", folder));
            dev_card(&d, NULL, name, "1");
            if (mac)
                dev_sync(&d, 201); /* for a nonce */
            assert_true(dev_sync(&d, 201));
            int messages = d.messages;
            struct str text = traces(folder, &a, &count);
            assert_int_equal(count, 1); /* who is refused has no session */
            check_secrets(&a, text);
            for (int i = 1; i <= messages; i++) {
                SCOPED_BUF(head, 64);
                buf_addf(&head, "<!-- the device, message %d -->", i);
                assert_true(holds(text, buf_c(&head)));
                buf_clear(&head);
                buf_addf(&head, "<!-- the server, message %d -->", i);
                assert_true(holds(text, buf_c(&head)));
            }
            assert_true(holds(text, "<VerProto>SyncML/1.2</VerProto>")); /* also out of WBXML */
            assert_true(holds(text, name));
            assert_true(holds(text, "***"));
            assert_false(holds(text, "can not be shown"));
            assert_true(dev_sync(&d, 200));
            traces(folder, &a, &count);
            assert_int_equal(count, 2); /* a file for each session */
        }
}

/* The next message of a session goes by what a reload says, and a folder that is not there stops nobody. */
static void test_trace_reloaded(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 16 << 20);
    char one[96], two[96];
    int count;
    snprintf(one, sizeof one, "%s/one", dir);
    snprintf(two, sizeof two, "%s/two", dir);
    assert_ok(reload("[syncml]\ntrace = %s\n", one));
    dev_card(&d, NULL, "Ann", "1");
    assert_true(dev_sync(&d, 201));
    assert_ok(reload("[syncml]\ntrace = %s\n", two));
    assert_true(dev_sync(&d, 200));
    traces(one, &a, &count);
    assert_int_equal(count, 1);
    traces(two, &a, &count);
    assert_int_equal(count, 1);
    assert_ok(reload("[log]\nlevel = info\n"));
    assert_true(dev_sync(&d, 200));
    traces(two, &a, &count);
    assert_int_equal(count, 1);
    assert_ok(reload("[syncml]\ntrace = /proc/nowhere\n"));
    assert_true(dev_sync(&d, 200));
}

/* ---- profiles ---- */

static void test_profiles(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    struct device device;
    static const struct devinf info = {.version = STR_INIT("1.2"),
                                       .man = STR_INIT("Rare"),
                                       .mod = STR_INIT("One"),
                                       .devid = STR_INIT("IMEI:1"),
                                       .devtyp = STR_INIT("phone")};
    write_file("rare.ini", "[rare-one]\nman = Rare\n");
    assert_ok(reload("[syncml]\nprofiles = %s\n", dir));
    d.devinf = &info;
    assert_true(dev_sync(&d, 201));
    store_device(&rig, &a, "IMEI:1", &device);
    assert_str(device.profile, "rare-one");
    write_file("bad.ini", "[bad]\nman = Rare\nno_such_flag = yes\n");
    assert_status(reload("[syncml]\nprofiles = %s\n", dir), INVALID);
    assert_status(reload("[syncml]\nprofiles = %s/missing\n", dir), NOT_FOUND);
    assert_true(dev_sync(&d, 200)); /* by what was before */
}

/* ---- the largest object ---- */

static void test_object(void **state)
{
    (void)state;
    assert_ok(reload("[limits]\nsyncml_object = 2K\n"));
    SCOPED_BUF(note, 8192);
    for (int i = 0; i < 3000; i++)
        buf_addc(&note, 'x');
    dev_card(&d, NULL, "Small", "1");
    dev_add(&d, NULL, "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Big\r\nN:Big;;;;\r\nNOTE:%s\r\nEND:VCARD\r\n",
            buf_c(&note));
    d.max_msg = 2500; /* so that it comes in chunks, with its size */
    dev_sync(&d, 201);
    assert_int_equal(d.in.meta.max_obj, 2048);
    assert_int_equal(cards(&rig, "Small Test"), 1);
    assert_int_equal(cards(&rig, "FN:Big"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_trace, setup, teardown),
        cmocka_unit_test_setup_teardown(test_trace_reloaded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_profiles, setup, teardown),
        cmocka_unit_test_setup_teardown(test_object, setup, teardown),
    };
    log_setup(LOG_LEVEL_ERROR, false, 2);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
