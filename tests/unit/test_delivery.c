/* tests/unit/test_delivery.c: where a mail goes, without a session: mailboxes, lists, other servers; and what happens when one shard, or every
 * disk, is full. */
#include "tests/unit/test.h" /* first: cmocka wants its headers so */

#include "core/log.h"
#include "mailcore/delivery/intake.h"
#include "store/db.h"
#include "store/doctor.h"
#include "store/mailbox.h"
#include "store/queue.h"
#include "tests/unit/faulty_vfs.h"
#include "tests/unit/store_fixture.h"

#include <fcntl.h>

#define CONF                                                                                                 \
    "[server]\nhostname = h.example.test\ndata = /d\ndomains = example.test, alias.test\n"                   \
    "[domains]\nalias.test = alias of example.test\n[listen]\nhttp = 127.0.0.1:1\n"                          \
    "[smtp]\ncatch_all = example.test: carol@example.test\n[limits]\nsmtp_list_members = 5\n"

enum { SHARDS = 3 };

struct site {
    struct fixture f;
    struct conf *conf;
    struct mail_base base;
    struct intake *in;
    int64_t alice, bob, carol, queued;
};

static void on_queued(void *ctx)
{
    struct site *x = ctx;
    x->queued++;
}

static int64_t user(struct site *x, const char *address)
{
    SCOPED_BUF(why, 4096);
    int64_t id;
    struct user_new in = {
        .address = str_c(address), .name = STR("Somebody"), .lang = STR("it"), .quota = 100000};
    assert_ok(user_add(x->base.dir, &in, &id, &why));
    return id;
}

static void site_start(struct site *x)
{
    SCOPED_BUF(why, 4096);
    *x = (struct site){.conf = NULL};
    fixture_start(&x->f, SHARDS);
    assert_ok(conf_parse(STR(CONF), "test", &x->conf, &why));
    struct directory_config config = {.conf = x->conf};
    x->base = (struct mail_base){.store = x->f.store, .queued = on_queued, .queued_ctx = x};
    assert_ok(directory_open(x->f.store, &config, &x->base.dir, &why));
    assert_ok(worker_start(2, 100, &x->base.pool));
    assert_ok(intake_new(&x->base, x->conf, &x->in, &why));
    x->alice = user(x, "alice@example.test");
    x->bob = user(x, "bob@example.test");
    x->carol = user(x, "carol@example.test");
}

static void odd(void *ctx, struct str what, struct str where)
{
    (void)ctx;
    print_error("doctor: %.*s: %.*s\n", STR_ARG(what), STR_ARG(where));
}

static void site_end(struct site *x)
{
    size_t findings;
    worker_stop(x->base.pool);
    assert_ok(store_check(x->f.store, true, odd, NULL, &findings));
    assert_int_equal(findings, 0);
    intake_free(x->in);
    directory_close(x->base.dir);
    fixture_end(&x->f);
    conf_unref(x->conf);
}

static enum status send_to(struct site *x, const char *sender, const char *address, const char *text)
{
    const struct parcel p = {.sender = str_c(sender), .address = str_c(address), .text = str_c(text)};
    return intake_deliver(x->in, &p);
}

static int64_t group(struct site *x, const char *address)
{
    SCOPED_BUF(why, 4096);
    int64_t id;
    assert_ok(group_add(x->base.dir, str_c(address), STR("Group"), &id, &why));
    return id;
}

/* How many mails are in the INBOX. */
static int64_t count(struct site *x, int64_t account)
{
    int64_t id;
    struct mailbox_state s;
    SCOPED_ARENA(a, 1 << 20);
    SCOPED_READ(tx, x->f.store);
    struct actor actor = {.id = account};
    if (mailbox_find(tx, &a, &actor, account, STR("INBOX"), &id) != OK)
        return 0;
    assert_ok(mailbox_state(tx, &actor, id, &s));
    return s.messages;
}

static enum status note_row(void *ctx, const struct queue_entry *e, const struct queue_rcpt *r)
{
    buf_addf(ctx, "%.*s>%.*s(%.*s) ", STR_ARG(str_slice(e->sender, 0, 5)), STR_ARG(r->address),
             STR_ARG(r->opts));
    return OK;
}

