/* tests/unit/test_store_items.c: items: put, get, delete, sync, move, copy, quota, UIDs; with one shard and with three. A random test
 * compares the store with a model in memory: a sync from any earlier number yields exactly the difference. */
#include "core/clock.h"
#include "store/blob.h"
#include "store/rows.h"
#include "tests/unit/store_world.h"

static const int shard_counts[] = {1, 3};

/* Runs the test with each number of shards. */
#define EACH_WORLD(w)                                                                                        \
    (void)state;                                                                                             \
    for (size_t round_ = 0; round_ < COUNT_OF(shard_counts); round_++)                                       \
        for (struct world w, *once_ = (world_start(&w, shard_counts[round_]), &w); once_;                    \
             world_end(&w), once_ = NULL)

static void put_get_delete(void **state)
{
    EACH_WORLD(w)
    {
        struct item item;
        int64_t cal = world_find(&w, &w.as_alice, w.alice, "calendar");
        assert_true(cal > 0);
        assert_ok(world_put(&w, &w.as_alice, cal, "a.ics", "uid-a", "first"));
        assert_str(world_body(&w, cal, "a.ics"), "first");
        assert_ok(world_item(&w, &w.as_alice, cal, "a.ics", &item));
        assert_str(item.obj_uid, "uid-a");
        assert_int_equal(item.size, 5);
        assert_int_equal(item.uid, 1);
        int64_t id = item.id, seq = item.seq;
        assert_ok(world_put(&w, &w.as_alice, cal, "a.ics", "uid-a", "second"));
        assert_str(world_body(&w, cal, "a.ics"), "second");
        assert_ok(world_item(&w, &w.as_alice, cal, "a.ics", &item));
        assert_int_equal(item.id, id);
        assert_true(item.seq > seq);
        assert_ok(world_delete(&w, &w.as_alice, cal, "a.ics"));
        assert_status(world_item(&w, &w.as_alice, cal, "a.ics", &item), NOT_FOUND);
        assert_status(world_delete(&w, &w.as_alice, cal, "a.ics"), NOT_FOUND);
        assert_int_equal(world_get(&w, cal).total, 0);
        assert_int_equal(world_account(&w, w.alice).used_bytes, 0);
    }
}

static void equal_bytes_take_no_number(void **state)
{
    EACH_WORLD(w)
    {
        int64_t cal = world_find(&w, &w.as_alice, w.alice, "calendar");
        struct op op = world_put_op(&w, &w.as_alice, cal, "a.ics", "uid-a", "same");
        assert_ok(world_run(&op, cal, op_put));
        assert_true(op.put.created && !op.put.unchanged);
        int64_t seq = world_account(&w, w.alice).seq, first = op.put.seq;
        assert_ok(world_run(&op, cal, op_put));
        assert_true(!op.put.created && op.put.unchanged);
        assert_int_equal(op.put.seq, first);
        assert_int_equal(world_account(&w, w.alice).seq, seq);
    }
}

static void a_uid_is_once_in_a_collection(void **state)
{
    EACH_WORLD(w)
    {
        int64_t cal = world_find(&w, &w.as_alice, w.alice, "calendar");
        assert_ok(world_put(&w, &w.as_alice, cal, "a.ics", "uid-a", "first"));
        struct op op = world_put_op(&w, &w.as_alice, cal, "b.ics", "uid-a", "second");
        assert_status(world_run(&op, cal, op_put), UID_CONFLICT);
        assert_str(op.put.conflict, "a.ics");
        op = world_put_op(&w, &w.as_alice, cal, "a.ics", "uid-b", "third");
        assert_status(world_run(&op, cal, op_put), UID_CONFLICT); /* a resource keeps its UID */
        assert_str(op.put.conflict, "a.ics");
        assert_str(world_body(&w, cal, "a.ics"), "first");
        assert_ok(world_delete(&w, &w.as_alice, cal, "a.ics"));
        assert_ok(world_put(&w, &w.as_alice, cal, "b.ics", "uid-a", "second"));
    }
}

