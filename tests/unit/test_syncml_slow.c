/* Slow syncs, and what a device has in them that is not what we know of it: more or less of an item, an older text, a name that was
 * never told. Nothing is doubled, nothing lost, and what is old undoes nothing. */
#include "tests/unit/syncml_one.h"

#define CARD                                                                                                 \
    "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Carla Test\r\nN:Carla;Test;;;\r\nTEL;TYPE=CELL:+39 "                   \
    "333\r\n%sEND:VCARD\r\n"
#define TODO                                                                                                 \
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Test//EN\r\nBEGIN:VTODO\r\nDTSTAMP:20260101T000000Z\r\n"    \
    "%sSUMMARY:%s\r\nDUE:%s\r\nEND:VTODO\r\nEND:VCALENDAR\r\n"

/* Carla here, with these lines more. */
static void put_carla(const char *more)
{
    SCOPED_EXCHANGE(x) =
        askf(&rig.w, "alice@example.test",
             "PUT /dav/addressbooks/alice@example.test/contacts/carla.vcf\n"
             "Content-Type: text/vcard\n\nBEGIN:VCARD\r\nVERSION:3.0\r\nUID:carla\r\nFN:Carla Test\r\n"
             "N:Carla;Test;;;\r\nTEL;TYPE=CELL:+39 333\r\n%sEND:VCARD\r\n",
             more);
    assert_true(x->t.resp.status / 100 == 2);
}

/* Nothing goes back and forth. */
static void assert_quiet(void)
{
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.alert_status, 200);
    assert_int_equal(d.adds + d.replaces + d.deletes + d.code_count, 0);
}

/* ---- one that people would take for the same ---- */

static void test_device_has_less(void **state)
{
    (void)state;
    put_carla("NOTE:uno\r\n");
    dev_add(&d, NULL, CARD, "");
    assert_true(dev_sync(&d, 201));
    assert_int_equal(d.adds, 0);
    assert_int_equal(d.replaces, 1);
    assert_non_null(dev_holds(&d, "NOTE:uno"));
    assert_int_equal(cards(&rig, NULL), 1);
    assert_quiet();
}

static void test_device_has_more(void **state)
{
    (void)state;
    put_carla("");
    dev_add(&d, NULL, CARD, "NOTE:due\r\n");
    assert_true(dev_sync(&d, 201));
    assert_int_equal(d.adds, 0);
    assert_int_equal(cards(&rig, "NOTE:due"), 1);
    assert_int_equal(cards(&rig, NULL), 1);
    assert_quiet();
}

static void test_each_has_more(void **state)
{
    (void)state;
    put_carla("EMAIL:carla@example.test\r\n");
    dev_add(&d, NULL, CARD, "NOTE:due\r\n");
    assert_true(dev_sync(&d, 201));
    assert_true(dev_sync(&d, 200));
    assert_int_equal(cards(&rig, NULL), 1);
    assert_int_equal(cards(&rig, "NOTE:due") + cards(&rig, "carla@example.test"), 2);
    assert_int_equal(dev_count(&d), 1);
    assert_non_null(dev_holds(&d, "NOTE:due"));
    assert_non_null(dev_holds(&d, "carla@example.test"));
    assert_quiet();
}

/* Its LUID is known to be Ann's, and there is another one that looks like her: that is another one. */
static void test_twin_of_known(void **state)
{
    (void)state;
    acquaint();
    dev_card(&d, NULL, "Ann", "111");
    assert_true(dev_sync(&d, 201));
    assert_int_equal(d.adds + d.deletes, 0);
    assert_int_equal(dev_count(&d), 3);
    assert_int_equal(cards(&rig, "N:Ann"), 2);
    assert_quiet();
}

/* ---- a text that was ours ---- */

/* Another device has it as it was, with its UID or without: that is no change of what it became since. */
static void test_old_copy(void **state)
{
    for (int uid = 0; uid < 2; uid++) {
        teardown(state);
        setup(state);
        put_carla("NOTE:uno\r\n");
        dev_card(&d, NULL, "Ann", "111"); /* says which type it takes */
        assert_true(dev_sync(&d, 201));
        put_carla("NOTE:due\r\n");
        strcpy(d.id, "IMEI:9");
        if (!uid)
            dev_add(&d, dev_holds(&d, "Carla")->luid, CARD, "NOTE:uno\r\n");
        assert_true(dev_sync(&d, 201));
        assert_int_equal(d.adds + d.deletes, 0);
        assert_int_equal(d.replaces, 1);
        assert_int_equal(cards(&rig, "NOTE:due"), 1);
        assert_int_equal(cards(&rig, "uno"), 0);
        assert_null(dev_holds(&d, "uno"));
        assert_quiet();
    }
}

