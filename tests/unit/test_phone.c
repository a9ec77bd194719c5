/* tests/unit/test_phone.c: profiles of devices: every row is found by what such a device says of itself, mistakes in a file are named, and
 * DevInf adds what the device can hold. */
#include "syncml/phone.h"
#include "tests/unit/test.h"

static struct phones *phones;

static int setup(void **state)
{
    (void)state;
    SCOPED_BUF(mistakes, 1 << 16);
    enum status st = phones_new(NULL, &phones, &mistakes);
    if (st != OK)
        print_error("%s", buf_c(&mistakes));
    return st == OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    phones_free(phones);
    return 0;
}

static const struct {
    const char *man, *mod, *devid, *profile;
} devices[] = {
    {"NOKIA", "Nokia 6230i", "IMEI:004400", "nokia"},
    {"NOKIA", "Nokia 6600", "IMEI:004400", "nokia-s60"},
    {"Nokia", "N-GageQD", "", "nokia-s60"},
    {"NOKIA", "Nokia 9300", "", "nokia-9300"},
    {"NOKIA", "9500", "", "nokia-9300"},
    {"NOKIA", "Nokia N95", "", "nokia-s60v3"},
    {"Nokia", "5800 XpressMusic", "", "nokia-s60v3"},
    {"NOKIA", "E51", "", "nokia-e-series"},
    {"NOKIA", "7210c", "", "nokia-7210c"},
    {"Nokia", "515", "", "nokia-515"},
    {"Nokia", "N9", "", "nokia-n9"},
    {"ERICSSON", "R600", "", "ericsson"},
    {"Ericsson", "T39m", "", "ericsson-t68"},
    {"Sony Ericsson", "T68i", "", "ericsson-t68"},
    {"SonyEricsson", "K750i", "", "sonyericsson"},
    {"Sony Ericsson", "T700", "", "sonyericsson"},
    {"SonyEricsson", "P990i", "", "uiq"},
    {"Sony Ericsson", "M600i", "", "uiq"},
    {"Motorola", "A1000", "", "uiq-motorola"},
    {"Motorola", "V3i", "", "motorola-v3"},
    {"MOTOROLA", "L7", "", "motorola"},
    {"SIEMENS", "S55", "", "siemens-s55"},
    {"Siemens", "SL65", "", "siemens-s65"},
    {"SIEMENS", "SX1", "", "siemens-sx1"},
    {"SIEMENS", "C60", "", "siemens"},
    {"Funambol", "PIM Client", "whatever", "funambol"},
    {"Funambol", "", "fol-123", "funambol-outlook"},
    {"", "", "fwm-123", "funambol-windows-mobile"},
    {"", "", "fbb-123", "funambol-blackberry"},
    {"", "", "fmz-123", "funambol-mozilla"},
    {"", "", "sc-pim-ppc", "funambol-pim"},
    {"", "", "sc-api-nat", "sync4j"},
    {"", "", "sync4j.1", "sync4j"},
    {"Synthesis AG", "SySync Client PPC2003", "", "synthesis-windows-mobile"},
    {"Synthesis AG", "SySync Client PalmOS PRO", "", "synthesis-palm"},
    {"Synthesis AG", "SySync", "", "synthesis"},
    {"Patrick Ohly", "SyncEvolution", "sc-api-nat", "syncevolution"},
    {"", "", "syncevolution-ab12", "syncevolution-devid"},
    {"Nexthaus", "SyncJe for Outlook", "", "syncje-outlook"},
    {"Nexthaus", "Client", "", "syncje"},
    {"Jolla", "Xperia", "IMEI:1", "buteo"},
    {"", "buteo-syncml", "", "buteo-mod"},
    {"syncml-js", "", "", "syncml-js"},
    {"", "pysyncml", "", "syncml-js-mod"},
    {"Palm Inc.", "Pre", "", "palm-webos"},
    {"HP", "TouchPad", "", "palm-webos"},
    {"SAMSUNG", "SGH-E900", "", "samsung"},
    {"Acme", "Phone", "x", "generic"},
    {"", "", "", "generic"},
};

