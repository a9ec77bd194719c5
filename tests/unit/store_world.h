/* tests/unit/store_world.h: users, calendars and events for tests of the store, each change one write. Bodies are prepared by hand:
 * these tests are about rows, not about iCalendar. */
#ifndef SCAMBIO_TESTS_UNIT_STORE_WORLD_H
#define SCAMBIO_TESTS_UNIT_STORE_WORLD_H

#include "store/item.h"
#include "store/mount.h"
#include "store/principal.h"
#include "tests/unit/store_fixture.h"

struct world {
    struct fixture f;
    struct arena arena;
    int64_t alice, bob, carol;
    struct actor as_alice, as_bob, as_carol;
};

/* ---- one write with all that a test may want to pass ---- */
struct op {
    struct world *w;
    const struct actor *actor;
    int64_t account, from, to, seq;
    struct str name, new_name, uid, body, ns, value;
    int kind, class;
    bool overwrite, flag;
    struct prepared prepared;
    struct collection_new fresh;
    struct item_put_result put;
    struct item_move_result moved;
    int64_t id;
};

static inline enum status world_run(struct op *op, int64_t where, enum status (*fn)(void *ctx, struct tx *tx))
{
    return fixture_write(&op->w->f, where, fn, op);
}

/* ---- users ---- */
static inline enum status op_principal(void *ctx, struct tx *tx)
{
    struct op *op = ctx;
    struct principal p = {.kind = op->kind ? (enum principal_kind)op->kind : PRINCIPAL_USER,
                          .name = op->name,
                          .address = op->value};
    enum status st = tx_principal_create(tx, &p);
    op->id = p.id;
    return st;
}

static inline enum status op_account(void *ctx, struct tx *tx)
{
    struct op *op = ctx;
    return tx_account_create(tx, op->id, true, STR("en"));
}

static inline int64_t world_user(struct world *w, const char *name, const char *address)
{
    struct op op = {.w = w, .name = str_c(name), .value = str_c(address)};
    assert_ok(world_run(&op, STORE_MAIN, op_principal));
    assert_ok(world_run(&op, op.id, op_account));
    assert_ok(mounts_reconcile_account(w->f.store, op.id));
    return op.id;
}

static inline int64_t world_group(struct world *w, const char *name)
{
    struct op op = {.w = w, .name = str_c(name), .kind = PRINCIPAL_GROUP};
    assert_ok(world_run(&op, STORE_MAIN, op_principal));
    return op.id;
}

static inline enum status op_member(void *ctx, struct tx *tx)
{
    struct op *op = ctx;
    return tx_member_set(tx, op->from, op->to, op->flag);
}

static inline void world_member(struct world *w, int64_t group, int64_t member, bool in)
{
    struct op op = {.w = w, .from = group, .to = member, .flag = in};
    assert_ok(world_run(&op, STORE_MAIN, op_member));
}

static inline void world_start(struct world *w, int shards)
{
    *w = (struct world){.arena = ARENA_INIT(64 << 20)};
    fixture_start(&w->f, shards);
    w->alice = world_user(w, "Alice Rossi", "alice@example.test");
    w->bob = world_user(w, "Bob", "bob@example.test");
    w->carol = world_user(w, "Carol", "carol@example.test");
    w->as_alice = (struct actor){.id = w->alice};
    w->as_bob = (struct actor){.id = w->bob};
    w->as_carol = (struct actor){.id = w->carol};
}

static inline void world_end(struct world *w)
{
    arena_free(&w->arena);
    fixture_end(&w->f);
}

/* ---- collections ---- */
static inline int64_t world_find(struct world *w, const struct actor *actor, int64_t account,
                                 const char *slug)
{
    struct collection c;
    SCOPED_READ(tx, w->f.store);
    enum status st = collection_find(tx, &w->arena, actor, account, 0, str_c(slug), &c);
    return st == OK ? c.id : -(int64_t)st;
}