static void queue_is(struct site *x, const char *wanted)
{
    SCOPED_BUF(text, 1 << 16);
    SCOPED_READ(tx, x->f.store);
    assert_ok(queue_each(tx, 0, note_row, &text));
    assert_str(str_trim(buf_view(&text)), wanted);
}

/* ---- where it goes ---- */
static void mail_goes_to_whom_the_address_means(void **state)
{
    (void)state;
    struct site x;
    site_start(&x);
    static const char text[] = "Subject: x\r\n\r\nx\r\n";
    assert_ok(send_to(&x, "s@far.test", "alice@example.test", text));
    assert_ok(send_to(&x, "s@far.test", "ALICE@Alias.Test", text));
    assert_ok(send_to(&x, "s@far.test", "alice+tag@example.test", text));
    assert_int_equal(count(&x, x.alice), 3);
    assert_ok(send_to(&x, "", "postmaster@alias.test", text)); /* the first user */
    assert_int_equal(count(&x, x.alice), 4);
    assert_ok(send_to(&x, "s@far.test", "whoever@alias.test", text)); /* the catch-all is of the alias too */
    assert_int_equal(count(&x, x.carol), 1);
    assert_ok(user_state(x.base.dir, x.bob, PRINCIPAL_DISABLED));
    assert_status(send_to(&x, "s@far.test", "bob@example.test", text), DENIED);
    queue_is(&x, "");
    assert_ok(send_to(&x, "", "s@far.test", text)); /* a notification of ours */
    queue_is(&x, ">s@far.test()");
    assert_int_equal(x.queued, 1);
    const struct parcel here = {
        .sender = STR(""), .address = STR("s@far.test"), .text = STR("\r\n"), .local_only = true};
    assert_status(intake_deliver(x.in, &here), UNSUPPORTED);
    site_end(&x);
}

static void a_list_is_walked_once_and_within_bounds(void **state)
{
    (void)state;
    struct site x;
    SCOPED_BUF(why, 4096);
    site_start(&x);
    int64_t one = group(&x, "one@example.test"), two = group(&x, "two@example.test");
    assert_status(send_to(&x, "s@far.test", "one@example.test", "\r\n"), DENIED); /* nobody is on it */
    assert_ok(group_set_member(x.base.dir, one, two, true));
    assert_ok(group_set_member(x.base.dir, two, one, true));
    assert_status(send_to(&x, "s@far.test", "one@example.test", "\r\n"), DENIED);
    assert_ok(group_set_member(x.base.dir, one, x.alice, true));
    assert_ok(group_set_member(x.base.dir, two, x.alice, true));
    assert_ok(group_set_member(x.base.dir, two, x.bob, true));
    assert_ok(group_set_outside(x.base.dir, two, STR("Far@Elsewhere.test"), true, &why));
    assert_status(group_set_outside(x.base.dir, two, STR("x@alias.test"), true, &why), INVALID);
    assert_ok(send_to(&x, "s@far.test", "one@example.test", "A: b\r\n\r\n"));
    assert_int_equal(count(&x, x.alice), 1);
    assert_int_equal(count(&x, x.bob), 1);
    queue_is(&x, "SRS0=>far@elsewhere.test(NOTIFY=NEVER)");
    assert_status(send_to(&x, "s@far.test", "one@example.test", "Delivered-To: ONE@alias.test\r\n\r\n"),
                  GONE);
    assert_status(send_to(&x, "s@far.test", "alice@example.test", "Delivered-To: alice@example.test\r\n\r\n"),
                  GONE);
    assert_ok(
        send_to(&x, "s@far.test", "alice@example.test", "A: b\r\n\r\nDelivered-To: alice@example.test\r\n"));
    for (int i = 0; i < 4; i++) {
        SCOPED_BUF(address, 100);
        buf_addf(&address, "far%d@elsewhere.test", i);
        assert_ok(group_set_outside(x.base.dir, two, buf_view(&address), true, &why));
    }
    assert_status(send_to(&x, "s@far.test", "one@example.test", "A: b\r\n\r\n"), TRUNCATED);
    assert_int_equal(count(&x, x.bob), 1);
    site_end(&x);
}