static void components_are_judged(void **state)
{
    EACH_WORLD(w)
    {
        int64_t cal = world_find(&w, &w.as_alice, w.alice, "calendar"),
                tasks = world_find(&w, &w.as_alice, w.alice, "tasks"),
                book = world_find(&w, &w.as_alice, w.alice, "contacts");
        struct op op = world_put_op(&w, &w.as_alice, cal, "a.ics", "uid-a", "todo");
        op.prepared.kind = ICAL_VTODO;
        assert_status(world_run(&op, cal, op_put), UNSUPPORTED);
        op.to = tasks;
        assert_ok(world_run(&op, tasks, op_put));
        op.to = book;
        assert_status(world_run(&op, book, op_put), UNSUPPORTED);
        assert_status(world_move(&w, &w.as_alice, tasks, "a.ics", cal, "a.ics", false, false), UNSUPPORTED);
    }
}

static enum status op_quota(void *ctx, struct tx *tx)
{
    struct op *op = ctx;
    return tx_account_quota(tx, op->account, op->seq);
}

static void quota_counts_what_lives(void **state)
{
    EACH_WORLD(w)
    {
        int64_t cal = world_find(&w, &w.as_alice, w.alice, "calendar");
        struct op op = {.w = &w, .account = w.alice, .seq = 10};
        assert_ok(world_run(&op, w.alice, op_quota));
        assert_ok(world_put(&w, &w.as_alice, cal, "a.ics", "uid-a", "12345678"));
        assert_status(world_put(&w, &w.as_alice, cal, "b.ics", "uid-b", "123"), OVER_QUOTA);
        assert_int_equal(world_account(&w, w.alice).used_bytes, 8);
        assert_int_equal(world_account(&w, w.alice).used_items, 1);
        assert_ok(world_put(&w, &w.as_alice, cal, "b.ics", "uid-b", "12"));
        assert_status(world_put(&w, &w.as_alice, cal, "a.ics", "uid-a", "123456789"), OVER_QUOTA);
        assert_ok(world_put(&w, &w.as_alice, cal, "a.ics", "uid-a", "1234")); /* less is always taken */
        assert_ok(world_delete(&w, &w.as_alice, cal, "b.ics"));               /* kept bodies do not count */
        assert_ok(world_put(&w, &w.as_alice, cal, "c.ics", "uid-c", "123456"));
        op.seq = 5; /* lowered below what is used: deleting and shrinking go on */
        assert_ok(world_run(&op, w.alice, op_quota));
        assert_ok(world_put(&w, &w.as_alice, cal, "c.ics", "uid-c", "12345"));
        assert_ok(world_delete(&w, &w.as_alice, cal, "c.ics"));
    }
}

/* ---- content is shared and counted ---- */

static void equal_texts_are_stored_once(void **state)
{
    EACH_WORLD(w)
    {
        int64_t cal = world_find(&w, &w.as_alice, w.alice, "calendar"), n, refs;
        assert_ok(world_put(&w, &w.as_alice, cal, "a.ics", "uid-a", "shared"));
        assert_ok(world_put(&w, &w.as_alice, cal, "b.ics", "uid-b", "shared"));
        {
            SCOPED_READ(tx, w.f.store);
            assert_ok(DB_GET_INT(tx_db(tx, cal), &n, "SELECT count(*) FROM content " DB_SCAN));
            assert_ok(DB_GET_INT(tx_db(tx, cal), &refs, "SELECT sum(refs) FROM content " DB_SCAN));
            assert_int_equal(n, 1);
            assert_int_equal(refs, 2);
        }
        assert_ok(world_put(&w, &w.as_alice, cal, "a.ics", "uid-a", "changed"));
        assert_ok(world_put(&w, &w.as_alice, cal, "b.ics", "uid-b", "changed"));
        SCOPED_READ(tx, w.f.store);
        assert_ok(DB_GET_INT(tx_db(tx, cal), &n, "SELECT count(*) FROM body " DB_SCAN));
        assert_int_equal(n, 1); /* replaced text that nobody has is gone */
    }
}

/* ---- move and copy ---- */

static void a_move_keeps_the_item(void **state)
{
    EACH_WORLD(w)
    {
        struct item before, after;
        int64_t cal = world_find(&w, &w.as_alice, w.alice, "calendar"), other;
        assert_ok(world_create(&w, &w.as_alice, w.alice, KIND_CALENDAR, "other", &other));
        assert_ok(world_put(&w, &w.as_alice, cal, "a.ics", "uid-a", "text"));
        assert_ok(world_item(&w, &w.as_alice, cal, "a.ics", &before));
        assert_ok(world_move(&w, &w.as_alice, cal, "a.ics", other, "b.ics", false, false));
        assert_ok(world_item(&w, &w.as_alice, other, "b.ics", &after));
        assert_status(world_item(&w, &w.as_alice, cal, "a.ics", &after), NOT_FOUND);
        assert_int_equal(before.id, after.id);
        assert_int_equal(world_get(&w, cal).total, 0);
        assert_int_equal(world_get(&w, other).total, 1);
        assert_int_equal(world_account(&w, w.alice).used_items, 1);
        assert_str(world_body(&w, other, "b.ics"), "text");
        assert_ok(world_move(&w, &w.as_alice, other, "b.ics", other, "c.ics", false, false)); /* a new name */
        assert_str(world_body(&w, other, "c.ics"), "text");
    }
}

