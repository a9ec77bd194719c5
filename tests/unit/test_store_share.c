/* tests/unit/test_store_share.c: rights, shares as their grantees see them, home syncs, properties, collections. */
#include "store/rows.h"
#include "tests/unit/store_world.h"

static const int shard_counts[] = {1, 3};

#define EACH_WORLD(w)                                                                                        \
    (void)state;                                                                                             \
    for (size_t round_ = 0; round_ < COUNT_OF(shard_counts); round_++)                                       \
        for (struct world w, *once_ = (world_start(&w, shard_counts[round_]), &w); once_;                    \
             world_end(&w), once_ = NULL)

static enum status share(struct world *w, int64_t collection, int64_t principal, unsigned rights)
{
    struct acl_entry e = {principal, rights};
    return acl_share(w->f.store, &w->as_alice, collection, &e, rights ? 1 : 0);
}

/* ---- words and letters ---- */

static void rights_are_letters_and_words(void **state)
{
    (void)state;
    unsigned rights;
    SCOPED_BUF(out, 64);
    assert_ok(rights_parse(STR("read"), &rights));
    assert_int_equal(rights, RIGHTS_READ);
    assert_ok(rights_parse(STR("lr"), &rights));
    assert_int_equal(rights, RIGHT_LOOKUP | RIGHT_READ);
    assert_status(rights_parse(STR("lrz"), &rights), INVALID);
    assert_status(rights_parse(STR(""), &rights), INVALID);
    rights_write(&out, RIGHTS_ALL);
    assert_ok(rights_parse(buf_view(&out), &rights));
    assert_int_equal(rights, RIGHTS_ALL);
}

/* ---- judging ---- */

static void strangers_learn_nothing(void **state)
{
    EACH_WORLD(w)
    {
        struct item item;
        int64_t cal = world_find(&w, &w.as_alice, w.alice, "calendar");
        assert_int_equal(world_find(&w, &w.as_bob, w.alice, "calendar"), -NOT_FOUND);
        assert_status(world_put(&w, &w.as_bob, cal, "a.ics", "a", "a"), NOT_FOUND);
        assert_ok(world_put(&w, &w.as_alice, cal, "a.ics", "a", "a"));
        assert_status(world_item(&w, &w.as_bob, cal, "a.ics", &item), NOT_FOUND);
        assert_status(world_delete(&w, &w.as_bob, cal, "a.ics"), NOT_FOUND);
        int64_t id;
        assert_status(world_create(&w, &w.as_bob, w.alice, KIND_CALENDAR, "mine", &id), DENIED);
    }
}

static void each_right_opens_its_door_alone(void **state)
{
    EACH_WORLD(w)
    {
        struct item item;
        int64_t cal = world_find(&w, &w.as_alice, w.alice, "calendar");
        assert_ok(world_put(&w, &w.as_alice, cal, "a.ics", "a", "a"));
        assert_ok(share(&w, cal, w.bob, RIGHTS_FREEBUSY));
        assert_status(world_item(&w, &w.as_bob, cal, "a.ics", &item), DENIED);
        assert_ok(share(&w, cal, w.bob, RIGHTS_READ));
        assert_ok(world_item(&w, &w.as_bob, cal, "a.ics", &item));
        assert_status(world_put(&w, &w.as_bob, cal, "b.ics", "b", "b"), DENIED);
        assert_status(world_put(&w, &w.as_bob, cal, "a.ics", "a", "x"), DENIED);
        assert_status(world_delete(&w, &w.as_bob, cal, "a.ics"), DENIED);
        assert_ok(share(&w, cal, w.bob, RIGHTS_READ | RIGHT_INSERT));
        assert_ok(world_put(&w, &w.as_bob, cal, "b.ics", "b", "b"));
        assert_status(world_put(&w, &w.as_bob, cal, "b.ics", "b", "x"), DENIED);
        assert_ok(share(&w, cal, w.bob, RIGHTS_WRITE));
        assert_ok(world_put(&w, &w.as_bob, cal, "b.ics", "b", "x"));
        assert_ok(world_delete(&w, &w.as_bob, cal, "b.ics"));
        struct acl_entry all = {w.bob, RIGHTS_ALL};
        assert_status(acl_share(w.f.store, &w.as_bob, cal, &all, 1), DENIED);
        assert_ok(share(&w, cal, 0, 0));
        assert_status(world_item(&w, &w.as_bob, cal, "a.ics", &item), NOT_FOUND);
    }
}

