/* Tests of store/principal.c and store/credential.c: rows of main.db. */
#include "tests/unit/test.h"

#include "store/principal.h"
#include "tests/unit/scratch.h"

struct act { /* runs `fn` inside a write on main.db */
    struct write w;
    enum status (*fn)(struct act *a, struct tx *tx);
    struct principal p;
    struct credential c;
    struct str text;
    int64_t id, other;
    int kind;
    bool flag;
};

static enum status act_run(struct write *w, struct tx *tx)
{
    struct act *a = CONTAINER_OF(w, struct act, w);
    return a->fn(a, tx);
}

static enum status act(struct store *s, struct act *a, enum status (*fn)(struct act *a, struct tx *tx))
{
    a->fn = fn;
    a->w = (struct write){.run = act_run, .account = STORE_MAIN};
    return store_run(s, &a->w);
}

static enum status do_create(struct act *a, struct tx *tx)
{
    return tx_principal_create(tx, &a->p);
}
static enum status do_rename(struct act *a, struct tx *tx)
{
    return tx_principal_rename(tx, a->id, a->text);
}
static enum status do_alias(struct act *a, struct tx *tx)
{
    return tx_address_add(tx, a->id, a->text, ADDRESS_ALIAS);
}
static enum status do_remove_address(struct act *a, struct tx *tx)
{
    return tx_address_remove(tx, a->text);
}
static enum status do_delete(struct act *a, struct tx *tx)
{
    return tx_principal_delete(tx, a->id);
}
static enum status do_member(struct act *a, struct tx *tx)
{
    return tx_member_set(tx, a->id, a->other, a->flag);
}
static enum status do_credential(struct act *a, struct tx *tx)
{
    return tx_credential_add(tx, a->id, &a->c);
}
static enum status do_revoke(struct act *a, struct tx *tx)
{
    return tx_credential_remove(tx, a->id, a->other);
}
static enum status do_revoke_kind(struct act *a, struct tx *tx)
{
    return tx_credential_remove_kind(tx, a->id, a->kind);
}
static enum status do_setting(struct act *a, struct tx *tx)
{
    return tx_setting_set(tx, STR("test"), a->text);
}

static int64_t create(struct store *s, const char *address, enum principal_kind kind)
{
    struct act a = {
        .p = {.kind = kind, .source = STR("local"), .name = STR("Nicol\xc3\xb2"), .address = str_c(address)}};
    assert_ok(act(s, &a, do_create));
    return a.p.id;
}

static int64_t owner(struct store *s, const char *address, enum address_kind *kind)
{
    SCOPED_READ(tx, s);
    SCOPED_ARENA(a, 1 << 16);
    struct principal p;
    enum status st = principal_by_address(tx, &a, str_c(address), &p, kind);
    return st == OK ? p.id : -st;
}

static void addresses_change_hands(void **state)
{
    struct scratch *x = *state;
    enum address_kind kind;
    int64_t anna = create(x->s, "anna@example.test", PRINCIPAL_USER);
    int64_t bea = create(x->s, "bea@example.test", PRINCIPAL_USER);
    assert_true(anna % 64 >= 32 && bea > anna);
    struct act again = {.p = {.kind = PRINCIPAL_USER, .address = STR("anna@example.test")}};
    assert_status(act(x->s, &again, do_create), EXISTS);

    struct act rename = {.id = anna, .text = STR("bea@example.test")};
    assert_status(act(x->s, &rename, do_rename), EXISTS);
    assert_int_equal(owner(x->s, "anna@example.test", &kind),
                     anna); /* a refused rename leaves all as it was */
    assert_int_equal(kind, ADDRESS_PRIMARY);
    rename.text = STR("anne@example.test");
    assert_ok(act(x->s, &rename, do_rename));
    assert_int_equal(owner(x->s, "anna@example.test", &kind), anna);
    assert_int_equal(kind, ADDRESS_RETIRED);

    struct act alias = {.id = bea, .text = STR("anna@example.test")}; /* retired: free to take */
    assert_ok(act(x->s, &alias, do_alias));
    assert_int_equal(owner(x->s, "anna@example.test", &kind), bea);
    assert_int_equal(kind, ADDRESS_ALIAS);
    alias.text = STR("bea@example.test");
    assert_status(act(x->s, &alias, do_alias), EXISTS);
    assert_status(act(x->s, &alias, do_remove_address), PROTECTED);
    alias.text = STR("anna@example.test");
    assert_ok(act(x->s, &alias, do_remove_address));
    assert_int_equal(owner(x->s, "anna@example.test", &kind), -NOT_FOUND);

    SCOPED_READ(tx, x->s);
    SCOPED_ARENA(a, 1 << 16);
    struct principal_address *list;
    size_t count;
    assert_ok(principal_addresses(tx, &a, anna, &list, &count));
    assert_int_equal(count, 1);
    assert_str(list[0].address, "anne@example.test");
}

