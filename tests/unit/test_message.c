/* tests/unit/test_message.c: messages: delivery, reading whole and in part, flags, copying, moving, expunging, what vanished, shared
 * mailboxes, quota, bounds; with one shard and with three. A random test compares mailboxes with a model in memory. */
#include "core/clock.h"
#include "store/db.h"
#include "tests/unit/mail_world.h"

#define MAIL_A                                                                                               \
    "From: =?utf-8?q?Alic=C3=A9?= <alice@example.test>\r\nTo: bob@example.test\r\nCc: c@example.test\r\n"    \
    "Subject: Re: [list] Plan\r\nMessage-ID: <a@x>\r\nDate: Tue, 24 Nov 2026 09:30:00 +0100\r\n"             \
    "References: <r1@x> <r2@x>\r\n\r\nHello,\r\n  the plan.\r\n"

static enum status keep_one(void *ctx, const struct message *m)
{
    *(struct message *)ctx = *m;
    return OK;
}

static struct message one(struct world *w, const struct actor *actor, int64_t mailbox, int64_t uid)
{
    struct message m = {0};
    struct uid_range r = {uid, uid};
    struct message_query q = {.uids = {&r, 1}};
    SCOPED_READ(tx, w->f.store);
    assert_ok(message_each(tx, actor, mailbox, &q, keep_one, &m));
    return m;
}

static enum status check_text(void *ctx, const struct message *m)
{
    *(int *)ctx += 1;
    assert_str(m->text.prefix, "Return-Path: <a@x>\r\n");
    assert_str(message_inline(m), MAIL_A);
    assert_true(m->packed.p && !m->text.is_file && m->text.size == m->size);
    return OK;
}

static void first_mail_makes_mailboxes(void **state)
{
    EACH_MAIL_WORLD(w)
    {
        struct mail_op op = {
            .w = &w, .account = w.bob, .fresh = {.prefix = STR("Return-Path: <a@x>\r\n"), .date = 1000}};
        assert_ok(mail_add(&op, STR(MAIL_A), w.bob, do_deliver));
        int64_t inbox = mail_find(&w, &w.as_bob, w.bob, "INBOX");
        assert_int_equal(op.put.mailbox, inbox);
        assert_int_equal(op.put.uid, 1);
        assert_true(mail_find(&w, &w.as_bob, w.bob, "Sent") > 0);
        struct mailbox_state s = mail_state(&w, &w.as_bob, inbox);
        assert_int_equal(s.messages, 1);
        assert_int_equal(s.unseen, 1);
        assert_int_equal(s.uidnext, 2);
        assert_int_equal(s.uidvalidity, op.put.uidvalidity);
        assert_int_equal(s.modseq, op.put.modseq);
        assert_int_equal(s.bytes, strlen(MAIL_A) + 20);
        assert_int_equal(one(&w, &w.as_bob, inbox, 1).date, 1000);
        assert_str(mail_text(&w, &w.as_bob, inbox, 1, 0, INT64_MAX), "Return-Path: <a@x>\r\n" MAIL_A);
        assert_str(mail_text(&w, &w.as_bob, inbox, 1, 13, 13), "<a@x>\r\nFrom: ");
        assert_str(mail_text(&w, &w.as_bob, inbox, 1, 20, 4), "From");
        assert_str(mail_text(&w, &w.as_bob, inbox, 1, 1 << 20, 4), "");
        {
            SCOPED_READ(tx, w.f.store);
            int texts = 0;
            struct message_query q = {.want = WANT_TEXT};
            assert_ok(message_each(tx, &w.as_bob, inbox, &q, check_text, &texts));
            assert_int_equal(texts, 1);
        }
        /* a folder that exists, and one that does not */
        int64_t sub;
        assert_ok(mail_create(&w, &w.as_bob, w.bob, STR("lists/dev"), &sub));
        op.name = STR("lists/dev");
        assert_ok(mail_add(&op, STR(MAIL_A), w.bob, do_deliver));
        assert_int_equal(op.put.mailbox, sub);
        op.name = STR("nowhere");
        assert_ok(mail_add(&op, STR(MAIL_A), w.bob, do_deliver));
        assert_int_equal(op.put.mailbox, inbox);
        op.account = w.bob + 64 * 1000;
        assert_status(mail_add(&op, STR(MAIL_A), w.bob, do_deliver), NOT_FOUND);
    }
}

static enum status count_pages(void *ctx, const struct message *m)
{
    struct world *w = ctx;
    struct mime_pack pack;
    assert_ok(mime_unpack(&w->arena, m->packed, (uint64_t)m->body_size, &pack));
    assert_int_equal(pack.map.count, 1);
    assert_str(m->key.msgid, "a@x");
    assert_str(m->key.refs, "<r1@x><r2@x>");
    assert_str(m->key.subject, "Re: [list] Plan");
    assert_str(m->key.base, "PLAN");
    assert_str(m->key.from, "Alic\xc3\xa9 <alice@example.test>");
    assert_str(m->key.to, "bob@example.test");
    assert_str(m->key.cc, "c@example.test");
    assert_str(m->key.preview, "Hello, the plan.");
    assert_int_equal(m->key.sent, 1795509000);
    assert_true(m->thread != 0);
    return OK;
}

