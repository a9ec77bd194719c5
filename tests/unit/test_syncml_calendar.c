/* Calendars over SyncML: recurrence sets as parts, tasks, notes, date windows, shares, several collections. */
#include "core/clock.h"
#include "tests/unit/syncml_rig.h"

static struct rig rig;
static struct dev d;

static int setup(void **state)
{
    (void)state;
    clock_set(1790000000); /* 2026-09-21 */
    rig_start(&rig, NULL);
    dev_init(&d, &rig, "IMEI:1");
    d.db = "calendar";
    d.source = "./calendar";
    d.type = "text/calendar";
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dev_free(&d);
    rig_stop(&rig);
    clock_set(0);
    return 0;
}

#define HEAD "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n"
#define TAIL "END:VCALENDAR\r\n"

static struct dev_item *event(const char *luid, const char *uid, const char *summary, const char *start)
{
    return dev_add(&d, luid,
                   HEAD "BEGIN:VEVENT\r\nUID:%s\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:%s\r\nDTSTART:%s\r\n"
                        "DURATION:PT1H\r\nEND:VEVENT\r\n" TAIL,
                   uid, summary, start);
}

__attribute__((format(printf, 2, 3))) static void put(const char *path, const char *format, ...)
{
    SCOPED_BUF(text, 1 << 20);
    va_list args;
    va_start(args, format);
    buf_addv(&text, format, args);
    va_end(args);
    SCOPED_EXCHANGE(x) = askf(&rig.w, "alice@example.test",
                              "PUT /dav/calendars/alice@example.test/%s\n"
                              "Content-Type: text/calendar\n\n%s",
                              path, buf_c(&text));
    if (x->t.resp.status / 100 != 2)
        print_error("%d %.*s\n", x->t.resp.status, STR_ARG(answer_body(x)));
    assert_int_equal(x->t.resp.status / 100, 2);
}

static int events(const char *text)
{
    return store_count(&rig, KIND_CALENDAR, "calendar", text);
}

static void quiet(void)
{
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.alert_status, 200);
    assert_int_equal(d.adds + d.replaces + d.deletes + d.code_count, 0);
}

static const char master[] = HEAD
    "BEGIN:VEVENT\r\nUID:series\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:Weekly\r\nDTSTART:20260105T090000Z\r\n"
    "DURATION:PT1H\r\nRRULE:FREQ=WEEKLY;COUNT=10\r\nEND:VEVENT\r\n";
static const char moved[] = "BEGIN:VEVENT\r\nUID:series\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:"
                            "Moved\r\nRECURRENCE-ID:20260112T090000Z\r\n"
                            "DTSTART:20260112T110000Z\r\nDURATION:PT1H\r\nEND:VEVENT\r\n";

/* The device sends master and moved instance as two items, in one message; here it is one object. */
static void test_parts_in(void **state)
{
    (void)state;
    dev_add(&d, NULL, "%s" TAIL, master);
    dev_add(&d, NULL, HEAD "%s" TAIL, moved);
    assert_true(dev_sync(&d, 201));
    assert_int_equal(d.code_count, 2);
    assert_int_equal(events(NULL), 1);
    assert_int_equal(events("Moved"), 1);
    assert_int_equal(events("Weekly"), 1);
    assert_int_equal(d.adds, 0);
    quiet();
    /* the moved instance is changed */
    dev_add(&d, "2",
            HEAD "BEGIN:VEVENT\r\nUID:series\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:Moved again\r\n"
                 "RECURRENCE-ID:20260112T090000Z\r\nDTSTART:20260112T130000Z\r\nDURATION:PT1H\r\n"
                 "END:VEVENT\r\n" TAIL);
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.codes[0], 200);
    assert_int_equal(events(NULL), 1);
    assert_int_equal(events("Moved again"), 1);
    assert_int_equal(d.adds + d.replaces + d.deletes, 0);
    quiet();
    /* and deleted: the instance is off, the series stays */
    dev_delete(&d, "2");
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.codes[0], 200);
    assert_int_equal(events("EXDATE"), 1);
    assert_int_equal(events("Moved"), 0);
    assert_true(dev_sync(&d, 200));
    quiet();
    dev_delete(&d, "1");
    assert_true(dev_sync(&d, 200));
    assert_int_equal(events(NULL), 0);
    quiet();
}

