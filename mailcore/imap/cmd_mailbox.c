/* mailcore/imap/cmd_mailbox.c: CREATE (with USE: RFC 6154, and MAILBOXID: RFC 8474), DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE. */
#include "mailcore/imap/cmd.h"

struct change {
    struct write write;
    struct imap_call *call;
    struct imap_where where;
    struct str name; /* new, as its owner has it; of a subscription, as the user has it */
    unsigned special;
    bool on;
    int64_t id;
};

static enum status change(struct change *ch, struct imap_call *c, int64_t account,
                          enum status (*run)(struct write *w, struct tx *tx))
{
    ch->call = c;
    ch->write = (struct write){.run = run, .account = account, .bytes = 1024};
    return imap_write(c, &ch->write);
}

static struct change *change_of(struct write *w)
{
    return CONTAINER_OF(w, struct change, write);
}

/* A name where nothing may be made does not say whether anybody has it. */
static enum status place_of_new(struct imap_call *c, struct str name, struct imap_where *out)
{
    enum status st = imap_where(c, name, out);
    if (st == OK)
        return EXISTS;
    if (st != NOT_FOUND)
        return st;
    return out->place.path.p ? OK : DENIED;
}

/* "* LIST () "/" new ("OLDNAME" (old))" for who has enabled IMAP4rev2 (sections 6.3.4 and 6.3.6). */
static void say_new_name(struct imap_call *c, struct str new_name, struct str old_name)
{
    if (!(c->enabled & IMAP_ENABLED_REV2) || str_eq(new_name, old_name))
        return;
    imap_write_list(
        &c->out,
        &(struct imap_list_line){.name = "LIST", .delimiter = '/', .mailbox = new_name, .old_name = old_name},
        true);
}

/* The name as it is stored, for the user. */
static struct str as_stored(struct imap_call *c, struct str name)
{
    SCOPED_BUF(path, 1 << 20);
    return mailbox_name(store_config_of(imap_store(c)), name, &path) == OK
               ? arena_str(&c->arena, buf_view(&path))
               : name;
}

/* ---- CREATE ---- */

static enum status create_run(struct write *w, struct tx *tx)
{
    struct change *ch = change_of(w);
    return tx_mailbox_create(tx, &ch->where.actor, ch->where.place.account, ch->where.place.path, ch->special,
                             &ch->id);
}

enum status imap_run_create(struct imap_call *c)
{
    const struct imap_mailbox_arg *arg = &c->command->u.mailbox;
    struct change ch = {.special = imap_use_in(arg->use)};
    enum status st = place_of_new(c, arg->mailbox, &ch.where);
    if (st == OK &&
        (imap_use_out(ch.special) != arg->use || (arg->use && ch.where.place.account != c->user->id))) {
        buf_add(&c->code, STR("USEATTR"));
        c->text = "a mailbox cannot have this special use here";
        return UNSUPPORTED;
    }
    if (st == OK)
        st = change(&ch, c, ch.where.place.account, create_run);
    if (st != OK)
        return st;
    say_new_name(c, as_stored(c, arg->mailbox), arg->mailbox);
    buf_add(&c->code, STR("MAILBOXID ("));
    imap_write_mailbox_id(&c->code, ch.id);
    buf_addc(&c->code, ')');
    return OK;
}

/* ---- DELETE ---- */

static enum status delete_run(struct write *w, struct tx *tx)
{
    struct change *ch = change_of(w);
    return tx_mailbox_delete(tx, &ch->where.actor, ch->where.id);
}

enum status imap_run_delete(struct imap_call *c)
{
    struct change ch = {0};
    enum status st = imap_where(c, c->command->u.mailbox.mailbox, &ch.where);
    if (st == OK)
        st = change(&ch, c, ch.where.id, delete_run);
    if (st == PRECONDITION) {
        buf_add(&c->code, STR("HASCHILDREN"));
        c->text = "there are mailboxes below it; delete them first";
    }
    return st;
}

/* ---- RENAME ---- */

static enum status rename_run(struct write *w, struct tx *tx)
{
    struct change *ch = change_of(w);
    return tx_mailbox_rename(tx, &ch->where.actor, ch->where.id, ch->name);
}

enum status imap_run_rename(struct imap_call *c)
{
    const struct imap_mailbox_arg *arg = &c->command->u.mailbox;
    struct change ch = {0};
    struct imap_where to;
    enum status st = imap_where(c, arg->mailbox, &ch.where);
    if (st == OK)
        st = place_of_new(c, arg->to, &to);
    if (st == OK && to.place.account != ch.where.place.account) {
        c->text = "a mailbox stays with its owner: make a new one and move the messages";
        return UNSUPPORTED;
    }
    if (st != OK)
        return st;
    ch.name = to.place.path;
    st = change(&ch, c, ch.where.id, rename_run);
    if (st == OK && !str_caseeq(ch.where.place.path, STR("INBOX"))) /* that one stays, empty */
        say_new_name(c, as_stored(c, arg->to), arg->mailbox);
    return st;
}

/* ---- subscriptions ---- */

static enum status subscribe_run(struct write *w, struct tx *tx)
{
    struct change *ch = change_of(w);
    return tx_mailbox_subscribe(tx, &ch->where.actor, ch->call->user->id, ch->name, ch->on);
}

enum status imap_run_subscribe(struct imap_call *c)
{
    struct change ch = {.name = c->command->u.mailbox.mailbox, .on = c->command->verb == IMAP_SUBSCRIBE};
    enum status st = imap_where(c, ch.name, &ch.where);
    if (st == NOT_FOUND) /* a name may be subscribed to before it is there, and after it has gone */
        st = OK;
    return st == OK ? change(&ch, c, c->user->id, subscribe_run) : st;
}