static void keys_and_structure_are_stored(void **state)
{
    EACH_MAIL_WORLD(w)
    {
        struct message_text m;
        struct mime_pack pack;
        mail_defaults(&w, w.alice);
        int64_t inbox = mail_find(&w, &w.as_alice, w.alice, "INBOX");
        mail_append(&w, &w.as_alice, inbox, MAIL_A, 0);
        {
            SCOPED_READ(tx, w.f.store);
            struct message_query q = {.want = WANT_KEY | WANT_PACK};
            assert_ok(message_each(tx, &w.as_alice, inbox, &q, count_pages, &w));
            assert_ok(message_open(tx, &w.arena, &w.as_alice, inbox, 1, &m));
            assert_ok(message_pack(tx, &w.arena, &m, &pack));
            assert_true(str_find(pack.envelope, STR("Re: [list] Plan"), 0) != SIZE_MAX);
            assert_status(message_open(tx, &w.arena, &w.as_alice, inbox, 2, &m), NOT_FOUND);
        }
        assert_ok(store_rebuild(w.f.store, 0, NULL, NULL)); /* derived: comes out the same */
        SCOPED_READ(tx, w.f.store);
        struct message_query q = {.want = WANT_KEY | WANT_PACK};
        assert_ok(message_each(tx, &w.as_alice, inbox, &q, count_pages, &w));
    }
}

static void previews(void **state)
{
    (void)state;
    static const struct {
        const char *mail, *preview;
    } rows[] = {
        {"\r\nplain  text\r\n", "plain text"},
        {"Content-Type: "
         "text/html\r\n\r\n<html><head><title>no</title><style>p{}</style></head><p>Hi&nbsp;&amp; "
         "<b>you</b>",
         "Hi & you"},
        {"Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: "
         "quoted-printable\r\n\r\ncaff=E8",
         "caff\xc3\xa8"},
        {"Content-Transfer-Encoding: base64\r\n\r\nSGVsbG8=\r\n", "Hello"},
        {"Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: "
         "text/html\r\n\r\n<p>h\r\n"
         "--b\r\nContent-Type: text/plain\r\n\r\nplain\r\n--b--\r\n",
         "plain"},
        {"Content-Type: application/pdf\r\n\r\nxxx", ""},
        {"Content-Type: text/html\r\n\r\n<", ""},
        {"Content-Type: text/html\r\n\r\n<!-- never closed", ""},
        {"", ""},
    };
    struct world w;
    world_start(&w, 1);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct message_prepared p;
        assert_ok(prepare_message(w.f.store, &w.arena, str_c(rows[i].mail), &p));
        assert_str(p.key.preview, rows[i].preview);
        message_prepared_release(&p);
    }
    world_end(&w);
}

static void one_body_for_all(void **state)
{
    (void)state;
    struct world w;
    world_start(&w, 1);
    struct message_prepared p;
    SCOPED_ARENA(a, 16 << 20);
    assert_ok(prepare_message(w.f.store, &a, STR(MAIL_A), &p));
    int64_t accounts[] = {w.alice, w.bob, w.carol}, content = 0;
    struct actor actors[] = {w.as_alice, w.as_bob, w.as_carol};
    for (size_t i = 0; i < 3; i++) {
        struct mail_op op = {.w = &w, .account = accounts[i], .prepared = &p};
        struct message_text m;
        op.fresh.prefix = arena_strf(&a, "Delivered-To: %zu\r\n", i);
        assert_ok(mail_run(&op, accounts[i], do_deliver));
        SCOPED_READ(tx, w.f.store);
        assert_ok(message_open(tx, &a, &actors[i], op.put.mailbox, 1, &m));
        assert_true(i == 0 || m.content == content);
        content = m.content;
    }
    message_prepared_release(&p);
    mail_sound(&w);
    world_end(&w);
}

static void large_bodies_are_files(void **state)
{
    EACH_MAIL_WORLD(w)
    {
        SCOPED_BUF(body, 1 << 20);
        buf_addz(&body, "Subject: big\r\n\r\n");
        while (body.n < 300000)
            buf_addf(&body, "line %zu\r\n", body.n);
        mail_defaults(&w, w.alice);
        int64_t inbox = mail_find(&w, &w.as_alice, w.alice, "INBOX");
        struct mail_op op = {
            .w = &w, .actor = &w.as_alice, .mailbox = inbox, .fresh = {.prefix = STR("X-P: 1\r\n")}};
        assert_ok(mail_add(&op, buf_view(&body), inbox, do_append));
        struct str all = mail_text(&w, &w.as_alice, inbox, 1, 0, INT64_MAX);
        assert_int_equal(all.n, body.n + 8);
        assert_memory_equal(all.p + 8, body.p, body.n);
        struct str part = mail_text(&w, &w.as_alice, inbox, 1, 4, 100000);
        assert_memory_equal(part.p, all.p + 4, 100000);
        part = mail_text(&w, &w.as_alice, inbox, 1, 200000, 10);
        assert_memory_equal(part.p, all.p + 200000, 10);
        assert_int_equal(mail_text(&w, &w.as_alice, inbox, 1, (int64_t)body.n, 100).n, 8);
    }
}

static void threads(void **state)
{
    EACH_MAIL_WORLD(w)
    {
        static const char *const mails[] = {
            "Message-ID: <1@x>\r\n\r\n", "Message-ID: <2@x>\r\nIn-Reply-To: <1@x>\r\n\r\n",
            "Message-ID: <3@x>\r\nReferences: <1@x> <2@x>\r\n\r\n", "Message-ID: <4@x>\r\n\r\n",
            "Message-ID: <5@x>\r\nReferences: <gone@x> <3@x> <lost@x>\r\n\r\n"};
        int64_t thread[5];
        mail_defaults(&w, w.alice);
        mail_defaults(&w, w.bob);
        int64_t inbox = mail_find(&w, &w.as_alice, w.alice, "INBOX");
        int64_t other = mail_find(&w, &w.as_bob, w.bob, "INBOX");
        for (size_t i = 0; i < 5; i++) {
            struct message m = {0};
            struct message_query q = {.want = WANT_KEY};
            mail_append(&w, &w.as_alice, inbox, mails[i], 0);
            SCOPED_READ(tx, w.f.store);
            assert_ok(message_each(tx, &w.as_alice, inbox, &q, keep_one, &m));
            thread[i] = m.thread;
        }
        assert_int_equal(thread[1], thread[0]);
        assert_int_equal(thread[2], thread[0]);
        assert_true(thread[3] != thread[0]);
        assert_int_equal(thread[4], thread[0]);
        /* another's messages are no part of it */
        struct message m = {0};
        struct message_query q = {.want = WANT_KEY};
        mail_append(&w, &w.as_bob, other, mails[1], 0);
        SCOPED_READ(tx, w.f.store);
        assert_ok(message_each(tx, &w.as_bob, other, &q, keep_one, &m));
        assert_true(m.thread != thread[0]);
    }
}