/* The device has what was sent last, and its word for that was lost. */
static void never_answered(void)
{
    put_carla("NOTE:uno\r\n");
    dev_card(&d, NULL, "Ann", "111");
    assert_true(dev_sync(&d, 201));
    put_carla("NOTE:due\r\n");
    d.cut = 3;
    d.cut_before = true;
    assert_false(dev_sync(&d, 200));
    d.cut = 0;
    assert_non_null(dev_holds(&d, "NOTE:due"));
    for (int i = 0; i < ITEMS_MOST; i++) /* and nothing was changed on it */
        d.items[i].state = d.items[i].state == ITEM_FREE ? ITEM_FREE : ITEM_CLEAN;
}

static void test_never_answered(void **state)
{
    (void)state;
    never_answered();
    put_carla("NOTE:tre\r\n");
    assert_true(dev_sync(&d, 201));
    assert_int_equal(d.replaces, 1);
    assert_int_equal(cards(&rig, "NOTE:tre"), 1);
    assert_int_equal(cards(&rig, "uno") + cards(&rig, "due"), 0);
    assert_non_null(dev_holds(&d, "NOTE:tre"));
    assert_null(dev_holds(&d, "due"));
    assert_int_equal(dev_count(&d), 2);
    assert_quiet();
}

static void test_never_answered_and_deleted(void **state)
{
    (void)state;
    never_answered();
    store_delete(&rig, "addressbooks/alice@example.test/contacts/carla.vcf");
    strcpy(d.last, "nothing that we know");
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.alert_status, 508);
    assert_int_equal(d.deletes, 1);
    assert_int_equal(cards(&rig, "Carla"), 0);
    assert_null(dev_holds(&d, "Carla"));
    assert_quiet();
}

/* ---- LUIDs and Maps ---- */

/* The first sync was broken off, and its user moved the task since: the LUID and the title say that it is the same one. */
static void test_moved(void **state)
{
    (void)state;
    d.db = "tasks";
    d.source = "./tasks";
    d.type = "text/calendar";
    dev_add(&d, NULL, TODO, "", "Milk", "20270101T100000Z");
    d.cut = 2;
    assert_false(dev_sync(&d, 201));
    d.cut = 0;
    dev_add(&d, "1", TODO, "", "Milk", "20270202T100000Z");
    assert_true(dev_sync(&d, 201));
    assert_int_equal(store_count(&rig, KIND_CALENDAR, "tasks", NULL), 1);
    assert_int_equal(store_count(&rig, KIND_CALENDAR, "tasks", "20270202T100000Z"), 1);
    assert_int_equal(dev_count(&d), 1);
    assert_quiet();
}

/* ---- Alert, Maps and Sync in one package ---- */

/* `change`: NULL for none. */
static void add_sync(struct sml_out *o, struct sml_command *change)
{
    struct sml_command sync = {.cmd = SML_SYNC,
                               .target = str_c(d.db),
                               .source = str_c(d.source),
                               .meta = rig_no_meta,
                               .changes = -1};
    assert_true(sml_sync_begin(o, &sync));
    if (change)
        assert_true(sml_add(o, change));
    sml_sync_end(o);
}

/* A package of Statuses and Maps, with the whole of the database in it, or nothing. */
static void go_on(bool whole)
{
    struct sml_out o;
    int at = 0;
    size_t offset = 0;
    dev_begin(&d, &o);
    dev_say(&d, &o);
    if (whole)
        assert_true(dev_fill(&d, &o, &at, &offset));
    assert_true(dev_send(&d, &o, true));
    dev_take(&d);
    assert_true(d.got_final);
}

