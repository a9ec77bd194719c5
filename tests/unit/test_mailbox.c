/* tests/unit/test_mailbox.c: mailboxes: names, the tree, default folders, renaming, sharing, subscriptions, bounds; with one shard and with
 * three. */
#include "tests/unit/mail_world.h"

static void names_are_normalised(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum status st;
        const char *stored;
    } rows[] = {
        {"Work", OK, "Work"},
        {"Work/", OK, "Work"},
        {"inbox", OK, "INBOX"},
        {"InBoX/sub", OK, "INBOX/sub"},
        {"Inboxes", OK, "Inboxes"},
        {"a/inbox", OK, "a/inbox"},
        {"Caff\x65\xcc\x80", OK, "Caff\xc3\xa8"},
        {"50%* off", OK, "50%* off"},
        {"", INVALID, ""},
        {"/", INVALID, ""},
        {"/a", INVALID, ""},
        {"a//b", INVALID, ""},
        {"a\nb", INVALID, ""},
        {"a\x7f", INVALID, ""},
        {"a\xc2\x85", INVALID, ""},
        {"a\xe2\x80\xa8", INVALID, ""},
        {"\xff", INVALID, ""},
    };
    struct store_config config = store_config_default("/");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        SCOPED_BUF(out, 4096);
        assert_status(mailbox_name(&config, str_c(rows[i].name), &out), rows[i].st);
        assert_str(buf_view(&out), rows[i].stored);
    }
    SCOPED_BUF(deep, 4096);
    SCOPED_BUF(out, 16384);
    for (size_t i = 0; i < config.mailbox_depth; i++)
        buf_addz(&deep, i ? "/x" : "x");
    assert_ok(mailbox_name(&config, buf_view(&deep), &out));
    buf_addz(&deep, "/x");
    assert_status(mailbox_name(&config, buf_view(&deep), &out), INVALID);
    buf_clear(&deep);
    for (size_t i = 0; i < config.mailbox_name; i++)
        buf_addc(&deep, 'y');
    assert_ok(mailbox_name(&config, buf_view(&deep), &out));
    buf_addc(&deep, 'y');
    assert_status(mailbox_name(&config, buf_view(&deep), &out), TOO_LARGE);
}

/* "path:special+children*subscribed" of each mailbox. */
static void list_is(struct world *w, const struct actor *actor, int64_t account, const char *wanted)
{
    struct mailbox *list;
    size_t n;
    SCOPED_BUF(text, 1 << 16);
    SCOPED_READ(tx, w->f.store);
    assert_ok(mailbox_list(tx, &w->arena, actor, account, &list, &n));
    for (size_t i = 0; i < n; i++)
        buf_addf(&text, "%s%.*s:%u%s%s", i ? " | " : "", STR_ARG(list[i].path), list[i].special,
                 list[i].children ? "+" : "", list[i].subscribed ? "*" : "");
    assert_str(buf_view(&text), wanted);
}

static void default_folders(void **state)
{
    EACH_MAIL_WORLD(w)
    {
        int64_t trash;
        list_is(&w, &w.as_alice, w.alice, "");
        mail_defaults(&w, w.alice);
        list_is(&w, &w.as_alice, w.alice,
                "Archive:16* | Drafts:2* | INBOX:0* | Junk:8* | Sent:1* | Trash:4*");
        trash = mail_find(&w, &w.as_alice, w.alice, "Trash");
        assert_ok(mail_delete(&w, &w.as_alice, trash));
        mail_defaults(&w, w.alice); /* who deletes one is left in peace */
        assert_int_equal(mail_find(&w, &w.as_alice, w.alice, "Trash"), -NOT_FOUND);
        assert_true(mail_find(&w, &w.as_alice, w.alice, "inBOX") > 0);
        assert_int_equal(mail_find(&w, &w.as_bob, w.alice, "INBOX"), -NOT_FOUND);
        struct mail_op nobody = {.w = &w, .account = w.alice + 64 * 1000};
        assert_status(mail_run(&nobody, nobody.account, do_defaults), NOT_FOUND);
    }
}

