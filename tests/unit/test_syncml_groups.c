/* Atomic, Sequence, Copy, Move and NoResp: what holds for several changes together, and what is no plain change. */
#include "tests/unit/syncml_one.h"

/* `n` Atomics, Sequences or changes in one message, in the order given. */
static struct sml_command *row_of(struct sml_command *const *commands, size_t n)
{
    for (size_t i = 0; i + 1 < n; i++)
        commands[i]->next = commands[i + 1];
    return commands[0];
}
#define ROW(...)                                                                                             \
    row_of((struct sml_command *[]){__VA_ARGS__},                                                            \
           sizeof((struct sml_command *[]){__VA_ARGS__}) / sizeof(struct sml_command *))

static struct sml_command *broken(const char *luid)
{
    struct sml_command *c = card(SML_ADD, luid, "Broken");
    c->items->data = STR("this is no card");
    return c;
}

/* The Statuses of the last answer for the changes of that name, "201 216 …". */
static void expect_codes(const char *name, const char *wanted)
{
    SCOPED_BUF(got, 4096);
    for (int n = 0; dev_status(&d, name, n); n++)
        buf_addf(&got, "%s%d", n ? " " : "", dev_status(&d, name, n));
    assert_string_equal(buf_c(&got), wanted);
}

/* What the session brings the device from here on, until it is over: nothing. */
static void expect_quiet(void)
{
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.mode, 200);
    assert_int_equal(d.adds + d.replaces + d.deletes, 0);
}

/* ---- Atomic ---- */

static void test_atomic(void **state)
{
    (void)state;
    acquaint();
    open_session(200);
    send_change(ROW(wrap(SML_ATOMIC, ROW(card(SML_ADD, "10", "Rolled"), broken("11"),
                                         card(SML_REPLACE, "2", "Bob"), card(SML_DELETE, "1", ""))),
                    wrap(SML_ATOMIC, ROW(card(SML_ADD, "20", "Whole"), card(SML_DELETE, "2", "")))),
                true);
    expect_codes("Atomic", "507 200");
    expect_codes("Add", "216 415 201");
    expect_codes("Replace", "216");
    expect_codes("Delete", "216 200");
    assert_int_equal(cards(&rig, "Rolled"), 0);
    assert_int_equal(cards(&rig, "Ann"), 1);
    assert_int_equal(cards(&rig, "Bob"), 0);
    assert_int_equal(cards(&rig, "Whole"), 1);
}

/* One that is refused before anything is planned, with nothing beside it. */
static void test_atomic_of_one(void **state)
{
    (void)state;
    acquaint();
    open_session(200);
    send_change(wrap(SML_ATOMIC, broken("11")), false);
    expect_codes("Atomic", "507");
    expect_codes("Add", "415");
    send_change(wrap(SML_ATOMIC, NULL), false);
    expect_codes("Atomic", "200");
}

/* What came in an Atomic that failed is as if it had not come: the device's next word about it is taken for the first. */
static void test_atomic_again(void **state)
{
    (void)state;
    int64_t before;
    acquaint();
    open_session(200);
    before = store_seq(&rig, KIND_ADDRESSBOOK, "contacts");
    send_change(wrap(SML_ATOMIC, ROW(card(SML_ADD, "10", "Later"), card(SML_DELETE, "1", ""), broken("11"))),
                false);
    expect_codes("Add", "216 415");
    assert_int_equal(store_seq(&rig, KIND_ADDRESSBOOK, "contacts"), before);
    send_change(ROW(wrap(SML_ATOMIC, ROW(card(SML_ADD, "10", "Later"), broken("11"))),
                    card(SML_REPLACE, "10", "Later"), card(SML_REPLACE, "1", "Anna")),
                false);
    expect_codes("Atomic", "507");
    expect_codes("Add", "216 415");
    expect_codes("Replace", "201 200");
    assert_int_equal(cards(&rig, "Later"), 1);
    send_change(wrap(SML_ATOMIC, ROW(card(SML_ADD, "12", "Twelve"), card(SML_REPLACE, "12", "Dozen"),
                                     card(SML_DELETE, "10", ""))),
                true);
    expect_codes("Atomic", "200");
    assert_int_equal(cards(&rig, NULL), 3);
    assert_int_equal(cards(&rig, "Dozen"), 1);
}

