/* What a message of the device was planned on is another thing when it is written: it is planned again, and nobody's change is lost. */
#include "tests/unit/syncml_stall.h"

struct rival { /* what comes between */
    struct stall stall;
    const char *name, *card; /* card NULL: a deletion */
    struct prepared prepared;
};

static enum status run_rival(struct stall *s, struct tx *tx)
{
    struct rival *r = CONTAINER_OF(s, struct rival, stall);
    struct item_put_result res;
    struct collection c;
    enum status st =
        collection_find(tx, &s->a, &s->login.actor, s->login.actor.id, KIND_ADDRESSBOOK, STR("contacts"), &c);
    if (st)
        return st;
    return r->card ? tx_item_put(tx, &s->a, &s->login.actor, c.id, str_c(r->name), &r->prepared, &res)
                   : tx_item_delete(tx, &s->login.actor, c.id, str_c(r->name));
}

/* The device's changes go out (NULL: all that it has), and the rival's is there first. */
static void send_overtaken(struct sml_command *changes, const char *name, const char *text)
{
    struct rival r = {.stall = {.then = run_rival, .changes = changes}, .name = name, .card = text};
    struct prepare_problem problem;
    SCOPED_ARENA(a, 1 << 24);
    if (text)
        assert_ok(prepare_vcard(rig.w.store, &a, str_c(text), &r.prepared, &problem));
    send_change(
        NULL,
        false); /* the Sync has begun, so that nothing but the changes themselves waits for the writer */
    stall_begin(&r.stall);
    stall_end(&r.stall);
    if (text)
        prepared_release(&r.prepared);
}

#define CARD(uid, name, more)                                                                                \
    "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:" uid "\r\nFN:" name "\r\nN:" name ";;;;\r\n" more "END:VCARD\r\n"

/* Both sides hold Ann, whose name in the store is known. */
static int setup_ann(void **state)
{
    setup(state);
    dev_add(&d, "1", CARD("ann", "Ann", "TEL;TYPE=CELL:111\r\n"));
    assert_true(dev_sync(&d, 201));
    return 0;
}

/* The session that was overtaken goes to its end; after another one both sides say the same, and no more comes. */
static void expect_equal(int count)
{
    assert_true(dev_sync(&d, 200));
    assert_true(dev_sync(&d, 200));
    assert_int_equal(d.adds + d.replaces + d.deletes, 0);
    assert_int_equal(dev_count(&d), count);
    assert_int_equal(cards(&rig, NULL), count);
}

static void test_added_by_both(void **state)
{
    (void)state;
    dev_add(&d, "2", CARD("bob", "Bob", "TEL;TYPE=CELL:222\r\n"));
    open_session(200);
    send_overtaken(NULL, "bob.vcf", CARD("bob", "Bob", "EMAIL:bob@example.test\r\n"));
    assert_int_equal(dev_status(&d, "Add", 0), 201);
    assert_int_equal(cards(&rig, "222"), 1);
    assert_int_equal(cards(&rig, "bob@example.test"), 1);
    dev_find(&d, STR("2"))->state = ITEM_CLEAN;
    expect_equal(2);
    assert_non_null(dev_holds(&d, "bob@example.test"));
}

/* The name alone is taken, by somebody else. */
static void test_name_taken(void **state)
{
    (void)state;
    dev_add(&d, "2", CARD("bob", "Bob", "TEL;TYPE=CELL:222\r\n"));
    open_session(200);
    send_overtaken(NULL, "bob.vcf", CARD("robert", "Robert", ""));
    assert_int_equal(dev_status(&d, "Add", 0), 201);
    assert_int_equal(cards(&rig, "222"), 1);
    assert_int_equal(cards(&rig, "Robert"), 1);
    dev_find(&d, STR("2"))->state = ITEM_CLEAN;
    expect_equal(3);
}

static void test_changed_by_both(void **state)
{
    (void)state;
    dev_add(&d, "1", CARD("ann", "Ann", "TEL;TYPE=CELL:999\r\n"));
    open_session(200);
    send_overtaken(NULL, "ann.vcf", CARD("ann", "Ann", "TEL;TYPE=CELL:111\r\nEMAIL:ann@example.test\r\n"));
    assert_int_equal(dev_status(&d, "Replace", 0), 207);
    assert_int_equal(cards(&rig, "999"), 1);
    assert_int_equal(cards(&rig, "ann@example.test"), 1);
    dev_find(&d, STR("1"))->state = ITEM_CLEAN;
    expect_equal(1);
    assert_non_null(dev_holds(&d, "ann@example.test"));
}

static void test_deleted_and_changed(void **state)
{
    (void)state;
    dev_delete(&d, "1");
    open_session(200);
    send_overtaken(NULL, "ann.vcf", CARD("ann", "Ann", "TEL;TYPE=CELL:555\r\n"));
    assert_int_equal(dev_status(&d, "Delete", 0), 419);
    assert_int_equal(cards(&rig, "555"), 1);
    d.items[0].state = ITEM_FREE;
    expect_equal(1);
    assert_non_null(dev_holds(&d, "555"));
}

static void test_changed_and_deleted(void **state)
{
    (void)state;
    dev_add(&d, "1", CARD("ann", "Ann", "TEL;TYPE=CELL:999\r\n"));
    open_session(200);
    send_overtaken(NULL, "ann.vcf", NULL);
    assert_int_equal(dev_status(&d, "Replace", 0) / 100, 2);
    assert_int_equal(cards(&rig, "999"), 1);
    dev_find(&d, STR("1"))->state = ITEM_CLEAN;
    expect_equal(1);
}

/* As one in an Atomic: all of it is planned again. */
static void test_atomic(void **state)
{
    (void)state;
    open_session(200);
    struct sml_command *carl = card(SML_ADD, "3", "Carl");
    carl->items->data = STR(CARD("carl", "Carl", "TEL;TYPE=CELL:333\r\n"));
    send_overtaken(wrap(SML_ATOMIC, chain(card(SML_ADD, "2", "Bob"), chain(carl, card(SML_DELETE, "1", "")))),
                   "carl.vcf", CARD("carl", "Carl", "EMAIL:carl@example.test\r\n"));
    assert_int_equal(dev_status(&d, "Atomic", 0), 200);
    assert_int_equal(dev_status(&d, "Add", 0), 201);
    assert_int_equal(dev_status(&d, "Add", 1), 201);
    assert_int_equal(dev_status(&d, "Delete", 0), 200);
    assert_int_equal(cards(&rig, NULL), 2);
    assert_int_equal(cards(&rig, "333"), 1);
    assert_int_equal(cards(&rig, "carl@example.test"), 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup_ann, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_added_by_both),       CASE(test_name_taken),          CASE(test_changed_by_both),
        CASE(test_deleted_and_changed), CASE(test_changed_and_deleted), CASE(test_atomic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
