/* tests/unit/test_queue.c: the queue of mail that goes out: what is due, claims and results, the end of an entry, holding, deaths; with one
 * shard and with three. */
#include "core/clock.h"
#include "store/queue.h"
#include "tests/unit/mail_world.h"

struct queue_op {
    struct mail_op m;
    struct queue_new fresh;
    struct message_prepared *p;
    int64_t id, n, next, left, held;
    enum rcpt_state state;
    struct str text;
    bool hold;
};

#define QUEUE_DO(name, call)                                                                                 \
    static enum status name(void *ctx, struct tx *tx)                                                        \
    {                                                                                                        \
        struct queue_op *op = ctx;                                                                           \
        return call;                                                                                         \
    }
QUEUE_DO(do_add, tx_queue_add(tx, &op->fresh, op->p, &op->id))
QUEUE_DO(do_claim, tx_queue_claim(tx, op->id, op->n))
QUEUE_DO(do_result, tx_queue_result(tx, op->id, op->n, op->state, op->next, op->text))
QUEUE_DO(do_settle, tx_queue_settle(tx, op->id, op->n, &op->left))
QUEUE_DO(do_hold, tx_queue_hold(tx, op->id, op->hold))
QUEUE_DO(do_retry, tx_queue_retry(tx, op->id))
QUEUE_DO(do_delete, tx_queue_delete(tx, op->id))
QUEUE_DO(do_recover, tx_queue_recover(tx, &op->held))

static int64_t now_plus(int64_t seconds)
{
    return clock_now() + seconds;
}

/* Two recipients, due after so many seconds. */
static struct queue_op add(struct world *w, int64_t where, int64_t in_a, int64_t in_b)
{
    struct message_prepared p;
    SCOPED_ARENA(a, 16 << 20);
    struct queue_rcpt to[] = {
        {.address = STR("a@one.test"), .domain = STR("one.test"), .next = now_plus(in_a)},
        {.address = STR("b@two.test"),
         .domain = STR("two.test"),
         .next = now_plus(in_b),
         .opts = STR("NEVER")},
    };
    struct queue_op op = {.fresh = {.account = w->alice,
                                    .sender = STR("alice@example.test"),
                                    .prefix = STR("Received: x\r\n"),
                                    .expires = now_plus(5000),
                                    .rcpts = to,
                                    .rcpt_count = 2}};
    assert_ok(prepare_message(w->f.store, &a, STR("Subject: out\r\n\r\nbody\r\n"), &p));
    op.p = &p;
    assert_ok(fixture_write(&w->f, where, do_add, &op));
    message_prepared_release(&p);
    op.p = NULL;
    op.fresh = (struct queue_new){0};
    return op;
}

static enum status say(void *ctx, const struct queue_entry *e, const struct queue_rcpt *r)
{
    assert_int_equal(e->size, 13 + 22);
    assert_str(e->sender, "alice@example.test");
    buf_addf(ctx, "%.*s/%d/%lld/%lld ", STR_ARG(str_slice(r->address, 0, 1)), (int)r->state,
             (long long)r->tries, (long long)r->begun);
    return OK;
}

static void due_is(struct world *w, int64_t in, const char *wanted)
{
    SCOPED_BUF(text, 4096);
    SCOPED_READ(tx, w->f.store);
    assert_ok(queue_due(tx, now_plus(in), 100, say, &text));
    assert_str(str_trim(buf_view(&text)), wanted);
}
static void all_is(struct world *w, int64_t id, const char *wanted)
{
    SCOPED_BUF(text, 4096);
    SCOPED_READ(tx, w->f.store);
    assert_ok(queue_each(tx, id, say, &text));
    assert_str(str_trim(buf_view(&text)), wanted);
}

static void from_claim_to_end(void **state)
{
    EACH_MAIL_WORLD(w)
    {
        int64_t next;
        struct queue_op op = add(&w, w.alice, 0, 1000);
        due_is(&w, -100, "");
        due_is(&w, 1, "a/1/0/0");
        due_is(&w, 2000, "a/1/0/0 b/1/0/0");
        op.n = 1;
        op.state = RCPT_DELIVERED;
        assert_status(fixture_write(&w.f, op.id, do_result, &op), PRECONDITION); /* not claimed */
        assert_ok(fixture_write(&w.f, op.id, do_claim, &op));
        assert_status(fixture_write(&w.f, op.id, do_claim, &op), PRECONDITION); /* by one only */
        due_is(&w, 1, "");
        op.state = RCPT_WAITING;
        op.next = now_plus(300);
        op.text = STR("450 later");
        assert_ok(fixture_write(&w.f, op.id, do_result, &op));
        due_is(&w, 1, "");
        due_is(&w, 400, "a/1/1/0");
        {
            SCOPED_READ(tx, w.f.store);
            assert_ok(queue_next(tx, &next));
            assert_int_equal(next, op.next);
        }
        assert_ok(fixture_write(&w.f, op.id, do_retry, &op));
        due_is(&w, 1, "a/1/1/0 b/1/0/0");
        assert_ok(fixture_write(&w.f, op.id, do_claim, &op));
        op.state = RCPT_DELIVERED;
        assert_ok(fixture_write(&w.f, op.id, do_result, &op));
        mail_sound(&w);
        assert_ok(fixture_write(&w.f, op.id, do_settle, &op));
        assert_int_equal(op.left, 1);
        all_is(&w, op.id, "b/1/0/0");
        op.n = 2;
        op.state = RCPT_BOUNCED;
        assert_ok(fixture_write(&w.f, op.id, do_claim, &op));
        assert_ok(fixture_write(&w.f, op.id, do_result, &op));
        {
            SCOPED_BUF(text, 4096);
            SCOPED_READ(tx, w.f.store);
            assert_ok(queue_ended(tx, 10, say, &text));
            assert_str(str_trim(buf_view(&text)), "b/5/1/0");
        }
        assert_ok(fixture_write(&w.f, op.id, do_settle, &op));
        assert_int_equal(op.left, 0);
        all_is(&w, 0, "");
        assert_status(fixture_write(&w.f, op.id, do_settle, &op), NOT_FOUND);
        SCOPED_READ(tx, w.f.store);
        assert_ok(queue_next(tx, &next));
        assert_true(next == INT64_MAX);
    }
}

