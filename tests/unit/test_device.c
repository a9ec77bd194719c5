/* tests/unit/test_device.c: devices, anchors, LUIDs and partial objects of store/device.h; the migration that brings their tables;
 * steps that are rolled back alone. */
#include "store/device.h"

#include "schemas/embed.h"
#include "store/db.h"
#include "tests/unit/store_world.h"

enum { DAY = 86400, SHARDS = 3 };

/* ---- one write made of a few calls ---- */
struct todo {
    struct world *w;
    int64_t account, device, number, first;
    struct str devid, db, text, text2;
    struct device d;
    struct anchor anchor;
    struct luid luid;
    struct partial partial;
    int state;
};

static enum status do_write(struct world *w, enum status (*fn)(void *ctx, struct tx *tx), struct todo *t)
{
    t->w = w;
    return fixture_write(&w->f, t->account ? t->account : t->device, fn, t);
}

static enum status do_open(void *ctx, struct tx *tx)
{
    struct todo *t = ctx;
    return tx_device_open(tx, &t->w->arena, t->account, t->devid, &t->d);
}

static enum status open_device(struct world *w, int64_t account, const char *devid, struct device *out)
{
    struct todo t = {.account = account, .devid = str_c(devid)};
    enum status st = do_write(w, do_open, &t);
    *out = t.d;
    return st;
}

static int64_t new_device(struct world *w, int64_t account, const char *devid)
{
    struct device d;
    assert_ok(open_device(w, account, devid, &d));
    return d.id;
}

static enum status do_update(void *ctx, struct tx *tx)
{
    struct todo *t = ctx;
    return tx_device_update(tx, &t->d);
}

static enum status update(struct world *w, const struct device *d)
{
    struct todo t = {.device = d->id, .d = *d};
    return do_write(w, do_update, &t);
}

static enum status do_state(void *ctx, struct tx *tx)
{
    struct todo *t = ctx;
    return tx_device_state(tx, t->device, (enum device_state)t->state);
}

static enum status do_nonce(void *ctx, struct tx *tx)
{
    struct todo *t = ctx;
    return tx_device_nonce(tx, t->device, t->text, t->text2);
}

static enum status do_guid(void *ctx, struct tx *tx)
{
    struct todo *t = ctx;
    return tx_device_guid(tx, t->device, t->number, &t->first);
}

static enum status do_forget(void *ctx, struct tx *tx)
{
    struct todo *t = ctx;
    return tx_device_forget(tx, t->device);
}

static enum status do_anchor(void *ctx, struct tx *tx)
{
    struct todo *t = ctx;
    enum status st = tx_anchor_put(tx, t->device, &t->anchor);
    return st == OK && t->number ? tx_anchor_seq_put(tx, t->device, t->anchor.db, t->number, t->first) : st;
}

static enum status do_reset(void *ctx, struct tx *tx)
{
    struct todo *t = ctx;
    return tx_anchor_reset(tx, t->device, t->db);
}

static enum status do_luid(void *ctx, struct tx *tx)
{
    struct todo *t = ctx;
    return tx_luid_put(tx, t->device, t->db, &t->luid);
}

static enum status put_luid(struct world *w, int64_t device, const char *luid, int64_t item,
                            const char *recur_id, int64_t round)
{
    struct todo t = {.device = device, .db = STR("contacts")};
    t.luid = (struct luid){
        .luid = str_c(luid), .item = item, .recur_id = str_c(recur_id), .seen_seq = 7, .round = round};
    memset(t.luid.hash, (int)(item & 0x7f), sizeof t.luid.hash);
    return do_write(w, do_luid, &t);
}

static enum status do_rename(void *ctx, struct tx *tx)
{
    struct todo *t = ctx;
    return tx_luid_rename(tx, t->device, t->db, t->text, t->text2);
}

static enum status rename_luid(struct world *w, int64_t device, const char *from, const char *to)
{
    struct todo t = {.device = device, .db = STR("contacts"), .text = str_c(from), .text2 = str_c(to)};
    return do_write(w, do_rename, &t);
}

static enum status do_delete(void *ctx, struct tx *tx)
{
    struct todo *t = ctx;
    return tx_luid_delete(tx, t->device, t->db, t->text);
}

static enum status do_clear(void *ctx, struct tx *tx)
{
    struct todo *t = ctx;
    return tx_luid_clear(tx, t->device, t->db, t->number);
}