static void flags_are_set(void **state)
{
    EACH_MAIL_WORLD(w)
    {
        struct str names[KEYWORDS_MAX], keywords[] = {STR("$Forwarded"), STR("Todo")},
                                        again[] = {STR("TODO")};
        mail_defaults(&w, w.alice);
        int64_t inbox = mail_find(&w, &w.as_alice, w.alice, "INBOX");
        for (int i = 0; i < 5; i++)
            mail_append(&w, &w.as_alice, inbox, MAIL_A, i == 4 ? MESSAGE_SEEN : 0);
        int64_t since = mail_state(&w, &w.as_alice, inbox).modseq;
        struct mail_op op = mail_on(&w, &w.as_alice, inbox);
        mail_range(&op, 2, 3);
        op.change = (struct flag_change){.how = FLAGS_ADD,
                                         .flags = MESSAGE_SEEN | MESSAGE_DELETED,
                                         .keywords = keywords,
                                         .keyword_count = 2,
                                         .unchanged_since = -1};
        assert_ok(mail_run(&op, inbox, do_flags));
        assert_int_equal(op.flags.changed_count, 2);
        assert_int_equal(op.flags.changed[0].modseq, since + 1);
        assert_int_equal(op.flags.changed[1].modseq, since + 2);
        assert_int_equal(op.flags.changed[1].flags, MESSAGE_SEEN | MESSAGE_DELETED);
        assert_int_equal(op.flags.changed[1].keywords, 3);
        mail_is(&w, &w.as_alice, inbox, 0, "1:0 2:9 3:9 4:0 5:1");
        mail_is(&w, &w.as_alice, inbox, since, "2:9 3:9");
        mail_is(&w, &w.as_alice, inbox, since + 1, "3:9");
        struct mailbox_state s = mail_state(&w, &w.as_alice, inbox);
        assert_int_equal(s.modseq, since + 2);
        assert_int_equal(s.unseen, 2);
        assert_int_equal(s.deleted, 2);
        assert_int_equal(s.deleted_bytes, 2 * strlen(MAIL_A));
        /* again: nothing changes, no number is taken */
        assert_ok(mail_run(&op, inbox, do_flags));
        assert_int_equal(op.flags.changed_count, 0);
        assert_int_equal(mail_state(&w, &w.as_alice, inbox).modseq, since + 2);
        /* keywords go by name, in any case */
        op.change = (struct flag_change){
            .how = FLAGS_REMOVE, .keywords = again, .keyword_count = 1, .unchanged_since = -1};
        assert_ok(mail_run(&op, inbox, do_flags));
        assert_int_equal(op.flags.changed_count, 2);
        assert_int_equal(op.flags.changed[0].keywords, 1);
        {
            SCOPED_READ(tx, w.f.store);
            assert_ok(mailbox_keywords(tx, &w.arena, &w.as_alice, inbox, names));
            assert_str(names[0], "$Forwarded");
            assert_str(names[1], "Todo");
            assert_null(names[2].p);
        }
        /* UNCHANGEDSINCE: 2 and 3 have changed, 1 and 4 have not */
        mail_range(&op, 1, 4);
        op.change =
            (struct flag_change){.how = FLAGS_SET, .flags = MESSAGE_FLAGGED, .unchanged_since = since};
        assert_ok(mail_run(&op, inbox, do_flags));
        assert_int_equal(op.flags.changed_count, 2);
        assert_int_equal(op.flags.modified_count, 2);
        assert_int_equal(op.flags.modified[0], 2);
        assert_int_equal(op.flags.modified[1], 3);
        mail_is(&w, &w.as_alice, inbox, 0, "1:4 2:9 3:9 4:4 5:1");
        op.change = (struct flag_change){.how = FLAGS_SET, .unchanged_since = -1};
        assert_ok(mail_run(&op, inbox, do_flags)); /* FLAGS (): all are taken off, keywords too */
        mail_is(&w, &w.as_alice, inbox, 0, "1:0 2:0 3:0 4:0 5:1");
        assert_int_equal(one(&w, &w.as_alice, inbox, 2).keywords, 0);
        struct uid_range wrong[] = {{3, 4}, {1, 2}};
        op.uids = (struct uid_set){wrong, 2};
        assert_status(mail_run(&op, inbox, do_flags), INVALID);
    }
}