static inline enum status op_create(void *ctx, struct tx *tx)
{
    struct op *op = ctx;
    return tx_collection_create(tx, op->actor, &op->fresh, &op->id);
}

static inline enum status world_create(struct world *w, const struct actor *actor, int64_t account,
                                       enum collection_kind kind, const char *slug, int64_t *id)
{
    struct op op = {.w = w, .actor = actor, .fresh = {.account = account, .kind = kind, .slug = str_c(slug)}};
    enum status st = world_run(&op, account, op_create);
    *id = op.id;
    return st;
}

static inline struct collection world_get(struct world *w, int64_t id)
{
    struct collection c = {0};
    SCOPED_READ(tx, w->f.store);
    assert_ok(collection_get(tx, &w->arena, &actor_system, id, &c));
    return c;
}

/* ---- items ---- */
static inline enum status op_put(void *ctx, struct tx *tx)
{
    struct op *op = ctx;
    return tx_item_put(tx, &op->w->arena, op->actor, op->to, op->name, &op->prepared, &op->put);
}

static inline void op_prepare(struct op *op)
{
    op->prepared = (struct prepared){
        .media = MEDIA_CALENDAR,
        .body = op->body,
        .uid = op->uid,
        .kind = op->kind ? op->kind : ICAL_VEVENT,
        .class = op->class,
        .until_done = INT64_MAX,
        .store = op->w->f.store,
    };
    sha256(op->body, op->prepared.hash);
}

static inline struct op world_put_op(struct world *w, const struct actor *actor, int64_t to, const char *name,
                                     const char *uid, const char *body)
{
    struct op op = {
        .w = w, .actor = actor, .to = to, .name = str_c(name), .uid = str_c(uid), .body = str_c(body)};
    op_prepare(&op);
    return op;
}

static inline enum status world_put(struct world *w, const struct actor *actor, int64_t to, const char *name,
                                    const char *uid, const char *body)
{
    struct op op = world_put_op(w, actor, to, name, uid, body);
    return world_run(&op, to, op_put);
}

static inline enum status op_delete(void *ctx, struct tx *tx)
{
    struct op *op = ctx;
    return tx_item_delete(tx, op->actor, op->from, op->name);
}

static inline enum status world_delete(struct world *w, const struct actor *actor, int64_t from,
                                       const char *name)
{
    struct op op = {.w = w, .actor = actor, .from = from, .name = str_c(name)};
    return world_run(&op, from, op_delete);
}

static inline enum status op_move(void *ctx, struct tx *tx)
{
    struct op *op = ctx;
    return (op->flag ? tx_item_copy : tx_item_move)(tx, &op->w->arena, op->actor, op->from, op->name, op->to,
                                                    op->new_name, op->overwrite, &op->moved);
}

static inline enum status world_move(struct world *w, const struct actor *actor, int64_t from,
                                     const char *name, int64_t to, const char *new_name, bool overwrite,
                                     bool copy)
{
    struct op op = {.w = w,
                    .actor = actor,
                    .from = from,
                    .to = to,
                    .name = str_c(name),
                    .new_name = str_c(new_name),
                    .overwrite = overwrite,
                    .flag = copy};
    return world_run(&op, to, op_move);
}

static inline enum status world_item(struct world *w, const struct actor *actor, int64_t collection,
                                     const char *name, struct item *out)
{
    SCOPED_READ(tx, w->f.store);
    return item_find(tx, &w->arena, actor, collection, str_c(name), out);
}

static inline struct str world_body(struct world *w, int64_t collection, const char *name)
{
    struct item item;
    struct str body = STR_NONE;
    SCOPED_READ(tx, w->f.store);
    if (item_find(tx, &w->arena, &actor_system, collection, str_c(name), &item) == OK)
        assert_ok(item_body_arena(tx, &w->arena, &item, &body));
    return body;
}

static inline struct account world_account(struct world *w, int64_t id)
{
    struct account a;
    SCOPED_READ(tx, w->f.store);
    assert_ok(account_get(tx, id, &a));
    return a;
}

#endif