static void a_tree(void **state)
{
    EACH_MAIL_WORLD(w)
    {
        int64_t id, up, again;
        assert_ok(mail_create(&w, &w.as_alice, w.alice, STR("a/b/c"), &id));
        assert_status(mail_create(&w, &w.as_alice, w.alice, STR("a/b"), &up), EXISTS);
        assert_ok(mail_create(&w, &w.as_alice, w.alice, STR("a!"), &up));
        list_is(&w, &w.as_alice, w.alice, "a:0+ | a/b:0+ | a/b/c:0 | a!:0");
        up = mail_find(&w, &w.as_alice, w.alice, "a/b");
        assert_status(mail_delete(&w, &w.as_alice, up), PRECONDITION);
        assert_ok(mail_delete(&w, &w.as_alice, id));
        assert_int_equal(mail_find(&w, &w.as_alice, w.alice, "a/b/c"), -NOT_FOUND);
        /* made again it is another one */
        assert_ok(mail_create(&w, &w.as_alice, w.alice, STR("a/b/c"), &again));
        assert_true(again != id);
        assert_true(mail_state(&w, &w.as_alice, again).uidvalidity >
                    mail_state(&w, &w.as_alice, up).uidvalidity);
        assert_status(mail_create(&w, &w.as_bob, w.alice, STR("x"), &id), DENIED);
        assert_status(mail_create(&w, &w.as_alice, w.alice, STR("Other Users/x"), &id), INVALID);
        assert_status(mail_create(&w, &w.as_alice, w.alice, STR("Shared"), &id), INVALID);
        struct mail_op special = {
            .w = &w, .actor = &w.as_alice, .account = w.alice, .name = STR("S"), .special = SPECIAL_SENT};
        assert_ok(mail_run(&special, w.alice, do_mailbox_create));
        special.name = STR("T");
        special.special = 64;
        assert_status(mail_run(&special, w.alice, do_mailbox_create), UNSUPPORTED);
    }
}

static void renaming_takes_children_along(void **state)
{
    EACH_MAIL_WORLD(w)
    {
        int64_t c, a, d;
        assert_ok(mail_create(&w, &w.as_alice, w.alice, STR("a/b/c"), &c));
        assert_ok(mail_create(&w, &w.as_alice, w.alice, STR("d"), &d));
        a = mail_find(&w, &w.as_alice, w.alice, "a");
        mail_append(&w, &w.as_alice, c, "Subject: x\r\n\r\n", 0);
        struct mailbox_state before = mail_state(&w, &w.as_alice, c);
        assert_status(mail_rename(&w, &w.as_alice, a, STR("d")), EXISTS);
        assert_status(mail_rename(&w, &w.as_alice, a, STR("a/b/e")), INVALID);
        assert_status(mail_rename(&w, &w.as_bob, a, STR("e")), NOT_FOUND);
        assert_ok(mail_rename(&w, &w.as_alice, a, STR("new/place")));
        list_is(&w, &w.as_alice, w.alice, "d:0 | new:0+ | new/place:0+ | new/place/b:0+ | new/place/b/c:0");
        assert_int_equal(mail_find(&w, &w.as_alice, w.alice, "new/place/b/c"), c);
        struct mailbox_state after = mail_state(&w, &w.as_alice, c);
        assert_int_equal(after.uidvalidity, before.uidvalidity);
        assert_int_equal(after.messages, 1);
        assert_ok(mail_rename(&w, &w.as_alice, a, STR("a"))); /* the old name is free again */
        /* too deep for those below */
        SCOPED_BUF(deep, 4096);
        for (size_t i = 0; i + 2 < store_config_of(w.f.store)->mailbox_depth; i++)
            buf_addz(&deep, i ? "/x" : "x");
        assert_ok(mail_rename(&w, &w.as_alice, a, buf_view(&deep)));
        assert_ok(mail_rename(&w, &w.as_alice, a, STR("a")));
        buf_addz(&deep, "/y");
        assert_status(mail_rename(&w, &w.as_alice, a, buf_view(&deep)), INVALID);
    }
}

