/* tests/unit/test_imap_view.c: how a session counts a mailbox: lists that follow the store, what sets and pages mean, flags by name. */
#include "mailcore/imap/view.h"

#include "tests/unit/mail_world.h"

#define MAIL "From: a@example.test\r\nSubject: x\r\n\r\ntext\r\n"

/* ---- lists ---- */

static struct uid_list *now(struct imap_views *v, struct world *w, int64_t mailbox)
{
    struct uid_list *l = NULL;
    const struct mailbox_state state = mail_state(w, &w->as_bob, mailbox);
    SCOPED_READ(tx, w->f.store);
    assert_ok(uid_list_now(v, tx, &w->as_bob, mailbox, &state, &l));
    return l;
}

/* The list that was made from the one before is the one that is read whole. */
static void check(struct imap_views *v, struct world *w, int64_t mailbox)
{
    struct imap_views *fresh;
    assert_ok(imap_views_new(&fresh));
    struct uid_list *a = now(v, w, mailbox), *b = now(fresh, w, mailbox);
    assert_int_equal(a->count, b->count);
    assert_memory_equal(a->uids, b->uids, a->count * sizeof a->uids[0]);
    uid_list_unref(a);
    uid_list_unref(b);
    imap_views_free(fresh);
}

static enum status take_out(void *ctx, struct tx *tx)
{
    struct mail_op *op = ctx;
    return tx_message_expunge(tx, &op->w->arena, op->actor, op->mailbox, op->uids, true, &op->expunged);
}

static enum status change_flags(void *ctx, struct tx *tx)
{
    struct mail_op *op = ctx;
    return tx_message_store_flags(tx, &op->w->arena, op->actor, op->mailbox, op->uids, &op->change,
                                  &op->flags);
}

static void lists_follow_the_store(void **state)
{
    EACH_MAIL_WORLD(w)
    {
        struct imap_views *v;
        assert_ok(imap_views_new(&v));
        mail_defaults(&w, w.bob);
        int64_t inbox = mail_find(&w, &w.as_bob, w.bob, "INBOX");
        struct mail_op op = {.w = &w, .actor = &w.as_bob, .mailbox = inbox};
        op.uids = (struct uid_set){&op.range, 1};
        op.change = (struct flag_change){.how = FLAGS_ADD, .flags = MESSAGE_SEEN, .unchanged_since = -1};
        check(v, &w, inbox);
        for (int i = 1; i <= 60; i++) {
            mail_append(&w, &w.as_bob, inbox, MAIL, 0);
            if (i % 3 == 0) {
                op.range = (struct uid_range){i / 2, i / 2 + i % 4};
                assert_ok(mail_run(&op, inbox, take_out));
            }
            if (i % 5)
                check(v, &w, inbox);
        }
        struct uid_list *before = now(v, &w, inbox);
        op.range = (struct uid_range){1, 1000};
        assert_ok(mail_run(&op, inbox, change_flags));
        struct uid_list *after = now(v, &w, inbox);
        assert_ptr_equal(before, after); /* flags leave it as it is */
        uid_list_unref(before);
        uid_list_unref(after);
        imap_views_free(v);
    }
}

/* ---- sets ---- */

struct counted {
    struct imap_user user;
    struct imap_view view;
    struct imap_call call;
};

static struct uid_list *list_of(const uint32_t *uids, uint32_t count)
{
    struct uid_list *l = malloc(sizeof *l + count * sizeof *uids);
    assert_non_null(l);
    l->refs = 1;
    l->count = count;
    memcpy(l->uids, uids, count * sizeof *uids);
    return l;
}

static void count(struct counted *c, const uint32_t *uids, uint32_t n)
{
    memset(c, 0, sizeof *c);
    c->view.list = list_of(uids, n);
    c->user.view = &c->view;
    imap_call_init(&c->call, &c->user);
}

static void uncount(struct counted *c)
{
    imap_call_free(&c->call);
    uid_list_unref(c->view.list);
    free(c->view.saved);
}