static void test_parts_out(void **state)
{
    (void)state;
    event(NULL, "own", "Own", "20260922T100000Z");
    assert_true(dev_sync(&d, 201));
    put("calendar/series.ics", "%s%s" TAIL, master, moved);
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.adds, 2);
    assert_non_null(dev_holds(&d, "Weekly"));
    assert_non_null(dev_holds(&d, "Moved"));
    quiet();
    /* the override goes: the device deletes its item */
    put("calendar/series.ics", "%s" TAIL, master);
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.deletes, 1);
    assert_null(dev_holds(&d, "Moved"));
    quiet();
    /* an override comes to a series that the device knows: one Add, and no more */
    put("calendar/series.ics", "%s%s" TAIL, master, moved);
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.adds, 1);
    quiet();
    /* all of it */
    store_delete(&rig, "calendars/alice@example.test/calendar/series.ics");
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.deletes, 2);
    assert_int_equal(dev_count(&d), 1);
    quiet();
    /* a slow sync of a set that both sides have */
    put("calendar/series.ics", "%s%s" TAIL, master, moved);
    assert_true(dev_sync(&d, 200));
    assert_true(dev_sync(&d, 201));
    assert_int_equal(d.adds + d.replaces + d.deletes, 0);
    assert_int_equal(events(NULL), 2);
    snprintf(d.id, sizeof d.id, "IMEI:2");
    assert_true(dev_sync(&d, 201));
    assert_int_equal(d.adds + d.deletes, 0);
    assert_int_equal(events(NULL), 2);
}

static void test_uid_stays(void **state)
{
    (void)state;
    static struct dev e;
    event(NULL, "own", "Own", "20260922T100000Z");
    assert_true(dev_sync(&d, 201));
    put("calendar/thunderbird.ics",
        HEAD "BEGIN:VEVENT\r\nUID:5e0a-thunderbird\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:Lunch\r\n"
             "DTSTART:20260923T100000Z\r\nDURATION:PT1H\r\nX-MOZ:1\r\nEND:VEVENT\r\n" TAIL);
    assert_true(dev_sync(&d, 200));
    dev_add(&d, dev_holds(&d, "Lunch")->luid,
            HEAD
            "BEGIN:VEVENT\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:Lunch late\r\nDTSTART:20260923T110000Z\r\n"
            "DURATION:PT1H\r\nEND:VEVENT\r\n" TAIL);
    assert_true(dev_sync(&d, 200));
    assert_int_equal(events("UID:5e0a-thunderbird"), 1);
    assert_int_equal(events("Lunch late"), 1);
    dev_init(&e, &rig, "IMEI:2");
    e.db = "calendar";
    e.type = "text/calendar";
    dev_add(&e, NULL, "%s", dev_holds(&d, "Own")->data);
    assert_true(dev_sync(&e, 201));
    assert_int_equal(e.adds, 1);
    assert_int_equal(events(NULL), 2);
    dev_free(&e);
}

static void test_tasks_and_notes(void **state)
{
    (void)state;
    d.db = "todo";
    dev_add(&d, NULL,
            HEAD
            "BEGIN:VTODO\r\nUID:t1\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:Buy milk\r\nEND:VTODO\r\n" TAIL);
    dev_add(&d, NULL, "%s" TAIL, master);
    assert_true(dev_sync(&d, 201));
    assert_int_equal(d.codes[0], 201);
    assert_int_equal(d.codes[1], 415);
    assert_int_equal(store_count(&rig, KIND_CALENDAR, "tasks", "Buy milk"), 1);
    assert_int_equal(store_count(&rig, KIND_CALENDAR, "tasks", NULL), 1);
}

