/* tests/unit/test_store_prepare.c: real objects through the store: what prepare makes of them, ranges against brute force over the
 * occurrences, moves between shards with their recovery, and undelete. */
#include "core/clock.h"
#include "formats/occur.h"
#include "store/blob.h"
#include "store/rows.h"
#include "tests/unit/store_world.h"

enum { DAY = 86400, NOW = 1795500000 /* 2026-11-24 */ };

static enum status put_text(struct world *w, const struct actor *actor, int64_t to, const char *name,
                            struct str text)
{
    struct op op = {.w = w, .actor = actor, .to = to, .name = str_c(name), .body = text};
    struct prepare_problem problem;
    enum status st = str_ends(op.name, STR(".vcf"))
                         ? prepare_vcard(w->f.store, &w->arena, text, &op.prepared, &problem)
                         : prepare_calendar(w->f.store, &w->arena, text, &op.prepared, &problem);
    if (st == OK)
        st = world_run(&op, to, op_put);
    prepared_release(&op.prepared);
    return st;
}

static struct str event(struct world *w, const char *uid, const char *lines)
{
    return arena_strf(&w->arena,
                      "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//x//EN\r\nBEGIN:VEVENT\r\nUID:%s\r\n"
                      "DTSTAMP:20260101T000000Z\r\n%sSUMMARY:x\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
                      uid, lines);
}

static struct prepared prepared_of(struct world *w, const char *lines)
{
    struct prepared p;
    assert_ok(prepare_derived(w->f.store, &w->arena, MEDIA_CALENDAR, event(w, "u", lines), &p));
    return p;
}

static const struct occ_row *row_of(const struct prepared *p, int64_t week)
{
    for (size_t i = 0; i < p->occ_count; i++)
        if (p->occ[i].week == week)
            return &p->occ[i];
    return NULL;
}

static void single_events_are_in_their_week(void **state)
{
    (void)state;
    struct world w;
    world_start(&w, 1);
    struct prepared p = prepared_of(&w, "DTSTART:20261124T100000Z\r\nDTEND:20261124T110000Z\r\n");
    assert_int_equal(p.occ_count, 1);
    assert_int_equal(p.occ[0].end - p.occ[0].start, 3600);
    assert_int_equal(p.occ[0].week, occ_week(p.occ[0].start));
    assert_int_equal(p.until_done, INT64_MAX);
    assert_false(p.recurs);
    p = prepared_of(&w, "DTSTART:20261101T100000Z\r\nDTEND:20270301T110000Z\r\n"); /* four months */
    assert_int_equal(p.occ_count, 1);
    assert_int_equal(p.occ[0].week, OCC_LONG);
    p = prepared_of(&w, "DTSTART;VALUE=DATE:19600101\r\n"); /* before 1970, all day */
    assert_int_equal(p.occ[0].week, 0);
    assert_true(p.occ[0].start < -315619200 && p.occ[0].end > -315619200 + DAY);
    world_end(&w);
}

static void series_are_expanded_around_now(void **state)
{
    (void)state;
    struct world w;
    world_start(&w, 1);
    clock_set(NOW);
    struct prepared p = prepared_of(&w, "DTSTART:20100101T100000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY\r\n");
    assert_true(p.recurs);
    assert_true(p.until_done > NOW + 2 * 365 * DAY && p.until_done < NOW + 4 * 365 * (int64_t)DAY);
    assert_non_null(row_of(&p, OCC_LATER));
    assert_non_null(row_of(&p, OCC_EARLIER));
    assert_true(p.occ_count > 200 && p.occ_count < 220); /* one row a week of four years */
    p = prepared_of(&w, "DTSTART:20261101T100000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=WEEKLY;COUNT=5\r\n");
    assert_int_equal(p.until_done, INT64_MAX);
    assert_int_equal(p.occ_count, 5);
    p = prepared_of(&w, "DTSTART:20261101T100000Z\r\nDURATION:PT1S\r\nRRULE:FREQ=SECONDLY\r\n");
    assert_int_equal(p.occ_count, 1); /* too many to keep: every query judges it */
    assert_int_equal(p.occ[0].week, OCC_LATER);
    assert_true(p.occ[0].start == INT64_MIN);
    clock_set(0);
    world_end(&w);
}

/* ---- ranges against brute force ---- */