static enum status do_partial(void *ctx, struct tx *tx)
{
    struct todo *t = ctx;
    return tx_partial_put(tx, t->device, t->db, t->state ? NULL : &t->partial);
}

static enum status do_append(void *ctx, struct tx *tx)
{
    struct todo *t = ctx;
    return tx_partial_append(tx, t->device, t->db, t->text);
}

/* "a b c": what a walk over LUIDs saw. */
static enum status note_luid(void *ctx, const struct luid *l)
{
    buf_addf(ctx, "%.*s/%lld/%.*s ", STR_ARG(l->luid), (long long)l->item, STR_ARG(l->recur_id));
    return OK;
}

static enum status note_device(void *ctx, const struct device *d)
{
    buf_addf(ctx, "%.*s ", STR_ARG(d->devid));
    return OK;
}

static void assert_luids(struct world *w, int64_t device, const char *wanted)
{
    SCOPED_BUF(seen, 4096);
    SCOPED_READ(tx, w->f.store);
    assert_ok(luid_each(tx, device, STR("contacts"), STR_NONE, 100, note_luid, &seen));
    assert_str(buf_view(&seen), wanted);
}

/* ---- tests ---- */
static void device_is_kept_whole(void **state)
{
    (void)state;
    SCOPED(world_end) struct world w = {0};
    struct device d, again;
    world_start(&w, SHARDS);
    assert_ok(open_device(&w, w.bob, "IMEI:004999010640000", &d));
    assert_int_equal(store_shard_of(d.id), store_shard_of(w.bob)); /* in its account's shard */
    assert_int_equal(d.state, DEVICE_ACTIVE);
    assert_null(d.nonce.p);
    assert_int_equal(d.next_guid, 1);
    d.profile = STR("generic");
    d.man = STR("Nokia");
    d.mod = STR("E51");
    d.swv = STR("1.2");
    d.user = STR("bob");
    d.devinf = STR("<DevInf/>");
    d.credential = 640;
    d.seen = 1000;
    d.syncs = 3, d.received = 4, d.sent = 5, d.failed = 6;
    d.last_error = STR("item 7: not a card");
    d.last_error_at = 999;
    d.state = DEVICE_BLOCKED; /* not by an update: who blocks is not undone by a session */
    d.nonce = STR("x");
    d.next_guid = 77;
    assert_ok(update(&w, &d));
    assert_ok(open_device(&w, w.bob, "IMEI:004999010640000", &again));
    assert_int_equal(again.id, d.id);
    assert_str(again.profile, "generic");
    assert_str(again.man, "Nokia");
    assert_str(again.mod, "E51");
    assert_str(again.swv, "1.2");
    assert_str(again.user, "bob");
    assert_str(again.devinf, "<DevInf/>");
    assert_str(again.last_error, "item 7: not a card");
    assert_int_equal(again.credential, 640);
    assert_int_equal(again.seen, 1000);
    assert_int_equal(again.syncs * 1000 + again.received * 100 + again.sent * 10 + again.failed, 3456);
    assert_int_equal(again.last_error_at, 999);
    assert_int_equal(again.state, DEVICE_ACTIVE);
    assert_null(again.nonce.p);
    assert_int_equal(again.next_guid, 1);
    again.devinf = STR_NONE; /* leaves what is there */
    assert_ok(update(&w, &again));
    assert_ok(open_device(&w, w.bob, "IMEI:004999010640000", &again));
    assert_str(again.devinf, "<DevInf/>");
    struct todo t = {.device = d.id, .state = DEVICE_BLOCKED};
    assert_ok(do_write(&w, do_state, &t));
    assert_ok(open_device(&w, w.bob, "IMEI:004999010640000", &again));
    assert_int_equal(again.state, DEVICE_BLOCKED);
    enum device_state now = DEVICE_ACTIVE;
    SCOPED_READ(tx, w.f.store);
    assert_ok(device_state(tx, d.id, &now));
    assert_int_equal(now, DEVICE_BLOCKED);
    assert_status(device_state(tx, d.id + 64, &now), NOT_FOUND);
}