static void keywords_are_bounded(void **state)
{
    EACH_MAIL_WORLD(w)
    {
        static const char *const wrong[] = {"", "a b", "\\Seen", "a(", "a\"", "a]", "a%", "caf\xc3\xa9"};
        mail_defaults(&w, w.alice);
        int64_t inbox = mail_find(&w, &w.as_alice, w.alice, "INBOX");
        mail_append(&w, &w.as_alice, inbox, MAIL_A, 0);
        struct mail_op op = mail_on(&w, &w.as_alice, inbox);
        struct str name = STR_NONE;
        op.change = (struct flag_change){
            .how = FLAGS_ADD, .keywords = &name, .keyword_count = 1, .unchanged_since = -1};
        for (size_t i = 0; i < COUNT_OF(wrong); i++) {
            name = str_c(wrong[i]);
            assert_status(mail_run(&op, inbox, do_flags), INVALID);
        }
        for (int i = 0; i < KEYWORDS_MAX; i++) {
            name = arena_strf(&w.arena, "k%d", i);
            assert_ok(mail_run(&op, inbox, do_flags));
        }
        assert_true(one(&w, &w.as_alice, inbox, 1).keywords == UINT64_MAX);
        name = STR("one-more");
        assert_status(mail_run(&op, inbox, do_flags), TOO_MANY);
        name = STR("K63");
        op.change.how = FLAGS_REMOVE;
        assert_ok(mail_run(&op, inbox, do_flags));
        assert_true(one(&w, &w.as_alice, inbox, 1).keywords == UINT64_MAX >> 1);
        /* a bit that no message has any more is free for another name */
        struct str names[KEYWORDS_MAX], two[] = {STR("one-more"), STR("two-more")};
        op.change = (struct flag_change){
            .how = FLAGS_ADD, .keywords = two, .keyword_count = 2, .unchanged_since = -1};
        assert_status(mail_run(&op, inbox, do_flags), TOO_MANY);
        op.change.keyword_count = 1;
        assert_ok(mail_run(&op, inbox, do_flags));
        assert_true(one(&w, &w.as_alice, inbox, 1).keywords == UINT64_MAX);
        SCOPED_READ(tx, w.f.store);
        assert_ok(mailbox_keywords(tx, &w.arena, &w.as_alice, inbox, names));
        assert_str(names[63], "one-more");
        assert_str(names[0], "k0");
    }
}

static void copying(void **state)
{
    EACH_MAIL_WORLD(w)
    {
        struct str keyword = STR("Todo"), first = STR("other");
        int64_t inbox, to;
        mail_defaults(&w, w.alice);
        inbox = mail_find(&w, &w.as_alice, w.alice, "INBOX");
        to = mail_find(&w, &w.as_alice, w.alice, "Archive");
        struct mail_op add = {.w = &w, .actor = &w.as_alice, .mailbox = to};
        add.fresh = (struct message_new){.keywords = &first, .keyword_count = 1};
        assert_ok(mail_add(&add, STR(MAIL_A), to, do_append)); /* so that the bits are not the same */
        add.mailbox = inbox;
        add.fresh = (struct message_new){.keywords = &keyword,
                                         .keyword_count = 1,
                                         .flags = MESSAGE_SEEN,
                                         .date = 77,
                                         .prefix = STR("A: b\r\n")};
        assert_ok(mail_add(&add, STR(MAIL_A), inbox, do_append));
        assert_ok(mail_add(&add, STR("Subject: 2\r\n\r\n"), inbox, do_append));
        struct mail_op op = mail_on(&w, &w.as_alice, inbox);
        mail_range(&op, 1, 100);
        op.to = to;
        int64_t used = world_account(&w, w.alice).used_bytes;
        assert_ok(mail_run(&op, inbox, do_copy));
        assert_int_equal(op.copied.count, 2);
        assert_int_equal(op.copied.from[1], 2);
        assert_int_equal(op.copied.to[1], 3);
        assert_int_equal(op.copied.uidvalidity, mail_state(&w, &w.as_alice, to).uidvalidity);
        mail_is(&w, &w.as_alice, to, 0, "1:0 2:1 3:1");
        mail_is(&w, &w.as_alice, inbox, 0, "1:1 2:1");
        struct message m = one(&w, &w.as_alice, to, 2);
        assert_int_equal(m.keywords, 2);
        assert_int_equal(m.date, 77);
        assert_true(m.item != one(&w, &w.as_alice, inbox, 1).item);
        assert_str(mail_text(&w, &w.as_alice, to, 2, 0, INT64_MAX), "A: b\r\n" MAIL_A);
        assert_true(world_account(&w, w.alice).used_bytes > used);
        op.to = inbox; /* into itself */
        assert_ok(mail_run(&op, inbox, do_copy));
        assert_int_equal(mail_state(&w, &w.as_alice, inbox).messages, 4);
        op.to = inbox + 64 * 100000;
        assert_status(mail_run(&op, inbox, do_copy), NO_PARENT);
        mail_range(&op, 50, 60); /* none: no number */
        op.to = to;
        int64_t seq = world_account(&w, w.alice).seq;
        assert_ok(mail_run(&op, inbox, do_copy));
        assert_int_equal(op.copied.count, 0);
        assert_int_equal(world_account(&w, w.alice).seq, seq);
    }
}

static void moving_keeps_the_item(void **state)
{
    EACH_MAIL_WORLD(w)
    {
        mail_defaults(&w, w.alice);
        int64_t inbox = mail_find(&w, &w.as_alice, w.alice, "INBOX");
        int64_t to = mail_find(&w, &w.as_alice, w.alice, "Trash");
        for (int i = 0; i < 6; i++)
            mail_append(&w, &w.as_alice, inbox, MAIL_A, i % 2 ? MESSAGE_SEEN : MESSAGE_DELETED);
        int64_t since = mail_state(&w, &w.as_alice, inbox).modseq, item = one(&w, &w.as_alice, inbox, 2).item;
        int64_t used = world_account(&w, w.alice).used_bytes;
        struct uid_range some[] = {{2, 4}, {6, 9}};
        struct mail_op op = mail_on(&w, &w.as_alice, inbox);
        op.uids = (struct uid_set){some, 2};
        op.to = to;
        op.move = true;
        assert_ok(mail_run(&op, inbox, do_copy));
        assert_int_equal(op.copied.count, 4);
        assert_int_equal(one(&w, &w.as_alice, to, 1).item, item);
        mail_is(&w, &w.as_alice, to, 0, "1:1 2:8 3:1 4:1");
        mail_is(&w, &w.as_alice, inbox, 0, "1:8 5:8");
        mail_vanished(&w, &w.as_alice, inbox, since, "2-4 6-6");
        assert_true(mail_state(&w, &w.as_alice, inbox).modseq > since);
        assert_int_equal(world_account(&w, w.alice).used_bytes, used);
        /* within a mailbox: new UIDs */
        op.mailbox = op.to = inbox;
        mail_range(&op, 1, 5);
        assert_ok(mail_run(&op, inbox, do_copy));
        mail_is(&w, &w.as_alice, inbox, 0, "7:8 8:8");
    }
}