static void private_items_are_not_copied_out(void **state)
{
    EACH_WORLD(w)
    {
        int64_t cal = world_find(&w, &w.as_alice, w.alice, "calendar");
        struct op op = world_put_op(&w, &w.as_alice, cal, "a.ics", "a", "secret");
        op.prepared.class = ICAL_PRIVATE;
        assert_ok(world_run(&op, cal, op_put));
        assert_ok(share(&w, cal, w.bob, RIGHTS_WRITE));
        assert_status(world_move(&w, &w.as_bob, cal, "a.ics", cal, "b.ics", false, false), DENIED);
        assert_status(world_put(&w, &w.as_bob, cal, "a.ics", "a", "over"), DENIED);
        assert_ok(share(&w, cal, w.bob, RIGHTS_WRITE | RIGHT_PRIVATE));
        assert_ok(world_move(&w, &w.as_bob, cal, "a.ics", cal, "b.ics", false, false));
    }
}

static void the_owner_can_not_lock_himself_out(void **state)
{
    EACH_WORLD(w)
    {
        unsigned rights;
        int64_t cal = world_find(&w, &w.as_alice, w.alice, "calendar");
        assert_ok(share(&w, cal, w.alice, RIGHT_LOOKUP));
        SCOPED_READ(tx, w.f.store);
        assert_ok(rights_of(tx, &w.as_alice, cal, &rights));
        assert_int_equal(rights, RIGHTS_ALL);
    }
}

/* ---- mounts ---- */

static size_t home_count(struct world *w, const struct actor *actor, int64_t account, struct collection **out)
{
    size_t count;
    SCOPED_READ(tx, w->f.store);
    assert_ok(collection_list(tx, &w->arena, actor, account, KIND_CALENDAR, out, &count));
    return count;
}

static void a_share_appears_and_vanishes(void **state)
{
    EACH_WORLD(w)
    {
        struct collection *list;
        int64_t cal = world_find(&w, &w.as_alice, w.alice, "calendar");
        assert_int_equal(home_count(&w, &w.as_bob, w.bob, &list), 3);
        assert_ok(share(&w, cal, w.bob, RIGHTS_READ));
        assert_int_equal(home_count(&w, &w.as_bob, w.bob, &list), 4);
        assert_str(list[3].slug, "alice-calendar");
        assert_str(list[3].name, "Calendar (Alice Rossi)");
        assert_int_equal(list[3].id, cal);
        assert_int_equal(list[3].account, w.alice);
        assert_int_equal(list[3].rights, RIGHTS_READ);
        assert_true(list[3].mount > 0);
        assert_int_equal(world_find(&w, &w.as_bob, w.bob, "alice-calendar"), cal);
        assert_int_equal(world_find(&w, &w.as_carol, w.bob, "alice-calendar"), -NOT_FOUND);
        assert_ok(share(&w, cal, 0, 0));
        assert_int_equal(home_count(&w, &w.as_bob, w.bob, &list), 3);
    }
}

