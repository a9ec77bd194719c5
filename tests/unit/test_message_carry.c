/* tests/unit/test_message_carry.c: COPY and MOVE of messages between accounts whose data is in different shards, also cut off between any two steps. */
#include "store/message_rows.h"
#include "tests/unit/mail_world.h"

#define MAIL_A "From: a@example.test\r\nSubject: Greeting\r\nMessage-ID: <1@example.test>\r\n\r\none\r\n"
#define MAIL_B "From: b@example.test\r\nSubject: Re: Greeting\r\n\r\ntwo\r\n"

struct trip { /* from alice's INBOX to Shared of bob, who lets her */
    struct world w;
    int64_t from, to;
};

static void start(struct trip *t, const char *rights)
{
    world_start(&t->w, 3);
    mail_defaults(&t->w, t->w.alice);
    mail_defaults(&t->w, t->w.bob);
    t->from = mail_find(&t->w, &t->w.as_alice, t->w.alice, "INBOX");
    assert_ok(mail_create(&t->w, &t->w.as_bob, t->w.bob, STR("Team"), &t->to));
    if (rights)
        mail_share(&t->w, &t->w.as_bob, t->to, t->w.alice, rights);
    assert_int_not_equal(store_shard_of(t->from), store_shard_of(t->to));
}

static void end(struct trip *t)
{
    mail_sound(&t->w);
    world_end(&t->w);
}

static void fill(struct trip *t)
{
    struct str keywords[] = {STR("Todo"), STR("$Forwarded")};
    struct mail_op op = {.w = &t->w,
                         .actor = &t->w.as_alice,
                         .mailbox = t->from,
                         .fresh = {.prefix = STR("X-Before: 1\r\n"),
                                   .flags = MESSAGE_SEEN | MESSAGE_FLAGGED,
                                   .keywords = keywords,
                                   .keyword_count = 2,
                                   .date = 1000000000}};
    assert_ok(mail_add(&op, STR(MAIL_A), t->from, do_append));
    mail_append(&t->w, &t->w.as_alice, t->from, MAIL_B, 0);
    char *large = malloc(200001);
    memset(large, 'x', 200000);
    large[200000] = 0;
    memcpy(large, "Subject: large\r\n\r\n", 18);
    mail_append(&t->w, &t->w.as_alice, t->from, large, MESSAGE_DELETED);
    free(large);
}

static enum status carry(struct trip *t, int64_t lo, int64_t hi, bool move, struct copy_result *out)
{
    struct uid_range range = {lo, hi};
    return message_carry(t->w.f.store, &t->w.arena, &t->w.as_alice, t->from, (struct uid_set){&range, 1},
                         t->to, move, out);
}

static int64_t rows_left(struct trip *t)
{
    int64_t here, there;
    SCOPED_READ(tx, t->w.f.store);
    assert_ok(DB_GET_INT(tx_db(tx, t->from), &here, "SELECT count(*) FROM xop " DB_SCAN));
    assert_ok(DB_GET_INT(tx_db(tx, t->to), &there, "SELECT count(*) FROM xop " DB_SCAN));
    return here + there;
}

static void all_that_a_message_has_comes_along(void **state)
{
    struct trip t;
    struct copy_result out;
    struct str names[KEYWORDS_MAX];
    (void)state;
    start(&t, "lrswit");
    fill(&t);
    assert_ok(carry(&t, 1, 9, false, &out));
    assert_int_equal(out.count, 3);
    assert_int_equal(out.from[2], 3);
    assert_int_equal(out.to[2], 3);
    assert_int_equal(out.uidvalidity, mail_state(&t.w, &t.w.as_bob, t.to).uidvalidity);
    mail_is(&t.w, &t.w.as_alice, t.to, 0, "1:5 2:0 3:8"); /* \Seen is alice's own … */
    mail_is(&t.w, &t.w.as_bob, t.to, 0, "1:4 2:0 3:8");   /* … bob has seen nothing */
    mail_is(&t.w, &t.w.as_alice, t.from, 0, "1:5 2:0 3:8");
    assert_str(mail_text(&t.w, &t.w.as_bob, t.to, 1, 0, 1 << 20), "X-Before: 1\r\n" MAIL_A);
    assert_int_equal(mail_text(&t.w, &t.w.as_bob, t.to, 3, 0, 1 << 20).n, 200000);
    {
        SCOPED_READ(tx, t.w.f.store);
        assert_ok(mailbox_keywords(tx, &t.w.arena, &t.w.as_bob, t.to, names));
        assert_str(names[0], "Todo");
        assert_str(names[1], "$Forwarded");
    }
    assert_int_equal(world_account(&t.w, t.w.bob).used_items, 3);
    assert_int_equal(rows_left(&t), 0);
    end(&t);
}

static void a_move_leaves_nothing(void **state)
{
    struct trip t;
    struct copy_result out;
    (void)state;
    start(&t, "lrswit");
    fill(&t);
    assert_ok(carry(&t, 2, 3, true, &out));
    assert_int_equal(out.count, 2);
    mail_is(&t.w, &t.w.as_alice, t.from, 0, "1:5");
    mail_is(&t.w, &t.w.as_bob, t.to, 0, "1:0 2:8");
    assert_int_equal(world_account(&t.w, t.w.alice).used_items, 1);
    assert_int_equal(rows_left(&t), 0);
    assert_ok(carry(&t, 2, 3, true, &out)); /* they are not here any more */
    assert_int_equal(out.count, 0);
    mail_is(&t.w, &t.w.as_bob, t.to, 0, "1:0 2:8");
    end(&t);
}