/* A device that remembers which Adds it has not told of: they do not come again beside the answer to that. */
static void test_maps_come_first(void **state)
{
    (void)state;
    struct sml_out o;
    char maps[sizeof d.maps];
    int n;
    acquaint();
    put_carla("");
    d.cut = 3;
    d.cut_before = true;
    d.no_maps = true;
    assert_false(dev_sync(&d, 200));
    d.no_maps = false;
    d.cut = 0;
    n = d.map_count;
    assert_int_equal(n, 1);
    memcpy(maps, d.maps, sizeof maps);
    dev_start(&d);
    memcpy(d.maps, maps, sizeof maps);
    d.map_count = n;
    dev_begin(&d, &o);
    dev_alert(&d, &o, 200);
    dev_say(&d, &o);
    add_sync(&o, NULL);
    assert_true(dev_send(&d, &o, true));
    assert_int_equal(dev_status(&d, "Alert", 0), 200);
    assert_int_equal(dev_status(&d, "Map", 0), 200);
    dev_take(&d);
    assert_int_equal(d.adds, 0);
    go_on(false);
    dev_settle(&d);
    assert_int_equal(dev_count(&d), 3);
    assert_quiet();
}

/* What comes with an Alert that is answered with 508 is no slow sync: what it does not name is not missing. */
static void test_sync_beside_508(void **state)
{
    (void)state;
    struct sml_out o;
    acquaint();
    strcpy(d.last, "nothing that we know");
    struct dev_item *ann = dev_card(&d, "1", "Ann", "333");
    dev_start(&d);
    dev_begin(&d, &o);
    dev_alert(&d, &o, 200);
    add_sync(&o, dev_change(&d, SML_REPLACE, ann));
    assert_true(dev_send(&d, &o, true));
    assert_int_equal(dev_status(&d, "Alert", 0), 508);
    dev_take(&d);
    assert_int_equal(d.mode, 201);
    assert_int_equal(d.adds, 0);
    go_on(true);
    go_on(false);
    dev_settle(&d);
    assert_int_equal(d.adds + d.deletes, 0);
    assert_int_equal(dev_count(&d), 2);
    assert_int_equal(cards(&rig, NULL), 2);
    assert_int_equal(cards(&rig, "333"), 1);
    assert_quiet();
}

/* One database goes on, another is synced anew behind it: that one gets our changes and its anchors too. */
static void test_anew_behind_others(void **state)
{
    (void)state;
    struct sml_out o;
    SCOPED_EXCHANGE(x) = askf(&rig.w, "alice@example.test",
                              "PUT /dav/calendars/alice@example.test/tasks/bread.ics\n"
                              "Content-Type: text/calendar\n\n" TODO,
                              "UID:bread\r\n", "Bread", "20270101T100000Z");
    assert_int_equal(x->t.resp.status, 201);
    acquaint();
    dev_start(&d);
    dev_begin(&d, &o);
    dev_alert(&d, &o, 200);
    add_sync(&o, NULL);
    for (int i = 0; i < ITEMS_MOST; i++) /* Ann and Bob are done with */
        d.items[i].state = ITEM_FREE;
    d.db = "tasks";
    d.source = "./tasks";
    d.type = "text/calendar";
    dev_alert(&d, &o, 200);
    struct dev_item *milk = dev_add(&d, "7", TODO, "", "Milk", "20270202T100000Z");
    add_sync(&o, dev_change(&d, SML_ADD, milk));
    assert_true(dev_send(&d, &o, true));
    assert_int_equal(dev_status(&d, "Alert", 0), 200);
    assert_int_equal(dev_status(&d, "Alert", 1), 508);
    dev_take(&d);
    assert_true(d.got_final);
    go_on(true);
    assert_int_equal(d.adds, 1);
    assert_non_null(dev_holds(&d, "Bread"));
    go_on(false);
    dev_settle(&d);
    assert_int_equal(store_count(&rig, KIND_CALENDAR, "tasks", NULL), 2);
    assert_int_equal(dev_count(&d), 2);
    assert_quiet();
}

/* Tasks are synced anew, and contacts, alerted behind them, go on: their first message of ours is full. */
static void begin_amid(void)
{
    struct sml_out o;
    d.max_msg = 2600;
    dev_start(&d);
    dev_begin(&d, &o);
    d.db = "tasks";
    d.source = "./tasks";
    dev_alert(&d, &o, 200);
    d.db = "contacts";
    d.source = "./contacts";
    dev_alert(&d, &o, 200);
    add_sync(&o, NULL);
    for (int i = 0; i < ITEMS_MOST; i++) /* Ann and Bob are done with */
        d.items[i].state = ITEM_FREE;
    d.db = "tasks";
    d.source = "./tasks";
    d.type = "text/calendar";
    add_sync(&o, NULL);
    assert_true(dev_send(&d, &o, true));
    assert_int_equal(dev_status(&d, "Alert", 0), 508);
    assert_int_equal(dev_status(&d, "Alert", 1), 200);
    dev_take(&d);
    assert_false(d.got_final);
    d.map_count = 0; /* of the contacts, which are not looked at here */
}