static void groups_and_everyone(void **state)
{
    EACH_WORLD(w)
    {
        struct collection *list;
        int64_t cal = world_find(&w, &w.as_alice, w.alice, "calendar"), inner = world_group(&w, "inner"),
                outer = world_group(&w, "outer");
        world_member(&w, outer, inner, true);
        world_member(&w, inner, outer, true); /* a cycle */
        world_member(&w, inner, w.bob, true);
        assert_ok(share(&w, cal, outer, RIGHTS_READ));
        assert_int_equal(home_count(&w, &w.as_bob, w.bob, &list),
                         3); /* his actor says nothing of groups yet */
        struct actor grouped = {.id = w.bob, .groups = (int64_t[]){inner, outer}, .group_count = 2};
        assert_int_equal(home_count(&w, &grouped, w.bob, &list), 4);
        assert_int_equal(home_count(&w, &w.as_carol, w.carol, &list), 3);
        world_member(&w, inner, w.carol, true);
        assert_ok(mounts_reconcile_account(w.f.store, w.carol));
        grouped.id = w.carol;
        assert_int_equal(home_count(&w, &grouped, w.carol, &list), 4);
        world_member(&w, inner, w.bob, false);
        assert_ok(mounts_reconcile_account(w.f.store, w.bob));
        grouped.id = w.bob;
        assert_int_equal(home_count(&w, &grouped, w.bob, &list), 3);
        assert_ok(share(&w, cal, PRINCIPAL_ANYONE, RIGHTS_READ));
        assert_int_equal(home_count(&w, &w.as_bob, w.bob, &list), 4);
        int64_t dave = world_user(&w, "Dave", "dave@example.test");
        struct actor as_dave = {.id = dave};
        assert_int_equal(home_count(&w, &as_dave, dave, &list), 4);
    }
}

static void reconciling_twice_changes_nothing(void **state)
{
    EACH_WORLD(w)
    {
        int64_t cal = world_find(&w, &w.as_alice, w.alice, "calendar");
        assert_ok(share(&w, cal, PRINCIPAL_ANYONE, RIGHTS_READ));
        int64_t bob = world_account(&w, w.bob).seq, carol = world_account(&w, w.carol).seq;
        assert_ok(mounts_reconcile(w.f.store, cal));
        assert_ok(mounts_reconcile_account(w.f.store, w.bob));
        assert_int_equal(world_account(&w, w.bob).seq, bob);
        assert_int_equal(world_account(&w, w.carol).seq, carol);
    }
}

static void slugs_never_meet(void **state)
{
    EACH_WORLD(w)
    {
        int64_t cal = world_find(&w, &w.as_alice, w.alice, "calendar"), own;
        assert_ok(world_create(&w, &w.as_bob, w.bob, KIND_CALENDAR, "alice-calendar", &own));
        assert_ok(share(&w, cal, w.bob, RIGHTS_READ));
        assert_int_equal(world_find(&w, &w.as_bob, w.bob, "alice-calendar"), own);
        assert_int_equal(world_find(&w, &w.as_bob, w.bob, "alice-calendar-2"), cal);
        assert_status(world_create(&w, &w.as_bob, w.bob, KIND_CALENDAR, "alice-calendar-2", &own), EXISTS);
    }
}

static enum status op_mount(void *ctx, struct tx *tx)
{
    struct op *op = ctx;
    return tx_mount_update(tx, op->actor, op->id, op->name, &op->flag);
}

static enum status op_prop(void *ctx, struct tx *tx)
{
    struct op *op = ctx;
    return tx_prop_set(tx, op->actor, op->to, op->id, op->ns, op->name, op->value);
}

static void a_mount_is_its_grantees_own(void **state)
{
    EACH_WORLD(w)
    {
        struct collection *list;
        int64_t cal = world_find(&w, &w.as_alice, w.alice, "calendar");
        assert_ok(share(&w, cal, w.bob, RIGHTS_READ));
        assert_int_equal(home_count(&w, &w.as_bob, w.bob, &list), 4);
        struct op op = {.w = &w, .actor = &w.as_bob, .id = list[3].mount, .name = STR("Hers"), .flag = true};
        assert_ok(world_run(&op, w.bob, op_mount));
        assert_int_equal(home_count(&w, &w.as_bob, w.bob, &list), 4);
        assert_str(list[3].name, "Hers");
        assert_str(world_get(&w, cal).name, "Calendar");
        op.actor = &w.as_carol;
        assert_status(world_run(&op, w.bob, op_mount), DENIED);
        op.actor = &w.as_bob;
        op.flag = false;
        assert_ok(world_run(&op, w.bob, op_mount));
        assert_int_equal(home_count(&w, &w.as_bob, w.bob, &list), 3);
        op.flag = true;
        assert_ok(world_run(&op, w.bob, op_mount));
        assert_int_equal(home_count(&w, &w.as_bob, w.bob, &list), 4);
        struct op color = {.w = &w,
                           .actor = &w.as_bob,
                           .to = list[3].mount,
                           .ns = STR("urn:x"),
                           .name = STR("color"),
                           .value = STR("red")};
        assert_ok(world_run(&color, w.bob, op_prop));
        color.actor = &w.as_alice;
        assert_status(world_run(&color, w.bob, op_prop), DENIED);
    }
}