/* What is outside of the window is not sent; what leaves it is not deleted; what time brings into it comes. */
static void test_window(void **state)
{
    (void)state;
    const int64_t day = 86400, today = 1790000000 / day * day;
    d.db = "calendar?/dr(-2,10)";
    event(NULL, "own", "Own", "20260922T100000Z");
    assert_true(dev_sync(&d, 201));
    assert_int_equal(events(NULL), 1);
    for (int i = -10; i <= 30; i += 5) {
        struct caltime t = caltime_from_seconds(today + i * day + 36000);
        put("calendar/x.ics",
            HEAD "BEGIN:VEVENT\r\nUID:day%d\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:Day %d.\r\n"
                 "DTSTART:%04d%02d%02dT100000Z\r\nDURATION:PT1H\r\nEND:VEVENT\r\n" TAIL,
            i, i, t.year, t.month, t.day);
        SCOPED_EXCHANGE(x) = askf(&rig.w, "alice@example.test",
                                  "MOVE /dav/calendars/alice@example.test/calendar/x.ics\nDestination: "
                                  "/dav/calendars/alice@example.test/calendar/day%d.ics\n\n",
                                  i);
        assert_int_equal(x->t.resp.status, 201);
    }
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.adds, 3); /* 0, 5, 10 */
    assert_non_null(dev_holds(&d, "Day 0."));
    assert_non_null(dev_holds(&d, "Day 10."));
    assert_null(dev_holds(&d, "Day 15."));
    quiet();
    clock_set(1790000000 + 6 * day);
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.adds, 1);
    assert_int_equal(d.deletes, 0);
    assert_non_null(dev_holds(&d, "Day 15."));
    assert_non_null(dev_holds(&d, "Day 0."));
    quiet();
    d.db = "calendar"; /* no window any more: all of it */
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.adds, 5);
    quiet();
    /* by the filter of 1.2 */
    d.db = "calendar?/fi(SUMMARY&CON;Day 2)";
    snprintf(d.id, sizeof d.id, "IMEI:2");
    assert_true(dev_sync(&d, 205));
    assert_int_equal(d.mode, 205);
}

static void test_filter_12(void **state)
{
    struct sml_out o;
    static const struct {
        const char *record;
        int code;
    } cases[] = {{"SUMMARY&iCON;red", 200},
                 {"SINCE&EQ;20260101T000000Z&AND;SUMMARY&CON;Red", 200},
                 {"SUMMARY&XX;red", 422},
                 {"LUID&EQ;5", 422},
                 {"SUMMARY", 422}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        teardown(state);
        setup(state);
        event(NULL, "own", "Own", "20260922T100000Z");
        assert_true(dev_sync(&d, 201));
        put("calendar/a.ics", HEAD "BEGIN:VEVENT\r\nUID:a\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:Red one\r\n"
                                   "DTSTART:20260923T100000Z\r\nDURATION:PT1H\r\nEND:VEVENT\r\n" TAIL);
        put("calendar/b.ics", HEAD "BEGIN:VEVENT\r\nUID:b\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:Blue one\r\n"
                                   "DTSTART:20260923T100000Z\r\nDURATION:PT1H\r\nEND:VEVENT\r\n" TAIL);
        struct sml_filter filter = {.grammar = STR("syncml:filtertype-cgi"),
                                    .record = str_c(cases[i].record)};
        dev_start(&d);
        dev_begin(&d, &o);
        struct sml_command *c = dev_command(&d, SML_ALERT, 1);
        c->data = STR("200");
        c->items->target = str_c(d.db);
        c->items->source = str_c(d.source);
        c->items->filters = &filter;
        c->items->meta.last = str_c(d.last);
        c->items->meta.next = str_c(d.next);
        assert_true(sml_add(&o, c));
        assert_true(dev_send(&d, &o, true));
        assert_int_equal(dev_status(&d, "Alert", 0), cases[i].code);
        dev_take(&d);
        if (cases[i].code != 200)
            continue;
        struct sml_command sync = {.cmd = SML_SYNC,
                                   .target = str_c(d.db),
                                   .source = str_c(d.source),
                                   .meta = rig_no_meta,
                                   .changes = -1};
        dev_begin(&d, &o);
        assert_true(sml_sync_begin(&o, &sync));
        sml_sync_end(&o);
        assert_true(dev_send(&d, &o, true));
        const struct sml_command *got = dev_got(&d, SML_SYNC, 0);
        assert_non_null(got);
        assert_non_null(got->children);
        assert_null(got->children->next);
        assert_true(str_find(got->children->items->data, STR("Red"), 0) != SIZE_MAX);
    }
}