static const char *const shapes[] = {
    "DTSTART:20261124T100000Z\r\nDTEND:20261124T110000Z\r\n",
    "DTSTART:20261201T230000Z\r\nDTEND:20261202T010000Z\r\n",
    "DTSTART;VALUE=DATE:20261125\r\n",
    "DTSTART;VALUE=DATE:20261225\r\nDTEND;VALUE=DATE:20270107\r\n",
    "DTSTART:20261126T090000\r\nDURATION:PT30M\r\n",
    "DTSTART:20261101T100000Z\r\nDTEND:20270301T110000Z\r\n",
    "DTSTART:20200106T100000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=WEEKLY\r\n",
    "DTSTART:20261124T100000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=MONTHLY;COUNT=6\r\n",
    "DTSTART;TZID=Europe/Rome:20250301T080000\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY;INTERVAL=3\r\n",
    "DTSTART:19500524T000000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=YEARLY\r\n",
    "DTSTART:20261124T120000Z\r\n",
    "DTSTART:20261130T000000Z\r\nDURATION:P1D\r\nRDATE:20280101T000000Z,20310101T000000Z\r\n",
    "DTSTART:20400101T000000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=WEEKLY;COUNT=20\r\n",
    "DTSTART:20261124T000000Z\r\nDURATION:PT1S\r\nRRULE:FREQ=MINUTELY\r\n",
};

struct hits {
    bool hit[COUNT_OF(shapes)];
};

static enum status on_hit(void *ctx, const struct item *item, struct str body)
{
    struct hits *h = ctx;
    uint64_t i;
    assert_true(str_u64(str_slice(item->name, 0, item->name.n - 4), &i) && i < COUNT_OF(shapes));
    assert_false(h->hit[i]); /* each once */
    assert_true(body.n > 0);
    h->hit[i] = true;
    return OK;
}

static bool stop_at_first(void *ctx, const struct occur *o)
{
    (void)o;
    *(bool *)ctx = true;
    return false;
}

static bool overlaps(struct world *w, size_t shape, int64_t from, int64_t until)
{
    SCOPED_ARENA(a, 16 << 20);
    struct ical_comp *cal;
    struct ical_problem problem;
    bool hit = false;
    struct occur_query q = {
        .from = from, .until = until, .zones = store_zones(w->f.store), .max_instances = SIZE_MAX};
    assert_ok(ical_parse(&a, event(w, "u", shapes[shape]), &ical_default_limits, &cal, &problem));
    enum status st = occur_each(&a, cal, &q, stop_at_first, &hit);
    assert_true(st == OK || st == TRUNCATED || hit);
    return hit;
}

static void ranges_miss_nothing(void **state)
{
    (void)state;
    struct world w;
    int far = 0;
    world_start(&w, 3);
    clock_set(NOW);
    random_seed(7);
    int64_t cal = world_find(&w, &w.as_alice, w.alice, "calendar");
    for (size_t i = 0; i < COUNT_OF(shapes); i++) {
        char name[24], uid[24];
        snprintf(name, sizeof name, "%zu.ics", i);
        snprintf(uid, sizeof uid, "uid-%zu", i);
        assert_ok(put_text(&w, &w.as_alice, cal, name, event(&w, uid, shapes[i])));
    }
    for (int round = 0; round < 300; round++) {
        int64_t reach = round % 3 == 0 ? 20 * 365 : 400;
        int64_t from = NOW + ((int64_t)(random_u64() % (uint64_t)(2 * reach)) - reach) * DAY +
                       (int64_t)(random_u64() % DAY);
        int64_t until = from + 1 + (int64_t)(random_u64() % (uint64_t)(round % 2 ? 7 * DAY : 3600));
        struct hits hits = {0};
        {
            SCOPED_READ(tx, w.f.store);
            assert_ok(item_in_range(tx, &w.as_alice, cal, ICAL_VEVENT, from, until, true, on_hit, &hits));
        }
        for (size_t i = 0; i < COUNT_OF(shapes); i++) {
            if (overlaps(&w, i, from, until))
                assert_true(hits.hit[i]);
            else
                far += hits.hit[i];
        }
        arena_reset(&w.arena);
    }
    assert_true(far < 300 * 5); /* a superset, but not everything */
    clock_set(0);
    random_seed(0);
    world_end(&w);
}

/* ---- what is refused ---- */