static struct str said(const char *text)
{
    return *text ? str_c(text) : STR_NONE;
}

static void count_row(void *ctx, const struct phone *p)
{
    size_t *missing = ctx;
    bool found = false;
    for (size_t i = 0; i < COUNT_OF(devices); i++)
        found |= str_eq(p->profile, str_c(devices[i].profile));
    if (!found)
        print_error("no device of \"%.*s\"\n", STR_ARG(p->profile));
    *missing += !found;
}

static void test_choose(void **state)
{
    (void)state;
    size_t missing = 0;
    for (size_t i = 0; i < COUNT_OF(devices); i++) {
        const struct phone *p = phone_choose(phones, said(devices[i].man), said(devices[i].mod), STR_NONE,
                                             said(devices[i].devid));
        assert_str(p->profile, devices[i].profile);
        assert_ptr_equal(p, phone_named(phones, p->profile));
    }
    phones_each(phones, count_row, &missing);
    assert_int_equal(missing, 0);
}

static void test_flags(void **state)
{
    (void)state;
    const struct phone *p = phone_named(phones, STR("nokia-e-series"));
    assert_true(p->alarms_utc && p->email_internet && p->categories_x && p->photo_base64 &&
                p->tasks_in_calendar);
    assert_int_equal(p->year_min, 1980);
    assert_int_equal(phone_named(phones, STR("nokia-s60"))->time, PHONE_LOCAL);
    assert_int_equal(phone_named(phones, STR("nokia-9300"))->time, PHONE_LOCAL_AS_UTC);
    assert_int_equal(phone_named(phones, STR("sonyericsson"))->charset_out, PHONE_LATIN1);
    assert_int_equal(phone_named(phones, STR("ericsson"))->charset_in, PHONE_CP1252);
    assert_int_equal(phone_named(phones, STR("synthesis-windows-mobile"))->priorities, 3);
    assert_int_equal(phone_named(phones, STR("generic"))->priorities, 9);
    assert_true(phone_named(phones, STR("funambol-outlook"))->sif);
    assert_int_equal(phone_named(phones, STR("funambol-outlook"))->max_sync_types, 9);
    assert_null(phone_named(phones, STR("nobody")));
}

static void refused(const char *text, const char *wanted)
{
    SCOPED_BUF(mistakes, 1 << 16);
    struct phones *p;
    assert_status(phones_parse(str_c(text), "extra.ini", &p, &mistakes), INVALID);
    assert_null(p);
    if (str_find(buf_view(&mistakes), str_c(wanted), 0) == SIZE_MAX)
        fail_msg("wanted \"%s\", got\n%s", wanted, buf_c(&mistakes));
}

static void test_mistakes(void **state)
{
    (void)state;
    refused("[x]\nmod = Y\n\nfoldd = yes\n", "extra.ini:4: unknown key \"foldd\"");
    refused("[x]\nmod = Y\nfold = maybe\n", "extra.ini:3: yes or no expected, not \"maybe\"");
    refused("fold = yes\n", "extra.ini:1: a line before the first section");
    refused("[x]\nmod = Y\ntime = mars\n", "extra.ini:3: unknown word \"mars\"");
    refused("[x]\nmod = *Y*\n", "extra.ini:2: a text, or a beginning");
    refused("[x]\nlike = nobody\n", "extra.ini:2: no earlier section \"nobody\"");
    refused("[x]\nfold = yes\nlike = nokia\n", "extra.ini:3: the first line");
    refused("[x]\nmod = Y\nyear_min = -3\n", "a number expected");
    refused("[x]\nmod = Y\nlength.N = 0\n", "length.NAME");
    refused("[x\n", "a section without its ]");
    refused("[x]\nmod\n", "key = value expected");
    refused("[]\n", "a section without a name");
}

