/* mailcore/imap/cmd_copy.c: COPY and MOVE (RFC 9051 sections 6.4.7 and 6.4.8, RFC 4315, 6851), all messages or none. What a MOVE took away is told like
 * every other expunge. */
#include "mailcore/imap/cmd.h"

static enum status add_set(struct imap_call *c, struct buf *out, const int64_t *uids, size_t count)
{
    struct imap_set_builder b = {0};
    enum status st = OK;
    for (size_t i = 0; i < count && st == OK; i++)
        st = imap_set_add(&c->arena, &b, (uint32_t)uids[i], (uint32_t)uids[i]);
    const struct imap_set set = imap_set_built(&b);
    if (st == OK)
        imap_set_write(out, &set);
    return st;
}

/* "COPYUID 5 1:2 7:8": both ascending, in the same order. */
static enum status write_copyuid(struct imap_call *c, struct buf *out, const struct copy_result *r)
{
    buf_addf(out, "COPYUID %lld ", (long long)r->uidvalidity);
    enum status st = add_set(c, out, r->from, r->count);
    buf_addc(out, ' ');
    return st == OK ? add_set(c, out, r->to, r->count) : st;
}

/* Of a MOVE before the expunges (RFC 6851 section 4.3). */
static enum status say_copied(struct imap_call *c, const struct copy_result *r)
{
    if (!r->count)
        return OK;
    if (c->command->verb == IMAP_COPY)
        return write_copyuid(c, &c->code, r);
    buf_add(&c->out, STR("* OK ["));
    enum status st = write_copyuid(c, &c->out, r);
    buf_add(&c->out, STR("] moved\r\n"));
    return st;
}

enum status imap_run_copy(struct imap_call *c)
{
    const struct imap_mailbox_arg *arg = &c->command->u.mailbox;
    const bool move = c->command->verb == IMAP_MOVE;
    struct imap_view *v = c->user->view;
    struct imap_picked picked;
    struct imap_where to;
    struct copy_result copied;
    enum status st = imap_view_pick(c, &arg->set, c->command->uid, &picked);
    if (st == OK && move && v->read_only) {
        c->text = "the mailbox is open for reading only";
        return DENIED;
    }
    if (st == OK) {
        st = imap_where(c, arg->mailbox, &to);
        st = st == NOT_FOUND ? NO_PARENT : st; /* TRYCREATE */
    }
    if (st != OK || !picked.count)
        return st;
    st = message_carry(imap_store(c), &c->arena, &to.actor, v->mailbox, picked.uids, to.id, move, &copied);
    return st == OK ? say_copied(c, &copied) : st;
}