static enum status see_deleted(void *ctx, const struct deleted_item *d)
{
    struct mail_op *op = ctx;
    op->seq = d->seq;
    op->mailbox = d->collection;
    op->times++;
    assert_str(d->name, "Re: [list] Plan");
    return OK;
}
static enum status do_undelete(void *ctx, struct tx *tx)
{
    struct mail_op *op = ctx;
    return tx_undelete(tx, &op->w->arena, op->actor, op->mailbox, op->seq);
}

static void expunging_and_bringing_back(void **state)
{
    EACH_MAIL_WORLD(w)
    {
        mail_defaults(&w, w.alice);
        int64_t inbox = mail_find(&w, &w.as_alice, w.alice, "INBOX");
        struct mail_op add = {
            .w = &w,
            .actor = &w.as_alice,
            .mailbox = inbox,
            .fresh = {.flags = MESSAGE_DELETED | MESSAGE_FLAGGED, .prefix = STR("X: y\r\n"), .date = 99}};
        mail_append(&w, &w.as_alice, inbox, "Subject: stays\r\n\r\n", MESSAGE_SEEN);
        assert_ok(mail_add(&add, STR(MAIL_A), inbox, do_append));
        int64_t since = mail_state(&w, &w.as_alice, inbox).modseq;
        struct mail_op op = mail_on(&w, &w.as_alice, inbox);
        assert_ok(mail_run(&op, inbox, do_expunge));
        assert_int_equal(op.expunged.count, 1);
        assert_int_equal(op.expunged.uids[0], 2);
        mail_is(&w, &w.as_alice, inbox, 0, "1:1");
        mail_vanished(&w, &w.as_alice, inbox, since, "2-2");
        mail_vanished(&w, &w.as_alice, inbox, since + 1, "");
        assert_int_equal(mail_state(&w, &w.as_alice, inbox).modseq, since + 1);
        assert_int_equal(mail_state(&w, &w.as_alice, inbox).deleted, 0);
        mail_sound(&w);
        {
            SCOPED_READ(tx, w.f.store);
            assert_ok(deleted_each(tx, w.alice, 0, see_deleted, &op));
        }
        assert_int_equal(op.times, 1);
        assert_ok(mail_run(&op, inbox, do_undelete));
        mail_is(&w, &w.as_alice, inbox, 0, "1:1 3:4");
        assert_int_equal(one(&w, &w.as_alice, inbox, 3).date, 99);
        assert_str(mail_text(&w, &w.as_alice, inbox, 3, 0, INT64_MAX), "X: y\r\n" MAIL_A);
        assert_status(mail_run(&op, inbox, do_undelete), NOT_FOUND); /* once only */
        mail_sound(&w);
        /* a set, whatever its flags */
        mail_range(&op, 1, 1);
        assert_ok(mail_run(&op, inbox, do_expunge));
        assert_int_equal(op.expunged.count, 0);
        op.all = true;
        assert_ok(mail_run(&op, inbox, do_expunge));
        assert_int_equal(op.expunged.count, 1);
        mail_is(&w, &w.as_alice, inbox, 0, "3:4");
        /* with the days the bodies go, then the tombstones: then the horizon says so */
        assert_ok(store_maintain(w.f.store, clock_now() + 20 * 86400));
        mail_sound(&w);
        mail_vanished(&w, &w.as_alice, inbox, since, "1-2");
        assert_ok(store_maintain(w.f.store, clock_now() + 100 * 86400));
        struct uid_range *r;
        size_t n;
        SCOPED_READ(tx, w.f.store);
        assert_status(message_vanished(tx, &w.arena, &w.as_alice, inbox, since, &r, &n), BAD_TOKEN);
    }
}

static void without_keeping_tombstones_are_runs(void **state)
{
    (void)state;
    struct world w;
    world_start(&w, 1);
    store_close(w.f.store);
    struct store_config config = fixture_config(&w.f);
    config.keep_deleted = 0;
    config.message_batch = 50;
    SCOPED_BUF(why, 4096);
    assert_ok(store_open(&config, &w.f.store, &why));
    mail_defaults(&w, w.alice);
    int64_t inbox = mail_find(&w, &w.as_alice, w.alice, "INBOX");
    for (int i = 0; i < 50; i++)
        mail_append(&w, &w.as_alice, inbox, MAIL_A, i == 20 ? 0 : MESSAGE_DELETED);
    int64_t since = mail_state(&w, &w.as_alice, inbox).modseq;
    struct mail_op op = mail_on(&w, &w.as_alice, inbox);
    assert_ok(mail_run(&op, inbox, do_expunge));
    assert_int_equal(op.expunged.count, 49);
    mail_vanished(&w, &w.as_alice, inbox, since, "1-20 22-50");
    mail_vanished(&w, &w.as_alice, inbox, since + 20, "22-50");
    assert_int_equal(mail_state(&w, &w.as_alice, inbox).modseq, since + 49);
    mail_sound(&w);
    for (int i = 0; i < 50; i++)
        mail_append(&w, &w.as_alice, inbox, MAIL_A, 0);
    assert_status(mail_run(&op, inbox, do_expunge), TOO_MANY); /* more than message_batch */
    mail_range(&op, 1, 60);
    assert_ok(mail_run(&op, inbox, do_expunge));
    mail_sound(&w);
    world_end(&w);
}