static void test_extra(void **state)
{
    (void)state;
    SCOPED_BUF(mistakes, 1 << 16);
    struct phones *p;
    assert_ok(phones_parse(
        STR("# mine\n[mine]\nlike = nokia\nman = Nokia*\nmod = Nokia 6600\ntime = utc\nlength.N = 20\n"
            "[generic]\nfold = no\n"),
        "extra.ini", &p, &mistakes));
    const struct phone *mine = phone_choose(p, STR("NOKIA"), STR("Nokia 6600"), STR_NONE, STR_NONE);
    assert_str(mine->profile, "mine");
    assert_true(mine->alarms_utc);
    assert_int_equal(mine->length_count, 1);
    assert_int_equal(mine->lengths[0].size, 20);
    assert_false(phone_choose(p, STR_NONE, STR_NONE, STR_NONE, STR_NONE)->fold); /* said anew */
    phones_free(p);
    assert_status(phones_new("/nonexistent", &p, &mistakes), NOT_FOUND);
}

static void test_devinf(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    struct devinf_prop tel = {.name = STR("TEL"), .size = 20, .max_occur = 3};
    struct devinf_prop photo = {.name = STR("PHOTO"), .size = 256, .max_occur = -1, .next = &tel};
    struct devinf_prop n = {.name = STR("N"), .size = -1, .max_occur = -1, .next = &photo};
    struct devinf_prop begin = {.name = STR("BEGIN"), .size = -1, .max_occur = -1};
    struct devinf_cap empty = {.type = {.type = STR("text/x-vcalendar"), .version = STR("1.0")},
                               .props = &begin};
    struct devinf_cap cards = {
        .type = {.type = STR("text/x-vcard"), .version = STR("2.1")}, .props = &n, .next = &empty};
    struct devinf_store store = {.source = STR("./Contacts"), .caps = &cards};
    struct devinf d = {.version = STR("1.2"), .utc = true, .stores = &store};
    const struct phone *base = phone_named(phones, STR("generic"));
    struct phone got;
    assert_ok(phone_with_devinf(&a, base, &d, STR("Contacts"), STR("text/x-vcard"), STR("2.1"), &got));
    assert_int_equal(got.time, PHONE_UTC);
    assert_int_equal(got.field_count, 3);
    assert_str(got.fields[1].name, "PHOTO");
    assert_int_equal(got.fields[1].size, 0); /* bogus */
    assert_int_equal(got.fields[2].size, 20);
    assert_int_equal(got.fields[2].most, 3);
    d.utc = false;
    assert_ok(phone_with_devinf(&a, base, &d, STR_NONE, STR("text/x-vcalendar"), STR("1.0"), &got));
    assert_int_equal(got.time, PHONE_LOCAL);
    assert_null(got.fields); /* it names nothing that an event has */
    assert_ok(phone_with_devinf(&a, base, &d, STR("other"), STR("text/x-vcard"), STR("2.1"), &got));
    assert_null(got.fields);
    d = (struct devinf){.version = STR("1.1"), .utc = true, .caps = &cards};
    assert_ok(phone_with_devinf(&a, base, &d, STR("other"), STR("text/x-vcard"), STR("2.1"), &got));
    assert_int_equal(got.field_count, 3);
    base = phone_named(phones, STR("syncje"));
    assert_ok(phone_with_devinf(&a, base, &d, STR("other"), STR("text/x-vcard"), STR("2.1"), &got));
    assert_null(got.fields);
    d.version = STR("1.0");
    d.utc = false;
    assert_ok(phone_with_devinf(&a, base, &d, STR("other"), STR("text/x-vcard"), STR("2.1"), &got));
    assert_int_equal(got.time, PHONE_UTC); /* 1.0 has no way to say it */
    assert_ok(phone_with_devinf(&a, base, NULL, STR_NONE, STR("text/x-vcard"), STR("2.1"), &got));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choose), cmocka_unit_test(test_flags),  cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_extra),  cmocka_unit_test(test_devinf),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
