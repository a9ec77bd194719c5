/* mailcore/imap/cmd_quota.c: quotas (RFC 9208): an account is one quota root, called "", with the resource STORAGE. How much somebody else has is not said;
 * limits are the administrator's. */
#include "mailcore/imap/cmd.h"

static enum status add_quota(struct imap_call *c, struct tx *tx)
{
    struct account account;
    enum status st = account_get(tx, c->user->id, &account);
    if (st != OK)
        return st;
    buf_add(&c->out, STR("* QUOTA \"\" ("));
    if (account.quota > 0) { /* in units of 1024 bytes, what is used rounded up */
        buf_add(&c->out, STR("STORAGE "));
        buf_i64(&c->out, account.used_bytes / 1024 + (account.used_bytes % 1024 != 0));
        buf_addc(&c->out, ' ');
        buf_i64(&c->out, account.quota / 1024);
    }
    buf_add(&c->out, STR(")\r\n"));
    return OK;
}

enum status imap_run_getquota(struct imap_call *c)
{
    if (c->command->u.quota.root.n) {
        c->text = "the only quota root is \"\"";
        return NOT_FOUND;
    }
    SCOPED_READ(tx, imap_store(c));
    return tx ? add_quota(c, tx) : E_MEMORY;
}

enum status imap_run_getquotaroot(struct imap_call *c)
{
    struct imap_where where;
    SCOPED_READ(tx, imap_store(c));
    enum status st = tx ? imap_where_in(c, tx, c->command->u.quota.root, &where) : E_MEMORY;
    if (st != OK)
        return st;
    const bool own = where.place.account == c->user->id;
    buf_add(&c->out, STR("* QUOTAROOT "));
    imap_write_mailbox(&c->out, c->command->u.quota.root, imap_utf8(c));
    buf_add(&c->out, own ? STR(" \"\"\r\n") : STR("\r\n"));
    return own ? add_quota(c, tx) : OK;
}

enum status imap_run_setquota(struct imap_call *c)
{
    c->text = "quotas are set by the administrator";
    return DENIED;
}