static enum status do_quota(void *ctx, struct tx *tx)
{
    struct mail_op *op = ctx;
    return tx_account_quota(tx, op->account, op->seq);
}

static void what_may_not_be_is_undone(void **state)
{
    struct trip t;
    struct copy_result out;
    (void)state;
    start(&t, "lr");
    fill(&t);
    assert_status(carry(&t, 1, 3, false, &out), DENIED);
    assert_status(carry(&t, 1, 3, true, &out), DENIED);
    mail_share(&t.w, &t.w.as_bob, t.to, t.w.alice, "lrswi");
    struct mail_op quota = {.account = t.w.bob, .seq = 100000}; /* the third does not fit */
    assert_ok(fixture_write(&t.w.f, t.w.bob, do_quota, &quota));
    assert_status(carry(&t, 1, 3, true, &out), OVER_QUOTA);
    mail_is(&t.w, &t.w.as_bob, t.to, 0, "");
    mail_is(&t.w, &t.w.as_alice, t.from, 0, "1:5 2:0 3:8");
    assert_int_equal(rows_left(&t), 0);
    struct uid_range all = {1, 3};
    assert_status(message_carry(t.w.f.store, &t.w.arena, &t.w.as_carol, t.from, (struct uid_set){&all, 1},
                                t.to, false, &out),
                  NOT_FOUND);
    end(&t);
}

/* ---- cut off ---- */

struct row {
    struct world *w;
    enum xop op;
    int64_t subject, id;
    struct str data;
};

static enum status do_row(void *ctx, struct tx *tx)
{
    struct row *r = ctx;
    return tx_xop_add(tx, r->op, r->subject, r->data, &r->id);
}

/* As after a crash behind step 1, 2 or 3: see store/message_carry.c. */
static void cut_off(int step)
{
    struct trip t;
    struct copy_result out;
    SCOPED_BUF(data, 100);
    start(&t, "lrswit");
    fill(&t);
    buf_addf(&data, "%lld 1:1 3:3", (long long)t.to);
    struct row here = {.w = &t.w, .op = XOP_CARRY, .subject = t.from, .data = buf_view(&data)};
    assert_ok(fixture_write(&t.w.f, t.from, do_row, &here));
    if (step >= 2) {
        struct row there = {.w = &t.w, .op = XOP_CARRIED, .subject = here.id};
        assert_ok(carry(&t, 1, 1, false, &out));
        assert_ok(carry(&t, 3, 3, false, &out));
        assert_ok(fixture_write(&t.w.f, t.to, do_row, &there));
    }
    if (step >= 3) {
        struct mail_op op = mail_on(&t.w, &t.w.as_alice, t.from);
        struct uid_range gone[] = {{1, 1}, {3, 3}};
        op.uids = (struct uid_set){gone, 2};
        op.all = true;
        assert_ok(mail_run(&op, t.from, do_expunge));
        assert_ok(xop_remove(t.w.f.store, here.id));
    }
    fixture_reopen(&t.w.f);
    mail_is(&t.w, &t.w.as_alice, t.from, 0, step == 1 ? "1:5 2:0 3:8" : "2:0");
    mail_is(&t.w, &t.w.as_bob, t.to, 0, step == 1 ? "" : "1:4 2:8");
    assert_int_equal(rows_left(&t), 0);
    fixture_reopen(&t.w.f);
    mail_is(&t.w, &t.w.as_bob, t.to, 0, step == 1 ? "" : "1:4 2:8");
    end(&t);
}

static void a_move_cut_off_is_finished_or_forgotten(void **state)
{
    (void)state;
    for (int step = 1; step <= 3; step++)
        cut_off(step);
}

static void a_broken_note_removes_nothing(void **state)
{
    static const char *const notes[] = {"", "x", "77", "77 ", "77 1", "77 3:1", "77 1:2 2:3", "77 -1:5"};
    struct trip t;
    (void)state;
    start(&t, "lrswit");
    fill(&t);
    for (size_t i = 0; i < COUNT_OF(notes); i++) {
        struct row here = {.w = &t.w, .op = XOP_CARRY, .subject = t.from, .data = str_c(notes[i])};
        assert_ok(fixture_write(&t.w.f, t.from, do_row, &here));
        struct row there = {.w = &t.w, .op = XOP_CARRIED, .subject = here.id};
        assert_ok(fixture_write(&t.w.f, t.to, do_row, &there));
    }
    fixture_reopen(&t.w.f);
    mail_is(&t.w, &t.w.as_alice, t.from, 0, "1:5 2:0 3:8");
    fixture_reopen(&t.w.f);
    assert_int_equal(rows_left(&t), 0);
    end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_a_message_has_comes_along),
        cmocka_unit_test(a_move_leaves_nothing),
        cmocka_unit_test(what_may_not_be_is_undone),
        cmocka_unit_test(a_move_cut_off_is_finished_or_forgotten),
        cmocka_unit_test(a_broken_note_removes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