/* What is to become of a mount was committed with a change of the collection; then the lights went out. */
static enum status op_promise(void *ctx, struct tx *tx)
{
    struct op *op = ctx;
    const struct mount_change list[] = {
        {.value = STR("Promised")},
        {STR("urn:x"), STR("color"), STR("green")},
        {STR("urn:x"), STR("old"), STR_NONE},
    };
    return tx_mount_promise(tx, op->to, op->id, list, COUNT_OF(list), &op->seq);
}

static struct str mount_prop(struct world *w, int64_t mount, const char *name)
{
    struct str value = STR_NONE;
    SCOPED_READ(tx, w->f.store);
    enum status st = prop_get(tx, &w->arena, mount, 0, STR("urn:x"), str_c(name), &value);
    assert_true(st == OK || st == NOT_FOUND);
    return st == OK ? value : STR_NONE;
}

static void a_promise_is_kept_after_a_crash(void **state)
{
    EACH_WORLD(w)
    {
        struct collection *list;
        int64_t cal = world_find(&w, &w.as_alice, w.alice, "calendar");
        assert_ok(share(&w, cal, w.bob, RIGHTS_READ));
        assert_int_equal(home_count(&w, &w.as_bob, w.bob, &list), 4);
        int64_t mount = list[3].mount;
        struct op old = {.w = &w,
                         .actor = &w.as_bob,
                         .to = mount,
                         .ns = STR("urn:x"),
                         .name = STR("old"),
                         .value = STR("x")};
        assert_ok(world_run(&old, w.bob, op_prop));
        struct op promise = {.w = &w, .to = cal, .id = mount};
        assert_ok(world_run(&promise, cal, op_promise));
        fixture_reopen(&w.f);
        assert_int_equal(home_count(&w, &w.as_bob, w.bob, &list), 4);
        assert_str(list[3].name, "Promised");
        assert_str(mount_prop(&w, mount, "color"), "green");
        assert_null(mount_prop(&w, mount, "old").p);

        /* Not when the mount was changed since: that is newer. */
        struct op newer = {.w = &w, .actor = &w.as_bob, .id = mount, .name = STR("Newer"), .flag = true};
        assert_ok(world_run(&promise, cal, op_promise));
        assert_ok(world_run(&newer, w.bob, op_mount));
        fixture_reopen(&w.f);
        assert_int_equal(home_count(&w, &w.as_bob, w.bob, &list), 4);
        assert_str(list[3].name, "Newer");

        /* Nor does one hurt whose mount has gone. */
        assert_ok(world_run(&promise, cal, op_promise));
        assert_ok(share(&w, cal, 0, 0));
        fixture_reopen(&w.f);
        assert_int_equal(home_count(&w, &w.as_bob, w.bob, &list), 3);
    }
}

/* ---- home sync ---- */

static void assert_changes(struct world *w, const struct actor *actor, int64_t account, int64_t since,
                           const char *wanted)
{
    struct home_change *changes;
    size_t count;
    SCOPED_BUF(text, 4096);
    SCOPED_READ(tx, w->f.store);
    assert_ok(home_changes(tx, &w->arena, actor, account, KIND_CALENDAR, since, &changes, &count));
    for (size_t i = 0; i < count; i++) {
        buf_addc(&text, changes[i].gone ? '-' : '+');
        buf_add(&text, changes[i].slug);
        buf_addc(&text, ' ');
    }
    assert_str(buf_view(&text), wanted);
}

static enum status op_remove(void *ctx, struct tx *tx)
{
    struct op *op = ctx;
    return tx_collection_delete(tx, op->actor, op->from);
}

static enum status op_rename(void *ctx, struct tx *tx)
{
    struct op *op = ctx;
    return tx_collection_rename(tx, op->actor, op->from, op->name);
}