static void copies_are_new_items(void **state)
{
    EACH_WORLD(w)
    {
        struct item a, b;
        int64_t cal = world_find(&w, &w.as_alice, w.alice, "calendar"), other;
        assert_ok(world_create(&w, &w.as_alice, w.alice, KIND_CALENDAR, "other", &other));
        assert_ok(world_put(&w, &w.as_alice, cal, "a.ics", "uid-a", "text"));
        assert_status(world_move(&w, &w.as_alice, cal, "a.ics", cal, "b.ics", false, true), UID_CONFLICT);
        assert_ok(world_move(&w, &w.as_alice, cal, "a.ics", other, "a.ics", false, true));
        assert_status(world_move(&w, &w.as_alice, cal, "a.ics", other, "a.ics", false, true), EXISTS);
        assert_ok(world_move(&w, &w.as_alice, cal, "a.ics", other, "a.ics", true, true));
        assert_ok(world_item(&w, &w.as_alice, cal, "a.ics", &a));
        assert_ok(world_item(&w, &w.as_alice, other, "a.ics", &b));
        assert_int_not_equal(a.id, b.id);
        assert_int_equal(a.content, b.content);
        assert_int_equal(world_account(&w, w.alice).used_items, 2);
        assert_status(world_move(&w, &w.as_alice, cal, "a.ics", cal + 64000, "a.ics", false, true),
                      NO_PARENT);
    }
}

static enum status op_copy_all(void *ctx, struct tx *tx)
{
    struct op *op = ctx;
    return tx_collection_copy(tx, op->actor, op->from, op->to);
}

static enum status count_change(void *ctx, const struct item_change *change)
{
    int64_t *n = ctx;
    n[change->gone]++;
    return OK;
}

static void a_whole_collection_is_copied(void **state)
{
    EACH_WORLD(w)
    {
        int64_t cal = world_find(&w, &w.as_alice, w.alice, "calendar"), other, n[2] = {0};
        char name[32], uid[32];
        for (int i = 0; i < 20; i++) {
            snprintf(name, sizeof name, "%d.ics", i);
            snprintf(uid, sizeof uid, "uid-%d", i);
            assert_ok(world_put(&w, &w.as_alice, cal, name, uid, i % 2 ? "odd" : "even"));
        }
        assert_ok(world_create(&w, &w.as_alice, w.alice, KIND_CALENDAR, "other", &other));
        assert_ok(world_put(&w, &w.as_alice, other, "x.ics", "uid-x", "x"));
        struct op op = {.w = &w, .actor = &w.as_alice, .from = cal, .to = other};
        assert_status(world_run(&op, cal, op_copy_all), EXISTS);
        assert_ok(world_delete(&w, &w.as_alice, other, "x.ics"));
        int64_t before = world_get(&w, other).seq;
        assert_ok(world_run(&op, cal, op_copy_all));
        assert_int_equal(world_get(&w, other).total, 20);
        assert_int_equal(world_get(&w, other).bytes, world_get(&w, cal).bytes);
        assert_str(world_body(&w, other, "7.ics"), "odd");
        {
            SCOPED_READ(tx, w.f.store);
            assert_ok(item_changes(tx, &w.as_alice, other, before, 0, count_change, n));
        }
        assert_int_equal(n[0], 20);
        assert_int_equal(n[1], 0);
        for (int i = 0; i < 20; i++) { /* the content lives as long as one of them */
            snprintf(name, sizeof name, "%d.ics", i);
            assert_ok(world_delete(&w, &w.as_alice, cal, name));
        }
        assert_str(world_body(&w, other, "8.ics"), "even");
        assert_ok(world_put(&w, &w.as_alice, other, "y.ics", "uid-y", "y"));
    }
}