static void nonces_are_spent_once(void **state)
{
    (void)state;
    SCOPED(world_end) struct world w = {0};
    struct device d;
    world_start(&w, 1);
    int64_t id = new_device(&w, w.alice, "phone");
    struct todo first = {.device = id, .text2 = STR("one")};
    assert_ok(do_write(&w, do_nonce, &first));
    assert_status(do_write(&w, do_nonce, &first), PRECONDITION);
    struct todo second = {.device = id, .text = STR("one"), .text2 = STR("two")};
    assert_ok(do_write(&w, do_nonce, &second));
    assert_status(do_write(&w, do_nonce, &second), PRECONDITION);
    assert_ok(open_device(&w, w.alice, "phone", &d));
    assert_str(d.nonce, "two");
    assert_str(d.old_nonce, "one");
}

static void guids_are_never_given_twice(void **state)
{
    (void)state;
    SCOPED(world_end) struct world w = {0};
    world_start(&w, 1);
    struct todo t = {.device = new_device(&w, w.alice, "phone"), .number = 10};
    assert_ok(do_write(&w, do_guid, &t));
    assert_int_equal(t.first, 1);
    assert_ok(do_write(&w, do_guid, &t));
    assert_int_equal(t.first, 11);
}

static void texts_have_bounds(void **state)
{
    (void)state;
    SCOPED(world_end) struct world w = {0};
    struct device d;
    char wide[DEVICE_DEVINF_BYTES + 2];
    world_start(&w, 1);
    memset(wide, 'x', sizeof wide - 1);
    wide[sizeof wide - 1] = 0;
    assert_status(open_device(&w, w.alice, wide, &d), TOO_LARGE);
    assert_status(open_device(&w, w.alice, "", &d), INVALID);
    assert_ok(open_device(&w, w.alice, "phone", &d));
    memcpy(wide + DEVICE_NAME_BYTES - 1, "ä", 2); /* does not fit whole */
    d.man = str_n(wide, 1000);
    d.last_error = str_n(wide + 1000, 5000);
    assert_ok(update(&w, &d));
    assert_ok(open_device(&w, w.alice, "phone", &d));
    assert_int_equal(d.man.n, DEVICE_NAME_BYTES - 1);
    assert_int_equal(d.last_error.n, DEVICE_ERROR_BYTES);
    d.devinf = str_n(wide, DEVICE_DEVINF_BYTES + 1);
    assert_status(update(&w, &d), TOO_LARGE);
    struct str name = str_n(wide, DEVICE_NAME_BYTES + 1), luid = str_n(wide, DEVICE_LUID_BYTES + 1);
    const struct {
        enum status (*fn)(void *ctx, struct tx *tx);
        struct todo t;
    } cases[] = {
        {do_anchor, {.device = d.id, .anchor = {.db = name}}},
        {do_anchor, {.device = d.id, .anchor = {.db = STR("c"), .client_next = name}}},
        {do_anchor, {.device = d.id, .anchor = {.db = STR("c"), .resume = str_n(wide, sizeof wide - 1)}}},
        {do_luid, {.device = d.id, .db = name, .luid = {.luid = STR("1")}}},
        {do_luid, {.device = d.id, .db = STR("c"), .luid = {.luid = luid}}},
        {do_luid, {.device = d.id, .db = STR("c"), .luid = {.luid = STR("1"), .recur_id = name}}},
        {do_rename, {.device = d.id, .db = STR("c"), .text = STR("1"), .text2 = luid}},
        {do_nonce, {.device = d.id, .text2 = name}},
        {do_partial, {.device = d.id, .db = STR("c"), .partial = {.luid = luid}}},
        {do_partial, {.device = d.id, .db = STR("c"), .partial = {.size = INT64_MAX}}},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct todo t = cases[i].t;
        assert_status(do_write(&w, cases[i].fn, &t), TOO_LARGE);
    }
}