static void the_user_is_told_when_his_quota_is_nearly_used_up(void **state)
{
    (void)state;
    struct site x;
    SCOPED_BUF(text, 1 << 20);
    site_start(&x);
    buf_addz(&text, "Subject: big\r\n\r\n");
    while (text.n < 60000)
        buf_addz(&text, "0123456789012345678901234567890123456789\r\n");
    assert_ok(send_to(&x, "s@far.test", "bob@example.test", buf_c(&text)));
    assert_status(send_to(&x, "s@far.test", "bob@example.test", buf_c(&text)), OVER_QUOTA);
    assert_int_equal(count(&x, x.bob), 1);
    assert_int_equal(intake_answer(x.in, OVER_QUOTA).code, 452);
    site_end(&x);
}

/* ---- faults ---- */
static enum status fill_disk(void *ctx, struct tx *tx)
{
    (void)ctx, (void)tx;
    faulty_arm(FAULTY_WRITE, SQLITE_FULL, -1);
    return OK;
}

static enum status empty_disk(void *ctx, struct tx *tx)
{
    (void)ctx, (void)tx;
    faulty_disarm();
    return OK;
}

static void what_fails_in_one_shard_waits_in_another(void **state)
{
    (void)state;
    struct site x;
    site_start(&x);
    int64_t all = group(&x, "all@example.test");
    assert_ok(group_set_member(x.base.dir, all, x.alice, true));
    assert_ok(group_set_member(x.base.dir, all, x.bob, true));
    assert_ok(send_to(&x, "s@far.test", "bob@example.test", "A: first\r\n\r\n"));
    assert_true(store_shard_of(x.alice) != store_shard_of(x.bob));
    (void)fixture_write(&x.f, x.bob, fill_disk, NULL);
    assert_status(send_to(&x, "s@far.test", "bob@example.test", "A: alone\r\n\r\n"), E_FULL);
    queue_is(&x, "");
    assert_ok(send_to(&x, "s@far.test", "all@example.test", "A: both\r\n\r\n"));
    (void)fixture_write(&x.f, x.bob, empty_disk, NULL);
    assert_int_equal(count(&x, x.alice), 1);
    assert_int_equal(count(&x, x.bob), 1);
    queue_is(&x, "s@far>bob@example.test(NOTIFY=NEVER)");
    assert_int_equal(x.queued, 1);
    site_end(&x);
}

static void nothing_half_is_there_when_every_disk_is_full(void **state)
{
    (void)state;
    struct site x;
    site_start(&x);
    int64_t all = group(&x, "all@example.test");
    assert_ok(group_set_member(x.base.dir, all, x.alice, true));
    assert_ok(group_set_member(x.base.dir, all, x.bob, true));
    atomic_store(&faulty_everywhere, SQLITE_FULL);
    enum status one = send_to(&x, "s@far.test", "alice@example.test", "A: b\r\n\r\n"),
                list = send_to(&x, "s@far.test", "all@example.test", "A: b\r\n\r\n"),
                out = send_to(&x, "", "x@far.test", "A: b\r\n\r\n");
    atomic_store(&faulty_everywhere, 0);
    assert_status(one, E_FULL);
    assert_status(list, E_FULL);
    assert_status(out, E_FULL);
    assert_int_equal(intake_answer(x.in, one).code, 452);
    assert_int_equal(count(&x, x.alice) + count(&x, x.bob), 0);
    queue_is(&x, "");
    assert_int_equal(x.queued, 0);
    site_end(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mail_goes_to_whom_the_address_means),
        cmocka_unit_test(a_list_is_walked_once_and_within_bounds),
        cmocka_unit_test(the_user_is_told_when_his_quota_is_nearly_used_up),
        cmocka_unit_test(what_fails_in_one_shard_waits_in_another),
        cmocka_unit_test(nothing_half_is_there_when_every_disk_is_full),
    };
    log_setup(LOG_LEVEL_ERROR, false, open("/dev/null", O_WRONLY | O_CLOEXEC)); /* the faults are meant */
    faulty_install();
    db_set_vfs("faulty");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