/* What fails only when it is written undoes what was written before it. */
static void test_atomic_at_commit(void **state)
{
    (void)state;
    char large[2001];
    memset(large, 'x', 2000);
    large[2000] = 0;
    acquaint();
    world_room(&rig.w, "alice@example.test", 1500);
    open_session(200);
    send_change(wrap(SML_ATOMIC, ROW(card(SML_ADD, "10", "Third"), card(SML_DELETE, "2", ""),
                                     card(SML_ADD, "11", large), card(SML_ADD, "12", "Fifth"))),
                false);
    expect_codes("Atomic", "507");
    expect_codes("Add", "216 420 216");
    expect_codes("Delete", "216");
    assert_int_equal(cards(&rig, NULL), 2);
    assert_int_equal(cards(&rig, "Bob"), 1);
    send_change(wrap(SML_ATOMIC, ROW(card(SML_ADD, "10", "Third"), card(SML_ADD, "12", "Fifth"))), true);
    expect_codes("Atomic", "200");
    expect_codes("Add", "201 201");
    assert_int_equal(cards(&rig, NULL), 4);
}

/* That what shall go is not there is no failure; that a command is not supported is one, whatever it is. */
static void test_atomic_failures(void **state)
{
    (void)state;
    acquaint();
    open_session(200);
    send_change(wrap(SML_ATOMIC, ROW(card(SML_DELETE, "99", ""), card(SML_ADD, "10", "Taken"))), false);
    expect_codes("Atomic", "200");
    expect_codes("Delete", "211");
    assert_int_equal(cards(&rig, "Taken"), 1);
    send_change(wrap(SML_ATOMIC, ROW(card(SML_ADD, "11", "Undone"), dev_command(&d, SML_EXEC, 1))), false);
    expect_codes("Atomic", "507");
    expect_codes("Add", "216");
    expect_codes("Exec", "406");
    send_change(wrap(SML_ATOMIC, dev_command(&d, SML_EXEC, 1)), false);
    expect_codes("Atomic", "507");
    send_change(wrap(SML_ATOMIC, ROW(card(SML_ADD, "11", "Undone"),
                                     wrap(SML_SEQUENCE, ROW(card(SML_ADD, "12", "Undone"), broken("13"))))),
                false);
    expect_codes("Atomic", "507");
    expect_codes("Sequence", "216");
    expect_codes("Add", "216 216 415");
    send_change(
        wrap(SML_ATOMIC, ROW(card(SML_ADD, "11", "Undone"), wrap(SML_ATOMIC, card(SML_ADD, "12", "Undone")))),
        false);
    expect_codes("Atomic", "507 500");
    expect_codes("Add", "216 216");
    assert_int_equal(cards(&rig, "Undone"), 0);
    send_change(wrap(SML_ATOMIC, wrap(SML_SEQUENCE, card(SML_ADD, "11", "Inside"))), true);
    expect_codes("Atomic", "200");
    expect_codes("Sequence", "200");
    assert_int_equal(cards(&rig, "Inside"), 1);
}

/* A change that loses against ours is not done: then nothing of the Atomic is, and the device gets ours. */
static void test_atomic_conflict(void **state)
{
    (void)state;
    rig_stop(&rig);
    rig_start(&rig, "[syncml]\nconflict = server\n");
    store_card(&rig, "carla", "Carla", "333");
    acquaint();
    struct dev_item *carla = dev_holds(&d, "Carla");
    store_card(&rig, "carla", "Carla", "444");
    open_session(200);
    send_change(
        wrap(SML_ATOMIC, ROW(card(SML_ADD, "10", "Undone"), card(SML_REPLACE, carla->luid, "Carlotta"))),
        false);
    expect_codes("Atomic", "507");
    expect_codes("Add", "216");
    expect_codes("Replace", "419");
    assert_int_equal(cards(&rig, "Undone"), 0);
    assert_int_equal(cards(&rig, "Carlotta"), 0);
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.replaces, 1);
    assert_non_null(dev_holds(&d, "444"));
    expect_quiet();
}