static void too_many_devices(void **state)
{
    (void)state;
    SCOPED(world_end) struct world w = {0};
    struct device d;
    char name[32];
    world_start(&w, 1);
    for (int i = 0; i < 50; i++) {
        snprintf(name, sizeof name, "phone%02d", i);
        new_device(&w, w.alice, name);
    }
    assert_status(open_device(&w, w.alice, "one more", &d), TOO_MANY);
    assert_ok(open_device(&w, w.bob, "one more", &d)); /* each account for itself */
    assert_ok(open_device(&w, w.alice, "phone07", &d));
    struct todo block = {.device = d.id, .state = DEVICE_BLOCKED};
    assert_ok(do_write(&w, do_state, &block));
    d.seen -= 300LL * DAY; /* blocked ones stay: forgotten, it would be let in again */
    assert_ok(update(&w, &d));
    assert_status(open_device(&w, w.alice, "one more", &d), TOO_MANY);
    assert_ok(open_device(&w, w.alice, "phone08", &d));
    int64_t old = d.id;
    d.seen -= 91LL * DAY;
    assert_ok(update(&w, &d));
    assert_ok(put_luid(&w, old, "1", 64, "", 0));
    assert_ok(open_device(&w, w.alice, "one more", &d));
    SCOPED_READ(tx, w.f.store);
    int64_t left;
    assert_status(device_get(tx, &w.arena, old, &d), NOT_FOUND);
    assert_ok(luid_count(tx, old, STR("contacts"), &left));
    assert_int_equal(left, 0);
}

static void devices_are_listed(void **state)
{
    (void)state;
    SCOPED(world_end) struct world w = {0};
    struct device d;
    world_start(&w, SHARDS);
    new_device(&w, w.alice, "b");
    new_device(&w, w.alice, "a");
    assert_ok(open_device(&w, w.alice, "shared", &d));
    d.seen -= 10;
    assert_ok(update(&w, &d));
    new_device(&w, w.bob, "c");
    new_device(&w, w.bob, "shared");
    SCOPED_BUF(of_alice, 256);
    SCOPED_BUF(all, 256);
    SCOPED_BUF(named, 256);
    SCOPED_READ(tx, w.f.store);
    assert_ok(device_each(tx, w.alice, note_device, &of_alice));
    assert_str(buf_view(&of_alice), "a b shared ");
    assert_ok(device_each(tx, 0, note_device, &all));
    assert_int_equal(all.n, strlen("a b shared c shared "));
    assert_ok(device_each_named(tx, STR("shared"), note_device, &named));
    assert_str(buf_view(&named), "shared shared ");
    assert_status(device_find(tx, &w.arena, w.carol, STR("shared"), &d), NOT_FOUND);
}

static void anchors(void **state)
{
    (void)state;
    SCOPED(world_end) struct world w = {0};
    struct anchor an;
    int64_t seq;
    world_start(&w, 1);
    struct todo t = {.device = new_device(&w, w.alice, "phone"), .number = 64, .first = 12};
    t.anchor = (struct anchor){.db = STR("contacts"),
                               .client_next = STR("c1"),
                               .server_next = STR("s1"),
                               .epoch = store_epoch(w.f.store),
                               .window_from = 1,
                               .window_until = 2,
                               .at = 3,
                               .resume = STR("r")};
    assert_ok(do_write(&w, do_anchor, &t));
    t.anchor.client_next = STR("c2");
    t.anchor.resume = STR_NONE;
    t.first = 13;
    assert_ok(do_write(&w, do_anchor, &t));
    SCOPED_READ(before, w.f.store);
    assert_ok(anchor_get(before, &w.arena, t.device, STR("contacts"), &an));
    assert_str(an.db, "contacts");
    assert_str(an.client_next, "c2");
    assert_str(an.server_next, "s1");
    assert_true(str_eq(an.epoch, store_epoch(w.f.store)));
    assert_int_equal(an.window_from * 100 + an.window_until * 10 + an.at, 123);
    assert_null(an.resume.p);
    assert_ok(anchor_seq(before, t.device, STR("contacts"), 64, &seq));
    assert_int_equal(seq, 13);
    assert_status(anchor_seq(before, t.device, STR("contacts"), 128, &seq), NOT_FOUND);
    assert_status(anchor_get(before, &w.arena, t.device, STR("tasks"), &an), NOT_FOUND);
    assert_ok(put_luid(&w, t.device, "1", 64, "", 0));
    t.db = STR("contacts");
    assert_ok(do_write(&w, do_reset, &t));
    SCOPED_READ(after, w.f.store);
    assert_status(anchor_get(after, &w.arena, t.device, STR("contacts"), &an), NOT_FOUND);
    assert_status(anchor_seq(after, t.device, STR("contacts"), 64, &seq), NOT_FOUND);
    assert_luids(&w, t.device, "1/64/ "); /* the slow sync finds its items by them */
}