static void shared_mailboxes(void **state)
{
    EACH_MAIL_WORLD(w)
    {
        mail_defaults(&w, w.alice);
        int64_t inbox = mail_find(&w, &w.as_alice, w.alice, "INBOX");
        for (int i = 0; i < 3; i++)
            mail_append(&w, &w.as_alice, inbox, MAIL_A, i == 0 ? MESSAGE_SEEN : 0);
        struct acl_entry grants[] = {{.principal = w.bob}, {.principal = w.carol}};
        assert_ok(rights_parse(STR("lrs"), &grants[0].rights));
        assert_ok(rights_parse(STR("lrwit"), &grants[1].rights));
        assert_ok(acl_share(w.f.store, &w.as_alice, inbox, grants, 2));
        mail_is(&w, &w.as_bob, inbox, 0, "1:0 2:0 3:0");
        assert_int_equal(mail_state(&w, &w.as_bob, inbox).unseen, 3);
        int64_t since = mail_state(&w, &w.as_bob, inbox).modseq;
        assert_ok(mail_flag(&w, &w.as_bob, inbox, 2, FLAGS_ADD, MESSAGE_SEEN | MESSAGE_FLAGGED));
        mail_is(&w, &w.as_bob, inbox, 0, "1:0 2:1 3:0");
        mail_is(&w, &w.as_bob, inbox, since, "2:1");
        mail_is(&w, &w.as_alice, inbox, 0, "1:1 2:0 3:0");
        mail_is(&w, &w.as_alice, inbox, since, "");
        assert_int_equal(mail_state(&w, &w.as_bob, inbox).unseen, 2);
        assert_int_equal(mail_state(&w, &w.as_alice, inbox).unseen, 2);
        /* a change by another one and his own: once */
        since = mail_state(&w, &w.as_bob, inbox).modseq;
        assert_ok(mail_flag(&w, &w.as_alice, inbox, 2, FLAGS_ADD, MESSAGE_ANSWERED));
        assert_ok(mail_flag(&w, &w.as_bob, inbox, 2, FLAGS_REMOVE, MESSAGE_SEEN));
        mail_is(&w, &w.as_bob, inbox, since, "2:2");
        assert_status(mail_flag(&w, &w.as_bob, inbox, 1, FLAGS_ADD, MESSAGE_FLAGGED), DENIED);
        assert_status(mail_flag(&w, &w.as_carol, inbox, 1, FLAGS_ADD, MESSAGE_SEEN), DENIED);
        /* what she may not set stays: \Seen */
        assert_ok(mail_flag(&w, &w.as_carol, inbox, 1, FLAGS_SET, MESSAGE_DELETED | MESSAGE_DRAFT));
        mail_is(&w, &w.as_alice, inbox, 0, "1:25 2:2 3:0");
        struct mail_op add = {.w = &w, .actor = &w.as_bob, .mailbox = inbox};
        assert_status(mail_add(&add, STR(MAIL_A), inbox, do_append), DENIED);
        add.actor = &w.as_carol;
        add.fresh.flags = MESSAGE_SEEN | MESSAGE_FLAGGED;
        assert_ok(mail_add(&add, STR(MAIL_A), inbox, do_append));
        mail_is(&w, &w.as_carol, inbox, 0, "1:24 2:2 3:0 4:4");
        struct actor nobody = {.id = w.carol, .read_only = true};
        assert_status(mail_flag(&w, &nobody, inbox, 1, FLAGS_ADD, MESSAGE_FLAGGED), DENIED);
        struct mail_op expunge = mail_on(&w, &w.as_carol, inbox);
        assert_status(mail_run(&expunge, inbox, do_expunge), DENIED);
        /* gone: nobody has seen it any more */
        assert_ok(mail_flag(&w, &w.as_bob, inbox, 1, FLAGS_ADD, MESSAGE_SEEN));
        expunge.actor = &w.as_alice;
        assert_ok(mail_run(&expunge, inbox, do_expunge));
        assert_int_equal(mail_state(&w, &w.as_bob, inbox).unseen, 3);
    }
}

static void between_accounts(void **state)
{
    EACH_MAIL_WORLD(w)
    {
        mail_defaults(&w, w.alice);
        mail_defaults(&w, w.bob);
        int64_t inbox = mail_find(&w, &w.as_alice, w.alice, "INBOX");
        int64_t mine = mail_find(&w, &w.as_bob, w.bob, "INBOX");
        mail_append(&w, &w.as_alice, inbox, MAIL_A, MESSAGE_SEEN);
        mail_append(&w, &w.as_alice, inbox, MAIL_A, 0);
        mail_share(&w, &w.as_alice, inbox, w.bob, "lrste");
        assert_ok(mail_flag(&w, &w.as_bob, inbox, 2, FLAGS_ADD, MESSAGE_SEEN));
        struct mail_op op = mail_on(&w, &w.as_bob, inbox);
        op.to = mine;
        op.move = true;
        if (store_shard_of(inbox) != store_shard_of(mine)) {
            assert_status(mail_run(&op, inbox, do_copy), UNSUPPORTED);
            continue;
        }
        assert_ok(mail_run(&op, inbox, do_copy));
        mail_is(&w, &w.as_bob, mine, 0, "1:0 2:1"); /* as he had seen them */
        assert_int_equal(world_account(&w, w.alice).used_items, 0);
        assert_int_equal(world_account(&w, w.bob).used_items, 2);
    }
}