/* The device tells of a task. */
static void tell_task(const char *luid, const char *title, bool final)
{
    struct sml_out o;
    struct dev_item *item = dev_add(&d, luid, TODO, "", title, "20270202T100000Z");
    dev_begin(&d, &o);
    dev_say(&d, &o);
    add_sync(&o, dev_change(&d, SML_ADD, item));
    assert_true(dev_send(&d, &o, final));
}

/* Does our message hold something of the tasks? */
static bool has_tasks(void)
{
    bool has = false;
    for (int n = 0; dev_got(&d, SML_SYNC, n); n++)
        has |= str_eq(dev_got(&d, SML_SYNC, n)->source, STR("tasks"));
    return has;
}

/* While our changes of one database still come the device tells of the other in several messages: ours of that one wait for its last. */
static void test_anew_amid_others(void **state)
{
    (void)state;
    struct sml_out o;
    bool came = false;
    acquaint();
    for (int i = 0; i < 12; i++) {
        char name[32];
        snprintf(name, sizeof name, "srv%d", i);
        store_card(&rig, name, name, "+39 444");
    }
    begin_amid();
    tell_task("70", "Milk", false);
    assert_false(has_tasks());
    dev_take(&d);
    d.map_count = 0;
    tell_task("71", "Bread", true);
    for (int turns = 0; turns < 20; turns++) {
        came |= has_tasks();
        assert_true(came || !d.in.final); /* one package of ours holds both */
        bool over = d.in.final && !dev_got(&d, SML_SYNC, 0);
        dev_take(&d);
        d.map_count = 0;
        if (over)
            break;
        dev_begin(&d, &o);
        dev_say(&d, &o);
        assert_true(dev_send(&d, &o, d.got_final));
    }
    assert_int_equal(store_count(&rig, KIND_CALENDAR, "tasks", NULL), 2);
}

/* And a large object that is on its way is ended before the other one begins. */
static void test_anew_amid_large(void **state)
{
    (void)state;
    struct sml_out o;
    SCOPED_BUF(note, 8000);
    acquaint();
    while (note.n < 5000)
        buf_addc(&note, 'x');
    SCOPED_EXCHANGE(x) = askf(&rig.w, "alice@example.test",
                              "PUT /dav/addressbooks/alice@example.test/contacts/large.vcf\n"
                              "Content-Type: text/vcard\n\nBEGIN:VCARD\nVERSION:3.0\nUID:large\nFN:Large\n"
                              "N:Large;;;;\nNOTE:%s\nEND:VCARD\n",
                              buf_c(&note));
    assert_int_equal(x->t.resp.status, 201);
    begin_amid();
    dev_begin(&d, &o);
    dev_say(&d, &o);
    assert_true(dev_send(&d, &o, false));
    dev_take(&d);
    assert_true(d.chunks.n > 0);
    tell_task("70", "Milk", true);
    for (int turns = 0; turns < 20; turns++) {
        bool early = has_tasks();
        dev_take(&d);
        if (!d.chunks.n)
            break;
        assert_false(early);
        dev_begin(&d, &o);
        dev_say(&d, &o);
        assert_true(dev_send(&d, &o, false));
    }
    assert_non_null(dev_holds(&d, "N:Large"));
    assert_true(strlen(dev_holds(&d, "N:Large")->data) > 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RULE(test_device_has_less),
        RULE(test_device_has_more),
        RULE(test_each_has_more),
        RULE(test_twin_of_known),
        RULE(test_old_copy),
        RULE(test_never_answered),
        RULE(test_never_answered_and_deleted),
        RULE(test_moved),
        RULE(test_maps_come_first),
        RULE(test_sync_beside_508),
        RULE(test_anew_behind_others),
        RULE(test_anew_amid_others),
        RULE(test_anew_amid_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