static void deleted_ones_keep_their_number(void **state)
{
    struct scratch *x = *state;
    int64_t id = create(x->s, "carl@example.test", PRINCIPAL_USER);
    struct act a = {.id = id, .c = {.kind = 1, .scope = 7, .data = STR("hash")}};
    assert_ok(act(x->s, &a, do_credential));
    assert_ok(act(x->s, &a, do_delete));
    int64_t next = create(x->s, "carl@example.test", PRINCIPAL_USER);
    assert_true(next > id);
    SCOPED_READ(tx, x->s);
    SCOPED_ARENA(arena, 1 << 16);
    struct principal p;
    struct credential *list;
    size_t count;
    assert_ok(principal_get(tx, &arena, id, &p));
    assert_int_equal(p.state, PRINCIPAL_DELETED);
    assert_ok(credential_list(tx, &arena, id, &list, &count));
    assert_int_equal(count, 0);
}

static void groups_nest_and_cycles_end(void **state)
{
    struct scratch *x = *state;
    int64_t user = create(x->s, "u@example.test", PRINCIPAL_USER),
            inner = create(x->s, "inner@example.test", PRINCIPAL_GROUP),
            outer = create(x->s, "outer@example.test", PRINCIPAL_GROUP);
    const int64_t pairs[][2] = {{inner, user}, {outer, inner}, {inner, outer}};
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        struct act a = {.id = pairs[i][0], .other = pairs[i][1], .flag = true};
        assert_ok(act(x->s, &a, do_member));
    }
    SCOPED_READ(tx, x->s);
    SCOPED_ARENA(arena, 1 << 16);
    int64_t *list;
    size_t count;
    assert_ok(groups_of(tx, &arena, user, &list, &count));
    assert_int_equal(count, 2);
    assert_ok(member_list(tx, &arena, inner, &list, &count));
    assert_int_equal(count, 2);
}

static void credentials_come_and_go(void **state)
{
    struct scratch *x = *state;
    int64_t id = create(x->s, "dora@example.test", PRINCIPAL_USER);
    struct act a = {
        .id = id,
        .c = {.kind = 3, .scope = 1, .label = STR("phone"), .data = str_n("a\0b", 3), .expires = 99}};
    assert_ok(act(x->s, &a, do_credential));
    struct act b = {.id = id, .kind = 2, .c = {.kind = 2, .scope = 7}};
    assert_ok(act(x->s, &b, do_credential));
    assert_true(b.c.id > a.c.id);
    assert_ok(act(x->s, &b, do_revoke_kind));
    {
        SCOPED_READ(tx, x->s);
        SCOPED_ARENA(arena, 1 << 16);
        struct credential *list;
        size_t count;
        assert_ok(credential_list(tx, &arena, id, &list, &count));
        assert_int_equal(count, 1);
        assert_int_equal(list[0].data.n, 3);
        assert_str(list[0].label, "phone");
        assert_true(list[0].created > 0 && list[0].expires == 99);
    }
    a.other = a.c.id;
    assert_ok(act(x->s, &a, do_revoke));
    assert_status(act(x->s, &a, do_revoke), NOT_FOUND);
}

static enum status count_one(void *ctx, const struct principal *p)
{
    (void)p;
    ++*(int *)ctx;
    return OK;
}

static void search_folds(void **state)
{
    struct scratch *x = *state;
    create(x->s, "eva@example.test", PRINCIPAL_USER);
    create(x->s, "eve@example.test", PRINCIPAL_USER);
    SCOPED_READ(tx, x->s);
    int n = 0;
    assert_ok(
        principal_search(tx, STR("EV"), 10, count_one, &n)); /* folded forms are in upper case (titlecase) */
    assert_int_equal(n, 2);
    n = 0;
    assert_status(principal_search(tx, STR("EV"), 1, count_one, &n), TRUNCATED);
    assert_int_equal(n, 1);
    n = 0;
    assert_ok(principal_each(tx, count_one, &n));
    assert_int_equal(n, 2);
}

static void settings_are_kept(void **state)
{
    struct scratch *x = *state;
    struct act a = {.text = STR("value")};
    assert_ok(act(x->s, &a, do_setting));
    scratch_reopen(x);
    SCOPED_ARENA(arena, 1 << 16);
    struct str value;
    SCOPED_READ(tx, x->s);
    assert_ok(setting_get(tx, &arena, STR("test"), &value));
    assert_str(value, "value");
    assert_status(setting_get(tx, &arena, STR("none"), &value), NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(addresses_change_hands, scratch_up, scratch_down),
        cmocka_unit_test_setup_teardown(deleted_ones_keep_their_number, scratch_up, scratch_down),
        cmocka_unit_test_setup_teardown(groups_nest_and_cycles_end, scratch_up, scratch_down),
        cmocka_unit_test_setup_teardown(credentials_come_and_go, scratch_up, scratch_down),
        cmocka_unit_test_setup_teardown(search_folds, scratch_up, scratch_down),
        cmocka_unit_test_setup_teardown(settings_are_kept, scratch_up, scratch_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