static void renaming_inbox(void **state)
{
    EACH_MAIL_WORLD(w)
    {
        int64_t inbox, old;
        mail_defaults(&w, w.alice);
        inbox = mail_find(&w, &w.as_alice, w.alice, "INBOX");
        assert_ok(mail_create(&w, &w.as_alice, w.alice, STR("INBOX/sub"), &old));
        mail_append(&w, &w.as_alice, inbox, "Subject: 1\r\n\r\n", MESSAGE_SEEN);
        mail_append(&w, &w.as_alice, inbox, "Subject: 2\r\n\r\n", 0);
        struct mailbox_state before = mail_state(&w, &w.as_alice, inbox);
        assert_status(mail_delete(&w, &w.as_alice, inbox), PROTECTED);
        assert_ok(mail_rename(&w, &w.as_alice, inbox, STR("old/mail")));
        old = mail_find(&w, &w.as_alice, w.alice, "old/mail");
        assert_int_equal(mail_find(&w, &w.as_alice, w.alice, "INBOX"), inbox);
        assert_true(mail_find(&w, &w.as_alice, w.alice, "INBOX/sub") > 0);
        assert_int_equal(mail_state(&w, &w.as_alice, inbox).messages, 0);
        assert_int_equal(mail_state(&w, &w.as_alice, inbox).uidvalidity, before.uidvalidity);
        assert_int_equal(mail_state(&w, &w.as_alice, inbox).uidnext, before.uidnext);
        assert_int_equal(mail_state(&w, &w.as_alice, old).messages, 2);
        assert_int_equal(mail_state(&w, &w.as_alice, old).unseen, 1);
    }
}

static void sharing(void **state)
{
    EACH_MAIL_WORLD(w)
    {
        int64_t inbox, work, id;
        struct mailbox_place place;
        mail_defaults(&w, w.alice);
        mail_defaults(&w, w.bob);
        inbox = mail_find(&w, &w.as_alice, w.alice, "INBOX");
        assert_ok(mail_create(&w, &w.as_alice, w.alice, STR("team/work"), &work));
        mail_share(&w, &w.as_alice, work, w.bob, "lrswik");
        assert_int_equal(mail_find(&w, &w.as_bob, w.bob, "Other Users/alice@example.test/team/work"), work);
        assert_int_equal(mail_find(&w, &w.as_bob, w.bob, "Other Users/ALICE@example.test/team/work"), work);
        assert_int_equal(mail_find(&w, &w.as_bob, w.bob, "Other Users/alice@example.test/INBOX"), -NOT_FOUND);
        assert_int_equal(mail_find(&w, &w.as_carol, w.bob, "Other Users/alice@example.test/team/work"),
                         -NOT_FOUND);
        list_is(&w, &w.as_bob, w.bob,
                "Archive:16* | Drafts:2* | INBOX:0* | Junk:8* | Other Users:0+ | Other "
                "Users/alice@example.test:0+ | Other Users/alice@example.test/team:0+ | "
                "Other Users/alice@example.test/team/work:0 | Sent:1* | Trash:4*");
        {
            SCOPED_READ(tx, w.f.store);
            assert_ok(mailbox_place(tx, &w.arena, &w.as_bob, w.bob,
                                    STR("Other Users/alice@example.test/team/work/new"), &place));
        }
        assert_int_equal(place.account, w.alice);
        assert_str(place.path, "team/work/new");
        /* k on the one above: may create, and those who share that share this */
        assert_ok(mail_create(&w, &w.as_bob, place.account, place.path, &id));
        assert_ok(mounts_reconcile(w.f.store, id));
        assert_int_equal(mail_find(&w, &w.as_bob, w.bob, "Other Users/alice@example.test/team/work/new"), id);
        assert_status(mail_create(&w, &w.as_bob, w.alice, STR("team/other"), &id), DENIED);
        assert_status(mail_delete(&w, &w.as_bob, work), DENIED);
        assert_status(mail_rename(&w, &w.as_bob, work, STR("mine")), DENIED);
        assert_status(mail_delete(&w, &w.as_bob, inbox), NOT_FOUND);
    }
}