static enum status op_undelete(void *ctx, struct tx *tx)
{
    struct op *op = ctx;
    return tx_undelete(tx, &op->w->arena, op->actor, op->from, op->seq);
}

static enum status keep_deleted(void *ctx, const struct deleted_item *d)
{
    struct op *op = ctx;
    op->from = d->collection;
    op->seq = d->seq;
    op->id++;
    return OK;
}

static void a_home_tells_what_came_and_went(void **state)
{
    EACH_WORLD(w)
    {
        int64_t x, start = world_account(&w, w.alice).seq;
        assert_changes(&w, &w.as_alice, w.alice, 0, "+calendar +tasks +notes ");
        assert_changes(&w, &w.as_alice, w.alice, start, "");
        assert_ok(world_create(&w, &w.as_alice, w.alice, KIND_CALENDAR, "x", &x));
        int64_t made = world_account(&w, w.alice).seq;
        assert_changes(&w, &w.as_alice, w.alice, start, "+x ");
        struct op op = {.w = &w, .actor = &w.as_alice, .from = x, .name = STR("y")};
        assert_ok(world_run(&op, x, op_rename));
        assert_changes(&w, &w.as_alice, w.alice, made, "-x +y ");
        assert_changes(&w, &w.as_alice, w.alice, start, "+y ");
        assert_ok(world_put(&w, &w.as_alice, x, "a.ics", "a", "a"));
        int64_t put = world_account(&w, w.alice).seq;
        assert_changes(&w, &w.as_alice, w.alice, put - 1, "+y ");
        assert_ok(world_run(&op, x, op_remove));
        assert_changes(&w, &w.as_alice, w.alice, put, "-y ");
        assert_changes(&w, &w.as_alice, w.alice, start, "");
        assert_int_equal(world_find(&w, &w.as_alice, w.alice, "y"), -NOT_FOUND);
        assert_int_equal(world_account(&w, w.alice).used_items, 0);
        struct home_change *changes;
        size_t count;
        SCOPED_READ(tx, w.f.store);
        assert_status(
            home_changes(tx, &w.arena, &w.as_alice, w.alice, KIND_CALENDAR, 1 << 20, &changes, &count),
            BAD_TOKEN);
    }
}

static void mounts_are_in_the_home_sync(void **state)
{
    EACH_WORLD(w)
    {
        int64_t cal = world_find(&w, &w.as_alice, w.alice, "calendar"), sum, later,
                start = world_account(&w, w.bob).seq;
        assert_ok(share(&w, cal, w.bob, RIGHTS_READ));
        assert_changes(&w, &w.as_bob, w.bob, start, "+alice-calendar ");
        int64_t shared = world_account(&w, w.bob).seq;
        {
            SCOPED_READ(tx, w.f.store);
            assert_ok(home_mount_sum(tx, w.bob, KIND_CALENDAR, &sum));
        }
        assert_ok(world_put(&w, &w.as_alice, cal, "a.ics", "a", "a"));
        {
            SCOPED_READ(tx, w.f.store);
            assert_ok(home_mount_sum(tx, w.bob, KIND_CALENDAR, &later));
        }
        assert_true(later > sum);
        assert_ok(share(&w, cal, 0, 0));
        assert_changes(&w, &w.as_bob, w.bob, shared, "-alice-calendar ");
        assert_changes(&w, &w.as_bob, w.bob, start, "");
    }
}