static void bad_objects_say_why(void **state)
{
    (void)state;
    struct world w;
    struct prepared p;
    struct prepare_problem problem;
    world_start(&w, 1);
    assert_status(prepare_calendar(w.f.store, &w.arena, STR("hello"), &p, &problem), INVALID);
    assert_int_not_equal(problem.fault, ICAL_OK);
    assert_true(problem.text.n > 0);
    assert_status(prepare_vcard(w.f.store, &w.arena, STR("hello"), &p, &problem), INVALID);
    char *large = calloc(1, 11 << 20);
    assert_status(prepare_calendar(w.f.store, &w.arena, str_n(large, 11 << 20), &p, &problem), TOO_LARGE);
    assert_int_equal(problem.fault, ICAL_SIZE);
    free(large);
    world_end(&w);
}

/* ---- cards ---- */

static enum status count_items(void *ctx, const struct item *item, struct str body)
{
    (void)item, (void)body;
    ++*(int *)ctx;
    return OK;
}

static void cards_are_found_by_their_fields(void **state)
{
    (void)state;
    struct world w;
    int n = 0;
    world_start(&w, 3);
    int64_t book = world_find(&w, &w.as_alice, w.alice, "contacts");
    assert_ok(put_text(&w, &w.as_alice, book, "a.vcf",
                       STR("BEGIN:VCARD\r\nVERSION:3.0\r\nUID:a\r\nFN:Mario Rossi\r\nN:Rossi;Mario;;;\r\n"
                           "EMAIL:mario@example.test\r\nEND:VCARD\r\n")));
    {
        SCOPED_READ(tx, w.f.store);
        const struct field_key name = {VCARD_FN, MATCH_CONTAINS, STR("ROSS")};
        const struct field_key mail = {VCARD_EMAIL, MATCH_STARTS, STR("MARIO@")};
        assert_ok(item_by_fields(tx, &w.as_alice, book, &name, 1, true, count_items, &n));
        assert_ok(item_by_fields(tx, &w.as_alice, book, &mail, 1, true, count_items, &n));
        assert_int_equal(n, 2);
    }
    world_end(&w);
}

/* ---- between shards ---- */

static void moves_between_shards_keep_text_and_properties(void **state)
{
    (void)state;
    struct world w;
    struct item_move_result out;
    struct item item;
    world_start(&w, 3);
    int64_t from = world_find(&w, &w.as_alice, w.alice, "calendar"),
            to = world_find(&w, &w.as_bob, w.bob, "calendar");
    assert_int_not_equal(store_shard_of(from), store_shard_of(to));
    struct str text = event(&w, "u1", "DTSTART:20261124T100000Z\r\n");
    assert_ok(put_text(&w, &w.as_alice, from, "a.ics", text));
    assert_ok(put_text(&w, &w.as_bob, to, "taken.ics", event(&w, "u2", "DTSTART:20261124T100000Z\r\n")));
    struct acl_entry grant = {w.alice, RIGHTS_WRITE};
    assert_ok(acl_share(w.f.store, &w.as_bob, to, &grant, 1));
    assert_status(item_move_any(w.f.store, &w.arena, &w.as_bob, from, STR("a.ics"), to, STR("b.ics"), false,
                                false, &out),
                  NOT_FOUND);
    assert_status(item_move_any(w.f.store, &w.arena, &w.as_alice, from, STR("a.ics"), to, STR("taken.ics"),
                                false, false, &out),
                  EXISTS);
    assert_ok(item_move_any(w.f.store, &w.arena, &w.as_alice, from, STR("a.ics"), to, STR("copy.ics"), false,
                            true, &out));
    assert_true(out.created);
    assert_status(item_move_any(w.f.store, &w.arena, &w.as_alice, from, STR("a.ics"), to, STR("b.ics"), false,
                                false, &out),
                  UID_CONFLICT);
    assert_str(out.conflict, "copy.ics");
    assert_ok(item_move_any(w.f.store, &w.arena, &w.as_alice, from, STR("a.ics"), to, STR("copy.ics"), true,
                            false, &out));
    assert_false(out.created);
    assert_status(world_item(&w, &w.as_alice, from, "a.ics", &item), NOT_FOUND);
    assert_true(str_eq(world_body(&w, to, "copy.ics"), text));
    assert_int_equal(world_account(&w, w.alice).used_items, 0);
    assert_int_equal(world_account(&w, w.bob).used_items, 2);
    int64_t rows;
    {
        SCOPED_READ(tx, w.f.store);
        assert_ok(DB_GET_INT(tx_db(tx, from), &rows, "SELECT count(*) FROM xop " DB_SCAN));
        assert_int_equal(rows, 0);
    }
    world_end(&w);
}

static enum status op_note(void *ctx, struct tx *tx)
{
    struct op *op = ctx;
    return tx_xop_add(tx, XOP_MOVE, op->from, op->body, NULL);
}

