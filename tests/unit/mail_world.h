/* tests/unit/mail_world.h: mailboxes and messages for tests of the store, each change one write; and the proof that the store is sound
 * afterwards. */
#ifndef SCAMBIO_TESTS_UNIT_MAIL_WORLD_H
#define SCAMBIO_TESTS_UNIT_MAIL_WORLD_H

#include "store/doctor.h"
#include "store/message.h"
#include "tests/unit/store_world.h"

static const int shard_counts[] = {1, 3};

static inline void mail_odd(void *ctx, struct str what, struct str where)
{
    (void)ctx;
    print_error("doctor: %.*s: %.*s\n", STR_ARG(what), STR_ARG(where));
}

static inline void mail_sound(struct world *w)
{
    size_t findings;
    assert_ok(store_check(w->f.store, true, mail_odd, NULL, &findings));
    assert_int_equal(findings, 0);
}

/* Runs the test with each number of shards, and has the doctor look at what it left. */
#define EACH_MAIL_WORLD(w)                                                                                   \
    (void)state;                                                                                             \
    for (size_t round_ = 0; round_ < COUNT_OF(shard_counts); round_++)                                       \
        for (struct world w, *once_ = (world_start(&w, shard_counts[round_]), &w); once_;                    \
             mail_sound(&w), world_end(&w), once_ = NULL)

struct mail_op {
    struct world *w;
    const struct actor *actor;
    int64_t account, mailbox, to, id, seq;
    struct str name;
    unsigned special;
    bool on, all, move;
    struct message_new fresh;
    struct message_prepared *prepared;
    struct message_put put;
    struct uid_range range;
    struct uid_set uids;
    struct flag_change change;
    struct flag_result flags;
    struct copy_result copied;
    struct expunge_result expunged;
    size_t times;
};

static inline enum status mail_run(struct mail_op *op, int64_t where, enum status (*fn)(void *, struct tx *))
{
    return fixture_write(&op->w->f, where, fn, op);
}

/* ---- mailboxes ---- */
static inline enum status do_defaults(void *ctx, struct tx *tx)
{
    struct mail_op *op = ctx;
    return tx_mailbox_defaults(tx, op->account);
}
static inline void mail_defaults(struct world *w, int64_t account)
{
    struct mail_op op = {.w = w, .account = account};
    assert_ok(mail_run(&op, account, do_defaults));
}

static inline enum status do_mailbox_create(void *ctx, struct tx *tx)
{
    struct mail_op *op = ctx;
    return tx_mailbox_create(tx, op->actor, op->account, op->name, op->special, &op->id);
}
static inline enum status mail_create(struct world *w, const struct actor *actor, int64_t account,
                                      struct str name, int64_t *id)
{
    struct mail_op op = {.w = w, .actor = actor, .account = account, .name = name};
    enum status st = mail_run(&op, account, do_mailbox_create);
    *id = op.id;
    return st;
}

static inline enum status do_mailbox_rename(void *ctx, struct tx *tx)
{
    struct mail_op *op = ctx;
    return tx_mailbox_rename(tx, op->actor, op->id, op->name);
}
static inline enum status mail_rename(struct world *w, const struct actor *actor, int64_t id, struct str name)
{
    struct mail_op op = {.w = w, .actor = actor, .id = id, .name = name};
    return mail_run(&op, id, do_mailbox_rename);
}

static inline enum status do_mailbox_delete(void *ctx, struct tx *tx)
{
    struct mail_op *op = ctx;
    return tx_mailbox_delete(tx, op->actor, op->id);
}
static inline enum status mail_delete(struct world *w, const struct actor *actor, int64_t id)
{
    struct mail_op op = {.w = w, .actor = actor, .id = id};
    return mail_run(&op, id, do_mailbox_delete);
}

static inline enum status do_subscribe(void *ctx, struct tx *tx)
{
    struct mail_op *op = ctx;
    return tx_mailbox_subscribe(tx, op->actor, op->account, op->name, op->on);
}
static inline enum status mail_subscribe(struct world *w, const struct actor *actor, int64_t account,
                                         struct str name, bool on)
{
    struct mail_op op = {.w = w, .actor = actor, .account = account, .name = name, .on = on};
    return mail_run(&op, account, do_subscribe);
}

/* The number of the mailbox, or minus the status. */
static inline int64_t mail_find(struct world *w, const struct actor *actor, int64_t account, const char *name)
{
    int64_t id;
    SCOPED_READ(tx, w->f.store);
    enum status st = mailbox_find(tx, &w->arena, actor, account, str_c(name), &id);
    return st == OK ? id : -(int64_t)st;
}

static inline struct mailbox_state mail_state(struct world *w, const struct actor *actor, int64_t id)
{
    struct mailbox_state s = {0};
    SCOPED_READ(tx, w->f.store);
    assert_ok(mailbox_state(tx, actor, id, &s));
    return s;
}