/* Who may read but not see what is private copies the rest, and is charged for that alone. */
static void what_is_private_is_not_copied(void **state)
{
    EACH_WORLD(w)
    {
        int64_t cal = world_find(&w, &w.as_alice, w.alice, "calendar"), other;
        struct op put = world_put_op(&w, &w.as_alice, cal, "p.ics", "p", "a private text");
        struct acl_entry ace = {w.bob, RIGHTS_READ};
        put.prepared.class = ICAL_PRIVATE;
        assert_ok(world_put(&w, &w.as_alice, cal, "a.ics", "a", "text a"));
        assert_ok(world_run(&put, cal, op_put));
        assert_ok(world_put(&w, &w.as_alice, cal, "b.ics", "b", "text b"));
        assert_ok(acl_share(w.f.store, &w.as_alice, cal, &ace, 1));
        if (store_shard_of(cal) != store_shard_of(w.as_bob.id) && w.f.shards > 1)
            continue; /* goes item by item there: test_dav_private.c */
        assert_ok(world_create(&w, &w.as_bob, w.bob, KIND_CALENDAR, "copy", &other));
        struct op op = {.w = &w, .actor = &w.as_bob, .from = cal, .to = other};
        assert_ok(world_run(&op, other, op_copy_all));
        assert_int_equal(world_get(&w, other).total, 2);
        assert_int_equal(world_get(&w, other).bytes, 12);
        assert_int_equal(world_account(&w, w.bob).used_items, 2);
        assert_str(world_body(&w, other, "b.ics"), "text b");
        assert_null(world_body(&w, other, "p.ics").p);
    }
}

/* ---- sync against a model ---- */

enum { NAMES = 12, STEPS = 300, SNAPSHOTS = STEPS + 1 };

struct snapshot { /* the collection at a number: which text each name had, 0: none */
    int64_t seq;
    int text[NAMES];
};

struct model {
    struct world *w;
    int64_t cal;
    struct snapshot shots[SNAPSHOTS];
    size_t count;
    int texts;
    int seen[NAMES]; /* by a sync: 0 nothing, -1 gone, 1 changed */
    int64_t last;
    size_t limit;
};

static void name_of(char out[16], int i)
{
    snprintf(out, 16, "n%d.ics", i);
}

static enum status model_change(void *ctx, const struct item_change *change)
{
    struct model *m = ctx;
    uint64_t i = UINT64_MAX;
    struct str digits = str_slice(change->item.name, 1, change->item.name.n - 5);
    assert_true(str_u64(digits, &i) && i < NAMES);
    assert_true(change->item.seq > m->last); /* ascending */
    /* Once each; only a sync cut into pages can hear twice that a name is gone: it had come back in between. */
    assert_true(m->seen[i] == 0 || (m->limit && change->gone && m->seen[i] < 0));
    m->last = change->item.seq;
    m->seen[i] = change->gone ? -1 : 1;
    return OK;
}

/* From an old snapshot to now, in pages of `limit`. */
static void model_sync(struct model *m, const struct snapshot *old, size_t limit)
{
    const struct snapshot *now = &m->shots[m->count - 1];
    enum status st;
    memset(m->seen, 0, sizeof m->seen);
    m->last = old->seq;
    m->limit = limit;
    do {
        SCOPED_READ(tx, m->w->f.store);
        st = item_changes(tx, &m->w->as_alice, m->cal, m->last, limit, model_change, m);
    } while (st == TRUNCATED && limit);
    assert_ok(st);
    for (int i = 0; i < NAMES; i++) {
        if (old->seq == 0) {
            assert_int_equal(m->seen[i], now->text[i] ? 1 : 0);
        } else if (now->text[i] && now->text[i] != old->text[i]) {
            assert_int_equal(m->seen[i], 1);
        } else if (!now->text[i] && old->text[i]) {
            assert_int_equal(m->seen[i], -1);
        } else if (!now->text[i] && limit == 0) {
            assert_int_equal(m->seen[i], 0); /* came and went in between: never heard of */
        }
    }
}