static enum status do_quota(void *ctx, struct tx *tx)
{
    struct mail_op *op = ctx;
    return tx_account_quota(tx, op->account, op->seq);
}

static void quota(void **state)
{
    EACH_MAIL_WORLD(w)
    {
        int64_t size = (int64_t)strlen(MAIL_A);
        struct mail_op op = mail_on(&w, &w.as_alice, 0);
        op.account = w.alice;
        op.seq = 2 * size + 10;
        assert_ok(mail_run(&op, w.alice, do_quota));
        assert_ok(mail_add(&op, STR(MAIL_A), w.alice, do_deliver));
        assert_ok(mail_add(&op, STR(MAIL_A), w.alice, do_deliver));
        assert_status(mail_add(&op, STR(MAIL_A), w.alice, do_deliver), OVER_QUOTA);
        int64_t inbox = mail_find(&w, &w.as_alice, w.alice, "INBOX");
        assert_int_equal(mail_state(&w, &w.as_alice, inbox).messages, 2);
        op.mailbox = inbox;
        op.to = mail_find(&w, &w.as_alice, w.alice, "Trash");
        assert_status(mail_run(&op, inbox, do_copy), OVER_QUOTA);
        op.move = true;
        assert_ok(mail_run(&op, inbox, do_copy)); /* tidying up is allowed */
        op.mailbox = op.to;
        op.all = true;
        assert_ok(mail_run(&op, inbox, do_expunge));
        assert_ok(mail_add(&op, STR(MAIL_A), w.alice, do_deliver));
    }
}

static void sizes(void **state)
{
    (void)state;
    struct world w;
    struct message_prepared p;
    world_start(&w, 1);
    store_close(w.f.store);
    struct store_config config = fixture_config(&w.f);
    config.message_size = 100;
    config.items = 2;
    SCOPED_BUF(why, 4096);
    assert_ok(store_open(&config, &w.f.store, &why));
    char big[102];
    memset(big, 'x', sizeof big);
    assert_status(prepare_message(w.f.store, &w.arena, str_n(big, 101), &p), TOO_LARGE);
    message_prepared_release(&p);
    struct mail_op op = {.w = &w, .account = w.alice};
    assert_ok(mail_add(&op, str_n(big, 100), w.alice, do_deliver));
    assert_ok(mail_add(&op, STR(""), w.alice, do_deliver));
    assert_status(mail_add(&op, STR("x"), w.alice, do_deliver), TOO_MANY);
    assert_str(mail_text(&w, &w.as_alice, op.put.mailbox, 2, 0, 10), "");
    mail_sound(&w);
    world_end(&w);
}

/* ---- what the doctor sees ---- */

static void note_what(void *ctx, struct str what, struct str where)
{
    (void)where;
    buf_addf(ctx, "%.*s;", STR_ARG(what));
}

static void break_store(struct world *w, const char *sql)
{
    struct db *db = NULL;
    SCOPED_BUF(path, 4096);
    store_close(w->f.store);
    w->f.store = NULL;
    buf_addf(&path, "%s/shard-00.db", w->f.dir);
    assert_ok(db_open(buf_c(&path), 0, 256, &db, NULL));
    assert_ok(db_script(db, sql));
    db_close(db);
    fixture_open(&w->f);
}

static void the_doctor_sees_and_rebuilds(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *what;
        bool mends;
    } rows[] = {
        {"UPDATE collection SET unseen = unseen + 1 WHERE name = 'INBOX'", "wrong counters of a mailbox;",
         true},
        {"UPDATE collection SET deleted_n = 5 WHERE name = 'INBOX'", "wrong counters of a mailbox;", true},
        {"UPDATE collection SET deleted_bytes = 5 WHERE name = 'Sent'", "wrong counters of a mailbox;", true},
        {"UPDATE user_count SET seen = 7", "a wrong count of seen messages;", true},
        {"DELETE FROM user_count", "seen messages that are not counted;", true},
        {"INSERT INTO user_state VALUES((SELECT id FROM collection WHERE name = 'INBOX'), 99, 1, 0, 1)",
         "who has seen a message that is not there;", true},
        {"DELETE FROM mail_key", "a message without its key;", true},
        {"INSERT INTO mail_key(content) VALUES(64000)", "a key of no message;", true},
        {"UPDATE content SET refs = refs + 1", "a wrong count of references;", true},
        {"INSERT INTO rcpt VALUES(64000, 1, 'a', 'b', NULL, 1, 0, 0, 0, NULL)",
         "a recipient of no queued message;", false},
        {"DELETE FROM rcpt; INSERT INTO subscription VALUES(64000, 'x')", "a subscription of nobody;", false},
        {"DELETE FROM subscription; DELETE FROM keyword", "a message with a keyword without name;", false},
    };
    struct world w;
    struct str keyword = STR("Todo");
    world_start(&w, 1);
    mail_defaults(&w, w.alice);
    int64_t inbox = mail_find(&w, &w.as_alice, w.alice, "INBOX");
    struct mail_op add = {.w = &w,
                          .actor = &w.as_alice,
                          .mailbox = inbox,
                          .fresh = {.keywords = &keyword, .keyword_count = 1, .flags = MESSAGE_DELETED}};
    assert_ok(mail_add(&add, STR(MAIL_A), inbox, do_append));
    mail_share(&w, &w.as_alice, inbox, w.bob, "lrs");
    assert_ok(mail_flag(&w, &w.as_bob, inbox, 1, FLAGS_ADD, MESSAGE_SEEN));
    mail_sound(&w);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        size_t findings;
        SCOPED_BUF(what, 1 << 16);
        break_store(&w, rows[i].sql);
        assert_ok(store_check(w.f.store, true, note_what, &what, &findings));
        assert_str(buf_view(&what), rows[i].what);
        if (!rows[i].mends)
            continue;
        assert_ok(store_rebuild(w.f.store, 0, NULL, NULL));
        mail_sound(&w);
    }
    world_end(&w);
}

