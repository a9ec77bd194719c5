/* Sizes: of messages, of objects, and large objects in pieces both ways. */
#include "tests/unit/syncml_one.h"

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

/* It was changed since, and comes whole: that is no piece of what there was. */
static void test_chunks_overtaken(void **state)
{
    (void)state;
    static const char *const rests[] = {"Short", NULL};
    acquaint();
    for (size_t i = 0; i < COUNT_OF(rests); i++) {
        open_session(200);
        struct str text = card(SML_ADD, "10", "Piecemeal")->items->data;
        struct sml_command *c = card(SML_ADD, "10", "");
        c->meta.size = (int64_t)text.n;
        c->items->data = arena_str(&d.a, str_slice(text, 0, 20));
        c->items->more_data = true;
        send_change(c, false);
        assert_int_equal(dev_status(&d, "Add", 0), 213);
        open_session(225);
        assert_int_equal(dev_status(&d, "Alert", 0), 200);
        c = card(SML_ADD, "10", rests[i] ? rests[i] : "");
        if (!rests[i]) /* a piece, but not the one that is missing */
            c->items->data = STR("ecemeal\r\nEND:VCARD\r\n");
        send_change(c, true);
        assert_int_equal(dev_status(&d, "Add", 0), rests[i] ? 201 : 424);
        assert_int_equal(cards(&rig, "Short"), 1);
        assert_int_equal(cards(&rig, "Piecemeal"), 0);
        dev_take(&d);
    }
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        RULE(test_too_large),        RULE(test_sizes),          RULE(test_chunks),  RULE(test_chunks_resumed),
        RULE(test_chunks_overtaken), RULE(test_sent_in_chunks), RULE(test_max_obj),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