static void a_deleted_collection_leaves_its_grantees_and_comes_back(void **state)
{
    EACH_WORLD(w)
    {
        struct collection *list;
        int64_t cal = world_find(&w, &w.as_alice, w.alice, "calendar");
        assert_ok(world_put(&w, &w.as_alice, cal, "a.ics", "a", "text"));
        assert_ok(share(&w, cal, w.bob, RIGHTS_READ));
        int64_t shared = world_account(&w, w.bob).seq;
        struct op op = {.w = &w, .actor = &w.as_alice, .from = cal};
        assert_ok(world_run(&op, cal, op_remove));
        for (int i = 0; i < 500 && world_account(&w, w.bob).seq == shared; i++)
            usleep(10000); /* the background takes the mount away */
        assert_changes(&w, &w.as_bob, w.bob, shared, "-alice-calendar ");
        op.id = 0;
        {
            SCOPED_READ(tx, w.f.store);
            assert_ok(deleted_each(tx, w.alice, 0, keep_deleted, &op));
        }
        assert_int_equal(op.id, 1);
        assert_int_equal(op.from, w.alice);
        assert_ok(world_run(&op, w.alice, op_undelete));
        assert_int_equal(world_find(&w, &w.as_alice, w.alice, "calendar"), cal);
        assert_str(world_body(&w, cal, "a.ics"), "text");
        for (int i = 0; i < 500 && home_count(&w, &w.as_bob, w.bob, &list) < 4; i++)
            usleep(10000);
        assert_int_equal(home_count(&w, &w.as_bob, w.bob, &list), 4);
    }
}

/* ---- properties ---- */

static void properties_take_numbers_and_follow(void **state)
{
    EACH_WORLD(w)
    {
        struct item item;
        struct prop *props;
        size_t count;
        struct str value;
        int64_t cal = world_find(&w, &w.as_alice, w.alice, "calendar"), other;
        assert_ok(world_create(&w, &w.as_alice, w.alice, KIND_CALENDAR, "other", &other));
        assert_ok(world_put(&w, &w.as_alice, cal, "a.ics", "a", "a"));
        assert_ok(world_item(&w, &w.as_alice, cal, "a.ics", &item));
        struct op op = {.w = &w,
                        .actor = &w.as_alice,
                        .to = cal,
                        .id = item.id,
                        .ns = STR("urn:x"),
                        .name = STR("p"),
                        .value = STR("one")};
        int64_t seq = item.seq;
        assert_ok(world_run(&op, cal, op_prop));
        assert_ok(world_item(&w, &w.as_alice, cal, "a.ics", &item));
        assert_true(item.seq > seq);
        seq = world_account(&w, w.alice).seq;
        assert_ok(world_run(&op, cal, op_prop)); /* the same value */
        assert_int_equal(world_account(&w, w.alice).seq, seq);
        assert_ok(world_move(&w, &w.as_alice, cal, "a.ics", other, "b.ics", false, false));
        {
            SCOPED_READ(tx, w.f.store);
            assert_ok(prop_list(tx, &w.arena, other, item.id, &props, &count));
            assert_int_equal(count, 1);
            assert_str(props[0].value, "one");
        }
        op.id = 0; /* of the collection itself */
        int64_t before = world_get(&w, cal).prop_seq;
        assert_ok(world_run(&op, cal, op_prop));
        assert_true(world_get(&w, cal).prop_seq > before);
        op.value = STR_NONE;
        assert_ok(world_run(&op, cal, op_prop));
        SCOPED_READ(tx, w.f.store);
        assert_status(prop_get(tx, &w.arena, cal, 0, STR("urn:x"), STR("p"), &value), NOT_FOUND);
        op.actor = &w.as_bob;
        assert_status(world_run(&op, cal, op_prop), NOT_FOUND);
        op.to = w.alice;
        assert_status(world_run(&op, w.alice, op_prop), DENIED);
    }
}

static void properties_are_bounded(void **state)
{
    EACH_WORLD(w)
    {
        int64_t cal = world_find(&w, &w.as_alice, w.alice, "calendar");
        struct op op = {.w = &w, .actor = &w.as_alice, .to = cal, .ns = STR("urn:x"), .value = STR("v")};
        char name[16];
        for (int i = 0; i < 200; i++) {
            snprintf(name, sizeof name, "p%d", i);
            op.name = str_c(name);
            assert_ok(world_run(&op, cal, op_prop));
        }
        op.name = STR("one-more");
        assert_status(world_run(&op, cal, op_prop), TOO_MANY);
        op.name = STR("p7");
        op.value = STR("changed");
        assert_ok(world_run(&op, cal, op_prop));
        char *large = calloc(1, 70000);
        op.value = str_n(large, 70000);
        assert_status(world_run(&op, cal, op_prop), TOO_LARGE);
        free(large);
    }
}