static inline void mail_share(struct world *w, const struct actor *owner, int64_t id, int64_t with,
                              const char *rights)
{
    struct acl_entry e = {.principal = with};
    assert_ok(rights_parse(str_c(rights), &e.rights));
    assert_ok(acl_share(w->f.store, owner, id, &e, 1));
}

/* ---- messages ---- */
static inline enum status do_append(void *ctx, struct tx *tx)
{
    struct mail_op *op = ctx;
    return tx_message_append(tx, op->actor, op->mailbox, &op->fresh, op->prepared, &op->put);
}
static inline enum status do_deliver(void *ctx, struct tx *tx)
{
    struct mail_op *op = ctx;
    return tx_message_deliver(tx, op->account, op->name, &op->fresh, op->prepared, &op->put);
}

/* Prepares the body, adds it as op says, lets go of it. */
static inline enum status mail_add(struct mail_op *op, struct str body, int64_t where,
                                   enum status (*fn)(void *, struct tx *))
{
    struct message_prepared p;
    SCOPED_ARENA(a, 256 << 20);
    enum status st = prepare_message(op->w->f.store, &a, body, &p);
    op->prepared = &p;
    if (st == OK)
        st = mail_run(op, where, fn);
    message_prepared_release(&p);
    op->prepared = NULL;
    return st;
}

static inline int64_t mail_append(struct world *w, const struct actor *actor, int64_t mailbox,
                                  const char *body, unsigned flags)
{
    struct mail_op op = {.w = w, .actor = actor, .mailbox = mailbox, .fresh = {.flags = flags}};
    assert_ok(mail_add(&op, str_c(body), mailbox, do_append));
    return op.put.uid;
}

static inline enum status do_flags(void *ctx, struct tx *tx)
{
    struct mail_op *op = ctx;
    return tx_message_store_flags(tx, &op->w->arena, op->actor, op->mailbox, op->uids, &op->change,
                                  &op->flags);
}
static inline enum status do_copy(void *ctx, struct tx *tx)
{
    struct mail_op *op = ctx;
    return (op->move ? tx_message_move : tx_message_copy)(tx, &op->w->arena, op->actor, op->mailbox, op->uids,
                                                          op->to, &op->copied);
}
static inline enum status do_expunge(void *ctx, struct tx *tx)
{
    struct mail_op *op = ctx;
    return tx_message_expunge(tx, &op->w->arena, op->actor, op->mailbox, op->uids, op->all, &op->expunged);
}

static inline struct mail_op mail_on(struct world *w, const struct actor *actor, int64_t mailbox)
{
    return (struct mail_op){.w = w, .actor = actor, .mailbox = mailbox, .change.unchanged_since = -1};
}
/* The op for UIDs lo to hi; the range is the op's own, so it is set where the op lies. */
static inline void mail_range(struct mail_op *op, int64_t lo, int64_t hi)
{
    op->range = (struct uid_range){lo, hi};
    op->uids = (struct uid_set){&op->range, 1};
}
static inline enum status mail_flag(struct world *w, const struct actor *actor, int64_t mailbox, int64_t uid,
                                    enum flag_how how, unsigned flags)
{
    struct mail_op op = mail_on(w, actor, mailbox);
    mail_range(&op, uid, uid);
    op.change.how = how;
    op.change.flags = flags;
    return mail_run(&op, mailbox, do_flags);
}

/* "UID:flags" of all messages, as the actor sees them. */
static inline enum status mail_say(void *ctx, const struct message *m)
{
    buf_addf(ctx, "%lld:%u ", (long long)m->uid, m->flags);
    return OK;
}
static inline void mail_is(struct world *w, const struct actor *actor, int64_t mailbox, int64_t since,
                           const char *wanted)
{
    SCOPED_BUF(text, 1 << 20);
    SCOPED_READ(tx, w->f.store);
    struct message_query q = {.since = since};
    assert_ok(message_each(tx, actor, mailbox, &q, mail_say, &text));
    assert_str(str_trim(buf_view(&text)), wanted);
}

static inline struct str mail_text(struct world *w, const struct actor *actor, int64_t mailbox, int64_t uid,
                                   int64_t from, int64_t count)
{
    struct message_text m;
    SCOPED_BUF(text, 256 << 20);
    SCOPED_READ(tx, w->f.store);
    assert_ok(message_open(tx, &w->arena, actor, mailbox, uid, &m));
    assert_ok(message_body(tx, &m, from, count, &text));
    return arena_str(&w->arena, buf_view(&text));
}

static inline void mail_vanished(struct world *w, const struct actor *actor, int64_t mailbox, int64_t since,
                                 const char *wanted)
{
    struct uid_range *r;
    size_t n;
    SCOPED_BUF(text, 1 << 20);
    SCOPED_READ(tx, w->f.store);
    assert_ok(message_vanished(tx, &w->arena, actor, mailbox, since, &r, &n));
    for (size_t i = 0; i < n; i++)
        buf_addf(&text, "%lld-%lld ", (long long)r[i].lo, (long long)r[i].hi);
    assert_str(str_trim(buf_view(&text)), wanted);
}

#endif