/* "2:3=5:6": the numbers, and the UIDs. */
static void means(struct counted *c, const char *text, bool uid, const char *expected)
{
    struct imap_set set;
    struct imap_picked p;
    SCOPED_BUF(out, 4096);
    assert_ok(imap_set_parse(&c->call.arena, str_c(text), 100, &set));
    assert_ok(imap_view_pick(&c->call, &set, uid, &p));
    imap_set_write(&out, &p.numbers);
    for (size_t i = 0; i < p.uids.count; i++)
        buf_addf(&out, "%c%lld:%lld", i ? ',' : '=', (long long)p.uids.ranges[i].lo,
                 (long long)p.uids.ranges[i].hi);
    assert_string_equal(buf_c(&out), expected);
    assert_int_equal(p.count, imap_set_size(&p.numbers));
}

static void what_sets_mean(void **state)
{
    static const uint32_t uids[] = {2, 5, 6, 9};
    struct counted c;
    struct imap_set set;
    struct imap_picked p;
    (void)state;
    count(&c, uids, 4);
    means(&c, "2:3", false, "2:3=5:6");
    means(&c, "1,3", false, "1,3=2:2,6:6");
    means(&c, "*", false, "4=9:9");
    means(&c, "3:*", false, "3:4=6:9");
    means(&c, "9:*", false, "4=9:9");
    means(&c, "1:*", true, "1:4=2:9");
    means(&c, "3:7", true, "2:3=5:6");
    means(&c, "3:4,7:8", true, "");
    means(&c, "5,6", true, "2:3=5:6");
    means(&c, "100:*", true, "4=9:9");
    means(&c, "4294967295", true, "");
    means(&c, "$", true, "");
    const struct uid_range saved[] = {{1, 2}, {9, 20}};
    assert_ok(imap_view_save(&c.view, (struct uid_set){saved, 2}));
    means(&c, "$", false, "1,4=2:2,9:9");
    assert_ok(imap_set_parse(&c.call.arena, STR("4:5"), 100, &set));
    assert_status(imap_view_pick(&c.call, &set, false, &p), INVALID);
    assert_true(c.call.bad);
    assert_int_equal(imap_view_number(&c.view, 6), 3);
    assert_int_equal(imap_view_number(&c.view, 7), 0);
    assert_int_equal(imap_view_uid(&c.view, 4), 9);
    assert_int_equal(imap_view_uid(&c.view, 5), 0);
    uncount(&c);
    count(&c, uids, 0);
    means(&c, "1:*", true, "");
    means(&c, "*", false, "");
    uncount(&c);
}

static void page_is(struct counted *c, bool from_end, uint32_t first, uint32_t last, const char *expected)
{
    const struct imap_page page = {true, from_end, first, last};
    struct imap_set set;
    struct imap_picked p;
    SCOPED_BUF(out, 4096);
    assert_ok(imap_set_parse(&c->call.arena, STR("2:4,6,8:9"), 100, &set));
    assert_ok(imap_view_pick(&c->call, &set, false, &p));
    assert_ok(imap_view_page(&c->call, &page, &p));
    imap_set_write(&out, &p.numbers);
    assert_string_equal(buf_c(&out), expected);
}

static void pages(void **state)
{
    static const uint32_t uids[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    struct counted c;
    (void)state;
    count(&c, uids, 9);
    page_is(&c, false, 1, 2, "2:3");
    page_is(&c, false, 3, 5, "4,6,8");
    page_is(&c, false, 6, 100, "9");
    page_is(&c, false, 7, 100, "");
    page_is(&c, true, 1, 1, "9");
    page_is(&c, true, 2, 4, "4,6,8");
    page_is(&c, true, 1, 100, "2:4,6,8:9");
    page_is(&c, true, 7, 9, "");
    uncount(&c);
}

static void flags_have_names(void **state)
{
    struct imap_names names = {0};
    SCOPED_BUF(out, 1000);
    (void)state;
    names.names[0] = STR("$Work");
    names.names[63] = STR("last");
    struct imap_flags f = imap_view_flags(&names, MESSAGE_SEEN | MESSAGE_DELETED, UINT64_MAX);
    imap_write_flags(&out, &f);
    assert_string_equal(buf_c(&out), "(\\Deleted \\Seen $Work last)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_follow_the_store),
        cmocka_unit_test(what_sets_mean),
        cmocka_unit_test(pages),
        cmocka_unit_test(flags_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