static void subscriptions(void **state)
{
    EACH_MAIL_WORLD(w)
    {
        struct str *names;
        size_t n;
        assert_ok(mail_subscribe(&w, &w.as_alice, w.alice, STR("not/there"), true));
        assert_ok(mail_subscribe(&w, &w.as_alice, w.alice, STR("inbox"), true));
        int64_t seq = world_account(&w, w.alice).seq;
        assert_ok(mail_subscribe(&w, &w.as_alice, w.alice, STR("INBOX"), true));
        assert_int_equal(world_account(&w, w.alice).seq, seq); /* it was so already */
        assert_status(mail_subscribe(&w, &w.as_bob, w.alice, STR("x"), true), DENIED);
        {
            SCOPED_READ(tx, w.f.store);
            assert_ok(subscription_list(tx, &w.arena, w.alice, &names, &n));
            assert_int_equal(n, 2);
            assert_str(names[0], "INBOX");
            assert_str(names[1], "not/there");
        }
        assert_ok(mail_subscribe(&w, &w.as_alice, w.alice, STR("INBOX"), false));
        SCOPED_READ(tx, w.f.store);
        assert_ok(subscription_list(tx, &w.arena, w.alice, &names, &n));
        assert_int_equal(n, 1);
    }
}

static void bounds(void **state)
{
    (void)state;
    struct world w;
    int64_t id;
    world_start(&w, 1);
    store_close(w.f.store);
    struct store_config config = fixture_config(&w.f);
    config.mailboxes = 3;
    SCOPED_BUF(why, 4096);
    assert_ok(store_open(&config, &w.f.store, &why));
    assert_ok(mail_create(&w, &w.as_alice, w.alice, STR("a/b"), &id));
    assert_status(mail_create(&w, &w.as_alice, w.alice, STR("c/d"), &id), TOO_MANY);
    assert_int_equal(mail_find(&w, &w.as_alice, w.alice, "c"), -NOT_FOUND); /* nothing half there */
    assert_ok(mail_create(&w, &w.as_alice, w.alice, STR("c"), &id));
    assert_ok(mail_delete(&w, &w.as_alice, id));
    assert_ok(mail_create(&w, &w.as_alice, w.alice, STR("d"), &id));
    for (char name[2] = "a"; name[0] < 'd'; name[0]++)
        assert_ok(mail_subscribe(&w, &w.as_alice, w.alice, str_c(name), true));
    assert_status(mail_subscribe(&w, &w.as_alice, w.alice, STR("e"), true), TOO_MANY);
    /* they do not count as collections of the home, nor are they seen there */
    struct collection *list;
    size_t n;
    SCOPED_READ(tx, w.f.store);
    assert_ok(collection_list(tx, &w.arena, &w.as_alice, w.alice, 0, &list, &n));
    assert_int_equal(n, 4);
    store_read_end(tx);
    tx = NULL;
    mail_sound(&w);
    world_end(&w);
}

static enum status do_undelete(void *ctx, struct tx *tx)
{
    struct mail_op *op = ctx;
    return tx_undelete(tx, &op->w->arena, op->actor, op->account, op->seq);
}
static enum status see_deleted(void *ctx, const struct deleted_item *d)
{
    struct mail_op *op = ctx;
    op->seq = d->seq;
    op->account = d->collection;
    op->times++;
    return OK;
}

static void a_deleted_mailbox_comes_back(void **state)
{
    EACH_MAIL_WORLD(w)
    {
        int64_t id, up;
        struct mail_op op = {.w = &w, .actor = &w.as_alice};
        assert_ok(mail_create(&w, &w.as_alice, w.alice, STR("a/b"), &id));
        up = mail_find(&w, &w.as_alice, w.alice, "a");
        mail_append(&w, &w.as_alice, id, "Subject: x\r\n\r\n", 0);
        assert_ok(mail_delete(&w, &w.as_alice, id));
        assert_int_equal(world_account(&w, w.alice).used_bytes, 0);
        {
            SCOPED_READ(tx, w.f.store);
            assert_ok(deleted_each(tx, w.alice, 0, see_deleted, &op));
        }
        assert_int_equal(op.times, 1);
        assert_ok(mail_delete(&w, &w.as_alice, up));
        assert_ok(mail_run(&op, w.alice, do_undelete));
        assert_int_equal(mail_find(&w, &w.as_alice, w.alice, "b"), id); /* the one above is gone */
        assert_int_equal(mail_state(&w, &w.as_alice, id).messages, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_normalised),
        cmocka_unit_test(default_folders),
        cmocka_unit_test(a_tree),
        cmocka_unit_test(renaming_takes_children_along),
        cmocka_unit_test(renaming_inbox),
        cmocka_unit_test(sharing),
        cmocka_unit_test(subscriptions),
        cmocka_unit_test(bounds),
        cmocka_unit_test(a_deleted_mailbox_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