static void luids(void **state)
{
    (void)state;
    SCOPED(world_end) struct world w = {0};
    struct luid l;
    world_start(&w, 1);
    int64_t phone = new_device(&w, w.alice, "phone");
    assert_ok(put_luid(&w, phone, "10", 64, NULL, 1));
    assert_ok(put_luid(&w, phone, "11", 64, "20260102T090000Z", 1));
    assert_ok(put_luid(&w, phone, "12", 64, "20260101T090000Z", 2));
    assert_ok(put_luid(&w, phone, "#7", 128, "", 2));
    assert_luids(&w, phone, "#7/128/ 10/64/ 11/64/20260102T090000Z 12/64/20260101T090000Z ");
    SCOPED_BUF(of_item, 256);
    SCOPED_BUF(some, 256);
    SCOPED_READ(tx, w.f.store);
    assert_ok(luid_each_of_item(tx, phone, STR("contacts"), 64, note_luid, &of_item));
    assert_str(buf_view(&of_item), "10/64/ 12/64/20260101T090000Z 11/64/20260102T090000Z ");
    assert_status(luid_each(tx, phone, STR("contacts"), STR("#7"), 2, note_luid, &some), TRUNCATED);
    assert_str(buf_view(&some), "10/64/ 11/64/20260102T090000Z ");
    assert_ok(luid_of_item(tx, &w.arena, phone, STR("contacts"), 64, STR_NONE, &l));
    assert_str(l.luid, "10");
    assert_int_equal(l.seen_seq, 7);
    assert_int_equal(l.hash[15], 64);
    assert_ok(luid_find(tx, &w.arena, phone, STR("contacts"), STR("11"), &l));
    assert_str(l.recur_id, "20260102T090000Z");
    assert_status(luid_find(tx, &w.arena, phone, STR("tasks"), STR("11"), &l), NOT_FOUND);
    /* the item has another name now: the old one goes */
    assert_ok(put_luid(&w, phone, "13", 64, "", 2));
    assert_luids(&w, phone, "#7/128/ 11/64/20260102T090000Z 12/64/20260101T090000Z 13/64/ ");
    /* the name is another item's now */
    assert_ok(put_luid(&w, phone, "13", 192, "", 2));
    assert_luids(&w, phone, "#7/128/ 11/64/20260102T090000Z 12/64/20260101T090000Z 13/192/ ");
    /* a Map, onto a name that the device gave to something else before */
    assert_status(rename_luid(&w, phone, "#8", "13"), NOT_FOUND);
    assert_luids(&w, phone, "#7/128/ 11/64/20260102T090000Z 12/64/20260101T090000Z 13/192/ ");
    assert_ok(rename_luid(&w, phone, "#7", "13"));
    assert_ok(rename_luid(&w, phone, "13", "13"));
    assert_luids(&w, phone, "11/64/20260102T090000Z 12/64/20260101T090000Z 13/128/ ");
    struct todo gone = {.device = phone, .db = STR("contacts"), .text = STR("nobody")};
    assert_ok(do_write(&w, do_delete, &gone));
    struct todo clear = {.device = phone, .db = STR("contacts"), .number = 2};
    assert_ok(do_write(&w, do_clear, &clear));
    assert_luids(&w, phone, "12/64/20260101T090000Z 13/128/ ");
    clear.number = 0;
    assert_ok(do_write(&w, do_clear, &clear));
    assert_luids(&w, phone, "");
}

static void a_partial_object(void **state)
{
    (void)state;
    SCOPED(world_end) struct world w = {0};
    struct partial p;
    world_start(&w, 1);
    struct todo t = {.device = new_device(&w, w.alice, "phone"), .db = STR("contacts")};
    t.partial = (struct partial){
        .luid = STR("5"), .type = STR("text/vcard"), .command = STR("Add"), .size = 9, .data = STR("abc")};
    t.text = STR("def");
    assert_status(do_write(&w, do_append, &t), NOT_FOUND);
    assert_ok(do_write(&w, do_partial, &t));
    assert_ok(do_write(&w, do_append, &t));
    t.text = STR("too long");
    assert_status(do_write(&w, do_append, &t), TOO_LARGE);
    t.text = STR("ghi");
    assert_ok(do_write(&w, do_append, &t));
    SCOPED_READ(tx, w.f.store);
    assert_ok(partial_get(tx, &w.arena, t.device, t.db, &p));
    assert_str(p.luid, "5");
    assert_str(p.type, "text/vcard");
    assert_str(p.command, "Add");
    assert_int_equal(p.size, 9);
    assert_str(p.data, "abcdefghi");
    t.partial.data = STR_NONE; /* another one takes its place */
    assert_ok(do_write(&w, do_partial, &t));
    SCOPED_READ(anew, w.f.store);
    assert_ok(partial_get(anew, &w.arena, t.device, t.db, &p));
    assert_str(p.data, "");
    t.state = 1;
    assert_ok(do_write(&w, do_partial, &t));
    SCOPED_READ(after, w.f.store);
    assert_status(partial_get(after, &w.arena, t.device, t.db, &p), NOT_FOUND);
}