/* ---- Sequence ---- */

static void test_sequence(void **state)
{
    (void)state;
    acquaint();
    open_session(200);
    send_change(wrap(SML_SEQUENCE, ROW(card(SML_ADD, "10", "One"), card(SML_REPLACE, "10", "Two"),
                                       card(SML_DELETE, "10", ""), card(SML_ADD, "10", "Three"), broken("11"),
                                       card(SML_REPLACE, "10", "Four"))),
                true);
    expect_codes("Sequence", "200");
    expect_codes("Add", "201 201 415");
    expect_codes("Replace", "200 200");
    expect_codes("Delete", "200");
    assert_int_equal(cards(&rig, NULL), 3);
    assert_int_equal(cards(&rig, "Four"), 1);
}

/* ---- Copy ---- */

static struct sml_command *copy(const char *from, const char *to)
{
    struct sml_command *c = dev_command(&d, SML_COPY, 1);
    c->items->source = arena_str(&d.a, str_c(from));
    if (to)
        c->items->target = arena_str(&d.a, str_c(to));
    return c;
}

static void test_copy(void **state)
{
    (void)state;
    acquaint();
    open_session(200);
    send_change(ROW(copy("1", "30"), copy("1", "30"), copy("99", "31"), copy("1", "2")), false);
    expect_codes("Copy", "201 418 404 418");
    assert_int_equal(cards(&rig, "Ann"), 2);
    assert_int_equal(cards(&rig, NULL), 3);
    send_change(ROW(card(SML_ADD, "10", "Fresh"), copy("10", "32"), card(SML_REPLACE, "32", "Changed")),
                true);
    expect_codes("Copy", "201");
    expect_codes("Replace", "200");
    assert_int_equal(cards(&rig, "Fresh"), 1);
    assert_int_equal(cards(&rig, "Changed"), 1);
    dev_put(&d, "30", str_c(dev_find(&d, STR("1"))->data), ITEM_CLEAN);
    dev_put(&d, "10", STR(""), ITEM_CLEAN);
    dev_put(&d, "32", STR(""), ITEM_CLEAN);
    expect_quiet();
}

/* A copy that the device gave no name it gets to know as any other item. */
static void test_copy_unnamed(void **state)
{
    (void)state;
    acquaint();
    open_session(200);
    send_change(copy("1", NULL), false);
    expect_codes("Copy", "201");
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.adds, 1);
    assert_int_equal(cards(&rig, "Ann"), 2);
    expect_quiet();
}

/* What it copied was older than ours: it gets ours for both. */
static void test_copy_of_old(void **state)
{
    (void)state;
    store_card(&rig, "carla", "Carla", "333");
    acquaint();
    char luid[40], *data;
    snprintf(luid, sizeof luid, "%s", dev_holds(&d, "Carla")->luid);
    data = strdup(dev_holds(&d, "Carla")->data);
    store_card(&rig, "carla", "Carla", "444");
    open_session(200);
    send_change(copy(luid, "30"), false);
    expect_codes("Copy", "201");
    dev_put(&d, "30", str_c(data), ITEM_CLEAN);
    free(data);
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.replaces, 2);
    assert_null(dev_holds(&d, "333"));
    expect_quiet();
}

/* ---- Move ---- */

static struct dev_item *dev_event(const char *uid, const char *summary)
{
    return dev_add(
        &d, NULL,
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:%s\r\n"
        "DTSTAMP:20260101T000000Z\r\nDTSTART:20260112T090000Z\r\nDTEND:20260112T100000Z\r\nSUMMARY:%s\r\n"
        "END:VEVENT\r\nEND:VCALENDAR\r\n",
        uid, summary);
}

static int setup_calendars(void **state)
{
    setup(state);
    d.type = "text/calendar";
    d.db = "calendar?all";
    d.source = "./calendar";
    SCOPED_EXCHANGE(x) =
        askf(&rig.w, "alice@example.test", "MKCALENDAR /dav/calendars/alice@example.test/work/\n\n");
    assert_int_equal(x->t.resp.status, 201);
    dev_event("walk", "Walk");
    assert_true(dev_sync(&d, 201));
    return 0;
}

