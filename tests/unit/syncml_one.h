/* tests/unit/syncml_one.h: one device, spoken for message by message: for tests of what each command of it is answered. */
#ifndef SCAMBIO_TESTS_UNIT_SYNCML_ONE_H
#define SCAMBIO_TESTS_UNIT_SYNCML_ONE_H

#include "tests/unit/syncml_rig.h"

static struct rig rig;
static struct dev d;

static inline int setup(void **state)
{
    (void)state;
    rig_start(&rig, NULL);
    dev_init(&d, &rig, "IMEI:1");
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    dev_free(&d);
    rig_stop(&rig);
    return 0;
}

/* Ann and Bob on both sides, as LUIDs 1 and 2. */
static inline void acquaint(void)
{
    dev_card(&d, NULL, "Ann", "111");
    dev_card(&d, NULL, "Bob", "222");
    assert_true(dev_sync(&d, 201));
}

/* Logged in, and the database alerted: the changes may come. */
static inline void open_session(int code)
{
    struct sml_out o;
    dev_start(&d);
    dev_begin(&d, &o);
    dev_alert(&d, &o, code);
    assert_true(dev_send(&d, &o, true));
    dev_take(&d);
}

/* One message with one Sync that holds `change`. */
static inline void send_change(struct sml_command *change, bool final)
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

static inline struct sml_command *card(enum sml_cmd cmd, const char *luid, const char *name)
{
    struct sml_command *c = dev_command(&d, cmd, 1);
    c->items->source = arena_str(&d.a, str_c(luid));
    c->meta.type = STR("text/vcard");
    if (cmd != SML_DELETE)
        c->items->data = arena_strf(
            &d.a, "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:%s\r\nN:%s;;;;\r\nTEL:1\r\nEND:VCARD\r\n", name, name);
    return c;
}

static inline struct sml_command *chain(struct sml_command *a, struct sml_command *b)
{
    a->next = b;
    return a;
}

static inline struct sml_command *wrap(enum sml_cmd cmd, struct sml_command *children)
{
    struct sml_command *c = dev_command(&d, cmd, 0);
    c->children = children;
    return c;
}

#define RULE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
