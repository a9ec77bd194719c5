/* mailcore/imap/cmd_status.c: STATUS (RFC 9051 section 6.3.11): all from counters, whatever the mailbox holds. */
#include "mailcore/imap/cmd.h"

static uint64_t count(int64_t n)
{
    return n > 0 ? (uint64_t)n : 0;
}

enum status imap_add_status(struct imap_call *c, struct tx *tx, const struct actor *actor, int64_t id,
                            struct str name, unsigned items)
{
    struct mailbox_state state;
    SCOPED_BUF(mailbox_id, 32);
    enum status st = mailbox_state(tx, actor, id, &state);
    if (st != OK)
        return st;
    imap_write_mailbox_id(&mailbox_id, id);
    const struct imap_status_values values = {
        .messages = count(state.messages),
        .uid_next = count(state.uidnext),
        .uid_validity = count(state.uidvalidity),
        .unseen = count(state.unseen),
        .deleted = count(state.deleted),
        .size = count(state.bytes),
        .modseq = count(state.modseq),
        .deleted_storage = count(state.deleted_bytes),
        .append_limited = true,
        .append_limit = store_config_of(imap_store(c))->message_size,
        .mailbox_id = buf_view(&mailbox_id),
    };
    imap_write_mailbox_status(&c->out, name, items, &values, imap_utf8(c));
    if (items & IMAP_STATUS_HIGHESTMODSEQ) /* RFC 7162 section 3.1 */
        c->enabled |= IMAP_ENABLED_CONDSTORE;
    return OK;
}

enum status imap_run_status(struct imap_call *c)
{
    const struct imap_status *s = &c->command->u.status;
    struct imap_where where;
    SCOPED_READ(tx, imap_store(c));
    enum status st = tx ? imap_where_in(c, tx, s->mailbox, &where) : E_MEMORY;
    return st == OK ? imap_add_status(c, tx, &where.actor, where.id, s->mailbox, s->items) : st;
}