static struct sml_command *move(const char *luid, const char *ours, const char *theirs)
{
    struct sml_command *c = dev_command(&d, SML_MOVE, 1);
    c->items->source = arena_str(&d.a, str_c(luid));
    if (ours)
        c->items->target_parent = arena_str(&d.a, str_c(ours));
    if (theirs)
        c->items->source_parent = arena_str(&d.a, str_c(theirs));
    return c;
}

static int walks(const char *slug)
{
    return store_count(&rig, KIND_CALENDAR, slug, "Walk");
}

static void test_move(void **state)
{
    (void)state;
    open_session(200);
    send_change(ROW(move("1", "work", NULL), move("99", "work", NULL), move("1", "nowhere", NULL),
                    move("1", NULL, NULL)),
                false);
    expect_codes("Move", "200 404 404 400");
    assert_int_equal(walks("calendar"), 0);
    assert_int_equal(walks("work"), 1);
    send_change(move("1", "./calendar/work", NULL), true); /* it is there */
    expect_codes("Move", "200");
    expect_quiet(); /* the device has it, and knows where it is */
    open_session(200);
    send_change(move("1", NULL, "calendar/calendar"), false);
    expect_codes("Move", "200");
    assert_int_equal(walks("calendar"), 1);
    assert_int_equal(walks("work"), 0);
    expect_quiet();
}

/* A change from elsewhere meanwhile is not taken for known. */
static void test_move_and_change(void **state)
{
    (void)state;
    SCOPED_EXCHANGE(x) =
        askf(&rig.w, "alice@example.test",
             "PUT /dav/calendars/alice@example.test/calendar/walk.ics\nContent-Type: text/calendar\n\n"
             "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:walk\r\nDTSTAMP:"
             "20260101T000000Z\r\n"
             "DTSTART:20260112T090000Z\r\nDTEND:20260112T100000Z\r\nSUMMARY:Walk slowly\r\nEND:VEVENT\r\n"
             "END:VCALENDAR\r\n");
    assert_int_equal(x->t.resp.status, 204);
    open_session(200);
    send_change(move("1", "work", NULL), false);
    expect_codes("Move", "200");
    assert_int_equal(walks("work"), 1);
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.replaces, 1);
    assert_int_equal(d.adds + d.deletes, 0);
    assert_non_null(dev_holds(&d, "slowly"));
    expect_quiet();
}

/* Made and moved in one message; and moved in vain in an Atomic. */
static void test_move_with_others(void **state)
{
    (void)state;
    open_session(200);
    send_change(wrap(SML_ATOMIC, ROW(move("1", "work", NULL), move("1", "nowhere", NULL))), false);
    expect_codes("Move", "216 404");
    assert_int_equal(walks("calendar"), 1);
    struct dev_item *hike = dev_event("hike", "Walk uphill");
    send_change(ROW(dev_change(&d, SML_ADD, hike), move(hike->luid, "work", NULL)), false);
    expect_codes("Add", "201");
    expect_codes("Move", "200");
    assert_int_equal(walks("work"), 1);
    assert_int_equal(walks("calendar"), 1);
    hike->state = ITEM_CLEAN;
    expect_quiet();
}

/* Before 1.2 there was none; and what does not take such items, or has one of that name, stays as it is. */
static void test_move_refused(void **state)
{
    (void)state;
    SCOPED_EXCHANGE(x) =
        askf(&rig.w, "alice@example.test",
             "PUT /dav/calendars/alice@example.test/work/walk.ics\nContent-Type: text/calendar\n\n"
             "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:other\r\nDTSTAMP:"
             "20260101T000000Z\r\n"
             "DTSTART:20260113T090000Z\r\nDTEND:20260113T100000Z\r\nSUMMARY:Other\r\nEND:VEVENT\r\n"
             "END:VCALENDAR\r\n");
    assert_int_equal(x->t.resp.status, 201);
    open_session(200);
    send_change(ROW(move("1", "work", NULL), move("1", "tasks", NULL)), false);
    expect_codes("Move", "418 404");
    d.version = SML_1_1;
    open_session(200);
    send_change(move("1", "work", NULL), false);
    expect_codes("Move", "406");
    assert_int_equal(walks("calendar"), 1);
    assert_int_equal(walks("work"), 0);
}