/* ---- collections ---- */

static void slugs_are_judged(void **state)
{
    EACH_WORLD(w)
    {
        static const char *const bad[] = {"", "a/b", "inbox", "..", "a\nb", "\xff"};
        int64_t id;
        for (size_t i = 0; i < COUNT_OF(bad); i++)
            assert_status(world_create(&w, &w.as_alice, w.alice, KIND_CALENDAR, bad[i], &id), INVALID);
        assert_status(world_create(&w, &w.as_alice, w.alice, KIND_CALENDAR, "calendar", &id), EXISTS);
        assert_ok(world_create(&w, &w.as_alice, w.alice, KIND_ADDRESSBOOK, "calendar", &id));
    }
}

static enum status op_purge(void *ctx, struct tx *tx)
{
    struct op *op = ctx;
    return tx_account_purge(tx, op->account);
}

static void a_purged_account_is_gone_at_once(void **state)
{
    EACH_WORLD(w)
    {
        struct account a;
        struct collection *list;
        int64_t cal = world_find(&w, &w.as_alice, w.alice, "calendar"), bob = world_account(&w, w.bob).seq;
        assert_ok(share(&w, cal, w.bob, RIGHTS_READ));
        struct op op = {.w = &w, .account = w.alice};
        assert_ok(world_run(&op, w.alice, op_purge));
        assert_status(world_put(&w, &w.as_alice, cal, "a.ics", "a", "a"), NOT_FOUND);
        {
            SCOPED_READ(tx, w.f.store);
            assert_status(account_get(tx, w.alice, &a), NOT_FOUND);
        }
        for (int i = 0; i < 500 && world_account(&w, w.bob).seq < bob + 2; i++)
            usleep(10000);
        assert_int_equal(home_count(&w, &w.as_bob, w.bob, &list), 3);
    }
}

/* ---- master users ---- */

static enum status op_acl(void *ctx, struct tx *tx)
{
    struct op *op = ctx;
    struct acl_entry e = {op->w->carol, RIGHTS_READ};
    return tx_acl_set(tx, op->actor, op->from, &e, 1);
}

static enum status op_collection(void *ctx, struct tx *tx)
{
    struct op *op = ctx;
    return tx_collection_update(tx, op->actor, op->from, op->name, STR_NONE);
}

static enum status op_copy_all(void *ctx, struct tx *tx)
{
    struct op *op = ctx;
    return tx_collection_copy(tx, op->actor, op->from, op->to);
}

/* Every function that changes something for an actor, by the actor who may do it all, but reads only. */
static void assert_only_reads(struct world *w, const struct actor *actor, int64_t cal, int64_t empty)
{
    struct item item;
    struct arena *a = &w->arena;
    struct item_move_result moved;
    int64_t id, account = actor->id;
    struct op put = world_put_op(w, actor, cal, "new.ics", "new", "new");
    struct op again = world_put_op(w, actor, cal, "a.ics", "a", "changed");
    struct op op = {.w = w,
                    .actor = actor,
                    .from = cal,
                    .to = cal,
                    .ns = STR("urn:x"),
                    .name = STR("x"),
                    .value = STR("y")};
    assert_ok(world_item(w, actor, cal, "a.ics", &item)); /* reading goes on */
    assert_str(world_body(w, cal, "a.ics"), "a");
    assert_status(world_run(&put, cal, op_put), DENIED);
    assert_status(world_run(&again, cal, op_put), DENIED);
    assert_status(world_delete(w, actor, cal, "a.ics"), DENIED);
    assert_status(world_move(w, actor, cal, "a.ics", empty, "b.ics", false, false), DENIED);
    assert_status(world_move(w, actor, cal, "a.ics", empty, "b.ics", false, true), DENIED);
    assert_status(
        item_move_any(w->f.store, a, actor, cal, STR("a.ics"), empty, STR("b.ics"), false, false, &moved),
        DENIED);
    assert_status(world_create(w, actor, account, KIND_CALENDAR, "fresh", &id), DENIED);
    assert_status(world_run(&op, cal, op_remove), DENIED);
    assert_status(world_run(&op, cal, op_rename), DENIED);
    assert_status(world_run(&op, cal, op_collection), DENIED);
    assert_status(world_run(&op, cal, op_acl), DENIED);
    assert_status(world_run(&op, cal, op_prop), DENIED);
    op.id = item.id;
    assert_status(world_run(&op, cal, op_prop), DENIED);
    op.id = 0;
    op.to = account;
    assert_status(world_run(&op, account, op_prop), DENIED);
    op.to = empty;
    assert_status(world_run(&op, cal, op_copy_all), DENIED);
    assert_status(acl_share(w->f.store, actor, cal, &(struct acl_entry){w->carol, RIGHTS_READ}, 1), DENIED);
}