static void forgetting(void **state)
{
    (void)state;
    SCOPED(world_end) struct world w = {0};
    struct device d;
    world_start(&w, 1);
    struct todo t = {.device = new_device(&w, w.alice, "phone"), .number = 64, .db = STR("contacts")};
    int64_t other = new_device(&w, w.alice, "other");
    t.anchor = (struct anchor){.db = STR("contacts")};
    t.partial = (struct partial){.size = 3, .data = STR("abc")};
    assert_ok(do_write(&w, do_anchor, &t));
    assert_ok(do_write(&w, do_partial, &t));
    assert_ok(put_luid(&w, t.device, "1", 64, "", 0));
    assert_ok(put_luid(&w, other, "1", 64, "", 0));
    assert_ok(do_write(&w, do_forget, &t));
    assert_status(do_write(&w, do_forget, &t), NOT_FOUND);
    SCOPED_READ(tx, w.f.store);
    assert_status(device_get(tx, &w.arena, t.device, &d), NOT_FOUND);
    assert_luids(&w, t.device, "");
    assert_luids(&w, other, "1/64/ ");
}

/* ---- steps ---- */
struct steps {
    int64_t device;
    struct str name;
    enum status answer;
};

static enum status step(void *ctx, struct tx *tx)
{
    struct steps *s = ctx;
    struct luid l = {.luid = s->name, .item = 64 * (int64_t)s->name.p[0]};
    enum status st = tx_luid_put(tx, s->device, STR("contacts"), &l);
    return st == OK ? s->answer : st;
}

static enum status outer_step(void *ctx, struct tx *tx)
{
    struct steps *s = ctx;
    struct steps inner = {.device = s->device, .name = STR("inner"), .answer = INVALID};
    enum status st = step(s, tx);
    assert_status(tx_nested(tx, step, &inner), INVALID);
    return st;
}

static enum status do_steps(void *ctx, struct tx *tx)
{
    struct steps *s = ctx;
    struct steps good = {.device = s->device, .name = STR("good")},
                 bad = {.device = s->device, .name = STR("bad"), .answer = INVALID},
                 fault = {.device = s->device, .name = STR("fault"), .answer = E_IO},
                 outer = {.device = s->device, .name = STR("outer")},
                 lost = {.device = s->device, .name = STR("lost"), .answer = TOO_LARGE};
    assert_ok(tx_nested(tx, step, &good));
    assert_status(tx_nested(tx, step, &bad), INVALID);
    assert_status(tx_nested(tx, step, &fault), E_IO);
    assert_ok(tx_nested(tx, outer_step, &outer));
    assert_status(tx_nested(tx, outer_step, &lost), TOO_LARGE);
    return s->answer;
}

static void steps_are_rolled_back_alone(void **state)
{
    (void)state;
    SCOPED(world_end) struct world w = {0};
    world_start(&w, 1);
    struct steps s = {.device = new_device(&w, w.alice, "phone"), .answer = INVALID};
    assert_status(fixture_write(&w.f, s.device, do_steps, &s), INVALID);
    assert_luids(&w, s.device, "");
    s.answer = OK;
    assert_ok(fixture_write(&w.f, s.device, do_steps, &s));
    assert_luids(&w, s.device, "good/6592/ outer/7104/ ");
    SCOPED_READ(tx, w.f.store);
    assert_status(tx_nested(tx, step, &s), E_INTERNAL); /* a reading one */
}