static void model_step(struct model *m)
{
    struct snapshot next = m->shots[m->count - 1];
    int i = (int)(random_u64() % NAMES), k = (int)(random_u64() % NAMES);
    char name[16], other[16], uid[24], text[24];
    name_of(name, i);
    name_of(other, k);
    switch (random_u64() % 4) {
    case 0:
        assert_status(world_delete(m->w, &m->w->as_alice, m->cal, name), next.text[i] ? OK : NOT_FOUND);
        next.text[i] = 0;
        break;
    case 1: /* rename; what is there has another UID, and must go first */
        if (!next.text[i] || i == k)
            break;
        if (next.text[k]) {
            assert_status(world_move(m->w, &m->w->as_alice, m->cal, name, m->cal, other, true, false),
                          UID_CONFLICT);
            assert_ok(world_delete(m->w, &m->w->as_alice, m->cal, other));
        }
        assert_ok(world_move(m->w, &m->w->as_alice, m->cal, name, m->cal, other, true, false));
        next.text[k] = next.text[i];
        next.text[i] = 0;
        break;
    default:
        next.text[i] = ++m->texts;
        snprintf(text, sizeof text, "text %d", m->texts);
        snprintf(uid, sizeof uid, "uid-%d", m->texts); /* a new object under the name */
        if (m->shots[m->count - 1].text[i])
            assert_ok(world_delete(m->w, &m->w->as_alice, m->cal, name));
        assert_ok(world_put(m->w, &m->w->as_alice, m->cal, name, uid, text));
    }
    next.seq = world_get(m->w, m->cal).seq;
    m->shots[m->count++] = next;
}

static void sync_yields_exactly_the_difference(void **state)
{
    (void)state;
    struct world w;
    static struct model m;
    world_start(&w, 3);
    random_seed(20261124);
    m = (struct model){.w = &w, .cal = world_find(&w, &w.as_alice, w.alice, "calendar"), .count = 1};
    for (int step = 0; step < STEPS; step++) {
        model_step(&m);
        model_sync(&m, &m.shots[0], 0);
        model_sync(&m, &m.shots[random_u64() % m.count], 0);
        if (step % 10 == 0) {
            model_sync(&m, &m.shots[random_u64() % m.count], 3);
            arena_reset(&w.arena);
        }
    }
    for (size_t i = 0; i < m.count; i++)
        model_sync(&m, &m.shots[i], 0);
    fixture_reopen(&w.f);
    for (size_t i = 0; i < m.count; i += 7)
        model_sync(&m, &m.shots[i], 0);
    random_seed(0);
    world_end(&w);
}

static void tokens_out_of_range_are_refused(void **state)
{
    EACH_WORLD(w)
    {
        int64_t cal = world_find(&w, &w.as_alice, w.alice, "calendar"), n[2] = {0};
        assert_ok(world_put(&w, &w.as_alice, cal, "a.ics", "uid-a", "a"));
        SCOPED_READ(tx, w.f.store);
        int64_t seq = world_get(&w, cal).seq;
        assert_status(item_changes(tx, &w.as_alice, cal, seq + 1, 0, count_change, n), BAD_TOKEN);
        assert_status(item_changes(tx, &w.as_alice, cal, -1, 0, count_change, n), BAD_TOKEN);
        assert_ok(item_changes(tx, &w.as_alice, cal, seq, 0, count_change, n));
        assert_int_equal(n[0] + n[1], 0);
    }
}

/* ---- many at once ---- */

enum { THREADS = 16, EACH = 25 };

struct putter {
    struct world *w;
    int64_t cal;
    int number;
};

static void *putter_main(void *arg)
{
    struct putter *p = arg;
    SCOPED_ARENA(arena, 1 << 20);
    struct world own = *p->w; /* an arena of its own */
    own.arena = arena;
    for (int i = 0; i < EACH; i++) {
        char name[32], uid[32];
        snprintf(name, sizeof name, "%d-%d.ics", p->number, i);
        snprintf(uid, sizeof uid, "uid-%d-%d", p->number, i);
        if (world_put(&own, &own.as_alice, p->cal, name, uid, name) != OK)
            return p;
        if (i % 5 == 4 && world_delete(&own, &own.as_alice, p->cal, name) != OK)
            return p;
    }
    arena_free(&own.arena);
    return NULL;
}