static void who_only_reads_changes_nothing(void **state)
{
    EACH_WORLD(w)
    {
        int64_t cal = world_find(&w, &w.as_alice, w.alice, "calendar"), empty;
        struct actor master = {.id = w.alice, .read_only = true}, granted = {.id = w.bob, .read_only = true};
        unsigned rights;
        assert_ok(world_create(&w, &w.as_alice, w.alice, KIND_CALENDAR, "empty", &empty));
        assert_ok(world_put(&w, &w.as_alice, cal, "a.ics", "a", "a"));
        assert_ok(world_put(&w, &w.as_alice, cal, "gone.ics", "gone", "gone"));
        assert_ok(world_delete(&w, &w.as_alice, cal, "gone.ics"));
        assert_ok(share(&w, cal, w.bob, RIGHTS_ALL));
        assert_ok(share(&w, empty, w.bob, RIGHTS_ALL));
        int64_t alices = world_account(&w, w.alice).seq, bobs = world_account(&w, w.bob).seq;
        assert_only_reads(&w, &master, cal, empty);
        assert_only_reads(&w, &granted, cal, empty);
        struct op op = {.w = &w};
        struct mount *mounts;
        size_t count;
        {
            SCOPED_READ(tx, w.f.store);
            assert_ok(rights_of(tx, &master, cal, &rights));
            assert_int_equal(rights, RIGHTS_READING);
            assert_ok(deleted_each(tx, w.alice, 0, keep_deleted, &op));
            assert_ok(mount_list(tx, &w.arena, w.bob, &mounts, &count));
        }
        op.actor = &master;
        assert_status(world_run(&op, w.alice, op_undelete), DENIED);
        assert_int_equal(count, 2);
        struct op mine = {.w = &w,
                          .actor = &granted,
                          .id = mounts[0].id,
                          .to = mounts[0].id,
                          .ns = STR("urn:x"),
                          .name = STR("x"),
                          .value = STR("y")};
        assert_status(world_run(&mine, w.bob, op_mount), DENIED);
        mine.id = 0;
        assert_status(world_run(&mine, w.bob, op_prop), DENIED);
        assert_int_equal(world_account(&w, w.alice).seq, alices);
        assert_int_equal(world_account(&w, w.bob).seq, bobs);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rights_are_letters_and_words),
        cmocka_unit_test(strangers_learn_nothing),
        cmocka_unit_test(each_right_opens_its_door_alone),
        cmocka_unit_test(private_items_are_not_copied_out),
        cmocka_unit_test(the_owner_can_not_lock_himself_out),
        cmocka_unit_test(a_share_appears_and_vanishes),
        cmocka_unit_test(groups_and_everyone),
        cmocka_unit_test(reconciling_twice_changes_nothing),
        cmocka_unit_test(slugs_never_meet),
        cmocka_unit_test(a_mount_is_its_grantees_own),
        cmocka_unit_test(a_promise_is_kept_after_a_crash),
        cmocka_unit_test(a_home_tells_what_came_and_went),
        cmocka_unit_test(mounts_are_in_the_home_sync),
        cmocka_unit_test(a_deleted_collection_leaves_its_grantees_and_comes_back),
        cmocka_unit_test(properties_take_numbers_and_follow),
        cmocka_unit_test(properties_are_bounded),
        cmocka_unit_test(slugs_are_judged),
        cmocka_unit_test(a_purged_account_is_gone_at_once),
        cmocka_unit_test(who_only_reads_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