/* ---- migration ---- */
static struct db *open_shard(struct world *w)
{
    char path[128];
    struct db *db = NULL;
    SCOPED_BUF(why, 1024);
    snprintf(path, sizeof path, "%s/shard-00.db", w->f.dir);
    assert_ok(db_open(path, 0, 256, &db, &why));
    return db;
}

/* Every table and index as text. */
static void describe(struct db *db, struct buf *out)
{
    SCOPED_STMT(q) =
        DB_QUERY(db, DB_SCAN "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name");
    while (stmt_row(q) == OK)
        buf_addf(out, "%.*s: %.*s\n", STR_ARG(col_str(q, 0)), STR_ARG(col_str(q, 1)));
}

static void old_store_is_migrated(void **state)
{
    (void)state;
    SCOPED(world_end) struct world w = {0};
    struct device d;
    SCOPED_BUF(fresh, 1 << 16);
    SCOPED_BUF(old, 1 << 16);
    SCOPED_BUF(first, 1 << 16);
    SCOPED_BUF(migrated, 1 << 16);
    world_start(&w, 1);
    int64_t calendar = world_find(&w, &w.as_alice, w.alice, "calendar");
    assert_ok(world_put(&w, &w.as_alice, calendar, "a.ics", "uid-a", "BODY A"));
    int64_t seq = world_account(&w, w.alice).seq;
    store_close(w.f.store);
    w.f.store = NULL;
    /* back to version 1, with what is in it */
    struct db *db = open_shard(&w);
    describe(db, &fresh);
    assert_ok(db_script(db, "DROP TABLE device; DROP TABLE devinf; DROP TABLE anchor; DROP TABLE anchor_seq;"
                            "DROP TABLE luid; DROP TABLE partial; DROP TABLE partial_piece;"
                            "DROP TABLE former; DROP INDEX tombstone_item;"
                            "DROP TABLE keyword; DROP TABLE user_state; DROP TABLE user_count;"
                            "DROP TABLE mail_key; DROP TABLE subscription; DROP TABLE queue; DROP TABLE rcpt;"
                            "DROP INDEX collection_mailbox; DROP INDEX item_content;"
                            "CREATE INDEX item_content ON item(content);"
                            "ALTER TABLE collection DROP COLUMN unseen;"
                            "ALTER TABLE collection DROP COLUMN deleted_n;"
                            "ALTER TABLE collection DROP COLUMN deleted_bytes;"
                            "ALTER TABLE tombstone DROP COLUMN prefix;"
                            "ALTER TABLE tombstone DROP COLUMN flags;"
                            "ALTER TABLE tombstone DROP COLUMN date;"
                            "ALTER TABLE tombstone DROP COLUMN thread;"
                            "UPDATE setting SET value = '1' WHERE key = 'schema'"));
    describe(db, &old);
    db_close(db);
    struct db *memory = NULL;
    assert_ok(db_open(":memory:", DB_CREATE, 256, &memory, NULL));
    assert_ok(db_script(memory, schema_shard_sql));
    describe(memory, &first);
    db_close(memory);
    assert_str(buf_view(&old), buf_c(&first)); /* it is version 1 indeed */
    fixture_open(&w.f);
    assert_str(world_body(&w, calendar, "a.ics"), "BODY A");
    assert_int_equal(world_account(&w, w.alice).seq, seq);
    assert_ok(open_device(&w, w.alice, "phone", &d));
    fixture_reopen(&w.f); /* and once only */
    SCOPED_READ(tx, w.f.store);
    assert_ok(device_get(tx, &w.arena, d.id, &d));
    store_read_end(tx);
    tx = NULL;
    store_close(w.f.store);
    w.f.store = NULL;
    db = open_shard(&w);
    describe(db, &migrated);
    db_close(db);
    assert_str(buf_view(&migrated), buf_c(&fresh));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(device_is_kept_whole),
        cmocka_unit_test(nonces_are_spent_once),
        cmocka_unit_test(guids_are_never_given_twice),
        cmocka_unit_test(texts_have_bounds),
        cmocka_unit_test(too_many_devices),
        cmocka_unit_test(devices_are_listed),
        cmocka_unit_test(anchors),
        cmocka_unit_test(luids),
        cmocka_unit_test(a_partial_object),
        cmocka_unit_test(forgetting),
        cmocka_unit_test(steps_are_rolled_back_alone),
        cmocka_unit_test(old_store_is_migrated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