static void sixteen_threads_leave_a_sound_store(void **state)
{
    EACH_WORLD(w)
    {
        struct putter putters[THREADS];
        pthread_t threads[THREADS];
        int64_t cal = world_find(&w, &w.as_alice, w.alice, "calendar"), n[2] = {0}, distinct;
        for (int i = 0; i < THREADS; i++) {
            putters[i] = (struct putter){&w, cal, i};
            assert_int_equal(pthread_create(&threads[i], NULL, putter_main, &putters[i]), 0);
        }
        for (int i = 0; i < THREADS; i++) {
            void *failed;
            pthread_join(threads[i], &failed);
            assert_null(failed);
        }
        SCOPED_READ(tx, w.f.store);
        assert_ok(item_changes(tx, &w.as_alice, cal, 0, 0, count_change, n));
        assert_int_equal(n[0], THREADS * EACH * 4 / 5);
        assert_int_equal(world_get(&w, cal).total, n[0]);
        assert_int_equal(world_account(&w, w.alice).used_items, n[0]);
        assert_ok(DB_GET_INT(tx_db(tx, cal), &distinct, "SELECT count(DISTINCT uid) FROM entry " DB_SCAN));
        assert_int_equal(distinct, n[0]);
    }
}

/* ---- large bodies ---- */

static void large_bodies_are_files(void **state)
{
    EACH_WORLD(w)
    {
        enum { SIZE = 300000 };
        int64_t cal = world_find(&w, &w.as_alice, w.alice, "calendar");
        char *text = malloc(SIZE);
        assert_non_null(text);
        memset(text, 'x', SIZE);
        struct op op = world_put_op(&w, &w.as_alice, cal, "a.ics", "uid-a", "");
        op.body = str_n(text, SIZE);
        op_prepare(&op);
        assert_ok(blob_put(w.f.store, op.prepared.hash, op.body));
        op.prepared.is_file = true;
        assert_ok(world_run(&op, cal, op_put));
        assert_status(blob_remove(w.f.store, op.prepared.hash), EXISTS); /* pinned */
        blob_unpin(w.f.store, op.prepared.hash);
        fixture_reopen(&w.f);
        assert_true(str_eq(world_body(&w, cal, "a.ics"), op.body));
        assert_ok(blob_put(w.f.store, op.prepared.hash, op.body)); /* it is there already */
        blob_unpin(w.f.store, op.prepared.hash);
        assert_ok(blob_remove(w.f.store, op.prepared.hash));
        struct item item;
        assert_ok(world_item(&w, &w.as_alice, cal, "a.ics", &item));
        SCOPED_BUF(out, SIZE + 1);
        SCOPED_READ(tx, w.f.store);
        assert_status(item_body(tx, &item, &out), E_CORRUPT);
        free(text);
    }
}

/* ---- ranges and fields ---- */

static enum status collect_name(void *ctx, const struct item *item, struct str body)
{
    struct buf *names = ctx;
    (void)body;
    buf_add(names, item->name);
    buf_addc(names, ' ');
    return OK;
}

static void assert_range(struct world *w, int64_t cal, int64_t from, int64_t until, const char *wanted)
{
    SCOPED_BUF(names, 4096);
    SCOPED_READ(tx, w->f.store);
    assert_ok(item_in_range(tx, &w->as_alice, cal, 0, from, until, false, collect_name, &names));
    assert_str(buf_view(&names), wanted);
}

static void put_occurrence(struct world *w, int64_t cal, const char *name, const struct occ_row *rows,
                           size_t count)
{
    struct op op = world_put_op(w, &w->as_alice, cal, name, name, name);
    struct occ_row copy[8];
    memcpy(copy, rows, count * sizeof *rows);
    op.prepared.occ = copy;
    op.prepared.occ_count = count;
    assert_ok(world_run(&op, cal, op_put));
}

static void ranges_find_weeks_and_lists(void **state)
{
    EACH_WORLD(w)
    {
        enum { W = OCC_WEEK };
        int64_t cal = world_find(&w, &w.as_alice, w.alice, "calendar");
        put_occurrence(&w, cal, "event", (struct occ_row[]){{10, 10 * W + 100, 10 * W + 200, 0}}, 1);
        put_occurrence(&w, cal, "long", (struct occ_row[]){{OCC_LONG, 20 * W, 40 * W, 0}}, 1);
        put_occurrence(&w, cal, "series",
                       (struct occ_row[]){{50, 50 * W, 50 * W + 10, 0},
                                          {51, 51 * W, 51 * W + 10, 0},
                                          {OCC_EARLIER, 49 * W, 5 * W, 0},
                                          {OCC_LATER, 52 * W, INT64_MAX, 0}},
                       4);
        put_occurrence(&w, cal, "always", (struct occ_row[]){{OCC_LATER, INT64_MIN, INT64_MAX, 0}}, 1);
        assert_range(&w, cal, 10 * W, 11 * W, "event series always ");
        assert_range(&w, cal, 10 * W + 300, 11 * W, "series always ");
        assert_range(&w, cal, 30 * W, 31 * W, "long series always ");
        assert_range(&w, cal, 51 * W, 51 * W + 100, "series always ");
        assert_range(&w, cal, 51 * W + 20, 52 * W - 1, "always ");
        assert_range(&w, cal, 70 * W, 71 * W, "series always ");
        assert_range(&w, cal, 2 * W, 4 * W, "always ");
        assert_range(&w, cal, INT64_MIN, INT64_MAX, "event long series always ");
        assert_ok(world_delete(&w, &w.as_alice, cal, "series"));
        assert_range(&w, cal, 70 * W, 71 * W, "always ");
    }
}