static void grant(const char *owner, const char *slug, const char *to, unsigned rights)
{
    struct login o, t;
    struct collection c;
    SCOPED_ARENA(a, 1 << 20);
    world_login(&rig.w, &a, owner, &o);
    world_login(&rig.w, &a, to, &t);
    {
        SCOPED_READ(tx, rig.w.store);
        assert_ok(collection_find(tx, &a, &o.actor, o.actor.id, KIND_CALENDAR, str_c(slug), &c));
    }
    struct acl_entry entry = {t.actor.id, rights};
    assert_ok(acl_share(rig.w.store, &o.actor, c.id, &entry, 1));
}

/* What others share is a database of its own, that can be read; what the device changes in it comes back to it. */
static void test_shared(void **state)
{
    (void)state;
    SCOPED_EXCHANGE(x) =
        askf(&rig.w, "bob@example.test",
             "PUT /dav/calendars/bob@example.test/calendar/b.ics\nContent-Type: text/calendar\n\n" HEAD
             "BEGIN:VEVENT\nUID:b\nDTSTAMP:20260101T000000Z\nSUMMARY:Bob's\n"
             "DTSTART:20260923T100000Z\nDURATION:PT1H\nEND:VEVENT\n" TAIL);
    assert_int_equal(x->t.resp.status, 201);
    grant("bob@example.test", "calendar", "alice@example.test", RIGHTS_WRITE);
    SCOPED_ARENA(a, 1 << 20);
    struct login alice;
    struct mount *mounts;
    size_t count;
    char db[128];
    world_login(&rig.w, &a, "alice@example.test", &alice);
    {
        SCOPED_READ(tx, rig.w.store);
        assert_ok(mount_list(tx, &a, alice.actor.id, &mounts, &count));
        assert_true(count > 0);
        size_t i = 0;
        while (i < count && mounts[i].kind != KIND_CALENDAR)
            i++;
        assert_true(i < count);
        snprintf(db, sizeof db, "calendar/%.*s", STR_ARG(mounts[i].slug));
    }
    d.db = db;
    d.type = "text/calendar";
    event(NULL, "mine", "Mine", "20260923T120000Z"); /* refused, but says which type it takes */
    assert_true(dev_sync(&d, 201));
    assert_int_equal(d.codes[0], 425);
    assert_int_equal(d.adds, 1);
    struct dev_item *item = dev_holds(&d, "Bob's");
    assert_non_null(item);
    d.items[0].state = ITEM_FREE;
    event(item->luid, "b", "Changed", "20260923T100000Z");
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.codes[0], 425);
    assert_int_equal(d.replaces, 1);
    assert_non_null(dev_holds(&d, "Bob's"));
    quiet();
    dev_delete(&d, dev_holds(&d, "Bob's")->luid);
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.codes[0], 425);
    assert_int_equal(d.adds, 1);
    quiet();
    /* the share is taken back: the database is gone */
    grant("bob@example.test", "calendar", "carol@example.test", RIGHTS_READ);
    assert_false(dev_sync(&d, 200));
    assert_int_equal(d.alert_status, 404);
}