/* ---- what is not played ---- */

static void test_unsupported(void **state)
{
    (void)state;
    struct sml_out o;
    open_session(201);
    dev_begin(&d, &o);
    assert_true(sml_add(&o, dev_command(&d, SML_EXEC, 1)));
    assert_true(sml_add(&o, dev_command(&d, SML_SEARCH, 0)));
    assert_true(dev_send(&d, &o, false));
    assert_int_equal(dev_status(&d, "Exec", 0), 406);
    assert_int_equal(dev_status(&d, "Search", 0), 406);
    send_change(card(SML_ADD, "10", "Onward"), true);
    expect_codes("Add", "201");
}

/* ---- NoResp ---- */

static void test_no_resp(void **state)
{
    (void)state;
    acquaint();
    open_session(200);
    struct sml_command *quiet = card(SML_ADD, "10", "Quiet"), *bad = broken("12");
    quiet->no_resp = bad->no_resp = true;
    struct sml_command *atomic =
        wrap(SML_ATOMIC, ROW(card(SML_ADD, "13", "Inside"), card(SML_DELETE, "2", "")));
    atomic->no_resp = true;
    send_change(ROW(quiet, card(SML_ADD, "11", "Loud"), bad, atomic), false);
    expect_codes("Add", "201 201");
    expect_codes("Atomic", "");
    expect_codes("Sync", "200");
    expect_codes("Delete", "200");
    assert_int_equal(cards(&rig, NULL), 4);
}

/* For a whole message: no Status, not of the header either; what is wrong with the log-in is told all the same. */
static void test_no_resp_message(void **state)
{
    (void)state;
    acquaint();
    open_session(200);
    d.no_resp = true;
    send_change(ROW(card(SML_ADD, "10", "Quiet"), card(SML_DELETE, "2", "")), false);
    assert_null(dev_got(&d, SML_STATUS, 0));
    assert_int_equal(cards(&rig, NULL), 2);
    assert_int_equal(cards(&rig, "Quiet"), 1);
    d.no_resp = false;
    send_change(card(SML_ADD, "11", "Loud"), true);
    expect_codes("SyncHdr", "212");
    expect_codes("Add", "201");
    d.no_resp = true;
    snprintf(rig.app, sizeof rig.app, "wrong");
    open_session(200);
    expect_codes("SyncHdr", "401");
}

/* The package of such a message is answered: only its Statuses stay away. */
static void test_no_resp_package(void **state)
{
    (void)state;
    store_card(&rig, "carla", "Carla", "333");
    d.no_resp = true;
    open_session(201);
    assert_null(dev_got(&d, SML_STATUS, 0));
    assert_non_null(dev_got(&d, SML_ALERT, 0));
    send_change(card(SML_ADD, "10", "Quiet"), true);
    assert_null(dev_got(&d, SML_STATUS, 0));
    assert_non_null(dev_got(&d, SML_SYNC, 0));
    assert_int_equal(dev_got(&d, SML_SYNC, 0)->children->cmd, SML_ADD);
}

#define MOVING(name) cmocka_unit_test_setup_teardown(name, setup_calendars, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RULE(test_atomic),
        RULE(test_atomic_of_one),
        RULE(test_atomic_again),
        RULE(test_atomic_at_commit),
        RULE(test_atomic_failures),
        RULE(test_atomic_conflict),
        RULE(test_sequence),
        RULE(test_copy),
        RULE(test_copy_unnamed),
        RULE(test_copy_of_old),
        MOVING(test_move),
        MOVING(test_move_and_change),
        MOVING(test_move_with_others),
        MOVING(test_move_refused),
        RULE(test_unsupported),
        RULE(test_no_resp),
        RULE(test_no_resp_message),
        RULE(test_no_resp_package),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