static void its_message_is_read(void **state)
{
    EACH_MAIL_WORLD(w)
    {
        struct queue_op op = add(&w, w.bob, 0, 0);
        struct message_text m;
        SCOPED_BUF(text, 4096);
        {
            SCOPED_READ(tx, w.f.store);
            assert_ok(queue_open(tx, &w.arena, op.id, &m));
            assert_ok(message_body(tx, &m, 0, INT64_MAX, &text));
            assert_str(buf_view(&text), "Received: x\r\nSubject: out\r\n\r\nbody\r\n");
        }
        /* an opened store finds it again */
        fixture_reopen(&w.f);
        all_is(&w, op.id, "a/1/0/0 b/1/0/0");
        SCOPED_BUF(domain, 4096);
        SCOPED_READ(tx, w.f.store);
        assert_ok(queue_due_domain(tx, STR("two.test"), now_plus(1), 10, say, &domain));
        assert_str(str_trim(buf_view(&domain)), "b/1/0/0");
        assert_status(queue_open(tx, &w.arena, op.id + 64, &m), NOT_FOUND);
    }
}

static void holding_and_deleting(void **state)
{
    EACH_MAIL_WORLD(w)
    {
        struct queue_op op = add(&w, w.alice, 0, 1000), none = {.id = op.id + 6400};
        op.hold = true;
        assert_ok(fixture_write(&w.f, op.id, do_hold, &op));
        due_is(&w, 5000, "");
        all_is(&w, op.id, "a/3/0/0 b/3/0/0");
        assert_ok(fixture_write(&w.f, op.id, do_retry, &op)); /* held ones stay */
        due_is(&w, 5000, "");
        op.hold = false;
        assert_ok(fixture_write(&w.f, op.id, do_hold, &op));
        due_is(&w, 1, "a/1/0/0 b/1/0/0");
        assert_status(fixture_write(&w.f, none.id, do_hold, &none), NOT_FOUND);
        assert_status(fixture_write(&w.f, none.id, do_retry, &none), NOT_FOUND);
        assert_status(fixture_write(&w.f, none.id, do_delete, &none), NOT_FOUND);
        assert_ok(fixture_write(&w.f, op.id, do_delete, &op));
        all_is(&w, 0, "");
    }
}

static void deaths_are_counted(void **state)
{
    EACH_MAIL_WORLD(w)
    {
        struct queue_op op = add(&w, w.alice, 0, 1000);
        op.n = 1;
        for (int death = 1; death < RCPT_BEGUN_MOST; death++) {
            assert_ok(fixture_write(&w.f, op.id, do_claim, &op));
            assert_ok(fixture_write(&w.f, op.id, do_recover, &op));
            assert_int_equal(op.held, 0);
            all_is(&w, op.id, death == 1 ? "a/1/0/1 b/1/0/0" : "");
        }
        assert_ok(fixture_write(&w.f, op.id, do_claim, &op));
        assert_ok(fixture_write(&w.f, op.id, do_recover, &op));
        assert_int_equal(op.held, 1);
        all_is(&w, op.id, "a/3/0/2 b/1/0/0");
        op.hold = false; /* an administrator lets it go on: counted anew */
        assert_ok(fixture_write(&w.f, op.id, do_hold, &op));
        all_is(&w, op.id, "a/1/0/0 b/1/0/0");
    }
}

static void nobody_is_no_recipient(void **state)
{
    EACH_MAIL_WORLD(w)
    {
        struct message_prepared p;
        assert_ok(prepare_message(w.f.store, &w.arena, STR("x"), &p));
        struct queue_op op = {.p = &p};
        assert_status(fixture_write(&w.f, w.alice, do_add, &op), INVALID);
        message_prepared_release(&p);
    }
}

/* The queue and a mailbox have one body; it stays until both have let it go. */
static void a_body_is_shared_with_mailboxes(void **state)
{
    EACH_MAIL_WORLD(w)
    {
        mail_defaults(&w, w.alice);
        int64_t inbox = mail_find(&w, &w.as_alice, w.alice, "INBOX");
        struct queue_op op = add(&w, w.alice, 0, 0);
        mail_append(&w, &w.as_alice, inbox, "Subject: out\r\n\r\nbody\r\n", 0);
        mail_sound(&w);
        assert_ok(fixture_write(&w.f, op.id, do_delete, &op));
        assert_str(mail_text(&w, &w.as_alice, inbox, 1, 0, 100), "Subject: out\r\n\r\nbody\r\n");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_claim_to_end),      cmocka_unit_test(its_message_is_read),
        cmocka_unit_test(holding_and_deleting),   cmocka_unit_test(deaths_are_counted),
        cmocka_unit_test(nobody_is_no_recipient), cmocka_unit_test(a_body_is_shared_with_mailboxes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