/* All own calendars in one, and one that leaves it. */
static void test_all(void **state)
{
    (void)state;
    event(NULL, "own", "Own", "20260922T100000Z");
    d.db = "calendar?all";
    assert_true(dev_sync(&d, 201));
    assert_int_equal(events("Own"), 1);
    SCOPED_EXCHANGE(x) =
        askf(&rig.w, "alice@example.test", "MKCALENDAR /dav/calendars/alice@example.test/work/\n\n");
    assert_int_equal(x->t.resp.status, 201);
    put("work/w.ics", HEAD "BEGIN:VEVENT\r\nUID:w\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:Work\r\n"
                           "DTSTART:20260923T100000Z\r\nDURATION:PT1H\r\nEND:VEVENT\r\n" TAIL);
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.alert_status, 200);
    assert_int_equal(d.adds, 1);
    quiet();
    /* an event that moves inside of the view is not sent again */
    SCOPED_EXCHANGE(m) = askf(&rig.w, "alice@example.test",
                              "MOVE /dav/calendars/alice@example.test/work/w.ics\n"
                              "Destination: /dav/calendars/alice@example.test/calendar/w.ics\n\n");
    assert_int_equal(m->t.resp.status, 201);
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.adds + d.replaces + d.deletes, 0);
    SCOPED_EXCHANGE(n) = askf(&rig.w, "alice@example.test",
                              "MOVE /dav/calendars/alice@example.test/calendar/w.ics\n"
                              "Destination: /dav/calendars/alice@example.test/work/w.ics\n\n");
    assert_int_equal(n->t.resp.status, 201);
    assert_true(dev_sync(&d, 200));
    SCOPED_EXCHANGE(y) =
        askf(&rig.w, "alice@example.test", "DELETE /dav/calendars/alice@example.test/work/\n\n");
    assert_int_equal(y->t.resp.status, 204);
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.alert_status, 200);
    assert_int_equal(d.deletes, 1);
    assert_int_equal(dev_count(&d), 1);
    quiet();
}

/* A phone that has tasks in its calendar. */
static void test_tasks_in_calendar(void **state)
{
    (void)state;
    static struct devinf_store store = {.source = STR_INIT("./calendar"), .max_guid = -1, .sync_types = 0xFE};
    static struct devinf info = {.version = STR_INIT("1.2"),
                                 .man = STR_INIT("NOKIA"),
                                 .mod = STR_INIT("Nokia 6230"),
                                 .devid = STR_INIT("IMEI:1"),
                                 .devtyp = STR_INIT("phone"),
                                 .utc = true,
                                 .stores = &store};
    store.rx_pref = store.tx_pref = (struct devinf_type){.type = STR("text/calendar"), .version = STR("2.0")};
    d.devinf = &info;
    assert_true(dev_sync(&d, 201)); /* that it is such a phone is known from here on */
    event(NULL, "own", "Own", "20260922T100000Z");
    dev_add(&d, NULL,
            HEAD
            "BEGIN:VTODO\r\nUID:t1\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:Buy milk\r\nEND:VTODO\r\n" TAIL);
    assert_true(dev_sync(&d, 201));
    assert_int_equal(d.codes[0], 201);
    assert_int_equal(d.codes[1], 201);
    assert_int_equal(store_count(&rig, KIND_CALENDAR, "tasks", "Buy milk"), 1);
    assert_int_equal(events(NULL), 1);
    put("tasks/t2.ics",
        HEAD "BEGIN:VTODO\r\nUID:t2\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:Sweep\r\nEND:VTODO\r\n" TAIL);
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.adds, 1);
    quiet();
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_parts_in),        CASE(test_parts_out), CASE(test_uid_stays),
        CASE(test_tasks_and_notes), CASE(test_window),    CASE(test_filter_12),
        CASE(test_shared),          CASE(test_all),       CASE(test_tasks_in_calendar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