/* As after a crash: the row is there, and the item has arrived or has not. */
static void recover(bool arrived)
{
    struct world w;
    struct item item;
    SCOPED_BUF(note, 4096);
    world_start(&w, 3);
    int64_t from = world_find(&w, &w.as_alice, w.alice, "calendar"),
            to = world_find(&w, &w.as_bob, w.bob, "calendar");
    struct str text = event(&w, "u1", "DTSTART:20261124T100000Z\r\n");
    assert_ok(put_text(&w, &w.as_alice, from, "a.ics", text));
    assert_ok(world_item(&w, &w.as_alice, from, "a.ics", &item));
    if (arrived)
        assert_ok(put_text(&w, &w.as_bob, to, "b c.ics", text));
    assert_ok(move_note(&note, &item, to, STR("b c.ics")));
    struct op op = {.w = &w, .from = from, .body = buf_view(&note)};
    assert_ok(world_run(&op, from, op_note));
    fixture_reopen(&w.f);
    assert_status(world_item(&w, &w.as_alice, from, "a.ics", &item), arrived ? NOT_FOUND : OK);
    assert_status(world_item(&w, &w.as_bob, to, "b c.ics", &item), arrived ? OK : NOT_FOUND);
    int64_t rows;
    {
        SCOPED_READ(tx, w.f.store);
        assert_ok(DB_GET_INT(tx_db(tx, from), &rows, "SELECT count(*) FROM xop " DB_SCAN));
    }
    assert_int_equal(rows, 0);
    world_end(&w);
}

static void a_move_cut_off_is_finished_or_forgotten(void **state)
{
    (void)state;
    recover(true);
    recover(false);
}

/* ---- undelete ---- */

struct found {
    int64_t collection, seq;
    int count;
};

static enum status on_deleted(void *ctx, const struct deleted_item *d)
{
    struct found *f = ctx;
    *f = (struct found){d->collection, d->seq, f->count + 1};
    return OK;
}

static enum status op_undelete(void *ctx, struct tx *tx)
{
    struct op *op = ctx;
    return tx_undelete(tx, &op->w->arena, op->actor, op->to, op->seq);
}

static struct found deleted_of(struct world *w)
{
    struct found found = {0};
    SCOPED_READ(tx, w->f.store);
    assert_ok(deleted_each(tx, w->alice, 0, on_deleted, &found));
    return found;
}

static void deleted_items_come_back(void **state)
{
    (void)state;
    for (int shards = 1; shards <= 3; shards += 2) {
        struct world w;
        struct hits hits = {0};
        world_start(&w, shards);
        int64_t cal = world_find(&w, &w.as_alice, w.alice, "calendar");
        struct str text = event(&w, "u1", "DTSTART:20261124T100000Z\r\n");
        assert_ok(put_text(&w, &w.as_alice, cal, "0.ics", text));
        assert_ok(world_delete(&w, &w.as_alice, cal, "0.ics"));
        struct found found = deleted_of(&w);
        assert_int_equal(found.count, 1);
        struct op op = {.w = &w, .actor = &w.as_bob, .to = cal, .seq = found.seq};
        assert_status(world_run(&op, cal, op_undelete), NOT_FOUND);
        op.actor = &w.as_alice;
        assert_ok(put_text(&w, &w.as_alice, cal, "other.ics", text)); /* its UID is there again */
        assert_status(world_run(&op, cal, op_undelete), EXISTS);
        assert_ok(world_delete(&w, &w.as_alice, cal, "other.ics"));
        assert_ok(world_run(&op, cal, op_undelete));
        assert_true(str_eq(world_body(&w, cal, "0.ics"), text));
        assert_int_equal(deleted_of(&w).count, 1); /* "other" is still in its grave */
        assert_status(world_run(&op, cal, op_undelete), NOT_FOUND);
        {
            SCOPED_READ(tx, w.f.store);
            assert_ok(item_in_range(tx, &w.as_alice, cal, 0, 1795514400, 1795518000, true, on_hit, &hits));
            assert_true(hits.hit[0]);
        }
        world_end(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(single_events_are_in_their_week),
        cmocka_unit_test(series_are_expanded_around_now),
        cmocka_unit_test(ranges_miss_nothing),
        cmocka_unit_test(bad_objects_say_why),
        cmocka_unit_test(cards_are_found_by_their_fields),
        cmocka_unit_test(moves_between_shards_keep_text_and_properties),
        cmocka_unit_test(a_move_cut_off_is_finished_or_forgotten),
        cmocka_unit_test(deleted_items_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