static void fields_match_four_ways(void **state)
{
    EACH_WORLD(w)
    {
        static const struct {
            enum field_match match;
            struct str text;
            const char *wanted;
        } cases[] = {
            {MATCH_CONTAINS, STR_INIT("OSS"), "a.vcf b.vcf "},
            {MATCH_EQUALS, STR_INIT("ROSSI"), "a.vcf "},
            {MATCH_STARTS, STR_INIT("RO"), "a.vcf "},
            {MATCH_ENDS, STR_INIT("SO"), "b.vcf "},
            {MATCH_CONTAINS, STR_INIT("ZZ"), ""},
            {MATCH_CONTAINS, STR_INIT(""), "a.vcf b.vcf "},
        };
        int64_t book = world_find(&w, &w.as_alice, w.alice, "contacts");
        struct field_row a[] = {{VCARD_FN, 0, STR("ROSSI")},
                                {VCARD_FN, 1, STR("ROSSINI")},
                                {VCARD_EMAIL, 0, STR("ZZ")}},
                         b[] = {{VCARD_FN, 0, STR("GROSSO")}};
        struct op op = world_put_op(&w, &w.as_alice, book, "a.vcf", "a", "a");
        op.prepared.media = MEDIA_VCARD;
        op.prepared.fields = a;
        op.prepared.field_count = COUNT_OF(a);
        assert_ok(world_run(&op, book, op_put));
        op.name = op.prepared.uid = STR("b.vcf");
        op.prepared.fields = b;
        op.prepared.field_count = COUNT_OF(b);
        assert_ok(world_run(&op, book, op_put));
        SCOPED_READ(tx, w.f.store);
        for (size_t i = 0; i < COUNT_OF(cases); i++) {
            SCOPED_BUF(names, 4096);
            const struct field_key key = {VCARD_FN, cases[i].match, cases[i].text};
            assert_ok(item_by_fields(tx, &w.as_alice, book, &key, 1, false, collect_name, &names));
            assert_str(buf_view(&names), cases[i].wanted);
        }
        SCOPED_BUF(any, 4096);
        SCOPED_BUF(either, 4096);
        const struct field_key keys[] = {{VCARD_EMAIL, MATCH_EQUALS, STR("ZZ")},
                                         {VCARD_FN, MATCH_CONTAINS, STR("O")},
                                         {VCARD_FN, MATCH_CONTAINS, STR("SS")}};
        assert_ok(item_by_fields(tx, &w.as_alice, book, keys, 1, false, collect_name, &any));
        assert_ok(item_by_fields(tx, &w.as_alice, book, keys, COUNT_OF(keys), false, collect_name, &either));
        assert_str(buf_view(&any), "a.vcf ");
        assert_str(buf_view(&either), "a.vcf b.vcf ");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(put_get_delete),
        cmocka_unit_test(equal_bytes_take_no_number),
        cmocka_unit_test(a_uid_is_once_in_a_collection),
        cmocka_unit_test(components_are_judged),
        cmocka_unit_test(quota_counts_what_lives),
        cmocka_unit_test(equal_texts_are_stored_once),
        cmocka_unit_test(a_move_keeps_the_item),
        cmocka_unit_test(copies_are_new_items),
        cmocka_unit_test(a_whole_collection_is_copied),
        cmocka_unit_test(what_is_private_is_not_copied),
        cmocka_unit_test(sync_yields_exactly_the_difference),
        cmocka_unit_test(tokens_out_of_range_are_refused),
        cmocka_unit_test(sixteen_threads_leave_a_sound_store),
        cmocka_unit_test(large_bodies_are_files),
        cmocka_unit_test(ranges_find_weeks_and_lists),
        cmocka_unit_test(fields_match_four_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