/* ---- two mailboxes against a model ---- */

enum { MODEL = 400 };
struct model {
    struct {
        bool there;
        unsigned flags;
        int64_t modseq;
    } m[2][MODEL];
    int64_t next[2];
};

struct compare {
    const struct model *model;
    int box;
    int64_t since;
    size_t seen;
};

static enum status compare_one(void *ctx, const struct message *m)
{
    struct compare *c = ctx;
    assert_in_range(m->uid, 1, MODEL - 1);
    assert_true(c->model->m[c->box][m->uid].there);
    assert_int_equal(c->model->m[c->box][m->uid].flags, m->flags);
    assert_int_equal(c->model->m[c->box][m->uid].modseq, m->modseq);
    assert_true(m->modseq > c->since);
    c->seen++;
    return OK;
}

static void compare_model(struct world *w, const struct model *model, const int64_t box[2], int64_t since)
{
    for (int i = 0; i < 2; i++) {
        struct compare c = {.model = model, .box = i, .since = since};
        struct message_query q = {.since = since};
        size_t wanted = 0;
        for (int64_t uid = 1; uid < model->next[i]; uid++)
            wanted += model->m[i][uid].there && model->m[i][uid].modseq > since;
        SCOPED_READ(tx, w->f.store);
        assert_ok(message_each(tx, &w->as_alice, box[i], &q, compare_one, &c));
        assert_int_equal(c.seen, wanted);
        assert_int_equal(c.model->next[i], model->next[i]);
    }
}

static void model_flags(struct model *model, int box, const struct flag_result *r)
{
    for (size_t i = 0; i < r->changed_count; i++) {
        model->m[box][r->changed[i].uid].flags = r->changed[i].flags;
        model->m[box][r->changed[i].uid].modseq = r->changed[i].modseq;
    }
}

static void random_changes(void **state)
{
    EACH_MAIL_WORLD(w)
    {
        struct model *model = ARENA_NEW(&w.arena, struct model);
        unsigned seed = 7;
        int64_t box[2], last = 0;
        mail_defaults(&w, w.alice);
        box[0] = mail_find(&w, &w.as_alice, w.alice, "INBOX");
        box[1] = mail_find(&w, &w.as_alice, w.alice, "Archive");
        model->next[0] = model->next[1] = 1;
        for (int step = 0; step < 150 && model->next[0] < MODEL - 40 && model->next[1] < MODEL - 40; step++) {
            int b = rand_r(&seed) % 2, what = rand_r(&seed) % 8;
            struct mail_op op = mail_on(&w, &w.as_alice, box[b]);
            int64_t lo = 1 + rand_r(&seed) % model->next[b];
            mail_range(&op, lo, lo + rand_r(&seed) % 8);
            op.to = box[!b];
            if (what < 3) {
                op.fresh.flags = (unsigned)rand_r(&seed) % 32;
                assert_ok(mail_add(&op, STR(MAIL_A), box[b], do_append));
                model->m[b][op.put.uid].there = true;
                model->m[b][op.put.uid].flags = op.fresh.flags;
                model->m[b][op.put.uid].modseq = op.put.modseq;
                model->next[b]++;
            } else if (what < 6) {
                op.change.how = (enum flag_how)(rand_r(&seed) % 3);
                op.change.flags = 1U << rand_r(&seed) % 5;
                assert_ok(mail_run(&op, box[b], do_flags));
                model_flags(model, b, &op.flags);
            } else if (what == 6) {
                op.move = true;
                assert_ok(mail_run(&op, box[b], do_copy));
                for (size_t i = 0; i < op.copied.count; i++) {
                    struct message m = one(&w, &w.as_alice, box[!b], op.copied.to[i]);
                    model->m[!b][m.uid].there = true;
                    model->m[!b][m.uid].flags = model->m[b][op.copied.from[i]].flags;
                    model->m[!b][m.uid].modseq = m.modseq;
                    model->m[b][op.copied.from[i]].there = false;
                    model->next[!b]++;
                }
            } else {
                assert_ok(mail_run(&op, box[b], do_expunge));
                for (size_t i = 0; i < op.expunged.count; i++) {
                    assert_true(model->m[b][op.expunged.uids[i]].flags & MESSAGE_DELETED);
                    model->m[b][op.expunged.uids[i]].there = false;
                }
            }
            compare_model(&w, model, box, 0);
            compare_model(&w, model, box, last);
            if (step % 5 == 0)
                last = world_account(&w, w.alice).seq;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_mail_makes_mailboxes),
        cmocka_unit_test(keys_and_structure_are_stored),
        cmocka_unit_test(previews),
        cmocka_unit_test(one_body_for_all),
        cmocka_unit_test(large_bodies_are_files),
        cmocka_unit_test(threads),
        cmocka_unit_test(flags_are_set),
        cmocka_unit_test(keywords_are_bounded),
        cmocka_unit_test(copying),
        cmocka_unit_test(moving_keeps_the_item),
        cmocka_unit_test(expunging_and_bringing_back),
        cmocka_unit_test(without_keeping_tombstones_are_runs),
        cmocka_unit_test(shared_mailboxes),
        cmocka_unit_test(between_accounts),
        cmocka_unit_test(quota),
        cmocka_unit_test(sizes),
        cmocka_unit_test(the_doctor_sees_and_rebuilds),
        cmocka_unit_test(random_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
